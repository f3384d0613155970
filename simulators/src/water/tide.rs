//! The sea at the river's mouth: a tide of three constituents, and how far up the river it is felt.

use bongsu_sensors::Time;

/// Period in hours, amplitude in metres at the mouth, and phase of each constituent: M2, S2 and K1, about as on the west
/// coast but smaller.
const CONSTITUENTS: [(f64, f64, f64); 3] = [(12.420_601_2, 1.6, 0.3), (12.0, 0.6, 1.1), (23.934_469_7, 0.3, 2.0)];

/// Height of the sea over its mean, m.
pub fn level_m(now: Time) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit into 53 bits")]
    let hours = now.millis() as f64 / 3_600_000.0;
    CONSTITUENTS
        .iter()
        .map(|(period, amplitude, phase)| amplitude * (std::f64::consts::TAU * hours / period + phase).cos())
        .sum()
}

/// What the tide adds to the stage of a gauge, m: `amplitude_m` in quiet water, less and less as the river fills its bed.
pub fn at_gauge_m(now: Time, amplitude_m: f64, flow: f64, bankfull: f64) -> f64 {
    if amplitude_m == 0.0 {
        return 0.0;
    }
    let highest: f64 = CONSTITUENTS.iter().map(|(_, amplitude, _)| amplitude).sum();
    let full = flow / (0.35 * bankfull);
    amplitude_m * (level_m(now) / highest) / (1.0 + full * full)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tide_swings_twice_a_day_and_a_flood_drowns_it() {
        let at = |minute: i64| Time::from_millis(minute * 60_000);
        let rises = (0..2 * 1490).filter(|m| level_m(at(m + 1)) > 0.0 && level_m(at(*m)) <= 0.0).count();
        assert_eq!(rises, 4);
        let swing = |flow| (0..1490).map(|m| at_gauge_m(at(m), 0.8, flow, 1000.0)).fold(0.0, f64::max);
        assert!(swing(20.0) > 0.5 && swing(1000.0) < 0.1);
    }
}
