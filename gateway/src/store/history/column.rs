//! One column of numbers as bytes, and back: `pco` with its length before it.
//!
//! What comes back is checked by a checksum before it gets here. Against a file that somebody made, what `pco` could be
//! told to make room for is looked at first, and a panic of it is caught.

use pco::data_types::Number;
use pco::metadata::DeltaEncoding;
use pco::wrapped::{FileCompressor, FileDecompressor};
use pco::{ChunkConfig, DeltaSpec};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The number by which `pco` marks a dictionary, which we never write: reading one makes room before it is read.
const DICTIONARY: u8 = 4;

/// Longest look back of a column, as a power of two; ours are shorter than that as a whole.
const LONGEST_LOOK_BACK: u32 = 20;

/// Ways of writing whole numbers that usually go up evenly, or stay the same.
pub const EVEN: &[DeltaSpec] = &[DeltaSpec::TryConsecutive(1), DeltaSpec::TryConsecutive(2), DeltaSpec::NoOp];

/// Ways of writing numbers that change seldom or at random.
pub const PLAIN: &[DeltaSpec] = &[DeltaSpec::NoOp, DeltaSpec::TryConsecutive(1)];

/// How values are written: as the numbers they are, or bit by bit where the other way would not give them back.
const AS_NUMBERS: u8 = 0;
const AS_BITS: u8 = 1;

/// Appends a column in the shortest of some ways.
///
/// # Errors
/// `pco` does not take it, which it has no reason for.
pub fn put<T: Number>(numbers: &[T], ways: &[DeltaSpec], to: &mut Vec<u8>) -> Result<(), String> {
    let mut shortest: Option<Vec<u8>> = None;
    for way in ways {
        let packed = pack(numbers, way).map_err(|cause| cause.to_string())?;
        if shortest.as_ref().is_none_or(|known| packed.len() < known.len()) {
            shortest = Some(packed);
        }
    }
    let packed = shortest.unwrap_or_default();
    let length = u32::try_from(packed.len()).map_err(|_| "a column is too long".to_owned())?;
    to.extend_from_slice(&length.to_le_bytes());
    to.extend_from_slice(&packed);
    Ok(())
}

fn pack<T: Number>(numbers: &[T], way: &DeltaSpec) -> pco::errors::PcoResult<Vec<u8>> {
    let mut packed = Vec::new();
    if numbers.is_empty() {
        return Ok(packed);
    }
    let file = FileCompressor::default();
    file.write_header(&mut packed)?;
    let mut chunk = file.chunk_compressor(numbers, &ChunkConfig::default().with_delta_spec(way.clone()))?;
    chunk.write_meta(&mut packed)?;
    for page in 0..chunk.n_per_page().len() {
        chunk.write_page(page, &mut packed)?;
    }
    Ok(packed)
}

/// Takes a column of so many numbers from the front of some bytes. How many is bounded by whoever asks.
///
/// # Errors
/// What stands there is no such column.
pub fn take<T: Number>(from: &mut &[u8], count: usize) -> Result<Vec<T>, String> {
    let ends = || "it ends in the middle of a column".to_owned();
    let (length, rest) = from.split_first_chunk::<4>().ok_or_else(ends)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| ends())?;
    let (packed, rest) = rest.split_at_checked(length).ok_or_else(ends)?;
    *from = rest;
    if count == 0 {
        return if packed.is_empty() { Ok(Vec::new()) } else { Err("an empty column holds something".to_owned()) };
    }
    catch_unwind(AssertUnwindSafe(|| unpack(packed, count)))
        .unwrap_or_else(|_| Err("a column cannot be unpacked".to_owned()))
}

fn unpack<T: Number>(packed: &[u8], count: usize) -> Result<Vec<T>, String> {
    let wrong = |cause: pco::errors::PcoError| cause.to_string();
    let (file, rest) = FileDecompressor::new(packed).map_err(wrong)?;
    if rest.first().is_none_or(|first| first & 0x0F == DICTIONARY) {
        return Err("a column is written in a way that we never use".to_owned());
    }
    let (mut chunk, rest) = file.chunk_decompressor::<T, _>(rest).map_err(wrong)?;
    if let DeltaEncoding::Lookback { config, .. } = &chunk.meta().delta_encoding
        && config.window_n_log > LONGEST_LOOK_BACK
    {
        return Err("a column looks back further than any is long".to_owned());
    }
    let mut numbers = vec![T::default(); count];
    let mut page = chunk.page_decompressor(rest, count).map_err(wrong)?;
    let progress = page.read(&mut numbers).map_err(wrong)?;
    if !progress.finished || progress.n_processed != count {
        return Err(format!("a column holds {} numbers instead of {count}", progress.n_processed));
    }
    Ok(numbers)
}

/// Appends a column of values so that they come back bit by bit: proved here, once, for everybody.
///
/// # Errors
/// What `pco` does not take.
pub fn put_values(values: &[f64], packed: &mut Vec<u8>) -> Result<(), String> {
    let begin = packed.len();
    packed.push(AS_NUMBERS);
    put(values, &[DeltaSpec::Auto, DeltaSpec::NoOp], packed)?;
    let back: Vec<f64> = take(&mut &packed[begin + 1..], values.len())?;
    let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<u64>>();
    let bits = (bits(values), bits(&back));
    if bits.0 != bits.1 {
        packed.truncate(begin);
        packed.push(AS_BITS);
        put(&bits.0, PLAIN, packed)?;
    }
    Ok(())
}

/// Takes a column of so many values from the front of some bytes.
///
/// # Errors
/// What stands there is no such column.
pub fn take_values(from: &mut &[u8], count: usize) -> Result<Vec<f64>, String> {
    let (way, rest) = from.split_first().ok_or("it ends before its values")?;
    *from = rest;
    match *way {
        AS_NUMBERS => take(from, count),
        AS_BITS => Ok(take::<u64>(from, count)?.into_iter().map(f64::from_bits).collect()),
        way => Err(format!("values are written in way {way}, which this program does not know")),
    }
}
