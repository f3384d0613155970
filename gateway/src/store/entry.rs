//! One row of the log: an input of the engine, and for readings what became of each.
//!
//! The same bytes serve two readers: a restart, which feeds the inputs to the engine again, and a query, which wants
//! the observations.

use bongsu_rules::flag::Tests;
use bongsu_rules::incident::{Order, Policy};
use bongsu_rules::record::{CatalogText, Observation, Report, RulesText};
use bongsu_rules::{Effect, Flag, Input, Record};
use bongsu_sensors::reading::DatastreamId;
use bongsu_sensors::{Reading, Time};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Rows in which devices say something.
pub const READINGS: i64 = 1;
/// Rows in which time passes.
pub const TICK: i64 = 2;
/// Rows that bring a catalog.
pub const CATALOG: i64 = 3;
/// Rows that bring rules.
pub const RULES: i64 = 4;
/// Rows in which a person wants something done.
const ORDER: i64 = 5;
/// Rows that bring the city's policy.
const POLICY: i64 = 6;
/// Rows in which something was reported that is no reading.
const REPORT: i64 = 7;

/// Outcome of a reading that is no observation.
const NOT_TAKEN: u8 = 0;

/// A reading with what became of it. Times are relative to the record's `now`, which keeps them short.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct LoggedReading {
    datastream: u32,
    /// The device claimed this time itself.
    claimed: bool,
    offset_ms: i64,
    value: Option<f64>,
    /// The number of its flag, or [`NOT_TAKEN`].
    outcome: u8,
    /// What each quality test said of it.
    tests: u32,
}

/// An earlier observation that was judged again.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct LoggedFlag {
    datastream: u32,
    offset_ms: i64,
    flag: u8,
    tests: u32,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct LoggedReadings {
    readings: Vec<LoggedReading>,
    flags: Vec<LoggedFlag>,
}

/// A row of the log.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its place in the order of inputs.
    pub seq: u64,
    /// When it was taken in.
    pub now: Time,
    /// The number of its kind.
    pub kind: i64,
    /// Earliest phenomenon time in it.
    pub first: Time,
    /// Latest phenomenon time in it.
    pub last: Time,
    /// The rest.
    pub body: Vec<u8>,
}

/// What a row says about observations, in the order in which it was decided.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stored {
    /// An observation.
    Observation(Observation),
    /// An earlier observation has another flag from here on.
    Flag(DatastreamId, Time, Flag, Tests),
}

/// A policy; those of before there were lists of who is on duty end where the list begins now.
fn policy(body: &[u8]) -> Result<Policy, postcard::Error> {
    postcard::from_bytes(body).or_else(|error| match postcard::from_bytes(body) {
        Ok((release, inhibit)) => Ok(Policy { release, inhibit, ..Policy::default() }),
        Err(_) => Err(error),
    })
}

impl Entry {
    /// The row of a record and of what was decided from it.
    ///
    /// # Errors
    /// Only where memory cannot be had.
    pub fn of(record: &Record, effects: &[Effect]) -> Result<Entry, postcard::Error> {
        let now = record.now;
        let mut entry = Entry { seq: record.seq, now, kind: TICK, first: now, last: now, body: Vec::new() };
        match &record.input {
            Input::Readings(readings) => {
                entry.kind = READINGS;
                let logged = logged(readings, effects, now, &mut entry);
                entry.body = postcard::to_allocvec(&logged)?;
            }
            Input::Tick => {}
            Input::Catalog(text) => {
                entry.kind = CATALOG;
                entry.body = postcard::to_allocvec(&**text)?;
            }
            Input::Rules(text) => {
                entry.kind = RULES;
                entry.body = postcard::to_allocvec(&**text)?;
            }
            Input::Operator(order) => {
                entry.kind = ORDER;
                entry.body = postcard::to_allocvec(order)?;
            }
            Input::Report(report) => {
                entry.kind = REPORT;
                entry.body = postcard::to_allocvec(report)?;
            }
            Input::Policy(policy) => {
                entry.kind = POLICY;
                entry.body = postcard::to_allocvec(&**policy)?;
            }
        }
        Ok(entry)
    }

    /// A row of readings of which no more is known than what was stored of them, for those who go through the history.
    ///
    /// # Errors
    /// Only where memory cannot be had.
    pub fn rebuilt(seq: u64, now: Time, stored: impl Iterator<Item = Stored>) -> Result<Entry, postcard::Error> {
        let mut logged = LoggedReadings::default();
        let mut span: Option<(Time, Time)> = None;
        let offset = |time: Time| time.millis().saturating_sub(now.millis());
        for stored in stored {
            let time = match stored {
                Stored::Observation(seen) => {
                    logged.readings.push(LoggedReading {
                        datastream: seen.datastream.0,
                        claimed: true,
                        offset_ms: offset(seen.time),
                        value: seen.value,
                        outcome: seen.flag.number(),
                        tests: seen.tests.number(),
                    });
                    seen.time
                }
                Stored::Flag(id, time, flag, tests) => {
                    let (datastream, flag, tests) = (id.0, flag.number(), tests.number());
                    logged.flags.push(LoggedFlag { datastream, offset_ms: offset(time), flag, tests });
                    time
                }
            };
            span = Some(span.map_or((time, time), |(first, last)| (first.min(time), last.max(time))));
        }
        let (first, last) = span.unwrap_or((now, now));
        Ok(Entry { seq, now, kind: READINGS, first, last, body: postcard::to_allocvec(&logged)? })
    }

