//! Many settings of a rule over a season: work of minutes, done beside the pipeline by threads that give way to it, for
//! one person at a time. Who began it asks how far it is; who no longer asks, or says stop, ends it.

use super::truth::{Against, Question, Watched, graphs, truth, watched, witnesses};
use super::{Key, Plan, plan, too_many, unprepared};
use crate::backtest::sweep::{Sweep, Unplayed, Variant, Workers};
use crate::backtest::{Report, Tried, is_default, paper};
use crate::store::Reader;
use crate::web::problem::Problem;
use crate::web::shared::Shared;
use bongsu_rules::backtest::{Burden, Moment, Played, Setting, Terms, Truth, speaks_for};
use bongsu_rules::language::Rule;
use bongsu_sensors::{Catalog, KindId, Time};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// Most observations of one sweep: half a year of ten minutes of seventy datastreams.
const OBSERVATIONS: usize = 2_000_000;

/// Days that are read at once: a question to the store must be short.
const CHUNK_DAYS: u32 = 10;

/// After so long without a question nobody waits any more. A page in the background may ask once a minute only.
const LEFT: Duration = Duration::from_secs(90);

/// Sweeps that are remembered, with the one that runs.
const KEPT: usize = 4;

/// What it found.
#[derive(Clone, Debug, Default)]
pub(in crate::web) struct Found {
    pub events: usize,
    pub observations: usize,
    pub points: Vec<Tried>,
    /// The report as a page that stands by itself.
    pub page: String,
}

/// How it stands with a sweep.
#[derive(Clone, Debug)]
pub(in crate::web) enum Stage {
    Reading,
    Playing,
    Done(Arc<Found>),
    Stopped,
    Failed(Problem),
}

/// One sweep.
#[derive(Debug)]
pub(in crate::web) struct Job {
    pub id: u64,
    pub rule: String,
    pub from: Time,
    pub to: Time,
    begun: Instant,
    took: Mutex<Option<Duration>>,
    done: AtomicUsize,
    steps: AtomicUsize,
    stop: AtomicBool,
    /// The program stops.
    halt: CancellationToken,
    asked: Mutex<Instant>,
    stage: Mutex<Stage>,
}

/// The sweeps.
#[derive(Debug)]
pub(super) struct Jobs {
    /// One at a time: the pipeline shares the machine with it.
    turn: Arc<Semaphore>,
    next: AtomicU64,
    known: Mutex<Vec<Arc<Job>>>,
}

impl Default for Jobs {
    fn default() -> Jobs {
        Jobs { turn: Arc::new(Semaphore::new(1)), next: AtomicU64::new(1), known: Mutex::default() }
    }
}

/// What a sweep is asked for.
pub(in crate::web) struct Wanted {
    pub key: Key,
    /// The rule in force.
    pub rule: Arc<Rule>,
    /// What the rule cannot do without.
    pub kinds: Vec<KindId>,
    pub against: Against,
    pub variants: Vec<Variant>,
    pub to: Time,
    /// The program stops.
    pub halt: CancellationToken,
}

impl Job {
    fn new(id: u64, wanted: &Wanted, from: Time) -> Job {
        let now = Instant::now();
        Job {
            id,
            rule: wanted.key.rule.clone(),
            from,
            to: wanted.to,
            begun: now,
            took: Mutex::default(),
            done: AtomicUsize::new(0),
            steps: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
            halt: wanted.halt.clone(),
            asked: Mutex::new(now),
            stage: Mutex::new(Stage::Reading),
        }
    }

    /// How it stands. Whoever asks still waits.
    pub fn look(&self) -> Stage {
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        self.stage.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Which part of the playing is done, 0 to 1.
    pub fn part(&self) -> f64 {
        let steps = self.steps.load(Ordering::Relaxed).max(1);
        #[expect(clippy::cast_precision_loss, reason = "a part of a bar")]
        let part = self.done.load(Ordering::Relaxed) as f64 / steps as f64;
        part.min(1.0)
    }

    /// How long it has taken so far, or took.
    pub fn took(&self) -> Duration {
        self.took.lock().unwrap_or_else(PoisonError::into_inner).unwrap_or_else(|| self.begun.elapsed())
    }

    /// Ends it.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Whether nobody waits for it any more.
    fn is_left(&self, now: Instant) -> bool {
        let asked = *self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        self.stop.load(Ordering::Relaxed) || self.halt.is_cancelled() || now.duration_since(asked) > LEFT
    }

    fn is_at(&self, stage: Stage) {
        let mut now = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        if !matches!(stage, Stage::Reading | Stage::Playing) {
            *self.took.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.begun.elapsed());
        }
        *now = stage;
    }
}

