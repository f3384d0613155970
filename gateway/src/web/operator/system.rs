//! The system about itself: versions, freshness, counts; and who speaks at the door.

use super::Problem;
use crate::desk::Desk;
use crate::web::hearing::Speech;
use crate::web::{Web, json_of};
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use bongsu_rules::incident::{State as Stage, Status};
use bongsu_sensors::Time;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How the system is.
#[derive(Serialize, utoipa::ToSchema)]
pub struct System {
    version: &'static str,
    /// Actual, Exercise or Test.
    #[schema(value_type = String)]
    status: Status,
    /// The city's time.
    #[schema(value_type = String, format = DateTime)]
    time: Time,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_commit: Option<Time>,
    /// What is shown may be believed to be how things stand.
    current: bool,
    /// Why it is not ready; empty: it is.
    troubles: Vec<String>,
    /// Bytes of the store.
    store_bytes: u64,
    stations: usize,
    datastreams: usize,
    /// Incidents by state.
    incidents: BTreeMap<&'static str, usize>,
    /// Many incidents opened at once: one line for all of them.
    storm: Option<Storm>,
}

/// Many incidents at once.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Storm {
    /// How many opened in the last ten minutes.
    incidents: usize,
    /// By hazard.
    hazards: BTreeMap<String, usize>,
    /// The highest level among them.
    #[schema(value_type = String)]
    highest: bongsu_sensors::Level,
}

/// How many incidents make a storm: more than a person reads one by one in the time a proposal waits.
const STORM: usize = 20;

/// In which time, milliseconds.
const STORM_WINDOW_MS: i64 = 600_000;

fn storm(web: &Web, now: Time) -> Option<Storm> {
    let all = web.shared.board().all();
    let since = Time::from_millis(now.millis() - STORM_WINDOW_MS);
    let new = all.iter().map(|said| &said.transition.incident);
    let new: Vec<_> = new.filter(|incident| incident.onset >= since && !incident.state.is_over()).collect();
    let mut hazards = BTreeMap::new();
    for incident in &new {
        *hazards.entry(incident.hazard.clone()).or_insert(0) += 1;
    }
    let highest = new.iter().map(|incident| incident.level).max().unwrap_or_default();
    (new.len() >= STORM).then_some(Storm { incidents: new.len(), hazards, highest })
}

/// How the system is.
#[utoipa::path(get, path = "/api/v1/system", tag = "system",
    responses((status = 200, body = System), super::openapi::Faults))]
pub async fn system(State(web): State<Web>) -> Response {
    let shared = &web.shared;
    let pulse = shared.pulse();
    let catalog = shared.catalog();
    let mut incidents: BTreeMap<&'static str, usize> = Stage::ALL.iter().map(|state| (state.name(), 0)).collect();
    for said in shared.board().all() {
        *incidents.entry(said.transition.incident.state.name()).or_default() += 1;
    }
    json_of(&System {
        version: env!("CARGO_PKG_VERSION"),
        status: shared.settings.status,
        time: pulse.now,
        last_commit: pulse.last_commit,
        current: pulse.is_current(),
        troubles: shared.troubles().into_iter().map(|(part, reason)| format!("{part}: {reason}")).collect(),
        store_bytes: std::fs::metadata(&shared.settings.store).map_or(0, |file| file.len()),
        stations: catalog.as_ref().map_or(0, |catalog| catalog.stations.len()),
        datastreams: catalog.as_ref().map_or(0, |catalog| catalog.datastreams.len()),
        incidents,
        storm: storm(&web, pulse.now),
    })
}

/// A device in a list.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Device {
    username: String,
    stations: Vec<String>,
    #[schema(value_type = String, format = DateTime)]
    created: Time,
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked: Option<Time>,
}

/// The devices.
#[derive(Serialize, utoipa::ToSchema)]
pub struct DeviceList {
    devices: Vec<Device>,
    /// How each station speaks, by its id; counted since the program started.
    speech: BTreeMap<String, Speech>,
}

/// Who may speak for which stations, and how they speak.
#[utoipa::path(get, path = "/api/v1/devices", tag = "system",
    responses((status = 200, body = DeviceList), super::openapi::Faults))]
pub async fn devices(State(web): State<Web>, Extension(desk): Extension<Arc<Desk>>) -> Result<Response, Problem> {
    let device = |listed: crate::device::Listed| Device {
        username: listed.username,
        stations: listed.stations,
        created: Time::from_millis(listed.created),
        revoked: listed.revoked.map(Time::from_millis),
    };
    let devices = desk.devices().await?.into_iter().map(device).collect();
    Ok(json_of(&DeviceList { devices, speech: web.shared.hearing.speech() }))
}
