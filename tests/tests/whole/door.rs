//! What kills or blinds other brokers, against the real program: whoever does it, others are still served.

use bongsu_tests::ear::Ear;
use bongsu_tests::flood::Device;
use bongsu_tests::program::{Program, Setup};
use bongsu_tests::raw::{Raw, connect, packet, publish, subscribe, text};
use bongsu_tests::wire::CONNACK;
use bongsu_tests::{city, http, store, storm};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);

/// Nothing more comes if nothing came for so long.
const QUIET: Duration = Duration::from_millis(500);

fn city_of(stations: usize) -> (tempfile::TempDir, Setup) {
    let folder = tempfile::tempdir().expect("a folder");
    let setup = storm::make(folder.path(), stations);
    (folder, setup)
}

/// A reading of a device and a live reading of an operator still go through.
#[track_caller]
fn assert_serves(program: &Program) {
    static ASKED: AtomicU64 = AtomicU64::new(0);
    let value = 1.0 + f64::from(u32::try_from(ASKED.fetch_add(1, Ordering::Relaxed)).expect("few")) / 100.0;
    let (say, said) = channel();
    let _ear = Ear::open(program.operator_mqtt, "bongsu/v1/live/s00000/#", 0, move |_, payload, _| {
        let _ = say.send(serde_json::from_slice::<Value>(payload).unwrap_or_default());
    })
    .expect("operators are let in");
    let mut device = Device::connect(program).expect("devices are let in");
    let reading = format!("{{\"wind_speed\":{value}}}");
    device.say("bongsu/v1/s00000/obs", reading.as_bytes()).expect("readings are acknowledged");
    let deadline = Instant::now() + PATIENCE;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if said.recv_timeout(left).expect("live readings are heard")["value"] == value {
            return;
        }
    }
}

/// Two samples of a storm at each of these stations, `spell` seconds after the first ones.
fn blow(program: &Program, stations: std::ops::Range<usize>, spell: i64) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let first = i64::try_from(now.as_millis()).expect("a time") - 600_000 + spell * 1_000;
    let mut device = Device::connect(program).expect("devices are let in");
    for place in stations {
        let station = city::station(place);
        let body = format!("[{{\"t\":{first},\"wind_speed\":75}},{{\"t\":{},\"wind_speed\":76}}]", first + 10);
        device.say(&format!("bongsu/v1/{station}/obs"), body.as_bytes()).expect("readings are acknowledged");
    }
}

#[test]
fn odd_topics_names_and_filters_harm_only_themselves() {
    let (_folder, setup) = city_of(2);
    let program = setup.serve();
    for version in [4, 5] {
        for topic in ["é/x", "bongsu/v1/é/obs", "bongsu/v1/+/obs", "a/+", "#", "", "bongsu/v1/alerts/s00000/fire"] {
            for qos in [0, 1, 2] {
                let (mut raw, _) = Raw::connected(program.mqtt, &connect(version, "odd", true, &[0]));
                raw.send(&publish(version, topic, qos, 1, &[0], b"{\"wind_speed\":1}"));
                // A topic that could be one is answered or ignored, one that cannot ends the connection.
                if topic.is_empty() || topic.contains(['+', '#']) {
                    raw.closed();
                }
            }
        }
        for odd in ["a/b", "a+b", "#", "é", "a b", "$share/x"] {
            let (mut older, _) = Raw::connected(program.mqtt, &connect(version, odd, true, &[0]));
            let (_newer, _) = Raw::connected(program.mqtt, &connect(version, odd, true, &[0]));
            older.closed();
        }
        let (mut raw, _) = Raw::connected(program.mqtt, &connect(version, "filters", true, &[0]));
        for filter in ["a/#/b", "a#", "+a", ""] {
            raw.send(&subscribe(version, 1, filter, 1));
            match raw.packet() {
                Some((0x90, body)) => assert!(body.last().is_some_and(|code| *code >= 0x80), "{filter}: {body:?}"),
                answer => assert!(answer.is_none(), "{filter}: {answer:?}"),
            }
            (raw, _) = Raw::connected(program.mqtt, &connect(version, "filters", true, &[0]));
        }
        let mut body = vec![0, 7];
        if version == 5 {
            body.push(0);
        }
        body.extend(text("never/there"));
        raw.send(&packet(0xa2, &body));
        let (head, body) = raw.packet().expect("an UNSUBSCRIBE is answered");
        assert_eq!((head, &body[..2]), (0xb0, &[0, 7][..]), "version {version}");
        assert_serves(&program);
    }
}

