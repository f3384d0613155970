//! Who may speak at the door, changed by an administrator: a device is let in, gets another secret, or has no word any
//! more. A secret is shown once.

use super::From;
use super::Problem;
use super::reading::{Said, text};
use crate::desk::Desk;
use crate::device::{Answer, Request};
use crate::people::Who;
use crate::web::stations::station_named;
use crate::web::{Web, json_of};
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Stations that one device speaks for: a concentrator has some hundred.
const STATIONS: usize = 1_000;

/// A device that is to be let in.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDevice {
    /// The stations it speaks for.
    stations: Vec<String>,
    /// The name in its certificate, where it logs in with one; then it gets no secret.
    #[serde(default)]
    certificate: Option<String>,
    /// Why.
    #[schema(min_length = 1)]
    reason: String,
}

/// A device that is let in.
#[derive(Serialize, utoipa::ToSchema)]
pub struct LetIn {
    username: String,
    /// Shown this once; null: it logs in with its certificate.
    password: Option<String>,
    certificate: Option<String>,
}

/// Why.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// Why.
    #[schema(min_length = 1)]
    reason: String,
}

fn answered(answer: Answer) -> Result<Response, Problem> {
    let let_in = |username, password, certificate| json_of(&LetIn { username, password, certificate });
    match answer {
        Answer::Credentials { username, password } => Ok(let_in(username, Some(password), None)),
        Answer::Certified { username, certificate } => Ok(let_in(username, None, Some(certificate))),
        Answer::Revoked => Ok(StatusCode::NO_CONTENT.into_response()),
        Answer::Refused { reason } => Err(Problem::of(409, reason, "GET /api/v1/devices lists who has a word")),
        Answer::Devices(_) => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}

/// Let a new device speak for stations. Its secret is shown this once.
#[utoipa::path(post, path = "/api/v1/devices", tag = "system", request_body = NewDevice,
    responses((status = 200, body = LetIn), super::openapi::Faults))]
pub async fn add(
    State(web): State<Web>,
    Extension(desk): Extension<Arc<Desk>>,
    who: Who,
    from: From,
    Said(NewDevice { stations, certificate, reason }): Said<NewDevice>,
) -> Result<Response, Problem> {
    let reason = text("reason", &reason)?;
    if stations.is_empty() || stations.len() > STATIONS {
        let error = format!("a device speaks for 1 to {STATIONS} stations");
        return Err(Problem::bad_request(error, "name the stations it is at"));
    }
    if let Some(catalog) = web.shared.catalog() {
        for station in &stations {
            station_named(&catalog, station)?;
        }
    }
    let detail = format!("for {}: {reason}", stations.join(", "));
    let audit = desk.draft(&who, &from.0, "device.add", "", &detail);
    let request = Request::Add { stations, certificate, now: desk.now().millis() };
    answered(desk.device(request, Some(audit)).await?)
}

/// Give a device another secret, shown this once. The one before ends at once, and its connections are cut.
#[utoipa::path(post, path = "/api/v1/devices/{username}/rotate", tag = "system", params(("username" = String, Path)),
    request_body = Reason, responses((status = 200, body = LetIn), super::openapi::Faults))]
pub async fn rotate(
    Extension(desk): Extension<Arc<Desk>>,
    who: Who,
    from: From,
    Path(username): Path<String>,
    Said(Reason { reason }): Said<Reason>,
) -> Result<Response, Problem> {
    let audit = desk.draft(&who, &from.0, "device.rotate", &username, &text("reason", &reason)?);
    answered(desk.device(Request::Rotate { username }, Some(audit)).await?)
}

/// Take a device's word away; its connections are cut.
#[utoipa::path(post, path = "/api/v1/devices/{username}/revoke", tag = "system", params(("username" = String, Path)),
    request_body = Reason, responses((status = 204, description = "it has no word any more"), super::openapi::Faults))]
pub async fn revoke(
    Extension(desk): Extension<Arc<Desk>>,
    who: Who,
    from: From,
    Path(username): Path<String>,
    Said(Reason { reason }): Said<Reason>,
) -> Result<Response, Problem> {
    let audit = desk.draft(&who, &from.0, "device.revoke", &username, &text("reason", &reason)?);
    answered(desk.device(Request::Revoke { username, now: desk.now().millis() }, Some(audit)).await?)
}
