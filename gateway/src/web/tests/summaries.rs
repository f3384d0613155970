//! Summaries as they are asked for over HTTP.

use super::api::measured;
use super::city::{City, START, ask};
use crate::store::Batch;
use crate::store::history::{Bounds, Keep, Seal, Step};
use arrow_ipc::reader::StreamReader;
use axum::http::{StatusCode, header};
use bongsu_sensors::catalog::Numbering;
use serde_json::{Value, json};
use std::time::Duration;

const ASK: &str = "/api/v1/summaries?station=jamsu&kind=river_stage";
const SPAN: &str = "from=2017-07-10T12:00:00Z&to=2017-07-11T00:00:00Z";

async fn answer(city: &City, path: &str) -> Value {
    let (status, body) = city.get_operator(path).await;
    assert_eq!(status, StatusCode::OK, "{path}: {body}");
    serde_json::from_str(&body).expect("JSON")
}

#[tokio::test]
async fn windows_of_any_whole_length_come_in_pages_without_gap_or_double() {
    let city = measured(250);
    let (mut counts, mut path, mut pages) = (Vec::new(), format!("{ASK}&every=15m&{SPAN}&limit=6"), 0);
    loop {
        let page = answer(&city, &path).await;
        let windows = page["summaries"].as_array().expect("a list");
        if pages == 0 {
            assert_eq!(
                (&page["every"], &page["unit"], &page["observations_since"]),
                (&json!("15m"), &json!("m"), &json!(null))
            );
            let first = &windows[0];
            assert_eq!((&first["time"], &first["min"], &first["max"]), (&json!(START), &json!(0.0), &json!(0.14)));
            assert!((first["mean"].as_f64().expect("a mean") - 0.07).abs() < 1e-12, "{first}");
            assert_eq!(first["made_of"], "observations");
        }
        counts.extend(windows.iter().map(|window| window["count"].as_u64().expect("a count")));
        pages += 1;
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut path),
            None => break,
        }
    }
    assert_eq!((counts.len(), pages, counts.iter().sum::<u64>()), (17, 3, 250));
    assert_eq!(counts[..16], [15; 16]);
    for (every, first, windows) in [("1m", 1, 250), ("90m", 90, 3), ("1h", 60, 5), ("1d", 180, 2), ("7d", 250, 1)] {
        let page = answer(&city, &format!("{ASK}&every={every}&{SPAN}")).await;
        let found = page["summaries"].as_array().expect("a list");
        assert_eq!((found.len(), &found[0]["count"]), (windows, &json!(first)), "{every}");
    }
}

#[tokio::test]
async fn a_table_says_the_same_and_where_the_rest_is() {
    let city = measured(125);
    let (status, table) = city.get_operator(&format!("{ASK}&every=1h&{SPAN}&format=csv")).await;
    assert_eq!(status, StatusCode::OK, "{table}");
    let rows: Vec<&str> = table.lines().collect();
    assert_eq!(rows[0], "time,station,kind,observations,count,sum,mean,min,max,made_of");
    assert!(rows[3].starts_with("2017-07-10T14:00:00Z,jamsu,river_stage,5,5,6.1"), "{}", rows[3]);
    assert!(rows[3].ends_with(",1.2,1.24,observations"), "{}", rows[3]);
    assert_eq!(rows.len(), 4);
    let path = format!("/api/v1/observations?station=jamsu&kind=river_stage&{SPAN}&limit=100&format=csv");
    let page = ask(city.public(), &path, &[]).await;
    let next = page.headers()[header::LINK].to_str().expect("text").to_owned();
    let rest = next.strip_prefix('<').and_then(|rest| rest.strip_suffix(">; rel=\"next\"")).expect("a link");
    let rest = ask(city.public(), rest, &[]).await;
    assert!(!rest.headers().contains_key(header::LINK));
    assert_eq!(super::city::text(rest).await.1.lines().count(), 26);
}

#[tokio::test]
async fn who_accepts_columns_gets_them_and_reads_beside_them_what_json_says() {
    const ARROW: &str = "application/vnd.apache.arrow.stream";
    let city = measured(125);
    let path = format!("/api/v1/observations?station=jamsu&kind=river_stage&{SPAN}&limit=100");
    for (path, accept) in [(path.clone(), ARROW), (format!("{path}&format=arrow"), "application/json")] {
        let answer = ask(city.public(), &path, &[("accept", accept)]).await;
        let headers = answer.headers();
        assert_eq!(headers[header::CONTENT_TYPE], ARROW);
        assert_eq!(headers[header::VARY], "accept");
        let next = headers[header::LINK].to_str().expect("text").to_owned();
        assert!(next.contains("&limit=100&format=arrow>"), "the rest comes in the same form: {next}");
        assert!(!headers.contains_key("observations-since"), "all are kept");
        let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.expect("a body");
        let stream = StreamReader::try_new(&body[..], None).expect("a stream");
        let rows: Vec<usize> = stream.map(|page| page.expect("a page").num_rows()).collect();
        assert_eq!(rows, [100]);
    }
    let named = ask(city.public(), &format!("{path}&format=csv"), &[("accept", ARROW)]).await;
    assert!(super::city::text(named).await.1.starts_with("time,station,kind,value\n"), "what is named counts");
}

