//! From the text of `stations.toml` to a [`Catalog`], with every mistake told at once.

use super::{Area, AreaIndex, AreaKind, Catalog, Datastream, Quality, Station, StationIndex, Translations, geometry};
use crate::document::{Located, Reader, nearest, parse};
use crate::kind::{Kind, KindId};
use crate::level::Level;
use crate::mistake::{Mistake, Mistakes, Origin, Source};
use crate::name::{AreaCode, DatastreamName, Instance, StationId, is_name};
use crate::reading::DatastreamId;
use crate::time::parse_duration;
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

/// Most stations of one city; it bounds what a catalog can cost.
const STATION_LIMIT: usize = 200_000;

/// Kinds at which a station stands on a river, where both banks matter.
const RIVER_KINDS: [&str; 2] = ["river_stage", "river_discharge"];

pub fn catalog(
    source: &Arc<Source>,
    geometry_of: impl FnOnce(&str) -> Result<Arc<Source>, String>,
) -> Result<Catalog, Vec<Mistake>> {
    let mistakes = Mistakes::new();
    let table = parse(source, &mistakes);
    let reader = Reader::document(&table, source, &mistakes);
    let zone = reader.located::<String>("timezone").and_then(|name| zone(&name, &mistakes));
    let mut areas = areas(&reader, &mistakes);
    if let Some(file) = reader.located::<String>("geometry") {
        let codes: Vec<&str> = areas.list.iter().map(|area| area.code.as_str()).collect();
        match geometry_of(&file.value) {
            Ok(geometry_source) => {
                let mut rings = geometry::read(&geometry_source, &codes, &mistakes);
                for area in &mut areas.list {
                    area.polygon = rings.remove(area.code.as_str()).unwrap_or_default();
                }
            }
            Err(error) => mistakes.add(
                &file.origin,
                format!("failed to read {:?}: {error}", file.value),
                "name a GeoJSON file beside this one",
            ),
        }
    }
    let warnings = Mistakes::new();
    let (stations, datastreams) = stations(&reader, &areas, &mistakes, &warnings);
    reader.finish();
    if !mistakes.is_empty() {
        return Err(mistakes.into_vec());
    }
    let mut catalog = Catalog {
        timezone: zone.unwrap_or(TimeZone::UTC),
        areas: areas.list,
        stations,
        datastreams,
        warnings: warnings.into_vec(),
        station_by_id: HashMap::new(),
        area_by_code: HashMap::new(),
        by_number: HashMap::new(),
    };
    catalog.index();
    Ok(catalog)
}

fn zone(name: &Located<String>, mistakes: &Mistakes) -> Option<TimeZone> {
    let zone = TimeZone::get(&name.value).ok();
    if zone.is_none() {
        mistakes.add(
            &name.origin,
            format!("unknown time zone {:?}", name.value),
            "write a name such as \"Asia/Seoul\"",
        );
    }
    zone
}

/// Areas with their places by code.
struct Areas {
    list: Vec<Area>,
    by_code: BTreeMap<String, AreaIndex>,
}

impl Areas {
    fn find(&self, code: &Located<String>, mistakes: &Mistakes) -> Option<AreaIndex> {
        let found = self.by_code.get(&code.value).copied();
        if found.is_none() {
            let remedy = unknown_remedy(&code.value, self.by_code.keys().map(String::as_str), "area", "code");
            mistakes.add(&code.origin, format!("unknown area {:?}", code.value), remedy);
        }
        found
    }
}

fn unknown_remedy<'a>(name: &str, known: impl Iterator<Item = &'a str>, table: &str, key: &str) -> String {
    match nearest(name, known) {
        Some(near) => format!("did you mean {near:?}?"),
        None => format!("add [[{table}]] with {key} = {name:?}"),
    }
}

