//! Following the store, batch by batch, in a thread of its own: look → hand over → note.
//!
//! The exporter reads with its own connection what is committed, and never asks the writer for anything; the archive may
//! be slow, wrong or away for as long as it likes. What it has is noted after it has it, so that a crash in between hands
//! it over again, which changes nothing.
//!
//! What is older than `max_lag` when its turn comes is left out and noted as a gap: curves of the last hours matter more
//! to whoever looks at a dashboard after an outage than those of the week before. `bongsu archive backfill` fetches it.

use super::book::{Book, Cursor, Gap};
use super::health::Health;
use super::point::Point;
use super::schema::{self, Plan};
use super::ship::{Shipped, ship};
use super::{Archive, Feeding};
use crate::channel::runner::back_off;
use crate::clock::Clock;
use crate::store::{DeliveryRow, Fate, Reader};
use crate::web::Shared;
use miette::{IntoDiagnostic, WrapErr, miette};
use rand::RngExt;
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Longest wait between two attempts: an archive that is back should not wait much longer for what it missed.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Changes of incidents and deliveries taken up at once.
const PAGE: usize = 1_000;

/// Deliveries looked through at once behind the last that is done.
const OWED: usize = 20_000;

/// The exporters at work.
#[derive(Debug, Default)]
pub struct Exporters {
    stop: CancellationToken,
    threads: Vec<JoinHandle<()>>,
}

impl Exporters {
    /// Builds every archive of the configuration and starts following the store for it.
    ///
    /// # Errors
    /// What is configured cannot be used.
    pub fn start(
        feeding: &Feeding,
        store: &Path,
        data: &Path,
        clock: Clock,
        shared: &Shared,
    ) -> miette::Result<Exporters> {
        let mut exporters = Exporters::default();
        for settings in &feeding.archives {
            let (name, archive) = (settings.name(), settings.build(feeding.timeout)?);
            let path = Book::path(data);
            let failed = || format!("failed to open {}", path.display());
            let book = Book::open(&path, name).into_diagnostic().wrap_err_with(failed)?;
            let health = Arc::new(Health::default());
            health.register(name, shared);
            let exporter = Exporter {
                name,
                archive,
                book,
                health,
                clock,
                store: store.to_owned(),
                feeding: feeding.clone(),
                stop: exporters.stop.clone(),
            };
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().into_diagnostic()?;
            let run = move || runtime.block_on(exporter.run());
            let thread = std::thread::Builder::new().name("archive".into()).spawn(run);
            exporters.threads.push(thread.into_diagnostic().wrap_err("failed to start the exporter")?);
        }
        Ok(exporters)
    }

    /// Ends them. What an archive does not have yet it gets after the next start.
    pub async fn stop(mut self) {
        self.stop.cancel();
        let threads = std::mem::take(&mut self.threads);
        let ended = tokio::task::spawn_blocking(|| threads.into_iter().for_each(|thread| drop(thread.join())));
        let _ = ended.await;
    }
}

impl Drop for Exporters {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

struct Exporter {
    name: &'static str,
    archive: Arc<dyn Archive>,
    book: Book,
    health: Arc<Health>,
    clock: Clock,
    store: PathBuf,
    feeding: Feeding,
    stop: CancellationToken,
}

/// Where a round of following begins.
struct Way {
    reader: Reader,
    cursor: Cursor,
    plan: Plan,
    /// Deliveries behind the cursor that the archive has already.
    delivered: BTreeSet<i64>,
}

/// What is handed over next, and where that leads.
#[derive(Debug)]
pub struct Batch {
    /// The points.
    pub points: Vec<Point>,
    /// Where the cursor stands when the archive has them.
    pub cursor: Cursor,
    delivered: Vec<i64>,
}

impl Exporter {
    async fn run(mut self) {
        let stop = self.stop.clone();
        while !stop.is_cancelled() {
            // A store or books that cannot be read now may be readable later: the disk was full, or is replaced.
            if let Err(error) = self.follow().await {
                tracing::error!(archive = self.name, "following the store failed: {error:?}");
                pause(&stop, LONGEST_WAIT).await;
            }
        }
    }

