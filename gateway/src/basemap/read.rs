//! Shapes of GeoJSON, with every mistake told at once: which feature, and what to write.

use super::{Layer, Layers, Position, Shapes};
use bongsu_sensors::mistake::{Mistake, Origin, Source};
use geojson::{Feature, FeatureCollection, Geometry, GeometryValue, Position as Written};
use serde_json::Value;
use std::collections::BTreeSet;

/// Mistakes that are told; more are the same one again.
const TOLD: usize = 20;

/// What stands in every message about positions that are no degrees.
const DEGREES: &str = "base maps are in WGS 84 degrees, longitude first; convert the file, for example with \
    `ogr2ogr -t_srs EPSG:4326 new.geojson old.geojson`";

/// What was found in a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// What is drawn.
    pub layers: Layers,
    /// Features.
    pub features: usize,
    /// Features that are nothing to draw: points, and those without a place.
    pub not_drawn: usize,
    /// The property `code` of districts.
    pub codes: BTreeSet<String>,
}

impl Found {
    /// West, south, east and north.
    pub fn bounds(&self) -> [f64; 4] {
        let mut bounds = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
        for shapes in self.layers.values() {
            for [longitude, latitude] in shapes.lines.iter().chain(shapes.polygons.iter().flatten()).flatten() {
                bounds[0] = bounds[0].min(*longitude);
                bounds[1] = bounds[1].min(*latitude);
                bounds[2] = bounds[2].max(*longitude);
                bounds[3] = bounds[3].max(*latitude);
            }
        }
        bounds
    }
}

/// Reads the text of a file; `layer` is what all of it is, where somebody says so.
///
/// # Errors
/// Every mistake, the first twenty of them.
pub fn read(name: &str, text: &str, layer: Option<Layer>) -> Result<Found, Vec<Mistake>> {
    // The text may be a hundred megabytes: a mistake names the feature, which is more than a line of it would say.
    let whole = Origin { source: Source::new(name, ""), span: 0..0 };
    let mistake = |message: String, remedy: &str| Mistake::new(&whole, message, remedy);
    let collection: FeatureCollection = text.parse().map_err(|error: geojson::Error| {
        let remedy = "write {\"type\": \"FeatureCollection\", \"features\": […]}; a shapefile is converted with \
            `ogr2ogr -t_srs EPSG:4326 new.geojson old.shp`";
        vec![mistake(format!("no GeoJSON feature collection: {error}"), remedy)]
    })?;
    if let Some(other) = other_system(&collection) {
        return Err(vec![mistake(format!("the file is in the coordinate system {other}"), DEGREES)]);
    }
    let (mut found, mut mistakes) = (Found::default(), Vec::new());
    for (at, feature) in collection.features.iter().enumerate() {
        found.features += 1;
        match drawn(feature) {
            Ok(shapes) if shapes == Shapes::default() => found.not_drawn += 1,
            Ok(shapes) => found.take(feature, shapes, layer),
            Err((wrong, remedy)) => mistakes.push(mistake(format!("{}: {wrong}", called(at, feature)), remedy)),
        }
        if mistakes.len() == TOLD {
            break;
        }
    }
    if mistakes.is_empty() && found.layers.is_empty() {
        mistakes.push(mistake("there is nothing to draw".into(), "a base map is made of polygons and lines"));
    }
    if mistakes.is_empty() { Ok(found) } else { Err(mistakes) }
}

impl Found {
    fn take(&mut self, feature: &Feature, shapes: Shapes, layer: Option<Layer>) {
        let layer = layer.unwrap_or_else(|| Layer::of(feature.properties.as_ref()));
        if let Some(code) = feature.property("code").and_then(Value::as_str).filter(|_| layer == Layer::District) {
            self.codes.insert(code.to_owned());
        }
        let known = self.layers.entry(layer).or_default();
        known.lines.extend(shapes.lines);
        known.polygons.extend(shapes.polygons);
    }
}

