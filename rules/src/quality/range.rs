//! Gross range: what no place on earth, or this place, can show.

use super::Context;
use crate::flag::Flag;

/// Fails a value outside the datastream's range.
pub fn test(context: &Context<'_>) -> Flag {
    let (low, high) = context.limits.range;
    match context.sample() {
        Some(sample) if (low..=high).contains(&sample.value) => Flag::Pass,
        Some(_) => Flag::Fail,
        None => Flag::NotEvaluated,
    }
}
