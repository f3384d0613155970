//! InfluxDB 2, through the crate `influxdb2`.
//!
//! The crate's client is used for what it does well: keeping connections and sending one body. Lines are written by
//! [`mod@line`], because the crate leaves line breaks and NaN in them; every question has a time-out, because
//! the crate has none.

use super::point::Point;
use super::{Answer, Archive, Kind, Settings, Tally, address, line};
use crate::config::{Layers, Secret};
use bongsu_sensors::Time;
use bongsu_sensors::document::Reader as Section;
use futures_util::future::BoxFuture;
use influxdb2::api::write::TimestampPrecision;
use influxdb2::{Client, ClientBuilder, RequestError};
use miette::{IntoDiagnostic, WrapErr};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The line of the table.
pub const KIND: Kind = Kind { name: "influxdb2", manual: MANUAL, read };

const MANUAL: &str = r#"# InfluxDB 2. The measurement of a point is the domain of its kind (docs/archive.md says what is written).
[archive.influxdb2]
# Where it is: https, or http on this machine and in networks you trust.
url = "http://127.0.0.1:8086"

# The organisation and the bucket, which must be there: Bongsu makes neither.
org = "city"
bucket = "bongsu"

# The token, which may write to that bucket and, for `bongsu archive verify`, read it. Rather token_file.
# token = "…"

# Who signed its certificate (PEM). Absent: a public authority.
# ca = "archive-ca.pem"
"#;

/// Longest wait another side may ask for.
const LONGEST_WAIT: u64 = 3_600;

/// Characters of an answer that are kept.
const QUOTED: usize = 300;

/// What was configured.
#[derive(Debug)]
struct Influx {
    url: String,
    org: String,
    bucket: String,
    token: Secret,
    ca: Option<PathBuf>,
}

fn read(section: Section<'_>, layers: &Layers) -> Option<Arc<dyn Settings>> {
    let url = address(&section);
    let org = section.required::<String>("org");
    let bucket = section.required::<String>("bucket");
    let token = Secret::read(&section, "token", "token_file", layers);
    if token.is_none() && section.node("token").is_none() && section.node("token_file").is_none() {
        section.complain("`token` is missing", "add `token_file = \"…\"`, a file that holds only the token");
    }
    let ca = section.located::<PathBuf>("ca").map(|typed| layers.path(&typed));
    section.finish();
    Some(Arc::new(Influx { url: url?, org: org?, bucket: bucket?, token: token?, ca }))
}

impl Settings for Influx {
    fn name(&self) -> &'static str {
        KIND.name
    }

    fn shown(&self) -> Vec<(&'static str, Option<String>)> {
        let text = |text: &str| Some(serde_json::Value::from(text).to_string());
        let ca = self.ca.as_ref().and_then(|path| text(&path.to_string_lossy()));
        vec![
            ("url", text(&self.url)),
            ("org", text(&self.org)),
            ("bucket", text(&self.bucket)),
            ("token", text("(hidden)")),
            ("ca", ca),
        ]
    }

    fn build(&self, patience: Duration) -> miette::Result<Arc<dyn Archive>> {
        let (url, org, bucket) = (self.url.clone(), self.org.clone(), self.bucket.clone());
        let writer = Writer::new(url, org, bucket, self.token.reveal(), self.ca.as_ref(), patience)?;
        Ok(Arc::new(Built { writer }))
    }
}

/// Writes line protocol to whoever speaks the write API of InfluxDB 2.
pub(super) struct Writer {
    client: Client,
    /// For what the crate's client does not do: reading headers, and questions.
    pub(super) plain: reqwest::Client,
    pub(super) url: String,
    org: String,
    bucket: String,
    token: String,
}

impl Writer {
    /// # Errors
    /// A certificate that cannot be read.
    pub(super) fn new(
        url: String,
        org: String,
        bucket: String,
        token: &str,
        ca: Option<&PathBuf>,
        patience: Duration,
    ) -> miette::Result<Writer> {
        let ca = ca.map(|path| {
            let failed = || format!("failed to read {}", path.display());
            let pem = std::fs::read(path).into_diagnostic().wrap_err_with(failed)?;
            reqwest::Certificate::from_pem(&pem).into_diagnostic().wrap_err_with(failed)
        });
        let ca = ca.transpose()?;
        // An archive that redirects is another one than was configured, and the token is not for it.
        let builder = || {
            let builder = reqwest::Client::builder().timeout(patience).connect_timeout(patience);
            let builder = builder.redirect(reqwest::redirect::Policy::none()).tcp_nodelay(true);
            ca.iter().fold(builder, |builder, ca| builder.add_root_certificate(ca.clone()))
        };
        let failed = || format!("failed to make a client for the archive {url}");
        let client = ClientBuilder::with_builder(builder(), &*url, &*org, token).build();
        let client = client.into_diagnostic().wrap_err_with(failed)?;
        let plain = builder().build().into_diagnostic().wrap_err_with(failed)?;
        Ok(Writer { client, plain, url, org, bucket, token: token.to_owned() })
    }

    pub(super) async fn write(&self, points: &[Point]) -> Answer {
        let precision = TimestampPrecision::Nanoseconds;
        let body = line::lines(points);
        match self.client.write_line_protocol_with_precision(&self.org, &self.bucket, body, precision).await {
            Ok(()) => Answer::Taken,
            Err(RequestError::Http { status, text }) => {
                let answer = judge(status.as_u16(), &text);
                match answer {
                    // Those are the answers that may carry it.
                    Answer::Later(_, told) if matches!(status.as_u16(), 429 | 503) => {
                        Answer::Later(self.asked(points).await, told)
                    }
                    answer => answer,
                }
            }
            Err(error) => Answer::Later(None, causes(&error)),
        }
    }

