//! The centre of the fan-out: sequence numbers, retained store, repair log, and the watchdog that
//! rebuilds the router.
//!
//! One lock orders publishing and subscribing, so that a new subscriber gets each message once:
//! as a retained one if it was published before, as a live one if after.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::envelope::Epoch;
use super::lane::{self, Lane};
use super::retained::Retained;
use super::router::{self, Inlet, Links, RouterError};
use super::tree::Leaf;
use super::{Outgoing, OutletError, Published};
use crate::mailbox::Mailbox;
use crate::session::Granted;
use crate::stats::Stats;
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
    retained_limit: usize,
}

struct State {
    inlet: Option<Inlet>,
    sequence: u64,
    /// Contiguous, ending with `sequence`.
    log: VecDeque<Bytes>,
    log_bytes: usize,
    retained: Retained,
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
    /// Starts the router and its lanes. The returned task watches them until `stop`.
    pub async fn start(
        retained_limit: usize,
        stats: Arc<Stats>,
        stop: CancellationToken,
    ) -> Result<(Arc<Self>, JoinHandle<()>), RouterError> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let count = threads.min(MOST_LANES);
        let links = open(count).await?;
        let hub = Arc::new(Hub {
            lanes: (0..count).map(|_| Lane::default()).collect(),
            epoch: Epoch::now(),
            stats,
            broken: Notify::new(),
            state: Mutex::new(State {
                inlet: None,
                sequence: 0,
                log: VecDeque::new(),
                log_bytes: 0,
                retained: Retained::default(),
                stopped: false,
            }),
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

    /// Publishes a batch, all or nothing.
    pub fn publish(&self, batch: Vec<Outgoing>) -> Result<(), OutletError> {
        let mut state = self.room()?;
        let new = |m: &&Outgoing| m.retain && !m.payload.is_empty() && !state.retained.contains(&m.topic);
        let new = batch.iter().filter(new).count();
        if new > 0 && state.retained.len() + new > self.retained_limit {
            return Err(OutletError::RetainedFull(self.retained_limit));
        }
        let now = Instant::now();
        let mut envelopes = Vec::with_capacity(batch.len());
        for message in batch {
            let expires = message.expiry.and_then(|after| now.checked_add(after));
            envelopes.push(state.record(|n| self.epoch.message(n, &message, expires)));
            if message.retain {
                state.retained.put(Arc::new(Published {
                    topic: message.topic.into(),
                    payload: message.payload,
                    qos: message.qos.min(Qos::AtLeastOnce),
                    retain: true,
                    expires,
                }));
            }
        }
        self.stats.retained.set(state.retained.len() as u64);
        self.send(&mut state, envelopes);
        Ok(())
    }

    /// Waits until the lanes are not too far behind.
    fn room(&self) -> Result<MutexGuard<'_, State>, OutletError> {
        let mut deadline = None;
        loop {
            let mut state = self.lock();
            if state.stopped {
                return Err(OutletError::Stopped);
            }
            state.trim(self.done());
            if state.log_bytes < LOG_BYTES && state.log.len() < LOG_MESSAGES {
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

    /// Adds a subscription of connection `number`; answers the retained messages it is owed.
    pub fn subscribe(
        &self,
        number: u64,
        mailbox: Arc<Mailbox>,
        granted: &Granted,
        with_retained: bool,
    ) -> Vec<Arc<Published>> {
        let state = self.lock();
        let leaf = Leaf {
            number,
            mailbox,
            qos: granted.qos,
            retain_as_published: granted.retain_as_published,
            since: state.sequence,
        };
        self.lane(number).insert(&granted.filter, leaf);
        if with_retained { state.retained.find(&granted.filter, Instant::now()) } else { Vec::new() }
    }

    /// Removes a subscription of connection `number`.
    pub fn unsubscribe(&self, number: u64, filter: &str) {
        self.lane(number).remove(filter, number);
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
        state.retained.sweep(Instant::now());
        self.stats.retained.set(state.retained.len() as u64);
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
    use std::task::{Context, Poll, Waker};

    fn granted(filter: &str) -> Granted {
        Granted { filter: filter.into(), qos: Qos::AtLeastOnce, retain_as_published: false }
    }

    fn message(topic: &str, payload: impl Into<Bytes>, retain: bool) -> Outgoing {
        Outgoing { topic: topic.into(), payload: payload.into(), qos: Qos::AtLeastOnce, retain, expiry: None }
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
        let (hub, watchdog) = Hub::start(10, stats.clone(), stop.clone()).await.expect("start");
        let mailbox = Arc::new(Mailbox::new(10_000, 10 << 20));
        assert!(hub.subscribe(7, mailbox.clone(), &granted("t/#"), true).is_empty());
        for number in 0..300 {
            if number % 100 == 50 {
                hub.poison();
            }
            hub.publish(vec![message("t/é", number.to_string(), false)]).expect("publish");
        }
        let taken = take(&mailbox, 300).await;
        let expected: Vec<_> = (0..300).map(|n: i32| Bytes::from(n.to_string())).collect();
        assert_eq!(taken, expected);
        assert!(stats.router_rebuilds.get() >= 1);
        stop.cancel();
        watchdog.await.expect("watchdog");
        assert_eq!(hub.publish(vec![message("t", "x", false)]), Err(OutletError::Stopped));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_retained_message_comes_once_and_more_than_the_segments_hold_arrives() {
        let (stats, stop) = (Arc::<Stats>::default(), CancellationToken::new());
        let (hub, _) = Hub::start(2, stats, stop.clone()).await.expect("start");
        hub.publish(vec![message("r/1", "old", true)]).expect("publish");
        let mailbox = Arc::new(Mailbox::new(10_000, 1 << 30));
        let owed = hub.subscribe(1, mailbox.clone(), &granted("r/#"), true);
        assert_eq!(owed.len(), 1);
        // 100 MiB through 16 MiB of segments
        for _ in 0..100 {
            hub.publish(vec![message("r/2", vec![0; 1 << 20], false)]).expect("publish");
        }
        assert_eq!(take(&mailbox, 100).await.len(), 100);
        let full = vec![message("r/3", "x", true), message("r/4", "x", true)];
        assert_eq!(hub.publish(full), Err(OutletError::RetainedFull(2)));
        stop.cancel();
    }
}
