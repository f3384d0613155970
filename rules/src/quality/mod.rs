//! Quality control: tests in the sense of QARTOD that give each observation its flag.
//!
//! A test is a function of what the series holds around the observation, so the same observations get the same flags
//! whether they came live, in a replay or after a restart. Two tests need the next observation: the newest one is
//! judged by the others, and judged again when its successor comes.

mod flat;
mod gap;
mod range;
mod rate;
mod spike;

use crate::flag::Flag;
use crate::series::{Sample, Series};
use bongsu_sensors::catalog::Quality;
use std::time::Duration;

/// What a test may look at.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The observations around it.
    pub series: &'a Series,
    /// Its own place among them.
    pub at: usize,
    /// The limits of its datastream.
    pub limits: &'a Quality,
    /// How often the datastream sends.
    pub cadence: Duration,
}

impl<'a> Context<'a> {
    /// The observation under test.
    pub fn sample(&self) -> Option<&'a Sample> {
        self.series.get(self.at)
    }

    /// The last observation before it that rules may use.
    pub fn last_good(&self) -> Option<&'a Sample> {
        (0..self.at).rev().filter_map(|at| self.series.get(at)).find(|sample| sample.flag.usable())
    }

    /// The observation right before it.
    pub fn before(&self) -> Option<&'a Sample> {
        self.series.get(self.at.checked_sub(1)?)
    }

    /// The observation right after it.
    pub fn after(&self) -> Option<&'a Sample> {
        self.series.get(self.at + 1)
    }
}

/// One quality test.
#[derive(Debug)]
pub struct Test {
    /// Its name.
    pub name: &'static str,
    /// Judges one observation.
    pub run: fn(&Context<'_>) -> Flag,
}

/// Every test. A new one is a file here and a line in this table.
pub const TESTS: &[Test] = &[
    Test { name: "gross_range", run: range::test },
    Test { name: "rate_of_change", run: rate::test },
    Test { name: "spike", run: spike::test },
    Test { name: "flat_line", run: flat::test },
    Test { name: "gap", run: gap::test },
];

/// The flag of one observation: all tests together.
pub fn judge(context: &Context<'_>) -> Flag {
    TESTS.iter().fold(Flag::NotEvaluated, |flag, test| flag.roll_up((test.run)(context)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::Inserted;
    use bongsu_sensors::Time;

    const MINUTE: Duration = Duration::from_secs(60);

    fn limits() -> Quality {
        Quality {
            range: (0.0, 15.0),
            max_rate: Some((0.5, 10 * MINUTE)),
            spike: Some((1.0, 3.0)),
            flat: Some((60 * MINUTE, 0.01)),
        }
    }

    /// Feeds values ten minutes apart, as the engine does, and answers their flags.
    fn flags(values: &[f64], limits: &Quality) -> String {
        let mut series = Series::default();
        let cadence = 10 * MINUTE;
        for (step, value) in (0_u32..).zip(values) {
            let time = Time::from_millis(0) + cadence * step;
            let Inserted::At(at) = series.insert(Sample { time, value: *value, flag: Flag::NotEvaluated }) else {
                panic!("times differ")
            };
            for at in at.saturating_sub(1)..=at {
                let flag = judge(&Context { series: &series, at, limits, cadence });
                let time = series.get(at).expect("there").time;
                series.reflag(time, flag);
            }
        }
        series.iter().map(|sample| sample.flag.number().to_string()).collect()
    }

    #[test]
    fn flags_follow_the_limits() {
        let quiet = Quality { spike: None, flat: None, ..limits() };
        let check = |values: &[f64], limits: &Quality, expect: &str| {
            assert_eq!(flags(values, limits), expect, "{values:?}");
        };
        check(&[1.0, 1.1, 1.2], &quiet, "111");
        check(&[1.0, 16.0, 1.2], &quiet, "141");
        check(&[-990.0], &quiet, "4");
        // A jump that comes back was no water; a jump that stays is a river.
        check(&[1.0, 1.1, 3.1, 1.2, 1.2], &quiet, "11311");
        check(&[1.0, 1.1, 3.1, 3.2, 3.3], &quiet, "11111");
        check(&[1.0, 1.1, 3.1], &quiet, "113");
        check(&[1.0, 3.0, 5.0, 7.0], &quiet, "1333");
        // The newest sample's spike test is not evaluated and does not hold it back.
        let spiky = Quality { max_rate: None, flat: None, ..limits() };
        check(&[1.0, 1.0, 2.5], &spiky, "111");
        check(&[1.0, 1.0, 2.5, 1.0], &spiky, "1131");
        check(&[1.0, 1.0, 9.0, 1.0], &spiky, "1141");
        // Flat: seven equal values span a full hour.
        let flat = Quality { max_rate: None, spike: None, ..limits() };
        check(&[2.0; 8], &flat, "11111133");
        check(&[2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.1, 2.0], &flat, "11111111");
    }
}
