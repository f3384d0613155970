//! Rows of the log become a file, one step after another.
//!
//! | step | then, after a crash |
//! |---|---|
//! | written: the file under a name of nobody, synced and read back | it is removed, the log has all of it |
//! | published: it has its name, the folder is synced | the same |
//! | registered: the database knows it, in one short transaction | the file counts, what the log still has of it does not |
//! | let go: rows of the log that are in files, few at a time | the rest goes later |
//! | rolled up: what is older than it is kept is in hours and days | see [`super::roll`] |
//! | thinned: what is older than it is kept is no longer known, then removed | it is removed later |
//!
//! So each row counts exactly once at every moment. The one writer of the store does what changes the database
//! ([`Hand`]); everything else happens beside it. Nothing is sealed that a restart feeds to the engine again: what stands
//! behind the snapshot stays in the log.

use super::super::{Entry, READINGS, Reader, Store, StoreError, Stored, TICK, read};
use super::look::Look;
use super::roll::{self, Roll};
use super::rollup::{self, Every, Reach, Rollup};
use super::segment::{Listed, Segments};
use super::{Gathered, MOST_ROWS, Record, Row, file};
use bongsu_sensors::Time;
use rusqlite::{Connection, OptionalExtension, params};
use std::io;
use std::path::Path;
use std::sync::PoisonError;
use std::time::Duration;

/// Bytes and rows of the log that are let go at once: about a millisecond of the writer.
const LET_GO_BYTES: u64 = 256 << 10;
const LET_GO_ROWS: usize = 500;

/// What is older than it is kept is still there for so long, for whoever began to read it.
const STILL_READ: Duration = Duration::from_secs(600);

/// Sealing begins when the oldest reading is older by this than it must be, so that files are not made of minutes.
const PATIENCE: Duration = Duration::from_secs(86_400);

/// The ending of a file's name.
const ENDING: &str = "sealed";

/// How far sealing goes, and in which steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// What is younger stays in the log.
    pub after: Duration,
    /// About so many observations are sealed at once.
    pub rows: usize,
    /// How long what is kept.
    pub keep: Keep,
}

/// How long what is kept. `None`: for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// Single observations, at least.
    pub raw: Option<Duration>,
    /// Hours of what is no longer kept itself.
    pub hours: Option<Duration>,
    /// Days of it.
    pub days: Option<Duration>,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A file was written, which nobody knows yet.
    Wrote {
        /// Rows in it.
        rows: u64,
        /// How long it is.
        bytes: u64,
    },
    /// It has its name.
    Published,
    /// The database knows it.
    Registered,
    /// Rows of the log that are in files were let go.
    LetGo,
    /// Some datastreams' observations of a day are in hours and days, which do not count yet.
    Rolled,
    /// The database knows how far hours and days reach.
    Reached,
    /// What is older than it is kept is no longer known.
    Thinned,
    /// A file that was no longer known was removed.
    Removed,
    /// Hours or days that are older than they are kept went.
    Forgot,
    /// There is nothing to do.
    Idle,
}

/// What the one writer of the store is asked to do.
#[derive(Clone, Debug)]
pub enum Work {
    /// To know a file.
    Register(Box<Registered>),
    /// To let the readings and ticks go that stand after one record, up to another.
    LetGo(u64, u64),
    /// To know a file no longer.
    Thin(i64, Time),
    /// To forget that there was a file, which is removed.
    Strike(i64),
    /// To write hours and days down.
    Roll(Vec<Rollup>),
    /// To know how far they reach.
    Reach(Reach),
    /// To let some of those go that end by a time.
    Forget(Every, Time),
}

/// What the database is told of a file.
#[derive(Clone, Debug)]
pub struct Registered {
    file: Listed,
    head: Vec<u8>,
}

/// Who writes into the store.
pub trait Hand {
    /// Does it, and answers when it is done.
    ///
    /// # Errors
    /// It could not be done; nothing of it is.
    fn write(&mut self, work: Work) -> Result<(), String>;
}

