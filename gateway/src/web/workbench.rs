//! The workbench of rule authors: what a rule would have found lately with other parameters. What was prepared once is
//! kept, so that a slider can be moved over it; many settings at once are a job of their own ([`sweep`]).

pub(super) mod sweep;
pub(super) mod truth;

use self::truth::{Against, Question, Watched, watched, witnesses};
use super::problem::Problem;
use super::shared::Shared;
use crate::store::{CATALOG, RULES, Reader};
use bongsu_rules::backtest::{
    Alerted, Judged, Prepared, Setting, Terms, Unprepared, WrongParameter, concerned, speaks_for,
};
use bongsu_rules::language::header::Setting as Value;
use bongsu_rules::record::{CatalogText, Input, RulesText};
use bongsu_sensors::{Catalog, KindId, Level, Time};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Most observations of one preparation: thirty days of minutes of ten datastreams are half as many.
const OBSERVATIONS: usize = 1_000_000;

/// How long something prepared is kept: whoever thinks between two moves finds it still there.
const KEPT: Duration = Duration::from_secs(600);

/// How long a question waits for those before it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Most of them that are kept.
const PREPARED: usize = 2;

/// What is prepared: the rule, where, how far back, from which level on, and the records of the city and the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub rule: String,
    pub area: Option<String>,
    pub days: u32,
    pub level: Level,
}

/// What was prepared, and how long that took.
#[derive(Debug)]
pub(super) struct Bench {
    key: Key,
    /// The records of the city and the rules it was prepared with.
    in_force: (u64, u64),
    at: Instant,
    pub from: Time,
    pub to: Time,
    pub took: Duration,
    pub prepared: Prepared,
    /// What it should have warned of was seen here.
    watched: Vec<Watched>,
}

/// The benches that stand.
#[derive(Debug)]
pub(super) struct Workbench {
    /// One is prepared, or played again, at a time: the pipeline shares the machine with it.
    turn: Arc<Semaphore>,
    benches: Mutex<Vec<Arc<Bench>>>,
    jobs: sweep::Jobs,
}

impl Default for Workbench {
    fn default() -> Workbench {
        Workbench { turn: Arc::new(Semaphore::new(1)), benches: Mutex::default(), jobs: sweep::Jobs::default() }
    }
}

/// A rule, the city it is asked in, and the datastreams that are read for it.
struct Plan {
    in_force: (u64, u64),
    setting: Setting,
    /// By number and in order.
    wanted: Result<Vec<u32>, Unprepared>,
}

impl Shared {
    /// Finds what stands prepared, or prepares it.
    ///
    /// # Errors
    /// There is no such rule or place, too much is asked for, or the machine is busy.
    pub(super) async fn bench(&self, key: Key, kinds: Vec<KindId>, to: Time) -> Result<Arc<Bench>, Problem> {
        let in_force = self.readers.read(in_force).await?;
        let known = || {
            let mut benches = self.workbench.benches.lock().unwrap_or_else(PoisonError::into_inner);
            benches.retain(|bench| bench.at.elapsed() < KEPT && bench.in_force == in_force);
            benches.iter().find(|bench| bench.key == key).cloned()
        };
        if let Some(bench) = known() {
            return Ok(bench);
        }
        let turn = self.turn().await?;
        // Whoever was before may have asked the same.
        if let Some(bench) = known() {
            return Ok(bench);
        }
        let (asks, go_on) = asking();
        let from = to - Duration::from_secs(86_400) * key.days;
        let began = Instant::now();
        let asked = key.clone();
        let catalog = self.catalog();
        let (plan, moments) = {
            let catalog = catalog.clone();
            let ask = move |reader: &Reader| {
                let plan = plan(reader, &asked, catalog.as_deref(), &kinds)?;
                let wanted = plan.wanted.clone().unwrap_or_default();
                let moments = reader.moments(&wanted, from, to, OBSERVATIONS)?;
                Ok((plan, moments, kinds))
            };
            let (plan, moments, kinds) = self.readers.read(ask).await?;
            (plan, (moments, kinds))
        };
        let bench = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let Plan { in_force, setting, wanted } = plan;
            wanted.map_err(|why| unprepared(why, &key.rule))?;
            let (moments, kinds) = moments;
            if moments.iter().map(|moment| moment.readings.len()).sum::<usize>() > OBSERVATIONS {
                return Err(too_many(OBSERVATIONS));
            }
            let area = key.area.as_deref();
            let watched = catalog
                .map(|catalog| watched(&catalog, witnesses(&catalog, area, &kinds), &moments))
                .unwrap_or_default();
            let prepared = Prepared::of(&setting, moments, area, go_on).map_err(|why| unprepared(why, &key.rule))?;
            let took = began.elapsed();
            Ok(Arc::new(Bench { key, in_force, at: Instant::now(), from, to, took, prepared, watched }))
        });
        let bench = bench.await.map_err(|cause| Problem::unreadable(&cause))??;
        drop(asks);
        let mut benches = self.workbench.benches.lock().unwrap_or_else(PoisonError::into_inner);
        benches.push(bench.clone());
        let most = benches.len().saturating_sub(PREPARED);
        benches.drain(..most);
        Ok(bench)
    }

    /// What a bench answers; one that must be played again waits for its turn.
    ///
    /// # Errors
    /// The rule does not take these parameters, or the machine is busy.
    pub(super) async fn tried(
        &self,
        bench: Arc<Bench>,
        set: Vec<(String, Value)>,
    ) -> Result<(Vec<Alerted>, bool, Duration), Problem> {
        bench.prepared.check(&set).map_err(|wrong| wrong_parameter(&wrong))?;
        let quick = bench.prepared.is_quick(&set);
        let turn = match quick {
            true => None,
            false => Some(self.turn().await?),
        };
        let (asks, go_on) = asking();
        let asked = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let began = Instant::now();
            let alerts = bench.prepared.alerts(&set, go_on).ok_or_else(stopped)?;
            Ok((alerts, quick, began.elapsed()))
        });
        let answer = asked.await.map_err(|cause| Problem::unreadable(&cause))?;
        drop(asks);
        answer
    }

    /// The right to make the machine work for the workbench, in the order in which it was asked for. Whoever goes away
    /// meanwhile, as a slider does that was moved on, waits no longer.
    ///
    /// # Errors
    /// Others have it for too long.
    pub(super) async fn turn(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let turn = tokio::time::timeout(PATIENCE, self.workbench.turn.clone().acquire_owned()).await;
        turn.ok().and_then(Result::ok).ok_or_else(taken)
    }

    /// What was found, judged.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(super) async fn judged(
        &self,
        bench: Arc<Bench>,
        against: Against,
        alerts: Arc<Vec<Alerted>>,
    ) -> Result<Judged, Problem> {
        let (status, catalog) = (self.settings.status, self.catalog());
        let ask = move |reader: &Reader| {
            let asked = Question { key: &bench.key, status, from: bench.from, to: bench.to };
            let truth = truth::truth(reader, against, &bench.watched, &asked)?;
            let speaks = |alert: &str, of: &str| {
                catalog.as_deref().map_or(alert == of, |catalog| speaks_for(catalog, alert, of))
            };
            Ok(truth.judge(&alerts, &Terms::default(), speaks))
        };
        self.readers.read(ask).await
    }
}

