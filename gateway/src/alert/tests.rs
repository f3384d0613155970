//! The alert JSON, golden: what devices, pages and displays elsewhere rely on.

use super::*;
use bongsu_rules::incident::{Evidence, Proposal};
use bongsu_sensors::mistake::Source;

const CITY_TEXT: &str = r#"
timezone = "Asia/Seoul"
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
"#;

fn catalog() -> Catalog {
    Catalog::parse(&Source::new("stations.toml", CITY_TEXT), |_| Err("none".into())).expect("a good city")
}

fn texts(pairs: &[(&str, &str)]) -> Translations {
    pairs.iter().map(|(language, text)| ((*language).to_owned(), (*text).to_owned())).collect()
}

fn incident(level: Level, state: State, status: Status) -> Incident {
    let onset = Time::parse("2017-07-10T12:20:00Z").expect("time");
    let id = "river_flood-seocho-20170710T122000Z";
    Incident {
        id: id.into(),
        hazard: "river_flood".into(),
        area: "seocho".into(),
        group: id.into(),
        audience: Audience::Public,
        status,
        level,
        state,
        rule: "river_flood".into(),
        station: Some("jamsu".into()),
        onset,
        updated: onset,
        issued: None,
        proposal: None,
        messages: 1,
        evidence: vec![Evidence {
            label: texts(&[("ko", "수위"), ("en", "stage")]),
            station: Some("jamsu".into()),
            value: Some(6.25),
            unit: "m".into(),
            op: ">=".into(),
            limit: Some(6.2),
            result: "true".into(),
            stations: vec![("jamsu".into(), 6.25)],
            more_stations: 0,
        }],
        handling: Default::default(),
        words: std::collections::BTreeMap::new(),
    }
}

fn message(level: Level) -> Message {
    let sent = Time::parse("2017-07-10T12:30:00Z").expect("time");
    Message { identifier: "river_flood-seocho-20170710T122000Z.2".into(), sent, msg_type: MessageType::Update, level }
}

/// Pretty, because a golden file is read by people.
#[track_caller]
fn check(name: &str, alert: &Alert<'_>) {
    let value: serde_json::Value = serde_json::from_slice(&alert.json()).expect("JSON");
    assert!(!alert.json().contains(&b'\n'), "one line, or it breaks a server-sent event");
    // The order of keys is that of the struct; the parsed value would sort them.
    assert_eq!(value["incident"], alert.incident);
    insta::assert_snapshot!(name, serde_json::to_string_pretty(alert).expect("JSON"));
}

#[test]
fn what_is_issued() {
    let catalog = catalog();
    let context = Context { catalog: Some(&catalog), base_url: "https://warning.example.city" };
    let incident = incident(Level::Watch, State::Issued, Status::Actual);
    check("issued", &issued(&incident, &message(Level::Watch), context));
}

#[test]
fn the_all_clear_of_an_exercise() {
    let catalog = catalog();
    let context = Context { catalog: Some(&catalog), base_url: "http://127.0.0.1:8080" };
    let incident = incident(Level::None, State::Ended, Status::Exercise);
    check("all_clear_of_an_exercise", &issued(&incident, &message(Level::None), context));
}

#[test]
fn operators_see_the_proposal_and_the_public_the_issued_level() {
    let catalog = catalog();
    let context = Context { catalog: Some(&catalog), base_url: "https://warning.example.city" };
    let mut incident = incident(Level::Warning, State::Proposed, Status::Actual);
    let since = incident.updated;
    let deadline = since + Duration::from_secs(300);
    incident.issued = Some(message(Level::Watch));
    incident.proposal = Some(Proposal {
        level: Level::Warning,
        since,
        deadline,
        escalated: false,
        asked: Some("kim".into()),
        next: None,
        two: false,
        number: 1,
        approvals: Vec::new(),
    });
    check("proposed_for_operators", &for_operators(&incident, context));
    let said = message(Level::Watch);
    let public = issued(&incident, &said, context);
    assert_eq!((public.level, public.state), (Level::Watch, "issued"));
    assert!(!String::from_utf8(public.json()).expect("text").contains("warning\""), "nothing of the proposal");
}

#[test]
fn without_a_city_codes_stand_in() {
    let context = Context { catalog: None, base_url: "http://x" };
    let incident = incident(Level::Watch, State::Issued, Status::Actual);
    let alert = alert_json(&incident, &message(Level::Watch), context);
    assert!(String::from_utf8(alert).expect("text").contains("Danger: river flooding, jamsu, seocho"));
}

#[test]
fn an_all_clear_expires_sooner() {
    let lasts = |level| expires(&message(level)).since(message(level).sent);
    assert_eq!(lasts(Level::Watch), RAISED_LASTS);
    assert_eq!(lasts(Level::None), ALL_CLEAR_LASTS);
}

#[test]
fn what_a_rule_says_itself_goes_before_its_hazards_words() {
    let mut told = incident(Level::Watch, State::Issued, Status::Exercise);
    let words = Words {
        headline: texts(&[("ko", "잠수교 보행로가 잠깁니다"), ("en", "The footpath floods")]),
        ..Default::default()
    };
    told.words.insert(Level::Watch, words);
    let message = message(Level::Watch);
    let alert = issued(&told, &message, Context { catalog: None, base_url: "" });
    // An exercise is marked as one whoever wrote the words; what the rule leaves out, the hazard says.
    assert_eq!(alert.headline.get(Language::Ko), "[훈련] 잠수교 보행로가 잠깁니다");
    assert_eq!(alert.headline.get(Language::En), "[EXERCISE] The footpath floods");
    assert!(alert.instruction.get(Language::Ko).starts_with("[훈련] "), "{}", alert.instruction.get(Language::Ko));
}
