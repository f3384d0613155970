//! Several rules and places: who is evaluated when, and that one failure stays where it is.

use super::bench::{Bench, assert_told, check, rule};
use crate::record::Input;

const ROADS: &str = "[inputs]\nroad = { kind = \"road_water_depth\", max_age = \"10m\" }";
const DEEP: &str = r#"if check("a", road.last(), ">=", 15.0) { raise("watch") }"#;

#[test]
fn a_rule_is_evaluated_once_in_its_time_and_later_by_the_clock() {
    let header = format!("every = \"1m\"\n{ROADS}");
    let mut bench = Bench::new(&[rule("road", "station", &header, DEEP)]);
    // 0.1 is too early: it is looked at when a minute has passed.
    let told = bench.play("0 road_a road_water_depth 1\n 0.1 road_a road_water_depth 20\n 0.9");
    assert_told(&told, "");
    assert_told(&bench.play("5"), "1 yongsan watch issued .1");
    // Two changes within the minute: only what holds at its end is looked at.
    assert_told(&bench.play("6 road_b road_water_depth 1\n 6.1 road_b road_water_depth 30"), "");
    assert_told(
        &bench.play("6.2 road_b road_water_depth 1\n 8\n 8.1 road_a road_water_depth 1"),
        "8.1 yongsan none ended .2",
    );
}

#[test]
fn the_same_hazard_at_several_places_and_by_several_rules_is_one_incident() {
    let other = r#"if check("a", road.max("5m"), ">=", 25.0) { raise("warning") }"#;
    check(
        &[rule("deep", "station", ROADS, DEEP), rule("deeper", "area", ROADS, other)],
        " 0 road_a road_water_depth 20
          1 road_b road_water_depth 30
          2 road_a road_water_depth 1
          3 road_b road_water_depth 1
          4 road_b road_water_depth 1
          7 road_b road_water_depth 1",
        "0 yongsan watch issued .1
         0 deeper at yongsan is undecided
         1 yongsan watch issued
         1 yongsan warning issued .2
         1 deeper at yongsan decides again
         7 deeper at yongsan is undecided",
    );
}

#[test]
fn the_city_is_a_place_too() {
    let header = "[inputs]\nroad = { kind = \"road_water_depth\", max_age = \"10m\" }
        stage = { kind = \"river_stage\", max_age = \"40m\" }";
    let body = r#"if all([check("a", road.last().across("median"), ">=", 15.0),
                          check("b", stage.last(), ">=", 5.0)]) { raise("warning") }"#;
    check(
        &[rule("both", "city", header, body)],
        " 0 road_a road_water_depth 20
          1 jamsu river_stage 5.2
          2 road_b road_water_depth 1
          3 road_c road_water_depth 1",
        "0 both at city is undecided
         1 city warning issued .1
         1 both at city decides again
         2 city none ended .2",
    );
}

/// A rule that passes its dry run and fails in deep water, where the made-up observations never are.
fn fragile() -> String {
    let body = r#"if check("a", road.last(), ">=", 400.0) {
  if check("b", road.percentile(150.0, "10m"), ">=", 1.0) { raise("watch") }
}"#;
    rule("fragile", "station", ROADS, body)
}

#[test]
fn a_rule_that_fails_for_some_data_fails_there_alone_and_tries_again_later() {
    let mut bench = Bench::new(&[fragile(), rule("road", "station", ROADS, DEEP)]);
    let told = bench.play(
        "0 road_a road_water_depth 1
         1 road_b road_water_depth 410
         1 road_a road_water_depth 20",
    );
    let failure = "fragile at road_b fails: line 14, column 22: percentile(150): write a number from 0 to 100";
    // Operators are told of the second road too.
    assert_told(
        &told,
        &format!("1 yongsan advisory issued .1\n 1 {failure}\n 1 yongsan watch issued .1\n 1 yongsan watch issued"),
    );
    // It is tried again after 2, 4, 8, ... seconds and says nothing more of it.
    let before = bench.records.len();
    assert_told(&bench.play("9.9"), "");
    let ticks = bench.records[before..].iter().filter(|record| record.input == Input::Tick).count();
    assert!((8..=9).contains(&ticks), "{ticks} attempts in ten minutes");
    // New data waits for the next attempt, at 1 + (2 + 4 + ... + 512) s.
    let told = bench.play("9.95 road_b road_water_depth 390\n 10 road_a road_water_depth 20\n 19");
    assert_told(&told, "18.033 yongsan none ended .2\n 18.033 fragile at road_b decides again");
}

#[test]
fn of_many_stations_around_the_nearest_are_heard() {
    let mut city = String::from("timezone = \"Asia/Seoul\"\n[[area]]\ncode = \"a\"\n");
    let mut station = |id: &str, north: f64, kind: &str| {
        let place = format!("[[station]]\nid = \"{id}\"\nposition = [{north}, 127.0]\narea = \"a\"\n");
        city.push_str(&format!("{place}[[station.datastream]]\nkind = \"{kind}\"\n"));
    };
    station("gauge", 37.5, "river_stage");
    // One every hundred metres to the north, told of from far to near.
    for hundred in (1..=100).rev() {
        station(&format!("rain{hundred}"), 37.5 + f64::from(hundred) * 0.0009, "rainfall");
    }
    station("beyond", 38.5, "rainfall");
    let header = "[inputs]\nstage = { kind = \"river_stage\" }\n\
        rain = { kind = \"rainfall\", within_km = 20.0, optional = true }";
    let body = r#"if any([check("a", stage.last(), ">=", 99), check("b", rain.last(), ">=", 399)]) { raise("watch") }"#;
    let bench = Bench::in_city(&city, &[rule("around", "station", header, body)]);
    let mut heard: Vec<u32> = (1..=100)
        .filter(|hundred| {
            let number = bench.number(&format!("rain{hundred}"), "rainfall").0 as usize;
            !bench.engine.streams[number].neighbours.is_empty()
        })
        .collect();
    heard.sort_unstable();
    assert_eq!(heard, (1..=64).collect::<Vec<u32>>());
    let beyond = bench.number("beyond", "rainfall").0 as usize;
    assert!(bench.engine.streams[beyond].neighbours.is_empty());
}
