//! One station: levels that rise and clear, readings that are doubted, refused, late or said twice.

use super::bench::{Bench, assert_told, check, river_flood, rule};

/// Raised at 5 m and cleared 0.3 m below it after 20 quiet minutes.
fn high() -> Vec<String> {
    let header = "[inputs]\nstage = { kind = \"river_stage\", max_age = \"40m\" }
        [hold]\nclear_after = \"20m\"\nclear_margin = { stage = 0.3 }";
    vec![rule("high", "station", header, r#"if check("a", stage.last(), ">=", 5.0) { raise("watch") }"#)]
}

#[test]
fn a_river_rises_through_its_levels_and_ends_once() {
    let mut bench = Bench::new(&[river_flood()]);
    let told = bench.play(
        " 0 jamsu river_stage 5.40
         10 jamsu river_stage 5.42
         20 jamsu river_stage 5.45
         30 jamsu river_stage 5.50
         40 jamsu river_stage 5.52
         50 jamsu river_stage 5.70
         60 jamsu river_stage 5.95
         70 jamsu river_stage 6.20
         80 jamsu river_stage 6.10
         90 jamsu river_stage 5.65",
    );
    assert_told(
        &told,
        "0 river_flood at jamsu is undecided
         20 river_flood at jamsu decides again
         30 seocho advisory proposed
         35 seocho advisory proposed (escalated)
         40 seocho advisory issued .1 (corroborated)
         60 seocho watch proposed
         65 seocho watch proposed (escalated)
         70 seocho warning proposed
         75 seocho warning proposed (escalated)
         80 seocho warning issued .2 (deadline)",
    );
    // Below the higher levels at 90, below 5.2 at 100: each falls twelve hours later.
    let calm: String = (10..90).map(|step| format!("{} jamsu river_stage 5.18\n", step * 10)).collect();
    assert_told(&bench.play(&calm), "810 seocho advisory issued .5\n 820 seocho none ended .6");
}

#[test]
fn a_jump_that_stays_is_a_river_and_one_that_comes_back_is_none() {
    let before = "0 jamsu river_stage 3.0\n 10 jamsu river_stage 3.1\n";
    check(
        &high(),
        &format!("{before} 20 jamsu river_stage 5.1\n 30 jamsu river_stage 5.2\n 40 jamsu river_stage 5.3"),
        "20 jamsu suspect
         30 jamsu @20 pass
         30 seocho watch issued .1",
    );
    check(
        &high(),
        &format!("{before} 20 jamsu river_stage 5.1\n 30 jamsu river_stage 3.2\n 40 jamsu river_stage 3.2"),
        "20 jamsu suspect",
    );
    // What no place on earth shows is not even doubted.
    check(
        &high(),
        &format!("{before} 20 jamsu river_stage 18.0\n 30 jamsu river_stage -990"),
        "20 jamsu fail\n 30 jamsu fail",
    );
}

#[test]
fn readings_that_come_twice_or_contradict_are_not_taken() {
    check(
        &high(),
        " 0 jamsu river_stage 3.0
         10 jamsu river_stage 3.1
         11 jamsu river_stage 3.1 @10
         12 jamsu river_stage 3.2 @10
         13 jamsu river_stage 3.0 @0",
        "11 duplicate
         12 refused: conflict
         13 duplicate",
    );
}

#[test]
fn late_readings_are_put_where_they_belong() {
    // The late one fills the window; it is not the newest.
    let header = "[inputs]\nstage = { kind = \"river_stage\", max_age = \"40m\" }";
    let highest = rule("most", "station", header, r#"if check("a", stage.max("1h"), ">=", 3.4) { raise("watch") }"#);
    check(
        std::slice::from_ref(&highest),
        "30 jamsu river_stage 3.0
         40 jamsu river_stage 3.1
         45 jamsu river_stage 3.4 @20",
        "30 most at jamsu is undecided
         45 seocho watch issued .1
         45 most at jamsu decides again",
    );
    // A window is what it holds, however it was filled.
    let ordered =
        "10 jamsu river_stage 3.0\n 20 jamsu river_stage 3.3\n 30 jamsu river_stage 3.4\n 40 jamsu river_stage 3.2";
    let mixed = "41 jamsu river_stage 3.2 @40\n 42 jamsu river_stage 3.4 @30
        43 jamsu river_stage 3.0 @10\n 44 jamsu river_stage 3.3 @20";
    let level = |feed: &str| {
        let mut bench = Bench::new(std::slice::from_ref(&highest));
        bench.play(feed);
        bench.engine.incidents().map(|incident| incident.level).collect::<Vec<_>>()
    };
    assert_eq!(level(ordered).len(), 1);
    assert_eq!(level(ordered), level(mixed));
}

#[test]
fn a_burst_about_the_past_raises_nothing() {
    check(
        &high(),
        "600 jamsu river_stage 4.6 @100
         600 jamsu river_stage 4.9 @110
         600 jamsu river_stage 5.2 @120
         600 jamsu river_stage 4.9 @130
         601 jamsu river_stage 4.5 @600",
        "600 high at jamsu is undecided
         600 high at jamsu was watch @120
         600 high at jamsu was none @130
         601 high at jamsu decides again",
    );
}

#[test]
fn impossible_times_are_refused_and_a_fast_clock_gains_nothing() {
    let minutes_to_2099 = 38_000_000;
    check(
        &high(),
        &format!(
            "0 jamsu river_stage 3.0
            10 jamsu river_stage 5.9 @{minutes_to_2099}
            10 jamsu river_stage 5.9 @12.1
            10 jamsu river_stage 5.9 @-576001
            10 jamsu river_stage 3.1"
        ),
        "10 refused: future_time
         10 refused: future_time
         10 refused: too_old",
    );
}

#[test]
fn a_reading_from_a_clock_a_little_ahead_counts_as_soon_as_its_time_comes() {
    check(
        &high(),
        " 0 jamsu river_stage 4.9
         10 jamsu river_stage 5.1 @11
         12",
        "11 seocho watch issued .1",
    );
}

#[test]
fn a_missing_value_is_remembered_as_missing_and_decides_nothing() {
    check(
        &high(),
        " 0 jamsu river_stage 5.1
         10 jamsu river_stage -
         20 jamsu river_stage -
         30 jamsu river_stage -
         60",
        "0 seocho watch issued .1
        40 high at jamsu is undecided",
    );
}

#[test]
fn hysteresis_holds_a_level_until_it_is_calm_for_long_enough() {
    check(
        &high(),
        " 0 jamsu river_stage 5.1
         10 jamsu river_stage 4.8
         20 jamsu river_stage 4.6
         30 jamsu river_stage 4.8
         40 jamsu river_stage 4.6
         50 jamsu river_stage 4.6
         60 jamsu river_stage 4.6",
        "0 seocho watch issued .1
        60 seocho none ended .2",
    );
    // Time alone ends it, where nothing new comes but what is known is young enough.
    check(
        &high(),
        " 0 jamsu river_stage 5.1\n 10 jamsu river_stage 4.6\n 45",
        "0 seocho watch issued .1\n 30 seocho none ended .2",
    );
}

#[test]
fn confirmation_counts_samples_not_moments() {
    let header = "[inputs]\nstage = { kind = \"river_stage\", max_age = \"40m\" }\n[hold]\nconfirm = 2";
    let twice = rule("twice", "station", header, r#"if check("a", stage.last(), ">=", 5.0) { raise("watch") }"#);
    // The doubted jump is no second sample, nor is the time that passes.
    check(
        std::slice::from_ref(&twice),
        " 0 jamsu river_stage 5.1
         10 jamsu river_stage 9.1
         15
         20 jamsu river_stage 4.9
         30 jamsu river_stage 5.0
         40 jamsu river_stage 5.1",
        "10 jamsu suspect
         40 seocho watch issued .1",
    );
    // Neither is the same sample seen again because one that lies ahead was announced.
    check(&[twice], "0 jamsu river_stage 5.1\n 1 jamsu river_stage 4.8 @2\n 1.5\n 3", "");
}

#[test]
fn one_sample_alone_is_proposed_and_escalated_to_the_next_person() {
    let mut bench = Bench::new(&[river_flood()]);
    let told = bench.play("0 jamsu river_stage 6.3\n 10 jamsu river_stage 6.3\n 20 jamsu river_stage 6.55");
    assert_told(
        &told,
        "0 seocho watch proposed
         0 river_flood at jamsu is undecided
         5 seocho watch proposed (escalated)
        10 seocho watch issued .1 (corroborated)
        20 seocho warning proposed
        20 river_flood at jamsu decides again",
    );
    // A warning is proposed by its rule; with a second sample behind it, it does not wait for ever.
    assert_told(&bench.play("22 jamsu river_stage 6.6\n 26"), "25 seocho warning issued .2 (deadline)");
}
