//! What a rule author sees: mistakes with place and remedy, and what a sentence comes to.

use super::input::{Input, Stream, StreamFacts};
use super::outcome::Outcome;
use super::value::{Measure, Truth};
use super::{Arguments, Failure, Host};
use crate::flag::Flag;
use crate::series::{Sample, Series};
use bongsu_sensors::catalog::StationIndex;
use bongsu_sensors::{Level, Nature, Source, Time};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

const HEADER: &str = r#"//! id = "t"
//! hazard = "river_flood"
//! title = { ko = "시험", en = "test" }
//! scope = "station"
//! [inputs]
//! stage = { kind = "river_stage", max_age = "30m" }
//! rain = { kind = "rainfall", optional = true }
//! [params]
//! lead = { default = 60.0, min = 10.0, max = 180.0, unit = "min" }
//! span = { default = "1h", min = "10m", max = "3h" }
//! [hold]
//! clear_margin = { stage = 0.3 }
//! clear_ratio = 0.8
//! [labels]
//! high = { ko = "수위", en = "stage" }
//! wet = { ko = "비", en = "rain" }
"#;

/// The first line of the body in the source.
const BODY_LINE: usize = 17;

fn rule(body: &str) -> Arc<Source> {
    Source::new("t.rhai", format!("{HEADER}{body}\n"))
}

/// The mistakes of a body, without the file's name; lines count from the body's first.
fn mistakes(body: &str) -> Vec<String> {
    let host = Host::new();
    match host.compile(&rule(body)) {
        Ok(_) => Vec::new(),
        Err(mistakes) => mistakes
            .iter()
            .map(|mistake| {
                let (line, column) = mistake.origin.source.line_column(mistake.origin.span.start);
                let line = if line >= BODY_LINE { (line - BODY_LINE + 1).to_string() } else { format!("head {line}") };
                format!("{line}:{column} {}; {}", mistake.message, mistake.remedy)
            })
            .collect(),
    }
}

/// Whatever is told of a rule is told in Korean too.
fn in_korean_too(source: &Arc<Source>) {
    for mistake in Host::new().compile(source).err().unwrap_or_default() {
        for english in [&mistake.message, &mistake.remedy].into_iter().filter(|english| !english.is_empty()) {
            // A few remedies are but an example to copy.
            let is_example = english.starts_with("check(") || english.starts_with("min ≤");
            assert!(is_example || super::korean::translate(english).is_some(), "no Korean for {english:?}");
        }
    }
}

