//! Observations are rolled up into hours and days before they go: a day of the city after the other, some datastreams a
//! step.
//!
//! | step | then, after a crash |
//! |---|---|
//! | rolled: hours and days of some datastreams are in the database | they count for nothing; the day is begun anew |
//! | reached: the database knows that the day is whole | they count, and the observations no longer do |
//! | forgot: hours or days that are no longer kept went | the rest goes later |
//!
//! What came late to an older day is added to it on the way, where it counts ([`admit`]).

use super::Wanted;
use super::rollup::{Every, Reach, Rollup, admit, ends_by};
use super::seal::{Bounds, Hand, Step, Unsealed, Work};
use crate::store::summary::{Summary, Window};
use crate::store::{CATALOG, Reader};
use bongsu_rules::{Input, Observation};
use bongsu_sensors::reading::DatastreamId;
use bongsu_sensors::{Catalog, Source, Time};
use jiff::tz::TimeZone;
use std::time::Duration;

/// Datastreams of one step: a day of so many that speak once a second is 60 MB.
const AT_ONCE: usize = 16;

/// Rolling up one store.
#[derive(Debug, Default)]
pub struct Roll {
    day: Option<Day>,
    /// Before this there is nothing to do: a large city's catalog is not read every few seconds to see that.
    rests: Option<Time>,
}

/// A day that is being rolled up.
#[derive(Debug)]
struct Day {
    before: Reach,
    after: Reach,
    zone: TimeZone,
    /// The datastreams that are still to be looked at, in order.
    left: Vec<u32>,
}

impl Roll {
    /// Does the next step, if there is one.
    ///
    /// # Errors
    /// It could not be done; it is tried again at the next call.
    pub fn step(
        &mut self,
        reader: &Reader,
        bounds: &Bounds,
        now: Time,
        hand: &mut dyn Hand,
    ) -> Result<Option<Step>, Unsealed> {
        if self.rests.is_some_and(|until| now < until) {
            return Ok(None);
        }
        if self.day.is_none() {
            match Day::next(reader, bounds, now)? {
                Next::Day(day) => self.day = Some(*day),
                Next::At(time) => self.rests = Some(time),
                Next::Unknown => {}
            }
        }
        let Some(day) = &mut self.day else { return Ok(None) };
        if day.left.is_empty() {
            hand.write(Work::Reach(day.after)).map_err(Unsealed::Store)?;
            self.day = None;
            return Ok(Some(Step::Reached));
        }
        let some = day.left.len().min(AT_ONCE);
        let rollups = day.rollups(reader, &day.left[..some])?;
        if !rollups.is_empty() {
            hand.write(Work::Roll(rollups)).map_err(Unsealed::Store)?;
        }
        day.left.drain(..some);
        Ok(Some(Step::Rolled))
    }
}

/// What is next.
enum Next {
    /// A day.
    Day(Box<Day>),
    /// Nothing until then.
    At(Time),
    /// Nothing by now.
    Unknown,
}

impl Day {
    /// The next day that is older than observations are kept.
    fn next(reader: &Reader, bounds: &Bounds, now: Time) -> Result<Next, Unsealed> {
        let Some(keep) = bounds.keep.raw else { return Ok(Next::Unknown) };
        let Some((record, _)) = reader.newest_record()? else { return Ok(Next::Unknown) };
        let known = reader.reach()?;
        let earliest = match known {
            Some(reach) => Some(reach.days),
            None => reader.segments.earliest(&reader.connection)?,
        };
        let Some(earliest) = earliest else { return Ok(Next::Unknown) };
        let zone = zone(reader)?;
        let (begin, end) = Window::DAY.around(earliest, &zone);
        if end > now - keep {
            return Ok(Next::At(end + keep));
        }
        let hour = |time: Time| Window::HOUR.around(time, &zone).0;
        let gone = Time::from_millis(i64::MIN);
        let first = Reach { hours: hour(begin), days: begin, record: 0, hours_gone: gone, days_gone: gone };
        let before = known.unwrap_or(first);
        let after = Reach { hours: hour(end).max(before.hours), days: end, record, ..before };
        // Nothing of that day, and nothing that is late: there is nothing to look at.
        let of_day = Wanted { from: before.hours, to: end, records: (0, record), ..Wanted::ALL };
        let late = Wanted { from: before.days_gone, to: before.days, records: (before.record, record), ..Wanted::ALL };
        let is_empty = reader.past().is_empty(&of_day)? && reader.past().is_empty(&late)?;
        let left = if is_empty { Vec::new() } else { datastreams(reader)? };
        Ok(Next::Day(Box::new(Day { before, after, zone, left })))
    }

