//! What a rule compared at one place, evaluation by evaluation, and what comes of it with other limits.
//!
//! Most evaluations are made because one gauge of many spoke, and compare what the one before compared: only what is
//! different is written down, and looked at again.

use super::Value;
use super::taped::Levels;
use crate::backtest::{Alerted, Played};
use crate::engine::{Fed, Look};
use crate::hold::{Answer, Hold};
use crate::language::input::Input;
use crate::language::value::{Across, Measure, Op, Part, Truth, Value as Number};
use crate::language::{Arguments, Asked};
use bongsu_sensors::catalog::StationIndex;
use bongsu_sensors::{Level, Time};
use smallvec::SmallVec;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// Most checks of a rule whose answers fit into one key.
const CHECKS_LIMIT: usize = 64;
/// Most stations of a check: the engine keeps so many behind one as evidence, and counts the rest.
const STATIONS_LIMIT: usize = crate::language::outcome::STATION_LIMIT;

/// Evaluations between two questions whether anybody still waits.
const STEP: usize = 1_024;

/// What is known of a number, in a byte.
const EXACTLY: u8 = 0;
const AT_LEAST: u8 = 1;
const AT_MOST: u8 = 2;
const UNKNOWN: u8 = 3;
const ABSENT: u8 = 4;

/// One check over time: a number for each of its stations, and which became another when.
struct Column {
    op: Op,
    across: Across,
    min_stations: u16,
    input: Option<u8>,
    label: String,
    /// It decides nothing by itself.
    supports: bool,
    /// `None`: it was absent so far.
    stations: Option<Vec<Option<StationIndex>>>,
    /// What was compared last.
    last: Vec<Compared>,
    changes: Vec<Change>,
}

/// A number, and what is known of it.
type Compared = (f64, u8);

/// What a station's number became.
#[derive(Clone, Copy)]
struct Change {
    row: u32,
    station: u32,
    compared: Compared,
}

/// The limits of a check: of each of its stations, and as a whole.
struct Limit {
    absent: bool,
    each: Vec<Option<Measure>>,
    whole: Number,
}

impl Column {
    fn of(asked: &Asked, supporting: &[String]) -> Column {
        let Number { across, min_stations, input, .. } = asked.value;
        let (op, label, supports) = (asked.op, asked.label.clone(), supporting.contains(&asked.label));
        let (last, changes) = (Vec::new(), Vec::new());
        Column { op, across, min_stations, input, label, supports, stations: None, last, changes }
    }

    /// Writes down what is compared otherwise than in the row before, and says how much; `None`: it is not like before, or
    /// time alone changes it.
    fn push(&mut self, row: u32, asked: &Asked) -> Option<usize> {
        let value = &asked.value;
        // The engine names no more stations as those behind a check; behind what only supports nobody asks.
        let is_too_wide = value.parts.len() > STATIONS_LIMIT && !self.supports;
        if is_too_wide || !value.growth.is_empty() || asked.label != self.label {
            return None;
        }
        let before = self.changes.len();
        if value.absent {
            for station in 0..self.last.len() {
                self.note(row, station, (0.0, ABSENT));
            }
            return Some(self.changes.len() - before);
        }
        let unknown = [Part { station: None, measure: Measure::Unknown }];
        let parts: &[Part] = if value.parts.is_empty() { &unknown } else { &value.parts };
        let stations = || parts.iter().map(|part| part.station);
        match &self.stations {
            Some(known) if known.iter().copied().eq(stations()) => {}
            Some(_) => return None,
            None => {
                self.last = vec![(0.0, ABSENT); parts.len()];
                self.stations = Some(stations().collect());
                // What it is joined by is known only where there is something to join.
                (self.across, self.min_stations, self.input) = (value.across, value.min_stations, value.input);
            }
        }
        for (station, Part { measure, .. }) in parts.iter().enumerate() {
            let kind = match measure {
                Measure::Exactly(_) => EXACTLY,
                Measure::AtLeast(_) => AT_LEAST,
                Measure::AtMost(_) => AT_MOST,
                Measure::Unknown => UNKNOWN,
            };
            self.note(row, station, (measure.number().unwrap_or(0.0), kind));
        }
        Some(self.changes.len() - before)
    }

