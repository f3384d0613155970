//! The only feed of device messages: bounded, in order for each connection, and losing nothing.
//!
//! A connection puts in everything that one socket read brought as one [`Delivery`]; the
//! application takes it from an ordinary thread, commits, and acknowledges. When the feed is full
//! the connection waits for room and does not read its socket meanwhile.
//!
//! It must not drop a message and must not know what is in one.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rumqttc::{Publish, QoS};
use tokio::sync::{Notify, Semaphore, mpsc};

use crate::authority::Identity;
use crate::mailbox::{Mailbox, Order, Settled};
use crate::stats::{Counter, Stats};
use crate::store::{Receipt, SessionKey};
use crate::wire::{Properties, Qos, Reason};

/// One message of a device.
#[derive(Debug, Clone)]
pub struct Message {
    /// Topic, already allowed by [`Authority::may_publish`](crate::Authority::may_publish).
    pub topic: Arc<str>,
    /// A slice of what was read from the socket: copy it if it is to be kept for long.
    pub payload: Bytes,
    /// Quality of service.
    pub qos: Qos,
    /// Retain flag.
    pub retain: bool,
    /// Sent before, says the device.
    pub dup: bool,
    /// The last will of a connection that ended without DISCONNECT.
    pub is_will: bool,
    /// Identifier within the connection; 0 for QoS 0.
    pub packet_id: u16,
    /// Properties of version 5, if any were sent.
    pub properties: Option<Box<Properties>>,
}

/// Why the application refuses one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// Told to version 5 devices, e.g. [`Reason::PAYLOAD_FORMAT_INVALID`].
    pub reason: Reason,
    /// Reason string: what is wrong and what to write instead.
    pub text: String,
}

/// Everything one socket read brought, in order.
#[derive(Debug)]
pub struct Delivery {
    /// Who sent it.
    pub from: Arc<Identity>,
    /// By which client identifier.
    pub client_id: Arc<str>,
    /// The messages in the order they came.
    pub messages: Vec<Message>,
    /// The promise to answer.
    pub ack: Ack,
    /// Its session, if that outlives the connection.
    pub(crate) session: Option<Arc<SessionKey>>,
    /// Number of the session in the fan-out.
    pub(crate) origin: u64,
    /// Number of its receipts.
    pub(crate) receipt: u64,
    /// A rejection ends the exchange of a QoS 2 message (version 5).
    pub(crate) refusable: bool,
}

impl Delivery {
    /// The messages are durable: the connection writes every acknowledgement in order.
    pub fn acknowledge(self) {
        self.ack.acknowledge();
    }

    /// Receipts of the QoS 2 messages of a session that outlives its connection: what the
    /// application stores *in the same commit as the messages*, so that none of them comes twice
    /// although the door restarts. Keep the latest receipt for each session and packet identifier,
    /// and hand all of them back in [`DoorConfig::receipts`](crate::DoorConfig::receipts).
    ///
    /// Call it after the last [`Delivery::reject`]: a version 5 client reuses the identifier of a
    /// refused message at once.
    pub fn receipts(&self) -> impl Iterator<Item = Receipt> + '_ {
        let rejected = |id: u16| self.refusable && self.ack.rejections.iter().any(|(rejected, _)| *rejected == id);
        let messages = self.messages.iter().filter(move |message| {
            message.qos == Qos::ExactlyOnce && message.packet_id != 0 && !rejected(message.packet_id)
        });
        self.session.iter().flat_map(move |session| {
            messages.clone().map(|message| Receipt {
                session: (**session).clone(),
                packet_id: message.packet_id,
                number: self.receipt,
            })
        })
    }

    /// Answers the message at `index` with a reason when the rest is acknowledged. It is then not
    /// sent again: count it. Version 3.1.1 devices get an ordinary acknowledgement.
    pub fn reject(&mut self, index: usize, rejection: Rejection) {
        if let Some(message) = self.messages.get(index) {
            self.ack.reject(message.packet_id, rejection);
        }
    }
}

/// The promise to answer a [`Delivery`]. Dropped without [`Ack::acknowledge`], it closes the
/// connection, so that the device sends again what was not acknowledged.
#[derive(Debug)]
pub struct Ack {
    to: Taker,
    rejections: Vec<(u16, Rejection)>,
    open: bool,
}

/// Who waits for an answer.
#[derive(Debug)]
enum Taker {
    /// A connection, for the Delivery of this ticket.
    Connection(Arc<Mailbox>, u64),
    /// The remote broker, for one message. It knows no reasons, and sends again what is not acknowledged.
    Remote(mpsc::UnboundedSender<Publish>, Box<Publish>),
}

impl Ack {
    /// `awaited` is false when nothing in the Delivery wants an acknowledgement.
    pub(crate) fn new(mailbox: Arc<Mailbox>, ticket: u64, awaited: bool) -> Self {
        Ack { to: Taker::Connection(mailbox, ticket), rejections: Vec::new(), open: awaited }
    }

    /// A message of the remote broker.
    pub(crate) fn remote(settled: mpsc::UnboundedSender<Publish>, publish: Publish) -> Self {
        let open = publish.qos != QoS::AtMostOnce;
        Ack { to: Taker::Remote(settled, Box::new(publish)), rejections: Vec::new(), open }
    }

    /// The messages are durable: one wake-up of the connection, which writes every PUBACK and
    /// PUBREC in order.
    pub fn acknowledge(mut self) {
        if !std::mem::take(&mut self.open) {
            return;
        }
        let rejections = std::mem::take(&mut self.rejections);
        match &self.to {
            Taker::Connection(mailbox, ticket) => mailbox.settle(Settled { ticket: *ticket, rejections }),
            // The connection may be gone; then it comes again.
            Taker::Remote(settled, publish) => drop(settled.send((**publish).clone())),
        }
    }

