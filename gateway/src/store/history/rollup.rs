//! Hours and days of what was observed, for when the observations themselves are no longer kept.
//!
//! They stand in the database, some hours or days of one datastream a row: few bytes, written in the order of their
//! days, saved by every backup. What an answer may count on stands in one row beside them ([`Reach`]): everything that
//! was observed before a time, as far as it came up to a record. So a row that a crash left half a day ahead counts for
//! nothing until the rest of its day is there.
//!
//! What comes after that record and is true before that time came too late for the observations it belongs to: nobody can
//! tell any more whether it says again what was said. It counts where nothing had come: before the first observation of
//! its hour or after the last ([`admitted`]).
//!
//! ```text
//! form 1 │ checksum of the rest 8 │ how many 4 │ columns: begins, observations, spans, counts, sums, least, most
//! ```

use super::column::{EVEN, PLAIN, put, put_values, take, take_values};
use super::{Damage, Wanted};
use crate::store::Reader;
use crate::store::summary::{MadeOf, Summary, Window};
use bongsu_rules::Observation;
use bongsu_sensors::Time;
use bongsu_sensors::reading::DatastreamId;
use jiff::tz::TimeZone;
use rusqlite::{Connection, OptionalExtension, params};
use std::time::Duration;
use twox_hash::XxHash3_64;

/// The number of the form of a row.
const FORM: u8 = 1;

/// Most hours or days in one row; a row is made of a day and what comes late to it.
const MOST: usize = 1_000;

/// The name of the database in what is said of a damage.
const DATABASE: &str = "city.db";

/// What is rolled up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    /// Hours of UTC.
    Hour,
    /// Days of the city.
    Day,
}

impl Every {
    /// Both.
    pub const ALL: [Every; 2] = [Every::Hour, Every::Day];

    /// The window of one.
    pub fn window(self) -> Window {
        match self {
            Every::Hour => Window::HOUR,
            Every::Day => Window::DAY,
        }
    }

    fn number(self) -> i64 {
        match self {
            Every::Hour => 1,
            Every::Day => 2,
        }
    }

    fn made_of(self) -> MadeOf {
        match self {
            Every::Hour => MadeOf::Hours,
            Every::Day => MadeOf::Days,
        }
    }
}

/// How far rollups reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// What was observed before this stands in hours,
    pub hours: Time,
    /// and before this in days: the beginning of one, not before the other.
    pub days: Time,
    /// As far as it came with this record or an earlier one.
    pub record: u64,
    /// Hours before this are no longer kept.
    pub hours_gone: Time,
    /// Days before this are no longer kept.
    pub days_gone: Time,
}

impl Reach {
    /// Up to which time there are hours, or days.
    pub fn of(&self, every: Every) -> Time {
        match every {
            Every::Hour => self.hours,
            Every::Day => self.days,
        }
    }

    /// From which time on they are still kept.
    pub fn gone(&self, every: Every) -> Time {
        match every {
            Every::Hour => self.hours_gone,
            Every::Day => self.days_gone,
        }
    }

    /// Writes it down.
    pub fn write(&self, to: &Connection) -> rusqlite::Result<()> {
        let sql = "INSERT OR REPLACE INTO rolled VALUES (1, ?1, ?2, ?3, ?4, ?5)";
        let Reach { hours, days, record, hours_gone, days_gone } = self;
        let (hours, days) = (hours.millis(), days.millis());
        to.execute(sql, params![hours, days, record, hours_gone.millis(), days_gone.millis()]).map(|_| ())
    }
}

/// Hours or days of one datastream that follow one another.
#[derive(Clone, Debug, PartialEq)]
pub struct Rollup {
    /// What it is of.
    pub every: Every,
    /// Whose.
    pub datastream: DatastreamId,
    /// Of this time on.
    pub first: Time,
    /// Up to this one.
    pub until: Time,
    /// Those in which something was observed, by time.
    pub spans: Vec<Summary>,
}

impl Rollup {
    /// The hours or days.
    pub fn spans(&self) -> &[Summary] {
        &self.spans
    }

    /// Adds an observation to the hour or day that begins at a time.
    pub fn add(&mut self, begin: Time, seen: &Observation) {
        let made_of = self.every.made_of();
        let one = Summary { made_of, ..Summary::of(begin, seen) };
        match self.spans.binary_search_by_key(&begin, |span| span.time) {
            Ok(at) => self.spans[at].add(&one),
            Err(at) => self.spans.insert(at, one),
        }
    }

