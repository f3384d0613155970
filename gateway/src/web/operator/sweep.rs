//! Many settings of a rule over a season at the workbench: begun, watched and stopped. The work is done in
//! [`crate::web::workbench`].

use super::Problem;
use super::reading::Said;
use super::rule::{against, key, kinds};
use super::rulebook::{Value, no_rule, read};
use crate::backtest;
use crate::backtest::sweep::grid;
use crate::desk::Desk;
use crate::web::workbench::sweep::{Found, Job, Stage, Wanted};
use crate::web::workbench::wrong_parameter;
use crate::web::{Web, json_of};
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bongsu_rules::backtest::{Ratio, fits};
use bongsu_rules::language::header::Setting;
use bongsu_sensors::{Level, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Days that are looked back at most: a season.
const MOST_DAYS: u32 = 184;

/// Parameters that are swept together, and settings in all.
const PARAMETERS: usize = 2;
const SETTINGS: usize = 120;

/// What is swept.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SweepWanted {
    /// One or two parameters by name, each with its values: numbers, or durations as text. Every combination is tried;
    /// of no parameter, the rule as it stands: a back-test.
    #[schema(value_type = Object, example = json!({"lead_min": [0, 15, 30, 45]}))]
    params: BTreeMap<String, Vec<Value>>,
    /// So many days back, 1 to 184.
    #[schema(minimum = 1, maximum = 184)]
    days: u32,
    /// Only in this area and what lies in it.
    #[serde(default)]
    area: Option<String>,
    /// From this level on it counts.
    #[schema(value_type = String, example = "watch")]
    level: Level,
    /// What the firings are judged by: advisory, watch, warning, emergency, `agency` or `people`.
    #[schema(example = "watch")]
    truth: String,
}

/// A sweep that has begun.
#[derive(Serialize, utoipa::ToSchema)]
pub struct SweepBegun {
    sweep: u64,
}

/// A ratio with its 95 % interval; null of none.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Share {
    value: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
}

/// One setting and how good it was.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Swept {
    #[schema(value_type = Object)]
    set: BTreeMap<String, Value>,
    catches: usize,
    misses: usize,
    false_alarms: usize,
    /// Probability of detection.
    pod: Share,
    /// False alarm ratio.
    far: Share,
    /// The median lead of the catches.
    lead_s: Option<u64>,
    /// Firings in all, and a week.
    firings: usize,
    per_week: Option<f64>,
}

/// How a sweep stands.
#[derive(Serialize, utoipa::ToSchema)]
pub struct SweepStanding {
    /// reading, playing, done, stopped or failed.
    state: &'static str,
    /// Which part of the playing is done, 0 to 1.
    part: f64,
    took_ms: u64,
    #[schema(value_type = String, format = DateTime)]
    from: Time,
    #[schema(value_type = String, format = DateTime)]
    to: Time,
    /// Events that were to be warned of.
    events: usize,
    observations: usize,
    /// In the order of the values; empty until it is done.
    points: Vec<Swept>,
    /// Why it failed, and what to ask instead.
    error: Option<String>,
    remedy: Option<String>,
}

fn share(ratio: &Ratio) -> Share {
    let Ratio { value, interval, .. } = *ratio;
    Share { value, low: interval.map(|(low, _)| low), high: interval.map(|(_, high)| high) }
}

fn tried(point: &backtest::Tried) -> Swept {
    let backtest::Tried { set, score, burden, .. } = point;
    Swept {
        set: set.iter().map(|(name, setting)| (name.clone(), Value::of(setting))).collect(),
        catches: score.hits.len(),
        misses: score.misses.len(),
        false_alarms: score.false_alarms.len(),
        pod: share(&score.pod),
        far: share(&score.far),
        lead_s: score.lead().map(|lead| lead.as_secs()),
        firings: burden.alerts,
        per_week: burden.per_week,
    }
}

fn standing(job: &Job) -> SweepStanding {
    let none = Arc::new(Found::default());
    let (state, found, problem) = match job.look() {
        Stage::Reading => ("reading", none, None),
        Stage::Playing => ("playing", none, None),
        Stage::Done(found) => ("done", found, None),
        Stage::Stopped => ("stopped", none, None),
        Stage::Failed(problem) => ("failed", none, Some(problem)),
    };
    let (error, remedy) = problem.map(|problem| (problem.error, problem.remedy)).unzip();
    SweepStanding {
        state,
        part: if state == "done" { 1.0 } else { job.part() },
        took_ms: u64::try_from(job.took().as_millis()).unwrap_or(u64::MAX),
        from: job.from,
        to: job.to,
        events: found.events,
        observations: found.observations,
        points: found.points.iter().map(tried).collect(),
        error,
        remedy,
    }
}