#[test]
fn more_connections_than_there_is_room_for_and_sockets_that_say_nothing() {
    let (_folder, mut setup) = city_of(1);
    setup.env.push(("BONGSU_LIMITS__MAX_CONNECTIONS".into(), "100".into()));
    let program = setup.serve();
    // More than there is room for; the first of them stay, half of those in the middle of a CONNECT.
    let mut silent: Vec<Raw> = (0..90).map(|_| Raw::open(program.mqtt)).collect();
    for raw in silent.iter_mut().step_by(2) {
        raw.send(&connect(4, "half", true, &[])[..9]);
    }
    assert_serves(&program);
    let mut kept: Vec<Raw> = (0..10).map(|_| Raw::open(program.mqtt)).collect();
    let mut refused = 0;
    for n in 0..50 {
        let mut raw = Raw::open(program.mqtt);
        raw.send(&connect(4, &format!("late-{n}"), true, &[]));
        // The place of the device that was served may become free only now.
        if raw.packet().is_some_and(|(head, body)| head == CONNACK && body[1] == 0) {
            kept.push(raw);
        } else {
            raw.closed();
            refused += 1;
        }
    }
    assert!(refused >= 40, "{refused} of 50 were turned away where 10 had room");
    // Whoever leaves makes room.
    drop(kept.drain(..));
    let deadline = Instant::now() + PATIENCE;
    while Device::connect(&program).is_err() {
        assert!(Instant::now() < deadline, "nobody is let in any more");
    }
    assert_serves(&program);
    // Silence is not for ever.
    for raw in &mut silent {
        raw.closed();
    }
}

#[test]
fn a_member_of_a_shared_subscription_and_a_listener_who_never_reads() {
    let (_folder, setup) = city_of(3);
    let program = setup.serve();
    for (version, spell) in [(4, 0), (5, 10)] {
        let keep: &[u8] = if version == 5 { &[5, 0x11, 0, 0, 0, 60] } else { &[] };
        let (mut raw, _) = Raw::connected(program.mqtt, &connect(version, &format!("member-{version}"), false, keep));
        raw.send(&subscribe(version, 1, "$share/group/bongsu/v1/alerts/#", 1));
        let (_, granted) = raw.packet().expect("an answer");
        assert_eq!(granted.last(), Some(&1), "a shared subscription to alerts is granted");
        let station = usize::from(version == 5);
        blow(&program, station..station + 1, spell);
        assert_eq!(raw.packet().expect("the alert").0 & 0xf6, 0x32, "it is delivered with QoS 1");
        // Neither PUBACK nor goodbye.
        drop(raw);
        assert_serves(&program);
    }
    // A listener who never reads, while a block of readings after the other becomes thousands of live readings.
    let (mut deaf, _) = Raw::connected(program.operator_mqtt, &connect(4, "deaf", true, &[]));
    deaf.send(&subscribe(4, 1, "bongsu/v1/live/#", 0));
    let (say, said) = channel();
    let _ear = Ear::open(program.operator_mqtt, "bongsu/v1/alerts/s00002/#", 1, move |_, _, _| {
        let _ = say.send(());
    });
    let mut device = Device::connect(&program).expect("devices are let in");
    let values = vec!["1.5"; 2_000].join(",");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let first = i64::try_from(now.as_millis()).expect("a time") - 3_000_000;
    for block in 0..60 {
        let body = format!("{{\"t\":{},\"dt_ms\":10,\"wind_speed\":[{values}]}}", first + block * 20_000);
        device.say("bongsu/v1/s00002/obs", body.as_bytes()).expect("blocks are acknowledged");
    }
    blow(&program, 2..3, 20);
    said.recv_timeout(PATIENCE).expect("others hear the alert");
    assert_serves(&program);
}

