//! A kiosk that lends portable chargers: stock, demand by the hour of the week, slots that warm while they charge, and
//! one that may burn.

use super::Moment;
use crate::dice::Dice;
use crate::rhythm::people_about;

/// A slot settles to its temperature with this time constant, minutes.
const SETTLES_MIN: f64 = 18.0;
/// Minutes to charge an empty bank.
const CHARGES_MIN: f64 = 150.0;
/// Above this a kiosk reports every minute, °C.
const HOT_C: f64 = 50.0;
/// Above this its electronics are gone, °C.
const BURNT_C: f64 = 190.0;
/// Its own battery lasts so long without mains, minutes.
const BATTERY_MIN: f64 = 150.0;

/// One slot.
#[derive(Clone, Debug, Default)]
struct Slot {
    unit: Option<u32>,
    charge: f64,
    celsius: f64,
    burning: bool,
}

/// A kiosk.
#[derive(Debug)]
pub struct Kiosk {
    station: usize,
    district: usize,
    popularity: f64,
    slots: Vec<Slot>,
    rentals: f64,
    battery_min: f64,
    burnt: bool,
    lent: Vec<u32>,
}

impl Kiosk {
    pub(super) fn new(station: usize, slots: usize, district: usize, dice: &mut Dice, first: &Moment<'_>) -> Kiosk {
        let stocked = slots - slots * 3 / 8;
        let popularity = dice.between(0.25, 0.9);
        let unit = |slot: usize| u32::try_from(station * 100 + slot).unwrap_or(0);
        let slots = (0..slots)
            .map(|slot| Slot {
                unit: (slot < stocked).then(|| unit(slot)),
                charge: dice.between(0.6, 1.0),
                celsius: first.air_c + 4.0,
                burning: false,
            })
            .collect();
        let lent = Vec::new();
        Kiosk { station, district, popularity, slots, rentals: 0.0, battery_min: BATTERY_MIN, burnt: false, lent }
    }

    pub(super) fn advance(&mut self, moment: &Moment<'_>, dice: &mut Dice) {
        if self.burnt {
            return;
        }
        let mains = !moment.dark[self.district];
        self.battery_min = if mains { BATTERY_MIN } else { (self.battery_min - 1.0).max(0.0) };
        for runaway in &moment.plan.runaways {
            if runaway.station == self.station && moment.now >= runaway.from {
                self.ignite(runaway.slot);
            }
        }
        self.warm(moment.air_c + 4.0, mains);
        let per_minute = self.popularity * people_about(moment.hour_of_week, moment.minute) / 60.0;
        if dice.chance(per_minute) && self.battery_min > 0.0 {
            self.lend();
        }
    }

    /// Marks a slot as burning; a slot that stands empty is given a bank first, for something must burn.
    fn ignite(&mut self, slot: usize) {
        let unit = u32::try_from(self.station * 100 + 99).unwrap_or(0);
        if let Some(slot) = self.slots.get_mut(slot)
            && !slot.burning
        {
            slot.unit = slot.unit.or(Some(unit));
            slot.charge = 0.95;
            slot.burning = true;
        }
    }

    fn warm(&mut self, around_c: f64, mains: bool) {
        let hottest = self.slots.iter().enumerate().max_by(|a, b| a.1.celsius.total_cmp(&b.1.celsius));
        let (hot_at, hot_c) = hottest.map_or((0, around_c), |(at, slot)| (at, slot.celsius));
        for (at, slot) in self.slots.iter_mut().enumerate() {
            let charges = mains && slot.unit.is_some() && slot.charge < 1.0;
            if charges {
                slot.charge = (slot.charge + 1.0 / CHARGES_MIN).min(1.0);
            }
            if slot.burning {
                slot.celsius = (slot.celsius + runaway_c_min(slot.celsius)).min(520.0);
                continue;
            }
            let heat = if charges { 8.0 } else { 0.8 };
            slot.celsius += (around_c + heat - slot.celsius) / SETTLES_MIN;
            // Heat of a burning slot reaches its neighbours, less the further they are.
            let far = at.abs_diff(hot_at);
            if hot_c > 80.0 && far > 0 {
                #[expect(clippy::cast_precision_loss, reason = "a kiosk has a handful of slots")]
                let share = 0.008 / far as f64;
                slot.celsius += share * (hot_c - slot.celsius);
            }
        }
        self.burnt = hot_c >= BURNT_C;
    }

