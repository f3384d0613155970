//! Emissions on their way to a broker: MQTT 3.1.1, QoS 1, paced by a clock the caller hands in.
//!
//! The only part of this crate that knows sockets and real time. It decides nothing and changes nothing about what the
//! city says; it must never drop a message silently, so every one is counted as acknowledged or not. Start at
//! [`publish`].

mod connection;

pub use connection::Login;

use crate::emission::Telegram;
use crate::simulation::Simulation;
use bongsu_sensors::{StationId, Time};
use connection::{Connection, Message};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What time it is in the city.
pub type Clock = Arc<dyn Fn() -> Time + Send + Sync>;

/// How often the clock is looked at. At 600 times the speed of life this is three virtual seconds.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// The most virtual time generated in one go, so that a clock that runs ahead costs no memory.
const STRIDE: Duration = Duration::from_secs(60);

/// How, where to and how fast.
#[derive(Clone)]
pub struct PublishSettings {
    /// The broker.
    pub address: SocketAddr,
    /// Name and password by station; the entry `*` serves every client that has none of its own. Without any, clients
    /// connect anonymously.
    pub credentials: BTreeMap<String, Login>,
    /// The most connections: where there are at least as many as stations, each has its own under its own name;
    /// otherwise stations share so many concentrators named `simulator-1`, `simulator-2`, ….
    pub connections: usize,
    /// What time it is in the city; see [`accelerated`].
    pub clock: Clock,
    /// When to stop by itself, in virtual time.
    pub until: Option<Time>,
    /// How long to wait for the last acknowledgements when stopping, in real time.
    pub grace: Duration,
}

impl PublishSettings {
    /// A single anonymous connection to a broker, paced by a clock, without an end.
    pub fn new(address: SocketAddr, clock: Clock) -> PublishSettings {
        let grace = Duration::from_secs(5);
        PublishSettings { address, credentials: BTreeMap::new(), connections: 1, clock, until: None, grace }
    }
}

impl fmt::Debug for PublishSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Passwords stay out of logs.
        f.debug_struct("PublishSettings")
            .field("address", &self.address)
            .field("credentials", &self.credentials.len())
            .field("connections", &self.connections)
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

/// A clock that begins at `start` now and runs `speed` times as fast as life.
pub fn accelerated(start: Time, speed: f64) -> Clock {
    let began = Instant::now();
    Arc::new(move || {
        let seconds = (began.elapsed().as_secs_f64() * speed).clamp(0.0, 1e10);
        start + Duration::from_secs_f64(seconds)
    })
}

/// What became of the messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublishReport {
    /// Messages handed to a connection.
    pub sent: u64,
    /// Messages the broker acknowledged.
    pub acked: u64,
    /// Messages no connection would take any more, because the broker refused it.
    pub refused: u64,
    /// Times a connection was lost and made anew.
    pub reconnects: u64,
    /// The furthest the sending fell behind the clock, in virtual time.
    pub most_behind: Duration,
    /// What went wrong, at most one line for each connection.
    pub complaints: Vec<String>,
}

/// Publishes what a city says until `stop` completes or the settings' end is reached, then waits for what is under way.
///
/// When the broker is slow the bounded queues fill, this function waits, and the city falls behind its clock rather than
/// losing a message; it catches up as fast as the broker lets it.
pub async fn publish(
    simulation: &mut Simulation,
    settings: PublishSettings,
    stop: impl Future<Output = ()> + Send,
) -> PublishReport {
    let mut report = PublishReport::default();
    let (connections, route) = connect_all(simulation, &settings);
    let mut stop = pin!(stop);
    let mut at = simulation.next_minute();
    let mut messages = Vec::new();
    loop {
        let now = (settings.clock)();
        let wanted = settings.until.map_or(now, |until| now.min(until));
        if wanted <= at {
            if settings.until.is_some_and(|until| at >= until) {
                break;
            }
            tokio::select! {
                () = &mut stop => break,
                () = tokio::time::sleep(LOOK_EVERY) => continue,
            }
        }
        report.most_behind = report.most_behind.max(wanted.since(at));
        at = wanted.min(at + STRIDE);
        simulation.speak_until(at, &mut messages);
        let deliver = deliver(&mut messages, &connections, &route, &mut report);
        tokio::select! {
            () = &mut stop => break,
            () = deliver => {}
        }
    }
    let ends: Vec<_> = connections.into_iter().map(|connection| connection.finish(settings.grace)).collect();
    for end in ends {
        let end = end.await.unwrap_or_default();
        report.acked += end.acked;
        report.reconnects += end.reconnects;
        report.complaints.extend(end.complaint);
    }
    report
}

async fn deliver(
    messages: &mut Vec<Telegram>,
    connections: &[Connection],
    route: &HashMap<StationId, usize>,
    report: &mut PublishReport,
) {
    for Telegram { station, topic, payload, .. } in messages.drain(..) {
        let message = Message { topic, payload };
        let connection = route.get(&station).and_then(|at| connections.get(*at));
        let taken = match connection {
            Some(connection) => connection.send(message).await,
            None => false,
        };
        if taken {
            report.sent += 1;
        } else {
            report.refused += 1;
        }
    }
}

/// Opens the connections, and says which station speaks through which.
fn connect_all(simulation: &Simulation, settings: &PublishSettings) -> (Vec<Connection>, HashMap<StationId, usize>) {
    let stations: Vec<&StationId> = simulation.city().stations.iter().map(|station| &station.id).collect();
    let own = settings.connections >= stations.len();
    let count = if own { stations.len() } else { settings.connections.max(1) };
    let name = |at: usize| if own { stations[at].to_string() } else { format!("simulator-{}", at + 1) };
    let login = |name: &str| settings.credentials.get(name).or_else(|| settings.credentials.get("*"));
    let open = |at: usize| Connection::open(settings.address, &name(at), login(&name(at)));
    let route = stations.iter().enumerate().map(|(at, station)| ((*station).clone(), at % count)).collect();
    ((0..count).map(open).collect(), route)
}
