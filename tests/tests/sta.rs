//! What others wrote reads the city, page by page, and finds what our own API says: a client of the SensorThings API, and
//! the reader of Apache Arrow.

use bongsu_tests::flood::Device;
use bongsu_tests::person::Person;
use bongsu_tests::program::{Program, root};
use bongsu_tests::{city, http, storm};
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;

const STATIONS: usize = 12;
const READINGS: u64 = 150;

/// What `make setup` has installed.
fn python() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let python = target.join("sta/venv/bin/python");
    assert!(python.exists(), "the client is missing: run `make setup`");
    python
}

fn get(program: &Program, path: &str) -> Value {
    let (status, body) = http::get(&format!("{}/sta/v1.1{path}", program.public));
    assert_eq!(status, 200, "{path}: {body}");
    serde_json::from_str(&body).expect("JSON")
}

fn refused(program: &Program, path: &str) -> (u16, String) {
    http::get(&format!("{}/sta/v1.1{path}", program.public))
}

#[test]
fn a_client_of_others_lists_and_reads_the_city() {
    let folder = tempfile::tempdir().expect("a folder");
    let setup = storm::make(folder.path(), STATIONS);
    let program = setup.serve();
    let plan = storm::plan(1, None);
    let time =
        |n: u64| bongsu_sensors::Time::from_millis(plan.first_ms + i64::try_from(n).expect("few") * plan.step_ms);
    let mut device = Device::connect(&program).expect("devices are let in");
    for n in 0..READINGS {
        let said = (0..STATIONS).map(|place| {
            let body = format!("{{\"t\":\"{}\",\"wind_speed\":{}}}", time(n), storm::wind(place, n));
            (format!("bongsu/v1/{}/obs", city::station(place)), body.into_bytes())
        });
        device.say_all(said).expect("it is acknowledged");
    }
    let mut command = Command::new(python());
    command.arg(root().join("tests/sta/client.py")).arg(format!("{}/sta/v1.1", program.public)).arg(city::station(3));
    let output = command.output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    // Pages of three, and all of them.
    let all: Vec<String> = (0..STATIONS).map(city::station).collect();
    assert_eq!(found["things"], serde_json::json!(all), "{found}");
    assert_eq!((&found["count"], &found["thing"]), (&STATIONS.into(), &city::station(3).into()));
    assert_eq!((&found["unit"], &found["property"]), (&"m/s".into(), &"wind_speed".into()));
    assert!(
        found["location"].as_str().is_some_and(|point| point.contains("126.903") && point.contains("37.4")),
        "{found}"
    );
    let pair = |n: u64| serde_json::json!([time(n).to_string(), storm::wind(3, n)]);
    let list = |name: &str| found[name].as_array().cloned().unwrap_or_default();
    assert_eq!(list("newest"), (0..5).map(|n| pair(READINGS - 1 - n)).collect::<Vec<_>>());
    assert_eq!(list("oldest"), (0..READINGS).map(pair).collect::<Vec<_>>(), "two at a time, to the end");
    assert_eq!(found["before_third"], 2);
    let windy = (0..READINGS).filter(|n| storm::wind(3, *n) >= 60.0).count();
    assert_eq!(found["windy"], windy);
    assert_eq!((&found["properties"], &found["locations"]), (&serde_json::json!(["wind_speed"]), &STATIONS.into()));

    walked(&program);
}

/// Every link of every set leads somewhere, and what is asked wrongly is explained.
fn walked(program: &Program) {
    let root = get(program, "");
    let sets: Vec<&str> =
        root["value"].as_array().expect("sets").iter().filter_map(|set| set["name"].as_str()).collect();
    assert_eq!(sets.len(), 8);
    let base = format!("{}/sta/v1.1", program.public);
    for set in sets.into_iter().filter(|set| *set != "Observations") {
        let page = get(program, &format!("/{set}?$top=1&$count=true"));
        let Some(first) = page["value"].as_array().and_then(|list| list.first()) else { continue };
        for (name, link) in first.as_object().expect("an entity") {
            if name == "@iot.selfLink" || name.ends_with("@iot.navigationLink") {
                let path = link.as_str().and_then(|link| link.strip_prefix(&*base)).expect("a link of ours");
                get(program, path);
            }
        }
    }
    let observation = get(program, "/Datastreams(0)/Observations?$top=1");
    let id = observation["value"][0]["@iot.id"].as_str().expect("an id").to_owned();
    let one = get(program, &format!("/Observations('{id}')?$expand=Datastream/Thing"));
    assert_eq!(one["result"], observation["value"][0]["result"]);
    assert_eq!(one["Datastream"]["Thing"]["@iot.id"], city::station(0));
    let expanded =
        get(program, "/Datastreams?$top=2&$expand=Observations($top=1;$orderby=phenomenonTime%20desc)&$select=name");
    assert_eq!(expanded["value"][1]["Observations"].as_array().map(Vec::len), Some(1));
    for (path, status, told) in [
        ("/Things('nowhere')", 404, "there is no"),
        ("/Nothings", 404, "there is no"),
        ("/Observations", 400, "by datastream"),
        ("/Things?$filter=name%20is%20'x'", 400, "is no comparison"),
        ("/Things?$expand=Weather", 400, "nothing is called"),
        ("/Things?$frobnicate=1", 400, "unknown option"),
    ] {
        let (found, body) = refused(program, path);
        assert!(found == status && body.contains(told), "{path}: {found} {body}");
    }
    // It is only read.
    let wrote = http::ask("POST", &format!("{base}/Things"), &[], "{}").expect("an answer");
    assert_eq!(wrote.status, 405, "{}", wrote.body);
}

