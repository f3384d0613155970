//! A session that outlives its connection: its queue of QoS 1 and 2 messages.
//!
//! A message gets its packet identifier when it is queued, and is sent only once it is stored
//! with it. So after a crash the same identifier is used again, and a QoS 2 receiver recognises
//! what it already has.
//!
//! Policy when the queue is full: the oldest message that was not yet sent makes room, and is
//! counted. What is on its way is never dropped.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

use super::Session;
use crate::config::Limits;
use crate::fanout::Published;
use crate::mailbox::{Mailbox, Offered, Queued};
use crate::stats::Stats;
use crate::store::{Change, SessionKey, SessionState, StoredDelivery, Waiter, Writer};
use crate::wire::Qos;

#[derive(Debug)]
struct Entry {
    packet_id: u16,
    queued: Queued,
    sent: bool,
    released: bool,
}

/// What is to be written next.
#[derive(Debug)]
pub(crate) enum ToSend {
    Publish { packet_id: u16, dup: bool, queued: Queued },
    Release(u16),
}

#[derive(Default)]
struct Inner {
    mailbox: Option<Arc<Mailbox>>,
    parked: Option<Session>,
    discarded: bool,
    /// Grows with every connection.
    generation: u64,
    expiry_s: u32,
    ended_at_ms: u64,
    entries: BTreeMap<u64, Entry>,
    ids: HashMap<u16, u64>,
    bytes: usize,
    order: u64,
    last_id: u16,
    /// Stored up to here.
    ready_until: u64,
    /// Sent on this connection up to here.
    cursor: u64,
    in_flight: usize,
}

/// Sessions that were given something, and up to which place.
pub(crate) type Touched = Vec<(Arc<Durable>, u64)>;

/// A session that outlives its connection.
pub(crate) struct Durable {
    pub key: Arc<SessionKey>,
    /// Names it in the fan-out, whatever connection serves it.
    pub number: u64,
    /// Receipts of the application with lower numbers belong to a session before this one.
    pub receipts_from: u64,
    /// Told when a connection lets go of it, takes it, or it ends.
    pub changed: Notify,
    pub writer: Arc<Writer>,
    stats: Arc<Stats>,
    most_messages: usize,
    most_bytes: usize,
    inner: Mutex<Inner>,
}

