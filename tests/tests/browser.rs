//! The pages in a real browser: the program runs, a river rises, and Chromium reads. The steps stand in
//! `tests/browser/`; what they need is installed by `make setup`, which also builds the console.

use bongsu_sensors::Time;
use bongsu_tests::flood::Device;
use bongsu_tests::http;
use bongsu_tests::mailbox;
use bongsu_tests::program::{Program, Setup, root};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

/// Two banks, a place with a hostile name, and where power can be borrowed.
const STATIONS: &str = r#"timezone = "Asia/Seoul"
geometry = "areas.geojson"
[[area]]
code = "north"
kind = "sigungu"
name = { ko = "북안", en = "North bank" }
[[area]]
code = "south"
kind = "sigungu"
name = { ko = "남안", en = "South bank" }
[[area]]
code = "evil"
kind = "sigungu"
name = { ko = "<script>alert('구')</script>", en = "<img src=x onerror=alert(1)>" }
[[station]]
id = "upper"
name = { ko = "상류", en = "Upper gauge" }
position = [37.53, 127.06]
area = "south"
[[station.datastream]]
kind = "river_stage"
levels = { advisory = 5.0, watch = 6.0, warning = 7.0 }
[[station]]
id = "bridge"
name = { ko = "다리", en = "Bridge" }
position = [37.51, 126.99]
area = "north"
upstream = ["upper"]
[[station.datastream]]
kind = "river_stage"
levels = { advisory = 5.5, watch = 6.2, warning = 6.5 }
[[station]]
id = "brook"
name = { ko = "\"><script>alert(2)</script>", en = "</title><script>alert(3)</script>" }
position = [37.49, 127.01]
area = "evil"
[[station.datastream]]
kind = "river_stage"
levels = { advisory = 1.0 }
[[station]]
id = "kiosk"
name = { ko = "상류 대여소", en = "Kiosk by the upper gauge" }
position = [37.531, 127.063]
area = "south"
datastream = [{ kind = "charger_available" }, { kind = "charger_slots" }]
[[station]]
id = "square"
name = { ko = "<b>광장</b>", en = "<b>Square</b>" }
position = [37.50, 127.00]
area = "evil"
datastream = [{ kind = "wifi_up" }]
"#;

