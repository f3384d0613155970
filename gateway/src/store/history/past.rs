//! What was observed, whether it stands in files or in the log: the one way in which everybody asks.
//!
//! A question reads the files it concerns in their order and then the log, at one moment of the database: what is sealed
//! while it is read is not read twice and not missed.

use super::super::{Entry, READINGS, Stored, read};
use super::file::Rows;
use super::segment::{Listed, Segments, Whole};
use super::{Record, Row};
use bongsu_sensors::Time;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use std::ops::{ControlFlow, Range};
use std::time::Duration;

/// A device's clock is never believed to be faster than this; the engine refuses much smaller lies already.
const FAST_CLOCK: Duration = Duration::from_secs(3600);

/// Rows of the log near the time they are of, late ones included.
const IN_TIME: &str = "SELECT seq, now, kind, first, last, body FROM log WHERE now >= ?3 AND now <= ?4 AND now > ?5
    AND kind = 1 AND last >= ?1 AND first < ?2 AND seq > ?6 ORDER BY now, seq";

/// Rows of the log far behind the time they are of: an hour and more, as the index says.
const LATE: &str = "SELECT seq, now, kind, first, last, body FROM log INDEXED BY log_late WHERE now > ?3 AND now <= ?4
    AND now > ?5 AND kind = 1 AND last >= ?1 AND first < ?2 AND seq > ?6 AND first < now - 3600000 ORDER BY now, seq";

/// The beginning and the end of time.
const EVER: (Time, Time) = (Time::from_millis(i64::MIN), Time::from_millis(i64::MAX));

/// What is wanted of what was observed.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Of these datastreams, in the order of their numbers; `None`: of all.
    pub datastreams: Option<&'a [u32]>,
    /// Of this time on.
    pub from: Time,
    /// Of times before this one.
    pub to: Time,
    /// Taken in after one moment, and not after another.
    pub received: Option<(Time, Time)>,
    /// Brought by records after one, up to another.
    pub records: (u64, u64),
}

impl Wanted<'_> {
    /// Everything.
    pub const ALL: Wanted<'static> =
        Wanted { datastreams: None, from: EVER.0, to: EVER.1, received: None, records: (0, u64::MAX) };

    /// Everything of some datastreams, in the order of their numbers.
    pub fn of(datastreams: &[u32]) -> Wanted<'_> {
        Wanted { datastreams: Some(datastreams), ..Wanted::ALL }
    }

    fn takes(&self, stored: &Stored) -> bool {
        let (id, time) = match stored {
            Stored::Observation(seen) => (seen.datastream, seen.time),
            Stored::Flag(id, time, ..) => (*id, *time),
        };
        self.from <= time && time < self.to && self.datastreams.is_none_or(|wanted| wanted.binary_search(&id.0).is_ok())
    }
}

/// A store's past.
#[derive(Clone, Copy, Debug)]
pub struct Past<'a> {
    /// The database.
    pub connection: &'a Connection,
    /// The files beside it.
    pub segments: &'a Segments,
}

