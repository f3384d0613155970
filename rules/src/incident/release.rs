//! From what is decided to what is said: at once, through a person, or never.
//!
//! Mis-sends hurt, and so does a proposal that nobody acts on. Therefore: a level that one sensor alone supports is
//! never issued to the public by itself, and a corroborated warning that nobody decides is issued at its deadline.

use super::{Audience, Cause, Incident, Message, MessageType, Proposal, Refusal, Release, State};
use bongsu_sensors::{Level, Time};
use std::time::Duration;

/// How long a proposal waits for a person at most.
pub const DEADLINE: Duration = Duration::from_secs(5 * 60);

/// How long it waits at least, however near the danger is: less is no question.
pub const SHORTEST_DEADLINE: Duration = Duration::from_secs(30);

/// How long an issued level may be believed after it was said: the validity of its CAP message.
pub const LASTS: Duration = Duration::from_secs(6 * 3600);

/// When a level that still stands is said again, so that it never expires under a danger that lasts.
pub const RENEWED_AFTER: Duration = Duration::from_secs(5 * 3600);

/// How long a person's no holds while the alerts stand: a shift's word is not for ever.
pub const REFUSAL_LASTS: Duration = Duration::from_secs(24 * 3600);

/// An incident that spoke so often within [`FLAP_WINDOW`] says no fall before the window is over: it stays at the higher
/// level, which errs on the safe side. Rises are never held, so that a chain says at most so many messages and three
/// rises more in a window.
pub const FLAP_MESSAGES: usize = 8;

/// See [`FLAP_MESSAGES`].
pub const FLAP_WINDOW: Duration = Duration::from_secs(3600);

/// What an incident's alerts ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The highest level that may be shown.
    pub level: Level,
    /// How it is let out.
    pub release: Release,
    /// At least two samples or two stations support it.
    pub corroborated: bool,
    /// Citizens say that they see it.
    pub sighted: bool,
    /// How long until the danger is there, where a rule foresees it.
    pub eta: Option<Duration>,
}

