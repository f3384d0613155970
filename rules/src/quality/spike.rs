//! Spike: one observation that stands out from both its neighbours. Decided one observation late.
//!
//! Both published methods: *differential* takes the lesser distance from both neighbours, where the value stands out in
//! one direction from both; *average* takes the distance from their mean, and so also blames the innocent neighbour of a
//! large spike.

use super::Context;
use crate::flag::Flag;
use bongsu_sensors::catalog::quality::SpikeMethod;

/// Suspects or fails a value by its distance from its neighbours.
pub fn test(context: &Context<'_>) -> Flag {
    let Some(limits) = context.limits.spike else { return Flag::NotEvaluated };
    let (Some(before), Some(sample), Some(after)) = (context.before(), context.sample(), context.after()) else {
        return Flag::NotEvaluated;
    };
    // A neighbour beyond a value that the device said is missing is none.
    if context.series.is_missing_between(before.time, after.time) {
        return Flag::NotEvaluated;
    }
    let distance = match limits.method {
        SpikeMethod::Differential => {
            let (up, down) = (sample.value - before.value, sample.value - after.value);
            if up * down > 0.0 { up.abs().min(down.abs()) } else { 0.0 }
        }
        SpikeMethod::Average => (sample.value - f64::midpoint(before.value, after.value)).abs(),
    };
    if distance > limits.fail {
        Flag::Fail
    } else if distance > limits.suspect {
        Flag::Suspect
    } else {
        Flag::Pass
    }
}
