//! Late: the link is down for a while; then everything that waited comes at once, the newest first.

use super::FaultKind;
use std::time::Duration;

/// The link comes back this often.
const RETURNS_MS: i64 = 40 * 60_000;

/// Its entry in the table.
pub static FAULT: FaultKind = FaultKind {
    name: "late",
    title: ("지연 전송", "Late"),
    apply: |ill, mut emission, _, out| {
        ill.begin(emission.phenomenon);
        let since = emission.phenomenon.millis() - ill.fault.from.millis();
        let waits = RETURNS_MS - since.rem_euclid(RETURNS_MS);
        // A last-in-first-out buffer: what waited longest is sent last.
        let turn = waits / 60_000;
        let held = u64::try_from(waits + turn * 300).unwrap_or(0);
        emission.due = emission.phenomenon + Duration::from_millis(held);
        out.push(emission);
    },
};
