//! Attenuated signal: a sensor that still moves, but less than its water ever does: weed in the pipe, silt in the well.

use super::Context;
use crate::flag::Flag;
use bongsu_sensors::catalog::quality::{Attenuated, Liveliness};

/// Suspects or fails a value at the end of a stretch in which too little moved. Stretches are open at their start; one
/// of which the device said that a value is missing is not evaluated, for who knows what moved meanwhile.
pub fn test(context: &Context<'_>) -> Flag {
    let Some(limits) = context.limits.attenuated else { return Flag::NotEvaluated };
    let Some(sample) = context.sample() else { return Flag::NotEvaluated };
    let start = sample.time - limits.over;
    let mut moved = Moved::default();
    if context.series.is_missing_between(start, sample.time) {
        return Flag::NotEvaluated;
    }
    let stretch = (0..=context.at).rev().filter_map(|at| context.series.get(at));
    for earlier in stretch.take_while(|earlier| earlier.time > start) {
        moved.take(earlier.value);
        // What moves enough moves enough, whatever came before.
        if limits.measure == Liveliness::Range && moved.count >= limits.least && moved.range() >= limits.suspect {
            return Flag::Pass;
        }
    }
    moved.judge(&limits)
}

/// How much has moved; around the newest value, so that no digits are lost where values are large.
#[derive(Default)]
struct Moved {
    count: usize,
    newest: f64,
    low: f64,
    high: f64,
    sum: f64,
    squares: f64,
}

impl Moved {
    fn take(&mut self, value: f64) {
        if self.count == 0 {
            self.newest = value;
        }
        let aside = value - self.newest;
        self.count += 1;
        self.low = self.low.min(aside);
        self.high = self.high.max(aside);
        self.sum += aside;
        self.squares += aside * aside;
    }

    fn range(&self) -> f64 {
        self.high - self.low
    }

    fn deviation(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a count of samples")]
        let count = self.count as f64;
        let mean = self.sum / count;
        (self.squares / count - mean * mean).max(0.0).sqrt()
    }

    fn judge(&self, limits: &Attenuated) -> Flag {
        if self.count < limits.least || self.count == 0 {
            return Flag::NotEvaluated;
        }
        let measured = match limits.measure {
            Liveliness::Range => self.range(),
            Liveliness::Deviation => self.deviation(),
        };
        if measured < limits.fail {
            Flag::Fail
        } else if measured < limits.suspect {
            Flag::Suspect
        } else {
            Flag::Pass
        }
    }
}