/// Begin to try many settings of a rule over a season: one sweep at a time. Whoever does not ask for it for 90 seconds
/// no longer waits, and it is stopped.
#[utoipa::path(post, path = "/api/v1/rules/{id}/sweeps", tag = "rules", params(("id" = String, Path)),
    request_body = SweepWanted, responses((status = 200, body = SweepBegun), super::openapi::Faults))]
pub async fn begin(
    State(web): State<Web>,
    Extension(desk): Extension<Arc<Desk>>,
    Path(id): Path<String>,
    Said(said): Said<SweepWanted>,
) -> Result<Response, Problem> {
    let SweepWanted { params, days, area, level, truth } = said;
    let key = key(&web, &id, area, (days, MOST_DAYS), level)?;
    let against = against(&truth)?;
    if params.len() > PARAMETERS || params.values().any(Vec::is_empty) {
        return Err(Problem::bad_request("at most two parameters are swept", "name each with its values"));
    }
    if params.values().map(Vec::len).product::<usize>() > SETTINGS {
        return Err(Problem::bad_request(format!("more than {SETTINGS} settings"), "name fewer values"));
    }
    let library = read(&desk).await?;
    let rule = library.rule(&id).ok_or_else(|| no_rule(&id))?;
    let settings = |values: Vec<Value>| values.into_iter().map(Value::setting).collect::<Vec<Setting>>();
    let params: Vec<(String, Vec<Setting>)> =
        params.into_iter().map(|(name, values)| (name, settings(values))).collect();
    let variants = grid(&params);
    for variant in &variants {
        fits(&rule.header, &variant.set).map_err(|wrong| wrong_parameter(&wrong))?;
    }
    let (rule, kinds, to, halt) = (rule.clone(), kinds(rule), desk.city_now(), web.stop.clone());
    let job = web.shared.begin_sweep(Wanted { key, rule, kinds, against, variants, to, halt }).await?;
    Ok(json_of(&SweepBegun { sweep: job.id }))
}

fn found(web: &Web, rule: &str, sweep: &str) -> Result<Arc<Job>, Problem> {
    let job = sweep.parse().ok().and_then(|sweep| web.shared.sweep(rule, sweep));
    job.ok_or_else(|| Problem::not_found("there is no such sweep", "begin one with POST /api/v1/rules/{id}/sweeps"))
}

/// How far a sweep is, or what it found.
#[utoipa::path(get, path = "/api/v1/rules/{id}/sweeps/{sweep}", tag = "rules",
    params(("id" = String, Path), ("sweep" = u64, Path)),
    responses((status = 200, body = SweepStanding), super::openapi::Faults))]
pub async fn look(State(web): State<Web>, Path((id, sweep)): Path<(String, String)>) -> Result<Response, Problem> {
    Ok(json_of(&standing(&*found(&web, &id, &sweep)?)))
}

/// The report of a sweep that is done: a page that stands by itself, as the command line writes it.
#[utoipa::path(get, path = "/api/v1/rules/{id}/sweeps/{sweep}/report", tag = "rules",
    params(("id" = String, Path), ("sweep" = u64, Path)),
    responses((status = 200, body = String, content_type = "text/html"), super::openapi::Faults))]
pub async fn report(State(web): State<Web>, Path((id, sweep)): Path<(String, String)>) -> Result<Response, Problem> {
    let Stage::Done(found) = found(&web, &id, &sweep)?.look() else {
        return Err(Problem::of(409, "the sweep is not done", "ask for the sweep itself: it says how far it is"));
    };
    // Kept, not opened: it has a style of its own, which pages of the console must not have. Ids of rules are names.
    let name = format!("attachment; filename=\"backtest-{id}.html\"");
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, found.page.clone()).into_response())
}

/// Stop a sweep.
#[utoipa::path(delete, path = "/api/v1/rules/{id}/sweeps/{sweep}", tag = "rules",
    params(("id" = String, Path), ("sweep" = u64, Path)),
    responses((status = 204, description = "it stops"), super::openapi::Faults))]
pub async fn stop(State(web): State<Web>, Path((id, sweep)): Path<(String, String)>) -> Result<StatusCode, Problem> {
    found(&web, &id, &sweep)?.stop();
    Ok(StatusCode::NO_CONTENT)
}
