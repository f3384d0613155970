//! Duplicate: the device never hears the acknowledgement and says everything twice.

use super::FaultKind;
use std::time::Duration;

/// Its entry in the table.
pub static FAULT: FaultKind = FaultKind {
    name: "duplicate",
    title: ("중복 전송", "Duplicate"),
    apply: |ill, emission, _, out| {
        ill.begin(emission.phenomenon);
        let mut again = emission.clone();
        again.due = again.due + Duration::from_secs_f64(ill.dice.between(2.0, 9.0));
        out.extend([emission, again]);
    },
};
