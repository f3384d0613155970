//! Rate of change: a jump that the quantity cannot make is suspect until something supports it.
//!
//! The true flood and the broken sensor look alike for one sample. The second sample tells them apart: it stays up
//! with the water, or it falls back. A neighbour that moves too, or rain, tells earlier.

use super::Context;
use crate::flag::Flag;
use crate::series::Sample;
use bongsu_sensors::catalog::quality::Support;
use std::time::Duration;

/// Rain is asked for over so long.
const RAIN_FELL: Duration = Duration::from_secs(3_600);

/// Suspects a value that the one right before it cannot have become: the published test. A first value has become from
/// nothing.
pub fn test(context: &Context<'_>) -> Flag {
    if context.limits.max_rate.is_none() || context.sample().is_none() {
        return Flag::NotEvaluated;
    }
    match context.before().zip(context.sample()) {
        Some((before, sample)) if !is_believable(context, before, sample) => Flag::Suspect,
        _ => Flag::Pass,
    }
}

/// What is believed in the end: measured from the last value that can be believed itself, and supported by the next one,
/// by a neighbour or by rain.
pub fn settle(context: &Context<'_>) -> Flag {
    if context.limits.max_rate.is_none() {
        return Flag::NotEvaluated;
    }
    let (Some(sample), Some(good)) = (context.sample(), context.last_good()) else { return Flag::NotEvaluated };
    let (low, high) = context.limits.range;
    let is_supported = || match context.after() {
        Some(next) if (low..=high).contains(&next.value) && is_believable(context, sample, next) => true,
        _ => context.limits.support.is_some_and(|support| is_supported_near_by(context, support, good, sample)),
    };
    if is_believable(context, good, sample) || is_supported() { Flag::Pass } else { Flag::Suspect }
}

/// Whether one value can have become the other. Within the unit of the limit any change up to it is believed, so noise
/// between close samples is no rate.
fn is_believable(context: &Context<'_>, from: &Sample, to: &Sample) -> bool {
    let Some((amount, within)) = context.limits.max_rate else { return true };
    let spans = to.time.since(from.time).as_secs_f64() / within.as_secs_f64();
    (to.value - from.value).abs() <= amount * spans.max(1.0)
}

/// Whether a neighbour moved in the same direction, or enough rain fell.
fn is_supported_near_by(context: &Context<'_>, support: Support, good: &Sample, sample: &Sample) -> bool {
    let within = context.limits.max_rate.map_or(Duration::ZERO, |(_, within)| within);
    let direction = (sample.value - good.value).signum();
    let moved = |near: &super::Near, change: f64| {
        // A neighbour's word may come a cadence later, and its movement may have begun one earlier.
        let window = near.series.window(sample.time + near.cadence, within.max(near.cadence) + near.cadence * 2);
        let first = window.before().or_else(|| window.samples().next());
        let last = window.samples().next_back();
        first.zip(last).is_some_and(|(first, last)| (last.value - first.value) * direction >= change)
    };
    let rained = |near: &super::Near, wanted: f64| {
        let window = near.series.window(sample.time + near.cadence, RAIN_FELL + near.cadence);
        near.amount(&window) >= wanted
    };
    support.change.is_some_and(|change| context.around.peers.iter().any(|near| moved(near, change)))
        || support.rain.is_some_and(|wanted| context.around.rain.iter().any(|near| rained(near, wanted)))
}
