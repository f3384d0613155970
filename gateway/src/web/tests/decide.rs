//! Decisions through the whole house: proposed, decided, recorded, and what happens where nobody decides.

use super::office::Office;
use axum::http::StatusCode;
use bongsu_rules::incident::{Policy, Status};
use serde_json::json;

#[tokio::test]
async fn nobody_acts_on_a_corroborated_warning() {
    let office = Office::usual();
    let who = office.enter("viewer").await;
    office.rises("banpo", 3.5).await;
    let incident = office.incident(&who, "yongsan").await;
    assert_eq!(office.detail(&who, &incident).await["state"], "proposed");
    office.pass(3).await;
    assert_eq!(office.detail(&who, &incident).await["state"], "proposed", "four minutes after it was proposed");
    office.pass(1).await;
    let detail = office.detail(&who, &incident).await;
    assert_eq!(detail["state"], "issued");
    let last = detail["timeline"].as_array().and_then(|all| all.last()).expect("a change");
    assert_eq!((&last["cause"], &last["message"]["level"]), (&json!("deadline"), &json!("warning")));
}

#[tokio::test]
async fn one_sensor_alone_goes_to_the_next_person() {
    let office = Office::usual();
    let who = office.enter("viewer").await;
    office.says("banpo", 3.5).await;
    let incident = office.incident(&who, "yongsan").await;
    office.pass(10).await;
    let detail = office.detail(&who, &incident).await;
    assert_eq!((&detail["state"], &detail["proposal"]["escalated"]), (&json!("proposed"), &json!(true)));
    assert_eq!(detail["identifier"], json!(null), "nothing was said");
}

#[tokio::test]
async fn the_inbox_names_who_is_asked_now_and_from_when_the_next() {
    let duty = ["approver", "second"].map(str::to_owned).to_vec();
    let office = Office::open(Status::Actual, Policy { duty, ..Policy::default() });
    let who = office.enter("viewer").await;
    office.says("banpo", 3.5).await;
    let proposal = async || office.get(&who, "/api/v1/alerts?area=yongsan").await["alerts"][0]["proposal"].clone();
    let first = proposal().await;
    assert_eq!(
        (&first["asked"], &first["next"], &first["escalated"]),
        (&json!("approver"), &json!(null), &json!(false))
    );
    office.pass(6).await;
    let second = proposal().await;
    assert_eq!((&second["asked"], &second["escalated"]), (&json!("second"), &json!(true)));
    assert_eq!(second["next"], "2026-07-08T00:11:00Z");
    assert_eq!(first["deadline"], second["deadline"], "a second sample does not wait for anybody's turn");
    office.pass(6).await;
    assert_eq!(proposal().await["asked"], "approver", "it stays with somebody");
}