    /// Answers one message, by packet identifier, with a reason.
    pub fn reject(&mut self, packet_id: u16, rejection: Rejection) {
        if packet_id != 0 {
            self.rejections.push((packet_id, rejection));
        }
    }
}

impl Drop for Ack {
    fn drop(&mut self) {
        if let (true, Taker::Connection(mailbox, _)) = (self.open, &self.to) {
            mailbox.order(Order::Close(Reason::IMPLEMENTATION_SPECIFIC, "not stored: send again"));
        }
    }
}

/// Bytes that weigh as much as one more message in the bound.
const BYTES_A_MESSAGE: usize = 1024;

#[derive(Debug)]
struct Waiting {
    delivery: Delivery,
    weight: u32,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    receiver_sleeps: bool,
    receiver_gone: bool,
}

/// Both ends of the feed.
#[derive(Debug)]
pub(crate) struct Feed {
    queue: Mutex<Queue>,
    arrived: Condvar,
    arrived_async: Notify,
    room: Arc<Semaphore>,
    capacity: u32,
    stats: Arc<Stats>,
    of: fn(&Stats) -> (&Counter, &Counter),
}

/// The application no longer takes messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the application has stopped taking messages")]
pub(crate) struct Gone;

impl Feed {
    /// `of` chooses its counters: how deep it is, and how often it was full.
    pub fn new(capacity: usize, stats: Arc<Stats>, of: fn(&Stats) -> (&Counter, &Counter)) -> Arc<Self> {
        // below the semaphore's own limit on every platform
        let capacity = capacity.clamp(1, u32::MAX as usize >> 4) as u32;
        Arc::new(Feed {
            queue: Mutex::default(),
            arrived: Condvar::new(),
            arrived_async: Notify::new(),
            room: Arc::new(Semaphore::new(capacity as usize)),
            capacity,
            stats,
            of,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How much of the bound a Delivery takes: never more than all of it.
    pub fn weight(&self, messages: &[Message]) -> u32 {
        let bytes: usize = messages.iter().map(|m| m.payload.len()).sum();
        let weight = messages.len() + bytes / BYTES_A_MESSAGE;
        weight.min(self.capacity as usize) as u32
    }

    /// Puts it in if there is room, else gives it back.
    #[expect(clippy::result_large_err, reason = "it is given back to be put in later, not an error to carry upwards")]
    pub fn try_put(&self, delivery: Delivery, weight: u32) -> Result<(), Delivery> {
        match self.room.try_acquire_many(weight) {
            Ok(permit) => {
                permit.forget();
                self.put(delivery, weight);
                Ok(())
            }
            Err(_) => {
                (self.of)(&self.stats).1.add(1);
                Err(delivery)
            }
        }
    }

    /// Waits for room and takes it; [`Feed::put`] must follow.
    pub async fn reserve(self: Arc<Self>, weight: u32) -> Result<(), Gone> {
        match self.room.acquire_many(weight).await {
            Ok(permit) => {
                permit.forget();
                Ok(())
            }
            Err(_) => Err(Gone),
        }
    }

    /// Puts in what room was taken for.
    pub fn put(&self, delivery: Delivery, weight: u32) {
        (self.of)(&self.stats).0.add(delivery.messages.len() as u64);
        let mut queue = self.lock();
        if queue.receiver_gone {
            return;
        }
        queue.waiting.push_back(Waiting { delivery, weight });
        let wake = std::mem::take(&mut queue.receiver_sleeps);
        drop(queue);
        if wake {
            self.arrived.notify_one();
            self.arrived_async.notify_one();
        }
    }

    fn taken(&self, waiting: Waiting) -> Delivery {
        self.room.add_permits(waiting.weight as usize);
        let count = waiting.delivery.messages.len() as u64;
        (self.of)(&self.stats).0.sub(count);
        waiting.delivery
    }
}

/// The application's end of the feed. Dropping it closes every connection that sends.
#[derive(Debug)]
pub struct Intake {
    feed: Arc<Feed>,
}

impl Intake {
    pub(crate) fn new(feed: Arc<Feed>) -> Self {
        Intake { feed }
    }

    /// The next Delivery, if one is there.
    pub fn try_recv(&mut self) -> Option<Delivery> {
        let waiting = self.feed.lock().waiting.pop_front()?;
        Some(self.feed.taken(waiting))
    }

    /// The next Delivery, waiting at most `timeout`. For an ordinary thread, not for a task.
    pub fn recv_blocking(&mut self, timeout: Duration) -> Option<Delivery> {
        let deadline = Instant::now() + timeout;
        let mut queue = self.feed.lock();
        loop {
            if let Some(waiting) = queue.waiting.pop_front() {
                drop(queue);
                return Some(self.feed.taken(waiting));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            queue.receiver_sleeps = true;
            queue = self.feed.arrived.wait_timeout(queue, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The next Delivery, however long it takes.
    pub async fn recv(&mut self) -> Delivery {
        loop {
            {
                let mut queue = self.feed.lock();
                if let Some(waiting) = queue.waiting.pop_front() {
                    drop(queue);
                    return self.feed.taken(waiting);
                }
                queue.receiver_sleeps = true;
            }
            self.feed.arrived_async.notified().await;
        }
    }

    /// Messages that wait now.
    pub fn depth(&self) -> usize {
        (self.feed.of)(&self.feed.stats).0.get() as usize
    }
}

impl Drop for Intake {
    fn drop(&mut self) {
        let mut queue = self.feed.lock();
        queue.receiver_gone = true;
        let left = std::mem::take(&mut queue.waiting);
        drop(queue);
        self.feed.room.close();
        drop(left);
    }
}
