//! One rule with many sets of parameters over the same past. Whoever waits for it sees how far it is, and can stop it.

use crate::priority;
use bongsu_rules::backtest::{Moment, NUMBERS_LIMIT, Part, Played, Setting, Taped, is_quick, split, watch};
use bongsu_rules::language::Rule;
use bongsu_rules::language::header::Setting as Value;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Moments between two words about how far it is.
const STEP: usize = 256;

/// Numbers of a moment are compared anew so many times faster than the moment is played.
const COMPARED: usize = 32;

/// One set of parameters.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Variant {
    /// The values, as people read them.
    pub value: String,
    /// The parameters; those not named are as they stand.
    pub set: Vec<(String, Value)>,
}

/// Every combination of the values of parameters, the last parameter turning first; of no parameters, the one in which
/// all stand as they are.
pub fn grid(params: &[(String, Vec<Value>)]) -> Vec<Variant> {
    params.iter().fold(vec![Variant::default()], |before, (name, values)| {
        let with = |known: &Variant, value: &Value| {
            let gap = if known.set.is_empty() { "" } else { ", " };
            let mut set = known.set.clone();
            set.push((name.clone(), value.clone()));
            Variant { value: format!("{}{gap}{value}", known.value), set }
        };
        before.iter().flat_map(|known| values.iter().map(move |value| with(known, value))).collect()
    })
}

/// What is played, and how much of it.
pub struct Sweep<'a> {
    /// The rule and the city.
    pub setting: &'a Setting,
    /// The rule.
    pub rule: &'a Rule,
    /// In this area and what lies in it; `None`: everywhere.
    pub area: Option<&'a str>,
    /// The sets of parameters.
    pub variants: &'a [Variant],
    /// What was heard.
    pub moments: &'a [Moment],
    /// Who plays.
    pub workers: Workers,
}

/// Who plays.
#[derive(Clone, Copy, Debug)]
pub struct Workers {
    /// So many threads.
    pub count: usize,
    /// They give way to whatever else the machine has to do.
    pub meek: bool,
}

impl Workers {
    /// Every processor, for somebody who waits for nothing else.
    pub fn all() -> Workers {
        Workers { count: processors(), meek: false }
    }

    /// Beside an engine that must not wait: one processor is left to it, and the others are given back when it wants them.
    pub fn beside_an_engine() -> Workers {
        Workers { count: (processors() - 1).max(1), meek: true }
    }
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unplayed {
    /// Whoever waited said so.
    #[error("it was stopped")]
    Stopped,
    /// A bug.
    #[error("a back-test panicked; this is a bug in bongsu")]
    Panicked,
}

/// Told how many steps were taken, and of how many; says whether to go on.
type Went<'a> = dyn Fn(usize, usize) -> ControlFlow<()> + Sync + 'a;

impl Sweep<'_> {
    /// Plays every variant, as many at a time as there are workers. Where several variants differ in limits only, what
    /// the rule compares is written down once and compared anew for each; where there are fewer things to play than
    /// workers, the places of the rule are played apart. None of that changes the answers.
    ///
    /// # Errors
    /// It was stopped.
    pub fn run(&self, went: &Went<'_>) -> Result<Vec<Played>, Unplayed> {
        let quick: Vec<bool> = self.variants.iter().map(|variant| is_quick(self.rule, &variant.set)).collect();
        let is_taped = quick.iter().filter(|quick| **quick).count() > 1;
        let played = usize::from(is_taped) + quick.iter().filter(|quick| !(is_taped && **quick)).count();
        let apart = match self.area {
            None if played < self.workers.count => split(self.setting, self.moments, self.workers.count),
            _ => Vec::new(),
        };
        let heaps: Vec<&[Moment]> = match apart.is_empty() {
            true => vec![self.moments],
            false => apart.iter().map(Vec::as_slice).collect(),
        };
        let way = Way::new(went);
        let tapes = match is_taped {
            true => self.tapes(&heaps, quick.len() - (played - 1), &way)?,
            false => heaps.iter().map(|_| None).collect(),
        };
        let tape_of = |variant: usize, heap: usize| tapes[heap].as_ref().filter(|_| quick[variant]);
        let jobs = heaps.len() * self.variants.len();
        let cost = |job: &usize| {
            let (variant, heap) = (job / heaps.len(), job % heaps.len());
            steps(heaps[heap], tape_of(variant, heap).is_some())
        };
        way.is_long((0..jobs).map(|job| cost(&job)).sum());
        let done = self.side_by_side(jobs, &way, |job| {
            let (variant, heap) = (job / heaps.len(), job % heaps.len());
            self.one(&self.variants[variant], heaps[heap], tape_of(variant, heap), &way)
        })?;
        Ok(done.chunks(heaps.len()).map(joined).collect())
    }

