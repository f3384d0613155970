//! Following the store: what was written after a place, for those who carry it elsewhere.

use super::outreach::{self, DeliveryRow};
use super::{CATALOG, Entry, Reader, read};
use bongsu_sensors::reading::DatastreamId;
use bongsu_sensors::{DatastreamName, StationId, Time};
use rusqlite::{OptionalExtension, Row, params};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

impl Reader {
    /// The place and time of the newest record; `None`: there is none yet.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn newest_record(&self) -> rusqlite::Result<Option<(u64, Time)>> {
        self.place("SELECT seq, now FROM log ORDER BY seq DESC LIMIT 1", 0)
    }

    /// The place and time of the first record after `after`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn next_record(&self, after: u64) -> rusqlite::Result<Option<(u64, Time)>> {
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        self.place("SELECT seq, now FROM log WHERE seq > ?1 ORDER BY seq LIMIT 1", after)
    }

    /// The place and time of the first record taken in at `since` or later.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn record_since(&self, since: Time) -> rusqlite::Result<Option<(u64, Time)>> {
        self.place("SELECT seq, now FROM log WHERE now >= ?1 ORDER BY now, seq LIMIT 1", since.millis())
    }

    fn place(&self, sql: &str, value: i64) -> rusqlite::Result<Option<(u64, Time)>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let values = &[&value as &dyn rusqlite::ToSql][..statement.parameter_count()];
        statement.query_row(values, |row| Ok((row.get(0)?, Time::from_millis(row.get(1)?)))).optional()
    }

    /// Goes through the log in order: the entries after `after` up to `until`, until `each` has enough.
    ///
    /// # Errors
    /// The store cannot be read, or what `each` answers.
    pub fn follow(
        &self,
        after: u64,
        until: u64,
        mut each: impl FnMut(Entry) -> rusqlite::Result<ControlFlow<()>>,
    ) -> rusqlite::Result<()> {
        let sql = "SELECT seq, now, kind, first, last, body FROM log WHERE seq > ?1 AND seq <= ?2 ORDER BY seq";
        let mut statement = self.connection.prepare_cached(sql)?;
        for entry in statement.query_map(params![after, until], read::entry)? {
            if each(entry?)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// The city in force after record `seq`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn city_at(&self, seq: u64) -> rusqlite::Result<Option<Entry>> {
        let sql =
            "SELECT seq, now, kind, first, last, body FROM log WHERE kind = ?1 AND seq <= ?2 ORDER BY seq DESC LIMIT 1";
        self.connection.prepare_cached(sql)?.query_row(params![CATALOG, seq], read::entry).optional()
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