#[test]
fn frames_that_are_broken_in_every_way() {
    let (_folder, setup) = city_of(1);
    let program = setup.serve();
    let user = [7, 0x26, 0, 1, b'k', 0, 1, b'v'];
    let (mut plain, _) = Raw::connected(program.mqtt, &connect(4, "plain", true, &[]));
    plain.send(&subscribe(4, 1, "bongsu/v1/s00000/errors", 0));
    plain.packet().expect("granted");
    let (mut rich, _) = Raw::connected(program.mqtt, &connect(5, "rich", true, &[0]));
    rich.send(&publish(5, "bongsu/v1/s00000/obs", 1, 1, &user, b"{"));
    assert_eq!(rich.packet().expect("an answer").0, 0x40);
    assert_eq!(plain.packet().expect("a 3.1.1 listener hears what came of it").0 & 0xf0, 0x30);

    let seed = rand::random();
    let mut dice = StdRng::seed_from_u64(seed);
    println!("seed {seed}");
    let whole = |version: u8| {
        let frames = [
            connect(version, "mutant", true, &[0]),
            publish(version, "bongsu/v1/s00000/obs", 1, 1, &user, b"{\"wind_speed\":1}"),
            subscribe(version, 2, "bongsu/v1/alerts/#", 1),
            publish(version, "bongsu/v1/s00000/event", 2, 3, &[0], b"{\"id\":\"1\",\"type\":\"lent\"}"),
        ];
        frames.concat()
    };
    for n in 0..1_500 {
        let mut bytes = whole(if n % 2 == 0 { 5 } else { 4 });
        for _ in 0..dice.random_range(1..4) {
            let at = dice.random_range(0..bytes.len());
            match dice.random_range(0..3) {
                0 => bytes[at] = dice.random(),
                1 => bytes.truncate(at.max(2)),
                _ => bytes.insert(at, dice.random()),
            }
        }
        Raw::open(program.mqtt).send(&bytes);
    }
    assert_serves(&program);
    let log = program.log();
    assert!(!log.contains("panicked"), "seed {seed}: {log}");
}

/// The alerts a client takes until none come any more: by topic the last identifier. It acknowledges `window` of them at
/// once, before which no more may come where it said that it can hold no more.
fn take_alerts(raw: &mut Raw, window: usize, said_so: bool) -> BTreeMap<String, String> {
    let mut told = BTreeMap::new();
    loop {
        // The window is filled, and nothing beyond it is sent.
        let mut open = Vec::new();
        while open.len() < window {
            match raw.packet_within(if open.is_empty() { 4 * QUIET } else { QUIET }) {
                Ok(Some((head, body))) if head & 0xf0 == 0x30 => {
                    let length = usize::from(u16::from_be_bytes([body[0], body[1]]));
                    let topic = String::from_utf8(body[2..2 + length].to_vec()).expect("text");
                    let at = body[2 + length + 2..].iter().position(|byte| *byte == b'{').expect("an alert");
                    let alert: Value = serde_json::from_slice(&body[2 + length + 2 + at..]).expect("JSON");
                    told.insert(topic, alert["identifier"].as_str().unwrap_or_default().to_owned());
                    open.push([body[2 + length], body[2 + length + 1]]);
                }
                Ok(Some(_)) => {}
                Ok(None) => panic!("the door closed"),
                Err(_) => break,
            }
        }
        if open.is_empty() {
            return told;
        }
        if said_so && open.len() == window && told.len() < window * 3 {
            assert!(raw.packet_within(QUIET).is_err(), "more than {window} in flight");
        }
        let acks: Vec<[u8; 4]> = open.into_iter().map(|[high, low]| [0x40, 2, high, low]).collect();
        raw.send(&acks.concat());
    }
}

