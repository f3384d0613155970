//! The centre of the fan-out: sequence numbers, retained store, repair log, and the watchdog that
//! rebuilds the router.
//!
//! One lock orders publishing and subscribing, so that a new subscriber gets each message once:
//! as a retained one if it was published before, as a live one if after. The same lock orders what
//! goes to the session store.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::direct::{Direct, Owed};
use super::envelope::Epoch;
use super::interest::Interest;
use super::lane::{self, Lane};
use super::retained::Retained;
use super::router::{self, Inlet, Links, RouterError};
use super::tree::Leaf;
use super::{OutletError, Published, Subscriber, To};
use crate::intake::Ack;
use crate::mailbox::Queued;
use crate::stats::Stats;
use crate::store::{Change, Subscription, Waiter, Writer};
use crate::topic;
use crate::wire::Qos;

/// Payload that may be on its way to the lanes: half of what the router's segments hold.
const LOG_BYTES: usize = 8 << 20;
/// Messages that may be on their way to the lanes.
const LOG_MESSAGES: usize = 65_536;
/// How long a publisher waits for the lanes before it is told that they are behind.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often a waiting publisher looks again.
const LOOK: Duration = Duration::from_millis(1);
/// How often the watchdog sends its probe through the router.
const PROBE: Duration = Duration::from_secs(1);
/// A lane that has not moved for so long although there is something for it: the router is dead.
const STALL: Duration = Duration::from_secs(3);
/// More lanes than threads would only wake each other.
const MOST_LANES: usize = 8;

pub(crate) struct Hub {
    pub(super) lanes: Vec<Lane>,
    pub(super) epoch: Epoch,
    pub(super) stats: Arc<Stats>,
    pub(super) broken: Notify,
    state: Mutex<State>,
    writer: Arc<Writer>,
    retained_limit: usize,
}

struct State {
    inlet: Option<Inlet>,
    sequence: u64,
    /// Contiguous, ending with `sequence`.
    log: VecDeque<Bytes>,
    log_bytes: usize,
    retained: Retained,
    /// What the door says about itself: not counted, not stored.
    vitals: Retained,
    direct: Direct,
    interest: Interest,
    stopped: bool,
}

impl State {
    /// Gives an envelope the next number and remembers it until every lane has passed it.
    fn record(&mut self, make: impl FnOnce(u64) -> Bytes) -> Bytes {
        self.sequence += 1;
        let envelope = make(self.sequence);
        self.log_bytes += envelope.len();
        self.log.push_back(envelope.clone());
        envelope
    }

    fn first(&self) -> u64 {
        self.sequence + 1 - self.log.len() as u64
    }

    /// Forgets what every lane has passed.
    fn trim(&mut self, done: u64) {
        while self.first() <= done
            && let Some(envelope) = self.log.pop_front()
        {
            self.log_bytes -= envelope.len();
        }
        if self.log.is_empty() && self.log.capacity() > 4096 {
            self.log = VecDeque::new();
        }
    }
}

impl Hub {
    /// Starts the router and its lanes with the retained messages of the store, after all message
    /// numbers that were ever used. The returned task watches them until `stop`.
    pub async fn start(
        retained_limit: usize,
        restored: Vec<Arc<Published>>,
        sequence: u64,
        writer: Arc<Writer>,
        stats: Arc<Stats>,
        stop: CancellationToken,
    ) -> Result<(Arc<Self>, JoinHandle<()>), RouterError> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let count = threads.min(MOST_LANES);
        let links = open(count).await?;
        let mut retained = Retained::default();
        for message in restored {
            retained.put(message);
        }
        stats.retained.set(retained.len() as u64);
        let hub = Arc::new(Hub {
            lanes: (0..count).map(|_| Lane::after(sequence)).collect(),
            epoch: Epoch::now(),
            stats,
            broken: Notify::new(),
            state: Mutex::new(State {
                inlet: None,
                sequence,
                log: VecDeque::new(),
                log_bytes: 0,
                retained,
                vitals: Retained::default(),
                direct: Direct::default(),
                interest: Interest::default(),
                stopped: false,
            }),
            writer,
            retained_limit,
        });
        let running = hub.attach(links, &stop);
        let watchdog = tokio::spawn(hub.clone().watch(running, stop));
        Ok((hub, watchdog))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lane(&self, number: u64) -> &Lane {
        &self.lanes[(number % self.lanes.len() as u64) as usize]
    }

