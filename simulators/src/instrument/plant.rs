//! City systems: web site, water main, ring road, metro, district heating. Quiet neighbours of the disasters: they feel
//! rain and power cuts, and otherwise follow the week.

use super::Moment;
use crate::city::station::Role;
use crate::dice::Dice;
use crate::rhythm::{cars_about, people_about};

/// A city system.
#[derive(Debug)]
pub struct Plant {
    role: Role,
    district: usize,
    wander: f64,
    rain_mm_h: f64,
    failures: f64,
}

impl Plant {
    pub(super) fn new(role: Role, district: usize) -> Plant {
        Plant { role, district, wander: 0.0, rain_mm_h: 0.0, failures: 0.0 }
    }

    pub(super) fn advance(&mut self, moment: &Moment<'_>, dice: &mut Dice) {
        self.wander = 0.98 * self.wander + 0.1 * dice.noise();
        self.rain_mm_h += (60.0 * moment.rain_mm[self.district] - self.rain_mm_h) / 15.0;
        self.failures += dice.waiting(0.4).floor();
    }

    pub(super) fn sample(&mut self, moment: &Moment<'_>, dice: &mut Dice, values: &mut Vec<f64>) {
        let people = people_about(moment.hour_of_week, moment.minute);
        let dark = moment.dark[self.district];
        match self.role {
            Role::Website => {
                values.push(f64::from(u8::from(!dark)));
                // Nobody answers in the dark: the probe waits until its own limit.
                let latency = 90.0 + 60.0 * people + 12.0 * self.wander + 6.0 * dice.noise();
                values.push(if dark { 10_000.0 } else { latency.max(20.0) });
                values.push(self.failures);
                self.failures = 0.0;
            }
            Role::WaterMain => {
                let flow = 260.0 + 420.0 * people + 15.0 * self.wander;
                let pumps = if dark { 0.55 } else { 1.0 };
                values.push((480.0 - 0.12 * flow + 4.0 * self.wander) * pumps + 1.5 * dice.noise());
                values.push(flow * pumps + 4.0 * dice.noise());
            }
            Role::Traffic => {
                let free = 78.0 - 38.0 * cars_about(moment.hour_of_week);
                let wet = 1.0 / (1.0 + self.rain_mm_h / 60.0);
                values.push((free * wet + 2.0 * self.wander + 2.0 * dice.noise()).max(3.0));
            }
            Role::Subway => {
                let late = 0.6 * people + self.rain_mm_h / 25.0 + 0.5 * self.wander.max(0.0);
                values.push((late + 0.2 * dice.noise()).max(0.0));
            }
            _ => {
                let winter = (12.0 - moment.air_c).max(0.0);
                values.push(88.0 + 1.1 * winter + self.wander + 0.2 * dice.noise());
                values.push((760.0 + 6.0 * self.wander) * if dark { 0.6 } else { 1.0 } + 2.0 * dice.noise());
            }
        }
    }
}
