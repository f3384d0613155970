//! The door: listeners, accepted sockets, and an orderly end.
//!
//! This is the wiring; it knows every part and contains none. Start at [`Door::start`].

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::authority::Authority;
use crate::config::{DoorConfig, Listener, Plane};
use crate::connection::{self, Shared};
use crate::fanout::{Hub, Outlet};
use crate::intake::{Feed, Intake};
use crate::registry::Registry;
use crate::stats::Stats;

/// A city's devices may all come back at once.
const BACKLOG: u32 = 4096;
/// The kernel finds half-open connections of clients without keep-alive after this.
const TCP_KEEPALIVE: Duration = Duration::from_secs(120);
/// Out of files: others must close some before accepting makes sense.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
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
}

/// A running broker: listeners, connections, router and watchdog. Dropping it closes everything
/// without waiting; [`Door::stop`] is the orderly way.
pub struct Door {
    shared: Arc<Shared>,
    addresses: Vec<SocketAddr>,
    tasks: TaskTracker,
    accepting: CancellationToken,
    router: CancellationToken,
    watchdog: Option<JoinHandle<()>>,
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
        let limits = config.limits;
        let stats = Arc::new(Stats::default());
        let router = CancellationToken::new();
        let (hub, watchdog) = Hub::start(limits.retained_messages, stats.clone(), router.clone())
            .await
            .map_err(|error| DoorError::Router(error.to_string()))?;
        let feed = Feed::new(limits.intake_messages, stats.clone());
        let shared = Arc::new(Shared {
            limits,
            authority,
            registry: Registry::default(),
            hub: hub.clone(),
            feed: feed.clone(),
            stats,
            numbers: AtomicU64::new(0),
            closing: CancellationToken::new(),
        });
        let door = Door {
            shared,
            addresses: listeners.iter().map(|bound| bound.address).collect(),
            tasks: TaskTracker::new(),
            accepting: CancellationToken::new(),
            router,
            watchdog: Some(watchdog),
        };
        for bound in listeners {
            let (shared, tasks) = (door.shared.clone(), door.tasks.clone());
            let stop = door.accepting.clone();
            door.tasks.spawn(async move {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = accept(bound, shared, tasks) => {}
                }
            });
        }
        Ok((door, Intake::new(feed), Outlet::new(hub)))
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
        self.shared.closing.cancel();
        self.shared.registry.finish();
        self.tasks.close();
        let patience = self.shared.limits.drain_timeout + LAST_WORDS;
        let _ = tokio::time::timeout(patience, self.tasks.wait()).await;
        self.router.cancel();
        if let Some(watchdog) = self.watchdog.take() {
            let _ = watchdog.await;
        }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.accepting.cancel();
        self.shared.closing.cancel();
        self.shared.registry.finish();
        self.router.cancel();
    }
}

struct Bound {
    socket: TcpListener,
    address: SocketAddr,
    plane: Plane,
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
        Ok(Bound { address: socket.local_addr()?, socket, plane: listener.plane })
    };
    open().map_err(|source| DoorError::Listen { address, source })
}

async fn accept(bound: Bound, shared: Arc<Shared>, tasks: TaskTracker) {
    loop {
        let (stream, peer) = match bound.socket.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "failed to accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        if shared.stats.sockets.get() >= shared.limits.max_connections as u64 {
            shared.stats.refused_full.add(1);
            continue;
        }
        prepare(&stream);
        shared.stats.sockets.add(1);
        let (shared, plane) = (shared.clone(), bound.plane);
        tasks.spawn(async move {
            let _open = OpenSocket(shared.stats.clone());
            connection::serve(stream, peer, plane, shared).await;
        });
    }
}

/// Counts a socket until its task ends, whichever way.
struct OpenSocket(Arc<Stats>);

impl Drop for OpenSocket {
    fn drop(&mut self) {
        self.0.sockets.sub(1);
    }
}

/// Neither failure makes the socket unusable.
fn prepare(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
    let keepalive = TcpKeepalive::new().with_time(TCP_KEEPALIVE);
    let _ = SockRef::from(stream).set_tcp_keepalive(&keepalive);
}
