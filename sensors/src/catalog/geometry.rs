//! Polygons of areas, from GeoJSON. Only outer rings are kept: CAP knows no holes, and a warning that reaches the hole
//! of a district is better than one that does not.

use crate::document::nearest;
use crate::mistake::{Mistakes, Origin, Source};
use geo::{Intersects, Validation};
use geojson::{FeatureCollection, GeometryValue, Position};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A closed ring of (latitude, longitude) points; the last equals the first, as in CAP.
pub type Ring = Vec<[f64; 2]>;

/// Whether a position (latitude, longitude) lies within one of the rings.
pub fn holds(rings: &[Ring], [latitude, longitude]: [f64; 2]) -> bool {
    let point = geo::Point::new(longitude, latitude);
    let ring = |ring: &Ring| ring.iter().map(|[latitude, longitude]| (*longitude, *latitude)).collect();
    rings.iter().any(|at| geo::Polygon::new(ring(at), Vec::new()).intersects(&point))
}

/// Radius of the earth, km.
pub const EARTH_KM: f64 = 6371.0;

/// Great-circle distance of two places, degrees in, km out.
///
/// # Source
/// The haversine formula on a sphere; its error of half a percent is nothing to a neighbourhood.
pub fn distance_km(a: [f64; 2], b: [f64; 2]) -> f64 {
    let half = |x: f64, y: f64| ((y - x).to_radians() / 2.0).sin().powi(2);
    let cosines = a[0].to_radians().cos() * b[0].to_radians().cos();
    2.0 * EARTH_KM * (half(a[0], b[0]) + cosines * half(a[1], b[1])).sqrt().min(1.0).asin()
}

/// The outer rings of each area code; mistakes are added to the list.
pub fn read(source: &Arc<Source>, codes: &[&str], mistakes: &Mistakes) -> BTreeMap<String, Vec<Ring>> {
    let whole = Origin { source: source.clone(), span: 0..0 };
    let mut rings = BTreeMap::new();
    let collection = match source.text.parse::<FeatureCollection>() {
        Ok(collection) => collection,
        Err(error) => {
            mistakes.add(
                &whole,
                format!("no GeoJSON feature collection: {error}"),
                "write {\"type\": \"FeatureCollection\", \"features\": […]}",
            );
            return rings;
        }
    };
    for (at, feature) in collection.features.iter().enumerate() {
        let code = feature.property("code").and_then(|code| code.as_str());
        let Some(code) = code else {
            mistakes.add(&whole, format!("feature {} has no area", at + 1), "add \"properties\": {\"code\": \"…\"}");
            continue;
        };
        let origin = place_of(source, code);
        if !codes.contains(&code) {
            let remedy = match nearest(code, codes.iter().copied()) {
                Some(near) => format!("did you mean {near:?}?"),
                None => format!("add [[area]] code = {code:?} to the catalog"),
            };
            mistakes.add(&origin, format!("no area {code:?}"), remedy);
            continue;
        }
        let found = outer_rings(feature.geometry.as_ref().map(|geometry| &geometry.value));
        match found {
            Ok(found) if rings.contains_key(code) => {
                let _: Vec<Ring> = found;
                mistakes.add(&origin, format!("area {code:?} stands twice"), "join them to one MultiPolygon");
            }
            Ok(found) => {
                rings.insert(code.to_owned(), found);
            }
            Err(wrong) => mistakes.add(
                &origin,
                format!("area {code:?}: {wrong}"),
                "positions are [longitude, latitude], rings closed and without crossings",
            ),
        }
    }
    rings
}

fn outer_rings(geometry: Option<&GeometryValue>) -> Result<Vec<Ring>, String> {
    match geometry {
        Some(GeometryValue::Polygon { coordinates }) => Ok(vec![outer_ring(coordinates)?]),
        Some(GeometryValue::MultiPolygon { coordinates }) => {
            coordinates.iter().map(|polygon| outer_ring(polygon)).collect()
        }
        _ => Err("its geometry is neither a Polygon nor a MultiPolygon".into()),
    }
}

fn outer_ring(coordinates: &[Vec<Position>]) -> Result<Ring, String> {
    if coordinates.is_empty() {
        return Err("a polygon has no ring".into());
    }
    let rings: Vec<Ring> = coordinates.iter().map(|positions| ring(positions)).collect::<Result<_, _>>()?;
    let line = |ring: &Ring| ring.iter().map(|[lat, lon]| (*lon, *lat)).collect::<geo::LineString<f64>>();
    let mut lines: Vec<geo::LineString<f64>> = rings.iter().map(line).collect();
    let polygon = geo::Polygon::new(lines.remove(0), lines);
    polygon.check_validation().map_err(|e| e.to_string())?;
    Ok(rings.into_iter().next().unwrap_or_default())
}

/// One ring as (latitude, longitude). The library would close an open ring silently and panic over a lone number, so
/// both are looked for first.
fn ring(positions: &[Position]) -> Result<Ring, String> {
    let point = |position: &Position| match position[..] {
        [lon, lat, ..] if (-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lon) => Ok([lat, lon]),
        [_, _, ..] => Err("a position lies outside the earth".to_owned()),
        _ => Err("a position has no latitude".to_owned()),
    };
    let ring: Ring = positions.iter().map(point).collect::<Result<_, _>>()?;
    if ring.len() < 4 {
        return Err(format!("a ring has {} positions; it needs at least 4", ring.len()));
    }
    if ring.first() != ring.last() {
        return Err("a ring is not closed: its last position is not its first".into());
    }
    Ok(ring)
}

/// Where a code stands in the text, so that an editor can jump there.
fn place_of(source: &Arc<Source>, code: &str) -> Origin {
    let quoted = format!("\"{code}\"");
    let start = source.text.find(&quoted).unwrap_or(0);
    Origin { source: source.clone(), span: start..(start + quoted.len()).min(source.text.len()) }
}

#[cfg(test)]
mod tests {
    #[test]
    fn distances_are_those_of_the_map() {
        // Seoul city hall to Incheon city hall.
        let far = super::distance_km([37.5663, 126.9779], [37.4563, 126.7052]);
        assert!((far - 27.0).abs() < 1.0, "{far}");
        assert!(super::distance_km([37.5, 127.0], [37.5, 127.0]) < 1e-9);
    }
}
