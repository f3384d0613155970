//! What people do to incidents: the orders, one by one. Each is done whole, or denied and changes nothing.

use super::book::{Book, Why};
use super::order::{Action, Denial, Done, Order, Person, Seen, Verdict};
use super::release::{REFUSAL_LASTS, issue, state, take_back};
use super::silence::{LIMIT, LONGEST, Match, Silence};
use super::{Cause, Incident, Mark, Message, Refusal, State, Transition, Word};
use bongsu_sensors::{Level, Time};

/// An incident at hand, and what it was before.
struct Hand<'a> {
    incident: &'a mut Incident,
    by: &'a Person,
    now: Time,
}

impl Hand<'_> {
    fn mark(&self) -> Mark {
        Mark { by: self.by.user.clone(), session: self.by.session.clone(), at: self.now }
    }

    /// Says what changed.
    fn turn(self, cause: Cause, text: &str, message: Option<Message>, out: &mut Vec<Transition>) -> Done {
        let Hand { incident, by, now } = self;
        incident.state = state(incident);
        incident.updated = now;
        let word = Some(Word { by: by.user.clone(), text: text.to_owned() });
        let (incident, from) = (incident.clone(), incident.level);
        let done = Done { incident: Some(incident.id.clone()), state: Some(incident.state), ..Done::default() };
        out.push(Transition { incident, from, time: now, cause, message, word });
        done
    }

    fn approve(self, seen: Seen, out: &mut Vec<Transition>) -> Verdict {
        let mark = self.mark();
        let proposal = self.incident.proposal.as_mut().ok_or(Denial::NothingProposed)?;
        let now = Seen { level: proposal.level, number: proposal.number };
        if seen != now {
            return Err(Denial::Stale { seen, now });
        }
        if proposal.approvals.iter().any(|first| first.by == mark.by || first.session == mark.session) {
            return Err(Denial::SamePerson);
        }
        proposal.approvals.push(mark);
        if proposal.two && proposal.approvals.len() < 2 {
            return Ok(Done { needs_second: true, ..self.turn(Cause::Approved, "", None, out) });
        }
        let at = self.now;
        self.incident.handling.refused = None;
        let message = issue(self.incident, seen.level, at);
        Ok(self.turn(Cause::Approved, "", Some(message), out))
    }

    fn reject(self, seen: Option<Seen>, corroborated: bool, why: &str, out: &mut Vec<Transition>) -> Verdict {
        let proposal = self.incident.proposal.take().ok_or(Denial::NothingProposed)?;
        let now = Seen { level: proposal.level, number: proposal.number };
        if let Some(seen) = seen.filter(|seen| *seen != now) {
            self.incident.proposal = Some(proposal);
            return Err(Denial::Stale { seen, now });
        }
        let until = self.now + REFUSAL_LASTS;
        self.incident.handling.refused = Some(Refusal { level: proposal.level, corroborated, until });
        self.incident.handling.doubted = true;
        Ok(self.turn(Cause::Rejected, why, None, out))
    }
}

/// Ends an incident by a person's word, or takes it back.
pub(super) fn close(mut incident: Incident, is_false: bool, cause: Cause, word: Option<Word>, now: Time) -> Transition {
    let from = incident.level;
    let stands = incident.issued.as_ref().is_some_and(|message| message.level != Level::None);
    let message = match (stands, is_false) {
        (true, true) => Some(take_back(&mut incident, now)),
        (true, false) => Some(issue(&mut incident, Level::None, now)),
        (false, _) => None,
    };
    incident.proposal = None;
    incident.handling.held_until = None;
    incident.level = Level::None;
    incident.state = if is_false { State::Cancelled } else { State::Ended };
    incident.updated = now;
    Transition { incident, from, time: now, cause, message, word }
}

impl Book {
    /// Does what a person orders; says why not, where it must not be done.
    ///
    /// # Errors
    /// What stands against it. Nothing changed then.
    pub fn order(&mut self, order: &Order, now: Time, out: &mut Vec<Transition>) -> Verdict {
        let by = &order.by;
        match &order.action {
            Action::Acknowledge { incident } => {
                let hand = self.hand(incident, by, now)?;
                hand.incident.handling.acknowledged = Some(hand.mark());
                Ok(hand.turn(Cause::Acknowledged, "", None, out))
            }
            Action::Own { incident, owner } => {
                let hand = self.hand(incident, by, now)?;
                hand.incident.handling.owner = Some(owner.clone());
                Ok(hand.turn(Cause::Owned, owner, None, out))
            }
            Action::Note { incident, text } => Ok(self.hand(incident, by, now)?.turn(Cause::Noted, text, None, out)),
            Action::Approve { incident, seen } => self.hand(incident, by, now)?.approve(*seen, out),
            Action::Reject { incident, seen, reason } => {
                let corroborated = self.is_corroborated(incident);
                self.hand(incident, by, now)?.reject(*seen, corroborated, reason, out)
            }
            Action::Cancel { incident, reason } => self.close(incident, true, by, reason, now, out),
            Action::End { incident, reason } => self.close(incident, false, by, reason, now, out),
            Action::Silence { of, covers, until, reason } => self.silence(by, (of, *covers, *until), reason, now, out),
            Action::Unsilence { id } => {
                if !self.silences.contains_key(id) {
                    return Err(Denial::NoSuchSilence);
                }
                let word = Word { by: by.user.clone(), text: String::new() };
                self.end_silence(*id, Some(&word), now, out);
                Ok(Done { silence: Some(*id), ..Done::default() })
            }
            Action::Exercise { hazard, area, level, reason } => {
                self.begin_drill(by, (hazard, area, *level), reason, now, out)
            }
        }
    }

