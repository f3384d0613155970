//! What one evaluation of a rule came to: the level it reached, and every check on the way. The list of checks *is* the
//! evidence an operator sees; nobody writes it by hand.

use super::value::{Measure, Op, Truth, Value};
use bongsu_sensors::Level;
use bongsu_sensors::catalog::StationIndex;
use smallvec::SmallVec;
use std::sync::Arc;
use std::time::Duration;

/// Most checks whose evidence is kept; a rule may make more, they are only counted.
pub const CHECK_LIMIT: usize = 32;

/// Most stations kept behind one check; more are only counted.
pub const STATION_LIMIT: usize = 16;

/// One check of an evaluation.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// Its label, a key of the rule's `[labels]`.
    pub label: String,
    /// The value that decided.
    pub value: Measure,
    /// The comparison.
    pub op: Op,
    /// What it was compared with.
    pub limit: Measure,
    /// The answer.
    pub truth: Truth,
    /// The input whose unit the value has.
    pub input: Option<u8>,
    /// The stations behind the value, worst first, and what each says.
    pub stations: SmallVec<[(StationIndex, f64); 2]>,
    /// How many stations more there were.
    pub more_stations: usize,
}

/// What one evaluation came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// The highest level raised.
    pub level: Level,
    /// The checks, in the order they were made.
    pub checks: Vec<Check>,
    /// How many checks more there were.
    pub more_checks: usize,
    /// A check could not be decided.
    pub unknown: bool,
    /// Some check was decided: without one, a rule that found nothing to measure has not decided anything.
    pub decided: bool,
    /// A check holds because time passed, not because something was said.
    pub by_clock: bool,
    /// When time alone may change the answer.
    pub due_in: Option<Duration>,
    /// Labels of checks that only support what the others find.
    pub supporting: Arc<[String]>,
    /// Nobody reads the evidence of what does not hold.
    pub terse: bool,
}

impl Outcome {
    /// Whether the rule lacked the data to decide.
    pub fn is_undecided(&self) -> bool {
        self.unknown || !self.decided
    }

    /// Whether what holds stands on two stations at least; `None`: the rule asks for no support, or there is no second
    /// station that could give it.
    pub fn witnessed(&self) -> Option<bool> {
        let mut supporting = self.checks.iter().filter(|check| self.supporting.contains(&check.label)).peekable();
        supporting.peek()?;
        let silent = supporting.any(|check| check.truth == Truth::Unknown && check.stations.is_empty());
        let count = |stations: &mut dyn Iterator<Item = &Check>| {
            let mut seen: SmallVec<[StationIndex; 8]> = SmallVec::new();
            for (station, _) in stations.flat_map(|check| &check.stations) {
                if !seen.contains(station) {
                    seen.push(*station);
                }
            }
            seen.len()
        };
        if count(&mut self.checks.iter()) < 2 && !silent {
            return None;
        }
        Some(count(&mut self.checks.iter().filter(|check| check.truth == Truth::True)) >= 2)
    }

    /// Records a check and answers it.
    pub fn check(&mut self, label: &str, value: &Value, op: Op, limit: &Value) -> Truth {
        let truth = value.meets(op, limit);
        let decides = !self.supporting.iter().any(|supporting| supporting == label);
        match truth {
            Truth::Absent => return truth,
            Truth::Unknown => self.unknown |= decides,
            Truth::True | Truth::False => self.decided |= decides,
        }
        self.by_clock |= truth == Truth::True && op.is_upward() && !value.growth.is_empty();
        if let Some(minutes) = value.minutes_to(limit).filter(|minutes| *minutes < 1e6) {
            // A millisecond later, so that "more than" holds too and no rounding keeps it from being reached.
            let due_in = Duration::from_secs_f64(minutes * 60.0) + Duration::from_millis(1);
            self.due_in = Some(self.due_in.map_or(due_in, |earlier| earlier.min(due_in)));
        }
        if self.terse && truth != Truth::True {
            return truth;
        }
        if self.checks.len() < CHECK_LIMIT {
            self.checks.push(record(label, value, op, limit, truth));
        } else {
            self.more_checks += 1;
        }
        truth
    }
}

fn record(label: &str, value: &Value, op: Op, limit: &Value, truth: Truth) -> Check {
    let decided = value.decide(op.is_upward());
    let worst = decided.parts.first().and_then(|part| part.station);
    let limit_at = |station| limit.limit_of(value, station).unwrap_or(Measure::Unknown);
    // When the check holds, the stations behind it are those that make it hold; otherwise all that were asked.
    let behind = decided
        .parts
        .iter()
        .filter(|part| truth != Truth::True || part.measure.compare(op, limit_at(part.station)) == Truth::True);
    let all: SmallVec<[(StationIndex, f64); 2]> =
        behind.filter_map(|part| Some((part.station?, part.measure.number()?))).collect();
    Check {
        label: label.to_owned(),
        value: decided.measure,
        op,
        limit: limit_at(worst),
        truth,
        input: value.input,
        more_stations: all.len().saturating_sub(STATION_LIMIT),
        stations: all.into_iter().take(STATION_LIMIT).collect(),
    }
}
