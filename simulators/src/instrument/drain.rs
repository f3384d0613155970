//! Where rain goes that the ground does not take: sewers that fill, low roads and underpasses that flood.

use super::Moment;
use crate::city::station::Role;
use crate::dice::Dice;

/// Rain takes so long from the roofs to the drain, minutes.
const RUN_IN_MIN: f64 = 8.0;
/// Flow over bankfull from which a river enters an underpass beside it.
const OVERTOPS: f64 = 1.3;
/// Deepest a road or underpass can stand, cm: then water runs on elsewhere.
const ROAD_FULL_CM: f64 = 120.0;
const UNDERPASS_FULL_CM: f64 = 430.0;

/// A sewer, a low road or an underpass.
#[derive(Debug)]
pub struct Drain {
    role: Role,
    district: usize,
    local: f64,
    running_mm_min: f64,
    stands_mm: f64,
    river_cm: f64,
    /// True value of its first datastream: m in a sewer, cm on a road and in an underpass.
    pub value: f64,
    barrier_closed: bool,
    barrier_minutes: u32,
    barrier_delay: u32,
}

impl Drain {
    pub(super) fn new(role: Role, district: usize, dice: &mut Dice) -> Drain {
        Drain {
            role,
            district,
            local: dice.between(0.9, 1.15),
            running_mm_min: 0.0,
            stands_mm: 0.0,
            river_cm: 0.0,
            value: 0.0,
            barrier_closed: false,
            barrier_minutes: 0,
            barrier_delay: 2 + u32::try_from(dice.pick(5)).unwrap_or(0),
        }
    }

    pub(super) fn advance(&mut self, moment: &Moment<'_>, _dice: &mut Dice) {
        let rain = moment.rain_mm[self.district] * self.local;
        self.running_mm_min += (rain - self.running_mm_min) / RUN_IN_MIN;
        let carries = match self.role {
            Role::Sewer { drain_mm_h, .. } | Role::Road { drain_mm_h, .. } | Role::Underpass { drain_mm_h, .. } => {
                drain_mm_h / 60.0
            }
            _ => return,
        };
        // What the drain cannot carry stands; it leaves through what the drain has to spare.
        self.stands_mm = (self.stands_mm + self.running_mm_min - carries).max(0.0);
        match self.role {
            Role::Sewer { pipe_m, .. } => {
                let full = (self.running_mm_min / carries).min(1.0);
                let surcharge = 1.4 * (1.0 - (-self.stands_mm / 25.0).exp());
                self.value = pipe_m * (0.06 + 0.82 * full.powf(0.6) + surcharge);
            }
            Role::Road { gather, .. } => self.value = (self.stands_mm * gather / 10.0).min(ROAD_FULL_CM),
            Role::Underpass { gather, reach, automatic, .. } => {
                let bankfull = moment.city.bankfull_m3s[reach][1];
                let over = (moment.water.channels[reach].outflow / bankfull - OVERTOPS).max(0.0);
                self.river_cm = (self.river_cm + 6.0 * over - if over > 0.0 { 0.0 } else { 0.4 }).max(0.0);
                self.value = (self.stands_mm * gather / 10.0 + self.river_cm).min(UNDERPASS_FULL_CM);
                self.move_barrier(automatic);
            }
            _ => {}
        }
    }

    /// An automatic barrier closes some minutes after 15 cm and opens half an hour after the water has gone.
    fn move_barrier(&mut self, automatic: bool) {
        let wants = if self.barrier_closed { self.value > 2.0 } else { automatic && self.value >= 15.0 };
        if wants == self.barrier_closed {
            self.barrier_minutes = 0;
            return;
        }
        self.barrier_minutes += 1;
        let after = if wants { self.barrier_delay } else { 30 };
        if self.barrier_minutes >= after {
            self.barrier_closed = wants;
            self.barrier_minutes = 0;
        }
    }

    pub(super) fn sample(&mut self, moment: &Moment<'_>, dice: &mut Dice, values: &mut Vec<f64>) -> bool {
        match self.role {
            Role::Underpass { .. } => {
                // Depth sensors of underpasses have their own battery: they must speak when the lights go out.
                values.push((self.value + 0.15 * dice.noise()).max(0.0));
                values.push(f64::from(u8::from(self.barrier_closed)));
                true
            }
            Role::Sewer { .. } => {
                values.push((self.value + 0.008 * dice.noise()).max(0.0));
                !moment.dark[self.district]
            }
            _ => {
                values.push((self.value + 0.12 * dice.noise()).max(0.0));
                !moment.dark[self.district]
            }
        }
    }
}
