//! CAP messages of other agencies: which are believed, and what they become.

use super::office::Office;
use axum::http::StatusCode;
use bongsu_rules::cap::model::{Category, Certainty, MsgType, Scope, Severity, Status, Urgency};
use bongsu_rules::cap::{Alert, Area, Info, Moment, Reference, write};

/// A message of an agency, sent this many minutes after eight in the evening of Seoul: a warning of Seocho until ten.
fn message(minute: u8, earlier: &[&Alert]) -> Alert {
    let moment = |minute| Moment::parse(&format!("2026-07-08T09:{minute:02}:00+09:00")).expect("a moment");
    let until = Moment::parse("2026-07-08T11:00:00+09:00");
    let area = Area {
        description: "서초구".into(),
        geocodes: vec![bongsu_rules::cap::model::Pair::new("bongsu", "seocho")],
        ..Area::default()
    };
    let info = Info {
        language: Some("ko-KR".into()),
        categories: vec![Category::Met],
        event: "호우".into(),
        response_types: Vec::new(),
        urgency: Urgency::Immediate,
        severity: Severity::Severe,
        certainty: Certainty::Likely,
        audience: None,
        event_codes: Vec::new(),
        effective: None,
        onset: None,
        expires: until,
        sender_name: None,
        headline: None,
        description: None,
        instruction: None,
        web: None,
        contact: None,
        parameters: Vec::new(),
        resources: Vec::new(),
        areas: vec![area],
    };
    let references: Vec<Reference> = earlier.iter().map(|alert| alert.reference()).collect();
    Alert {
        identifier: format!("kma-{minute}"),
        sender: "kma@agency.example".into(),
        sent: moment(minute),
        status: Status::Actual,
        msg_type: if references.is_empty() { MsgType::Alert } else { MsgType::Update },
        source: None,
        scope: Scope::Public,
        restriction: None,
        addresses: None,
        codes: Vec::new(),
        note: None,
        references,
        incidents: None,
        infos: vec![info],
        is_signed: false,
    }
}

/// What rules know of the agency's level at the station of Seocho, oldest first.
async fn known(office: &Office) -> Vec<(String, f64)> {
    let who = office.enter("viewer").await;
    office.settle().await;
    let path = "/api/v1/observations?station=jamsu&kind=agency_level&from=2026-07-07T00:00:00Z&to=2026-07-09T00:00:00Z";
    let seen = office.get(&who, path).await;
    let rows = seen["observations"].as_array().cloned().unwrap_or_default();
    let pair = |row: &serde_json::Value| Some((row["time"].as_str()?.to_owned(), row["value"].as_f64()?));
    rows.iter().filter_map(pair).collect()
}

