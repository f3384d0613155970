//! A jump that a neighbour or rain supports is believed before a second sample comes.

use super::bench::{Bench, assert_told, rule};

/// Two gauges of one river a kilometre apart, and a rain gauge; far away a third river.
const RIVER: &str = r#"
timezone = "Asia/Seoul"
[[area]]
code = "seocho"
name = { ko = "서초구", en = "Seocho-gu" }
[[station]]
id = "upper"
position = [37.50, 127.00]
area = "seocho"
[[station.datastream]]
kind = "river_stage"
cadence = "10m"
quality = { max_rate = "0.5/10m", support = { within_km = 5, rain = 10, change = 0.3 } }
[[station]]
id = "lower"
position = [37.51, 127.00]
area = "seocho"
[[station.datastream]]
kind = "river_stage"
cadence = "10m"
quality = { max_rate = "none" }
[[station.datastream]]
kind = "rainfall"
cadence = "10m"
[[station]]
id = "far"
position = [37.90, 127.00]
area = "seocho"
[[station.datastream]]
kind = "river_stage"
cadence = "10m"
quality = { max_rate = "none" }
"#;

#[track_caller]
fn check(feed: &str, expect: &str) {
    let inputs = "[inputs]\nstage = { kind = \"river_stage\" }";
    let high = rule("high", "station", inputs, "if check(\"a\", stage.last(), \">=\", 4) { raise(\"advisory\") }");
    let mut bench = Bench::in_city(RIVER, &[high]);
    bench.play("0 upper river_stage 1.0\n0 lower river_stage 1.0\n0 far river_stage 1.0");
    assert_told(&bench.play(feed), expect);
}

#[test]
fn a_neighbour_that_rises_too_supports_a_jump() {
    check(
        "10 upper river_stage 4.5
         11 lower river_stage 1.5",
        "10 upper suspect
         11 upper @10 pass
         11 seocho advisory issued .1",
    );
}

#[test]
fn rain_supports_a_jump_also_where_it_fell_before() {
    check(
        "5 lower rainfall 12
         10 upper river_stage 4.5",
        "10 seocho advisory issued .1",
    );
}

#[test]
fn nobody_else_supports_a_jump() {
    check(
        "10 upper river_stage 4.5
         11 lower river_stage 1.1
         12 far river_stage 3.5
         13 lower rainfall 2
         20 upper river_stage 1.1",
        "10 upper suspect",
    );
}