#[tokio::test]
async fn wrong_questions_are_told_what_to_write() {
    let city = measured(1);
    for (path, told) in [
        (ASK.to_owned(), "add every=1h"),
        (format!("{ASK}&every=90s"), "write whole minutes, hours or days"),
        (format!("{ASK}&every=0m"), "such as 15m, 1h"),
        (format!("{ASK}&every=15"), "such as 15m, 1h"),
        (format!("{ASK}&every=-1h"), "such as 15m, 1h"),
        (format!("{ASK}&every=367d"), "at most 366 days"),
        (format!("{ASK}&every=99999999999999999999d"), "at most 366 days"),
        (format!("{ASK}&every=1h&limit=0"), "from 1 to 10000"),
        (format!("{ASK}&every=1h&format=xml"), "write one of: json, csv, arrow"),
        (format!("{ASK}&every=1h&from=yesterday"), "2026-07-08T11:31:00Z"),
        (format!("{ASK}&every=1h&from=2017-07-11T00:00:00Z&to=2017-07-11T00:00:00Z"), "the earlier time as from"),
        (format!("{ASK}&every=1h&from=2016-07-01T00:00:00Z&to=2017-07-11T00:00:00Z"), "at most 366 days"),
        (format!("{ASK}&each=1h"), "known parameters: station, kind, every"),
        ("/api/v1/summaries?station=jamsoo&kind=river_stage&every=1h".to_owned(), "did you mean \\\"jamsu\\\"?"),
    ] {
        let (status, body) = city.get_operator(&path).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}: {body}");
        assert!(body.contains(told), "{path}: {body}");
    }
    let (status, _) = city.get(&format!("{ASK}&every=1h")).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "operators only");
}

#[tokio::test]
async fn what_is_no_longer_kept_is_answered_from_its_hours_and_says_so() {
    let mut city = measured(250);
    let before = answer(&city, &format!("{ASK}&every=1h&{SPAN}")).await;
    let names = city.catalog.datastreams.iter();
    let mut names: Vec<_> =
        names.map(|one| (one.id, city.catalog.stations[one.station.0 as usize].id.clone(), one.name)).collect();
    names.sort_by_key(|(id, ..)| *id);
    let numbering = Some(Numbering::of(names.into_iter().map(|(_, station, name)| (station, name))));
    city.pass(60 * 24 * 9);
    city.commit(Vec::new(), &[city.observation("jamsu", 60 * 24 * 9, 1.0)]);
    let (path, now) = (city.path(), city.now);
    city.run(Box::new(move |store| {
        store.commit(&Batch { numbering, ..Batch::default() }).expect("committed");
        let (newest, _) = store.newest().expect("read").expect("some");
        store.keep_snapshot(newest, b"no engine").expect("kept");
        let keep = Keep { raw: Some(Duration::from_secs(2 * 86_400)), hours: None, days: None };
        let mut seal = Seal::open(&path, Bounds { after: Duration::ZERO, rows: 1_000, keep }).expect("opened");
        while seal.step(now, u64::MAX, store).expect("done") != Step::Idle {}
    }));
    let gone = answer(&city, &format!("/api/v1/observations?station=jamsu&kind=river_stage&{SPAN}")).await;
    assert_eq!(gone["observations"], json!([]));
    assert_eq!(gone["observations_since"], "2017-07-17T00:00:00Z", "why there are none");
    for path in [ASK.replace("summaries", "observations"), format!("{ASK}&every=1h")] {
        let asked = format!("{path}&{SPAN}&format=csv");
        let table = ask(city.operator(), &asked, &[("cookie", &city.cookie)]).await;
        assert_eq!(table.headers()["observations-since"], "2017-07-17T00:00:00Z", "{path}");
    }
    let mut after = answer(&city, &format!("{ASK}&every=1h&{SPAN}")).await;
    assert_eq!(after["observations_since"], "2017-07-17T00:00:00Z");
    for window in after["summaries"].as_array_mut().expect("a list") {
        assert_eq!(window["made_of"], "hours");
        window["made_of"] = json!("observations");
    }
    assert_eq!(after["summaries"], before["summaries"]);
    let minutes = answer(&city, &format!("{ASK}&every=15m&{SPAN}")).await;
    assert_eq!(minutes["summaries"], json!([]), "nobody knows them any more");
    let days = answer(&city, &format!("{ASK}&every=1d&from=2017-07-01T00:00:00Z&to=2017-07-20T00:00:00Z")).await;
    let total: u64 = days["summaries"].as_array().expect("a list").iter().filter_map(|day| day["count"].as_u64()).sum();
    assert_eq!((total, &days["summaries"][0]["made_of"]), (251, &json!("days")));
}