impl Past<'_> {
    /// Holds the database at one moment, where that is not done yet.
    pub fn moment(&self) -> rusqlite::Result<Option<Transaction<'_>>> {
        self.connection.is_autocommit().then(|| self.connection.unchecked_transaction()).transpose()
    }

    /// What was stored of what is wanted, in the order in which it came, until `each` has enough. A part that is damaged
    /// costs only itself.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn stored(&self, wanted: &Wanted<'_>, mut each: impl FnMut(Stored) -> ControlFlow<()>) -> rusqlite::Result<()> {
        let _moment = self.moment()?;
        let (after, until) = wanted.received.unwrap_or(EVER);
        // Nothing is received before it is true, but for clocks that are a little fast: that leads near.
        let since = after.max(wanted.from - FAST_CLOCK);
        for listed in self.segments.list(self.connection, (wanted.from, wanted.to), (since, until), wanted.records)? {
            let ordinals = self.taken_in(&listed, wanted);
            let times = wanted.from.millis()..wanted.to.millis();
            let rows = Rows { datastreams: wanted.datastreams, times, ordinals };
            let mut each = |row: Row| each(row.stored);
            // Those of one datastream stand in the order in which they came.
            let enough = match wanted.datastreams {
                Some([_]) => self.segments.each(self.connection, &listed, &rows, each),
                _ => self.segments.rows(self.connection, &listed, &rows).into_iter().try_for_each(&mut each),
            };
            if enough.is_break() {
                return Ok(());
            }
        }
        self.logged(wanted, (since, until), each)
    }

    /// The same of what is in the log. What came in time stands near its time there; what came late is found by an index
    /// of its own, so that a question about last year does not go through the log of today.
    fn logged(
        &self,
        wanted: &Wanted<'_>,
        (since, until): (Time, Time),
        mut each: impl FnMut(Stored) -> ControlFlow<()>,
    ) -> rusqlite::Result<()> {
        let (first, last) = wanted.records;
        let sealed = Segments::until(self.connection)?.max(first.min(u64::MAX >> 1));
        let after = wanted.received.map_or(i64::MIN, |(after, _)| after.millis());
        let near = until.min(wanted.to + FAST_CLOCK);
        let spans = [(IN_TIME, since.millis(), near.millis()), (LATE, near.millis(), until.millis())];
        for (sql, since, until) in spans {
            let mut statement = self.connection.prepare_cached(sql)?;
            let values = params![wanted.from.millis(), wanted.to.millis(), since, until, after, sealed];
            for entry in statement.query_map(values, read::entry)? {
                let entry = entry?;
                if entry.seq > last {
                    continue;
                }
                for stored in entry.stored().into_iter().flatten().filter(|stored| wanted.takes(stored)) {
                    if each(stored).is_break() {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether there is nothing of what is wanted.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn is_empty(&self, wanted: &Wanted<'_>) -> rusqlite::Result<bool> {
        let mut is_empty = true;
        self.stored(wanted, |_| {
            is_empty = false;
            ControlFlow::Break(())
        })?;
        Ok(is_empty)
    }

    /// What is sealed of what was taken in at a moment or later, by records up to one: file after file, in each by
    /// datastream. Those of one datastream are in the order in which they came, which is all that windows ask for, and
    /// putting ten million in the order of all takes a second.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn sealed(&self, since: Time, until: u64, mut each: impl FnMut(Stored)) -> rusqlite::Result<()> {
        let _moment = self.moment()?;
        for listed in self.segments.list(self.connection, EVER, (since, EVER.1), (0, until))? {
            let ordinals = match since <= listed.began && listed.until <= until {
                true => 0..u32::MAX,
                false => self.ordinals(&listed, |record| since <= record.now && record.seq <= until),
            };
            let rows = Rows { ordinals, ..Rows::ALL };
            let _ = self.segments.each(self.connection, &listed, &rows, |row| {
                each(row.stored);
                ControlFlow::Continue(())
            });
        }
        Ok(())
    }

    /// Which rows of a file were taken in when, and brought by whom, they should.
    fn taken_in(&self, listed: &Listed, wanted: &Wanted<'_>) -> Range<u32> {
        let ((after, until), (first, last)) = (wanted.received.unwrap_or(EVER), wanted.records);
        let is_timely = wanted.received.is_none() || (after < listed.began && listed.ended <= until);
        if is_timely && first <= listed.after && listed.until <= last {
            return 0..u32::MAX;
        }
        let is_timely = |record: &Record| wanted.received.is_none() || (after < record.now && record.now <= until);
        self.ordinals(listed, |record| is_timely(record) && first < record.seq && record.seq <= last)
    }

    /// Which rows of a file some records brought that follow one another.
    fn ordinals(&self, listed: &Listed, is_wanted: impl Fn(&Record) -> bool) -> Range<u32> {
        let records = self.segments.records(self.connection, listed);
        let mut wanted = records.iter().filter(|record| is_wanted(record));
        // They stand in the order in which they were taken in.
        let Some(first) = wanted.next() else { return 0..0 };
        let last = wanted.next_back().unwrap_or(first);
        first.first..last.end()
    }

    /// Goes through the records in order: those after `after` up to `until`, until `each` has enough. Of what is sealed
    /// there is a record for each that brought observations or flags.
    ///
    /// # Errors
    /// The database cannot be read, or what `each` answers.
    pub fn follow(
        &self,
        after: u64,
        until: u64,
        mut each: impl FnMut(Entry) -> rusqlite::Result<ControlFlow<()>>,
    ) -> rusqlite::Result<()> {
        let _moment = self.moment()?;
        let sealed = Segments::until(self.connection)?;
        let until = until.min(u64::MAX >> 1);
        let sql = "SELECT seq, now, kind, first, last, body FROM log
            WHERE seq > ?1 AND seq <= ?2 AND (seq > ?3 OR kind <> 1) ORDER BY seq";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut log = statement.query_map(params![after, until, sealed], read::entry)?.peekable();
        let files = match after < sealed {
            true => self.segments.list(self.connection, EVER, EVER, (after, until))?,
            false => Vec::new(),
        };
        for listed in &files {
            let whole = self.segments.whole(self.connection, listed);
            for record in whole.records.iter().filter(|record| after < record.seq && record.seq <= until) {
                while let Some(before) = log.next_if(|next| next.as_ref().map_or(true, |next| next.seq < record.seq)) {
                    if each(before?)?.is_break() {
                        return Ok(());
                    }
                }
                let rows = whole.rows_of(record);
                if rows.is_empty() {
                    continue;
                }
                let entry = Entry::rebuilt(record.seq, record.now, rows.iter().map(|row| row.stored));
                let entry = entry.map_err(|cause| rusqlite::Error::ToSqlConversionFailure(cause.into()))?;
                if each(entry)?.is_break() {
                    return Ok(());
                }
            }
        }
        for entry in log {
            if each(entry?)?.is_break() {
                break;
            }
        }
        self.segments.put_back();
        Ok(())
    }

    /// The place and time of the first record after `after`.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn next_record(&self, after: u64) -> rusqlite::Result<Option<(u64, Time)>> {
        let _moment = self.moment()?;
        let after = after.min(u64::MAX >> 1);
        let sql = "SELECT seq, now FROM log WHERE seq > ?1 AND (seq > ?2 OR kind <> 1) ORDER BY seq LIMIT 1";
        let sealed = Segments::until(self.connection)?;
        let logged = self.place(sql, i64::try_from(after).unwrap_or(i64::MAX), sealed)?;
        let within = (after, logged.map_or(u64::MAX, |(seq, _)| seq));
        let files = if after < sealed { self.segments.list(self.connection, EVER, EVER, within)? } else { Vec::new() };
        let found = self.first(&files, |record| record.seq > after);
        Ok(found.into_iter().chain(logged).min())
    }

    /// The place and time of the first record taken in at `since` or later.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn record_since(&self, since: Time) -> rusqlite::Result<Option<(u64, Time)>> {
        let _moment = self.moment()?;
        let sql = "SELECT seq, now FROM log WHERE now >= ?1 AND (seq > ?2 OR kind <> 1) ORDER BY now, seq LIMIT 1";
        let logged = self.place(sql, since.millis(), Segments::until(self.connection)?)?;
        let files = self.segments.list(self.connection, EVER, (since, EVER.1), (0, u64::MAX))?;
        let found = self.first(&files, |record| record.now >= since);
        Ok(found.into_iter().chain(logged).min())
    }

    fn place(&self, sql: &str, value: i64, sealed: u64) -> rusqlite::Result<Option<(u64, Time)>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let place = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, Time::from_millis(row.get(1)?)));
        statement.query_row(params![value, sealed], place).optional()
    }

    /// The first record of some files that is one.
    fn first(&self, files: &[Listed], is_one: impl Fn(&Record) -> bool) -> Option<(u64, Time)> {
        let found = |listed| self.segments.records(self.connection, listed).into_iter().find(&is_one);
        files.iter().find_map(found).map(|record| (record.seq, record.now))
    }

    /// The observations of the newest records, newest record first, with the flags they were stored with: those of so
    /// many records, and of no further record once there are `limit`.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn recent(&self, mut records: usize, limit: usize, mut each: impl FnMut(&Stored)) -> rusqlite::Result<()> {
        let _moment = self.moment()?;
        let mut found = 0;
        let sql = "SELECT seq, now, kind, first, last, body FROM log WHERE kind = ?1 AND seq > ?2
            ORDER BY seq DESC LIMIT ?3";
        let mut statement = self.connection.prepare_cached(sql)?;
        let sealed = Segments::until(self.connection)?;
        for entry in statement.query_map(params![READINGS, sealed, records], read::entry)? {
            let entry = entry?;
            entry.stored().into_iter().flatten().for_each(|stored| {
                found += usize::from(matches!(stored, Stored::Observation(_)));
                each(&stored);
            });
            records -= 1;
            if found >= limit {
                return Ok(());
            }
        }
        for listed in self.segments.all(self.connection)?.iter().rev() {
            let mut kept = self.segments.records(self.connection, listed);
            while records > 0 && found < limit && !kept.is_empty() {
                // No more of the file is put in order than is wanted, but for flags among it.
                let (mut begin, mut rows) = (kept.len(), 0);
                while begin > 0 && kept.len() - begin < records && rows < limit - found {
                    begin -= 1;
                    rows += kept[begin].rows as usize;
                }
                let some = kept.split_off(begin);
                let ordinals = some.first().map_or(0, |record| record.first)..some.last().map_or(0, Record::end);
                let rows = self.segments.rows(self.connection, listed, &Rows { ordinals, ..Rows::ALL });
                let whole = Whole { records: some, rows };
                for record in whole.records.iter().rev() {
                    for row in whole.rows_of(record) {
                        found += usize::from(matches!(row.stored, Stored::Observation(_)));
                        each(&row.stored);
                    }
                    records -= 1;
                    if found >= limit {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }
}
