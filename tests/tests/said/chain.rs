//! A flood rises and falls through the very pipeline; every CAP message of it must please every judge.

use crate::{judge, script};
use bongsu_gateway::alert::cap::Speaker;
use bongsu_gateway::alert::sign::Signer;
use bongsu_gateway::herald::Herald;
use bongsu_gateway::inventory;
use bongsu_gateway::pipeline::Pipeline;
use bongsu_gateway::source::file::Files;
use bongsu_gateway::store::{Reader, Store};
use bongsu_rules::Engine;
use bongsu_rules::cap::model::{MsgType, ResponseType, Severity};
use bongsu_rules::cap::{Alert, check, read, write};
use bongsu_rules::incident::Status;
use bongsu_sensors::Time;
use bongsu_tests::flood;
use std::path::{Path, PathBuf};
use std::process::Command;

const OUTLINES: &str = r#"{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"code":"south"},"geometry":{"type":"Polygon","coordinates":
[[[126.9,37.4],[127.1,37.4],[127.1,37.51],[126.9,37.51],[126.9,37.4]]]}},
{"type":"Feature","properties":{"code":"north"},"geometry":{"type":"MultiPolygon","coordinates":
[[[[126.9,37.52],[127.0,37.52],[127.0,37.6],[126.9,37.52]]],[[[127.01,37.52],[127.1,37.52],[127.1,37.6],[127.01,37.52]]]]}}]}"#;

fn openssl(folder: &Path, arguments: &[&str]) {
    judge(Command::new("openssl").current_dir(folder).args(arguments)).expect("openssl makes a key");
}

/// The messages a flood makes, as files, in the order in which they were issued.
fn said(folder: &Path) -> Vec<PathBuf> {
    let write_file = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).expect("the disk takes it");
        path
    };
    let stations = write_file("stations.toml", &format!("geometry = \"areas.geojson\"\n{}", flood::STATIONS));
    write_file("areas.geojson", OUTLINES);
    // Long after the wave the river is quiet, until everybody has been told that it is over.
    let mut rows = flood::made();
    let ends = rows.last().expect("rows").time_ms;
    for minutes in (10..720).step_by(10) {
        for station in ["upper", "bridge"] {
            let (time_ms, value) = (ends + minutes * 60_000, "2.0".to_owned());
            rows.push(flood::Row { time_ms, station: station.into(), kind: "river_stage".into(), value });
        }
    }
    let rows = write_file("flood.csv", &flood::csv(&rows));
    openssl(folder, &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "key.pem"]);
    openssl(
        folder,
        &["req", "-new", "-x509", "-key", "key.pem", "-subj", "/CN=bongsu", "-days", "9", "-out", "cert.pem"],
    );
    let read_file = |name: &str| std::fs::read_to_string(folder.join(name)).expect("it is there");
    let signer = Signer::new(&read_file("key.pem"), Some(&read_file("cert.pem"))).expect("a key");
    let speaker = Speaker {
        sender: "bongsu.example.city".into(),
        sender_name: "서초구".into(),
        contact: Some("120".into()),
        languages: ["ko", "en", "zh", "ja"].map(str::to_owned).to_vec(),
        base_url: "https://warning.example.city".into(),
        signer: Some(signer),
    };
    let path = folder.join("city.db");
    let store = Store::open(&path, Status::Actual, 100).expect("a store");
    let herald = Herald::new(speaker, &store).expect("a herald");
    let begins = Time::parse(flood::BEGINS).expect("a time");
    let files = Files::open(&[rows], begins).expect("the flood");
    let mut pipeline = Pipeline::new(files, Engine::new(Status::Actual), store, 0, 4096).with_herald(herald);
    let (catalog, _) = inventory::catalog(&stations).expect("a city");
    let rules = inventory::rules(None).expect("rules");
    pipeline.take_up(begins, catalog, rules, Default::default()).expect("taken up");
    pipeline.run(|_, _| {}).expect("the flood passes");
    let reader = Reader::open(&path).expect("the store");
    let mut files = Vec::new();
    for (_, transition) in reader.transitions_after(0, 10_000).expect("transitions") {
        let Some(message) = transition.message else { continue };
        if let Some((body, _)) = reader.cap(&message.identifier).expect("a row") {
            files.push(write_file(&format!("{}.xml", message.identifier), &body));
        }
    }
    files
}

fn parsed(path: &Path) -> Alert {
    let body = std::fs::read(path).expect("it is there");
    read(&body).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_message_of_a_flood_pleases_every_judge() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = said(folder.path());
    let alerts: Vec<Alert> = files.iter().map(|path| parsed(path)).collect();
    let south: Vec<&Alert> = alerts.iter().filter(|alert| alert.identifier.starts_with("river_flood-south-")).collect();
    let severities: Vec<Severity> = south.iter().map(|alert| alert.infos[0].severity).collect();
    // Up to the top, down again, and the all-clear.
    let top = severities.iter().position(|severity| *severity == Severity::Severe).expect("it reaches the top");
    assert!(top >= 1 && severities.len() > top + 1, "{severities:?}");
    assert_eq!(south[0].msg_type, MsgType::Alert);
    for (at, alert) in south.iter().enumerate().skip(1) {
        assert_eq!(alert.msg_type, MsgType::Update);
        assert_eq!(alert.references.last(), Some(&south[at - 1].reference()));
    }
    let last = south.last().expect("there are messages");
    assert!(last.infos.iter().all(|info| info.response_types == [ResponseType::AllClear]), "{last:?}");
    let mut shape = script("xsd.py");
    judge(shape.args(&files)).expect("valid by the schema");
    for (path, alert) in files.iter().zip(&alerts) {
        assert_eq!(check(alert), [], "{}", path.display());
        assert!(alert.is_signed);
        let languages: Vec<&str> = alert.infos.iter().map(|info| info.language()).collect();
        assert_eq!(languages, ["ko", "en", "zh", "ja"]);
        let polygons = alert.infos.iter().all(|info| !info.areas[0].polygons.is_empty());
        assert!(polygons, "{}", path.display());
        let again = read(write(alert).as_bytes()).expect("it is read back");
        assert_eq!(again, Alert { is_signed: false, ..alert.clone() });
        let body = std::fs::read_to_string(path).expect("it is there");
        assert!(body.parse::<oasiscap::Alert>().is_ok(), "another reader refuses {}", path.display());
        verify(folder.path(), path).unwrap_or_else(|said| panic!("{}: {said}", path.display()));
    }
    // A judge that accepts everything is none.
    let body = std::fs::read_to_string(&files[0]).expect("it is there");
    let forged = folder.path().join("forged.xml");
    std::fs::write(&forged, body.replacen("<severity>Minor", "<severity>Severe", 1)).expect("written");
    assert!(verify(folder.path(), &forged).is_err());
    std::fs::write(&forged, body.replacen("<scope>Public</scope>", "", 1)).expect("written");
    assert!(judge(script("xsd.py").arg(&forged)).is_err());
}

fn verify(folder: &Path, path: &Path) -> Result<(), String> {
    let trusted = folder.join("cert.pem");
    let mut xmlsec = Command::new("xmlsec1");
    judge(xmlsec.arg("--verify").arg("--trusted-pem").arg(trusted).arg(path))
}