    /// An incident that lives, exercises included.
    pub fn incident(&self, id: &str) -> Option<&Incident> {
        let live = self.live.values().find(|incident| incident.id == id);
        live.or_else(|| self.drills.get(id).map(|drill| &drill.incident))
    }

    /// The silences in force.
    pub fn silences(&self) -> impl Iterator<Item = &Silence> {
        self.silences.values()
    }

    fn hand<'a>(&'a mut self, id: &str, by: &'a Person, now: Time) -> Result<Hand<'a>, Denial> {
        let live = self.live.values_mut().find(|incident| incident.id == id);
        let incident = live.or_else(|| self.drills.get_mut(id).map(|drill| &mut drill.incident));
        incident.map(|incident| Hand { incident, by, now }).ok_or(Denial::NoSuchIncident)
    }

    fn is_corroborated(&self, id: &str) -> bool {
        let Some(incident) = self.incident(id) else { return false };
        let alerts: Vec<_> = self.speaking(&incident.hazard, &incident.area).collect();
        super::book::wanted(&self.policy, &incident.area, &alerts).corroborated
    }

    /// Ends an incident, or takes it back. Alerts that still stand open no other, unless they rise or find support.
    fn close(
        &mut self,
        id: &str,
        is_false: bool,
        by: &Person,
        reason: &str,
        now: Time,
        out: &mut Vec<Transition>,
    ) -> Verdict {
        let found = self.incident(id).ok_or(Denial::NoSuchIncident)?;
        let stands = found.issued.as_ref().is_some_and(|message| message.level != Level::None);
        if is_false && !stands {
            return Err(Denial::NothingIssued);
        }
        let corroborated = self.is_corroborated(id);
        let key = (found.hazard.clone(), found.area.clone());
        let word = Some(Word { by: by.user.clone(), text: reason.to_owned() });
        let cause = if is_false { Cause::Cancelled } else { Cause::Closed };
        let incident = match self.drills.remove(id) {
            Some(drill) => drill.incident,
            None => {
                let incident = self.live.remove(&key).ok_or(Denial::NoSuchIncident)?;
                self.unpin(&key);
                let level = self.speaking(&key.0, &key.1).map(|alert| alert.level).max();
                if let Some(level) = level {
                    let until = now + REFUSAL_LASTS;
                    self.closed.insert(key, Refusal { level, corroborated, until });
                }
                incident
            }
        };
        let transition = close(incident, is_false, cause, word, now);
        let (incident, state) = (transition.incident.id.clone(), transition.incident.state);
        out.push(transition);
        Ok(Done { incident: Some(incident), state: Some(state), ..Done::default() })
    }

    /// A person ended what edited rules kept standing in an area.
    fn unpin(&mut self, (hazard, area): &(String, String)) {
        let here: Vec<(String, String)> = self
            .alerts
            .iter()
            .filter(|(key, alert)| {
                alert.hazard == *hazard && alert.areas.contains(area) && self.pins.contains_key(*key)
            })
            .map(|(key, _)| key.clone())
            .collect();
        for key in here {
            let (Some(pin), Some(alert)) = (self.pins.get_mut(&key), self.alerts.get(&key)) else { continue };
            pin.ended.push(area.clone());
            if alert.areas.iter().all(|area| pin.ended.contains(area)) {
                let Some(pin) = self.pins.remove(&key) else { continue };
                match pin.told {
                    Some(told) if told.level != Level::None => {
                        self.alerts.insert(key, told);
                    }
                    None if !pin.orphan => {}
                    _ => {
                        self.alerts.remove(&key);
                    }
                }
            }
        }
    }

    fn silence(
        &mut self,
        by: &Person,
        (of, covers, until): (&Match, Level, Time),
        reason: &str,
        now: Time,
        out: &mut Vec<Transition>,
    ) -> Verdict {
        if of.is_empty() {
            return Err(Denial::SilenceOfAll);
        }
        if until <= now || until > now + LONGEST {
            return Err(Denial::SilenceTooLong);
        }
        if covers == Level::None {
            return Err(Denial::SilenceOfNothing);
        }
        if self.silences.len() >= LIMIT {
            return Err(Denial::TooManySilences);
        }
        self.silence_count += 1;
        let id = self.silence_count;
        let (by, reason) = (by.user.clone(), reason.to_owned());
        let silence = Silence { id, of: of.clone(), covers, since: now, until, by, reason };
        let word = Word { by: silence.by.clone(), text: silence.reason.clone() };
        self.silences.insert(id, silence);
        let keys: Vec<(String, String)> = self.live.keys().cloned().collect();
        for (hazard, area) in keys {
            let why = Why { cause: Cause::Silenced, alert: None, word: Some(&word) };
            self.settle(&hazard, &area, why, now, out);
        }
        Ok(Done { silence: Some(id), ..Done::default() })
    }

    /// Ends a silence; what it kept quiet is looked at again.
    pub(super) fn end_silence(&mut self, id: u64, word: Option<&Word>, now: Time, out: &mut Vec<Transition>) {
        self.silences.remove(&id);
        let quiet = |(_, incident): &(&(String, String), &Incident)| {
            incident.handling.silenced.as_ref().is_some_and(|silence| silence.id == id)
        };
        let keys: Vec<(String, String)> = self.live.iter().filter(quiet).map(|(key, _)| key.clone()).collect();
        for (hazard, area) in keys {
            self.settle(&hazard, &area, Why { cause: Cause::Silenced, alert: None, word }, now, out);
        }
    }
}
