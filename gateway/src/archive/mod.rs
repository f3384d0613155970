//! Archives: time-series databases of others that keep what the store decided, for dashboards and for years.
//!
//! One table, [`ARCHIVES`]; an archive's settings, how it is built and how it speaks live in its own file. It knows
//! nothing of the store, of batches, of waits or of what was sent before: [`exporter`] follows the log by a cursor of its
//! own and hands over points, [`ship`] makes of every answer a decision. Nothing here is on the way of a commit: the
//! exporter reads the store with its own connection and writes its books into its own file.

// What was sent, what was left out, what was refused: `archive.db`.
pub mod book;
// Following the log, transition by transition and delivery by delivery.
pub mod exporter;
// What an exporter tells of itself.
pub mod health;
// InfluxDB 2.
pub mod influxdb2;
// Line protocol, which several of them read.
pub mod line;
// What is archived, in the terms of every archive.
pub mod point;
// From the rows of the store to points.
pub mod schema;
// Handing over a batch, whatever the other side makes of it.
pub mod ship;
// Counting on both sides.
pub mod verify;
// VictoriaMetrics.
pub mod victoria_metrics;

use crate::config::Layers;
use bongsu_sensors::Time;
use bongsu_sensors::document::Reader as Section;
use futures_util::future::BoxFuture;
use point::Point;
use std::sync::Arc;
use std::time::Duration;

/// A kind of archive: a line of the table.
#[derive(Clone, Copy)]
pub struct Kind {
    /// Its name: the table `[archive.NAME]` of the configuration, and its name in the books.
    pub name: &'static str,
    /// Its settings with their defaults and reasons, as one writes them.
    pub manual: &'static str,
    /// Reads its table of the configuration; `None` where a mistake was told.
    pub read: fn(Section<'_>, &Layers) -> Option<Arc<dyn Settings>>,
}

/// Every kind of archive.
pub const ARCHIVES: &[Kind] = &[influxdb2::KIND, victoria_metrics::KIND];

/// Settings that were read and checked.
pub trait Settings: std::fmt::Debug + Send + Sync {
    /// The name of its kind.
    fn name(&self) -> &'static str;

    /// Its keys with their values, as `bongsu config show` prints them; no secrets.
    fn shown(&self) -> Vec<(&'static str, Option<String>)>;

    /// Builds the archive. `patience` is how long one question may take.
    ///
    /// # Errors
    /// What is configured cannot be used.
    fn build(&self, patience: Duration) -> miette::Result<Arc<dyn Archive>>;
}

/// What an archive made of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It has all of it.
    Taken,
    /// It will never take this as it is: at least one point in it is wrong.
    Refused(String),
    /// It is more than the archive takes at once.
    TooLarge(String),
    /// It does not let us in, or knows no such place: a person must look.
    Denied(String),
    /// Later, and not earlier than after so long where it said so.
    Later(Option<Duration>, String),
}

/// So many values of a domain in a span of time, and their sum.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    /// How many.
    pub count: u64,
    /// Their sum.
    pub sum: f64,
}

/// A database of others.
pub trait Archive: Send + Sync {
    /// Hands over points. The same points again change nothing; a point of the same series and time with other fields
    /// adds or replaces those.
    fn write<'a>(&'a self, points: &'a [Point]) -> BoxFuture<'a, Answer>;

    /// How many values it holds of a domain with `from ≤ time < to`, and their sum.
    fn tally<'a>(&'a self, domain: &'static str, from: Time, to: Time) -> BoxFuture<'a, Result<Tally, String>>;
}

/// What all archives are fed with, from the section `[archive]`.
#[derive(Clone, Debug)]
pub struct Feeding {
    /// The archives, each by its settings.
    pub archives: Vec<Arc<dyn Settings>>,
    /// Points handed over at once.
    pub batch_points: usize,
    /// How often it is looked whether there is something new.
    pub every: Duration,
    /// How long one question may take.
    pub timeout: Duration,
    /// How far behind an archive may be before what is older is left out until a person fetches it.
    pub max_lag: Duration,
}

/// The section `[archive]`; `None` where a mistake was told.
pub fn read(section: Section<'_>, layers: &Layers) -> Option<Feeding> {
    let batch_points = section.required_at::<usize>("batch_points").and_then(|typed| {
        let fits = (1..=100_000).contains(&typed.value);
        if !fits {
            let wrong = format!("`batch_points` cannot be {}", typed.value);
            section.mistakes().add(&typed.origin, wrong, "write a number from 1 to 100000");
        }
        fits.then_some(typed.value)
    });
    let every = duration(&section, "every", Duration::from_millis(100));
    let timeout = duration(&section, "timeout", Duration::from_millis(100));
    let max_lag = duration(&section, "max_lag", Duration::from_secs(60));
    let mut archives = Vec::new();
    for kind in ARCHIVES {
        let Some(table) = section.inner(kind.name) else { continue };
        archives.extend((kind.read)(table, layers));
    }
    section.finish();
    Some(Feeding { archives, batch_points: batch_points?, every: every?, timeout: timeout?, max_lag: max_lag? })
}

/// A duration that is not too short to make sense.
pub(crate) fn duration(section: &Section<'_>, key: &'static str, least: Duration) -> Option<Duration> {
    let typed = section.required_at::<Duration>(key)?;
    let fits = typed.value >= least;
    if !fits {
        let least = bongsu_sensors::time::duration_text(least);
        let wrong = format!("`{key}` is too short");
        section.mistakes().add(&typed.origin, wrong, format!("write {least} or more"));
    }
    fits.then_some(typed.value)
}

/// The manuals of all archives as lines that are commented out, behind the default configuration.
pub fn manuals() -> String {
    let commented = |line: &str| match line {
        "" => String::from("\n"),
        line if line.starts_with('#') => format!("{line}\n"),
        line => format!("# {line}\n"),
    };
    let manual = |kind: &Kind| kind.manual.lines().map(commented).collect::<String>();
    ARCHIVES.iter().map(|kind| format!("\n{}", manual(kind))).collect()
}

/// The web address of an archive, without a slash at its end; `None` where a mistake was told.
fn address(section: &Section<'_>) -> Option<String> {
    let typed = section.required_at::<String>("url")?;
    let url = typed.value.trim_end_matches('/');
    let parsed = url.parse::<hyper::Uri>().ok();
    let is_web = |url: &hyper::Uri| matches!(url.scheme_str(), Some("http" | "https")) && url.host().is_some();
    // The client panics where it is given something else: this is the one place that keeps it from that.
    if parsed.is_some_and(|url| is_web(&url) && url.query().is_none()) {
        return Some(url.to_owned());
    }
    let wrong = format!("{:?} is no address of an archive", typed.value);
    section.mistakes().add(
        &typed.origin,
        wrong,
        "write it as \"http://127.0.0.1:8086\" or \"https://archive.example\"",
    );
    None
}
