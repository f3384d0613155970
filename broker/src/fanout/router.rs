//! rumqttd's router and the links to it. The only file that knows rumqttd.
//!
//! Its traps, and what avoids them here:
//! * it panics on odd topics: it sees one constant topic and one constant filter;
//! * link identifiers must never repeat: a process-wide counter;
//! * `LinkBuilder::build` blocks: [`open`] is for a blocking thread;
//! * a late `ready()` after Disconnect panics it: a lane ends before its link says goodbye;
//! * a dropped link leaks its slot unless it says Disconnect: [`Inlet::goodbye`];
//! * each filter owns a log of segments: there is one filter, with small segments;
//! * it makes a span for each packet: set `rumqttd=off` in the tracing filter;
//! * it has no way to be stopped: a replaced router's thread stays parked in `recv` with what its
//!   segments hold (at most 16 MiB). Rebuilds are rare and counted.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use rumqttd::local::{LinkBuilder, LinkError, LinkRx, LinkTx};
use rumqttd::protocol::{Disconnect, DisconnectReasonCode, Packet, Publish};
use rumqttd::{Notification, Router, RouterConfig};

/// The only topic the router ever sees.
const TOPIC: &str = "bongsu";
/// Small, so that a router that nobody drains holds little.
const SEGMENT_BYTES: usize = 4 << 20;
const SEGMENTS: usize = 4;
/// Messages the router hands to a link at once; more only delays the other links.
const OUTGOING: u64 = 200;

static LINKS: AtomicU64 = AtomicU64::new(0);

/// The router does not answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RouterError {
    /// A link failed.
    #[error("failed to reach the router: {0}")]
    Link(String),
    /// It answered something else than expected.
    #[error("router answered a subscription with something else")]
    Odd,
}

/// A running router: the way in, and a way out for each lane.
pub(super) struct Links {
    pub inlet: Inlet,
    pub lanes: Vec<Tap>,
}

/// Starts a router with `lanes` ways out. Blocks.
pub(super) fn open(lanes: usize) -> Result<Links, RouterError> {
    let config = RouterConfig {
        // the links below and none else
        max_connections: lanes + 1,
        max_outgoing_packet_count: OUTGOING,
        max_segment_size: SEGMENT_BYTES,
        max_segment_count: SEGMENTS,
        ..RouterConfig::default()
    };
    let router = Router::new(0, config).spawn();
    let name = || format!("link~{}", LINKS.fetch_add(1, Ordering::Relaxed));
    let lanes = (0..lanes)
        .map(|_| {
            let (tx, rx, _) = LinkBuilder::new(&name(), router.clone()).build()?;
            Tap::subscribe(tx, rx)
        })
        .collect::<Result<_, _>>()?;
    // the publisher last: whatever it says, every lane has subscribed
    let (tx, rx, _) = LinkBuilder::new(&name(), router).build()?;
    let inlet = Inlet { tx, _rx: rx };
    Ok(Links { inlet, lanes })
}

impl From<LinkError> for RouterError {
    fn from(error: LinkError) -> Self {
        // the error carries the whole packet that was not sent
        RouterError::Link(error.to_string())
    }
}

/// The way into the router.
pub(super) struct Inlet {
    tx: LinkTx,
    _rx: LinkRx,
}

impl Inlet {
    /// Hands over a batch with one wake-up.
    pub fn send(&mut self, mut batch: Vec<Bytes>) -> Result<(), RouterError> {
        let Some(last) = batch.pop() else {
            return Ok(());
        };
        if !batch.is_empty() {
            let packets = batch.into_iter().map(|payload| {
                let publish = Publish::new(Bytes::from_static(TOPIC.as_bytes()), payload, false);
                Packet::Publish(publish, None)
            });
            self.tx.buffer().extend(packets);
        }
        self.tx.publish(Bytes::from_static(TOPIC.as_bytes()), last)?;
        Ok(())
    }

    /// Leaves the router.
    pub fn goodbye(mut self) {
        goodbye(&mut self.tx);
    }

    /// A topic that panics the router.
    #[cfg(test)]
    pub fn poison(&mut self) {
        let _ = self.tx.publish("é/x", "x");
    }
}

/// A lane's way out of the router.
pub(super) struct Tap {
    tx: LinkTx,
    rx: LinkRx,
}

impl Tap {
    fn subscribe(mut tx: LinkTx, mut rx: LinkRx) -> Result<Self, RouterError> {
        tx.subscribe(TOPIC)?;
        // the SUBACK: from here on nothing is missed
        loop {
            match rx.recv()? {
                Some(Notification::DeviceAck(_)) => return Ok(Tap { tx, rx }),
                Some(Notification::Unschedule) => rx.ready()?,
                Some(_) => return Err(RouterError::Odd),
                None => {}
            }
        }
    }

    /// The next envelope.
    pub async fn next(&mut self) -> Result<Bytes, RouterError> {
        loop {
            match self.rx.next().await? {
                Some(Notification::Forward(forward)) => return Ok(forward.publish.payload),
                Some(Notification::Unschedule) => self.rx.wake().await?,
                Some(_) | None => {}
            }
        }
    }

    /// Leaves the router; nothing is asked of it afterwards.
    pub fn goodbye(mut self) {
        goodbye(&mut self.tx);
    }
}

fn goodbye(tx: &mut LinkTx) {
    let packet = Disconnect { reason_code: DisconnectReasonCode::NormalDisconnection };
    tx.buffer().push_back(Packet::Disconnect(packet, None));
    // any packet wakes the router; it stops reading this link at the Disconnect before it
    let _ = tx.try_publish(Bytes::from_static(TOPIC.as_bytes()), Bytes::new());
}
