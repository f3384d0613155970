//! Stations that stand somewhere in a district and mind its own ground: kiosks, WiFi, sewers, low roads, underpasses,
//! bridges and slopes.

use super::City;
use super::name::{Name, PLACES};
use super::site::{Turn, guarded, plain, push_zone, standing, stream};
use super::station::{Role, Station, Stream};
use crate::dice::Dice;
use crate::plane::{Point, rectangle};

/// Districts of the metropolitan city; the four after them are the headwaters'.
const URBAN: usize = 20;
/// Slots of a kiosk.
const SLOTS: usize = 8;

/// Where something is about to stand.
struct Spot {
    at: Point,
    district: usize,
    place: (&'static str, &'static str),
    /// Which of its kind it is in its district, from 1.
    round: usize,
}

/// What something is.
struct Made {
    name: Name,
    role: Role,
    cadence_min: i64,
    streams: Vec<Stream>,
}

/// The n-th station of a role.
pub fn station(city: &mut City, turn: Turn, nth: usize) -> Station {
    let code = match turn {
        Turn::Charger => "charger",
        Turn::Wifi => "wifi",
        Turn::Sewer => "sewer",
        Turn::Road => "road",
        Turn::Underpass => "underpass",
        Turn::Bridge => "bridge",
        _ => "slope",
    };
    let id = format!("{code}-{:02}", nth + 1);
    let mut dice = Dice::new(city.seed, &id);
    // Urban districts take turns in an order of the seed's; every third slope stands in the country.
    let mut district = (nth * 7 + Dice::new(city.seed, code).pick(URBAN)) % URBAN;
    if turn == Turn::Slope && nth % 3 == 2 {
        district = URBAN + dice.pick(4);
    }
    let at = city.ground.districts[district].at(dice.between(0.15, 0.85), dice.between(0.15, 0.85));
    let mut spot = Spot { at, district, place: PLACES[dice.pick(PLACES.len())], round: nth / URBAN + 1 };
    let made = match turn {
        Turn::Charger => kiosk(city, &spot),
        Turn::Wifi => wifi(city, &spot, &mut dice),
        Turn::Sewer => sewer(city, &spot, &mut dice),
        Turn::Road => road(city, &spot, &mut dice),
        Turn::Underpass => underpass(city, &spot, &mut dice, nth),
        Turn::Bridge => bridge(city, &mut spot, &mut dice, nth),
        _ => slope(city, &spot, &mut dice),
    };
    let mut station = standing(city, &id, made.name, spot.at, spot.district, made.role, made.cadence_min);
    station.streams = made.streams;
    speak_to_its_zone(city, &mut station);
    station
}

/// A name of the form district, thing, number.
fn label(city: &City, spot: &Spot, ko: &str, en: &str) -> Name {
    let stem = &city.ground.districts[spot.district].stem;
    let number = if spot.round == 1 { String::new() } else { format!(" {}", spot.round) };
    Name::new(format!("{} {ko}{number}", stem.ko), format!("{} {en}{number}", stem.en))
}

fn kiosk(city: &City, spot: &Spot) -> Made {
    let (ko, en) = spot.place;
    let mut streams =
        plain(["charger_available", "charger_slots", "charger_rentals", "mains_power", "battery_voltage"]);
    for kind in ["charger_slot_temperature", "charger_slot_voltage"] {
        streams.extend((1..=SLOTS).filter_map(|n| stream(&format!("{kind}.{n}"), &[])));
    }
    let name = label(city, spot, &format!("{ko} 충전기 대여소"), &format!("{en} Charger Kiosk"));
    Made { name, role: Role::Charger { slots: SLOTS }, cadence_min: 5, streams }
}

fn wifi(city: &City, spot: &Spot, dice: &mut Dice) -> Made {
    let (ko, en) = spot.place;
    let name = label(city, spot, &format!("{ko} 와이파이"), &format!("{en} WiFi"));
    let role = Role::Wifi { busy: dice.between(30.0, 220.0) };
    Made { name, role, cadence_min: 2, streams: plain(["wifi_up", "wifi_clients"]) }
}