    /// How long an archive that is overloaded wants to be left alone. The crate drops the header that says so, so a
    /// single point is sent once more; taken twice it changes nothing.
    async fn asked(&self, points: &[Point]) -> Option<Duration> {
        let body = line::lines(points.get(..1)?);
        let question = self.plain.post(format!("{}/api/v2/write", self.url));
        let place = [("org", &*self.org), ("bucket", &*self.bucket), ("precision", "ns")];
        let question = question.query(&place).header(AUTHORIZATION, format!("Token {}", self.token)).body(body);
        after(question.send().await.ok()?.headers())
    }

    /// Asks in Flux, and answers the text.
    async fn ask(&self, flux: String) -> Result<String, String> {
        let question = self.plain.post(format!("{}/api/v2/query", self.url)).query(&[("org", &*self.org)]);
        let question = question.header(AUTHORIZATION, format!("Token {}", self.token));
        let question = question.header(CONTENT_TYPE, "application/vnd.flux").header(ACCEPT, "application/csv");
        text(question.body(flux)).await
    }
}

/// The text of an answer that is good.
pub(super) async fn text(question: reqwest::RequestBuilder) -> Result<String, String> {
    let answer = question.send().await.map_err(|error| causes(&error))?;
    let status = answer.status();
    let text = answer.text().await.map_err(|error| causes(&error))?;
    if status.is_success() { Ok(text) } else { Err(told(status.as_u16(), &text)) }
}

fn after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse::<u64>().ok()?;
    Some(Duration::from_secs(seconds.min(LONGEST_WAIT)))
}

fn told(status: u16, text: &str) -> String {
    format!("{status} {}", text.trim().chars().take(QUOTED).collect::<String>())
}

/// What an answer means. # Source: InfluxDB OSS v2 API, "Write data", responses.
fn judge(status: u16, text: &str) -> Answer {
    let told = told(status, text);
    match status {
        400 | 422 => Answer::Refused(told),
        413 => Answer::TooLarge(told),
        401 | 403 | 404 => Answer::Denied(told),
        _ => Answer::Later(None, told),
    }
}

/// An error with everything behind it: the first line alone says only that a request failed.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(&format!(": {cause_text}"));
        }
        next = cause.source();
    }
    text
}

struct Built {
    writer: Writer,
}

impl Archive for Built {
    fn write<'a>(&'a self, points: &'a [Point]) -> BoxFuture<'a, Answer> {
        Box::pin(self.writer.write(points))
    }

    fn tally<'a>(&'a self, domain: &'static str, from: Time, to: Time) -> BoxFuture<'a, Result<Tally, String>> {
        Box::pin(async move {
            // Names of buckets are free text; what would end the text is escaped as Flux does.
            let bucket = self.writer.bucket.replace('\\', "\\\\").replace('"', "\\\"");
            let values = format!(
                "from(bucket: \"{bucket}\") |> range(start: {from}, stop: {to}) \
                 |> filter(fn: (r) => r._measurement == \"{domain}\" and r._field == \"value\") |> group()"
            );
            // An empty table has no row, not a zero.
            let flux = format!(
                "{values} |> count() |> toFloat() |> yield(name: \"count\")\n\
                 {values} |> sum() |> yield(name: \"sum\")\n"
            );
            let answer = self.writer.ask(flux).await?;
            let [count, sum] = ["count", "sum"].map(|name| value_of(&answer, name));
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count, far below 2^53")]
            let count = count.unwrap_or(0.0) as u64;
            Ok(Tally { count, sum: sum.unwrap_or(0.0) })
        })
    }
}

/// The value of the one row of a result. Each table of an answer begins with its own names of columns.
fn value_of(csv: &str, result: &str) -> Option<f64> {
    let mut names: Option<csv::StringRecord> = None;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(csv.as_bytes());
    for row in reader.records().filter_map(Result::ok) {
        if row.get(0).is_some_and(|first| first.starts_with('#')) {
            continue;
        }
        if row.get(1) == Some("result") {
            names = Some(row);
            continue;
        }
        let at = |name: &str| names.as_ref()?.iter().position(|known| known == name);
        let value = |name: &str| row.get(at(name)?);
        // A table may leave its result to the default of the column above it.
        if value("result") == Some(result) {
            return value("_value")?.parse().ok();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_mean_what_the_documentation_says() {
        assert_eq!(judge(400, " x "), Answer::Refused("400 x".into()));
        assert_eq!(judge(422, "x"), Answer::Refused("422 x".into()));
        assert_eq!(judge(413, ""), Answer::TooLarge("413 ".into()));
        for status in [401, 403, 404] {
            assert!(matches!(judge(status, "x"), Answer::Denied(_)), "{status}");
        }
        for status in [200, 302, 429, 500, 503] {
            assert!(matches!(judge(status, "x"), Answer::Later(None, _)), "{status}");
        }
    }

    #[test]
    fn a_result_is_found_among_others() {
        let csv = "#datatype,string,long,double\r\n,result,table,_value\r\n,count,0,12\r\n\r\n\
                   #datatype,string,long,dateTime,double\r\n,result,table,_stop,_value\r\n,sum,0,2026-01-01T00:00:00Z,-3.5\r\n\r\n";
        assert_eq!((value_of(csv, "count"), value_of(csv, "sum")), (Some(12.0), Some(-3.5)));
        assert_eq!(value_of("", "sum"), None);
    }
}
