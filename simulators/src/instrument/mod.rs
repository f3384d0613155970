//! Instruments: what stands at each station, moves with the city's water, weather and people, and says what it measures.
//!
//! An instrument is honest: it knows the truth ([`Instrument::truth`]) and adds only its own noise. Lies are the business
//! of `fault`. Start at [`Instrument::advance`] (a minute passes) and [`Instrument::sample`] (it is asked to speak).

pub mod kiosk;

mod bridge;
mod drain;
mod plant;
mod rain;
mod river;
mod slope;
mod wifi;

use crate::city::City;
use crate::city::station::{Role, Station};
use crate::dice::Dice;
use crate::scenario::Plan;
use crate::water::Water;
use bongsu_sensors::Time;

/// The city at one minute, as an instrument sees it.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    /// The minute.
    pub now: Time,
    /// The city.
    pub city: &'a City,
    /// What the scenario has in store.
    pub plan: &'a Plan,
    /// Rain of this minute on each district, mm.
    pub rain_mm: &'a [f64],
    /// Air temperature, °C.
    pub air_c: f64,
    /// All water.
    pub water: &'a Water,
    /// Hour of the local week, from Monday midnight.
    pub hour_of_week: usize,
    /// Minute of that hour.
    pub minute: u32,
    /// Districts without mains power.
    pub dark: &'a [bool],
}

/// What stands at a station.
#[derive(Debug)]
pub enum Instrument {
    /// A rain gauge.
    Rain(rain::RainGauge),
    /// A river gauge.
    Gauge(river::Gauge),
    /// The dam.
    Dam(river::DamGauge),
    /// The tide gauge.
    Tide(river::TideGauge),
    /// Sewer, road or underpass.
    Drain(drain::Drain),
    /// A bridge.
    Bridge(bridge::Bridge),
    /// A slope.
    Slope(slope::Slope),
    /// A charger kiosk.
    Kiosk(Box<kiosk::Kiosk>),
    /// A WiFi site.
    Wifi(wifi::Wifi),
    /// A city system.
    Plant(plant::Plant),
}

impl Instrument {
    /// The instrument of the station at this place of the city.
    pub fn new(at: usize, station: &Station, dice: &mut Dice, first: &Moment<'_>) -> Instrument {
        match station.role {
            Role::Rain { counter } => Instrument::Rain(rain::RainGauge::new(station.district, counter, dice)),
            Role::Gauge { reach, along, rating, tide_m } => {
                Instrument::Gauge(river::Gauge::new(reach, along, rating, tide_m, station.streams.len() > 2))
            }
            Role::Dam => Instrument::Dam(river::DamGauge::default()),
            Role::Tide => Instrument::Tide(river::TideGauge::default()),
            Role::Sewer { .. } | Role::Road { .. } | Role::Underpass { .. } => {
                Instrument::Drain(drain::Drain::new(station.role, station.district, dice))
            }
            Role::Bridge { .. } => Instrument::Bridge(bridge::Bridge::new(at, dice, first.air_c)),
            Role::Slope { critical_kpa } => Instrument::Slope(slope::Slope::new(station.district, critical_kpa, dice)),
            Role::Charger { slots } => {
                Instrument::Kiosk(Box::new(kiosk::Kiosk::new(at, slots, station.district, dice, first)))
            }
            Role::Wifi { busy } => Instrument::Wifi(wifi::Wifi::new(busy, station.district, dice)),
            Role::Website | Role::WaterMain | Role::Traffic | Role::Subway | Role::Heat => {
                Instrument::Plant(plant::Plant::new(station.role, station.district))
            }
        }
    }

    /// One minute passes.
    pub fn advance(&mut self, moment: &Moment<'_>, dice: &mut Dice) {
        match self {
            Instrument::Rain(gauge) => gauge.advance(moment),
            Instrument::Gauge(gauge) => gauge.advance(moment),
            Instrument::Dam(dam) => dam.advance(moment),
            Instrument::Tide(tide) => tide.advance(moment),
            Instrument::Drain(drain) => drain.advance(moment, dice),
            Instrument::Bridge(bridge) => bridge.advance(moment),
            Instrument::Slope(slope) => slope.advance(moment),
            Instrument::Kiosk(kiosk) => kiosk.advance(moment, dice),
            Instrument::Wifi(wifi) => wifi.advance(moment, dice),
            Instrument::Plant(plant) => plant.advance(moment, dice),
        }
    }

    /// The true value of the station's first datastream, where danger has levels for it.
    pub fn truth(&self) -> Option<f64> {
        match self {
            Instrument::Gauge(gauge) => Some(gauge.stage_m),
            Instrument::Dam(dam) => Some(dam.level_m),
            Instrument::Tide(tide) => Some(tide.level_m),
            Instrument::Drain(drain) => Some(drain.value),
            Instrument::Bridge(bridge) => Some(bridge.tilt_deg),
            Instrument::Slope(slope) => Some(slope.tilt_deg),
            Instrument::Rain(_) | Instrument::Kiosk(_) | Instrument::Wifi(_) | Instrument::Plant(_) => None,
        }
    }

    /// Says its values in the order of the station's datastreams; false where it is silent (no power, burnt).
    pub fn sample(&mut self, moment: &Moment<'_>, dice: &mut Dice, values: &mut Vec<f64>) -> bool {
        match self {
            Instrument::Rain(gauge) => gauge.sample(values),
            Instrument::Gauge(gauge) => gauge.sample(moment, dice, values),
            Instrument::Dam(dam) => dam.sample(moment, dice, values),
            Instrument::Tide(tide) => tide.sample(dice, values),
            Instrument::Drain(drain) => return drain.sample(moment, dice, values),
            Instrument::Bridge(bridge) => bridge.sample(moment, dice, values),
            Instrument::Slope(slope) => slope.sample(dice, values),
            Instrument::Kiosk(kiosk) => return kiosk.sample(moment, dice, values),
            Instrument::Wifi(wifi) => return wifi.sample(moment, dice, values),
            Instrument::Plant(plant) => plant.sample(moment, dice, values),
        }
        true
    }

    /// Whether it speaks every minute now, whatever its cadence.
    pub fn is_urgent(&self) -> bool {
        matches!(self, Instrument::Kiosk(kiosk) if kiosk.is_hot())
    }
}
