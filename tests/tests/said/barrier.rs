//! A barrier that does not confirm is an incident of the operators, is closed again and again until it does, and is never
//! opened from here. Citizens who see water support what a gauge says, and warn nobody by themselves.

use crate::receivers::{CITY, now_ms, says, setup, tells};
use bongsu_tests::ear::Ear;
use bongsu_tests::http;
use bongsu_tests::person::Person;
use bongsu_tests::program::Program;
use serde_json::{Value, json};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const BARRIER: &str = r#"
[[channel.device]]
station = "barrier"
act = "close"
level = "watch"
timeout = "2s"
"#;

/// What a barrier is told.
fn commands(program: &Program) -> (Ear, Receiver<Value>) {
    let (told, heard) = channel();
    let ear = Ear::open(program.operator_mqtt, "bongsu/v1/barrier/cmd", 1, move |_, payload, _| {
        let _ = told.send(serde_json::from_slice(payload).expect("JSON"));
    });
    (ear.expect("it may listen"), heard)
}

/// Waits until an incident of a hazard looks as wanted to operators.
fn until(kim: &Person, program: &Program, hazard: &str, fits: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let found = kim.get(program, &format!("/api/v1/alerts?hazard={hazard}"))["alerts"][0].clone();
        if found.is_object() && fits(&found) {
            return found;
        }
        assert!(Instant::now() < deadline, "{hazard}: {found}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_barrier_that_does_not_confirm_is_told_to_operators_and_is_never_opened() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = setup(folder.path(), CITY, BARRIER).serve();
    let kim = Person::first(&program);
    let (_ear, heard) = commands(&program);
    says(&program, "jamsu", now_ms() - 600_000, 2.5);
    let first = heard.recv_timeout(Duration::from_secs(60)).expect("it is told to close");
    assert_eq!(first["type"], "close");
    let open = until(&kim, &program, "infrastructure", |incident| incident["state"] == "issued");
    assert_eq!((&open["audience"], &open["station"]), (&json!("operators"), &json!("barrier")));
    let (status, body) = http::get(&format!("{}/api/v1/alerts", program.public));
    assert!(status == 200 && !body.contains("infrastructure"), "{body}");
    let again = heard.recv_timeout(Duration::from_secs(60)).expect("it is told again");
    assert_eq!(again, first, "under the same name, so that it may drop what it has done");
    tells(&program, "barrier/cmd/ack", &json!({"id": first["id"], "result": "done"}).to_string());
    until(&kim, &program, "infrastructure", |incident| incident["state"] == "ended");
    // The water falls. What is over for the gauge may not be over on the road.
    says(&program, "jamsu", now_ms() - 120_000, 1.0);
    until(&kim, &program, "river_flood", |incident| incident["state"] == "ended");
    std::thread::sleep(Duration::from_secs(1));
    assert!(heard.try_iter().all(|command| command == first), "only to close, and only for this danger");
}

#[test]
fn citizens_support_what_a_gauge_says_and_warn_nobody_by_themselves() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = setup(folder.path(), CITY, "").serve();
    let kim = Person::first(&program);
    let see = |device: &str| {
        let body = json!({"area": "seocho", "hazard": "river_flood", "what": "depth", "value": "knee",
            "device": format!("a random number {device}")});
        let url = format!("{}/api/v1/reports", program.public);
        let answer = http::ask("POST", &url, &[("Content-Type", "application/json")], &body.to_string());
        assert_eq!(answer.expect("an answer").status, 202);
    };
    for device in ["1", "2", "2", "3"] {
        see(device);
    }
    let alerts = kim.get(&program, "/api/v1/alerts");
    assert_eq!(alerts["alerts"], json!([]), "they fire nothing");
    tells(&program, "jamsu/obs", "{\"river_stage\": 2.5}");
    let proposed = until(&kim, &program, "river_flood", |incident| incident["state"] == "proposed");
    assert_eq!(
        (&proposed["sightings"], &proposed["identifier"]),
        (&json!(3), &json!(null)),
        "a person is asked all the same"
    );
    see("4");
    until(&kim, &program, "river_flood", |incident| incident["sightings"] == 4);
}
