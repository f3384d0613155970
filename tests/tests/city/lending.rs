//! Power banks: what kiosks say of lending and return, over MQTT, once each, and still there after a crash.

use bongsu_tests::ear::Ear;
use bongsu_tests::flood::Device;
use bongsu_tests::program::Setup;
use serde_json::{Value, json};
use std::fs;
use std::sync::mpsc::channel;
use std::time::Duration;

const CITY: &str = r#"timezone = "Asia/Seoul"
[[area]]
code = "seocho"
name = { ko = "서초구", en = "Seocho-gu" }
[[station]]
id = "kiosk"
name = { ko = "강남역 대여소", en = "Kiosk at Gangnam" }
position = [37.498, 127.028]
area = "seocho"
[[station.datastream]]
kind = "charger_available"
"#;

/// Type, unit and token of every event in the store, in the order of their times.
fn ledger(setup: &Setup) -> Vec<(String, String, String)> {
    let store = rusqlite::Connection::open(setup.database()).expect("the store is there");
    let mut statement = store.prepare("SELECT type, body FROM event ORDER BY time, id").expect("a table");
    let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?));
    let rows = statement.query_map([], row).expect("it can be read");
    rows.map(|row| {
        let (kind, body) = row.expect("a row");
        let body: Value = serde_json::from_str(&body).expect("as it was sent");
        let text = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
        (kind, text("unit"), text("token"))
    })
    .collect()
}

#[test]
fn what_is_lent_and_returned_is_kept_once_whatever_happens() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("stations.toml"), CITY).expect("the folder can be written");
    let setup = Setup::anonymous(folder.path());
    let mut program = setup.serve();
    let (error, errors) = channel();
    let _ear = Ear::open(program.operator_mqtt, "bongsu/v1/kiosk/errors", 0, move |_, payload, _| {
        let _ = error.send(serde_json::from_slice::<Value>(payload).expect("JSON"));
    })
    .expect("operators may hear what is refused");
    let topic = "bongsu/v1/kiosk/event";
    let event = |id: &str, minute: u32, kind: &str| {
        json!({"id": id, "t": format!("2026-07-08T10:{minute:02}:00+09:00"), "type": kind, "unit": "PB-1", "token": "c0ffee"})
            .to_string()
    };
    let mut device = Device::connect(&program).expect("the door lets a device in");
    let say = |device: &mut Device, body: &str| device.say(topic, body.as_bytes()).expect("it is acknowledged");
    say(&mut device, &event("1-lent", 0, "lent"));
    // The kiosk did not hear the PUBACK and says it again.
    say(&mut device, &event("1-lent", 0, "lent"));
    say(&mut device, &event("1-returned", 45, "returned"));
    let expected: Vec<(String, String, String)> =
        ["lent", "returned"].map(|kind| (kind.to_owned(), "PB-1".to_owned(), "c0ffee".to_owned())).into();
    assert_eq!(ledger(&setup), expected);

    for wrong in
        ["{\"type\":\"lent\"}", "{\"id\":\"\",\"type\":\"lent\"}", "{\"id\":\"x\",\"t\":true,\"type\":\"lent\"}", "?"]
    {
        say(&mut device, wrong);
        let told = errors.recv_timeout(Duration::from_secs(20)).expect("the kiosk is told");
        assert!(!told["remedy"].as_str().unwrap_or_default().is_empty(), "{told}");
    }
    // Acknowledged is on the disk, whatever happens to the program.
    say(&mut device, &event("2-lent", 50, "lent"));
    program.kill();
    let program = setup.serve();
    let mut device = Device::connect(&program).expect("the door lets a device in");
    say(&mut device, &event("2-lent", 50, "lent"));
    assert_eq!(ledger(&setup).len(), 3);
    assert_eq!(ledger(&setup)[..2], expected[..]);
}
