//! One sensor that lies or dies: operators are told which, and the public nothing that it alone says.

use bongsu_rules::incident::State;
use bongsu_sensors::Level;
use bongsu_simulators::city::station::Role;
use bongsu_simulators::{FaultOrder, fault};
use bongsu_tests::rehearsal::{Outcome, Rehearsal, is_soak};
use std::time::Duration;

fn seeds() -> std::ops::RangeInclusive<u64> {
    if is_soak() { 1..=5 } else { 1..=1 }
}

fn calm(seed: u64) -> Rehearsal {
    let calm = Rehearsal::of("calm", seed);
    if is_soak() { calm.lasting(22) } else { calm.small().lasting(13) }
}

fn rain_gauge(rehearsal: &Rehearsal) -> String {
    let simulation = rehearsal.simulation();
    let mut stations = simulation.city().stations.iter();
    stations.find(|station| matches!(station.role, Role::Rain { .. })).expect("it rains").id.to_string()
}

fn with_fault(mut rehearsal: Rehearsal, kind: &'static fault::FaultKind, station: Option<String>) -> Rehearsal {
    let (after, lasting) = (Duration::from_secs(2 * 3600), Duration::from_secs(20 * 3600));
    rehearsal.settings.faults = vec![FaultOrder { kind, station, after, lasting }];
    rehearsal
}

/// The station that failed.
fn ill(outcome: &Outcome) -> String {
    let (station, ..) = outcome.simulation.faults_begun().into_iter().next().expect("the fault began");
    station.to_string()
}

#[test]
fn a_sensor_that_fails_in_calm_weather_is_named_to_operators_and_warns_nobody() {
    for kind in fault::ALL {
        // Neither lies nor dies: what is said twice is dropped, and a link that is down for forty minutes holds back four
        // readings of a gauge, where a station is called silent after six.
        let is_harmless = ["duplicate", "late"].contains(&kind.name);
        for seed in seeds() {
            // No water takes a gauge in calm weather; a rain gauge simply dies.
            let dies = (kind.name == "sudden_death").then(|| rain_gauge(&calm(seed)));
            let outcome = with_fault(calm(seed), kind, dies).run();
            let station = ill(&outcome);
            let named = outcome.named(&station).map(|transition| transition.time);
            println!("{} at {station}, seed {seed}: named at {named:?}; {}", kind.name, outcome.summary());
            assert_eq!(named.is_some(), !is_harmless, "{} at {station}, seed {seed}", kind.name);
            let issued: Vec<String> = outcome.issued().map(|transition| format!("{transition:?}")).collect();
            assert!(issued.is_empty(), "{} at {station}, seed {seed}: {issued:#?}", kind.name);
        }
    }
}

#[test]
fn the_scenario_of_a_lying_sensor_names_it() {
    for seed in if is_soak() { 1..=12 } else { 1..=1 } {
        let outcome = Rehearsal::of("lying_sensor", seed).small().lasting(if is_soak() { 24 } else { 14 }).run();
        let (station, fault, _) = outcome.simulation.faults_begun().into_iter().next().expect("the fault began");
        println!("{fault} at {station}, seed {seed}: {}", outcome.summary());
        assert!(outcome.named(station.as_str()).is_some(), "{fault} at {station}, seed {seed}: not named");
        let issued: Vec<String> = outcome.issued().map(|transition| format!("{transition:?}")).collect();
        assert!(issued.is_empty(), "{fault} at {station}, seed {seed}: {issued:#?}");
    }
}

/// The water takes a gauge as it rises: operators are told, and its incident does not fall by silence.
#[test]
fn a_gauge_that_dies_in_the_flood_keeps_its_alarm() {
    for seed in seeds() {
        let honest = Rehearsal::of("storm", seed).small().lasting(14);
        let mut foreseen = honest.simulation();
        foreseen.step_until(Rehearsal::begins() + honest.lasting, &mut Vec::new());
        let flooded = foreseen.truth().crossings.iter().find(|crossing| {
            let station = foreseen.city().station_named(crossing.station.as_str()).expect("it is there");
            crossing.level == Level::Warning && foreseen.city().gauges().any(|gauge| gauge == station)
        });
        let station = flooded.expect("a river floods").station.to_string();
        let kind = fault::FaultKind::named("sudden_death").expect("a fault");
        let outcome = with_fault(honest, kind, Some(station.clone())).run();
        println!("{station} dies, seed {seed}: {}", outcome.summary());
        let died = outcome.simulation.faults_begun().first().expect("it died").2;
        let named = outcome.named(&station).expect("operators are told");
        assert!(named.time > died, "seed {seed}");
        let own = |transition: &&bongsu_rules::incident::Transition| {
            transition.incident.hazard == "river_flood" && transition.incident.station.as_deref() == Some(&station)
        };
        let last = outcome.transitions.iter().rfind(own).expect("it had raised an incident");
        assert!(last.incident.level >= Level::Advisory, "seed {seed}: it fell: {last:#?}");
        assert_ne!(last.incident.state, State::Ended, "seed {seed}");
    }
}
