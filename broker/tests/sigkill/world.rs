//! Two clients that keep their own half of the protocol over the kills of a door, as the standard asks of them, and a
//! judge of what came of it.

use std::collections::{HashMap, HashSet};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const WINDOW: usize = 8;

/// The publisher is never further ahead of the subscriber: a door drops what is beyond its bound, and says so.
const AHEAD: usize = 1000;

/// A generator small enough to need no crate; the seed is printed.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) % end
    }
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u16).to_be_bytes());
    out.extend(text.as_bytes());
}

fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    assert!(body.len() < 128);
    [&[first, body.len() as u8], body].concat()
}

struct Link(TcpStream);

impl Link {
    /// Connects; answers whether the session was there.
    fn open(address: SocketAddr, client_id: &str, clean: bool) -> Option<(Link, bool)> {
        let stream = TcpStream::connect(address).ok()?;
        stream.set_nodelay(true).ok()?;
        let mut body = Vec::new();
        text(&mut body, "MQTT");
        body.extend([4, if clean { 2 } else { 0 }, 0, 0]);
        text(&mut body, client_id);
        let mut link = Link(stream);
        link.send(&packet(0x10, &body))?;
        let connack = link.read(Duration::from_secs(5))?;
        (connack[0] == 0x20 && connack[3] == 0).then_some((link, connack[2] == 1))
    }

    fn send(&mut self, bytes: &[u8]) -> Option<()> {
        self.0.write_all(bytes).ok()
    }

    /// `None` at the end; an empty packet after the time.
    fn read(&mut self, wait: Duration) -> Option<Vec<u8>> {
        self.0.set_read_timeout(Some(wait)).ok()?;
        let mut head = [0; 1];
        match self.0.read(&mut head) {
            Ok(1) => {}
            Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {
                return Some(Vec::new());
            }
            _ => return None,
        }
        self.0.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        let mut length = [0; 1];
        self.0.read_exact(&mut length).ok()?;
        let mut packet = vec![head[0], length[0]];
        packet.resize(2 + usize::from(length[0]), 0);
        self.0.read_exact(&mut packet[2..]).ok()?;
        Some(packet)
    }
}

