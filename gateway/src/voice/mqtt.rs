//! Over MQTT: alerts and exercises for everybody, proposals for operators, live readings, the heartbeat, and to each
//! device what was refused of what it said.

use crate::alert::{self, Context};
use crate::pipeline::{Spoken, Voice};
use crate::store::DeadLetter;
use bongsu_broker::{Outgoing, Outlet, OutletError, Qos};
use bongsu_rules::incident::{Incident, Message, State, Status, Transition, exercise_id};
use bongsu_rules::language::Audience;
use bongsu_rules::{Effect, Observation};
use bongsu_sensors::Time;
use bongsu_sensors::catalog::Catalog;
use bongsu_sensors::topic::{CityTopic, DeviceTopic, Leaf, Plane, SYSTEM};
use serde::Serialize;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Live readings stand below this topic.
const LIVE: &str = "bongsu/v1/live";

/// How often the heartbeat is published.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// A device is told of at most so many refusals in one [`ERRORS_WINDOW`]: a broken one repeats itself in every message.
const ERRORS_LIMIT: u32 = 10;
const ERRORS_WINDOW: Duration = Duration::from_secs(10);

/// Most stations whose errors are counted at once.
const ERRORS_STATIONS: usize = 10_000;

/// Says over MQTT what has become true.
pub struct MqttVoice {
    outlet: Outlet,
    base_url: String,
    /// Devices also stand behind a broker of others; what they say to somebody else than us is handed on by us alone.
    has_remote: bool,
    heartbeat: Option<Instant>,
    last_commit: Option<Time>,
    errors: HashMap<String, (Instant, u32)>,
}

impl std::fmt::Debug for MqttVoice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MqttVoice").finish_non_exhaustive()
    }
}

/// The heartbeat.
#[derive(Serialize)]
struct System {
    time: Time,
    state: &'static str,
    last_commit: Option<Time>,
}

/// A live reading.
#[derive(Serialize)]
struct Live {
    t: Time,
    value: Option<f64>,
    flag: u8,
}

/// What a device is told of a refusal.
#[derive(Serialize)]
struct Refused<'a> {
    time: Time,
    reason: &'static str,
    source: &'a str,
    remedy: &'a str,
}

impl MqttVoice {
    /// A voice through the door.
    pub fn new(outlet: Outlet, base_url: String, has_remote: bool) -> MqttVoice {
        MqttVoice { outlet, base_url, has_remote, heartbeat: None, last_commit: None, errors: HashMap::new() }
    }

    /// Says again what stands, and what ended so lately that somebody may still be shown it as a danger: whatever was
    /// committed before a crash may not have been said. `standing` are transitions in their order.
    ///
    /// # Errors
    /// The door is gone.
    pub fn repeat(&self, standing: &[(i64, Transition)], catalog: &Catalog, now: Time) -> miette::Result<()> {
        let mut newest: HashMap<&str, i64> = HashMap::new();
        for (id, transition) in standing {
            newest.insert(&transition.incident.id, *id);
        }
        let mut batch = Vec::new();
        for (id, transition) in standing {
            if newest.get(transition.incident.id.as_str()) == Some(id) {
                self.incident(&transition.incident, None, catalog, now, &mut batch);
            }
        }
        self.publish(batch)
    }

    /// What everybody, and what operators, hear of an incident.
    fn incident(
        &self,
        incident: &Incident,
        message: Option<&Message>,
        catalog: &Catalog,
        now: Time,
        batch: &mut Vec<Outgoing>,
    ) {
        let plane = if incident.status == Status::Actual { Plane::Alerts } else { Plane::Exercise };
        let topic =
            |plane: Plane| CityTopic::Incident { plane, area: &incident.area, hazard: &incident.hazard }.to_string();
        let context = Context { catalog: Some(catalog), base_url: &self.base_url };
        let public = incident.audience == Audience::Public;
        let said = message.or(incident.issued.as_ref());
        if let (true, Some(said)) = (public, said) {
            let left = alert::expires(said).since(now);
            // What has expired is taken back: nobody shall believe it any more.
            let payload = if left.is_zero() { Vec::new() } else { alert::alert_json(incident, said, context) };
            batch.push(retained(topic(plane), payload.into(), (!left.is_zero()).then_some(left)));
        }
        // An exercise that a person began shares its area and hazard with what is meant: it leaves that topic alone.
        if exercise_id(&incident.id) {
            return;
        }
        // Operators hear everything that the public does not.
        if !public || matches!(incident.state, State::Proposed | State::Raised | State::Rejected) {
            let lasts = incident.state.is_over().then_some(alert::ALL_CLEAR_LASTS);
            batch.push(retained(topic(Plane::Ops), alert::for_operators(incident, context).json().into(), lasts));
        } else {
            // What was proposed is decided: the proposal is taken back.
            batch.push(retained(topic(Plane::Ops), bytes::Bytes::new(), None));
        }
    }