    /// What every lane has passed.
    fn done(&self) -> u64 {
        self.lanes.iter().map(Lane::done).min().unwrap_or(0)
    }

    /// Publishes a batch, all or nothing. `changes` become durable with it; the publishers are
    /// acknowledged when all of it is safe.
    pub fn publish(&self, batch: Vec<Published>, publisher: Vec<Ack>) -> Result<(), OutletError> {
        self.publish_storing(batch, Vec::new(), publisher).map_err(|(error, _)| error)
    }

    /// The same with changes that are to become durable with the batch. The publishers come back
    /// with an error.
    pub fn publish_storing(
        &self,
        batch: Vec<Published>,
        changes: Vec<Change>,
        publisher: Vec<Ack>,
    ) -> Result<(), (OutletError, Vec<Ack>)> {
        let mut state = match self.room() {
            Ok(state) => state,
            Err(error) => return Err((error, publisher)),
        };
        let new = |m: &&Published| m.retain && !m.payload.is_empty() && !state.retained.contains(&m.topic);
        let new = batch.iter().filter(new).count();
        if new > 0 && state.retained.len() + new > self.retained_limit {
            return Err((OutletError::RetainedFull(self.retained_limit), publisher));
        }
        let mut envelopes = Vec::with_capacity(batch.len());
        let mut owed = Owed { changes, ..Owed::default() };
        for mut message in batch {
            envelopes.push(state.record(|number| {
                message.number = number;
                self.epoch.message(number, &message)
            }));
            let message = Arc::new(message);
            state.direct.dispatch(&message, &mut owed, &self.stats);
            if message.retain {
                owed.changes.push(match message.payload.is_empty() {
                    true => Change::Unretained(message.topic.clone()),
                    false => Change::Retained(message.stored()),
                });
                state.retained.put(message);
            }
        }
        self.stats.retained.set(state.retained.len() as u64);
        self.store(owed, publisher);
        self.send(&mut state, envelopes);
        Ok(())
    }

    /// Called under the lock, so that the store sees everything in this order.
    fn store(&self, owed: Owed, publisher: Vec<Ack>) {
        if owed.changes.is_empty() {
            publisher.into_iter().for_each(Ack::acknowledge);
            return;
        }
        let sessions = owed.touched.into_iter().map(|(session, order)| Waiter::Session(session, order));
        self.writer.push(owed.changes, sessions.chain(publisher.into_iter().map(Waiter::Publisher)));
    }

    /// Publishes what the door says about itself: kept for new subscribers, never stored.
    pub fn tell(&self, vitals: Vec<Published>) {
        let Ok(mut state) = self.room() else { return };
        let mut envelopes = Vec::with_capacity(vitals.len());
        for mut message in vitals {
            envelopes.push(state.record(|number| {
                message.number = number;
                self.epoch.message(number, &message)
            }));
            state.vitals.put(Arc::new(message));
        }
        self.send(&mut state, envelopes);
    }

    /// Waits until everything published before is stored.
    pub fn sync(&self, timeout: Duration) -> Result<(), OutletError> {
        let (done, waiting) = std::sync::mpsc::channel();
        {
            let state = self.lock();
            if state.stopped {
                return Err(OutletError::Stopped);
            }
            self.writer.push([], [Waiter::Thread(done)]);
        }
        waiting.recv_timeout(timeout).map_err(|error| match error {
            std::sync::mpsc::RecvTimeoutError::Timeout => OutletError::Behind,
            std::sync::mpsc::RecvTimeoutError::Disconnected => OutletError::Stopped,
        })
    }

