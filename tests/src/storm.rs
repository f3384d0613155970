//! The load of the crash tests: gusts that come and go, so that incidents open and close all the time, and every
//! reading of it can be told from the number of its station and its own.

use crate::ear::Ear;
use crate::ledger::Ledger;
use crate::load::{Books, Plan};
use crate::program::Setup;
use crate::{city, load};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A rule whose incidents are issued to the public by themselves, and end as soon as the wind drops.
const RULE: &str = r#"//! id       = "gust"
//! hazard   = "infrastructure"
//! title    = { ko = "강풍", en = "Gusts" }
//! scope    = "station"
//! audience = "public"
//! every    = "0s"
//!
//! [inputs]
//! wind = { kind = "wind_speed", max_age = "1h" }
//!
//! [params]
//! storm = { default = 60.0, min = 50.0, max = 120.0, unit = "m/s", why = "half of the wind of this load is above it" }
//!
//! [hold]
//! confirm     = "2 of 2"
//! clear_ratio = 0.9
//! clear_after = "0s"
//!
//! [release]
//! warning = "auto"
//!
//! [labels]
//! storm = { ko = "풍속", en = "wind" }

if check("storm", wind.last(), ">=", storm) { raise("warning") }
"#;

/// Readings of a station between two changes of the wind.
const SPELL: u64 = 100;

/// The time from one reading of a station to the next, milliseconds.
const STEP_MS: i64 = 10;

/// The wind of a station at its n-th reading.
pub fn wind(station: usize, n: u64) -> f64 {
    let calm = (n / SPELL + station as u64).is_multiple_of(2);
    let base = if calm { 5.0 } else { 70.0 };
    base + f64::from(u8::try_from(n % 97).unwrap_or_default()) / 10.0
}

/// Writes the city of so many stations into a folder.
pub fn make(folder: &Path, stations: usize) -> Setup {
    let more = "cadence = \"10ms\"\nquality = { max_rate = \"100/10ms\" }";
    city::write(folder, &city::stations(stations, "wind_speed", more), &[("gust.rhai", RULE)]);
    Setup::anonymous(folder)
}

/// The plan of the storm that began now.
pub fn plan(in_flight: u16, rate: Option<f64>) -> Plan {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Plan {
        address: SocketAddr::from(([127, 0, 0, 1], 1)),
        login: None,
        in_flight,
        rate,
        lasting: Duration::from_secs(60),
        kind: "wind_speed",
        first_ms: i64::try_from(now.as_millis()).unwrap_or_default() - 600_000,
        step_ms: STEP_MS,
        value: wind,
        stop: Arc::default(),
        gate: None,
        told: None,
    }
}

/// The books of so many stations that said nothing yet.
pub fn books(stations: usize) -> Vec<Books> {
    (0..stations).map(|place| Books::new(place, city::station(place))).collect()
}

/// Readings that `wanted` picks and the store does not hold.
pub fn missing(ledger: &Ledger, plan: &Plan, books: &[Books], wanted: impl Fn(&Books, u64) -> bool) -> Vec<String> {
    let mut missing = Vec::new();
    for books in books {
        for n in (0..books.said).filter(|n| wanted(books, *n)) {
            let time = plan.first_ms + i64::try_from(n).unwrap_or(i64::MAX) * plan.step_ms;
            if !ledger.holds(&books.station, time, (plan.value)(books.place, n)) {
                missing.push(format!("{} {n}", books.station));
            }
        }
    }
    missing
}

/// What citizens were told: by identifier the `sent` they read, and by area the last identifier.
#[derive(Debug, Default)]
pub struct Told {
    /// `sent` of each identifier.
    pub sent: BTreeMap<String, String>,
    /// The newest identifier of each area.
    pub last: BTreeMap<String, String>,
    /// Identifiers that were heard with two different `sent`.
    pub contradictions: Vec<String>,
}

/// Listens to public alerts and writes down what is told.
///
/// # Panics
/// The broker does not let it in.
pub fn listen(address: SocketAddr, told: &Arc<Mutex<Told>>) -> Ear {
    let told = told.clone();
    Ear::open(address, "bongsu/v1/alerts/#", 1, move |topic, payload, _| {
        let Ok(said) = serde_json::from_slice::<serde_json::Value>(payload) else { return };
        let (Some(identifier), Some(sent)) = (said["identifier"].as_str(), said["sent"].as_str()) else { return };
        let area = topic.split('/').nth(3).unwrap_or_default();
        let mut told = told.lock().expect("nobody panics");
        let before = told.sent.insert(identifier.to_owned(), sent.to_owned());
        if before.is_some_and(|before| before != sent) {
            told.contradictions.push(identifier.to_owned());
        }
        told.last.insert(area.to_owned(), identifier.to_owned());
    })
    .expect("everybody may hear alerts")
}

/// Publishes on a thread of its own, towards a program.
pub fn publish(plan: &Plan, address: SocketAddr, books: Vec<Books>) -> std::thread::JoinHandle<load::Account> {
    load::publish_apart(&Plan { address, ..plan.clone() }, books)
}
