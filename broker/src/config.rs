//! What the door is told: where to listen, and every limit with the reason for its default.
//!
//! Plain data. It reads no file: the application owns configuration.

use std::net::SocketAddr;
use std::time::Duration;

/// Who is expected behind a listener. The [`Authority`](crate::Authority) decides what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Plane {
    /// Sensors and concentrators: they publish.
    Devices,
    /// Operators' tools.
    Operators,
    /// Citizens: they only subscribe.
    Public,
}

/// One address to listen on. Port 0 lets the system choose; see [`Door::addresses`](crate::Door::addresses).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Address and port.
    pub address: SocketAddr,
    /// The plane whose clients connect here.
    pub plane: Plane,
}

/// Listeners and limits of one door.
#[derive(Debug, Clone, Default)]
pub struct DoorConfig {
    /// All are bound before the first client is served, or none is.
    pub listeners: Vec<Listener>,
    /// Bounds on everything a client can make grow.
    pub limits: Limits,
}

/// Bounds on everything a client can make grow. The defaults suit 10,000 devices on a small server.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Open sockets over all listeners; one more is closed at once. Leaves a process with 20,000
    /// files room for its store and its web pages.
    pub max_connections: usize,
    /// From accept to a complete CONNECT. Long enough for a device on a bad radio link, short
    /// enough that silent sockets do not fill `max_connections`.
    pub connect_timeout: Duration,
    /// Largest packet a client may send. The largest honest one is a block of a fast sensor.
    pub max_packet_bytes: usize,
    /// QoS 1 and 2 messages of one connection that may wait for their acknowledgement. Version 5
    /// clients are told and disconnected beyond it, older ones are simply not read meanwhile.
    pub receive_maximum: u16,
    /// Messages that may wait in the [`Intake`](crate::Intake): about one commit's worth. A message
    /// counts once and once more for each KiB it carries, so it bounds memory too.
    pub intake_messages: usize,
    /// Messages that may wait for one slow subscriber.
    pub outbound_messages: usize,
    /// Bytes of payload that may wait for one slow subscriber.
    pub outbound_bytes: usize,
    /// QoS 1 messages sent to one subscriber and not acknowledged by it; its own receive maximum
    /// may be lower.
    pub send_maximum: u16,
    /// Filters of one connection. Tools subscribe to a handful.
    pub subscriptions: usize,
    /// Topic aliases a version 5 client may define. A device has few topics.
    pub topic_aliases: u16,
    /// Retained messages held for subscribers.
    pub retained_messages: usize,
    /// A client is gone after its keep-alive times this (the standard's one and a half).
    pub keep_alive_grace: f64,
    /// Version 5 clients that ask for a longer keep-alive, or none, are told this one. `None`
    /// leaves the choice to the client, and 0 means it never times out.
    pub longest_keep_alive: Option<Duration>,
    /// How long [`Door::stop`](crate::Door::stop) waits for outstanding acknowledgements.
    pub drain_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            max_connections: 16_000,
            connect_timeout: Duration::from_secs(10),
            max_packet_bytes: 256 * 1024,
            receive_maximum: 1024,
            intake_messages: 65_536,
            outbound_messages: 1024,
            outbound_bytes: 1024 * 1024,
            send_maximum: 64,
            subscriptions: 64,
            topic_aliases: 16,
            retained_messages: 100_000,
            keep_alive_grace: 1.5,
            longest_keep_alive: None,
            drain_timeout: Duration::from_secs(5),
        }
    }
}