    /// Waits until the lanes and the store are not too far behind.
    fn room(&self) -> Result<MutexGuard<'_, State>, OutletError> {
        let mut deadline = None;
        loop {
            let mut state = self.lock();
            if state.stopped {
                return Err(OutletError::Stopped);
            }
            state.trim(self.done());
            if state.log_bytes < LOG_BYTES && state.log.len() < LOG_MESSAGES && !self.writer.is_behind() {
                return Ok(state);
            }
            drop(state);
            let deadline = *deadline.get_or_insert_with(|| Instant::now() + PATIENCE);
            if Instant::now() >= deadline {
                return Err(OutletError::Behind);
            }
            std::thread::sleep(LOOK);
        }
    }

    /// A router that fails loses nothing: what is in the log is sent again to the next one.
    fn send(&self, state: &mut State, envelopes: Vec<Bytes>) {
        if let Some(inlet) = &mut state.inlet
            && let Err(error) = inlet.send(envelopes)
        {
            tracing::warn!(%error, "router does not take messages");
            state.inlet = None;
            self.broken.notify_one();
        }
    }

    /// Envelopes a lane did not get from the router.
    pub(super) fn missing(&self, from: u64, until: u64) -> Vec<Bytes> {
        let state = self.lock();
        let first = state.first();
        let at = |number: u64| number.saturating_sub(first) as usize;
        let end = at(until).min(state.log.len());
        state.log.range(at(from).min(end)..end).cloned().collect()
    }

    /// Adds a subscription; answers the retained messages that go to the connection itself. What
    /// is owed to a session that outlives it is queued there and stands in `changes`, which the
    /// caller's `store` takes before anything else can happen.
    pub fn subscribe(
        &self,
        subscriber: &Subscriber,
        subscription: &Subscription,
        with_retained: bool,
        store: impl FnOnce(Vec<Change>, Vec<Waiter>),
    ) -> Vec<Queued> {
        let mut state = self.lock();
        let since = state.sequence;
        self.insert(&mut state, subscriber, subscription, since);
        let mut owed = Owed::default();
        let mut own = Vec::new();
        if with_retained && topic::shared(&subscription.filter).is_none() {
            let now = Instant::now();
            let vitals = match subscription.filter.starts_with('$') {
                true => state.vitals.find(&subscription.filter, now),
                false => Vec::new(),
            };
            for message in state.retained.find(&subscription.filter, now).into_iter().chain(vitals) {
                if subscription.no_local && message.origin == subscriber.number {
                    continue;
                }
                let identifiers = if subscription.identifier == 0 { vec![] } else { vec![subscription.identifier] };
                let qos = subscription.qos.min(message.qos);
                let queued = Queued { qos, message, retain: true, identifiers };
                match &subscriber.to {
                    To::Session(session) if qos != Qos::AtMostOnce => {
                        session.enqueue(queued, &mut owed.changes, &mut owed.touched);
                    }
                    _ => own.push(queued),
                }
            }
        }
        let waiters = owed.touched.into_iter().map(|(session, order)| Waiter::Session(session, order)).collect();
        store(owed.changes, waiters);
        own
    }

    /// A subscription from the store: what it is owed is in its queue already.
    pub fn restore(&self, subscriber: &Subscriber, subscription: &Subscription) {
        self.insert(&mut self.lock(), subscriber, subscription, 0);
    }

    fn insert(&self, state: &mut State, subscriber: &Subscriber, subscription: &Subscription, since: u64) {
        let number = subscriber.number;
        state.interest.insert(number, &subscription.filter);
        let direct = matches!(subscriber.to, To::Session(_)) || topic::shared(&subscription.filter).is_some();
        if direct {
            state.direct.insert(subscriber, subscription, since);
        } else {
            let leaf = Leaf::new(number, subscriber.to.clone(), subscription, since);
            self.lane(number).insert(&subscription.filter, leaf);
        }
    }

    /// Removes a subscription of session `number`.
    pub fn unsubscribe(&self, number: u64, filter: &str) {
        let mut state = self.lock();
        state.interest.remove(number, filter);
        state.direct.remove(number, filter);
        drop(state);
        self.lane(number).remove(filter, number);
    }

    /// See [`Outlet::is_heard`](super::Outlet::is_heard).
    pub fn is_heard(&self, beginning: &str) -> bool {
        self.lock().interest.below(beginning)
    }

    /// Takes a router into use and sends it what the one before may have lost.
    fn attach(self: &Arc<Self>, links: Links, stop: &CancellationToken) -> Running {
        let stop = stop.child_token();
        let taps = links.lanes.into_iter().enumerate();
        let lanes = taps.map(|(index, tap)| tokio::spawn(lane::run(self.clone(), index, tap, stop.clone()))).collect();
        let mut state = self.lock();
        state.trim(self.done());
        state.inlet = Some(links.inlet);
        let lost = state.log.iter().cloned().collect();
        self.send(&mut state, lost);
        Running { stop, lanes }
    }

    /// Probes the router and rebuilds it when it fails.
    async fn watch(self: Arc<Self>, mut running: Running, stop: CancellationToken) {
        let mut moved = (self.done(), Instant::now());
        loop {
            let broken = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = self.broken.notified() => true,
                () = tokio::time::sleep(PROBE) => false,
            };
            if broken || self.is_stalled(&mut moved) {
                running = self.rebuild(running, &stop).await;
                moved = (self.done(), Instant::now());
            } else {
                self.probe();
            }
        }
        let inlet = {
            let mut state = self.lock();
            state.stopped = true;
            state.inlet.take()
        };
        running.end().await;
        if let Some(inlet) = inlet {
            inlet.goodbye();
        }
    }

    fn is_stalled(&self, moved: &mut (u64, Instant)) -> bool {
        let done = self.done();
        let waiting = self.lock().sequence > done;
        if done != moved.0 || !waiting {
            *moved = (done, Instant::now());
        }
        moved.1.elapsed() >= STALL
    }

    /// An envelope without message: its way to the lanes is the router's sign of life.
    fn probe(&self) {
        let mut state = self.lock();
        state.trim(self.done());
        let expired = state.retained.sweep(Instant::now());
        self.stats.retained.set(state.retained.len() as u64);
        if !expired.is_empty() {
            self.writer.push(expired.into_iter().map(Change::Unretained), []);
        }
        let envelope = state.record(|number| self.epoch.probe(number));
        self.send(&mut state, vec![envelope]);
    }

    async fn rebuild(self: &Arc<Self>, running: Running, stop: &CancellationToken) -> Running {
        self.stats.router_rebuilds.add(1);
        self.lock().inlet = None;
        // two owners of one lane would deliver twice
        running.end().await;
        match open(self.lanes.len()).await {
            Ok(links) => {
                tracing::warn!("router rebuilt");
                self.attach(links, stop)
            }
            Err(error) => {
                tracing::error!(%error, "failed to rebuild the router; trying again");
                tokio::time::sleep(PROBE).await;
                self.broken.notify_one();
                Running { stop: stop.child_token(), lanes: Vec::new() }
            }
        }
    }

    /// Kills the router as a device's topic would.
    #[cfg(test)]
    fn poison(&self) {
        if let Some(inlet) = &mut self.lock().inlet {
            inlet.poison();
        }
    }
}

