//! One file of the history: written once under a name of nobody, synced, renamed; then read at the few places that a
//! question needs.
//!
//! ```text
//! magic 8 │ blocks … │ records … │ index │ offset of the index 8, its length 4, its checksum 8, magic 8
//! ```
//!
//! Numbers are little-endian, checksums XXH3 with 64 bits. The index is `postcard`; a copy of it stands in the database
//! beside the file's name, so that a byte that flips there costs nothing at all.

use super::{Damage, Gathered, MOST_ROWS, Record, Row, block, records};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Write};
use std::ops::{ControlFlow, Range};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use twox_hash::XxHash3_64;

/// What a file begins and ends with; the last byte is the number of its form.
const MAGIC: [u8; 8] = *b"bongsuh1";

/// Bytes of its end.
const END: usize = 8 + 4 + 8 + 8;

/// Longest index: that of a million datastreams.
const LONGEST_INDEX: u32 = 64 << 20;

/// Where a part of a file stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Part {
    offset: u64,
    bytes: u32,
    hash: u64,
}

/// A block of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Block {
    part: Part,
    rows: u32,
    /// First and last datastream in it, by number.
    datastreams: (u32, u32),
    /// Earliest and latest time in it.
    times: (i64, i64),
}

/// Records that were written together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Records {
    part: Part,
    records: u32,
    /// The ordinal of their first row.
    first: u32,
}

/// What a file is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    rows: u32,
    blocks: Vec<Block>,
    records: Vec<Records>,
}

/// A file that was written, before anybody knows of it.
#[derive(Clone, Debug)]
pub struct Written {
    /// Its index as bytes.
    pub index: Vec<u8>,
    /// How long it is.
    pub bytes: u64,
}

/// What of the rows of a file is wanted.
#[derive(Clone, Debug)]
pub struct Rows<'a> {
    /// Of these datastreams, in order; `None`: of all.
    pub datastreams: Option<&'a [u32]>,
    /// Of a time in it, milliseconds since 1970; the end is not in it.
    pub times: Range<i64>,
    /// By their place among all.
    pub ordinals: Range<u32>,
}

impl Rows<'_> {
    /// All of them.
    pub const ALL: Rows<'static> = Rows { datastreams: None, times: i64::MIN..i64::MAX, ordinals: 0..u32::MAX };

    fn takes(&self, row: &Row) -> bool {
        let datastream = row.datastream().0;
        self.times.contains(&row.time().millis())
            && self.ordinals.contains(&row.ordinal)
            && self.datastreams.is_none_or(|wanted| wanted.binary_search(&datastream).is_ok())
    }

    fn looks_into(&self, block: &Block) -> bool {
        let (first, last) = block.datastreams;
        let (earliest, latest) = block.times;
        let among = |wanted: &[u32]| wanted.get(wanted.partition_point(|id| *id < first)).is_some_and(|id| *id <= last);
        earliest < self.times.end && latest >= self.times.start && self.datastreams.is_none_or(among)
    }
}

/// The bytes of a file, and the index in it.
fn pack(gathered: &Gathered) -> Result<(Vec<u8>, Index), String> {
    let rows = u32::try_from(gathered.rows.len()).ok().filter(|rows| *rows as usize <= MOST_ROWS);
    let mut index = Index { rows: rows.ok_or("there are too many rows for a file")?, ..Index::default() };
    let mut bytes = MAGIC.to_vec();
    let add = |bytes: &mut Vec<u8>, packed: &[u8]| {
        let part = Part {
            offset: bytes.len() as u64,
            bytes: u32::try_from(packed.len()).map_err(|_| "a part is too long".to_owned())?,
            hash: XxHash3_64::oneshot(packed),
        };
        bytes.extend_from_slice(packed);
        Ok::<Part, String>(part)
    };
    let mut ordered = gathered.rows.clone();
    ordered.sort_unstable_by_key(|row| (row.datastream().0, row.ordinal));
    for rows in blocks(&ordered) {
        let part = add(&mut bytes, &block::pack(rows)?)?;
        let datastreams = (rows[0].datastream().0, rows[rows.len() - 1].datastream().0);
        let times = rows.iter().map(|row| row.time().millis());
        let times = times.fold((i64::MAX, i64::MIN), |(first, last), time| (first.min(time), last.max(time)));
        index.blocks.push(Block { part, rows: length(rows.len())?, datastreams, times });
    }
    for together in gathered.records.chunks(records::MOST) {
        let part = add(&mut bytes, &records::pack(together)?)?;
        index.records.push(Records { part, records: length(together.len())?, first: together[0].first });
    }
    Ok((bytes, index))
}

fn length(number: usize) -> Result<u32, String> {
    u32::try_from(number).map_err(|_| "a part is too long".to_owned())
}

