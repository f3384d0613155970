//! Recorded observations as a source: CSV files, merged by time, in virtual time. `now` is the time in the file.
//!
//! A row from the year 2099 between rows of 2017 must not carry the clock there: everything after it would be a lifetime
//! late. So a row that leaps ahead is looked at beside those that follow it in its file (see [`Files::is_astray`]); one
//! that goes astray is heard at once, and refused by the engine as any reading from the future.

use super::{Heard, Moment, Said, Source};
use crate::store::Progress;
use bongsu_sensors::Time;
use csv::StringRecord;
use miette::{IntoDiagnostic, WrapErr, miette};
use std::collections::VecDeque;
use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;

/// The header of a file of observations.
pub const HEADER: [&str; 4] = ["time", "station", "kind", "value"];

/// A row so far ahead of the clock has to be borne out by the rows after it. Less than this may be a quiet night.
const LEAP: Duration = Duration::from_secs(86_400);

/// How many rows after a leap are asked: more than the stations with a wrong clock that speak in one round.
const ASKED: usize = 64;

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

impl Row {
    /// One that stands in no file: what somebody said over another way.
    pub fn said(line: u64, time: Time, station: &str, kind: &str, value: f64) -> Row {
        let fields = [&*time.to_string(), station, kind, &value.to_string()];
        Row { file: 0, line, time: Ok(time), fields: Some(StringRecord::from(&fields[..])) }
    }
}

/// Files of observations.
pub struct Files {
    names: Vec<String>,
    readers: Vec<csv::Reader<File>>,
    /// The next rows of each file, up to [`ASKED`] and the first.
    ahead: Vec<VecDeque<Row>>,
    /// No recorded observation is younger than the recording: the machine's clock when the files were opened.
    opened: Time,
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
    pub fn open(paths: &[PathBuf], opened: Time) -> miette::Result<Files> {
        let mut files = Files {
            names: Vec::new(),
            readers: Vec::new(),
            ahead: Vec::new(),
            opened,
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
            files.ahead.push(VecDeque::with_capacity(ASKED + 1));
        }
        for file in 0..files.readers.len() {
            files.read_ahead(file);
        }
        // The clock begins at the first row that is not astray.
        files.now = files.first_time();
        Ok(files)
    }

    /// Bytes of all files, and bytes read of them: for a bar of progress.
    pub fn position(&self) -> (u64, u64) {
        (self.readers.iter().map(|reader| reader.position().byte()).sum(), self.bytes)
    }

    /// The earliest time that the first rows speak of; `None`: none of them has a time.
    pub fn first_time(&self) -> Option<Time> {
        self.ahead.iter().flatten().filter_map(|row| row.time.clone().ok()).min()
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
            self.now = self.next_moment();
            if self.take().is_none() {
                break;
            }
        }
        self.progress = progress.clone();
        Ok(())
    }

    /// Reads until enough rows are known, or there are no more.
    fn read_ahead(&mut self, file: usize) {
        while self.ahead[file].len() <= ASKED {
            let Some(row) = read(&mut self.readers[file], file) else { return };
            self.ahead[file].push_back(row);
        }
    }

    /// Whether the next row of a file leaps ahead, and those after it go back behind it; or nothing comes after it that
    /// could bear it out, and it lies in the future even of this machine.
    fn is_astray(&self, file: usize, time: Time) -> bool {
        if self.now.is_none_or(|now| time <= now + LEAP) {
            return false;
        }
        let mut after = self.ahead[file].iter().skip(1).filter_map(|row| row.time.as_ref().ok());
        let is_last = self.ahead[file].len() == 1;
        after.any(|later| *later + LEAP < time) || (is_last && time > self.opened + LEAP)
    }

    /// The moment of the next row of a file; `None`: it has no time that could be one, and is heard at once.
    fn moment_of(&self, file: usize) -> Option<Time> {
        let time = *self.ahead[file].front()?.time.as_ref().ok()?;
        (!self.is_astray(file, time)).then_some(time)
    }

    /// The file whose next row comes first, and its moment.
    fn next_file(&self) -> Option<(usize, Option<Time>)> {
        let files = (0..self.ahead.len()).filter(|file| !self.ahead[*file].is_empty());
        files.map(|file| (file, self.moment_of(file))).min_by_key(|(_, moment)| *moment)
    }

    fn take(&mut self) -> Option<Row> {
        let (file, _) = self.next_file()?;
        let row = self.ahead[file].pop_front();
        self.read_ahead(file);
        self.progress.rows += 1;
        row
    }

    /// The moment at which the next row is heard: its time, but never before the last one.
    fn next_moment(&self) -> Option<Time> {
        let (_, moment) = self.next_file()?;
        Some(moment.max(self.now).unwrap_or_default())
    }
}

