//! A slope above houses: rain wets it, pressure rises in its pores, and past a limit it creeps.

use super::Moment;
use crate::dice::Dice;

/// Time the wetting takes to reach the sensor, minutes.
const SEEPS_MIN: f64 = 90.0;
/// Water stands on the sliding layer for so long, minutes; the share of rain that gets there, and the most that can, mm.
const STANDS_MIN: f64 = 30.0 * 60.0;
const SINKS_IN: f64 = 0.6;
const FULL_MM: f64 = 170.0;
/// Creep at 10 kPa over the critical pressure, degrees in an hour.
const CREEP_DEG_H: f64 = 0.04;

/// A slope.
#[derive(Debug)]
pub struct Slope {
    district: usize,
    critical_kpa: f64,
    lean: f64,
    perched_mm: f64,
    pore_kpa: Option<f64>,
    moisture: f64,
    /// True tilt, degrees downhill.
    pub tilt_deg: f64,
}

impl Slope {
    pub(super) fn new(district: usize, critical_kpa: f64, dice: &mut Dice) -> Slope {
        let lean = dice.between(0.9, 1.1);
        Slope { district, critical_kpa, lean, perched_mm: 0.0, pore_kpa: None, moisture: 0.0, tilt_deg: 0.0 }
    }

    pub(super) fn advance(&mut self, moment: &Moment<'_>) {
        let wetness = moment.water.districts[self.district].wetness();
        self.moisture = 14.0 + 28.0 * wetness;
        // Water perched on the sliding layer presses as it deepens and drains within a day or two; dry soil sucks.
        self.perched_mm = (self.perched_mm + SINKS_IN * moment.rain_mm[self.district]).min(FULL_MM);
        self.perched_mm -= self.perched_mm / STANDS_MIN;
        let aim = 8.0 * (wetness - 0.8) + 0.22 * self.perched_mm * self.lean;
        let pore = self.pore_kpa.unwrap_or(aim);
        let pore = pore + (aim - pore) / SEEPS_MIN;
        self.pore_kpa = Some(pore);
        let over = (pore - self.critical_kpa).max(0.0) / 10.0;
        self.tilt_deg += CREEP_DEG_H / 60.0 * over * over.max(1.0).powi(2);
    }

    pub(super) fn sample(&mut self, dice: &mut Dice, values: &mut Vec<f64>) {
        values.push(self.tilt_deg + 0.0015 * dice.noise());
        values.push(self.pore_kpa.unwrap_or(0.0) + 0.15 * dice.noise());
        values.push(self.moisture + 0.15 * dice.noise());
    }
}
