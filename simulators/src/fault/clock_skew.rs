//! Clock skew: the device's clock is wrong, fast or slow, so every time it claims is.

use super::FaultKind;
use bongsu_sensors::Time;

/// Its entry in the table.
pub static FAULT: FaultKind = FaultKind {
    name: "clock_skew",
    title: ("시계 오차", "Clock skew"),
    apply: |ill, mut emission, _, out| {
        ill.begin(emission.phenomenon);
        let off = if ill.fast { 47 } else { -33 } * 60_000;
        emission.phenomenon = Time::from_millis(emission.phenomenon.millis() + off);
        out.push(emission);
    },
};
