//! What clients publish to each other, as far as the application routes it here.
//!
//! It comes through a feed of its own, like the one of the application, so a full one stops the
//! reading of sockets; one thread takes it, because publishing may wait for slow lanes or a slow
//! store. The publisher is acknowledged when everything its message owes to others is stored.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use super::{Hub, OutletError, Published};
use crate::intake::{Ack, Delivery, Intake, Message, Rejection};
use crate::store::Change;
use crate::wire::{self, Qos, Reason};

/// How often it looks whether it should end.
const LOOK: Duration = Duration::from_millis(100);

/// Publishes what clients send, until `stop`.
pub(crate) fn carry(mut feed: Intake, hub: &Hub, stop: &CancellationToken) {
    while !stop.is_cancelled() {
        if let Some(delivery) = feed.recv_blocking(LOOK) {
            publish(delivery, hub, stop);
        }
    }
}

fn publish(delivery: Delivery, hub: &Hub, stop: &CancellationToken) {
    let now = Instant::now();
    let received = received(&delivery);
    let Delivery { messages, ack, origin, .. } = delivery;
    let batch: Vec<_> =
        messages.into_iter().map(|message| (message.packet_id, published(message, origin, now))).collect();
    let all = batch.iter().map(|(_, message)| message.copied()).collect();
    match patiently(hub, all, received.clone(), vec![ack], stop) {
        Ok(()) => {}
        Err((OutletError::RetainedFull(_), mut acks)) => {
            // one by one, so that only those are refused which do not fit
            for (packet_id, message) in batch {
                if let Err((error, _)) = patiently(hub, vec![message], Vec::new(), Vec::new(), stop) {
                    let rejection = Rejection { reason: Reason::QUOTA_EXCEEDED, text: error.to_string() };
                    acks.iter_mut().for_each(|ack| ack.reject(packet_id, rejection.clone()));
                }
            }
            let _ = patiently(hub, Vec::new(), received, acks, stop);
        }
        // the dropped acknowledgement closes the connection: the client sends again
        Err(_) => {}
    }
}

/// Lanes or a store that are behind hold the publisher up; they do not make it lose anything.
fn patiently(
    hub: &Hub,
    batch: Vec<Published>,
    changes: Vec<Change>,
    mut acks: Vec<Ack>,
    stop: &CancellationToken,
) -> Result<(), (OutletError, Vec<Ack>)> {
    loop {
        let again = batch.iter().map(Published::copied).collect();
        match hub.publish_storing(again, changes.clone(), acks) {
            Err((OutletError::Behind, back)) if !stop.is_cancelled() => acks = back,
            result => return result,
        }
    }
}

/// The QoS 2 identifiers that must become durable with the messages.
fn received(delivery: &Delivery) -> Vec<Change> {
    let Some(session) = &delivery.session else {
        return Vec::new();
    };
    let exactly_once = delivery.messages.iter().filter(|m| m.qos == Qos::ExactlyOnce && m.packet_id != 0);
    exactly_once.map(|m| Change::Received(session.clone(), m.packet_id)).collect()
}

fn published(message: Message, origin: u64, now: Instant) -> Published {
    let expiry_s = message.properties.as_ref().and_then(|properties| properties.expiry_s);
    Published {
        topic: message.topic,
        // what was read from the socket may be much larger than this message
        payload: Bytes::copy_from_slice(&message.payload),
        properties: message.properties.as_deref().map(wire::forwarded).unwrap_or_default(),
        qos: message.qos,
        retain: message.retain,
        expires: expiry_s.and_then(|seconds| now.checked_add(Duration::from_secs(seconds.into()))),
        origin,
        number: 0,
    }
}

impl Published {
    fn copied(&self) -> Self {
        Published {
            topic: Arc::clone(&self.topic),
            payload: self.payload.clone(),
            properties: self.properties.clone(),
            ..*self
        }
    }
}