fn taken() -> Problem {
    Problem::of(503, "others try rules, and it takes long", "ask again in a minute")
}

/// What is asked for by a person who may go away: with them goes the first, and the second says that nobody waits.
fn asking() -> (DropGuard, impl Fn() -> ControlFlow<()>) {
    let gone = CancellationToken::new();
    let asks = gone.clone().drop_guard();
    (asks, move || if gone.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
}

fn stopped() -> Problem {
    Problem::of(503, "nobody waited for it any more", "ask again")
}

fn too_many(limit: usize) -> Problem {
    Problem::of(413, format!("there are more than {limit} observations"), "ask for fewer days, or for one area")
}

fn unprepared(why: Unprepared, rule: &str) -> Problem {
    match why {
        Unprepared::NoRule => {
            let remedy = "bongsu rules versions lists the rules in force";
            Problem::not_found(format!("there is no rule {}", super::problem::quoted(rule)), remedy)
        }
        Unprepared::Stopped => stopped(),
        Unprepared::NoPlace => Problem::bad_request(why.to_string(), "name another area, or none for the whole city"),
    }
}

pub(super) fn wrong_parameter(wrong: &WrongParameter) -> Problem {
    let remedy = match wrong {
        WrongParameter::Unknown(_) => "write a parameter of the rule's header",
        WrongParameter::OutOfRange { .. } => "stay within its range, or change the rule",
    };
    Problem::bad_request(wrong.to_string(), remedy)
}

/// The records of the city and the rules in force.
fn in_force(reader: &Reader) -> rusqlite::Result<(u64, u64)> {
    let seq = |kind| reader.in_force(kind).map(|entry| entry.map_or(0, |entry| entry.seq));
    Ok((seq(CATALOG)?, seq(RULES)?))
}

fn plan(reader: &Reader, key: &Key, city: Option<&Catalog>, kinds: &[KindId]) -> rusqlite::Result<Plan> {
    let (mut catalog, mut rules): (Arc<CatalogText>, Arc<RulesText>) = Default::default();
    for kind in [CATALOG, RULES] {
        // A damaged record is the checker's business; here it is a city without stations.
        match reader.in_force(kind)?.and_then(|entry| entry.record().ok()).map(|record| record.input) {
            Some(Input::Catalog(text)) => catalog = text,
            Some(Input::Rules(text)) => rules = text,
            _ => {}
        }
    }
    let numbering = reader.numbering()?;
    let setting = Setting { catalog, numbering, rules, rule: key.rule.clone(), level: key.level };
    let area = key.area.as_deref();
    let wanted = concerned(&setting, area).map(|mut wanted| {
        let more = city.into_iter().flat_map(|city| witnesses(city, area, kinds));
        wanted.extend(more.map(|stream| stream.id.0));
        wanted.sort_unstable();
        wanted.dedup();
        wanted
    });
    Ok(Plan { in_force: in_force(reader)?, setting, wanted })
}
