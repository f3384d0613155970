//! The city as the two files every installation has: `stations.toml` and `areas.geojson`.

use super::City;
use super::ground::Area;
use super::station::{Role, Station, Stream};
use bongsu_sensors::name::Instance;
use serde_json::json;
use std::fmt::Write;

pub fn stations_toml(city: &City) -> String {
    let mut text = String::from("timezone = \"Asia/Seoul\"\ngeometry = \"areas.geojson\"\n");
    for area in &city.areas {
        let _ = write!(text, "\n[[area]]\ncode = \"{}\"\nkind = \"{}\"\n", area.code, area.kind);
        if let Some(parent) = area.parent {
            let _ = writeln!(text, "parent = \"{}\"", city.areas[parent].code);
        }
        if let Some(bjd) = &area.bjd {
            let _ = writeln!(text, "geocode = {{ bjd = \"{bjd}\" }}");
        }
        let _ = writeln!(text, "name = {{ ko = \"{}\", en = \"{}\" }}", area.name.ko, area.name.en);
    }
    for area in city.areas.iter().filter(|area| area.kind == "sigungu") {
        write_shelter(&mut text, area);
    }
    for station in &city.stations {
        write_station(&mut text, city, station);
    }
    text
}

/// A school in the middle of a district, where its people go.
fn write_shelter(text: &mut String, area: &Area) {
    #[expect(clippy::cast_precision_loss, reason = "a ring has a handful of corners")]
    let corners = area.ring.len().max(1) as f64;
    let middle = |axis: usize| area.ring.iter().map(|point| point.degrees()[axis]).sum::<f64>() / corners;
    let _ = write!(
        text,
        "\n[[shelter]]\nname = {{ ko = \"{}초등학교\", en = \"{} School\" }}\nposition = [{:.5}, {:.5}]\narea = \"{}\"\npeople = 400\n",
        area.name.ko,
        area.name.en,
        middle(0),
        middle(1),
        area.code
    );
}

fn write_station(text: &mut String, city: &City, station: &Station) {
    let [lat, lon] = station.at.degrees();
    let quoted =
        |names: Vec<&str>| format!("[{}]", names.iter().map(|n| format!("\"{n}\"")).collect::<Vec<_>>().join(", "));
    let _ = write!(
        text,
        "\n[[station]]\nid = \"{}\"\nname = {{ ko = \"{}\", en = \"{}\" }}\nposition = [{lat:?}, {lon:?}]\narea = \"{}\"\n",
        station.id, station.name.ko, station.name.en, city.areas[station.area].code
    );
    if station.affects != [station.area] {
        let codes = station.affects.iter().map(|area| city.areas[*area].code.as_str()).collect();
        let _ = writeln!(text, "affects = {}", quoted(codes));
    }
    if !station.upstream.is_empty() {
        let ids = station.upstream.iter().map(|id| id.as_str()).collect();
        let _ = writeln!(text, "upstream = {}", quoted(ids));
    }
    if matches!(station.role, Role::Slope { .. }) {
        text.push_str("tags = [\"slope\"]\n");
    }
    for stream in &station.streams {
        write_stream(text, station, stream);
    }
}

fn write_stream(text: &mut String, station: &Station, stream: &Stream) {
    let _ = write!(text, "[[station.datastream]]\nkind = \"{}\"\n", stream.name.kind().name);
    if stream.name.instance != Instance::FIRST {
        let _ = writeln!(text, "n = {}", stream.name.instance);
    }
    let _ = writeln!(text, "cadence = \"{}m\"", station.cadence_min);
    if !stream.levels.is_empty() {
        let levels: Vec<String> = stream.levels.iter().map(|(level, limit)| format!("{level} = {limit:?}")).collect();
        let _ = writeln!(text, "levels = {{ {} }}", levels.join(", "));
    }
}

pub fn areas_geojson(city: &City) -> String {
    let features: Vec<serde_json::Value> = city
        .areas
        .iter()
        .map(|area| {
            let ring: Vec<[f64; 2]> =
                area.ring.iter().map(|point| point.degrees()).map(|[lat, lon]| [lon, lat]).collect();
            json!({
                "type": "Feature",
                "properties": { "code": area.code, "name": area.name.ko, "name_en": area.name.en, "kind": area.kind },
                "geometry": { "type": "Polygon", "coordinates": [ring] },
            })
        })
        .collect();
    json!({ "type": "FeatureCollection", "features": features }).to_string()
}

#[cfg(test)]
mod tests {
    use crate::city::{City, Size};
    use bongsu_sensors::{Catalog, Source};
    use std::collections::BTreeSet;

    fn catalog(city: &City) -> Catalog {
        let stations = Source::new("stations.toml", city.stations_toml());
        let areas = Source::new("areas.geojson", city.areas_geojson());
        Catalog::parse(&stations, |name| {
            assert_eq!(name, "areas.geojson");
            Ok(areas)
        })
        .unwrap_or_else(|mistakes| panic!("seed {}: {}", city.seed, mistakes[0]))
    }

    #[test]
    fn every_city_is_a_catalog_without_mistakes_or_warnings() {
        for (seed, size) in
            [(1, Size::default()), (2, Size::stations(0)), (3, Size::stations(500)), (4, Size::default())]
        {
            let city = City::build(seed, size);
            let catalog = catalog(&city);
            assert!(catalog.warnings.is_empty(), "seed {seed}: {}", catalog.warnings[0]);
            assert_eq!(catalog.stations.len(), size.count());
            assert_eq!(catalog.stations.len(), city.stations.len());
            assert!(!catalog.shelters.is_empty());
            assert!(catalog.areas.iter().all(|area| !area.polygon.is_empty()));
            let names: BTreeSet<_> = catalog.stations.iter().map(|station| station.name["ko"].clone()).collect();
            assert!(size != Size::default() || names.len() > 90, "stations share names: {}", names.len());
        }
    }

    #[test]
    fn ten_thousand_stations_are_a_catalog_too() {
        let city = City::build(9, Size::stations(10_000));
        let catalog = catalog(&city);
        assert_eq!((catalog.stations.len(), catalog.warnings.len()), (10_000, 0));
    }

    #[test]
    fn a_larger_city_keeps_what_the_smaller_one_has() {
        let (small, large) = (City::build(6, Size::stations(120)), City::build(6, Size::stations(121)));
        for station in &small.stations {
            let twin = &large.stations[large.station_named(station.id.as_str()).expect("still there")];
            assert_eq!((&twin.name, twin.at, twin.district), (&station.name, station.at, station.district));
        }
    }
}