/// A name that is one and stands only once.
fn fresh_name<V>(name: &Located<String>, taken: &BTreeMap<String, V>, what: &str, mistakes: &Mistakes) -> bool {
    if !is_name(&name.value) {
        let remedy = "use up to 64 ASCII letters, digits, `_`, `-` and `.`, beginning with a letter or digit";
        mistakes.add(&name.origin, format!("{:?} cannot name {what}", name.value), remedy);
        return false;
    }
    if taken.contains_key(&name.value) {
        mistakes.add(&name.origin, format!("{what} {:?} stands twice", name.value), "give each its own name");
        return false;
    }
    true
}

fn areas(reader: &Reader<'_>, mistakes: &Mistakes) -> Areas {
    let mut areas = Areas { list: Vec::new(), by_code: BTreeMap::new() };
    let mut parents: Vec<(AreaIndex, Located<String>)> = Vec::new();
    for table in reader.tables("area") {
        let code = table.required_at::<String>("code");
        let kind = table.located::<String>("kind");
        let parent = table.located::<String>("parent");
        let geocode = table.optional::<BTreeMap<String, String>>("geocode").unwrap_or_default();
        let name = table.optional::<Translations>("name").unwrap_or_default();
        table.finish();
        let Some(code) = code.filter(|code| fresh_name(code, &areas.by_code, "an area", mistakes)) else { continue };
        if code.value == "city" {
            mistakes.add(&code.origin, "area \"city\" is reserved for the whole city", "choose another code");
        }
        let index = AreaIndex(u32::try_from(areas.list.len()).unwrap_or(u32::MAX));
        areas.by_code.insert(code.value.clone(), index);
        if let Some(parent) = parent {
            parents.push((index, parent));
        }
        let kind = kind.map_or(AreaKind::Sigungu, |kind| area_kind(&kind, mistakes));
        let code = AreaCode::new(&code.value);
        areas.list.push(Area { code, kind, parent: None, geocode, name, polygon: Vec::new() });
    }
    for (child, parent) in parents {
        let Some(parent_index) = areas.find(&parent, mistakes) else { continue };
        let mut at = Some(parent_index);
        while let Some(area) = at {
            if area == child {
                mistakes.add(&parent.origin, "areas lie in one another in a circle", "remove one `parent`");
                break;
            }
            at = areas.list[area.0 as usize].parent;
        }
        if at.is_none() {
            areas.list[child.0 as usize].parent = Some(parent_index);
        }
    }
    areas
}

fn area_kind(kind: &Located<String>, mistakes: &Mistakes) -> AreaKind {
    match kind.value.as_str() {
        "sido" => AreaKind::Sido,
        "sigungu" => AreaKind::Sigungu,
        "eupmyeondong" => AreaKind::Eupmyeondong,
        "zone" => AreaKind::Zone,
        other => {
            mistakes.add(
                &kind.origin,
                format!("unknown area kind {other:?}"),
                "write sido, sigungu, eupmyeondong or zone",
            );
            AreaKind::Zone
        }
    }
}

fn stations(
    reader: &Reader<'_>,
    areas: &Areas,
    mistakes: &Mistakes,
    warnings: &Mistakes,
) -> (Vec<Station>, Vec<Datastream>) {
    let mut stations: Vec<Station> = Vec::new();
    let mut datastreams = Vec::new();
    let mut by_id: BTreeMap<String, StationIndex> = BTreeMap::new();
    let mut upstreams: Vec<(StationIndex, Vec<String>, Origin)> = Vec::new();
    let tables = reader.tables("station");
    if tables.len() > STATION_LIMIT {
        reader.complain(format!("{} stations", tables.len()), format!("one city holds up to {STATION_LIMIT}"));
    }
    for table in tables.iter().take(STATION_LIMIT) {
        let index = StationIndex(u32::try_from(stations.len()).unwrap_or(u32::MAX));
        let first = datastreams.len();
        for stream in table.tables("datastream") {
            let known: &[Datastream] = &datastreams[first..];
            if let Some(stream) = datastream(stream, index, known) {
                datastreams.push(stream);
            }
        }
        let id = table.required_at::<String>("id");
        let id = id.filter(|id| fresh_name(id, &by_id, "a station", mistakes));
        if let Some(upstream) = table.located::<Vec<String>>("upstream") {
            upstreams.push((index, upstream.value, upstream.origin));
        }
        let station = station(table, areas, mistakes, first..datastreams.len());
        if let (Some(id), Some(mut station)) = (id, station) {
            warn(&id, &station, &datastreams[first..], warnings);
            by_id.insert(id.value.clone(), index);
            station.id = StationId::new(&id.value);
            stations.push(station);
        } else {
            datastreams.truncate(first);
        }
    }
    for table in tables {
        table.finish();
    }
    for (index, names, origin) in upstreams {
        for name in names {
            match by_id.get(&name) {
                Some(upper) if *upper != index => {
                    if let Some(station) = stations.get_mut(index.0 as usize) {
                        station.upstream.push(*upper);
                    }
                }
                Some(_) => mistakes.add(&origin, format!("{name:?} is upstream of itself"), "remove it"),
                None => {
                    let remedy = unknown_remedy(&name, by_id.keys().map(String::as_str), "station", "id");
                    mistakes.add(&origin, format!("unknown station {name:?}"), remedy);
                }
            }
        }
    }
    (stations, datastreams)
}

