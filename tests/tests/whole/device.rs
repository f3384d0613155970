//! A device: let in with one pasted line, seen within a second, told what was wrong, and shut out again.

use bongsu_tests::ear::Ear;
use bongsu_tests::flood::{self, Device};
use bongsu_tests::http;
use bongsu_tests::person::Person;
use bongsu_tests::program::{Program, Setup};
use serde_json::Value;
use std::fs;
use std::process::{Command, Output};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// What was said must be seen so soon.
const SOON: Duration = Duration::from_secs(1);

/// Long enough for anything that comes at all.
const PATIENCE: Duration = Duration::from_secs(20);

fn city() -> (tempfile::TempDir, Setup) {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("stations.toml"), flood::STATIONS).expect("the folder can be written");
    let setup = Setup::strict(folder.path());
    (folder, setup)
}

fn paste(line: &str) -> Output {
    let missing = "mosquitto_pub is not installed: run `make setup`";
    assert!(Command::new("mosquitto_pub").arg("--help").output().is_ok(), "{missing}");
    Command::new("sh").arg("-c").arg(line).output().expect("a shell")
}

/// What is said under a filter to operators.
fn listen(program: &Program, filter: &str) -> (Ear, Receiver<(String, Value)>) {
    let (say, said) = channel();
    let ear = Ear::open(program.operator_mqtt, filter, 0, move |topic, payload, _| {
        let _ = say.send((topic.to_owned(), serde_json::from_slice(payload).unwrap_or_default()));
    });
    (ear.expect("operators are let in"), said)
}

/// The observations of the bridge.
fn observed(program: &Program) -> Vec<Value> {
    let url = format!("{}/api/v1/observations?station=bridge&kind=river_stage", program.public);
    let (status, body) = http::get(&url);
    assert_eq!(status, 200, "{body}");
    let answer: Value = serde_json::from_str(&body).expect("JSON");
    answer["observations"].as_array().cloned().unwrap_or_default()
}

/// The observations of the bridge, as soon as there are so many.
#[track_caller]
fn observed_within(time: Duration, program: &Program, count: usize) -> Vec<Value> {
    let deadline = Instant::now() + time;
    loop {
        let seen = observed(program);
        if seen.len() == count {
            return seen;
        }
        assert!(Instant::now() < deadline, "{} observations after {time:?}: {seen:?}", seen.len());
    }
}

#[test]
fn the_example_can_be_pasted_and_its_reading_is_seen_within_a_second() {
    let (_folder, setup) = city();
    let mut program = setup.serve();
    let (_ear, live) = listen(&program, "bongsu/v1/live/bridge/#");
    let line = setup.run(&["devices", "add", "bridge", "--example"]);
    assert_eq!(line.trim().lines().count(), 1, "one line to paste: {line}");
    assert!(observed(&program).is_empty(), "nothing was said yet");
    let done = paste(&line);
    let said = Instant::now();
    assert!(done.status.success(), "{line}: {}", String::from_utf8_lossy(&done.stderr));
    let (topic, reading) = live.recv_timeout(SOON).expect("it is live within a second");
    assert_eq!((topic.as_str(), &reading["value"]), ("bongsu/v1/live/bridge/river_stage", &1.0.into()));
    let seen = observed_within(SOON.saturating_sub(said.elapsed()), &program, 1);
    assert_eq!(seen[0]["value"], 1.0, "{seen:?}");

    // Not for another station, not with another secret, and not once its word is taken away.
    let refused = |line: &str, why: &str| {
        let _ = paste(line);
        assert_eq!(observed(&program).len(), 1, "{why}");
    };
    refused(&line.replace("bongsu/v1/bridge", "bongsu/v1/upper").replace(": 1}", ": 2}"), "another station");
    refused(&line.replace(" -P ", " -P x"), "another secret");
    let (_, rest) = line.split_once(" -u ").expect("a user name");
    let username = rest.split(' ').next().expect("a user name");
    setup.run(&["devices", "revoke", username]);
    assert!(!paste(&line.replace(": 1}", ": 3}")).status.success(), "a revoked device is let in");
    assert_eq!(observed(&program).len(), 1);

    // An example made while nothing runs is as good after the start.
    program.ask_to_end();
    assert!(program.wait().success(), "{}", program.log());
    let line = setup.run(&["devices", "add", "bridge", "--example"]);
    let program = setup.serve();
    let port = format!(" -p {} ", program.mqtt.port());
    let line = line.replace(" -p 0 ", &port);
    let done = paste(&line);
    assert!(done.status.success(), "{line}: {}", String::from_utf8_lossy(&done.stderr));
    observed_within(SOON, &program, 2);
}

#[test]
fn what_a_device_says_wrongly_is_counted_kept_and_told_and_disturbs_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("stations.toml"), flood::STATIONS).expect("the folder can be written");
    let setup = Setup::anonymous(folder.path());
    let program = setup.serve();
    let (_ear, errors) = listen(&program, "bongsu/v1/bridge/errors");
    let useless: [(&str, &[u8], &str); 8] = [
        ("bridge/obs", b"{", "malformed"),
        ("bridge/obs", b"\xff\xfe\x00", "malformed"),
        ("bridge/obs", br#"{"river_stage": NaN}"#, "not_a_number"),
        ("bridge/obs", br#"{"river_stage": "high"}"#, "not_a_number"),
        ("bridge/obs", br#"{"happiness": 1}"#, "unknown_kind"),
        ("bridge/obs", br#"{"rainfall": 1}"#, "unknown_datastream"),
        ("bridge/obs", br#"{"t": "2099-01-01T00:00:00Z", "river_stage": 3}"#, "future_time"),
        ("bridge/obs", br#"{"t": "yesterday", "river_stage": 3}"#, "bad_time"),
    ];
    let mut device = Device::connect(&program).expect("the door lets a device in");
    for (topic, payload, reason) in useless {
        device
            .say(&format!("bongsu/v1/{topic}"), payload)
            .expect("even nonsense is acknowledged: it was taken note of");
        let (_, told) = errors.recv_timeout(PATIENCE).expect("the device is told");
        assert_eq!(told["reason"], reason, "{told}");
        assert!(told["remedy"].as_str().is_some_and(|remedy| remedy.len() > 10), "{told}");
    }
    device.say("bongsu/v1/nowhere/obs", br#"{"river_stage": 3}"#).expect("it is acknowledged");
    device.say("bongsu/v1/bridge/obs", br#"{"river_stage": 3.1}"#).expect("it is acknowledged");
    let seen = observed_within(PATIENCE, &program, 1);
    assert_eq!(seen[0]["value"], 3.1, "what is right is taken: {seen:?}");
    let kept = Person::first(&program).get(&program, "/api/v1/dead-letters");
    let counts: u64 = kept["counts"].as_object().into_iter().flatten().filter_map(|(_, count)| count.as_u64()).sum();
    assert_eq!(counts, useless.len() as u64 + 1, "{kept}");
    assert_eq!(kept["counts"]["unknown_station"], 1, "{kept}");
}
