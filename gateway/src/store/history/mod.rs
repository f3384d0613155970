//! The sealed history: what was observed long ago, out of the log and in files that never change.
//!
//! The log is the commit; these files are the history. Each file holds the observations and later flags of a run of
//! records, `after < seq ≤ until`, and the runs follow one another without a hole: everything up to the newest file's end
//! is in files, everything after it in the log. So a question is answered by the files in their order and then the log,
//! and it does not matter what came late: it stands in a later record, there as here.
//!
//! | part of a file | is |
//! |---|---|
//! | magic | what it is, and the number of its form |
//! | blocks | some thousand rows each, of one datastream or of neighbours by number, as columns ([`block`]) |
//! | records | which record brought which rows, and when it was taken in ([`records`]) |
//! | index | where each of them stands, of what it is, and its checksum ([`mod@file`]) |
//! | end | where the index stands, and its checksum |
//!
//! A byte that flips costs the block it stands in: it is named, counted, and everything else goes on. Nothing in a file
//! is believed: a broken one can neither panic nor ask for more memory than a whole one.
//!
//! When observations are no longer kept, hours and days of them are, for longer: [`rollup`].
//!
//! Start at [`past`] for reading and at [`seal`] for writing.

// Rows of a block as columns.
mod block;
// One column of numbers as bytes.
mod column;
// One file: written once, read at a few places.
mod file;
// All of it is read now and then, before somebody needs it.
mod look;
// What was observed, whether it stands in files or in the log.
mod past;
// Which record brought which rows.
mod records;
// Hours and days of what was observed, and which rows they stand in.
pub mod rollup;
// Observations become hours and days before they go.
mod roll;
// Rows of the log become a file, one step after another.
mod seal;
// The thread that does it.
mod sealer;
// The files of a store, opened when they are needed.
mod segment;

pub use past::Wanted;
pub use rollup::Every;
pub use seal::{Bounds, Hand, Keep, Seal, Step, Unsealed, Work};
pub use sealer::{Sealer, State};
pub use segment::{Checked, Segments};

pub(super) use past::Past;

use super::Stored;
use bongsu_sensors::Time;
use bongsu_sensors::reading::DatastreamId;

/// The name of the folder, beside the database.
pub const FOLDER: &str = "history";

/// Most rows of one file. It bounds the memory of sealing one and of reading one whole.
pub const MOST_ROWS: usize = 4_000_000;

/// Something stored, with its place among all that its file holds, in the order in which it came.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// Its place.
    pub ordinal: u32,
    /// What was stored.
    pub stored: Stored,
}

impl Row {
    fn datastream(&self) -> DatastreamId {
        match &self.stored {
            Stored::Observation(seen) => seen.datastream,
            Stored::Flag(id, ..) => *id,
        }
    }

    fn time(&self) -> Time {
        match &self.stored {
            Stored::Observation(seen) => seen.time,
            Stored::Flag(_, time, ..) => *time,
        }
    }
}

/// A record of the log that brought rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its place in the log.
    pub seq: u64,
    /// When it was taken in.
    pub now: Time,
    /// The ordinal of its first row.
    pub first: u32,
    /// How many rows it brought.
    pub rows: u32,
}

impl Record {
    /// The ordinal behind its last row.
    pub fn end(&self) -> u32 {
        self.first.saturating_add(self.rows)
    }
}

/// What a file is made of: records in their order, and their rows in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gathered {
    /// The last record before it.
    pub after: u64,
    /// The last record in it.
    pub until: u64,
    /// Its records.
    pub records: Vec<Record>,
    /// Their rows; the ordinal of each is its place here.
    pub rows: Vec<Row>,
}

/// A part of a file that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{file}: {part} is damaged: {cause}")]
pub struct Damage {
    /// The name of the file.
    pub file: String,
    /// Which part of it.
    pub part: String,
    /// What is wrong with it.
    pub cause: String,
}

#[cfg(test)]
mod tests;