/// The next row of a file.
fn read(reader: &mut csv::Reader<File>, file: usize) -> Option<Row> {
    let mut record = StringRecord::new();
    match reader.read_record(&mut record) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    /// Lines and moments at which rows of these times are heard, on a machine whose clock shows 2026.
    fn heard(files: &[&[&str]]) -> Vec<(u64, String)> {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |(at, times): (usize, &&[&str])| {
            let path = folder.path().join(format!("{at}.csv"));
            let mut file = File::create(&path).expect("a file");
            writeln!(file, "time,station,kind,value").expect("written");
            for time in *times {
                writeln!(file, "{time},s,river_stage,1").expect("written");
            }
            path
        };
        let paths: Vec<PathBuf> = files.iter().enumerate().map(write).collect();
        let mut source = Files::open(&paths, Time::parse("2026-11-26T00:00:00Z").expect("a time")).expect("opened");
        let mut heard = Vec::new();
        while let Heard::Moment(moment) = source.hear(None).expect("readable") {
            for said in moment.said {
                let Said::Row(row) = said else { continue };
                heard.push((row.line, moment.now.to_string().chars().take(16).collect()));
            }
        }
        heard
    }

    #[track_caller]
    fn check(files: &[&[&str]], expect: &[(u64, &str)]) {
        let expect: Vec<(u64, String)> = expect.iter().map(|(line, at)| (*line, (*at).to_owned())).collect();
        assert_eq!(heard(files), expect);
    }

    #[test]
    fn a_time_that_the_next_rows_contradict_does_not_move_the_clock() {
        let (one, two, lost) = ("2017-07-08T00:00:00Z", "2017-07-08T00:10:00Z", "2099-01-01T00:00:00Z");
        let (at_one, at_two) = ("2017-07-08T00:00", "2017-07-08T00:10");
        check(&[&[one, lost, lost, two]], &[(2, at_one), (3, at_one), (4, at_one), (5, at_two)]);
        check(&[&[lost, one, two]], &[(2, at_one), (3, at_one), (4, at_two)]);
        check(&[&[one, two, lost]], &[(2, at_one), (3, at_two), (4, at_two)]);
        check(&[&[one], &[lost]], &[(2, at_one), (2, at_one)]);
        // What cannot be a time at all is heard at once, even first.
        check(&[&["soon", one, two]], &[(2, at_one), (3, at_one), (4, at_two)]);
    }

    #[test]
    fn a_gap_is_borne_out_by_what_follows_and_a_straggler_is_heard_late() {
        let (spring, autumn, later) = ("2017-05-01T00:00:00Z", "2017-10-01T00:00:00Z", "2017-10-01T00:10:00Z");
        let straggler = "2017-09-30T23:00:00Z";
        check(
            &[&[spring, autumn, later]],
            &[(2, "2017-05-01T00:00"), (3, "2017-10-01T00:00"), (4, "2017-10-01T00:10")],
        );
        check(&[&[spring, autumn]], &[(2, "2017-05-01T00:00"), (3, "2017-10-01T00:00")]);
        check(
            &[&[spring, autumn, straggler]],
            &[(2, "2017-05-01T00:00"), (3, "2017-10-01T00:00"), (4, "2017-10-01T00:00")],
        );
        check(
            &[&[autumn], &[spring, later]],
            &[(2, "2017-05-01T00:00"), (2, "2017-10-01T00:00"), (3, "2017-10-01T00:10")],
        );
    }
}
