//! A flood rises and falls through the very pipeline; every CAP message of it must please every judge.

use crate::{judge, script};
use bongsu_gateway::alert::cap::Speaker;
use bongsu_gateway::alert::resource::{self, Attachment};
use bongsu_gateway::alert::sign::Signer;
use bongsu_gateway::herald::Herald;
use bongsu_gateway::inventory;
use bongsu_gateway::pipeline::Pipeline;
use bongsu_gateway::shelf::Shelf;
use bongsu_gateway::source::file::Files;
use bongsu_gateway::store::{Reader, Store};
use bongsu_rules::Engine;
use bongsu_rules::cap::model::{MsgType, ResponseType, Severity};
use bongsu_rules::cap::{Alert, check, read, write};
use bongsu_rules::incident::{self, Action, Book, Order, Person, Status};
use bongsu_rules::language::{Audience, Release};
use bongsu_sensors::document;
use bongsu_sensors::mistake::{Mistakes, Source};
use bongsu_sensors::{Level, Time};
use bongsu_tests::flood;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const OUTLINES: &str = r#"{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"code":"south"},"geometry":{"type":"Polygon","coordinates":
[[[126.9,37.4],[127.1,37.4],[127.1,37.51],[126.9,37.51],[126.9,37.4]]]}},
{"type":"Feature","properties":{"code":"north"},"geometry":{"type":"MultiPolygon","coordinates":
[[[[126.9,37.52],[127.0,37.52],[127.0,37.6],[126.9,37.52]]],[[[127.01,37.52],[127.1,37.52],[127.1,37.6],[127.01,37.52]]]]}}]}"#;

fn openssl(folder: &Path, arguments: &[&str]) {
    judge(Command::new("openssl").current_dir(folder).args(arguments)).expect("openssl makes a key");
}

/// Sign language, as a city would configure it.
fn files() -> Vec<Attachment> {
    let source = Source::new("bongsu.toml", resource::MANUAL);
    let mistakes = Mistakes::new();
    let table = document::parse(&source, &mistakes);
    let section = document::Reader::document(&table, &source, &mistakes).inner("city").expect("a city");
    section.tables("resource").into_iter().filter_map(resource::read).collect()
}

fn speaker(signer: Option<Signer>) -> Speaker {
    Speaker {
        sender: "bongsu.example.city".into(),
        sender_name: "서초구".into(),
        contact: Some("120".into()),
        languages: ["ko", "en", "zh", "ja"].map(str::to_owned).to_vec(),
        base_url: "https://warning.example.city".into(),
        resources: files(),
        signer,
    }
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
    let speaker = speaker(Some(signer));
    let path = folder.join("city.db");
    let store = Store::open(&path, Status::Actual, 100).expect("a store");
    let herald = Herald::new(speaker, &store).expect("a herald");
    let begins = Time::parse(flood::BEGINS).expect("a time");
    let files = Files::open(&[rows], begins).expect("the flood");
    let mut pipeline = Pipeline::new(files, Engine::new(Status::Actual), store, 0, 4096).with_herald(herald);
    let (catalog, _) = inventory::catalog(&stations).expect("a city");
    let rules = inventory::rules(&Shelf::Shipped(folder.join("rules"))).expect("rules");
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
        let seen = alert.infos.iter().map(|info| info.resources.len()).sum::<usize>();
        let is_signed_for = alert.identifier.starts_with("river_flood") && alert.infos[0].severity != Severity::Minor;
        assert_eq!(seen, if is_signed_for { 4 } else { 0 }, "{}", path.display());
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

/// What a person takes back: Alert, then Cancel.
#[test]
fn a_false_alarm_is_withdrawn_in_every_language() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(&folder.path().join("city.db"), Status::Actual, 100).expect("a store");
    let mut herald = Herald::new(speaker(None), &store).expect("a herald");
    let now = Time::parse("2026-07-08T11:31:00Z").expect("a time");
    let (mut book, mut said) = (Book::new(Status::Actual), Vec::new());
    let danger = incident::Alert {
        rule: "high".into(),
        place: "bridge".into(),
        station: Some("bridge".into()),
        hazard: "river_flood".into(),
        areas: vec!["south".into()],
        audience: Audience::Public,
        level: Level::Warning,
        release: BTreeMap::from([(Level::Warning, Release::Auto)]),
        corroborated: true,
        eta: None,
        words: BTreeMap::new(),
    };
    book.set(danger, &[], now, &mut said);
    let incident = said[0].incident.id.clone();
    let by = Person { user: "kim".into(), session: "kim's".into() };
    let action = Action::Cancel { incident, reason: "the gauge is broken".into() };
    book.order(&Order { by, action }, now + Duration::from_secs(60), &mut said).expect("taken back");
    let caps: Vec<String> = said.iter().filter_map(|said| herald.write(said, None)).map(|cap| cap.body).collect();
    let files: Vec<PathBuf> = (0..caps.len()).map(|at| folder.path().join(format!("{at}.xml"))).collect();
    for (path, body) in files.iter().zip(&caps) {
        std::fs::write(path, body).expect("written");
    }
    judge(script("xsd.py").args(&files)).expect("valid by the schema");
    let [first, cancel] = &files.iter().map(|path| parsed(path)).collect::<Vec<_>>()[..] else { panic!("{caps:?}") };
    assert_eq!((first.msg_type, cancel.msg_type), (MsgType::Alert, MsgType::Cancel));
    assert_eq!(cancel.references, [first.reference()]);
    assert_eq!(check(cancel), []);
    let lines: Vec<&str> = cancel.infos.iter().filter_map(|info| info.headline.as_deref()).collect();
    let expected = [
        "south bridge 하천 범람 알림 취소",
        "Withdrawn: river flooding, bridge, south",
        "south bridge：河水泛滥，通知已撤回",
        "south bridge 川のはんらん お知らせの取り消し",
    ];
    assert_eq!(lines, expected);
    let told = cancel.infos.iter().filter_map(|info| info.instruction.as_deref());
    assert_eq!(
        told.collect::<Vec<_>>()[0],
        "앞서 보낸 알림은 잘못 보낸 것이어서 취소합니다. 다른 알림은 계속 따르세요."
    );
    // Not one word says that a danger is over that never was, and nobody outside learns of the gauge.
    assert!(!caps[1].contains("상황 종료") && !caps[1].contains("broken"), "{}", caps[1]);
}
