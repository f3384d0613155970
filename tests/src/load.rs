//! Devices that publish as fast as they may, or at a rate, and keep exact books of what was acknowledged.
//!
//! Each connection speaks for one station, one reading a message, and holds a window of publishes without PUBACK. What
//! a station says in its n-th reading is a function of n alone, so a store can be compared with what was said. When a
//! connection ends, its books are given back and can be continued over the next one: what was not acknowledged is then
//! sent again first, as a device would.

use crate::histogram::Histogram;
use crate::wire;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// How long a connection may sleep before it looks whether it is to end.
const GLANCE: Duration = Duration::from_millis(100);

/// How long a connection waits at its end for what is not acknowledged yet.
const DRAIN: Duration = Duration::from_secs(10);

/// What all connections of a load have in common.
#[derive(Clone)]
pub struct Plan {
    /// The broker.
    pub address: SocketAddr,
    /// User name and password, where the broker wants one.
    pub login: Option<(String, String)>,
    /// Publishes without PUBACK of one connection; 0: QoS 0, and nothing is acknowledged.
    pub in_flight: u16,
    /// Readings a second over all connections; `None`: as many as the window lets through.
    pub rate: Option<f64>,
    /// How long to publish.
    pub lasting: Duration,
    /// The kind that is observed.
    pub kind: &'static str,
    /// The time of the first reading of each station, milliseconds since 1970.
    pub first_ms: i64,
    /// From one reading of a station to the next, milliseconds.
    pub step_ms: i64,
    /// The value of the n-th reading of a station.
    pub value: fn(station: usize, n: u64) -> f64,
    /// Ends the publishing early.
    pub stop: Arc<AtomicBool>,
    /// Holds publishers back while too much is on its way to the slowest subscriber.
    pub gate: Option<Arc<Gate>>,
    /// Told of each reading as it is written: station, n, when. For measuring until something follows from it.
    pub told: Option<Told>,
}

/// Hears of each reading as it is written: the place of its station, its number, when.
pub type Told = Arc<dyn Fn(usize, u64, Instant) + Send + Sync>;

/// What is on its way through a broker, and the subscriber that counts it at the other end. It sits in the same event
/// loop as the publishers: a thread of its own would be woken for every single message.
#[derive(Debug)]
pub struct Gate {
    /// What it subscribes to.
    pub filter: &'static str,
    /// Written by publishers.
    pub sent: AtomicU64,
    /// Seen by the subscriber.
    pub seen: AtomicU64,
    /// Most that may be on its way.
    pub limit: u64,
    opened: Notify,
}

impl Gate {
    /// A gate that lets so many through.
    pub fn new(filter: &'static str, limit: u64) -> Arc<Gate> {
        let (sent, seen, opened) = (AtomicU64::new(0), AtomicU64::new(0), Notify::new());
        Arc::new(Gate { filter, sent, seen, limit, opened })
    }

    fn is_open(&self) -> bool {
        self.sent.load(Ordering::Relaxed).saturating_sub(self.seen.load(Ordering::Relaxed)) < self.limit
    }

    /// Subscribes, then counts and acknowledges until the socket ends.
    async fn watch(
        self: Arc<Gate>,
        address: SocketAddr,
        ready: tokio::sync::oneshot::Sender<()>,
    ) -> std::io::Result<()> {
        let mut socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        let mut out = Vec::new();
        wire::connect(&mut out, "gate", None);
        wire::subscribe(&mut out, 1, self.filter, 1);
        socket.write_all(&out).await?;
        let mut ready = Some(ready);
        let mut inbox = Vec::with_capacity(64 << 10);
        while socket.read_buf(&mut inbox).await? > 0 {
            out.clear();
            let (mut at, mut count) = (0, 0);
            while let Some((packet, used)) = wire::next(&inbox[at..]) {
                if packet.head == wire::SUBACK
                    && let Some(ready) = ready.take()
                {
                    let _ = ready.send(());
                }
                if let Some((_, id, _)) = packet.published() {
                    count += 1;
                    if id != 0 {
                        wire::puback(&mut out, id);
                    }
                }
                at += used;
            }
            inbox.drain(..at);
            self.seen.fetch_add(count, Ordering::Relaxed);
            self.opened.notify_waiters();
            socket.write_all(&out).await?;
        }
        Ok(())
    }
}

