//! A client of raw bytes, for what no decent client would send.

use crate::wire;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Long enough for anything that comes at all.
const PATIENCE: Duration = Duration::from_secs(20);

/// A text as MQTT writes it.
pub fn text(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).expect("texts are short").to_be_bytes();
    [&length, text.as_bytes()].concat()
}

/// A packet: its first byte, and what it holds, up to 16 KiB.
pub fn packet(head: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![head];
    let low = u8::try_from(body.len() % 128).expect("less than 128");
    let high = u8::try_from(body.len() / 128).expect("a short packet");
    bytes.extend(if high > 0 { vec![low | 0x80, high] } else { vec![low] });
    bytes.extend(body);
    bytes
}

/// A CONNECT without credentials; `properties` are those of version 5, with their length.
pub fn connect(version: u8, client_id: &str, is_clean: bool, properties: &[u8]) -> Vec<u8> {
    let mut body = text("MQTT");
    body.extend([version, if is_clean { 2 } else { 0 }, 0, 0]);
    if version == 5 {
        body.extend(properties);
    }
    body.extend(text(client_id));
    packet(0x10, &body)
}

/// A SUBSCRIBE to one filter.
pub fn subscribe(version: u8, id: u8, filter: &str, qos: u8) -> Vec<u8> {
    let mut body = vec![0, id];
    if version == 5 {
        body.push(0);
    }
    body.extend(text(filter));
    body.push(qos);
    packet(0x82, &body)
}

/// A PUBLISH; `properties` are those of version 5, with their length.
pub fn publish(version: u8, topic: &str, qos: u8, id: u8, properties: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut body = text(topic);
    if qos > 0 {
        body.extend([0, id]);
    }
    if version == 5 {
        body.extend(properties);
    }
    body.extend(payload);
    packet(0x30 | qos << 1, &body)
}

/// A connection.
#[derive(Debug)]
pub struct Raw {
    socket: TcpStream,
    inbox: Vec<u8>,
}

impl Raw {
    /// Opens a socket and says nothing.
    ///
    /// # Panics
    /// Nobody listens.
    pub fn open(address: SocketAddr) -> Raw {
        let socket = TcpStream::connect(address).expect("somebody listens");
        socket.set_nodelay(true).expect("a setting");
        Raw { socket, inbox: Vec::new() }
    }

    /// Connects; panics where the door does not let it in. Answers the CONNACK too.
    pub fn connected(address: SocketAddr, connect: &[u8]) -> (Raw, Vec<u8>) {
        let mut raw = Raw::open(address);
        raw.send(connect);
        let (head, body) = raw.packet().expect("the door answers");
        assert!(head == wire::CONNACK && body[1] == 0, "not let in: {head:#x} {body:?}");
        (raw, body)
    }

    /// Writes; a socket that the other side closed takes nothing, which is no failure of the test.
    pub fn send(&mut self, bytes: &[u8]) {
        let _ = self.socket.write_all(bytes);
    }

    /// The next packet; `None`: the other side closed.
    pub fn packet(&mut self) -> Option<(u8, Vec<u8>)> {
        self.packet_within(PATIENCE).expect("an answer or an end")
    }

    /// The next packet, or `Ok(None)` where the other side closed.
    ///
    /// # Errors
    /// Nothing came in this time.
    pub fn packet_within(&mut self, time: Duration) -> Result<Option<(u8, Vec<u8>)>, ErrorKind> {
        let deadline = Instant::now() + time;
        loop {
            if let Some((packet, used)) = wire::next(&self.inbox) {
                let whole = (packet.head, packet.body.to_vec());
                self.inbox.drain(..used);
                return Ok(Some(whole));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ErrorKind::TimedOut);
            }
            self.socket.set_read_timeout(Some(left)).expect("a setting");
            let mut chunk = [0; 16 << 10];
            match self.socket.read(&mut chunk) {
                Ok(0) => return Ok(None),
                Ok(count) => self.inbox.extend_from_slice(&chunk[..count]),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(_) => return Ok(None),
            }
        }
    }

    /// Waits until the other side closes, whatever it says before.
    #[track_caller]
    pub fn closed(&mut self) {
        while self.packet().is_some() {}
    }
}
