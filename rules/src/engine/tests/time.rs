//! Time: late, repeated and shuffled readings change no outcome, a fast clock makes nobody late, and a leap of the river
//! is told from a leap of its gauge.

use super::bench::{Bench, assert_told, minute, rule};
use super::chance::cases;
use crate::incident::Cause;
use crate::pack;
use crate::record::{Effect, Input};
use bongsu_sensors::{Level, Reading, Time};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::Duration;

/// How late a reading may come and still change nothing.
const TOLERANCE: Duration = Duration::from_secs(120);
/// How often the rules of these tests are evaluated.
const EVERY: Duration = Duration::from_secs(60);
/// Minutes of the flood.
const LENGTH: u32 = 420;

fn rules() -> Vec<String> {
    let hold = "[hold]\nconfirm = 2\nclear_after = \"20m\"\nclear_ratio = 0.9";
    let road = "every = \"1m\"\n[inputs]\nroad = { kind = \"road_water_depth\", max_age = \"10m\" }";
    let body = r#"if check("a", road.last(), ">=", 15.0) { raise("advisory") }
        if check("b", road.max("10m"), ">=", 30.0) { raise("watch") }
        if check("c", road.mean("30m"), ">=", 45.0) { raise("warning") }"#;
    vec![
        rule("station", "station", &format!("{road}\n{hold}"), body),
        rule("area", "area", &format!("{road}\n{hold}"), body),
    ]
}

/// A flood on two roads, one reading a minute each: up to 60 cm and back, twice.
fn flood() -> Vec<(Time, &'static str, f64)> {
    let depth = |at: u32, shift: f64| {
        let turn = (f64::from(at) / f64::from(LENGTH) * 4.0 * std::f64::consts::PI + shift).cos();
        ((1.0 - turn) * 300.0).round() / 10.0
    };
    let moments = (0..LENGTH).flat_map(|at| {
        let time = minute(f64::from(at));
        [(time, "road_a", depth(at, 0.0)), (time, "road_b", depth(at, 0.2))]
    });
    moments.collect()
}

