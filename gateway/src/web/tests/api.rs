//! The API: what is asked, what is answered, and what a wrong question is told.

use super::city::{CITY_TEXT, City, START, ask, text};
use crate::store::DeadLetter;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use bongsu_rules::flag::Tests;
use bongsu_rules::incident::Status;
use bongsu_rules::{Effect, Flag};
use bongsu_sensors::{Level, Reason, Time};
use tower::ServiceExt;

/// A city whose river was measured each minute for `minutes`.
pub fn measured(minutes: i64) -> City {
    let mut city = City::actual();
    let observations: Vec<_> = (0..minutes).map(|n| city.observation("jamsu", n, n as f64 / 100.0)).collect();
    city.pass(minutes.unsigned_abs());
    for part in observations.chunks(97) {
        city.commit(Vec::new(), part);
    }
    city
}

#[tokio::test]
async fn observations_come_in_pages_without_gap_or_double() {
    let city = measured(250);
    let mut values = Vec::new();
    let mut path = "/api/v1/observations?station=jamsu&kind=river_stage&limit=100".to_owned();
    let mut pages = 0;
    loop {
        let page = city.json(&path).await;
        let list = page["observations"].as_array().expect("list");
        values.extend(list.iter().map(|each| each["value"].as_f64().expect("value")));
        pages += 1;
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut path),
            None => break,
        }
    }
    assert_eq!(pages, 3);
    assert_eq!(values, (0..250).map(|n| f64::from(n) / 100.0).collect::<Vec<_>>());
    let page = city.json("/api/v1/observations?station=jamsu&kind=river_stage").await;
    assert_eq!(page["observations"].as_array().map(Vec::len), Some(250), "a day, up to 1000");
    assert_eq!(page["observations"][0]["time"], START);
    assert_eq!(page["unit"], "m");
}

#[tokio::test]
async fn a_span_is_asked_for_in_any_zone_even_with_a_bare_plus() {
    let city = measured(60);
    for from in ["2017-07-10T12:30:00Z", "2017-07-10T21:30:00%2B09:00", "2017-07-10T21:30:00+09:00"] {
        let path = format!("/api/v1/observations?station=jamsu&kind=river_stage&from={from}&to=2017-07-10T12:40:00Z");
        let page = city.json(&path).await;
        assert_eq!(page["observations"].as_array().map(Vec::len), Some(10), "{from}");
    }
}

#[tokio::test]
async fn wrong_questions_are_told_what_to_ask() {
    let city = measured(1);
    let ask = "/api/v1/observations?station=jamsu&kind=river_stage";
    for (path, told) in [
        ("/api/v1/observations?kind=river_stage".to_owned(), "\\\"station\\\" is missing"),
        ("/api/v1/observations?station=jamsoo&kind=river_stage".to_owned(), "did you mean \\\"jamsu\\\"?"),
        ("/api/v1/observations?station=jamsu&kind=rain".to_owned(), "write one of: river_stage"),
        (format!("{ask}&form=2017-07-10T12:00:00Z"), "did you mean \\\"from\\\"?"),
        (format!("{ask}&colour=red"), "known parameters: station, kind, from, to, limit"),
        (format!("{ask}&from=yesterday"), "2026-07-08T11:31:00Z"),
        (format!("{ask}&from=2017-07-10T12:00:00"), "offset from UTC"),
        (format!("{ask}&limit=0"), "from 1 to 10000"),
        (format!("{ask}&limit=10001"), "from 1 to 10000"),
        (format!("{ask}&limit=1&limit=2"), "stands twice"),
        (format!("{ask}&from=2017-07-11T00:00:00Z&to=2017-07-10T00:00:00Z"), "is not before"),
        (format!("{ask}&from=2016-07-11T00:00:00Z&to=2017-07-10T00:00:00Z"), "31 days"),
        ("/api/v1/alerts?area=seo".to_owned(), "write one of: seoul, seocho"),
        ("/api/v1/alerts?hazard=flood".to_owned(), "write one of: river_flood"),
        ("/api/v1/alerts?state=proposed".to_owned(), "write one of: issued, ended"),
        ("/api/v1/alerts?station=jamsu".to_owned(), "known parameters: area, hazard, state"),
        ("/api/v1/stations?area=nowhere".to_owned(), "write one of"),
        (format!("/api/v1/alerts?{}=1", "x".repeat(5_000)), "known parameters"),
    ] {
        let (status, body) = city.get(&path).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}");
        assert!(body.contains(told) && body.len() < 600, "{path}: {body}");
        let body: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        assert!(body["error"].is_string() && body["remedy"].is_string());
    }
    for path in
        ["/api/v1/alerts/nothing", "/api/v2/alerts", "/metrics", "/readyz", "/api/v1/dead-letters", "/cap/x.xml"]
    {
        let (status, body) = city.get(path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}: operators' paths are not there for the public");
        assert!(body.contains("remedy"));
    }
}

