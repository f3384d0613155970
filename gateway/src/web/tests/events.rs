//! Server-sent events: each alert once, in order, over reconnections, restarts and lists that have moved on.

use super::city::{City, ask, text};
use axum::body::BodyDataStream;
use axum::http::{StatusCode, header};
use bongsu_sensors::Level;
use futures_util::StreamExt;
use std::time::Duration;

/// A stream that is read.
struct Client {
    body: BodyDataStream,
    /// Ids of the alerts so far.
    seen: Vec<i64>,
    /// The id a browser would resume from.
    last: Option<i64>,
}

impl Client {
    async fn connect(city: &City, last: Option<i64>) -> Client {
        let last_text = last.map(|id| id.to_string());
        let headers: Vec<(&str, &str)> = last_text.iter().map(|id| ("last-event-id", id.as_str())).collect();
        let response = ask(city.public(), "/events", &headers).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
        Client { body: response.into_body().into_data_stream(), seen: Vec::new(), last }
    }

    /// Reads what is there now.
    async fn read(&mut self) -> String {
        let mut text = String::new();
        while let Ok(Some(chunk)) = tokio::time::timeout(Duration::from_millis(300), self.body.next()).await {
            text.push_str(std::str::from_utf8(&chunk.expect("chunk")).expect("text"));
        }
        for event in text.split("\n\n") {
            if let Some(id) = event.lines().find_map(|line| line.strip_prefix("id: ")) {
                self.last = id.parse().ok();
                if event.contains("\ndata: ") {
                    self.seen.extend(self.last);
                }
            }
        }
        text
    }
}

/// What a stream says at once.
pub async fn first(city: &City, path: &str) -> String {
    let response = ask(city.public(), path, &[]).await;
    let mut client = Client { body: response.into_body().into_data_stream(), seen: Vec::new(), last: None };
    client.read().await
}

fn level(n: u32) -> Level {
    Level::RAISED[n as usize % 4]
}

#[tokio::test]
async fn every_alert_arrives_once_over_reconnections_and_restarts() {
    let mut city = City::actual();
    let mut expected = Vec::new();
    let mut seen = Vec::new();
    let mut last = Some(0);
    for round in 0..6_u32 {
        let mut client = Client::connect(&city, last).await;
        for n in 0..3_u32 {
            // Between two alerts stand transitions that the public does not see, but that take ids.
            let hidden = city.transition("yongsan", 0, Level::Warning, None);
            let shown = city.transition("seocho", round * 3 + n + 1, level(n), Some(level(n)));
            expected.push(city.commit(vec![hidden, shown], &[])[1]);
            if n == 1 {
                client.read().await;
            }
        }
        // Read to a random point, so to speak: the odd rounds leave before they have heard the last alert.
        if round % 2 == 0 {
            client.read().await;
        }
        seen.append(&mut client.seen);
        last = client.last;
        if round % 3 == 1 {
            city.restart();
        }
    }
    let mut client = Client::connect(&city, last).await;
    client.read().await;
    seen.append(&mut client.seen);
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_new_client_begins_with_what_lives_and_resumes_after_it() {
    let mut city = City::actual();
    let first = city.transition("seocho", 1, Level::Watch, Some(Level::Watch));
    let ended = city.transition("yongsan", 1, Level::None, Some(Level::None));
    let ids = city.commit(vec![first, ended], &[]);
    let mut client = Client::connect(&city, None).await;
    let text = client.read().await;
    assert!(text.starts_with("retry: "), "{text}");
    assert_eq!(client.seen, ids[..1], "what is over is no news");
    assert_eq!(client.last, Some(ids[1]), "and is not sent again on resuming");
    // An id that this store never gave is one of another store: begin anew.
    let mut stranger = Client::connect(&city, Some(1_000_000)).await;
    stranger.read().await;
    assert_eq!(stranger.seen, ids[..1]);
}

#[tokio::test]
async fn a_client_that_lags_behind_the_list_goes_on_in_the_store() {
    let mut city = City::actual();
    let mut client = Client::connect(&city, None).await;
    client.read().await;
    // More than the list holds, in one burst, while the client does not read.
    let burst: Vec<_> = (1..=5_000).map(|n| city.transition("seocho", n, level(n), Some(level(n)))).collect();
    let ids = city.commit(burst, &[]);
    while client.seen.len() < ids.len() {
        let before = client.seen.len();
        client.read().await;
        assert!(client.seen.len() > before, "stuck at {before}");
    }
    assert_eq!(client.seen, ids);
}

#[tokio::test]
async fn an_alert_is_written_once_for_all_clients() {
    let mut city = City::actual();
    let (mut one, mut other) = (Client::connect(&city, None).await, Client::connect(&city, None).await);
    one.read().await;
    other.read().await;
    let alert = city.transition("seocho", 1, Level::Watch, Some(Level::Watch));
    city.commit(vec![alert], &[]);
    let (a, b) = (one.body.next().await, other.body.next().await);
    let (a, b) = (a.expect("chunk").expect("bytes"), b.expect("chunk").expect("bytes"));
    assert_eq!(a.as_ptr(), b.as_ptr(), "the same bytes, not the same text");
}

#[tokio::test]
async fn a_bad_id_is_explained() {
    let city = City::actual();
    for path in ["/events?last_event_id=yesterday", "/events?last_event_id=-1", "/events?since=1"] {
        let (status, body) = city.get(path).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path} {body}");
    }
    let (status, _) = text(ask(city.public(), "/events", &[("last-event-id", "x")]).await).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test(start_paused = true)]
async fn a_silent_stream_says_that_it_is_alive() {
    let city = City::actual();
    let response = ask(city.public(), "/events", &[]).await;
    let mut body = response.into_body().into_data_stream();
    let mut said = Vec::new();
    let begun = tokio::time::Instant::now();
    while said.len() < 4 {
        said.push(body.next().await.expect("chunk").expect("bytes"));
    }
    assert_eq!((&said[2][..], &said[3][..]), (&b":\n\n"[..], &b":\n\n"[..]));
    assert_eq!(begun.elapsed().as_secs(), 30);
}