/// The tasks that drain one router.
struct Running {
    stop: CancellationToken,
    lanes: Vec<JoinHandle<()>>,
}

impl Running {
    async fn end(self) {
        self.stop.cancel();
        for lane in self.lanes {
            let _ = lane.await;
        }
    }
}

async fn open(lanes: usize) -> Result<Links, RouterError> {
    tokio::task::spawn_blocking(move || router::open(lanes)).await.unwrap_or(Err(RouterError::Odd))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mailbox::Mailbox;
    use std::task::{Context, Poll, Waker};

    fn subscription(filter: &str) -> Subscription {
        Subscription {
            filter: filter.into(),
            qos: Qos::AtLeastOnce,
            no_local: false,
            retain_as_published: false,
            identifier: 0,
        }
    }

    fn message(topic: &str, payload: impl Into<Bytes>, retain: bool) -> Published {
        Published { payload: payload.into(), retain, ..Published::for_test(topic, b"") }
    }

    async fn start(limit: usize, stats: Arc<Stats>, stop: &CancellationToken) -> (Arc<Hub>, JoinHandle<()>) {
        let (writer, _) = Writer::start(Arc::new(crate::store::Forgetful), stats.clone()).expect("thread");
        Hub::start(limit, Vec::new(), 0, writer, stats, stop.clone()).await.expect("start")
    }

    fn publish(hub: &Hub, message: Published) -> Result<(), OutletError> {
        hub.publish(vec![message], Vec::new())
    }

    fn subscribe(hub: &Hub, number: u64, mailbox: &Arc<Mailbox>, filter: &str) -> Vec<Queued> {
        let subscriber = Subscriber { number, to: To::Connection(mailbox.clone()) };
        hub.subscribe(&subscriber, &subscription(filter), true, |_, _| {})
    }

    async fn take(mailbox: &Mailbox, count: usize) -> Vec<Bytes> {
        let mut taken = Vec::new();
        let deadline = Instant::now() + Duration::from_secs(10);
        while taken.len() < count && Instant::now() < deadline {
            if let Poll::Ready(mail) = mailbox.poll(&Context::from_waker(Waker::noop()), true) {
                taken.extend(mail.queued.into_iter().map(|q| q.message.payload.clone()));
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        taken
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_killed_router_is_rebuilt_and_nothing_is_lost_or_doubled() {
        let (stats, stop) = (Arc::<Stats>::default(), CancellationToken::new());
        let (hub, watchdog) = start(10, stats.clone(), &stop).await;
        let mailbox = Arc::new(Mailbox::new(10_000, 10 << 20));
        assert!(subscribe(&hub, 7, &mailbox, "t/#").is_empty());
        for number in 0..300 {
            if number % 100 == 50 {
                hub.poison();
            }
            publish(&hub, message("t/é", number.to_string(), false)).expect("publish");
        }
        let taken = take(&mailbox, 300).await;
        let expected: Vec<_> = (0..300).map(|n: i32| Bytes::from(n.to_string())).collect();
        assert_eq!(taken, expected);
        assert!(stats.router_rebuilds.get() >= 1);
        stop.cancel();
        watchdog.await.expect("watchdog");
        assert_eq!(publish(&hub, message("t", "x", false)), Err(OutletError::Stopped));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_retained_message_comes_once_and_more_than_the_segments_hold_arrives() {
        let (stats, stop) = (Arc::<Stats>::default(), CancellationToken::new());
        let (hub, _) = start(2, stats, &stop).await;
        publish(&hub, message("r/1", "old", true)).expect("publish");
        let mailbox = Arc::new(Mailbox::new(10_000, 1 << 30));
        let owed = subscribe(&hub, 1, &mailbox, "r/#");
        assert_eq!(owed.len(), 1);
        // 100 MiB through 16 MiB of segments
        for _ in 0..100 {
            publish(&hub, message("r/2", vec![0; 1 << 20], false)).expect("publish");
        }
        assert_eq!(take(&mailbox, 100).await.len(), 100);
        let full = vec![message("r/3", "x", true), message("r/4", "x", true)];
        assert_eq!(hub.publish(full, Vec::new()), Err(OutletError::RetainedFull(2)));
        stop.cancel();
    }
}