/// Cuts rows that stand in the order of their datastreams into blocks.
fn blocks(ordered: &[Row]) -> Vec<&[Row]> {
    let mut cut = Vec::new();
    let (mut begin, mut end) = (0, 0);
    for run in ordered.chunk_by(|one, next| one.datastream() == next.datastream()) {
        let alone = run.len() >= block::OWN;
        if begin < end && (alone || end - begin + run.len() > block::MOST) {
            cut.push(&ordered[begin..end]);
            begin = end;
        }
        end += run.len();
        if alone {
            cut.extend(ordered[begin..end].chunks(block::MOST));
            begin = end;
        }
    }
    if begin < end {
        cut.push(&ordered[begin..end]);
    }
    cut
}

/// Writes a file and waits until it is on the disk. It has another name until [`publish`].
///
/// # Errors
/// The disk, most likely.
pub fn write(path: &Path, gathered: &Gathered) -> io::Result<Written> {
    let (mut bytes, index) = pack(gathered).map_err(io::Error::other)?;
    let index = postcard::to_allocvec(&index).map_err(io::Error::other)?;
    let offset = bytes.len() as u64;
    bytes.extend_from_slice(&index);
    bytes.extend_from_slice(&offset.to_le_bytes());
    bytes.extend_from_slice(&length(index.len()).map_err(io::Error::other)?.to_le_bytes());
    bytes.extend_from_slice(&XxHash3_64::oneshot(&index).to_le_bytes());
    bytes.extend_from_slice(&MAGIC);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let part = part_of(path);
    let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    drop(file);
    // What the log lets go must be here: each row is read back from what was written and compared.
    let back = Sealed::open(&part, None)?;
    let mut damages = Vec::new();
    let rows = back.rows(&Rows::ALL, &mut |damage| damages.push(damage));
    let records = back.records(&mut |damage| damages.push(damage));
    if !damages.is_empty() || !same(&rows, &gathered.rows) || records != gathered.records {
        return Err(io::Error::other("what was written is not what is read back"));
    }
    Ok(Written { index, bytes: bytes.len() as u64 })
}

/// Whether they are the same, bit by bit.
fn same(some: &[Row], others: &[Row]) -> bool {
    let bits = |row: &Row| match row.stored {
        super::Stored::Observation(seen) => seen.value.map(f64::to_bits),
        super::Stored::Flag(..) => None,
    };
    let alike = |(one, other): (&Row, &Row)| {
        bits(one) == bits(other) && (one == other || bits(one).is_some_and(|bits| f64::from_bits(bits).is_nan()))
    };
    some.len() == others.len() && some.iter().zip(others).all(alike)
}

fn part_of(path: &Path) -> PathBuf {
    path.with_extension("part")
}

