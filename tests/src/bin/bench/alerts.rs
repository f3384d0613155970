//! From writing a publish to hearing the alert it causes, at a thousand readings a second, everything durable; the same
//! while an archive is away, for which nobody may wait.

use crate::whole::{self, RULE, TRIP, books, wind};
use bongsu_tests::ear::Ear;
use bongsu_tests::histogram::Histogram;
use bongsu_tests::{load, machine};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const STATIONS: usize = 50;
const RATE: f64 = 1_000.0;
const LASTING: Duration = Duration::from_secs(20);

/// Rounds without an archive and with one that is away, in turns: the longest hundredth of one is a matter of luck.
const PAIRS: usize = 3;

/// Every so many readings of a station one trips the rule.
const EVERY: u64 = 20;

fn trips(station: usize, n: u64) -> bool {
    n % EVERY == EVERY / 2 + station as u64 % (EVERY / 2)
}

fn value(station: usize, n: u64) -> f64 {
    if trips(station, n) { 99.0 } else { wind(station, n) }
}

#[derive(Default)]
struct Watch {
    /// When each station last tripped, until the alert is heard.
    tripped: Vec<Option<Instant>>,
    trips: u64,
    delay: Histogram,
}

/// Measures and prints.
pub fn run(folder: &Path) {
    let disk = machine::fdatasync(folder, Duration::from_secs(2)).expect("the disk can be written");
    println!("\n{RATE} readings/s over {STATIONS} clients, paced, every {EVERY}th reading of a station an alert");
    println!("  fdatasync            p50 {:.2} ms, p99 {:.2} ms", disk.quantile_ms(0.5), disk.quantile_ms(0.99));
    // Nobody listens there: what the archive is owed grows.
    let away = format!("http://{}", bongsu_tests::peer::free());
    let away = [("BONGSU_ARCHIVE__VICTORIA_METRICS__URL", away.as_str()), ("BONGSU_ARCHIVE__EVERY", "100ms")];
    let rounds = [("without an archive", &[][..]), ("an archive is away", &away[..])];
    let mut ratios = Vec::new();
    for _ in 0..PAIRS {
        let [without, with] = rounds.map(|(what, env)| {
            println!("  {what}");
            measure(folder, env)
        });
        ratios.push(with / without);
    }
    ratios.sort_by(f64::total_cmp);
    println!(
        "  p99 of alerts while an archive is away: median {:.2} × that without one, {:.2} to {:.2} over {PAIRS} pairs",
        ratios[PAIRS / 2],
        ratios[0],
        ratios[PAIRS - 1]
    );
}

/// One round; answers the p99 from publish to alert, milliseconds.
fn measure(folder: &Path, env: &[(&str, &str)]) -> f64 {
    let folder = tempfile::tempdir_in(folder).expect("the folder can be written");
    let mut setup = whole::make(folder.path(), STATIONS, &[("bench/rule.rhai", RULE), ("bench/trip.rhai", TRIP)]);
    setup.env.extend(env.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    let program = setup.serve();
    let watch = Arc::new(Mutex::new(Watch { tripped: vec![None; STATIONS], ..Watch::default() }));
    let heard = watch.clone();
    let ear = Ear::open(program.operator_mqtt, "bongsu/v1/ops/+/security", 0, move |topic, payload, now| {
        let area = topic.split('/').nth(3).unwrap_or_default();
        let said: serde_json::Value = serde_json::from_slice(payload).unwrap_or_default();
        let raised = said["level"] == "advisory";
        let (Ok(station), true) = (area.trim_start_matches('s').parse::<usize>(), raised) else { return };
        let mut watch = heard.lock().expect("nobody panics");
        if let Some(tripped) = watch.tripped.get_mut(station).and_then(Option::take) {
            watch.delay.add(now - tripped);
        }
    })
    .expect("operators are let in");
    let told = watch.clone();
    let plan = load::Plan {
        rate: Some(RATE),
        lasting: LASTING,
        value,
        told: Some(Arc::new(move |station, n, when| {
            if trips(station, n) {
                let mut watch = told.lock().expect("nobody panics");
                watch.trips += 1;
                watch.tripped[station] = Some(when);
            }
        })),
        ..whole::plan(program.mqtt, 20)
    };
    let before = machine::usage(program.id());
    let account = load::publish_apart(&plan, books(STATIONS)).join().expect("the load ends");
    let used = machine::usage(program.id());
    std::thread::sleep(Duration::from_millis(500));
    drop(ear);
    whole::end(program);
    let watch = watch.lock().expect("nobody panics");
    let told = |what: &str, times: &Histogram| {
        let [p50, p99, most] = [0.5, 0.99, 1.0].map(|part| times.quantile_ms(part));
        println!(
            "    publish → {what:<8} p50 {p50:.2} ms, p99 {p99:.2} ms, longest {most:.2} ms   ({} of them)",
            times.count()
        );
    };
    told("PUBACK", &account.latency);
    told("alert", &watch.delay);
    println!(
        "    trips {}, alerts {}, readings {}, {:.2} CPU s",
        watch.trips,
        watch.delay.count(),
        account.acknowledged,
        used.cpu_s - before.cpu_s
    );
    watch.delay.quantile_ms(0.99)
}