    fn live(&self, observation: &Observation, catalog: &Catalog, batch: &mut Vec<Outgoing>) {
        let Some(stream) = catalog.numbered(observation.datastream) else { return };
        let station = catalog.station(stream.station).id.as_str();
        let topic = CityTopic::Live { station, datastream: stream.name }.to_string();
        let live = Live { t: observation.time, value: observation.value, flag: observation.flag.number() };
        batch.push(Outgoing { topic, payload: json(&live), qos: Qos::AtMostOnce, retain: false, expiry: None });
    }

    /// Tells a device what was refused, unless it was told often enough.
    fn error(&mut self, letter: &DeadLetter, batch: &mut Vec<Outgoing>) {
        let Some(station) = letter.station.as_deref() else { return };
        if DeviceTopic::parse(&letter.source).is_none_or(|topic| topic.station != station) {
            return;
        }
        let now = Instant::now();
        if self.errors.len() > ERRORS_STATIONS {
            self.errors.retain(|_, (since, _)| now.duration_since(*since) < ERRORS_WINDOW);
        }
        let (since, told) = self.errors.entry(station.to_owned()).or_insert((now, 0));
        if now.duration_since(*since) >= ERRORS_WINDOW {
            (*since, *told) = (now, 0);
        }
        *told += 1;
        if *told > ERRORS_LIMIT {
            return;
        }
        let topic = DeviceTopic { station, leaf: Leaf::Errors }.to_string();
        let refused = Refused {
            time: letter.received,
            reason: letter.reason.name(),
            source: &letter.source,
            remedy: &letter.remedy,
        };
        batch.push(Outgoing { topic, payload: json(&refused), qos: Qos::AtMostOnce, retain: false, expiry: None });
    }

    fn heartbeat(&mut self, now: Time, batch: &mut Vec<Outgoing>) {
        if self.heartbeat.is_some_and(|last| last.elapsed() < HEARTBEAT) {
            return;
        }
        self.heartbeat = Some(Instant::now());
        let system = System { time: now, state: "running", last_commit: self.last_commit };
        batch.push(retained(SYSTEM.to_owned(), json(&system), None));
    }

    fn publish(&self, batch: Vec<Outgoing>) -> miette::Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        match self.outlet.publish(batch) {
            Ok(()) => Ok(()),
            Err(OutletError::Stopped) => Ok(()),
            // The store knows what was not heard; a display says by itself that it is not current.
            Err(error) => {
                tracing::error!(%error, "something could not be published");
                Ok(())
            }
        }
    }
}

impl Voice for MqttVoice {
    fn speak(&mut self, spoken: &Spoken<'_>) -> miette::Result<()> {
        // The door itself has handed on what devices answered, and let us hear it.
        let is_told = |relay: &&Outgoing| {
            let leaf = DeviceTopic::parse(&relay.topic).map(|topic| topic.leaf);
            !self.has_remote && leaf == Some(Leaf::CommandAck)
        };
        let mut batch: Vec<Outgoing> = spoken.relays.iter().filter(|relay| !is_told(relay)).cloned().collect();
        if !spoken.batch.is_empty() {
            self.last_commit = Some(spoken.now);
        }
        if let Some(catalog) = spoken.engine.catalog() {
            for (_, transition) in &spoken.batch.transitions {
                self.incident(&transition.incident, transition.message.as_ref(), catalog, spoken.now, &mut batch);
            }
            // Without anybody to hear them, live readings cost nothing.
            if !spoken.effects.is_empty() && self.outlet.is_heard(LIVE) {
                for effect in spoken.effects {
                    if let Effect::Observed(observation) = effect {
                        self.live(observation, catalog, &mut batch);
                    }
                }
            }
        }
        for letter in &spoken.batch.dead_letters {
            self.error(letter, &mut batch);
        }
        self.heartbeat(spoken.now, &mut batch);
        self.publish(batch)
    }
}

fn retained(topic: String, payload: bytes::Bytes, expiry: Option<Duration>) -> Outgoing {
    Outgoing { topic, payload, qos: Qos::AtLeastOnce, retain: true, expiry }
}

fn json(value: &impl Serialize) -> bytes::Bytes {
    serde_json::to_vec(value).unwrap_or_default().into()
}
