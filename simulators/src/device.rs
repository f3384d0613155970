//! A device: an instrument with its own dice and rhythm, and the message it makes of a measurement.

use crate::city::City;
use crate::city::station::{Role, Station, Stream};
use crate::dice::Dice;
use crate::emission::{Emission, Values};
use crate::instrument::{Instrument, Moment};
use bongsu_sensors::Time;
use std::time::Duration;

/// One instrument with its own dice.
#[derive(Debug)]
pub struct Device {
    pub instrument: Instrument,
    pub dice: Dice,
    /// Minutes between two messages, and on which of them it speaks.
    pub every: i64,
    pub phase: i64,
    /// Seconds within the minute at which it measures, and milliseconds it takes to send.
    second_ms: i64,
    latency_ms: f64,
    pub kiosk: Option<usize>,
}

/// The message of a device that has just measured.
pub fn spoken(city: &City, at: usize, device: &mut Device, now: Time, measured: &[f64]) -> Emission {
    let station = &city.stations[at];
    let rounded = |(stream, value): (&Stream, &f64)| {
        // Devices say no more digits than they know; one over the resolution is a whole number for every kind.
        let parts = (1.0 / stream.name.kind().resolution).round().max(1.0);
        let value = (value * parts).round() / parts;
        // Minus zero is no reading.
        (stream.name, value.is_finite().then_some(value + 0.0))
    };
    let values: Values = station.streams.iter().zip(measured).map(rounded).collect();
    let phenomenon = Time::from_millis(now.millis() + device.second_ms);
    #[expect(clippy::cast_possible_truncation, reason = "a few seconds in milliseconds")]
    let latency = (device.latency_ms * (1.0 + 0.3 * device.dice.noise())).max(20.0) as i64;
    Emission { due: Time::from_millis(phenomenon.millis() + latency), station: station.id.clone(), phenomenon, values }
}

/// The devices of a city at its first moment; `cadence` overrides how often each of them speaks.
pub fn all(city: &City, seed: u64, cadence: Option<Duration>, first: &Moment<'_>) -> Vec<Device> {
    let mut kiosks = 0..;
    let each = |(at, station): (usize, &Station)| {
        let mut dice = Dice::new(seed, station.id.as_str());
        let instrument = Instrument::new(at, station, &mut dice, first);
        let override_min = cadence.map(|cadence| i64::try_from(cadence.as_secs() / 60).unwrap_or(1).max(1));
        let every = override_min.unwrap_or(station.cadence_min);
        // Water is measured on the clock's tens of minutes, everything else whenever it was switched on.
        let on_the_clock = station.cadence_min == 10 && cadence.is_none();
        let second_ms = if on_the_clock { 0 } else { i64::try_from(dice.pick(60)).unwrap_or(0) * 1000 };
        let phase = if on_the_clock { 0 } else { i64::try_from(dice.pick(60)).unwrap_or(0) };
        let kiosk = matches!(station.role, Role::Charger { .. }).then(|| kiosks.next()).flatten();
        Device { instrument, every, phase, second_ms, latency_ms: dice.between(150.0, 8000.0), kiosk, dice }
    };
    city.stations.iter().enumerate().map(each).collect()
}

/// Moves a charged bank between two kiosks; false where one of them cannot.
pub fn move_bank(devices: &mut [Device], from: usize, to: usize) -> bool {
    let Instrument::Kiosk(kiosk) = &mut devices[from].instrument else { return false };
    let Some(unit) = kiosk.hand_over() else { return false };
    if let Instrument::Kiosk(kiosk) = &mut devices[to].instrument
        && kiosk.take_back(unit, 1.0)
    {
        return true;
    }
    if let Instrument::Kiosk(kiosk) = &mut devices[from].instrument {
        kiosk.take_back(unit, 1.0);
    }
    false
}
