//! The embedded store: the log of every input, and everything that was decided from it, in one SQLite file.
//!
//! One transaction holds a batch's inputs, its decisions and what is still to be said; it is on the disk before anybody
//! hears of it. One writer: the pipeline. Readers open the file for themselves ([`Reader`]).

// Who did what, chained.
pub mod announced;
pub mod audit;
mod cap;
mod checkpoint;
mod device;
mod entry;
// What was written after a place.
mod follow;
// What was observed long ago, in files of its own.
pub mod history;
mod outreach;
// Accounts, sessions, tokens.
pub mod people;
mod read;
pub mod rule;
mod said;
// Texts of rules that wait for a second person.
pub mod submission;
// Hours and days of what was observed.
pub mod summary;
mod write;

pub use cap::Cap;
pub use entry::{CATALOG, Entry, READINGS, RULES, Stored, TICK};
pub use outreach::{DeliveryRow, Fate, Fates, Report, Sought, Subscriber};
pub use read::{Page, Reader};

use crate::session::receipt_of;
use bongsu_broker::Receipt;
use bongsu_rules::incident::{Book, Status, Transition};
use bongsu_rules::record::{Historic, Undecided};
use bongsu_sensors::catalog::Numbering;
use bongsu_sensors::{Reason, StationId, Time};
use checkpoint::{Checkpointer, Gate};
use history::{Past, Segments};
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::time::Duration;

/// The migrations: the n-th brings version n to version n + 1.
const MIGRATIONS: &[&str] = &[
    include_str!("schema.sql"),
    include_str!("migration/device_certificate.sql"),
    include_str!("migration/people.sql"),
    include_str!("migration/cap.sql"),
    include_str!("migration/channel.sql"),
    include_str!("migration/rules.sql"),
    include_str!("migration/history.sql"),
    include_str!("migration/submission.sql"),
    include_str!("migration/agency.sql"),
    include_str!("migration/rollup.sql"),
    include_str!("migration/vouched.sql"),
    include_str!("migration/delivery.sql"),
];

/// How much of a refused payload is kept: enough to see what it was.
pub const PAYLOAD_KEPT: usize = 512;

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum StoreError {
    /// SQLite said no.
    #[error("the store {path} failed: {cause}")]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        cause: rusqlite::Error,
    },
    /// A newer program wrote it.
    #[error("the store {path} has version {found}, this program knows up to {known}")]
    #[diagnostic(help("start the newer program again, or restore the backup that was taken before its first start"))]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version it has.
        found: usize,
        /// The newest version this program knows.
        known: usize,
    },
    /// A row cannot be read.
    #[error("the store {path} holds a damaged {what}: {cause}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Which row.
        what: String,
        /// What is wrong with it.
        cause: String,
    },
    /// It holds something else.
    #[error(
        "the store {path} belongs to {holds:?}, not to {wanted:?}: what is meant and what is practised are kept apart"
    )]
    #[diagnostic(help("name another folder with --data"))]
    OtherStatus {
        /// The file.
        path: PathBuf,
        /// What it holds.
        holds: Status,
        /// What was asked.
        wanted: Status,
    },
    /// The folder cannot be made.
    #[error("failed to make the folder {path}: {cause}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
}

impl StoreError {
    /// Whether the disk is full.
    pub fn is_full(&self) -> bool {
        let StoreError::Sqlite { cause, .. } = self else { return false };
        let extended = cause.sqlite_error().map(|error| error.extended_code);
        // A full disk is also what hinders SQLite from extending its shared memory file. Any other failure is not mended
        // by room, and must not cost the reserve.
        cause.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
            || extended == Some(rusqlite::ffi::SQLITE_IOERR_SHMSIZE)
    }
}

/// A part of a message, or all of it, that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// When it came.
    pub received: Time,
    /// Where it came from: a topic, or a file and line.
    pub source: String,
    /// The station it spoke for, where that is known.
    pub station: Option<String>,
    /// Why it was refused.
    pub reason: Reason,
    /// What to send instead.
    pub remedy: String,
    /// What it said, cut at [`PAYLOAD_KEPT`].
    pub payload: Vec<u8>,
}

/// Something that happened at a station: a power bank was lent, a door was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The station.
    pub station: String,
    /// The device's name of it: the same event sent twice is one.
    pub id: String,
    /// When it happened.
    pub time: Time,
    /// What sort of thing.
    pub kind: String,
    /// All of it, as JSON.
    pub body: String,
}

