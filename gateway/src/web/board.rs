//! The incidents that live and those that ended lately, as the public and as operators see them.

use super::journal::Said;
use bongsu_rules::incident::{Message, Status};
use bongsu_rules::language::Audience;
use bongsu_sensors::{Level, Time};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How long an incident is shown after its end.
pub const SHOWN_AFTER_END: Duration = Duration::from_secs(48 * 3600);

/// Most incidents shown after their end; the oldest go first.
const ENDED_LIMIT: usize = 1_000;

#[derive(Debug)]
struct Standing {
    latest: Arc<Said>,
    /// The transition behind what the public reads: while a rise is only proposed, what was issued before.
    public: Option<Arc<Said>>,
}

/// The incidents by their identity.
#[derive(Debug)]
pub struct Board {
    status: Status,
    incidents: BTreeMap<String, Standing>,
}

impl Board {
    /// An empty board of a system of this status.
    pub fn new(status: Status) -> Board {
        Board { status, incidents: BTreeMap::new() }
    }

    /// Takes up a transition. Transitions of one incident come in their order.
    pub fn take(&mut self, said: &Arc<Said>) {
        let incident = &said.transition.incident;
        let standing = self
            .incidents
            .entry(incident.id.clone())
            .or_insert_with(|| Standing { latest: said.clone(), public: None });
        standing.latest = said.clone();
        if said.public(self.status).is_some() {
            standing.public = Some(said.clone());
        } else if incident.audience != Audience::Public {
            // It has become the operators' own: nothing more is said of it in public, the old word included.
            standing.public = None;
        }
    }

    /// Forgets what ended long ago.
    pub fn forget(&mut self, now: Time) {
        let ended_at = |standing: &Standing| {
            let incident = &standing.latest.transition.incident;
            incident.state.is_over().then_some(incident.updated)
        };
        self.incidents.retain(|_, standing| ended_at(standing).is_none_or(|at| now.since(at) <= SHOWN_AFTER_END));
        let mut ended: Vec<Time> = self.incidents.values().filter_map(ended_at).collect();
        if ended.len() > ENDED_LIMIT {
            ended.sort_unstable();
            let oldest_shown = ended[ended.len() - ENDED_LIMIT];
            self.incidents.retain(|_, standing| ended_at(standing).is_none_or(|at| at >= oldest_shown));
        }
    }

    /// What the public may see, most dangerous first, then newest.
    pub fn public(&self, now: Time) -> Vec<Arc<Said>> {
        let is_shown = |message: &Message| message.level > Level::None || now.since(message.sent) <= SHOWN_AFTER_END;
        let shown = self.incidents.values().filter_map(|standing| standing.public.as_ref());
        let mut shown: Vec<(Level, i64, Arc<Said>)> = shown
            .filter_map(|said| said.public(self.status).map(|message| (message, said)))
            .filter(|(message, _)| is_shown(message))
            .map(|(message, said)| (message.level, said.id, said.clone()))
            .collect();
        shown.sort_unstable_by_key(|(level, id, _)| (std::cmp::Reverse(*level), std::cmp::Reverse(*id)));
        shown.into_iter().map(|(_, _, said)| said).collect()
    }

    /// What operators see: everything, those that live first, then newest.
    pub fn all(&self) -> Vec<Arc<Said>> {
        let mut all: Vec<Arc<Said>> = self.incidents.values().map(|standing| standing.latest.clone()).collect();
        all.sort_by_key(|said| {
            let incident = &said.transition.incident;
            let asked = incident.proposal.as_ref().map(|proposal| proposal.since);
            // What waits for a person stands on top.
            (incident.state.is_over(), std::cmp::Reverse(asked), std::cmp::Reverse(said.id))
        });
        all
    }

    /// An incident as it stands.
    pub fn incident(&self, id: &str) -> Option<&Arc<Said>> {
        self.incidents.get(id).map(|standing| &standing.latest)
    }
}
