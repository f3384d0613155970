//! Where the stations stand. The first ones are the same in every city; after them the roles take turns, so that the
//! n-th station is what it is however many follow it.

use super::City;
use super::ground::Area;
use super::local;
use super::name::{LANDMARKS, Name};
use super::station::{Role, Station, Stream, levels};
use crate::dice::Dice;
use crate::plane::{Point, rectangle};
use crate::water::channel::Rating;
use crate::water::dam::level_of;
use bongsu_sensors::StationId;

/// Shares of each role among the stations beyond the first ones, out of 100.
const SHARES: [(Turn, usize); 10] = [
    (Turn::Charger, 24),
    (Turn::Wifi, 16),
    (Turn::Sewer, 16),
    (Turn::Road, 12),
    (Turn::Underpass, 8),
    (Turn::Bridge, 8),
    (Turn::Slope, 8),
    (Turn::Rain, 3),
    (Turn::Gauge, 3),
    (Turn::System, 2),
];

/// Flow, as a share of bankfull, at which each level of a river gauge begins.
const LEVEL_FLOWS: [f64; 4] = [0.45, 0.68, 0.95, 1.6];

/// What is placed next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    Charger,
    Wifi,
    Sewer,
    Road,
    Underpass,
    Bridge,
    Slope,
    Rain,
    Gauge,
    System,
}

/// Places all stations and the zones that belong to them.
pub fn place(city: &mut City, size: super::Size) {
    let mut gauges = Vec::new();
    for reach in 0..city.reaches.len() {
        gauges.push(gauge(city, reach, 0.85, 1));
    }
    let mut others = vec![tide(city)];
    others.extend((0..city.ground.districts.len()).map(|at| rain(city, at, at)));
    others.extend((0..5).map(|at| system(city, at)));
    let first = gauges.len() + others.len() + 1;
    let mut counts = [0_usize; SHARES.len()];
    for at in 0..size.count().saturating_sub(first) {
        let turn = next_turn(&counts, at);
        let nth = counts[turn];
        counts[turn] += 1;
        match SHARES[turn].0 {
            Turn::Gauge => {
                let reach = (nth * 7 + 3) % city.reaches.len();
                let round = nth / city.reaches.len();
                gauges.push(gauge(city, reach, bit_reversed(round + 1) * 0.8, round + 2));
            }
            other => others.push(site(city, other, nth)),
        }
    }
    gauges
        .sort_by(|(a_reach, a_along, _), (b_reach, b_along, _)| a_reach.cmp(b_reach).then(a_along.total_cmp(b_along)));
    city.stations.push(dam(city));
    city.stations.extend(chained(city, gauges));
    city.stations.extend(others);
    place_parks(city);
}

/// The role that is furthest behind its share.
fn next_turn(counts: &[usize; SHARES.len()], placed: usize) -> usize {
    let behind = |at: usize| {
        i64::try_from(SHARES[at].1 * (placed + 1)).unwrap_or(0) - 100 * i64::try_from(counts[at]).unwrap_or(0)
    };
    (0..SHARES.len()).max_by_key(|at| (behind(*at), SHARES.len() - at)).unwrap_or(0)
}

/// 1/2, 1/4, 3/4, 1/8, …: places that fill a line evenly however many there are (van der Corput).
fn bit_reversed(mut number: usize) -> f64 {
    let (mut sum, mut weight) = (0.0, 0.5);
    while number > 0 {
        if number % 2 == 1 {
            sum += weight;
        }
        number /= 2;
        weight /= 2.0;
    }
    sum
}

/// A datastream of a kind; none where the table of kinds does not know it, which a test of every role would notice.
pub fn stream(kind: &str, limits: &[f64]) -> Option<Stream> {
    kind.parse().ok().map(|name| Stream { name, levels: levels(limits) })
}

/// A first datastream with limits of danger, and others without.
pub fn guarded<const N: usize>(kind: &str, limits: &[f64], others: [&str; N]) -> Vec<Stream> {
    stream(kind, limits).into_iter().chain(plain(others)).collect()
}

