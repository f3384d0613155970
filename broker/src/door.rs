//! The door: listeners, accepted sockets, and an orderly end.
//!
//! This is the wiring; it knows every part and contains none. Start at [`Door::start`].

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::authority::Authority;
use crate::config::{DoorConfig, Listener};
use crate::connection::{self, Caller, Shared};
use crate::crowd::{Crowd, Full, Place};
use crate::fanout::{Hub, Outlet, Published, Vitals, carry, tell_vitals};
use crate::intake::{Feed, Intake};
use crate::rate::Connects;
use crate::registry::Registry;
use crate::remote::Remote;
use crate::session::{Loaded, Sessions, unix_ms};
use crate::stats::Stats;
use crate::store::{Forgetful, Snapshot, StoreError, Writer};
use crate::tls::{Certificate, TlsError};
use crate::turns::Turns;
use crate::websocket;

/// A city's devices may all come back at once.
const BACKLOG: u32 = 4096;
/// The kernel finds half-open connections of clients without keep-alive after this.
const TCP_KEEPALIVE: Duration = Duration::from_secs(120);
/// Out of files: others must close some before accepting makes sense.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How often sessions are looked through for those whose time has come.
const SWEEP: Duration = Duration::from_secs(1);
/// Sockets beyond the limit that are told so at a time; others are just closed.
const TURNED_AWAY: usize = 64;
/// What connections may take to read what their sockets already hold.
const LAST_READS: Duration = Duration::from_secs(2);
/// What writing last words takes at most, beyond the time to drain.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// Why a door does not open.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// An address cannot be bound.
    #[error("failed to listen on {address}: {source}; choose another address or stop what uses it")]
    Listen {
        /// The address of the configuration.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The router behind the door does not start.
    #[error("failed to start the router: {0}")]
    Router(String),
    /// What the session store keeps cannot be loaded.
    #[error("failed to load sessions: {0}")]
    Sessions(#[from] StoreError),
    /// The remote broker cannot be spoken to.
    #[error("failed to prepare the connection to the remote broker: {0}")]
    Remote(#[from] TlsError),
}

/// A running broker: listeners, connections, router and watchdog. Dropping it closes everything
/// without waiting; [`Door::stop`] is the orderly way.
pub struct Door {
    shared: Arc<Shared>,
    addresses: Vec<SocketAddr>,
    tasks: TaskTracker,
    accepting: CancellationToken,
    router: CancellationToken,
    /// The remote broker is left.
    leave: CancellationToken,
    watchdog: Option<JoinHandle<()>>,
    writer: Arc<Writer>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Door {
    /// Binds every listener, starts the router, and serves from when it returns.
    ///
    /// # Errors
    /// [`DoorError`]; nothing is left running then.
    pub async fn start(config: DoorConfig, authority: Arc<dyn Authority>) -> Result<(Door, Intake, Outlet), DoorError> {
        let mut listeners = Vec::new();
        for listener in &config.listeners {
            listeners.push(bind(listener)?);
        }
        let stats = Arc::new(Stats::default());
        let store = config.sessions.unwrap_or_else(|| Arc::new(Forgetful));
        let loading = store.clone();
        let failed = |error: &dyn std::fmt::Display| StoreError(error.to_string());
        let snapshot = tokio::task::spawn_blocking(move || loading.load()).await.map_err(|error| failed(&error))??;
        let (writer, writing) = Writer::start(store, stats.clone()).map_err(|error| failed(&error))?;
        let router = CancellationToken::new();
        let (restored, sequence) = restored(&snapshot);
        let (hub, watchdog) = Hub::start(
            config.limits.retained_messages,
            restored,
            sequence,
            writer.clone(),
            stats.clone(),
            router.clone(),
        )
        .await
        .map_err(|error| DoorError::Router(error.to_string()))?;
        let sessions = Sessions::new(hub.clone(), writer.clone(), stats.clone(), config.limits.clone());
        let Loaded(count) = sessions.load(snapshot.sessions, config.receipts);
        let feed = Feed::new(config.limits.intake_messages, stats.clone(), |s| (&s.intake_depth, &s.intake_full));
        let relay = Feed::new(config.limits.relay_messages, stats.clone(), |s| (&s.relay_depth, &s.relay_full));
        let remote = config.remote.map(|remote| Remote::new(remote, &config.limits, feed.clone(), stats.clone()));
        let remote = remote.transpose()?;
        let mirror = remote.as_ref().map(|remote| (remote.outbox.clone(), stats.clone()));
        let carrier = {
            let (feed, hub, stop) = (Intake::new(relay.clone()), hub.clone(), router.clone());
            let name = std::thread::Builder::new().name("mqtt-fan-out".into());
            name.spawn(move || carry(feed, &hub, &stop)).map_err(|error| DoorError::Router(error.to_string()))?
        };
        let shared = Arc::new(Shared {
            limits: config.limits,
            authority,
            registry: Registry::default(),
            hub: hub.clone(),
            sessions,
            feed: feed.clone(),
            relay,
            stats,
            numbers: AtomicU64::new(count),
            connects: Connects::default(),
            handshakes: Turns::new(),
            closing: CancellationToken::new(),
        });
        let door = Door {
            shared,
            addresses: listeners.iter().map(|bound| bound.address).collect(),
            tasks: TaskTracker::new(),
            accepting: CancellationToken::new(),
            router,
            leave: CancellationToken::new(),
            watchdog: Some(watchdog),
            writer,
            threads: vec![carrier, writing],
        };
        door.spawn_tasks(listeners, config.system_interval);
        if let Some(remote) = remote {
            door.tasks.spawn(remote.run(door.accepting.clone(), door.leave.clone()));
        }
        Ok((door, Intake::new(feed), Outlet::new(hub, mirror)))
    }

    fn spawn_tasks(&self, listeners: Vec<Bound>, system_interval: Option<Duration>) {
        let crowd = Crowd::new(self.shared.stats.clone());
        for bound in listeners {
            let (shared, tasks, crowd) = (self.shared.clone(), self.tasks.clone(), crowd.clone());
            let stop = self.accepting.clone();
            self.tasks.spawn(async move {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = accept(bound, shared, tasks, crowd) => {}
                }
            });
        }
        let (shared, stop) = (self.shared.clone(), self.accepting.clone());
        self.tasks.spawn(async move {
            loop {
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(SWEEP) => shared.sessions.sweep(),
                }
            }
        });
        if let Some(every) = system_interval {
            let vitals = Vitals { every, started: std::time::Instant::now() };
            self.tasks.spawn(tell_vitals(vitals, self.shared.hub.clone(), self.accepting.clone()));
        }
    }

    /// Where it listens, in the order of the configuration, with the ports the system chose.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Its counters.
    pub fn stats(&self) -> Arc<Stats> {
        self.shared.stats.clone()
    }

    /// Cuts the live connections of a user whose identity was revoked or changed; answers how many.
    pub fn disconnect(&self, username: &str) -> usize {
        self.shared.registry.disconnect(username)
    }

    /// Stops accepting, takes what sockets already hold into the intake, and reads no more. The
    /// application should go on taking from the intake meanwhile, and drain it afterwards.
    pub async fn stop_listening(&self) {
        self.accepting.cancel();
        self.shared.closing.cancel();
        let (done, mut all_done) = mpsc::channel::<()>(1);
        self.shared.registry.drain(&done);
        drop(done);
        // every connection drops its sender; none sends
        let _ = tokio::time::timeout(LAST_READS, all_done.recv()).await;
    }

    /// Waits for outstanding acknowledgements, tells version 5 clients that the server shuts down,
    /// and ends every task. It does not publish wills: a restarted door is no reason to call every
    /// device dead.
    pub async fn stop(mut self) {
        self.accepting.cancel();
        self.leave.cancel();
        self.shared.closing.cancel();
        self.shared.registry.finish();
        self.tasks.close();
        let patience = self.shared.limits.drain_timeout + LAST_WORDS;
        let _ = tokio::time::timeout(patience, self.tasks.wait()).await;
        self.router.cancel();
        if let Some(watchdog) = self.watchdog.take() {
            let _ = watchdog.await;
        }
        // what was promised is stored; a store that fails now has had its chance
        self.writer.stop();
        let threads = std::mem::take(&mut self.threads);
        let ended = tokio::task::spawn_blocking(move || threads.into_iter().for_each(|thread| drop(thread.join())));
        let _ = ended.await;
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.accepting.cancel();
        self.leave.cancel();
        self.shared.closing.cancel();
        self.shared.registry.finish();
        self.router.cancel();
        self.writer.stop();
    }
}

/// Retained messages of the store that are still worth something, and the last message number.
fn restored(snapshot: &Snapshot) -> (Vec<Arc<Published>>, u64) {
    let clock = (std::time::Instant::now(), unix_ms());
    let queued = snapshot.sessions.iter().flat_map(|s| &s.deliveries).map(|delivery| delivery.message.number);
    let last = queued.chain(snapshot.retained.iter().map(|message| message.number)).max();
    let retained = snapshot.retained.iter().map(|message| Arc::new(Published::restored(message, clock)));
    (retained.collect(), last.unwrap_or(0))
}

struct Bound {
    socket: TcpListener,
    address: SocketAddr,
    listener: Listener,
}

fn bind(listener: &Listener) -> Result<Bound, DoorError> {
    let address = listener.address;
    let open = || -> io::Result<Bound> {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        let socket = socket.listen(BACKLOG)?;
        Ok(Bound { address: socket.local_addr()?, socket, listener: listener.clone() })
    };
    open().map_err(|source| DoorError::Listen { address, source })
}

async fn accept(bound: Bound, shared: Arc<Shared>, tasks: TaskTracker, crowd: Arc<Crowd>) {
    let turned_away = Arc::new(Semaphore::new(TURNED_AWAY));
    loop {
        let (stream, peer) = match bound.socket.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "failed to accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        prepare(&stream);
        let place = match crowd.enter(bound.listener.plane, peer, &shared.limits) {
            Ok(place) => place,
            Err(full) => {
                match full {
                    Full::Door => shared.stats.refused_full.add(1),
                    Full::Address => shared.stats.refused_address.add(1),
                }
                turn_away(stream, &shared, &bound, &tasks, &turned_away);
                continue;
            }
        };
        let (shared, listener) = (shared.clone(), bound.listener.clone());
        tasks.spawn(async move {
            let _place: Place = place;
            if !listener.websocket && listener.tls.is_none() {
                let caller = Caller { address: peer, plane: listener.plane, certificate: None };
                return connection::serve(stream, caller, shared).await;
            }
            // apart, so that its size is no burden to every other connection
            Box::pin(shake_hands(stream, peer, listener, shared)).await;
        });
    }
}

/// TLS and WebSocket, together within the time a CONNECT may take. Whoever is silent here costs a task and a timer.
async fn shake_hands(stream: TcpStream, peer: SocketAddr, listener: Listener, shared: Arc<Shared>) {
    let Listener { plane, websocket, tls, .. } = listener;
    let deadline = tokio::time::Instant::now() + shared.limits.connect_timeout;
    let Some(tls) = tls else {
        let caller = Caller { address: peer, plane, certificate: None };
        return shake_websocket(stream, caller, deadline, shared).await;
    };
    let accepting = shared.handshakes.take(tls.acceptor().accept(stream));
    let Some(stream) = in_time(accepting, deadline, &shared).await else { return };
    let certificate = Certificate::of(stream.get_ref().1.peer_certificates()).map(Box::new);
    let caller = Caller { address: peer, plane, certificate };
    if websocket {
        shake_websocket(stream, caller, deadline, shared).await;
    } else {
        Box::pin(connection::serve(stream, caller, shared)).await;
    }
}

async fn shake_websocket<S>(stream: S, caller: Caller, deadline: tokio::time::Instant, shared: Arc<Shared>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let accepting = websocket::accept(stream, shared.limits.max_packet_bytes);
    if let Some(stream) = in_time(accepting, deadline, &shared).await {
        Box::pin(connection::serve(stream, caller, shared)).await;
    }
}

/// The outcome of a handshake; failures and silence are counted.
async fn in_time<T, E>(
    handshake: impl Future<Output = Result<T, E>>,
    deadline: tokio::time::Instant,
    shared: &Shared,
) -> Option<T> {
    tokio::select! {
        () = shared.closing.cancelled() => None,
        done = tokio::time::timeout_at(deadline, handshake) => match done {
            Ok(Ok(stream)) => Some(stream),
            Ok(Err(_)) => {
                shared.stats.refused_handshake.add(1);
                None
            }
            Err(_) => {
                shared.stats.refused_silent.add(1);
                None
            }
        },
    }
}

/// Tells a client that there is no room, if it asks soon and not too many are being told. Nobody shakes hands for it.
fn turn_away(stream: TcpStream, shared: &Arc<Shared>, bound: &Bound, tasks: &TaskTracker, slots: &Arc<Semaphore>) {
    if bound.listener.websocket || bound.listener.tls.is_some() {
        return;
    }
    if let Ok(slot) = slots.clone().try_acquire_owned() {
        let shared = shared.clone();
        tasks.spawn(async move {
            connection::turn_away(stream, &shared).await;
            drop(slot);
        });
    }
}

/// Neither failure makes the socket unusable.
fn prepare(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
    let keepalive = TcpKeepalive::new().with_time(TCP_KEEPALIVE);
    let _ = SockRef::from(stream).set_tcp_keepalive(&keepalive);
}
