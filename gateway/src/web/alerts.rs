//! `/api/v1/alerts`: the incidents that live and those that ended in the last 48 hours.
//!
//! Both planes serve it. The public one shows what was issued to everybody, at the level that was issued; operators
//! also see proposals and what is theirs alone.

use super::deliveries;
use super::journal::Said;
use super::parameters::{Parameters, unknown};
use super::problem::{Problem, quoted};
use super::shared::Shared;
use super::{Plane, Web, json};
use crate::alert;
use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::Response;
use bongsu_rules::hazard;
use bongsu_rules::incident::{CITY, MessageType, State as Stage, Transition};
use bongsu_rules::language::Audience;
use bongsu_sensors::catalog::AreaIndex;
use bongsu_sensors::{Catalog, Level, Time};
use bytes::Bytes;
use std::sync::Arc;

/// Longest identity of an incident: a hazard, an area and a moment.
const INCIDENT_ID_LIMIT: usize = 256;

/// Most transitions in a timeline, the newest.
const TIMELINE: usize = 500;

/// What of the incidents was asked for.
struct Filter {
    /// An area and what lies in it; the outer `Some` means that an area was asked for.
    area: Option<Option<AreaIndex>>,
    hazard: Option<String>,
    state: Option<Stage>,
    /// Changed since.
    since: Option<Time>,
    /// As they stood at this moment of the past.
    at: Option<Time>,
    /// Which page, from 1.
    page: usize,
}

/// Incidents of a page.
const PAGE: usize = 200;

/// Most pages: the board does not keep more.
const PAGES: usize = 1_000;

impl Filter {
    fn read(uri: &Uri, catalog: Option<&Catalog>, plane: Plane) -> Result<Filter, Problem> {
        let known: &[&str] = match plane {
            Plane::Public => &["area", "hazard", "state"],
            Plane::Operator => &["area", "hazard", "state", "since", "at", "page"],
        };
        let parameters = Parameters::read(uri, known)?;
        let public = [("issued", Stage::Issued), ("ended", Stage::Ended), ("cancelled", Stage::Cancelled)];
        let all = Stage::ALL.map(|state| (state.name(), state));
        let states: &[(&str, Stage)] = if plane == Plane::Public { &public } else { &all };
        let hazards = hazard::ALL.iter().map(|hazard| hazard.name);
        let hazard = parameters.get("hazard");
        if let Some(name) = hazard.filter(|name| hazard::named(name).is_none()) {
            return Err(unknown("hazard", name, hazards));
        }
        let area = parameters.get("area").map(|code| area(code, catalog)).transpose()?;
        Ok(Filter {
            area,
            hazard: hazard.map(str::to_owned),
            state: parameters.word("state", states)?,
            since: parameters.time("since")?,
            at: parameters.time("at")?,
            page: parameters.count("page", 1, PAGES)?,
        })
    }

    fn admits(&self, said: &Said, stage: Stage, catalog: Option<&Catalog>) -> bool {
        let incident = &said.transition.incident;
        // What concerns the whole city concerns each part of it.
        let is_here = |area: &Option<AreaIndex>| {
            incident.area == CITY
                || area.zip(catalog).is_some_and(|(area, catalog)| {
                    catalog.area_named(&incident.area).is_some_and(|inner| catalog.lies_in(inner, area))
                })
        };
        self.area.as_ref().is_none_or(is_here)
            && self.hazard.as_ref().is_none_or(|hazard| *hazard == incident.hazard)
            && self.state.is_none_or(|state| state == stage)
            && self.since.is_none_or(|since| incident.updated >= since)
    }
}

fn area(code: &str, catalog: Option<&Catalog>) -> Result<Option<AreaIndex>, Problem> {
    let found = catalog.and_then(|catalog| catalog.area_named(code));
    if found.is_some() || code == CITY {
        return Ok(found);
    }
    let areas = catalog.map(|catalog| catalog.areas.as_slice()).unwrap_or_default();
    Err(unknown("area", code, areas.iter().map(|area| area.code.as_str())))
}

/// An answer around alerts that are JSON already: how fresh it is, then `parts`, each a key with its alerts.
fn answer(shared: &Shared, parts: &[(&str, String)]) -> Response {
    let pulse = shared.pulse();
    let mut body = format!("{{\"time\":\"{}\",\"current\":{}", pulse.now, pulse.is_current());
    for (key, value) in parts {
        body.push_str(&format!(",\"{key}\":{value}"));
    }
    body.push('}');
    json(body)
}

fn array(alerts: &[String]) -> String {
    format!("[{}]", alerts.join(","))
}

