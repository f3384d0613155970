//! `bongsu rules` as an officer types it: begin a rule, check it, play its cases, ask how it would have done in a recorded
//! flood and why, tune it, compare, take it back.

use super::{CATALOG, bongsu, folder, run};
use std::path::Path;

/// Exit code, standard output and standard error, in English.
fn typed(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    run(bongsu(folder, arguments).env("LANG", "C"))
}

#[track_caller]
fn well(folder: &Path, arguments: &[&str]) -> String {
    let (code, output, complaint) = typed(folder, arguments);
    assert_eq!(code, 0, "{arguments:?}: {output}{complaint}");
    output + &complaint
}

/// Three hours at 2 m, then 0.3 m in ten minutes up to 7 m, and down again.
fn flood() -> String {
    let first = bongsu_sensors::Time::parse("2026-07-08T00:00:00Z").expect("a time");
    let row = |n: u32| {
        let rise = f64::from(n.saturating_sub(20)) * 0.3;
        let fall = f64::from(n.saturating_sub(45)) * 0.4;
        let stage = ((2.0 + rise).min(7.0) - fall).max(2.0);
        let time = first + std::time::Duration::from_secs(600 * u64::from(n));
        format!("{time},jamsu,river_stage,{stage:.2}\n")
    };
    std::iter::once("time,station,kind,value\n".to_owned()).chain((0..60).map(row)).collect()
}

#[test]
fn an_officer_makes_a_rule_tries_it_on_a_flood_and_takes_a_change_back() {
    let folder = folder();
    let at = folder.path();
    std::fs::write(at.join("stations.toml"), CATALOG).expect("write");
    std::fs::write(at.join("flood.csv"), flood()).expect("write");

    well(at, &["rules", "new", "my_rise", "--hazard", "river_flood"]);
    let again = typed(at, &["rules", "new", "my_rise"]);
    assert_eq!(again.0, 1, "what is there is not overwritten: {}{}", again.1, again.2);
    assert!(well(at, &["rules", "check", "rules"]).contains("my_rise warns of river_flood"));
    assert!(well(at, &["rules", "test", "rules/my_rise"]).contains("2 cases, 0 failed"));

    let recorded = ["--file", "flood.csv", "--stations", "stations.toml", "--rules", "rules"];
    let event = ["--event", "jamsu river_stage 6.2"];
    let backtest = well(at, &[&["rules", "backtest", "my_rise"][..], &event, &recorded].concat());
    assert!(backtest.contains("POD 1.00") && backtest.contains("30 min before"), "{backtest}");
    let sweep = well(at, &[&["rules", "sweep", "my_rise", "--param", "limit=3,5,6.9"][..], &event, &recorded].concat());
    assert!(sweep.contains("limit = 3: POD 1.00") && sweep.contains("limit = 6.9: POD 0.00"), "{sweep}");
    assert!(sweep.contains("limit = 5 (in the rule now): ") && sweep.contains("when they were received is not known"));
    let goal = ["--param", "limit=3,5,6.9", "--goal", "0.9", "--html", "sweep.html"];
    let sweep = well(at, &[&["rules", "sweep", "my_rise"][..], &goal, &event, &recorded].concat());
    assert!(sweep.contains("limit = 3 meets the goal with the fewest false alarms"), "{sweep}");
    let page = std::fs::read_to_string(at.join("sweep.html")).expect("it is written");
    // All of the series, and its one crossing from near; nothing from elsewhere.
    assert_eq!((page.matches("aria-label=\"jamsu river_stage 6.2\"").count(), page.matches("http").count()), (2, 0));
    let why = |at_: &str| well(at, &[&["rules", "explain", "my_rise", "jamsu", "--at", at_][..], &recorded].concat());
    assert!(why("2026-07-08T05:20:00Z").contains("reached now: watch"), "{}", why("2026-07-08T05:20:00Z"));
    assert!(why("2026-07-08T02:00:00Z").contains("reached now: none"), "{}", why("2026-07-08T02:00:00Z"));

    // a case that no longer comes out as it says fails the test
    let rule = at.join("rules/my_rise/my_rise.rhai");
    let text = std::fs::read_to_string(&rule).expect("read");
    std::fs::write(&rule, text.replace("default = 5.0", "default = 50.0")).expect("write");
    let (code, output, told) = typed(at, &["rules", "test", "rules/my_rise"]);
    assert_eq!(code, 1, "{output}{told}");
    assert!((output + &told).contains("1 failed"));
    std::fs::write(at.join("old.rhai"), &text).expect("write");
    let (code, output, _) = typed(at, &["rules", "diff", "old.rhai", "rules/my_rise/my_rise.rhai"]);
    assert_eq!((code, output.trim()), (1, "params.limit.default: 5.0 → 50.0"));

    // a misspelt name is no rule, in both languages
    std::fs::write(&rule, text.replace("seen.last()", "sen.last()")).expect("write");
    let (code, _, told) = typed(at, &["rules", "check", "rules"]);
    assert!(code == 1 && told.contains("did you mean") && told.contains("my_rise.rhai:"), "{told}");
    let (code, _, korean) = typed(at, &["rules", "check", "rules", "--lang", "ko"]);
    assert!(code == 1 && korean.chars().any(|c| ('가'..='힣').contains(&c)), "{korean}");
}

#[test]
fn versions_are_kept_and_an_earlier_one_comes_back() {
    let folder = folder();
    let at = folder.path();
    std::fs::write(at.join("stations.toml"), CATALOG).expect("write");
    std::fs::write(at.join("flood.csv"), flood()).expect("write");
    std::fs::write(at.join("bongsu.toml"), "stations = \"stations.toml\"\nrules = \"rules\"\n").expect("write");
    well(at, &["rules", "new", "my_rise"]);
    let rule = at.join("rules/my_rise/my_rise.rhai");
    let first = std::fs::read_to_string(&rule).expect("read");
    let replay = ["replay", "flood.csv", "--stations", "stations.toml", "--rules", "rules", "--data", "d"];
    let said = well(at, &[&replay[..], &["--json"]].concat());
    assert!(said.contains("\"level\":\"watch\"") && said.contains("\"observations\":60"), "{said}");
    let listed = well(at, &["rules", "versions", "--json", "--data", "d"]);
    let version: serde_json::Value = serde_json::from_str(listed.trim()).expect("one version");
    let hash = version["hash"].as_str().expect("a hash");
    std::fs::write(&rule, first.replace("default = 5.0", "default = 3.0")).expect("write");
    // What was decided then is told as it was, and evaluated anew by the version of then.
    let why = ["rules", "explain", "my_rise", "jamsu", "--at", "2026-07-08T05:20:00Z", "--data", "d"];
    let told = well(at, &why);
    assert!(told.contains("as it was decided then") && told.contains(&hash[..8]) && told.contains(">= 5 "), "{told}");
    let told = well(at, &[&why[..], &["--rules", "rules"]].concat());
    assert!(!told.contains(&hash[..8]) && told.contains(">= 3 "), "{told}");
    well(at, &["rules", "rollback", "my_rise", &hash[..8], "--data", "d"]);
    assert_eq!(std::fs::read_to_string(&rule).expect("read"), first);
}
