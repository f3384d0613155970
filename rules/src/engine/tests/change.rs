//! The city and the rules change while alarms stand.

use super::bench::{Bench, CITY, assert_told, catalog_text, minute, rule};
use crate::incident::{Action, Order, Person};
use crate::record::Input;

const STAGE: &str = "[inputs]\nstage = { kind = \"river_stage\", max_age = \"40m\" }\n[hold]\nclear_after = \"30m\"";

fn stage_rule(id: &str, limit: &str) -> String {
    rule(id, "station", STAGE, &format!(r#"if check("a", stage.last(), ">=", {limit}) {{ raise("watch") }}"#))
}

fn road_rule() -> String {
    let header = "[inputs]\nroad = { kind = \"road_water_depth\", max_age = \"10m\" }";
    rule("road", "station", header, r#"if check("a", road.last(), ">=", 15.0) { raise("watch") }"#)
}

/// A person ends the one incident that lives.
fn end(bench: &mut Bench, at: f64) -> usize {
    let incident = bench.engine.incidents().next().expect("one lives").id.clone();
    let by = Person { user: "kim".into(), session: "a".into() };
    let action = Action::End { incident, reason: "the water is low".into() };
    bench.handle(minute(at), Input::Operator(Box::new(Order { by, action })));
    bench.engine.incidents().count()
}

#[test]
fn a_new_catalog_keeps_numbers_and_state() {
    let mut bench = Bench::new(&[stage_rule("high", "5.0")]);
    assert_told(&bench.play("0 jamsu river_stage 5.1\n 10 jamsu river_stage 4.8"), "0 seocho watch issued .1");
    let number = bench.number("jamsu", "river_stage");
    let newcomer = "[[station]]\nid = \"aaa\"\nname = { ko = \"새 곳\", en = \"New\" }\nposition = [37.5, 127.0]
        area = \"seocho\"\n[[station.datastream]]\nkind = \"river_stage\"\n[[station]]";
    bench.handle(minute(15.0), Input::Catalog(catalog_text(&CITY.replacen("[[station]]", newcomer, 1))));
    assert_eq!(bench.number("jamsu", "river_stage"), number);
    // Patience goes on where it stood: 30 minutes after minute 10.
    let told = bench.play("20 jamsu river_stage 4.8\n 30 aaa river_stage 3.0\n 35 jamsu river_stage 4.8\n 45");
    assert_told(&told, "40 seocho none ended .2");
    assert_told(&bench.play("46 jamsu river_stage 4.8 @35"), "46 duplicate");
}

#[test]
fn a_catalog_with_mistakes_leaves_the_old_city() {
    let mut bench = Bench::new(&[stage_rule("high", "5.0")]);
    bench.handle(minute(1.0), Input::Catalog(catalog_text("[[station]]\nid = 5\n")));
    assert_told(&bench.play("2 jamsu river_stage 5.1"), "2 seocho watch issued .1");
}

#[test]
fn other_rules_do_not_inherit_what_a_rule_remembers() {
    let high = stage_rule("high", "5.0");
    let mut bench = Bench::new(std::slice::from_ref(&high));
    assert_told(&bench.play("0 jamsu river_stage 5.1"), "0 seocho watch issued .1");
    // The rule now stands last, and a stranger at its old place.
    bench.take_rules(5.0, &[stage_rule("also", "9.0"), road_rule(), high]);
    assert_told(&bench.play("10 jamsu river_stage 4.8\n 20 jamsu river_stage 4.8\n 39 jamsu river_stage 4.8"), "");
    assert_told(&bench.play("45"), "40 seocho none ended .2");
}

#[test]
fn an_edited_rule_lowers_nothing_before_it_speaks_for_itself() {
    let mut bench = Bench::new(&[stage_rule("high", "5.0")]);
    let told = bench.play("0 jamsu river_stage 5.1\n 10 jamsu river_stage 4.8\n 20 jamsu river_stage 4.8");
    assert_told(&told, "0 seocho watch issued .1");
    bench.take_rules(25.0, &[stage_rule("high", "5.05")]);
    let marked = |bench: &Bench| bench.engine.incidents().next().map(|incident| incident.handling.edited);
    assert_eq!(marked(&bench), Some(true));
    assert_told(&bench.play("30 jamsu river_stage 4.8\n 39 \n 45"), "");
    // It reaches again what stands: from here on it falls as any alert falls.
    bench.play("50 jamsu river_stage 5.1");
    assert_eq!(marked(&bench), Some(false));
    let told = bench.play("60 jamsu river_stage 4.8\n 70 jamsu river_stage 4.8\n 89 jamsu river_stage 4.8\n 95");
    assert_told(&told, "90 seocho none ended .2");
}

#[test]
fn what_an_edited_rule_would_lower_a_person_ends() {
    let mut bench = Bench::new(&[stage_rule("high", "5.0")]);
    assert_told(&bench.play("0 jamsu river_stage 5.1\n 10 jamsu river_stage 4.8"), "0 seocho watch issued .1");
    bench.take_rules(25.0, &[stage_rule("high", "9.0").replace("40m", "41m")]);
    assert_told(&bench.play("26 jamsu river_stage 5.3\n 54 jamsu river_stage 5.3\n 60"), "");
    assert_eq!(end(&mut bench, 61.0), 0);
    assert_told(&bench.play("70 jamsu river_stage 5.8"), "");
    assert_told(&bench.play("80 jamsu river_stage 6.2\n 90 jamsu river_stage 6.6\n 100 jamsu river_stage 7.0"), "");
}

#[test]
fn a_station_whose_limits_are_edited_lowers_nothing() {
    let by_catalog = rule(
        "high",
        "station",
        STAGE,
        r#"if check("a", stage.last(), ">=", stage.limit("advisory")) { raise("watch") }"#,
    );
    let mut bench = Bench::new(&[by_catalog]);
    assert_told(&bench.play("0 jamsu river_stage 5.6"), "0 seocho watch issued .1");
    bench.handle(minute(5.0), Input::Catalog(catalog_text(&CITY.replace("advisory = 5.5", "advisory = 6.1"))));
    assert_told(&bench.play("10 jamsu river_stage 5.6\n 45 jamsu river_stage 5.6\n 50 jamsu river_stage 5.6"), "");
    assert_eq!(end(&mut bench, 51.0), 0);
}

#[test]
fn the_alert_of_a_rule_that_is_gone_stays_until_a_person_ends_it() {
    let mut bench = Bench::new(&[stage_rule("high", "5.0")]);
    assert_told(&bench.play("0 jamsu river_stage 5.1"), "0 seocho watch issued .1");
    bench.take_rules(5.0, &[road_rule()]);
    assert_told(&bench.play("10 jamsu river_stage 4.8\n 200 jamsu river_stage 4.8"), "");
    assert_eq!(bench.engine.incidents().count(), 1);
    bench.take_rules(210.0, &[stage_rule("high", "5.0"), road_rule()]);
    assert_told(&bench.play("220 jamsu river_stage 4.8\n 239 jamsu river_stage 4.8\n 250 jamsu river_stage 4.8"), "");
    assert_eq!(end(&mut bench, 251.0), 0);
    assert_eq!(bench.engine.book().alerts().count(), 0);
}

#[test]
fn an_alert_whose_station_left_the_catalog_stays() {
    let mut bench = Bench::new(&[stage_rule("high", "5.0")]);
    assert_told(&bench.play("0 jamsu river_stage 5.1"), "0 seocho watch issued .1");
    let moved = CITY.replace("id = \"jamsu\"", "id = \"other\"");
    bench.handle(minute(5.0), Input::Catalog(catalog_text(&moved)));
    let told = bench.play("10 other river_stage 3.0\n 600 other river_stage 3.0");
    assert_told(&told, "50 high at other is undecided\n 600 high at other decides again");
    assert_eq!(bench.engine.incidents().count(), 1);
}
