//! The listener on real sockets: places, broken heads, and the stop.

use super::city::City;
use crate::web::listen;
use axum::Router;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(10);

async fn serve(router: Router, places: usize, stop: &CancellationToken) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
    let address = listener.local_addr().expect("address");
    (address, tokio::spawn(listen::serve(listener, router, places, stop.clone())))
}

/// Sends bytes and reads until `until` has come or the other side closes.
async fn exchange(socket: &mut TcpStream, bytes: &[u8], until: &str) -> String {
    socket.write_all(bytes).await.expect("write");
    let mut said = Vec::new();
    let read = async {
        let mut buffer = [0; 4096];
        while let Ok(count) = socket.read(&mut buffer).await {
            said.extend_from_slice(&buffer[..count]);
            if count == 0 || String::from_utf8_lossy(&said).contains(until) {
                break;
            }
        }
    };
    tokio::time::timeout(PATIENCE, read).await.expect("an answer in time");
    String::from_utf8_lossy(&said).into_owned()
}

#[tokio::test]
async fn one_too_many_is_told_so_and_the_others_go_on() {
    let city = City::actual();
    let stop = CancellationToken::new();
    let (address, _) = serve(city.public(), 1, &stop).await;
    let mut first = TcpStream::connect(address).await.expect("connect");
    let request = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    assert!(exchange(&mut first, request, "ok\n").await.starts_with("HTTP/1.1 200"));
    let mut second = TcpStream::connect(address).await.expect("connect");
    assert!(exchange(&mut second, b"", "close").await.starts_with("HTTP/1.1 503"));
    assert!(exchange(&mut first, request, "ok\n").await.starts_with("HTTP/1.1 200"), "keep-alive");
    drop(first);
    let again = async {
        loop {
            let mut third = TcpStream::connect(address).await.expect("connect");
            if exchange(&mut third, request, "ok\n").await.starts_with("HTTP/1.1 200") {
                break;
            }
        }
    };
    tokio::time::timeout(PATIENCE, again).await.expect("the place is free again");
}

#[tokio::test]
async fn what_is_no_http_harms_nobody() {
    let city = City::actual();
    let stop = CancellationToken::new();
    let (address, _) = serve(city.public(), 16, &stop).await;
    let long = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(100_000));
    let headers = format!("GET / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(1_000));
    for bytes in [&b"\x16\x03\x01\x02\x00\x01\x00"[..], b"GET", b"\r\n\r\n\r\n", long.as_bytes(), headers.as_bytes()] {
        let mut socket = TcpStream::connect(address).await.expect("connect");
        // The other side may close before all of it is written.
        let _ = socket.write_all(bytes).await;
        let _ = socket.shutdown().await;
        let mut said = Vec::new();
        let read = tokio::time::timeout(PATIENCE, socket.read_to_end(&mut said)).await;
        assert!(read.is_ok(), "closed in time");
        assert!(!String::from_utf8_lossy(&said).contains(" 200 "));
    }
    let mut socket = TcpStream::connect(address).await.expect("connect");
    assert!(exchange(&mut socket, b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n", "ok\n").await.contains("200 OK"));
}

#[tokio::test]
async fn the_stop_ends_streams_at_once() {
    let city = City::actual();
    let stop = CancellationToken::new();
    let (address, served) = serve(crate::web::public(city.shared.clone(), stop.clone()), 16, &stop).await;
    let mut stream = TcpStream::connect(address).await.expect("connect");
    let hello = exchange(&mut stream, b"GET /events HTTP/1.1\r\nhost: x\r\n\r\n", "id: 0").await;
    assert!(hello.contains("text/event-stream") && hello.contains("retry: "), "{hello}");
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(4), served).await.expect("before the drain ends").expect("served");
    assert_eq!(exchange(&mut stream, b"", "never").await.matches("HTTP").count(), 0, "closed");
}
