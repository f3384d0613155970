//! What must never reach the public plane does not, by any path.

use super::city::{CITY_TEXT, City, ask, text};
use axum::body::to_bytes;
use axum::http::StatusCode;
use bongsu_rules::incident::{State, Status, Transition};
use bongsu_rules::language::Audience;
use bongsu_sensors::Level;
use std::time::Duration;

/// Everything the public plane says, all paths together, beginning with what a stream says to one who resumes at 0.
async fn everything(city: &City, incident: &str) -> String {
    let paths = [
        "/".to_owned(),
        "/?lang=en".to_owned(),
        format!("/alerts/{incident}"),
        "/api/v1/alerts".to_owned(),
        format!("/api/v1/alerts/{incident}"),
        "/api/v1/alerts?state=issued".to_owned(),
        "/api/v1/alerts?area=seoul".to_owned(),
        "/feed.atom".to_owned(),
        format!("/cap/{incident}.1.xml"),
        format!("/cap/{incident}.2.xml"),
    ];
    let mut said = String::new();
    for path in paths {
        let (status, body) = text(ask(city.public(), &path, &[]).await).await;
        // Where a thing cannot be seen the answer repeats the name that was asked for, and nothing more.
        said.push_str(&if status == StatusCode::NOT_FOUND { body.replace(incident, "") } else { body });
    }
    for start in ["/events", "/events?last_event_id=0"] {
        let response = ask(city.public(), start, &[]).await;
        let body = to_bytes(response.into_body(), 1 << 20);
        // The stream does not end by itself: the web is dropped with the city, and what was said until then counts.
        let stop = tokio::time::timeout(Duration::from_millis(300), body).await;
        assert!(stop.is_err(), "{start} ended");
        said.push_str(&super::events::first(city, start).await);
    }
    said
}

