//! What a device said, before anybody judged it; and why a part of what it said was refused.
//!
//! A refusal is data: it is counted, kept and told to the device, and never an error that travels up.

use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A datastream's number: given once, at first sight, and never used again for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DatastreamId(pub u32);

/// One value that a device claims for one moment.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// Which datastream.
    pub datastream: DatastreamId,
    /// The device's claim of when; `None`: it made none, and the time of receipt stands in.
    pub time: Option<Time>,
    /// The value, always finite; `None`: the device says that it is missing.
    pub value: Option<f64>,
}

/// Why something a device sent was not taken. The text of each is stable: it is a metric's label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The payload is not what the topic promises.
    Malformed,
    /// The payload, or the number of readings in it, is over its limit.
    TooLarge,
    /// No station of this name is in the catalog.
    UnknownStation,
    /// No kind of this name exists.
    UnknownKind,
    /// The station has no such datastream.
    UnknownDatastream,
    /// The value is no finite number.
    NotANumber,
    /// The time cannot be read.
    BadTime,
    /// The time lies in the future: the device's clock is wrong.
    FutureTime,
    /// The time is older than the store takes in.
    TooOld,
    /// Another value is already known for this datastream and time.
    Conflict,
    /// The topic is none that devices publish to.
    UnknownTopic,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Reason; 11] = [
        Reason::Malformed,
        Reason::TooLarge,
        Reason::UnknownStation,
        Reason::UnknownKind,
        Reason::UnknownDatastream,
        Reason::NotANumber,
        Reason::BadTime,
        Reason::FutureTime,
        Reason::TooOld,
        Reason::Conflict,
        Reason::UnknownTopic,
    ];

    /// Its name in metrics, tables and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Reason::Malformed => "malformed",
            Reason::TooLarge => "too_large",
            Reason::UnknownStation => "unknown_station",
            Reason::UnknownKind => "unknown_kind",
            Reason::UnknownDatastream => "unknown_datastream",
            Reason::NotANumber => "not_a_number",
            Reason::BadTime => "bad_time",
            Reason::FutureTime => "future_time",
            Reason::TooOld => "too_old",
            Reason::Conflict => "conflict",
            Reason::UnknownTopic => "unknown_topic",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A part of a message, or all of it, that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Why, as one of a few words.
    pub reason: Reason,
    /// Where in the message: `item 3, "river_stag"`, `byte 17`, or empty for all of it.
    pub position: String,
    /// What is wrong and what to send instead, in one sentence.
    pub remedy: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.position.is_empty() {
            write!(f, "{}: {}", self.reason, self.remedy)
        } else {
            write!(f, "{} at {}: {}", self.reason, self.position, self.remedy)
        }
    }
}