/// Why a sweep has no answer.
enum Ended {
    Stopped,
    Failed(Problem),
}

impl From<Problem> for Ended {
    fn from(problem: Problem) -> Ended {
        Ended::Failed(problem)
    }
}

impl Shared {
    /// Begins a sweep.
    ///
    /// # Errors
    /// There is no such rule or place, or another sweep runs.
    pub(in crate::web) async fn begin_sweep(self: &Arc<Self>, wanted: Wanted) -> Result<Arc<Job>, Problem> {
        let busy = || Problem::of(503, "another sweep runs", "wait until it is done, or have whoever began it stop it");
        let jobs = &self.workbench.jobs;
        let turn = jobs.turn.clone().try_acquire_owned().map_err(|_| busy())?;
        let (key, kinds, catalog) = (wanted.key.clone(), wanted.kinds.clone(), self.catalog());
        let city = catalog.clone();
        let plan = self.readers.read(move |reader| plan(reader, &key, city.as_deref(), &kinds)).await?;
        if let Err(why) = plan.wanted {
            return Err(unprepared(why, &wanted.key.rule));
        }
        let from = wanted.to - Duration::from_secs(86_400) * wanted.key.days;
        let job = Arc::new(Job::new(jobs.next.fetch_add(1, Ordering::Relaxed), &wanted, from));
        let mut known = jobs.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.push(job.clone());
        let most = known.len().saturating_sub(KEPT);
        known.drain(..most);
        drop(known);
        let (shared, begun) = (self.clone(), job.clone());
        tokio::spawn(async move {
            let stage = match shared.swept(&begun, wanted, plan, catalog, turn).await {
                Ok(found) => Stage::Done(Arc::new(found)),
                Err(Ended::Stopped) => Stage::Stopped,
                Err(Ended::Failed(problem)) => Stage::Failed(problem),
            };
            begun.is_at(stage);
        });
        Ok(job)
    }

    /// A sweep of a rule that is remembered.
    pub(in crate::web) fn sweep(&self, rule: &str, id: u64) -> Option<Arc<Job>> {
        let known = self.workbench.jobs.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|job| job.id == id && job.rule == rule).cloned()
    }

    async fn swept(
        &self,
        job: &Arc<Job>,
        wanted: Wanted,
        plan: Plan,
        catalog: Option<Arc<Catalog>>,
        turn: OwnedSemaphorePermit,
    ) -> Result<Found, Ended> {
        let streams = plan.wanted.map_err(|why| Ended::Failed(unprepared(why, &wanted.key.rule)))?;
        let moments = self.season(job, streams).await?;
        let Some(catalog) = catalog else { return Ok(Found::default()) };
        let seen = {
            let area = wanted.key.area.as_deref();
            watched(&catalog, witnesses(&catalog, area, &wanted.kinds), &moments)
        };
        let (key, status, against, from, to) =
            (wanted.key.clone(), self.settings.status, wanted.against, job.from, job.to);
        let ask = move |reader: &Reader| {
            let truth = truth(reader, against, &seen, &Question { key: &key, status, from, to })?;
            Ok((truth, seen))
        };
        let (truth, seen) = self.readers.read(ask).await?;
        let (setting, job) = (plan.setting, job.clone());
        let playing = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let played = play(&job, &setting, &wanted, &moments)?;
            let heard = moments.iter().map(|moment| moment.readings.len()).sum();
            Ok(judge(&job, &wanted, &played, &truth, (&seen, &catalog, heard)))
        });
        playing.await.map_err(|cause| Ended::Failed(Problem::unreadable(&cause)))?
    }

    /// What was heard, read piece by piece.
    async fn season(&self, job: &Job, streams: Vec<u32>) -> Result<Vec<Moment>, Ended> {
        let (streams, mut moments, mut count) = (Arc::new(streams), Vec::new(), 0);
        let mut from = job.from;
        while from < job.to {
            if job.is_left(Instant::now()) {
                return Err(Ended::Stopped);
            }
            let next = (from + Duration::from_secs(86_400) * CHUNK_DAYS).min(job.to);
            // The end of one piece is the beginning of the next: a moment belongs to one of them.
            let last = if next < job.to { next - Duration::from_millis(1) } else { next };
            let streams = streams.clone();
            let read = move |reader: &Reader| reader.moments(&streams, from, last, OBSERVATIONS);
            let more = self.readers.read(read).await?;
            count += more.iter().map(|moment: &Moment| moment.readings.len()).sum::<usize>();
            if count > OBSERVATIONS {
                return Err(too_many(OBSERVATIONS).into());
            }
            moments.extend(more);
            from = next;
        }
        Ok(moments)
    }
}

