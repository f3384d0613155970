//! The listener of a plane: connections counted, heads bounded in size and time, dead and stuck clients cut off.
//!
//! HTTP/1.1 without TLS: a proxy in front brings TLS and HTTP/2.

use super::operator::Peer;
use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A request's head must be complete this long after it began, and the next one begin this long after an answer.
const HEAD_DEADLINE: Duration = Duration::from_secs(15);

/// Bytes of a request's head: the longest honest one is an address with filters and a browser's headers.
const HEAD_BYTES: usize = 16 * 1024;

/// Headers of a request.
const HEADERS: usize = 64;

/// A client that takes nothing of what is sent for so long is gone, or might as well be.
const STUCK: Duration = Duration::from_secs(30);

/// How long open requests may go on after the stop.
const DRAIN: Duration = Duration::from_secs(5);

/// How long no connection is taken when the process has no more files.
const NO_FILES_PAUSE: Duration = Duration::from_millis(100);

/// What a client hears that comes when all places are taken.
const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// Serves `router` to at most `connections` clients until `stop` is cancelled.
pub async fn serve(listener: TcpListener, router: Router, connections: usize, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(connections));
    let tasks = TaskTracker::new();
    let cut = CancellationToken::new();
    loop {
        let (socket, peer) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a web connection could not be taken");
                    tokio::time::sleep(NO_FILES_PAUSE).await;
                    continue;
                }
            },
        };
        let Ok(place) = places.clone().try_acquire_owned() else {
            refuse(socket);
            continue;
        };
        prepare(&socket);
        let (router, stop, cut) = (router.clone(), stop.clone(), cut.clone());
        tasks.spawn(async move {
            let _place = place;
            tokio::select! {
                () = converse(socket, peer, router, stop) => {}
                () = cut.cancelled() => {}
            }
        });
    }
    drop(listener);
    tasks.close();
    if tokio::time::timeout(DRAIN, tasks.wait()).await.is_err() {
        cut.cancel();
        tasks.wait().await;
    }
}

/// One connection, to its end.
async fn converse(socket: TcpStream, peer: SocketAddr, router: Router, stop: CancellationToken) {
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        router.call(request)
    });
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD_DEADLINE).max_buf_size(HEAD_BYTES).max_headers(HEADERS);
    let connection = server.serve_connection(TokioIo::new(socket), service);
    let mut connection = std::pin::pin!(connection);
    // How a client leaves is its own business.
    tokio::select! {
        _ = connection.as_mut() => {}
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

fn prepare(socket: &TcpStream) {
    // An alert is small and must not wait for more to send.
    let _ = socket.set_nodelay(true);
    let socket = socket2::SockRef::from(socket);
    #[cfg(target_os = "linux")]
    let _ = socket.set_tcp_user_timeout(Some(STUCK));
    let _ = socket.set_tcp_keepalive(&socket2::TcpKeepalive::new().with_time(STUCK));
}

/// Says that there is no place, without waiting for whether it is heard.
fn refuse(mut socket: TcpStream) {
    tokio::spawn(async move {
        let _ = tokio::time::timeout(Duration::from_secs(1), socket.write_all(FULL)).await;
    });
}
