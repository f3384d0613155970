//! A door with a small authority, an application that acknowledges, and a client of raw bytes.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bongsu_broker::{
    Authority, Credentials, Delivery, Denial, Door, DoorConfig, Identity, Intake, Limits, Listener, Message, Outgoing,
    Outlet, Plane, Qos, Reason, Route,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// So many in the ordinary run, and so many when `make soak` asks for it.
pub fn count(ordinary: usize, soak: usize) -> usize {
    if soaking() { soak } else { ordinary }
}

/// `make soak`: longer, and alone in the process.
pub fn soaking() -> bool {
    std::env::var_os("SOAK").is_some()
}

/// Memory this process holds, KiB.
pub fn resident_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or(0)
}

/// Nothing in these tests takes longer.
pub const SOON: Duration = Duration::from_secs(10);

/// Knows everyone who says `secret`; nobody may touch `forbidden/…`; citizens only listen.
pub struct Gatekeeper;

impl Authority for Gatekeeper {
    fn connect(&self, plane: Plane, _: SocketAddr, c: &Credentials<'_>) -> Result<Arc<Identity>, Denial> {
        if plane == Plane::Public {
            return Ok(Arc::new(Identity::new("", plane)));
        }
        if let (None, Some(certificate)) = (c.username, c.certificate) {
            return Ok(Arc::new(Identity::new(certificate.names.join(" "), plane)));
        }
        match (c.username, c.password) {
            (Some(name), Some(b"secret")) => Ok(Arc::new(Identity::new(name, plane))),
            _ => Err(Denial::bad_credentials("who are you?")),
        }
    }

    fn may_publish(&self, who: &Identity, topic: &str) -> Result<(), Denial> {
        match who.plane == Plane::Public || topic.starts_with("forbidden") {
            true => Err(Denial::not_authorized("not your topic")),
            false if topic == "panic" => panic!("asked about a topic that panics"),
            false => Ok(()),
        }
    }

    fn route(&self, _: &Identity, topic: &str) -> Route {
        match topic.split('/').next() {
            Some("fan") => Route::FanOut,
            Some("both") => Route::Both,
            _ => Route::Intake,
        }
    }

    fn response_information(&self, _: &Identity) -> Option<String> {
        Some("responses/".into())
    }

    fn may_subscribe(&self, _: &Identity, filter: &str) -> Result<(), Denial> {
        match filter.starts_with("forbidden") {
            true => Err(Denial::not_authorized("not your filter")),
            false => Ok(()),
        }
    }
}

/// A running door.
pub struct House {
    pub door: Door,
    pub outlet: Outlet,
    pub address: SocketAddr,
    pub public: SocketAddr,
}

pub async fn open(limits: Limits) -> (House, Intake) {
    let listener = |plane| Listener::new("127.0.0.1:0".parse().unwrap(), plane);
    let config = DoorConfig {
        listeners: vec![listener(Plane::Devices), listener(Plane::Public)],
        limits,
        ..DoorConfig::default()
    };
    let (door, intake, outlet) = Door::start(config, Arc::new(Gatekeeper)).await.unwrap();
    let (address, public) = (door.addresses()[0], door.addresses()[1]);
    (House { door, outlet, address, public }, intake)
}

/// A door whose application acknowledges at once and keeps what it got.
pub async fn open_with_application(limits: Limits) -> (House, Application) {
    let (house, intake) = open(limits).await;
    (house, Application::start(intake))
}

pub struct Application {
    got: Arc<Mutex<Vec<Message>>>,
    stop: Arc<AtomicBool>,
}