fn play(job: &Job, setting: &Setting, wanted: &Wanted, moments: &[Moment]) -> Result<Vec<Played>, Ended> {
    let area = wanted.key.area.as_deref();
    let workers = Workers::beside_an_engine();
    let sweep = Sweep { setting, rule: &wanted.rule, area, variants: &wanted.variants, moments, workers };
    job.is_at(Stage::Playing);
    let went = |gone: usize, all: usize| {
        job.done.fetch_max(gone, Ordering::Relaxed);
        job.steps.store(all, Ordering::Relaxed);
        if job.is_left(Instant::now()) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    sweep.run(&went).map_err(|why| match why {
        Unplayed::Stopped => Ended::Stopped,
        Unplayed::Panicked => Ended::Failed(Problem::unreadable(&why)),
    })
}

/// What was played, judged and written down as the command line does it.
fn judge(
    job: &Job,
    wanted: &Wanted,
    played: &[Played],
    truth: &Truth,
    (seen, catalog, observations): (&[Watched], &Catalog, usize),
) -> Found {
    let terms = Terms::default();
    let tried = played.iter().zip(&wanted.variants).map(|(played, variant)| Tried {
        value: variant.value.clone(),
        set: variant.set.clone(),
        score: truth.score(&played.alerts, &terms, |alert, of| speaks_for(catalog, alert, of)),
        burden: Burden::of(played, job.from, job.to),
        in_force: !variant.set.is_empty() && is_default(&wanted.rule, &variant.set),
    });
    let tried: Vec<Tried> = tried.collect();
    let mut graphs = graphs(seen, wanted.against, wanted.key.level);
    if let Some(first) = played.first() {
        graphs.iter_mut().for_each(|graph| graph.stand(first, catalog, job.to));
    }
    let names =
        wanted.variants.first().map(|first| first.set.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>());
    let report = Report {
        rule: wanted.key.rule.clone(),
        level: wanted.key.level,
        param: names.filter(|names| !names.is_empty()).map(|names| names.join(", ")),
        terms,
        truth: wanted.against.means(),
        events: truth.events().len(),
        observations,
        refused: 0,
        received: false,
        tried,
        cheapest: None,
        graphs,
    };
    let page = paper::page(&report);
    Found { events: report.events, observations, points: report.tried, page }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bongsu_sensors::Level;

    #[test]
    fn who_no_longer_asks_has_left() {
        let key = Key { rule: "high".into(), area: None, days: 1, level: Level::Watch };
        let to = Time::default();
        let source = bongsu_sensors::Source::new("high.rhai", crate::web::tests::RULE);
        let rule = Arc::new(bongsu_rules::language::Host::new().compile(&source).expect("a rule"));
        let wanted = Wanted {
            rule,
            key,
            kinds: Vec::new(),
            against: Against::People,
            variants: Vec::new(),
            to,
            halt: CancellationToken::new(),
        };
        let job = Job::new(1, &wanted, to);
        let asked = *job.asked.lock().expect("nobody panicked");
        assert!(!job.is_left(asked + LEFT));
        assert!(job.is_left(asked + LEFT + Duration::from_millis(1)));
        job.look();
        job.stop();
        assert!(job.is_left(asked), "who says stop does not wait");
    }
}