/// What came of it: for each incident its area, its peak, its beginning and its end.
fn outcome(mut deliveries: Vec<(Time, Time, &'static str, f64)>) -> Vec<(String, Level, Time, Option<Time>)> {
    deliveries.sort_by_key(|(now, ..)| *now);
    let mut bench = Bench::new(&rules());
    let mut incidents: BTreeMap<String, (String, Level, Time, Option<Time>)> = BTreeMap::new();
    let mut note = |effects: Vec<Effect>| {
        for effect in effects {
            let Effect::Incident(change) = effect else { continue };
            if change.cause == Cause::Renewed {
                continue;
            }
            let incident = &change.incident;
            let new = || (incident.area.clone(), Level::None, change.time, None);
            let known = incidents.entry(incident.id.clone()).or_insert_with(new);
            known.1 = known.1.max(incident.level);
            if incident.level == Level::None {
                known.3 = Some(change.time);
            }
        }
    };
    for (now, time, station, value) in deliveries {
        while let Some(due) = bench.engine.next_due().filter(|due| *due < now) {
            note(bench.handle(due, Input::Tick));
        }
        let datastream = bench.number(station, "road_water_depth");
        note(bench.handle(now, Input::Readings(vec![Reading { datastream, time: Some(time), value: Some(value) }])));
    }
    let mut all: Vec<_> = incidents.into_values().collect();
    all.sort_by(|a, b| (a.2, &a.0).cmp(&(b.2, &b.0)));
    all
}

fn apart(a: Time, b: Time) -> Duration {
    a.since(b).max(b.since(a))
}

proptest! {
    #![proptest_config(cases(12))]

    #[test]
    fn late_repeated_and_shuffled_readings_change_no_outcome(
        luck in prop::collection::vec((0..100_u8, 0..100_u8, 0..=120_u64, 0..=120_u64), 2 * LENGTH as usize),
    ) {
        let in_order = flood().into_iter().map(|(time, station, value)| (time, time, station, value)).collect();
        let expected = outcome(in_order);
        prop_assert!(expected.len() >= 2, "{expected:?}");
        let mut mixed = Vec::new();
        for ((time, station, value), (late, twice, delay, again)) in flood().into_iter().zip(luck) {
            let delay = if late < 5 { Duration::from_secs(delay) } else { Duration::ZERO };
            mixed.push((time + delay, time, station, value));
            if twice < 5 {
                mixed.push((time + Duration::from_secs(again), time, station, value));
            }
        }
        let found = outcome(mixed);
        prop_assert_eq!(found.len(), expected.len(), "{:?}\n{:?}", found, expected);
        for (found, expected) in found.iter().zip(&expected) {
            prop_assert_eq!((&found.0, found.1), (&expected.0, expected.1));
            prop_assert!(apart(found.2, expected.2) <= EVERY + TOLERANCE, "{:?} {:?}", found, expected);
            let ends = found.3.zip(expected.3).map(|(a, b)| apart(a, b));
            prop_assert!(ends.is_some_and(|apart| apart <= EVERY + TOLERANCE), "{:?} {:?}", found, expected);
        }
    }
}

#[test]
fn a_fast_clock_makes_no_neighbour_late() {
    let header = "[inputs]\nroad = { kind = \"road_water_depth\", max_age = \"3m\" }";
    let body = r#"if check("a", road.last(), ">=", 15.0) { raise("watch") }"#;
    let mut bench = Bench::new(&[rule("road", "area", header, body)]);
    // One clock is a minute and a half ahead; the window of the others still ends where they are.
    let told = bench.play(
        "0 road_a road_water_depth 1 @1.5
         0 road_b road_water_depth 1
         1 road_a road_water_depth 1 @2.5
         1 road_b road_water_depth 20",
    );
    assert_told(&told, "0 road at yongsan is undecided\n 0 road at yongsan decides again\n 1 yongsan watch issued .1");
}

fn shipped(name: &str) -> String {
    pack::ALL.iter().find(|rule| rule.name.ends_with(&format!("/{name}.rhai"))).expect(name).text.to_owned()
}

#[test]
fn a_leap_of_the_river_and_one_of_its_gauge_end_differently() {
    let rules = [shipped("river_flood"), shipped("leaping_gauge")];
    let before: String = (0..7).map(|step| format!("{} jamsu river_stage 4.{step}\n", step * 10)).collect();
    let hazards = |bench: &Bench| -> Vec<(String, Level)> {
        bench.engine.incidents().map(|incident| (incident.hazard.clone(), incident.level)).collect()
    };
    // Two metres in ten minutes: people are asked at once, and the river says nothing yet.
    let leap = || {
        let mut bench = Bench::new(&rules);
        bench.play(&before);
        bench.play("70 jamsu river_stage 6.6");
        assert_eq!(hazards(&bench), [("sensor_health".to_owned(), Level::Advisory)]);
        bench
    };
    // It comes back: it was the gauge, and nobody else heard of it.
    let mut gauge = leap();
    gauge.play(
        "80 jamsu river_stage 4.7\n 90 jamsu river_stage 4.7\n 130 jamsu river_stage 4.7\n 140 jamsu river_stage 4.7",
    );
    assert_eq!(hazards(&gauge), []);
    let said = gauge
        .effects
        .iter()
        .flatten()
        .any(|effect| matches!(effect, Effect::Incident(change) if change.incident.hazard == "river_flood"));
    assert!(!said, "the gauge's leap was taken for a flood");
    // It stays: it was the river.
    let mut river = leap();
    river.play("80 jamsu river_stage 6.7");
    let found = hazards(&river);
    assert!(found.contains(&("river_flood".to_owned(), Level::Warning)), "{found:?}");
    river.play("90 jamsu river_stage 6.8\n 120 jamsu river_stage 6.8");
    assert_eq!(hazards(&river).len(), 1, "whether it is the gauge is asked no more");
}
