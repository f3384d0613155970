//! `bongsu archive`: how far an archive has come, what it lacks, and whether it holds what the store holds. It works
//! beside a running program.

use super::{Ended, Globals, checked, output_failed, write_json};
use crate::archive::book::{Book, Gap};
use crate::archive::exporter::records;
use crate::archive::schema::Plan;
use crate::archive::ship::{Shipped, ship};
use crate::archive::verify::{self, day_of};
use crate::archive::{Archive, Settings};
use crate::channel::runner::back_off;
use crate::clock::Clock;
use crate::config::Config;
use crate::store::Reader;
use bongsu_sensors::Time;
use miette::{IntoDiagnostic, WrapErr, miette};
use rand::RngExt;
use serde::Serialize;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Days that are compared where nobody says which.
const DAYS: Duration = Duration::from_secs(7 * 86_400);

/// Attempts at one batch of a backfill, which a person waits for.
const ATTEMPTS: u32 = 8;

/// Longest wait between two of them.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Archives: time-series databases of others that keep what was decided
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Print how far each archive has come, and what it lacks
    Status {
        /// Print one JSON object for each archive
        #[arg(long)]
        json: bool,
    },
    /// Fetch what was left out because an archive was away for too long, or a span of time once more
    Backfill {
        /// From when on records were taken in, such as 2026-07-08T00:00:00Z [default: what was left out]
        #[arg(long, value_parser = moment, requires = "to", value_name = "TIME")]
        from: Option<Time>,
        /// Until when
        #[arg(long, value_parser = moment, requires = "from", value_name = "TIME")]
        to: Option<Time>,
        /// Print one JSON object for each archive
        #[arg(long)]
        json: bool,
    },
    /// Compare counts and sums of every day and domain with the store
    Verify {
        /// From the day of this time on [default: seven days ago]
        #[arg(long, value_parser = moment, value_name = "TIME")]
        from: Option<Time>,
        /// Up to this time [default: now]
        #[arg(long, value_parser = moment, value_name = "TIME")]
        to: Option<Time>,
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
}

fn moment(text: &str) -> Result<Time, String> {
    Time::parse(text).map_err(|wrong| wrong.to_string())
}

/// Runs one of them.
pub fn run(command: Command, globals: &Globals, output: &mut dyn io::Write) -> miette::Result<Ended> {
    let config = checked(&globals.layers(Vec::new())?)?;
    if config.archive.archives.is_empty() {
        let help = "add [archive.influxdb2]; `bongsu config init -` shows its keys";
        return Err(miette!(help = help, "no archive is configured"));
    }
    let path = &config.store.path;
    let reader = Reader::open(path).into_diagnostic().wrap_err_with(|| format!("failed to open {}", path.display()))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().into_diagnostic()?;
    let mut ended = Ended::Well;
    for settings in &config.archive.archives {
        let open = Open::new(&config, settings, &reader)?;
        let one = match &command {
            Command::Status { json } => open.status(*json, output)?,
            Command::Backfill { from, to, json } => runtime.block_on(open.backfill((*from).zip(*to), *json, output))?,
            Command::Verify { from, to, json } => {
                let to = to.unwrap_or_else(|| Clock::System.now());
                let from = from.unwrap_or_else(|| day_of(to - DAYS));
                runtime.block_on(open.verify(from, to, *json, output))?
            }
        };
        if one == Ended::WithFindings {
            ended = one;
        }
    }
    Ok(ended)
}

/// An archive with its books, beside the store.
struct Open<'a> {
    name: &'static str,
    config: &'a Config,
    reader: &'a Reader,
    book: Book,
    archive: Arc<dyn Archive>,
}

/// How far an archive has come.
#[derive(Serialize)]
struct Status {
    archive: &'static str,
    record: u64,
    newest: u64,
    behind_records: u64,
    lag_seconds: u64,
    gaps: Vec<Gap>,
    refused: u64,
    newest_refused: Option<String>,
}

/// What a backfill did.
#[derive(Serialize)]
struct Filled {
    archive: &'static str,
    records: u64,
    points: u64,
    refused: u64,
}