    /// What the rule compares in each heap, as far as that is enough to answer by.
    fn tapes(&self, heaps: &[&[Moment]], quick: usize, way: &Way<'_>) -> Result<Vec<Option<Taped>>, Unplayed> {
        let after: usize = heaps.iter().map(|heap| steps(heap, true) * quick).sum();
        way.is_long(heaps.iter().map(|heap| heap.len()).sum::<usize>() + after);
        let numbers = NUMBERS_LIMIT / heaps.len().max(1);
        self.side_by_side(heaps.len(), way, |heap| {
            let mut steps = Steps::of(way);
            Taped::of(self.setting, heaps[heap], self.area, numbers, |_| steps.step())
        })
    }

    /// One variant over one heap.
    fn one(&self, variant: &Variant, heap: &[Moment], tape: Option<&Taped>, way: &Way<'_>) -> Played {
        let compared = tape.and_then(|tape| tape.watch(&variant.set, || way.went(0)));
        let is_compared = compared.is_some();
        let played = compared.unwrap_or_else(|| {
            let mut steps = Steps::of(way);
            let part = Part { area: self.area, set: &variant.set };
            watch(self.setting, part, heap, |_| steps.step())
        });
        if is_compared {
            let _ = way.went(steps(heap, true));
        }
        played
    }

    /// Does jobs on the workers. Which of them does which changes nothing.
    fn side_by_side<T: Send>(
        &self,
        jobs: usize,
        way: &Way<'_>,
        one: impl Fn(usize) -> T + Sync,
    ) -> Result<Vec<T>, Unplayed> {
        let next = AtomicUsize::new(0);
        let work = || {
            if self.workers.meek {
                priority::give_way();
            }
            let mut done = Vec::new();
            while let Some(job) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|job| *job < jobs) {
                done.push((job, one(job)));
                if way.went(0).is_break() {
                    break;
                }
            }
            done
        };
        let mut done: Vec<(usize, T)> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..self.workers.count.clamp(1, jobs.max(1))).map(|_| scope.spawn(work)).collect();
            let joined = workers.into_iter().map(std::thread::ScopedJoinHandle::join);
            joined.collect::<Result<Vec<_>, _>>().map_err(|_| Unplayed::Panicked)
        })?
        .into_iter()
        .flatten()
        .collect();
        if way.went(0).is_break() {
            return Err(Unplayed::Stopped);
        }
        done.sort_by_key(|(job, _)| *job);
        Ok(done.into_iter().map(|(_, done)| done).collect())
    }
}

/// How many steps a heap takes: as many as it has moments, or a small part of that where only numbers are compared.
fn steps(heap: &[Moment], is_compared: bool) -> usize {
    if is_compared { heap.len() / COMPARED } else { heap.len() }
}

/// How far it is.
struct Way<'a> {
    tell: &'a Went<'a>,
    gone: AtomicUsize,
    /// So many steps lie ahead in all, as far as is known.
    all: AtomicUsize,
    stopped: AtomicBool,
}

impl<'a> Way<'a> {
    fn new(tell: &'a Went<'a>) -> Way<'a> {
        Way { tell, gone: AtomicUsize::new(0), all: AtomicUsize::new(0), stopped: AtomicBool::new(false) }
    }

    /// So many steps come after those that were taken.
    fn is_long(&self, more: usize) {
        self.all.store(self.gone.load(Ordering::Relaxed) + more, Ordering::Relaxed);
    }

    /// So many steps were taken. Once it was stopped it stays so.
    fn went(&self, steps: usize) -> ControlFlow<()> {
        let gone = self.gone.fetch_add(steps, Ordering::Relaxed) + steps;
        if self.stopped.load(Ordering::Relaxed) || (self.tell)(gone, self.all.load(Ordering::Relaxed)).is_break() {
            self.stopped.store(true, Ordering::Relaxed);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}

/// Steps of one thread, told of a few at a time.
struct Steps<'a> {
    way: &'a Way<'a>,
    untold: usize,
}

impl<'a> Steps<'a> {
    fn of(way: &'a Way<'a>) -> Steps<'a> {
        Steps { way, untold: 0 }
    }

    fn step(&mut self) -> ControlFlow<()> {
        self.untold += 1;
        if self.untold < STEP {
            return ControlFlow::Continue(());
        }
        self.way.went(std::mem::take(&mut self.untold))
    }
}

impl Drop for Steps<'_> {
    fn drop(&mut self) {
        let _ = self.way.went(self.untold);
    }
}