impl Hand for Store {
    fn write(&mut self, work: Work) -> Result<(), String> {
        self.seal(&work).map_err(|cause| cause.to_string())
    }
}

/// Why a step was not done.
#[derive(Debug, thiserror::Error)]
pub enum Unsealed {
    /// The database cannot be read.
    #[error("the store cannot be read: {0}")]
    Read(#[from] rusqlite::Error),
    /// A file cannot be written.
    #[error("a file of the history cannot be written: {0}")]
    File(#[from] io::Error),
    /// The database cannot be written.
    #[error("the store cannot be written: {0}")]
    Store(String),
}

impl Store {
    /// Does what sealing needs of the writer.
    ///
    /// # Errors
    /// The disk, most likely: nothing of it is done then.
    pub fn seal(&mut self, work: &Work) -> Result<(), StoreError> {
        let failed = self.failed();
        let _carried_over = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        match work {
            Work::Register(registered) => register(&self.connection, registered),
            // What a power cut takes back is done again: it need not wait for the disk. What relies on it does.
            Work::LetGo(after, until) => self.unsynced(|to| let_go(to, *after, *until)),
            Work::Roll(rollups) => self.unsynced(|to| {
                let transaction = to.unchecked_transaction()?;
                rollups.iter().try_for_each(|rollup| rollup.write(&transaction))?;
                transaction.commit()
            }),
            Work::Forget(every, before) => self.unsynced(|to| rollup::forget(to, *every, *before, LET_GO_ROWS)),
            Work::Reach(reach) => reach.write(&self.connection),
            Work::Strike(id) => strike(&self.connection, *id),
            Work::Thin(id, now) => {
                let sql = "UPDATE sealed SET gone = ?2 WHERE id = ?1 AND gone IS NULL";
                self.connection.execute(sql, params![id, now.millis()]).map(|_| ())
            }
        }
        .map_err(failed)
    }

    /// Does something that the next commit of anything else brings to the disk.
    fn unsynced(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<()>) -> rusqlite::Result<()> {
        let done = self.connection.pragma_update(None, "synchronous", "NORMAL").and_then(|()| work(&self.connection));
        self.connection.pragma_update(None, "synchronous", "FULL").and(done)
    }
}

/// Forgets a file that is removed. The newest says up to which record the log was sealed: of that only its index goes.
fn strike(from: &Connection, id: i64) -> rusqlite::Result<()> {
    let sql = "DELETE FROM sealed WHERE id = ?1 AND gone IS NOT NULL AND until < (SELECT max(until) FROM sealed)";
    match from.execute(sql, [id])? {
        0 => from.execute("UPDATE sealed SET head = x'' WHERE id = ?1 AND gone IS NOT NULL", [id]).map(|_| ()),
        _ => Ok(()),
    }
}

fn register(to: &Connection, Registered { file, head }: &Registered) -> rusqlite::Result<()> {
    let sql = "INSERT INTO sealed (file, after, until, began, ended, first, last, rows, bytes, head)
        SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10
        WHERE ?2 = (SELECT coalesce(max(until), 0) FROM sealed)";
    let Listed { after, until, began, ended, first, last, rows, bytes, .. } = file;
    let (began, ended, first, last) = (began.millis(), ended.millis(), first.millis(), last.millis());
    let values = params![file.file, after, until, began, ended, first, last, rows, bytes, head];
    match to.execute(sql, values)? {
        1 => Ok(()),
        // Runs follow one another without a hole, or not at all.
        _ => Err(rusqlite::Error::StatementChangedRows(0)),
    }
}

fn let_go(from: &Connection, after: u64, until: u64) -> rusqlite::Result<()> {
    let sql = "DELETE FROM log WHERE seq > ?1 AND seq <= ?2 AND kind IN (?3, ?4)
        AND seq <= (SELECT coalesce(max(until), 0) FROM sealed)";
    from.prepare_cached(sql)?.execute(params![after, until, READINGS, TICK]).map(|_| ())
}

/// Sealing one store.
#[derive(Debug)]
pub struct Seal {
    reader: Reader,
    bounds: Bounds,
    /// A file that the database does not know yet, and whether it has its name.
    under_way: Option<(Box<Registered>, bool)>,
    /// Up to this record the log was let go of what is sealed.
    let_go: u64,
    roll: Roll,
}

impl Seal {
    /// Begins, and removes what a crash left behind.
    ///
    /// # Errors
    /// The store or its folder cannot be read.
    pub fn open(store: &Path, bounds: Bounds) -> Result<Seal, Unsealed> {
        let reader = Reader::open(store)?;
        let seal = Seal { reader, bounds, under_way: None, let_go: 0, roll: Roll::default() };
        seal.clean()?;
        Ok(seal)
    }

    /// Removes files that were on their way when the program ended. Of those that the database does not know only what
    /// the log has as well: a history whose database was lost is nobody's to delete.
    fn clean(&self) -> Result<(), Unsealed> {
        let entries = match std::fs::read_dir(self.reader.segments.folder()) {
            Ok(entries) => entries,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(cause) => return Err(cause.into()),
        };
        let sealed = Segments::until(&self.reader.connection)?;
        let known = "SELECT 1 FROM sealed WHERE file = ?1";
        let logged = "SELECT 1 FROM log WHERE seq > ?1 AND seq > ?2 AND kind = 1 LIMIT 1";
        for entry in entries {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.extension().is_some_and(|ending| ending == "part") {
                std::fs::remove_file(&path)?;
                continue;
            }
            let connection = &self.reader.connection;
            if path.extension().is_none_or(|ending| ending != ENDING)
                || connection.query_row(known, [&name], |_| Ok(())).optional()?.is_some()
            {
                continue;
            }
            let after = name.split('-').next().and_then(|after| after.parse::<u64>().ok());
            let ours = after.filter(|after| *after >= sealed);
            let is_logged = match ours {
                Some(after) => connection.query_row(logged, params![after, sealed], |_| Ok(())).optional()?.is_some(),
                None => false,
            };
            if is_logged {
                std::fs::remove_file(&path)?;
            } else {
                tracing::warn!(file = %path.display(), "a file of the history that the store knows nothing of is left alone");
            }
        }
        Ok(())
    }

    /// Does the next step. `exported` is the last record that every archive has, or leaves out: nothing behind it goes.
    ///
    /// # Errors
    /// It could not be done; it is tried again at the next call.
    pub fn step(&mut self, now: Time, exported: u64, hand: &mut dyn Hand) -> Result<Step, Unsealed> {
        let sealed = Segments::until(&self.reader.connection)?;
        if let Some(until) = self.still_logged(sealed)? {
            hand.write(Work::LetGo(self.let_go, until)).map_err(Unsealed::Store)?;
            self.let_go = until;
            return Ok(Step::LetGo);
        }
        self.let_go = sealed;
        match self.under_way.take() {
            None => self.begin(now, exported, hand),
            Some((registered, false)) => {
                let published = file::publish(&self.reader.segments.folder().join(&registered.file.file));
                self.under_way = Some((registered, published.is_ok()));
                published?;
                Ok(Step::Published)
            }
            Some((registered, true)) => {
                let done = hand.write(Work::Register(registered.clone())).map_err(Unsealed::Store);
                if done.is_err() {
                    self.under_way = Some((registered, true));
                }
                done.map(|()| Step::Registered)
            }
        }
    }

    fn begin(&mut self, now: Time, exported: u64, hand: &mut dyn Hand) -> Result<Step, Unsealed> {
        if let Some((after, until)) = self.span(now, exported)? {
            let gathered = gather(&self.reader.connection, after, until, self.bounds.rows.min(MOST_ROWS))?;
            if !gathered.rows.is_empty() {
                return self.write(&gathered);
            }
        }
        if let Some(step) = self.roll.step(&self.reader, &self.bounds, now, hand)? {
            return Ok(step);
        }
        if let Some(step) = self.thin(now, hand)? {
            return Ok(step);
        }
        Ok(roll::forget(&self.reader, &self.bounds, now, hand)?.unwrap_or(Step::Idle))
    }

    fn write(&mut self, gathered: &Gathered) -> Result<Step, Unsealed> {
        let name = format!("{:012}-{:012}.{ENDING}", gathered.after, gathered.until);
        let written = file::write(&self.reader.segments.folder().join(&name), gathered)?;
        let times = gathered.rows.iter().map(Row::time);
        let (Some(first), Some(last)) = (times.clone().min(), times.max()) else { return Ok(Step::Idle) };
        let nows = gathered.records.iter().map(|record| record.now);
        let (Some(began), Some(ended)) = (nows.clone().min(), nows.max()) else { return Ok(Step::Idle) };
        let (rows, bytes) = (gathered.rows.len() as u64, written.bytes);
        let (after, until) = (gathered.after, gathered.until);
        let file = Listed { id: 0, file: name, after, until, began, ended, first, last, rows, bytes };
        self.under_way = Some((Box::new(Registered { file, head: written.index }), false));
        Ok(Step::Wrote { rows, bytes })
    }

    /// Up to which record the next few rows of the log go that are in files.
    fn still_logged(&self, sealed: u64) -> rusqlite::Result<Option<u64>> {
        if self.let_go >= sealed {
            return Ok(None);
        }
        let sql = "SELECT seq, length(body) FROM log WHERE seq > ?1 AND seq <= ?2 AND kind IN (?3, ?4)
            ORDER BY seq LIMIT ?5";
        let mut statement = self.reader.connection.prepare_cached(sql)?;
        let values = params![self.let_go, sealed, READINGS, TICK, LET_GO_ROWS];
        let rows = statement.query_map(values, |row| Ok((row.get::<_, u64>(0)?, row.get::<_, u64>(1)?)))?;
        let (mut until, mut bytes) = (None, 0);
        for row in rows {
            let (seq, length) = row?;
            bytes += length;
            if until.is_some() && bytes > LET_GO_BYTES {
                break;
            }
            until = Some(seq);
        }
        Ok(until)
    }

    /// What may be sealed now: after which record, up to which.
    fn span(&self, now: Time, exported: u64) -> rusqlite::Result<Option<(u64, u64)>> {
        let connection = &self.reader.connection;
        let after = Segments::until(connection)?;
        let sql = "SELECT now FROM log WHERE seq > ?1 AND kind = ?2 ORDER BY seq LIMIT 1";
        let oldest =
            connection.prepare_cached(sql)?.query_row(params![after, READINGS], |row| row.get(0)).optional()?;
        let due = self.bounds.after + PATIENCE.min(self.bounds.after);
        if oldest.is_none_or(|oldest| now.since(Time::from_millis(oldest)) <= due) {
            return Ok(None);
        }
        let snapshot =
            connection.prepare_cached("SELECT seq FROM snapshot")?.query_row([], |row| row.get(0)).optional()?;
        // The record of the snapshot itself stays: a restart asks when it was.
        let covered = snapshot.map_or(0, |seq: u64| seq.saturating_sub(1));
        let old = last_before(connection, now - self.bounds.after)?;
        let until = covered.min(exported).min(old);
        Ok((until > after).then_some((after, until)))
    }

    /// The last record taken in before a moment: what an archive is too far behind to get.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn last_before(&self, moment: Time) -> rusqlite::Result<u64> {
        last_before(&self.reader.connection, moment)
    }

    /// Removes what is older than it is kept: first from what is known, and when nobody reads it any more its file. What
    /// is not in hours and days yet stays.
    fn thin(&mut self, now: Time, hand: &mut dyn Hand) -> Result<Option<Step>, Unsealed> {
        let connection = &self.reader.connection;
        let sql = "SELECT id, file FROM sealed WHERE gone <= ?1
            AND (length(head) > 0 OR until < (SELECT max(until) FROM sealed)) LIMIT 1";
        let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?));
        let gone = connection.prepare_cached(sql)?.query_row([(now - STILL_READ).millis()], row).optional()?;
        if let Some((id, file)) = gone {
            match std::fs::remove_file(self.reader.segments.folder().join(file)) {
                Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(cause.into()),
                _ => {}
            }
            hand.write(Work::Strike(id)).map_err(Unsealed::Store)?;
            return Ok(Some(Step::Removed));
        }
        let (Some(keep), Some(reach)) = (self.bounds.keep.raw, self.reader.reach()?) else { return Ok(None) };
        let oldest = self.reader.segments.all(connection)?.into_iter().next();
        let is_over = |file: &Listed| {
            file.last.max(file.ended) < now - keep && file.last < reach.hours && file.until <= reach.record
        };
        match oldest.filter(is_over) {
            Some(file) => {
                hand.write(Work::Thin(file.id, now)).map_err(Unsealed::Store)?;
                Ok(Some(Step::Thinned))
            }
            None => Ok(None),
        }
    }

    /// Looks the next part of the history over.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn look_over(&self, look: &mut Look) -> rusqlite::Result<()> {
        look.step(&self.reader)
    }

    /// What is sealed: files, rows, bytes.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn stands(&self) -> rusqlite::Result<(u64, u64, u64)> {
        let files = self.reader.segments.all(&self.reader.connection)?;
        let (rows, bytes) = files.iter().fold((0, 0), |(rows, bytes), file| (rows + file.rows, bytes + file.bytes));
        Ok((files.len() as u64, rows, bytes))
    }
}

