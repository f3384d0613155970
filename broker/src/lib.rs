//! MQTT in and out: the door that devices speak to, and the router behind it.
//!
//! The door accepts MQTT 3.1.1 and 5 on the same port, parses, authenticates, authorises and
//! limits, and **holds every PUBACK and PUBREC until the application says that the message is
//! durable**. What the application publishes goes the other way, to every subscriber.
//!
//! ```text
//!  device ──TCP──► connection ──Delivery──► Intake ──► (the application commits)
//!                      ▲  ▲                                  │
//!                      │  └────────── acknowledge() ◄────────┘
//!                      │
//!  subscriber ◄──TCP── connection ◄── lane ◄── rumqttd router ◄── Outlet::publish
//! ```
//!
//! # Where to start
//! `door.rs` wires everything; `connection/mod.rs` is the life of one client. Then:
//!
//! | module | is | must not |
//! |---|---|---|
//! | [`config`](DoorConfig) | listeners and every limit with its reason | |
//! | [`authority`](Authority) | the questions the door asks the application | decide anything itself |
//! | `wire` | bytes ↔ packets of both versions, strict | keep state, do I/O |
//! | `topic` | what a legal topic or filter is, and which match | |
//! | `session` | what a client is owed, and the sessions that outlive their connection | do I/O |
//! | [`store`](SessionStore) | what survives the process: the seam, and the thread that commits | know MQTT packets |
//! | `mailbox` | the one place from which other threads wake a connection | block |
//! | `connection` | one client: read, answer, hold acknowledgements | know the application |
//! | `tls` | certificates, replaced while connections go on | read files |
//! | `crowd`, `rate` | how many sockets, and how fast each device | refuse readings |
//! | `websocket` | the same bytes in WebSocket frames | know MQTT |
//! | `intake` | the bounded feed of device messages | drop QoS 1 or 2 |
//! | `remote` | a broker of others: another way into the intake, with the same acknowledgement | drop retained messages |
//! | `fanout` | retained messages, subscriptions, shared ones too, router and watchdog | see what is routed to the application |
//! | `registry` | who is connected: take-over, revocation, draining | |
//! | `turns` | what costs much and many ask for at once: handshakes | hold a turn for the silent |
//! | `stats` | counters | |
//!
//! # Promises
//! * A message is acknowledged only by [`Ack::acknowledge`]; a dropped [`Ack`] closes the
//!   connection so that the device sends again.
//! * Acknowledgements leave in the order in which the messages came.
//! * A full [`Intake`] stops the reading of sockets; it loses nothing.
//! * Every queue is bounded; what is shed is counted in [`Stats`].
//! * Nothing a client sends reaches rumqttd: neither bytes nor topics nor client identifiers.
//!
//! # For whoever embeds it
//! * Set `rumqttd=off` in the tracing filter: its router opens a span for each packet.
//! * Keep `panic = "unwind"`: the watchdog replaces a router that has panicked.
//! * `examples/probe.rs` measures the door alone: rate, memory of idle connections and subscribers,
//!   and one alert to all of them.
//!
//! # Not yet
//! Topic aliases towards subscribers.

mod authority;
mod config;
mod connection;
mod crowd;
mod door;
mod fanout;
mod intake;
mod mailbox;
mod rate;
mod registry;
mod remote;
mod session;
mod stats;
mod store;
mod tls;
mod topic;
mod turns;
mod websocket;
mod wire;

pub use authority::{Authority, Credentials, Denial, Identity, Route};
pub use config::{DoorConfig, Limits, Listener, Plane};
pub use door::{Door, DoorError};
pub use fanout::{Outgoing, Outlet, OutletError};
pub use intake::{Ack, Delivery, Intake, Message, Rejection};
pub use remote::RemoteConfig;
pub use stats::{ByReason, Counter, Stats};
pub use store::{
    Change, MemoryStore, Receipt, SessionKey, SessionState, SessionStore, Snapshot, StoreError, StoredDelivery,
    StoredMessage, StoredSession, Subscription,
};
pub use tls::{Certificate, Pem, Tls, TlsError};
pub use topic::{filter_is_valid, matches, topic_is_valid};
pub use wire::{Properties, Qos, Reason};