    /// The hours and days of some datastreams, and older ones to which something came late.
    fn rollups(&self, reader: &Reader, ids: &[u32]) -> Result<Vec<Rollup>, Unsealed> {
        let Day { before, after, zone, .. } = self;
        let mut rollups = Vec::new();
        let records = (0, after.record);
        let wanted = Wanted { from: before.hours, to: after.days, records, ..Wanted::of(ids) };
        let of_day = reader.settled(&wanted)?;
        for seen in of_day.chunk_by(|one, next| one.datastream == next.datastream) {
            for every in Every::ALL {
                let (first, until) = (before.of(every), after.of(every));
                let within = seen.iter().filter(|seen| first <= seen.time && seen.time < until);
                let spans: Vec<Summary> = Summary::windows(within, every.window(), zone).into_values().collect();
                if !spans.is_empty() {
                    rollups.push(Rollup { every, datastream: seen[0].datastream, first, until, spans });
                }
            }
        }
        let records = (before.record, after.record);
        let from = before.hours_gone.min(before.days_gone);
        let late = reader.settled(&Wanted { from, to: before.days, records, ..Wanted::of(ids) })?;
        for seen in late.chunk_by(|one, next| one.datastream == next.datastream) {
            self.add_late(reader, seen, &mut rollups)?;
        }
        Ok(rollups)
    }

    /// Older hours and days of one datastream with what came late to them.
    fn add_late(&self, reader: &Reader, late: &[Observation], to: &mut Vec<Rollup>) -> Result<(), Unsealed> {
        let id = late[0].datastream;
        let counted = admit(reader, id, late, &self.before, &self.zone)?;
        for every in Every::ALL {
            let (gone, reach) = (self.before.gone(every), self.before.of(every));
            let mut changed: Vec<Rollup> = Vec::new();
            for seen in counted.iter().filter(|seen| gone <= seen.time && seen.time < reach) {
                let begin = every.window().around(seen.time, &self.zone).0;
                let holds = |rollup: &Rollup| rollup.first <= seen.time && seen.time < rollup.until;
                if !changed.last().is_some_and(holds) {
                    changed.push(self.rollup_at(reader, every, id, seen.time)?);
                }
                if let Some(rollup) = changed.last_mut() {
                    rollup.add(begin, seen);
                }
            }
            to.append(&mut changed);
        }
        Ok(())
    }

    /// The hours or days that a time belongs to, or a place for them.
    fn rollup_at(&self, reader: &Reader, every: Every, id: DatastreamId, time: Time) -> Result<Rollup, Unsealed> {
        let known = reader.rolled(every, id, (time, time + Duration::from_millis(1)))?.pop();
        let (first, until) = every.window().around(time, &self.zone);
        Ok(known.unwrap_or(Rollup { every, datastream: id, first, until, spans: Vec::new() }))
    }
}

/// Lets hours and days go that are older than they are kept: first they count no longer, then they go, some at a time.
///
/// # Errors
/// It could not be done; it is tried again at the next call.
pub fn forget(reader: &Reader, bounds: &Bounds, now: Time, hand: &mut dyn Hand) -> Result<Option<Step>, Unsealed> {
    let Some(reach) = reader.reach()? else { return Ok(None) };
    for (every, keep) in [(Every::Hour, bounds.keep.hours), (Every::Day, bounds.keep.days)] {
        if ends_by(&reader.connection, every, reach.gone(every))?.is_some() {
            hand.write(Work::Forget(every, reach.gone(every))).map_err(Unsealed::Store)?;
            return Ok(Some(Step::Forgot));
        }
        let Some(keep) = keep else { continue };
        if let Some(gone) = ends_by(&reader.connection, every, now - keep)? {
            let reach = match every {
                Every::Hour => Reach { hours_gone: gone, ..reach },
                Every::Day => Reach { days_gone: gone, ..reach },
            };
            hand.write(Work::Reach(reach)).map_err(Unsealed::Store)?;
            return Ok(Some(Step::Reached));
        }
    }
    Ok(None)
}

/// The zone of the city that is in force; of none UTC.
fn zone(reader: &Reader) -> Result<TimeZone, Unsealed> {
    let record = reader.in_force(CATALOG)?.and_then(|entry| entry.record().ok());
    let Some(Input::Catalog(text)) = record.map(|record| record.input) else { return Ok(TimeZone::UTC) };
    let geometry = |_: &str| match &text.geometry {
        Some((name, text)) => Ok(Source::new(name.clone(), text.clone())),
        None => Err("its geometry was not kept".to_owned()),
    };
    let city = Catalog::parse(&Source::new(text.name.clone(), text.stations.clone()), geometry);
    Ok(city.map_or(TimeZone::UTC, |city| city.timezone))
}

/// The number of every datastream there ever was.
fn datastreams(reader: &Reader) -> rusqlite::Result<Vec<u32>> {
    let mut statement = reader.connection.prepare_cached("SELECT id FROM datastream ORDER BY id")?;
    statement.query_map([], |row| row.get(0))?.collect()
}
