//! Rules at the workbench: what one would have found lately with other parameters, and how good that would have been.
//! Nothing is put in force by it.

use super::Problem;
use super::reading::Said;
use super::rulebook::{Value, no_rule, read};
use crate::web::stations::no_area;
use crate::web::workbench::Key;
use crate::web::workbench::truth::Against;
use crate::web::{Web, json_of};
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use bongsu_rules::backtest::{Alerted, Event, Judged, Score, Verdict};
use bongsu_rules::language::Rule;
use bongsu_rules::language::header::Setting;
use bongsu_sensors::{KindId, Level, Time};
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
    /// What the firings are judged by: the stations' own limit of a level (advisory, watch, warning, emergency), the
    /// `agency`'s announcement of the level, or what `people` said of the incidents. Absent: they are not judged.
    #[serde(default)]
    #[schema(example = "watch")]
    truth: Option<String>,
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
    /// caught, late, false_alarm or unjudged; null: nothing was judged.
    #[schema(value_type = Option<String>)]
    verdict: Option<Verdict>,
}

/// Something that a rule should have warned of.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Missed {
    place: String,
    #[schema(value_type = String, format = DateTime)]
    from: Time,
    #[schema(value_type = String, format = DateTime)]
    to: Time,
}

/// How good it was.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Judgement {
    /// Events that were warned of before they began.
    catches: usize,
    /// Warnings that nothing followed, or that a person called false; those soon after one another are one.
    false_alarms: usize,
    /// Firings of which nobody said anything.
    unjudged: usize,
    /// The median lead of the catches.
    lead_s: Option<u64>,
    misses: Vec<Missed>,
    /// Of the misses, those that a warning came to when they had begun.
    late: usize,
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
    /// Null: no truth was named.
    judged: Option<Judgement>,
}

impl Judgement {
    fn of(judged: &Judged) -> Judgement {
        let Score { hits, misses, false_alarms, .. } = &judged.score;
        let missed = |event: &Event| Missed { place: event.place.clone(), from: event.from, to: event.to };
        Judgement {
            catches: hits.len(),
            false_alarms: false_alarms.len(),
            unjudged: judged.verdicts.iter().filter(|verdict| **verdict == Verdict::Unjudged).count(),
            lead_s: judged.score.lead().map(|lead| lead.as_secs()),
            misses: misses.iter().map(missed).collect(),
            late: judged.late,
        }
    }
}

/// Where and from which level on a rule is asked.
pub(super) fn key(
    web: &Web,
    rule: &str,
    area: Option<String>,
    (days, most): (u32, u32),
    level: Level,
) -> Result<Key, Problem> {
    if !(1..=most).contains(&days) {
        return Err(Problem::bad_request(format!("{days} days cannot be tried"), format!("write 1 to {most}")));
    }
    if level == Level::None {
        return Err(Problem::bad_request(
            "a rule stands at none whenever it finds nothing",
            "write a level from advisory up",
        ));
    }
    if let (Some(area), Some(catalog)) = (&area, web.shared.catalog())
        && area != bongsu_rules::incident::CITY
        && catalog.area_named(area).is_none()
    {
        return Err(no_area(&catalog, area));
    }
    Ok(Key { rule: rule.to_owned(), area, days, level })
}

/// What a person wants to be judged by.
pub(super) fn against(said: &str) -> Result<Against, Problem> {
    said.parse().map_err(|wrong: String| Problem::bad_request(wrong, "see /api/openapi.json"))
}

/// The kinds of what a rule cannot do without.
pub(super) fn kinds(rule: &Rule) -> Vec<KindId> {
    rule.header.inputs.iter().filter(|input| !input.optional).filter_map(|input| input.kind).collect()
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
    let Wanted { params, days, area, level, truth } = said;
    let key = key(&web, &rule, area.clone(), (days, MOST_DAYS), level)?;
    if params.len() > PARAMETERS {
        return Err(Problem::bad_request("no rule has so many parameters", "write those that are to change"));
    }
    let against = truth.as_deref().map(against).transpose()?;
    let library = read(&desk).await?;
    let kinds = kinds(library.rule(&rule).ok_or_else(|| no_rule(&rule))?);
    let set: Vec<(String, Setting)> = params.into_iter().map(|(name, value)| (name, value.setting())).collect();
    let bench = web.shared.bench(key, kinds, desk.city_now()).await?;
    let (from, to, observations) = (bench.from, bench.to, bench.prepared.observations());
    let prepared_ms = u64::try_from(bench.took.as_millis()).unwrap_or(u64::MAX);
    let (alerts, quick, took) = web.shared.tried(bench.clone(), set).await?;
    let alerts = Arc::new(alerts);
    let judged = match against {
        Some(against) => Some(web.shared.judged(bench, against, alerts.clone()).await?),
        None => None,
    };
    let verdict = |at: usize| judged.as_ref().and_then(|judged| judged.verdicts.get(at).copied());
    let firing = |(at, alert): (usize, &Alerted)| {
        let Alerted { place, from, to } = alert.clone();
        Firing { place, from, to, verdict: verdict(at) }
    };
    let firings = alerts.iter().enumerate().map(firing).collect();
    let judged = judged.as_ref().map(Judgement::of);
    let took_ms = took.as_secs_f64() * 1e3;
    Ok(json_of(&Tried { rule, area, level, from, to, observations, quick, prepared_ms, took_ms, firings, judged }))
}
