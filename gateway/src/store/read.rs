//! Reading the store beside its writer: a connection of its own, which sees what is committed and blocks nobody.

use super::history::rollup::FIRST;
use super::history::{Checked, Past, Segments, Wanted};
use super::{DeadLetter, Entry, Stored};
use bongsu_rules::Observation;
use bongsu_rules::backtest::Moment;
use bongsu_rules::incident::Transition;
use bongsu_rules::record::Undecided;
use bongsu_sensors::reading::DatastreamId;
use bongsu_sensors::{Reading, Reason, Time};
use rusqlite::{Connection, InterruptHandle, OpenFlags, OptionalExtension, Row, params};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
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

/// A transition with its id. A row that this program cannot read any more fails the whole question.
fn transition(row: &Row<'_>) -> rusqlite::Result<(i64, Transition)> {
    Ok((row.get(0)?, json(row, 1)?))
}

pub(super) fn json<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let body: String = row.get(column)?;
    let failed = |error: serde_json::Error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error.into())
    };
    serde_json::from_str(&body).map_err(failed)
}

/// Some observations of a longer list.
#[derive(Debug, Default)]
pub struct Page {
    /// The observations, by time.
    pub observations: Vec<Observation>,
    /// There are more after these.
    pub more: bool,
    /// Single observations are kept of this time on: what is older may be gone; `None`: all are.
    pub observations_since: Option<Time>,
}

