//! `bongsu simulate` as a maker of devices uses it: a city as files, and the same city at a broker that wants to know who
//! speaks.

use bongsu_tests::program::Setup;
use bongsu_tests::rehearsal::BEGINS;
use serde_json::Value;
use std::fs;

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn a_city_as_files_is_the_city_at_the_broker() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().to_string_lossy().into_owned();
    let setup = Setup::strict(folder.path()).with_clock(&format!("{BEGINS}@600"));
    let city =
        ["--scenario", "calm", "--seed", "3", "--station-count", "50", "--start", BEGINS, "--for", "2h", "--json"];
    let files = json(&setup.run(&[&["simulate", "--out", &place], &city[..]].concat()));
    assert_eq!(files["stations"], 50);
    let rows = fs::read_to_string(folder.path().join("observations.csv")).expect("it is written").lines().count() - 1;
    assert_eq!(files["observations"], rows);

    let names = fs::read_to_string(folder.path().join("stations.toml")).expect("it is written");
    let in_station =
        |part: &str| part.lines().find_map(|line| line.strip_prefix("id = \"")?.strip_suffix('"').map(str::to_owned));
    let stations: Vec<String> = names.split("[[station]]").skip(1).filter_map(in_station).collect();
    assert_eq!(stations.len(), 50);
    let program = setup.serve();
    let stations: Vec<&str> = stations.iter().map(String::as_str).collect();
    let credentials = setup.run(&[&["devices", "add", "--json"], &stations[..]].concat());
    fs::write(folder.path().join("devices.jsonl"), credentials).expect("the folder can be written");
    let broker = format!("localhost:{}", program.mqtt.port());
    let at_broker = ["simulate", "--mqtt", &broker, "--speed", "600", "--credentials", "devices.jsonl"];
    let sent = json(&setup.run(&[&at_broker, &city[..]].concat()));
    assert!(sent["sent"].as_u64() > Some(1_000) && sent["sent"] == sent["acknowledged"], "{sent}");
    assert_eq!(sent["refused"], 0, "{sent}");

    // Without a word nobody is let in, and the command says so.
    let nobody = setup.command(&[&at_broker[..5], &city[..]].concat()).output().expect("it runs");
    assert!(!nobody.status.success());
    assert!(String::from_utf8_lossy(&nobody.stderr).contains("refused"), "{nobody:?}");
}
