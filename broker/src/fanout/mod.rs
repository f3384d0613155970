//! From what the application publishes to every subscriber.
//!
//! ```text
//! Outlet::publish ─► Hub: sequence number, retained store, repair log
//!                     └─► rumqttd Router ─► lane 0 ─► its tree of filters ─► mailboxes
//!                                        └► lane 1 ─► …
//! ```
//!
//! * **The router fans out to lanes, the lanes to subscribers.** A router link costs 43 KiB and
//!   each of its filters owns a log, so one link per subscriber would cost 645 MB for 15,000 and
//!   make the rebuilding of a broken router slow. A lane is one link with one wide filter and owns
//!   a share of the subscribers; matching the client's real filters in our own tree costs less than
//!   a link's wake-up, and a rebuild touches a handful of links.
//! * **The router sees nothing from outside**: one constant topic, and an envelope of ours in the
//!   payload. So none of its parsers, its topic cache or its retained store can be fed.
//! * **The router is not trusted to deliver**: a slow link's cursor jumps when segments roll. Each
//!   envelope has a sequence number and stays in the repair log until every lane has passed it; a
//!   lane that sees a gap takes the missing ones from there, and a rebuilt router gets them again.
//!
//! * **Sessions that outlive their connection and shared subscriptions are served directly**
//!   (`direct.rs`), in the order of publishing: what they are owed is stored in that order.
//!
//! What clients publish comes through `carrier.rs`, if the application routes it to the fan-out.
//! Start at [`Hub::publish`].

mod carrier;
mod direct;
mod envelope;
mod hub;
mod interest;
mod lane;
mod retained;
mod router;
mod system;
mod tree;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

pub(crate) use carrier::carry;
pub(crate) use hub::Hub;
pub(crate) use system::{Vitals, tell as tell_vitals};
pub(crate) use tree::To;

use crate::remote::Outbox;
use crate::session::unix_ms;
use crate::stats::Stats;
use crate::store::StoredMessage;
use crate::topic::topic_is_valid;
use crate::wire::{self, Properties, Qos};

/// A message of the application to subscribers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Where to: a legal topic.
    pub topic: String,
    /// What.
    pub payload: Bytes,
    /// Highest quality of service in which subscribers may get it.
    pub qos: Qos,
    /// Keep it for later subscribers; an empty payload removes what is kept.
    pub retain: bool,
    /// Worthless after this time: not delivered, no longer retained.
    pub expiry: Option<Duration>,
}

/// Why nothing of a batch was published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutletError {
    /// The topic is empty, too long, or has a wildcard.
    #[error("cannot publish to {0:?}: write a topic without wildcards")]
    Topic(String),
    /// A payload is larger than a packet may be.
    #[error("payload of {0} bytes is too large: send at most 16 MiB")]
    Payload(usize),
    /// The retained store is full.
    #[error("retained store is full at {0} messages: remove some or raise the limit")]
    RetainedFull(usize),
    /// Subscribers' lanes are behind by the whole repair log.
    #[error("fan-out is behind: publish again later")]
    Behind,
    /// The door has stopped.
    #[error("the door has stopped")]
    Stopped,
}

/// Publishes to subscribers, from any thread. Clones share everything.
#[derive(Clone)]
pub struct Outlet {
    hub: Arc<Hub>,
    remote: Option<(Arc<Outbox>, Arc<Stats>)>,
}

/// Largest payload to publish: four-byte lengths of MQTT allow 256 MiB, memory does not.
const LARGEST_PAYLOAD: usize = 16 << 20;

impl Outlet {
    pub(crate) fn new(hub: Arc<Hub>, remote: Option<(Arc<Outbox>, Arc<Stats>)>) -> Self {
        Outlet { hub, remote }
    }

    fn offer(&self, batch: &[Outgoing]) {
        if let Some((outbox, stats)) = &self.remote {
            outbox.offer(batch, stats);
        }
    }

    /// Publishes a batch in order: all of it or nothing. One call wakes the router once. It waits
    /// briefly when subscribers' lanes are far behind, so do not call it from an async task that
    /// must not be held up.
    ///
    /// # Errors
    /// See [`OutletError`]; nothing of the batch was published then.
    pub fn publish(&self, batch: Vec<Outgoing>) -> Result<(), OutletError> {
        self.offer(&batch);
        let now = Instant::now();
        let batch: Result<_, _> = batch.into_iter().map(|message| published(message, Bytes::new(), now)).collect();
        self.hub.publish(batch?, Vec::new())
    }

