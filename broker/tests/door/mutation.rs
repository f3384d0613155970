//! Mutated frames of both versions: no panic, and the door serves on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bongsu_broker::{Intake, Limits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::*;

/// Frames in the ordinary run, and in `make soak`.
const FRAMES: usize = 20_000;
const SOAK_FRAMES: usize = 1_000_000;
/// How much more memory is held after them than after the first twentieth.
const GROWTH_KIB: usize = 10 * 1024;
/// Mutated frames sent on one connection, if it lasts.
const BURST: usize = 8;

/// A small generator, so that a failure can be repeated from its seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

fn samples(version: u8) -> Vec<Vec<u8>> {
    let mut properties = vec![1, 1, 2, 0, 0, 0, 9, 0x23, 0, 1, 0x26];
    properties.extend([text(b"key"), text(b"value")].concat());
    let properties = if version == 5 { &properties[..] } else { &[] };
    vec![
        connect(version, "mutant"),
        publish_with(version, "é/topic", b"payload", 1, 7, properties),
        publish_with(version, "t", b"payload", 2, 8, properties),
        publish(version, "t", b"", 0, 0),
        subscribe(version, 1, "a/+/#", 1),
        unsubscribe(version, 2, "a/+/#"),
        vec![0x62, 2, 0, 8],
        vec![0x40, 2, 0, 1],
        vec![0x50, 2, 0, 1],
        vec![0xc0, 0],
        vec![0xe0, 0],
        vec![0xf0, 2, 0x18, 0],
    ]
}

fn mutate(dice: &mut Dice, mut bytes: Vec<u8>) -> Vec<u8> {
    for _ in 0..=dice.below(3) {
        let at = dice.below(bytes.len().max(1)).min(bytes.len().saturating_sub(1));
        match dice.below(5) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << dice.below(8),
            1 if !bytes.is_empty() => bytes[at] = [0, 0x7f, 0x80, 0xff][dice.below(4)],
            2 => bytes.insert(at, dice.below(256) as u8),
            3 if bytes.len() > 1 => drop(bytes.remove(at)),
            _ => bytes.truncate(at + 1),
        }
    }
    bytes
}

/// Acknowledges and forgets: what the test keeps must not be taken for what the door keeps.
struct Forgetful(Arc<AtomicBool>);

impl Forgetful {
    fn start(mut intake: Intake) -> Forgetful {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                if let Some(delivery) = intake.recv_blocking(Duration::from_millis(20)) {
                    delivery.acknowledge();
                }
            }
        });
        Forgetful(stop)
    }
}

impl Drop for Forgetful {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mutated_frames_harm_nobody() {
    static PANICS: AtomicU64 = AtomicU64::new(0);
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        // other tests of this binary fail by panicking too: count ours only
        let ours = info.location().is_some_and(|at| !at.file().contains("tests/"));
        PANICS.fetch_add(u64::from(ours), Ordering::Relaxed);
        before(info);
    }));
    let limits = Limits { connects_per_minute: 0, ..Limits::default() };
    let (house, intake) = open(limits).await;
    let _application = Forgetful::start(intake);
    let frames = count(FRAMES, SOAK_FRAMES);
    let mut held = None;
    let mut dice = Dice(0x5eed_b0e5);
    let mut sent = 0;
    while sent < frames {
        if held.is_none() && sent > frames / 20 {
            held = Some(resident_kib());
        }
        let version = [4, 5][dice.below(2)];
        let samples = samples(version);
        let mut bytes = Vec::new();
        if dice.below(8) == 0 {
            bytes.extend(mutate(&mut dice, connect(version, "mutant")));
        } else {
            bytes.extend(connect(version, "mutant"));
        }
        for _ in 0..BURST {
            let sample = samples[dice.below(samples.len())].clone();
            bytes.extend(mutate(&mut dice, sample));
            sent += 1;
        }
        let mut stream = tokio::net::TcpStream::connect(house.address).await.unwrap();
        stream.set_zero_linger().unwrap();
        // the door may close while we write; that is its right
        let _ = stream.write_all(&bytes).await;
        if dice.below(4) == 0 {
            let mut answer = [0; 256];
            let read = stream.read(&mut answer);
            let _ = tokio::time::timeout(Duration::from_millis(20), read).await;
        }
    }
    house.serves().await;
    assert_eq!(PANICS.load(Ordering::Relaxed), 0);
    until(|| house.door.stats().sockets.get() == 0).await;
    if soaking() {
        let grown = resident_kib().saturating_sub(held.unwrap_or_default());
        println!("{sent} mutated frames, {grown} KiB more than after the first twentieth");
        assert!(grown <= GROWTH_KIB, "{grown} KiB");
    }
}
