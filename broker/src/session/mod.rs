//! What a client is owed and what it owes.
//!
//! [`Session`] is owned by the connection that uses it. A session that outlives its connection has
//! a [`Durable`] besides: the queue of QoS 1 and 2 messages, reachable for whoever publishes, and
//! the parked [`Session`] while nobody is connected. [`Sessions`] finds it by name.
//!
//! No I/O: what must survive the process goes to the store's writer as changes.

mod durable;
mod sessions;

use std::collections::{HashMap, VecDeque};

pub(crate) use durable::{Durable, Since, ToSend, Touched};
pub(crate) use sessions::{Attached, Loaded, Sessions, Wanted, unix_ms};

use crate::store::Subscription;
use crate::wire::Qos;

/// What has a QoS 2 message that came in.
pub(crate) mod holder {
    pub const INTAKE: u8 = 1;
    pub const FAN_OUT: u8 = 2;
}

/// A message of a session that ends with its connection, on its way: it is never sent again, so
/// only its identifier is kept.
#[derive(Debug, PartialEq, Eq)]
struct Sent {
    packet_id: u16,
    qos: Qos,
    /// PUBREC has come.
    released: bool,
}

/// The state of one client.
#[derive(Debug, Default)]
pub(crate) struct Session {
    /// Few: a linear search is cheapest.
    pub subscriptions: Vec<Subscription>,
    /// QoS 2 identifiers received and not yet released, and who has the message.
    pub received: HashMap<u16, u8>,
    sent: VecDeque<Sent>,
    last_packet_id: u16,
}

impl Session {
    /// Adds or replaces a subscription; true if it is new.
    pub fn subscribe(&mut self, granted: Subscription) -> bool {
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

    /// Messages on their way.
    pub fn in_flight(&self) -> usize {
        self.sent.len()
    }

    /// An identifier that is free, for a message on its way.
    pub fn send(&mut self, qos: Qos) -> u16 {
        loop {
            self.last_packet_id = self.last_packet_id.checked_add(1).unwrap_or(1);
            let packet_id = self.last_packet_id;
            if !self.sent.iter().any(|used| used.packet_id == packet_id) {
                self.sent.push_back(Sent { packet_id, qos, released: false });
                return packet_id;
            }
        }
    }

    /// PUBACK or PUBCOMP: nothing more is owed. True if it was.
    pub fn done(&mut self, packet_id: u16, qos: Qos) -> bool {
        let found = self.sent.iter().position(|sent| sent.packet_id == packet_id && sent.qos == qos);
        found.and_then(|at| self.sent.remove(at)).is_some()
    }

    /// PUBREC: PUBREL is owed. True if the message was on its way.
    pub fn release(&mut self, packet_id: u16) -> bool {
        let found = self.sent.iter_mut().find(|sent| sent.packet_id == packet_id && sent.qos == Qos::ExactlyOnce);
        found.map(|sent| sent.released = true).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_never_zero_and_never_used_twice() {
        let mut session = Session::default();
        assert_eq!(session.send(Qos::AtLeastOnce), 1);
        session.last_packet_id = u16::MAX;
        assert_eq!(session.send(Qos::ExactlyOnce), 2, "0 is skipped, 1 is in use");
        assert!(session.done(1, Qos::AtLeastOnce));
        assert!(!session.done(1, Qos::AtLeastOnce));
        assert!(!session.done(2, Qos::AtLeastOnce), "a PUBACK does not end QoS 2");
        assert!(session.release(2) && !session.release(1));
        assert!(session.done(2, Qos::ExactlyOnce));
        assert_eq!(session.in_flight(), 0);
    }

    #[test]
    fn a_filter_is_held_once() {
        let granted = |qos| Subscription {
            filter: "a/#".into(),
            qos,
            no_local: false,
            retain_as_published: false,
            identifier: 0,
        };
        let mut session = Session::default();
        assert!(session.subscribe(granted(Qos::AtMostOnce)));
        assert!(!session.subscribe(granted(Qos::AtLeastOnce)));
        assert_eq!(session.subscriptions, [granted(Qos::AtLeastOnce)]);
        assert!(session.unsubscribe("a/#"));
        assert!(!session.unsubscribe("a/#"));
    }
}