/// The books of one station.
#[derive(Clone, Debug, Default)]
pub struct Books {
    /// Its place in the load.
    pub place: usize,
    /// Its name.
    pub station: String,
    /// Readings that were said at least once: 0 to `said`.
    pub said: u64,
    /// Those of them that were acknowledged, a bit each.
    acked: Vec<u64>,
    /// How many were acknowledged.
    pub acknowledged: u64,
    /// Written and not acknowledged.
    pub open: VecDeque<u64>,
}

impl Books {
    /// The books of a station that said nothing yet.
    pub fn new(place: usize, station: impl Into<String>) -> Books {
        Books { place, station: station.into(), ..Books::default() }
    }

    fn acknowledge(&mut self, n: u64) {
        let (word, bit) = (usize::try_from(n / 64).unwrap_or(usize::MAX), n % 64);
        if self.acked.len() <= word {
            self.acked.resize(word + 1, 0);
        }
        if self.acked[word] & (1 << bit) == 0 {
            self.acked[word] |= 1 << bit;
            self.acknowledged += 1;
        }
    }

    /// Whether the n-th reading was acknowledged.
    pub fn is_acknowledged(&self, n: u64) -> bool {
        self.acked.get(usize::try_from(n / 64).unwrap_or(usize::MAX)).is_some_and(|word| word & (1 << (n % 64)) != 0)
    }
}

/// What a load came to.
#[derive(Debug, Default)]
pub struct Account {
    /// The books, in the order of the stations.
    pub books: Vec<Books>,
    /// From writing a publish to its PUBACK.
    pub latency: Histogram,
    /// PUBACKs.
    pub acknowledged: u64,
    /// Publishes written.
    pub written: u64,
    /// Connections that ended before they should, or never began.
    pub broken: usize,
    /// The moment of the first PUBACK.
    pub first_ack: Option<Instant>,
    /// From the first publish to the last PUBACK.
    pub lasted: Duration,
}

impl Account {
    /// Acknowledged readings a second.
    pub fn rate(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "counts of a benchmark")]
        let acknowledged = self.acknowledged as f64;
        acknowledged / self.lasted.as_secs_f64().max(1e-9)
    }
}

/// Publishes by plan, a connection for each of the books, until the time is up or every connection is broken.
pub async fn publish(plan: &Plan, books: Vec<Books>) -> Account {
    let plan = Arc::new(plan.clone());
    let count = books.len();
    let mut sessions = tokio::task::JoinSet::new();
    let echo = match &plan.gate {
        Some(gate) => {
            let (ready, is_ready) = tokio::sync::oneshot::channel();
            let echo = tokio::spawn(gate.clone().watch(plan.address, ready));
            is_ready.await.expect("the subscriber is let in");
            Some(echo)
        }
        None => None,
    };
    for books in books {
        let plan = plan.clone();
        sessions.spawn(async move {
            let mut session = Session::new(plan, books, count);
            let whole = session.run().await.is_ok();
            (session, whole)
        });
    }
    let mut account = Account::default();
    let mut span: Option<(Instant, Instant)> = None;
    while let Some(done) = sessions.join_next().await {
        let (session, whole) = done.expect("a session does not panic");
        account.latency.merge(&session.latency);
        account.acknowledged += session.acknowledged;
        account.written += session.written;
        account.broken += usize::from(!whole);
        if let Some((first, ack, last)) = session.span {
            span = Some(span.map_or((first, last), |(from, to)| (from.min(first), to.max(last))));
            account.first_ack = Some(account.first_ack.map_or(ack, |earlier| earlier.min(ack)));
        }
        account.books.push(session.books);
    }
    if let Some(echo) = echo {
        echo.abort();
    }
    account.books.sort_by_key(|books| books.place);
    account.lasted = span.map_or(Duration::ZERO, |(first, last)| last - first);
    account
}