#[tokio::test]
async fn what_an_agency_announces_is_an_observation_while_it_stands_and_said_again() {
    let office = Office::usual();
    office.says("jamsu", 1.0).await;
    let who = office.enter("operator").await;
    let first = message(0, &[]);
    let (status, body) = office.relay(&who, &write(&first)).await;
    assert_eq!((status, &body["levels"]["jamsu"]), (StatusCode::OK, &serde_json::json!(3)), "{body}");
    assert_eq!(known(&office).await, [("2026-07-08T00:00:00Z".to_owned(), 3.0)]);
    let standing = office.get(&who, "/api/v1/agency").await;
    assert_eq!(standing["announced"][0]["event"], "호우", "{standing}");

    // It stands, so it is said again at the station's cadence, and not before; after a restart at once.
    office.pass(10).await;
    office.desk.tell_announced().await.expect("told");
    assert_eq!(known(&office).await.len(), 1);
    office.desk.told.lock().await.clear();
    office.desk.tell_announced().await.expect("told");
    assert_eq!(known(&office).await.last(), Some(&("2026-07-08T00:10:00Z".to_owned(), 3.0)));
    office.pass(60).await;
    office.desk.tell_announced().await.expect("told");
    assert_eq!(known(&office).await.last(), Some(&("2026-07-08T01:10:00Z".to_owned(), 3.0)));

    // A later one replaces it.
    let mut lower = message(59, &[&first]);
    lower.infos[0].severity = Severity::Moderate;
    let (status, body) = office.relay(&who, &write(&lower)).await;
    assert_eq!((status, &body["levels"]["jamsu"]), (StatusCode::OK, &serde_json::json!(2)), "{body}");
    office.pass(1).await;
    office.desk.tell_announced().await.expect("told");
    let standing = office.get(&who, "/api/v1/agency").await;
    assert_eq!(standing["announced"].as_array().map(Vec::len), Some(1), "{standing}");

    // It expires: that is said once, and then nothing.
    office.pass(50).await;
    office.desk.tell_announced().await.expect("told");
    let over = ("2026-07-08T02:01:00Z".to_owned(), 0.0);
    assert_eq!(known(&office).await.last(), Some(&over));
    office.pass(120).await;
    office.desk.tell_announced().await.expect("told");
    assert_eq!(known(&office).await.last(), Some(&over));
    let audit = office.reader().audit_after(0, 100).expect("read");
    assert!(audit.iter().any(|entry| entry.action == "agency.announce" && entry.subject == "kma-59"));
    assert_eq!(office.reader().verify_audit(None).expect("verified").faults, Vec::<String>::new());
}

#[tokio::test]
async fn what_an_agency_takes_back_is_over_at_once() {
    let office = Office::usual();
    office.says("jamsu", 1.0).await;
    let who = office.enter("operator").await;
    let first = message(0, &[]);
    office.relay(&who, &write(&first)).await;
    office.pass(5).await;
    let mut cancel = message(1, &[&first]);
    cancel.msg_type = MsgType::Cancel;
    let (status, body) = office.relay(&who, &write(&cancel)).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_eq!(known(&office).await.last(), Some(&("2026-07-08T00:05:00Z".to_owned(), 0.0)));
    let standing = office.get(&who, "/api/v1/agency").await;
    assert_eq!(standing["announced"], serde_json::json!([]), "{standing}");
}

fn long_ago(alert: &mut Alert) {
    alert.sent = Moment::parse("2026-07-08T08:00:00+09:00").expect("a moment");
    alert.infos[0].expires = Moment::parse("2026-07-08T08:59:00+09:00");
}

#[tokio::test]
async fn what_cannot_be_believed_is_refused_with_what_to_do() {
    let office = Office::usual();
    office.says("jamsu", 1.0).await;
    let who = office.enter("operator").await;
    let good = message(0, &[]);
    assert_eq!(office.relay(&who, &write(&good)).await.0, StatusCode::OK);
    let change = |change: fn(&mut Alert)| {
        let mut alert = message(2, &[]);
        change(&mut alert);
        write(&alert)
    };
    let cases = [
        (write(&good), 409, "taken already"),
        (change(|alert| alert.sender = "somebody@else".into()), 403, "[[city.agency]]"),
        (change(|alert| alert.status = Status::Exercise), 400, "Actual"),
        (change(long_ago), 409, "expired"),
        (change(|alert| alert.sent = Moment::parse("2026-07-08T09:20:00+09:00").expect("one")), 400, "future"),
        (write(&message(3, &[&message(1, &[])])), 409, "refers to"),
        ("<alert>".to_owned(), 400, "CAP 1.2"),
        ("<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><alert>&x;</alert>".to_owned(), 400, "CAP 1.2"),
    ];
    for (text, wanted, says) in cases {
        let (status, body) = office.relay(&who, &text).await;
        assert_eq!(status.as_u16(), wanted, "{text}: {body}");
        assert!(body.to_string().contains(says), "{text}: {body}");
    }
    assert_eq!(known(&office).await.len(), 1);
    let viewer = office.enter("viewer").await;
    assert_eq!(office.relay(&viewer, &write(&message(4, &[]))).await.0, StatusCode::FORBIDDEN);
}
