//! Reading the store beside its writer: a connection of its own, which sees what is committed and blocks nobody.

use super::{Entry, Stored};
use bongsu_rules::Observation;
use bongsu_sensors::reading::DatastreamId;
use bongsu_sensors::{Reason, Time};
use rusqlite::{Connection, OpenFlags, Row, params};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// One entry of the log from its row.
pub(super) fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry {
        seq: row.get(0)?,
        now: Time::from_millis(row.get(1)?),
        kind: row.get(2)?,
        first: Time::from_millis(row.get(3)?),
        last: Time::from_millis(row.get(4)?),
        body: row.get(5)?,
    })
}

/// Some observations of a longer list.
#[derive(Debug, Default)]
pub struct Page {
    /// The observations, by time.
    pub observations: Vec<Observation>,
    /// There are more after these.
    pub more: bool,
}

/// A reader of the store.
#[derive(Debug)]
pub struct Reader {
    connection: Connection,
}

impl Reader {
    /// Opens the store for reading only.
    ///
    /// # Errors
    /// A file that is not there, or cannot be read.
    pub fn open(path: &Path) -> rusqlite::Result<Reader> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(Duration::from_secs(2))?;
        Ok(Reader { connection })
    }

    /// The observations of one datastream with `from ≤ time < to`, by time, with the flags they have by now.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn observations(&self, datastream: DatastreamId, from: Time, to: Time, limit: usize) -> rusqlite::Result<Page> {
        let sql = "SELECT seq, now, kind, first, last, body FROM log WHERE kind = 1 AND last >= ?1 AND first < ?2 ORDER BY seq";
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map(params![from.millis(), to.millis()], entry)?;
        let mut found: BTreeMap<Time, Observation> = BTreeMap::new();
        let wanted = |id: DatastreamId, time: Time| id == datastream && from <= time && time < to;
        for row in rows {
            // A damaged row costs only itself; the log is checked as a whole elsewhere.
            for stored in row?.stored().unwrap_or_default() {
                match stored {
                    Stored::Observation(observation) if wanted(observation.datastream, observation.time) => {
                        found.entry(observation.time).or_insert(observation);
                    }
                    Stored::Flag(id, time, flag) if wanted(id, time) => {
                        if let Some(observation) = found.get_mut(&time) {
                            observation.flag = flag;
                        }
                    }
                    _ => {}
                }
            }
        }
        let more = found.len() > limit;
        Ok(Page { observations: found.into_values().take(limit).collect(), more })
    }

    /// How many refusals are kept, by reason.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn dead_letters(&self) -> rusqlite::Result<BTreeMap<String, u64>> {
        let sql = "SELECT reason, count(*) FROM dead_letter GROUP BY reason";
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, u64>(1)?)))?;
        let mut counts: BTreeMap<String, u64> =
            Reason::ALL.iter().map(|reason| (reason.name().to_owned(), 0)).collect();
        for row in rows {
            let (reason, count) = row?;
            counts.insert(reason, count);
        }
        Ok(counts)
    }
}
