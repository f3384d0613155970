//! The `[[station]]` tables, and what is allowed in them but probably not meant.
//!
//! A station with a mistake keeps its place in the list, so that mistakes of others are told by their right names; a
//! catalog with mistakes is never used.

use super::area::Areas;
use super::datastream::{Beliefs, datastream};
use super::{fresh_name, position, unknown_remedy, zone};
use crate::catalog::{AreaIndex, Datastream, Ring, Station, StationIndex, Translations};
use crate::document::{Located, Reader};
use crate::mistake::{Mistakes, Origin};
use crate::name::{StationId, is_name};
use crate::topic;
use std::collections::BTreeMap;

/// Most stations of one city; it bounds what a catalog can cost.
const STATION_LIMIT: usize = 200_000;

/// Kinds at which a station stands on a river, where both banks matter.
const RIVER_KINDS: [&str; 2] = ["river_stage", "river_discharge"];

/// How far from its area's polygon a station may stand before it looks like a mistake, degrees: gauges stand on the
/// bridges between districts, but not five kilometres off.
const FAR_DEG: f64 = 0.05;

/// Names of other stations, to be looked up when all are known.
struct Upstream {
    of: StationIndex,
    names: Vec<String>,
    origin: Origin,
}

/// Reads them all.
pub fn stations(
    reader: &Reader<'_>,
    areas: &Areas,
    mistakes: &Mistakes,
    warnings: &Mistakes,
) -> (Vec<Station>, Vec<Datastream>) {
    let mut stations: Vec<Station> = Vec::new();
    let mut datastreams = Vec::new();
    let mut by_id: BTreeMap<String, StationIndex> = BTreeMap::new();
    let mut upstreams: Vec<Upstream> = Vec::new();
    let mut beliefs = Beliefs::default();
    let mut tables = reader.tables("station");
    if tables.len() > STATION_LIMIT {
        reader.complain(format!("{} stations", tables.len()), format!("one city holds up to {STATION_LIMIT}"));
        tables.truncate(STATION_LIMIT);
    }
    for (table, place) in tables.into_iter().zip(0..) {
        let index = StationIndex(place);
        let told = mistakes.len();
        let id = table.required_at::<String>("id");
        let fresh = id.as_ref().is_some_and(|id| fresh_id(id, &by_id, mistakes));
        let unnamed = mistakes.len();
        let first = datastreams.len();
        for stream in table.tables("datastream") {
            datastreams.extend(datastream(stream, index, &datastreams[first..], &mut beliefs));
        }
        if let Some(upstream) = table.located::<Vec<String>>("upstream") {
            upstreams.push(Upstream { of: index, names: upstream.value, origin: upstream.origin });
        }
        let mut station = station(&table, areas, mistakes);
        station.datastreams = first..datastreams.len();
        table.finish();
        if let Some(id) = id {
            mistakes.name_since(unnamed, &format!("station {:?}: ", id.value));
            if mistakes.len() == told {
                warn(&id, &station, &datastreams[first..], areas, warnings);
            }
            station.id = StationId::new(&id.value);
            if fresh {
                by_id.insert(id.value, index);
            }
        }
        stations.push(station);
    }
    join(&mut stations, &by_id, upstreams, mistakes);
    (stations, datastreams)
}

fn fresh_id(id: &Located<String>, taken: &BTreeMap<String, StationIndex>, mistakes: &Mistakes) -> bool {
    if topic::is_reserved(&id.value) {
        let message = format!("no station may be called {:?}", id.value);
        let remedy = format!("choose another id: the topics {}{}/… are Bongsu's own", topic::ROOT, id.value);
        mistakes.add(&id.origin, message, remedy);
        return false;
    }
    fresh_name(id, taken, "a station", mistakes)
}

/// Turns names of upstream stations into places.
fn join(
    stations: &mut [Station],
    by_id: &BTreeMap<String, StationIndex>,
    upstreams: Vec<Upstream>,
    mistakes: &Mistakes,
) {
    for Upstream { of, names, origin } in upstreams {
        for name in names {
            let Some(upper) = by_id.get(&name).copied() else {
                let remedy = unknown_remedy(&name, by_id.keys().map(String::as_str), "station", "id");
                mistakes.add(&origin, format!("unknown station {name:?}"), remedy);
                continue;
            };
            let id = stations[of.0 as usize].id.clone();
            if upper == of {
                mistakes.add(&origin, format!("{name:?} is upstream of itself"), "remove it");
            } else if stations[of.0 as usize].upstream.contains(&upper) {
                mistakes.add(&origin, format!("{name:?} stands twice"), "remove one");
            } else if flows_to(stations, of, upper) {
                let message = format!("{name:?} is upstream of \"{id}\" and \"{id}\" of {name:?}");
                mistakes.add(&origin, message, "water runs one way: remove one `upstream`");
            } else {
                stations[of.0 as usize].upstream.push(upper);
            }
        }
    }
}

