//! Rules at the workbench: what one would have found lately with other parameters. Nothing is put in force by it.

use super::Problem;
use super::reading::Said;
use super::rulebook::Value;
use crate::web::stations::no_area;
use crate::web::workbench::Key;
use crate::web::{Web, json_of};
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use bongsu_rules::language::header::Setting;
use bongsu_sensors::{Level, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Days where none are asked for, and most of them.
const DAYS: u32 = 7;
const MOST_DAYS: u32 = 30;

/// Most parameters of a rule that are tried at once.
const PARAMETERS: usize = 64;

/// What is tried.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// Parameters by name: numbers, or durations as text. Those not named stay as they are in force.
    #[serde(default)]
    #[schema(value_type = Object, example = json!({"lead_min": 45, "trend": "2h"}))]
    params: BTreeMap<String, Value>,
    /// So many days back, 1 to 30.
    #[serde(default = "days")]
    #[schema(minimum = 1, maximum = 30, default = 7)]
    days: u32,
    /// Only in this area and what lies in it.
    #[serde(default)]
    area: Option<String>,
    /// From this level on it counts.
    #[serde(default = "advisory")]
    #[schema(value_type = String, example = "watch", default = "advisory")]
    level: Level,
}

const fn days() -> u32 {
    DAYS
}

const fn advisory() -> Level {
    Level::Advisory
}

/// A time in which the rule would have stood at the level or above.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Firing {
    /// The station, the area, or `city`.
    place: String,
    #[schema(value_type = String, format = DateTime)]
    from: Time,
    /// Null: it stands at the end.
    #[schema(value_type = Option<String>, format = DateTime)]
    to: Option<Time>,
}

/// What came of it.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Tried {
    rule: String,
    area: Option<String>,
    #[schema(value_type = String)]
    level: Level,
    #[schema(value_type = String, format = DateTime)]
    from: Time,
    #[schema(value_type = String, format = DateTime)]
    to: Time,
    /// Observations that were looked at. They are played at the times they are of: what was late is not late here.
    observations: usize,
    /// It was compared anew; else everything was played again, because the parameter changes more than limits.
    quick: bool,
    /// How long preparing took: once, until ten minutes have passed or rules or stations have changed.
    prepared_ms: u64,
    /// How long this answer took.
    took_ms: f64,
    firings: Vec<Firing>,
}

/// Try a rule with other parameters over the past days.
#[utoipa::path(post, path = "/api/v1/rules/{id}/try", tag = "rules", params(("id" = String, Path)),
    request_body = Wanted, responses((status = 200, body = Tried), super::openapi::Faults))]
pub async fn try_out(
    State(web): State<Web>,
    Extension(desk): Extension<Arc<crate::desk::Desk>>,
    Path(rule): Path<String>,
    Said(said): Said<Wanted>,
) -> Result<Response, Problem> {
    let Wanted { params, days, area, level } = said;
    if !(1..=MOST_DAYS).contains(&days) {
        return Err(Problem::bad_request(format!("{days} days cannot be tried"), "write 1 to 30"));
    }
    if level == Level::None {
        return Err(Problem::bad_request(
            "a rule stands at none whenever it finds nothing",
            "write a level from advisory up",
        ));
    }
    if params.len() > PARAMETERS {
        return Err(Problem::bad_request("no rule has so many parameters", "write those that are to change"));
    }
    if let (Some(area), Some(catalog)) = (&area, web.shared.catalog())
        && area != bongsu_rules::incident::CITY
        && catalog.area_named(area).is_none()
    {
        return Err(no_area(&catalog, area));
    }
    let set: Vec<(String, Setting)> = params.into_iter().map(|(name, value)| (name, value.setting())).collect();
    let key = Key { rule: rule.clone(), area: area.clone(), days, level };
    let bench = web.shared.bench(key, desk.city_now()).await?;
    let (from, to, observations) = (bench.from, bench.to, bench.prepared.observations());
    let prepared_ms = u64::try_from(bench.took.as_millis()).unwrap_or(u64::MAX);
    let (alerts, quick, took) = web.shared.tried(bench, set).await?;
    let firing = |alert: bongsu_rules::backtest::Alerted| Firing { place: alert.place, from: alert.from, to: alert.to };
    let firings = alerts.into_iter().map(firing).collect();
    let took_ms = took.as_secs_f64() * 1e3;
    Ok(json_of(&Tried { rule, area, level, from, to, observations, quick, prepared_ms, took_ms, firings }))
}
