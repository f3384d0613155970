//! Sudden death in the flood: the water takes the gauge as it rises between advisory and warning, and it never speaks
//! again in this fault's time.

use super::FaultKind;

/// Its entry in the table.
pub static FAULT: FaultKind = FaultKind {
    name: "sudden_death",
    title: ("홍수 중 유실", "Lost in the flood"),
    apply: |ill, emission, truth, out| {
        let drowned = match (truth, ill.drowns_at) {
            (Some(value), Some(limit)) => value >= limit,
            // Something without levels simply dies.
            _ => true,
        };
        if drowned {
            ill.dead = true;
            ill.begin(emission.phenomenon);
        }
        if !ill.dead {
            out.push(emission);
        }
    },
};
