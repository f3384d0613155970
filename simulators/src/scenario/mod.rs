//! Scenarios: what the weather, the dam, a bridge, a battery or a fault does, never what is to be warned of.
//!
//! A scenario is one file and one line in [`ALL`]. It writes a [`Plan`] of causes; the seed decides place and time.

mod bridge_damage;
mod calm;
mod charger_fire;
mod dam_release;
mod flash_flood;
mod lying_sensor;
mod outage;
mod storm;

// The days before it.
pub mod before;

use crate::city::City;
use crate::dice::Dice;
use crate::fault::Fault;
use crate::weather::Cell;
use bongsu_sensors::Time;
use std::time::Duration;

/// A course of causes.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Its name on the command line.
    pub name: &'static str,
    /// Korean and English titles.
    pub title: (&'static str, &'static str),
    /// What will happen, in one sentence, in Korean and English.
    pub story: (&'static str, &'static str),
    /// Writes the plan; `dice` are the scenario's own.
    plan: fn(&City, Time, &mut Dice) -> Plan,
}

/// Every scenario.
pub const ALL: &[Scenario] = &[
    calm::SCENARIO,
    storm::SCENARIO,
    flash_flood::SCENARIO,
    dam_release::SCENARIO,
    bridge_damage::SCENARIO,
    charger_fire::SCENARIO,
    outage::SCENARIO,
    lying_sensor::SCENARIO,
];

impl Scenario {
    /// The scenario of this name.
    pub fn named(name: &str) -> Option<&'static Scenario> {
        ALL.iter().find(|scenario| scenario.name == name)
    }

    /// What it has in store for a city from `start` on.
    pub fn plan(&self, city: &City, start: Time, seed: u64) -> Plan {
        (self.plan)(city, start, &mut Dice::new(seed, &format!("scenario {}", self.name)))
    }
}

/// Causes, in virtual time.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Rain cells.
    pub cells: Vec<Cell>,
    /// Whether calm-weather showers pass too.
    pub showers: bool,
    /// How full the soil is at the start, 0 to 1.
    pub wetness: f64,
    /// How full the reservoir is at the start, 0 to 1.
    pub filled: f64,
    /// Release ordered from the dam: corners of a line of (moment, m³/s); empty where nothing is ordered.
    pub release: Vec<(Time, f64)>,
    /// Damage to bridges.
    pub damages: Vec<Damage>,
    /// Batteries that go into thermal runaway.
    pub runaways: Vec<Runaway>,
    /// Districts that lose their mains power.
    pub blackouts: Vec<Blackout>,
    /// Sensors that fail or lie.
    pub faults: Vec<Fault>,
}

impl Default for Plan {
    fn default() -> Plan {
        Plan {
            cells: Vec::new(),
            showers: true,
            wetness: 0.33,
            filled: 0.6,
            release: Vec::new(),
            damages: Vec::new(),
            runaways: Vec::new(),
            blackouts: Vec::new(),
            faults: Vec::new(),
        }
    }
}

impl Plan {
    /// The release ordered at a moment, m³/s.
    pub fn release_at(&self, now: Time) -> Option<f64> {
        let after = self.release.iter().position(|(at, _)| *at > now)?;
        let (from, low) = *self.release.get(after.checked_sub(1)?)?;
        let (until, high) = self.release[after];
        let share = now.since(from).as_secs_f64() / until.since(from).as_secs_f64().max(1.0);
        Some(low + (high - low) * share)
    }
}

/// A pier that settles, and goes on settling ever faster.
#[derive(Clone, Debug)]
pub struct Damage {
    /// The bridge's place in the city's stations.
    pub station: usize,
    /// When the pier gives way.
    pub from: Time,
    /// Tilt of the first settlement, degrees.
    pub step_deg: f64,
    /// Hours until the creep that follows would end in failure.
    pub fails_after_h: f64,
    /// Shake of the first settlement, cm/s².
    pub jolt_gal: f64,
}

impl Damage {
    /// Minutes since it began; negative before.
    pub fn minutes_since(&self, now: Time) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a scenario lasts days")]
        let minutes = (now.millis() - self.from.millis()) as f64 / 60_000.0;
        minutes
    }

    /// Tilt it adds so many minutes after its beginning, degrees.
    ///
    /// # Source
    /// A settlement over ten minutes, then creep whose inverse velocity falls linearly to zero (Fukuzono 1985; Voight
    /// 1989): `d = A·ln(t_f / (t_f − t))`. It ends at four times the first settlement: the pier stands on its footing.
    pub fn tilt_deg(&self, minutes: f64) -> f64 {
        if minutes <= 0.0 {
            return 0.0;
        }
        let settled = self.step_deg * (minutes / 10.0).min(1.0);
        let share = (minutes / 60.0 / self.fails_after_h).min(0.999);
        let creep = 0.5 * self.step_deg * (1.0 / (1.0 - share)).ln();
        settled + creep.min(3.0 * self.step_deg)
    }
}

/// A battery bank that overheats.
#[derive(Clone, Debug)]
pub struct Runaway {
    /// The kiosk's place in the city's stations.
    pub station: usize,
    /// Its slot, from 0.
    pub slot: usize,
    /// When it begins to heat by itself.
    pub from: Time,
}

/// A power cut.
#[derive(Clone, Debug)]
pub struct Blackout {
    /// The district.
    pub district: usize,
    /// When the lights go out.
    pub from: Time,
    /// When they return.
    pub until: Time,
}

/// A moment between so many hours after `start`.
fn hours_after(start: Time, low: f64, high: f64, dice: &mut Dice) -> Time {
    start + Duration::from_secs_f64(dice.between(low, high) * 3600.0)
}

/// The places of the stations that satisfy a condition.
fn stations_where(city: &City, wanted: impl Fn(&crate::city::station::Role) -> bool) -> Vec<usize> {
    (0..city.stations.len()).filter(|at| wanted(&city.stations[*at].role)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::city::Size;

    /// The conformance test of the table: every scenario has words, a plan, and a plan that the seed moves.
    #[test]
    fn every_scenario_is_complete() {
        let start = Time::parse("2026-07-08T00:00:00Z").expect("a time");
        for (at, scenario) in ALL.iter().enumerate() {
            let name = scenario.name;
            assert_eq!(ALL.iter().position(|other| other.name == name), Some(at), "{name} stands twice");
            assert!(Scenario::named(name).is_some());
            for text in [scenario.title.0, scenario.title.1, scenario.story.0, scenario.story.1] {
                assert!(!text.is_empty(), "{name}");
                assert!(!["주의보", "경보", "특보", "속보"].iter().any(|word| text.contains(word)), "{name}: {text}");
            }
            let plans: Vec<String> = (0..4)
                .map(|seed| format!("{:?}", scenario.plan(&City::build(1, Size::default()), start, seed)))
                .collect();
            assert!(
                name == "calm" || plans[1..].iter().any(|plan| *plan != plans[0]),
                "{name} is the same for every seed"
            );
            let again = format!("{:?}", scenario.plan(&City::build(1, Size::default()), start, 0));
            assert_eq!(again, plans[0], "{name}");
        }
    }
}