    async fn follow(&mut self) -> miette::Result<()> {
        let reader = Reader::open(&self.store).into_diagnostic().wrap_err("failed to open the store")?;
        let newest = reader.newest_record().into_diagnostic()?.map_or(0, |(seq, _)| seq);
        let mut cursor = self.book.cursor().into_diagnostic()?.unwrap_or_default();
        if cursor.record > newest {
            // The store was restored from a backup that is older than the archive: what comes now is new to it.
            tracing::warn!(
                archive = self.name,
                at = cursor.record,
                newest,
                "the store is older than what was archived"
            );
            let transition = reader.newest_transition().into_diagnostic()?.min(cursor.transition);
            cursor = Cursor { record: newest, transition, delivery: 0, time: cursor.time };
        }
        let plan = Plan::at(&reader, cursor.record).into_diagnostic()?;
        let mut way = Way { reader, cursor, plan, delivered: BTreeSet::new() };
        while !self.stop.is_cancelled() {
            self.leave_out(&mut way)?;
            let batch = way.next(self.feeding.batch_points).into_diagnostic().wrap_err("failed to read the store")?;
            self.tell(&way)?;
            if batch.points.is_empty() && batch.cursor == way.cursor {
                pause(&self.stop, self.feeding.every).await;
                continue;
            }
            if !self.hand_over(&mut way, batch).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Hands a batch over until the archive has it; `false`: the program stops.
    async fn hand_over(&mut self, way: &mut Way, batch: Batch) -> miette::Result<bool> {
        let mut attempts = 0;
        let refused = loop {
            let shipped = if batch.points.is_empty() { Shipped::Done(Vec::new()) } else { self.ship(&batch).await };
            match shipped {
                Shipped::Done(refused) => break refused,
                Shipped::Again(_) if self.stop.is_cancelled() => return Ok(false),
                Shipped::Again(trouble) => {
                    attempts += 1;
                    if self.health.failed(&trouble) {
                        let name = self.name;
                        tracing::warn!(
                            archive = name,
                            said = trouble.said,
                            "the archive does not take what it is given"
                        );
                    }
                    self.tell(way)?;
                    let wait = back_off(LONGEST_WAIT, attempts, trouble.after, rand::rng().random_range(0.0..1.0));
                    pause(&self.stop, wait).await;
                }
            }
        };
        if attempts > 0 {
            tracing::info!(archive = self.name, attempts, "the archive takes what it is given again");
        }
        if let Some(first) = refused.first() {
            let (name, count, reason) = (self.name, refused.len(), &first.reason);
            tracing::warn!(archive = name, count, reason, "points the archive never takes are put aside");
        }
        self.book
            .note(&batch.cursor, &refused, self.clock.now())
            .into_diagnostic()
            .wrap_err("failed to keep the books")?;
        self.health.took(batch.points.len(), refused.len());
        way.cursor = batch.cursor;
        way.delivered.extend(batch.delivered);
        way.delivered = way.delivered.split_off(&(batch.cursor.delivery + 1));
        Ok(true)
    }

    /// One attempt; an end of the program breaks it off.
    async fn ship(&self, batch: &Batch) -> Shipped {
        tokio::select! {
            shipped = ship(&*self.archive, &batch.points) => shipped,
            () = self.stop.cancelled() => {
                let said = "the program stops".to_owned();
                Shipped::Again(super::ship::Trouble { said, after: None, needs_person: false })
            }
        }
    }

    /// Leaves out what is too old.
    fn leave_out(&mut self, way: &mut Way) -> miette::Result<()> {
        let now = self.clock.now();
        let Some((first, since)) = way.reader.next_record(way.cursor.record).into_diagnostic()? else { return Ok(()) };
        if now.since(since) <= self.feeding.max_lag {
            return Ok(());
        }
        // Half of what is allowed is kept, so that the next records are not too old at once.
        let kept = way.reader.record_since(now - self.feeding.max_lag / 2).into_diagnostic()?;
        let newest = way.reader.newest_record().into_diagnostic()?.ok_or_else(|| miette!("the log is gone"))?;
        let until = kept.map_or(newest.0, |(seq, _)| seq.saturating_sub(1));
        if until < first {
            return Ok(());
        }
        let ended = kept.map_or(newest.1, |(_, time)| time);
        let gap = Gap { id: 0, after: way.cursor.record, until, since, ended };
        way.cursor.record = until;
        self.book.leave_out(&gap, &way.cursor).into_diagnostic().wrap_err("failed to keep the books")?;
        way.plan = Plan::at(&way.reader, until).into_diagnostic()?;
        tracing::warn!(
            archive = self.name,
            records = until - gap.after,
            since = %gap.since,
            until = %gap.ended,
            "too far behind: left out; `bongsu archive backfill` fetches it"
        );
        Ok(())
    }

    fn tell(&self, way: &Way) -> miette::Result<()> {
        let newest = way.reader.newest_record().into_diagnostic()?.map_or(0, |(seq, _)| seq);
        let next = way.reader.next_record(way.cursor.record).into_diagnostic()?;
        let behind = next.map_or(Duration::ZERO, |(_, time)| self.clock.now().since(time));
        let gaps = self.book.gaps().into_diagnostic()?.len();
        self.health.stands(newest.saturating_sub(way.cursor.record), behind, gaps);
        Ok(())
    }
}

impl Way {
    /// What comes next: so many points or a little more, because a row of the log is handed over whole.
    fn next(&mut self, limit: usize) -> rusqlite::Result<Batch> {
        let mut cursor = self.cursor;
        let mut points = Vec::new();
        records(&self.reader, &mut self.plan, cursor.record, u64::MAX >> 1, limit, &mut points, |seq, time| {
            (cursor.record, cursor.time) = (seq, time);
        })?;
        for (id, transition) in self.reader.transitions_after(cursor.transition, PAGE)? {
            points.push(schema::change(id, &transition));
            cursor.transition = id;
        }
        let rows = self.reader.deliveries_after(cursor.delivery, OWED)?;
        let is_done = |row: &DeliveryRow| row.state != Fate::Pending;
        let done: Vec<_> = rows.iter().filter(|(id, row)| is_done(row) && !self.delivered.contains(id)).collect();
        points.extend(done.iter().take(PAGE).map(|(id, row)| schema::delivery(*id, row)));
        let delivered: Vec<i64> = done.iter().take(PAGE).map(|(id, _)| *id).collect();
        // Up to the first that is still owed, or does not fit any more.
        let has = |id: &i64| self.delivered.contains(id) || delivered.contains(id);
        if let Some((last, _)) = rows.iter().take_while(|(id, row)| is_done(row) && has(id)).last() {
            cursor.delivery = *last;
        }
        Ok(Batch { points, cursor, delivered })
    }
}

/// Appends the points of the records after `after` up to `until`, of so many records that there are enough points; tells
/// each record that is in it.
///
/// # Errors
/// The store cannot be read.
pub fn records(
    reader: &Reader,
    plan: &mut Plan,
    after: u64,
    until: u64,
    limit: usize,
    points: &mut Vec<Point>,
    mut passed: impl FnMut(u64, bongsu_sensors::Time),
) -> rusqlite::Result<()> {
    // Records that make no point cost something as well.
    let mut looked = 0;
    reader.follow(after, until, |entry| {
        plan.take(&entry, reader, points)?;
        passed(entry.seq, entry.now);
        looked += 1;
        let enough = points.len() >= limit || looked >= limit.max(PAGE);
        Ok(if enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })
}

async fn pause(stop: &CancellationToken, how_long: Duration) {
    tokio::select! {
        () = tokio::time::sleep(how_long) => {}
        () = stop.cancelled() => {}
    }
}