    /// Writes it, in place of what was there before.
    pub fn write(&self, to: &Connection) -> rusqlite::Result<()> {
        let body = pack(&self.spans).map_err(|cause| rusqlite::Error::ToSqlConversionFailure(cause.into()))?;
        let (first, until) = (self.first.millis(), self.until.millis());
        let mut insert = to.prepare_cached("INSERT OR REPLACE INTO rollup VALUES (?1, ?2, ?3, ?4, ?5)")?;
        insert.execute(params![self.every.number(), self.datastream.0, first, until, body]).map(|_| ())
    }
}

/// Which row: of hours or of days, of which datastream, of which time on.
pub type Key = (i64, u32, i64);

/// Before every row.
pub const FIRST: Key = (0, 0, i64::MIN);

/// What reading some rows found.
#[derive(Debug, Default)]
pub struct CheckedRows {
    /// How many there were.
    pub rows: u64,
    /// The last of them.
    pub last: Option<Key>,
    /// What cannot be read.
    pub damages: Vec<Damage>,
}

/// Lets some of the hours or days go that are no longer kept.
pub fn forget(from: &Connection, every: Every, before: Time, most: usize) -> rusqlite::Result<()> {
    let sql = "DELETE FROM rollup WHERE (every, datastream, first) IN (
        SELECT every, datastream, first FROM rollup WHERE every = ?1 AND until <= ?2 LIMIT ?3)";
    from.execute(sql, params![every.number(), before.millis(), most]).map(|_| ())
}

/// Up to when the newest hour or day reaches that ends by a time.
pub fn ends_by(from: &Connection, every: Every, time: Time) -> rusqlite::Result<Option<Time>> {
    let sql = "SELECT max(until) FROM rollup WHERE every = ?1 AND until <= ?2";
    let until = |row: &rusqlite::Row<'_>| row.get::<_, Option<i64>>(0);
    let found = from.prepare_cached(sql)?.query_row(params![every.number(), time.millis()], until)?;
    Ok(found.map(Time::from_millis))
}

/// Writes hours or days.
fn pack(spans: &[Summary]) -> Result<Vec<u8>, String> {
    let count = u32::try_from(spans.len()).ok().filter(|count| *count as usize <= MOST);
    let mut columns = count.ok_or("there are too many spans for a row")?.to_le_bytes().to_vec();
    put(&spans.iter().map(|span| span.time.millis()).collect::<Vec<_>>(), EVEN, &mut columns)?;
    put(&spans.iter().map(|span| span.observations).collect::<Vec<_>>(), PLAIN, &mut columns)?;
    let offset = |time: Time, span: &Summary| time.millis().wrapping_sub(span.time.millis());
    put(&spans.iter().map(|span| offset(span.span.0, span)).collect::<Vec<_>>(), PLAIN, &mut columns)?;
    put(&spans.iter().map(|span| offset(span.span.1, span)).collect::<Vec<_>>(), PLAIN, &mut columns)?;
    put(&spans.iter().map(|span| span.count).collect::<Vec<_>>(), PLAIN, &mut columns)?;
    let valued = || spans.iter().filter(|span| span.count > 0);
    put_values(&valued().map(|span| span.sum).collect::<Vec<_>>(), &mut columns)?;
    put_values(&valued().map(|span| span.min).collect::<Vec<_>>(), &mut columns)?;
    put_values(&valued().map(|span| span.max).collect::<Vec<_>>(), &mut columns)?;
    let mut body = vec![FORM];
    body.extend_from_slice(&XxHash3_64::oneshot(&columns).to_le_bytes());
    body.append(&mut columns);
    Ok(body)
}

/// Reads hours or days back. Nothing in them is believed.
fn unpack(body: &[u8], every: Every) -> Result<Vec<Summary>, String> {
    let (form, rest) = body.split_first().ok_or("it is empty")?;
    if *form != FORM {
        return Err(format!("it has form {form}, which this program does not know"));
    }
    let (hash, columns) = rest.split_first_chunk::<8>().ok_or("it is too short")?;
    if XxHash3_64::oneshot(columns) != u64::from_le_bytes(*hash) {
        return Err("its checksum is another".to_owned());
    }
    let (count, mut from) = columns.split_first_chunk::<4>().ok_or("it is too short")?;
    let count = usize::try_from(u32::from_le_bytes(*count)).ok().filter(|count| *count <= MOST);
    let count = count.ok_or("it counts more spans than there can be")?;
    let begins: Vec<i64> = take(&mut from, count)?;
    let observations: Vec<u64> = take(&mut from, count)?;
    let firsts: Vec<i64> = take(&mut from, count)?;
    let lasts: Vec<i64> = take(&mut from, count)?;
    let counts: Vec<u64> = take(&mut from, count)?;
    let valued = counts.iter().filter(|count| **count > 0).count();
    let mut values =
        [take_values(&mut from, valued)?, take_values(&mut from, valued)?, take_values(&mut from, valued)?]
            .map(Vec::into_iter);
    if !from.is_empty() || !begins.is_sorted_by(|one, next| one < next) {
        return Err("it is not what is written there".to_owned());
    }
    let mut spans = Vec::with_capacity(count);
    for (at, begin) in begins.into_iter().enumerate() {
        let time = |offset: i64| Time::from_millis(begin.wrapping_add(offset));
        let [sum, min, max] = match counts[at] {
            0 => [0.0; 3],
            _ => values.each_mut().map(|values| values.next().unwrap_or_default()),
        };
        spans.push(Summary {
            time: Time::from_millis(begin),
            observations: observations[at],
            span: (time(firsts[at]), time(lasts[at])),
            count: counts[at],
            sum,
            min,
            max,
            made_of: every.made_of(),
        });
    }
    Ok(spans)
}

