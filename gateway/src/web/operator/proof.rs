//! A rule's own proof: the cases beside it, played with a text that somebody is writing.

use super::Problem;
use super::reading::Said;
use super::rulebook::{Refusal, no_rule, read, refused};
use crate::desk::Desk;
use crate::web::{Web, json_of};
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use bongsu_rules::case;
use bongsu_sensors::Source;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A text whose cases are played.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Proving {
    /// All of the rule; absent: as it is in force.
    #[serde(default)]
    text: Option<String>,
}

/// A case and what became of it.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ProofCase {
    name: String,
    /// true, near_miss, sensor_fault or silence.
    kind: &'static str,
    passes: bool,
    /// What was expected and did not happen.
    failures: Vec<String>,
    /// The values, their limits and the level over time, as lines of text.
    chart: String,
}

/// All of them.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ProofCases {
    /// The file they stand in; null: there are none.
    file: Option<String>,
    cases: Vec<ProofCase>,
}

/// Play the cases of a rule, with a text that is being written. Nothing is in force by it.
#[utoipa::path(post, path = "/api/v1/rules/{id}/cases", tag = "rules", params(("id" = String, Path)),
    request_body = Proving, responses((status = 200, body = ProofCases), super::openapi::Faults))]
pub async fn cases(
    State(web): State<Web>,
    Extension(desk): Extension<Arc<Desk>>,
    Path(id): Path<String>,
    Said(Proving { text }): Said<Proving>,
) -> Result<Response, Refusal> {
    let rule = read(&desk).await?.rule(&id).cloned().ok_or_else(|| no_rule(&id))?;
    let book = desk.rulebook()?;
    let turn = web.shared.turn().await?;
    let played = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let Some(cases) = book.cases(&id).map_err(|denied| refused(denied, &id))? else { return Ok(None) };
        let source = text.map_or_else(|| rule.source.clone(), |text| Source::new(rule.source.name.clone(), text));
        match case::run(&source, &cases) {
            Ok(results) => Ok(Some((cases.name.clone(), results))),
            Err(mistakes) => Err(Refusal::broken(&mistakes, &source.text)),
        }
    });
    let played: Result<_, Refusal> = played.await.map_err(|cause| Problem::unreadable(&cause))?;
    let (file, results) = played?.map_or((None, Vec::new()), |(file, results)| (Some(file), results));
    let case = |result: case::CaseResult| ProofCase {
        kind: result.kind_name(),
        passes: result.passes(),
        name: result.name,
        failures: result.failures,
        chart: result.chart,
    };
    Ok(json_of(&ProofCases { file, cases: results.into_iter().map(case).collect() }))
}
