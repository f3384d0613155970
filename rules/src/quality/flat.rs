//! Flat line: a sensor that has not moved by its tolerance for too long is stuck.
//!
//! The range of the trailing window must be *strictly below* the tolerance, so a tolerance of 0 never fires.

use super::Context;
use crate::flag::Flag;

/// Suspects a value at the end of a window in which nothing moved.
pub fn test(context: &Context<'_>) -> Flag {
    let Some((length, tolerance)) = context.limits.flat else { return Flag::NotEvaluated };
    let Some(sample) = context.sample() else { return Flag::NotEvaluated };
    let start = sample.time - length;
    let mut low = sample.value;
    let mut high = sample.value;
    for at in (0..context.at).rev() {
        let Some(earlier) = context.series.get(at) else { break };
        if earlier.time < start {
            break;
        }
        low = low.min(earlier.value);
        high = high.max(earlier.value);
        if high - low >= tolerance {
            return Flag::Pass;
        }
        // Only a window that is seen to its very start can be called flat.
        if earlier.time == start {
            return Flag::Suspect;
        }
    }
    let reaches_back = context.series.iter().next().is_some_and(|oldest| oldest.time <= start);
    if reaches_back && high - low < tolerance { Flag::Suspect } else { Flag::Pass }
}
