//! `make bench`: the whole job beside bare Mosquitto, and how long an alert takes, in one run on one machine.
//!
//! Ratios matter, absolutes drift with the machine. Every figure is the median of several rounds in which the rivals
//! take turns, so that a neighbour's load hits both. With arguments only these parts: forward, whole, windows, slider,
//! alerts, start, burst, history (or of it: week, year, sealing), connections, fair, crowd.

mod alerts;
mod city;
mod connections;
mod crowd;
mod fair;
mod forward;
mod history;
mod slider;
mod whole;
mod windows;

use bongsu_tests::{machine, mosquitto};
use std::process::ExitCode;
use std::time::Duration;

/// Rounds of each measurement.
const ROUNDS: usize = 3;

/// Connections and publishes in flight of each.
const LOADS: [(usize, u16); 4] = [(50, 20), (500, 20), (50, 1), (500, 1)];

/// One round of one rival.
#[derive(Clone, Copy, Debug, Default)]
struct Round {
    /// Readings a second.
    rate: f64,
    /// CPU seconds for a million of them.
    cpu_s: f64,
    /// Peak memory, MiB.
    peak_mib: f64,
    /// PUBACK p50 and p99, milliseconds.
    ack_ms: (f64, f64),
    /// CPU seconds for a million readings of the load itself, which shares the machine.
    load_cpu_s: f64,
}

fn main() -> ExitCode {
    if mosquitto::find().is_none() {
        eprintln!("mosquitto is missing: run `sudo apt-get install --no-install-recommends mosquitto`");
        return ExitCode::FAILURE;
    }
    // Beside the program: a folder for temporary files may be memory, which syncs for nothing.
    let own = std::env::current_exe().unwrap_or_default();
    let place = own.parent().unwrap_or(std::path::Path::new("."));
    let folder = tempfile::tempdir_in(place).expect("the target folder can be written");
    println!("program   {}", bongsu_tests::program::path().display());
    let disk = machine::fdatasync(folder.path(), Duration::from_secs(2)).expect("the disk can be written");
    println!("disk      fdatasync of 4 KiB: p50 {:.2} ms, p99 {:.2} ms", disk.quantile_ms(0.5), disk.quantile_ms(0.99));
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let is_wanted = |part: &str| wanted.is_empty() || wanted.iter().any(|word| word == part);
    let is_a_race = is_wanted("forward") || is_wanted("whole");
    for (connections, in_flight) in LOADS.into_iter().filter(|_| is_a_race) {
        let mut forwarded = Vec::new();
        let mut done = Vec::new();
        for _ in 0..ROUNDS {
            if is_wanted("forward") {
                forwarded.push(forward::round(folder.path(), connections, in_flight));
            }
            if is_wanted("whole") {
                done.push(whole::round(folder.path(), connections, in_flight));
            }
        }
        println!("\n{connections} clients, {in_flight} in flight (medians of {ROUNDS})");
        let rates = [("mosquitto forwards", forwarded), ("bongsu, whole job", done)].map(|(who, rounds)| {
            let round = median(rounds)?;
            show(who, round);
            Some(round.rate)
        });
        if let [Some(forwarded), Some(done)] = rates {
            println!("  ratio                {:>9.2} ×", done / forwarded);
        }
    }
    if is_wanted("windows") {
        windows::run();
    }
    if is_wanted("slider") {
        slider::run();
    }
    if is_wanted("connections") {
        connections::run(folder.path());
    }
    if is_wanted("fair") {
        fair::run(folder.path());
    }
    if is_wanted("alerts") {
        alerts::run(folder.path());
    }
    if is_wanted("start") {
        city::start(folder.path());
    }
    if is_wanted("burst") {
        city::burst(folder.path());
    }
    history::run(folder.path(), |part| is_wanted("history") || is_wanted(part));
    if is_wanted("crowd") {
        crowd::run(folder.path());
    }
    ExitCode::SUCCESS
}

fn show(who: &str, round: Round) {
    let Round { rate, cpu_s, peak_mib, ack_ms: (p50, p99), load_cpu_s } = round;
    println!(
        "  {who:<20} {rate:>9.0} readings/s   {cpu_s:>5.2} CPU s/million   peak {peak_mib:>5.0} MiB   PUBACK p50 {p50:.2} ms, p99 {p99:.2} ms   (the load: {load_cpu_s:.2} CPU s/million)"
    );
}

/// The round whose rate is in the middle; `None`: there was none.
fn median(mut rounds: Vec<Round>) -> Option<Round> {
    rounds.sort_by(|a, b| a.rate.total_cmp(&b.rate));
    rounds.get(rounds.len() / 2).copied()
}
