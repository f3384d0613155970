//! The city in motion: minute by minute, weather makes water, water moves instruments, instruments speak, faults garble.
//!
//! A pure function of (city, scenario, settings, start): no clock, no global randomness, the same emissions however the
//! time is cut into steps. Start at [`Simulation::step_until`].

use crate::city::City;
use crate::device::{self, Device};
use crate::dice::Dice;
use crate::emission::{Emission, EventEmission, Lending, Telegram};
use crate::fault::{Fault, FaultKind, Ill};
use crate::instrument::{Instrument, Moment};
use crate::lending::{GROUP, Loans};
use crate::scenario::{Plan, Scenario, before};
use crate::truth::Truth;
use crate::water::Water;
use crate::weather::{MINUTE_MS, Weather, hour_of_week};
use bongsu_sensors::{StationId, Time};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// What a run may change about a scenario.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Decides place and time of everything.
    pub seed: u64,
    /// Multiplies all rain.
    pub rain: f64,
    /// Faults beside those of the scenario.
    pub faults: Vec<FaultOrder>,
    /// Every station sends once each so long (whole minutes), whatever its own cadence: for load.
    pub cadence: Option<Duration>,
    /// So long before the scenario the city begins, with weather of its own.
    pub before: Duration,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { seed: 1, rain: 1.0, faults: Vec::new(), cadence: None, before: Duration::ZERO }
    }
}

/// A fault asked for by the one who runs the simulation.
#[derive(Clone, Debug)]
pub struct FaultOrder {
    /// How to fail.
    pub kind: &'static FaultKind,
    /// The station; `None`: a river gauge the seed picks.
    pub station: Option<String>,
    /// How long after the start it begins.
    pub after: Duration,
    /// How long it lasts.
    pub lasting: Duration,
}

/// Why a simulation cannot start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// A fault names a station that is not there.
    #[error("the city has no station {0:?}; name one of its stations.toml")]
    NoStation(String),
    /// The rain is no number of at least zero.
    #[error("rain must be 0 or more, 1 is as the scenario has it")]
    Rain,
}

/// A running city.
#[derive(Debug)]
pub struct Simulation {
    city: Arc<City>,
    plan: Plan,
    weather: Weather,
    water: Water,
    devices: Vec<Device>,
    kiosks: Vec<usize>,
    loans: Loans,
    ill: BTreeMap<usize, Vec<Ill>>,
    dark: Vec<bool>,
    truth: Truth,
    next: Time,
    rain_mm: Vec<f64>,
    rained_mm: Vec<f64>,
    pending: Vec<Emission>,
    events: Vec<EventEmission>,
    scratch: Vec<f64>,
    out: Vec<Emission>,
}

impl Simulation {
    /// A city before its first minute. The scenario counts from `start` on.
    ///
    /// # Errors
    /// The settings ask for what cannot be.
    pub fn new(
        city: impl Into<Arc<City>>,
        scenario: &Scenario,
        settings: &Settings,
        start: Time,
    ) -> Result<Simulation, SetupError> {
        let city: Arc<City> = city.into();
        if !(settings.rain.is_finite() && settings.rain >= 0.0) {
            return Err(SetupError::Rain);
        }
        let seed = settings.seed;
        let mut plan = scenario.plan(&city, start, seed);
        plan.faults.extend(ordered_faults(&city, settings, start)?);
        let begins = start - settings.before;
        plan.cells.extend(before::rain(&city, begins, start, seed));
        let weather = Weather::new(&city, seed, settings.rain, plan.cells.clone(), plan.showers);
        let water = Water::new(&city.ground.districts, &city.reaches, plan.wetness, plan.filled);
        let next = Time::from_millis(-(-begins.millis()).div_euclid(MINUTE_MS) * MINUTE_MS);
        let dark = vec![false; city.ground.districts.len()];
        let rain_mm = vec![0.0; city.ground.districts.len() + 1];
        let (hour_of_week, minute) = hour_of_week(next);
        let first = Moment {
            now: next,
            city: &city,
            plan: &plan,
            rain_mm: &rain_mm,
            air_c: weather.air_c(next),
            water: &water,
            hour_of_week,
            minute,
            dark: &dark,
        };
        let devices = device::all(&city, seed, settings.cadence, &first);
        let kiosks: Vec<usize> = (0..devices.len()).filter(|at| devices[*at].kiosk.is_some()).collect();
        let mut ill: BTreeMap<usize, Vec<Ill>> = BTreeMap::new();
        for fault in &plan.faults {
            ill.entry(fault.station).or_default().push(Ill::new(fault.clone(), &city.stations[fault.station], seed));
        }
        let (truth, loans) = (Truth::new(&city, &plan), Loans::new(seed, kiosks.len()));
        let rained_mm = vec![0.0; rain_mm.len()];
        Ok(Simulation {
            city,
            plan,
            weather,
            water,
            devices,
            kiosks,
            loans,
            ill,
            dark,
            truth,
            next,
            rain_mm,
            rained_mm,
            pending: Vec::new(),
            events: Vec::new(),
            scratch: Vec::new(),
            out: Vec::new(),
        })
    }

