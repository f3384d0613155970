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

/// Reads a block of so many rows back. Nothing in it is believed.
///
/// # Errors
/// It is not what was written.
pub fn unpack(packed: &[u8], rows: usize) -> Result<Vec<Row>, String> {
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
    let valued = codes.iter().filter(|code| *code & HAS_VALUE != 0).count();
    let mut values = take_values(&mut from, valued)?.into_iter();
    if !from.is_empty() {
        return Err("there is something behind its columns".to_owned());
    }
    let owners = datastreams.iter().zip(&lengths);
    let owners = owners.flat_map(|(id, length)| std::iter::repeat_n(*id, usize::try_from(*length).unwrap_or(0)));
    let mut unpacked = Vec::with_capacity(rows);
    for (place, datastream) in owners.enumerate() {
        let (datastream, time, code) = (DatastreamId(datastream), Time::from_millis(times[place]), codes[place]);
        let flag = u8::try_from(code & FLAG).ok().and_then(Flag::from_number);
        let flag = flag.ok_or_else(|| format!("there is no flag {}", code & FLAG))?;
        let tests = Tests::from_number(tests[place]);
        let stored = if code & IS_LATER != 0 {
            Stored::Flag(datastream, time, flag, tests)
        } else {
            let value = if code & HAS_VALUE != 0 { values.next() } else { None };
            Stored::Observation(Observation { datastream, time, value, flag, tests })
        };
        unpacked.push(Row { ordinal: ordinals[place], stored });
    }
    Ok(unpacked)
}
