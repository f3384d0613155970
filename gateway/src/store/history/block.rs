//! The rows of a block as columns, and back.
//!
//! | column | of each |
//! |---|---|
//! | datastreams, lengths | datastream in it, by number: how many rows |
//! | ordinals | row: its place among all that came |
//! | times | row: of the phenomenon, milliseconds since 1970 |
//! | codes | row: its flag, whether it has a value, whether it is a later flag of an earlier row |
//! | tests | row: what each quality test said |
//! | values | row that has one |
//!
//! Rows stand in the order of their datastreams, those of one in the order in which they came. Columns that never change
//! cost a few bytes; the rest is what differs.

use super::super::Stored;
use super::Row;
use super::column::{EVEN, PLAIN, put, put_values, take, take_values};
use bongsu_rules::flag::Tests;
use bongsu_rules::{Flag, Observation};
use bongsu_sensors::Time;
use bongsu_sensors::reading::DatastreamId;
use std::ops::ControlFlow;

/// Most rows of a block: what a reader of a few of them unpacks for nothing.
pub const MOST: usize = 16_384;

/// A datastream with so many rows has blocks of its own: what is written there is all of one kind.
pub const OWN: usize = 512;

/// In a code: the number of the flag, that there is a value, that it is a later flag.
const FLAG: u16 = 0x0F;
const HAS_VALUE: u16 = 0x10;
const IS_LATER: u16 = 0x20;

/// Writes rows that stand in their order.
///
/// # Errors
/// What `pco` does not take.
pub fn pack(rows: &[Row]) -> Result<Vec<u8>, String> {
    let mut packed = Vec::with_capacity(rows.len() * 4);
    let runs: Vec<&[Row]> = rows.chunk_by(|one, next| one.datastream() == next.datastream()).collect();
    packed.extend_from_slice(&count(runs.len())?.to_le_bytes());
    let datastreams: Vec<u32> = runs.iter().map(|run| run[0].datastream().0).collect();
    let lengths = runs.iter().map(|run| count(run.len())).collect::<Result<Vec<u32>, String>>()?;
    put(&datastreams, EVEN, &mut packed)?;
    put(&lengths, PLAIN, &mut packed)?;
    put(&rows.iter().map(|row| row.ordinal).collect::<Vec<_>>(), EVEN, &mut packed)?;
    put(&rows.iter().map(|row| row.time().millis()).collect::<Vec<_>>(), EVEN, &mut packed)?;
    let judged: Vec<(u16, u32)> = rows.iter().map(|row| judged(&row.stored)).collect();
    put(&judged.iter().map(|(code, _)| *code).collect::<Vec<_>>(), PLAIN, &mut packed)?;
    put(&judged.iter().map(|(_, tests)| *tests).collect::<Vec<_>>(), PLAIN, &mut packed)?;
    let value = |row: &Row| match row.stored {
        Stored::Observation(seen) => seen.value,
        Stored::Flag(..) => None,
    };
    put_values(&rows.iter().filter_map(value).collect::<Vec<_>>(), &mut packed)?;
    Ok(packed)
}

fn count(number: usize) -> Result<u32, String> {
    u32::try_from(number).map_err(|_| "a block is too long".to_owned())
}

fn judged(stored: &Stored) -> (u16, u32) {
    match stored {
        Stored::Observation(seen) => {
            let has_value = if seen.value.is_some() { HAS_VALUE } else { 0 };
            (u16::from(seen.flag.number()) | has_value, seen.tests.number())
        }
        Stored::Flag(_, _, flag, tests) => (u16::from(flag.number()) | IS_LATER, tests.number()),
    }
}

/// A block that was read: columns that fit one another.
#[derive(Debug)]
pub struct Columns {
    datastreams: Vec<u32>,
    lengths: Vec<u32>,
    ordinals: Vec<u32>,
    times: Vec<i64>,
    /// Each has a flag that there is.
    codes: Vec<u16>,
    tests: Vec<u32>,
    /// As many as there are codes that have one.
    values: Vec<f64>,
}

fn flag(code: u16) -> Option<Flag> {
    u8::try_from(code & FLAG).ok().and_then(Flag::from_number)
}

/// Reads a block of so many rows back. Nothing in it is believed.
///
/// # Errors
/// It is not what was written.
pub fn unpack(packed: &[u8], rows: usize) -> Result<Columns, String> {
    if rows > MOST {
        return Err(format!("{rows} rows are more than a block has"));
    }
    let mut from = packed;
    let (runs, rest) = from.split_first_chunk::<4>().ok_or("it has no beginning")?;
    from = rest;
    let runs = usize::try_from(u32::from_le_bytes(*runs)).unwrap_or(usize::MAX);
    if runs > rows {
        return Err(format!("{runs} datastreams in {rows} rows"));
    }
    let datastreams: Vec<u32> = take(&mut from, runs)?;
    let lengths: Vec<u32> = take(&mut from, runs)?;
    if lengths.iter().map(|length| u64::from(*length)).sum::<u64>() != rows as u64 {
        return Err("its datastreams have another number of rows".to_owned());
    }
    let ordinals: Vec<u32> = take(&mut from, rows)?;
    let times: Vec<i64> = take(&mut from, rows)?;
    let codes: Vec<u16> = take(&mut from, rows)?;
    let tests: Vec<u32> = take(&mut from, rows)?;
    let valued = codes.iter().filter(|code| has_value(**code)).count();
    let values = take_values(&mut from, valued)?;
    if !from.is_empty() {
        return Err("there is something behind its columns".to_owned());
    }
    if let Some(code) = codes.iter().find(|code| flag(**code).is_none()) {
        return Err(format!("there is no flag {}", code & FLAG));
    }
    Ok(Columns { datastreams, lengths, ordinals, times, codes, tests, values })
}

/// Whether a row of this code has a value.
fn has_value(code: u16) -> bool {
    code & HAS_VALUE != 0
}

impl Columns {
    /// The place of each row among all that came.
    pub fn ordinals(&self) -> &[u32] {
        &self.ordinals
    }

    /// Its rows as they stand there, until `each` has enough. None is put anywhere else first: a year of a datastream is
    /// half a million of them.
    pub fn rows(&self, mut each: impl FnMut(Row) -> ControlFlow<()>) -> ControlFlow<()> {
        let rows = self.ordinals.iter().zip(&self.times).zip(&self.codes).zip(&self.tests);
        let (mut rows, mut values) = (rows, self.values.iter().copied());
        for (datastream, length) in self.datastreams.iter().zip(&self.lengths) {
            let datastream = DatastreamId(*datastream);
            for (((ordinal, time), code), tests) in rows.by_ref().take(usize::try_from(*length).unwrap_or(usize::MAX)) {
                let (time, tests) = (Time::from_millis(*time), Tests::from_number(*tests));
                let value = if has_value(*code) { values.next() } else { None };
                let Some(flag) = flag(*code) else { continue };
                let stored = match code & IS_LATER {
                    0 => Stored::Observation(Observation { datastream, time, value, flag, tests }),
                    _ => Stored::Flag(datastream, time, flag, tests),
                };
                each(Row { ordinal: *ordinal, stored })?;
            }
        }
        ControlFlow::Continue(())
    }
}