/// A reader of the store.
#[derive(Debug)]
pub struct Reader {
    pub(super) connection: Connection,
    pub(super) segments: Segments,
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
        Ok(Reader { connection, segments: Segments::of(path) })
    }

    /// All that was observed, sealed or not.
    pub(super) fn past(&self) -> Past<'_> {
        Past { connection: &self.connection, segments: &self.segments }
    }

    /// Reads every part of the sealed history, and every hour and day of what is no longer in it.
    ///
    /// # Errors
    /// The store cannot be read. What cannot be read of the history is in the answer.
    pub fn check_history(&self) -> rusqlite::Result<Checked> {
        let mut checked = self.segments.check(&self.connection)?;
        let rollups = self.check_rollups(FIRST, u32::MAX)?;
        checked.rollups = rollups.rows;
        checked.damages.extend(rollups.damages);
        Ok(checked)
    }

    /// The files of the sealed history, by name, and how many observations and later flags each holds.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn history_files(&self) -> rusqlite::Result<Vec<(String, u64)>> {
        Ok(self.segments.all(&self.connection)?.into_iter().map(|listed| (listed.file, listed.rows)).collect())
    }

    /// The observations of one datastream with `from ≤ time < to`, by time, with the flags they have by now.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn observations(&self, datastream: DatastreamId, from: Time, to: Time, limit: usize) -> rusqlite::Result<Page> {
        let datastreams = [datastream.0];
        let past = self.past();
        let _moment = past.moment()?;
        let observations_since = self.reach()?.map(|reach| reach.hours);
        let mut observations = self.settled(&Wanted { from, to, ..Wanted::of(&datastreams) })?;
        let more = observations.len() > limit;
        observations.truncate(limit);
        Ok(Page { observations, more, observations_since })
    }

    /// What some datastreams observed with `from ≤ time < to`, each at the time it is of; a few more than `limit` where
    /// there are more. `wanted` is in order.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn moments(&self, wanted: &[u32], from: Time, to: Time, limit: usize) -> rusqlite::Result<Vec<Moment>> {
        let wanted = Wanted { from, to, ..Wanted::of(wanted) };
        let (mut by_time, mut count): (BTreeMap<Time, Vec<Reading>>, usize) = Default::default();
        self.past().stored(&wanted, |stored| {
            let Stored::Observation(Observation { datastream, time, value, .. }) = stored else {
                return ControlFlow::Continue(());
            };
            by_time.entry(time).or_default().push(Reading { datastream, time: Some(time), value });
            count += 1;
            if count > limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        Ok(by_time.into_iter().map(|(now, readings)| Moment { now, readings }).collect())
    }

    /// What every datastream last said before a moment, of what was received within `back` before it, by number.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn values_at(&self, at: Time, back: Duration) -> rusqlite::Result<Vec<Option<Observation>>> {
        let wanted = Wanted { received: Some((at - back, at)), ..Wanted::ALL };
        let mut values: Vec<Option<Observation>> = Vec::new();
        self.past().stored(&wanted, |stored| {
            match stored {
                Stored::Observation(seen) if seen.time <= at => {
                    let place = seen.datastream.0 as usize;
                    if values.len() <= place {
                        values.resize(place + 1, None);
                    }
                    if values[place].is_none_or(|known| known.time < seen.time) {
                        values[place] = Some(seen);
                    }
                }
                Stored::Flag(id, time, flag, tests) => {
                    if let Some(Some(known)) = values.get_mut(id.0 as usize)
                        && known.time == time
                    {
                        (known.flag, known.tests) = (flag, tests);
                    }
                }
                Stored::Observation(_) => {}
            }
            ControlFlow::Continue(())
        })?;
        Ok(values)
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

    /// What ends a question that takes too long, from another thread.
    pub fn interrupt_handle(&self) -> InterruptHandle {
        self.connection.get_interrupt_handle()
    }

    /// The id of the newest transition; 0 before the first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn newest_transition(&self) -> rusqlite::Result<i64> {
        let found = self.connection.query_row("SELECT max(id) FROM transition", [], |row| row.get::<_, Option<i64>>(0));
        Ok(found.optional()?.flatten().unwrap_or(0))
    }

    /// The next transitions after an id, in order.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn transitions_after(&self, id: i64, limit: usize) -> rusqlite::Result<Vec<(i64, Transition)>> {
        let sql = "SELECT id, body FROM transition WHERE id > ?1 ORDER BY id LIMIT ?2";
        self.connection.prepare_cached(sql)?.query_map(params![id, limit], transition)?.collect()
    }

    /// The newest transitions of an incident, in order.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn transitions_of(&self, incident: &str, limit: usize) -> rusqlite::Result<Vec<(i64, Transition)>> {
        let sql = "SELECT id, body FROM (SELECT id, body FROM transition WHERE incident = ?1 ORDER BY id DESC LIMIT ?2)
            ORDER BY id";
        self.connection.prepare_cached(sql)?.query_map(params![incident, limit], transition)?.collect()
    }

    /// The transitions that issued a message, before an id, newest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn issued_before(&self, id: i64, limit: usize) -> rusqlite::Result<Vec<(i64, Transition)>> {
        let sql = "SELECT id, body FROM transition WHERE id IN (
            SELECT transition FROM message WHERE transition < ?1 ORDER BY transition DESC LIMIT ?2) ORDER BY id DESC";
        self.connection.prepare_cached(sql)?.query_map(params![id, limit], transition)?.collect()
    }

    /// Of each incident that lives or ended since `since`: the last transition that issued a message, and the last of
    /// all, in the order of their ids.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn standing_transitions(&self, since: Time) -> rusqlite::Result<Vec<(i64, Transition)>> {
        let sql =
            "WITH standing AS (SELECT id FROM incident WHERE state NOT IN ('ended', 'cancelled') OR updated >= ?1)
            SELECT id, body FROM transition WHERE id IN (
                SELECT max(id) FROM transition WHERE incident IN standing GROUP BY incident
                UNION SELECT max(transition) FROM message WHERE incident IN standing GROUP BY incident)
            ORDER BY id";
        self.connection.prepare_cached(sql)?.query_map([since.millis()], transition)?.collect()
    }

    /// Of each incident that was open at a moment of the past, at most so many: its last transition until then, newest
    /// first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn transitions_at(&self, at: Time, limit: usize) -> rusqlite::Result<Vec<(i64, Transition)>> {
        // What changed last before that moment and was over is over still, so most of a long history is not looked at.
        let sql = "WITH lived AS (SELECT id FROM incident WHERE onset <= ?1
                AND (state NOT IN ('ended', 'cancelled', 'rejected') OR updated > ?1))
            SELECT id, body FROM transition WHERE id IN (
                SELECT max(id) FROM transition WHERE incident IN lived AND time <= ?1 GROUP BY incident)
            ORDER BY id DESC";
        let mut statement = self.connection.prepare_cached(sql)?;
        let is_open = |found: &rusqlite::Result<(i64, Transition)>| match found {
            Ok((_, transition)) => !transition.incident.state.is_over(),
            Err(_) => true,
        };
        statement.query_map([at.millis()], transition)?.filter(is_open).take(limit).collect()
    }

    /// The observations of the newest rows of the log, newest row first, with the flags they were stored with: those of
    /// so many rows, and of no further row once there are `limit`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn recent_observations(
        &self,
        rows: usize,
        limit: usize,
        mut each: impl FnMut(Observation),
    ) -> rusqlite::Result<()> {
        self.past().recent(rows, limit, |stored| {
            if let Stored::Observation(seen) = stored {
                each(*seen);
            }
        })
    }

    /// The newest refusals before an id, newest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn dead_letters_before(&self, id: i64, limit: usize) -> rusqlite::Result<Vec<(i64, DeadLetter)>> {
        let sql = "SELECT id, received, source, station, reason, remedy, payload FROM dead_letter
            WHERE id < ?1 ORDER BY id DESC LIMIT ?2";
        let letter = |row: &Row<'_>| {
            let reason: String = row.get(4)?;
            let letter = DeadLetter {
                received: Time::from_millis(row.get(1)?),
                source: row.get(2)?,
                station: row.get(3)?,
                reason: Reason::ALL.into_iter().find(|known| known.name() == reason).unwrap_or(Reason::Malformed),
                remedy: row.get(5)?,
                payload: row.get(6)?,
            };
            Ok((row.get(0)?, letter))
        };
        self.connection.prepare_cached(sql)?.query_map(params![id, limit], letter)?.collect()
    }

    /// Where rules cannot decide.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn undecided(&self) -> rusqlite::Result<Vec<Undecided>> {
        let mut statement = self.connection.prepare_cached("SELECT body FROM undecided ORDER BY rule, place")?;
        statement.query_map([], |row| json(row, 0))?.collect()
    }
}
