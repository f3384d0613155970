//! `/api/v1/stations` and `/api/v1/observations`: where the sensors stand, what they say now, and what they said.

use super::arrow::Columns;
use super::form::Form;
use super::parameters::{Parameters, unknown};
use super::problem::Problem;
use super::{Plane, Web, json};
use arrow_schema::ArrowError;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use bongsu_rules::quality::TESTS;
use bongsu_rules::{Flag, Observation};
use bongsu_sensors::catalog::{AreaIndex, Datastream, Station, StationIndex, Translations};
use bongsu_sensors::{Catalog, Level, Nature, Time};
use bytes::Bytes;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Kinds that only operators read: they tell an attacker how an attack goes.
const OPERATORS_KINDS: [&str; 2] = ["auth_failures", "access_denials"];

/// The span of observations where none is asked for.
const DEFAULT_SPAN: Duration = Duration::from_secs(24 * 3600);

/// The longest span of observations in one answer.
const LONGEST_SPAN: Duration = Duration::from_secs(31 * 24 * 3600);

/// How far before a moment of the past values are looked for.
const LOOKED_BACK: Duration = Duration::from_secs(3 * 3600);

/// Observations in an answer where no number is asked for, and at most.
const DEFAULT_LIMIT: usize = 1_000;
const LONGEST_LIMIT: usize = 10_000;

/// The stations.
#[derive(Serialize, utoipa::ToSchema)]
struct Stations<'a> {
    /// The city's time.
    #[schema(value_type = String, format = DateTime)]
    time: Time,
    stations: Vec<StationJson<'a>>,
}

/// A station.
#[derive(Serialize, utoipa::ToSchema)]
struct StationJson<'a> {
    id: &'a str,
    /// Its name, by language.
    #[schema(value_type = BTreeMap<String, String>)]
    name: &'a Translations,
    /// Latitude and longitude, degrees.
    #[schema(value_type = Vec<f64>)]
    position: [f64; 2],
    area: &'a str,
    affects: Vec<&'a str>,
    /// The stations whose water arrives here.
    upstream: Vec<&'a str>,
    datastreams: Vec<DatastreamJson<'a>>,
}

/// What a station observes, and its newest observation.
#[derive(Serialize, utoipa::ToSchema)]
struct DatastreamJson<'a> {
    kind: String,
    /// UCUM.
    unit: &'static str,
    cadence_s: u64,
    /// level: a value at a moment; amount: since the last reading; counter: a running total that begins anew; state.
    nature: &'static str,
    /// The limits of its levels.
    #[schema(value_type = BTreeMap<String, f64>)]
    levels: &'a BTreeMap<Level, f64>,
    /// When the newest observation was true; `null`: there is none yet.
    #[schema(value_type = Option<String>, format = DateTime)]
    time: Option<Time>,
    value: Option<f64>,
    /// Its QARTOD flag.
    flag: Option<u8>,
    /// The flag of each quality test that could judge it.
    #[schema(value_type = BTreeMap<String, u8>)]
    tests: BTreeMap<&'static str, u8>,
}

/// Whether a plane may read a datastream.
pub(super) fn is_readable(datastream: &Datastream, plane: Plane) -> bool {
    plane == Plane::Operator || !OPERATORS_KINDS.contains(&datastream.name.kind().name)
}

