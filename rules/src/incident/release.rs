//! From what is decided to what is said: at once, through a person, or never.
//!
//! Mis-sends hurt, and so does a proposal that nobody acts on. Therefore: a level that one sensor alone supports is
//! never issued to the public by itself, and a corroborated warning that nobody decides is issued at its deadline.

use super::{Audience, Cause, Incident, Message, MessageType, Proposal, Release, State};
use bongsu_sensors::{Level, Time};
use std::time::Duration;

/// How long a proposal waits for a person.
pub const DEADLINE: Duration = Duration::from_secs(5 * 60);

/// How long an issued level may be believed after it was said: the validity of its CAP message.
pub const LASTS: Duration = Duration::from_secs(6 * 3600);

/// When a level that still stands is said again, so that it never expires under a danger that lasts.
pub const RENEWED_AFTER: Duration = Duration::from_secs(5 * 3600);

/// What an incident's alerts ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The highest level that may be shown.
    pub level: Level,
    /// How it is let out.
    pub release: Release,
    /// At least two samples or two stations support it.
    pub corroborated: bool,
}

/// Brings what is issued in line with what is wanted; answers the message to say, if any, and whether a corroboration
/// or a deadline was what let it out.
pub fn settle(incident: &mut Incident, wanted: Wanted, now: Time, cause: Cause) -> (Option<Message>, Cause) {
    let (message, cause) = decide(incident, wanted, now, cause);
    if message.is_some() || renewal(incident).is_none_or(|at| now < at) {
        return (message, cause);
    }
    // A rise that waits for a person does not let what is public expire.
    let waiting = incident.proposal.take();
    let said = incident.issued.as_ref().map_or(Level::None, |message| message.level);
    let message = issue(incident, said, now);
    incident.proposal = waiting;
    (Some(message), Cause::Renewed)
}

fn decide(incident: &mut Incident, wanted: Wanted, now: Time, cause: Cause) -> (Option<Message>, Cause) {
    let said = incident.issued.as_ref().map_or(Level::None, |message| message.level);
    let waits = incident.proposal.as_ref().is_some_and(|proposal| proposal.level == wanted.level);
    if wanted.level == said {
        incident.proposal = None;
        return (None, cause);
    }
    // Falling is decided with hysteresis and patience already.
    if wanted.level < said {
        incident.proposal = None;
        return (Some(issue(incident, wanted.level, now)), cause);
    }
    let own_word = wanted.corroborated || incident.audience == Audience::Operators;
    if wanted.release == Release::Auto && own_word {
        let cause = if waits { Cause::Corroborated } else { cause };
        return (Some(issue(incident, wanted.level, now)), cause);
    }
    if !waits {
        let deadline = now + DEADLINE;
        incident.proposal = Some(Proposal { level: wanted.level, since: now, deadline, escalated: false });
        return (None, cause);
    }
    let Some(proposal) = &mut incident.proposal else { return (None, cause) };
    if now < proposal.deadline {
        return (None, cause);
    }
    if wanted.corroborated && wanted.level >= Level::Warning {
        return (Some(issue(incident, wanted.level, now)), Cause::Deadline);
    }
    if !proposal.escalated {
        proposal.escalated = true;
        return (None, Cause::Escalated);
    }
    (None, cause)
}

/// Makes the next message of the chain.
fn issue(incident: &mut Incident, level: Level, now: Time) -> Message {
    incident.messages += 1;
    let msg_type = if incident.messages == 1 { MessageType::Alert } else { MessageType::Update };
    let identifier = format!("{}.{}", incident.id, incident.messages);
    let message = Message { identifier, sent: now, msg_type, level };
    incident.issued = Some(message.clone());
    incident.proposal = None;
    message
}

/// When time alone changes something: a proposal's deadline, or a message that must be said again.
pub fn due(incident: &Incident) -> Option<Time> {
    let deadline = incident.proposal.as_ref().filter(|proposal| !proposal.escalated).map(|proposal| proposal.deadline);
    [deadline, renewal(incident)].into_iter().flatten().min()
}

/// When the level that is public must be said again.
fn renewal(incident: &Incident) -> Option<Time> {
    let standing = incident.issued.as_ref().filter(|message| message.level != Level::None);
    standing.map(|message| message.sent + RENEWED_AFTER)
}

/// Where an incident stands, by what is decided, said and asked.
pub fn state(incident: &Incident) -> State {
    if incident.level == Level::None {
        State::Ended
    } else if incident.proposal.is_some() {
        State::Proposed
    } else if incident.issued.is_some() {
        State::Issued
    } else {
        State::Raised
    }
}
