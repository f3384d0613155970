//! Every session that outlives its connection, by name: found, begun, resumed, parked, ended.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::oneshot;

use super::{Durable, Session, holder};
use crate::authority::Denial;
use crate::config::Limits;
use crate::fanout::{Hub, Published, Subscriber, To};
use crate::mailbox::Mailbox;
use crate::stats::Stats;
use crate::store::{Receipt, SessionKey, StoredSession, Writer};
use crate::wire::Reason;

type ByKey = HashMap<Arc<SessionKey>, Arc<Durable>>;

/// All of them.
pub(crate) struct Sessions {
    by_key: Mutex<ByKey>,
    hub: Arc<Hub>,
    writer: Arc<Writer>,
    stats: Arc<Stats>,
    limits: Limits,
    receipts: AtomicU64,
}

/// What a CONNECT wants.
pub(crate) struct Wanted<'a> {
    pub key: &'a SessionKey,
    pub number: u64,
    pub clean_start: bool,
    /// 0: the session ends with the connection.
    pub expiry_s: u32,
    pub mailbox: &'a Arc<Mailbox>,
}

/// What it gets.
pub(crate) struct Attached {
    pub session: Session,
    pub durable: Option<Arc<Durable>>,
    /// The session was there before.
    pub present: bool,
}

/// How many sessions were loaded: their numbers are taken.
pub(crate) struct Loaded(pub u64);

impl Sessions {
    pub fn new(hub: Arc<Hub>, writer: Arc<Writer>, stats: Arc<Stats>, limits: Limits) -> Self {
        Sessions { by_key: Mutex::default(), hub, writer, stats, limits, receipts: AtomicU64::new(1) }
    }

    fn lock(&self) -> MutexGuard<'_, ByKey> {
        self.by_key.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A number for a Delivery, larger than any before.
    pub fn receipt(&self) -> u64 {
        self.receipts.fetch_add(1, Ordering::Relaxed)
    }

    /// Takes over what the store held and what the application's receipts say.
    pub fn load(&self, stored: Vec<StoredSession>, receipts: Vec<Receipt>) -> Loaded {
        let mut known: HashMap<SessionKey, Vec<(u16, u64)>> = HashMap::new();
        let mut last = 0;
        for receipt in receipts {
            last = last.max(receipt.number);
            known.entry(receipt.session).or_default().push((receipt.packet_id, receipt.number));
        }
        let now_ms = unix_ms();
        let mut count = 0;
        for session in stored {
            count += 1;
            last = last.max(session.state.receipts_from);
            last = last.max(session.completed.iter().map(|(_, number)| *number).max().unwrap_or(0));
            let receipts = known.remove(&session.key).unwrap_or_default();
            self.restore(session, receipts, count, now_ms);
        }
        self.receipts.store(last + 1, Ordering::Relaxed);
        Loaded(count)
    }

    fn restore(&self, stored: StoredSession, receipts: Vec<(u16, u64)>, number: u64, now_ms: u64) {
        let mut session = Session::default();
        for id in stored.received {
            session.received.insert(id, holder::FAN_OUT);
        }
        let completed: HashMap<u16, u64> = stored.completed.into_iter().collect();
        for (id, number) in receipts {
            if number >= stored.state.receipts_from && completed.get(&id).is_none_or(|done| number > *done) {
                *session.received.entry(id).or_default() |= holder::INTAKE;
            }
        }
        let key = Arc::new(stored.key);
        let from = stored.state.receipts_from;
        let (writer, stats) = (self.writer.clone(), self.stats.clone());
        let durable = Arc::new(Durable::new(key.clone(), number, from, writer, stats, &self.limits));
        let mut deliveries = stored.deliveries;
        deliveries.sort_by_key(|delivery| delivery.order);
        let clock = (Instant::now(), now_ms);
        for delivery in deliveries {
            let message = Arc::new(Published::restored(&delivery.message, clock));
            // the process may have ended before it could say what it had sent
            let sent = delivery.sent || stored.state.connected;
            durable.restore(delivery, message, sent);
        }
        for subscription in &stored.subscriptions {
            self.hub.restore(&Subscriber { number, to: To::Session(durable.clone()) }, subscription);
            self.stats.subscriptions.add(1);
        }
        session.subscriptions = stored.subscriptions;
        let ended_at_ms = if stored.state.connected { now_ms } else { stored.state.ended_at_ms };
        // it is new, so nobody can have discarded it
        let _ = durable.park(session, stored.state.expiry_s, ended_at_ms);
        self.stats.sessions.add(1);
        self.lock().insert(key, durable);
    }