/// Whether the water of `upper` arrives at `lower`.
fn flows_to(stations: &[Station], upper: StationIndex, lower: StationIndex) -> bool {
    let mut seen = std::collections::BTreeSet::new();
    let mut ahead = vec![lower];
    while let Some(at) = ahead.pop() {
        if at == upper {
            return true;
        }
        if seen.insert(at) {
            ahead.extend(&stations[at.0 as usize].upstream);
        }
    }
    false
}

fn station(table: &Reader<'_>, areas: &Areas, mistakes: &Mistakes) -> Station {
    let name = table.optional::<Translations>("name").unwrap_or_default();
    let place = table.required_at::<Vec<f64>>("position");
    let area = table.required_at::<String>("area").and_then(|code| areas.find(&code, mistakes));
    let clock = table.located::<String>("clock").and_then(|name| zone(&name, mistakes));
    let position = place.and_then(|place| position(&place, mistakes));
    let area = area.unwrap_or(AreaIndex(0));
    let affects = match table.located::<Vec<String>>("affects") {
        None => vec![area],
        Some(codes) => affected(codes, areas, mistakes),
    };
    let tags = table.located::<Vec<String>>("tags").map(|tags| tags_of(tags, mistakes)).unwrap_or_default();
    let (id, position) = (StationId::new(""), position.unwrap_or_default());
    Station { id, name, position, area, affects, upstream: Vec::new(), tags, clock, datastreams: 0..0 }
}

fn tags_of(tags: Located<Vec<String>>, mistakes: &Mistakes) -> Vec<String> {
    for tag in tags.value.iter().filter(|tag| !is_name(tag)) {
        let remedy = "use up to 64 ASCII letters, digits, `-` and `_`, beginning with a letter or digit";
        mistakes.add(&tags.origin, format!("{tag:?} cannot be a tag"), remedy);
    }
    tags.value
}

fn affected(codes: Located<Vec<String>>, areas: &Areas, mistakes: &Mistakes) -> Vec<AreaIndex> {
    if codes.value.is_empty() {
        let remedy = "remove the key, or name the areas its alerts speak to";
        mistakes.add(&codes.origin, "`affects` is empty", remedy);
    }
    let mut affects = Vec::new();
    for value in codes.value {
        let Some(area) = areas.find(&Located { value, origin: codes.origin.clone() }, mistakes) else { continue };
        if affects.contains(&area) {
            let code = &areas.list[area.0 as usize].code;
            mistakes.add(&codes.origin, format!("`affects` names \"{code}\" twice"), "remove one");
        }
        affects.push(area);
    }
    affects
}

/// What is allowed but probably not meant.
fn warn(id: &Located<String>, station: &Station, datastreams: &[Datastream], areas: &Areas, warnings: &Mistakes) {
    let name = &id.value;
    if datastreams.is_empty() {
        warnings.add(&id.origin, format!("station {name:?} has no datastream"), "add [[station.datastream]]");
    }
    let area = &areas.list[station.area.0 as usize];
    if is_far(station.position, &area.polygon) {
        let message = format!("station {name:?} stands far outside its area \"{}\"", area.code);
        warnings.add(&id.origin, message, "check position = [latitude, longitude], and the order in the polygon");
    }
    let river: Vec<&Datastream> =
        datastreams.iter().filter(|stream| RIVER_KINDS.contains(&stream.name.kind().name)).collect();
    if river.is_empty() {
        return;
    }
    if station.affects.len() == 1 {
        let message = format!("river station {name:?} speaks to one bank only");
        warnings.add(&id.origin, message, "name the areas of both banks in `affects`");
    }
    if river.iter().all(|stream| stream.levels.is_empty()) {
        let message = format!("river station {name:?} has no `levels`, so no flood rule can decide there");
        warnings.add(
            &id.origin,
            message,
            "add levels = { advisory = …, watch = …, warning = … }, or leave it as a neighbour's input",
        );
    }
}

/// Whether a place lies far outside the box around a polygon; never where there is none.
fn is_far(place: [f64; 2], polygon: &[Ring]) -> bool {
    let beyond = |axis: usize| {
        let along = || polygon.iter().flatten().map(|point| point[axis]);
        let (low, high) = (along().fold(f64::MAX, f64::min), along().fold(f64::MIN, f64::max));
        place[axis] < low - FAR_DEG || place[axis] > high + FAR_DEG
    };
    !polygon.is_empty() && (beyond(0) || beyond(1))
}
