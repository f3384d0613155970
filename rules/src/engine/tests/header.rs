//! What a header declares, seen in what the engine does: tags, overrides, steps down, witnesses, inhibition, shadow, the
//! calendar, failures that people hear of.

use super::bench::{Bench, CITY, assert_told, check, minute, rule};
use crate::record::{Effect, Input};
use bongsu_sensors::Level;

const ROADS: &str = "[inputs]\nroad = { kind = \"road_water_depth\", max_age = \"10m\" }";
const DEEP: &str = r#"if check("a", road.last(), ">=", 15.0) { raise("watch") }"#;
const STAGE: &str = "[inputs]\nstage = { kind = \"river_stage\", max_age = \"40m\" }";

#[test]
fn a_tag_picks_the_stations_of_an_input() {
    let tagged = CITY.replace("id = \"road_b\"", "id = \"road_b\"\ntags = [\"low\", \"subway\"]");
    let header = "[inputs]\nroad = { kind = \"road_water_depth\", tag = \"subway\", max_age = \"10m\" }";
    for scope in ["area", "station"] {
        let mut bench = Bench::in_city(&tagged, &[rule("low", scope, header, DEEP)]);
        assert_told(&bench.play("0 road_a road_water_depth 20\n 1 road_c road_water_depth 20"), "");
        assert_told(&bench.play("2 road_b road_water_depth 20"), "2 yongsan watch issued .1");
        assert_eq!(bench.engine.places_of("low").count(), 1, "{scope}");
    }
}

