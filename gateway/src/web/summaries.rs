//! `/api/v1/summaries`: what a sensor observed, hour by hour or day by day, for curves over months. Operators only: a year
//! of a sensor is half a million observations.

use super::parameters::Parameters;
use super::problem::Problem;
use super::{Web, json_of, stations};
use crate::store::summary::{Every, Summary};
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use bongsu_sensors::Time;
use serde::Serialize;
use std::time::Duration;

/// The span where none is asked for.
const DEFAULT_SPAN: Duration = Duration::from_secs(31 * 24 * 3600);

/// The longest span in one answer.
const LONGEST_SPAN: Duration = Duration::from_secs(366 * 24 * 3600);

/// Summaries of one datastream, oldest first.
#[derive(Serialize, utoipa::ToSchema)]
struct Summaries<'a> {
    station: &'a str,
    kind: String,
    /// UCUM.
    unit: &'static str,
    /// `1h`, hours of UTC, or `1d`, days of the city.
    every: &'static str,
    #[schema(value_type = String, format = DateTime)]
    from: Time,
    #[schema(value_type = String, format = DateTime)]
    to: Time,
    summaries: Vec<SummaryJson>,
}

/// An hour or a day in which something was observed.
#[derive(Serialize, utoipa::ToSchema)]
struct SummaryJson {
    /// Its first moment.
    #[schema(value_type = String, format = DateTime)]
    time: Time,
    /// Observations in it, missing values included.
    observations: u64,
    /// Values in it whose flag is pass or not evaluated; the numbers below are of these.
    count: u64,
    sum: Option<f64>,
    mean: Option<f64>,
    min: Option<f64>,
    max: Option<f64>,
}

fn written(summary: Summary) -> SummaryJson {
    let Summary { time, observations, count, sum, min, max } = summary;
    let known = |value: f64| (count > 0).then_some(value);
    #[expect(clippy::cast_precision_loss, reason = "no sensor observes as often in a day")]
    let mean = known(sum / count.max(1) as f64);
    SummaryJson { time, observations, count, sum: known(sum), mean, min: known(min), max: known(max) }
}

/// One datastream over a span of time, hour by hour or day by day.
#[utoipa::path(get, path = "/api/v1/summaries", tag = "observations",
    params(("station" = String, Query), ("kind" = String, Query, description = "docs/kinds.md lists them"),
        ("every" = String, Query, description = "1h: hours of UTC; 1d: days of the city"),
        ("from" = Option<String>, Query, description = "RFC 3339; absent: 31 days before `to`"),
        ("to" = Option<String>, Query, description = "RFC 3339; absent: now")),
    responses((status = 200, body = Summaries<'static>), super::operator::openapi::Faults))]
pub async fn list(State(web): State<Web>, uri: Uri) -> Result<Response, Problem> {
    let parameters = Parameters::read(&uri, &["station", "kind", "every", "from", "to"])?;
    let (catalog, id, datastream) = stations::asked(&web, &parameters)?;
    parameters.required("every", "1h")?;
    let words = [("1h", ("1h", Every::Hour)), ("1d", ("1d", Every::Day))];
    let (word, every) = parameters.word("every", &words)?.unwrap_or(words[0].1);
    let to = parameters.time("to")?.unwrap_or(web.shared.pulse().now + Duration::from_millis(1));
    let from = parameters.time("from")?.unwrap_or(to - DEFAULT_SPAN);
    if from >= to || to.since(from) > LONGEST_SPAN {
        let wrong = "the span between \"from\" and \"to\" is empty or too long";
        return Err(Problem::bad_request(wrong, "write the earlier time as from, and ask for at most 366 days"));
    }
    let (number, name, zone) = (datastream.id, datastream.name, catalog.timezone.clone());
    let found = web.shared.readers.read(move |reader| reader.summaries(number, (from, to), every, &zone)).await?;
    Ok(json_of(&Summaries {
        station: &id,
        kind: name.to_string(),
        unit: name.kind().unit,
        every: word,
        from,
        to,
        summaries: found.into_iter().map(written).collect(),
    }))
}
