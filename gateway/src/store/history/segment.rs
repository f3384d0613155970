//! The files of a store: which there are stands in the database; they are opened when they are needed.

use super::file::{Rows, Sealed};
use super::{Damage, FOLDER, Record, Row};
use bongsu_sensors::Time;
use rusqlite::{Connection, OptionalExtension, Row as Line, params};
use std::collections::{BTreeSet, VecDeque};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Files that are kept open.
const OPEN: usize = 32;

/// A file as the database knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub file: String,
    /// The last record before it.
    pub after: u64,
    /// The last record in it.
    pub until: u64,
    /// When its first record was taken in.
    pub began: Time,
    /// When its last record was.
    pub ended: Time,
    /// Earliest phenomenon time in it.
    pub first: Time,
    /// Latest phenomenon time in it.
    pub last: Time,
    /// Rows in it.
    pub rows: u64,
    /// How long it is.
    pub bytes: u64,
}

const COLUMNS: &str = "id, file, after, until, began, ended, first, last, rows, bytes";

fn listed(line: &Line<'_>) -> rusqlite::Result<Listed> {
    let time = |column| line.get(column).map(Time::from_millis);
    Ok(Listed {
        id: line.get(0)?,
        file: line.get(1)?,
        after: line.get(2)?,
        until: line.get(3)?,
        began: time(4)?,
        ended: time(5)?,
        first: time(6)?,
        last: time(7)?,
        rows: line.get(8)?,
        bytes: line.get(9)?,
    })
}

/// A file read whole.
#[derive(Debug)]
pub struct Whole {
    /// Its records.
    pub records: Vec<Record>,
    /// Their rows.
    pub rows: Vec<Row>,
}

impl Whole {
    /// What a record brought, without what is damaged.
    pub fn rows_of(&self, record: &Record) -> &[Row] {
        let place = |ordinal| self.rows.partition_point(|row| row.ordinal < ordinal);
        &self.rows[place(record.first)..place(record.end())]
    }
}

/// What reading every file found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Files that should be there.
    pub files: u64,
    /// Rows in them.
    pub rows: u64,
    /// How long they are together.
    pub bytes: u64,
    /// Rows of hours and days of what is no longer kept.
    pub rollups: u64,
    /// What cannot be read.
    pub damages: Vec<Damage>,
}

/// The files of one store.
#[derive(Debug)]
pub struct Segments {
    folder: PathBuf,
    open: Mutex<VecDeque<(i64, Arc<Sealed>)>>,
    /// The last file that was read whole, for those who go through it bit by bit.
    whole: Mutex<Option<(i64, Arc<Whole>)>>,
    /// What was told already.
    told: Mutex<BTreeSet<Damage>>,
}

impl Segments {
    /// The files of the store at this path.
    pub fn of(store: &Path) -> Segments {
        let folder = store.with_file_name(FOLDER);
        Segments { folder, open: Mutex::default(), whole: Mutex::default(), told: Mutex::default() }
    }

