//! The pages beside the situation: all of them in every language, light, honest and safe; what is near as it stands.

use super::city::{CITY_TEXT, City, ask, text};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use bongsu_rules::incident::{Message, MessageType, State, Status};
use bongsu_sensors::Level;
use std::collections::BTreeSet;
use tower::ServiceExt;

/// Every page of the public plane that needs no identity.
const PAGES: [&str; 8] = ["/", "/near", "/guide", "/subscribe", "/report", "/history", "/accessibility", "/portal"];

/// Weight of a page.
const PAGE_BYTES: usize = 30_000;

fn with_places() -> City {
    let places = r#"
[[shelter]]
name = { ko = "반포초등학교", en = "Banpo School" }
position = [37.505, 127.0]
area = "seocho"
people = 400

[[station]]
id = "kiosk"
name = { ko = "<b>대여소</b>", en = "<b>Kiosk</b>" }
position = [37.51, 127.0]
area = "banpo"
datastream = [{ kind = "charger_available" }, { kind = "charger_slots" }]

[[station]]
id = "site"
name = { ko = "와이파이", en = "Square" }
position = [37.52, 127.0]
area = "evil"
datastream = [{ kind = "wifi_up" }]
"#;
    City::of(Status::Actual, &format!("{CITY_TEXT}{places}"))
}

