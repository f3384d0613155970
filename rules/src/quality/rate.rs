//! Rate of change: a jump that the quantity cannot make is suspect until the next observation confirms it.
//!
//! The true flood and the broken sensor look alike for one sample. The second sample tells them apart: it stays up
//! with the water, or it falls back.

use super::Context;
use crate::flag::Flag;
use crate::series::Sample;

/// Suspects a value that the last good one cannot have become, unless the next one supports it.
pub fn test(context: &Context<'_>) -> Flag {
    let Some((amount, within)) = context.limits.max_rate else { return Flag::NotEvaluated };
    let (Some(sample), Some(good)) = (context.sample(), context.last_good()) else { return Flag::NotEvaluated };
    // Within the unit of the limit any change up to it is believed, so noise between close samples is no rate.
    let believable = |from: &Sample, to: &Sample| {
        let spans = to.time.since(from.time).as_secs_f64() / within.as_secs_f64();
        (to.value - from.value).abs() <= amount * spans.max(1.0)
    };
    if believable(good, sample) {
        return Flag::Pass;
    }
    let (low, high) = context.limits.range;
    match context.after() {
        Some(next) if (low..=high).contains(&next.value) && believable(sample, next) => Flag::Pass,
        _ => Flag::Suspect,
    }
}
