//! Replays: killed at any moment, a continued one comes to the very same end; what cannot be read is counted, and
//! disturbs nothing.

use bongsu_sensors::Time;
use bongsu_tests::flood::{self, Row};
use bongsu_tests::program::Setup;
use bongsu_tests::{city, store};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// Gauges of the made rivers, and ten-minute steps of their readings.
const GAUGES: usize = 8;
const STEPS: u32 = 300;

/// Waves that pass gauge after gauge, so that incidents open, rise and end all the time.
fn rivers() -> Vec<Row> {
    let begins = Time::parse(flood::BEGINS).expect("a time").millis();
    let mut rows = Vec::new();
    for step in 0..STEPS {
        for gauge in 0..GAUGES {
            let late = u32::try_from(gauge).expect("a small number") * 13;
            let phase = f64::from((step + 200 - late) % 200) / 200.0 * std::f64::consts::TAU;
            let value = format!("{:.2}", 4.4 - 2.6 * phase.cos());
            let time_ms = begins + i64::from(step) * 600_000;
            rows.push(Row { time_ms, station: city::station(gauge), kind: "river_stage".into(), value });
        }
    }
    rows
}

fn make(folder: &std::path::Path) -> Setup {
    let levels = "cadence = \"10m\"\nlevels = { advisory = 5.5, watch = 6.2, warning = 6.5 }";
    city::write(folder, &city::stations(GAUGES, "river_stage", levels), &[]);
    fs::write(folder.join("rivers.csv"), flood::csv(&rivers())).expect("the folder can be written");
    let mut setup = Setup::strict(folder);
    // Many small commits are many moments to be killed at.
    setup.env.push(("BONGSU_LIMITS__BATCH_READINGS".into(), "24".into()));
    setup
}

fn replay(setup: &Setup, resume: bool) -> Child {
    let mut arguments = vec!["replay", "rivers.csv", "--json", "--stations", "stations.toml"];
    arguments.extend(resume.then_some("--resume"));
    setup.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
}

/// Lets a replay come to its end: what it printed, but for how long it took.
#[track_caller]
fn finish(replay: Child) -> Vec<Value> {
    let output = replay.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("it prints text");
    let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let summary = lines.last_mut().and_then(Value::as_object_mut).expect("a summary");
    summary.remove("seconds");
    summary.remove("per_second");
    lines
}

/// Rows that a replay has on the disk.
fn rows_taken(setup: &Setup) -> u64 {
    let Some(text) = store::value(&setup.database(), "SELECT value FROM meta WHERE key = 'replay'") else { return 0 };
    serde_json::from_str::<Value>(&text).ok().and_then(|progress| progress["rows"].as_u64()).unwrap_or(0)
}

/// Kills a replay as soon as it has taken in so many rows; `false`: it ended before.
fn kill_at(setup: &Setup, replay: &mut Child, rows: u64) -> bool {
    let deadline = Instant::now() + Duration::from_secs(60);
    while rows_taken(setup) < rows {
        assert!(Instant::now() < deadline, "a replay stands still at {} rows", rows_taken(setup));
        if replay.try_wait().expect("it can be asked").is_some() {
            return false;
        }
        // A glance; what is waited for is the condition above.
        std::thread::sleep(Duration::from_millis(1));
    }
    replay.kill().expect("it can be killed");
    !replay.wait().expect("it ends").success()
}

