//! Recorded observations as a source: CSV files, merged by time, in virtual time. `now` is the time in the file.

use super::{Heard, Moment, Said, Source};
use crate::store::Progress;
use bongsu_sensors::Time;
use csv::StringRecord;
use miette::{IntoDiagnostic, WrapErr, miette};
use std::fs::File;
use std::path::PathBuf;

/// The header of a file of observations.
const HEADER: [&str; 4] = ["time", "station", "kind", "value"];

/// One row, cut into its fields.
#[derive(Clone, Debug)]
pub struct Row {
    /// Which file, by its place on the command line.
    pub file: usize,
    /// Its line.
    pub line: u64,
    /// Its time; or the text that is none.
    pub time: Result<Time, String>,
    /// The rest, by [`HEADER`]; `None`: the row has another number of fields, or is no text.
    pub fields: Option<StringRecord>,
}

/// Files of observations.
pub struct Files {
    names: Vec<String>,
    readers: Vec<csv::Reader<File>>,
    /// The next row of each file.
    heads: Vec<Option<Row>>,
    now: Option<Time>,
    progress: Progress,
    bytes: u64,
}

impl std::fmt::Debug for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Files").field("names", &self.names).field("progress", &self.progress).finish_non_exhaustive()
    }
}

impl Files {
    /// Opens the files.
    ///
    /// # Errors
    /// A file that cannot be read, or has another header.
    pub fn open(paths: &[PathBuf]) -> miette::Result<Files> {
        let mut files = Files {
            names: Vec::new(),
            readers: Vec::new(),
            heads: Vec::new(),
            now: None,
            progress: Progress::default(),
            bytes: 0,
        };
        for path in paths {
            let name = path.display().to_string();
            let file = File::open(path).into_diagnostic().wrap_err_with(|| format!("failed to open {name}"))?;
            let size = file.metadata().into_diagnostic()?.len();
            let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(file);
            let header = reader.headers().into_diagnostic().wrap_err_with(|| format!("failed to read {name}"))?;
            if header.iter().map(str::trim).ne(HEADER) {
                let found = header.iter().collect::<Vec<_>>().join(",");
                return Err(miette!(
                    help = "the first line of a file of observations is: time,station,kind,value",
                    "{name}:1: the header is {found:?}"
                ));
            }
            files.progress.files.push((name.clone(), size));
            files.bytes += size;
            files.names.push(name);
            files.readers.push(reader);
            files.heads.push(None);
        }
        for file in 0..files.readers.len() {
            files.advance(file);
        }
        Ok(files)
    }

    /// Bytes of all files, and bytes read of them: for a bar of progress.
    pub fn position(&self) -> (u64, u64) {
        (self.readers.iter().map(|reader| reader.position().byte()).sum(), self.bytes)
    }

    /// The time of the first row that has one.
    pub fn first_time(&self) -> Option<Time> {
        self.heads.iter().flatten().filter_map(|row| row.time.clone().ok()).min()
    }

    /// Passes over what an interrupted replay already took in.
    ///
    /// # Errors
    /// The files are not the ones it read.
    pub fn resume(&mut self, progress: &Progress) -> miette::Result<()> {
        if progress.files != self.progress.files {
            return Err(miette!(
                help = "name the same files in the same order, or begin anew in another folder",
                "the interrupted replay read other files: {:?}",
                progress.files
            ));
        }
        while self.progress.rows < progress.rows {
            let Some(row) = self.take() else { break };
            if let Ok(time) = row.time {
                self.now = self.now.max(Some(time));
            }
        }
        self.progress = progress.clone();
        Ok(())
    }

    fn advance(&mut self, file: usize) {
        let mut record = StringRecord::new();
        let reader = &mut self.readers[file];
        let row = match reader.read_record(&mut record) {
            Ok(false) => None,
            Ok(true) => {
                let line = record.position().map_or(0, csv::Position::line);
                let text = record.get(0).unwrap_or("").trim();
                let time = Time::parse(text).map_err(|error| error.to_string());
                let fields = (record.len() == HEADER.len()).then_some(record);
                Some(Row { file, line, time, fields })
            }
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                Some(Row { file, line, time: Err(format!("the row cannot be read: {error}")), fields: None })
            }
        };
        self.heads[file] = row;
    }

    /// The file whose next row comes first. A row without a time comes at once.
    fn next_file(&self) -> Option<usize> {
        let heads = self.heads.iter().enumerate().filter_map(|(file, row)| Some((file, row.as_ref()?)));
        heads.min_by_key(|(_, row)| row.time.as_ref().ok().copied()).map(|(file, _)| file)
    }

    fn take(&mut self) -> Option<Row> {
        let file = self.next_file()?;
        let row = self.heads[file].take();
        self.advance(file);
        self.progress.rows += 1;
        row
    }

    /// The moment at which the next row is heard: its time, but never before the last one.
    fn next_moment(&self) -> Option<Time> {
        let file = self.next_file()?;
        let time = self.heads[file].as_ref().and_then(|row| row.time.as_ref().ok().copied());
        Some(time.max(self.now).unwrap_or_default())
    }
}

impl Source for Files {
    fn hear(&mut self, due: Option<Time>) -> miette::Result<Heard> {
        let Some(next) = self.next_moment() else {
            self.progress.finished = true;
            return Ok(Heard::End);
        };
        if let Some(due) = due.filter(|due| *due < next) {
            self.now = Some(due);
            return Ok(Heard::Moment(Moment { now: due, said: Vec::new(), more: true }));
        }
        self.now = Some(next);
        let mut said = Vec::new();
        while self.next_moment() == Some(next) {
            match self.take() {
                Some(row) => said.push(Said::Row(row)),
                None => break,
            }
        }
        Ok(Heard::Moment(Moment { now: next, said, more: true }))
    }

    fn acknowledge(&mut self) {}

    fn names(&self) -> Vec<String> {
        self.names.clone()
    }

    fn count(&mut self, observations: u64, dead_letters: u64) {
        self.progress.observations += observations;
        self.progress.dead_letters += dead_letters;
    }

    fn progress(&self) -> Option<Progress> {
        Some(self.progress.clone())
    }
}
