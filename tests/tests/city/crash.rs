//! Scenario × seed with faults and crashes: whatever the moment at which the program falls, nothing that a station said
//! is lost, and what is decided, when, and under which name is what an unbroken run decides.

use bongsu_rules::incident::Transition;
use bongsu_simulators::{FaultOrder, fault, scenario};
use bongsu_tests::rehearsal::{Outcome, Rehearsal, is_soak};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

fn hours(count: u64) -> Duration {
    Duration::from_secs(3600 * count)
}

/// A scenario with every fault at work somewhere.
pub fn faulty(scenario: &'static str, seed: u64, lasting: u64) -> Rehearsal {
    let mut rehearsal = Rehearsal { batch: 500, ..Rehearsal::of(scenario, seed).small().lasting(lasting) };
    let order = |(kind, after): (&'static &'static fault::FaultKind, u64)| FaultOrder {
        kind,
        station: None,
        after: hours(1 + after % 4),
        lasting: hours(6),
    };
    rehearsal.settings.faults = fault::ALL.iter().zip(0..).map(order).collect();
    rehearsal
}

#[track_caller]
fn assert_same(whole: &Outcome, broken: &Outcome, what: &str) {
    let differs = whole.transitions.iter().zip(&broken.transitions).find(|(a, b)| a != b);
    let show = |pair: Option<(&Transition, &Transition)>| pair.map(|(a, b)| format!("{a:#?}\nbecame\n{b:#?}"));
    assert!(differs.is_none(), "{what}: {}", show(differs).unwrap_or_default());
    assert_eq!(whole.transitions.len(), broken.transitions.len(), "{what}: as many changes");
    assert_eq!(whole.counts.observations, broken.counts.observations, "{what}: as many observations");
    assert_eq!(whole.events.0, whole.events.1, "{what}: every event is kept once");
    assert_eq!(whole.events, broken.events, "{what}: no event is lost, none is kept twice");
}

#[test]
fn a_crash_changes_nothing_that_is_decided() {
    let (seeds, lasting) = if is_soak() { (1..=5, 12) } else { (1..=1, 5) };
    let quick = ["flash_flood", "charger_fire", "lying_sensor"];
    let names = scenario::ALL.iter().map(|scenario| scenario.name);
    let cases: Vec<(&'static str, u64)> = names
        .filter(|name| is_soak() || quick.contains(name))
        .flat_map(|name| seeds.clone().map(move |seed| (name, seed)))
        .collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some((name, seed)) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    a_crash_changes_nothing(name, *seed, lasting);
                }
            });
        }
    });
}

fn a_crash_changes_nothing(name: &'static str, seed: u64, lasting: u64) {
    let rehearsal = faulty(name, seed, lasting);
    let whole = rehearsal.run();
    let broken = Rehearsal { crashes: Some(1_500.0), ..rehearsal }.run();
    println!("{name}, seed {seed}: {}", broken.summary());
    assert!(broken.crashes > 0, "{name}, seed {seed}: nothing fell");
    assert_same(&whole, &broken, &format!("{name}, seed {seed}"));
}

/// The figure for people; what it decides is judged elsewhere.
#[test]
fn a_week_of_five_hundred_stations() {
    let lasting = if is_soak() { 24 * 7 } else { 1 };
    let outcome = Rehearsal { stations: 500, ..Rehearsal::of("storm", 1).lasting(lasting) }.run();
    println!("{lasting} hours: {}", outcome.summary());
    assert_eq!(outcome.simulation.city().stations.len(), 500);
    assert!(outcome.counts.observations > 1_000 * lasting);
    assert_eq!(outcome.counts.dead_letters, 0);
}
