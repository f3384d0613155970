//! Incidents: the alerts of one hazard in one area over time, as people see them.
//!
//! An alert is one rule at one place at a level. Where it speaks to an area, it belongs to that area's incident of its
//! hazard; the incident is as high as the highest of its alerts. What a level becomes, issued at once or proposed to a
//! person, is decided in [`release`]; what a person says to it in [`order`]. Start at [`book::Book::set`] and
//! [`book::Book::order`].

pub mod book;
// Exercises.
mod drill;
// What people order, and why it is not done.
pub mod order;
// Doing what people order.
mod person;
// What the city demands on top of its rules: who must agree before a level is out.
pub mod policy;
mod release;
// What citizens say they see.
mod sighting;
// What is known is not told again for a while.
pub mod silence;

pub use book::{Alert, Book};
pub use drill::exercise_id;
pub use order::{Action, Denial, Done, Order, Person, Seen, Verdict};
pub use policy::Policy;
pub use release::{DEADLINE, LASTS, RENEWED_AFTER};
pub use silence::{Match, Silence};

use crate::language::header::Words;
use crate::language::{Audience, Release};
use bongsu_sensors::catalog::Translations;
use bongsu_sensors::{Level, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
    /// A person took back what was issued: it was a false alarm.
    Cancelled,
    /// A person said no to what was proposed, and nothing was issued before.
    Rejected,
}

impl State {
    /// Every state.
    pub const ALL: [State; 6] =
        [State::Raised, State::Proposed, State::Issued, State::Ended, State::Cancelled, State::Rejected];

    /// Its name in messages and tables.
    pub const fn name(self) -> &'static str {
        match self {
            State::Raised => "raised",
            State::Proposed => "proposed",
            State::Issued => "issued",
            State::Ended => "ended",
            State::Cancelled => "cancelled",
            State::Rejected => "rejected",
        }
    }

    /// Whether nothing more comes of the incident.
    pub const fn is_over(self) -> bool {
        matches!(self, State::Ended | State::Cancelled)
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
    /// It takes back everything before: a false alarm.
    Cancel,
}

impl MessageType {
    /// Its CAP word.
    pub const fn name(self) -> &'static str {
        match self {
            MessageType::Alert => "Alert",
            MessageType::Update => "Update",
            MessageType::Cancel => "Cancel",
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
    /// Who of those on duty is asked now; `None`: nobody is named.
    #[serde(default)]
    pub asked: Option<String>,
    /// When it goes to the one after.
    #[serde(default)]
    pub next: Option<Time>,
    /// Two persons must agree.
    #[serde(default)]
    pub two: bool,
    /// Counts the incident's proposals: who approves names the one that was seen.
    #[serde(default)]
    pub number: u32,
    /// Who agreed so far.
    #[serde(default)]
    pub approvals: Vec<Mark>,
}

/// A person's mark on something, and when it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Whose.
    pub by: String,
    /// In which session: two marks of one session are one person's.
    pub session: String,
    /// When.
    pub at: Time,
}

/// A level that a person said no to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The level; a higher one is another question.
    pub level: Level,
    /// It was corroborated then; where it was not and is now, that is news.
    pub corroborated: bool,
    /// Until when the answer holds.
    pub until: Time,
}

/// What people did about an incident.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handling {
    /// Who has taken it on.
    pub owner: Option<String>,
    /// Who has seen it, at the level at which it stands.
    pub acknowledged: Option<Mark>,
    /// The silence that keeps it quiet now.
    pub silenced: Option<Silence>,
    /// The level a person said no to.
    pub refused: Option<Refusal>,
    /// A person doubted what the rules say here: no rule speaks by itself any more.
    pub doubted: bool,
    /// The rule or the limits behind it were edited: only a person ends it.
    pub edited: bool,
    /// How many proposals there were.
    pub proposals: u32,
    /// When it last spoke, oldest first; bounded.
    pub spoke: Vec<Time>,
    /// It flaps: what has fallen is said then.
    pub held_until: Option<Time>,
    /// How many citizens said lately that they see it.
    #[serde(default)]
    pub sightings: u32,
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
    /// What people did about it.
    #[serde(default)]
    pub handling: Handling,
    /// What the rule behind it says to people instead of the hazard's own words, by level.
    #[serde(default)]
    pub words: BTreeMap<Level, Words>,
}

impl Incident {
    /// An incident that begins now, at no level yet.
    fn new(id: String, key: &(String, String), status: Status, now: Time) -> Incident {
        Incident {
            group: id.clone(),
            id,
            hazard: key.0.clone(),
            area: key.1.clone(),
            audience: Audience::Operators,
            status,
            level: Level::None,
            state: State::Raised,
            rule: String::new(),
            station: None,
            onset: now,
            updated: now,
            issued: None,
            proposal: None,
            messages: 0,
            evidence: Vec::new(),
            handling: Handling::default(),
            words: BTreeMap::new(),
        }
    }
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
    /// A person saw it.
    Acknowledged,
    /// A person took it on, or gave it to another.
    Owned,
    /// A person wrote something down.
    Noted,
    /// A person agreed to what was proposed.
    Approved,
    /// A person said no to what was proposed.
    Rejected,
    /// A person took back what was said: a false alarm.
    Cancelled,
    /// A person said that it is over.
    Closed,
    /// A silence began to cover it, or ended.
    Silenced,
    /// The rule or the limits behind it were edited: it stands until a person ends it.
    Edited,
    /// An exercise began.
    Exercise,
    /// Citizens say that they see it.
    Sighted,
}

/// Who changed an incident, and in which words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Word {
    /// Who.
    pub by: String,
    /// What was said: a reason, a note, a new owner.
    pub text: String,
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
    /// The person who caused it.
    #[serde(default)]
    pub word: Option<Word>,
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

#[cfg(test)]
mod tests;