/// What was found in the heaps of one variant, as if they had been one.
fn joined(found: &[Played]) -> Played {
    let mut whole = Played::default();
    for part in found {
        whole.add(part.clone());
    }
    whole.sort();
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observed::Observed;
    use bongsu_rules::language::Host;
    use bongsu_rules::record::RulesText;
    use bongsu_sensors::{Level, Source, Time};
    use std::sync::{Arc, Mutex};

    /// Three places that have nothing to do with each other, three days of ten minutes.
    fn past() -> (tempfile::TempDir, Observed) {
        let folder = tempfile::tempdir().expect("a folder");
        let station = |id: &str| {
            format!(
                "[[station]]\nid = \"{id}\"\nname = {{ ko = \"{id}\" }}\nposition = [37.5, 127.0]\narea = \"here\"\n\
                 [[station.datastream]]\nkind = \"strain\"\ncadence = \"10m\"\n"
            )
        };
        let city = "[[area]]\ncode = \"here\"\nkind = \"sigungu\"\nname = { ko = \"여기\" }\n".to_owned();
        let stations = folder.path().join("stations.toml");
        std::fs::write(&stations, city + ["a", "b", "c"].map(station).concat().as_str()).expect("a file");
        let mut csv = "time,station,kind,value\n".to_owned();
        for n in 0..432_i32 {
            let time = Time::from_millis(1_783_468_800_000 + i64::from(n) * 600_000);
            for (station, phase) in [("a", 0), ("b", 1), ("c", 2)] {
                // Each falls silent for a while, and says something to the end.
                if (n + 40 * phase) % 200 > 12 {
                    let value = 100.0 + 100.0 * (f64::from(n) / 20.0 + f64::from(phase)).sin();
                    csv.push_str(&format!("{time},{station},strain,{value:.1}\n"));
                }
            }
        }
        let file = folder.path().join("past.csv");
        std::fs::write(&file, csv).expect("a file");
        let observed = Observed::of_files(&stations, &[file]).expect("observations");
        (folder, observed)
    }

    const RULE: &str = r#"//! id = "strain"
//! hazard = "structure"
//! title = { ko = "시험", en = "test" }
//! scope = "station"
//! [inputs]
//! seen = { kind = "strain", max_age = "30m" }
//! [params]
//! limit = { default = 150.0, min = 0.0, max = 500.0 }
//! window = { default = "1h", min = "30m", max = "6h" }
//! [hold]
//! clear_after = "1h"
//! [labels]
//! high = { ko = "변형률", en = "strain" }
if check("high", seen.mean(window), ">=", limit) { raise("watch") }
"#;

    /// Comparing again, playing whole, one worker or many: the answers are the same, and the way ends at its end.
    #[test]
    fn a_sweep_answers_as_the_engine_does_and_says_how_far_it_is() {
        let (_folder, observed) = past();
        let rules = RulesText { files: vec![("strain.rhai".into(), RULE.into())], author: String::new() };
        let setting = Setting {
            catalog: observed.catalog_text.clone(),
            numbering: observed.numbering.clone(),
            rules: Arc::new(rules),
            rule: "strain".into(),
            level: Level::Watch,
        };
        let rule = Host::new().compile(&Source::new("strain.rhai", RULE)).expect("a rule");
        let moments = &observed.moments;
        let mut variants = grid(&[("limit".into(), [60.0, 120.0, 150.0, 180.0, 240.0].map(Value::Number).to_vec())]);
        variants.extend(grid(&[("window".into(), vec![Value::Duration("2h".into())])]));
        let go_on = |_: usize| ControlFlow::Continue(());
        let whole: Vec<Played> = variants
            .iter()
            .map(|variant| watch(&setting, Part { area: None, set: &variant.set }, moments, go_on))
            .collect();
        assert!(whole.iter().map(|played| played.alerts.len()).sum::<usize>() > 10);
        assert!(whole.iter().any(|played| !played.undecided.is_zero()));
        for (count, meek) in [(1, false), (2, true), (3, false)] {
            let workers = Workers { count, meek };
            let sweep = Sweep { setting: &setting, rule: &rule, area: None, variants: &variants, moments, workers };
            let last = Mutex::new((0, 0));
            let went = |gone: usize, all: usize| {
                let mut last = last.lock().expect("nobody panicked");
                last.0 = gone.max(last.0);
                last.1 = all;
                ControlFlow::Continue(())
            };
            let played = sweep.run(&went).expect("nobody stops it");
            for ((played, whole), variant) in played.iter().zip(&whole).zip(&variants) {
                assert_eq!(played.alerts, whole.alerts, "{variant:?}, {count} workers");
                assert_eq!(played.undecided, whole.undecided, "{variant:?}, {count} workers");
            }
            let (gone, all) = *last.lock().expect("nobody panicked");
            assert_eq!(gone, all, "{count} workers");
            let stopped = sweep.run(&|_, _| ControlFlow::Break(()));
            assert_eq!(stopped.map(|_| ()), Err(Unplayed::Stopped));
        }
    }

    #[test]
    fn one_processor_is_left_to_the_engine() {
        let (all, beside) = (Workers::all(), Workers::beside_an_engine());
        assert!(beside.meek && !all.meek);
        assert_eq!(beside.count, (all.count - 1).max(1));
    }

    #[test]
    fn every_combination_is_tried_once() {
        let numbers = |of: &[f64]| of.iter().map(|n| Value::Number(*n)).collect::<Vec<_>>();
        let of = |params: &[(String, Vec<Value>)]| {
            grid(params).into_iter().map(|variant| variant.value).collect::<Vec<_>>().join("; ")
        };
        let lead = ("lead_min".to_owned(), numbers(&[0.0, 30.0]));
        let trend = ("trend".to_owned(), vec![Value::Duration("1h".into()), Value::Duration("2h".into())]);
        assert_eq!(of(&[]), "");
        assert_eq!(of(std::slice::from_ref(&lead)), "0; 30");
        assert_eq!(of(&[lead, trend]), "0, 1h; 0, 2h; 30, 1h; 30, 2h");
    }
}
