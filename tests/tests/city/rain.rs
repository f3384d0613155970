//! Nothing is scripted: the seed decides where and when, the rain decides how much.

use bongsu_sensors::Level;
use bongsu_tests::rehearsal::{Outcome, Rehearsal, is_soak};
use std::collections::BTreeSet;

/// Where and when the public was first told of a river, by level.
fn told(outcome: &Outcome, level: Level) -> Option<(String, String)> {
    let is_it = |transition: &&bongsu_rules::incident::Transition| {
        let message = transition.message.as_ref();
        transition.incident.hazard == "river_flood" && message.is_some_and(|message| message.level >= level)
    };
    let first = outcome.issued().find(is_it)?;
    Some((first.incident.area.clone(), first.time.to_string()))
}

#[test]
fn the_seed_decides_where_and_when_and_every_storm_is_warned_of_step_by_step() {
    let seeds = if is_soak() { 1..=10 } else { 1..=2 };
    let (mut places, mut times) = (BTreeSet::new(), BTreeSet::new());
    let count = seeds.clone().count();
    for seed in seeds {
        let outcome = Rehearsal::of("storm", seed).small().lasting(36).run();
        println!("storm, seed {seed}: {}", outcome.summary());
        let [advisory, watch, warning] =
            [Level::Advisory, Level::Watch, Level::Warning].map(|level| told(&outcome, level));
        println!("  advisory {advisory:?}, watch {watch:?}, warning {warning:?}");
        let ((place, time), (_, watch), (_, warning)) =
            advisory.zip(watch).zip(warning).map(|((a, b), c)| (a, b, c)).expect("a storm floods a river");
        assert!(time <= watch && watch <= warning, "seed {seed}: {time}, {watch}, {warning}");
        places.insert(place);
        times.insert(time);
        let standing: BTreeSet<&str> = outcome.public().map(|transition| &*transition.incident.id).collect();
        for id in standing {
            let last = outcome.public().filter(|transition| transition.incident.id == id).last();
            let level = last.map(|last| last.incident.level);
            assert_eq!(level, Some(Level::None), "seed {seed}: {id} does not end");
        }
    }
    assert!(places.len() > 1 && times.len() == count, "{places:?} {times:?}");
}

#[test]
fn a_third_of_the_rain_warns_of_nothing_above_advisory() {
    for seed in if is_soak() { 1..=10 } else { 1..=1 } {
        for scenario in ["storm", "flash_flood"] {
            let mut rehearsal = Rehearsal::of(scenario, seed).small().lasting(if is_soak() { 30 } else { 15 });
            rehearsal.settings.rain = 0.3;
            let outcome = rehearsal.run();
            let highest = outcome.public().map(|transition| transition.incident.level).max();
            println!("{scenario} at 0.3 of the rain, seed {seed}: {highest:?}; {}", outcome.summary());
            let above: Vec<String> = outcome
                .public()
                .filter(|transition| transition.incident.level > Level::Advisory)
                .map(|transition| format!("{transition:?}"))
                .collect();
            assert!(above.is_empty(), "{scenario}, seed {seed}: {above:#?}");
        }
    }
}
