//! The power is cut between the commit of a warning and its delivery, again and again: whoever is to hear of it hears of
//! it at least once, always the same message under the same key.

use crate::receivers::{Receivers, now_ms, says, setup, webhook};
use bongsu_tests::city;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;

/// How often the power is cut; another number for a longer hunt is the environment's `ROUNDS`.
const ROUNDS: usize = 8;

#[test]
fn a_cut_between_commit_and_delivery_forgets_nothing() {
    let rounds = std::env::var("ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS);
    let seed = rand::random::<u64>();
    eprintln!("seed {seed}");
    let mut dice = StdRng::seed_from_u64(seed);
    let mut receivers = Receivers::open();
    let hooks = [webhook(&receivers, "hook", "alert", "ko", ""), webhook(&receivers, "flaky", "alert", "ja", "")];
    let folder = tempfile::tempdir().expect("a folder");
    let setup = setup(folder.path(), &city::stations(rounds, "river_stage", ""), &hooks.concat());
    let mut program = setup.serve();
    let mut said: BTreeSet<String> = BTreeSet::new();
    for round in 0..rounds {
        says(&program, &city::station(round), now_ms(), 2.5);
        std::thread::sleep(Duration::from_micros(dice.random_range(0..400_000)));
        program.kill();
        program = setup.serve();
        for path in ["/hook", "/flaky"] {
            let is_new = |line: &Value| {
                line["path"] == path
                    && line["status"] == 200
                    && line["body"]["alert"]["identifier"].as_str().is_some_and(|name| !said.contains(name))
            };
            receivers.until(&format!("round {round} at {path}"), is_new);
        }
        said.extend(identifiers(&receivers.arrived));
    }
    for name in &said {
        for path in ["/hook", "/flaky"] {
            let of = |line: &&Value| line["path"] == path && line["body"]["alert"]["identifier"] == **name;
            let attempts: Vec<&Value> = receivers.arrived.iter().filter(of).collect();
            let first = attempts.first().unwrap_or_else(|| panic!("{name} never came to {path}"));
            for attempt in &attempts {
                assert_eq!((&attempt["key"], &attempt["body"]), (&first["key"], &first["body"]), "{name} at {path}");
            }
        }
    }
}

/// The messages that have arrived somewhere.
fn identifiers(arrived: &[Value]) -> BTreeSet<String> {
    let names = arrived.iter().filter_map(|line| line["body"]["alert"]["identifier"].as_str());
    names.map(str::to_owned).collect()
}
