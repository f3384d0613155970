//! Which record brought which rows of a file, and when it was taken in: as columns, and back.

use super::Record;
use super::column::{EVEN, PLAIN, put, take};
use bongsu_sensors::Time;

/// Most records written together.
pub const MOST: usize = 65_536;

/// Writes records that follow one another.
///
/// # Errors
/// What `pco` does not take.
pub fn pack(records: &[Record]) -> Result<Vec<u8>, String> {
    let mut packed = Vec::new();
    put(&records.iter().map(|record| record.seq).collect::<Vec<_>>(), EVEN, &mut packed)?;
    put(&records.iter().map(|record| record.now.millis()).collect::<Vec<_>>(), EVEN, &mut packed)?;
    put(&records.iter().map(|record| record.rows).collect::<Vec<_>>(), PLAIN, &mut packed)?;
    Ok(packed)
}

/// Reads so many records back, the first of which begins at a row. Nothing in them is believed.
///
/// # Errors
/// They are not what was written.
pub fn unpack(packed: &[u8], count: usize, mut first: u32) -> Result<Vec<Record>, String> {
    if count > MOST {
        return Err(format!("{count} records are more than are written together"));
    }
    let mut from = packed;
    let seqs: Vec<u64> = take(&mut from, count)?;
    let nows: Vec<i64> = take(&mut from, count)?;
    let rows: Vec<u32> = take(&mut from, count)?;
    if !from.is_empty() || !seqs.is_sorted_by(|one, next| one < next) || !nows.is_sorted() {
        return Err("its records are out of order".to_owned());
    }
    let mut records = Vec::with_capacity(count);
    for ((seq, now), rows) in seqs.into_iter().zip(nows).zip(rows) {
        records.push(Record { seq, now: Time::from_millis(now), first, rows });
        first = first.checked_add(rows).ok_or("it counts more rows than there can be")?;
    }
    Ok(records)
}
