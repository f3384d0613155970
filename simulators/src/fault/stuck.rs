//! Stuck: the sensor repeats the last thing it knew, with fresh times.

use super::FaultKind;

/// Its entry in the table.
pub static FAULT: FaultKind = FaultKind {
    name: "stuck",
    title: ("멈춘 값", "Stuck"),
    apply: |ill, mut emission, _, out| {
        ill.begin(emission.phenomenon);
        let held = ill.held.get_or_insert_with(|| emission.values.clone());
        emission.values = held.clone();
        out.push(emission);
    },
};