/// Where the two clients meet, and what is known of it.
pub struct World {
    /// Where the publisher and the subscriber connect; `None` while the door is dead.
    pub addresses: Mutex<Option<[SocketAddr; 2]>>,
    /// Two topics: of a queue, and of retained state.
    topics: [&'static str; 2],
    /// What matches both.
    filter: &'static str,
    stop_publishing: AtomicBool,
    stop: AtomicBool,
    /// Numbers acknowledged to the publisher, by QoS.
    acknowledged: Mutex<HashSet<(u8, u64)>>,
    heard: Mutex<HashMap<(u8, u64), usize>>,
    /// The last number of the retained topic that was acknowledged.
    retained: Mutex<u64>,
}

impl World {
    /// A world in which nothing was said yet.
    pub fn new(topics: [&'static str; 2], filter: &'static str) -> Arc<World> {
        Arc::new(World {
            addresses: Mutex::default(),
            topics,
            filter,
            stop_publishing: AtomicBool::default(),
            stop: AtomicBool::default(),
            acknowledged: Mutex::default(),
            heard: Mutex::default(),
            retained: Mutex::default(),
        })
    }

    fn link(&self, client_id: &str, expect_session: bool) -> Option<Link> {
        let which = usize::from(client_id == "subscriber");
        let address = (*self.addresses.lock().unwrap())?[which];
        let (link, present) = Link::open(address, client_id, false)?;
        assert!(present || !expect_session, "the session of {client_id} was forgotten");
        Some(link)
    }

    /// How many messages that were acknowledged are still to be heard.
    fn unheard(&self) -> usize {
        let acknowledged = self.acknowledged.lock().unwrap().len();
        acknowledged.saturating_sub(self.heard.lock().unwrap().len())
    }
}

/// A message the publisher still owns.
struct Owned {
    id: u16,
    qos: u8,
    number: u64,
    retained: bool,
    released: bool,
}

impl Owned {
    fn packet(&self, dup: bool, topics: [&str; 2]) -> Vec<u8> {
        if self.released {
            return packet(0x62, &self.id.to_be_bytes());
        }
        let mut body = Vec::new();
        text(&mut body, topics[usize::from(self.retained)]);
        body.extend(self.id.to_be_bytes());
        body.extend(format!("{}:{}", self.qos, self.number).as_bytes());
        packet(0x30 | u8::from(dup) << 3 | self.qos << 1 | u8::from(self.retained), &body)
    }
}

fn publisher(world: &World) {
    let (mut owned, mut number, mut id) = (Vec::<Owned>::new(), 0u64, 0u16);
    let mut session = false;
    while !world.stop_publishing.load(Ordering::Relaxed) || !owned.is_empty() {
        let Some(mut link) = world.link("publisher", session) else {
            std::thread::sleep(Duration::from_millis(5));
            continue;
        };
        session = true;
        let mut fine = owned.iter().try_for_each(|message| link.send(&message.packet(true, world.topics)));
        while fine.is_some() {
            let stopping = world.stop_publishing.load(Ordering::Relaxed);
            if stopping && owned.is_empty() {
                return;
            }
            while !stopping && owned.len() < WINDOW && fine.is_some() && world.unheard() < AHEAD {
                number += 1;
                id = id % 100 + 1;
                while owned.iter().any(|message| message.id == id) {
                    id = id % 100 + 1;
                }
                let qos = if number % 2 == 0 { 2 } else { 1 };
                let message = Owned { id, qos, number, retained: number % 20 == 0, released: false };
                fine = link.send(&message.packet(false, world.topics));
                owned.push(message);
            }
            let wait = if owned.is_empty() { 5 } else { 200 };
            let Some(answer) = link.read(Duration::from_millis(wait)) else { break };
            if answer.is_empty() {
                continue;
            }
            let id = u16::from_be_bytes([answer[2], answer[3]]);
            let Some(at) = owned.iter().position(|message| message.id == id) else { continue };
            if answer[0] == 0x50 {
                owned[at].released = true;
                fine = link.send(&owned[at].packet(false, world.topics));
                continue;
            }
            let message = owned.remove(at);
            if message.retained {
                let mut last = world.retained.lock().unwrap();
                *last = message.number.max(*last);
            }
            world.acknowledged.lock().unwrap().insert((message.qos, message.number));
        }
    }
}

fn subscriber(world: &World, seed: u64) {
    let (mut random, mut held, mut session) = (Random(seed), HashSet::<u16>::new(), false);
    while !world.stop.load(Ordering::Relaxed) {
        let Some(mut link) = world.link("subscriber", session) else {
            std::thread::sleep(Duration::from_millis(5));
            continue;
        };
        if !session {
            let mut body = vec![0, 1];
            text(&mut body, world.filter);
            body.push(2);
            if link.send(&packet(0x82, &body)).is_none()
                || link.read(Duration::from_secs(5)).is_none_or(|p| p.is_empty())
            {
                continue;
            }
            session = true;
        }
        let publishing = !world.stop_publishing.load(Ordering::Relaxed);
        let mut patience = if publishing { 20 + random.below(200) } else { u64::MAX };
        while patience > 0 && !world.stop.load(Ordering::Relaxed) {
            let Some(packet) = link.read(Duration::from_millis(50)) else { break };
            if packet.is_empty() {
                continue;
            }
            patience -= 1;
            if hear(world, &mut link, &packet, &mut held).is_none() {
                break;
            }
        }
        // leaves without goodbye and without its last answers, and stays away a moment
        drop(link);
        if publishing {
            std::thread::sleep(Duration::from_millis(random.below(60)));
        }
    }
}

fn hear(world: &World, link: &mut Link, bytes: &[u8], held: &mut HashSet<u16>) -> Option<()> {
    if bytes[0] == 0x62 {
        held.remove(&u16::from_be_bytes([bytes[2], bytes[3]]));
        return link.send(&[0x70, 2, bytes[2], bytes[3]]);
    }
    assert_eq!(bytes[0] >> 4, 3, "{bytes:x?}");
    let at = 4 + usize::from(u16::from_be_bytes([bytes[2], bytes[3]]));
    let (qos, id) = ((bytes[0] >> 1) & 3, u16::from_be_bytes([bytes[at], bytes[at + 1]]));
    let said = std::str::from_utf8(&bytes[at + 2..]).unwrap();
    let (_, number) = said.split_once(':').unwrap();
    let number = number.parse().unwrap();
    if qos == 1 || held.insert(id) {
        *world.heard.lock().unwrap().entry((qos, number)).or_default() += 1;
    }
    link.send(&[if qos == 1 { 0x40 } else { 0x50 }, 2, bytes[at], bytes[at + 1]])
}

/// What a stranger hears at once under the retained topic.
fn retained(world: &World, address: SocketAddr) -> u64 {
    let (mut link, _) = Link::open(address, "stranger", true).unwrap();
    let mut body = vec![0, 1];
    text(&mut body, world.topics[1]);
    body.push(0);
    link.send(&packet(0x82, &body)).unwrap();
    loop {
        let heard = link.read(Duration::from_secs(5)).unwrap();
        assert!(!heard.is_empty(), "the retained message is gone");
        if heard[0] == 0x31 {
            return String::from_utf8_lossy(&heard[4..]).rsplit(':').next().unwrap().parse().unwrap();
        }
    }
}

/// Kills what `start` started again and again while the clients go on, and judges what came of it. `start` answers
/// where publisher and subscriber connect, and a guard whose drop kills it.
pub fn survives<Guard>(world: &Arc<World>, rounds: usize, mut start: impl FnMut() -> (Guard, [SocketAddr; 2])) {
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
    let seed = std::env::var("BONGSU_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(nanos);
    println!("BONGSU_SEED={seed}");
    let mut random = Random(seed);
    let (mut guard, addresses) = start();
    *world.addresses.lock().unwrap() = Some(addresses);
    let hearing = std::thread::spawn({
        let world = world.clone();
        move || subscriber(&world, seed ^ 1)
    });
    // the subscription is there before the first message
    std::thread::sleep(Duration::from_millis(300));
    let publishing = std::thread::spawn({
        let world = world.clone();
        move || publisher(&world)
    });
    for _ in 0..rounds {
        std::thread::sleep(Duration::from_millis(100 + random.below(400)));
        *world.addresses.lock().unwrap() = None;
        drop(guard);
        let acknowledged = *world.retained.lock().unwrap();
        let addresses;
        (guard, addresses) = start();
        if acknowledged > 0 {
            assert!(retained(world, addresses[1]) >= acknowledged, "an older retained message is back");
        }
        *world.addresses.lock().unwrap() = Some(addresses);
    }
    world.stop_publishing.store(true, Ordering::Relaxed);
    publishing.join().unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    let lost = || -> Vec<(u8, u64)> {
        let heard = world.heard.lock().unwrap();
        world.acknowledged.lock().unwrap().iter().filter(|key| !heard.contains_key(key)).copied().collect()
    };
    while !lost().is_empty() && Instant::now() < deadline && !hearing.is_finished() {
        std::thread::sleep(Duration::from_millis(50));
    }
    world.stop.store(true, Ordering::Relaxed);
    hearing.join().unwrap();
    drop(guard);
    let lost = lost();
    let heard = world.heard.lock().unwrap();
    let doubled: Vec<_> = heard.iter().filter(|((qos, _), count)| *qos == 2 && **count > 1).collect();
    let count = world.acknowledged.lock().unwrap().len();
    println!("{count} acknowledged, {} heard", heard.len());
    assert!(count > 100, "only {count} messages in {rounds} rounds");
    assert!(lost.is_empty(), "lost: {lost:?}");
    assert!(doubled.is_empty(), "doubled: {doubled:?}");
}
