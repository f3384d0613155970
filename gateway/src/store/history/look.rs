//! All of the history is looked over, a part after another and round after round, so that a byte that flipped is told
//! before somebody needs it. A part is a file, or some of the hours and days that stand in the database.

use super::Damage;
use super::rollup::{FIRST, Key};
use crate::store::Reader;
use std::collections::BTreeSet;
use std::mem::take;

/// Hours and days of one part, in rows of the database: a fifth of a second of a thread that nobody waits for.
const ROWS: u32 = 10_000;

/// How far it is looked over, and what was found.
#[derive(Debug, Default)]
pub struct Look {
    /// The number of the last file.
    file: i64,
    /// The last row of hours and days, when all files were.
    row: Option<Key>,
    /// What was damaged in this round, and in the one before it.
    found: BTreeSet<Damage>,
    before: BTreeSet<Damage>,
}

impl Look {
    /// Looks the next part over.
    ///
    /// # Errors
    /// The store cannot be read. What cannot be read of the history is among what was found.
    pub fn step(&mut self, reader: &Reader) -> rusqlite::Result<()> {
        let files = reader.segments.all(&reader.connection)?;
        if let Some(listed) = files.iter().find(|listed| listed.id > self.file) {
            self.found.extend(reader.segments.check_one(&reader.connection, listed));
            self.file = listed.id;
            return Ok(());
        }
        let checked = reader.check_rollups(self.row.unwrap_or(FIRST), ROWS)?;
        self.found.extend(checked.damages);
        self.row = checked.last;
        if checked.rows < u64::from(ROWS) {
            // What went since the last round, or came back from a backup, is not told any more.
            *self = Look { before: take(&mut self.found), ..Look::default() };
        }
        Ok(())
    }

    /// What is damaged, as far as is known.
    pub fn damages(&self) -> BTreeSet<Damage> {
        self.before.union(&self.found).cloned().collect()
    }
}
