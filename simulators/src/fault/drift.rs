//! Drift: the first value wanders off, slowly enough that no single step looks wrong.

use super::FaultKind;

/// Hours after which the lie is as large as the distance from the first level to the highest but one.
const HOURS: f64 = 3.0;

/// Its entry in the table.
pub static FAULT: FaultKind = FaultKind {
    name: "drift",
    title: ("값이 서서히 어긋남", "Drift"),
    apply: |ill, mut emission, _, out| {
        ill.begin(emission.phenomenon);
        let hours = emission.phenomenon.since(ill.fault.from).as_secs_f64() / 3600.0;
        if let Some((_, Some(value))) = emission.values.first_mut() {
            // A float and its cable give no more than this.
            *value += ill.reach * (hours / HOURS).min(2.5);
        }
        out.push(emission);
    },
};