/// Everything one transaction makes true.
#[derive(Debug, Default)]
pub struct Batch {
    /// Inputs.
    pub entries: Vec<Entry>,
    /// Changes of incidents, with the record that caused each.
    pub transitions: Vec<(u64, Transition)>,
    /// CAP messages of what is issued to the public.
    pub caps: Vec<Cap>,
    /// Places where rules stopped or started being able to decide.
    pub undecided: Vec<Undecided>,
    /// What was refused.
    pub dead_letters: Vec<DeadLetter>,
    /// Things that happened.
    pub events: Vec<Event>,
    /// QoS 2 messages that must not be taken twice.
    pub receipts: Vec<Receipt>,
    /// What people did.
    pub audit: Vec<audit::Draft>,
    /// Versions of rules that begin or end.
    pub versions: Vec<rule::Version>,
    /// Submissions of rules that are taken up.
    pub decided: Vec<submission::Decided>,
    /// What rules would have said of the past, and when it was told.
    pub historic: Vec<(Time, Historic)>,
    /// Alerts and incidents as they stand, where they changed.
    pub book: Option<Book>,
    /// Numbers of datastreams, where new ones were given.
    pub numbering: Option<Numbering>,
    /// How far a replay has read.
    pub progress: Option<Progress>,
    /// Readings in it.
    pub readings: usize,
    /// Readings in it that became observations.
    pub observations: u64,
    /// Readings in it that said again what was known.
    pub duplicates: u64,
}

impl Batch {
    /// Whether there is nothing to make true.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
            && self.dead_letters.is_empty()
            && self.events.is_empty()
            && self.receipts.is_empty()
            && self.audit.is_empty()
            && self.progress.is_none()
    }

    /// Forgets what was committed.
    pub fn clear(&mut self) {
        *self = Batch::default();
    }
}

/// How far a replay has read, so that an interrupted one can go on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The files, and the size of each.
    pub files: Vec<(String, u64)>,
    /// Rows that were taken in.
    pub rows: u64,
    /// Observations among them.
    pub observations: u64,
    /// Dead letters among them.
    pub dead_letters: u64,
    /// It has read all of them.
    pub finished: bool,
}

/// The writer of the store.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
    segments: Segments,
    dead_letter_limit: usize,
    /// Held by each commit.
    gate: Gate,
    checkpointer: Option<Checkpointer>,
}

impl Store {
    /// Opens the store, making or migrating it.
    ///
    /// # Errors
    /// A file that cannot be opened, belongs to a newer program, or holds another status.
    pub fn open(path: &Path, status: Status, dead_letter_limit: usize) -> Result<Store, StoreError> {
        let store = Store::open_as_it_is(path, dead_letter_limit)?;
        store.hold_to(status)?;
        Ok(store)
    }

