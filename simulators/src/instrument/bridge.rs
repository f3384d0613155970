//! A bridge: it leans and stretches with the day's warmth, shakes under traffic, and may be damaged.
//!
//! Tilt is positive where the pier settles downstream; every damage here is such a settlement.

use super::Moment;
use crate::dice::Dice;
use crate::rhythm::cars_about;

/// Steel and concrete follow the air with this delay, minutes.
const WARMING_MIN: f64 = 180.0;
/// The temperature at which the readings are zero, °C.
const ZERO_C: f64 = 18.0;

/// A bridge.
#[derive(Debug)]
pub struct Bridge {
    station: usize,
    deck_c: f64,
    lean_per_c: f64,
    stretch_per_c: f64,
    /// True tilt of the first pier, degrees.
    pub tilt_deg: f64,
    second_deg: f64,
    damage_deg: f64,
    shakes: f64,
    quake_gal: f64,
}

impl Bridge {
    pub(super) fn new(station: usize, dice: &mut Dice, air_c: f64) -> Bridge {
        Bridge {
            station,
            deck_c: air_c,
            lean_per_c: dice.between(0.0012, 0.0028),
            stretch_per_c: dice.between(7.0, 11.0),
            tilt_deg: 0.0,
            second_deg: 0.0,
            damage_deg: 0.0,
            shakes: 1.0,
            quake_gal: 0.0,
        }
    }

    pub(super) fn advance(&mut self, moment: &Moment<'_>) {
        self.deck_c += (moment.air_c - self.deck_c) / WARMING_MIN;
        self.damage_deg = 0.0;
        self.quake_gal = 0.0;
        for damage in moment.plan.damages.iter().filter(|damage| damage.station == self.station) {
            let minutes = damage.minutes_since(moment.now);
            self.damage_deg += damage.tilt_deg(minutes);
            if minutes >= 0.0 {
                self.shakes = 1.5;
                self.quake_gal = damage.jolt_gal * (-minutes / 3.0).exp();
            }
        }
        let warm = self.deck_c - ZERO_C;
        self.tilt_deg = self.lean_per_c * warm + self.damage_deg;
        // The second pier leans the other way with warmth, and is pulled along by a settlement of the first.
        self.second_deg = -0.8 * self.lean_per_c * warm + 0.35 * self.damage_deg;
    }

    pub(super) fn sample(&mut self, moment: &Moment<'_>, dice: &mut Dice, values: &mut Vec<f64>) {
        let cars = cars_about(moment.hour_of_week);
        values.push(self.tilt_deg + 0.0015 * dice.noise());
        values.push(self.second_deg + 0.0015 * dice.noise());
        // The strongest shake of the minute: cars always, a heavy lorry now and then.
        let lorry = if dice.chance(0.12 * cars) { dice.between(4.0, 10.0) } else { 0.0 };
        let shake = (1.0 + 3.0 * cars + lorry) * (1.0 + 0.1 * dice.noise()) * self.shakes;
        values.push(shake.abs().min(18.0 * self.shakes) + self.quake_gal);
        let load = lorry * 4.0 + 12.0 * cars;
        values.push(self.stretch_per_c * (self.deck_c - ZERO_C) + load + 600.0 * self.damage_deg + 2.0 * dice.noise());
        values.push(self.deck_c + 0.1 * dice.noise());
    }
}
