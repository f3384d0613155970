//! From the text of `stations.toml` to a [`Catalog`], with every mistake told at once.
//!
//! Start at [`catalog`]; `area`, `shelter`, `station` and `datastream` each read one sort of table.

mod area;
mod datastream;
mod dialect;
mod quality;
mod shelter;
mod station;
#[cfg(test)]
mod tests;

use super::{Catalog, geometry};
use crate::document::{Located, Reader, nearest, parse};
use crate::mistake::{Mistake, Mistakes, Source};
use crate::name::is_name;
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Reads a catalog.
pub fn catalog(
    source: &Arc<Source>,
    geometry_of: impl FnOnce(&str) -> Result<Arc<Source>, String>,
) -> Result<Catalog, Vec<Mistake>> {
    let mistakes = Mistakes::new();
    let table = parse(source, &mistakes);
    let reader = Reader::document(&table, source, &mistakes);
    let zone = reader.located::<String>("timezone").and_then(|name| zone(&name, &mistakes));
    let warnings = Mistakes::new();
    if zone.is_none() {
        let remedy = "add timezone = \"Asia/Seoul\": days, seasons and every text a citizen reads are in it";
        warnings.add(reader.origin(), "no `timezone`, so UTC is taken", remedy);
    }
    let mut areas = area::areas(&reader, &mistakes);
    if let Some(file) = reader.located::<String>("geometry") {
        let codes: Vec<&str> = areas.list.iter().map(|area| area.code.as_str()).collect();
        match geometry_of(&file.value) {
            Ok(geometry_source) => {
                let mut rings = geometry::read(&geometry_source, &codes, &mistakes);
                for area in &mut areas.list {
                    area.polygon = rings.remove(area.code.as_str()).unwrap_or_default();
                    if area.polygon.is_empty() {
                        let message = format!("area \"{}\" has no polygon in {:?}", area.code, file.value);
                        warnings.add(&file.origin, message, "add a feature with its code, or maps leave it out");
                    }
                }
            }
            Err(error) => mistakes.add(
                &file.origin,
                format!("failed to read {:?}: {error}", file.value),
                "name a GeoJSON file beside this one",
            ),
        }
    }
    let (stations, datastreams) = station::stations(&reader, &areas, &mistakes, &warnings);
    let shelters = shelter::shelters(&reader, &areas, &mistakes);
    let dialects = dialect::dialects(&reader, &stations, &datastreams);
    reader.finish();
    if !mistakes.is_empty() {
        return Err(mistakes.into_vec());
    }
    let mut catalog = Catalog {
        timezone: zone.unwrap_or(TimeZone::UTC),
        areas: areas.list,
        shelters,
        stations,
        datastreams,
        dialects,
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

/// A place on earth: latitude and longitude, degrees.
fn position(at: &Located<Vec<f64>>, mistakes: &Mistakes) -> Option<[f64; 2]> {
    match at.value[..] {
        [lat, lon] if (-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lon) => Some([lat, lon]),
        _ => {
            mistakes.add(&at.origin, "no place on earth", "write position = [latitude, longitude]");
            None
        }
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