fn ids(page: &str) -> Vec<&str> {
    page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[tokio::test]
async fn every_page_is_light_and_safe_in_every_language() {
    let mut city = with_places();
    let transition = city.transition("evil", 1, Level::Warning, Some(Level::Warning));
    city.commit(vec![transition], &[]);
    for path in PAGES {
        for lang in ["ko", "en", "zh"] {
            let response = ask(city.public(), &format!("{path}?lang={lang}&text=large"), &[]).await;
            assert_eq!(response.headers()[header::CONTENT_LANGUAGE], lang);
            let (status, page) = text(response).await;
            assert_eq!(status, StatusCode::OK, "{path}");
            assert!(page.len() <= PAGE_BYTES, "{path}: {} bytes", page.len());
            assert!(page.contains(&format!("<html lang=\"{lang}\" class=\"large\">")), "{path}");
            assert!(!page.contains("<script>") && !page.contains("<img") && !page.contains("<b>"), "{path}: {page}");
            assert_eq!(page.matches("<h1>").count(), 1, "{path}");
            let ids = ids(&page);
            assert_eq!(ids.len(), ids.iter().collect::<BTreeSet<_>>().len(), "{path}: an id stands twice: {ids:?}");
            // The choice of a reader goes along to every other page.
            let links = page.split("<nav class=\"site\"").nth(1).and_then(|rest| rest.split("</nav>").next());
            for link in links.into_iter().flat_map(|links| links.split("href=\"").skip(1)) {
                assert!(link.contains("&amp;text=large"), "{path}: {link}");
            }
            // The air-raid word of Seoul 2023; the agencies' words are looked for by the tidy test.
            assert!(!page.contains("경계"), "{path}");
        }
    }
}

#[tokio::test]
async fn what_is_near_is_told_as_it_stands_or_not_at_all() {
    let mut city = with_places();
    assert!(city.get("/near?lang=en").await.1.contains("banks to borrow Not known (nothing received yet)"));
    let seen = ["charger_available", "charger_slots"].map(|kind| {
        let datastream = city.datastream("kiosk", kind);
        let tests = bongsu_rules::flag::Tests::default();
        bongsu_rules::Observation {
            datastream,
            time: city.now,
            value: Some(3.0),
            flag: bongsu_rules::Flag::Pass,
            tests,
        }
    });
    city.commit(Vec::new(), &seen);
    let wait = || tokio::time::sleep(std::time::Duration::from_millis(1_100));
    wait().await;
    let (_, page) = city.get("/near?lang=en").await;
    assert!(page.contains("banks to borrow 3 · free return slots 3"), "{page}");
    // The kiosk stands in a park, and is listed under the park's district.
    assert!(page.contains("<h3>Seocho-gu</h3>") && page.contains("&lt;b&gt;Kiosk&lt;/b&gt;"), "{page}");
    assert!(page.contains("hidden") && page.contains("/page.js"));
    let places = city.json("/near.json?lang=en").await;
    assert_eq!(places["places"][0]["name"], "Banpo School");
    assert_eq!(places["places"][0]["detail"], "room for 400");
    assert_eq!(places["places"][1]["name"], "<b>Kiosk</b>");
    assert_eq!(places["places"][1]["position"], serde_json::json!([37.51, 127.0]));
    // What was true a while ago says nothing about now.
    city.pass(10);
    wait().await;
    let (_, page) = city.get("/near?lang=en").await;
    assert!(page.contains("banks to borrow Not known (no new value since 10 Jul, 21:00)"), "{page}");
}

#[tokio::test]
async fn history_goes_back_page_by_page() {
    let mut city = City::actual();
    for number in 1..=60 {
        let transition = city.transition("seocho", number, Level::Watch, Some(Level::Watch));
        city.commit(vec![transition], &[]);
    }
    let mut hidden = city.transition("yongsan", 1, Level::Warning, None);
    hidden.incident.area = "banpo".into();
    city.commit(vec![hidden], &[]);
    let (_, page) = city.get("/history?lang=en").await;
    assert_eq!(page.matches("class=\"chip l2\"").count(), 50);
    assert!(!page.contains("Banpo"), "what is only proposed was not issued");
    let older = page.split("&amp;before=").nth(1).and_then(|rest| rest.split('"').next()).expect("a link");
    let (_, page) = city.get(&format!("/history?lang=en&before={older}")).await;
    assert_eq!(page.matches("class=\"chip l2\"").count(), 10);
    assert!(!page.contains("&amp;before="));
}

#[tokio::test]
async fn an_alert_says_who_what_where_and_when_more_comes() {
    let mut city = City::actual();
    let transition = city.transition("seocho", 1, Level::Watch, Some(Level::Watch));
    let id = transition.incident.id.clone();
    city.commit(vec![transition], &[]);
    let (_, page) = city.get(&format!("/alerts/{id}?lang=en")).await;
    let order = [
        "From <strong>Bongsu &amp; &lt;City&gt;",
        "<h1>",
        "class=\"do\"",
        "Seocho-gu</dd>",
        "Since</dt>",
        "Next update</dt>",
    ];
    let found: Vec<usize> =
        order.iter().map(|part| page.find(part).unwrap_or_else(|| panic!("{part}: {page}"))).collect();
    assert!(found.is_sorted(), "{found:?}");
    assert!(page.contains("at the latest <time datetime=\"2017-07-10T17:00:00Z\">"), "{page}");
    let over = city.transition("seocho", 2, Level::None, Some(Level::None));
    city.commit(vec![over], &[]);
    city.pass(1);
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let (_, page) = city.get(&format!("/alerts/{id}?lang=en")).await;
    assert!(page.contains("Over</span><h1>Over: ") && !page.contains("Next update"), "{page}");
}

#[tokio::test]
async fn areas_are_geojson_and_the_scripts_are_there() {
    let city = City::actual();
    let areas = city.json("/api/v1/areas").await;
    assert_eq!(
        (areas["type"].as_str(), areas["features"].as_array().map(Vec::len)),
        (Some("FeatureCollection"), Some(5))
    );
    assert_eq!(areas["features"][1]["properties"]["parent"], "seoul");
    for path in ["/page.js", "/form.js", "/worker.js"] {
        let response = ask(city.public(), path, &[]).await;
        assert_eq!(
            (response.status(), &response.headers()[header::CONTENT_TYPE]),
            (StatusCode::OK, &"text/javascript; charset=utf-8".parse().expect("header"))
        );
    }
}

#[tokio::test]
async fn operators_look_at_the_past_and_take_values_away() {
    let mut city = City::actual();
    let observations: Vec<_> = (0..60).map(|n| city.observation("jamsu", n, 5.0 + n as f64 / 10.0)).collect();
    for (minute, observation) in observations.iter().enumerate() {
        city.commit(Vec::new(), std::slice::from_ref(observation));
        assert!(minute < 60);
        city.pass(1);
    }
    let (_, then) = city.get_operator("/api/v1/stations?station=jamsu&at=2017-07-10T12:30:00Z").await;
    let then: serde_json::Value = serde_json::from_str(&then).expect("JSON");
    assert_eq!(then["time"], "2017-07-10T12:30:00Z");
    assert_eq!(then["stations"][0]["datastreams"][0]["value"], 8.0);
    assert_eq!(then["stations"][0]["upstream"], serde_json::json!([]));
    let (status, _) = city.get("/api/v1/stations?at=2017-07-10T12:30:00Z").await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "the past of a whole city is read from the store: for operators");
    let path = "/api/v1/observations?station=jamsu&kind=river_stage&format=csv&limit=2&from=2017-07-10T12:00:00Z";
    let response = ask(city.public(), path, &[]).await;
    assert!(response.headers()[header::CONTENT_TYPE].to_str().expect("text").starts_with("text/csv"));
    let table = "time,station,kind,value\n2017-07-10T12:00:00Z,jamsu,river_stage,5\n2017-07-10T12:01:00Z,jamsu,river_stage,5.1\n";
    assert_eq!(text(response).await.1, table);
}

