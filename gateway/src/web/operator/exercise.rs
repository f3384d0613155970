//! Exercises: begun and ended by people, approved like what is meant, and never public.

use super::alert::handled;
use super::reading::{Said, text};
use super::{From, Problem};
use crate::desk::{Desk, unchecked};
use crate::people::Who;
use crate::web::parameters::unknown;
use crate::web::{Web, json_of};
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use bongsu_rules::hazard;
use bongsu_rules::incident::{Action, CITY, exercise_id};
use bongsu_sensors::Level;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What is practised.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// Of which hazard.
    #[schema(example = "river_flood")]
    hazard: String,
    /// In which area.
    area: String,
    /// At which level.
    #[schema(value_type = String, example = "warning")]
    level: Level,
    /// Why.
    #[schema(min_length = 1)]
    reason: String,
}

/// The exercises that are on, as alerts.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Exercises {
    #[schema(value_type = Vec<Object>)]
    exercises: Vec<serde_json::Value>,
}

/// The exercises that are on.
#[utoipa::path(get, path = "/api/v1/exercises", tag = "exercises",
    responses((status = 200, body = Exercises), super::openapi::Faults))]
pub async fn list(State(web): State<Web>) -> Response {
    let all = web.shared.board().all();
    let on = all.iter().map(|said| &said.transition.incident);
    let on = on.filter(|incident| exercise_id(&incident.id) && !incident.state.is_over());
    json_of(&Exercises { exercises: on.map(|incident| web.shared.for_operators(incident)).collect() })
}

/// Begin an exercise.
#[utoipa::path(post, path = "/api/v1/exercises", tag = "exercises", request_body = Wanted,
    responses((status = 200, body = super::alert::Handled), super::openapi::Faults))]
pub async fn begin(
    State(web): State<Web>,
    Extension(desk): Extension<Arc<Desk>>,
    who: Who,
    from: From,
    Said(said): Said<Wanted>,
) -> Result<Response, Problem> {
    let reason = text("reason", &said.reason)?;
    let Wanted { hazard, area, level, .. } = said;
    if hazard::named(&hazard).is_none() {
        return Err(unknown("hazard", &hazard, hazard::ALL.iter().map(|hazard| hazard.name)));
    }
    let catalog = web.shared.catalog();
    let areas = catalog.as_ref().map(|catalog| catalog.areas.as_slice()).unwrap_or_default();
    if area != CITY && !areas.iter().any(|known| known.code.as_str() == area) {
        return Err(unknown("area", &area, areas.iter().map(|area| area.code.as_str())));
    }
    let action = Action::Exercise { hazard, area, level, reason };
    Ok(handled(desk.order(&who, &from.0, action, unchecked()).await?))
}

/// End an exercise.
#[utoipa::path(post, path = "/api/v1/exercises/{id}/end", tag = "exercises", params(("id" = String, Path)),
    request_body = super::alert::Why, responses((status = 200, body = super::alert::Handled), super::openapi::Faults))]
pub async fn end(
    Extension(desk): Extension<Arc<Desk>>,
    who: Who,
    from: From,
    Path(incident): Path<String>,
    Said(said): Said<super::alert::Why>,
) -> Result<Response, Problem> {
    // What is meant is ended by those who decide on it.
    if !exercise_id(&incident) {
        return Err(Problem::not_found("there is no such exercise", "GET /api/v1/exercises lists them"));
    }
    let reason = text("reason", said.reason())?;
    Ok(handled(desk.order(&who, &from.0, Action::End { incident, reason }, unchecked()).await?))
}