    fn lend(&mut self) {
        let best = self
            .slots
            .iter_mut()
            .filter(|slot| slot.unit.is_some() && slot.charge > 0.5 && !slot.burning)
            .max_by(|a, b| a.charge.total_cmp(&b.charge));
        if let Some(slot) = best
            && let Some(unit) = slot.unit.take()
        {
            slot.charge = 0.0;
            self.rentals += 1.0;
            self.lent.push(unit);
        }
    }

    /// Banks lent since this was last asked.
    pub fn take_lent(&mut self) -> impl Iterator<Item = u32> + '_ {
        self.lent.drain(..)
    }

    /// Takes a bank back; false where every slot is full or the kiosk is dead.
    pub fn take_back(&mut self, unit: u32, charge: f64) -> bool {
        if self.burnt || self.battery_min <= 0.0 {
            return false;
        }
        match self.slots.iter_mut().find(|slot| slot.unit.is_none()) {
            Some(slot) => {
                slot.unit = Some(unit);
                slot.charge = charge;
                true
            }
            None => false,
        }
    }

    /// Banks in it, whatever their charge.
    pub fn stock(&self) -> usize {
        self.slots.iter().filter(|slot| slot.unit.is_some()).count()
    }

    /// Gives a bank to the one who evens out the kiosks; a burning one stays where it is.
    pub fn hand_over(&mut self) -> Option<u32> {
        if self.burnt {
            return None;
        }
        let mut slots = self.slots.iter_mut().filter(|slot| !slot.burning);
        slots.find_map(|slot| slot.unit.take())
    }

    /// Whether a slot is hot enough to report every minute.
    pub fn is_hot(&self) -> bool {
        self.slots.iter().any(|slot| slot.celsius > HOT_C)
    }

    pub(super) fn sample(&mut self, moment: &Moment<'_>, dice: &mut Dice, values: &mut Vec<f64>) -> bool {
        let mains = !moment.dark[self.district];
        let count = |want: bool| {
            let slots = self.slots.iter();
            f64::from(u32::try_from(slots.filter(|slot| slot.unit.is_some() == want).count()).unwrap_or(0))
        };
        let ready = self.slots.iter().filter(|slot| slot.unit.is_some() && slot.charge > 0.5).count();
        values.push(f64::from(u32::try_from(ready).unwrap_or(0)));
        values.push(count(false));
        values.push(self.rentals);
        values.push(f64::from(u8::from(mains)));
        values.push(10.5 + 2.1 * self.battery_min / BATTERY_MIN + 0.01 * dice.noise());
        self.rentals = 0.0;
        for slot in &self.slots {
            values.push(slot.celsius + 0.15 * dice.noise());
        }
        for slot in &self.slots {
            values.push((slot_v(slot) + if slot.unit.is_some() { 0.004 * dice.noise() } else { 0.0 }).max(0.0));
        }
        !self.burnt && self.battery_min > 0.0
    }
}

/// Cell voltage of the bank in a slot; it breaks down as the separator melts (about 130 °C).
fn slot_v(slot: &Slot) -> f64 {
    if slot.unit.is_none() {
        return 0.0;
    }
    let healthy = 3.5 + 0.65 * slot.charge;
    healthy * (1.0 - ((slot.celsius - 70.0) / 65.0).clamp(0.0, 1.0))
}

/// How fast a cell in thermal runaway warms, °C a minute.
///
/// # Source
/// The stages of lithium cells: slow self-heating, decomposition from 90 °C, melting separator from 130 °C, and then the
/// runaway proper.
fn runaway_c_min(celsius: f64) -> f64 {
    match celsius {
        c if c < 60.0 => 0.8,
        c if c < 90.0 => 1.8,
        c if c < 130.0 => 5.0,
        _ => 28.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runaway_takes_under_two_hours_and_its_voltage_falls() {
        let (mut slot, mut minutes) = (Slot { unit: Some(1), charge: 1.0, celsius: 30.0, burning: true }, 0);
        let healthy = slot_v(&slot);
        while slot.celsius < BURNT_C {
            slot.celsius += runaway_c_min(slot.celsius);
            minutes += 1;
        }
        assert!((30..120).contains(&minutes), "{minutes} minutes");
        assert!(healthy > 4.0 && slot_v(&slot) < 0.1);
    }
}
