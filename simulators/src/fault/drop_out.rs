//! Drop-out: a bad radio link loses more than half of what is said.

use super::FaultKind;

/// Its entry in the table.
pub static FAULT: FaultKind = FaultKind {
    name: "drop_out",
    title: ("통신 두절", "Drop-out"),
    apply: |ill, emission, _, out| {
        ill.begin(emission.phenomenon);
        if ill.dice.chance(0.4) {
            out.push(emission);
        }
    },
};