pub fn plain<const N: usize>(kinds: [&str; N]) -> Vec<Stream> {
    kinds.into_iter().filter_map(|kind| stream(kind, &[])).collect()
}

/// Links each gauge to the next one up: in its reach, or at the foot of the reaches above; the first has the dam above.
fn chained(city: &City, gauges: Vec<(usize, f64, Station)>) -> Vec<Station> {
    let mut last_of: Vec<Option<StationId>> = vec![None; city.reaches.len()];
    let mut chained = Vec::with_capacity(gauges.len());
    for (reach, _, mut gauge) in gauges {
        gauge.upstream = match &last_of[reach] {
            Some(above) => vec![above.clone()],
            None => city.reaches[reach].from.iter().filter_map(|upper| last_of[*upper].clone()).collect(),
        };
        if gauge.upstream.is_empty() && city.reaches[reach].main {
            gauge.upstream = vec![StationId::new("dam")];
        }
        last_of[reach] = Some(gauge.id.clone());
        chained.push(gauge);
    }
    chained
}

fn gauge(city: &mut City, at: usize, along: f64, nth: usize) -> (usize, f64, Station) {
    let reach = city.reaches[at].clone();
    let id = match nth {
        1 => format!("{}-{}", reach.river, reach.number),
        _ => format!("{}-{}-{nth}", reach.river, reach.number),
    };
    let mut dice = Dice::new(city.seed, &id);
    let [top, foot] = city.bankfull_m3s[at];
    let tide_m = reach.tide_m;
    let rating = Rating {
        zero_m: dice.between(0.2, 0.6) + tide_m,
        depth_m: reach.bankfull_depth_m * if nth == 1 { 1.0 } else { dice.between(0.92, 1.08) },
        bankfull_m3s: top + (foot - top) * along,
    };
    let limits = LEVEL_FLOWS.map(|share| rating.stage_m(share * rating.bankfull_m3s));
    let place = reach.at(along);
    let affects: Vec<usize> = reach.banks.iter().map(|bank| city.ground.districts[*bank].area).collect();
    let streams = match reach.main {
        true => guarded("river_stage", &limits, ["river_discharge", "battery_voltage"]),
        false => guarded("river_stage", &limits, ["battery_voltage"]),
    };
    let district = reach.banks[dice.pick(2)];
    let (ko, en) = LANDMARKS[at % LANDMARKS.len()];
    let number = if nth == 1 { String::new() } else { format!(" {nth}") };
    let name = Name::new(format!("{} {ko}{number}", reach.name.ko), format!("{} {en}{number}", reach.name.en));
    let station = Station {
        id: StationId::new(&id),
        name,
        at: place,
        district,
        area: city.ground.districts[district].area,
        affects,
        upstream: Vec::new(),
        role: Role::Gauge { reach: at, along, rating, tide_m },
        cadence_min: 10,
        streams,
    };
    (at, along, station)
}

/// A riverside park at every piece of the main river: a zone whose visitors must hear of the water first.
fn place_parks(city: &mut City) {
    for at in 0..city.stations.len() {
        let Role::Gauge { reach, .. } = city.stations[at].role else { continue };
        let (number, main, river) = {
            let reach = &city.reaches[reach];
            (reach.number, reach.main, reach.name.clone())
        };
        if !main || city.stations[at].id.as_str() != format!("mir-{number}") {
            continue;
        }
        let center = city.reaches[reach].at(0.6);
        let parent = city.ground.districts[city.reaches[reach].banks[1]].area;
        let stem = &city.ground.districts[city.reaches[reach].banks[1]].stem;
        let name =
            Name::new(format!("{} {}공원", river.ko, stem.ko), format!("{} {} Riverside Park", river.en, stem.en));
        let zone = push_zone(city, &format!("riverpark-{number}"), parent, name, rectangle(center, 0.9, 0.2));
        city.stations[at].affects.push(zone);
    }
}

pub fn push_zone(city: &mut City, code: &str, parent: usize, name: Name, ring: Vec<Point>) -> usize {
    city.areas.push(Area { code: code.to_owned(), kind: "zone", parent: Some(parent), bjd: None, name, ring });
    city.areas.len() - 1
}

