//! What a rule compared at one place, evaluation by evaluation, and what comes of it with other limits.

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

/// One check over time: a number for each of its stations at each evaluation.
struct Column {
    op: Op,
    across: Across,
    min_stations: u16,
    input: Option<u8>,
    label: String,
    /// `None`: it was absent so far.
    stations: Option<Vec<Option<StationIndex>>>,
    numbers: Vec<f64>,
    kinds: Vec<u8>,
    rows: usize,
}

/// The limits of a check: of each of its stations, and as a whole.
struct Limit {
    absent: bool,
    each: Vec<Option<Measure>>,
    whole: Number,
}

impl Column {
    fn of(asked: &Asked) -> Column {
        let Number { across, min_stations, input, .. } = asked.value;
        let (numbers, kinds) = (Vec::new(), Vec::new());
        Column {
            op: asked.op,
            across,
            min_stations,
            input,
            label: asked.label.clone(),
            stations: None,
            numbers,
            kinds,
            rows: 0,
        }
    }

    fn width(&self) -> usize {
        self.stations.as_ref().map_or(1, Vec::len)
    }

    /// Writes one row down; `None`: it is not like the others, or time alone changes it.
    fn push(&mut self, asked: &Asked) -> Option<()> {
        let value = &asked.value;
        if value.parts.len() > STATIONS_LIMIT || !value.growth.is_empty() || asked.label != self.label {
            return None;
        }
        self.rows += 1;
        if value.absent {
            self.numbers.resize(self.rows * self.width(), 0.0);
            self.kinds.resize(self.rows * self.width(), ABSENT);
            return Some(());
        }
        let unknown = [Part { station: None, measure: Measure::Unknown }];
        let parts: &[Part] = if value.parts.is_empty() { &unknown } else { &value.parts };
        let stations = || parts.iter().map(|part| part.station);
        match &self.stations {
            Some(known) if known.iter().copied().eq(stations()) => {}
            Some(_) => return None,
            None => {
                let known: Vec<Option<StationIndex>> = stations().collect();
                self.numbers = vec![0.0; (self.rows - 1) * known.len()];
                self.kinds = vec![ABSENT; (self.rows - 1) * known.len()];
                self.stations = Some(known);
                // What it is joined by is known only where there is something to join.
                (self.across, self.min_stations, self.input) = (value.across, value.min_stations, value.input);
            }
        }
        for part in parts {
            self.numbers.push(part.measure.number().unwrap_or(0.0));
            self.kinds.push(match part.measure {
                Measure::Exactly(_) => EXACTLY,
                Measure::AtLeast(_) => AT_LEAST,
                Measure::AtMost(_) => AT_MOST,
                Measure::Unknown => UNKNOWN,
            });
        }
        Some(())
    }

    fn measures(&self, row: usize) -> impl Iterator<Item = Measure> {
        let span = row * self.width()..(row + 1) * self.width();
        self.numbers[span.clone()].iter().zip(&self.kinds[span]).map(|(number, kind)| match *kind {
            EXACTLY => Measure::Exactly(*number),
            AT_LEAST => Measure::AtLeast(*number),
            AT_MOST => Measure::AtMost(*number),
            _ => Measure::Unknown,
        })
    }