    /// The same with properties for version 5 subscribers: content type, response topic,
    /// correlation data, user properties. Their expiry counts if the message itself has none.
    ///
    /// # Errors
    /// See [`Outlet::publish`].
    pub fn publish_with(&self, batch: Vec<(Outgoing, Properties)>) -> Result<(), OutletError> {
        let now = Instant::now();
        batch.iter().for_each(|(message, _)| self.offer(std::slice::from_ref(message)));
        let batch: Result<_, _> = batch
            .into_iter()
            .map(|(mut message, properties)| {
                message.expiry = message.expiry.or(properties.expiry_s.map(|s| Duration::from_secs(s.into())));
                published(message, wire::forwarded(&properties), now)
            })
            .collect();
        self.hub.publish(batch?, Vec::new())
    }

    /// Whether anybody could hear what is published below a topic of up to three levels, such as `city/v1/live`: for what
    /// is costly to make. It may say yes where nobody does, never no where somebody would.
    pub fn is_heard(&self, beginning: &str) -> bool {
        self.hub.is_heard(beginning)
    }

    /// Waits until everything that was published before is stored: the retained messages, and the
    /// queues of sessions that outlive their connection. Only then may a publisher forget what it
    /// published. Not for an async task.
    ///
    /// # Errors
    /// [`OutletError::Behind`] after `timeout` (the store fails or is slow; waiting again is
    /// allowed), [`OutletError::Stopped`].
    pub fn sync(&self, timeout: Duration) -> Result<(), OutletError> {
        self.hub.sync(timeout)
    }
}

fn published(message: Outgoing, properties: Bytes, now: Instant) -> Result<Published, OutletError> {
    if !topic_is_valid(&message.topic) {
        return Err(OutletError::Topic(message.topic));
    }
    if message.payload.len() > LARGEST_PAYLOAD {
        return Err(OutletError::Payload(message.payload.len()));
    }
    Ok(Published {
        topic: message.topic.into(),
        payload: message.payload,
        properties,
        qos: message.qos,
        retain: message.retain,
        expires: message.expiry.and_then(|after| now.checked_add(after)),
        origin: 0,
        number: 0,
    })
}

impl std::fmt::Debug for Outlet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outlet").finish_non_exhaustive()
    }
}

/// Who subscribes.
#[derive(Debug, Clone)]
pub(crate) struct Subscriber {
    /// Of the session: that of the connection, unless the session outlives it.
    pub number: u64,
    pub to: To,
}

/// A message as subscribers' connections hold it.
#[derive(Debug)]
pub(crate) struct Published {
    pub topic: Arc<str>,
    pub payload: Bytes,
    /// As they are written to version 5 subscribers.
    pub properties: Bytes,
    pub qos: Qos,
    pub retain: bool,
    pub expires: Option<Instant>,
    /// Number of the session that published it, 0 for the application.
    pub origin: u64,
    /// In the order of publishing, never used twice.
    pub number: u64,
}

impl Published {
    /// Seconds left as version 5 wants them; `None` if it never expires.
    pub fn expiry_s(&self, now: Instant) -> Option<u32> {
        let left = self.expires?.saturating_duration_since(now);
        Some(left.as_secs_f64().ceil() as u32)
    }

    pub fn is_expired(&self, now: Instant) -> bool {
        self.expires.is_some_and(|end| end <= now)
    }

    /// As a store keeps it.
    pub fn stored(&self) -> Arc<StoredMessage> {
        let left = self.expires.map(|end| end.saturating_duration_since(Instant::now()));
        Arc::new(StoredMessage {
            number: self.number,
            topic: self.topic.clone(),
            payload: self.payload.clone(),
            properties: self.properties.clone(),
            qos: self.qos,
            retain: self.retain,
            expires_at_ms: left.map(|left| unix_ms() + left.as_millis() as u64),
        })
    }

    /// From a store; the clock tells the same moment in both ways.
    pub fn restored(stored: &StoredMessage, (now, now_ms): (Instant, u64)) -> Self {
        let expires = stored.expires_at_ms.and_then(|end| {
            // what expired while the process was not there expires now
            now.checked_add(Duration::from_millis(end.saturating_sub(now_ms)))
        });
        Published {
            topic: stored.topic.clone(),
            payload: stored.payload.clone(),
            properties: stored.properties.clone(),
            qos: stored.qos,
            retain: stored.retain,
            expires,
            origin: 0,
            number: stored.number,
        }
    }

    #[cfg(test)]
    pub fn for_test(topic: &str, payload: &'static [u8]) -> Self {
        Published {
            topic: topic.into(),
            payload: Bytes::from_static(payload),
            properties: Bytes::new(),
            qos: Qos::AtLeastOnce,
            retain: false,
            expires: None,
            origin: 0,
            number: 0,
        }
    }
}
