//! The books of an exporter, in `archive.db`: how far it has come, what it left out, what the archive never took.
//!
//! A file of its own, so that an archive costs the one writer of the store nothing. It is not synced at each write: what
//! a power cut takes from it is sent again, and a point that is sent again changes nothing.

use super::point::Point;
use super::{Tally, line};
use bongsu_sensors::Time;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The tables, version 1 of the file.
const SCHEMA: &str = "
PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS cursor (archive TEXT PRIMARY KEY, record INTEGER NOT NULL, transition INTEGER NOT NULL,
    delivery INTEGER NOT NULL, time INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS gap (id INTEGER PRIMARY KEY, archive TEXT NOT NULL, after INTEGER NOT NULL,
    until INTEGER NOT NULL, since INTEGER NOT NULL, ended INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS refused (id INTEGER PRIMARY KEY, archive TEXT NOT NULL, time INTEGER NOT NULL,
    domain TEXT NOT NULL, day INTEGER NOT NULL, value REAL, line TEXT NOT NULL, reason TEXT NOT NULL);
";

/// Refused points kept for people to look at, the newest.
const REFUSED_KEPT: i64 = 10_000;

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// The name of the file in the data folder.
pub const FILE: &str = "archive.db";

/// How far an exporter has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Cursor {
    /// The last record of the log that the archive has.
    pub record: u64,
    /// The last change of an incident.
    pub transition: i64,
    /// Everything up to this delivery is done and in the archive.
    pub delivery: i64,
    /// When the last record was taken in.
    pub time: Time,
}

/// Records that were left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// Its number.
    pub id: i64,
    /// The last record before it.
    pub after: u64,
    /// The last record in it.
    pub until: u64,
    /// When the first one in it was taken in.
    pub since: Time,
    /// When the last one was.
    pub ended: Time,
}

/// The books of one archive.
#[derive(Debug)]
pub struct Book {
    connection: Connection,
    archive: String,
}

impl Book {
    /// Where the books stand: beside everything else that must survive a restart.
    pub fn path(data: &Path) -> PathBuf {
        data.join(FILE)
    }

