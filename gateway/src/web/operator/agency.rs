//! What agencies and people say, as observations that rules may use: warning levels of agencies, emergency calls,
//! planned releases of dams. By JSON or by CSV, at stations of the catalog that have such a datastream.

use super::{From, Problem, reading};
use crate::command::Outcome;
use crate::desk::Desk;
use crate::people::Who;
use crate::relay::Untaken;
use crate::source::file::{HEADER, Row};
use crate::store::announced::Announced;
use crate::web::json_of;
use axum::Extension;
use axum::extract::Request;
use axum::response::Response;
use bongsu_rules::cap::import::ImportError;
use bongsu_sensors::{DatastreamName, Time};
use csv::StringRecord;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Bytes of a report.
const BODY_LIMIT: usize = 1 << 20;

/// Rows of a report.
const ROWS: usize = 10_000;

/// One thing that was said.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct One {
    /// The station it is about.
    station: String,
    /// What it is: an administrative kind, such as agency_level, emergency_calls or planned_release.
    #[schema(example = "agency_level")]
    kind: String,
    /// The value, in the kind's unit.
    value: f64,
    /// When it was true; absent: now.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    time: Option<Time>,
}

/// What was said.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Report {
    observations: Vec<One>,
}

/// What became of it.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Reported {
    /// What is known now.
    observations: u64,
    /// What was known already.
    duplicates: u64,
    /// What was not taken, and what to write instead.
    refused: Vec<String>,
}

/// What agencies announced and still stands.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Standing {
    announced: Vec<Announced>,
}

/// What came of a report, or of a message of another agency.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum Heard {
    /// Of observations.
    Reported(Reported),
    /// Of a CAP message.
    Announced(Announced),
}

/// The messages of other agencies that stand, the oldest first.
#[utoipa::path(get, path = "/api/v1/agency", tag = "agency",
    responses((status = 200, body = Standing), super::openapi::Faults))]
pub async fn standing(Extension(desk): Extension<Arc<Desk>>, _: Who) -> Result<Response, Problem> {
    let announced = desk.errand(|store| store.announced()).await?;
    Ok(json_of(&Standing { announced }))
}

/// Report what agencies and people say. The same as CSV has the header time,station,kind,value. A CAP message of an
/// agency that the configuration names becomes its warning level at every station that it speaks of.
#[utoipa::path(post, path = "/api/v1/agency", tag = "agency", request_body(content((Report = "application/json"),
    (String = "text/csv"), (String = "application/cap+xml"))),
    responses((status = 200, body = Heard), super::openapi::Faults))]
pub async fn report(
    Extension(desk): Extension<Arc<Desk>>,
    who: Who,
    from: From,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    if ["application/cap+xml", "application/xml"].iter().any(|wanted| reading::is(&parts.headers, wanted)) {
        let text = reading::bytes(body, BODY_LIMIT).await?;
        return Ok(json_of(&Heard::Announced(desk.announce(&who, &from.0, text).await?)));
    }
    let is_csv = reading::is(&parts.headers, "text/csv");
    if !is_csv && !reading::is(&parts.headers, "application/json") {
        let remedy = "send it with Content-Type: application/json, text/csv or application/cap+xml";
        return Err(Problem::of(415, "the body is said to be neither JSON nor CSV nor CAP", remedy));
    }
    let body = reading::bytes(body, BODY_LIMIT).await?;
    let rows = if is_csv { of_csv(&body)? } else { of_json(&body, desk.city_now())? };
    if rows.is_empty() || rows.len() > ROWS {
        return Err(Problem::bad_request(format!("a report has 1 to {ROWS} rows"), "send it in parts"));
    }
    for row in &rows {
        administrative(row)?;
    }
    match desk.report(&who, &from.0, rows).await? {
        Outcome::Reported { observations, duplicates, refused } => {
            Ok(json_of(&Heard::Reported(Reported { observations, duplicates, refused })))
        }
        Outcome::Ordered(_) | Outcome::Taken | Outcome::Explained(_) => Err(Problem::busy()),
    }
}

/// What a person types in cannot pass for what a gauge measured.
fn administrative(row: &Row) -> Result<(), Problem> {
    let kind = row.fields.as_ref().and_then(|fields| fields.get(2)).unwrap_or_default().trim();
    let is_known = kind.parse::<DatastreamName>().is_ok_and(|name| name.kind.kind().is_administrative());
    if is_known {
        return Ok(());
    }
    let kinds = bongsu_sensors::kind::ALL.iter().filter(|kind| kind.is_administrative()).map(|kind| kind.name);
    Err(crate::web::parameters::unknown("kind", kind, kinds))
}

impl std::convert::From<Untaken> for Problem {
    fn from(why: Untaken) -> Problem {
        let wrong = match why {
            Untaken::Fault(fault) => return fault.into(),
            Untaken::Unbelieved(wrong) => wrong,
        };
        let remedy = match wrong {
            ImportError::Stranger(_) => "an administrator names it as [[city.agency]] in the configuration",
            ImportError::Known => "nothing is to be done",
            ImportError::UnknownReference(_) => "send the messages it refers to first, in their order",
            ImportError::Expired(_) => "send the newest one of its chain",
            ImportError::Future(_) => "look at the clocks here and there",
            ImportError::Unsigned => "send the signed message, as the agency published it",
            ImportError::NotForAll { .. } => "send what is Actual and Public",
            ImportError::Read(_) | ImportError::Faults(_) => "send the message as the agency published it (CAP 1.2)",
        };
        let status = match wrong {
            ImportError::Stranger(_) | ImportError::Unsigned => 403,
            ImportError::Known | ImportError::UnknownReference(_) | ImportError::Expired(_) => 409,
            _ => 400,
        };
        Problem::of(status, wrong.to_string(), remedy)
    }
}

fn of_json(body: &[u8], now: Time) -> Result<Vec<Row>, Problem> {
    let wrong =
        |wrong| Problem::bad_request(format!("the body cannot be understood: {wrong}"), "see /api/openapi.json");
    let report: Report = serde_json::from_slice(body).map_err(wrong)?;
    let row = |(line, one): (u64, One)| Row::said(line, one.time.unwrap_or(now), &one.station, &one.kind, one.value);
    Ok((1..).zip(report.observations).map(row).collect())
}

fn of_csv(body: &[u8]) -> Result<Vec<Row>, Problem> {
    let remedy = "the first line is: time,station,kind,value";
    let unreadable = |error: csv::Error| Problem::bad_request(format!("the rows cannot be read: {error}"), remedy);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(body);
    if reader.headers().map_err(unreadable)?.iter().map(str::trim).ne(HEADER) {
        return Err(Problem::bad_request("the header is not that of observations", remedy));
    }
    let row = |fields: csv::Result<StringRecord>| {
        let fields = fields.map_err(unreadable)?;
        let line = fields.position().map_or(0, csv::Position::line);
        let time = Time::parse(fields.get(0).unwrap_or_default().trim()).map_err(|error| error.to_string());
        let fields = (fields.len() == HEADER.len()).then_some(fields);
        Ok(Row { file: 0, line, time, fields })
    };
    reader.records().take(ROWS + 1).map(row).collect()
}
