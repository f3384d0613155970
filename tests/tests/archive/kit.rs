//! What a city starts around the program: compose.yaml, the dashboards, the unit of systemd. No container engine is
//! needed; what can be read is read, and held against what the program writes and reads.

use crate::{archived_in, say, until};
use bongsu_gateway::archive::schema;
use bongsu_gateway::config::Layers;
use bongsu_sensors::KindId;
use bongsu_tests::influx::Influx;
use bongsu_tests::program::root;
use bongsu_tests::storm;
use serde_json::Value;
use std::collections::BTreeSet;
use std::process::Command;

fn yaml(path: &str) -> Value {
    let text = std::fs::read_to_string(root().join(path)).unwrap_or_else(|wrong| panic!("{path}: {wrong}"));
    serde_norway::from_str(&text).unwrap_or_else(|wrong| panic!("{path}: {wrong}"))
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().map(|list| list.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
}

#[test]
fn the_compose_file_pins_watches_and_hides_what_it_should() {
    let compose = yaml("compose.yaml");
    let services = compose["services"].as_object().expect("services");
    assert_eq!(services.keys().map(String::as_str).collect::<BTreeSet<_>>(), ["bongsu", "grafana", "influxdb"].into());
    let secrets: BTreeSet<&str> = compose["secrets"].as_object().expect("secrets").keys().map(String::as_str).collect();
    let volumes = compose["volumes"].as_object().expect("volumes");
    let script = std::fs::read_to_string(root().join("scripts/compose-secrets.sh")).expect("a script");
    for secret in &secrets {
        assert_eq!(compose["secrets"][secret]["file"], format!("./secrets/{secret}"));
        assert!(script.contains(&format!("make {secret} ")), "nobody makes {secret}");
    }
    for (name, service) in services {
        let image = service["image"].as_str().unwrap_or_default();
        let (_, version) = image.rsplit_once(':').unwrap_or_else(|| panic!("{name} has no pinned image"));
        assert!(
            version.split('.').count() == 3 && version.split('.').all(|part| part.parse::<u32>().is_ok()),
            "{image}"
        );
        assert!(service["healthcheck"]["test"].is_array(), "{name} is not watched");
        assert!(texts(&service["secrets"]).iter().all(|secret| secrets.contains(secret)), "{name}");
        for port in texts(&service["ports"]) {
            assert!(port.starts_with("127.0.0.1:"), "{name} is open to the network: {port}");
        }
        for volume in texts(&service["volumes"]) {
            let from = volume.split(':').next().unwrap_or_default();
            assert!(from.starts_with("./") || volumes.contains_key(from), "{name}: {volume}");
            assert!(!from.starts_with("./") || volume.ends_with(":ro"), "{name} may write {volume}");
        }
        for (key, value) in service["environment"].as_object().expect("variables") {
            let value = value.as_str().unwrap_or_default();
            let is_secret = ["PASSWORD", "TOKEN", "USERNAME", "SECRET"].iter().any(|word| key.contains(word));
            let file = value.strip_prefix("/run/secrets/");
            assert!(!is_secret || file.is_some_and(|file| texts(&service["secrets"]).contains(&file)), "{name}: {key}");
        }
    }
    assert!(services["bongsu"].get("depends_on").is_none(), "warnings wait for nobody");
}

#[test]
fn the_program_understands_what_the_compose_file_tells_it() {
    let compose = yaml("compose.yaml");
    let variables = compose["services"]["bongsu"]["environment"].as_object().expect("variables").clone();
    let folder = tempfile::tempdir().expect("a folder");
    let token = folder.path().join("influxdb_token");
    std::fs::write(&token, "s3cret").expect("written");
    let value = |value: &Value| {
        let text = value.as_str().expect("text");
        if text.starts_with("/run/secrets/") { token.display().to_string() } else { text.to_owned() }
    };
    let variables = variables.iter().map(|(key, text)| (key.into(), value(text).into())).collect::<Vec<_>>();
    let config = Layers::of(None, variables, &[]).check();
    let config =
        config.unwrap_or_else(|mistakes| panic!("{:?}", mistakes.iter().map(ToString::to_string).collect::<Vec<_>>()));
    assert_eq!(config.archive.archives.len(), 1);
    let influx = &compose["services"]["influxdb"]["environment"];
    let shown = config.archive.archives[0].shown();
    let shown = |key: &str| shown.iter().find(|(known, _)| *known == key).and_then(|(_, value)| value.clone());
    assert_eq!(shown("bucket"), Some(influx["DOCKER_INFLUXDB_INIT_BUCKET"].to_string()));
    assert_eq!(shown("org"), Some(influx["DOCKER_INFLUXDB_INIT_ORG"].to_string()));
    let source = &yaml("dashboards/grafana/provisioning/datasources/bongsu.yaml")["datasources"][0];
    assert_eq!(shown("url"), Some(source["url"].to_string()));
    assert_eq!(shown("bucket"), Some(source["jsonData"]["defaultBucket"].to_string()));
    assert_eq!(shown("org"), Some(source["jsonData"]["organization"].to_string()));
    assert_eq!(source["secureJsonData"]["token"], "$__file{/run/secrets/influxdb_token}");
}

#[test]
fn docker_compose_reads_the_compose_file() {
    let output = Command::new("docker-compose")
        .args(["--file", "compose.yaml", "config", "--quiet"])
        .current_dir(root())
        .output();
    let output = output.expect("docker-compose is missing: run `make setup`");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// What stands between `before` and the next quote, wherever it stands.
fn named<'a>(text: &'a str, before: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(before).skip(1).filter_map(|rest| rest.split('"').next())
}

/// Names behind `r.`: columns of a row.
fn columns(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_' || letter == '.'))
        .filter_map(|word| word.strip_prefix("r."))
}

/// What is wrong with a question, held against what is written.
fn complaints(query: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let measurements: Vec<&str> = named(query, "r._measurement == \"").collect();
    // A question without one asks all domains of kinds.
    let shapes = if measurements.is_empty() { vec!["water"] } else { measurements.clone() };
    let (mut tags, mut fields): (BTreeSet<&str>, BTreeSet<&str>) = Default::default();
    for measurement in shapes {
        match schema::shape(measurement) {
            Some(shape) => {
                tags.extend(shape.0);
                fields.extend(shape.1);
            }
            None => wrong.push(format!("nothing is written as {measurement}")),
        }
    }
    wrong.extend(
        named(query, "r._field == \"").filter(|name| !fields.contains(name)).map(|name| format!("no field {name}")),
    );
    for kind in named(query, "r.kind == \"") {
        match KindId::named(kind) {
            Some(id) if measurements.contains(&id.kind().domain) => {}
            Some(id) => wrong.push(format!("{kind} is written as {}", id.kind().domain)),
            None => wrong.push(format!("no kind {kind}")),
        }
    }
    let lists = query.split("columns: [").skip(1).filter_map(|rest| rest.split(']').next());
    let listed = lists.flat_map(|list| list.split('"').skip(1).step_by(2));
    for column in columns(query).chain(listed) {
        if !column.starts_with('_') && !tags.contains(column) {
            wrong.push(format!("no tag {column}"));
        }
    }
    wrong
}

#[test]
fn dashboards_ask_for_what_is_written() {
    let folder = root().join("dashboards/grafana/dashboards");
    let mut questions = 0;
    let mut names = BTreeSet::new();
    for file in std::fs::read_dir(&folder).expect("dashboards") {
        let path = file.expect("an entry").path();
        let board: Value = serde_json::from_str(&std::fs::read_to_string(&path).expect("read")).expect("JSON");
        names.insert(path.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned());
        let mut ids = BTreeSet::new();
        for panel in board["panels"].as_array().expect("panels") {
            assert!(ids.insert(panel["id"].as_i64()), "{}: two panels have one number", path.display());
            for target in panel["targets"].as_array().expect("targets") {
                assert_eq!(target["datasource"]["uid"], "bongsu-archive");
                let query = target["query"].as_str().expect("a question");
                assert_eq!(complaints(query), Vec::<String>::new(), "{}: {}", path.display(), panel["title"]);
                questions += 1;
            }
        }
    }
    assert_eq!(
        names.iter().map(String::as_str).collect::<Vec<_>>(),
        ["chargers", "gateway", "rain", "river", "structures"]
    );
    assert!(questions >= 25, "only {questions} questions");
    let wrong = r#"filter(fn: (r) => r._measurement == "river" and r._field == "val" and r.kind == "rainfall" and r.town == "x")"#;
    assert_eq!(
        complaints(wrong),
        ["nothing is written as river", "no field val", "rainfall is written as weather", "no tag kind", "no tag town"]
    );
}

#[test]
fn what_is_written_has_the_shape_that_others_rely_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let (influx, mut setup) = (Influx::start(), storm::make(folder.path(), 2));
    archived_in(&mut setup, &influx, &[]);
    let program = setup.serve();
    say(&program, &storm::plan(1, None), 2, 0, 220);
    until("an incident is in the archive", || influx.held().keys().any(|(series, ..)| series.starts_with("incident,")));
    until("observations are in the archive", || influx.values("weather").0 == 440);
    for (series, field, _) in influx.held().keys() {
        let mut parts = series.split(',');
        let measurement = parts.next().unwrap_or_default();
        let (tags, fields) = schema::shape(measurement).unwrap_or_else(|| panic!("{measurement} is not described"));
        assert!(fields.contains(&field.as_str()), "{series} {field}");
        for tag in parts.filter_map(|part| part.split('=').next()) {
            assert!(tags.contains(&tag), "{series} {tag}");
        }
    }
}
