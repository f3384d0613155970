//! No data is never "all clear": unknown never clears, is told, and is told again when it is over.

use super::bench::{Bench, assert_told, check, rule};

fn stage_rule(id: &str, hold: &str) -> String {
    let header = format!("[inputs]\nstage = {{ kind = \"river_stage\", max_age = \"40m\" }}\n{hold}");
    rule(id, "station", &header, r#"if check("a", stage.last(), ">=", 5.0) { raise("watch") }"#)
}

#[test]
fn silence_never_clears_and_is_told_once() {
    check(
        &[stage_rule("high", "")],
        " 0 jamsu river_stage 5.1
        500
        510 jamsu river_stage 4.9
        520 jamsu river_stage 4.9",
        "0 seocho watch issued .1
        40 high at jamsu is undecided
        510 seocho none ended .3
        510 high at jamsu decides again",
    );
}

#[test]
fn patience_begins_anew_after_silence() {
    check(
        &[stage_rule("high", "[hold]\nclear_after = \"1h\"")],
        "  0 jamsu river_stage 5.1
          10 jamsu river_stage 4.9
          20 jamsu river_stage 4.9
         300 jamsu river_stage 4.9
         330 jamsu river_stage 4.9
         359 jamsu river_stage 4.9
         360 jamsu river_stage 4.9",
        "0 seocho watch issued .1
         60 high at jamsu is undecided
        300 high at jamsu decides again
        360 seocho none ended .3",
    );
}

#[test]
fn an_incomplete_window_proves_a_danger_and_never_its_absence() {
    let header = "[inputs]\nrain = { kind = \"rainfall\", max_age = \"2h\" }";
    let body = r#"if check("a", rain.sum("1h"), ">=", 30.0) { raise("watch") }"#;
    check(
        &[rule("rain", "station", header, body)],
        " 0 jamsu rainfall 10
         50 jamsu rainfall 25
         60 jamsu rainfall 6
         70 jamsu rainfall 0
         80 jamsu rainfall 0
         90 jamsu rainfall 0
        100 jamsu rainfall 0
        110 jamsu rainfall 0",
        "0 rain at jamsu is undecided
        50 seocho watch issued .1
        50 rain at jamsu decides again
       110 seocho none ended .2",
    );
}

#[test]
fn what_a_counter_rose_by_while_it_was_silent_is_not_the_last_hours_rain() {
    let header = "[inputs]\nrain = { kind = \"rainfall\", max_age = \"2h\" }";
    let body = r#"if check("a", rain.sum("1h"), ">=", 30.0) { raise("watch") }"#;
    let rain = rule("rain", "station", header, body);
    // A week of drizzle, then the line is mended.
    let mended = "0 road_a rainfall_counter 100\n 1 road_a rainfall_counter 100\n 10080 road_a rainfall_counter 190";
    check(
        std::slice::from_ref(&rain),
        &format!("{mended}\n 10081 road_a rainfall_counter 191\n 10082 road_a rainfall_counter 192"),
        "0 rain at road_a is undecided",
    );
    // Within the window it is that hour's rain, whenever in it.
    check(
        &[rain],
        "0 road_a rainfall_counter 100\n 50 road_a rainfall_counter 131",
        "0 rain at road_a is undecided\n 50 yongsan watch issued .1\n 50 rain at road_a decides again",
    );
}

#[test]
fn an_eased_check_that_is_unknown_keeps_the_level() {
    // "At most 4.9" proves that 5.0 is not reached, and says nothing of the eased 4.0.
    let header =
        "[inputs]\nstage = { kind = \"river_stage\", max_age = \"2h\" }\n[hold]\nclear_margin = { stage = 1.0 }";
    let body = r#"if check("a", stage.min("30m"), ">=", 5.0) { raise("watch") }"#;
    let mut bench = Bench::new(&[rule("low", "station", header, body)]);
    let rise =
        "0 jamsu river_stage 5.1\n 10 jamsu river_stage 5.1\n 20 jamsu river_stage 5.1\n 30 jamsu river_stage 5.1";
    assert_told(
        &bench.play(rise),
        "0 low at jamsu is undecided\n 10 seocho watch issued .1\n 10 low at jamsu decides again",
    );
    assert_told(&bench.play("90 jamsu river_stage 4.9"), "90 low at jamsu is undecided");
}

/// Water on any road of the district.
fn road(header: &str, body: &str) -> String {
    let header = format!("[inputs]\nroad = {{ kind = \"road_water_depth\", max_age = \"10m\"{header} }}");
    rule("road", "area", &header, body)
}

const DEEP: &str = r#"if check("a", road.last(), ">=", 15.0) { raise("watch") }"#;

#[test]
fn an_area_needs_as_many_stations_as_its_rule_says() {
    check(
        &[road(", min_stations = 2", DEEP)],
        " 0 road_a road_water_depth 20
          1 road_b road_water_depth 2
          2 road_c road_water_depth 3
          3 road_a road_water_depth 3",
        "0 road at yongsan is undecided
         1 yongsan watch issued .1
         1 road at yongsan decides again
         3 yongsan none ended .2",
    );
    let both = r#"if check("a", road.last().across("second"), ">=", 15.0) { raise("watch") }"#;
    check(
        &[road(", min_stations = 2", both)],
        " 0 road_a road_water_depth 20
          1 road_b road_water_depth 2
          2 road_c road_water_depth 16",
        "0 road at yongsan is undecided
         1 road at yongsan decides again
         2 yongsan watch issued .1",
    );
}

#[test]
fn the_station_that_raised_an_alarm_does_not_end_it_by_dying() {
    let mut bench = Bench::new(&[road("", DEEP)]);
    let rise = "0 road_b road_water_depth 2\n 1 road_a road_water_depth 30";
    assert_told(&bench.play(rise), "1 yongsan watch issued .1");
    // Washed away at its highest; the others see nothing of it.
    let told = bench.play(
        " 5 road_b road_water_depth 2
         10 road_b road_water_depth 2
         15 road_b road_water_depth 2
         20 road_c road_water_depth 2
         25 road_b road_water_depth 2",
    );
    assert_told(&told, "11 road at yongsan is undecided");
    // It is found again, and the street is dry.
    assert_told(
        &bench.play("30 road_a road_water_depth 1"),
        "30 yongsan none ended .2\n 30 road at yongsan decides again",
    );
}

#[test]
fn a_station_that_was_silent_before_does_not_hold_an_alarm_up() {
    check(
        &[road("", DEEP)],
        " 0 road_a road_water_depth 2
         60 road_b road_water_depth 30
         61 road_b road_water_depth 3",
        "10 road at yongsan is undecided
         60 yongsan watch issued .1
         60 road at yongsan decides again
         61 yongsan none ended .2",
    );
}

#[test]
fn a_late_station_is_heard_though_others_are_ahead_of_it() {
    check(
        &[road("", DEEP)],
        " 6 road_b road_water_depth 2
          7 road_a road_water_depth 30 @5",
        "7 yongsan watch issued .1",
    );
}

#[test]
fn one_sample_of_one_station_is_not_confirmed_by_the_words_of_others() {
    let header = "[inputs]\nroad = { kind = \"road_water_depth\", max_age = \"10m\" }\n[hold]\nconfirm = 2";
    check(
        &[rule("road", "area", header, DEEP)],
        " 0 road_a road_water_depth 30
          1 road_b road_water_depth 2
          2 road_c road_water_depth 2
          3 road_b road_water_depth 2
          4 road_a road_water_depth 31",
        "4 yongsan watch issued .1",
    );
}

#[test]
fn an_optional_input_is_left_out_until_it_was_seen() {
    let header = "[inputs]\nroad = { kind = \"road_water_depth\", max_age = \"10m\" }
        rain = { kind = \"rainfall\", max_age = \"10m\", optional = true }";
    let body = r#"if any([check("a", road.last(), ">=", 15.0),
                          check("b", rain.sum("10m"), ">=", 20.0)]) { raise("watch") }"#;
    check(
        &[rule("wet", "area", header, body)],
        " 0 road_a road_water_depth 1
          5 road_a road_water_depth 1
         10 road_a rainfall_counter 100
         11 road_a rainfall_counter 100
         12 road_a road_water_depth 1
         13 road_a rainfall_counter 125
         20 road_a road_water_depth 1
         25 road_a road_water_depth 1",
        "10 wet at yongsan is undecided
         13 yongsan watch issued .1
         13 wet at yongsan decides again
         23 wet at yongsan is undecided",
    );
}
