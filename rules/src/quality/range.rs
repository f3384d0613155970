//! Gross range: what no place on earth, or this place, can show; and what this place has hardly ever shown.

use super::Context;
use crate::flag::Flag;

/// Fails a value outside the datastream's range, suspects one outside its usual range.
pub fn test(context: &Context<'_>) -> Flag {
    let Some(sample) = context.sample() else { return Flag::NotEvaluated };
    let outside = |(low, high): (f64, f64)| !(low..=high).contains(&sample.value);
    if outside(context.limits.range) {
        Flag::Fail
    } else if context.limits.usual.is_some_and(outside) {
        Flag::Suspect
    } else {
        Flag::Pass
    }
}