#[test]
fn three_hundred_alerts_reach_everybody_new_absent_and_slow_and_outlive_a_kill() {
    const STATIONS: usize = 300;
    let (_folder, setup) = city_of(STATIONS);
    let mut program = setup.serve();
    // One who will be absent.
    let (mut absent, _) = Raw::connected(program.mqtt, &connect(4, "absent", false, &[]));
    absent.send(&subscribe(4, 1, "bongsu/v1/alerts/#", 1));
    absent.packet().expect("granted");
    absent.send(&[0xe0, 0]);
    absent.closed();
    blow(&program, 0..STATIONS, 0);
    let stored = || -> BTreeSet<String> {
        store::rows(&setup.database(), "SELECT identifier FROM message").into_iter().flatten().collect()
    };
    let all = stored();
    assert_eq!(all.len(), STATIONS);
    let heard = |told: BTreeMap<String, String>| told.into_values().collect::<BTreeSet<_>>();
    for after_kill in [false, true] {
        if after_kill {
            program.kill();
            program = setup.serve();
        }
        // One who is new, with a window of five.
        let (mut new, _) = Raw::connected(program.mqtt, &connect(5, "new", true, &[3, 0x21, 0, 5]));
        new.send(&subscribe(5, 1, "bongsu/v1/alerts/#", 1));
        assert_eq!(heard(take_alerts(&mut new, 5, true)), all, "a new listener, after a kill: {after_kill}");
    }
    let (mut absent, greeting) = Raw::connected(program.mqtt, &connect(4, "absent", false, &[]));
    assert_eq!(greeting[0], 1, "the session is still there");
    assert_eq!(heard(take_alerts(&mut absent, 20, false)), all, "who was absent hears of everything");
    assert_eq!(stored(), all, "nothing was issued again under another name");
}

#[test]
fn a_qos_2_reading_that_is_sent_again_after_a_kill_is_stored_once() {
    let (_folder, setup) = city_of(1);
    let mut program = setup.serve();
    // Without a time of its own it would be another reading each time it is taken.
    let mut reading = publish(4, "bongsu/v1/s00000/obs", 2, 9, &[], b"{\"wind_speed\":3.5}");
    let (mut raw, _) = Raw::connected(program.mqtt, &connect(4, "exact", false, &[]));
    raw.send(&reading);
    assert_eq!(raw.packet().expect("an answer"), (0x50, vec![0, 9]));
    reading[0] |= 0x08;
    for round in 0..3 {
        if round == 1 {
            // The door writes down that there is such a session a moment after it let it in.
            let deadline = Instant::now() + PATIENCE;
            let kept = setup.data.join("sessions.db");
            while store::value(&kept, "SELECT count(*) FROM session").is_none_or(|count| count == "0") {
                assert!(Instant::now() < deadline, "the session is not kept");
                std::thread::sleep(Duration::from_millis(5));
            }
            program.kill();
            program = setup.serve();
        }
        let (mut again, _) = Raw::connected(program.mqtt, &connect(4, "exact", false, &[]));
        again.send(&reading);
        assert_eq!(again.packet().expect("an answer"), (0x50, vec![0, 9]), "round {round}");
    }
    let (mut last, _) = Raw::connected(program.mqtt, &connect(4, "exact", false, &[]));
    last.send(&[0x62, 2, 0, 9]);
    assert_eq!(last.packet().expect("an answer"), (0x70, vec![0, 9]));
    let url = format!("{}/api/v1/observations?station=s00000&kind=wind_speed", program.public);
    let answer: Value = serde_json::from_str(&http::get(&url).1).expect("JSON");
    assert_eq!(answer["observations"].as_array().map(Vec::len), Some(1), "{answer}");
}
