//! Each guard, one by one: what it keeps out is kept out, and what it lets in is let in.

use super::office::Office;
use crate::alert;
use crate::people::role::Role;
use crate::people::totp;
use crate::web::operator::openapi;
use crate::web::operator::{CSRF, Needs, ROUTES, SEEN};
use axum::http::{Method, StatusCode};
use bongsu_rules::incident::policy::ReleaseLine;
use bongsu_rules::incident::{Incident, Policy, Status};
use bongsu_rules::language::Release;
use bongsu_sensors::Level;
use serde_json::{Value, json};
use std::time::Duration;

fn two_persons() -> Policy {
    let line = ReleaseLine { hazard: None, level: Level::Advisory, areas: None, release: Release::TwoPerson };
    Policy { release: vec![line], ..Policy::default() }
}

/// A path of the table with something in its braces.
fn concrete(path: &str) -> String {
    path.split('/').map(|part| if part.starts_with('{') { "1" } else { part }).collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn every_path_asks_for_what_the_table_says() {
    let office = Office::usual();
    for route in ROUTES {
        let path = concrete(route.path);
        let (status, body) = office.send(route.method.clone(), &path, &[], None).await;
        let Needs::Able(ability) = route.needs else {
            assert_ne!(status, StatusCode::FORBIDDEN, "{path}: {body}");
            continue;
        };
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{} {path}: {body}", route.method);
        if path.ends_with("logout") || path.ends_with("events") {
            continue;
        }
        for role in Role::ALL {
            let who = office.enter(&role.name().replace('_', "-")).await;
            let headers = [("cookie", who.cookie.as_str()), (CSRF, &who.csrf)];
            let (status, body) = office.send(route.method.clone(), &path, &headers, None).await;
            let refused = status == StatusCode::FORBIDDEN && body.contains("may not do this");
            assert_eq!(refused, !role.may(ability), "{} {path} for {role:?}: {status} {body}", route.method);
            assert!(!status.is_server_error(), "{path}: {body}");
        }
    }
}

#[test]
fn the_description_names_what_is_served() {
    let document: Value = serde_json::from_str(openapi::text()).expect("JSON");
    let paths = document["paths"].as_object().expect("paths");
    for (path, methods) in paths {
        for method in methods.as_object().expect("methods").keys() {
            let is_it = |route: &&super::super::operator::Route| {
                route.path == path && route.method.as_str().eq_ignore_ascii_case(method)
            };
            assert!(ROUTES.iter().any(|route| is_it(&route)), "{method} {path} is described and not served");
        }
    }
    let mut names = std::collections::BTreeSet::new();
    for route in ROUTES.iter().filter(|route| route.path.starts_with("/api/v1/")) {
        let method = route.method.as_str().to_ascii_lowercase();
        let operation = paths.get(route.path).and_then(|path| path.get(&method));
        let name = operation.and_then(|operation| operation["operationId"].as_str());
        assert!(name.is_some_and(|name| names.insert(name)), "{method} {}: {name:?}", route.path);
    }
}

#[tokio::test]
async fn who_saw_what_is_written_down_and_not_each_time() {
    for (path, _) in SEEN {
        assert!(ROUTES.iter().any(|route| route.path == *path && route.method == Method::GET), "{path}");
    }
    let office = Office::usual();
    office.rises("banpo", 2.5).await;
    let (viewer, approver) = (office.enter("viewer").await, office.enter("approver").await);
    let incident = office.incident(&viewer, "yongsan").await;
    for _ in 0..5 {
        office.detail(&viewer, &incident).await;
        office.get(&viewer, "/api/v1/stations").await;
    }
    office.detail(&approver, &incident).await;
    // Who may not see it has not seen it, and what is not there was seen by nobody.
    let headers = [("cookie", viewer.cookie.as_str())];
    assert_eq!(office.send(Method::GET, "/api/v1/audit", &headers, None).await.0, StatusCode::FORBIDDEN);
    assert_eq!(office.send(Method::GET, "/api/v1/alerts/nothing", &headers, None).await.0, StatusCode::NOT_FOUND);
    office.get(&approver, "/api/v1/reports").await;
    office.settle().await;
    let audit = office.get(&approver, "/api/v1/audit").await;
    let entry = |entry: &Value| {
        let text = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
        (text("who"), text("action"), text("subject"), text("from_address"))
    };
    let seen: Vec<_> = audit["entries"].as_array().expect("entries").iter().rev().map(entry).collect();
    let of = |who: &str, action: &str, subject: &str| {
        (who.to_owned(), action.to_owned(), subject.to_owned(), "unknown".to_owned())
    };
    let expected = [
        of("viewer", "alert.list", ""),
        of("viewer", "alert.view", &incident),
        of("approver", "alert.view", &incident),
        of("approver", "report.list", ""),
    ];
    assert_eq!(seen, expected);
    assert_eq!(office.reader().verify_audit(None).expect("verified").faults, Vec::<String>::new());
}

#[tokio::test]
async fn a_session_cannot_be_forged() {
    let office = Office::usual();
    let who = office.enter("viewer").await;
    let ask = async |cookie: String| {
        let (status, _) = office.send(Method::GET, "/api/v1/me", &[("cookie", &cookie)], None).await;
        status
    };
    assert_eq!(ask(who.cookie.clone()).await, StatusCode::OK);
    let digest = crate::people::digest(who.cookie.split_once('=').expect("a pair").1);
    for forged in [
        "bongsu_session=".to_owned(),
        format!("bongsu_session={}", "0".repeat(64)),
        // What the store holds opens nothing.
        format!("bongsu_session={}", crate::store::audit::hex(&digest)),
        who.cookie.replace("bongsu_session", "other"),
        format!("{}0", who.cookie),
    ] {
        assert_eq!(ask(forged.clone()).await, StatusCode::UNAUTHORIZED, "{forged}");
    }
    let headers = [("cookie", who.cookie.as_str()), ("authorization", "Bearer nothing")];
    let (status, _) = office.send(Method::GET, "/api/v1/me", &headers, None).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED, "a wrong token is not made good by a cookie");
    let (status, _) = office.post(&who, "/api/v1/logout", json!({})).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(ask(who.cookie).await, StatusCode::UNAUTHORIZED, "after the logout");
}