impl Reader {
    /// How far rollups reach; `None`: nothing was rolled up yet.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn reach(&self) -> rusqlite::Result<Option<Reach>> {
        // A backup of an older program is read before it is brought to today's form.
        if !super::segment::is_known(&self.connection, "rolled")? {
            return Ok(None);
        }
        let sql = "SELECT hours, days, record, hours_gone, days_gone FROM rolled";
        let reach = |row: &rusqlite::Row<'_>| {
            let time = |column| row.get(column).map(Time::from_millis);
            let (hours, days, hours_gone, days_gone) = (time(0)?, time(1)?, time(3)?, time(4)?);
            Ok(Reach { hours, days, record: row.get(2)?, hours_gone, days_gone })
        };
        self.connection.prepare_cached(sql)?.query_row([], reach).optional()
    }

    /// The hours or days of a datastream that share a moment with a span of time, as far as they are whole. What is
    /// damaged is left out, and said once.
    pub(in crate::store) fn rolled(
        &self,
        every: Every,
        id: DatastreamId,
        (from, to): (Time, Time),
    ) -> rusqlite::Result<Vec<Rollup>> {
        let Some(reach) = self.reach()? else { return Ok(Vec::new()) };
        let (from, to) = (from.max(reach.gone(every)), to.min(reach.of(every)));
        let sql = "SELECT first, until, body FROM rollup
            WHERE every = ?1 AND datastream = ?2 AND first < ?4 AND until > ?3 ORDER BY first";
        let mut statement = self.connection.prepare_cached(sql)?;
        let values = params![every.number(), id.0, from.millis(), to.millis()];
        let mut found = Vec::new();
        for row in statement.query_map(values, |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, Vec<u8>>(2)?)))? {
            let (first, until, body) = row?;
            let (first, until) = (Time::from_millis(first), Time::from_millis(until));
            match unpack(&body, every) {
                Ok(spans) => found.push(Rollup { every, datastream: id, first, until, spans }),
                Err(cause) => self.segments.tell(damage(every, id.0, first, cause)),
            }
        }
        Ok(found)
    }

    /// Reads the hours and days of some rows, those behind one.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(in crate::store) fn check_rollups(&self, after: Key, most: u32) -> rusqlite::Result<CheckedRows> {
        let mut checked = CheckedRows::default();
        // A backup of an older program is read before it is brought to today's form.
        if !super::segment::is_known(&self.connection, "rollup")? {
            return Ok(checked);
        }
        let sql = "SELECT every, datastream, first, body FROM rollup WHERE (every, datastream, first) > (?1, ?2, ?3)
            ORDER BY every, datastream, first LIMIT ?4";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut found = statement.query(params![after.0, after.1, after.2, most])?;
        while let Some(row) = found.next()? {
            let (number, datastream, first): Key = (row.get(0)?, row.get(1)?, row.get(2)?);
            checked.rows += 1;
            checked.last = Some((number, datastream, first));
            let every = if number == Every::Day.number() { Every::Day } else { Every::Hour };
            if let Err(cause) = unpack(row.get_ref(3)?.as_blob().unwrap_or_default(), every) {
                checked.damages.push(damage(every, datastream, Time::from_millis(first), cause));
            }
        }
        Ok(checked)
    }
}

fn damage(every: Every, datastream: u32, first: Time, cause: String) -> Damage {
    let word = if every == Every::Hour { "hours" } else { "days" };
    Damage { file: DATABASE.to_owned(), part: format!("the {word} of datastream {datastream} from {first}"), cause }
}

