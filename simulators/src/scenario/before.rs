//! What went before a scenario: every few days a storm, mostly a lesser one, over one tributary or another. Some flood,
//! some only come near, and of those a rule may say too much: what officers tune by.

use super::storm;
use crate::city::City;
use crate::dice::Dice;
use crate::weather::Cell;
use bongsu_sensors::Time;
use std::time::Duration;

/// How hard it rains in them, as a part of a storm.
const STRENGTH: (f64, f64) = (0.5, 0.95);
/// Days from one to the next.
const APART_DAYS: (f64, f64) = (2.0, 3.5);
/// Rivers are down again before the scenario begins.
const LAST_BEFORE: Duration = Duration::from_secs(36 * 3_600);

/// The rain of the days from `from` to `until`.
pub fn rain(city: &City, from: Time, until: Time, seed: u64) -> Vec<Cell> {
    let mut dice = Dice::new(seed, "before");
    let mut cells = Vec::new();
    let mut onset = from + days(dice.between(0.3, 1.5));
    while onset + LAST_BEFORE < until {
        let middle = storm::over_a_tributary(city, &mut dice);
        let strength = dice.between(STRENGTH.0, STRENGTH.1);
        let storm = storm::cells(middle, onset, &mut dice);
        cells.extend(storm.into_iter().map(|cell| Cell { peak_mm_h: cell.peak_mm_h * strength, ..cell }));
        onset = onset + days(dice.between(APART_DAYS.0, APART_DAYS.1));
    }
    cells
}

fn days(count: f64) -> Duration {
    Duration::from_secs_f64(count * 86_400.0)
}
