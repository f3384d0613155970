//! Spike: now and then a single value is far too high, and the next one is true again.

use super::FaultKind;

/// Its entry in the table.
pub static FAULT: FaultKind = FaultKind {
    name: "spike",
    title: ("튀는 값", "Spike"),
    apply: |ill, mut emission, _, out| {
        ill.begin(emission.phenomenon);
        let strikes = ill.held.is_none() && ill.dice.chance(0.15);
        if strikes && let Some((_, Some(value))) = emission.values.first_mut() {
            *value += ill.reach * ill.dice.between(1.2, 2.0);
        }
        // Never two in a row: that would be a step, which is another story.
        ill.held = strikes.then(|| emission.values.clone());
        out.push(emission);
    },
};
