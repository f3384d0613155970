//! Archives: every line of their table against another side, and the whole program with an archive that is away, hangs,
//! refuses, or ends in the middle of it. Afterwards both sides hold the same.

// One suite for every archive.
mod conformance;
// Whatever the archive answers.
mod answer;
// What was left out, and fetched.
mod gap;
// Dashboards and the compose file speak of what is written.
mod kit;
// An archive that is away, and a program that is killed.
mod outage;

use bongsu_tests::flood::Device;
use bongsu_tests::influx::{BUCKET, Influx, ORG, TOKEN};
use bongsu_tests::ledger::Ledger;
use bongsu_tests::load::Plan;
use bongsu_tests::program::{Program, Setup};
use bongsu_tests::{city, http, wait};
use serde_json::Value;
use std::time::Duration;

/// Long enough for anything that comes at all.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until something holds.
#[track_caller]
fn until(what: &str, holds: impl FnMut() -> bool) {
    wait::until(PATIENCE, what, holds);
}

/// A setup whose archive is a stand-in.
fn archived_in(setup: &mut Setup, influx: &Influx, more: &[(&str, &str)]) {
    let url = influx.url();
    let set = [("URL", url.as_str()), ("ORG", ORG), ("BUCKET", BUCKET), ("TOKEN", TOKEN)];
    let set = set.iter().map(|(key, value)| (format!("BONGSU_ARCHIVE__INFLUXDB2__{key}"), (*value).to_owned()));
    setup.env.extend(set);
    setup.env.push(("BONGSU_ARCHIVE__EVERY".into(), "100ms".into()));
    setup.env.extend(more.iter().map(|(key, value)| (format!("BONGSU_ARCHIVE__{key}"), (*value).to_owned())));
}

/// Lets each of some stations say readings `from` to `to` of a plan, and waits until all of it is acknowledged.
fn say(program: &Program, plan: &Plan, stations: usize, from: u64, to: u64) {
    let mut device = Device::connect(program).expect("devices are let in");
    for n in from..to {
        let t = plan.first_ms + i64::try_from(n).expect("few") * plan.step_ms;
        let said = (0..stations).map(|place| {
            let body = format!("{{\"t\":{t},\"wind_speed\":{}}}", (plan.value)(place, n));
            (format!("bongsu/v1/{}/obs", city::station(place)), body.into_bytes())
        });
        device.say_all(said).expect("it is acknowledged");
    }
}

/// How many values the store holds.
fn stored(setup: &Setup) -> usize {
    let mut ledger = Ledger::of(&setup.database());
    ledger.read_on();
    ledger.count()
}

/// The objects a command prints, whether it found something to complain about or not.
fn printed(setup: &Setup, arguments: &[&str]) -> Vec<Value> {
    let output = setup.command(arguments).output().expect("the program runs");
    let text = String::from_utf8(output.stdout).expect("it prints text");
    let complaint = String::from_utf8_lossy(&output.stderr);
    let line = |line: &str| serde_json::from_str(line).unwrap_or_else(|wrong| panic!("{wrong}: {line} {complaint}"));
    text.lines().map(line).collect()
}

/// Counts and sums of every day are the same on both sides, and there are some.
#[track_caller]
fn assert_verified(setup: &Setup, from: &str) -> u64 {
    let mut count = 0;
    until("counts and sums are the same", || {
        let lines = printed(setup, &["archive", "verify", "--json", "--from", from]);
        count = lines.iter().filter_map(|line| line["archive_count"].as_u64()).sum();
        !lines.is_empty() && lines.iter().all(|line| line["same"] == true)
    });
    count
}

/// Whether `/readyz` says yes, and what it says.
fn readiness(program: &Program) -> (bool, String) {
    let (status, body) = http::get(&format!("{}/readyz", program.operator));
    (status == 200, body)
}

/// A number of `/metrics`.
fn metric(program: &Program, name: &str) -> f64 {
    let (_, text) = http::get(&format!("{}/metrics", program.operator));
    let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no {name} in {text}"));
    line.rsplit(' ').next().and_then(|value| value.parse().ok()).expect("a number")
}
