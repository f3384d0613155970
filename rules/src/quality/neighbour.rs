//! Neighbours: one sensor that says what no other near by says.

use super::Context;
use crate::flag::Flag;
use crate::stats::median;
use smallvec::SmallVec;

/// Fewer neighbours than this have no middle: which of two disagreeing gauges is wrong, neither knows.
const LEAST: usize = 2;

/// Suspects or fails a value by its distance from the median of what its neighbours last said, no more than a cadence
/// before. Judged when the value comes: what neighbours say later changes nothing.
pub fn test(context: &Context<'_>) -> Flag {
    let Some(limits) = context.limits.neighbours else { return Flag::NotEvaluated };
    let Some(sample) = context.sample() else { return Flag::NotEvaluated };
    let last_word = |peer: &super::Near| {
        let newest = peer.series.newest_usable(sample.time)?;
        (sample.time.since(newest.time) <= context.cadence.max(peer.cadence)).then_some(newest.value)
    };
    let mut values: SmallVec<[f64; 16]> = context.around.peers.iter().filter_map(last_word).collect();
    if values.len() < LEAST {
        return Flag::NotEvaluated;
    }
    match median(&mut values).map(|middle| (sample.value - middle).abs()) {
        Some(apart) if apart > limits.fail => Flag::Fail,
        Some(apart) if apart > limits.suspect => Flag::Suspect,
        Some(_) => Flag::Pass,
        None => Flag::NotEvaluated,
    }
}