/// The districts, side by side.
fn areas() -> String {
    let square = |code: &str, west: f64| {
        let (east, south, north) = (west + 0.05, 37.47, 37.56);
        format!(
            r#"{{"type":"Feature","properties":{{"code":"{code}"}},"geometry":{{"type":"Polygon","coordinates":[[[{west},{south}],[{east},{south}],[{east},{north}],[{west},{north}],[{west},{south}]]]}}}}"#
        )
    };
    let features = [square("north", 126.96), square("evil", 127.01), square("south", 127.06)].join(",");
    format!(r#"{{"type":"FeatureCollection","features":[{features}]}}"#)
}

/// Two hours of a rising river, as devices say it now.
fn rise(program: &Program) {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_millis();
    let now = i64::try_from(now).expect("a moment of this age");
    let mut device = Device::connect(program).expect("the door lets a device in");
    for step in (0..=12).rev() {
        let time = Time::from_millis(now - i64::from(step) * 600_000);
        let up = f64::from(12 - step) / 12.0;
        for (station, stage) in [("upper", 4.0 + 2.2 * up), ("bridge", 4.4 + 2.2 * up), ("brook", 0.8 + 0.4 * up)] {
            let body = format!("{{\"t\":\"{time}\",\"river_stage\":{stage:.2}}}");
            device.say(&format!("bongsu/v1/{station}/obs"), body.as_bytes()).expect("it is acknowledged");
        }
    }
    device.say("bongsu/v1/kiosk/obs", br#"{"charger_available":5,"charger_slots":3}"#).expect("it is acknowledged");
    device.say("bongsu/v1/square/obs", br#"{"wifi_up":1}"#).expect("it is acknowledged");
}

/// Where `tests/browser/setup.sh` put its libraries: below the folder of build products, wherever that is.
fn home() -> PathBuf {
    let own = std::env::current_exe().expect("a running program has a path");
    let folders = own.ancestors().skip(1).map(PathBuf::from).chain([root().join("target")]);
    let found =
        folders.map(|folder| folder.join("clients/browser")).find(|folder| folder.join("node_modules").exists());
    found.expect("the browser's libraries are not installed below the target folder: run `make setup`")
}

fn write(folder: &Path) {
    std::fs::write(folder.join("stations.toml"), STATIONS).expect("the catalog can be written");
    std::fs::write(folder.join("areas.geojson"), areas()).expect("the areas can be written");
}

/// Two persons let a great danger out.
const POLICY: &str = r#"[[release]]
hazard = "river_flood"
level = "warning"
release = "two_person"
"#;

/// A city that writes letters and pushes, and its mailbox.
fn city(folder: &Path) -> (Setup, PathBuf) {
    write(folder);
    let letters = folder.join("letters");
    let port = mailbox::open(&letters).expect("letters can be kept").port();
    let config = format!(
        "[city]\nlanguages = [\"ko\", \"en\", \"zh-Hans\", \"ja\"]\n[release]\npolicy = {:?}\n[[channel.email]]\nserver = \"127.0.0.1\"\nsecurity = \"none\"\nport = {port}\n\
         from = \"Warnings <warning@example.city>\"\n[[channel.push]]\nservices = [\"http://127.0.0.1:9\"]\n",
        folder.join("policy.toml")
    );
    std::fs::write(folder.join("bongsu.toml"), config).expect("the configuration can be written");
    std::fs::write(folder.join("policy.toml"), POLICY).expect("the policy can be written");
    (Setup::anonymous(folder), letters)
}

/// The program of a city.
fn serve(setup: &Setup) -> Program {
    let config = setup.folder.join("bongsu.toml").to_string_lossy().into_owned();
    let program = Program::start(setup, setup.command(&["serve", "--json", "--config", &config]));
    let (_, console) = http::get(&format!("{}/", program.operator));
    assert!(console.contains("/console.js"), "the console was not built: run `make console`, and build again");
    program
}

/// Has a browser do what a script says.
fn browse(program: &Program, letters: &Path, script: &str) {
    let mut command = Command::new("timeout");
    command.args(["540", "node", "--test-reporter=spec", script]).current_dir(root().join("tests/browser"));
    command.env("BROWSER_HOME", home());
    command.env("BONGSU_PUBLIC", &program.public).env("BONGSU_OPERATOR", &program.operator);
    command.env("BONGSU_MQTT", program.mqtt.to_string()).env("BONGSU_LETTERS", letters);
    command.env("BONGSU_WELCOME", program.welcome.as_deref().unwrap_or_default());
    let output = command.output().expect("node is not installed: run `make setup`");
    let (said, complaints) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{complaints}\n{}", program.log());
    println!("{said}");
}

#[test]
fn the_pages_in_a_real_browser() {
    let folder = tempfile::tempdir().expect("a folder");
    let (setup, letters) = city(folder.path());
    let program = serve(&setup);
    rise(&program);
    browse(&program, &letters, "run.mjs");
}

#[test]
fn a_flood_from_the_first_rise_to_the_all_clear() {
    let folder = tempfile::tempdir().expect("a folder");
    let (setup, letters) = city(folder.path());
    let program = serve(&setup);
    browse(&program, &letters, "flood.mjs");
}

#[test]
fn a_rule_at_the_workbench() {
    let folder = tempfile::tempdir().expect("a folder");
    let (setup, letters) = city(folder.path());
    let program = serve(&setup);
    browse(&program, &letters, "workbench.mjs");
}

#[test]
fn a_season_of_settings_is_swept() {
    let folder = tempfile::tempdir().expect("a folder");
    let (setup, letters) = city(folder.path());
    let program = serve(&setup);
    browse(&program, &letters, "sweep.mjs");
}

/// A river across the districts, a road and a house.
const BASE: &str = r#"{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"natural":"water"},"geometry":{"type":"Polygon","coordinates":[[[126.96,37.515],[127.11,37.515],[127.11,37.53],[126.96,37.53],[126.96,37.515]]]}},
{"type":"Feature","properties":{"highway":"primary"},"geometry":{"type":"LineString","coordinates":[[127.0,37.47],[127.0,37.56]]}},
{"type":"Feature","properties":{"building":"yes"},"geometry":{"type":"Polygon","coordinates":[[[127.0,37.5],[127.002,37.5],[127.002,37.502],[127.0,37.502],[127.0,37.5]]]}}]}"#;

#[test]
fn a_day_that_is_over_over_the_citys_own_map() {
    let folder = tempfile::tempdir().expect("a folder");
    let (setup, letters) = city(folder.path());
    std::fs::write(folder.path().join("base.geojson"), BASE).expect("a file");
    let told = setup.run(&["basemap", "import", "base.geojson", "--credit", "© the city of the test"]);
    assert_eq!(told, "base: 1 water, 1 building, 1 road; drawn within 1 m\n");
    let program = serve(&setup);
    rise(&program);
    browse(&program, &letters, "replay.mjs");
}

#[test]
fn every_screen_of_the_console_does_its_job() {
    let folder = tempfile::tempdir().expect("a folder");
    let (setup, letters) = city(folder.path());
    let program = serve(&setup);
    rise(&program);
    browse(&program, &letters, "screens.mjs");
}

#[test]
fn a_new_rule_from_the_console() {
    let folder = tempfile::tempdir().expect("a folder");
    let (setup, letters) = city(folder.path());
    let program = serve(&setup);
    browse(&program, &letters, "new-rule.mjs");
}
