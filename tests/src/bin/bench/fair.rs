//! Whether a device that floods is felt by others: their PUBACKs without it and beside it.

use crate::whole::{self, RULE, books};
use bongsu_tests::load::{self, Account, Plan};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

const STATIONS: usize = 50;
const RATE: f64 = 1_000.0;
const LASTING: Duration = Duration::from_secs(15);

/// Publishes in flight of the one that floods.
const FLOOD: u16 = 1_000;

fn show(who: &str, account: &Account) -> f64 {
    let [p50, p99] = [0.5, 0.99].map(|part| account.latency.quantile_ms(part));
    println!("  {who:<28} {:>7.0} readings/s, PUBACK p50 {p50:.2} ms, p99 {p99:.2} ms", account.rate());
    p99
}

/// Measures and prints.
pub fn run(folder: &Path) {
    let folder = tempfile::tempdir_in(folder).expect("the folder can be written");
    let setup = whole::make(folder.path(), STATIONS + 1, &[("bench/rule.rhai", RULE)]);
    let program = setup.serve();
    println!("\nfairness: {STATIONS} devices in their rhythm, and one that says as much as it can");
    let plan = Plan { rate: Some(RATE), lasting: LASTING, ..whole::plan(program.mqtt, 20) };
    let mut all = books(STATIONS + 1);
    let flooding = all.split_off(STATIONS);
    let alone = load::publish_apart(&plan, all).join().expect("the load ends");
    let before = show("alone", &alone);
    let flood = Plan { lasting: 2 * LASTING, ..whole::plan(program.mqtt, FLOOD) };
    let stop = flood.stop.clone();
    let flooding = load::publish_apart(&flood, flooding);
    std::thread::sleep(Duration::from_secs(2));
    let beside = load::publish_apart(&plan, alone.books).join().expect("the load ends");
    stop.store(true, Ordering::Relaxed);
    let after = show("beside the flood", &beside);
    show("the flood itself", &flooding.join().expect("the load ends"));
    println!("  ratio of the p99             {:.2} ×", after / before);
    whole::end(program);
}