/// Sends a body to the public plane.
async fn send(city: &City, path: &str, media: &str, body: &str) -> (StatusCode, String) {
    let request = Request::builder().method("POST").uri(path).header(header::CONTENT_TYPE, media);
    let request = request.body(Body::from(body.to_owned())).expect("request");
    text(city.public().oneshot(request).await.expect("answer")).await
}

#[tokio::test]
async fn a_form_that_cannot_be_taken_comes_back_as_it_was() {
    const FORM: &str = "application/x-www-form-urlencoded";
    let city = City::actual();
    let typed = "area=seocho&hazard=river_flood&device=0123456789abcdef&lang=en&text=large";
    let (status, page) = send(&city, "/api/v1/reports", FORM, typed).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(page.contains("<html lang=\"en\" class=\"large\">") && page.contains("id=\"wrong-sight\""), "{page}");
    assert!(
        page.contains("<option value=\"seocho\" selected>") && page.contains("<option value=\"river_flood\" selected>")
    );
    // A program reads what is wrong as JSON.
    let (status, said) = send(&city, "/api/v1/reports", "application/json", "{\"area\":\"seocho\"}").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(said.contains("`what` is missing"), "{said}");
    // What was seen is good, and the hazard of a form follows from it; here nobody can store it.
    let (status, page) =
        send(&city, "/api/v1/reports", FORM, &format!("{typed}&sight=depth.knee").replace("river_flood", "")).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.contains("It cannot be stored now") && page.contains("value=\"depth.knee\" checked"), "{page}");
    let hostile = "address=%22%3E%3Cscript%3E&areas=%3Cscript%3E&lang=ko";
    let (status, page) = send(&city, "/api/v1/subscriptions", FORM, hostile).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(page.contains("목록에서 지역을 고르세요.") && !page.contains("<script>"), "{page}");
}

#[tokio::test]
async fn links_of_an_alert_fill_in_what_they_know() {
    let mut city = City::actual();
    let transition = city.transition("banpo", 1, Level::Watch, Some(Level::Watch));
    let id = transition.incident.id.clone();
    city.commit(vec![transition], &[]);
    let (_, page) = city.get(&format!("/alerts/{id}?lang=en")).await;
    let link = "/report?lang=en&amp;area=banpo&amp;hazard=river_flood";
    assert!(page.contains(link), "{page}");
    let (_, page) = city.get(&link.replace("&amp;", "&")).await;
    assert!(
        page.contains("<option value=\"banpo\" selected>") && page.contains("<option value=\"river_flood\" selected>")
    );
    let (_, page) = city.get("/report?lang=en&area=%3Cscript%3E&hazard=nothing").await;
    assert!(!page.contains(" selected"), "{page}");
    // A city that writes no letters says so instead of showing a form that does nothing.
    let (_, page) = city.get("/subscribe?lang=en&area=banpo").await;
    assert!(page.contains("sends no e-mails") && page.contains("/feed.atom") && !page.contains("<form"), "{page}");
}

#[tokio::test]
async fn what_was_a_mistake_is_withdrawn_and_not_over() {
    let mut city = City::actual();
    let said = city.transition("seocho", 1, Level::Watch, Some(Level::Watch));
    let id = said.incident.id.clone();
    let mut back = city.transition("seocho", 2, Level::None, Some(Level::None));
    let cancel = |message: &mut Message| message.msg_type = MessageType::Cancel;
    back.incident.state = State::Cancelled;
    back.incident.issued.iter_mut().chain(back.message.iter_mut()).for_each(cancel);
    city.commit(vec![said], &[]);
    city.commit(vec![back], &[]);
    let (_, page) = city.get(&format!("/alerts/{id}?lang=en")).await;
    assert!(page.contains("Withdrawn</span><h1>Withdrawn: river flooding"), "{page}");
    assert!(page.contains("sent by mistake") && !page.contains("Over"), "{page}");
    let (_, page) = city.get("/?lang=ko").await;
    assert!(page.contains("알림 취소") && !page.contains("상황 종료"), "{page}");
    let alert = city.json(&format!("/api/v1/alerts/{id}")).await;
    assert_eq!((&alert["alert"]["state"], &alert["alert"]["level"]), (&"cancelled".into(), &"none".into()));
    let (_, feed) = city.get("/feed.atom?lang=en").await;
    assert!(feed.contains("<title>Withdrawn: river flooding"), "{feed}");
}