/// The last record taken in before a moment; 0: there is none.
fn last_before(connection: &Connection, moment: Time) -> rusqlite::Result<u64> {
    let sql = "SELECT seq FROM log WHERE now < ?1 ORDER BY now DESC, seq DESC LIMIT 1";
    let found = connection.prepare_cached(sql)?.query_row([moment.millis()], |row| row.get(0)).optional()?;
    Ok(found.unwrap_or(0))
}

/// Takes the readings of the log after one record, up to another or until there are about so many rows.
fn gather(connection: &Connection, after: u64, until: u64, most: usize) -> rusqlite::Result<Gathered> {
    let mut gathered = Gathered { after, until, ..Gathered::default() };
    let sql = "SELECT seq, now, kind, first, last, body FROM log
        WHERE seq > ?1 AND seq <= ?2 AND kind = ?3 ORDER BY seq";
    let mut statement = connection.prepare_cached(sql)?;
    let mut last = None;
    for entry in statement.query_map(params![after, until, READINGS], read::entry)? {
        let entry = entry?;
        let before = gathered.rows.len();
        let Ok(stored) = entry.stored() else {
            // What nobody can read has no place in a file, and as little in a question to the log.
            tracing::error!(seq = entry.seq, "a damaged record is not sealed");
            continue;
        };
        let stored: Vec<Stored> = stored.collect();
        if let Some(last) = last
            && before + stored.len() > most
        {
            gathered.until = last;
            break;
        }
        last = Some(entry.seq);
        take(&mut gathered, &entry, stored);
    }
    Ok(gathered)
}

fn take(gathered: &mut Gathered, entry: &Entry, stored: Vec<Stored>) {
    if stored.is_empty() {
        return;
    }
    let ordinal = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
    let first = gathered.rows.len();
    let (seq, now) = (entry.seq, entry.now);
    gathered.records.push(Record { seq, now, first: ordinal(first), rows: ordinal(stored.len()) });
    let rows = stored.into_iter().enumerate();
    gathered.rows.extend(rows.map(|(place, stored)| Row { ordinal: ordinal(first + place), stored }));
}