/// `GET /api/v1/alerts`.
pub async fn list(State(web): State<Web>, uri: Uri) -> Result<Response, Problem> {
    let shared = &*web.shared;
    let catalog = shared.catalog();
    let filter = Filter::read(&uri, catalog.as_deref(), web.plane)?;
    let said = match (web.plane, filter.at) {
        (Plane::Public, _) => shared.board().public(shared.pulse().now),
        (Plane::Operator, None) => shared.board().all(),
        (Plane::Operator, Some(at)) => {
            let found = shared.readers.read(move |reader| reader.transitions_at(at, PAGE * PAGES)).await?;
            found.into_iter().map(|(id, transition)| Arc::new(Said::new(id, transition))).collect()
        }
    };
    let stage = |said: &Said| match web.plane {
        Plane::Public => public_stage(said),
        Plane::Operator => said.transition.incident.state,
    };
    let shown = said.iter().filter(|said| filter.admits(said, stage(said), catalog.as_deref()));
    let shown = shown.skip((filter.page - 1) * PAGE);
    // The public's list is whole: what is dangerous stands on no second page.
    let most = if web.plane == Plane::Public { usize::MAX } else { PAGE };
    let shown = shown.filter_map(|said| Some((said, written(shared, said, web.plane)?)));
    let (shown, alerts): (Vec<&Arc<Said>>, Vec<String>) = shown.take(most).unzip();
    let mut parts = vec![("alerts", array(&alerts))];
    if let (Plane::Operator, Some(at)) = (web.plane, filter.at) {
        let issued = shown.iter().filter_map(|said| said.transition.incident.issued.as_ref());
        let identifiers = issued.map(|message| message.identifier.clone()).collect();
        let stood = deliveries::at_moment(&shared.readers, identifiers, at).await?;
        parts.push(("deliveries", serde_json::json!(stood).to_string()));
    }
    Ok(answer(shared, &parts))
}

/// `GET /api/v1/alerts/{incident}`.
pub async fn one(State(web): State<Web>, Path(id): Path<String>, uri: Uri) -> Result<Response, Problem> {
    Parameters::read(&uri, &[])?;
    let shared = &*web.shared;
    let history = history(shared, &id, web.plane).await?;
    let timeline: Vec<String> = history.iter().filter_map(|said| written(shared, said, web.plane)).collect();
    let alert = timeline.last().ok_or_else(|| no_such_incident(&id))?.clone();
    Ok(answer(shared, &[("alert", alert), ("timeline", array(&timeline))]))
}

/// There is no such incident, or none that may be seen here: who asks cannot tell one from the other.
pub(super) fn no_such_incident(id: &str) -> Problem {
    let remedy = "/api/v1/alerts lists the incidents that live and those that ended in the last 48 hours";
    Problem::not_found(format!("there is no incident {}", quoted(id)), remedy)
}

/// Everything that was said of an incident on a plane, oldest first. It ends with how the incident stands; it is empty
/// where the incident may not be seen there.
pub(super) async fn history(shared: &Shared, id: &str, plane: Plane) -> Result<Vec<Arc<Said>>, Problem> {
    if id.len() > INCIDENT_ID_LIMIT {
        return Err(no_such_incident(id));
    }
    let wanted = id.to_owned();
    let transitions = shared.readers.read(move |reader| reader.transitions_of(&wanted, TIMELINE)).await?;
    let is_public = |transition: &Transition| transition.incident.audience == Audience::Public;
    if plane == Plane::Public && !transitions.last().is_some_and(|(_, last)| is_public(last)) {
        return Ok(Vec::new());
    }
    let said = transitions.into_iter().map(|(id, transition)| Arc::new(Said::new(id, transition)));
    let is_seen = |said: &Arc<Said>| plane == Plane::Operator || said.public(shared.settings.status).is_some();
    Ok(said.filter(is_seen).collect())
}

/// Where an incident stands by what was said of it in public.
fn public_stage(said: &Said) -> Stage {
    match said.transition.message.as_ref() {
        Some(message) if message.msg_type == MessageType::Cancel => Stage::Cancelled,
        Some(message) if message.level == Level::None => Stage::Ended,
        _ => Stage::Issued,
    }
}

/// A transition's alert as one plane sees it, as JSON.
fn written(shared: &Shared, said: &Said, plane: Plane) -> Option<String> {
    let catalog = shared.catalog();
    let context = shared.context(&catalog);
    let bytes = match plane {
        Plane::Public => said.json(said.public(shared.settings.status)?, context),
        Plane::Operator => Bytes::from(alert::for_operators(&said.transition.incident, context).json()),
    };
    String::from_utf8(bytes.into()).ok()
}
