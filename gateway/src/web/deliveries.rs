//! What operators see of channels: each delivery and what became of it, and what citizens report.

use super::parameters::Parameters;
use super::problem::Problem;
use super::{Web, json_of};
use crate::store::{DeliveryRow, Fate, Report};
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// Rows in an answer where no number is asked for, and at most.
const DEFAULT_LIMIT: usize = 100;
const LONGEST_LIMIT: usize = 1_000;

/// Reports older than this are no news.
const REPORTS: Duration = Duration::from_secs(24 * 3600);

/// Deliveries, newest first.
#[derive(Serialize, utoipa::ToSchema)]
struct Deliveries {
    deliveries: Vec<Delivery>,
    /// How many of the message that is asked for stand in each state, those of other pages included.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<BTreeMap<String, u64>>)]
    counts: Option<BTreeMap<&'static str, u64>>,
    /// Where the rest is.
    next: Option<String>,
}

/// One message for one recipient of one channel.
#[derive(Serialize, utoipa::ToSchema)]
struct Delivery {
    id: i64,
    #[serde(flatten)]
    row: DeliveryRow,
}

/// Each delivery and what became of it, newest first; `before` an id goes on.
#[utoipa::path(get, path = "/api/v1/deliveries", tag = "channels",
    params(("channel" = Option<String>, Query), ("identifier" = Option<String>, Query),
        ("state" = Option<String>, Query, description = "pending, sent, rejected, expired or superseded"),
        ("before" = Option<u64>, Query), ("limit" = Option<u32>, Query, description = "at most 1,000")),
    responses((status = 200, body = Deliveries), super::operator::openapi::Faults))]
pub async fn list(State(web): State<Web>, uri: Uri) -> Result<Response, Problem> {
    let parameters = Parameters::read(&uri, &["channel", "state", "identifier", "before", "limit"])?;
    let limit = parameters.count("limit", DEFAULT_LIMIT, LONGEST_LIMIT)?;
    let most = usize::try_from(i64::MAX).unwrap_or(usize::MAX);
    let before = i64::try_from(parameters.count("before", most, most)?).unwrap_or(i64::MAX);
    let fates = Fate::ALL.map(|fate| (fate.name(), fate));
    let state = parameters.word("state", &fates)?;
    let channel = parameters.get("channel").map(str::to_owned);
    let identifier = parameters.get("identifier").map(str::to_owned);
    let filter = [("channel", &channel), ("identifier", &identifier)];
    let filter = filter.iter().filter_map(|(key, value)| Some(format!("&{key}={}", value.as_deref()?)));
    let filter: String = filter.chain(state.map(|state| format!("&state={}", state.name()))).collect();
    let read = move |reader: &crate::store::Reader| {
        let counts = identifier.as_deref().map(|identifier| reader.fates(identifier)).transpose()?;
        let asked = [channel.as_deref(), state.map(Fate::name), identifier.as_deref()];
        Ok((reader.deliveries(before, limit, asked)?, counts))
    };
    let (rows, counts) = web.shared.readers.read(read).await?;
    let next = rows.last().filter(|_| rows.len() == limit);
    let next = next.map(|(id, _)| format!("/api/v1/deliveries?before={id}&limit={limit}{filter}"));
    let deliveries = rows.into_iter().map(|(id, row)| Delivery { id, row }).collect();
    Ok(json_of(&Deliveries { deliveries, counts, next }))
}

/// What citizens saw, newest first.
#[derive(Serialize, utoipa::ToSchema)]
struct Reports {
    reports: Vec<Report>,
}

/// What citizens saw in the last day, newest first.
#[utoipa::path(get, path = "/api/v1/reports", tag = "channels",
    params(("limit" = Option<u32>, Query, description = "at most 1,000")),
    responses((status = 200, body = Reports), super::operator::openapi::Faults))]
pub async fn reports(State(web): State<Web>, uri: Uri) -> Result<Response, Problem> {
    let parameters = Parameters::read(&uri, &["limit"])?;
    let limit = parameters.count("limit", DEFAULT_LIMIT, LONGEST_LIMIT)?;
    let since = web.shared.pulse().now - REPORTS;
    let reports = web.shared.readers.read(move |reader| reader.reports(since, limit)).await?;
    Ok(json_of(&Reports { reports }))
}
