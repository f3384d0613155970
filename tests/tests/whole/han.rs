//! The Han river at Seoul, 2016 to 2019, as it was recorded: decisions judged by what really happened.
//!
//! `EVAL_DATA` names a folder that holds `han_river`: wide files of ten-minute rows, `columns.csv` that says which
//! column is which datastream, and the catalog.

use crate::flood::compare;
use bongsu_gateway::store::Reader;
use bongsu_rules::{Flag, Observation};
use bongsu_sensors::Time;
use bongsu_sensors::reading::DatastreamId;
use bongsu_tests::flood::{self, Row};
use bongsu_tests::program::Setup;
use bongsu_tests::store;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// How much earlier than the sample a level may be raised, by its time to the limit.
const EARLIER_MS: i64 = 3 * 3_600_000;

/// The folder of the recording; `None`: there is none, and it was said.
fn recorded() -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("EVAL_DATA") else {
        println!("SKIPPED: EVAL_DATA names no folder of recorded observations; run `make eval DATA=DIR`");
        return None;
    };
    let folder = PathBuf::from(folder).join("han_river");
    if !folder.is_dir() {
        println!("SKIPPED: {} is not there", folder.display());
        return None;
    }
    Some(folder)
}

/// One recorded year as observations, those whose time begins with something from `from` up to `to`.
fn observations(folder: &Path, year: u32, from: &str, to: &str) -> Vec<Row> {
    let read = |name: &str| {
        let path = folder.join(name);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let (columns, wide) = (read("columns.csv"), read(&format!("han_{year}_10min.csv")));
    let header: Vec<&str> = wide.lines().next().expect("a header").split(',').collect();
    let place = |name: &str| header.iter().position(|column| *column == name).expect("a column");
    let columns: Vec<(usize, &str, &str, f64)> = columns
        .lines()
        .skip(1)
        .map(|line| {
            let [column, station, kind, factor] = line.split(',').collect::<Vec<_>>()[..] else { panic!("{line}") };
            (place(column), station, kind, factor.parse().expect("a factor"))
        })
        .collect();
    let mut rows = Vec::new();
    for line in wide.lines().skip(1).filter(|line| (from..=to).contains(&line.get(..20).unwrap_or_default())) {
        let fields: Vec<&str> = line.split(',').collect();
        let time_ms = Time::parse(fields[0]).expect("a time").millis();
        for (at, station, kind, factor) in &columns {
            let value = match (fields[*at], *factor) {
                ("" | "nan" | "NaN", _) => String::new(),
                (text, 1.0) => text.to_owned(),
                (text, factor) => format!("{}", (text.parse::<f64>().expect("a number") * factor * 1e6).round() / 1e6),
            };
            rows.push(Row { time_ms, station: (*station).into(), kind: (*kind).into(), value });
        }
    }
    assert!(!rows.is_empty(), "no rows of {year} from {from} to {to}");
    rows
}

/// Writes rows and the catalog, with a rule beside the shipped ones where one is given.
fn setup(folder: &Path, recorded: &Path, rows: &[Row], rule: Option<&str>) -> Setup {
    fs::copy(recorded.join("stations.toml"), folder.join("stations.toml")).expect("the catalog is there");
    fs::write(folder.join("flood.csv"), flood::csv(rows)).expect("the folder can be written");
    if let Some(rule) = rule {
        fs::create_dir_all(folder.join("rules")).expect("the folder can be written");
        fs::write(folder.join("rules/trial.rhai"), rule).expect("the folder can be written");
    }
    Setup::strict(folder)
}

fn replay(setup: &Setup) -> (Vec<Value>, Value) {
    let printed = setup.run(&["replay", "flood.csv", "--json", "--stations", "stations.toml"]);
    let mut lines: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let summary = lines.pop().expect("a summary");
    (lines, summary)
}

fn time(line: &Value) -> i64 {
    Time::parse(line["time"].as_str().unwrap_or_default()).expect("a time").millis()
}

fn at(text: &str) -> i64 {
    Time::parse(text).expect("a time").millis()
}

#[test]
fn data_han_the_flood_of_july_2017_is_raised_in_time_and_once() {
    let Some(recorded) = recorded() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let rows = observations(&recorded, 2017, "2017-07-08", "2017-07-14");
    let (lines, _) = replay(&setup(folder.path(), &recorded, &rows, None));
    let floods: Vec<&Value> = lines.iter().filter(|line| line["hazard"] == "river_flood").collect();
    assert!(
        floods.iter().all(|line| time(line) >= at("2017-07-10T00:00:00Z")),
        "a quiet day was no flood: {floods:#?}"
    );
    for area in ["seocho", "yongsan"] {
        let told: Vec<&&Value> = floods.iter().filter(|line| line["area"] == area).collect();
        println!("Han 2017, {area}:");
        for line in &told {
            println!("  {} {} at {}", line["time"], line["level"], line["station"]);
        }
        for (level, sample) in [
            ("advisory", "2017-07-10T12:20:00Z"),
            ("watch", "2017-07-10T17:30:00Z"),
            ("warning", "2017-07-10T19:30:00Z"),
        ] {
            let raised =
                told.iter().find(|line| line["level"] == level).unwrap_or_else(|| panic!("no {level} in {area}"));
            let early = at(sample) - time(raised);
            assert!((0..=EARLIER_MS).contains(&early), "{level} in {area} {} min before its sample", early / 60_000);
        }
        let order = ["none", "advisory", "watch", "warning", "emergency"];
        let rank = |line: &&Value| order.iter().position(|level| line["level"] == *level).expect("a level");
        let ranks: Vec<usize> = told.iter().map(|line| rank(line)).collect();
        let top = ranks.iter().position(|rank| *rank == 3).expect("a warning");
        assert_eq!(ranks[..=top], [1, 2, 3], "one rise per level in {area}");
        assert!(
            ranks[top..].windows(2).all(|pair| pair[1] < pair[0]),
            "it goes down and up again in {area}: {ranks:?}"
        );
        assert_eq!(ranks.iter().filter(|rank| **rank == 0).count(), 1, "one end in {area}");
        let incidents: Vec<&Value> = told.iter().map(|line| &line["incident"]).collect();
        assert!(incidents.windows(2).all(|pair| pair[0] == pair[1]), "one incident in {area}: {incidents:?}");
    }
}

#[test]
fn data_han_the_flood_of_july_2017_over_mqtt_is_decided_as_from_the_file() {
    let Some(recorded) = recorded() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let rows = observations(&recorded, 2017, "2017-07-08", "2017-07-14");
    let catalog = fs::read_to_string(recorded.join("stations.toml")).expect("the catalog is there");
    let decided = compare(folder.path(), &catalog, &rows, 3_600.0);
    println!("Han 2017 over MQTT at 3600 times the speed: {} changes as from the file", decided.len());
    assert!(decided.len() >= 10, "{decided:?}");
}

#[test]
fn data_han_four_years_are_replayed_without_a_failure() {
    let Some(recorded) = recorded() else { return };
    for year in 2016..=2019 {
        let folder = tempfile::tempdir().expect("a folder");
        let rows = observations(&recorded, year, "", "~");
        let (lines, summary) = replay(&setup(folder.path(), &recorded, &rows, None));
        let mut incidents: BTreeMap<&str, std::collections::BTreeSet<&str>> = BTreeMap::new();
        for line in &lines {
            let (hazard, incident) = (line["hazard"].as_str(), line["incident"].as_str());
            incidents.entry(hazard.unwrap_or_default()).or_default().insert(incident.unwrap_or_default());
        }
        let counts: BTreeMap<_, _> = incidents.iter().map(|(hazard, all)| (hazard, all.len())).collect();
        println!(
            "Han {year}: {} observations, {}/s, {} dead letters, incidents {counts:?}",
            summary["observations"], summary["per_second"], summary["dead_letters"]
        );
        assert_eq!(summary["observations"], rows.len(), "every row is an observation");
        // The rivers of Seoul flooded in each of these years but the last.
        assert_eq!(counts.contains_key(&"river_flood"), year < 2019, "{counts:?}");
    }
}

/// A rule of the sort an operator of a dam writes.
const RELEASE: &str = r#"//! id     = "release"
//! hazard = "river_flood"
//! title  = { ko = "댐 방류", en = "Dam release" }
//! scope  = "station"
//! [inputs]
//! out = { kind = "reservoir_outflow", max_age = "40m" }
//! in_ = { kind = "reservoir_inflow", max_age = "40m" }
//! [params]
//! much = { default = 8000.0, min = 1000.0, max = 40000.0, unit = "m3/s" }
//! [release]
//! warning = "auto"
//! [labels]
//! out  = { ko = "방류량", en = "outflow" }
//! in_  = { ko = "유입량", en = "inflow" }

if check("out", out.max("30m"), ">", much)  { raise("warning") }
if check("in_", in_.max("30m"), ">", 2 * much) { raise("warning") }
"#;

/// The flags of a datastream of the dam, by time.
fn flags(setup: &Setup, kind: &str) -> BTreeMap<i64, (Option<f64>, Flag)> {
    let sql = format!("SELECT id FROM datastream WHERE station = 'paldang' AND name = '{kind}'");
    let number = store::value(&setup.database(), &sql).and_then(|text| text.parse().ok()).expect("a datastream");
    let reader = Reader::open(&setup.database()).expect("the store is there");
    let (from, to) = (Time::from_millis(0), Time::parse("2020-01-01T00:00:00Z").expect("a time"));
    let page = reader.observations(DatastreamId(number), from, to, 1_000_000).expect("it can be read");
    page.observations.iter().map(|Observation { time, value, flag, .. }| (time.millis(), (*value, *flag))).collect()
}

#[test]
fn data_han_a_spike_and_a_sentinel_raise_nothing_and_a_real_release_is_good_data() {
    let Some(recorded) = recorded() else { return };
    let run = |year, from: &str, to: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        let setup = setup(folder.path(), &recorded, &observations(&recorded, year, from, to), Some(RELEASE));
        let (lines, _) = replay(&setup);
        let outflow = flags(&setup, "reservoir_outflow");
        (lines, outflow, folder)
    };
    let (lines, outflow, _folder) = run(2016, "2016-05-20", "2016-05-27");
    assert_eq!(lines, Vec::<Value>::new(), "the spike of 18615 m³/s raises nothing");
    let (value, flag) = outflow[&at("2016-05-23T07:10:00Z")];
    assert!(value == Some(18615.3) && flag.number() >= 3, "the spike is kept and doubted: {value:?} {flag:?}");
    let (lines, outflow, _folder) = run(2018, "2018-07-03", "2018-07-08");
    assert_eq!(lines, Vec::<Value>::new(), "the sentinel raises nothing");
    let (value, flag) = outflow[&at("2018-07-05T07:40:00Z")];
    assert!(value == Some(-990.0) && flag == Flag::Fail, "the sentinel fails: {value:?} {flag:?}");

    let (lines, outflow, _folder) = run(2016, "2016-07-04", "2016-07-07");
    let span = at("2016-07-05T02:50:00Z")..=at("2016-07-05T16:00:00Z");
    let doubted: Vec<_> = outflow.range(span.clone()).filter(|(_, (_, flag))| *flag != Flag::Pass).collect();
    assert!(outflow.range(span).count() > 70 && doubted.is_empty(), "the release is good data: {doubted:?}");
    let raised = lines.iter().find(|line| line["level"] == "warning").expect("the real release raises a warning");
    assert_eq!((time(raised), &raised["station"]), (at("2016-07-05T02:50:00Z"), &"paldang".into()), "{raised}");
}
