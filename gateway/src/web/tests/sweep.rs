//! How good a rule would have been, at the workbench: judged by limits and by people, with one setting and with many;
//! and sweeps that are stopped.

use super::office::{Office, Person, RULE};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const HIGH: &str = "/api/v1/rules/high";

/// A wave at a station that never reached its limit, which a person called false; and one at another that did, which a
/// person approved.
async fn two_waves() -> (Office, Person) {
    let office = Office::usual();
    let (author, approver) = (office.enter("rule-author").await, office.enter("approver").await);
    // The bench looks back from the system's time.
    let begins = bongsu_sensors::Time::parse("2026-07-08T00:00:00Z").expect("a time");
    let minutes = office.desk.now().since(begins).as_secs() / 60;
    office.pass(i64::try_from(minutes).expect("minutes") - 120).await;
    for (station, stages, area) in
        [("jamsu", [1.0, 2.1, 2.1, 1.0, 1.0, 1.0], "seocho"), ("banpo", [1.0, 2.2, 2.2, 2.4, 2.4, 1.0], "yongsan")]
    {
        for (at, stage) in stages.into_iter().enumerate() {
            office.says(station, stage).await;
            if at == 2 {
                let incident = office.incident(&approver, area).await;
                let (status, answer) = match area {
                    "seocho" => {
                        let path = format!("/api/v1/alerts/{incident}/reject");
                        office.post(&approver, &path, json!({ "reason": "a ship went by" })).await
                    }
                    _ => office.approve(&approver, &incident, json!({})).await,
                };
                assert_eq!(status, StatusCode::OK, "{answer}");
            }
            office.pass(5).await;
        }
    }
    (office, author)
}

fn counts(judged: &Value) -> [u64; 3] {
    let misses = judged["misses"].as_array().map_or_else(|| judged["misses"].as_u64(), |all| Some(all.len() as u64));
    [judged["catches"].as_u64(), misses, judged["false_alarms"].as_u64()].map(|count| count.expect("a count"))
}