#[test]
fn overrides_are_laid_on_from_the_city_inwards_and_outlive_a_restart() {
    let header = format!("{ROADS}\n[params]\ndeep = {{ default = 15.0, min = 5.0, max = 50.0 }}");
    let rules = [rule("road", "station", &header, r#"if check("a", road.last(), ">=", deep) { raise("watch") }"#)];
    let one = |place: &str, deep: f64| {
        format!(
            "[[override]]\nrule = \"road\"\n{place}\nset = {{ deep = {deep} }}\nauthor = \"Kim\"\nreason = \"a dip\"\n"
        )
    };
    let all = [one("station = \"road_b\"", 8.0), one("", 40.0), one("area = \"yongsan\"", 25.0)].concat();
    let mut bench = Bench::new(&rules);
    bench.take_overrides(0.0, &rules, &all);
    let at = |bench: &Bench, place: &str| bench.engine.parameters_at("road", place).expect("there")[0].1.to_string();
    assert_eq!([at(&bench, "road_a"), at(&bench, "road_b")], ["25", "8"]);
    assert_told(&bench.play("1 road_a road_water_depth 20"), "");
    let snapshot = bench.engine.snapshot().expect("snapshot");
    bench.engine = crate::Engine::restore(&snapshot).expect("restore");
    assert_told(&bench.play("2 road_a road_water_depth 20\n 2 road_b road_water_depth 9"), "2 yongsan watch issued .1");
    // Without them the header's default holds again.
    bench.take_rules(3.0, &rules);
    assert_eq!(at(&bench, "road_b"), "15");
}

#[test]
fn wrong_overrides_are_told_with_their_remedy() {
    let header = format!("{ROADS}\n[params]\ndeep = {{ default = 15.0, min = 5.0, max = 50.0 }}");
    let rules = [rule("road", "station", &header, r#"if check("a", road.last(), ">=", deep) { raise("watch") }"#)];
    let bench = Bench::new(&rules);
    let check = |lines: &str, expect: &str| {
        let mut text = (*super::bench::rules_text(&rules)).clone();
        let lines = format!("[[override]]\n{lines}\nauthor = \"Kim\"\nreason = \"a dip\"\n");
        text.files.push(("overrides.toml".to_owned(), lines));
        let found = bench.engine.check_rules(&text).expect_err(expect);
        let told: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert!(told.iter().any(|told| told.ends_with(expect)), "expected {expect}\nfound    {told:#?}");
    };
    check("rule = \"raod\"\nset = {}", "no rule is called \"raod\"; did you mean \"road\"?");
    check("rule = \"road\"\nset = { dep = 9 }", "rule \"road\" has no parameter `dep`; did you mean `deep`?");
    check("rule = \"road\"\nset = { deep = 90 }", "90 lies outside the range of `deep`; write 5 to 50");
    check("rule = \"road\"\nset = { deep = \"1h\" }", "1h lies outside the range of `deep`; write 5 to 50");
    check(
        "rule = \"road\"\nstation = \"road_d\"\nset = {}",
        "no station is called \"road_d\"; did you mean \"road_a\"?",
    );
    check("rule = \"road\"\narea = \"yongsa\"\nset = {}", "no area is called \"yongsa\"; did you mean \"yongsan\"?");
    check("rule = \"road\"", "`set` is missing; add set = { parameter = value }");
    let anonymous = bench.engine.check_rules(&crate::record::RulesText {
        files: vec![
            ("road.rhai".to_owned(), rules[0].clone()),
            ("overrides.toml".to_owned(), "[[override]]\nrule = \"road\"\nset = {}\n".to_owned()),
        ],
        author: String::new(),
    });
    let told: Vec<String> = anonymous.expect_err("anonymous").iter().map(ToString::to_string).collect();
    assert!(told.iter().any(|told| told.contains("`author` is missing")), "{told:?}");
    assert!(told.iter().any(|told| told.contains("`reason` is missing")), "{told:?}");
}

#[test]
fn a_window_that_no_station_can_fill_is_impossible() {
    let bench = Bench::new(&[]);
    let check = |window: &str, expect: Option<&str>| {
        let body = format!(r#"if check("a", stage.max("{window}"), ">=", 5.0) {{ raise("watch") }}"#);
        let text = super::bench::rules_text(&[rule("high", "station", STAGE, &body)]);
        let told = bench.engine.check_rules(&text).err().map(|mistakes| mistakes[0].to_string());
        assert_eq!(told.as_deref(), expect);
    };
    check("10m", None);
    let told = "rule1.rhai:12:25: no datastream of `stage` sends as often as this window is long; write a window of at \
                least 10 minutes";
    check("5m", Some(told));
}

#[test]
fn a_high_level_steps_down_with_time() {
    let header = format!("{STAGE}\n[hold]\nstep_down = \"30m\"");
    let body = r#"if check("a", stage.last(), ">=", 5.0) { raise("advisory") }
        if check("b", stage.last(), ">=", 5.6) { raise("watch") }
        if check("c", stage.last(), ">=", 6.0) { raise("warning") }"#;
    check(
        &[rule("high", "station", &header, body)],
        " 0 jamsu river_stage 6.0
         10 jamsu river_stage 5.9
         20 jamsu river_stage 4.9
         30 jamsu river_stage 4.9
         60 jamsu river_stage 4.9
         90 jamsu river_stage 4.9",
        "0 seocho warning issued .1
         10 seocho watch issued .2
         20 jamsu suspect
         30 jamsu @20 pass
         40 seocho advisory issued .3
         70 seocho none ended .4",
    );
}

#[test]
fn witnesses_are_so_many_stations_within_a_time_and_a_distance() {
    let hold = |km: &str| format!("{ROADS}\n[hold]\ncorroborate = {{ stations = 2, within = \"5m\"{km} }}");
    let proposed = |km: &str, feed: &str, expect: &str| {
        let rule = rule("road", "station", &format!("audience = \"public\"\n{}", hold(km)), DEEP);
        check(&[rule], feed, expect);
    };
    // One station alone is proposed, however often it says so; the second one issues both.
    let alone = "0 road_a road_water_depth 20\n 1 road_a road_water_depth 21\n 2 road_a road_water_depth 22\n";
    proposed(
        "",
        &format!("{alone} 3 road_b road_water_depth 20"),
        "0 yongsan watch proposed\n 3 yongsan watch issued .1 (corroborated)",
    );
    proposed("", &format!("{alone} 4 road_b road_water_depth 2"), "0 yongsan watch proposed");
    // Too far, 1.8 km, or too late.
    proposed(
        ", km = 1.0",
        &format!("{alone} 3 road_c road_water_depth 20 \n 4"),
        "0 yongsan watch proposed\n 3 yongsan watch issued .1 (corroborated)",
    );
    proposed(
        "",
        "0 road_a road_water_depth 20\n 4 road_a road_water_depth 2\n 9 road_b road_water_depth 20",
        "0 yongsan watch proposed\n 4 yongsan none ended\n 9 yongsan watch proposed",
    );
}

#[test]
fn what_another_hazard_explains_is_recorded_and_not_said() {
    let river = rule("river", "station", STAGE, r#"if check("a", stage.last(), ">=", 5.0) { raise("watch") }"#);
    let road = rule("road", "station", &format!("{ROADS}\n[inhibit]\nriver_flood = \"watch\""), DEEP)
        .replace("hazard = \"river_flood\"", "hazard = \"urban_flood\"");
    let one_bank = CITY.replace("area = \"seocho\"", "area = \"yongsan\"");
    let mut bench = Bench::in_city(&one_bank, &[river, road]);
    let told = bench.play(
        "0 jamsu river_stage 5.1
         1 road_a road_water_depth 20
         2 road_a road_water_depth 20
        10 jamsu river_stage 4.9
        11 road_a road_water_depth 20
        12 jamsu river_stage 4.9
        20 jamsu river_stage 5.1
        21 road_a road_water_depth 20",
    );
    // The road is said when the river has fallen, and stays said when the river rises again.
    assert_told(
        &told,
        "0 yongsan watch issued .1
         1 yongsan watch raised
        10 yongsan none ended .2
        10 yongsan watch issued .1
        20 yongsan watch issued .1",
    );
}

#[test]
fn a_rule_in_shadow_is_recorded_and_never_said() {
    check(
        &[rule("road", "station", &format!("mode = \"shadow\"\n{ROADS}"), DEEP)],
        "0 road_a road_water_depth 20\n 1 road_a road_water_depth 20\n 2 road_a road_water_depth 2",
        "0 yongsan watch raised\n 2 yongsan none ended",
    );
}

#[test]
fn the_calendar_is_the_citys_and_time_alone_turns_its_page() {
    // The bench begins at 09:00 in Seoul on a Wednesday in July.
    let night = r#"if all([check("a", road.last(), ">=", 15.0), hours(12, 6), season("summer"), weekdays(1, 5)]) { raise("watch") }"#;
    let header = ROADS.replace("10m", "6h");
    check(
        &[rule("night", "station", &header, night)],
        "0 road_a road_water_depth 20\n 170\n 190 road_a road_water_depth 20",
        "180 yongsan watch issued .1",
    );
    let august = night.replace("season(\"summer\")", "months(8, 2)");
    check(&[rule("night", "station", &header, &august)], "190 road_a road_water_depth 20", "");
    let recorded = r#"if all([check("a", road.last(), ">=", 15.0), check("b", hour(), ">=", 9)]) { raise("watch") }"#;
    check(&[rule("day", "station", &header, recorded)], "0 road_a road_water_depth 20", "0 yongsan watch issued .1");
}

#[test]
fn people_hear_of_a_rule_that_fails_and_that_it_runs_again() {
    let body = r#"if check("a", road.last(), ">=", 400.0) {
  if check("b", road.percentile(150.0, "10m"), ">=", 1.0) { raise("watch") }
}"#;
    let fragile = rule("fragile", "station", ROADS, body);
    let mut bench = Bench::new(&[fragile]);
    bench.play("0 road_b road_water_depth 410");
    let failing: Vec<_> = bench.engine.incidents().cloned().collect();
    assert_eq!(failing.len(), 1);
    assert_eq!((failing[0].hazard.as_str(), failing[0].level), (crate::engine::FAILURE_HAZARD, Level::Advisory));
    assert_eq!(failing[0].audience, crate::language::Audience::Operators);
    let told = failing[0].evidence[0].label["en"].clone();
    assert!(told.starts_with("rule fragile fails at road_b: line "), "{told}");
    // Mended by data.
    bench.play("1 road_b road_water_depth 1\n 3");
    assert_eq!(bench.engine.incidents().count(), 0);
    // Mended by an edit: what failed is not there any more.
    bench.play("4 road_b road_water_depth 410");
    assert_eq!(bench.engine.incidents().count(), 1);
    bench.take_rules(5.0, &[rule("fragile", "station", ROADS, DEEP)]);
    bench.play("6 road_b road_water_depth 1");
    assert_eq!(bench.engine.incidents().count(), 0);
}

#[test]
fn a_burst_about_the_past_is_recorded_as_history_and_says_nothing() {
    let high = rule("high", "station", STAGE, r#"if check("a", stage.last(), ">=", 5.0) { raise("watch") }"#);
    let mut bench = Bench::new(&[high]);
    let told = bench.play(
        "600 jamsu river_stage 4.6 @100
         600 jamsu river_stage 5.0 @110
         600 jamsu river_stage 5.2 @120
         600 jamsu river_stage 4.9 @130
         600 jamsu river_stage 4.5 @590",
    );
    assert_told(
        &told,
        "600 high at jamsu is undecided
         600 high at jamsu was watch @110
         600 high at jamsu was none @130
         600 high at jamsu decides again",
    );
    assert_eq!(bench.engine.incidents().count(), 0);
    let evidence = bench.effects.iter().flatten().find_map(|effect| match effect {
        Effect::Historic(historic) => Some(historic.evidence.clone()),
        _ => None,
    });
    assert_eq!(evidence.expect("recorded")[0].value, Some(5.0));
    // Time that passes changes nothing about it.
    assert!(bench.handle(minute(605.0), Input::Tick).is_empty());
}

#[test]
fn a_rule_speaks_in_its_own_words_with_what_it_found() {
    let messages = "[messages]
        watch = { headline = { ko = \"{area} {station} 수심 {value}{unit}\", en = \"{station} in {area}: {value} of {limit} {unit}\" } }";
    let mut bench = Bench::new(&[rule("road", "station", &format!("{ROADS}\n{messages}"), DEEP)]);
    bench.play("0 road_a road_water_depth 20.5");
    let incident = bench.engine.incidents().next().expect("lives").clone();
    let words = &incident.words[&Level::Watch];
    assert_eq!(words.headline["ko"], "용산구 가길 수심 20.5cm");
    assert_eq!(words.headline["en"], "Road A in Yongsan-gu: 20.5 of 15 cm");
    assert!(words.instruction.is_empty());
}
