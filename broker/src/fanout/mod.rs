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
//! Start at [`Hub::publish`]. Nothing a device sends comes through here.

mod envelope;
mod hub;
mod lane;
mod retained;
mod router;
mod tree;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

pub(crate) use hub::Hub;

use crate::topic::topic_is_valid;
use crate::wire::Qos;

/// A message of the application to subscribers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Where to: a legal topic.
    pub topic: String,
    /// What.
    pub payload: Bytes,
    /// Highest quality of service in which subscribers may get it; 2 is sent as 1.
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
}

/// Largest payload to publish: four-byte lengths of MQTT allow 256 MiB, memory does not.
const LARGEST_PAYLOAD: usize = 16 << 20;

impl Outlet {
    pub(crate) fn new(hub: Arc<Hub>) -> Self {
        Outlet { hub }
    }

    /// Publishes a batch in order: all of it or nothing. One call wakes the router once. It waits
    /// briefly when subscribers' lanes are far behind, so do not call it from an async task that
    /// must not be held up.
    ///
    /// # Errors
    /// See [`OutletError`]; nothing of the batch was published then.
    pub fn publish(&self, batch: Vec<Outgoing>) -> Result<(), OutletError> {
        for message in &batch {
            if !topic_is_valid(&message.topic) {
                return Err(OutletError::Topic(message.topic.clone()));
            }
            if message.payload.len() > LARGEST_PAYLOAD {
                return Err(OutletError::Payload(message.payload.len()));
            }
        }
        self.hub.publish(batch)
    }
}

impl std::fmt::Debug for Outlet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outlet").finish_non_exhaustive()
    }
}

/// A message as subscribers' connections hold it.
#[derive(Debug)]
pub(crate) struct Published {
    pub topic: Arc<str>,
    pub payload: Bytes,
    pub qos: Qos,
    pub retain: bool,
    pub expires: Option<Instant>,
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

    #[cfg(test)]
    pub fn for_test(topic: &str, payload: &'static [u8]) -> Self {
        Published {
            topic: topic.into(),
            payload: Bytes::from_static(payload),
            qos: Qos::AtLeastOnce,
            retain: false,
            expires: None,
        }
    }
}
