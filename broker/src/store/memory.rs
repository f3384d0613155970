//! A store in memory: what an embedder needs to restart a door within one process, and the
//! model of what each [`Change`] means.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use super::{
    Change, SessionKey, SessionState, SessionStore, Snapshot, StoreError, StoredDelivery, StoredMessage, StoredSession,
    Subscription,
};

#[derive(Debug)]
struct Kept {
    state: SessionState,
    subscriptions: Vec<Subscription>,
    deliveries: BTreeMap<u16, StoredDelivery>,
    received: Vec<u16>,
    completed: BTreeMap<u16, u64>,
}

#[derive(Debug, Default)]
struct Inner {
    sessions: HashMap<Arc<SessionKey>, Kept>,
    retained: BTreeMap<Arc<str>, Arc<StoredMessage>>,
}

/// Keeps sessions as long as it lives itself. Not durable.
#[derive(Debug, Default)]
pub struct MemoryStore {
    inner: Mutex<Inner>,
}

impl Inner {
    fn apply(&mut self, change: &Change) {
        match change {
            Change::Session(key, state) => {
                let kept = self.sessions.entry(key.clone()).or_insert_with(|| Kept {
                    state: *state,
                    subscriptions: Vec::new(),
                    deliveries: BTreeMap::new(),
                    received: Vec::new(),
                    completed: BTreeMap::new(),
                });
                kept.state = *state;
            }
            Change::Removed(key) => {
                self.sessions.remove(key);
            }
            Change::Retained(message) => {
                self.retained.insert(message.topic.clone(), message.clone());
            }
            Change::Unretained(topic) => {
                self.retained.remove(topic);
            }
            Change::Subscribed(key, _)
            | Change::Unsubscribed(key, _)
            | Change::Queued(key, _)
            | Change::Sent(key, _)
            | Change::Released(key, _)
            | Change::Done(key, _)
            | Change::Received(key, _)
            | Change::Completed(key, ..) => {
                if let Some(kept) = self.sessions.get_mut(key) {
                    kept.apply(change);
                }
            }
        }
    }
}

impl Kept {
    fn apply(&mut self, change: &Change) {
        match change {
            Change::Subscribed(_, subscription) => {
                self.subscriptions.retain(|old| old.filter != subscription.filter);
                self.subscriptions.push(subscription.clone());
            }
            Change::Unsubscribed(_, filter) => self.subscriptions.retain(|old| old.filter != *filter),
            Change::Queued(_, delivery) => {
                self.deliveries.insert(delivery.packet_id, delivery.clone());
            }
            Change::Sent(_, packet_ids) => {
                for id in packet_ids {
                    if let Some(delivery) = self.deliveries.get_mut(id) {
                        delivery.sent = true;
                    }
                }
            }
            Change::Released(_, id) => {
                if let Some(delivery) = self.deliveries.get_mut(id) {
                    delivery.released = true;
                }
            }
            Change::Done(_, id) => {
                self.deliveries.remove(id);
            }
            Change::Received(_, id) => {
                self.received.retain(|old| old != id);
                self.received.push(*id);
            }
            Change::Completed(_, id, number) => {
                self.received.retain(|old| old != id);
                self.completed.insert(*id, *number);
            }
            Change::Session(..) | Change::Removed(_) | Change::Retained(_) | Change::Unretained(_) => {}
        }
    }
}

impl SessionStore for MemoryStore {
    fn load(&self) -> Result<Snapshot, StoreError> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let sessions = inner.sessions.iter().map(|(key, kept)| StoredSession {
            key: (**key).clone(),
            state: kept.state,
            subscriptions: kept.subscriptions.clone(),
            deliveries: kept.deliveries.values().cloned().collect(),
            received: kept.received.clone(),
            completed: kept.completed.iter().map(|(id, number)| (*id, *number)).collect(),
        });
        let retained = inner.retained.values().map(|message| (**message).clone());
        Ok(Snapshot { sessions: sessions.collect(), retained: retained.collect() })
    }

    fn commit(&self, changes: &[Change]) -> Result<(), StoreError> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        for change in changes {
            inner.apply(change);
        }
        Ok(())
    }
}
