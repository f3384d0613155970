//! Gauges on the river, at the dam and at the sea.

use super::Moment;
use crate::dice::Dice;
use crate::water::channel::Rating;
use crate::water::tide;

/// Noise of a stage sensor, m: ripples that its stilling well lets through.
const STAGE_NOISE_M: f64 = 0.006;

/// A river gauge.
#[derive(Debug)]
pub struct Gauge {
    reach: usize,
    along: f64,
    rating: Rating,
    tide_m: f64,
    tells_flow: bool,
    /// True stage, m.
    pub stage_m: f64,
    flow: f64,
}

impl Gauge {
    pub(super) fn new(reach: usize, along: f64, rating: Rating, tide_m: f64, tells_flow: bool) -> Gauge {
        Gauge { reach, along, rating, tide_m, tells_flow, stage_m: rating.zero_m, flow: 0.0 }
    }

    pub(super) fn advance(&mut self, moment: &Moment<'_>) {
        self.flow = moment.water.channels[self.reach].flow_at(self.along);
        let tide = tide::at_gauge_m(moment.now, self.tide_m, self.flow, self.rating.bankfull_m3s);
        self.stage_m = self.rating.stage_m(self.flow) + tide;
    }

    pub(super) fn sample(&mut self, moment: &Moment<'_>, dice: &mut Dice, values: &mut Vec<f64>) {
        values.push(self.stage_m + STAGE_NOISE_M * dice.noise());
        if self.tells_flow {
            // Discharge is reckoned from the rating curve, so it carries the stage's noise and a little of its own.
            values.push(self.flow * (1.0 + 0.01 * dice.noise()));
        }
        values.push(battery_v(moment, dice));
    }
}

/// A solar battery: full at noon, lower before dawn.
fn battery_v(moment: &Moment<'_>, dice: &mut Dice) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "an hour of the day")]
    let hour = (moment.hour_of_week % 24) as f64;
    12.7 + 0.5 * (std::f64::consts::TAU * (hour - 14.0) / 24.0).cos() + 0.02 * dice.noise()
}

/// The dam's own instruments.
#[derive(Debug, Default)]
pub struct DamGauge {
    /// True water level, m above sea.
    pub level_m: f64,
}

impl DamGauge {
    pub(super) fn advance(&mut self, moment: &Moment<'_>) {
        self.level_m = moment.water.dam.level_m();
    }

    pub(super) fn sample(&mut self, moment: &Moment<'_>, dice: &mut Dice, values: &mut Vec<f64>) {
        let dam = &moment.water.dam;
        values.push(self.level_m + 0.004 * dice.noise());
        values.push(dam.inflow * (1.0 + 0.03 * dice.noise()));
        values.push(dam.release);
        values.push(100.0 * dam.filled());
    }
}

/// The tide gauge.
#[derive(Debug, Default)]
pub struct TideGauge {
    /// True height of the sea over its mean, m.
    pub level_m: f64,
}

impl TideGauge {
    pub(super) fn advance(&mut self, moment: &Moment<'_>) {
        self.level_m = tide::level_m(moment.now);
    }

    pub(super) fn sample(&mut self, dice: &mut Dice, values: &mut Vec<f64>) {
        values.push(self.level_m + 0.02 * dice.noise());
    }
}
