//! `/api/v1/summaries`: what a sensor observed, window by window, for curves over months and years. Operators only: a year
//! of a sensor is half a million observations.

use super::arrow::Columns;
use super::form::Form;
use super::parameters::Parameters;
use super::problem::{Problem, quoted};
use super::{Web, stations};
use crate::store::summary::{MadeOf, Summary, Window};
use arrow_schema::ArrowError;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use bongsu_sensors::Time;
use bongsu_sensors::time::{duration_text, parse_duration};
use serde::Serialize;
use std::time::Duration;

/// The span where none is asked for.
const DEFAULT_SPAN: Duration = Duration::from_secs(31 * 24 * 3600);

/// The longest span in one answer, and the longest window.
const LONGEST_SPAN: Duration = Duration::from_secs(366 * 24 * 3600);

/// Windows in an answer where no number is asked for, and at most: a year of hours.
const DEFAULT_LIMIT: usize = 10_000;
const LONGEST_LIMIT: usize = 10_000;

/// Summaries of one datastream, oldest first.
#[derive(Serialize, utoipa::ToSchema)]
struct Summaries<'a> {
    station: &'a str,
    kind: String,
    /// UCUM.
    unit: &'static str,
    /// How long a window is: whole days are days of the city, anything else is counted from midnight UTC of 1970.
    every: String,
    #[schema(value_type = String, format = DateTime)]
    from: Time,
    #[schema(value_type = String, format = DateTime)]
    to: Time,
    /// Single observations are kept of this time on: what is older stands in hours and days that were made before they
    /// went, and not in windows of minutes. `null`: all are kept.
    #[schema(value_type = Option<String>, format = DateTime)]
    observations_since: Option<Time>,
    summaries: Vec<SummaryJson>,
    /// Where the rest is.
    next: Option<String>,
}

/// What a window may be made of, and its word.
const MADE_OF: [(MadeOf, &str); 3] =
    [(MadeOf::Observations, "observations"), (MadeOf::Hours, "hours"), (MadeOf::Days, "days")];

/// A window in which something was observed.
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
    /// What it was made of: `observations`, or `hours` or `days` where these are no longer kept.
    made_of: &'static str,
}

fn written(summary: &Summary) -> SummaryJson {
    let Summary { time, observations, count, sum, min, max, .. } = *summary;
    let known = |value: f64| (count > 0).then_some(value);
    #[expect(clippy::cast_precision_loss, reason = "no sensor observes as often in a year")]
    let mean = known(sum / count.max(1) as f64);
    let made_of = MADE_OF.iter().find(|(made_of, _)| *made_of == summary.made_of).map_or("", |(_, word)| word);
    SummaryJson { time, observations, count, sum: known(sum), mean, min: known(min), max: known(max), made_of }
}

/// How long a window is.
fn window(text: &str) -> Result<(Window, String), Problem> {
    let length = parse_duration(text).filter(|length| *length <= LONGEST_SPAN);
    let found = length.and_then(|length| Some((Window::of(length)?, duration_text(length))));
    found.ok_or_else(|| {
        let remedy = "write whole minutes, hours or days, at most 366 days, such as 15m, 1h, 6h, 1d or 7d";
        Problem::bad_request(format!("parameter \"every\" cannot be {}", quoted(text)), remedy)
    })
}

/// One datastream over a span of time, window by window.
#[utoipa::path(get, path = "/api/v1/summaries", tag = "observations",
    params(("station" = String, Query), ("kind" = String, Query, description = "docs/kinds.md lists them"),
        ("every" = String, Query, description = "how long a window is: 15m, 1h, 1d; whole days are days of the city"),
        ("from" = Option<String>, Query, description = "RFC 3339; absent: 31 days before `to`"),
        ("to" = Option<String>, Query, description = "RFC 3339; absent: now"),
        ("limit" = Option<u32>, Query, description = "at most 10,000"),
        ("format" = Option<String>, Query, description = "json, csv or arrow; absent: what Accept names, else json")),
    responses((status = 200, content((Summaries<'static> = "application/json"), (String = "text/csv"),
        (String = "application/vnd.apache.arrow.stream"))), super::operator::openapi::Faults))]
