//! A city that can be rebuilt: a backup taken while devices speak, brought back into an empty folder, is the same city
//! as of that moment, and goes on; what is not a whole backup, or would be written over something, is refused.

use bongsu_tests::load::Plan;
use bongsu_tests::person::Person;
use bongsu_tests::program::Setup;
use bongsu_tests::{http, store, storm};
use serde_json::Value;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

const STATIONS: usize = 10;
const RATE: f64 = 2_000.0;

fn complaint(setup: &Setup, arguments: &[&str]) -> String {
    let output = setup.command(arguments).output().expect("the program runs");
    assert!(!output.status.success(), "{arguments:?} should have failed");
    // As one line: how it is broken depends on the terminal.
    let text = String::from_utf8_lossy(&output.stderr).replace(['│', '×'], " ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Another machine: the same city, nothing of its data.
fn elsewhere(setup: &Setup, data: &Path) -> Setup {
    Setup { data: data.to_owned(), ..setup.clone() }
}

/// What a question of citizens answers about a station.
fn asked(public: &str, plan: &Plan, station: &str) -> String {
    let time = |ms: i64| bongsu_sensors::Time::from_millis(ms).to_string();
    let (from, to) = (time(plan.first_ms), time(plan.first_ms + 60_000));
    let url = format!("{public}/api/v1/observations?station={station}&kind=wind_speed&from={from}&to={to}&limit=1000");
    let (status, body) = http::get(&url);
    assert_eq!(status, 200, "{body}");
    body
}

#[test]
fn a_backup_under_load_comes_back_as_the_city_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let setup = storm::make(folder.path(), STATIONS);
    let program = setup.serve();
    // Somebody is at the console, so that there is an audit to bring back.
    let kim = Person::first(&program);
    let plan = Plan { lasting: Duration::from_secs(3_600), ..storm::plan(20, Some(RATE)) };
    let load = storm::publish(&plan, program.mqtt, storm::books(STATIONS));
    std::thread::sleep(Duration::from_secs(1));
    let saved = folder.path().join("saved");
    let path = saved.display().to_string();
    let manifest: Value = serde_json::from_str(&setup.run(&["backup", &path, "--json"])).expect("JSON");
    std::thread::sleep(Duration::from_millis(300));
    plan.stop.store(true, Ordering::Relaxed);
    let account = load.join().expect("the load ends");
    assert_eq!(account.broken, 0, "the backup was in the way: {}", program.log());
    let records = manifest["holds"]["records"].as_u64().expect("a number");
    assert!(records > 10 && manifest["holds"]["audit"].as_u64() >= Some(1), "{manifest}");
    for name in ["city.db", "sessions.db", "links.key", "push.key", "city/stations.toml", "city/rules/gust.rhai"] {
        assert!(manifest["files"].get(name).is_some(), "{name} is not in it: {manifest}");
    }

    // Into an empty folder, while the first program goes on.
    let other = elsewhere(&setup, &folder.path().join("other"));
    let restored: Value = serde_json::from_str(&other.run(&["restore", &path, "--verify", "--json"])).expect("JSON");
    assert_eq!(restored["holds"], manifest["holds"]);
    let newest = &manifest["holds"]["newest_record"];
    for table in ["log", "transition"] {
        let sql = format!("SELECT * FROM {table} WHERE seq <= {newest}");
        assert_eq!(store::rows(&other.database(), &sql), store::rows(&setup.database(), &sql), "{table}");
    }
    let head = format!("SELECT hex(hash) FROM audit WHERE id = {}", manifest["holds"]["audit"]);
    assert_eq!(store::rows(&other.database(), &head), store::rows(&setup.database(), &head));
    assert!(!store::rows(&other.database(), &head).is_empty());

    // It serves: the same accounts, the same answers, and it goes on where it was.
    let again = other.serve();
    assert!(again.welcome.is_none(), "a restored city knows its people");
    let alerts = kim.get(&again, "/api/v1/alerts");
    assert!(alerts["alerts"].as_array().is_some_and(|list| !list.is_empty()), "{alerts}");
    let times = |body: &str| {
        let body: Value = serde_json::from_str(body).expect("JSON");
        body["observations"].as_array().cloned().unwrap_or_default()
    };
    for place in 0..STATIONS {
        let station = bongsu_tests::city::station(place);
        let (then, now) =
            (times(&asked(&again.public, &plan, &station)), times(&asked(&program.public, &plan, &station)));
        assert!(then.len() > 10 && now.len() >= then.len(), "{} {}", then.len(), now.len());
        let of = |list: &[Value], time: &Value| list.iter().find(|one| one["time"] == *time).cloned();
        let differ = then
            .iter()
            .find(|one| of(&now, &one["time"]).map(|now| now["value"].clone()) != Some(one["value"].clone()));
        assert!(differ.is_none(), "{station}: {differ:?}");
    }
    // Devices send again what was acknowledged after the backup, as far as they still have it: it is taken.
    let last = Plan { lasting: Duration::from_millis(500), stop: Default::default(), ..plan.clone() };
    let account = storm::publish(&last, again.mqtt, account.books).join().expect("the load ends");
    assert!(account.acknowledged > 0 && account.broken == 0, "{}", again.log());
}

#[test]
fn what_is_no_whole_backup_or_would_be_written_over_something_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let setup = storm::make(folder.path(), 1);
    let saved = folder.path().join("saved");
    let path = saved.display().to_string();
    assert!(complaint(&setup, &["backup", &path]).contains("there is no store"));
    let mut program = setup.serve();
    setup.run(&["backup", &path]);
    assert!(complaint(&setup, &["backup", &path]).contains("is not empty"), "a backup is never written over another");
    assert!(complaint(&setup, &["restore", &path]).contains("a running bongsu holds"));
    program.ask_to_end();
    assert!(program.wait().success());
    assert!(complaint(&setup, &["restore", &path]).contains("is not empty"));

    // One byte in the middle of the store.
    let other = elsewhere(&setup, &folder.path().join("other"));
    let file = saved.join("city.db");
    let mut bytes = std::fs::read(&file).expect("read");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, &bytes).expect("written");
    let told = complaint(&other, &["restore", &path, "--verify"]);
    assert!(told.contains("city.db") && told.contains("is not what was saved"), "{told}");
    assert!(!other.database().exists(), "nothing is restored of a backup that is not whole");
    bytes[middle] ^= 1;
    std::fs::write(&file, &bytes).expect("written");

    // One that was broken off.
    std::fs::rename(saved.join("manifest.json"), saved.join("aside")).expect("renamed");
    assert!(complaint(&other, &["restore", &path]).contains("is no backup"));
    let manifest = std::fs::read_to_string(saved.join("aside")).expect("read");
    let escape = manifest.replacen("\"city.db\"", "\"../city.db\"", 1);
    std::fs::write(saved.join("manifest.json"), escape).expect("written");
    assert!(complaint(&other, &["restore", &path]).contains("names the file"));
    std::fs::write(saved.join("manifest.json"), manifest).expect("written");
    other.run(&["restore", &path, "--verify"]);
}
