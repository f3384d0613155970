//! VictoriaMetrics, which takes the lines of InfluxDB 2 and answers PromQL: for cities that run what Debian packages.
//!
//! A field becomes a metric of its own, `water_value`, and text a zero: incidents are only counted there, not read.

use super::influxdb2::{Writer, text};
use super::point::Point;
use super::{Answer, Archive, Kind, Settings, Tally, address};
use crate::config::{Layers, Secret};
use bongsu_sensors::Time;
use bongsu_sensors::document::Reader as Section;
use futures_util::future::BoxFuture;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The line of the table.
pub const KIND: Kind = Kind { name: "victoria_metrics", manual: MANUAL, read };

const MANUAL: &str = r#"# VictoriaMetrics. Start it with -dedup.minScrapeInterval=1ms: a point that is sent again must not count twice.
[archive.victoria_metrics]
# Where it is: https, or http on this machine and in networks you trust.
url = "http://127.0.0.1:8428"

# What a proxy in front of it asks for, sent as `Authorization: Token …`. Rather token_file. Absent: nothing is asked.
# token = "…"

# Who signed its certificate (PEM). Absent: a public authority.
# ca = "archive-ca.pem"
"#;

/// What was configured.
#[derive(Debug)]
struct Victoria {
    url: String,
    token: Option<Secret>,
    ca: Option<PathBuf>,
}

fn read(section: Section<'_>, layers: &Layers) -> Option<Arc<dyn Settings>> {
    let url = address(&section);
    let token = Secret::read(&section, "token", "token_file", layers);
    let ca = section.located::<PathBuf>("ca").map(|typed| layers.path(&typed));
    section.finish();
    Some(Arc::new(Victoria { url: url?, token, ca }))
}

impl Settings for Victoria {
    fn name(&self) -> &'static str {
        KIND.name
    }

    fn shown(&self) -> Vec<(&'static str, Option<String>)> {
        let text = |text: &str| Some(serde_json::Value::from(text).to_string());
        let ca = self.ca.as_ref().and_then(|path| text(&path.to_string_lossy()));
        vec![("url", text(&self.url)), ("token", self.token.as_ref().and_then(|_| text("(hidden)"))), ("ca", ca)]
    }

    fn build(&self, patience: Duration) -> miette::Result<Arc<dyn Archive>> {
        let token = self.token.as_ref().map(Secret::reveal).unwrap_or_default();
        // It has neither organisations nor buckets.
        let writer = Writer::new(self.url.clone(), String::new(), String::new(), token, self.ca.as_ref(), patience)?;
        Ok(Arc::new(Built { writer, token: token.to_owned() }))
    }
}

struct Built {
    writer: Writer,
    token: String,
}

impl Built {
    /// The value of an expression over a span that ends with `to`, which is no part of it.
    async fn value(&self, expression: String, to: Time) -> Result<f64, String> {
        // A range of PromQL is open at its beginning and closed at its end, where ours is the other way round.
        let last = to.millis() - 1;
        let time = format!("{}.{:03}", last.div_euclid(1_000), last.rem_euclid(1_000));
        let question = self.writer.plain.get(format!("{}/api/v1/query", self.writer.url));
        // Without nocache the newest half minute would not be there yet.
        let question = question.query(&[("query", &*expression), ("time", &*time), ("nocache", "1")]);
        let question = if self.token.is_empty() {
            question
        } else {
            question.header("Authorization", format!("Token {}", self.token))
        };
        let answer: serde_json::Value =
            serde_json::from_str(&text(question).await?).map_err(|wrong| wrong.to_string())?;
        match &answer["data"]["result"][0]["value"][1] {
            serde_json::Value::String(value) => value.parse().map_err(|_| format!("{value:?} is no number")),
            // Nothing is known of this metric.
            _ => Ok(0.0),
        }
    }
}

impl Archive for Built {
    fn write<'a>(&'a self, points: &'a [Point]) -> BoxFuture<'a, Answer> {
        Box::pin(self.writer.write(points))
    }

    fn tally<'a>(&'a self, domain: &'static str, from: Time, to: Time) -> BoxFuture<'a, Result<Tally, String>> {
        Box::pin(async move {
            let over = format!("({domain}_value[{}ms])", to.since(from).as_millis());
            let count = self.value(format!("sum(count_over_time{over})"), to).await?;
            let sum = self.value(format!("sum(sum_over_time{over})"), to).await?;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count, far below 2^53")]
            let count = count as u64;
            Ok(Tally { count, sum })
        })
    }
}