#[tokio::test]
async fn what_would_have_been_found_is_judged_by_limits_and_by_people() {
    let (office, author) = two_waves().await;
    let ask = async |params: Value, truth: &str| {
        let body = json!({ "params": params, "level": "watch", "truth": truth });
        let (status, answer) = office.post(&author, &format!("{HIGH}/try"), body).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer
    };
    let verdicts = |answer: &Value| -> Vec<(String, String)> {
        let all = answer["firings"].as_array().expect("firings").iter();
        let text = |value: &Value| value.as_str().unwrap_or("none").to_owned();
        all.map(|one| (text(&one["place"]), text(&one["verdict"]))).collect()
    };
    for truth in ["warning", "people"] {
        let now = ask(json!({}), truth).await;
        assert_eq!(counts(&now["judged"]), [1, 0, 1], "{truth}: {now}");
        let expect = [("jamsu", "false_alarm"), ("banpo", "caught")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(verdicts(&now), expect, "{truth}");
        let better = ask(json!({ "limit": 2.15 }), truth).await;
        assert_eq!(counts(&better["judged"]), [1, 0, 0], "{truth}: {better}");
        let worse = ask(json!({ "limit": 2.5 }), truth).await;
        assert_eq!(counts(&worse["judged"]), [0, 1, 0], "{truth}: {worse}");
        assert_eq!(worse["judged"]["misses"][0]["place"], "banpo", "{worse}");
    }
    // At the limit itself it comes too late to warn of it.
    let late = ask(json!({ "limit": 2.3 }), "warning").await;
    assert_eq!((counts(&late["judged"]), verdicts(&late)[0].1.as_str()), ([0, 1, 0], "late"), "{late}");
    assert_eq!(late["judged"]["late"], 1, "{late}");
    let nobody = ask(json!({}), "agency").await;
    assert_eq!(counts(&nobody["judged"]), [0, 0, 2], "no agency announced anything: {nobody}");
    let path = format!("{HIGH}/try");
    let (_, unasked) = office.post(&author, &path, json!({})).await;
    assert_eq!((&unasked["judged"], &unasked["firings"][0]["verdict"]), (&Value::Null, &Value::Null));
    let (status, wrong) = office.post(&author, &path, json!({ "truth": "nobody" })).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(wrong["error"].as_str().is_some_and(|error| error.contains("people")), "{wrong}");
}

/// Asks until a sweep is over.
async fn ended(office: &Office, who: &Person, sweep: &Value) -> Value {
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        let standing = office.get(who, &format!("{HIGH}/sweeps/{sweep}")).await;
        if !matches!(standing["state"].as_str(), Some("reading" | "playing")) {
            return standing;
        }
        assert!(Instant::now() < deadline, "{standing}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_sweep_finds_the_setting_that_loses_no_catch_and_it_is_submitted() {
    let (office, author) = two_waves().await;
    let path = format!("{HIGH}/sweeps");
    let body = json!({ "params": { "limit": [2.0, 2.15, 2.5] }, "days": 30, "level": "watch", "truth": "warning" });
    let (status, begun) = office.post(&author, &path, body).await;
    assert_eq!(status, StatusCode::OK, "{begun}");
    let found = ended(&office, &author, &begun["sweep"]).await;
    assert_eq!(
        (&found["state"], &found["part"], &found["events"]),
        (&json!("done"), &json!(1.0), &json!(1)),
        "{found}"
    );
    let points = found["points"].as_array().expect("points");
    assert_eq!(points.iter().map(counts).collect::<Vec<_>>(), [[1, 0, 1], [1, 0, 0], [0, 1, 0]], "{found}");
    assert_eq!(points[1]["set"], json!({ "limit": 2.15 }));
    assert_eq!((&points[0]["pod"]["value"], &points[0]["far"]["value"]), (&json!(1.0), &json!(0.5)));
    // One by one they are judged the same.
    for point in points {
        let body = json!({ "params": point["set"], "days": 30, "level": "watch", "truth": "warning" });
        let (_, one) = office.post(&author, &format!("{HIGH}/try"), body).await;
        assert_eq!(counts(&one["judged"]), counts(point), "{one}");
    }
    // The report is the page of the command line.
    let report = format!("{path}/{}/report", begun["sweep"]);
    let (status, page) = office.send(Method::GET, &report, &[("cookie", &author.cookie)], None).await;
    assert_eq!(status, StatusCode::OK);
    for part in ["<title>Back-test of high</title>", "1.00 [0.21, 1.00] of 1", "banpo river_stage 2.3", "<polyline"] {
        assert!(page.contains(part), "no {part} in {page}");
    }
    assert!(!page.contains("<script") && !page.contains("http"), "it stands by itself");
    // What was found is submitted as the rule's own number, and a second person puts it in force.
    let seen = office.get(&author, HIGH).await["version"].as_str().expect("a version").to_owned();
    let defaults = format!("{HIGH}/defaults");
    let wanted = |limit: f64| json!({ "set": { "limit": limit }, "reason": "one false alarm fewer" });
    assert_eq!(office.change(&author, Method::POST, &defaults, &seen, wanted(99.0)).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(
        office.change(&author, Method::POST, &defaults, "old", wanted(2.15)).await.0,
        StatusCode::PRECONDITION_FAILED
    );
    let (status, answer) = office.change(&author, Method::POST, &defaults, &seen, wanted(2.15)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let approve = format!("{HIGH}/submissions/{}/approve", answer["submission"]);
    assert_eq!(office.post(&author, &approve, json!({})).await.0, StatusCode::CONFLICT, "not by its author");
    let admin = office.enter("admin").await;
    assert_eq!(office.post(&admin, &approve, json!({})).await.0, StatusCode::OK);
    assert_eq!(office.rule_file("high.rhai"), RULE.replace("default = 2.0", "default = 2.15"));
}

#[tokio::test]
async fn a_sweep_of_two_parameters_tries_every_combination_and_wrong_ones_are_refused() {
    let office = Office::usual();
    let (author, viewer) = (office.enter("rule-author").await, office.enter("viewer").await);
    let path = format!("{HIGH}/sweeps");
    let ask = |params: Value| json!({ "params": params, "days": 2, "level": "watch", "truth": "people" });
    let many: Vec<f64> = (0..130).map(|n| 1.0 + f64::from(n) * 0.01).collect();
    for params in [
        json!({ "limit": [] }),
        json!({ "limit": [99.0] }),
        json!({ "limi": [1.0] }),
        json!({ "limit": ["1h"] }),
        json!({ "limit": many }),
    ] {
        let (status, answer) = office.post(&author, &path, ask(params.clone())).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{params}: {answer}");
        assert!(answer["remedy"].as_str().is_some_and(|remedy| !remedy.is_empty()), "{answer}");
    }
    let mut long = ask(json!({ "limit": [1.0] }));
    long["days"] = json!(185);
    assert_eq!(office.post(&author, &path, long).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(office.post(&viewer, &path, ask(json!({ "limit": [1.0] }))).await.0, StatusCode::FORBIDDEN);
    let (status, begun) = office.post(&author, &path, ask(json!({ "limit": [1.0, 2.0] }))).await;
    assert_eq!(status, StatusCode::OK, "{begun}");
    let found = ended(&office, &author, &begun["sweep"]).await;
    assert_eq!((&found["state"], found["points"].as_array().map(Vec::len)), (&json!("done"), Some(2)), "{found}");
    assert_eq!(found["points"][0]["pod"], json!({ "value": null, "low": null, "high": null }));
    // Of no parameter: the rule as it stands.
    let (status, begun) = office.post(&author, &path, ask(json!({}))).await;
    assert_eq!(status, StatusCode::OK, "{begun}");
    let found = ended(&office, &author, &begun["sweep"]).await;
    assert_eq!((&found["state"], &found["points"][0]["set"]), (&json!("done"), &json!({})), "{found}");
    let headers = [("cookie", author.cookie.as_str())];
    for gone in ["9999", "x"] {
        let (status, _) = office.send(Method::GET, &format!("{path}/{gone}"), &headers, None).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_sweep_is_stopped_in_the_server_and_frees_the_place_for_the_next() {
    let office = Office::usual();
    let author = office.enter("rule-author").await;
    let begins = bongsu_sensors::Time::parse("2026-07-08T00:00:00Z").expect("a time");
    let minutes = office.desk.now().since(begins).as_secs() / 60;
    office.pass(i64::try_from(minutes).expect("minutes") - 800).await;
    office.pass(700).await;
    // So much that a hundred settings take their time.
    for minute in 0..700 {
        office.mentions("banpo", minute - 700, 1.0 + f64::from(u32::try_from(minute % 13).expect("small")) * 0.1);
    }
    office.hear(700).await;
    let path = format!("{HIGH}/sweeps");
    let many: Vec<f64> = (0..100).map(|n| 1.0 + f64::from(n) * 0.01).collect();
    let body = json!({ "params": { "limit": many }, "days": 3, "level": "watch", "truth": "warning" });
    let (status, begun) = office.post(&author, &path, body.clone()).await;
    assert_eq!(status, StatusCode::OK, "{begun}");
    let (status, busy) = office.post(&author, &path, body.clone()).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "one at a time: {busy}");
    let one = format!("{path}/{}", begun["sweep"]);
    let standing = office.get(&author, &one).await;
    assert!(matches!(standing["state"].as_str(), Some("reading" | "playing")), "{standing}");
    let headers = [("cookie", author.cookie.as_str()), (crate::web::operator::CSRF, &author.csrf)];
    let (status, _) = office.send(Method::DELETE, &one, &headers, None).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let stopped = ended(&office, &author, &begun["sweep"]).await;
    assert_eq!((&stopped["state"], &stopped["points"]), (&json!("stopped"), &json!([])), "{stopped}");
    assert!(stopped["part"].as_f64().is_some_and(|part| part < 1.0), "the rest was never played: {stopped}");
    let small = json!({ "params": { "limit": [2.0] }, "days": 3, "level": "watch", "truth": "warning" });
    let (status, next) = office.post(&author, &path, small).await;
    assert_eq!(status, StatusCode::OK, "{next}");
    assert_eq!(ended(&office, &author, &next["sweep"]).await["state"], "done");
}

/// A case that the rule passes, and one that it does not.
const CASES: &str = r#"
[stations.a]
river_stage = { cadence = "10m" }

[[case]]
name = "it rises"
kind = "true"
series.a.river_stage = "1x3 2.5x4"
raised = [{ level = "watch", by = "1h" }]

[[case]]
name = "it nearly rises"
kind = "near_miss"
series.a.river_stage = "1x3 1.9x4"
not_raised = "watch"
"#;

#[tokio::test]
async fn the_cases_of_a_rule_are_played_with_a_draft() {
    let office = Office::usual();
    let author = office.enter("rule-author").await;
    let path = format!("{HIGH}/cases");
    let (status, none) = office.post(&author, &path, json!({})).await;
    assert_eq!((status, &none), (StatusCode::OK, &json!({ "file": null, "cases": [] })));
    office.write_rule_file("cases.toml", CASES);
    let passes = |answer: &Value| -> Vec<bool> {
        let cases = answer["cases"].as_array().expect("cases").iter();
        cases.map(|case| case["passes"].as_bool().expect("a word")).collect()
    };
    let (status, now) = office.post(&author, &path, json!({})).await;
    assert_eq!((status, passes(&now)), (StatusCode::OK, vec![true, true]), "{now}");
    assert_eq!((&now["cases"][1]["kind"], &now["cases"][1]["failures"]), (&json!("near_miss"), &json!([])));
    assert!(now["cases"][0]["chart"].as_str().is_some_and(|chart| chart.contains("w")), "{now}");
    let (_, draft) = office.post(&author, &path, json!({ "text": RULE.replace("2.0", "1.8") })).await;
    assert_eq!(passes(&draft), [true, false], "{draft}");
    assert!(draft["cases"][1]["failures"][0].as_str().is_some_and(|told| told.contains("watch")), "{draft}");
    let (status, broken) =
        office.post(&author, &path, json!({ "text": RULE.replace("stage.last", "stag.last") })).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(broken["diagnostics"][0]["line"].as_u64().is_some(), "{broken}");
    assert_eq!(office.post(&author, "/api/v1/rules/none/cases", json!({})).await.0, StatusCode::NOT_FOUND);
    assert_eq!(office.rule_file("high.rhai"), RULE);
}