#[tokio::test]
async fn a_session_ends_after_a_shift_and_when_nobody_uses_it() {
    let office = Office::usual();
    let who = office.enter("viewer").await;
    let secret = who.cookie.split_once('=').expect("a pair").1;
    let (people, begins) = (&office.desk.people, office.desk.now());
    let is_in = |after: Duration| people.of_session(secret, begins + after).is_some();
    let hours = |hours: u64| Duration::from_secs(hours * 3600);
    assert!(is_in(hours(1)) && is_in(hours(2)), "it is used");
    assert!(!is_in(hours(5)), "nobody used it for three hours");
    let who = office.enter("viewer").await;
    let secret = who.cookie.split_once('=').expect("a pair").1;
    let is_in = |after: Duration| people.of_session(secret, begins + after).is_some();
    assert!((1..12).all(|hour| is_in(hours(hour))) && !is_in(hours(13)), "however busy it was");
}

#[tokio::test]
async fn an_approval_is_for_the_words_in_every_language_the_city_speaks() {
    let office = Office::usual();
    office.rises("banpo", 2.5).await;
    let who = office.enter("approver").await;
    let id = office.incident(&who, "yongsan").await;
    let incident = office.desk.shared.incident(&id).expect("it lives").transition.incident.clone();
    let hash = |incident: &Incident| office.desk.preview_of(incident).expect("proposed").hash;
    let shown = office.detail(&who, &id).await;
    assert_eq!(shown["proposal_hash"], hash(&incident));
    for language in ["ko", "en", "zh", "ja"] {
        let texts = &shown["preview"][language];
        assert!(["instruction", "plain", "speech"].iter().all(|name| texts[name].is_string()), "{texts}");
        for limit in alert::text::LENGTHS {
            let length = texts[format!("text_{limit}_length")].as_u64().expect("a length");
            assert!(length > 0 && length <= limit as u64, "{texts}");
        }
        let mut other = incident.clone();
        let words = other.words.entry(Level::Watch).or_default();
        words.instruction.insert(language.to_owned(), "go somewhere else".to_owned());
        assert_ne!(hash(&other), hash(&incident), "{language}");
    }
    assert_eq!(shown["sending_class"], "안전안내문자");
    let mut other = incident.clone();
    other
        .words
        .entry(Level::Watch)
        .or_default()
        .headline
        .insert("fr".to_owned(), "a language nobody is told".to_owned());
    assert_eq!(hash(&other), hash(&incident));
}

