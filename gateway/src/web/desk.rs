//! What only operators are served: metrics, readiness, what was refused, and where rules cannot decide.

use super::parameters::Parameters;
use super::problem::Problem;
use super::{Web, json_of};
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use bongsu_rules::record::Undecided;
use bongsu_sensors::Time;
use serde::Serialize;
use std::collections::BTreeMap;

/// Dead letters in an answer where no number is asked for, and at most.
const DEFAULT_LIMIT: usize = 100;
const LONGEST_LIMIT: usize = 1_000;

/// `GET /metrics`.
pub async fn metrics(State(web): State<Web>) -> Response {
    let text = web.shared.metrics.text(&web.shared);
    ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response()
}

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    state: String,
    time: Time,
    last_commit: Option<Time>,
    reasons: Vec<Trouble>,
    /// What is wrong and keeps nobody from being warned.
    notes: Vec<Trouble>,
}

#[derive(Serialize)]
struct Trouble {
    part: &'static str,
    reason: String,
}

/// `GET /readyz`: 200 where the system does its work, else 503 with the reasons.
pub async fn readyz(State(web): State<Web>) -> Response {
    let troubles = web.shared.troubles();
    let pulse = web.shared.pulse();
    let trouble = |(part, reason)| Trouble { part, reason };
    let status = if troubles.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let readiness = Readiness {
        ready: troubles.is_empty(),
        state: pulse.state,
        time: pulse.now,
        last_commit: pulse.last_commit,
        reasons: troubles.into_iter().map(trouble).collect(),
        notes: web.shared.notes().into_iter().map(trouble).collect(),
    };
    (status, json_of(&readiness)).into_response()
}

/// What was refused, newest first.
#[derive(Serialize, utoipa::ToSchema)]
struct DeadLetters {
    /// How many are kept, by reason.
    counts: BTreeMap<String, u64>,
    dead_letters: Vec<DeadLetterJson>,
    /// Where the rest is.
    next: Option<String>,
}

/// A message, or a part of one, that was refused.
#[derive(Serialize, utoipa::ToSchema)]
struct DeadLetterJson {
    id: i64,
    #[schema(value_type = String, format = DateTime)]
    received: Time,
    /// On which topic or in which file it came.
    source: String,
    station: Option<String>,
    reason: &'static str,
    /// What to send instead.
    remedy: String,
    /// What it said, as text; what is no text is replaced.
    payload: String,
}

/// What was refused and why, newest first; `before` an id goes on where the last answer ended.
#[utoipa::path(get, path = "/api/v1/dead-letters", tag = "system",
    params(("before" = Option<u64>, Query), ("limit" = Option<u32>, Query, description = "at most 1,000")),
    responses((status = 200, body = DeadLetters), super::operator::openapi::Faults))]
pub async fn dead_letters(State(web): State<Web>, uri: Uri) -> Result<Response, Problem> {
    let parameters = Parameters::read(&uri, &["before", "limit"])?;
    let limit = parameters.count("limit", DEFAULT_LIMIT, LONGEST_LIMIT)?;
    let most = usize::try_from(i64::MAX).unwrap_or(usize::MAX);
    let before = i64::try_from(parameters.count("before", most, most)?).unwrap_or(i64::MAX);
    let read =
        move |reader: &crate::store::Reader| Ok((reader.dead_letters()?, reader.dead_letters_before(before, limit)?));
    let (counts, letters) = web.shared.readers.read(read).await?;
    let next = letters.last().filter(|_| letters.len() == limit);
    let next = next.map(|(id, _)| format!("/api/v1/dead-letters?before={id}&limit={limit}"));
    let written = letters.into_iter().map(|(id, letter)| DeadLetterJson {
        id,
        received: letter.received,
        source: letter.source,
        station: letter.station,
        reason: letter.reason.name(),
        remedy: letter.remedy,
        payload: String::from_utf8_lossy(&letter.payload).into_owned(),
    });
    Ok(json_of(&DeadLetters { counts, dead_letters: written.collect(), next }))
}

/// Where rules cannot decide.
#[derive(Serialize, utoipa::ToSchema)]
struct UndecidedList {
    /// The city's time.
    #[schema(value_type = String, format = DateTime)]
    time: Time,
    #[schema(value_type = Vec<super::operator::openapi::UndecidedPlace>)]
    undecided: Vec<Undecided>,
}

/// Where rules cannot decide, and since when.
#[utoipa::path(get, path = "/api/v1/undecided", tag = "system",
    responses((status = 200, body = UndecidedList), super::operator::openapi::Faults))]
pub async fn undecided(State(web): State<Web>, uri: Uri) -> Result<Response, Problem> {
    Parameters::read(&uri, &[])?;
    let undecided = web.shared.readers.read(crate::store::Reader::undecided).await?;
    Ok(json_of(&UndecidedList { time: web.shared.pulse().now, undecided }))
}