/// Publishes on a thread of its own with a runtime of its own, so that what measures does not disturb itself.
pub fn publish_apart(plan: &Plan, books: Vec<Books>) -> std::thread::JoinHandle<Account> {
    let plan = plan.clone();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(publish(&plan, books))
    })
}

/// One connection.
struct Session {
    plan: Arc<Plan>,
    books: Books,
    /// Of how many.
    count: usize,
    out: Vec<u8>,
    inbox: Vec<u8>,
    body: Vec<u8>,
    topic: String,
    /// By packet identifier less one.
    slots: Vec<Option<(u64, Instant)>>,
    free: Vec<u16>,
    again: VecDeque<u64>,
    latency: Histogram,
    acknowledged: u64,
    written: u64,
    /// First publish, first PUBACK, last PUBACK.
    span: Option<(Instant, Instant, Instant)>,
    begun: Option<Instant>,
}

impl Session {
    fn new(plan: Arc<Plan>, mut books: Books, count: usize) -> Session {
        let window = plan.in_flight;
        Session {
            topic: format!("bongsu/v1/{}/obs", books.station),
            again: std::mem::take(&mut books.open),
            plan,
            books,
            count,
            out: Vec::with_capacity(8 << 10),
            inbox: Vec::with_capacity(4 << 10),
            body: Vec::with_capacity(128),
            slots: vec![None; usize::from(window)],
            free: (1..=window).rev().collect(),
            latency: Histogram::default(),
            acknowledged: 0,
            written: 0,
            span: None,
            begun: None,
        }
    }

    async fn run(&mut self) -> std::io::Result<()> {
        let result = self.speak().await;
        // What was never acknowledged is still owed, oldest first.
        let mut open: Vec<u64> = self.slots.iter().flatten().map(|(n, _)| *n).chain(self.again.drain(..)).collect();
        open.sort_unstable();
        self.books.open = open.into();
        result
    }