#[test]
fn a_good_rule_has_no_mistakes() {
    assert_eq!(mistakes(r#"if check("high", stage.max("1h"), ">=", 5) { raise("watch") }"#), Vec::<String>::new());
    assert_eq!(mistakes(r#"if check("wet", rain.sum(span), ">", 2 * lead) { raise("watch") }"#), Vec::<String>::new());
}

#[test]
fn what_a_parameter_means_is_written_in_one_language_or_in_several() {
    let check = |written: &str, expect: &[(&str, &str)]| {
        let head = HEADER.replace("unit = \"min\" }", &format!("unit = \"min\", why = {written} }}"));
        let body = "if check(\"high\", stage.last(), \">=\", 5) { raise(\"watch\") }\n";
        let compiled = Host::new().compile(&Source::new("t.rhai", format!("{head}{body}")));
        let header = compiled.unwrap_or_else(|mistakes| panic!("{written}: {mistakes:?}")).header;
        let found: Vec<(&str, &str)> = header.params[0].why.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(found, expect, "{written}");
    };
    check("\"time to leave\"", &[("en", "time to leave")]);
    check("\"벗어나는 시간\"", &[("ko", "벗어나는 시간")]);
    check(r#"{ ko = "시간", en = "time" }"#, &[("en", "time"), ("ko", "시간")]);
}

/// A wrong sentence, and what is told of it.
#[track_caller]
fn wrong_sentence(body: &str, expect: &str) {
    let found = mistakes(body);
    in_korean_too(&rule(body));
    assert!(found.iter().any(|m| m == expect), "{body}\nexpected {expect}\nfound    {found:#?}");
}

#[test]
fn every_wrong_sentence_names_its_place_and_remedy() {
    let check = wrong_sentence;
    check(
        r#"if check("high", stag.last(), ">=", 5) { raise("watch") }"#,
        "1:18 unknown name `stag`; did you mean `stage`?",
    );
    check(
        r#"if check("hihg", stage.last(), ">=", 5) { raise("watch") }"#,
        "1:10 \"hihg\" cannot stand here; did you mean the label \"high\"?",
    );
    check(
        r#"if check("high", stage.maxx("1h"), ">=", 5) { raise("watch") }"#,
        "1:24 unknown function `maxx`; did you mean `max`?",
    );
    check(
        r#"if check("high", stage.max("1 hour"), ">=", 5) { raise("watch") }"#,
        "1:28 \"1 hour\" is no window; write one such as \"10m\", \"1h\" or \"3d\", up to 40 days",
    );
    check(
        r#"if check("high", stage.max(lead), ">=", 5) { raise("watch") }"#,
        "1:28 `lead` is no window; write a text such as \"1h\", or a duration parameter",
    );
    check(
        r#"if check("high", stage.max("90d"), ">=", 5) { raise("watch") }"#,
        "1:28 \"90d\" is no window; write one such as \"10m\", \"1h\" or \"3d\", up to 40 days",
    );
    check(
        r#"if check("high", stage.last(), "=>", 5) { raise("watch") }"#,
        "1:32 \"=>\" cannot stand here; write \">=\", \">\", \"<=\" or \"<\"",
    );
    check(
        r#"if check("high", stage.last(), ">=", 5) { raise("orange") }"#,
        "1:49 \"orange\" cannot stand here; \"orange\" is no level; write advisory, watch, warning or emergency",
    );
    check(
        r#"if !check("high", stage.last(), ">=", 5) { raise("watch") }"#,
        "1:4 `!` is not part of the rule language; write not(a)",
    );
    check(
        r#"if check("high", stage.last(), ">=", 5) && check("wet", rain.sum("1h"), ">", 1) { raise("watch") }"#,
        "1:41 `&&` would read unknown as false; write all([a, b])",
    );
    check(
        r#"if stage.last() > 5 { raise("watch") }"#,
        "1:17 `>` is not part of the rule language; write check(\"label\", value, \">=\", limit): it records the evidence",
    );
    check(
        "if check(\"high\", stage.last(), \">=\", 5) { } else { raise(\"watch\") }",
        "1:52 `raise` in an `else` would also be reached when the check is unknown; write its own `if`, with not(…) where it is meant",
    );
    check("while true { }", "1:1 `while` is not part of the rule language; windows do the looping");
    check(
        "let x = eval(\"1\"); raise(\"watch\")",
        "1:9 `eval` is not part of the rule language; write the sentence itself",
    );
    check("fn f() { 1 }", "1:1 `fn` is not part of the rule language; write the check where it is used");
    check("sleep(10); raise(\"watch\")", "1:1 unknown function `sleep`; did you mean `slope`?");
    check("let a = 1;", "head 1:1 the rule never raises a level; write if check(…) { raise(\"advisory\") }");
}

#[test]
fn what_makes_no_sense_names_its_place_and_remedy() {
    let check = wrong_sentence;
    check(
        r#"if check("high", stage.last(), ">=", rain.sum("1h")) { raise("watch") }"#,
        "1:38 something in m is compared with something in mm; bring both to one unit, or correct `unit`",
    );
    check(
        r#"let up = stage.last(); if check("high", up + rain.sum("1h"), ">=", 5) { raise("watch") }"#,
        "1:44 something in m is added to something in mm; bring both to one unit, or correct `unit`",
    );
    check(
        r#"if check("high", stage.slope("1h").abs(), ">=", lead) { raise("watch") }"#,
        "1:49 something in m/h is compared with something in min; bring both to one unit, or correct `unit`",
    );
    check(
        r#"let now = stage.last(); if check("high", now, ">=", 250) { raise("watch") }"#,
        "1:53 no river_stage of m is ever >= 250; readings beyond -10 to 100 are not believed; the level would never be reached",
    );
    check(
        r#"if check("high", stage.last(), ">=", 5) { raise("watch") } if check("high", stage.last(), ">=", 6) { raise("advisory") }"#,
        "1:108 advisory is never the answer: watch is reached no later; give advisory the limit that is reached first",
    );
    check(
        r#"if season("winte") { raise("watch") }"#,
        "1:4 the rule fails when it is run: season(\"winte\"): write \"spring\", \"summer\", \"autumn\" or \"winter\"; see `bongsu rules reference`",
    );
    check(
        "check(\"high\", \"tall\", \">\", 1); raise(\"watch\")",
        "1:1 the rule fails when it is run: check(\"high\"): the value is no number, but string; see `bongsu rules reference`",
    );
    check(
        "check(\"high\", lead / 0, \">\", 1); raise(\"watch\")",
        "1:1 the rule fails when it is run: check(\"high\"): the value is no finite number; is something divided by zero?; see `bongsu rules reference`",
    );
}

/// A header that is good but for one thing, and what is told of it.
#[track_caller]
fn wrong_header(from: &str, to: &str, expect: &str) {
    let text =
        format!("{}if check(\"high\", stage.last(), \">=\", 5) {{ raise(\"watch\") }}\n", HEADER.replace(from, to));
    let source = Source::new("t.rhai", text);
    in_korean_too(&source);
    let found = Host::new().compile(&source).err().unwrap_or_default();
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert!(found.iter().any(|m| m == expect), "expected {expect}\nfound    {found:#?}");
}

#[test]
fn every_wrong_header_names_its_place_and_remedy() {
    let check = wrong_header;
    check(
        "\"river_flood\"",
        "\"sensor_health\"\n//! audience = \"public\"",
        "t.rhai:2:14: \"sensor_health\" is for operators: citizens can do nothing about it; write audience = \
         \"operators\", or another hazard",
    );
    check("river_stage", "river_stag", "t.rhai:6:22: unknown kind \"river_stag\"; did you mean \"river_stage\"?");
    check("river_flood", "river_fload", "t.rhai:2:14: unknown hazard \"river_fload\"; did you mean \"river_flood\"?");
    check(
        "\"station\"",
        "\"stations\"",
        "t.rhai:4:13: `scope` is \"stations\"; write \"station\" or \"area\" or \"city\"",
    );
    check(
        "max = 180.0",
        "max = 18.0",
        "t.rhai:9:12: the default of `lead` lies outside its range; min ≤ default ≤ max",
    );
    check(
        "unit = \"min\" }",
        "unit = \"min\", why = 60 }",
        "t.rhai:9:75: `why` is a whole number; write text in quotes, or { ko = \"…\", en = \"…\" }",
    );
    check(
        "clear_ratio = 0.8",
        "clear_ratio = 8",
        "t.rhai:13:19: `clear_ratio` is no part of a limit; write a number above 0 and up to 1",
    );
    check("stage = 0.3", "stag = 0.3", "t.rhai:12:22: no input `stag`; name an input of this rule");
    check(
        "en = \"rain\"",
        "fr = \"pluie\"",
        "t.rhai:16:11: label `wet` lacks a language; write { ko = \"…\", en = \"…\" }",
    );
    check("lead =", "check =", "t.rhai:9:5: `check` is a word of the language; choose another name, such as `check_1`");
    check(
        "\"rainfall\"",
        "\"rainfall_counter\"",
        "t.rhai:7:21: \"rainfall_counter\" feeds the input \"rainfall\"; write kind = \"rainfall\"; it covers both",
    );
    check("scope", "scop", "t.rhai:4:5: unknown key `scop`; did you mean `scope`?");
    check("clear_ratio = 0.8", "corroborate = [\"hig\"]", "t.rhai:13:19: \"hig\" is no label; did you mean \"high\"?");
    check(
        "kind = \"rainfall\"",
        "kind = \"rainfall\", within_km = 0",
        "t.rhai:7:45: `within_km` is no distance; write kilometres, above 0 and up to 500",
    );
}

#[test]
fn every_wrong_declaration_names_its_place_and_remedy() {
    let check = wrong_header;
    check(
        "[labels]",
        "[messages]\n//! watch = { headline = { ko = \"{aera} 위험\", en = \"danger\" } }\n//! [labels]",
        "t.rhai:15:26: {aera} stands for nothing; did you mean {area}?",
    );
    check(
        "[labels]",
        "[messages]\n//! watch = { headline = { ko = \"호우주의보\", en = \"rain\" } }\n//! [labels]",
        "t.rhai:15:26: \"주의보\" is a word of the weather agency; say the danger and what to do in plain words",
    );
    check(
        "[labels]",
        "[messages]\n//! watch = { headline = { ko = \"침수\" } }\n//! [labels]",
        "t.rhai:15:26: `headline` lacks a language; write { ko = \"…\", en = \"…\" }",
    );
    check(
        "[labels]",
        "[inhibit]\n//! river_fload = \"watch\"\n//! [labels]",
        "t.rhai:15:5: unknown hazard \"river_fload\"; did you mean \"river_flood\"?",
    );
    check(
        "clear_ratio = 0.8",
        "corroborate = { stations = 1, within = \"10m\" }",
        "t.rhai:13:32: 1 stations cannot agree; write 2 to 100",
    );
    check(
        "kind = \"rainfall\"",
        "kind = \"rainfall\", tag = \"on the hill\"",
        "t.rhai:7:39: \"on the hill\" cannot be a tag; write one of a station's `tags`",
    );
    check(
        "scope = \"station\"",
        "scope = \"station\"\n//! mode = \"test\"",
        "t.rhai:5:12: `mode` is \"test\"; write \"live\" or \"shadow\"",
    );
    check(
        "kind = \"rainfall\"",
        "kind = \"rainfall\", from = \"above\"",
        "t.rhai:7:40: `from` is \"above\"; write \"upstream\" or \"neighbours\"",
    );
}

fn stream(station: u32, nature: Nature, values: &[f64], silent: bool) -> Stream {
    let start = Time::from_millis(0);
    let cadence = Duration::from_secs(600);
    let mut series = Series::default();
    for (at, value) in (0_u32..).zip(values) {
        series.insert(Sample { time: start + cadence * at, value: *value, flag: Flag::Pass });
    }
    let levels = BTreeMap::from([(Level::Watch, 6.0)]);
    let facts = StreamFacts { station: StationIndex(station), cadence, nature, resolution: 0.01, levels };
    let until = start + cadence * u32::try_from(values.len().max(1) - 1).expect("small");
    Stream { silent, ..Stream::until(until, Arc::new(facts), Arc::new(series), Some(until)) }
}

fn input(index: u8, streams: Vec<Stream>) -> Input {
    let absent = streams.is_empty();
    Input {
        index,
        now: Time::from_millis(36_000_000),
        streams: Arc::new(streams.into_iter().collect()),
        min_stations: 1,
        absent,
    }
}

fn run(body: &str, stage: &[f64], rain: Option<&[f64]>) -> Result<Outcome, Failure> {
    let host = Host::new();
    let rule = host.compile(&rule(body)).unwrap_or_else(|e| panic!("{body}: {}", e[0]));
    let inputs = [
        input(0, vec![stream(0, Nature::Level, stage, false)]),
        input(1, rain.map(|rain| stream(0, Nature::Amount, rain, false)).into_iter().collect()),
    ];
    host.evaluate(&rule, &inputs, &Arguments::defaults(&rule.header))
}

#[test]
fn checks_become_evidence() {
    let outcome =
        run(r#"if check("high", stage.last(), ">=", stage.limit("watch")) { raise("watch") }"#, &[5.0, 6.5], None)
            .expect("runs");
    assert_eq!(outcome.level, Level::Watch);
    let evidence = &outcome.checks[0];
    assert_eq!((evidence.value, evidence.limit), (Measure::Exactly(6.5), Measure::Exactly(6.0)));
    assert_eq!(evidence.truth, Truth::True);
    assert_eq!(evidence.stations[..], [(StationIndex(0), 6.5)]);
}

#[test]
fn the_unit_of_a_check_is_known_where_it_is_certain() {
    let check = |body: &str, expect: &[(&str, &str)]| {
        let rule = Host::new().compile(&rule(body)).expect(body);
        let found: Vec<(&str, &str)> = rule.units.iter().map(|(label, unit)| (label.as_str(), unit.as_str())).collect();
        assert_eq!(found, expect, "{body}");
    };
    check(r#"if check("high", stage.eta(6, "1h"), "<=", lead) { raise("watch") }"#, &[("high", "min")]);
    check(r#"if check("high", stage.slope("1h"), ">", 1) { raise("watch") }"#, &[("high", "m/h")]);
    check(r#"if check("wet", rain.count("1h"), ">", 3) { raise("watch") }"#, &[]);
    check(r#"let now = stage.last(); if check("high", now, ">=", 5) { raise("watch") }"#, &[("high", "m")]);
}

#[test]
fn what_is_missing_is_unknown_or_left_out_and_never_all_clear() {
    let check = |body: &str, rain: Option<&[f64]>, level: Level, undecided: bool| {
        let outcome = run(body, &[5.0, 6.5], rain).expect(body);
        assert_eq!((outcome.level, outcome.is_undecided()), (level, undecided), "{body} {rain:?}");
    };
    let wet = r#"if check("wet", rain.sum("1h"), ">", 10) { raise("watch") }"#;
    check(wet, None, Level::None, true);
    check(wet, Some(&[20.0]), Level::Watch, false);
    check(wet, Some(&[1.0]), Level::None, true);
    check(wet, Some(&[1.0; 9]), Level::None, false);
    let either =
        r#"if any([check("high", stage.last(), ">=", 6), check("wet", rain.sum("1h"), ">", 10)]) { raise("watch") }"#;
    check(either, None, Level::Watch, false);
    let both =
        r#"if all([check("high", stage.last(), ">=", 6), check("wet", rain.sum("1h"), ">", 10)]) { raise("watch") }"#;
    check(both, None, Level::None, false);
    check(both, Some(&[1.0]), Level::None, true);
    let dry = r#"if not(check("wet", rain.sum("1h"), ">", 10)) { raise("watch") }"#;
    check(dry, Some(&[1.0]), Level::None, true);
    check(dry, Some(&[1.0; 9]), Level::Watch, false);
    let unlimited = r#"if check("high", stage.last(), ">=", stage.limit("warning")) { raise("warning") }"#;
    check(unlimited, None, Level::None, true);
    let divided = r#"if check("high", stage.last() / (stage.last() - stage.last()), ">=", 1) { raise("watch") }"#;
    check(divided, None, Level::None, true);
}

#[test]
fn numbers_are_numbers_with_a_fraction() {
    let check = |body: &str, level: Level| {
        assert_eq!(run(body, &[5.0, 6.5], None).expect(body).level, level, "{body}");
    };
    check(r#"if check("high", 5 / 2, ">=", 2.5) { raise("watch") }"#, Level::Watch);
    check(r#"if check("high", stage.last() * 2, ">", 12) { raise("watch") }"#, Level::Watch);
    check(r#"let a = [1, 2, 3]; if check("high", a[1], ">=", 2) { raise("watch") }"#, Level::Watch);
    check(
        r#"let a = [check("high", stage.last(), ">", 1), check("high", stage.last(), ">", 99)]; if a[0] { raise("watch") }"#,
        Level::Watch,
    );
}

#[test]
fn a_failing_sentence_says_where_and_stops_nothing_else() {
    let host = Host::new();
    let found = host.compile(&rule(r#"check("high", stage.percentile(150, "1h"), ">", 1); raise("watch")"#));
    let told = found.err().map(|m| m[0].to_string()).unwrap_or_default();
    assert!(told.contains("percentile(150): write a number from 0 to 100"), "{told}");
    // The same host goes on with the next rule.
    assert!(host.compile(&rule(r#"if check("high", stage.last(), ">", 1) { raise("watch") }"#)).is_ok());
}

#[test]
fn limits_are_eased_while_a_level_stands() {
    let host = Host::new();
    let rule = host
        .compile(&rule(r#"if check("high", stage.last(), ">=", stage.limit("watch")) { raise("watch") } if check("wet", rain.sum("1h"), ">=", 10) { raise("advisory") }"#))
        .expect("compiles");
    let arguments = Arguments::defaults(&rule.header);
    let check = |stage: f64, rain: f64, strict: Level, eased: Level| {
        let inputs = [
            input(0, vec![stream(0, Nature::Level, &[stage; 9], false)]),
            input(1, vec![stream(0, Nature::Amount, &[rain / 6.0; 9], false)]),
        ];
        assert_eq!(host.evaluate(&rule, &inputs, &arguments).expect("runs").level, strict, "{stage} {rain}");
        assert_eq!(host.evaluate_eased(&rule, &inputs, &arguments).expect("runs").level, eased, "{stage} {rain}");
    };
    check(5.8, 0.0, Level::None, Level::Watch);
    check(5.6, 0.0, Level::None, Level::None);
    check(5.0, 9.0, Level::None, Level::Advisory);
    check(5.0, 7.0, Level::None, Level::None);
}

#[test]
fn a_rise_counts_the_reading_that_is_as_old_as_its_window() {
    let check = |window: &str, expect: f64| {
        let body = format!(r#"if check("high", stage.rise("{window}"), ">=", 9) {{ raise("watch") }}"#);
        let outcome = run(&body, &[5.0, 5.25, 5.5, 5.75], None).expect("runs");
        let value = outcome.checks[0].value;
        assert!(matches!(value, Measure::Exactly(risen) if (risen - expect).abs() < 1e-9), "{window}: {value:?}");
    };
    check("20m", 0.5);
    check("29m", 0.5);
    check("30m", 0.75);
}

#[test]
fn a_check_on_silence_tells_when_time_alone_will_decide_it() {
    let outcome = run(r#"if check("high", stage.age(), ">", 600) { raise("watch") }"#, &[5.0], None).expect("runs");
    assert_eq!((outcome.level, outcome.by_clock), (Level::None, false));
    // The reading is ten hours old, to the minute: the check is decided a millisecond later.
    let later = run(r#"if check("high", stage.age(), ">", 630) { raise("watch") }"#, &[5.0], None).expect("runs");
    assert_eq!(later.due_in, Some(Duration::from_secs(1800) + Duration::from_millis(1)));
    let over = run(r#"if check("high", stage.age(), ">=", 600) { raise("watch") }"#, &[5.0], None).expect("runs");
    assert_eq!((over.level, over.by_clock, over.due_in), (Level::Watch, true, None));
}

#[test]
fn support_comes_from_a_second_station_and_decides_nothing() {
    let host = Host::new();
    let header = HEADER.replace("clear_ratio = 0.8", "corroborate = [\"wet\"]");
    let body = r#"let high = check("high", stage.last(), ">=", 5); check("wet", rain.sum("1h"), ">", 10); if high { raise("watch") }"#;
    let rule = host.compile(&Source::new("t.rhai", format!("{header}{body}"))).expect("compiles");
    let check = |rain: Vec<Stream>, expect: Option<bool>| {
        let inputs = [input(0, vec![stream(0, Nature::Level, &[6.0; 9], false)]), input(1, rain)];
        let outcome = host.evaluate(&rule, &inputs, &Arguments::defaults(&rule.header)).expect("runs");
        assert_eq!((outcome.witnessed(), outcome.is_undecided()), (expect, false));
    };
    check(Vec::new(), None);
    check(vec![stream(0, Nature::Amount, &[6.0; 9], false)], None);
    check(vec![stream(1, Nature::Amount, &[6.0; 9], false)], Some(true));
    check(vec![stream(1, Nature::Amount, &[0.0; 9], false)], Some(false));
    check(vec![stream(1, Nature::Amount, &[6.0; 9], true)], Some(false));
    assert_eq!(run(body, &[6.0], None).expect("runs").witnessed(), None, "this rule asks for no support");
}
