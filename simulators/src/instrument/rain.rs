//! A tipping-bucket rain gauge: it knows rain only in tips of a tenth of a millimetre.

use super::Moment;
use crate::dice::Dice;

/// A bucket tips at this much rain, mm.
const TIP_MM: f64 = 0.1;
/// A counter begins again at zero when it reaches this, mm (16 bits of tips).
const WRAP_MM: f64 = 6553.6;

/// A rain gauge.
#[derive(Debug)]
pub struct RainGauge {
    district: usize,
    /// Rain at the gauge for each millimetre on its district: hills and roofs.
    local: f64,
    bucket_mm: f64,
    tips: f64,
    counter: Option<f64>,
}

impl RainGauge {
    pub(super) fn new(district: usize, counter: bool, dice: &mut Dice) -> RainGauge {
        let local = dice.between(0.88, 1.12);
        let counter = counter.then(|| (dice.between(0.0, WRAP_MM) / TIP_MM).floor());
        RainGauge { district, local, bucket_mm: 0.0, tips: 0.0, counter }
    }

    pub(super) fn advance(&mut self, moment: &Moment<'_>) {
        self.bucket_mm += moment.rain_mm[self.district] * self.local;
        let tips = (self.bucket_mm / TIP_MM).floor();
        self.bucket_mm -= tips * TIP_MM;
        self.tips += tips;
    }

    pub(super) fn sample(&mut self, values: &mut Vec<f64>) {
        values.push(match &mut self.counter {
            None => self.tips * TIP_MM,
            Some(total) => {
                *total = (*total + self.tips).rem_euclid(WRAP_MM / TIP_MM);
                *total * TIP_MM
            }
        });
        self.tips = 0.0;
    }
}
