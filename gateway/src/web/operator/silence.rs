//! Silences: what is known is not told again for a while.

use super::alert::handled;
use super::reading::{Said, text};
use super::{From, Problem, forbidden};
use crate::desk::{Desk, unchecked};
use crate::people::Who;
use crate::web::{Web, json_of};
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use bongsu_rules::incident::{Action, Match, Silence};
use bongsu_sensors::{Level, Time};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A silence as it is asked for.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// Of which hazard.
    #[serde(default)]
    hazard: Option<String>,
    /// In which area.
    #[serde(default)]
    area: Option<String>,
    /// At which station.
    #[serde(default)]
    station: Option<String>,
    /// By which rule.
    #[serde(default)]
    rule: Option<String>,
    /// The highest level it covers: a higher one breaks it.
    #[schema(value_type = String, example = "watch")]
    covers: Level,
    /// Until when: within 24 hours.
    #[schema(value_type = String, format = DateTime)]
    until: Time,
    /// Why.
    #[schema(min_length = 1)]
    reason: String,
}

/// A silence in force.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Listed {
    id: u64,
    hazard: Option<String>,
    area: Option<String>,
    station: Option<String>,
    rule: Option<String>,
    #[schema(value_type = String)]
    covers: Level,
    #[schema(value_type = String, format = DateTime)]
    since: Time,
    #[schema(value_type = String, format = DateTime)]
    until: Time,
    by: String,
    reason: String,
}

/// The silences in force.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Silences {
    silences: Vec<Listed>,
}

fn listed(silence: &Silence) -> Listed {
    let Silence { id, of, covers, since, until, by, reason } = silence.clone();
    let Match { hazard, area, station, rule } = of;
    Listed { id, hazard, area, station, rule, covers, since, until, by, reason }
}

/// The silences in force.
#[utoipa::path(get, path = "/api/v1/silences", tag = "silences",
    responses((status = 200, body = Silences), super::openapi::Faults))]
pub async fn list(State(web): State<Web>) -> Response {
    json_of(&Silences { silences: web.shared.silences().iter().map(listed).collect() })
}

fn action(who: &Who, said: Wanted) -> Result<Action, Problem> {
    let reason = text("reason", &said.reason)?;
    let Wanted { hazard, area, station, rule, covers, until, .. } = said;
    if covers > who.role.may_silence() {
        let error = format!("the role {} may not silence {covers}", who.role.name());
        return Err(forbidden(error, "ask somebody who decides on it"));
    }
    Ok(Action::Silence { of: Match { hazard, area, station, rule }, covers, until, reason })
}

/// Keep something quiet for a while.
#[utoipa::path(post, path = "/api/v1/silences", tag = "silences", request_body = Wanted,
    responses((status = 200, body = super::alert::Handled), super::openapi::Faults))]
pub async fn add(
    Extension(desk): Extension<Arc<Desk>>,
    who: Who,
    from: From,
    Said(said): Said<Wanted>,
) -> Result<Response, Problem> {
    let action = action(&who, said)?;
    Ok(handled(desk.order(&who, &from.0, action, unchecked()).await?))
}

/// What a silence would keep quiet now.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Previewed {
    /// The incidents.
    incidents: Vec<String>,
}

/// What a silence would keep quiet now. Nothing changes.
#[utoipa::path(post, path = "/api/v1/silences/preview", tag = "silences", request_body = Wanted,
    responses((status = 200, body = Previewed), super::openapi::Faults))]
pub async fn preview(
    State(web): State<Web>,
    Extension(desk): Extension<Arc<Desk>>,
    who: Who,
    Said(said): Said<Wanted>,
) -> Result<Response, Problem> {
    let Action::Silence { of, covers, until, reason } = action(&who, said)? else { return Err(Problem::busy()) };
    let now = desk.city_now();
    let silence = Silence { id: 0, of, covers, since: now, until, by: who.name, reason };
    Ok(json_of(&Previewed { incidents: web.shared.silenced_by(&silence) }))
}

/// End a silence before its time.
#[utoipa::path(delete, path = "/api/v1/silences/{id}", tag = "silences", params(("id" = u64, Path)),
    responses((status = 200, body = super::alert::Handled), super::openapi::Faults))]
pub async fn remove(
    Extension(desk): Extension<Arc<Desk>>,
    who: Who,
    from: From,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id =
        id.parse().map_err(|_| Problem::not_found("there is no such silence", "GET /api/v1/silences lists them"))?;
    Ok(handled(desk.order(&who, &from.0, Action::Unsilence { id }, unchecked()).await?))
}
