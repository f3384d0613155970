//! `/api/v1/rules/{id}/explain`: what a rule says at a place now, and why it says nothing. The engine is asked; nothing is
//! changed by it. It stands beside the evidence of an incident, which is that of the decision and stays so.

use super::Problem;
use super::rulebook::{no_rule, read};
use crate::desk::Desk;
use crate::web::parameters::Parameters;
use crate::web::problem::quoted;
use crate::web::stations::tests;
use crate::web::{Web, json};
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::Response;
use bongsu_rules::engine::{Explanation, Heard};
use bongsu_rules::incident::Evidence;
use bongsu_rules::language::Header;
use bongsu_rules::language::header::InputSpec;
use bongsu_rules::{Flag, Observation};
use bongsu_sensors::catalog::Datastream;
use bongsu_sensors::{Catalog, Level, Time};
use bytes::Bytes;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a rule says at a place now.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Explained {
    /// The moment it is about: that of the last thing that was heard.
    #[schema(value_type = String, format = DateTime)]
    time: Time,
    rule: String,
    /// A station, an area or city.
    place: String,
    /// The level that is reached now.
    #[schema(value_type = String)]
    reached: Level,
    /// The level its alert stands at, with confirmation and patience.
    #[schema(value_type = String)]
    stands: Level,
    /// Something could not be decided: it may raise, never lower.
    undecided: bool,
    /// Why the rule itself fails, where it does.
    failure: Option<String>,
    /// Every check as it is now, with the keys of an alert's evidence.
    #[schema(value_type = Vec<Object>)]
    checks: Vec<Evidence>,
    /// Every series that is asked; an input that finds none is there once, without a station.
    series: Vec<Asked>,
}

/// A series that a rule asks.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Asked {
    input: String,
    /// The rule also works without it.
    optional: bool,
    station: Option<String>,
    /// The datastream; of an input without a station the kind it looks for, null: any.
    kind: Option<String>,
    /// UCUM.
    unit: &'static str,
    /// known: rules use it; silent: it is older than the rule allows; doubted: it is newer, and quality control does not
    /// believe it; never_heard; no_station: nothing of the kind stands where the rule looks.
    state: &'static str,
    /// The newest observation that rules may use.
    usable: Option<Usable>,
    /// The newest observation, believed or not.
    newest: Option<Newest>,
}

/// An observation that rules may use.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Usable {
    #[schema(value_type = String, format = DateTime)]
    time: Time,
    value: f64,
}

/// An observation as it was judged.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Newest {
    #[schema(value_type = String, format = DateTime)]
    time: Time,
    value: Option<f64>,
    /// Its QARTOD flag.
    flag: u8,
    /// The flag of each quality test that could judge it.
    #[schema(value_type = BTreeMap<String, u8>)]
    tests: BTreeMap<&'static str, u8>,
}

/// What a rule says at a place now, and what it hears there.
#[utoipa::path(get, path = "/api/v1/rules/{id}/explain", tag = "rules",
    params(("id" = String, Path), ("place" = String, Query, description = "a station, an area, or city")),
    responses((status = 200, body = Explained), super::openapi::Faults))]
pub async fn explain(
    State(web): State<Web>,
    Extension(desk): Extension<Arc<Desk>>,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    let parameters = Parameters::read(&uri, &["place"])?;
    let place = parameters.required("place", "jamsu")?.to_owned();
    let library = read(&desk).await?;
    let rule = library.rule(&id).ok_or_else(|| no_rule(&id))?.clone();
    // Asked once a second, however many officers look: orders wait in the same queue.
    let key = (id.clone(), place.clone());
    let made = async {
        let found = desk.explain(&id, &place).await?.ok_or_else(|| no_place(&id, &place))?;
        let catalog = web.shared.catalog().ok_or_else(crate::web::stations::no_city)?;
        let answer = explained(*found, &rule.header, place, &catalog, &web.shared.newest());
        serde_json::to_vec(&answer).map(Bytes::from).map_err(|cause| Problem::unreadable(&cause))
    };
    web.shared.explained.get(key, made).await.map(json)
}

fn no_place(rule: &str, place: &str) -> Problem {
    let remedy = "place is a station, an area or city, as the rule's scope is, and has the rule's inputs";
    Problem::not_found(format!("rule {rule} does not look at {}", quoted(place)), remedy)
}

fn explained(
    found: Explanation,
    header: &Header,
    place: String,
    catalog: &Catalog,
    newest: &[Option<Observation>],
) -> Explained {
    let spec = |name: &str| header.inputs.iter().find(|input| input.name == name);
    let mut series: Vec<Asked> =
        found.inputs.iter().map(|heard| asked(heard, spec(&heard.input), catalog, newest)).collect();
    let is_deaf = |input: &&InputSpec| found.inputs.iter().all(|heard| heard.input != input.name);
    series.extend(header.inputs.iter().filter(is_deaf).map(|input| Asked {
        input: input.name.clone(),
        optional: input.optional,
        station: None,
        kind: input.kind.map(|kind| kind.kind().name.to_owned()),
        unit: input.kind.map_or("", |kind| kind.kind().unit),
        state: "no_station",
        usable: None,
        newest: None,
    }));
    let Explanation { time, reached, stands, undecided, failure, checks, .. } = found;
    Explained { time, rule: header.id.clone(), place, reached, stands, undecided, failure, checks, series }
}

fn asked(heard: &Heard, spec: Option<&InputSpec>, catalog: &Catalog, newest: &[Option<Observation>]) -> Asked {
    let of = |station| catalog.datastreams_of(station).iter().find(|one| one.name.is_written(&heard.datastream));
    let stream: Option<&Datastream> = catalog.station_named(&heard.station).and_then(of);
    let newest = stream.and_then(|stream| newest.get(stream.id.0 as usize).copied().flatten());
    Asked {
        input: heard.input.clone(),
        optional: spec.is_some_and(|spec| spec.optional),
        station: Some(heard.station.clone()),
        kind: Some(heard.datastream.clone()),
        unit: stream.map_or("", |stream| stream.name.kind().unit),
        state: state(heard, newest.as_ref()),
        usable: heard.newest.map(|(time, value)| Usable { time, value }),
        newest: newest.map(|seen| Newest {
            time: seen.time,
            value: seen.value,
            flag: seen.flag.number(),
            tests: tests(&seen),
        }),
    }
}

/// Silent is who says nothing; who says what nobody believes is doubted.
fn state(heard: &Heard, newest: Option<&Observation>) -> &'static str {
    let is_newer = |seen: &&Observation| heard.newest.is_none_or(|(time, _)| seen.time > time);
    let doubted = newest.filter(is_newer).is_some_and(|seen| !seen.flag.usable() && seen.flag != Flag::Missing);
    match heard.state {
        "known" => "known",
        _ if doubted => "doubted",
        "silent" => "silent",
        _ => "never_heard",
    }
}
