//! What outlives the process: sessions, what they are owed, and retained messages.
//!
//! The seam is [`SessionStore`]: the door describes what has changed as [`Change`]s, one thread
//! of the door (`writer.rs`) commits as many of them as have come in one transaction, and only
//! then does anything leave that promises them. At start the door loads a [`Snapshot`].
//!
//! Everything is named by session and packet identifier; order numbers and message numbers grow
//! and are never used twice. Applying a change again must do no harm.
//!
//! A client whose session ends with its connection never comes here.

mod memory;
mod writer;

use std::sync::Arc;

use bytes::Bytes;

pub use memory::MemoryStore;
pub(crate) use writer::{Forgetful, Waiter, Writer};

use crate::config::Plane;
use crate::wire::Qos;

/// Whose session: a client identifier belongs to its user on its plane.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SessionKey {
    /// Plane of the listener.
    pub plane: Plane,
    /// Name of the identity.
    pub username: String,
    /// Client identifier.
    pub client_id: Arc<str>,
}

/// A subscription as granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// The filter as it was sent, `$share/…` included.
    pub filter: Arc<str>,
    /// Granted quality of service.
    pub qos: Qos,
    /// Not what the session itself published.
    pub no_local: bool,
    /// Keep the retain flag as published.
    pub retain_as_published: bool,
    /// Subscription identifier, 0 for none.
    pub identifier: u32,
}

/// A message as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMessage {
    /// Names the message: the same for every session it waits for, so that a store may keep its
    /// bytes once.
    pub number: u64,
    /// Topic.
    pub topic: Arc<str>,
    /// Payload.
    pub payload: Bytes,
    /// Properties in the encoding of MQTT 5, without length, expiry, alias and identifiers.
    pub properties: Bytes,
    /// Quality of service it was published with.
    pub qos: Qos,
    /// Retain flag it was published with.
    pub retain: bool,
    /// Unix milliseconds after which it is worthless.
    pub expires_at_ms: Option<u64>,
}

/// A QoS 1 or 2 message owed to a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDelivery {
    /// Place in the session's queue.
    pub order: u64,
    /// Chosen when it was queued, so it is known before the message is first sent.
    pub packet_id: u16,
    /// Quality of service towards this session.
    pub qos: Qos,
    /// Retain flag towards this session.
    pub retain: bool,
    /// Subscription identifiers to be sent along.
    pub identifiers: Vec<u32>,
    /// It may have been sent.
    pub sent: bool,
    /// QoS 2: PUBREC has come; from here on only PUBREL is sent.
    pub released: bool,
    /// What.
    pub message: Arc<StoredMessage>,
}

/// What a session is besides its contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionState {
    /// A client is connected. If this is what a restart finds, the connection was cut by it.
    pub connected: bool,
    /// Seconds the session outlives its connection; `u32::MAX` for ever.
    pub expiry_s: u32,
    /// Unix milliseconds when the last connection ended.
    pub ended_at_ms: u64,
    /// Receipts with lower numbers belong to an earlier session of the same name.
    pub receipts_from: u64,
}

/// One change of what is to survive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A session is new or in a new state; its contents stay.
    Session(Arc<SessionKey>, SessionState),
    /// A session and all it contains is forgotten.
    Removed(Arc<SessionKey>),
    /// A subscription is new or replaces the one with the same filter.
    Subscribed(Arc<SessionKey>, Subscription),
    /// A subscription is gone.
    Unsubscribed(Arc<SessionKey>, Arc<str>),
    /// A message is owed.
    Queued(Arc<SessionKey>, StoredDelivery),
    /// These packet identifiers were sent and not acknowledged when the connection ended.
    Sent(Arc<SessionKey>, Vec<u16>),
    /// PUBREC came for this packet identifier.
    Released(Arc<SessionKey>, u16),
    /// Nothing more is owed under this packet identifier.
    Done(Arc<SessionKey>, u16),
    /// A QoS 2 message for the fan-out came under this packet identifier and is not yet released
    /// by its sender.
    Received(Arc<SessionKey>, u16),
    /// The sender has released this packet identifier: forget that it was received, and remember
    /// the number: the application's receipts up to it no longer count.
    Completed(Arc<SessionKey>, u16, u64),
    /// A retained message is new or replaces the one with the same topic.
    Retained(Arc<StoredMessage>),
    /// The retained message of this topic is gone.
    Unretained(Arc<str>),
}

/// One session as loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSession {
    /// Whose.
    pub key: SessionKey,
    /// Last [`Change::Session`].
    pub state: SessionState,
    /// Its subscriptions.
    pub subscriptions: Vec<Subscription>,
    /// What it is owed, in any order.
    pub deliveries: Vec<StoredDelivery>,
    /// Packet identifiers of [`Change::Received`] not yet completed.
    pub received: Vec<u16>,
    /// The latest number of [`Change::Completed`] for each packet identifier.
    pub completed: Vec<(u16, u64)>,
}

/// Everything a store holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// All sessions.
    pub sessions: Vec<StoredSession>,
    /// All retained messages.
    pub retained: Vec<StoredMessage>,
}

/// The application's note that a QoS 2 message is in its own commit: see
/// [`Delivery::receipts`](crate::Delivery::receipts).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The sender's session.
    pub session: SessionKey,
    /// The packet identifier; one receipt for each session and identifier, the latest, is enough.
    pub packet_id: u16,
    /// Grows with every Delivery.
    pub number: u64,
}

/// Why a store did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("session store failed: {0}")]
pub struct StoreError(pub String);

/// Keeps what has to outlive the process. Implemented by the application; both calls may block
/// and come from one thread only.
pub trait SessionStore: Send + Sync + 'static {
    /// Everything, once, when the door starts.
    ///
    /// # Errors
    /// [`StoreError`]; the door does not open then.
    fn load(&self) -> Result<Snapshot, StoreError>;

    /// Makes all these changes durable, in this order, or none of them.
    ///
    /// # Errors
    /// [`StoreError`]; the door tries the same changes again until it works, and nothing that
    /// depends on them is acknowledged meanwhile.
    fn commit(&self, changes: &[Change]) -> Result<(), StoreError>;
}
