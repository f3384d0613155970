//! A public WiFi site: clients come and go with the hour, and now and then it restarts.

use super::Moment;
use crate::dice::Dice;
use crate::rhythm::people_about;

/// Probability of a restart in any minute: about two in a month.
const RESTARTS: f64 = 2.0 / 43_200.0;

/// A WiFi site.
#[derive(Debug)]
pub struct Wifi {
    busy: f64,
    district: usize,
    watched: bool,
    crowd: f64,
    down_minutes: u32,
}

impl Wifi {
    pub(super) fn new(busy: f64, district: usize, dice: &mut Dice) -> Wifi {
        // Half of the sites are reported by a controller elsewhere, which can say that they are down.
        Wifi { busy, district, watched: dice.chance(0.5), crowd: 0.0, down_minutes: 0 }
    }

    pub(super) fn advance(&mut self, moment: &Moment<'_>, dice: &mut Dice) {
        self.crowd = 0.97 * self.crowd + 0.05 * dice.noise();
        self.down_minutes = self.down_minutes.saturating_sub(1);
        if dice.chance(RESTARTS) {
            self.down_minutes = 4;
        }
        if moment.dark[self.district] {
            self.down_minutes = 3;
        }
    }

    pub(super) fn sample(&mut self, moment: &Moment<'_>, dice: &mut Dice, values: &mut Vec<f64>) -> bool {
        let up = self.down_minutes == 0;
        let people = people_about(moment.hour_of_week, moment.minute);
        let clients = self.busy * people * (1.0 + self.crowd) + 2.0 * dice.noise();
        values.push(f64::from(u8::from(up)));
        values.push(if up { clients.max(0.0) } else { 0.0 });
        self.watched || !moment.dark[self.district]
    }
}
