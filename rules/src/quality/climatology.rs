//! Climatology: a value that the place can show, but not in this month.

use super::Context;
use crate::flag::Flag;

/// Suspects or fails a value outside what its season knows; in a month that belongs to no season nothing is evaluated.
pub fn test(context: &Context<'_>) -> Flag {
    let seasons = &context.limits.seasons;
    if seasons.is_empty() {
        return Flag::NotEvaluated;
    }
    let Some(sample) = context.sample() else { return Flag::NotEvaluated };
    let month = context.month(sample.time);
    let outside = |(low, high): (f64, f64)| !(low..=high).contains(&sample.value);
    match seasons.iter().rev().find(|season| season.contains(month)) {
        None => Flag::NotEvaluated,
        Some(season) if season.range.is_some_and(outside) => Flag::Fail,
        Some(season) if outside(season.usual) => Flag::Suspect,
        Some(_) => Flag::Pass,
    }
}
