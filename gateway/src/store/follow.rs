//! Following the store: what was written after a place, for those who carry it elsewhere.

use super::outreach::{self, DeliveryRow};
use super::{CATALOG, Entry, Reader, read};
use bongsu_sensors::catalog::Numbering;
use bongsu_sensors::reading::DatastreamId;
use bongsu_sensors::{DatastreamName, StationId, Time};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// The place and time of the newest record.
pub(super) fn newest(connection: &Connection) -> rusqlite::Result<Option<(u64, Time)>> {
    let sql = "SELECT seq, now FROM log ORDER BY seq DESC LIMIT 1";
    let place = |row: &Row<'_>| Ok((row.get(0)?, Time::from_millis(row.get(1)?)));
    connection.prepare_cached(sql)?.query_row([], place).optional()
}

/// The newest record of a kind before or at `until`: the city, or the rules, in force then.
pub(super) fn in_force(connection: &Connection, kind: i64, until: u64) -> rusqlite::Result<Option<Entry>> {
    let sql =
        "SELECT seq, now, kind, first, last, body FROM log WHERE kind = ?1 AND seq <= ?2 ORDER BY seq DESC LIMIT 1";
    connection.prepare_cached(sql)?.query_row(params![kind, until], read::entry).optional()
}

/// Station and name of every datastream there ever was, by number.
pub(super) fn datastreams(connection: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    let mut statement = connection.prepare_cached("SELECT station, name FROM datastream ORDER BY id")?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

impl Reader {
    /// The place and time of the newest record; `None`: there is none yet.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn newest_record(&self) -> rusqlite::Result<Option<(u64, Time)>> {
        newest(&self.connection)
    }

    /// The place and time of the first record after `after`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn next_record(&self, after: u64) -> rusqlite::Result<Option<(u64, Time)>> {
        self.past().next_record(after)
    }

    /// The place and time of the first record taken in at `since` or later.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn record_since(&self, since: Time) -> rusqlite::Result<Option<(u64, Time)>> {
        self.past().record_since(since)
    }

    /// Goes through the records in order, sealed or not: those after `after` up to `until`, until `each` has enough.
    ///
    /// # Errors
    /// The store cannot be read, or what `each` answers.
    pub fn follow(
        &self,
        after: u64,
        until: u64,
        each: impl FnMut(Entry) -> rusqlite::Result<ControlFlow<()>>,
    ) -> rusqlite::Result<()> {
        self.past().follow(after, until, each)
    }

    /// The newest record of a kind: the city, or the rules, in force.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn in_force(&self, kind: i64) -> rusqlite::Result<Option<Entry>> {
        in_force(&self.connection, kind, u64::MAX >> 1)
    }

    /// The city in force after record `seq`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn city_at(&self, seq: u64) -> rusqlite::Result<Option<Entry>> {
        in_force(&self.connection, CATALOG, seq)
    }

    /// The numbers of datastreams.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn numbering(&self) -> rusqlite::Result<Numbering> {
        let pair = |(station, name): (String, String)| match name.parse() {
            Ok(parsed) => Ok((StationId::new(&station), parsed)),
            Err(_) => Err(rusqlite::Error::InvalidColumnName(name)),
        };
        let pairs = datastreams(&self.connection)?.into_iter().map(pair);
        pairs.collect::<rusqlite::Result<Vec<_>>>().map(Numbering::of)
    }

    /// Which datastream each number means.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn names(&self) -> rusqlite::Result<BTreeMap<DatastreamId, (StationId, DatastreamName)>> {
        let mut statement = self.connection.prepare_cached("SELECT id, station, name FROM datastream")?;
        let name = |row: &Row<'_>| {
            let name: DatastreamName = row.get::<_, String>(2)?.parse().map_err(|wrong| {
                rusqlite::Error::FromSqlConversionFailure(2, rusqlite::types::Type::Text, Box::new(wrong))
            })?;
            Ok((DatastreamId(row.get(0)?), (StationId::new(&row.get::<_, String>(1)?), name)))
        };
        statement.query_map([], name)?.collect()
    }

    /// The next deliveries after an id, in order, whatever has become of them.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn deliveries_after(&self, id: i64, limit: usize) -> rusqlite::Result<Vec<(i64, DeliveryRow)>> {
        let sql = format!("{} WHERE id > ?1 ORDER BY id LIMIT ?2", outreach::DELIVERY);
        self.connection.prepare_cached(&sql)?.query_map(params![id, limit], outreach::delivery)?.collect()
    }
}