#[tokio::test]
async fn nothing_is_written_through_the_public_web() {
    let city = City::actual();
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
        for path in ["/api/v1/alerts", "/nowhere"] {
            let request = Request::builder().method(&method).uri(path).body(Body::from("x")).expect("request");
            let (status, _) = text(city.public().oneshot(request).await.expect("answer")).await;
            assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn stations_say_their_newest_value_and_how_far_it_is_believed() {
    let mut city = measured(10);
    let stations = city.json("/api/v1/stations?area=seoul").await;
    let list = stations["stations"].as_array().expect("list");
    assert_eq!(list.len(), 1);
    assert_eq!(list[0]["id"], "jamsu");
    assert_eq!(list[0]["affects"], serde_json::json!(["seocho", "yongsan"]));
    let stream = &list[0]["datastreams"][0];
    assert_eq!((&stream["kind"], &stream["value"], &stream["flag"]), (&"river_stage".into(), &0.09.into(), &1.into()));
    assert_eq!(stream["levels"]["watch"], 6.2);
    // Judged again, and said again after a restart.
    let seen = city.observation("jamsu", 9, 0.09);
    let tests = Tests::of([Flag::Pass, Flag::Suspect].into_iter());
    let reflag = Effect::Reflagged { datastream: seen.datastream, time: seen.time, flag: Flag::Suspect, tests };
    let committed =
        crate::web::Committed { now: city.now, transitions: &[], ids: &[], dead_letters: &[], effects: &[reflag] };
    city.shared.spoken(&committed);
    let stream = &city.json("/api/v1/stations?station=jamsu").await["stations"][0]["datastreams"][0];
    assert_eq!(stream["flag"], 3);
    assert_eq!(stream["tests"], serde_json::json!({"gross_range": 1, "rate_of_change": 3}));
    city.restart();
    assert_eq!(city.json("/api/v1/stations?station=jamsu").await["stations"][0]["datastreams"][0]["value"], 0.09);
}

#[tokio::test]
async fn what_helps_an_attacker_is_for_operators() {
    let city = measured(1);
    assert!(!city.get("/api/v1/stations").await.1.contains("auth_failures"));
    let path = "/api/v1/observations?station=jamsu&kind=auth_failures";
    assert_eq!(city.get(path).await.0, StatusCode::BAD_REQUEST);
    assert!(city.get_operator("/api/v1/stations").await.1.contains("auth_failures"));
    assert_eq!(city.get_operator(path).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_parent_area_includes_its_children_and_the_city_everybody() {
    let mut city = City::of(Status::Test, CITY_TEXT);
    let areas = ["seocho", "banpo", "evil", "city"];
    let transitions = areas.map(|area| city.transition(area, 1, Level::Watch, Some(Level::Watch)));
    city.commit(transitions.into(), &[]);
    for (area, expected) in [
        ("seoul", vec!["banpo", "city", "seocho"]),
        ("yongsan", vec!["city"]),
        ("banpo", vec!["banpo", "city"]),
        ("city", vec!["city"]),
    ] {
        let list = city.json(&format!("/api/v1/alerts?area={area}")).await;
        let mut found: Vec<&str> =
            list["alerts"].as_array().expect("list").iter().filter_map(|alert| alert["area"].as_str()).collect();
        found.sort_unstable();
        assert_eq!(found, expected, "{area}");
    }
}

#[tokio::test]
async fn operators_read_what_was_refused_in_pages() {
    let mut city = City::actual();
    let letter = |n: u8| DeadLetter {
        received: Time::parse(START).expect("time"),
        source: format!("bongsu/v1/x{n}/obs"),
        station: None,
        reason: Reason::UnknownStation,
        remedy: "add it to the catalog".into(),
        payload: vec![b'{', 0xff, n],
    };
    city.commit_all(Vec::new(), &[], (0..5).map(letter).collect());
    let (status, body) = city.get_operator("/api/v1/dead-letters?limit=3").await;
    assert_eq!(status, StatusCode::OK);
    let page: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(page["counts"]["unknown_station"], 5);
    assert_eq!(page["dead_letters"][0]["source"], "bongsu/v1/x4/obs");
    let (_, body) = city.get_operator(page["next"].as_str().expect("next")).await;
    let page: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(page["dead_letters"].as_array().map(Vec::len), Some(2));
    assert!(page["next"].is_null());
    let (_, body) = city.get_operator("/api/v1/undecided").await;
    assert!(body.contains("\"undecided\":[]"), "{body}");
}

#[tokio::test]
async fn metrics_count_what_was_heard_and_what_others_count() {
    let mut city = measured(10);
    let issued = city.transition("seocho", 1, Level::Watch, Some(Level::Watch));
    city.commit(vec![issued], &[]);
    city.shared.metrics().counter("mqtt_messages_in", "Messages received", &[("listener", "a")], || 7);
    city.shared.metrics().counter("mqtt_messages_in", "Messages received", &[("listener", "b")], || 8);
    city.shared.metrics().gauge("intake_depth", "Messages that wait", &[], || 2.5);
    city.shared.metrics().commit(std::time::Duration::from_millis(3));
    let (status, text) = city.get_operator("/metrics").await;
    assert_eq!(status, StatusCode::OK);
    for line in [
        "bongsu_observations_total 10",
        "bongsu_transitions_total 1",
        "bongsu_dead_letters_total{reason=\"malformed\"} 0",
        "bongsu_incidents{level=\"watch\",state=\"issued\"} 1",
        "bongsu_commit_seconds_count 1",
        "bongsu_sse_clients 0",
        "bongsu_mqtt_messages_in_total{listener=\"a\"} 7",
        "bongsu_mqtt_messages_in_total{listener=\"b\"} 8",
        "bongsu_intake_depth 2.5",
        "# EOF",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
    }
    assert_eq!(text.matches("# TYPE bongsu_mqtt_messages_in counter").count(), 1);
}

#[tokio::test]
async fn readiness_names_its_reasons() {
    let city = City::actual();
    assert_eq!(city.get_operator("/readyz").await.0, StatusCode::OK);
    city.shared.check("disk", Box::new(|| Some("the disk is full".into())));
    city.shared.check("intake", Box::new(|| None));
    let (status, body) = city.get_operator("/readyz").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(body.contains("the disk is full") && !body.contains("intake"), "{body}");
    city.shared.heartbeat(city.now, "commit fails", None);
    assert!(city.get_operator("/readyz").await.1.contains("commit fails"));
    assert_eq!(city.get("/healthz").await, (StatusCode::OK, "ok\n".into()));
}

#[tokio::test]
async fn every_answer_is_guarded() {
    let city = City::actual();
    for path in ["/", "/api/v1/alerts", "/nowhere", "/alerts/nothing", "/events"] {
        let response = ask(city.public(), path, &[]).await;
        let headers = response.headers();
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
    }
}