/// What Arrow's own reader finds under a URL and in the pages behind it.
fn columns(url: &str, cookie: &[&str]) -> Value {
    let mut command = Command::new(python());
    let output = command.arg(root().join("tests/sta/arrow.py")).arg(url).args(cookie).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(found["kinds"], serde_json::json!(["application/vnd.apache.arrow.stream"]));
    found
}

/// Rows of JSON as Arrow's reader prints them: with the sensor's name, and times as numbers.
fn expected(page: &Value, rows: &str) -> Vec<Value> {
    let row = |row: &Value| {
        let mut row = row.clone();
        let time = bongsu_sensors::Time::parse(row["time"].as_str().expect("a time"));
        row["time"] = time.expect("RFC 3339").millis().into();
        (row["station"], row["kind"]) = (page["station"].clone(), page["kind"].clone());
        if rows == "observations" && row["tests"].is_null() {
            row["tests"] = serde_json::json!({});
        }
        row
    };
    page[rows].as_array().expect("a list").iter().map(row).collect()
}

#[test]
fn the_reader_of_arrow_finds_in_its_columns_what_json_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let setup = storm::make(folder.path(), 1);
    let program = setup.serve();
    let begins = storm::plan(1, None).first_ms / 3_600_000 * 3_600_000;
    let mut device = Device::connect(&program).expect("devices are let in");
    let said = (0..250_i64).map(|n| {
        let value = match n % 50 {
            7 => "null".to_owned(),
            // No wind blows like this: it fails.
            9 => "900".to_owned(),
            _ => storm::wind(0, n.unsigned_abs()).to_string(),
        };
        let body = format!("{{\"t\":{},\"wind_speed\":{value}}}", begins + n * 1_000);
        (format!("bongsu/v1/{}/obs", city::station(0)), body.into_bytes())
    });
    device.say_all(said).expect("it is acknowledged");
    let time = |ms: i64| bongsu_sensors::Time::from_millis(ms).to_string();
    let (from, to) = (time(begins), time(begins + 250_000));
    let ask = format!("station={}&kind=wind_speed&from={from}&to={to}", city::station(0));

    let url = format!("{}/api/v1/observations?{ask}", program.public);
    let (status, page) = http::get(&url);
    assert_eq!(status, 200, "{page}");
    let page: Value = serde_json::from_str(&page).expect("JSON");
    let found = columns(&format!("{url}&limit=100"), &[]);
    assert_eq!(found["pages"], 3);
    assert_eq!(found["rows"], Value::from(expected(&page, "observations")));
    let rows = || found["rows"].as_array().expect("rows").iter();
    assert_eq!((rows().count(), rows().filter(|row| row["value"].is_null()).count()), (250, 5));
    let failed = rows().filter(|row| row["tests"].as_object().is_some_and(|tests| !tests.is_empty())).count();
    assert!(failed >= 5, "{failed} are told apart by their tests");
    let word = "dictionary<values=string, indices=int32, ordered=0>";
    let types = serde_json::json!({ "time": "timestamp[ms, tz=UTC]", "station": word, "kind": word, "value": "double",
        "flag": "uint8", "tests": "map<string, uint8>" });
    assert_eq!(found["types"], types);
    assert_eq!(found["nullable"], serde_json::json!(["value"]));
    assert_eq!(found["metadata"], serde_json::json!({ "unit": "m/s" }), "all are kept");
    let none = columns(&url.replace(&from, "2020-01-01T00:00:00Z").replace(&to, "2020-01-02T00:00:00Z"), &[]);
    assert_eq!((&none["rows"], &none["types"]), (&serde_json::json!([]), &types), "none, of the same columns");

    let kim = Person::first(&program);
    let path = format!("/api/v1/summaries?{ask}&every=1m");
    let page = kim.get(&program, &path);
    let found = columns(&format!("{}{path}&limit=2", program.operator), &[&kim.cookie]);
    assert_eq!(found["pages"], 3);
    assert_eq!(found["rows"], Value::from(expected(&page, "summaries")));
    assert_eq!(found["rows"].as_array().map(Vec::len), Some(5));
    assert_eq!(found["nullable"], serde_json::json!(["sum", "mean", "min", "max"]));
    assert_eq!(found["metadata"], serde_json::json!({ "unit": "m/s", "every": "1m" }));
}
