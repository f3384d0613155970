//! What a person tells the engine to do, and what the engine answers. Who a person is, and whether the role allows it,
//! was asked before: here stands what must hold whoever asks.

use super::State;
use super::silence::Match;
use bongsu_sensors::{Level, Time};
use serde::{Deserialize, Serialize};

/// What a person wants done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Who.
    pub by: Person,
    /// What.
    pub action: Action,
}

/// Who gives an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The account.
    pub user: String,
    /// A name of the session or token: no secret, and never the same for two.
    pub session: String,
}

/// The proposal a person saw when saying yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Its level.
    pub level: Level,
    /// Its number among the incident's proposals.
    pub number: u32,
}

/// What can be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// I have seen it.
    Acknowledge {
        /// Which incident.
        incident: String,
    },
    /// It is theirs.
    Own {
        /// Which incident.
        incident: String,
        /// Whose it is from now on.
        owner: String,
    },
    /// Write something down.
    Note {
        /// Which incident.
        incident: String,
        /// What.
        text: String,
    },
    /// Let out what is proposed.
    Approve {
        /// Which incident.
        incident: String,
        /// What was seen.
        seen: Seen,
    },
    /// Do not let out what is proposed.
    Reject {
        /// Which incident.
        incident: String,
        /// What was seen; `None`: whatever is proposed now.
        seen: Option<Seen>,
        /// Why.
        reason: String,
    },
    /// Take back what was said: it was a false alarm.
    Cancel {
        /// Which incident.
        incident: String,
        /// Why.
        reason: String,
    },
    /// It is over.
    End {
        /// Which incident.
        incident: String,
        /// Why.
        reason: String,
    },
    /// Keep something quiet for a while.
    Silence {
        /// What.
        of: Match,
        /// Up to which level.
        covers: Level,
        /// Until when.
        until: Time,
        /// Why.
        reason: String,
    },
    /// End a silence before its time.
    Unsilence {
        /// Which.
        id: u64,
    },
    /// Begin an exercise: everything as if it were meant, and nothing of it to the public.
    Exercise {
        /// Of which hazard.
        hazard: String,
        /// In which area.
        area: String,
        /// At which level.
        level: Level,
        /// Why.
        reason: String,
    },
}

impl Action {
    /// Its name in the audit.
    pub const fn name(&self) -> &'static str {
        match self {
            Action::Acknowledge { .. } => "alert.ack",
            Action::Own { .. } => "alert.own",
            Action::Note { .. } => "alert.note",
            Action::Approve { .. } => "alert.approve",
            Action::Reject { .. } => "alert.reject",
            Action::Cancel { .. } => "alert.cancel",
            Action::End { .. } => "alert.end",
            Action::Silence { .. } => "silence.add",
            Action::Unsilence { .. } => "silence.end",
            Action::Exercise { .. } => "exercise.begin",
        }
    }

    /// The incident it is about, where it is about one that is there already.
    pub fn incident(&self) -> Option<&str> {
        match self {
            Action::Acknowledge { incident }
            | Action::Own { incident, .. }
            | Action::Note { incident, .. }
            | Action::Approve { incident, .. }
            | Action::Reject { incident, .. }
            | Action::Cancel { incident, .. }
            | Action::End { incident, .. } => Some(incident),
            Action::Silence { .. } | Action::Unsilence { .. } | Action::Exercise { .. } => None,
        }
    }
}

/// What became of an order.
pub type Verdict = Result<Done, Denial>;

/// It was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// The incident it was done to, or that came of it.
    pub incident: Option<String>,
    /// Where the incident stands after it.
    pub state: Option<State>,
    /// Another person must agree too.
    pub needs_second: bool,
    /// The silence that came of it.
    pub silence: Option<u64>,
}

/// It was not done, and nothing changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// No such incident lives.
    #[error("no incident of this name lives: it is over, or there never was one")]
    NoSuchIncident,
    /// Nothing waits for a person.
    #[error("nothing is proposed there: it was decided already, or the danger has passed")]
    NothingProposed,
    /// Something else is proposed than was seen.
    #[error("what is proposed has changed: {} was seen, {} is proposed", .seen.level, .now.level)]
    Stale {
        /// What was seen.
        seen: Seen,
        /// What is proposed.
        now: Seen,
    },
    /// The first of two persons cannot be the second.
    #[error("the same person or session has agreed already: another person must agree, in another session")]
    SamePerson,
    /// Nothing was said that could be taken back.
    #[error("nothing was issued that could be taken back")]
    NothingIssued,
    /// A silence that fits everything.
    #[error("a silence names at least a hazard, an area, a station or a rule")]
    SilenceOfAll,
    /// A silence that ends too late, or has ended already.
    #[error("a silence ends within 24 hours from now")]
    SilenceTooLong,
    /// A silence that covers nothing.
    #[error("a silence covers at least the level advisory")]
    SilenceOfNothing,
    /// Too many silences.
    #[error("there are {} silences already", super::silence::LIMIT)]
    TooManySilences,
    /// No such silence.
    #[error("there is no such silence: it has ended, or there never was one")]
    NoSuchSilence,
    /// An exercise at no level.
    #[error("an exercise has a level from advisory to emergency")]
    NoLevel,
    /// Too many exercises.
    #[error("there are {} exercises already", super::drill::LIMIT)]
    TooManyExercises,
}
