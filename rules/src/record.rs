//! What goes into the engine and what comes out of it. Everything that can change the engine's mind is an [`Input`];
//! everything it wants done is an [`Effect`]. The shell stores the first and executes the second.

use crate::flag::{Flag, Tests};
use crate::incident::{Evidence, Order, Policy, Transition, Verdict};
use bongsu_sensors::reading::DatastreamId;
use bongsu_sensors::{Level, Reading, Refusal, Time};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One entry of the log: an input, its place in the order of all inputs, and the moment it was taken in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Its place in the log, counting up by one.
    pub seq: u64,
    /// When the shell took it in: read once, never backwards.
    pub now: Time,
    /// What happened.
    pub input: Input,
}

/// Everything that can change the engine's mind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Input {
    /// Devices said something.
    Readings(Vec<Reading>),
    /// Time passed: something was due.
    Tick,
    /// The city changed.
    Catalog(Arc<CatalogText>),
    /// The rules changed.
    Rules(Arc<RulesText>),
    /// A person wants something done.
    Operator(Box<Order>),
    /// What the city demands on top of its rules changed.
    Policy(Arc<Policy>),
    /// Something was reported that is no reading.
    Report(Report),
}

/// What is reported that is no reading: it supports what rules decide, or tells operators, and warns nobody by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Report {
    /// A citizen saw something.
    Sighting {
        /// Of which hazard.
        hazard: String,
        /// In which area.
        area: String,
        /// A name of the device that leads to nobody: two of one device are one.
        device: u64,
    },
    /// A barrier or a siren was told to act.
    Command {
        /// Its station.
        station: String,
        /// It reports that it did.
        confirmed: bool,
    },
}

/// A catalog as text: what is stored, so that a replay reads the very same city.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogText {
    /// Where `stations.toml` was read from.
    pub name: String,
    /// Its text.
    pub stations: String,
    /// Name and text of the GeoJSON file, where it names one.
    pub geometry: Option<(String, String)>,
}

/// Rules as text: name and source of each file, in the order of their names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesText {
    /// Name and source of each file.
    pub files: Vec<(String, String)>,
    /// Who put them in force, where a file itself does not say.
    pub author: String,
}

/// Everything the engine wants done, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// A reading became an observation. For each reading of a record exactly one of `Observed`, `Duplicate` and
    /// `Refused` comes out, in the order of the readings.
    Observed(Observation),
    /// A reading said again what is already known; it is dropped.
    Duplicate(DatastreamId),
    /// A reading is not taken.
    Refused(Refusal),
    /// An earlier observation is now believed more or less than before.
    Reflagged {
        /// Of which datastream.
        datastream: DatastreamId,
        /// Of which time.
        time: Time,
        /// Its flag from now on.
        flag: Flag,
        /// What each quality test says of it now.
        tests: Tests,
    },
    /// An incident changed.
    Incident(Box<Transition>),
    /// What became of a person's order: the last effect of its record.
    Ordered(Box<Verdict>),
    /// A rule could not decide somewhere, or can again.
    Undecided(Box<Undecided>),
    /// What a rule would have said of a time that is over: for whoever looks back, never released.
    Historic(Box<Historic>),
}

/// An observation: a reading that was taken and judged.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// Of which datastream.
    pub datastream: DatastreamId,
    /// When it was true.
    pub time: Time,
    /// What was true; `None`: the device says that it is missing.
    pub value: Option<f64>,
    /// How far it can be believed.
    pub flag: Flag,
    /// What each quality test said of it.
    pub tests: Tests,
}

/// A rule that cannot decide somewhere: for operators, because no data is never "all clear".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Undecided {
    /// Which rule.
    pub rule: String,
    /// Where: a station, an area or `city`.
    pub place: String,
    /// Since when; `None`: it can decide again.
    pub since: Option<Time>,
    /// Why, where the rule itself failed: the script's error. `None`: it lacks data.
    pub failure: Option<String>,
}

/// What a rule would have said of a time that is over, had it been told then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Historic {
    /// Which rule.
    pub rule: String,
    /// Where: a station, an area or `city`.
    pub place: String,
    /// Of which time.
    pub time: Time,
    /// The level it would have reached; `none`: it no longer did.
    pub level: Level,
    /// The checks behind it.
    pub evidence: Vec<Evidence>,
}
