//! Counters of the door. Written with relaxed atomics, read by whoever makes metrics of them.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::wire::Reason;

/// One number that any thread may change.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Its value now.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn sub(&self, count: u64) {
        self.0.fetch_sub(count, Ordering::Relaxed);
    }

    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }
}

/// A counter for each reason code.
#[derive(Debug)]
pub struct ByReason(Box<[Counter; 256]>);

impl Default for ByReason {
    fn default() -> Self {
        ByReason(Box::new(std::array::from_fn(|_| Counter::default())))
    }
}

impl ByReason {
    /// How often `reason` was given.
    pub fn get(&self, reason: Reason) -> u64 {
        self.0[usize::from(reason.0)].get()
    }

    /// Every reason that was given, with its count.
    pub fn iter(&self) -> impl Iterator<Item = (Reason, u64)> + '_ {
        (0..=255u8).map(|code| (Reason(code), self.get(Reason(code)))).filter(|(_, count)| *count > 0)
    }

    pub(crate) fn add(&self, reason: Reason) {
        self.0[usize::from(reason.0)].add(1);
    }
}

/// What the door has done so far.
#[derive(Debug, Default)]
pub struct Stats {
    /// Open sockets now.
    pub sockets: Counter,
    /// Clients connected now.
    pub connections: Counter,
    /// Clients that ever connected.
    pub connections_total: Counter,
    /// Sockets closed at once because `max_connections` was reached.
    pub refused_full: Counter,
    /// Sockets closed at once because too many came from their address.
    pub refused_address: Counter,
    /// Handshakes of TLS or WebSocket that failed.
    pub refused_handshake: Counter,
    /// Times a device was not heard for a while because it spoke too fast.
    pub throttled: Counter,
    /// Sockets that sent no complete CONNECT in time, or left before.
    pub refused_silent: Counter,
    /// CONNECTs refused, by reason.
    pub refused: ByReason,
    /// Connections closed by the door, by reason.
    pub closed: ByReason,
    /// Publishes denied, by reason.
    pub denied_publish: ByReason,
    /// Subscriptions denied, by reason.
    pub denied_subscribe: ByReason,
    /// Messages the application rejected, by reason.
    pub rejected: ByReason,
    /// Messages received.
    pub messages_in: Counter,
    /// Bytes received.
    pub bytes_in: Counter,
    /// Messages sent.
    pub messages_out: Counter,
    /// Bytes sent.
    pub bytes_out: Counter,
    /// Messages that wait in the intake now.
    pub intake_depth: Counter,
    /// Times a socket was not read because the intake was full.
    pub intake_full: Counter,
    /// Messages of clients to the fan-out that wait now.
    pub relay_depth: Counter,
    /// Times a socket was not read because the fan-out was behind.
    pub relay_full: Counter,
    /// Filters subscribed now.
    pub subscriptions: Counter,
    /// Retained messages now.
    pub retained: Counter,
    /// QoS 0 messages dropped because a subscriber was slow.
    pub dropped_slow: Counter,
    /// Subscribers cut because QoS 1 messages overran their queue.
    pub cut_slow: Counter,
    /// Messages not sent: expired, or larger than the subscriber's maximum packet size.
    pub dropped_unfit: Counter,
    /// Sessions that outlive their connection, connected or not.
    pub sessions: Counter,
    /// Those of them that are connected.
    pub sessions_connected: Counter,
    /// QoS 1 and 2 messages that wait in those sessions or are on their way to their clients.
    pub session_messages: Counter,
    /// QoS 1 and 2 messages dropped because a session's queue was full.
    pub dropped_offline: Counter,
    /// Transactions of the session store.
    pub store_commits: Counter,
    /// Transactions of the session store that failed and were tried again.
    pub store_failures: Counter,
    /// Times the application's [`Authority`](crate::Authority) panicked; the client was refused.
    pub authority_panics: Counter,
    /// 1 while the remote broker is connected.
    pub remote_connected: Counter,
    /// Times the remote broker could not be reached, or went away.
    pub remote_failures: Counter,
    /// Messages handed to the connection to the remote broker.
    pub remote_sent: Counter,
    /// Messages dropped because too many waited for the remote broker.
    pub remote_dropped: Counter,
    /// Times the router was rebuilt.
    pub router_rebuilds: Counter,
    /// Messages a lane had to fetch again because the router skipped them.
    pub router_gaps: Counter,
}