/// The stations, with what each says now; or, with `at`, what each said then.
#[utoipa::path(get, path = "/api/v1/stations", tag = "observations",
    params(("area" = Option<String>, Query, description = "what stands in it"), ("station" = Option<String>, Query),
        ("at" = Option<String>, Query, description = "a moment of the past, RFC 3339")),
    responses((status = 200, body = Stations<'static>), super::operator::openapi::Faults))]
pub async fn list(State(web): State<Web>, uri: Uri) -> Result<Response, Problem> {
    let known: &[&str] = match web.plane {
        Plane::Public => &["area", "station"],
        Plane::Operator => &["area", "station", "at"],
    };
    let parameters = Parameters::read(&uri, known)?;
    let Some(catalog) = web.shared.catalog() else { return Err(no_city()) };
    let area = match parameters.get("area") {
        Some(code) => Some(catalog.area_named(code).ok_or_else(|| no_area(&catalog, code))?),
        None => None,
    };
    let station = parameters.get("station").map(|id| station_named(&catalog, id)).transpose()?;
    if let Some(at) = parameters.time("at")? {
        let values = web.shared.readers.read(move |reader| reader.values_at(at, LOOKED_BACK)).await?;
        return stations(&values, at, &catalog, web.plane, area, station).map(json);
    }
    // Copied, so that the pipeline does not wait for an answer that is being written.
    let now = || (web.shared.newest().clone(), web.shared.pulse().now);
    if area.is_some() || station.is_some() {
        let (newest, time) = now();
        return stations(&newest, time, &catalog, web.plane, area, station).map(json);
    }
    // All of a large city is megabytes: made once a second, however many ask.
    let all = async {
        let (newest, time) = now();
        stations(&newest, time, &catalog, web.plane, None, None)
    };
    web.shared.stations.get(web.plane == Plane::Public, all).await.map(json)
}

fn stations(
    newest: &[Option<Observation>],
    time: Time,
    catalog: &Catalog,
    plane: Plane,
    area: Option<AreaIndex>,
    station: Option<StationIndex>,
) -> Result<Bytes, Problem> {
    let numbered = catalog.stations.iter().zip(0..).map(|(found, at)| (StationIndex(at), found));
    let wanted = numbered.filter(|(at, found)| {
        station.is_none_or(|station| station == *at) && area.is_none_or(|area| catalog.lies_in(found.area, area))
    });
    let stations = wanted.map(|(at, found)| station_json(catalog, at, found, newest, plane)).collect();
    let answer = Stations { time, stations };
    serde_json::to_vec(&answer).map(Bytes::from).map_err(|cause| Problem::unreadable(&cause))
}

fn station_json<'a>(
    catalog: &'a Catalog,
    at: StationIndex,
    station: &'a Station,
    newest: &[Option<Observation>],
    plane: Plane,
) -> StationJson<'a> {
    let readable = catalog.datastreams_of(at).iter().filter(|datastream| is_readable(datastream, plane));
    let datastreams = readable.map(|datastream| {
        let newest = newest.get(datastream.id.0 as usize).copied().flatten();
        DatastreamJson {
            kind: datastream.name.to_string(),
            unit: datastream.name.kind().unit,
            cadence_s: datastream.cadence.as_secs(),
            nature: nature(datastream.nature()),
            levels: &datastream.levels,
            time: newest.map(|newest| newest.time),
            value: newest.and_then(|newest| newest.value),
            flag: newest.map(|newest| newest.flag.number()),
            tests: newest.map(|newest| tests(&newest)).unwrap_or_default(),
        }
    });
    StationJson {
        id: station.id.as_str(),
        name: &station.name,
        position: station.position,
        area: catalog.area(station.area).code.as_str(),
        affects: station.affects.iter().map(|area| catalog.area(*area).code.as_str()).collect(),
        upstream: station.upstream.iter().map(|at| catalog.station(*at).id.as_str()).collect(),
        datastreams: datastreams.collect(),
    }
}

/// What a window over a datastream means, in a word.
const fn nature(nature: Nature) -> &'static str {
    match nature {
        Nature::Level => "level",
        Nature::Amount => "amount",
        Nature::Counter => "counter",
        Nature::State => "state",
    }
}

/// Observations of one datastream, oldest first.
#[derive(Serialize, utoipa::ToSchema)]
struct Observations<'a> {
    station: &'a str,
    kind: String,
    /// UCUM.
    unit: &'static str,
    #[schema(value_type = String, format = DateTime)]
    from: Time,
    #[schema(value_type = String, format = DateTime)]
    to: Time,
    /// Single observations are kept of this time on: what is older may be gone, and hours and days that were made before
    /// it went are summaries. `null`: all are kept.
    #[schema(value_type = Option<String>, format = DateTime)]
    observations_since: Option<Time>,
    observations: Vec<ObservationJson>,
    /// Where the rest is.
    next: Option<String>,
}

/// An observation; without a value it is missing.
#[derive(Serialize, utoipa::ToSchema)]
struct ObservationJson {
    #[schema(value_type = String, format = DateTime)]
    time: Time,
    value: Option<f64>,
    /// QARTOD: 1 pass, 2 not evaluated, 3 suspect, 4 fail, 9 missing.
    flag: u8,
    /// The flag of each quality test that could judge it, where the observation is in doubt.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, u8>, required = false)]
    tests: BTreeMap<&'static str, u8>,
}

/// What each quality test says of an observation, but for those that could not judge it.
pub(super) fn tests(observation: &Observation) -> BTreeMap<&'static str, u8> {
    let judged = TESTS.iter().zip(observation.tests.flags()).filter(|(_, flag)| *flag != Flag::NotEvaluated);
    judged.map(|(test, flag)| (test.name, flag.number())).collect()
}

/// One datastream over a span of time, `from ≤ time < to`, oldest first.
#[utoipa::path(get, path = "/api/v1/observations", tag = "observations",
    params(("station" = String, Query), ("kind" = String, Query, description = "docs/kinds.md lists them"),
        ("from" = Option<String>, Query, description = "RFC 3339; absent: a day before `to`"),
        ("to" = Option<String>, Query, description = "RFC 3339; absent: now"),
        ("limit" = Option<u32>, Query, description = "at most 10,000"),
        ("format" = Option<String>, Query, description = "json, csv or arrow; absent: what Accept names, else json")),
    responses((status = 200, content((Observations<'static> = "application/json"), (String = "text/csv"),
        (String = "application/vnd.apache.arrow.stream"))), super::operator::openapi::Faults))]
