//! The one place from which other threads reach a connection: settled acknowledgements, messages
//! for a subscriber, and orders to close.
//!
//! Everything that arrives between two runs of the connection costs one wake-up. Nothing here
//! blocks; a queue that is full answers so, and the sender acts on it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::sync::mpsc;

use crate::fanout::Published;
use crate::intake::Rejection;
use crate::wire::{Qos, Reason};

/// A Delivery that the application has answered.
#[derive(Debug)]
pub(crate) struct Settled {
    pub ticket: u64,
    /// By packet identifier.
    pub rejections: Vec<(u16, Rejection)>,
}

/// A message on its way to a subscriber.
#[derive(Debug, Clone)]
pub(crate) struct Queued {
    pub message: Arc<Published>,
    pub qos: Qos,
    pub retain: bool,
    /// Subscription identifiers.
    pub identifiers: Vec<u32>,
}

/// An order to the connection.
#[derive(Debug, Clone)]
pub(crate) enum Order {
    /// Read what the socket still holds, then read no more; drop the sender when done.
    Drain(mpsc::Sender<()>),
    /// Close once outstanding acknowledgements are written.
    Finish,
    /// Close now with this reason.
    Close(Reason, &'static str),
}

/// What [`Mailbox::poll`] brought.
#[derive(Debug, Default)]
pub(crate) struct Mail {
    pub settled: Vec<Settled>,
    pub queued: VecDeque<Queued>,
    pub order: Option<Order>,
    /// What waits for a ticket up to this one is stored.
    pub stored: u64,
    /// The session has something to send.
    pub nudged: bool,
}

/// Did a message fit?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offered {
    Taken,
    /// Full, and the message may be dropped.
    Dropped,
    /// Full, and the message may not be dropped: the connection was told to close.
    Cut,
}

#[derive(Debug, Default)]
struct Inner {
    mail: Mail,
    queued_bytes: usize,
    closed: bool,
    waker: Option<Waker>,
}

/// The letter box of one connection.
#[derive(Debug)]
pub(crate) struct Mailbox {
    inner: Mutex<Inner>,
    messages: usize,
    bytes: usize,
}

impl Mailbox {
    /// A mailbox whose queue to the subscriber is bounded in messages and payload bytes.
    pub fn new(messages: usize, bytes: usize) -> Self {
        Mailbox { inner: Mutex::default(), messages, bytes }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A Delivery was acknowledged.
    pub fn settle(&self, settled: Settled) {
        let mut inner = self.lock();
        inner.mail.settled.push(settled);
        wake(inner);
    }

    /// Everything up to this ticket is stored.
    pub fn stored(&self, ticket: u64) {
        let mut inner = self.lock();
        inner.mail.stored = inner.mail.stored.max(ticket);
        wake(inner);
    }

    /// The session has something to send.
    pub fn nudge(&self) {
        let mut inner = self.lock();
        inner.mail.nudged = true;
        wake(inner);
    }

    /// Would a message of this size fit?
    pub fn has_room(&self, size: usize) -> bool {
        let inner = self.lock();
        !inner.closed && !self.is_full(&inner, size)
    }

    fn is_full(&self, inner: &Inner, size: usize) -> bool {
        inner.mail.queued.len() >= self.messages
            || (inner.queued_bytes + size > self.bytes && !inner.mail.queued.is_empty())
    }

    /// Gives an order. A later and stronger one replaces an earlier one.
    pub fn order(&self, order: Order) {
        let mut inner = self.lock();
        if !matches!(inner.mail.order, Some(Order::Close(..))) {
            inner.mail.order = Some(order);
        }
        wake(inner);
    }

    /// Offers a message to the subscriber.
    pub fn offer(&self, queued: Queued) -> Offered {
        let mut inner = self.lock();
        if inner.closed {
            return Offered::Dropped;
        }
        let size = queued.message.payload.len();
        if !self.is_full(&inner, size) {
            inner.queued_bytes += size;
            inner.mail.queued.push_back(queued);
            wake(inner);
            return Offered::Taken;
        }
        if queued.qos == Qos::AtMostOnce {
            return Offered::Dropped;
        }
        inner.closed = true;
        inner.mail.queued = VecDeque::new();
        inner.mail.order = Some(Order::Close(Reason::QUOTA_EXCEEDED, "reads too slowly for what it subscribed to"));
        wake(inner);
        Offered::Cut
    }

    /// Takes what has come. Messages are left in their bounded queue unless `room` says that the
    /// connection can write them.
    pub fn poll(&self, context: &Context<'_>, room: bool) -> Poll<Mail> {
        let mut inner = self.lock();
        let mut mail = Mail {
            settled: std::mem::take(&mut inner.mail.settled),
            queued: VecDeque::new(),
            order: inner.mail.order.take(),
            stored: std::mem::take(&mut inner.mail.stored),
            nudged: std::mem::take(&mut inner.mail.nudged),
        };
        if room {
            mail.queued = std::mem::take(&mut inner.mail.queued);
            inner.queued_bytes = 0;
        }
        let letters = mail.stored > 0 || mail.nudged || mail.order.is_some();
        if mail.settled.is_empty() && mail.queued.is_empty() && !letters {
            match &mut inner.waker {
                Some(waker) if waker.will_wake(context.waker()) => {}
                waker => *waker = Some(context.waker().clone()),
            }
            return Poll::Pending;
        }
        Poll::Ready(mail)
    }

    /// The connection is gone: nothing more is kept for it.
    pub fn shut(&self) {
        let mut inner = self.lock();
        *inner = Inner { closed: true, ..Inner::default() };
    }
}

fn wake(mut inner: MutexGuard<'_, Inner>) {
    if let Some(waker) = inner.waker.take() {
        drop(inner);
        waker.wake();
    }
}
