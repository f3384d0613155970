//! Flat line: a sensor that has not moved by its tolerance for too long is stuck.
//!
//! The range of the trailing window must be *strictly below* the tolerance, so a tolerance of 0 never fires.

use super::Context;
use crate::flag::Flag;
use std::time::Duration;

/// Suspects a value at the end of a window in which nothing moved, and fails it after longer.
pub fn test(context: &Context<'_>) -> Flag {
    let Some(limits) = context.limits.flat else { return Flag::NotEvaluated };
    let Some(sample) = context.sample() else { return Flag::NotEvaluated };
    let (mut low, mut high) = (sample.value, sample.value);
    // As many whole cadences: fifty minutes of a sensor that speaks each quarter of an hour are three of its steps.
    let whole = |length: Duration| match length.as_millis() / context.cadence.as_millis().max(1) {
        0 => length,
        steps => context.cadence * u32::try_from(steps).unwrap_or(u32::MAX),
    };
    let longest = sample.time - whole(limits.fail_after.unwrap_or(limits.after));
    let mut moved = None;
    for earlier in (0..context.at).rev().filter_map(|at| context.series.get(at)) {
        if earlier.time < longest {
            break;
        }
        (low, high) = (low.min(earlier.value), high.max(earlier.value));
        if high - low >= limits.tolerance {
            moved = Some(earlier.time);
            break;
        }
    }
    // Only a window that is seen to its very start can be called flat.
    let oldest = context.series.iter().next().map(|oldest| oldest.time);
    let stood = |length: Duration| match (moved, oldest) {
        (Some(moved), _) => moved < sample.time - whole(length),
        (None, Some(oldest)) => oldest <= sample.time - whole(length) && high - low < limits.tolerance,
        (None, None) => false,
    };
    if limits.fail_after.is_some_and(stood) {
        Flag::Fail
    } else if stood(limits.after) {
        Flag::Suspect
    } else {
        Flag::Pass
    }
}
