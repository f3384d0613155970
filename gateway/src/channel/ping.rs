//! A sign of life to somebody outside, who raises the alarm when it stays away: the one failure this system cannot
//! report by itself.

use super::Outcome;
use super::client::Client;
use crate::web::Shared;
use bongsu_sensors::document::Reader as Section;
use http_body_util::Full;
use hyper::{Request, Uri};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How it is written in the configuration.
pub const MANUAL: &str = r#"# A sign of life to a service that raises the alarm when it stays away. It is sent only while the system does its work.
[channel.ping]
url = "https://alive.example/bongsu"
every = "1m"
"#;

/// What was configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ping {
    url: Uri,
    every: Duration,
}

/// Reads the table; `None` where a mistake was told.
pub fn read(section: Section<'_>) -> Option<Ping> {
    let url = section.required_at::<String>("url").and_then(|typed| {
        let url = typed.value.parse::<Uri>().ok().filter(|url| url.host().is_some() && url.scheme().is_some());
        if url.is_none() {
            let wrong = format!("{:?} is no web address", typed.value);
            section.mistakes().add(&typed.origin, wrong, "write it as \"https://alive.example/bongsu\"");
        }
        url
    });
    let every = section.optional("every").unwrap_or(Duration::from_secs(60)).max(Duration::from_secs(1));
    section.finish();
    Some(Ping { url: url?, every })
}

/// Sends it until the program stops.
pub async fn run(ping: Ping, client: Client, shared: Arc<Shared>, stop: CancellationToken) {
    let mut beat = tokio::time::interval(ping.every);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = beat.tick() => {}
            () = stop.cancelled() => return,
        }
        if !shared.is_current() {
            continue;
        }
        let Ok(request) = Request::get(ping.url.clone()).body(Full::default()) else { return };
        let sent = tokio::time::timeout(Duration::from_secs(10), client.send(request)).await;
        if !matches!(sent, Ok(Outcome::Sent(_))) {
            tracing::warn!(?sent, "the sign of life was not taken");
        }
    }
}