impl Open<'_> {
    fn new<'a>(config: &'a Config, settings: &Arc<dyn Settings>, reader: &'a Reader) -> miette::Result<Open<'a>> {
        let path = Book::path(&config.data);
        let failed = || format!("failed to open {}", path.display());
        let book = Book::open(&path, settings.name()).into_diagnostic().wrap_err_with(failed)?;
        let archive = settings.build(config.archive.timeout)?;
        Ok(Open { name: settings.name(), config, reader, book, archive })
    }

    fn status(&self, json: bool, output: &mut dyn io::Write) -> miette::Result<Ended> {
        let cursor = self.book.cursor().into_diagnostic()?.unwrap_or_default();
        let newest = self.reader.newest_record().into_diagnostic()?.map_or(0, |(seq, _)| seq);
        let next = self.reader.next_record(cursor.record).into_diagnostic()?;
        let lag = next.map_or(Duration::ZERO, |(_, time)| Clock::System.now().since(time));
        let status = Status {
            archive: self.name,
            record: cursor.record,
            newest,
            behind_records: newest.saturating_sub(cursor.record),
            lag_seconds: lag.as_secs(),
            gaps: self.book.gaps().into_diagnostic()?,
            refused: self.book.refused().into_diagnostic()?,
            newest_refused: self.book.newest_refused().into_diagnostic()?.map(|(line, why)| format!("{why}: {line}")),
        };
        if json {
            write_json(&status, output)?;
        } else {
            let Status { archive, record, newest, behind_records, lag_seconds, .. } = &status;
            let text = format!("{archive}: record {record} of {newest}, {behind_records} behind ({lag_seconds} s)");
            writeln!(output, "{text}").map_err(output_failed)?;
            for gap in &status.gaps {
                let records = gap.until - gap.after;
                writeln!(output, "  left out: {} to {}, {records} records", gap.since, gap.ended)
                    .map_err(output_failed)?;
            }
            if let Some(newest) = &status.newest_refused {
                writeln!(output, "  refused for ever: {} points, the last one {newest}", status.refused)
                    .map_err(output_failed)?;
            }
        }
        Ok(if status.gaps.is_empty() { Ended::Well } else { Ended::WithFindings })
    }

    async fn backfill(
        mut self,
        span: Option<(Time, Time)>,
        json: bool,
        output: &mut dyn io::Write,
    ) -> miette::Result<Ended> {
        let gaps = match span {
            None => self.book.gaps().into_diagnostic()?,
            Some((from, to)) => self.gap_of(from, to).into_diagnostic()?.into_iter().collect(),
        };
        let mut filled = Filled { archive: self.name, records: 0, points: 0, refused: 0 };
        for gap in gaps {
            self.fill(gap, &mut filled).await?;
        }
        if json {
            write_json(&filled, output)?;
        } else {
            let Filled { archive, records, points, refused } = &filled;
            writeln!(output, "{archive}: {points} points of {records} records handed over, {refused} of them refused")
                .map_err(output_failed)?;
        }
        Ok(if filled.refused == 0 { Ended::Well } else { Ended::WithFindings })
    }

    /// The records that were taken in during a span, as a gap that stands in no book.
    fn gap_of(&self, from: Time, to: Time) -> rusqlite::Result<Option<Gap>> {
        let Some((first, since)) = self.reader.record_since(from)? else { return Ok(None) };
        let behind = match self.reader.record_since(to)? {
            Some((behind, _)) => Some(behind),
            None => self.reader.newest_record()?.map(|(newest, _)| newest + 1),
        };
        let until = behind.unwrap_or(first).saturating_sub(1);
        Ok((until >= first).then_some(Gap { id: 0, after: first - 1, until, since, ended: to }))
    }

    async fn fill(&mut self, gap: Gap, filled: &mut Filled) -> miette::Result<()> {
        let mut at = gap.after;
        let mut plan = Plan::at(self.reader, at).into_diagnostic()?;
        while at < gap.until {
            let (mut points, before) = (Vec::new(), at);
            let limit = self.config.archive.batch_points;
            records(self.reader, &mut plan, before, gap.until, limit, &mut points, |seq, _| at = seq)
                .into_diagnostic()
                .wrap_err("failed to read the store")?;
            if at == before {
                // What is left of it is no longer in the log.
                at = gap.until;
            }
            let refused = self.insist(&points).await?;
            filled.records += at - before;
            filled.points += u64::try_from(points.len()).unwrap_or(u64::MAX);
            filled.refused += u64::try_from(refused.len()).unwrap_or(u64::MAX);
            self.book.fill(&gap, at, &refused, Clock::System.now()).into_diagnostic()?;
        }
        Ok(())
    }

    /// Hands a batch over, some times. What was filled before is kept where it does not succeed.
    async fn insist(
        &self,
        points: &[crate::archive::point::Point],
    ) -> miette::Result<Vec<crate::archive::book::Refused>> {
        let mut attempts = 0;
        while !points.is_empty() {
            match ship(&*self.archive, points).await {
                Shipped::Done(refused) => return Ok(refused),
                Shipped::Again(trouble) => {
                    attempts += 1;
                    if attempts >= ATTEMPTS || trouble.needs_person {
                        let help = "what was handed over so far is kept; run it again when the archive works";
                        return Err(miette!(help = help, "the archive does not take it: {}", trouble.said));
                    }
                    let chance = rand::rng().random_range(0.0..1.0);
                    tokio::time::sleep(back_off(LONGEST_WAIT, attempts, trouble.after, chance)).await;
                }
            }
        }
        Ok(Vec::new())
    }

    async fn verify(&self, from: Time, to: Time, json: bool, output: &mut dyn io::Write) -> miette::Result<Ended> {
        // What is no longer kept cannot be counted: an archive that keeps it longer is not wrong.
        let kept_since = self.reader.reach().into_diagnostic()?.map(|reach| reach.hours);
        if let Some(since) = kept_since.filter(|since| from < *since && !json) {
            let told = format!("{}: observations are kept since {since}; days before are not compared", self.name);
            writeln!(output, "{told}").map_err(output_failed)?;
        }
        let from = kept_since.map_or(from, |since| from.max(verify::first_day_since(since)));
        let lines = verify::verify(self.reader, &self.book, &*self.archive, from, to).await?;
        let mut differs = false;
        for line in &lines {
            differs |= !line.same;
            if json {
                write_json(line, output)?;
                continue;
            }
            let day = line.day.to_string();
            let day = day.get(..10).unwrap_or(&day);
            let word = if line.same { "same" } else { "DIFFERS" };
            let (ours, theirs) = ((line.store_count, line.store_sum), (line.archive_count, line.archive_sum));
            writeln!(
                output,
                "{day} {:<10} {word:<8} store {} values, sum {:.6}; archive {} values, sum {:.6}",
                line.domain, ours.0, ours.1, theirs.0, theirs.1
            )
            .map_err(output_failed)?;
        }
        if lines.is_empty() && !json {
            writeln!(output, "{}: nothing on these days", self.name).map_err(output_failed)?;
        }
        Ok(if differs { Ended::WithFindings } else { Ended::Well })
    }
}
