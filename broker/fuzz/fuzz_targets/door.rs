//! Whatever a socket says to the door, it does not panic, and it serves the next client.
//!
//! The first byte chooses how the connection begins: as it is, or with a good CONNECT of 3.1.1 or 5, so that what follows
//! is heard by a connection that was let in. After each input the door must acknowledge a message of somebody else.

#![no_main]

use bongsu_broker::{Authority, Credentials, Denial, Door, DoorConfig, Identity, Listener, Outlet, Plane, Route};
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

const CONNECT_3: &[u8] = b"\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01x";
const CONNECT_5: &[u8] = b"\x10\x0e\0\x04MQTT\x05\x02\0\x3c\0\0\x01x";
const PROOF: &[u8] = b"\x10\x11\0\x04MQTT\x04\x02\0\x3c\0\x05proof\x32\x06\0\x01t\0\x01x";
const PROVED: &[u8] = b"\x20\x02\0\0\x40\x02\0\x01";
const PATIENCE: Duration = Duration::from_secs(5);

/// Lets everybody in, and takes every way there is.
struct Everyone;

impl Authority for Everyone {
    fn connect(&self, plane: Plane, _: SocketAddr, who: &Credentials<'_>) -> Result<Arc<Identity>, Denial> {
        Ok(Arc::new(Identity::new(who.client_id, plane).shared()))
    }

    fn may_publish(&self, _: &Identity, topic: &str) -> Result<(), Denial> {
        if topic.starts_with('x') { Err(Denial::not_authorized("not here")) } else { Ok(()) }
    }

    fn may_subscribe(&self, _: &Identity, filter: &str) -> Result<(), Denial> {
        if filter.starts_with('x') { Err(Denial::not_authorized("not this")) } else { Ok(()) }
    }

    fn route(&self, _: &Identity, topic: &str) -> Route {
        if topic.len() % 2 == 0 { Route::FanOut } else { Route::Both }
    }
}

struct House {
    runtime: Runtime,
    address: SocketAddr,
    /// They end when they are dropped.
    _kept: (Door, Outlet),
}

static HOUSE: LazyLock<House> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let listener = Listener::new("127.0.0.1:0".parse().expect("an address"), Plane::Devices);
    let config = DoorConfig { listeners: vec![listener], ..DoorConfig::default() };
    let (door, mut intake, outlet) = runtime.block_on(Door::start(config, Arc::new(Everyone))).expect("a door");
    std::thread::spawn(move || {
        loop {
            if let Some(delivery) = intake.recv_blocking(Duration::from_millis(20)) {
                delivery.acknowledge();
            }
        }
    });
    House { runtime, address: door.addresses()[0], _kept: (door, outlet) }
});

async fn say(address: SocketAddr, parts: &[&[u8]]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address).await?;
    for part in parts {
        stream.write_all(part).await?;
    }
    stream.shutdown().await?;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    Ok(answer)
}

async fn prove(address: SocketAddr) -> std::io::Result<[u8; PROVED.len()]> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(PROOF).await?;
    let mut answer = [0; PROVED.len()];
    tokio::time::timeout(PATIENCE, stream.read_exact(&mut answer)).await??;
    Ok(answer)
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let House { runtime, address, .. } = &*HOUSE;
    let (first, rest) = data.split_first().unwrap_or((&0, &[]));
    let begin: &[u8] = [&[][..], CONNECT_3, CONNECT_5][usize::from(*first) % 3];
    // The door may hang up while it is spoken to: that is an answer.
    let _ = runtime.block_on(say(*address, &[begin, rest]));
    let proof = runtime.block_on(prove(*address)).expect("the door serves the next client");
    assert_eq!(proof, PROVED);
});