pub async fn list(State(web): State<Web>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    let parameters = Parameters::read(&uri, &["station", "kind", "every", "from", "to", "limit", "format"])?;
    let (catalog, id, datastream) = stations::asked(&web, &parameters)?;
    let (window, every) = window(parameters.required("every", "1h")?)?;
    let form = Form::asked(&parameters, &headers)?;
    let limit = parameters.count("limit", DEFAULT_LIMIT, LONGEST_LIMIT)?;
    let to = parameters.time("to")?.unwrap_or(web.shared.pulse().now + Duration::from_millis(1));
    let from = parameters.time("from")?.unwrap_or(to - DEFAULT_SPAN);
    if from >= to || to.since(from) > LONGEST_SPAN {
        let wrong = "the span between \"from\" and \"to\" is empty or too long";
        return Err(Problem::bad_request(wrong, "write the earlier time as from, and ask for at most 366 days"));
    }
    let (number, name, zone) = (datastream.id, datastream.name, catalog.timezone.clone());
    let read = move |reader: &crate::store::Reader| reader.summaries(number, (from, to), window, &zone);
    let mut found = web.shared.readers.read(read).await?;
    let rest = found.windows.get(limit).map(|first| first.time);
    found.windows.truncate(limit);
    let next = rest.map(|rest| {
        let format = form.in_query();
        format!("/api/v1/summaries?station={id}&kind={name}&every={every}&from={rest}&to={to}&limit={limit}{format}")
    });
    let summaries: Vec<SummaryJson> = found.windows.iter().map(written).collect();
    let observations_since = found.observations_since;
    let (kind, unit) = (name.to_string(), name.kind().unit);
    let found = Summaries { station: &id, kind, unit, every, from, to, observations_since, summaries, next };
    let body = match form {
        Form::Json => serde_json::to_vec(&found).map_err(|cause| Problem::unreadable(&cause))?,
        Form::Csv => table(&found).into_bytes(),
        Form::Arrow => columns(&found).map_err(|cause| Problem::unreadable(&cause))?,
    };
    Ok(form.answer(body, found.next.as_deref(), observations_since))
}

/// The same as a table.
fn table(found: &Summaries<'_>) -> String {
    let mut text = String::from("time,station,kind,observations,count,sum,mean,min,max,made_of\n");
    let known = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let Summaries { station, kind, .. } = found;
    for summary in &found.summaries {
        let SummaryJson { time, observations, count, sum, mean, min, max, made_of } = summary;
        let [sum, mean, min, max] = [*sum, *mean, *min, *max].map(known);
        text.push_str(&format!("{time},{station},{kind},{observations},{count},{sum},{mean},{min},{max},{made_of}\n"));
    }
    text
}

/// The same as Arrow's columns.
fn columns(found: &Summaries<'_>) -> Result<Vec<u8>, ArrowError> {
    let rows = || found.summaries.iter();
    let since = found.observations_since.map(|since| since.to_string());
    let words = MADE_OF.map(|(_, word)| word);
    let place = |word| (0..).zip(words).find(|(_, known)| *known == word).map_or(0, |(place, _)| place);
    Columns::of(rows().map(|summary| summary.time))
        .same("station", found.station)?
        .same("kind", &found.kind)?
        .counts("observations", rows().map(|summary| summary.observations))
        .counts("count", rows().map(|summary| summary.count))
        .values("sum", rows().map(|summary| summary.sum))
        .values("mean", rows().map(|summary| summary.mean))
        .values("min", rows().map(|summary| summary.min))
        .values("max", rows().map(|summary| summary.max))
        .words("made_of", &words, rows().map(|summary| place(summary.made_of)).collect())?
        .stream(&[
            ("unit", Some(found.unit.to_owned())),
            ("every", Some(found.every.clone())),
            ("observations_since", since),
        ])
}