    /// Moves the city to `t` and appends everything that is due by then, in the order it is sent.
    pub fn step_until(&mut self, t: Time, out: &mut Vec<Emission>) {
        while self.next <= t {
            // Nothing that a later minute makes can be due before that minute.
            self.flush(Time::from_millis(self.next.millis() - 1), out);
            self.minute();
        }
        self.flush(t, out);
    }

    /// Lending events due by `t`, in the order they are sent; call it after [`Simulation::step_until`] with the same `t`.
    pub fn take_events(&mut self, t: Time) -> Vec<EventEmission> {
        self.events.sort_by(|a, b| a.due.cmp(&b.due).then_with(|| a.id.cmp(&b.id)));
        let due = self.events.partition_point(|event| event.due <= t);
        self.events.drain(..due).collect()
    }

    /// Moves the city to `t` and appends every message that is due by then, in the order they are sent.
    pub fn speak_until(&mut self, t: Time, out: &mut Vec<Telegram>) {
        let mut emissions = Vec::new();
        self.step_until(t, &mut emissions);
        out.extend(emissions.into_iter().map(Telegram::from));
        out.extend(self.take_events(t).into_iter().map(Telegram::from));
        out.sort_by_key(|said| said.due);
    }

    /// The next minute that has not passed yet.
    pub fn next_minute(&self) -> Time {
        self.next
    }

    /// What is really true.
    pub fn truth(&self) -> &Truth {
        &self.truth
    }

    /// Faults that have touched something so far: the station, the fault's name, and when it first did. A gauge that
    /// drowns dies later than its plan begins.
    pub fn faults_begun(&self) -> Vec<(StationId, &'static str, Time)> {
        let of = |ill: &Ill| Some((self.city.stations[ill.fault.station].id.clone(), ill.fault.kind.name, ill.began?));
        self.ill.values().flatten().filter_map(of).collect()
    }

    /// The city.
    pub fn city(&self) -> &Arc<City> {
        &self.city
    }

    /// What the scenario has in store.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The water of the city as it is now.
    pub fn water(&self) -> &Water {
        &self.water
    }

    /// Rain so far, mm, on each district and, last, above the dam.
    pub fn rained_mm(&self) -> &[f64] {
        &self.rained_mm
    }

    /// Power banks that are out.
    pub fn banks_out(&self) -> usize {
        self.loans.count()
    }

    fn flush(&mut self, until: Time, out: &mut Vec<Emission>) {
        if self.pending.is_empty() {
            return;
        }
        // Stable, so that what is due at once leaves in the order it was made.
        self.pending.sort_by_key(|emission| emission.due);
        let due = self.pending.partition_point(|emission| emission.due <= until);
        out.extend(self.pending.drain(..due));
    }

    fn minute(&mut self) {
        let now = self.next;
        self.weather.step(now, &mut self.rain_mm);
        for (sum, rain) in self.rained_mm.iter_mut().zip(&self.rain_mm) {
            *sum += rain;
        }
        self.water.step(&self.city.reaches, &self.rain_mm, self.plan.release_at(now));
        for (district, dark) in self.dark.iter_mut().enumerate() {
            let hits = |cut: &crate::scenario::Blackout| cut.district == district && cut.from <= now && now < cut.until;
            *dark = self.plan.blackouts.iter().any(hits);
        }
        self.bring_back(now);
        if hour_of_week(now) == (hour_of_week(now).0 / 24 * 24 + 4, 0) {
            self.even_out_kiosks();
        }
        self.move_instruments(now);
        self.truth.end_minute();
        self.next = now + Duration::from_secs(60);
    }

