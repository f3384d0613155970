//! Incidents: the alerts of one hazard in one area over time, as people see them.
//!
//! An alert is one rule at one place at a level. Where it speaks to an area, it belongs to that area's incident of its
//! hazard; the incident is as high as the highest of its alerts. What a level becomes, issued at once or proposed to a
//! person, is decided in [`release`]; start at [`book::Book::set`].

pub mod book;
mod release;

pub use book::{Alert, Book};
pub use release::{DEADLINE, LASTS, RENEWED_AFTER};

use crate::language::{Audience, Release};
use bongsu_sensors::catalog::Translations;
use bongsu_sensors::{Level, Time};
use serde::{Deserialize, Serialize};

/// The reserved area of rules that speak to the whole city.
pub const CITY: &str = "city";

/// Whether what is said is meant, practised or tried: the CAP status of everything a store ever says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// It is meant.
    #[default]
    Actual,
    /// It is an exercise.
    Exercise,
    /// It is a trial of the system itself.
    Test,
}

/// Where an incident stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It is decided, and nobody is told (shadow).
    Raised,
    /// A person is asked; what was issued before stays public.
    Proposed,
    /// It is issued.
    Issued,
    /// It is over.
    Ended,
}

impl State {
    /// Its name in messages and tables.
    pub const fn name(self) -> &'static str {
        match self {
            State::Raised => "raised",
            State::Proposed => "proposed",
            State::Issued => "issued",
            State::Ended => "ended",
        }
    }
}

/// One message of an incident's chain. Frozen when it is made, never computed again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// CAP identifier.
    pub identifier: String,
    /// CAP `sent`.
    pub sent: Time,
    /// CAP message type.
    pub msg_type: MessageType,
    /// The level it says; `none` is the all-clear.
    pub level: Level,
}

/// CAP message types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MessageType {
    /// The first of a chain.
    Alert,
    /// A later one.
    Update,
}

impl MessageType {
    /// Its CAP word.
    pub const fn name(self) -> &'static str {
        match self {
            MessageType::Alert => "Alert",
            MessageType::Update => "Update",
        }
    }
}

/// A level that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// The level.
    pub level: Level,
    /// Since when it waits.
    pub since: Time,
    /// When it is decided without the person.
    pub deadline: Time,
    /// The deadline passed, and it went to the next person.
    pub escalated: bool,
}

/// One check behind a level, in the words people read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// What was checked, in each language.
    pub label: Translations,
    /// The station that decided.
    pub station: Option<String>,
    /// The value that decided; `None`: unknown.
    pub value: Option<f64>,
    /// Its unit, UCUM; empty where it has none of its own.
    pub unit: String,
    /// The comparison.
    pub op: String,
    /// What it was compared with.
    pub limit: Option<f64>,
    /// `true`, `false` or `unknown`.
    pub result: String,
    /// The stations behind the value, worst first, and what each says.
    pub stations: Vec<(String, f64)>,
    /// How many stations more there were.
    pub more_stations: u32,
}

/// The alerts of one hazard in one area over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Its identity, made of hazard, area and onset.
    pub id: String,
    /// What it is.
    pub hazard: String,
    /// Where it is: an area's code, or [`CITY`].
    pub area: String,
    /// The incidents of neighbouring areas that belong to the same event carry the same group.
    pub group: String,
    /// Who may learn of it.
    pub audience: Audience,
    /// Whether it is meant.
    pub status: Status,
    /// The level that is decided.
    pub level: Level,
    /// Where it stands.
    pub state: State,
    /// The rule that caused the last change of level.
    pub rule: String,
    /// The station that caused it; `None` for rules of areas and the city.
    pub station: Option<String>,
    /// When it was first decided.
    pub onset: Time,
    /// When it last changed.
    pub updated: Time,
    /// The last message that was issued.
    pub issued: Option<Message>,
    /// What waits for a person.
    pub proposal: Option<Proposal>,
    /// How many messages its chain has.
    pub messages: u32,
    /// The checks behind the last change of level.
    pub evidence: Vec<Evidence>,
}

/// Why an incident changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A rule decided.
    Rule,
    /// A second sample or station supports what was proposed, and the rule issues it by itself.
    Corroborated,
    /// It still stands, and was said again before its message expired.
    Renewed,
    /// Nobody decided a corroborated warning by its deadline.
    Deadline,
    /// Nobody decided by the deadline, and one sensor alone is no reason to speak: the next person is asked.
    Escalated,
}

/// A change of an incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transition {
    /// The incident after the change.
    pub incident: Incident,
    /// The level before the change.
    pub from: Level,
    /// When it changed.
    pub time: Time,
    /// Why.
    pub cause: Cause,
    /// What is said because of it, if anything.
    pub message: Option<Message>,
}

/// The highest level a release lets out by itself or through a person, and how: levels in shadow are passed over.
pub(crate) fn shown(level: Level, release_of: impl Fn(Level) -> Release) -> (Level, Release) {
    let mut candidates = Level::RAISED.into_iter().rev().filter(|candidate| *candidate <= level);
    candidates
        .find_map(|candidate| match release_of(candidate) {
            Release::Shadow => None,
            release => Some((candidate, release)),
        })
        .unwrap_or((Level::None, Release::Shadow))
}