    fn note(&mut self, row: u32, station: usize, compared: Compared) {
        let last = &mut self.last[station];
        if (last.0.to_bits(), last.1) == (compared.0.to_bits(), compared.1) {
            return;
        }
        *last = compared;
        // There are as many stations as fit into a city.
        let station = u32::try_from(station).unwrap_or(u32::MAX);
        self.changes.push(Change { row, station, compared });
    }

    /// What the check answers: as [`Number::meets`], which it asks where stations are joined.
    fn truth(&self, compared: &[Compared], limit: &Limit) -> Truth {
        if limit.absent || compared.first().is_none_or(|(_, kind)| *kind == ABSENT) {
            return Truth::Absent;
        }
        if self.across != Across::Worst {
            return self.value(compared).meets(self.op, &limit.whole);
        }
        let needed = usize::from(self.min_stations.max(1));
        let (mut known, mut decided, mut holds) = (0, 0, false);
        for (measure, limit) in measures(compared).zip(&limit.each) {
            known += usize::from(measure.number().is_some());
            let Some(limit) = limit else { continue };
            match measure.compare(self.op, *limit) {
                Truth::True => (decided, holds) = (decided + 1, true),
                Truth::False => decided += 1,
                Truth::Unknown | Truth::Absent => {}
            }
        }
        match (known >= needed, holds, decided >= needed) {
            (true, true, _) => Truth::True,
            (true, false, true) => Truth::False,
            _ => Truth::Unknown,
        }
    }

    fn value(&self, compared: &[Compared]) -> Number {
        let stations = self.stations.iter().flatten();
        let parts = stations.zip(measures(compared)).map(|(station, measure)| Part { station: *station, measure });
        let Column { across, min_stations, input, .. } = *self;
        Number { across, min_stations, input, ..Number::of(parts) }
    }

    /// The stations that make it hold.
    fn behind<'a>(
        &'a self,
        compared: &'a [Compared],
        limit: &'a Limit,
    ) -> impl Iterator<Item = StationIndex> + use<'a> {
        let stations = self.stations.iter().flatten().zip(measures(compared)).zip(&limit.each);
        stations.filter_map(|((station, measure), limit)| {
            let limit = limit.unwrap_or(Measure::Unknown);
            station.filter(|_| measure.compare(self.op, limit) == Truth::True)
        })
    }
}

fn measures(compared: &[Compared]) -> impl Iterator<Item = Measure> {
    compared.iter().map(|(number, kind)| match *kind {
        EXACTLY => Measure::Exactly(*number),
        AT_LEAST => Measure::AtLeast(*number),
        AT_MOST => Measure::AtMost(*number),
        _ => Measure::Unknown,
    })
}

/// What a rule compared at one place.
pub(super) struct Track {
    name: Arc<str>,
    fed: Vec<Fed>,
    checks: usize,
    /// The labels of checks that only support.
    supporting: Vec<String>,
    columns: Vec<Column>,
    rows: Vec<Row>,
    /// What was heard, in order: the row, the datastream's place in `fed`, and what is its newest from then on.
    heard: Vec<(u32, u32, Option<Time>)>,
    /// What is the newest of each datastream.
    newest: Vec<Option<Time>>,
    inputs: Vec<Input>,
    arguments: Option<Arc<Arguments>>,
}

/// One evaluation: when, and which of its checks compared something new, a bit for each.
struct Row {
    now: Time,
    changed: u64,
}

