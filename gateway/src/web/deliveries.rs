//! What operators see of channels: each delivery and what became of it, and what citizens report.

use super::parameters::Parameters;
use super::problem::Problem;
use super::readers::Readers;
use super::{Web, json_of};
use crate::store::{DeliveryRow, Fate, Fates, Report, Sought};
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use bongsu_sensors::Time;
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
    /// How many of the message that is asked for stand in each state, those of other pages included; null: it is so old
    /// that not all of them are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<BTreeMap<String, u64>>)]
    counts: Option<Option<Fates>>,
    /// Where the rest is.
    next: Option<String>,
}

/// One message for one recipient of one channel.
#[derive(Serialize, utoipa::ToSchema)]
struct Delivery {
    id: i64,
    /// The channel.
    channel: String,
    /// The recipient: a name of the configuration, or the id of a subscriber.
    target: String,
    /// The transition behind the message.
    transition: i64,
    /// The message.
    identifier: String,
    /// What became of it.
    state: Fate,
    /// How often it was tried; null: how often by the moment that is asked for is not kept.
    attempts: Option<u32>,
    /// When that was last written; null: after the moment that is asked for.
    #[schema(value_type = Option<String>, format = DateTime)]
    updated: Option<Time>,
    /// What the other side said; null: what it had said by the moment that is asked for is not kept.
    detail: Option<String>,
}

impl Delivery {
    /// A delivery now, or as far as it is known how it stood at a moment: of each only the last word is kept.
    fn of(id: i64, row: DeliveryRow, at: Option<Time>) -> Delivery {
        let DeliveryRow { channel, target, transition, identifier, state, attempts, updated, detail } = row;
        let delivery = Delivery {
            id,
            channel,
            target,
            transition,
            identifier,
            state,
            attempts: Some(attempts),
            updated: Some(updated),
            detail: Some(detail),
        };
        if at.is_none_or(|at| updated <= at) {
            return delivery;
        }
        Delivery { state: Fate::Pending, attempts: None, updated: None, detail: None, ..delivery }
    }
}

/// Each delivery and what became of it, newest first; `before` an id goes on. With `at`, what was owed by then.
#[utoipa::path(get, path = "/api/v1/deliveries", tag = "channels",
    params(("channel" = Option<String>, Query), ("identifier" = Option<String>, Query),
        ("state" = Option<String>, Query, description = "pending, sent, rejected, expired or superseded"),
        ("at" = Option<String>, Query, description = "as they stood at this moment of the past"),
        ("before" = Option<u64>, Query), ("limit" = Option<u32>, Query, description = "at most 1,000")),
    responses((status = 200, body = Deliveries), super::operator::openapi::Faults))]
pub async fn list(State(web): State<Web>, uri: Uri) -> Result<Response, Problem> {
    let parameters = Parameters::read(&uri, &["channel", "state", "identifier", "at", "before", "limit"])?;
    let limit = parameters.count("limit", DEFAULT_LIMIT, LONGEST_LIMIT)?;
    let most = usize::try_from(i64::MAX).unwrap_or(usize::MAX);
    let before = i64::try_from(parameters.count("before", most, most)?).unwrap_or(i64::MAX);
    let sought = Sought {
        channel: parameters.get("channel").map(str::to_owned),
        state: parameters.word("state", &Fate::ALL.map(|fate| (fate.name(), fate)))?,
        identifier: parameters.get("identifier").map(str::to_owned),
        at: parameters.time("at")?,
    };
    let at = sought.at;
    let state = sought.state.map(|state| state.name().to_owned());
    let moment = at.map(|at| at.to_string());
    let filter = [("channel", &sought.channel), ("identifier", &sought.identifier), ("state", &state), ("at", &moment)];
    let filter = filter.iter().filter_map(|(key, value)| Some(format!("&{key}={}", value.as_deref()?)));
    let filter: String = filter.collect();
    let read = move |reader: &crate::store::Reader| {
        let counts = sought.identifier.as_deref().map(|identifier| reader.fates(identifier, at)).transpose()?;
        Ok((reader.deliveries(before, limit, &sought)?, counts))
    };
    let (rows, counts) = web.shared.readers.read(read).await?;
    let next = rows.last().filter(|_| rows.len() == limit);
    let next = next.map(|(id, _)| format!("/api/v1/deliveries?before={id}&limit={limit}{filter}"));
    let deliveries = rows.into_iter().map(|(id, row)| Delivery::of(id, row, at)).collect();
    Ok(json_of(&Deliveries { deliveries, counts, next }))
}

/// Of each message how many of its deliveries stood in each state at a moment; null where not all of them are kept.
pub(super) async fn at_moment(
    readers: &Readers,
    identifiers: Vec<String>,
    at: Time,
) -> Result<BTreeMap<String, Option<Fates>>, Problem> {
    let read = move |reader: &crate::store::Reader| {
        let each = identifiers.into_iter().map(|identifier| Ok((reader.fates(&identifier, Some(at))?, identifier)));
        each.map(|one| one.map(|(fates, identifier)| (identifier, fates))).collect()
    };
    readers.read(read).await
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
