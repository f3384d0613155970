//! One lane: a link to the router and a share of the subscribers.
//!
//! It drains its link without ever waiting for a subscriber, so the router never falls behind.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use super::envelope::Content;
use super::hub::Hub;
use super::router::Tap;
use super::tree::{Leaf, To, Tree, copy};
use crate::mailbox::{Mailbox, Offered, Queued};
use crate::stats::Stats;

/// Deliveries after which a lane lets other tasks of its thread run.
const BREATH: usize = 256;

/// A share of the subscribers.
#[derive(Debug)]
pub(super) struct Lane {
    tree: RwLock<Tree>,
    done: AtomicU64,
}

impl Lane {
    /// The last sequence number that all its subscribers were offered.
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Acquire)
    }

    /// A lane that begins after this sequence number.
    pub fn after(sequence: u64) -> Self {
        Lane { tree: RwLock::default(), done: AtomicU64::new(sequence) }
    }

    /// Adds a subscription.
    pub fn insert(&self, filter: &str, leaf: Leaf) {
        let mut tree = self.tree.write().unwrap_or_else(PoisonError::into_inner);
        tree.insert(filter, leaf);
    }

    /// Removes a subscription.
    pub fn remove(&self, filter: &str, number: u64) {
        let mut tree = self.tree.write().unwrap_or_else(PoisonError::into_inner);
        tree.remove(filter, number);
    }

    /// Takes an envelope from the router, and what the router skipped before it. Answers how many
    /// subscribers were offered something.
    fn take(&self, hub: &Hub, envelope: &Bytes) -> usize {
        let Some((sequence, content)) = hub.epoch.read(envelope) else {
            return 0;
        };
        let done = self.done();
        if sequence <= done {
            return 0;
        }
        let mut offered = 0;
        if sequence > done + 1 {
            let missing = hub.missing(done + 1, sequence);
            hub.stats.router_gaps.add(missing.len() as u64);
            for envelope in missing {
                if let Some((_, content)) = hub.epoch.read(&envelope) {
                    offered += self.dispatch(content, &hub.stats);
                }
            }
        }
        offered += self.dispatch(content, &hub.stats);
        self.done.store(sequence, Ordering::Release);
        offered
    }

    fn dispatch(&self, content: Content, stats: &Stats) -> usize {
        let Content::Message(message) = content else {
            return 0;
        };
        let message = Arc::new(message);
        let tree = self.tree.read().unwrap_or_else(PoisonError::into_inner);
        let mut found = Vec::new();
        tree.find(&message.topic, &mut found);
        for same in found.chunk_by(|a, b| a.number == b.number) {
            if let (Some(queued), To::Connection(mailbox)) = (copy(same, &message), &same[0].to) {
                offer(mailbox, queued, stats);
            }
        }
        found.len()
    }
}

/// Gives a connection a message and counts what becomes of it.
pub(super) fn offer(mailbox: &Mailbox, queued: Queued, stats: &Stats) {
    match mailbox.offer(queued) {
        Offered::Taken => {}
        Offered::Dropped => stats.dropped_slow.add(1),
        Offered::Cut => stats.cut_slow.add(1),
    }
}

/// Drains the lane's link until told to stop, or until the router fails.
pub(super) async fn run(hub: Arc<Hub>, index: usize, mut tap: Tap, stop: CancellationToken) {
    loop {
        let next = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            next = tap.next() => next,
        };
        match next {
            Ok(envelope) => {
                if hub.lanes[index].take(&hub, &envelope) > BREATH {
                    tokio::task::yield_now().await;
                }
            }
            Err(error) => {
                tracing::warn!(%error, lane = index, "router link failed");
                hub.broken.notify_one();
                return;
            }
        }
    }
    tap.goodbye();
}