#[test]
fn a_replay_that_is_killed_at_any_moment_comes_to_the_same_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = make(folder.path());
    let printed = finish(replay(&whole, false));
    let kept = store::dump(&whole.database());
    assert!(printed.len() > 3 * GAUGES, "waves over every gauge raise and end incidents: {printed:#?}");
    assert!(kept["message"].len() >= GAUGES, "messages are issued: {:?}", kept["message"]);

    let broken = Setup { data: folder.path().join("broken"), ..whole.clone() };
    let mut kills = 0;
    // Before anything is there, and while the store is made.
    for moment in [0, 10, 20, 40] {
        let mut child = replay(&broken, rows_taken(&broken) > 0 || broken.database().exists());
        std::thread::sleep(Duration::from_millis(moment));
        child.kill().expect("it can be killed");
        kills += u32::from(!child.wait().expect("it ends").success());
    }
    let all = u64::from(STEPS) * GAUGES as u64;
    for part in 1..10 {
        let mut child = replay(&broken, true);
        kills += u32::from(kill_at(&broken, &mut child, all * part / 10));
    }
    assert!(kills >= 9, "only {kills} of the replays were killed before their end");
    assert_eq!(finish(replay(&broken, true)), printed);
    for (table, rows) in store::dump(&broken.database()) {
        assert_eq!(rows, kept[&table], "the table {table} differs from that of an unbroken replay");
    }
    println!("{kills} kills; {} rows, {} changes, {} messages", all, kept["transition"].len(), kept["message"].len());
}

/// Rows nobody can use, each with the reason it is refused for.
const USELESS: [(&str, &str); 9] = [
    ("rubbish", "malformed"),
    ("2017-07-08T01:00:00Z,bridge,river_stage", "malformed"),
    ("yesterday,bridge,river_stage,3.1", "bad_time"),
    ("2017-07-08T01:00:00Z,nowhere,river_stage,3.1", "unknown_station"),
    ("2017-07-08T01:00:00Z,bridge,happiness,3.1", "unknown_kind"),
    ("2017-07-08T01:00:00Z,bridge,rainfall,3.1", "unknown_datastream"),
    ("2017-07-08T01:00:00Z,bridge,river_stage,NaN", "not_a_number"),
    ("2017-07-08T01:00:00Z,bridge,river_stage,inf", "not_a_number"),
    ("2099-01-01T00:00:00Z,bridge,river_stage,3.1", "future_time"),
];

#[test]
fn rows_of_a_file_that_nobody_can_use_are_counted_and_change_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("stations.toml"), flood::STATIONS).expect("the folder can be written");
    let good = flood::csv(&flood::made());
    let mut bad = String::new();
    for (at, line) in good.lines().enumerate() {
        writeln!(bad, "{line}").expect("memory takes it");
        if let Some((useless, _)) = at.checked_sub(20).and_then(|at| USELESS.get(at)) {
            writeln!(bad, "{useless}").expect("memory takes it");
        }
    }
    // The last row of a file has no neighbour that could contradict it.
    writeln!(bad, "{}", USELESS[8].0).expect("memory takes it");
    let run = |name: &str, text: &str| {
        let file = format!("{name}.csv");
        fs::write(folder.path().join(&file), text).expect("the folder can be written");
        let setup = Setup { data: folder.path().join(name), ..Setup::strict(folder.path()) };
        let printed = setup.run(&["replay", &file, "--json", "--stations", "stations.toml"]);
        let mut lines: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        (lines.pop().expect("a summary"), lines, setup)
    };
    let (summary, decided, _) = run("good", &good);
    assert_eq!((&summary["observations"], &summary["dead_letters"]), (&240.into(), &0.into()));
    assert!(!decided.is_empty(), "the made flood raises something");
    let (summary, same, setup) = run("bad", &bad);
    assert_eq!((&summary["observations"], &summary["dead_letters"]), (&240.into(), &(USELESS.len() + 1).into()));
    assert_eq!(same, decided, "what is useless changes nothing");

    let mut expected = BTreeMap::new();
    for (_, reason) in USELESS.iter().chain(&USELESS[8..]) {
        *expected.entry((*reason).to_owned()).or_insert(0) += 1;
    }
    let sql = "SELECT reason, count(*), min(remedy), min(source) FROM dead_letter GROUP BY reason";
    for (reason, row) in store::rows(&setup.database(), sql).into_iter().map(|row| (row[0].clone(), row)) {
        assert_eq!(Some(row[1].parse().expect("a count")), expected.remove(&reason), "{reason}");
        assert!(!row[2].is_empty() && row[3].starts_with("bad.csv:"), "a remedy and a place: {row:?}");
    }
    assert!(expected.is_empty(), "not counted: {expected:?}");
}