    /// Where they stand.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The files with rows of this span of time, taken in during this one, of records after one and up to another, in
    /// their order.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn list(
        &self,
        from: &Connection,
        (first, last): (Time, Time),
        (since, until): (Time, Time),
        (after, newest): (u64, u64),
    ) -> rusqlite::Result<Vec<Listed>> {
        if !is_known(from, "sealed")? {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT {COLUMNS} FROM sealed WHERE last >= ?1 AND first <= ?2 AND ended >= ?3 AND began <= ?4
            AND until > ?5 AND after < ?6 AND gone IS NULL ORDER BY until"
        );
        let newest = i64::try_from(newest).unwrap_or(i64::MAX);
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let values = params![first.millis(), last.millis(), since.millis(), until.millis(), after, newest];
        from.prepare_cached(&sql)?.query_map(values, listed)?.collect()
    }

    /// Every file that is kept, in order.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn all(&self, from: &Connection) -> rusqlite::Result<Vec<Listed>> {
        let always = (Time::from_millis(i64::MIN), Time::from_millis(i64::MAX));
        self.list(from, always, always, (0, u64::MAX))
    }

    /// The earliest time of what stands in files; `None`: nothing does.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn earliest(&self, from: &Connection) -> rusqlite::Result<Option<Time>> {
        Ok(self.all(from)?.iter().map(|listed| listed.first).min())
    }

    /// The last record that is sealed: observations up to it stand in files, later ones in the log.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn until(from: &Connection) -> rusqlite::Result<u64> {
        if !is_known(from, "sealed")? {
            return Ok(0);
        }
        from.prepare_cached("SELECT coalesce(max(until), 0) FROM sealed")?.query_row([], |line| line.get(0))
    }

    /// A file, opened. One that cannot be is told, and `None`.
    fn open(&self, from: &Connection, listed: &Listed, damaged: &mut dyn FnMut(Damage)) -> Option<Arc<Sealed>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = open.iter().position(|(id, _)| *id == listed.id) {
            let known = open.remove(at)?;
            let file = known.1.clone();
            open.push_back(known);
            return Some(file);
        }
        let sql = "SELECT head FROM sealed WHERE id = ?1";
        let spare: Option<Vec<u8>> =
            from.prepare_cached(sql).and_then(|mut sql| sql.query_row([listed.id], |line| line.get(0))).ok();
        // A name leads nowhere else than into the folder, whoever wrote it.
        let path = self.folder.join(Path::new(&listed.file).file_name().unwrap_or_default());
        match Sealed::open(&path, spare.as_deref()) {
            Ok(file) => {
                let file = Arc::new(file);
                open.push_back((listed.id, file.clone()));
                if open.len() > OPEN {
                    open.pop_front();
                }
                Some(file)
            }
            Err(cause) => {
                let (file, part) = (listed.file.clone(), "all of it".to_owned());
                damaged(Damage { file, part, cause: cause.to_string() });
                None
            }
        }
    }

    /// The rows of a file that are wanted, in the order in which they came. What is damaged is left out, and said once.
    pub fn rows(&self, from: &Connection, listed: &Listed, wanted: &Rows<'_>) -> Vec<Row> {
        let mut tell = |damage| self.tell(damage);
        self.open(from, listed, &mut tell).map(|file| file.rows(wanted, &mut tell)).unwrap_or_default()
    }

    /// The same by datastream, those of one in the order in which they came, until `each` has enough: for whoever wants no
    /// more order than that.
    pub fn each(
        &self,
        from: &Connection,
        listed: &Listed,
        wanted: &Rows<'_>,
        each: impl FnMut(Row) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut tell = |damage| self.tell(damage);
        match self.open(from, listed, &mut tell) {
            Some(file) => file.each(wanted, each, &mut tell),
            None => ControlFlow::Continue(()),
        }
    }

    /// The records of a file. What is damaged is left out, and said once.
    pub fn records(&self, from: &Connection, listed: &Listed) -> Vec<Record> {
        let mut tell = |damage| self.tell(damage);
        self.open(from, listed, &mut tell).map(|file| file.records(&mut tell)).unwrap_or_default()
    }

    /// A file read whole. It is kept until the next one is, or [`Segments::put_back`].
    pub fn whole(&self, from: &Connection, listed: &Listed) -> Arc<Whole> {
        let mut kept = self.whole.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((id, whole)) = &*kept
            && *id == listed.id
        {
            return whole.clone();
        }
        // The one before goes first: two at once are too many.
        *kept = None;
        let whole = Arc::new(Whole { records: self.records(from, listed), rows: self.rows(from, listed, &Rows::ALL) });
        *kept = Some((listed.id, whole.clone()));
        whole
    }

    /// Forgets the file that was read whole.
    pub fn put_back(&self) {
        *self.whole.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Says that something is damaged, once.
    pub(super) fn tell(&self, damage: Damage) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if !told.contains(&damage) {
            let folder = self.folder.display();
            tracing::error!(%folder, "a part of the history cannot be read and is left out: {damage}");
            told.insert(damage);
        }
    }

    /// Reads every part of every file.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn check(&self, from: &Connection) -> rusqlite::Result<Checked> {
        let mut checked = Checked::default();
        for listed in self.all(from)? {
            checked.files += 1;
            checked.rows += listed.rows;
            checked.bytes += listed.bytes;
            checked.damages.extend(self.check_one(from, &listed));
        }
        Ok(checked)
    }

    /// Reads every part of a file.
    pub fn check_one(&self, from: &Connection, listed: &Listed) -> Vec<Damage> {
        let mut damages = Vec::new();
        let mut tell = |damage| damages.push(damage);
        if let Some(file) = self.open(from, listed, &mut tell) {
            file.check(&mut tell);
        }
        damages
    }
}

/// Whether the store has a table of these: a backup of an older program is read before it is brought to today's form.
pub(super) fn is_known(from: &Connection, table: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1";
    Ok(from.prepare_cached(sql)?.query_row([table], |_| Ok(())).optional()?.is_some())
}
