//! Polygons of areas, from GeoJSON. Only outer rings are kept: CAP knows no holes, and a warning that reaches the hole
//! of a district is better than one that does not.

use crate::document::nearest;
use crate::mistake::{Mistakes, Origin, Source};
use geo::Validation;
use geojson::{FeatureCollection, GeometryValue};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A closed ring of (latitude, longitude) points; the last equals the first, as in CAP.
pub type Ring = Vec<[f64; 2]>;

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
    let polygons: Vec<geo::Polygon<f64>> = match geometry {
        Some(shape @ GeometryValue::Polygon { .. }) => {
            vec![geo::Polygon::try_from(shape.clone()).map_err(|e| e.to_string())?]
        }
        Some(shape @ GeometryValue::MultiPolygon { .. }) => {
            geo::MultiPolygon::try_from(shape.clone()).map_err(|e| e.to_string())?.0
        }
        _ => return Err("its geometry is neither a Polygon nor a MultiPolygon".into()),
    };
    let mut rings = Vec::with_capacity(polygons.len());
    for polygon in polygons {
        polygon.check_validation().map_err(|e| e.to_string())?;
        let ring: Ring = polygon.exterior().points().map(|point| [point.y(), point.x()]).collect();
        if ring.len() < 4 {
            return Err(format!(
                "a ring has {} positions; it needs at least 4, the last equal to the first",
                ring.len()
            ));
        }
        if ring.iter().any(|[lat, lon]| !(-90.0..=90.0).contains(lat) || !(-180.0..=180.0).contains(lon)) {
            return Err("a position lies outside the earth".into());
        }
        rings.push(ring);
    }
    Ok(rings)
}

/// Where a code stands in the text, so that an editor can jump there.
fn place_of(source: &Arc<Source>, code: &str) -> Origin {
    let quoted = format!("\"{code}\"");
    let start = source.text.find(&quoted).unwrap_or(0);
    Origin { source: source.clone(), span: start..(start + quoted.len()).min(source.text.len()) }
}