    /// The record it was.
    ///
    /// # Errors
    /// A damaged row.
    pub fn record(&self) -> Result<Record, postcard::Error> {
        let input = match self.kind {
            READINGS => {
                let logged: LoggedReadings = postcard::from_bytes(&self.body)?;
                let reading = |logged: &LoggedReading| Reading {
                    datastream: DatastreamId(logged.datastream),
                    time: logged.claimed.then(|| self.at(logged.offset_ms)),
                    value: logged.value,
                };
                Input::Readings(logged.readings.iter().map(reading).collect())
            }
            TICK => Input::Tick,
            CATALOG => Input::Catalog(Arc::new(postcard::from_bytes::<CatalogText>(&self.body)?)),
            RULES => Input::Rules(Arc::new(postcard::from_bytes::<RulesText>(&self.body)?)),
            ORDER => Input::Operator(Box::new(postcard::from_bytes::<Order>(&self.body)?)),
            REPORT => Input::Report(postcard::from_bytes::<Report>(&self.body)?),
            POLICY => Input::Policy(Arc::new(policy(&self.body)?)),
            _ => return Err(postcard::Error::DeserializeBadEnum),
        };
        Ok(Record { seq: self.seq, now: self.now, input })
    }

    /// The observations and later flags it holds.
    ///
    /// # Errors
    /// A damaged row.
    pub fn stored(&self) -> Result<impl Iterator<Item = Stored> + use<'_>, postcard::Error> {
        let logged: LoggedReadings =
            if self.kind == READINGS { postcard::from_bytes(&self.body)? } else { LoggedReadings::default() };
        let observation = move |logged: LoggedReading| {
            let flag = Flag::from_number(logged.outcome)?;
            let time = self.at(logged.offset_ms);
            Some(Stored::Observation(Observation {
                datastream: DatastreamId(logged.datastream),
                time,
                value: logged.value,
                flag,
                tests: Tests::from_number(logged.tests),
            }))
        };
        let flag = move |logged: LoggedFlag| {
            let flag = Flag::from_number(logged.flag)?;
            let tests = Tests::from_number(logged.tests);
            Some(Stored::Flag(DatastreamId(logged.datastream), self.at(logged.offset_ms), flag, tests))
        };
        let observations = logged.readings.into_iter().filter_map(observation);
        Ok(observations.chain(logged.flags.into_iter().filter_map(flag)))
    }

    fn at(&self, offset_ms: i64) -> Time {
        Time::from_millis(self.now.millis().saturating_add(offset_ms))
    }
}

/// Readings beside what became of each; the span of their times goes into the entry.
fn logged(readings: &[Reading], effects: &[Effect], now: Time, entry: &mut Entry) -> LoggedReadings {
    let mut logged = LoggedReadings { readings: Vec::with_capacity(readings.len()), flags: Vec::new() };
    let offset = |time: Time| time.millis().saturating_sub(now.millis());
    let mut outcomes = effects
        .iter()
        .filter(|effect| matches!(effect, Effect::Observed(_) | Effect::Duplicate(_) | Effect::Refused(_)));
    let mut span: Option<(Time, Time)> = None;
    for reading in readings {
        let (time, outcome, tests) = match outcomes.next() {
            Some(Effect::Observed(observation)) => {
                (observation.time, observation.flag.number(), observation.tests.number())
            }
            _ => (reading.time.unwrap_or(now), NOT_TAKEN, 0),
        };
        if outcome != NOT_TAKEN {
            span = Some(span.map_or((time, time), |(first, last)| (first.min(time), last.max(time))));
        }
        logged.readings.push(LoggedReading {
            datastream: reading.datastream.0,
            claimed: reading.time.is_some(),
            offset_ms: offset(time),
            value: reading.value,
            outcome,
            tests,
        });
    }
    for effect in effects {
        if let Effect::Reflagged { datastream, time, flag, tests } = effect {
            span = Some(span.map_or((*time, *time), |(first, last)| (first.min(*time), last.max(*time))));
            logged.flags.push(LoggedFlag {
                datastream: datastream.0,
                offset_ms: offset(*time),
                flag: flag.number(),
                tests: tests.number(),
            });
        }
    }
    (entry.first, entry.last) = span.unwrap_or((now, now));
    logged
}