/// Gives a file that was written its name, and waits until that is on the disk.
///
/// # Errors
/// The disk, most likely.
pub fn publish(path: &Path) -> io::Result<()> {
    std::fs::rename(part_of(path), path)?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// A file of the history, opened.
#[derive(Debug)]
pub struct Sealed {
    name: String,
    file: File,
    length: u64,
    index: Index,
}

impl Sealed {
    /// Opens a file. `spare` is what the database holds of its index, for one that cannot be read.
    ///
    /// # Errors
    /// It is not there, is none of ours, or its index can be read nowhere.
    pub fn open(path: &Path, spare: Option<&[u8]>) -> io::Result<Sealed> {
        let file = File::open(path)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let length = file.metadata()?.len();
        let read = read_index(&file, length).and_then(|bytes| parse_index(&bytes));
        let index = match (read, spare) {
            (Ok(index), _) => index,
            (Err(cause), None) => return Err(io::Error::other(cause)),
            (Err(cause), Some(spare)) => parse_index(spare).map_err(|_| io::Error::other(cause))?,
        };
        Ok(Sealed { name, file, length, index })
    }

    fn part(&self, part: &Part) -> Result<Vec<u8>, String> {
        // No more room is made than the file has bytes.
        if part.offset.checked_add(u64::from(part.bytes)).is_none_or(|end| end > self.length) {
            return Err("it would stand behind the end of the file".to_owned());
        }
        let mut bytes = vec![0; part.bytes as usize];
        self.file.read_exact_at(&mut bytes, part.offset).map_err(|cause| cause.to_string())?;
        if XxHash3_64::oneshot(&bytes) != part.hash {
            return Err("its checksum is another".to_owned());
        }
        Ok(bytes)
    }

    fn block(&self, block: &Block) -> Result<block::Columns, String> {
        let columns = block::unpack(&self.part(&block.part)?, block.rows as usize)?;
        match columns.ordinals().iter().all(|ordinal| *ordinal < self.index.rows) {
            true => Ok(columns),
            false => Err("a row stands behind the last".to_owned()),
        }
    }

    fn damage(&self, part: String, cause: String) -> Damage {
        Damage { file: self.name.clone(), part, cause }
    }

    /// The rows that are wanted, in the order in which they came. Those of a damaged block are left out and told.
    pub fn rows(&self, wanted: &Rows<'_>, damaged: &mut dyn FnMut(Damage)) -> Vec<Row> {
        let mut found = Vec::new();
        let _ = self.each(
            wanted,
            |row| {
                found.push(row);
                ControlFlow::Continue(())
            },
            damaged,
        );
        found.sort_unstable_by_key(|row| row.ordinal);
        found
    }

    /// The same as they stand there, until `each` has enough: by datastream, those of one in the order in which they came.
    pub fn each(
        &self,
        wanted: &Rows<'_>,
        mut each: impl FnMut(Row) -> ControlFlow<()>,
        damaged: &mut dyn FnMut(Damage),
    ) -> ControlFlow<()> {
        for (place, block) in self.index.blocks.iter().enumerate().filter(|(_, block)| wanted.looks_into(block)) {
            match self.block(block) {
                Ok(columns) => {
                    columns.rows(|row| if wanted.takes(&row) { each(row) } else { ControlFlow::Continue(()) })?;
                }
                Err(cause) => damaged(self.damage(format!("block {place}"), cause)),
            }
        }
        ControlFlow::Continue(())
    }

    /// Its records, in order. Those of a damaged part are left out and told.
    pub fn records(&self, damaged: &mut dyn FnMut(Damage)) -> Vec<Record> {
        let mut found: Vec<Record> = Vec::new();
        for (place, together) in self.index.records.iter().enumerate() {
            let bytes = self.part(&together.part);
            let read = bytes.and_then(|bytes| records::unpack(&bytes, together.records as usize, together.first));
            match read {
                Ok(records) => found.extend(records),
                Err(cause) => damaged(self.damage(format!("records {place}"), cause)),
            }
        }
        found
    }

    /// Reads every part of it.
    pub fn check(&self, damaged: &mut dyn FnMut(Damage)) {
        for (place, block) in self.index.blocks.iter().enumerate() {
            if let Err(cause) = self.block(block) {
                damaged(self.damage(format!("block {place}"), cause));
            }
        }
        self.records(damaged);
        if let Err(cause) = read_index(&self.file, self.length) {
            damaged(self.damage("its index (there is a copy in the database)".to_owned(), cause));
        }
    }
}

fn read_index(file: &File, length: u64) -> Result<Vec<u8>, String> {
    let mut magic = [0; 8];
    file.read_exact_at(&mut magic, 0).map_err(|cause| cause.to_string())?;
    let mut end = [0; END];
    let begin = length.checked_sub(END as u64).ok_or("it is too short")?;
    file.read_exact_at(&mut end, begin).map_err(|cause| cause.to_string())?;
    let (offset, rest) = end.split_first_chunk::<8>().ok_or("it is too short")?;
    let (bytes, rest) = rest.split_first_chunk::<4>().ok_or("it is too short")?;
    let (hash, last) = rest.split_first_chunk::<8>().ok_or("it is too short")?;
    if magic != MAGIC || last != MAGIC {
        return Err("it does not begin and end as a file of this program's form does".to_owned());
    }
    let (offset, bytes) = (u64::from_le_bytes(*offset), u32::from_le_bytes(*bytes));
    if offset.checked_add(u64::from(bytes)) != Some(begin) || bytes > LONGEST_INDEX {
        return Err("its index does not stand where it should".to_owned());
    }
    let mut index = vec![0; bytes as usize];
    file.read_exact_at(&mut index, offset).map_err(|cause| cause.to_string())?;
    match XxHash3_64::oneshot(&index) == u64::from_le_bytes(*hash) {
        true => Ok(index),
        false => Err("the checksum of its index is another".to_owned()),
    }
}

/// Reads an index. Nothing in it is believed but how much there is, and that has a bound.
fn parse_index(bytes: &[u8]) -> Result<Index, String> {
    let index: Index = postcard::from_bytes(bytes).map_err(|cause| cause.to_string())?;
    let most = MOST_ROWS as u64;
    let rows: u64 = index.blocks.iter().map(|block| u64::from(block.rows)).sum();
    if rows != u64::from(index.rows) || rows > most || index.blocks.iter().any(|block| block.rows == 0) {
        return Err("its blocks have another number of rows".to_owned());
    }
    if index.records.iter().map(|some| u64::from(some.records)).sum::<u64>() > most {
        return Err("it has more records than rows".to_owned());
    }
    Ok(index)
}