    /// Opens the store, whatever it is for.
    ///
    /// # Errors
    /// A file that cannot be opened, or belongs to a newer program.
    pub fn open_as_it_is(path: &Path, dead_letter_limit: usize) -> Result<Store, StoreError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|cause| StoreError::Folder { path: folder.to_owned(), cause })?;
        }
        let failed = |cause| StoreError::Sqlite { path: path.to_owned(), cause };
        let connection = Connection::open(path).map_err(failed)?;
        connection.busy_timeout(Duration::from_secs(5)).map_err(failed)?;
        // FULL: in WAL mode the only setting at which a commit has been synced when it returns.
        connection
            .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = ON;")
            .map_err(failed)?;
        let (segments, gate) = (Segments::of(path), Gate::default());
        let mut store =
            Store { connection, path: path.to_owned(), segments, dead_letter_limit, gate, checkpointer: None };
        store.migrate()?;
        Ok(store)
    }

    /// Carries the log over beside the commits from now on: for a store that others wait for.
    ///
    /// # Errors
    /// The file cannot be opened once more.
    pub fn checkpoint_apart(&mut self) -> Result<(), StoreError> {
        let checkpointer = Checkpointer::start(&self.path, self.gate.clone()).map_err(self.failed())?;
        checkpointer.relieve(&self.connection, &self.path).map_err(self.failed())?;
        self.checkpointer = Some(checkpointer);
        Ok(())
    }

    fn failed(&self) -> impl Fn(rusqlite::Error) -> StoreError + use<> {
        let path = self.path.clone();
        move |cause| StoreError::Sqlite { path: path.clone(), cause }
    }

    fn migrate(&mut self) -> Result<(), StoreError> {
        let failed = self.failed();
        let found: usize = self.connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(&failed)?;
        if found > MIGRATIONS.len() {
            return Err(StoreError::Newer { path: self.path.clone(), found, known: MIGRATIONS.len() });
        }
        if found > 0 && found < MIGRATIONS.len() {
            self.save_before(&self.path.with_extension(format!("before-v{}.db", MIGRATIONS.len())))?;
        }
        for (version, migration) in MIGRATIONS.iter().enumerate().skip(found) {
            let transaction = self.connection.transaction().map_err(&failed)?;
            transaction.execute_batch(migration).map_err(&failed)?;
            transaction.pragma_update(None, "user_version", version + 1).map_err(&failed)?;
            transaction.commit().map_err(&failed)?;
        }
        Ok(())
    }

    /// Saves the store as it is. A copy that a crash left behind is made anew.
    fn save_before(&self, copy: &Path) -> Result<(), StoreError> {
        let part = copy.with_extension("part");
        let folder = |cause| StoreError::Folder { path: copy.to_owned(), cause };
        match std::fs::remove_file(&part) {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => return Err(folder(cause)),
            _ => {}
        }
        self.connection.execute("VACUUM INTO ?1", [part.to_string_lossy()]).map_err(self.failed())?;
        std::fs::rename(&part, copy).map_err(folder)
    }

    /// What it is for.
    ///
    /// # Errors
    /// The store cannot be read, or is for nothing yet.
    pub fn status(&self) -> Result<Status, StoreError> {
        let held = self.meta("status")?.unwrap_or_default();
        let known = [("Actual", Status::Actual), ("Exercise", Status::Exercise), ("Test", Status::Test)];
        let found = known.into_iter().find(|(word, _)| *word == held).map(|(_, status)| status);
        found.ok_or_else(|| self.damaged("status", &format!("{held:?}")))
    }

    /// Carries the write-ahead log over, so that the file alone holds everything.
    ///
    /// # Errors
    /// The disk, most likely.
    pub fn fold_log(&mut self) -> Result<(), StoreError> {
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(self.failed())
    }

    /// A store is for what is meant, or for exercises, or for tests, and stays so.
    fn hold_to(&self, wanted: Status) -> Result<(), StoreError> {
        let word = |status: Status| match status {
            Status::Actual => "Actual",
            Status::Exercise => "Exercise",
            Status::Test => "Test",
        };
        self.connection
            .execute("INSERT OR IGNORE INTO meta VALUES ('status', ?1)", [word(wanted)])
            .map_err(self.failed())?;
        let held = self.meta("status")?.unwrap_or_default();
        let holds = [Status::Actual, Status::Exercise, Status::Test].into_iter().find(|status| word(*status) == held);
        match holds {
            Some(holds) if holds == wanted => Ok(()),
            holds => Err(StoreError::OtherStatus { path: self.path.clone(), holds: holds.unwrap_or_default(), wanted }),
        }
    }

    fn meta(&self, key: &str) -> Result<Option<String>, StoreError> {
        self.connection
            .query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0))
            .optional()
            .map_err(self.failed())
    }

    /// Makes a batch true: all of it, on the disk, or nothing. Answers the ids of its transitions.
    ///
    /// # Errors
    /// The disk, most likely: nothing of the batch is true then, and it may be tried again.
    pub fn commit(&mut self, batch: &Batch) -> Result<Vec<i64>, StoreError> {
        let failed = self.failed();
        let limit = self.dead_letter_limit;
        let _carried_over = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = self.connection.transaction().map_err(&failed)?;
        let ids = write::batch(&transaction, batch, limit).map_err(&failed)?;
        transaction.commit().map_err(&failed)?;
        Ok(ids)
    }

    /// Keeps a snapshot of the engine as it was after record `seq`.
    ///
    /// # Errors
    /// The disk, most likely.
    pub fn keep_snapshot(&mut self, seq: u64, body: &[u8]) -> Result<(), StoreError> {
        self.connection
            .execute("INSERT OR REPLACE INTO snapshot VALUES (1, ?1, ?2)", params![seq, body])
            .map(|_| ())
            .map_err(self.failed())
    }

    /// The last snapshot, and the record it was made after.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn snapshot(&self) -> Result<Option<(u64, Vec<u8>)>, StoreError> {
        self.connection
            .query_row("SELECT seq, body FROM snapshot", [], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()
            .map_err(self.failed())
    }

    /// The place of the newest record.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn newest(&self) -> Result<Option<(u64, Time)>, StoreError> {
        follow::newest(&self.connection).map_err(self.failed())
    }

    /// Goes through the records in order, sealed or not: those after `after`, received at or after `since`, up to `until`.
    ///
    /// # Errors
    /// The store cannot be read, or what `each` answers.
    pub fn entries(
        &self,
        after: u64,
        until: u64,
        since: Time,
        mut each: impl FnMut(Entry) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let failed = self.failed();
        let past = Past { connection: &self.connection, segments: &self.segments };
        // `now` never goes backwards, so it is found where to begin, however long the log is.
        let Some((first, _)) = past.record_since(since).map_err(&failed)? else { return Ok(()) };
        let mut wrong = None;
        past.follow(after.max(first.saturating_sub(1)), until, |entry| {
            wrong = each(entry).err();
            Ok(if wrong.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })
        .map_err(&failed)?;
        wrong.map_or(Ok(()), Err)
    }

    /// What is sealed of what was received at `since` or later, by records up to `until`: each datastream's in the order
    /// in which it came. Answers up to which record that was; the rest is in the log.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn sealed(&self, until: u64, since: Time, each: impl FnMut(Stored)) -> Result<u64, StoreError> {
        let past = Past { connection: &self.connection, segments: &self.segments };
        past.sealed(since, until, each).map_err(self.failed())?;
        Ok(self.sealed_until()?.min(until))
    }

    /// The last record whose readings are no longer in the log; 0: all are.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn sealed_until(&self) -> Result<u64, StoreError> {
        Segments::until(&self.connection).map_err(self.failed())
    }

    /// The newest record of a kind before or at `until`: the city and the rules in force.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn entry_in_force(&self, kind: i64, until: u64) -> Result<Option<Entry>, StoreError> {
        follow::in_force(&self.connection, kind, until).map_err(self.failed())
    }

    /// Alerts and incidents as they stand.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn book(&self) -> Result<Option<Book>, StoreError> {
        let Some(text) = self.meta("book")? else { return Ok(None) };
        serde_json::from_str(&text).map(Some).map_err(|cause| self.damaged("book", &cause))
    }

    /// The numbers of datastreams.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn numbering(&self) -> Result<Numbering, StoreError> {
        let pair = |(station, name): (String, String)| match name.parse() {
            Ok(parsed) => Ok((StationId::new(&station), parsed)),
            Err(cause) => Err(self.damaged("datastream", &cause)),
        };
        let pairs = follow::datastreams(&self.connection).map_err(self.failed())?.into_iter().map(pair);
        pairs.collect::<Result<Vec<_>, _>>().map(Numbering::of)
    }

    /// The QoS 2 messages that must not be taken twice.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn receipts(&self) -> Result<Vec<Receipt>, StoreError> {
        let failed = self.failed();
        let mut statement =
            self.connection.prepare("SELECT session, packet_id, number FROM receipt").map_err(&failed)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).map_err(&failed)?;
        rows.map(|row| row.map(receipt_of).map_err(&failed)).collect()
    }

    /// How far a replay has read.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn progress(&self) -> Result<Option<Progress>, StoreError> {
        let Some(text) = self.meta("replay")? else { return Ok(None) };
        serde_json::from_str(&text).map(Some).map_err(|cause| self.damaged("replay", &cause))
    }

    /// Every change of every incident, in order.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn transitions(&self) -> Result<Vec<Transition>, StoreError> {
        let failed = self.failed();
        let mut statement = self.connection.prepare("SELECT body FROM transition ORDER BY id").map_err(&failed)?;
        let bodies = statement.query_map([], |row| row.get::<_, String>(0)).map_err(&failed)?;
        let mut transitions = Vec::new();
        for body in bodies {
            let body = body.map_err(&failed)?;
            transitions.push(serde_json::from_str(&body).map_err(|cause| self.damaged("transition", &cause))?);
        }
        Ok(transitions)
    }

    /// A row that cannot be read.
    pub fn damaged(&self, what: &str, cause: &dyn std::fmt::Display) -> StoreError {
        StoreError::Damaged { path: self.path.clone(), what: what.to_owned(), cause: cause.to_string() }
    }
}

#[cfg(test)]
mod tests;
