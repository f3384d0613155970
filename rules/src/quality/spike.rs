//! Spike: one observation that stands out from both its neighbours, in the same direction. Decided one observation late.
//!
//! This is QARTOD's test by the *differential* method of `ioos_qc`. The *average* method (distance from the mean of
//! both neighbours) also flags the innocent neighbour of a large spike.

use super::Context;
use crate::flag::Flag;

/// Suspects or fails a value by the lesser of its distances from its neighbours.
pub fn test(context: &Context<'_>) -> Flag {
    let Some((suspect, fail)) = context.limits.spike else { return Flag::NotEvaluated };
    let (Some(before), Some(sample), Some(after)) = (context.before(), context.sample(), context.after()) else {
        return Flag::NotEvaluated;
    };
    let (up, down) = (sample.value - before.value, sample.value - after.value);
    let distance = if up * down > 0.0 { up.abs().min(down.abs()) } else { 0.0 };
    if distance > fail {
        Flag::Fail
    } else if distance > suspect {
        Flag::Suspect
    } else {
        Flag::Pass
    }
}
