//! `/api/v1/basemap`: what lies under the console's map, as GeoJSON of the city's own.

use super::parameters::Parameters;
use super::problem::Problem;
use super::{Web, json};
use crate::basemap;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use bytes::Bytes;

/// The base map as GeoJSON, lowest layer first: one MultiPolygon and one MultiLineString for each layer of each import,
/// with the layer's name as `layer`; and `credits`, to be shown with it. Empty where nothing was imported with `bongsu basemap import`.
#[utoipa::path(get, path = "/api/v1/basemap", tag = "observations",
    responses((status = 200, body = super::operator::openapi::FeatureCollection), super::operator::openapi::Faults))]
pub async fn list(State(web): State<Web>, uri: Uri) -> Result<Response, Problem> {
    Parameters::read(&uri, &[])?;
    let folder = web.shared.settings.basemap.clone();
    let made = web.shared.basemap.get((), async {
        let read = tokio::task::spawn_blocking(move || basemap::served(&folder));
        match read.await {
            Ok(Ok(text)) => Ok(Bytes::from(text)),
            Ok(Err(error)) => Err(Problem::unreadable(&error)),
            Err(error) => Err(Problem::unreadable(&error)),
        }
    });
    made.await.map(json)
}