    async fn speak(&mut self) -> std::io::Result<()> {
        let mut socket = TcpStream::connect(self.plan.address).await?;
        socket.set_nodelay(true)?;
        let login = self.plan.login.as_ref().map(|(name, secret)| (name.as_str(), secret.as_str()));
        wire::connect(&mut self.out, &format!("load-{}", self.books.station), login);
        socket.write_all(&self.out).await?;
        self.out.clear();
        self.await_connack(&mut socket).await?;
        let begun = Instant::now();
        self.begun = Some(begun);
        let ends = begun + self.plan.lasting;
        let mut paced = self.plan.rate.map(|rate| Pace::new(rate, self.count, self.books.place, begun));
        let mut alarm = std::pin::pin!(tokio::time::sleep(GLANCE));
        loop {
            let is_over = self.plan.stop.load(Ordering::Relaxed) || Instant::now() >= ends;
            let open = self.slots.len() - self.free.len();
            if is_over && (open == 0 || Instant::now() >= ends + DRAIN) {
                return Ok(());
            }
            let mut held = false;
            if !is_over {
                held = self.fill(paced.as_mut());
                self.flush(&mut socket).await?;
            }
            if let Some(pace) = paced.as_ref().filter(|_| !is_over) {
                alarm.as_mut().reset(pace.next.min(Instant::now() + GLANCE).into());
            } else if alarm.is_elapsed() {
                alarm.as_mut().reset((Instant::now() + GLANCE).into());
            }
            let gate = self.plan.gate.clone();
            let opened = async {
                match gate.filter(|_| held) {
                    Some(gate) => gate.opened.notified().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                read = socket.read_buf(&mut self.inbox) => self.take_in(read?)?,
                () = opened => {}
                () = &mut alarm => {}
            }
        }
    }

    async fn await_connack(&mut self, socket: &mut TcpStream) -> std::io::Result<()> {
        loop {
            if let Some((packet, used)) = wire::next(&self.inbox) {
                let accepted = packet.head == wire::CONNACK && packet.body.get(1) == Some(&0);
                self.inbox.drain(..used);
                return match accepted {
                    true => Ok(()),
                    false => Err(std::io::ErrorKind::PermissionDenied.into()),
                };
            }
            if socket.read_buf(&mut self.inbox).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Writes down as many publishes as may go now; whether the gate held some back.
    fn fill(&mut self, mut pace: Option<&mut Pace>) -> bool {
        let with_acks = self.plan.in_flight > 0;
        // Without PUBACKs a turn is bounded by what one write takes.
        let mut left = if with_acks { usize::MAX } else { 64 };
        while left > 0 && (!with_acks || !self.free.is_empty()) {
            if self.plan.gate.as_ref().is_some_and(|gate| !gate.is_open()) {
                return true;
            }
            if pace.as_mut().is_some_and(|pace| !pace.take()) {
                return false;
            }
            self.write_next();
            left -= 1;
        }
        false
    }

    fn write_next(&mut self) {
        let n = self.again.pop_front().unwrap_or_else(|| {
            self.books.said += 1;
            self.books.said - 1
        });
        self.body.clear();
        let t = self.plan.first_ms + i64::try_from(n).unwrap_or(i64::MAX) * self.plan.step_ms;
        let value = (self.plan.value)(self.books.place, n);
        let wrote = {
            use std::io::Write;
            write!(self.body, "{{\"t\":{t},\"{}\":{value}}}", self.plan.kind)
        };
        wrote.expect("memory takes it");
        let now = Instant::now();
        let mut id = 0;
        if let Some(free) = self.free.pop() {
            id = free;
            self.slots[usize::from(id) - 1] = Some((n, now));
        }
        wire::publish(&mut self.out, &self.topic, id, &self.body);
        self.written += 1;
        if let Some(gate) = &self.plan.gate {
            gate.sent.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(told) = &self.plan.told {
            told(self.books.place, n, now);
        }
    }

    async fn flush(&mut self, socket: &mut TcpStream) -> std::io::Result<()> {
        if !self.out.is_empty() {
            socket.write_all(&self.out).await?;
            self.out.clear();
        }
        Ok(())
    }

    /// Takes in what was read.
    fn take_in(&mut self, read: usize) -> std::io::Result<()> {
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let now = Instant::now();
        let mut at = 0;
        while let Some((packet, used)) = wire::next(&self.inbox[at..]) {
            if packet.head == wire::PUBACK {
                let id = packet.id();
                let slot = usize::from(id).checked_sub(1).and_then(|at| self.slots.get_mut(at)).and_then(Option::take);
                let (n, written) = slot.expect("a PUBACK answers a publish that is open");
                self.books.acknowledge(n);
                self.latency.add(now - written);
                self.acknowledged += 1;
                self.free.push(id);
                let (first, ack, _) = self.span.unwrap_or((self.begun.unwrap_or(now), now, now));
                self.span = Some((first, ack, now));
            }
            at += used;
        }
        self.inbox.drain(..at);
        Ok(())
    }
}

/// When the next reading of a connection is due: open loop, so a slow broker does not slow the question down.
struct Pace {
    next: Instant,
    every: Duration,
}

impl Pace {
    fn new(rate: f64, count: usize, place: usize, begun: Instant) -> Pace {
        #[expect(clippy::cast_precision_loss, reason = "a number of connections")]
        let (count, place) = (count as f64, place as f64);
        Pace { next: begun + Duration::from_secs_f64(place / rate), every: Duration::from_secs_f64(count / rate) }
    }

    fn take(&mut self) -> bool {
        let due = Instant::now() >= self.next;
        if due {
            self.next += self.every;
        }
        due
    }
}