/// A feature as a person finds it: by its place in the file, and its name where it has one.
fn called(at: usize, feature: &Feature) -> String {
    let names = ["name", "name:ko", "adm_nm", "SIG_KOR_NM", "EMD_KOR_NM", "code"];
    let name = names.iter().find_map(|key| feature.property(key).and_then(Value::as_str));
    match name {
        Some(name) => format!("feature {} ({name})", at + 1),
        None => format!("feature {}", at + 1),
    }
}

/// A coordinate system that the file says it is in, other than that of GeoJSON.
///
/// # Source
/// The member `crs` of the GeoJSON of 2008, which RFC 7946 took away and many programs still write.
fn other_system(collection: &FeatureCollection) -> Option<String> {
    let crs = collection.foreign_members.as_ref()?.get("crs").filter(|crs| !crs.is_null())?;
    let name = crs.pointer("/properties/name").and_then(Value::as_str).unwrap_or("it does not name");
    let ours = ["CRS84", "EPSG::4326", "EPSG:4326", "EPSG::4979"];
    let upper = name.to_uppercase();
    (!ours.iter().any(|known| upper.ends_with(known))).then(|| name.to_owned())
}

type Wrong = (String, &'static str);

fn drawn(feature: &Feature) -> Result<Shapes, Wrong> {
    let mut shapes = Shapes::default();
    if let Some(geometry) = &feature.geometry {
        add(geometry, &mut shapes, 0)?;
    }
    Ok(shapes)
}

/// Collections within collections: deeper than this nobody means it.
const DEPTH: usize = 8;

fn add(geometry: &Geometry, to: &mut Shapes, depth: usize) -> Result<(), Wrong> {
    match &geometry.value {
        GeometryValue::Point { .. } | GeometryValue::MultiPoint { .. } => {}
        GeometryValue::LineString { coordinates } => to.lines.push(line(coordinates)?),
        GeometryValue::MultiLineString { coordinates } => {
            for each in coordinates {
                to.lines.push(line(each)?);
            }
        }
        GeometryValue::Polygon { coordinates } => to.polygons.push(polygon(coordinates)?),
        GeometryValue::MultiPolygon { coordinates } => {
            for each in coordinates {
                to.polygons.push(polygon(each)?);
            }
        }
        GeometryValue::GeometryCollection { geometries } if depth < DEPTH => {
            for each in geometries {
                add(each, to, depth + 1)?;
            }
        }
        GeometryValue::GeometryCollection { .. } => {
            return Err(("collections lie too deep within each other".into(), "write each shape as a feature"));
        }
    }
    Ok(())
}

fn line(positions: &[Written]) -> Result<Vec<Position>, Wrong> {
    if positions.len() < 2 {
        let wrong = format!("a line has {} positions", positions.len());
        return Err((wrong, "a line has at least two: its ends"));
    }
    positions.iter().map(position).collect()
}

fn polygon(rings: &[Vec<Written>]) -> Result<Vec<Vec<Position>>, Wrong> {
    if rings.is_empty() {
        return Err(("a polygon has no ring".into(), "write its outer ring, or leave the feature out"));
    }
    rings.iter().map(|positions| ring(positions)).collect()
}

fn ring(positions: &[Written]) -> Result<Vec<Position>, Wrong> {
    let ring: Vec<Position> = positions.iter().map(position).collect::<Result<_, _>>()?;
    if ring.len() < 4 || ring.first() != ring.last() {
        let wrong = format!("a ring of {} positions is not closed", ring.len());
        return Err((wrong, "a ring has at least four positions, and its last is its first"));
    }
    Ok(ring)
}

fn position(written: &Written) -> Result<Position, Wrong> {
    match written[..] {
        [longitude, latitude, ..] if (-180.0..=180.0).contains(&longitude) && (-90.0..=90.0).contains(&latitude) => {
            Ok([longitude, latitude])
        }
        [longitude, latitude, ..] if longitude.abs() <= 90.0 && latitude.abs() <= 180.0 => {
            Err((format!("the latitude stands first in [{longitude}, {latitude}]"), DEGREES))
        }
        [x, y, ..] => Err((format!("[{x}, {y}] are no degrees"), DEGREES)),
        _ => Err(("a position has no latitude".into(), "positions are [longitude, latitude]")),
    }
}
