//! The whole job: MQTT QoS 1 → decode → quality → a statistical rule with hysteresis at every reading → durable →
//! PUBACK, with the shipped rules in force over stations that speak at their own cadence.

use crate::Round;
use bongsu_rules::pack;
use bongsu_tests::load::{self, Books, Plan};
use bongsu_tests::program::{Program, Setup};
use bongsu_tests::{city, machine};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long a round lasts.
const LASTING: Duration = Duration::from_secs(6);

/// Stations of the shipped rules, and readings a second of all of them.
const RIVERS: usize = 200;
const RIVER_RATE: f64 = 20.0;

/// The rule that is evaluated at every reading, and the one that trips.
pub const RULE: &str = include_str!("../../../bench/rule.rhai");
/// See [`RULE`].
pub const TRIP: &str = include_str!("../../../bench/trip.rhai");

/// Rules that look at each measured station once a minute, besides the one above: ten in all for each datastream, a
/// thousand places of rules and more with those of the rivers.
const MINUTE_RULES: usize = 9;

/// One of them, over windows from a minute to an hour.
fn minute_rule(number: usize) -> String {
    let window = ["1m", "2m", "5m", "10m", "15m", "20m", "30m", "45m", "1h"][number % MINUTE_RULES];
    let body = ["wind.max(", "wind.mean(", "wind.median("][number % 3];
    format!(
        "//! id = \"bench_minute_{number}\"\n//! hazard = \"outage\"\n\
         //! title = {{ ko = \"측정용 규칙\", en = \"A rule to measure with\" }}\n//! scope = \"station\"\n\
         //! every = \"1m\"\n//! [inputs]\n//! wind = {{ kind = \"wind_speed\", max_age = \"30d\" }}\n\
         //! [params]\n//! much = {{ default = 100.0, min = 50.0, max = 120.0, unit = \"m/s\" }}\n\
         //! [labels]\n//! much = {{ ko = \"풍속\", en = \"wind\" }}\n\
         if check(\"much\", {body}\"{window}\"), \">=\", much) {{ raise(\"advisory\") }}\n"
    )
}

/// Days back at which the measured stations begin: they say a second's reading many times a second.
const DAYS_BACK: i64 = 20;

fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or_default()
}

/// The measured load: a reading a message, a second apart in the stations' own time.
pub fn plan(address: SocketAddr, in_flight: u16) -> Plan {
    Plan {
        address,
        login: None,
        in_flight,
        rate: None,
        lasting: LASTING,
        kind: "wind_speed",
        first_ms: now_ms() - DAYS_BACK * 86_400_000,
        step_ms: 1_000,
        value: wind,
        stop: Arc::default(),
        gate: None,
        told: None,
    }
}

/// Wind around 10 m/s with noise, the same for the same station and number.
pub fn wind(station: usize, n: u64) -> f64 {
    let mut mixed = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (station as u64).wrapping_mul(0xd1b5_4a32_d192_ed03);
    mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    f64::from(u16::try_from(mixed >> 54).unwrap_or_default()) / 100.0 + 5.0
}

/// The books of so many stations that said nothing yet.
pub fn books(count: usize) -> Vec<Books> {
    (0..count).map(|place| Books::new(place, city::station(place))).collect()
}

/// Makes the city of the benchmark in a folder, with these rules besides the shipped ones.
pub fn make(folder: &Path, stations: usize, rules: &[(&str, &str)]) -> Setup {
    let limits = "cadence = \"1s\"\nquality = { max_rate = \"100/1s\", spike = [100.0, 110.0], flat_after = \"2m\" }";
    let mut catalog = city::stations(stations, "wind_speed", limits);
    let levels = "levels = { advisory = 5.5, watch = 6.2, warning = 6.5 }";
    let rivers = city::stations(RIVERS, "river_stage", levels).replace("\"s0", "\"r0");
    catalog.push_str(rivers.trim_start_matches("timezone = \"Asia/Seoul\"\n"));
    let shipped = pack::ALL.iter().map(|rule| (rule.name, rule.text));
    let minute: Vec<(String, String)> =
        (0..MINUTE_RULES).map(|number| (format!("bench/minute_{number}.rhai"), minute_rule(number))).collect();
    let minute = minute.iter().map(|(name, text)| (name.as_str(), text.as_str()));
    let all: Vec<(&str, &str)> = rules.iter().copied().chain(shipped).chain(minute).collect();
    city::write(folder, &catalog, &all);
    Setup::anonymous(folder)
}

/// The stations of the shipped rules, speaking until they are stopped.
pub fn rivers(address: SocketAddr) -> (std::thread::JoinHandle<load::Account>, Arc<AtomicBool>) {
    let stop = Arc::new(AtomicBool::new(false));
    let plan = Plan {
        rate: Some(RIVER_RATE),
        lasting: Duration::from_secs(3_600),
        kind: "river_stage",
        first_ms: now_ms() - 1_800_000,
        step_ms: 60_000,
        value: |_, n| 2.0 + f64::from(u32::try_from(n % 10).unwrap_or_default()) / 100.0,
        stop: stop.clone(),
        ..plan(address, 20)
    };
    let books = (0..RIVERS).map(|place| Books::new(place, city::station(place).replace('s', "r"))).collect();
    (load::publish_apart(&plan, books), stop)
}

/// One round: the rate is what was acknowledged, and that is what is on the disk.
pub fn round(folder: &Path, connections: usize, in_flight: u16) -> Round {
    let folder = tempfile::tempdir_in(folder).expect("the folder can be written");
    let setup = make(folder.path(), connections, &[("bench/rule.rhai", RULE)]);
    let program = setup.serve();
    let (rivers, stop) = rivers(program.mqtt);
    let own = std::process::id();
    let own_before = machine::usage(own);
    let before = machine::usage(program.id());
    let account = load::publish_apart(&plan(program.mqtt, in_flight), books(connections)).join().expect("it ends");
    let used = machine::usage(program.id());
    stop.store(true, Ordering::Relaxed);
    let _ = rivers.join();
    assert_eq!(account.broken, 0, "connections broke: {}", program.log());
    end(program);
    #[expect(clippy::cast_precision_loss, reason = "counts of a benchmark")]
    let acknowledged = account.acknowledged as f64;
    Round {
        rate: account.rate(),
        cpu_s: (used.cpu_s - before.cpu_s) * 1e6 / acknowledged,
        peak_mib: used.peak_mib,
        ack_ms: (account.latency.quantile_ms(0.5), account.latency.quantile_ms(0.99)),
        load_cpu_s: (machine::usage(own).cpu_s - own_before.cpu_s) * 1e6 / acknowledged,
    }
}

/// Ends a program as a person would; a benchmark of one that cannot end is worth nothing.
pub fn end(mut program: Program) {
    program.ask_to_end();
    let status = program.wait();
    assert!(status.success(), "bongsu ended badly: {}", program.log());
}