fn station(
    table: &Reader<'_>,
    areas: &Areas,
    mistakes: &Mistakes,
    datastreams: std::ops::Range<usize>,
) -> Option<Station> {
    let name = table.optional::<Translations>("name").unwrap_or_default();
    let position = table.required_at::<Vec<f64>>("position");
    let area = table.required_at::<String>("area").and_then(|code| areas.find(&code, mistakes));
    let affects = table.located::<Vec<String>>("affects");
    let clock = table.located::<String>("clock").and_then(|name| zone(&name, mistakes));
    let position = position.and_then(|at| match at.value[..] {
        [lat, lon] if (-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lon) => Some([lat, lon]),
        _ => {
            mistakes.add(&at.origin, "no place on earth", "write position = [latitude, longitude]");
            None
        }
    })?;
    let area = area?;
    let affects = match affects {
        None => vec![area],
        Some(codes) => codes
            .value
            .into_iter()
            .filter_map(|value| areas.find(&Located { value, origin: codes.origin.clone() }, mistakes))
            .collect(),
    };
    if affects.is_empty() {
        table.complain("`affects` is empty", "remove the key, or name the areas its alerts speak to");
    }
    let id = StationId::new("");
    Some(Station { id, name, position, area, affects, upstream: Vec::new(), clock, datastreams })
}

