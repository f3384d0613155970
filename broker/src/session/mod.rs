//! What a client is owed and what it owes: the state that may outlive a connection.
//!
//! Plain data without I/O, owned by the connection that uses it. Today it ends with that
//! connection; a store for persistent sessions has to load and save exactly this, and the messages
//! that wait in the [`Mailbox`](crate::mailbox::Mailbox). Start at [`Session`].

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use crate::fanout::Published;
use crate::wire::Qos;

/// A subscription as granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Granted {
    pub filter: Arc<str>,
    pub qos: Qos,
    pub retain_as_published: bool,
}

/// The state of one client.
#[derive(Debug, Default)]
pub(crate) struct Session {
    /// Few: a linear search is cheapest.
    pub subscriptions: Vec<Granted>,
    /// QoS 2 identifiers received and not yet released.
    pub received: HashSet<u16>,
    /// QoS 1 messages sent and not yet acknowledged, oldest first.
    pub sent: VecDeque<(u16, Arc<Published>)>,
    last_packet_id: u16,
}

impl Session {
    /// Adds or replaces a subscription; true if it is new.
    pub fn subscribe(&mut self, granted: Granted) -> bool {
        match self.subscriptions.iter_mut().find(|old| old.filter == granted.filter) {
            Some(old) => {
                *old = granted;
                false
            }
            None => {
                self.subscriptions.push(granted);
                true
            }
        }
    }

    /// Forgets a subscription; true if it existed.
    pub fn unsubscribe(&mut self, filter: &str) -> bool {
        let before = self.subscriptions.len();
        self.subscriptions.retain(|old| *old.filter != *filter);
        self.subscriptions.len() < before
    }

    /// Remembers a message on its way and gives it an identifier that is free.
    pub fn send(&mut self, message: Arc<Published>) -> u16 {
        loop {
            self.last_packet_id = self.last_packet_id.checked_add(1).unwrap_or(1);
            let id = self.last_packet_id;
            if !self.sent.iter().any(|(used, _)| *used == id) {
                self.sent.push_back((id, message));
                return id;
            }
        }
    }

    /// The client has it; true if that identifier was on its way.
    pub fn acknowledged(&mut self, packet_id: u16) -> bool {
        let found = self.sent.iter().position(|(id, _)| *id == packet_id);
        found.and_then(|at| self.sent.remove(at)).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> Arc<Published> {
        Arc::new(Published::for_test("a", b"x"))
    }

    #[test]
    fn identifiers_are_never_zero_and_never_used_twice() {
        let mut session = Session::default();
        assert_eq!(session.send(message()), 1);
        session.last_packet_id = u16::MAX;
        assert_eq!(session.send(message()), 2, "0 is skipped, 1 is in use");
        assert!(session.acknowledged(1));
        assert!(!session.acknowledged(1));
        assert_eq!(session.sent.len(), 1);
    }

    #[test]
    fn a_filter_is_held_once() {
        let granted = |qos| Granted { filter: "a/#".into(), qos, retain_as_published: false };
        let mut session = Session::default();
        assert!(session.subscribe(granted(Qos::AtMostOnce)));
        assert!(!session.subscribe(granted(Qos::AtLeastOnce)));
        assert_eq!(session.subscriptions, [granted(Qos::AtLeastOnce)]);
        assert!(session.unsubscribe("a/#"));
        assert!(!session.unsubscribe("a/#"));
    }
}