fn sewer(city: &City, spot: &Spot, dice: &mut Dice) -> Made {
    let pipe_m = (dice.between(1.2, 3.0) * 10.0).round() / 10.0;
    let role = Role::Sewer { pipe_m, drain_mm_h: dice.between(48.0, 75.0) };
    let streams = guarded("sewer_level", &[0.8 * pipe_m, 0.95 * pipe_m, 1.2 * pipe_m], []);
    Made { name: label(city, spot, "하수관", "Sewer"), role, cadence_min: 1, streams }
}

fn road(city: &City, spot: &Spot, dice: &mut Dice) -> Made {
    let role = Role::Road { drain_mm_h: dice.between(45.0, 75.0), gather: dice.between(5.0, 14.0) };
    let streams = guarded("road_water_depth", &[10.0, 15.0, 30.0], []);
    Made { name: label(city, spot, "저지대 도로", "Low Road"), role, cadence_min: 1, streams }
}

fn underpass(city: &City, spot: &Spot, dice: &mut Dice, nth: usize) -> Made {
    let (drain_mm_h, gather) = (dice.between(45.0, 70.0), dice.between(15.0, 40.0));
    let role = Role::Underpass { drain_mm_h, gather, reach: nearest_reach(city, spot.at), automatic: nth % 3 != 2 };
    let streams = guarded("underpass_water_depth", &[5.0, 15.0, 30.0], ["barrier_state"]);
    Made { name: label(city, spot, "지하차도", "Underpass"), role, cadence_min: 1, streams }
}

/// A bridge stands over a river, wherever its turn would have put it, and carries that turn's district in its name.
fn bridge(city: &City, spot: &mut Spot, dice: &mut Dice, nth: usize) -> Made {
    let reach = (nth * 5 + dice.pick(3)) % city.reaches.len();
    let named = label(city, spot, "", "");
    let (ko, en) = (named.ko.replace(' ', ""), named.en.trim().replace("  ", " "));
    spot.at = city.reaches[reach].at(dice.between(0.2, 0.8));
    spot.district = city.reaches[reach].banks[dice.pick(2)];
    let river = &city.reaches[reach].name;
    let streams = guarded("tilt", &[0.12, 0.25, 0.5], ["tilt.2", "acceleration", "strain", "temperature"]);
    let name = Name::new(format!("{} {ko}교", river.ko), format!("{} {en} Bridge", river.en));
    Made { name, role: Role::Bridge { reach }, cadence_min: 1, streams }
}

fn slope(city: &City, spot: &Spot, dice: &mut Dice) -> Made {
    let role = Role::Slope { critical_kpa: dice.between(17.0, 27.0) };
    let streams = guarded("tilt", &[0.1, 0.3, 1.0], ["pore_pressure", "soil_moisture"]);
    Made { name: label(city, spot, "비탈면", "Slope"), role, cadence_min: 10, streams }
}

/// Underpasses and slopes are zones of their own, where people hear it first; a bridge speaks to both banks.
fn speak_to_its_zone(city: &mut City, station: &mut Station) {
    let (half_width, half_height) = match station.role {
        Role::Underpass { .. } => (0.15, 0.05),
        Role::Slope { .. } => (0.25, 0.2),
        Role::Bridge { reach } => {
            station.affects = city.reaches[reach].banks.iter().map(|bank| city.ground.districts[*bank].area).collect();
            return;
        }
        _ => return,
    };
    let ring = rectangle(station.at, half_width, half_height);
    let zone = push_zone(city, &format!("zone-{}", station.id), station.area, station.name.clone(), ring);
    station.affects = vec![station.area, zone];
}

fn nearest_reach(city: &City, at: Point) -> usize {
    let distance = |reach: usize| city.reaches[reach].at(0.5).distance(at);
    (0..city.reaches.len()).min_by(|a, b| distance(*a).total_cmp(&distance(*b))).unwrap_or(0)
}