#[tokio::test]
async fn another_sites_page_changes_nothing() {
    let office = Office::usual();
    office.rises("banpo", 2.5).await;
    let who = office.enter("operator").await;
    let incident = office.incident(&who, "yongsan").await;
    let path = format!("/api/v1/alerts/{incident}/ack");
    let ack = |headers: Vec<(&'static str, String)>| {
        let (office, path, cookie) = (&office, path.clone(), who.cookie.clone());
        async move {
            let mut all: Vec<(&str, &str)> = vec![("cookie", &cookie)];
            all.extend(headers.iter().map(|(name, value)| (*name, value.as_str())));
            office.send(Method::POST, &path, &all, Some(json!({}))).await.0
        }
    };
    let csrf = || (CSRF, who.csrf.clone());
    assert_eq!(ack(vec![]).await, StatusCode::FORBIDDEN, "without the word");
    assert_eq!(ack(vec![(CSRF, "0".repeat(64))]).await, StatusCode::FORBIDDEN, "with a wrong word");
    for origin in ["https://evil.example", "null", "https://console.city.evil.example"] {
        let status = ack(vec![csrf(), ("origin", origin.into())]).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{origin}");
    }
    assert_eq!(ack(vec![csrf(), ("origin", "https://console.city".into())]).await, StatusCode::OK);
    // A form of another site can say only text, and only so.
    let headers = [("cookie", who.cookie.as_str()), (CSRF, &who.csrf), ("content-type", "text/plain")];
    let (status, _) = office.send(Method::POST, &path, &headers, None).await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn two_persons_must_agree_where_the_city_says_so() {
    let office = Office::open(Status::Actual, two_persons());
    office.rises("banpo", 2.5).await;
    let (first, second) = (office.enter("approver").await, office.enter("second").await);
    let incident = office.incident(&first, "yongsan").await;
    assert_eq!(office.detail(&first, &incident).await["required"], "two");
    let (status, body) = office.approve(&first, &incident, json!({})).await;
    assert_eq!((status, &body["needs_second"]), (StatusCode::OK, &json!(true)));
    let again = office.enter("approver").await;
    assert_eq!(office.approve(&again, &incident, json!({})).await.0, StatusCode::CONFLICT, "the same account");
    let (status, body) = office.approve(&second, &incident, json!({})).await;
    assert_eq!((status, &body["state"]), (StatusCode::OK, &json!("issued")));
}

#[tokio::test]
async fn an_approval_names_what_was_seen() {
    let office = Office::usual();
    office.rises("banpo", 2.5).await;
    let who = office.enter("approver").await;
    let incident = office.incident(&who, "yongsan").await;
    let old = office.detail(&who, &incident).await["proposal_hash"].clone();
    office.rises("banpo", 3.5).await;
    let path = format!("/api/v1/alerts/{incident}/approve");
    for hash in [old, json!(""), json!("0".repeat(64))] {
        let (status, body) = office.post(&who, &path, json!({ "hash": hash })).await;
        assert_eq!(status, StatusCode::CONFLICT, "{body}");
    }
    let now = office.detail(&who, &incident).await["proposal_hash"].clone();
    let (status, _) = office.post(&who, &path, json!({ "hash": now })).await;
    assert_eq!(status, StatusCode::OK);
    let (status, _) = office.post(&who, &path, json!({ "hash": now })).await;
    assert_eq!(status, StatusCode::CONFLICT, "sent again");
    let said = office.reader().transitions_of(&incident, 100).expect("history");
    assert_eq!(said.iter().filter(|(_, said)| said.message.is_some()).count(), 1);
}

#[tokio::test]
async fn who_reaches_many_types_how_many_they_are() {
    let office = Office::usual();
    office.rises("jamsu", 2.5).await;
    let who = office.enter("approver").await;
    let incident = office.incident(&who, "seocho").await;
    let detail = office.detail(&who, &incident).await;
    assert_eq!((&detail["population"], &detail["type_population"]), (&json!(400_000), &json!(true)));
    assert_eq!(office.approve(&who, &incident, json!({})).await.0, StatusCode::CONFLICT);
    assert_eq!(office.approve(&who, &incident, json!({ "population": 40_000 })).await.0, StatusCode::CONFLICT);
    assert_eq!(office.approve(&who, &incident, json!({ "population": 400_000 })).await.0, StatusCode::OK);
}

#[tokio::test]
async fn an_area_without_a_shape_is_not_approved_unseen() {
    let office = Office::usual();
    office.rises("lost", 2.5).await;
    let who = office.enter("approver").await;
    let incident = office.incident(&who, "lost").await;
    let (status, body) = office.approve(&who, &incident, json!({})).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(body["error"].as_str().is_some_and(|error| error.contains("no shape")), "{body}");
    assert_eq!(office.approve(&who, &incident, json!({ "without_geometry": true })).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_role_does_what_it_may_and_no_more() {
    let office = Office::usual();
    office.rises("banpo", 2.5).await;
    let who = office.enter("operator").await;
    let incident = office.incident(&who, "yongsan").await;
    assert_eq!(office.approve(&who, &incident, json!({})).await.0, StatusCode::FORBIDDEN);
    let until = bongsu_sensors::Time::parse("2026-07-08T10:00:00Z").expect("time");
    let silence = |covers: &str| json!({ "area": "yongsan", "covers": covers, "until": until, "reason": "cleaning" });
    assert_eq!(office.post(&who, "/api/v1/silences", silence("warning")).await.0, StatusCode::FORBIDDEN);
    let (status, previewed) = office.post(&who, "/api/v1/silences/preview", silence("watch")).await;
    assert_eq!((status, &previewed["incidents"]), (StatusCode::OK, &json!([incident])));
    assert_eq!(office.post(&who, "/api/v1/silences", silence("watch")).await.0, StatusCode::OK);
    let silences = office.get(&who, "/api/v1/silences").await;
    assert_eq!(silences["silences"][0]["by"], "operator");
    assert_eq!(office.detail(&who, &incident).await["silenced"]["reason"], "cleaning");
    // An exercise is ended by its own path, and nothing else is.
    let end = format!("/api/v1/exercises/{incident}/end");
    assert_eq!(office.post(&who, &end, json!({ "reason": "x" })).await.0, StatusCode::NOT_FOUND);
    // A session that was opened as an administrator ends when the role does.
    let admin = office.enter("admin").await;
    let (status, _) = office.post(&admin, "/api/v1/users/operator/disable", json!({})).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let (status, _) = office.send(Method::GET, "/api/v1/me", &[("cookie", &who.cookie)], None).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_exercise_reaches_no_citizen() {
    let office = Office::usual();
    let (operator, approver) = (office.enter("operator").await, office.enter("approver").await);
    let exercise = json!({ "hazard": "river_flood", "area": "seocho", "level": "warning", "reason": "drill" });
    let (status, body) = office.post(&operator, "/api/v1/exercises", exercise).await;
    assert_eq!((status, &body["state"]), (StatusCode::OK, &json!("proposed")));
    let id = body["incident"].as_str().expect("a name").to_owned();
    let detail = office.detail(&approver, &id).await;
    assert_eq!((&detail["status"], &detail["channels"]), (&json!("Exercise"), &json!(["exercise"])));
    let headline = detail["preview"]["ko"]["headline"].as_str().expect("a line").to_owned();
    assert!(headline.contains("훈련"), "{headline}");
    assert_eq!(office.approve(&approver, &id, json!({})).await.1["state"], "issued");
    let public = crate::web::public(office.desk.shared.clone(), tokio_util::sync::CancellationToken::new());
    for path in ["/", "/api/v1/alerts", &format!("/alerts/{id}"), &format!("/api/v1/alerts/{id}")] {
        let (_, body) = super::city::text(super::city::ask(public.clone(), path, &[]).await).await;
        assert!(!body.replace(&format!("no incident \\\"{id}"), "").contains("warning\""), "{path}: {body}");
        assert!(!body.contains("훈련"), "{path}: {body}");
    }
    let on = office.get(&operator, "/api/v1/exercises").await;
    assert_eq!(on["exercises"][0]["incident"], json!(id));
    let end = format!("/api/v1/exercises/{id}/end");
    assert_eq!(office.post(&operator, &end, json!({ "reason": "done" })).await.1["state"], "ended");
}

#[tokio::test]
async fn the_first_comes_by_a_link_and_the_second_finds_it_used() {
    let office = Office::usual();
    let (secret, link) = crate::people::account::invite(None, office.desk.now());
    office.desk.change(vec![link], Vec::new()).await.expect("a link");
    let path = format!("/api/v1/welcome/{secret}");
    let (status, _) = office.send(Method::GET, &path, &[], None).await;
    assert_eq!(status, StatusCode::OK);
    let body = |name: &str, password: &str| Some(json!({ "username": name, "password": password }));
    for (name, password) in [("kim", "short"), ("K!", "correct horse battery"), ("admin", "correct horse battery")] {
        let (status, _) = office.send(Method::POST, &path, &[], body(name, password)).await;
        assert!(status.is_client_error(), "{name}");
    }
    let both = tokio::join!(
        office.send(Method::POST, &path, &[], body("kim", "correct horse battery")),
        office.send(Method::POST, &path, &[], body("lee", "correct horse battery")),
    );
    let good = [both.0.0, both.1.0].iter().filter(|status| **status == StatusCode::OK).count();
    assert_eq!(good, 1, "{both:?}");
    assert_eq!(office.send(Method::GET, &path, &[], None).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_login_asks_for_password_and_code_and_slows_down_who_guesses() {
    let office = Office::usual();
    let hash = office.desk.passwords.hash("correct horse battery".into()).await.expect("hash");
    let password = crate::store::people::Change::Password { username: "operator".into(), hash };
    office.desk.change(vec![password], Vec::new()).await.expect("a password");
    let login = |password: &'static str, code: Option<String>| {
        let office = &office;
        async move {
            let body = json!({ "username": "operator", "password": password, "code": code });
            office.send(Method::POST, "/api/v1/login", &[], Some(body)).await.0
        }
    };
    assert_eq!(login("correct horse battery", None).await, StatusCode::OK);
    let secret = totp::secret();
    let on = crate::store::people::Change::Totp { username: "operator".into(), secret: Some(secret.clone()), step: 0 };
    office.desk.change(vec![on], Vec::new()).await.expect("codes");
    assert_eq!(login("correct horse battery", None).await, StatusCode::UNAUTHORIZED, "without the code");
    let code = || Some(totp::shown(&secret, office.desk.now().millis()));
    let shown = code();
    assert_eq!(login("correct horse battery", shown.clone()).await, StatusCode::OK);
    assert_eq!(login("correct horse battery", shown).await, StatusCode::UNAUTHORIZED, "the same code again");
    for _ in 0..5 {
        login("wrong horse battery", None).await;
    }
    assert_eq!(login("wrong horse battery", None).await, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn a_machine_token_does_what_its_role_may_until_it_is_taken_back() {
    let office = Office::usual();
    let admin = office.enter("admin").await;
    let made = json!({ "label": "wall", "role": "viewer", "days": 30 });
    let (_, made) = office.post(&admin, "/api/v1/tokens", made).await;
    let bearer = format!("Bearer {}", made["token"].as_str().expect("a secret"));
    let ask = |path: &'static str| {
        let (office, bearer) = (&office, bearer.clone());
        async move { office.send(Method::GET, path, &[("authorization", &bearer)], None).await.0 }
    };
    assert_eq!(ask("/api/v1/alerts").await, StatusCode::OK);
    assert_eq!(ask("/api/v1/users").await, StatusCode::FORBIDDEN);
    let (status, _) = office.post(&admin, "/api/v1/tokens", json!({ "label": "root", "role": "admin" })).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "a token lets nobody in");
    let path = format!("/api/v1/tokens/{}", made["id"]);
    let headers = [("cookie", admin.cookie.as_str()), (CSRF, &admin.csrf)];
    assert_eq!(office.send(Method::DELETE, &path, &headers, None).await.0, StatusCode::NO_CONTENT);
    assert_eq!(ask("/api/v1/alerts").await, StatusCode::UNAUTHORIZED);
}

#[test]
fn a_cookie_that_came_over_tls_never_travels_without_it() {
    let check = |console: &str, headers: &[(&'static str, &str)], expect: bool| {
        let settings = crate::web::Settings {
            store: "city.db".into(),
            basemap: "basemap".into(),
            base_url: "https://warning.example.city".into(),
            operator_url: console.into(),
            sender_name: "Bongsu".into(),
            languages: vec!["ko".into()],
            status: Status::Test,
        };
        let pairs = headers.iter().map(|(name, value)| {
            let name = axum::http::HeaderName::from_static(name);
            (name, axum::http::HeaderValue::from_str(value).expect("a value"))
        });
        let found = crate::web::Shared::new(settings).is_secure(&pairs.collect());
        assert_eq!(found, expect, "{console} {headers:?}");
    };
    check("https://console.city", &[("host", "console.city")], true);
    check("https://console.city", &[("host", "127.0.0.1:8081")], false);
    check("http://127.0.0.1:8081", &[("host", "127.0.0.1:8081")], false);
    check("http://127.0.0.1:8081", &[("host", "console.city"), ("x-forwarded-proto", "https")], true);
}
