//! The program as a shell sees it: exit codes, what goes to which output, and what it leaves behind.

// The commands about rules.
mod rules;

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The program in a folder, without the settings of whoever runs the test.
fn bongsu(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bongsu"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("BONGSU_")) {
        command.env_remove(name);
    }
    command.current_dir(folder).args(arguments).stdin(Stdio::null());
    command
}

/// Exit code, standard output and standard error.
fn run(command: &mut Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.output().expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (status.code().unwrap_or(-1), text(stdout), text(stderr))
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn wrong_usage_ends_with_two() {
    let folder = folder();
    for arguments in [&[][..], &["srve"], &["config"], &["config", "show", "--jsn"], &["stations", "check", "a", "b"]] {
        let (code, output, told) = run(&mut bongsu(folder.path(), arguments));
        assert_eq!((code, output.as_str()), (2, ""), "{arguments:?}: {told}");
        assert!(told.contains("Usage:"), "{arguments:?}: {told}");
    }
}

#[test]
fn what_init_writes_is_what_is_in_force() {
    let folder = folder();
    let (code, before, _) = run(&mut bongsu(folder.path(), &["config", "show"]));
    assert_eq!(code, 0);
    assert_eq!(run(&mut bongsu(folder.path(), &["config", "init"])).0, 0);
    let (code, after, _) = run(&mut bongsu(folder.path(), &["config", "show"]));
    let values = |shown: &str| shown.lines().map(|line| line.split(" #").next().map(str::to_owned)).collect::<Vec<_>>();
    assert_eq!((code, values(&before)), (0, values(&after)));
    assert!(after.contains("# bongsu.toml:"), "{after}");
    let (code, _, told) = run(&mut bongsu(folder.path(), &["config", "init"]));
    assert_eq!(code, 1);
    assert!(told.contains("bongsu.toml is already there and is not overwritten"), "{told}");
}

#[test]
fn every_mistake_is_told_on_standard_error() {
    let folder = folder();
    std::fs::write(folder.path().join("city.toml"), "[log]\nlevel = \"inof\"\n[mqt]\n").expect("write");
    let mut command = bongsu(folder.path(), &["config", "check", "--config", "city.toml"]);
    let (code, output, told) = run(command.env("BONGSU_LIMITS__DEAD_LETTERS", "many").env("BONGSU_BLESS", "1"));
    assert_eq!((code, output.as_str()), (1, ""));
    for part in
        ["3 mistakes", "city.toml:2:9", "did you mean \"info\"?", "city.toml:3:2", "BONGSU_LIMITS__DEAD_LETTERS"]
    {
        assert!(told.contains(part), "no {part} in {told}");
    }
    assert!(!told.contains('\u{1b}'), "colours in a pipe: {told}");
}

#[test]
fn a_file_that_was_asked_for_must_be_there() {
    let folder = folder();
    let (code, _, told) = run(&mut bongsu(folder.path(), &["config", "show", "--config", "gone.toml"]));
    assert_eq!(code, 1);
    assert!(told.contains("gone.toml: failed to read the configuration"), "{told}");
}

const CATALOG: &str = r#"
[[area]]
code = "seocho"
kind = "sigungu"
name = { ko = "서초구", en = "Seocho-gu" }

[[station]]
id = "jamsu"
name = { ko = "잠수교", en = "Jamsu Bridge" }
position = [37.5153, 126.9957]
area = "seocho"
[[station.datastream]]
kind = "river_stage"
cadence = "10m"
"#;

#[test]
fn a_catalog_is_counted_with_its_warnings_and_a_bad_one_refused() {
    let folder = folder();
    std::fs::write(folder.path().join("stations.toml"), CATALOG).expect("write");
    let (code, output, told) = run(&mut bongsu(folder.path(), &["stations", "check", "--json"]));
    assert_eq!(code, 0, "{told}");
    let counts: serde_json::Value = serde_json::from_str(&output).expect("JSON");
    assert_eq!((&counts["stations"], &counts["kinds"]["river_stage"]), (&1.into(), &1.into()), "{counts}");
    let (code, output, told) = run(&mut bongsu(folder.path(), &["stations", "check"]));
    assert_eq!(code, 0, "{told}");
    assert!(output.contains("stations.toml is good") && output.contains("stations     1"), "{output}");
    let warnings = counts["warnings"].as_array().map_or(0, Vec::len);
    assert_eq!(told.is_empty(), warnings == 0, "{warnings} warnings, but: {told}");

    let bad = CATALOG.replace("river_stage", "river_stag").replace("area = \"seocho\"", "area = \"seoch\"");
    std::fs::write(folder.path().join("bad.toml"), bad).expect("write");
    let (code, output, told) = run(&mut bongsu(folder.path(), &["stations", "check", "bad.toml"]));
    assert_eq!((code, output.as_str()), (1, ""));
    assert!(told.contains("bad.toml:11:8") && told.contains("did you mean"), "{told}");
}

#[test]
fn a_list_of_stations_becomes_a_catalog_or_nothing_is_written() {
    let folder = folder();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("write");
    let square =
        "{\"type\":\"Polygon\",\"coordinates\":[[[126.9,37.4],[127.1,37.4],[127.1,37.6],[126.9,37.6],[126.9,37.4]]]}";
    let feature = format!("{{\"type\":\"Feature\",\"properties\":{{\"code\":\"seocho\"}},\"geometry\":{square}}}");
    write("areas.geojson", &format!("{{\"type\":\"FeatureCollection\",\"features\":[{feature}]}}"));
    write("stations.toml", &format!("geometry = \"areas.geojson\"\n{CATALOG}"));
    write(
        "good.csv",
        "id,name_ko,name_en,latitude,longitude,kinds,cadence,advisory,watch,upstream\n\
         banpo,반포대교,Banpo Bridge,37.5148,126.9961,river_stage battery_voltage,10m,4.5,5.5,jamsu\n\
         \"tower-1\",\"탑, 하나\",,37.51,127.0,acceleration.x acceleration.2,1s,,,\n",
    );
    let (code, output, told) =
        run(&mut bongsu(folder.path(), &["stations", "import", "good.csv", "--into", "stations.toml"]));
    assert_eq!((code, output.as_str()), (0, "2 stations added to stations.toml\n"), "{told}");
    let (code, output, told) = run(&mut bongsu(folder.path(), &["stations", "check", "--json"]));
    assert_eq!(code, 0, "{told}");
    let counts: serde_json::Value = serde_json::from_str(&output).expect("JSON");
    assert_eq!((&counts["stations"], &counts["datastreams"]), (&3.into(), &5.into()), "{counts}");
    let catalog = std::fs::read_to_string(folder.path().join("stations.toml")).expect("read");
    assert!(catalog.contains("levels = { advisory = 4.5, watch = 5.5 }") && catalog.contains("탑, 하나"), "{catalog}");

    write(
        "bad.csv",
        "id,latitude,longitude,kinds,hight\nbanpo,37.5,127.0,river_stage,1\nfar,99,127.0,river_stag,1\nfar,1,1,rainfall,1\n",
    );
    let (code, output, told) =
        run(&mut bongsu(folder.path(), &["stations", "import", "bad.csv", "--into", "stations.toml"]));
    assert_eq!((code, output.as_str()), (1, ""), "{told}");
    for wanted in [
        "unknown column `hight`",
        "the catalog has a station \"banpo\"",
        "\"99\" is no latitude",
        "did you mean \"river_stage\"",
        "the same `id` again",
        "it stands in no area of the catalog",
        "bad.csv:3",
    ] {
        assert!(told.contains(wanted), "{wanted} in {told}");
    }
    assert_eq!(std::fs::read_to_string(folder.path().join("stations.toml")).expect("read"), catalog);
    // without a catalog the tables are printed, and an area must be named
    write("own.csv", "id,latitude,longitude,area\nx,37.5,127.0,seocho\n");
    let (code, output, told) =
        run(&mut bongsu(folder.path(), &["stations", "import", "own.csv", "--kinds", "rainfall"]));
    assert_eq!(code, 0, "{told}");
    assert!(output.contains("[[station]]") && output.contains("kind = \"rainfall\""), "{output}");
}

#[test]
fn a_base_map_is_made_of_a_citys_geojson_and_a_wrong_one_is_told_what_to_write() {
    let folder = folder();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("write");
    let basemap = |arguments: &[&str]| {
        let mut all = vec!["--data", "d", "basemap"];
        all.extend(arguments);
        run(&mut bongsu(folder.path(), &all))
    };
    let line = |properties: &str, coordinates: &str| {
        format!(
            "{{\"type\":\"Feature\",\"properties\":{properties},\"geometry\":{{\"type\":\"LineString\",\"coordinates\":{coordinates}}}}}"
        )
    };
    let collection =
        |features: &[String]| format!("{{\"type\":\"FeatureCollection\",\"features\":[{}]}}", features.join(","));
    write("stations.toml", CATALOG);
    let river = line("{\"waterway\":\"river\"}", "[[126.9,37.5],[127.1,37.53]]");
    let road = line("{\"highway\":\"primary\"}", "[[126.99,37.4],[126.99,37.6]]");
    write("seoul.geojson", &collection(&[river.clone(), road]));
    let (code, output, told) = basemap(&["import", "seoul.geojson"]);
    assert_eq!((code, output.as_str()), (0, "seoul: 1 water, 1 road; drawn within 1 m\n"), "{told}");
    assert_eq!(told, "", "every station stands on it");
    // The same name again takes its place; another stands beside it.
    write("rivers.geojson", &collection(&[river]));
    assert_eq!(basemap(&["import", "rivers.geojson", "--name", "seoul"]).0, 0);
    let (code, _, told) = basemap(&["import", "rivers.geojson", "--layer", "green"]);
    assert_eq!((code, told.as_str()), (0, ""));
    let (code, output, _) = basemap(&["list", "--json"]);
    let listed: Vec<serde_json::Value> = output.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(code, 0);
    let layers: Vec<_> = listed.iter().map(|one| (one["name"].clone(), one["layers"].to_string())).collect();
    assert_eq!(layers, [("rivers".into(), "{\"green\":1}".to_owned()), ("seoul".into(), "{\"water\":1}".to_owned())]);

    write("metres.geojson", &collection(&[line("{\"name\":\"한강\"}", "[[198056.37,451885.72],[198100.0,451900.0]]")]));
    let (code, output, told) = basemap(&["import", "metres.geojson"]);
    assert_eq!((code, output.as_str()), (1, ""));
    for wanted in ["metres.geojson", "feature 1 (한강)", "are no degrees", "EPSG:4326"] {
        assert!(told.contains(wanted), "no {wanted} in {told}");
    }
    write("busan.geojson", &collection(&[line("{}", "[[129.0,35.1],[129.1,35.2]]")]));
    let (code, _, told) = basemap(&["import", "busan.geojson"]);
    assert!(code == 1 && told.contains("is of another place"), "{told}");
    assert_eq!(basemap(&["list"]).1.lines().count(), 2, "what is wrong is not kept");
    let (code, _, told) = basemap(&["import", "seoul.geojson", "--name", "서울"]);
    assert!(code == 1 && told.contains("cannot name a base map"), "{told}");
    assert_eq!(basemap(&["remove", "seoul"]).0, 0);
    let (code, _, told) = basemap(&["remove", "seoul"]);
    assert!(code == 1 && told.contains("no base map is called \"seoul\""), "{told}");
}

#[test]
fn doctor_says_one_line_a_check_and_leaves_nothing() {
    let folder = folder();
    let config =
        "[mqtt]\nlisten = \"127.0.0.1:0\"\n[public]\nlisten = \"127.0.0.1:0\"\n[operator]\nlisten = \"127.0.0.1:0\"\n";
    std::fs::write(folder.path().join("bongsu.toml"), config).expect("write");
    let (_, output, _) = run(&mut bongsu(folder.path(), &["doctor", "--json", "--data", "d"]));
    let checks: Vec<serde_json::Value> = output.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let state = |check: &str| checks.iter().find(|found| found["check"] == check).map(|found| found["state"].clone());
    for check in ["configuration", "data folder", "mqtt port", "public port", "operator port", "clock"] {
        assert_eq!(state(check), Some("ok".into()), "{check}: {output}");
    }
    for check in ["catalog", "disk space", "disk speed", "open files"] {
        assert!(state(check).is_some(), "{check}: {output}");
    }
    let left: Vec<_> = std::fs::read_dir(folder.path()).expect("read").collect();
    assert_eq!(left.len(), 1, "{left:?}");

    std::fs::write(folder.path().join("bongsu.toml"), "[mqtt]\nlisten = 1\n").expect("write");
    let (code, output, _) = run(&mut bongsu(folder.path(), &["doctor"]));
    assert_eq!(code, 1);
    assert!(output.starts_with("FAIL  configuration  bongsu.toml:2:10"), "{output}");
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    let folder = folder();
    let mut child = bongsu(folder.path(), &["config", "init", "-"]).stdout(Stdio::piped()).spawn().expect("start");
    drop(child.stdout.take());
    assert!(child.wait().expect("end").success());
}

#[test]
fn completions_know_the_commands() {
    let folder = folder();
    for shell in ["bash", "zsh", "fish"] {
        let (code, output, told) = run(&mut bongsu(folder.path(), &["completions", shell]));
        assert_eq!(code, 0, "{told}");
        assert!(output.contains("doctor") && output.contains("stations"), "{shell}");
    }
}