impl Durable {
    pub fn new(
        key: Arc<SessionKey>,
        number: u64,
        receipts_from: u64,
        writer: Arc<Writer>,
        stats: Arc<Stats>,
        limits: &Limits,
    ) -> Self {
        // identifiers must suffice for all that may wait
        let most_messages = limits.session_messages.clamp(1, 60_000);
        Durable {
            key,
            number,
            receipts_from,
            changed: Notify::new(),
            writer,
            stats,
            most_messages,
            most_bytes: limits.session_bytes,
            inner: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Owes it a message. QoS 0 goes to a connected client or nowhere; the rest is queued, and the
    /// caller gives `changes` to the writer before anything else reaches this session.
    pub fn enqueue(self: &Arc<Self>, queued: Queued, changes: &mut Vec<Change>, touched: &mut Touched) {
        let mut inner = self.lock();
        if inner.discarded {
            return;
        }
        if queued.qos == Qos::AtMostOnce {
            if let Some(mailbox) = inner.mailbox.clone()
                && mailbox.offer(queued) != Offered::Taken
            {
                self.stats.dropped_slow.add(1);
            }
            return;
        }
        if !self.make_room(&mut inner, queued.message.payload.len(), changes) {
            self.stats.dropped_offline.add(1);
            return;
        }
        let packet_id = inner.free_id();
        inner.order += 1;
        let order = inner.order;
        changes.push(Change::Queued(
            self.key.clone(),
            StoredDelivery {
                order,
                packet_id,
                qos: queued.qos,
                retain: queued.retain,
                identifiers: queued.identifiers.clone(),
                sent: false,
                released: false,
                message: queued.message.stored(),
            },
        ));
        inner.insert(order, Entry { packet_id, queued, sent: false, released: false });
        self.stats.session_messages.add(1);
        drop(inner);
        match touched.iter_mut().rev().find(|(session, _)| Arc::ptr_eq(session, self)) {
            Some((_, last)) => *last = order,
            None => touched.push((self.clone(), order)),
        }
    }

    /// False if everything is on its way already.
    fn make_room(&self, inner: &mut Inner, size: usize, changes: &mut Vec<Change>) -> bool {
        while inner.entries.len() >= self.most_messages || inner.bytes + size > self.most_bytes {
            if inner.entries.is_empty() {
                // larger than the whole bound: alone it may wait
                return true;
            }
            let oldest = inner.entries.iter().find(|(order, entry)| !entry.sent && **order > inner.cursor);
            let Some(oldest) = oldest.map(|(_, entry)| entry.packet_id) else {
                return false;
            };
            inner.remove(oldest);
            self.stats.session_messages.sub(1);
            self.stats.dropped_offline.add(1);
            changes.push(Change::Done(self.key.clone(), oldest));
        }
        true
    }

    /// What was loaded from the store.
    pub fn restore(&self, delivery: StoredDelivery, message: Arc<Published>, sent: bool) {
        let mut inner = self.lock();
        let queued = Queued { message, qos: delivery.qos, retain: delivery.retain, identifiers: delivery.identifiers };
        inner.order = inner.order.max(delivery.order);
        inner.last_id = delivery.packet_id;
        inner.ready_until = inner.order;
        let (packet_id, released) = (delivery.packet_id, delivery.released);
        inner.insert(delivery.order, Entry { packet_id, queued, sent, released });
        self.stats.session_messages.add(1);
    }

    /// It is stored up to this place.
    pub fn ready(&self, order: u64) {
        let mut inner = self.lock();
        inner.ready_until = inner.ready_until.max(order);
        if let Some(mailbox) = inner.mailbox.clone() {
            drop(inner);
            mailbox.nudge();
        }
    }

    /// The next thing to write, if the client's window has room. Everything unacknowledged comes
    /// again, in its order, after each new connection.
    pub fn next(&self, window: usize) -> Option<ToSend> {
        let mut inner = self.lock();
        if inner.in_flight >= window || inner.discarded {
            return None;
        }
        let range = (Bound::Excluded(inner.cursor), Bound::Included(inner.ready_until));
        if inner.cursor >= inner.ready_until {
            return None;
        }
        let (order, entry) = inner.entries.range_mut(range).next()?;
        let order = *order;
        let next = if entry.released {
            ToSend::Release(entry.packet_id)
        } else {
            let dup = std::mem::replace(&mut entry.sent, true);
            ToSend::Publish { packet_id: entry.packet_id, dup, queued: entry.queued.clone() }
        };
        inner.cursor = order;
        inner.in_flight += 1;
        Some(next)
    }

    /// PUBACK, PUBCOMP, or a message that cannot be sent: nothing more is owed. True if it was.
    pub fn done(&self, packet_id: u16, qos: Option<Qos>) -> bool {
        let mut inner = self.lock();
        let Some(entry) = inner.entry(packet_id) else {
            return false;
        };
        if qos.is_some_and(|qos| qos != entry.queued.qos) {
            return false;
        }
        inner.remove(packet_id);
        inner.in_flight = inner.in_flight.saturating_sub(1);
        self.stats.session_messages.sub(1);
        self.writer.push([Change::Done(self.key.clone(), packet_id)], []);
        true
    }

    /// PUBREC: PUBREL may be written when the ticket is stored. `None` if nothing is on its way.
    pub fn release(&self, packet_id: u16, mailbox: &Arc<Mailbox>) -> Option<u64> {
        let mut inner = self.lock();
        let entry = inner.entry(packet_id).filter(|entry| entry.queued.qos == Qos::ExactlyOnce)?;
        let first = !std::mem::replace(&mut entry.released, true);
        let change = first.then(|| Change::Released(self.key.clone(), packet_id));
        Some(self.writer.ticket(change, mailbox))
    }

    /// Gives changes to the writer, with who waits for them, unless the session has been discarded.
    pub fn store(&self, changes: Vec<Change>, waiters: Vec<Waiter>) {
        let inner = self.lock();
        if !inner.discarded {
            self.writer.push(changes, waiters);
        }
    }

    /// Gives changes to the writer unless the session has been discarded; answers the ticket.
    pub fn change(&self, changes: Vec<Change>, mailbox: &Arc<Mailbox>) -> u64 {
        let inner = self.lock();
        let changes = if inner.discarded { Vec::new() } else { changes };
        self.writer.ticket(changes, mailbox)
    }

    /// A connection takes it over; `None` while another one still has it, or after its end.
    pub fn attach(&self, mailbox: &Arc<Mailbox>, expiry_s: u32) -> Option<Session> {
        let mut inner = self.lock();
        let session = inner.parked.take()?;
        inner.mailbox = Some(mailbox.clone());
        inner.generation += 1;
        inner.expiry_s = expiry_s;
        inner.cursor = 0;
        inner.in_flight = 0;
        self.save(&inner);
        drop(inner);
        self.changed.notify_waiters();
        Some(session)
    }

    /// The first connection. What comes is told when the session is stored: only then may its client count on it.
    pub fn begin(&self, mailbox: &Arc<Mailbox>, expiry_s: u32) -> oneshot::Receiver<()> {
        let mut inner = self.lock();
        inner.mailbox = Some(mailbox.clone());
        inner.generation = 1;
        inner.expiry_s = expiry_s;
        self.save(&inner);
        let (told, stored) = oneshot::channel();
        self.writer.push([], [Waiter::Greeting(told)]);
        stored
    }

    /// Nobody is connected any more: it waits with its contents. Answers the generation that ends,
    /// or gives the session back if it was discarded meanwhile.
    pub fn park(&self, session: Session, expiry_s: u32, now_ms: u64) -> Result<u64, Session> {
        let mut inner = self.lock();
        if inner.discarded {
            return Err(session);
        }
        inner.mailbox = None;
        inner.parked = Some(session);
        inner.expiry_s = expiry_s;
        inner.ended_at_ms = now_ms;
        let sent: Vec<u16> = inner.entries.values().filter(|e| e.sent).map(|e| e.packet_id).collect();
        let sent = (!sent.is_empty()).then(|| Change::Sent(self.key.clone(), sent));
        self.writer.push(sent, []);
        self.save(&inner);
        let generation = inner.generation;
        drop(inner);
        self.changed.notify_waiters();
        Ok(generation)
    }

    fn save(&self, inner: &Inner) {
        let state = SessionState {
            connected: inner.mailbox.is_some(),
            expiry_s: inner.expiry_s,
            ended_at_ms: inner.ended_at_ms,
            receipts_from: self.receipts_from,
        };
        self.writer.push([Change::Session(self.key.clone(), state)], []);
    }

    /// It ends, with all it holds; answers what was parked.
    pub fn discard(&self) -> Option<Session> {
        self.drop_all(self.lock())
    }

    /// The same if it has waited longer than it may.
    pub fn discard_expired(&self, now_ms: u64) -> Option<Session> {
        let inner = self.lock();
        let end = inner.ended_at_ms.saturating_add(u64::from(inner.expiry_s) * 1000);
        let expired = inner.parked.is_some() && inner.expiry_s != u32::MAX && end <= now_ms;
        if expired { self.drop_all(inner) } else { None }
    }

    fn drop_all(&self, mut inner: MutexGuard<'_, Inner>) -> Option<Session> {
        if !inner.discarded {
            self.writer.push([Change::Removed(self.key.clone())], []);
        }
        self.stats.session_messages.sub(inner.entries.len() as u64);
        let parked = inner.parked.take();
        *inner = Inner { discarded: true, ..Inner::default() };
        drop(inner);
        self.changed.notify_waiters();
        parked
    }

    /// Has a connection come, or the session ended, since this generation was parked?
    pub fn since(&self, generation: u64) -> Since {
        let inner = self.lock();
        match (inner.discarded, inner.generation == generation) {
            (true, _) => Since::Ended,
            (false, true) => Since::Waiting,
            (false, false) => Since::Resumed,
        }
    }

    /// Is a client connected?
    pub fn is_connected(&self) -> bool {
        self.lock().mailbox.is_some()
    }
}

/// What has become of a parked session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Since {
    Waiting,
    Resumed,
    Ended,
}

impl Inner {
    fn entry(&mut self, packet_id: u16) -> Option<&mut Entry> {
        let order = self.ids.get(&packet_id)?;
        // what was never sent cannot be acknowledged
        self.entries.get_mut(order).filter(|entry| entry.sent)
    }

    fn insert(&mut self, order: u64, entry: Entry) {
        self.bytes += entry.queued.message.payload.len();
        self.ids.insert(entry.packet_id, order);
        self.entries.insert(order, entry);
    }

    fn remove(&mut self, packet_id: u16) {
        if let Some(order) = self.ids.remove(&packet_id)
            && let Some(entry) = self.entries.remove(&order)
        {
            self.bytes -= entry.queued.message.payload.len();
        }
        if self.entries.is_empty() && self.ids.capacity() > 64 {
            self.ids = HashMap::new();
        }
    }

    fn free_id(&mut self) -> u16 {
        loop {
            self.last_id = self.last_id.checked_add(1).unwrap_or(1);
            if !self.ids.contains_key(&self.last_id) {
                return self.last_id;
            }
        }
    }
}

impl std::fmt::Debug for Durable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Durable").field("key", &self.key).finish_non_exhaustive()
    }
}
