//! Faults: how a sensor stops telling the truth. Each stands between an honest instrument and the world.
//!
//! A fault is one file and one line in [`ALL`]. It takes one emission and lets none, one or several out. It knows the
//! truth only where the fault does (a gauge that drowns); it never decides when it begins: the plan does.

pub mod clock_skew;
pub mod drift;
pub mod drop_out;
pub mod duplicate;
pub mod late;
pub mod spike;
pub mod stuck;
pub mod sudden_death;

use crate::city::station::Station;
use crate::dice::Dice;
use crate::emission::{Emission, Values};
use bongsu_sensors::{Level, Time};

/// A way to fail.
#[derive(Debug)]
pub struct FaultKind {
    /// Its name.
    pub name: &'static str,
    /// Korean and English titles.
    pub title: (&'static str, &'static str),
    /// What it makes of one emission.
    apply: fn(&mut Ill, Emission, Option<f64>, &mut Vec<Emission>),
}

/// Every way to fail.
pub const ALL: &[&FaultKind] = &[
    &drop_out::FAULT,
    &drift::FAULT,
    &spike::FAULT,
    &stuck::FAULT,
    &duplicate::FAULT,
    &late::FAULT,
    &clock_skew::FAULT,
    &sudden_death::FAULT,
];

/// A fault of one station for some time.
#[derive(Clone, Debug)]
pub struct Fault {
    /// How it fails.
    pub kind: &'static FaultKind,
    /// The station's place in the city's stations.
    pub station: usize,
    /// From when.
    pub from: Time,
    /// Until when.
    pub until: Time,
}

impl FaultKind {
    /// The fault of this name.
    pub fn named(name: &str) -> Option<&'static FaultKind> {
        ALL.iter().copied().find(|kind| kind.name == name)
    }
}

/// A fault at work, with what it remembers.
#[derive(Debug)]
pub struct Ill {
    /// The fault.
    pub fault: Fault,
    /// How far a lie goes, in the unit of the station's first datastream: what lies between its levels.
    reach: f64,
    /// The limit near which water drowns it.
    drowns_at: Option<f64>,
    dice: Dice,
    /// Whether a wrong clock runs fast.
    fast: bool,
    held: Option<Values>,
    /// When it first touched an emission.
    pub began: Option<Time>,
    dead: bool,
}

impl Ill {
    /// A fault of a station, ready to work.
    pub fn new(fault: Fault, station: &Station, seed: u64) -> Ill {
        let mut dice = Dice::new(seed, &format!("fault {} {}", fault.kind.name, station.id));
        let limits = station.limit(Level::Advisory).zip(station.limit(Level::Warning));
        let reach = limits.map_or(10.0, |(low, high)| high - low);
        let drowns_at = limits.map(|(low, high)| low + 0.6 * (high - low));
        let fast = dice.chance(0.5);
        Ill { fault, reach, drowns_at, dice, fast, held: None, began: None, dead: false }
    }

    /// What becomes of an emission; `truth` is the true value of the station's first datastream.
    pub fn touch(&mut self, emission: Emission, truth: Option<f64>, out: &mut Vec<Emission>) {
        let now = emission.phenomenon;
        if now < self.fault.from || now >= self.fault.until {
            out.push(emission);
            return;
        }
        (self.fault.kind.apply)(self, emission, truth, out);
    }

    /// The first time it is called, remembers when.
    fn begin(&mut self, now: Time) {
        self.began.get_or_insert(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::city::{City, Size};
    use std::time::Duration;

    /// What a fault makes of an hour of a gauge that says 1.00, 1.01, … once a minute.
    fn hour_of(kind: &'static FaultKind) -> (Vec<Emission>, f64) {
        let city = City::build(1, Size::default());
        let station = city.gauges().next().expect("a gauge");
        let start = Time::from_millis(0);
        let minute = |m: u64| start + Duration::from_secs(60 * m);
        let mut ill =
            Ill::new(Fault { kind, station, from: minute(10), until: minute(50) }, &city.stations[station], 7);
        let reach = ill.reach;
        let mut out = Vec::new();
        let name = city.stations[station].streams[0].name;
        for m in 0..60 {
            let value = 1.0 + 0.01 * f64::from(u32::try_from(m).expect("small"));
            let values = std::iter::once((name, Some(value))).collect();
            let emission = Emission {
                due: minute(m) + Duration::from_secs(2),
                station: city.stations[station].id.clone(),
                phenomenon: minute(m),
                values,
            };
            ill.touch(emission, Some(value * 100.0), &mut out);
        }
        (out, reach)
    }

    /// The conformance test of the table: a fault changes what is said in its time, and nothing outside of it.
    #[test]
    fn every_fault_changes_its_own_time_only() {
        for kind in ALL {
            let (out, _) = hour_of(kind);
            let (honest, _) = hour_of(&NONE);
            assert!(!kind.title.0.is_empty() && FaultKind::named(kind.name).is_some());
            assert_ne!(out, honest, "{}", kind.name);
            let outside = |list: &[Emission]| -> Vec<Emission> {
                let lies = 10 * 60_000..50 * 60_000;
                let far = |e: &&Emission| !lies.contains(&e.phenomenon.millis()) && !lies.contains(&(e.due.millis()));
                list.iter().filter(far).cloned().collect()
            };
            assert_eq!(outside(&out), outside(&honest), "{}", kind.name);
        }
    }

    static NONE: FaultKind =
        FaultKind { name: "none", title: ("", ""), apply: |_, emission, _, out| out.push(emission) };

    #[test]
    fn each_fault_fails_in_its_own_way() {
        let (honest, _) = hour_of(&NONE);
        let values = |list: &[Emission]| -> Vec<f64> { list.iter().map(|e| e.values[0].1.expect("there")).collect() };
        assert!((10..55).contains(&hour_of(&drop_out::FAULT).0.len()));
        assert_eq!(hour_of(&sudden_death::FAULT).0.len(), 20);
        assert_eq!(hour_of(&duplicate::FAULT).0.len(), 100);
        let (stuck, _) = hour_of(&stuck::FAULT);
        assert!(values(&stuck)[10..50].windows(2).all(|pair| pair[0] == pair[1]));
        let (drift, reach) = hour_of(&drift::FAULT);
        let off = values(&drift)[49] - values(&honest)[49];
        assert!(off > 0.1 * reach && off < reach, "{off} of {reach}");
        let (spike, reach) = hour_of(&spike::FAULT);
        let jumps = values(&spike).iter().zip(values(&honest)).filter(|(a, b)| (*a - b).abs() > 0.9 * reach).count();
        assert!((1..20).contains(&jumps), "{jumps} spikes");
        let (late, _) = hour_of(&late::FAULT);
        assert_eq!(late.len(), 60);
        assert!(late.iter().any(|e| e.due.since(e.phenomenon) > Duration::from_secs(600)));
        let mut by_due = late.clone();
        by_due.sort_by_key(|e| e.due);
        assert!(by_due.windows(2).any(|pair| pair[1].phenomenon < pair[0].phenomenon), "none overtakes another");
        let (skew, _) = hour_of(&clock_skew::FAULT);
        assert!(skew[20].phenomenon != honest[20].phenomenon && skew[20].due == honest[20].due);
    }
}