/// Brings what is issued in line with what is wanted; answers the message to say, if any, and whether a corroboration
/// or a deadline was what let it out. `duty` names who is asked, first to last.
pub fn settle(
    incident: &mut Incident,
    wanted: Wanted,
    duty: &[String],
    now: Time,
    cause: Cause,
) -> (Option<Message>, Cause) {
    let (message, cause) = decide(incident, wanted, duty, now, cause);
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

fn decide(
    incident: &mut Incident,
    wanted: Wanted,
    duty: &[String],
    now: Time,
    cause: Cause,
) -> (Option<Message>, Cause) {
    let said = incident.issued.as_ref().map_or(Level::None, |message| message.level);
    incident.handling.held_until = None;
    incident.handling.refused.take_if(|refused| refused.until <= now);
    if wanted.level <= said {
        incident.proposal = None;
        if wanted.level == said {
            return (None, cause);
        }
        // Falling is decided with hysteresis and patience already; only an incident that flaps is held.
        incident.handling.held_until = flaps_until(incident, now);
        let message = incident.handling.held_until.is_none().then(|| issue(incident, wanted.level, now));
        return (message, cause);
    }
    if incident.handling.refused.as_ref().is_some_and(|refused| covers(refused, wanted, now)) {
        incident.proposal = None;
        return (None, cause);
    }
    let waits = incident.proposal.as_ref().is_some_and(|proposal| proposal.level == wanted.level);
    let own_word = wanted.corroborated || incident.audience == Audience::Operators;
    if wanted.release == Release::Auto && own_word && !incident.handling.doubted {
        let cause = if waits { Cause::Corroborated } else { cause };
        return (Some(issue(incident, wanted.level, now)), cause);
    }
    if !waits {
        propose(incident, wanted, duty, now);
        return (None, cause);
    }
    let Some(proposal) = &mut incident.proposal else { return (None, cause) };
    // A policy that has become stricter meanwhile holds at once; one that was eased holds from the next proposal on.
    proposal.two |= wanted.release == Release::TwoPerson;
    if now < proposal.deadline {
        return (None, cause);
    }
    if (wanted.corroborated || wanted.sighted) && wanted.level >= Level::Warning {
        return (Some(issue(incident, wanted.level, now)), Cause::Deadline);
    }
    if duty.is_empty() {
        // The list was taken away: nobody's turn comes.
        (proposal.asked, proposal.next) = (None, None);
    }
    let is_next = !duty.is_empty() && proposal.next.is_none_or(|next| next <= now);
    if !proposal.escalated || is_next {
        escalate(proposal, duty, now);
        return (None, Cause::Escalated);
    }
    (None, cause)
}

/// Asks the next person on duty, after the last the first again: it stays with somebody until it is decided. Nobody has
/// less time than the first had, and an incident that nobody decides does not fill the log.
fn escalate(proposal: &mut Proposal, duty: &[String], now: Time) {
    proposal.escalated = true;
    let before = duty.iter().position(|name| Some(name) == proposal.asked.as_ref());
    let at = before.map_or(0, |at| (at + 1) % duty.len());
    proposal.asked = duty.get(at).cloned();
    let each = if at == 0 { DEADLINE } else { proposal.deadline.since(proposal.since) };
    proposal.next = proposal.asked.is_some().then(|| now + each);
}

/// Asks a person. The deadline is the shorter of [`DEADLINE`] and half the time that is left.
fn propose(incident: &mut Incident, wanted: Wanted, duty: &[String], now: Time) {
    let half = wanted.eta.map_or(DEADLINE, |eta| eta / 2);
    let deadline = now + half.clamp(SHORTEST_DEADLINE, DEADLINE);
    let handling = &mut incident.handling;
    handling.proposals += 1;
    // Whoever saw a lower level has not seen this one.
    handling.acknowledged = None;
    incident.proposal = Some(Proposal {
        level: wanted.level,
        since: now,
        deadline,
        escalated: false,
        asked: duty.first().cloned(),
        next: None,
        two: wanted.release == Release::TwoPerson,
        number: handling.proposals,
        approvals: Vec::new(),
    });
}

/// Whether a person's no is an answer to what is wanted now.
pub fn covers(refused: &Refusal, wanted: Wanted, now: Time) -> bool {
    now < refused.until && wanted.level <= refused.level && (refused.corroborated || !wanted.corroborated)
}

/// Until when an incident says no fall, because it spoke too often.
fn flaps_until(incident: &Incident, now: Time) -> Option<Time> {
    let spoke = &incident.handling.spoke;
    let oldest = spoke.len().checked_sub(FLAP_MESSAGES).map(|first| spoke[first] + FLAP_WINDOW);
    oldest.filter(|until| now < *until)
}

/// Makes the next message of the chain, at a level.
pub fn issue(incident: &mut Incident, level: Level, now: Time) -> Message {
    say(incident, level, MessageType::Update, now)
}

/// Makes the message that takes the chain back.
pub fn take_back(incident: &mut Incident, now: Time) -> Message {
    say(incident, Level::None, MessageType::Cancel, now)
}

fn say(incident: &mut Incident, level: Level, msg_type: MessageType, now: Time) -> Message {
    incident.messages += 1;
    let msg_type = if incident.messages == 1 { MessageType::Alert } else { msg_type };
    let identifier = format!("{}.{}", incident.id, incident.messages);
    let message = Message { identifier, sent: now, msg_type, level };
    incident.issued = Some(message.clone());
    incident.proposal = None;
    let spoke = &mut incident.handling.spoke;
    if spoke.len() == FLAP_MESSAGES {
        spoke.remove(0);
    }
    spoke.push(now);
    message
}

/// When time alone changes something: a proposal's deadline, a message that must be said again, a fall that was held, or
/// the end of a person's no.
pub fn due(incident: &Incident) -> Option<Time> {
    let proposal = incident.proposal.as_ref();
    let deadline = proposal.and_then(|waits| if waits.escalated { waits.next } else { Some(waits.deadline) });
    let handling = &incident.handling;
    let refused = handling.refused.as_ref().map(|refused| refused.until);
    [deadline, renewal(incident), handling.held_until, refused].into_iter().flatten().min()
}

/// When the level that is public must be said again.
fn renewal(incident: &Incident) -> Option<Time> {
    let standing = incident.issued.as_ref().filter(|message| message.level != Level::None);
    standing.map(|message| message.sent + RENEWED_AFTER)
}

/// Where an incident stands, by what is decided, said, asked and answered.
pub fn state(incident: &Incident) -> State {
    if incident.level == Level::None {
        State::Ended
    } else if incident.proposal.is_some() {
        State::Proposed
    } else if incident.issued.as_ref().is_some_and(|message| message.level != Level::None) {
        State::Issued
    } else if incident.handling.refused.is_some() {
        State::Rejected
    } else {
        State::Raised
    }
}
