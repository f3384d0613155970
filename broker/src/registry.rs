//! Who is connected: take-over of a client identifier, revocation, draining.
//!
//! A client identifier belongs to its user: two users may carry the same one without cutting each
//! other's connection. (The standard knows no users; within one user it holds as written.)

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use crate::mailbox::{Mailbox, Order};
use crate::store::SessionKey;
use crate::wire::Reason;

struct Entry {
    number: u64,
    mailbox: Arc<Mailbox>,
}

#[derive(Default)]
struct Inner {
    clients: HashMap<SessionKey, Entry>,
    closed: bool,
}

/// Everyone who is connected.
#[derive(Default)]
pub(crate) struct Registry {
    inner: Mutex<Inner>,
}

impl Registry {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a client and cuts an older one of the same name. False when the door is closing.
    pub fn enter(&self, key: SessionKey, number: u64, mailbox: Arc<Mailbox>) -> bool {
        let mut inner = self.lock();
        if inner.closed {
            return false;
        }
        if let Some(older) = inner.clients.insert(key, Entry { number, mailbox }) {
            older
                .mailbox
                .order(Order::Close(Reason::SESSION_TAKEN_OVER, "another connection uses this client identifier"));
        }
        true
    }

    /// Removes a client unless a newer one has taken its place.
    pub fn leave(&self, key: &SessionKey, number: u64) {
        let mut inner = self.lock();
        if inner.clients.get(key).is_some_and(|e| e.number == number) {
            inner.clients.remove(key);
        }
    }

    /// Cuts every connection of a user.
    pub fn disconnect(&self, username: &str) -> usize {
        let inner = self.lock();
        let mut count = 0;
        for (_, entry) in inner.clients.iter().filter(|(k, _)| k.username == username) {
            entry.mailbox.order(Order::Close(Reason::ADMINISTRATIVE_ACTION, "this identity was revoked or changed"));
            count += 1;
        }
        count
    }

    /// Lets nobody in any more; everyone reads what is there and drops `done`.
    pub fn drain(&self, done: &mpsc::Sender<()>) {
        let mut inner = self.lock();
        inner.closed = true;
        for entry in inner.clients.values() {
            entry.mailbox.order(Order::Drain(done.clone()));
        }
    }

    /// Everyone closes after the outstanding acknowledgements.
    pub fn finish(&self) {
        let mut inner = self.lock();
        inner.closed = true;
        for entry in inner.clients.values() {
            entry.mailbox.order(Order::Finish);
        }
    }
}