/// A station that stands in a district and speaks to it.
pub fn standing(
    city: &City,
    id: &str,
    name: Name,
    at: Point,
    district: usize,
    role: Role,
    cadence_min: i64,
) -> Station {
    let area = city.ground.districts[district].area;
    let id = StationId::new(id);
    Station {
        id,
        name,
        at,
        district,
        area,
        affects: vec![area],
        upstream: Vec::new(),
        role,
        cadence_min,
        streams: Vec::new(),
    }
}

fn dam(city: &City) -> Station {
    let district = city.reaches.last().map_or(0, |_| super::ground::Ground::district(super::ground::COLUMNS - 1, 2));
    let top = city.reaches.iter().find(|reach| reach.main).map_or(Point::new(0.0, 0.0), |reach| reach.course[0]);
    let name = Name::new("미르댐", "Mir Dam");
    let mut station = standing(city, "dam", name, top.toward(Point::new(35.0, 10.0), 0.3), district, Role::Dam, 10);
    let limits = [0.97, 0.985, 1.0].map(level_of);
    let flows = ["reservoir_inflow", "reservoir_outflow", "reservoir_volume"];
    station.streams = guarded("reservoir_level", &limits, flows);
    station
}

fn tide(city: &City) -> Station {
    let mouth = city.reaches.last().map_or(Point::new(0.0, 0.0), |reach| reach.course[2]);
    let name = Name::new("미르강 하구", "Mir River Mouth");
    let mut station = standing(city, "tide", name, mouth, super::ground::Ground::district(0, 1), Role::Tide, 10);
    station.streams = guarded("tide_level", &[2.9, 3.3, 3.7], []);
    station
}

fn rain(city: &City, nth: usize, district: usize) -> Station {
    let id = format!("rain-{:02}", nth + 1);
    let mut dice = Dice::new(city.seed, &id);
    let ground = &city.ground.districts[district];
    let at = ground.at(dice.between(0.3, 0.7), dice.between(0.3, 0.7));
    let round = nth / city.ground.districts.len();
    let number = if round == 0 { String::new() } else { format!(" {}", round + 1) };
    let name =
        Name::new(format!("{} 우량국{number}", ground.stem.ko), format!("{} Rain Gauge{number}", ground.stem.en));
    let counter = nth % 6 == 5;
    let mut station = standing(city, &id, name, at, district, Role::Rain { counter }, 10);
    station.streams = plain([if counter { "rainfall_counter" } else { "rainfall" }]);
    station
}

fn system(city: &City, nth: usize) -> Station {
    let (code, ko, en, role, streams) = match nth % 5 {
        0 => ("web", "시 누리집", "City Web Site", Role::Website, plain(["site_up", "site_latency", "auth_failures"])),
        1 => ("main", "상수도 본관", "Water Main", Role::WaterMain, plain(["water_pressure", "pipe_flow"])),
        2 => ("traffic", "순환도로", "Ring Road", Role::Traffic, plain(["road_speed"])),
        3 => ("metro", "도시철도", "Metro Line", Role::Subway, plain(["subway_delay"])),
        _ => ("heat", "지역난방", "District Heating", Role::Heat, plain(["heat_supply_temperature", "heat_pressure"])),
    };
    let id = format!("{code}-{}", nth / 5 + 1);
    let mut dice = Dice::new(city.seed, &id);
    let district = dice.pick(20);
    let at = city.ground.districts[district].at(dice.between(0.2, 0.8), dice.between(0.2, 0.8));
    let name = Name::new(format!("{ko} {}", nth / 5 + 1), format!("{en} {}", nth / 5 + 1));
    let mut station = standing(city, &id, name, at, district, role, 1);
    station.streams = streams;
    station
}

fn site(city: &mut City, turn: Turn, nth: usize) -> Station {
    match turn {
        Turn::Rain => {
            let districts = city.ground.districts.len();
            rain(city, districts + nth, nth % districts)
        }
        Turn::Gauge | Turn::System => system(city, 5 + nth),
        _ => local::station(city, turn, nth),
    }
}
