//! The generator as a function: the same for the same seed, however time is cut, and steady when the city grows.

use bongsu_sensors::{Level, StationId, Time};
use bongsu_simulators::{
    City, Emission, EventEmission, FaultOrder, Lending, Scenario, Settings, Simulation, Size, fault,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

fn start() -> Time {
    Time::parse("2026-07-08T00:00:30Z").expect("a time")
}

fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

fn simulation(name: &str, settings: &Settings, size: usize) -> Simulation {
    let scenario = Scenario::named(name).expect(name);
    Simulation::new(City::build(settings.seed, Size::stations(size)), scenario, settings, start()).expect("a setup")
}

fn all(mut simulation: Simulation, length: Duration) -> (Vec<Emission>, Vec<EventEmission>) {
    let mut out = Vec::new();
    simulation.step_until(start() + length, &mut out);
    (out, simulation.take_events(start() + length))
}

#[test]
fn the_same_seed_says_the_same_and_another_says_otherwise() {
    for name in ["storm", "lying_sensor", "charger_fire"] {
        let run = |seed| all(simulation(name, &Settings { seed, ..Settings::default() }, 100), minutes(300));
        assert_eq!(run(4), run(4), "{name}");
        assert_ne!(run(4).0, run(5).0, "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn time_may_be_cut_anywhere(cuts in proptest::collection::vec(1_u64..5_400_000, 0..12)) {
        let order = |kind| FaultOrder { kind, station: None, after: minutes(5), lasting: minutes(70) };
        let faults = fault::ALL.iter().map(|kind| order(*kind)).collect();
        let settings = Settings { seed: 11, faults, ..Settings::default() };
        let whole = all(simulation("flash_flood", &settings, 60), minutes(90));
        let mut pieces = simulation("flash_flood", &settings, 60);
        let (mut out, mut events) = (Vec::new(), Vec::new());
        let cuts: BTreeSet<u64> = cuts.into_iter().chain([5_400_000]).collect();
        for cut in cuts {
            let t = start() + Duration::from_millis(cut);
            pieces.step_until(t, &mut out);
            events.extend(pieces.take_events(t));
        }
        prop_assert_eq!(&out, &whole.0);
        prop_assert_eq!(&events, &whole.1);
        prop_assert!(out.windows(2).all(|pair| pair[0].due <= pair[1].due));
    }
}

#[test]
fn one_more_station_changes_nothing_the_others_say() {
    let said = |size| {
        let (out, _) = all(simulation("storm", &Settings::default(), size), minutes(240));
        let mut by_station: BTreeMap<String, Vec<Emission>> = BTreeMap::new();
        for emission in out {
            by_station.entry(emission.station.to_string()).or_default().push(emission);
        }
        by_station
    };
    let (few, more) = (said(99), said(100));
    let new = more.len() - few.len();
    assert_eq!(new, 1);
    for (station, emissions) in few {
        // Kiosks lend to one another, so a new kiosk may change the three beside it.
        assert!(more[&station] == emissions || station.starts_with("charger"), "{station} says something else");
    }
}

#[test]
fn banks_are_lent_once_and_come_back() {
    let run = simulation("calm", &Settings::default(), 100);
    let mut run = run;
    let end = start() + Duration::from_secs(3 * 86_400);
    run.step_until(end, &mut Vec::new());
    let events = run.take_events(end + minutes(1));
    let ids: BTreeSet<&str> = events.iter().map(|event| event.id.as_str()).collect();
    assert_eq!(ids.len(), events.len(), "an id stands twice");
    let mut out: BTreeMap<&str, &EventEmission> = BTreeMap::new();
    let mut returned = 0;
    for event in &events {
        match event.what {
            Lending::Lent => {
                assert!(out.insert(&event.unit, event).is_none(), "{} is lent while it is out", event.unit)
            }
            Lending::Returned => {
                let loan = out.remove(event.unit.as_str()).expect("it was lent");
                assert!(loan.token == event.token && loan.phenomenon < event.phenomenon);
                returned += 1;
            }
        }
    }
    assert!(returned > 100, "{returned} loans ended");
    assert_eq!(out.len(), run.banks_out());
}

#[test]
fn a_load_test_sets_the_cadence() {
    let settings = Settings { cadence: Some(minutes(1)), ..Settings::default() };
    let (out, _) = all(simulation("calm", &settings, 200), minutes(10));
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for emission in &out {
        *counts.entry(emission.station.as_str()).or_default() += 1;
    }
    assert_eq!(counts.len(), 200);
    assert!(counts.values().all(|count| (8..=11).contains(count)), "{counts:?}");
}

#[test]
fn a_gauge_can_be_lost_in_the_flood() {
    let order = FaultOrder {
        kind: &fault::sudden_death::FAULT,
        station: Some("mulbit-1".into()),
        after: minutes(0),
        lasting: minutes(36 * 60),
    };
    let settings = Settings { seed: 1, faults: vec![order], ..Settings::default() };
    let mut run = simulation("storm", &settings, 50);
    let mut out = Vec::new();
    run.step_until(start() + minutes(24 * 60), &mut out);
    let last = out.iter().rfind(|e| e.station.as_str() == "mulbit-1").expect("it spoke before").phenomenon;
    let rose = run.truth().first(&StationId::new("mulbit-1"), Level::Advisory);
    let rose = rose.expect("the water rose");
    assert!(last >= rose && last.since(rose) < minutes(180), "last word {last}, advisory {rose}");
    let begun = run.faults_begun();
    assert!(matches!(&begun[..], [(station, "sudden_death", at)] if station.as_str() == "mulbit-1" && *at > last));
}

#[test]
fn every_role_says_all_its_datastreams_and_nothing_else() {
    let run = simulation("storm", &Settings::default(), 100);
    let city = std::sync::Arc::clone(run.city());
    let (out, _) = all(run, minutes(30));
    let mut heard = BTreeSet::new();
    for emission in &out {
        let at = city.station_named(emission.station.as_str()).expect("a station of the city");
        let said: Vec<_> = emission.values.iter().map(|(name, _)| *name).collect();
        let owned: Vec<_> = city.stations[at].streams.iter().map(|stream| stream.name).collect();
        assert_eq!(said, owned, "{}", emission.station);
        heard.insert(at);
    }
    assert_eq!(heard.len(), city.stations.len(), "a station is silent");
    let kinds: BTreeSet<&str> = out.iter().flat_map(|e| &e.values).map(|(name, _)| name.kind().name).collect();
    assert_eq!(kinds.len(), 37, "{kinds:?}");
}
