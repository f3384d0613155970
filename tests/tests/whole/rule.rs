//! Rules that are wrong: refused with file, line and remedy before anything is done; or, where only the data shows it,
//! unknown alone while every other rule decides.

use bongsu_tests::flood;
use bongsu_tests::program::Setup;
use bongsu_tests::store;
use std::fs;

const HEADER: &str = r#"//! id     = "trial"
//! hazard = "outage"
//! title  = { ko = "시험", en = "A trial" }
//! scope  = "station"
//! [inputs]
//! stage = { kind = "river_stage", max_age = "40m" }
//! [params]
//! limit = { default = 3.0, min = 0.0, max = 9.0, unit = "m" }
//! [release]
//! advisory = "auto"
//! [labels]
//! high = { ko = "수위", en = "stage" }
"#;

/// Bodies, the place and the words of the complaint.
const WRONG: [(&str, &str, &str); 6] = [
    (r#"if check("high", limit / 0, ">", 1) { raise("advisory") }"#, ":13:", "divided by zero"),
    ("while true { }\nraise(\"advisory\")", ":13:1", "windows do the looping"),
    (r#"if check("high", stag.last(), ">", 1) { raise("advisory") }"#, ":13:18", "did you mean `stage`?"),
    (r#"if check("high", stage.max("1 hour"), ">", 1) { raise("advisory") }"#, ":13:28", "write one such as"),
    (r#"if check("hihg", stage.last(), ">", 1) { raise("advisory") }"#, ":13:10", "did you mean the label"),
    (r#"if check("high", stage.maxx("1h"), ">", 1) { raise("advisory") }"#, ":13:24", "did you mean `max`?"),
];

/// Exit code and standard error, as one line of words.
fn complaint(setup: &Setup, arguments: &[&str]) -> (Option<i32>, String) {
    let output =
        setup.command(arguments).env("NO_COLOR", "1").env("COLUMNS", "400").output().expect("the program runs");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), told.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" "))
}

#[test]
fn a_wrong_rule_is_refused_with_file_line_and_remedy_and_nothing_is_begun() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("stations.toml"), flood::STATIONS).expect("the folder can be written");
    fs::write(folder.path().join("flood.csv"), flood::csv(&flood::made())).expect("the folder can be written");
    let rules = folder.path().join("rules");
    fs::create_dir(&rules).expect("the folder can be written");
    let setup = Setup::strict(folder.path());
    let unknown_kind =
        HEADER.replace("river_stage", "river_stag") + r#"if check("high", 1, ">", 1) { raise("advisory") }"#;
    let wrong = WRONG.map(|(body, place, words)| (format!("{HEADER}{body}"), place, words));
    let all = wrong.into_iter().chain([(unknown_kind, ":6:22", "did you mean \"river_stage\"?")]);
    for (text, place, words) in all {
        fs::write(rules.join("trial.rhai"), &text).expect("the folder can be written");
        for arguments in [
            &["rules", "check", "rules/trial.rhai"][..],
            &["replay", "flood.csv", "--stations", "stations.toml", "--rules", "rules"],
            &["serve"],
        ] {
            let (code, told) = complaint(&setup, arguments);
            assert_eq!(code, Some(1), "{arguments:?} with {text}: {told}");
            let named = format!("trial.rhai{place}");
            assert!(told.contains(&named) && told.contains(words), "{arguments:?}: no {named} or {words:?} in {told}");
        }
        assert_eq!(store::value(&setup.database(), "SELECT max(seq) FROM log"), None, "something was begun");
    }
}

#[test]
fn a_rule_that_fails_on_some_data_is_unknown_there_and_others_decide() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("stations.toml"), flood::STATIONS).expect("the folder can be written");
    fs::write(folder.path().join("flood.csv"), flood::csv(&flood::made())).expect("the folder can be written");
    let alone = Setup { data: folder.path().join("alone"), ..Setup::strict(folder.path()) };
    let expected = flood::replayed(&alone, "flood.csv", "river_flood");
    assert!(!expected.is_empty(), "the made flood raises something");

    // Infinite wherever the water stands still, which the upper gauge does at the turn of the tide.
    let body = r#"if check("high", 1.0 / stage.rise("20m"), ">", 1000.0) { raise("advisory") }"#;
    let rules = folder.path().join("rules");
    fs::create_dir(&rules).expect("the folder can be written");
    fs::write(rules.join("trial.rhai"), format!("{HEADER}{body}")).expect("the folder can be written");
    for shipped in bongsu_rules::pack::ALL {
        let path = rules.join(shipped.name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder can be written");
        fs::write(path, shipped.text).expect("the folder can be written");
    }
    let setup = Setup { data: folder.path().join("beside"), ..Setup::strict(folder.path()) };
    assert_eq!(flood::replayed(&setup, "flood.csv", "river_flood"), expected, "the other rule is not disturbed");
    let of_trial = "SELECT count(*) FROM incident WHERE json_extract(body, '$.rule') = 'trial'";
    assert_eq!(store::value(&setup.database(), of_trial).as_deref(), Some("0"), "unknown raises nothing");
}
