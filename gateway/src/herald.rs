//! The herald makes the CAP message of what is issued to the public, in the commit that issues it: what others were
//! once told stays as it was, whatever is renamed or corrected later.
//!
//! It keeps each chain's earlier messages, because a message refers to all of them that still hold. A message that
//! breaks a rule of the standard is not handed out; operators are told.

use crate::alert::cap::{self, Speaker};
use crate::alert::expires;
use crate::store::{Cap, Store, StoreError};
use bongsu_rules::cap::check::check_chain;
use bongsu_rules::cap::write::{DECLARATION, write};
use bongsu_rules::cap::{Moment, Reference, check};
use bongsu_rules::incident::Transition;
use bongsu_rules::language::Audience;
use bongsu_sensors::{Catalog, Level, Time};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// An earlier message of a chain, and when it expires.
type Earlier = (Reference, Time);

/// Chains kept after their end: an incident's all-clear holds for an hour.
const CHAINS: usize = 10_000;

/// Earlier messages of one chain that a message refers to, newest kept. So many within the six hours that a message holds
/// are an incident that flaps: each has replaced the one before, and a document must not grow without end.
const REFERENCES: usize = 64;

/// Why the last message was not handed out as CAP; empty while all is well.
#[derive(Clone, Debug, Default)]
pub struct Refusals(Arc<Mutex<Option<String>>>);

impl Refusals {
    /// What is wrong with the newest message, where something is.
    pub fn newest(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, wrong: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = wrong;
    }
}

/// Makes CAP messages.
#[derive(Debug)]
pub struct Herald {
    speaker: Speaker,
    chains: HashMap<String, Vec<Earlier>>,
    refusals: Refusals,
}

impl Herald {
    /// A herald that knows what was said before.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn new(speaker: Speaker, store: &Store) -> Result<Herald, StoreError> {
        let mut chains: HashMap<String, Vec<Earlier>> = HashMap::new();
        for (incident, identifier, sent, expires) in store.standing_caps()? {
            let Some(sent) = Moment::parse(&sent) else { continue };
            let reference = Reference { sender: speaker.sender.clone(), identifier, sent };
            chains.entry(incident).or_default().push((reference, expires));
        }
        Ok(Herald { speaker, chains, refusals: Refusals::default() })
    }

    /// Where it says what it had to refuse.
    pub fn refusals(&self) -> Refusals {
        self.refusals.clone()
    }

    /// The CAP message of a transition; `None` where nothing is issued to the public, or nothing that may be.
    pub fn write(&mut self, transition: &Transition, catalog: Option<&Catalog>) -> Option<Cap> {
        let incident = &transition.incident;
        let message = transition.message.as_ref().filter(|_| incident.audience == Audience::Public)?;
        let earlier = self.chains.entry(incident.id.clone()).or_default();
        // The last one is named even where it has expired: an update must say what it continues.
        let last = earlier.last().cloned();
        earlier.retain(|(_, expires)| *expires > message.sent);
        if let (true, Some(last)) = (earlier.is_empty(), last) {
            earlier.push(last);
        }
        earlier.drain(..earlier.len().saturating_sub(REFERENCES));
        let references = earlier.iter().map(|(reference, _)| reference.clone()).collect();
        let made = cap::render(&self.speaker, incident, message, catalog, references);
        let alert = match made {
            Ok(alert) => alert,
            Err(unfilled) => return self.refuse(&message.identifier, &unfilled),
        };
        let mut faults = check(&alert);
        faults.extend(check_chain(&alert, earlier));
        if let Some(fault) = faults.first() {
            return self.refuse(&message.identifier, fault);
        }
        let expires = expires(message);
        earlier.push((alert.reference(), expires));
        if message.level == Level::None && self.chains.len() > CHAINS {
            self.chains.retain(|_, chain| chain.last().is_some_and(|(_, expires)| *expires > message.sent));
        }
        self.refusals.set(None);
        let body = write(&alert);
        let body = self.speaker.signer.as_ref().map_or_else(|| body.clone(), |signer| signer.sign(&body));
        Some(Cap {
            identifier: alert.identifier.clone(),
            incident: incident.id.clone(),
            sent: alert.sent.text().to_owned(),
            expires,
            body: format!("{DECLARATION}{body}"),
        })
    }

    fn refuse(&self, identifier: &str, why: &dyn std::fmt::Display) -> Option<Cap> {
        tracing::error!(identifier, %why, "a message cannot be handed out as CAP");
        self.refusals.set(Some(format!("{identifier} cannot be handed out as CAP: {why}")));
        None
    }
}