pub async fn observations(State(web): State<Web>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    let parameters = Parameters::read(&uri, &["station", "kind", "from", "to", "limit", "format"])?;
    let (_, id, datastream) = asked(&web, &parameters)?;
    let form = Form::asked(&parameters, &headers)?;
    let limit = parameters.count("limit", DEFAULT_LIMIT, LONGEST_LIMIT)?;
    // What is true now is asked for too; `to` itself is not in the span.
    let to = parameters.time("to")?.unwrap_or(web.shared.pulse().now + Duration::from_millis(1));
    let from = parameters.time("from")?.unwrap_or(to - DEFAULT_SPAN);
    if from >= to {
        return Err(Problem::bad_request("\"from\" is not before \"to\"", "write the earlier time as from"));
    }
    if to.since(from) > LONGEST_SPAN {
        let remedy = "ask for at most 31 days at once, one after the other";
        return Err(Problem::bad_request("the span between \"from\" and \"to\" is too long", remedy));
    }
    let (number, name) = (datastream.id, datastream.name);
    let page = web.shared.readers.read(move |reader| reader.observations(number, from, to, limit)).await?;
    let last = page.observations.last().filter(|_| page.more);
    let next = last.map(|last| {
        let path = if web.plane == Plane::Public { web.shared.base_path() } else { "" };
        let (from, format) = (last.time + Duration::from_millis(1), form.in_query());
        format!("{path}/api/v1/observations?station={id}&kind={name}&from={from}&to={to}&limit={limit}{format}")
    });
    let observations_since = page.observations_since;
    let found = Observations {
        station: &id,
        kind: name.to_string(),
        unit: name.kind().unit,
        from,
        to,
        observations_since,
        observations: page.observations.iter().map(written).collect(),
        next,
    };
    let body = match form {
        Form::Json => serde_json::to_vec(&found).map_err(|cause| Problem::unreadable(&cause))?,
        Form::Csv => table(&found).into_bytes(),
        Form::Arrow => columns(&found).map_err(|cause| Problem::unreadable(&cause))?,
    };
    Ok(form.answer(body, found.next.as_deref(), observations_since))
}

fn written(seen: &Observation) -> ObservationJson {
    ObservationJson {
        time: seen.time,
        value: seen.value,
        flag: seen.flag.number(),
        tests: if seen.flag.usable() { BTreeMap::new() } else { tests(seen) },
    }
}

/// The same as the CSV that `bongsu replay` reads.
fn table(found: &Observations<'_>) -> String {
    let Observations { station, kind, .. } = found;
    let mut text = String::from("time,station,kind,value\n");
    for seen in &found.observations {
        let value = seen.value.map(|value| value.to_string()).unwrap_or_default();
        text.push_str(&format!("{},{station},{kind},{value}\n", seen.time));
    }
    text
}

/// The same as Arrow's columns.
fn columns(found: &Observations<'_>) -> Result<Vec<u8>, ArrowError> {
    let rows = || found.observations.iter();
    let since = found.observations_since.map(|since| since.to_string());
    Columns::of(rows().map(|seen| seen.time))
        .same("station", found.station)?
        .same("kind", &found.kind)?
        .values("value", rows().map(|seen| seen.value))
        .numbers("flag", rows().map(|seen| seen.flag))
        .named("tests", rows().map(|seen| &seen.tests))?
        .stream(&[("unit", Some(found.unit.to_owned())), ("observations_since", since)])
}

/// The city, the station and the datastream that are asked for.
pub(super) fn asked(web: &Web, parameters: &Parameters) -> Result<(Arc<Catalog>, String, Datastream), Problem> {
    let Some(catalog) = web.shared.catalog() else { return Err(no_city()) };
    let id = parameters.required("station", "jamsu")?;
    let kind = parameters.required("kind", "river_stage")?;
    let datastream = datastream(&catalog, id, kind, web.plane)?.clone();
    Ok((catalog, id.to_owned(), datastream))
}

fn datastream<'a>(catalog: &'a Catalog, id: &str, kind: &str, plane: Plane) -> Result<&'a Datastream, Problem> {
    let station = station_named(catalog, id)?;
    let readable = catalog.datastreams_of(station).iter().filter(|datastream| is_readable(datastream, plane));
    let found = readable.clone().find(|datastream| datastream.name.is_written(kind));
    let names: Vec<String> = readable.map(|datastream| datastream.name.to_string()).collect();
    found.ok_or_else(|| unknown("kind", kind, names.iter().map(String::as_str)))
}

pub(super) fn station_named(catalog: &Catalog, id: &str) -> Result<StationIndex, Problem> {
    let names = catalog.stations.iter().map(|station| station.id.as_str());
    catalog.station_named(id).ok_or_else(|| unknown("station", id, names))
}

pub(super) fn no_area(catalog: &Catalog, code: &str) -> Problem {
    unknown("area", code, catalog.areas.iter().map(|area| area.code.as_str()))
}

pub(super) fn no_city() -> Problem {
    let mut problem = Problem::busy();
    problem.error = "the city is not loaded yet".into();
    problem
}