impl Track {
    /// Of a place, where nothing was compared yet.
    pub fn new(name: Arc<str>, fed: Vec<Fed>, checks: usize, supporting: Vec<String>) -> Track {
        let (columns, rows, heard, inputs) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let newest = vec![None; fed.len()];
        Track { name, fed, checks, supporting, columns, rows, heard, newest, inputs, arguments: None }
    }

    /// Writes one evaluation down; answers how many numbers that took. `None`: this cannot be answered by.
    pub fn push(&mut self, look: &Look) -> Option<usize> {
        let asked = look.asked.as_ref().ok()?;
        // A check in the body of an `if` is not made each time.
        if asked.len() != self.checks || asked.len() > CHECKS_LIMIT {
            return None;
        }
        if self.columns.is_empty() {
            self.columns = asked.iter().map(|asked| Column::of(asked, &self.supporting)).collect();
        }
        let row = u32::try_from(self.rows.len()).ok()?;
        // A row is about as large as two numbers.
        let (mut changed, mut numbers) = (0, 2);
        for (at, (column, asked)) in self.columns.iter_mut().zip(asked).enumerate() {
            let more = column.push(row, asked)?;
            changed |= u64::from(more > 0) << at;
            numbers += 2 * more;
        }
        self.rows.push(Row { now: look.now, changed });
        for (at, (newest, known)) in (0..).zip(look.newest.iter().zip(&mut self.newest)) {
            if newest != known {
                *known = *newest;
                self.heard.push((row, at, *newest));
                numbers += 3;
            }
        }
        Some(numbers)
    }

    /// The same with the inputs as they stand at the end, for questions that need no observation.
    pub fn finished(self, inputs: Vec<Input>, arguments: Arc<Arguments>) -> Track {
        Track { inputs, arguments: Some(arguments), ..self }
    }

    /// When the rule would have stood at a level or above, and how long it could not tell; `None`: it fails with these
    /// parameters. Where `go_on` says so, it ends before its time.
    pub fn run(
        &self,
        levels: &Levels,
        set: &[(String, Value)],
        (wanted, end): (Level, Time),
        go_on: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Option<Played> {
        let arguments = (**self.arguments.as_ref()?).clone().with(&levels.rule.header, set);
        let limits = |eased: bool| self.limits(levels, &arguments, eased);
        let mut run = Run {
            track: self,
            levels,
            arguments: &arguments,
            limits: limits(false)?,
            eased: limits(true)?,
            known: BTreeMap::new(),
            firm: Answers::of(self.columns.len()),
            soft: Answers::of(self.columns.len()),
            compared: self.columns.iter().map(|column| vec![(0.0, ABSENT); column.last.len()]).collect(),
            read: vec![0; self.columns.len()],
            newest: vec![None; self.fed.len()],
            heard: 0,
            hold: Hold::default(),
            behind: SmallVec::new(),
            wanted,
            open: None,
            unsure: None,
            found: Played::default(),
        };
        let mut last = None;
        for (at, row) in self.rows.iter().enumerate() {
            if at % STEP == STEP - 1 && go_on().is_break() {
                break;
            }
            run.pass(last, row.now)?;
            run.enter(at, row);
            run.step(row.now)?;
            last = Some(row.now);
        }
        run.pass(last, end)?;
        Some(run.finished(end))
    }

    fn limits(&self, levels: &Levels, arguments: &Arguments, eased: bool) -> Option<Vec<Limit>> {
        let host = levels.host.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = host.ask(&levels.rule, &self.inputs, arguments, eased).ok()?;
        drop(host);
        let limit = |(asked, column): (Asked, &Column)| {
            let value = Number { input: column.input, ..Number::of([]) };
            let stations = column.stations.iter().flatten();
            let each = stations.map(|station| asked.limit.limit_of(&value, *station)).collect();
            Limit { absent: asked.limit.absent, each, whole: asked.limit }
        };
        Some(asked.into_iter().zip(&self.columns).map(limit).collect())
    }
}

/// What one set of limits makes of the checks of an evaluation.
struct Answers {
    level: Level,
    undecided: bool,
    /// Two bits for each check.
    key: u128,
    truths: SmallVec<[Truth; 16]>,
    /// The checks that compared something new since these answers were given; at first all.
    pending: u64,
}

impl Answers {
    fn of(checks: usize) -> Answers {
        let truths = SmallVec::from_elem(Truth::Absent, checks);
        let pending = if checks == CHECKS_LIMIT { u64::MAX } else { (1 << checks) - 1 };
        Answers { level: Level::None, undecided: true, key: 0, truths, pending }
    }
}

/// A track that is gone through with one set of parameters.
struct Run<'a> {
    track: &'a Track,
    levels: &'a Levels,
    arguments: &'a Arguments,
    limits: Vec<Limit>,
    eased: Vec<Limit>,
    /// Levels by answers, as far as this run has met them.
    known: BTreeMap<u128, Level>,
    /// By the limits, and by the eased ones.
    firm: Answers,
    soft: Answers,
    /// What each check compares, and how far its changes were read.
    compared: Vec<Vec<Compared>>,
    read: Vec<usize>,
    /// What is the newest of each datastream, and how far that was read.
    newest: Vec<Option<Time>>,
    heard: usize,
    hold: Hold,
    behind: SmallVec<[u32; 4]>,
    wanted: Level,
    open: Option<Time>,
    /// Since when it cannot tell.
    unsure: Option<Time>,
    found: Played,
}