/// What is allowed but probably not meant.
fn warn(id: &Located<String>, station: &Station, datastreams: &[Datastream], warnings: &Mistakes) {
    let name = &id.value;
    if datastreams.is_empty() {
        warnings.add(&id.origin, format!("station {name:?} has no datastream"), "add [[station.datastream]]");
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

fn datastream(table: Reader<'_>, station: StationIndex, known: &[Datastream]) -> Option<Datastream> {
    let kind = table.required_at::<String>("kind");
    let instance = instance(&table);
    let cadence = table.optional::<Duration>("cadence");
    let levels = levels(&table);
    let quality = table.inner("quality");
    let mistakes = table.mistakes();
    let kind = kind.and_then(|kind| {
        let found = KindId::named(&kind.value);
        if found.is_none() {
            let remedy = match crate::kind::nearest(&kind.value) {
                Some(near) => format!("did you mean {near:?}?"),
                None => "`docs/kinds.md` lists every kind".to_owned(),
            };
            mistakes.add(&kind.origin, format!("unknown kind {:?}", kind.value), remedy);
        }
        found
    });
    let quality = match (kind, quality) {
        (Some(kind), Some(quality)) => read_quality(quality, kind.kind()),
        (Some(kind), None) => default_quality(kind.kind()),
        _ => return None,
    };
    let kind = kind?;
    let cadence = cadence.unwrap_or(kind.kind().cadence);
    if cadence.is_zero() {
        table.complain("a cadence of zero", "write how often it sends, such as \"10m\"");
    }
    let name = DatastreamName { kind, instance: instance? };
    if known.iter().any(|other| other.name == name) {
        table.complain(format!("datastream {name} stands twice"), "number the second with n = 2");
        return None;
    }
    table.finish();
    Some(Datastream { id: DatastreamId(u32::MAX), station, name, cadence, levels, quality })
}

fn instance(table: &Reader<'_>) -> Option<Instance> {
    let Some(node) = table.node("n") else { return Some(Instance::FIRST) };
    let text = match &node.value {
        crate::document::Value::Integer(n) => n.to_string(),
        crate::document::Value::Text(text) => text.clone(),
        _ => String::new(),
    };
    let found = Instance::parse(&text);
    if found.is_none() {
        table.mistakes().add(&node.origin, "no number of a datastream", "write n = 2, or n = \"x\" for an axis");
    }
    found
}

fn levels(table: &Reader<'_>) -> BTreeMap<Level, f64> {
    let mut levels = BTreeMap::new();
    let Some(reader) = table.inner("levels") else { return levels };
    for (key, origin, node) in reader.entries() {
        match (key.parse::<Level>(), <f64 as crate::document::FromNode>::from_node(node)) {
            (Ok(level), Ok(limit)) => {
                levels.insert(level, limit);
            }
            (Err(wrong), _) => table.mistakes().add(origin, wrong, ""),
            (_, Err(expected)) => {
                table.mistakes().add(&node.origin, "a level's limit is no number", format!("write {expected}"))
            }
        }
    }
    let limits: Vec<f64> = levels.values().copied().collect();
    // Limits may fall as danger grows (water pressure), but they must go one way.
    if !limits.is_sorted_by(|a, b| a < b) && !limits.is_sorted_by(|a, b| a > b) {
        reader.complain("levels are out of order", "limits must rise (or fall) from advisory to emergency");
    }
    levels
}

fn default_quality(kind: &Kind) -> Quality {
    Quality { range: kind.range, max_rate: kind.max_rate, spike: None, flat: None }
}

fn read_quality(table: Reader<'_>, kind: &Kind) -> Quality {
    let mut quality = default_quality(kind);
    let mistakes = table.mistakes();
    if let Some(range) = table.located::<Vec<f64>>("range") {
        match range.value[..] {
            [low, high] if low < high => quality.range = (low, high),
            _ => mistakes.add(&range.origin, "no range", "write range = [lowest, highest]"),
        }
    }
    if let Some(rate) = table.located::<String>("max_rate") {
        match parse_rate(&rate.value) {
            Some(rate) => quality.max_rate = rate,
            None => mistakes.add(
                &rate.origin,
                format!("{:?} is no rate", rate.value),
                "write max_rate = \"0.5/10m\", or \"none\"",
            ),
        }
    }
    if let Some(spike) = table.located::<Vec<f64>>("spike") {
        match spike.value[..] {
            [suspect, fail] if 0.0 < suspect && suspect <= fail => quality.spike = Some((suspect, fail)),
            _ => mistakes.add(&spike.origin, "no spike limits", "write spike = [suspect, fail], both above 0"),
        }
    }
    if let Some(flat) = table.optional::<Duration>("flat_after") {
        let tolerance = table.optional::<f64>("flat_tolerance").unwrap_or(kind.resolution);
        quality.flat = Some((flat, tolerance));
    } else if table.optional::<f64>("flat_tolerance").is_some() {
        table.complain("`flat_tolerance` without `flat_after`", "add flat_after = \"6h\"");
    }
    table.finish();
    quality
}

/// Reads `0.5/10m`, or `none`.
fn parse_rate(text: &str) -> Option<Option<(f64, Duration)>> {
    if text == "none" {
        return Some(None);
    }
    let (amount, within) = text.split_once('/')?;
    let amount: f64 = amount.trim().parse().ok()?;
    let within = parse_duration(within.trim())?;
    (amount.is_finite() && amount > 0.0 && !within.is_zero()).then_some(Some((amount, within)))
}
