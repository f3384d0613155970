//! What the author of cases sees.

use super::*;

const RULE: &str = r#"//! id = "high"
//! hazard = "river_flood"
//! title = { ko = "시험", en = "test" }
//! scope = "station"
//! [inputs]
//! stage = { kind = "river_stage", max_age = "30m" }
//! [hold]
//! clear_after = "20m"
//! [release]
//! watch = "auto"
//! [labels]
//! high = { ko = "수위", en = "stage" }
if check("high", stage.last(), ">=", stage.limit("watch")) { raise("watch") }
"#;

const CITY: &str = "[stations.a]\nriver_stage = { watch = 6.0 }\n";

fn run_text(cases: &str) -> Result<Vec<CaseResult>, Vec<String>> {
    let cases = Source::new("cases.toml", format!("{CITY}{cases}"));
    run(&Source::new("high.rhai", RULE), &cases).map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect())
}

fn failures(body: &str) -> Vec<String> {
    let case =
        format!("[[case]]\nname = \"n\"\nkind = \"true\"\nseries.a.river_stage = \"5.5x3 6.2x3 5.5x6 _x6\"\n{body}\n");
    run_text(&case).expect("reads").remove(0).failures
}

#[test]
fn expectations_hold_or_are_told_in_one_sentence() {
    let check = |body: &str, expect: &[&str]| assert_eq!(failures(body), expect, "{body}");
    check(
        "raised = [{ level = \"watch\", by = \"30m\", not_before = \"30m\", because = [\"high\"], at = \"a\" }]",
        &[],
    );
    check("raised = [{ level = \"watch\", state = \"issued\" }]", &[]);
    check("raised = [{ level = \"watch\", by = \"20m\" }]", &["watch came after 30m, expected by 20m"]);
    check("raised = [{ level = \"watch\", not_before = \"1h\" }]", &["watch came after 30m, expected not before 1h"]);
    check("raised = [{ level = \"warning\" }]", &["expected warning, but the highest was watch"]);
    check("not_raised = \"warning\"", &[]);
    check(
        "not_raised = \"advisory\"",
        &["expected nothing from advisory up, but a was watch (issued) after 30m: stage 6.20"],
    );
    check("cleared = { by = \"90m\" }", &[]);
    check("cleared = { by = \"1h\" }", &["it cleared after 1h20m, expected by 1h"]);
    check("undecided = { not_before = \"2h\", by = \"2h30m\" }", &[]);
    check("undecided = { by = \"1h\" }", &["the rule could not decide after 2h20m, expected by 1h"]);
}

#[test]
fn a_failure_is_drawn() {
    let case =
        "[[case]]\nname = \"n\"\nkind = \"true\"\nseries.a.river_stage = \"5.5x3 6.2x3\"\nnot_raised = \"watch\"\n";
    let drawn = run_text(case).expect("reads")[0].to_string();
    assert!(drawn.starts_with("FAILS n\n"), "{drawn}");
    assert!(drawn.contains("a river_stage [m]"), "{drawn}");
    assert!(drawn.contains("level |..............................."), "{drawn}");
    assert!(drawn.contains("wwwww|"), "{drawn}");
}

#[test]
fn every_mistake_of_a_file_is_told_with_its_place_and_remedy() {
    let check = |text: &str, expect: &str| {
        let found = run_text(text).expect_err(text);
        assert!(found.iter().any(|told| told == expect), "expected {expect}\nfound    {found:#?}");
    };
    let case =
        |line: &str| format!("[[case]]\nname = \"n\"\nkind = \"true\"\nseries.a.river_stage = \"5x3\"\n{line}\n");
    check("", "cases.toml:1:1: no case; write [[case]] with name and kind");
    check(
        &case("not_raised = \"orange\""),
        "cases.toml:7:14: \"orange\" is no level; write advisory, watch, warning or emergency",
    );
    check(
        &case("raised = [{ level = \"watch\", because = [\"hi\"] }]"),
        "cases.toml:7:40: \"hi\" is no label of the rule; the rule's labels are high",
    );
    check(&case("not_raise = \"watch\""), "cases.toml:7:1: unknown key `not_raise`; did you mean `not_raised`?");
    check(
        &case("series.b.river_stage = \"5\""),
        "cases.toml:7:8: no station \"b\"; name one of [stations]; stations of a case stand instead of them",
    );
    check(
        "[[case]]\nname = \"n\"\nkind = \"maybe\"\nseries.a.river_stage = \"5\"",
        "cases.toml:5:8: \"maybe\" is no kind of case; write \"true\", \"near_miss\", \"sensor_fault\", \"silence\"",
    );
    check(
        "[[case]]\nname = \"n\"\nkind = \"true\"\nseries.a.river_stage = \"five\"",
        "cases.toml:6:24: \"five\" is no part of a series; write 5.0, 5.0x6, 5.0..7.0/12, - for missing or _ for silence",
    );
}