impl Application {
    pub fn start(mut intake: Intake) -> Self {
        let (got, stop) = (Arc::<Mutex<Vec<Message>>>::default(), Arc::<AtomicBool>::default());
        let application = Application { got: got.clone(), stop: stop.clone() };
        std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                if let Some(mut delivery) = intake.recv_blocking(Duration::from_millis(20)) {
                    got.lock().unwrap().append(&mut delivery.messages);
                    delivery.acknowledge();
                }
            }
        });
        application
    }

    pub fn got(&self) -> Vec<Message> {
        self.got.lock().unwrap().clone()
    }

    pub async fn wait_for(&self, what: impl Fn(&[Message]) -> bool) {
        until(|| what(&self.got.lock().unwrap())).await;
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

pub async fn until(mut what: impl FnMut() -> bool) {
    let deadline = Instant::now() + SOON;
    while !what() {
        assert!(Instant::now() < deadline, "it never became true");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

pub async fn recv(intake: &mut Intake) -> Delivery {
    tokio::time::timeout(SOON, intake.recv()).await.expect("a delivery")
}

pub fn outgoing(topic: &str, payload: &str, qos: Qos, retain: bool) -> Outgoing {
    Outgoing { topic: topic.into(), payload: payload.to_owned().into(), qos, retain, expiry: None }
}

impl House {
    /// A door with this one listener.
    pub async fn with_listener(listener: Listener, limits: Limits) -> (House, Intake) {
        let config = DoorConfig { listeners: vec![listener], limits, ..DoorConfig::default() };
        let (door, intake, outlet) = Door::start(config, Arc::new(Gatekeeper)).await.unwrap();
        let address = door.addresses()[0];
        (House { door, outlet, address, public: address }, intake)
    }

    /// Proves that others are served: connect, publish, PUBACK, subscribe, hear.
    pub async fn serves(&self) {
        let mut client = Raw::connected(self.address, 4, "prover").await;
        client.send(&publish(4, "proof/é", b"x", 1, 7)).await;
        client.expect(&[0x40, 2, 0, 7]).await;
        client.send(&subscribe(4, 1, "proof/#", 1)).await;
        client.expect(&[0x90, 3, 0, 1, 1]).await;
        self.outlet.publish(vec![outgoing("proof/é", "heard", Qos::AtMostOnce, false)]).unwrap();
        client.expect(&publish(4, "proof/é", b"heard", 0, 0)).await;
        client.send(&[0xe0, 0]).await;
        client.closed().await;
    }

    pub fn closed(&self, reason: Reason) -> u64 {
        self.door.stats().closed.get(reason)
    }
}

/// A client that says exactly what it is told.
pub struct Raw<S = TcpStream> {
    pub stream: S,
}

impl Raw {
    pub async fn open(address: SocketAddr) -> Self {
        let stream = tokio::time::timeout(SOON, TcpStream::connect(address)).await.unwrap().unwrap();
        stream.set_nodelay(true).unwrap();
        Raw { stream }
    }

    /// Connected as `device`, with keep-alive 0.
    pub async fn connected(address: SocketAddr, version: u8, client_id: &str) -> Self {
        let mut raw = Raw::open(address).await;
        raw.send(&connect(version, client_id)).await;
        let connack = raw.packet().await;
        assert_eq!(connack[0], 0x20);
        let code = if version == 4 { connack[3] } else { connack[connack.len().min(4) - 1] };
        assert_eq!(code, 0, "refused: {connack:x?}");
        raw
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Raw<S> {
    pub async fn send(&mut self, bytes: &[u8]) {
        tokio::time::timeout(SOON, self.stream.write_all(bytes)).await.expect("writable").expect("open");
    }

    /// The next packet, whole.
    pub async fn packet(&mut self) -> Vec<u8> {
        self.try_packet().await.expect("a packet, not the end")
    }

    pub async fn try_packet(&mut self) -> Option<Vec<u8>> {
        let read = async {
            let mut packet = vec![self.stream.read_u8().await.ok()?];
            let (mut length, mut shift) = (0usize, 0);
            loop {
                let byte = self.stream.read_u8().await.ok()?;
                packet.push(byte);
                length |= usize::from(byte & 0x7f) << shift;
                shift += 7;
                if byte & 0x80 == 0 {
                    break;
                }
            }
            let start = packet.len();
            packet.resize(start + length, 0);
            self.stream.read_exact(&mut packet[start..]).await.ok()?;
            Some(packet)
        };
        tokio::time::timeout(SOON, read).await.expect("a packet in time")
    }

    pub async fn expect(&mut self, bytes: &[u8]) {
        assert_eq!(self.packet().await, bytes, "got left");
    }

    /// A DISCONNECT of version 5 with this reason, then the end.
    pub async fn expect_disconnect(&mut self, reason: Reason) {
        let packet = self.packet().await;
        assert_eq!((packet[0], packet[2]), (0xe0, reason.0), "{packet:x?}");
        self.closed().await;
    }

    /// Nothing more comes but the end.
    pub async fn closed(&mut self) {
        assert_eq!(self.try_packet().await, None);
    }

    /// Nothing comes, though the connection answers a ping.
    pub async fn silent(&mut self) {
        self.send(&[0xc0, 0]).await;
        self.expect(&[0xd0, 0]).await;
    }
}

pub fn text(bytes: &[u8]) -> Vec<u8> {
    let mut out = (bytes.len() as u16).to_be_bytes().to_vec();
    out.extend(bytes);
    out
}

pub fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![first];
    let mut length = body.len();
    loop {
        let byte = (length & 0x7f) as u8;
        length >>= 7;
        out.push(if length > 0 { byte | 0x80 } else { byte });
        if length == 0 {
            break;
        }
    }
    out.extend(body);
    out
}

pub fn connect(version: u8, client_id: &str) -> Vec<u8> {
    connect_with(version, client_id, 0, &[])
}

/// CONNECT of user `device` with a keep-alive and version 5 properties.
pub fn connect_with(version: u8, client_id: &str, keep_alive: u16, properties: &[u8]) -> Vec<u8> {
    let mut body = text(b"MQTT");
    body.extend([version, 0xc2]);
    body.extend(keep_alive.to_be_bytes());
    if version == 5 {
        body.push(properties.len() as u8);
        body.extend(properties);
    }
    body.extend(text(client_id.as_bytes()));
    body.extend(text(b"device"));
    body.extend(text(b"secret"));
    packet(0x10, &body)
}

pub fn publish(version: u8, topic: &str, payload: &[u8], qos: u8, id: u16) -> Vec<u8> {
    publish_with(version, topic, payload, qos, id, &[])
}

pub fn publish_with(version: u8, topic: &str, payload: &[u8], qos: u8, id: u16, properties: &[u8]) -> Vec<u8> {
    let mut body = text(topic.as_bytes());
    if qos > 0 {
        body.extend(id.to_be_bytes());
    }
    if version == 5 {
        body.push(properties.len() as u8);
        body.extend(properties);
    }
    body.extend(payload);
    packet(0x30 | qos << 1, &body)
}

pub fn subscribe(version: u8, id: u16, filter: &str, options: u8) -> Vec<u8> {
    let mut body = id.to_be_bytes().to_vec();
    if version == 5 {
        body.push(0);
    }
    body.extend(text(filter.as_bytes()));
    body.push(options);
    packet(0x82, &body)
}

pub fn unsubscribe(version: u8, id: u16, filter: &str) -> Vec<u8> {
    let mut body = id.to_be_bytes().to_vec();
    if version == 5 {
        body.push(0);
    }
    body.extend(text(filter.as_bytes()));
    packet(0xa2, &body)
}