    /// Resumes or begins what a client asks for. An earlier connection of the same name has been
    /// told to close; its session is waited for until it has let go.
    ///
    /// # Errors
    /// The earlier connection does not let go in time, or there are too many sessions.
    pub async fn attach(&self, wanted: Wanted<'_>, patience: Duration) -> Result<Attached, Denial> {
        let deadline = tokio::time::Instant::now() + patience;
        loop {
            let existing = self.lock().get(wanted.key).cloned();
            let Some(existing) = existing else { return self.begin(&wanted, deadline).await };
            if wanted.clean_start {
                self.end(&existing);
                return self.begin(&wanted, deadline).await;
            }
            let changed = existing.changed.notified();
            let mut changed = std::pin::pin!(changed);
            changed.as_mut().enable();
            if let Some(session) = existing.attach(wanted.mailbox, wanted.expiry_s) {
                return Ok(Attached { session, durable: Some(existing.clone()), present: true });
            }
            if tokio::time::timeout_at(deadline, changed).await.is_err() {
                let text = "what an earlier connection sent is still being stored: connect again";
                return Err(Denial::new(Reason::SERVER_BUSY, text));
            }
        }
    }

    /// A session that was not there before; one that outlives its connection is stored first.
    async fn begin(&self, wanted: &Wanted<'_>, deadline: tokio::time::Instant) -> Result<Attached, Denial> {
        let fresh = |durable| Ok(Attached { session: Session::default(), durable, present: false });
        if wanted.expiry_s == 0 {
            return fresh(None);
        }
        let (durable, stored) = self.enter(wanted)?;
        // A store that is stuck must not keep out who wants to hear alerts: then the session may be new again after a
        // crash, which its client is told.
        let _ = tokio::time::timeout_at(deadline, stored).await;
        fresh(Some(durable))
    }

    /// Makes a session that outlives its connection; what comes is told when it is stored.
    fn enter(&self, wanted: &Wanted<'_>) -> Result<(Arc<Durable>, oneshot::Receiver<()>), Denial> {
        let mut by_key = self.lock();
        if by_key.len() >= self.limits.sessions {
            return Err(Denial::new(Reason::QUOTA_EXCEEDED, "too many kept sessions: connect with a clean start"));
        }
        let key = Arc::new(wanted.key.clone());
        let (writer, stats) = (self.writer.clone(), self.stats.clone());
        let durable = Arc::new(Durable::new(key.clone(), wanted.number, self.receipt(), writer, stats, &self.limits));
        let stored = durable.begin(wanted.mailbox, wanted.expiry_s);
        self.stats.sessions.add(1);
        by_key.insert(key, durable.clone());
        Ok((durable, stored))
    }

    /// The connection has ended: parks the session, or ends it when it may not wait. Answers the
    /// generation that was parked.
    pub fn leave(&self, durable: &Arc<Durable>, session: Session, expiry_s: u32) -> u64 {
        match durable.park(session, expiry_s, unix_ms()) {
            Ok(generation) => {
                if expiry_s == 0 {
                    self.end(durable);
                }
                generation
            }
            Err(session) => {
                self.forget(durable.number, session);
                0
            }
        }
    }

    /// Ends a session wherever it is.
    pub fn end(&self, durable: &Arc<Durable>) {
        self.remove(durable);
        if let Some(session) = durable.discard() {
            self.forget(durable.number, session);
        }
    }

    fn remove(&self, durable: &Arc<Durable>) {
        let mut by_key = self.lock();
        if by_key.get(&durable.key).is_some_and(|known| Arc::ptr_eq(known, durable)) {
            by_key.remove(&durable.key);
            self.stats.sessions.sub(1);
        }
    }

    /// Takes the subscriptions of a session that has ended out of the fan-out.
    fn forget(&self, number: u64, session: Session) {
        for subscription in session.subscriptions {
            self.hub.unsubscribe(number, &subscription.filter);
            self.stats.subscriptions.sub(1);
        }
    }

    /// Ends every session whose time has come.
    pub fn sweep(&self) {
        let now_ms = unix_ms();
        let all: Vec<_> = self.lock().values().cloned().collect();
        for durable in all {
            if let Some(session) = durable.discard_expired(now_ms) {
                self.remove(&durable);
                self.forget(durable.number, session);
            }
        }
    }
}

/// Milliseconds since 1970 by the system's clock.
pub(crate) fn unix_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