    /// What the check answers: as [`Number::meets`], which it asks where stations are joined.
    fn truth(&self, row: usize, limit: &Limit) -> Truth {
        if limit.absent || self.kinds[row * self.width()] == ABSENT {
            return Truth::Absent;
        }
        if self.across != Across::Worst {
            return self.value(row).meets(self.op, &limit.whole);
        }
        let needed = usize::from(self.min_stations.max(1));
        let (mut known, mut decided, mut holds) = (0, 0, false);
        for (measure, limit) in self.measures(row).zip(&limit.each) {
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

    fn value(&self, row: usize) -> Number {
        let stations = self.stations.iter().flatten();
        let parts = stations.zip(self.measures(row)).map(|(station, measure)| Part { station: *station, measure });
        let Column { across, min_stations, input, .. } = *self;
        Number { across, min_stations, input, ..Number::of(parts) }
    }

    /// The stations that make it hold.
    fn behind<'a>(&'a self, row: usize, limit: &'a Limit) -> impl Iterator<Item = StationIndex> + 'a {
        let stations = self.stations.iter().flatten().zip(self.measures(row)).zip(&limit.each);
        stations.filter_map(|((station, measure), limit)| {
            let limit = limit.unwrap_or(Measure::Unknown);
            station.filter(|_| measure.compare(self.op, limit) == Truth::True)
        })
    }
}

/// What a rule compared at one place.
pub(super) struct Track {
    name: Arc<str>,
    fed: Vec<Fed>,
    checks: usize,
    columns: Vec<Column>,
    nows: Vec<Time>,
    newest: Vec<Option<Time>>,
    inputs: Vec<Input>,
    arguments: Option<Arc<Arguments>>,
}

impl Track {
    /// Of a place, where nothing was compared yet.
    pub fn new(name: Arc<str>, fed: Vec<Fed>, checks: usize) -> Track {
        let (columns, nows, newest, inputs) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Track { name, fed, checks, columns, nows, newest, inputs, arguments: None }
    }

    /// Writes one evaluation down; answers how many numbers that took. `None`: this cannot be answered by.
    pub fn push(&mut self, look: &Look) -> Option<usize> {
        let asked = look.asked.as_ref().ok()?;
        // A check in the body of an `if` is not made each time.
        if asked.len() != self.checks || asked.len() > CHECKS_LIMIT {
            return None;
        }
        if self.columns.is_empty() {
            self.columns = asked.iter().map(Column::of).collect();
        }
        self.nows.push(look.now);
        self.newest.extend(&look.newest);
        for (column, asked) in self.columns.iter_mut().zip(asked) {
            column.push(asked)?;
        }
        Some(self.columns.iter().map(Column::width).sum::<usize>() + look.newest.len())
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
            hold: Hold::default(),
            behind: SmallVec::new(),
            wanted,
            open: None,
            unsure: None,
            found: Played::default(),
        };
        let mut last = None;
        for row in 0..self.nows.len() {
            if row % STEP == STEP - 1 && go_on().is_break() {
                break;
            }
            run.pass(last, self.nows[row])?;
            run.step(row, self.nows[row])?;
            last = Some((row, self.nows[row]));
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

/// What one set of limits makes of the checks of one evaluation.
struct Answers {
    level: Level,
    undecided: bool,
    truths: SmallVec<[Truth; 16]>,
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
    hold: Hold,
    behind: SmallVec<[u32; 4]>,
    wanted: Level,
    open: Option<Time>,
    /// Since when it cannot tell.
    unsure: Option<Time>,
    found: Played,
}

impl Run<'_> {
    /// Lets time pass up to a moment after an evaluation: the level may fall by patience alone.
    fn pass(&mut self, last: Option<(usize, Time)>, until: Time) -> Option<()> {
        let Some((row, mut now)) = last else { return Some(()) };
        while let Some(due) = self.hold.due(&self.levels.rule.header.hold) {
            let at = due.max(now + Duration::from_millis(1));
            if at > until {
                break;
            }
            now = at;
            self.step(row, at)?;
        }
        Some(())
    }

    fn step(&mut self, row: usize, now: Time) -> Option<()> {
        let spec = &self.levels.rule.header.hold;
        let level = self.hold.level;
        let found = self.answers(row, false)?;
        let (mut may_stand, mut undecided) = (found.level, found.undecided);
        if found.level < level {
            let eased = self.answers(row, true)?;
            may_stand = may_stand.max(eased.level);
            undecided |= eased.undecided;
        }
        undecided |= found.level < level && self.is_silenced(row, now);
        let behind = self.behind(row, &found.truths);
        let data_time = self.data_time(row, &behind);
        self.hold.take(Answer { reached: found.level, may_stand, undecided, data_time }, spec, now);
        if found.level >= self.hold.level {
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

    fn answers(&mut self, row: usize, eased: bool) -> Option<Answers> {
        let limits = if eased { &self.eased } else { &self.limits };
        let supporting = &self.levels.rule.header.hold.corroborate;
        let (mut key, mut unknown, mut decided) = (0_u128, false, false);
        let mut truths: SmallVec<[Truth; 16]> = SmallVec::new();
        for (column, limit) in self.track.columns.iter().zip(limits) {
            let truth = column.truth(row, limit);
            let decides = supporting.is_empty() || !supporting.contains(&column.label);
            unknown |= decides && truth == Truth::Unknown;
            decided |= decides && matches!(truth, Truth::True | Truth::False);
            key = (key << 2) | truth as u128;
            truths.push(truth);
        }
        let level = match self.known.get(&key) {
            Some(level) => *level,
            None => {
                let level = self.level(key, &truths)?;
                self.known.insert(key, level);
                level
            }
        };
        Some(Answers { level, undecided: unknown || !decided, truths })
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
    fn behind(&self, row: usize, truths: &[Truth]) -> SmallVec<[u32; 4]> {
        let mut behind = SmallVec::new();
        let supporting = &self.levels.rule.header.hold.corroborate;
        for ((column, limit), truth) in self.track.columns.iter().zip(&self.limits).zip(truths) {
            if *truth != Truth::True || supporting.contains(&column.label) {
                continue;
            }
            for station in column.behind(row, limit) {
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

    fn newest(&self, row: usize) -> impl Iterator<Item = (&Fed, Option<Time>)> {
        let fed = &self.track.fed;
        fed.iter().zip(self.track.newest[row * fed.len()..].iter().copied())
    }

    fn data_time(&self, row: usize, behind: &[u32]) -> Option<Time> {
        let here = || self.newest(row).filter(|(fed, _)| fed.here);
        let of_those_behind = here().filter(|(fed, _)| behind.contains(&fed.datastream)).filter_map(|(_, at)| at).max();
        of_those_behind.or_else(|| here().filter_map(|(_, at)| at).max())
    }

    fn is_silenced(&self, row: usize, now: Time) -> bool {
        let is_silent = |(fed, newest): (&Fed, Option<Time>)| {
            self.behind.contains(&fed.datastream) && newest.is_some_and(|newest| newest < now - fed.max_age)
        };
        self.hold.level != Level::None && self.newest(row).any(is_silent)
    }

    fn finished(mut self, end: Time) -> Played {
        let place = || self.track.name.to_string();
        self.found.alerts.extend(self.open.map(|from| Alerted { place: place(), from, to: None }));
        self.found.undecided += self.unsure.map_or(Duration::ZERO, |since| end.since(since));
        self.found
    }
}