#[tokio::test]
async fn a_decision_is_in_the_audit_and_in_the_timeline() {
    let office = Office::usual();
    let who = office.enter("approver").await;
    office.rises("banpo", 2.5).await;
    let incident = office.incident(&who, "yongsan").await;
    let path = |what: &str| format!("/api/v1/alerts/{incident}/{what}");
    assert_eq!(office.post(&who, &path("ack"), json!({})).await.0, StatusCode::OK);
    assert_eq!(office.post(&who, &path("note"), json!({ "text": "the gate is open" })).await.0, StatusCode::OK);
    assert_eq!(office.post(&who, &path("own"), json!({ "owner": "nobody" })).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(office.post(&who, &path("own"), json!({ "owner": "operator" })).await.0, StatusCode::OK);
    assert_eq!(office.approve(&who, &incident, json!({})).await.1["state"], "issued");
    assert_eq!(office.post(&who, &path("cancel"), json!({ "reason": " " })).await.0, StatusCode::BAD_REQUEST);
    let (status, body) = office.post(&who, &path("cancel"), json!({ "reason": "the gauge is broken" })).await;
    assert_eq!((status, &body["state"]), (StatusCode::OK, &json!("cancelled")));
    assert_eq!(office.post(&who, &path("cancel"), json!({ "reason": "again" })).await.0, StatusCode::NOT_FOUND);
    let detail = office.detail(&who, &incident).await;
    assert_eq!((&detail["state"], &detail["msg_type"]), (&json!("cancelled"), &json!("Cancel")));
    assert_eq!(detail["notes"][0]["text"], "the gate is open");
    let last = detail["timeline"].as_array().and_then(|all| all.last()).expect("a change").clone();
    assert_eq!((&last["by"], &last["reason"]), (&json!("approver"), &json!("the gauge is broken")));
    let audit = office.get(&who, "/api/v1/audit?who=approver").await;
    let entries = || audit["entries"].as_array().expect("entries").iter();
    let is_looked = |action: &&str| action.ends_with(".view") || action.ends_with(".list");
    let actions: Vec<&str> =
        entries().filter_map(|entry| entry["action"].as_str()).filter(|action| !is_looked(action)).collect();
    let expected = ["alert.cancel", "alert.cancel", "alert.approve", "alert.own", "alert.note", "alert.ack"];
    assert_eq!(actions, expected);
    let cancelled = entries().find(|entry| entry["action"] == "alert.cancel").expect("the refused one");
    assert!(cancelled["detail"].as_str().is_some_and(|detail| detail.starts_with("refused")));
    let verified = office.reader().verify_audit(None).expect("verified");
    assert_eq!(verified.faults, Vec::<String>::new());
    // The public was told, and told that it was false.
    let public = crate::web::public(office.desk.shared.clone(), tokio_util::sync::CancellationToken::new());
    let (_, body) = super::city::text(super::city::ask(public, "/api/v1/alerts", &[]).await).await;
    assert!(body.contains("\"cancelled\"") && !body.contains("broken"), "{body}");
}

#[tokio::test]
async fn what_agencies_say_becomes_observations_and_what_gauges_measure_cannot_be_typed_in() {
    let office = Office::usual();
    let who = office.enter("operator").await;
    let one = |kind: &str| {
        json!({ "observations": [{ "station": "jamsu", "kind": kind, "value": 2.0,
        "time": "2026-07-08T00:00:00Z" }] })
    };
    let (status, body) = office.post(&who, "/api/v1/agency", one("agency_level")).await;
    assert_eq!((status, &body["observations"]), (StatusCode::OK, &json!(1)), "{body}");
    let (_, body) = office.post(&who, "/api/v1/agency", one("agency_level")).await;
    assert_eq!(body["duplicates"], json!(1));
    let (status, _) = office.post(&who, "/api/v1/agency", one("river_stage")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let (_, body) = office.post(&who, "/api/v1/agency", one("emergency_calls")).await;
    assert_eq!((&body["observations"], body["refused"].as_array().map(Vec::len)), (&json!(0), Some(1)), "{body}");
}

#[tokio::test]
async fn the_operators_stream_says_what_the_public_does_not_hear() {
    let office = Office::usual();
    let who = office.enter("viewer").await;
    office.says("banpo", 2.5).await;
    let router = crate::web::operators(&office.desk, tokio_util::sync::CancellationToken::new());
    let headers = [("cookie", who.cookie.as_str()), ("last-event-id", "0")];
    let response = super::city::ask(router, "/api/v1/events", &headers).await;
    let mut body = response.into_body().into_data_stream();
    let mut said = String::new();
    while !said.contains("proposed") {
        let next = tokio::time::timeout(std::time::Duration::from_secs(20), futures_util::StreamExt::next(&mut body));
        let bytes = next.await.expect("in time").expect("it goes on").expect("bytes");
        said.push_str(&String::from_utf8_lossy(&bytes));
    }
    assert!(said.contains("event: alert"), "{said}");
}

#[tokio::test]
async fn incidents_are_listed_as_they_stood_at_a_moment() {
    let office = Office::usual();
    let who = office.enter("approver").await;
    office.rises("banpo", 2.5).await;
    let incident = office.incident(&who, "yongsan").await;
    office.pass(1).await;
    assert_eq!(office.approve(&who, &incident, json!({})).await.1["state"], "issued");
    office.pass(1).await;
    office.rises("jamsu", 2.5).await;
    let end = json!({ "reason": "the water has fallen" });
    assert_eq!(office.post(&who, &format!("/api/v1/alerts/{incident}/end"), end).await.0, StatusCode::OK);
    let at = async |minute: u32, second: u32| {
        let list = office.get(&who, &format!("/api/v1/alerts?at=2026-07-08T00:{minute:02}:{second:02}Z")).await;
        let each = list["alerts"].as_array().expect("alerts").clone();
        let mut each: Vec<String> = each.iter().map(|one| format!("{} {}", one["area"], one["state"])).collect();
        each.sort();
        each.join(", ").replace('"', "")
    };
    assert_eq!(at(0, 0).await, "yongsan proposed", "it begins at that moment");
    assert_eq!(at(1, 30).await, "yongsan proposed");
    assert_eq!(at(2, 30).await, "yongsan issued");
    assert_eq!(at(3, 30).await, "seocho proposed, yongsan issued");
    assert_eq!(at(59, 0).await, "seocho proposed", "what is over by then is not listed");
    let before = office.get(&who, "/api/v1/alerts?at=2026-07-07T00:00:00Z").await;
    assert_eq!(before["alerts"], json!([]));
}

#[tokio::test]
async fn what_a_rule_says_now_stands_beside_what_it_said() {
    let office = Office::usual();
    let who = office.enter("viewer").await;
    office.rises("banpo", 2.5).await;
    let incident = office.incident(&who, "yongsan").await;
    // The water falls, and the incident stands as it was decided.
    office.pass(5).await;
    office.says("banpo", 1.5).await;
    let detail = office.detail(&who, &incident).await;
    assert_eq!(detail["evidence"][0]["value"], json!(2.5));
    let path = format!("/api/v1/rules/{}/explain?place=", detail["rule"].as_str().expect("a rule"));
    let now = office.get(&who, &format!("{path}banpo")).await;
    let checks = (&now["checks"][0]["value"], &now["checks"][0]["result"], &now["checks"][0]["label"]["ko"]);
    assert_eq!(checks, (&json!(1.5), &json!("false"), &json!("가")));
    assert_eq!((&now["reached"], &now["stands"], &now["undecided"]), (&json!("none"), &json!("watch"), &json!(false)));
    let series = &now["series"][0];
    assert_eq!(
        (&series["station"], &series["kind"], &series["unit"]),
        (&json!("banpo"), &json!("river_stage"), &json!("m"))
    );
    assert_eq!((&series["state"], &series["newest"]["value"]), (&json!("known"), &json!(1.5)));
    assert_eq!(series["newest"]["time"], "2026-07-08T00:06:00Z");
    // An answer is kept for a second.
    let wait = || tokio::time::sleep(std::time::Duration::from_millis(1_100));
    wait().await;
    // What is not believed, and who is silent, is named as such, with the reading that was refused.
    office.pass(1).await;
    office.says("banpo", 900.0).await;
    let doubted = office.get(&who, &format!("{path}banpo")).await["series"][0].clone();
    assert_eq!((&doubted["newest"]["value"], &doubted["newest"]["flag"]), (&json!(900.0), &json!(4)), "{doubted}");
    assert_eq!(doubted["usable"]["value"], json!(1.5));
    wait().await;
    office.pass(40).await;
    office.says("jamsu", 1.0).await;
    let late = office.get(&who, &format!("{path}banpo")).await;
    assert_eq!((&late["series"][0]["state"], &late["undecided"]), (&json!("doubted"), &json!(true)), "{late}");
    let unheard = office.get(&who, &format!("{path}lost")).await;
    assert_eq!(
        (&unheard["series"][0]["state"], &unheard["checks"][0]["result"]),
        (&json!("never_heard"), &json!("unknown"))
    );
    // Who asks for a place or a rule that is not there is told what to ask for.
    let headers = [("cookie", who.cookie.as_str())];
    for (asked, status) in [
        (format!("{path}nowhere"), 404),
        ("/api/v1/rules/none/explain?place=banpo".into(), 404),
        ("/api/v1/rules/high/explain".into(), 400),
    ] {
        let (found, body) = office.send(axum::http::Method::GET, &asked, &headers, None).await;
        assert_eq!(found.as_u16(), status, "{asked}: {body}");
        assert!(body.contains("remedy"), "{body}");
    }
}