impl Run<'_> {
    /// Goes on to an evaluation.
    fn enter(&mut self, at: usize, row: &Row) {
        for check in bits(row.changed) {
            let changes = &self.track.columns[check].changes;
            while let Some(change) = changes.get(self.read[check]).filter(|change| change.row as usize <= at) {
                self.compared[check][change.station as usize] = change.compared;
                self.read[check] += 1;
            }
        }
        self.firm.pending |= row.changed;
        self.soft.pending |= row.changed;
        while let Some((_, fed, newest)) = self.track.heard.get(self.heard).filter(|(row, ..)| *row as usize <= at) {
            self.newest[*fed as usize] = *newest;
            self.heard += 1;
        }
    }

    /// Lets time pass up to a moment after an evaluation: the level may fall by patience alone.
    fn pass(&mut self, last: Option<Time>, until: Time) -> Option<()> {
        let Some(mut now) = last else { return Some(()) };
        while let Some(due) = self.hold.due(&self.levels.rule.header.hold) {
            let at = due.max(now + Duration::from_millis(1));
            if at > until {
                break;
            }
            now = at;
            self.step(at)?;
        }
        Some(())
    }

    fn step(&mut self, now: Time) -> Option<()> {
        let level = self.hold.level;
        self.answer(false)?;
        let (found, mut may_stand, mut undecided) = (self.firm.level, self.firm.level, self.firm.undecided);
        if found < level {
            self.answer(true)?;
            may_stand = may_stand.max(self.soft.level);
            undecided |= self.soft.undecided;
        }
        undecided |= found < level && self.is_silenced(now);
        let behind = self.behind();
        let data_time = self.data_time(&behind);
        let spec = &self.levels.rule.header.hold;
        self.hold.take(Answer { reached: found, may_stand, undecided, data_time }, spec, now);
        if found >= self.hold.level {
            self.behind = behind;
        }
        match (undecided, self.unsure) {
            (true, None) => self.unsure = Some(now),
            (false, Some(since)) => {
                self.found.undecided += now.since(since);
                self.unsure = None;
            }
            _ => {}
        }
        match (self.hold.level >= self.wanted, self.open) {
            (true, None) => self.open = Some(now),
            (false, Some(from)) => {
                self.found.alerts.push(Alerted { place: self.track.name.to_string(), from, to: Some(now) });
                self.open = None;
            }
            _ => {}
        }
        Some(())
    }

    /// Brings the answers up to date: only the checks that compared something new are asked again.
    fn answer(&mut self, eased: bool) -> Option<()> {
        let (answers, limits) = if eased { (&mut self.soft, &self.eased) } else { (&mut self.firm, &self.limits) };
        if answers.pending == 0 {
            return Some(());
        }
        for check in bits(std::mem::take(&mut answers.pending)) {
            let truth = self.track.columns[check].truth(&self.compared[check], &limits[check]);
            let place = 2 * check;
            answers.key = answers.key & !(0b11 << place) | (truth as u128) << place;
            answers.truths[check] = truth;
        }
        let (mut unknown, mut decided) = (false, false);
        for (_, truth) in self.track.columns.iter().zip(&answers.truths).filter(|(column, _)| !column.supports) {
            unknown |= *truth == Truth::Unknown;
            decided |= matches!(truth, Truth::True | Truth::False);
        }
        let (key, undecided) = (answers.key, unknown || !decided);
        let level = match self.known.get(&key) {
            Some(level) => *level,
            None => {
                let truths = answers.truths.clone();
                let level = self.level(key, &truths)?;
                self.known.insert(key, level);
                level
            }
        };
        let answers = if eased { &mut self.soft } else { &mut self.firm };
        (answers.level, answers.undecided) = (level, undecided);
        Some(())
    }

    /// The level of answers that this run has not met yet.
    fn level(&self, key: u128, truths: &[Truth]) -> Option<Level> {
        let mut known = self.levels.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(level) = known.get(&key) {
            return Some(*level);
        }
        let host = self.levels.host.lock().unwrap_or_else(PoisonError::into_inner);
        let level = host.level_of(&self.levels.rule, &self.track.inputs, self.arguments, truths.to_vec()).ok()?;
        known.insert(key, level);
        Some(level)
    }

    /// The datastreams behind the checks that hold, as [`crate::engine`] finds them.
    fn behind(&self) -> SmallVec<[u32; 4]> {
        let mut behind = SmallVec::new();
        for (check, truth) in self.firm.truths.iter().enumerate() {
            let column = &self.track.columns[check];
            if *truth != Truth::True || column.supports {
                continue;
            }
            for station in column.behind(&self.compared[check], &self.limits[check]) {
                let asked = |fed: &&Fed| column.input.is_none_or(|input| input == fed.input);
                for fed in self.track.fed.iter().filter(asked).filter(|fed| fed.station == Some(station)) {
                    if !behind.contains(&fed.datastream) {
                        behind.push(fed.datastream);
                    }
                }
            }
        }
        behind
    }

    fn newest(&self) -> impl Iterator<Item = (&Fed, Option<Time>)> {
        self.track.fed.iter().zip(self.newest.iter().copied())
    }

    fn data_time(&self, behind: &[u32]) -> Option<Time> {
        let here = || self.newest().filter(|(fed, _)| fed.here);
        let of_those_behind = here().filter(|(fed, _)| behind.contains(&fed.datastream)).filter_map(|(_, at)| at).max();
        of_those_behind.or_else(|| here().filter_map(|(_, at)| at).max())
    }

    fn is_silenced(&self, now: Time) -> bool {
        let is_silent = |(fed, newest): (&Fed, Option<Time>)| {
            self.behind.contains(&fed.datastream) && newest.is_some_and(|newest| newest < now - fed.max_age)
        };
        self.hold.level != Level::None && self.newest().any(is_silent)
    }

    fn finished(mut self, end: Time) -> Played {
        let place = || self.track.name.to_string();
        self.found.alerts.extend(self.open.map(|from| Alerted { place: place(), from, to: None }));
        self.found.undecided += self.unsure.map_or(Duration::ZERO, |since| end.since(since));
        self.found
    }
}

/// The places of the bits that are set.
fn bits(mut mask: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let at = mask.trailing_zeros();
        mask &= mask.wrapping_sub(1);
        (at < u64::BITS).then_some(at as usize)
    })
}
