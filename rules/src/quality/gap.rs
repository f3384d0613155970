//! Gap: an observation right after a long silence has no neighbour to be judged by, and says so.

use super::Context;
use crate::flag::Flag;

/// More cadences than this without an observation are a gap: one lost reading and a little lateness are none.
const CADENCES: f64 = 2.5;

/// Passes a value whose predecessor came in time; after a gap, nothing is evaluated.
pub fn test(context: &Context<'_>) -> Flag {
    match (context.before(), context.sample()) {
        (Some(before), Some(sample)) if sample.time.since(before.time) <= context.cadence.mul_f64(CADENCES) => {
            Flag::Pass
        }
        _ => Flag::NotEvaluated,
    }
}