/// What came too late for the hours or days of a datastream that it belongs to, and counts all the same.
///
/// # Errors
/// The store cannot be read.
pub fn admitted(
    reader: &Reader,
    id: DatastreamId,
    (from, to): (Time, Time),
    every: Every,
    reach: &Reach,
    zone: &TimeZone,
) -> rusqlite::Result<Vec<Observation>> {
    let ids = [id.0];
    let (from, to) = (from.max(reach.gone(every)), to.min(reach.of(every)));
    let wanted = Wanted { from, to, records: (reach.record, u64::MAX), ..Wanted::of(&ids) };
    if from >= to {
        return Ok(Vec::new());
    }
    let late = reader.settled(&wanted)?;
    admit(reader, id, &late, reach, zone)
}

/// Those of some late observations of a datastream that count.
///
/// # Errors
/// The store cannot be read.
pub fn admit(
    reader: &Reader,
    id: DatastreamId,
    late: &[Observation],
    reach: &Reach,
    zone: &TimeZone,
) -> rusqlite::Result<Vec<Observation>> {
    let mut counted = Vec::new();
    let hour = Duration::from_secs(3_600);
    // Hour by hour, where there are hours; what is older than those is held against its day.
    let is_hourly = |seen: &Observation| reach.hours_gone <= seen.time && seen.time < reach.hours;
    let every = |seen: &Observation| if is_hourly(seen) { Every::Hour } else { Every::Day };
    let mut known: Option<(Every, Time, Option<Summary>)> = None;
    for seen in late {
        let every = every(seen);
        let begin = every.window().around(seen.time, zone).0;
        let of = match known {
            Some((of, at, span)) if of == every && at == begin => span,
            _ => {
                let rolled = reader.rolled(every, id, (begin, begin + hour))?;
                let span = rolled.iter().flat_map(Rollup::spans).find(|span| span.time == begin).copied();
                known = Some((every, begin, span));
                span
            }
        };
        if of.is_none_or(|of| seen.time < of.span.0 || of.span.1 < seen.time) {
            counted.push(*seen);
        }
    }
    Ok(counted)
}

#[cfg(test)]
mod tests {
    use super::{FORM, pack, unpack};
    use crate::store::history::Every;
    use crate::store::summary::{MadeOf, Summary};
    use bongsu_sensors::Time;
    use proptest::prelude::*;

    fn span() -> impl Strategy<Value = Summary> {
        let values = (any::<f64>(), any::<f64>(), any::<f64>());
        (0..90_000_000_i64, 0..90_000_000_i64, 0..9_000_u64, 0..2_000_u64, values).prop_map(
            |(first, length, observations, count, (sum, min, max))| {
                let time = |offset| Time::from_millis(offset);
                let [sum, min, max] = if count == 0 { [0.0; 3] } else { [sum, min, max] };
                let span = (time(first), time(first + length));
                Summary { time: time(0), observations, span, count, sum, min, max, made_of: MadeOf::Days }
            },
        )
    }

    proptest! {
        #[test]
        fn hours_and_days_come_back_bit_by_bit_and_a_flipped_byte_is_found(
            spans in prop::collection::vec((1..9_i64, span()), 0..40),
            (place, bit) in (any::<prop::sample::Index>(), 0_u32..8),
        ) {
            let mut begin = -20 * 86_400_000;
            let spans: Vec<Summary> = spans.into_iter().map(|(days, span)| {
                begin += days * 86_400_000;
                let at = |time: Time| Time::from_millis(time.millis() + begin);
                Summary { time: at(span.time), span: (at(span.span.0), at(span.span.1)), ..span }
            }).collect();
            let mut body = pack(&spans).expect("packed");
            let exactly = |spans: &[Summary]| spans.iter().map(|span| {
                format!("{span:?} {:?}", [span.sum, span.min, span.max].map(f64::to_bits))
            }).collect::<Vec<_>>();
            prop_assert_eq!(exactly(&unpack(&body, Every::Day).expect("whole")), exactly(&spans));
            let place = place.index(body.len());
            body[place] ^= 1_u8 << bit;
            prop_assert!(unpack(&body, Every::Day).is_err(), "byte {} of {}", place, body.len());
        }

        #[test]
        fn a_row_made_by_somebody_does_not_panic(columns in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut body = vec![FORM];
            body.extend_from_slice(&twox_hash::XxHash3_64::oneshot(&columns).to_le_bytes());
            body.extend_from_slice(&columns);
            let _ = unpack(&body, Every::Hour);
            let _ = unpack(&columns, Every::Hour);
        }
    }
}
