//! What the door is told: where to listen, and every limit with the reason for its default.
//!
//! Plain data. It reads no file: the application owns configuration.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::remote::RemoteConfig;
use crate::store::{Receipt, SessionStore};
use crate::tls::Tls;

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
#[derive(Debug, Clone)]
pub struct Listener {
    /// Address and port.
    pub address: SocketAddr,
    /// The plane whose clients connect here.
    pub plane: Plane,
    /// MQTT in WebSocket frames.
    pub websocket: bool,
    /// Inside TLS.
    pub tls: Option<Arc<Tls>>,
}

impl Listener {
    /// MQTT over TCP.
    pub fn new(address: SocketAddr, plane: Plane) -> Listener {
        Listener { address, plane, websocket: false, tls: None }
    }

    /// The same in WebSocket frames.
    pub fn over_websocket(self) -> Listener {
        Listener { websocket: true, ..self }
    }

    /// The same inside TLS.
    pub fn inside(self, tls: Arc<Tls>) -> Listener {
        Listener { tls: Some(tls), ..self }
    }
}

/// Listeners and limits of one door.
#[derive(Clone, Default)]
pub struct DoorConfig {
    /// All are bound before the first client is served, or none is.
    pub listeners: Vec<Listener>,
    /// Bounds on everything a client can make grow.
    pub limits: Limits,
    /// Keeps sessions and retained messages over a restart. Without one they last as long as the
    /// process.
    pub sessions: Option<Arc<dyn SessionStore>>,
    /// The application's receipts of QoS 2 messages: see
    /// [`Delivery::receipts`](crate::Delivery::receipts).
    pub receipts: Vec<Receipt>,
    /// A broker of others that devices speak to, besides the listeners.
    pub remote: Option<RemoteConfig>,
    /// How often the door tells `$SYS/broker/…` about itself; `None` for never.
    pub system_interval: Option<Duration>,
}

impl fmt::Debug for DoorConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DoorConfig")
            .field("listeners", &self.listeners)
            .field("limits", &self.limits)
            .field("sessions", &self.sessions.is_some())
            .field("receipts", &self.receipts.len())
            .field("remote", &self.remote)
            .field("system_interval", &self.system_interval)
            .finish()
    }
}

/// Bounds on everything a client can make grow. The defaults suit 10,000 devices on a small server.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Open sockets over all listeners; one more is closed at once. Leaves a process with 20,000
    /// files room for its store and its web pages.
    pub max_connections: usize,
    /// Of those, what citizens may have: a crowd on the day of a flood does not lock out the gauges.
    pub public_connections: usize,
    /// Open sockets from one address on the planes of devices and operators. A whole city may stand
    /// behind one mobile network, or one proxy.
    pub connections_by_address: usize,
    /// Open sockets from one address on the public plane: a household, an office, a school.
    pub public_connections_by_address: usize,
    /// From accept to a complete CONNECT, the handshakes of TLS and WebSocket included. Long enough
    /// for a device on a bad radio link, short enough that silent sockets do not fill
    /// `max_connections`.
    pub connect_timeout: Duration,
    /// Messages a second of one connection; 0 for any number. Who is faster is heard later. A
    /// concentrator of ten thousand stations stays below.
    pub messages_per_second: u32,
    /// Bytes a second of one connection; 0 for any number.
    pub bytes_per_second: u32,
    /// Connections a minute of one name, after a burst of 10,000; 0 for any number. One that connects
    /// all the time has a fault.
    pub connects_per_minute: u32,
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
    /// Messages of clients that may wait for the fan-out, weighed like those of `intake_messages`.
    pub relay_messages: usize,
    /// Sessions that outlive their connection. One more is refused: connect with a clean start.
    pub sessions: usize,
    /// QoS 1 and 2 messages that may wait in each of them, at most 60,000. When it is full, the
    /// oldest that was not yet sent makes room for the new one: later news says more.
    pub session_messages: usize,
    /// Bytes of payload that may wait in each of them.
    pub session_bytes: usize,
    /// A session that waits longer than this for its client ends, whatever the client asked for.
    /// `None`: as long as the client asked; with 3.1.1 that is for ever.
    pub longest_session: Option<Duration>,
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
            public_connections: 8_000,
            connections_by_address: 16_000,
            public_connections_by_address: 4_000,
            connect_timeout: Duration::from_secs(10),
            messages_per_second: 20_000,
            bytes_per_second: 16 * 1024 * 1024,
            connects_per_minute: 6_000,
            max_packet_bytes: 256 * 1024,
            receive_maximum: 1024,
            intake_messages: 65_536,
            outbound_messages: 1024,
            outbound_bytes: 1024 * 1024,
            send_maximum: 64,
            subscriptions: 64,
            topic_aliases: 16,
            retained_messages: 100_000,
            relay_messages: 8192,
            sessions: 20_000,
            session_messages: 4096,
            session_bytes: 4 * 1024 * 1024,
            longest_session: None,
            keep_alive_grace: 1.5,
            longest_keep_alive: None,
            drain_timeout: Duration::from_secs(5),
        }
    }
}
