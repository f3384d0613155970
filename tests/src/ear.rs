//! A subscriber that hands on every message as it comes, with the moment it came.

use crate::wire;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Longest wait before it is looked whether the ear is still wanted.
const GLANCE: Duration = Duration::from_millis(100);

/// Two ears with one name would cut each other off.
static EARS: AtomicU64 = AtomicU64::new(0);

/// A subscriber on a thread of its own; it ends when it is dropped.
#[derive(Debug)]
pub struct Ear {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Ear {
    /// Subscribes; when it returns, the broker has granted it. `hear` gets topic, payload and the moment.
    ///
    /// # Errors
    /// The broker cannot be reached, or refuses.
    pub fn open(
        address: SocketAddr,
        filter: &str,
        qos: u8,
        mut hear: impl FnMut(&str, &[u8], Instant) + Send + 'static,
    ) -> std::io::Result<Ear> {
        let mut socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(GLANCE))?;
        let mut out = Vec::new();
        wire::connect(&mut out, &format!("ear-{}-{}", std::process::id(), EARS.fetch_add(1, Ordering::Relaxed)), None);
        wire::subscribe(&mut out, 1, filter, qos);
        socket.write_all(&out)?;
        let mut inbox = Vec::with_capacity(64 << 10);
        let stop = Arc::new(AtomicBool::new(false));
        let deadline = Instant::now() + Duration::from_secs(10);
        let granted = |head: u8, body: &[u8]| head == wire::SUBACK && body.get(2).is_some_and(|code| *code < 3);
        let mut is_granted = false;
        while !is_granted {
            if Instant::now() > deadline || !read(&mut socket, &mut inbox)? {
                return Err(ErrorKind::ConnectionRefused.into());
            }
            while let Some((packet, used)) = wire::next(&inbox) {
                is_granted |= granted(packet.head, packet.body);
                inbox.drain(..used);
                if is_granted {
                    break;
                }
            }
        }
        let ends = stop.clone();
        let thread = std::thread::spawn(move || {
            // What is retained may have come with the grant.
            let mut open = hand_on(&mut socket, &mut inbox, &mut hear).is_ok();
            while open && !ends.load(Ordering::Relaxed) {
                open = read(&mut socket, &mut inbox).unwrap_or(false)
                    && hand_on(&mut socket, &mut inbox, &mut hear).is_ok();
            }
        });
        Ok(Ear { stop, thread: Some(thread) })
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Reads what is there; `false`: the broker closed.
fn read(socket: &mut TcpStream, inbox: &mut Vec<u8>) -> std::io::Result<bool> {
    let mut chunk = [0; 64 << 10];
    match socket.read(&mut chunk) {
        Ok(0) => Ok(false),
        Ok(count) => {
            inbox.extend_from_slice(&chunk[..count]);
            Ok(true)
        }
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(true),
        Err(error) => Err(error),
    }
}

fn hand_on(
    socket: &mut TcpStream,
    inbox: &mut Vec<u8>,
    hear: &mut impl FnMut(&str, &[u8], Instant),
) -> std::io::Result<()> {
    let now = Instant::now();
    let mut acks = Vec::new();
    let mut at = 0;
    while let Some((packet, used)) = wire::next(&inbox[at..]) {
        if let Some((topic, id, payload)) = packet.published() {
            hear(topic, payload, now);
            if id != 0 {
                wire::puback(&mut acks, id);
            }
        }
        at += used;
    }
    inbox.drain(..at);
    socket.write_all(&acks)
}
