//! The newest transitions in memory, for server-sent events: one list that all clients read, each with its own cursor.
//!
//! A client costs a cursor, not a queue: what it has not read yet stays here once for everybody, and where it lags
//! behind the list it goes on in the store. Each alert is written as JSON once.

use crate::alert::{self, Context};
use bongsu_rules::incident::{Message, Status, Transition};
use bongsu_rules::language::Audience;
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use tokio::sync::watch;

/// Transitions kept: with their evidence a few MiB.
const KEPT: usize = 4_096;

/// A transition that is in the store.
#[derive(Debug)]
pub struct Said {
    /// Its id in the store, and as a server-sent event.
    pub id: i64,
    /// It.
    pub transition: Transition,
    json: OnceLock<Bytes>,
    frame: OnceLock<Bytes>,
}

impl Said {
    /// A transition as the store numbered it.
    pub fn new(id: i64, transition: Transition) -> Said {
        Said { id, transition, json: OnceLock::new(), frame: OnceLock::new() }
    }

    /// The message the public may read because of it, on a system of this status.
    ///
    /// This is the one place that decides what reaches the public plane: only what was issued, only to everybody, and
    /// on a system that is meant only what is meant. Proposals and operators' incidents have no message here.
    pub fn public(&self, status: Status) -> Option<&Message> {
        let incident = &self.transition.incident;
        let is_for_all = incident.audience == Audience::Public && incident.status == status;
        self.transition.message.as_ref().filter(|_| is_for_all)
    }

    /// Its alert as JSON; made at first need, then shared.
    pub fn json(&self, message: &Message, context: Context<'_>) -> Bytes {
        self.json.get_or_init(|| alert::alert_json(&self.transition.incident, message, context).into()).clone()
    }

    /// Its alert as a server-sent event; made at first need, then shared.
    pub fn frame(&self, message: &Message, context: Context<'_>) -> Bytes {
        let make = || {
            let mut frame = format!("id: {}\nevent: alert\ndata: ", self.id).into_bytes();
            frame.extend_from_slice(&self.json(message, context));
            frame.extend_from_slice(b"\n\n");
            Bytes::from(frame)
        };
        self.frame.get_or_init(make).clone()
    }
}

#[derive(Debug, Default)]
struct Kept {
    said: VecDeque<Arc<Said>>,
    /// The id of the newest transition that is no longer, or was never, in the list.
    before: i64,
}

/// The list, and the bell that rings when it grows.
#[derive(Debug)]
pub struct Journal {
    kept: RwLock<Kept>,
    newest: watch::Sender<i64>,
}

impl Default for Journal {
    fn default() -> Journal {
        Journal { kept: RwLock::default(), newest: watch::Sender::new(0) }
    }
}

impl Journal {
    /// Adds transitions, in the order of their ids, and wakes everybody who waits.
    pub fn add(&self, said: &[Arc<Said>]) {
        let Some(last) = said.last() else { return };
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        if let (true, Some(first)) = (kept.said.is_empty(), said.first()) {
            kept.before = first.id - 1;
        }
        kept.said.extend(said.iter().cloned());
        while kept.said.len() > KEPT {
            kept.before = kept.said.pop_front().map_or(kept.before, |said| said.id);
        }
        drop(kept);
        self.newest.send_replace(last.id);
    }

    /// The id of the newest transition; 0 before the first.
    pub fn newest(&self) -> i64 {
        *self.newest.borrow()
    }

    /// A bell that rings when something is added.
    pub fn bell(&self) -> watch::Receiver<i64> {
        self.newest.subscribe()
    }

    /// The next transitions after a cursor, at most `limit`; `None` where the list no longer reaches back so far.
    pub fn after(&self, cursor: i64, limit: usize) -> Option<Vec<Arc<Said>>> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        if cursor < kept.before {
            return None;
        }
        let first = kept.said.partition_point(|said| said.id <= cursor);
        Some(kept.said.iter().skip(first).take(limit).cloned().collect())
    }
}