/// The same after a restart, when everything comes from the store.
async fn check_hidden(mut city: City, transition: Transition) {
    let incident = transition.incident.id.clone();
    city.commit(vec![transition], &[]);
    assert!(!everything(&city, &incident).await.contains(&incident));
    let (status, _) = city.get(&format!("/api/v1/alerts/{incident}")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(city.get_operator("/api/v1/alerts").await.1.contains(&incident), "operators see it");
    city.restart();
    assert!(!everything(&city, &incident).await.contains(&incident), "after a restart");
    assert!(city.get_operator("/api/v1/alerts").await.1.contains(&incident), "operators see it after a restart");
}

#[tokio::test]
async fn operators_incidents_are_not_public() {
    let city = City::actual();
    let mut transition = city.transition("seocho", 1, Level::Watch, Some(Level::Watch));
    transition.incident.audience = Audience::Operators;
    check_hidden(city, transition).await;
}

#[tokio::test]
async fn what_is_only_proposed_or_raised_is_not_public() {
    let city = City::actual();
    let proposed = city.transition("seocho", 0, Level::Warning, None);
    check_hidden(city, proposed).await;
    let city = City::actual();
    let mut raised = city.transition("seocho", 0, Level::Warning, None);
    raised.incident.state = State::Raised;
    check_hidden(city, raised).await;
}

#[tokio::test]
async fn an_exercise_is_not_public_where_things_are_meant() {
    let city = City::actual();
    let mut transition = city.transition("seocho", 1, Level::Watch, Some(Level::Watch));
    transition.incident.status = Status::Exercise;
    check_hidden(city, transition).await;
}

/// Without this, the tests above could pass because nothing is ever said.
#[tokio::test]
async fn what_is_issued_is_public_on_every_path() {
    let mut city = City::actual();
    let transition = city.transition("seocho", 1, Level::Watch, Some(Level::Watch));
    let incident = transition.incident.id.clone();
    city.commit(vec![transition], &[]);
    for round in ["live", "after a restart"] {
        for path in ["/", "/api/v1/alerts", "/feed.atom", "/api/v1/alerts?area=seoul&hazard=river_flood&state=issued"] {
            assert!(city.get(path).await.1.contains(&incident), "{path} {round}");
        }
        for path in
            [format!("/alerts/{incident}"), format!("/api/v1/alerts/{incident}"), format!("/cap/{incident}.1.xml")]
        {
            assert_eq!(city.get(&path).await.0, StatusCode::OK, "{path} {round}");
        }
        for path in ["/events", "/events?last_event_id=0"] {
            assert!(super::events::first(&city, path).await.contains(&incident), "{path} {round}");
        }
        city.restart();
    }
}

#[tokio::test]
async fn while_a_rise_is_proposed_the_issued_level_and_its_evidence_stay_public() {
    let mut city = City::actual();
    let issued = city.transition("seocho", 1, Level::Watch, Some(Level::Watch));
    let mut proposed = city.transition("seocho", 1, Level::Warning, None);
    proposed.incident.issued.clone_from(&issued.message);
    proposed.incident.evidence[0].value = Some(6.9);
    city.commit(vec![issued], &[]);
    city.commit(vec![proposed], &[]);
    for _ in 0..2 {
        let list = city.json("/api/v1/alerts").await;
        let alert = &list["alerts"][0];
        assert_eq!((&alert["level"], &alert["state"]), (&"watch".into(), &"issued".into()));
        assert_eq!(alert["evidence"][0]["value"], 6.25, "the proposal's evidence is the operators'");
        assert!(!everything(&city, "river_flood-seocho-20170710T120000Z").await.contains("6.9"));
        let (_, desk) = city.get_operator("/api/v1/alerts").await;
        assert!(desk.contains("\"state\":\"proposed\"") && desk.contains("6.9"), "{desk}");
        city.restart();
    }
}

#[tokio::test]
async fn an_incident_that_became_the_operators_own_leaves_the_public_plane() {
    let mut city = City::actual();
    let issued = city.transition("seocho", 1, Level::Watch, Some(Level::Watch));
    let mut own = city.transition("seocho", 2, Level::Advisory, Some(Level::Advisory));
    own.incident.audience = Audience::Operators;
    city.commit(vec![issued, own], &[]);
    for _ in 0..2 {
        assert_eq!(city.json("/api/v1/alerts").await["alerts"].as_array().map(Vec::len), Some(0));
        assert_eq!(city.get("/alerts/river_flood-seocho-20170710T120000Z").await.0, StatusCode::NOT_FOUND);
        assert_eq!(city.get("/cap/river_flood-seocho-20170710T120000Z.1.xml").await.0, StatusCode::NOT_FOUND);
        assert!(!city.get("/feed.atom").await.1.contains("<entry>"));
        city.restart();
    }
}

#[tokio::test]
async fn an_exercise_shows_its_incidents_clearly_marked() {
    let mut city = City::of(Status::Exercise, CITY_TEXT);
    let transition = city.transition("seocho", 1, Level::Watch, Some(Level::Watch));
    city.commit(vec![transition], &[]);
    let list = city.json("/api/v1/alerts").await;
    assert_eq!(list["alerts"][0]["status"], "Exercise");
    assert_eq!(list["alerts"][0]["headline"]["ko"], "[훈련] 서초구 잠수교 하천 범람 위험");
    let (_, page) = city.get("/?lang=ko").await;
    assert!(page.contains("훈련입니다") && page.contains("<title>[훈련] "), "{page}");
    let (_, page) = city.get("/?lang=en").await;
    assert!(page.contains("EXERCISE. Nothing on this page is real.") && page.contains("[EXERCISE] Danger"));
}

#[tokio::test]
async fn what_ended_is_shown_for_two_days_and_its_page_for_ever() {
    let mut city = City::actual();
    let first = city.transition("seocho", 1, Level::Watch, Some(Level::Watch));
    city.commit(vec![first], &[]);
    city.pass(60);
    let last = city.transition("seocho", 2, Level::None, Some(Level::None));
    city.commit(vec![last], &[]);
    let list = city.json("/api/v1/alerts?state=ended").await;
    assert_eq!(list["alerts"][0]["level"], "none");
    let (_, page) = city.get("/?lang=en").await;
    assert!(page.contains("There is no alert now.") && page.contains("Over: river flooding"), "{page}");
    city.pass(49 * 60);
    for _ in 0..2 {
        assert_eq!(city.json("/api/v1/alerts").await["alerts"].as_array().map(Vec::len), Some(0));
        let (status, page) = city.get("/alerts/river_flood-seocho-20170710T120000Z?lang=en").await;
        assert_eq!(status, StatusCode::OK);
        assert!(page.contains("Over: river flooding") && page.contains("Danger: river flooding"), "{page}");
        city.restart();
    }
}
