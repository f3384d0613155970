//! A channel whose other side is down for an hour delays nobody else, and brings its message when it is back, unless its
//! time is over.

use crate::receivers::{CITY, Receivers, setup, tells, webhook};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// When the trial begins, and how much faster than life it goes: an hour is twelve seconds.
const CLOCK: &str = "2026-07-08T11:00:00Z@300";
const HOUR: Duration = Duration::from_secs(12);

#[test]
fn an_hour_down_delays_nobody_else_and_loses_nothing() {
    let mut receivers = Receivers::open();
    // A trial under another clock is an exercise: only what is marked as being for exercises hears of it.
    let hooks = [
        webhook(&receivers, "down", "alert", "ko", "exercise = true"),
        webhook(&receivers, "hook", "alert", "ko", "exercise = true"),
        webhook(&receivers, "meant", "alert", "ko", ""),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    let setup = setup(folder.path(), CITY, &hooks.concat()).with_clock(CLOCK);
    let program = setup.serve();
    (0..2).for_each(|_| tells(&program, "jamsu/obs", "{\"river_stage\": 2.5}"));
    let begins = Instant::now();
    let prompt = receivers.taken("/hook");
    assert_eq!(prompt["body"]["alert"]["status"], "Exercise");
    let text = prompt["body"]["texts"]["90"].as_str().expect("a text");
    assert!(text.starts_with("[서초구] [훈련] "), "{text}");
    receivers.until("four attempts", |line| line["path"] == "/down" && line["attempt"].as_u64() >= Some(4));
    let is_down = |line: &Value| line["path"] == "/down" && line["status"] == 503;
    assert!(receivers.arrived.iter().any(is_down));
    std::thread::sleep(HOUR.saturating_sub(begins.elapsed()));
    receivers.repair();
    let late = receivers.taken("/down");
    assert_eq!((&late["key"], &late["body"]["alert"]), (&late["body"]["key"], &prompt["body"]["alert"]));
    let keys: Vec<&Value> = receivers.arrived.iter().filter(|line| is_down(line)).map(|line| &line["key"]).collect();
    assert!(keys.iter().all(|key| **key == late["key"]), "{keys:?}");
    assert!(!receivers.arrived.iter().any(|line| line["path"] == json!("/meant")), "an exercise is not meant");
}
