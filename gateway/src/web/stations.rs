//! `/api/v1/stations` and `/api/v1/observations`: where the sensors stand, what they say now, and what they said.

use super::parameters::{Parameters, unknown};
use super::problem::Problem;
use super::shared::Shared;
use super::{Plane, Web, json, json_of};
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use bongsu_rules::Observation;
use bongsu_sensors::catalog::{AreaIndex, Datastream, Station, StationIndex, Translations};
use bongsu_sensors::{Catalog, Level, Time};
use bytes::Bytes;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// Kinds that only operators read: they tell an attacker how an attack goes.
const OPERATORS_KINDS: [&str; 1] = ["auth_failures"];

/// The span of observations where none is asked for.
const DEFAULT_SPAN: Duration = Duration::from_secs(24 * 3600);

/// The longest span of observations in one answer.
const LONGEST_SPAN: Duration = Duration::from_secs(31 * 24 * 3600);

/// Observations in an answer where no number is asked for, and at most.
const DEFAULT_LIMIT: usize = 1_000;
const LONGEST_LIMIT: usize = 10_000;

#[derive(Serialize)]
struct Stations<'a> {
    time: Time,
    stations: Vec<StationJson<'a>>,
}

#[derive(Serialize)]
struct StationJson<'a> {
    id: &'a str,
    name: &'a Translations,
    /// Latitude and longitude, degrees.
    position: [f64; 2],
    area: &'a str,
    affects: Vec<&'a str>,
    datastreams: Vec<DatastreamJson<'a>>,
}

#[derive(Serialize)]
struct DatastreamJson<'a> {
    kind: String,
    unit: &'static str,
    cadence_s: u64,
    levels: &'a BTreeMap<Level, f64>,
    /// When the newest observation was true; `null`: there is none yet.
    time: Option<Time>,
    value: Option<f64>,
    /// Its QARTOD flag.
    flag: Option<u8>,
}

/// Whether a plane may read a datastream.
fn is_readable(datastream: &Datastream, plane: Plane) -> bool {
    plane == Plane::Operator || !OPERATORS_KINDS.contains(&datastream.name.kind().name)
}

/// `GET /api/v1/stations`.
pub async fn list(State(web): State<Web>, uri: Uri) -> Result<Response, Problem> {
    let parameters = Parameters::read(&uri, &["area", "station"])?;
    let Some(catalog) = web.shared.catalog() else { return Err(no_city()) };
    let area = match parameters.get("area") {
        Some(code) => Some(catalog.area_named(code).ok_or_else(|| no_area(&catalog, code))?),
        None => None,
    };
    let station = parameters.get("station").map(|id| station_named(&catalog, id)).transpose()?;
    if area.is_some() || station.is_some() {
        return stations(&web.shared, &catalog, web.plane, area, station).map(json);
    }
    // All of a large city is megabytes: made once a second, however many ask.
    let all = async { stations(&web.shared, &catalog, web.plane, None, None) };
    web.shared.stations.get(web.plane == Plane::Public, all).await.map(json)
}

fn stations(
    shared: &Shared,
    catalog: &Catalog,
    plane: Plane,
    area: Option<AreaIndex>,
    station: Option<StationIndex>,
) -> Result<Bytes, Problem> {
    // Copied, so that the pipeline does not wait for a page that is being written.
    let newest = shared.newest().clone();
    let numbered = catalog.stations.iter().zip(0..).map(|(found, at)| (StationIndex(at), found));
    let wanted = numbered.filter(|(at, found)| {
        station.is_none_or(|station| station == *at) && area.is_none_or(|area| catalog.lies_in(found.area, area))
    });
    let stations = wanted.map(|(at, found)| station_json(catalog, at, found, &newest, plane)).collect();
    let answer = Stations { time: shared.pulse().now, stations };
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
            levels: &datastream.levels,
            time: newest.map(|newest| newest.time),
            value: newest.and_then(|newest| newest.value),
            flag: newest.map(|newest| newest.flag.number()),
        }
    });
    StationJson {
        id: station.id.as_str(),
        name: &station.name,
        position: station.position,
        area: catalog.area(station.area).code.as_str(),
        affects: station.affects.iter().map(|area| catalog.area(*area).code.as_str()).collect(),
        datastreams: datastreams.collect(),
    }
}

#[derive(Serialize)]
struct Observations<'a> {
    station: &'a str,
    kind: String,
    unit: &'static str,
    from: Time,
    to: Time,
    observations: Vec<ObservationJson>,
    /// Where the rest is.
    next: Option<String>,
}

#[derive(Serialize)]
struct ObservationJson {
    time: Time,
    value: Option<f64>,
    flag: u8,
}

/// `GET /api/v1/observations`: one datastream over a span of time, `from ≤ time < to`, oldest first.
pub async fn observations(State(web): State<Web>, uri: Uri) -> Result<Response, Problem> {
    let parameters = Parameters::read(&uri, &["station", "kind", "from", "to", "limit"])?;
    let Some(catalog) = web.shared.catalog() else { return Err(no_city()) };
    let id = parameters.required("station", "jamsu")?;
    let kind = parameters.required("kind", "river_stage")?;
    let datastream = datastream(&catalog, id, kind, web.plane)?;
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
        let from = last.time + Duration::from_millis(1);
        format!("{path}/api/v1/observations?station={id}&kind={name}&from={from}&to={to}&limit={limit}")
    });
    let written = |seen: &Observation| ObservationJson { time: seen.time, value: seen.value, flag: seen.flag.number() };
    Ok(json_of(&Observations {
        station: id,
        kind: name.to_string(),
        unit: name.kind().unit,
        from,
        to,
        observations: page.observations.iter().map(written).collect(),
        next,
    }))
}

fn datastream<'a>(catalog: &'a Catalog, id: &str, kind: &str, plane: Plane) -> Result<&'a Datastream, Problem> {
    let station = station_named(catalog, id)?;
    let readable = catalog.datastreams_of(station).iter().filter(|datastream| is_readable(datastream, plane));
    let found = readable.clone().find(|datastream| datastream.name.is_written(kind));
    let names: Vec<String> = readable.map(|datastream| datastream.name.to_string()).collect();
    found.ok_or_else(|| unknown("kind", kind, names.iter().map(String::as_str)))
}

fn station_named(catalog: &Catalog, id: &str) -> Result<StationIndex, Problem> {
    let names = catalog.stations.iter().map(|station| station.id.as_str());
    catalog.station_named(id).ok_or_else(|| unknown("station", id, names))
}

fn no_area(catalog: &Catalog, code: &str) -> Problem {
    unknown("area", code, catalog.areas.iter().map(|area| area.code.as_str()))
}

fn no_city() -> Problem {
    let mut problem = Problem::busy();
    problem.error = "the city is not loaded yet".into();
    problem
}
