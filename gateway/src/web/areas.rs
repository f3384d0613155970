//! `/api/v1/areas`: the districts and risk polygons as GeoJSON, for maps.

use super::parameters::Parameters;
use super::problem::Problem;
use super::shared::Shared;
use super::{Web, json};
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use bongsu_sensors::Catalog;
use bongsu_sensors::catalog::{Area, AreaKind};
use bytes::Bytes;
use serde_json::{Value, json as value};

/// The word of an area's sort, as the catalog writes it.
const fn kind(kind: AreaKind) -> &'static str {
    match kind {
        AreaKind::Sido => "sido",
        AreaKind::Sigungu => "sigungu",
        AreaKind::Eupmyeondong => "eupmyeondong",
        AreaKind::Zone => "zone",
    }
}

fn feature(catalog: &Catalog, area: &Area) -> Value {
    // GeoJSON writes the longitude first.
    let ring = |ring: &Vec<[f64; 2]>| ring.iter().map(|[latitude, longitude]| [*longitude, *latitude]).collect();
    let polygons: Vec<[Vec<[f64; 2]>; 1]> = area.polygon.iter().map(|outer| [ring(outer)]).collect();
    let geometry = match polygons.is_empty() {
        true => Value::Null,
        false => value!({ "type": "MultiPolygon", "coordinates": polygons }),
    };
    value!({
        "type": "Feature",
        "properties": {
            "code": area.code.as_str(),
            "kind": kind(area.kind),
            "parent": area.parent.map(|parent| catalog.area(parent).code.as_str()),
            "name": area.name,
        },
        "geometry": geometry,
    })
}

/// The districts and risk polygons as GeoJSON.
#[utoipa::path(get, path = "/api/v1/areas", tag = "observations",
    responses((status = 200, body = super::operator::openapi::FeatureCollection), super::operator::openapi::Faults))]
pub async fn list(State(web): State<Web>, uri: Uri) -> Result<Response, Problem> {
    Parameters::read(&uri, &[])?;
    let shared: &Shared = &web.shared;
    let made = shared.areas.get((), async {
        let Some(catalog) = shared.catalog() else { return Err(super::stations::no_city()) };
        let features: Vec<Value> = catalog.areas.iter().map(|area| feature(&catalog, area)).collect();
        let body = serde_json::to_vec(&value!({ "type": "FeatureCollection", "features": features }));
        body.map(Bytes::from).map_err(|cause| Problem::unreadable(&cause))
    });
    made.await.map(json)
}