    /// Opens the books of an archive, making the file where it is not there.
    ///
    /// # Errors
    /// The file cannot be opened or written.
    pub fn open(path: &Path, archive: &str) -> rusqlite::Result<Book> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.execute_batch(SCHEMA)?;
        Ok(Book { connection, archive: archive.to_owned() })
    }

    /// How far it has come; `None`: it never began.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn cursor(&self) -> rusqlite::Result<Option<Cursor>> {
        let sql = "SELECT record, transition, delivery, time FROM cursor WHERE archive = ?1";
        let cursor = |row: &Row<'_>| {
            let time = Time::from_millis(row.get(3)?);
            Ok(Cursor { record: row.get(0)?, transition: row.get(1)?, delivery: row.get(2)?, time })
        };
        self.connection.query_row(sql, [&self.archive], cursor).optional()
    }

    /// Notes how far it has come, and which points of the way there were refused, in one transaction.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn note(&mut self, cursor: &Cursor, refused: &[Refused], now: Time) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        let sql = "INSERT OR REPLACE INTO cursor VALUES (?1, ?2, ?3, ?4, ?5)";
        let Cursor { record, transition, delivery, time } = cursor;
        transaction.prepare_cached(sql)?.execute(params![self.archive, record, transition, delivery, time.millis()])?;
        write_refused(&transaction, &self.archive, refused, now)?;
        transaction.commit()
    }

    /// What was left out, oldest first.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn gaps(&self) -> rusqlite::Result<Vec<Gap>> {
        let sql = "SELECT id, after, until, since, ended FROM gap WHERE archive = ?1 ORDER BY after";
        let gap = |row: &Row<'_>| {
            let (since, ended) = (Time::from_millis(row.get(3)?), Time::from_millis(row.get(4)?));
            Ok(Gap { id: row.get(0)?, after: row.get(1)?, until: row.get(2)?, since, ended })
        };
        self.connection.prepare_cached(sql)?.query_map([&self.archive], gap)?.collect()
    }

    /// Leaves records out, and goes on behind them.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn leave_out(&mut self, gap: &Gap, cursor: &Cursor) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        let (since, ended) = (gap.since.millis(), gap.ended.millis());
        let sql = "INSERT INTO gap (archive, after, until, since, ended) VALUES (?1, ?2, ?3, ?4, ?5)";
        transaction.prepare_cached(sql)?.execute(params![self.archive, gap.after, gap.until, since, ended])?;
        let sql = "INSERT OR REPLACE INTO cursor VALUES (?1, ?2, ?3, ?4, ?5)";
        let Cursor { record, transition, delivery, time } = cursor;
        transaction.prepare_cached(sql)?.execute(params![self.archive, record, transition, delivery, time.millis()])?;
        transaction.commit()
    }

    /// A gap is filled up to a record; one that is filled to its end is gone.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn fill(&mut self, gap: &Gap, up_to: u64, refused: &[Refused], now: Time) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        transaction.prepare_cached("UPDATE gap SET after = ?2 WHERE id = ?1")?.execute(params![gap.id, up_to])?;
        transaction.prepare_cached("DELETE FROM gap WHERE id = ?1 AND after >= until")?.execute([gap.id])?;
        write_refused(&transaction, &self.archive, refused, now)?;
        transaction.commit()
    }

    /// How many points the archive never took.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn refused(&self) -> rusqlite::Result<u64> {
        let sql = "SELECT count(*) FROM refused WHERE archive = ?1";
        self.connection.query_row(sql, [&self.archive], |row| row.get(0))
    }

    /// The newest of them: line, reason.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn newest_refused(&self) -> rusqlite::Result<Option<(String, String)>> {
        let sql = "SELECT line, reason FROM refused WHERE archive = ?1 ORDER BY id DESC LIMIT 1";
        self.connection.query_row(sql, [&self.archive], |row| Ok((row.get(0)?, row.get(1)?))).optional()
    }

    /// How many values of a domain and a day, by its first moment, the archive never took, and their sum.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn refused_values(&self, domain: &str, day: Time) -> rusqlite::Result<Tally> {
        let sql = "SELECT count(value), total(value) FROM refused WHERE archive = ?1 AND domain = ?2 AND day = ?3";
        let values = params![self.archive, domain, day.millis().div_euclid(DAY)];
        self.connection.query_row(sql, values, |row| Ok(Tally { count: row.get(0)?, sum: row.get(1)? }))
    }
}

/// A point that the archive never takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    /// The point.
    pub point: Point,
    /// What the archive said.
    pub reason: String,
}

fn write_refused(to: &Connection, archive: &str, refused: &[Refused], now: Time) -> rusqlite::Result<()> {
    if refused.is_empty() {
        return Ok(());
    }
    // A point that is sent again and refused again is one.
    let sql = "INSERT INTO refused (archive, time, domain, day, value, line, reason)
        SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE NOT EXISTS (SELECT 1 FROM refused WHERE archive = ?1 AND line = ?6)";
    let mut insert = to.prepare_cached(sql)?;
    for Refused { point, reason } in refused {
        let value = point.fields.iter().find_map(|(name, value)| match value {
            super::point::Value::Number(number) if *name == "value" => Some(*number),
            _ => None,
        });
        let mut text = String::new();
        line::write(&mut text, point);
        let day = point.time_ns.div_euclid(1_000_000).div_euclid(DAY);
        let domain = point.series.measurement;
        insert.execute(params![archive, now.millis(), domain, day, value, text.trim_end(), reason])?;
    }
    let sql = "DELETE FROM refused WHERE archive = ?1 AND id <= (SELECT max(id) FROM refused) - ?2";
    to.prepare_cached(sql)?.execute(params![archive, REFUSED_KEPT]).map(|_| ())
}