    /// Banks whose bearers have arrived go back into a kiosk, or on to the next one.
    fn bring_back(&mut self, now: Time) {
        while let Some(loan) = self.loans.next_back(now) {
            let at = self.kiosks[loan.kiosk];
            let device = &mut self.devices[at];
            let taken = match &mut device.instrument {
                Instrument::Kiosk(kiosk) => kiosk.take_back(loan.unit, device.dice.between(0.02, 0.5)),
                _ => false,
            };
            if taken {
                self.tell(at, now, loan.unit, loan.token, Lending::Returned);
            } else {
                self.loans.walk_on(loan);
            }
        }
    }

    /// Every night a van evens out the stock of neighbouring kiosks, as operators of lending systems do.
    fn even_out_kiosks(&mut self) {
        for group in self.kiosks.chunks(GROUP) {
            for _ in 0..32 {
                let stock = |at: &usize| match &self.devices[*at].instrument {
                    Instrument::Kiosk(kiosk) => kiosk.stock(),
                    _ => 0,
                };
                let most = group.iter().copied().max_by_key(stock);
                let least = group.iter().copied().min_by_key(stock);
                let (Some(most), Some(least)) = (most, least) else { break };
                if stock(&most) < stock(&least) + 2 || !device::move_bank(&mut self.devices, most, least) {
                    break;
                }
            }
        }
    }

    fn tell(&mut self, at: usize, now: Time, unit: u32, token: u64, what: Lending) {
        let token = format!("{token:016x}");
        self.events.push(EventEmission {
            due: now + Duration::from_millis(400 + u64::from(unit % 600)),
            station: self.city.stations[at].id.clone(),
            id: format!("{token}-{}", what.name()),
            phenomenon: now,
            what,
            unit: format!("PB-{unit:06}"),
            token,
        });
    }

    fn move_instruments(&mut self, now: Time) {
        let (hour_of_week, minute) = hour_of_week(now);
        let city = Arc::clone(&self.city);
        let moment = Moment {
            now,
            city: &city,
            plan: &self.plan,
            rain_mm: &self.rain_mm,
            air_c: self.weather.air_c(now),
            water: &self.water,
            hour_of_week,
            minute,
            dark: &self.dark,
        };
        let clock = now.millis().div_euclid(MINUTE_MS);
        let mut lent: Vec<(usize, u32)> = Vec::new();
        for (at, device) in self.devices.iter_mut().enumerate() {
            device.instrument.advance(&moment, &mut device.dice);
            let truth = device.instrument.truth();
            if let Some(value) = truth {
                self.truth.note(&city, at, now, value);
            }
            if let Instrument::Kiosk(kiosk) = &mut device.instrument {
                lent.extend(kiosk.take_lent().map(|unit| (at, unit)));
            }
            if (clock - device.phase).rem_euclid(device.every) != 0 && !device.instrument.is_urgent() {
                continue;
            }
            self.scratch.clear();
            if !device.instrument.sample(&moment, &mut device.dice, &mut self.scratch) {
                continue;
            }
            let emission = device::spoken(&city, at, device, now, &self.scratch);
            match self.ill.get_mut(&at) {
                None => self.pending.push(emission),
                Some(ills) => garble(ills, emission, truth, &mut self.pending, &mut self.out),
            }
        }
        for (at, unit) in lent {
            if let Some(kiosk) = self.devices[at].kiosk {
                let loan = self.loans.lend(now, unit, kiosk);
                self.tell(at, now, unit, loan.token, Lending::Lent);
            }
        }
    }
}

/// Passes an emission through the faults of its station, one after another.
fn garble(
    ills: &mut [Ill],
    first: Emission,
    truth: Option<f64>,
    pending: &mut Vec<Emission>,
    buffer: &mut Vec<Emission>,
) {
    let mut list = vec![first];
    for ill in ills {
        buffer.clear();
        for emission in list.drain(..) {
            ill.touch(emission, truth, buffer);
        }
        std::mem::swap(&mut list, buffer);
    }
    pending.append(&mut list);
}

fn ordered_faults(city: &City, settings: &Settings, start: Time) -> Result<Vec<Fault>, SetupError> {
    let gauges: Vec<usize> = city.gauges().collect();
    let mut dice = Dice::new(settings.seed, "ordered faults");
    let mut faults = Vec::with_capacity(settings.faults.len());
    for order in &settings.faults {
        let picked = gauges.get(dice.pick(gauges.len())).copied();
        let station = match &order.station {
            Some(name) => city.station_named(name).ok_or_else(|| SetupError::NoStation(name.clone()))?,
            None => picked.unwrap_or(0),
        };
        let from = start + order.after;
        faults.push(Fault { kind: order.kind, station, from, until: from + order.lasting });
    }
    Ok(faults)
}
