//! One rule with many sets of parameters over the same past. Whoever waits for it sees how far it is, and can stop it.

use bongsu_rules::backtest::{Moment, Part, Played, Setting, split, watch};
use bongsu_rules::language::header::Setting as Value;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Moments between two words about how far it is.
const STEP: usize = 256;

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
    /// In this area and what lies in it; `None`: everywhere.
    pub area: Option<&'a str>,
    /// The sets of parameters.
    pub variants: &'a [Variant],
    /// What was heard.
    pub moments: &'a [Moment],
    /// Threads that play.
    pub workers: usize,
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

impl Sweep<'_> {
    /// How many steps it takes.
    pub fn steps(&self) -> usize {
        self.moments.len() * self.variants.len()
    }

    /// Plays every variant, as many at a time as there are workers; where there are fewer variants, the places of the rule
    /// are played apart. Which thread does which changes nothing. `went` is told of steps that were taken, and says
    /// whether to go on.
    ///
    /// # Errors
    /// It was stopped.
    pub fn run(&self, went: &(dyn Fn(usize) -> ControlFlow<()> + Sync)) -> Result<Vec<Played>, Unplayed> {
        let apart = match self.area {
            None if self.variants.len() < self.workers => split(self.setting, self.moments, self.workers),
            _ => Vec::new(),
        };
        let heaps: Vec<&[Moment]> = match apart.is_empty() {
            true => vec![self.moments],
            false => apart.iter().map(Vec::as_slice).collect(),
        };
        let jobs = heaps.len() * self.variants.len();
        let (next, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
        let work = || {
            let mut done = Vec::new();
            while let Some(job) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|job| *job < jobs) {
                let (variant, heap) = (&self.variants[job / heaps.len()], heaps[job % heaps.len()]);
                let part = Part { area: self.area, set: &variant.set };
                let heard = |heard: usize| {
                    if heard % STEP == STEP - 1 && went(STEP).is_break() {
                        stopped.store(true, Ordering::Relaxed);
                    }
                    if stopped.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                };
                done.push((job, watch(self.setting, part, heap, heard)));
                if went(heap.len() % STEP).is_break() {
                    stopped.store(true, Ordering::Relaxed);
                }
                if stopped.load(Ordering::Relaxed) {
                    break;
                }
            }
            done
        };
        let mut done: Vec<(usize, Played)> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..self.workers.clamp(1, jobs.max(1))).map(|_| scope.spawn(work)).collect();
            let joined = workers.into_iter().map(std::thread::ScopedJoinHandle::join);
            joined.collect::<Result<Vec<_>, _>>().map_err(|_| Unplayed::Panicked)
        })?
        .into_iter()
        .flatten()
        .collect();
        if stopped.load(Ordering::Relaxed) {
            return Err(Unplayed::Stopped);
        }
        done.sort_by_key(|(job, _)| *job);
        Ok(done.chunks(heaps.len()).map(joined).collect())
    }
}

/// What was found in the heaps of one variant, as if they had been one.
fn joined(found: &[(usize, Played)]) -> Played {
    let mut whole = Played::default();
    for (_, part) in found {
        whole.alerts.extend(part.alerts.iter().cloned());
        whole.undecided += part.undecided;
    }
    whole.alerts.sort_by(|a, b| (a.from, &a.place).cmp(&(b.from, &b.place)));
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

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
