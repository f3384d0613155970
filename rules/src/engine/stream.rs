//! One datastream: from what a device claims to an observation with a flag.

use super::near::NearBy;
use crate::flag::{Flag, Tests};
use crate::language::input::StreamFacts;
use crate::quality::{Around, Context, judge};
use crate::record::{Effect, Observation};
use crate::series::{Inserted, Sample, Series};
use bongsu_sensors::catalog::{Datastream, Quality};
use bongsu_sensors::reading::{DatastreamId, Reason};
use bongsu_sensors::{Reading, Refusal, Time};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::sync::Arc;
use std::time::Duration;

/// How far ahead of ours a device's clock may run. Windows never reach past `now`, so a fast clock gains nothing.
const FUTURE_LIMIT: Duration = Duration::from_secs(120);

/// How old a reading may be: a logger that was read out after a winter is welcome, the year 1970 is not.
const AGE_LIMIT: Duration = Duration::from_secs(400 * 86_400);

/// So many samples always stay, however old: what the next one is judged by.
pub const TAIL: usize = 3;

/// What is remembered of one datastream.
#[derive(Clone, Debug, Default)]
pub struct StreamState {
    /// What the catalog says of it; `None` where the catalog no longer has it.
    pub known: Option<Known>,
    /// What it observed lately.
    pub series: Arc<Series>,
    /// How far back any rule looks.
    pub look_back: Duration,
    /// When it was last heard of.
    pub heard: Option<Time>,
    /// The scopes that look at it.
    pub dependents: SmallVec<[u32; 4]>,
    /// The scopes elsewhere that it is a neighbour of.
    pub neighbours: SmallVec<[u32; 4]>,
    /// Whom its quality tests ask, and who asks it; `None`: nobody.
    pub near: Option<Box<NearBy>>,
}

/// What the catalog says of a datastream.
#[derive(Clone, Debug)]
pub struct Known {
    /// What rules need of it.
    pub facts: Arc<StreamFacts>,
    /// Its limits of belief.
    pub quality: Arc<Quality>,
    /// The zone of its months, where it has seasons.
    pub zone: Option<TimeZone>,
}

impl Known {
    /// What the catalog says of a datastream.
    pub fn of(stream: &Datastream, zone: &TimeZone) -> Known {
        let quality = stream.quality.clone();
        let zone = (!quality.seasons.is_empty()).then(|| zone.clone());
        Known { facts: Arc::new(StreamFacts::of(stream)), quality, zone }
    }
}

/// What a snapshot holds of a datastream: windows are filled again from the stored observations, where these reach.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StreamMemory {
    heard: Option<Time>,
    kept: SmallVec<[(Time, f64, Flag); TAIL]>,
}

/// Whether a reading changed what rules can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It did.
    Changed,
    /// It did not.
    Unchanged,
}

/// The refusal of a reading whose datastream is not in the catalog.
pub fn no_such_datastream() -> Refusal {
    Refusal {
        reason: Reason::UnknownDatastream,
        position: String::new(),
        remedy: "add the datastream to the catalog".into(),
    }
}

fn refused(reason: Reason, remedy: String) -> Effect {
    Effect::Refused(Refusal { reason, position: String::new(), remedy })
}

impl StreamState {
    /// Takes one reading: exactly one of observed, duplicate and refused comes out, then what is judged anew.
    /// `around` are those whom its tests may ask.
    pub fn take(&mut self, reading: &Reading, around: &Around, now: Time, effects: &mut Vec<Effect>) -> Taken {
        let Some(known) = &self.known else {
            effects.push(Effect::Refused(no_such_datastream()));
            return Taken::Unchanged;
        };
        let time = reading.time.unwrap_or_else(|| self.next_free(now));
        if let Some(refusal) = impossible_time(time, now) {
            effects.push(refusal);
            return Taken::Unchanged;
        }
        let datastream = reading.datastream;
        let Some(value) = reading.value else {
            self.heard = Some(now);
            Arc::make_mut(&mut self.series).note_missing(time);
            let missing = Observation { datastream, time, value: None, flag: Flag::Missing, tests: Tests::default() };
            effects.push(Effect::Observed(missing));
            return Taken::Unchanged;
        };
        let series = Arc::make_mut(&mut self.series);
        match series.insert(Sample { time, value, flag: Flag::NotEvaluated }) {
            Inserted::At(at) => {
                self.heard = Some(now);
                let judging = Judging { known, datastream, series, around };
                judging.run(at, time, value, effects);
                series.prune(self.look_back, TAIL);
                Taken::Changed
            }
            Inserted::Duplicate => {
                self.heard = Some(now);
                effects.push(Effect::Duplicate(datastream));
                Taken::Unchanged
            }
            Inserted::Conflict => {
                let remedy = format!("another value is known for {time}; a reading that was sent stays as it was");
                effects.push(refused(Reason::Conflict, remedy));
                Taken::Unchanged
            }
        }
    }

    /// Judges the newest observation again, because somebody near by spoke; answers whether that changed its flag.
    pub fn judge_newest(&mut self, number: u32, around: &Around, effects: &mut Vec<Effect>) -> bool {
        let Some(known) = &self.known else { return false };
        let series = Arc::make_mut(&mut self.series);
        let newest = series.len().saturating_sub(1);
        let datastream = DatastreamId(number);
        let Some(judged) = (Judging { known, datastream, series, around }).judge(newest) else { return false };
        effects.push(judged.reflag(datastream, series));
        true
    }

    /// What the quality tests say of the newest observation.
    pub fn tests_of_newest(&self, around: &Around) -> Tests {
        let Some(known) = &self.known else { return Tests::default() };
        let (series, at) = (&*self.series, self.series.len().saturating_sub(1));
        judge(&Context { series, at, limits: &known.quality, cadence: known.facts.cadence, around })
    }

    /// The time of a reading without one: its receipt, or a moment later where that is taken.
    fn next_free(&self, now: Time) -> Time {
        match self.series.newest() {
            Some(newest) if newest.time >= now => newest.time + Duration::from_millis(1),
            _ => now,
        }
    }

    /// Remembers a sample that was judged before.
    pub fn recall(&mut self, sample: Sample) {
        self.heard.get_or_insert(sample.time);
        let series = Arc::make_mut(&mut self.series);
        series.insert(sample);
        series.prune(self.look_back, TAIL);
    }

    /// Remembers that the device said for a time that its value is missing.
    pub fn recall_missing(&mut self, time: Time) {
        Arc::make_mut(&mut self.series).note_missing(time);
    }

    /// Remembers that a sample was judged again.
    pub fn reflag(&mut self, time: Time, flag: Flag) {
        Arc::make_mut(&mut self.series).reflag(time, flag);
    }

    /// What a snapshot holds of it: its last samples, and all that were received before `recalled_since` or may have
    /// been. A datastream that speaks has none of those; one that fell silent long ago keeps its last window so.
    pub fn memory(&self, recalled_since: Time) -> StreamMemory {
        let unsure = recalled_since + FUTURE_LIMIT;
        let kept = self.series.iter().rev().enumerate().filter(|(back, sample)| *back < TAIL || sample.time <= unsure);
        let kept = kept.map(|(_, sample)| (sample.time, sample.value, sample.flag));
        StreamMemory { heard: self.heard, kept: kept.collect() }
    }

    /// Takes up what a snapshot held.
    pub fn remember(&mut self, memory: StreamMemory) {
        self.heard = memory.heard;
        for (time, value, flag) in memory.kept {
            self.recall(Sample { time, value, flag });
        }
    }
}

fn impossible_time(time: Time, now: Time) -> Option<Effect> {
    if time > now + FUTURE_LIMIT {
        let remedy = format!("{time} lies ahead of our clock ({now}); set the device's clock, or leave `t` out");
        return Some(refused(Reason::FutureTime, remedy));
    }
    if time < now - AGE_LIMIT {
        let remedy = format!("{time} is more than 400 days ago; set the device's clock, or leave `t` out");
        return Some(refused(Reason::TooOld, remedy));
    }
    None
}

/// The judging of a new sample and of its neighbours, for whom it is news.
struct Judging<'a> {
    known: &'a Known,
    datastream: DatastreamId,
    series: &'a mut Series,
    around: &'a Around,
}

/// A flag that differs from the one before.
#[derive(Clone, Copy)]
struct Judged {
    time: Time,
    tests: Tests,
    flag: Flag,
}

impl Judged {
    /// Makes it so; tells what others must be told.
    fn reflag(self, datastream: DatastreamId, series: &mut Series) -> Effect {
        series.reflag(self.time, self.flag);
        Effect::Reflagged { datastream, time: self.time, flag: self.flag, tests: self.tests }
    }
}

impl Judging<'_> {
    fn run(self, at: usize, time: Time, value: f64, effects: &mut Vec<Effect>) {
        let datastream = self.datastream;
        let before = at.checked_sub(1).and_then(|before| self.judge(before));
        let before = before.map(|judged| judged.reflag(datastream, self.series));
        let judged = self.judge(at);
        if let Some(judged) = judged {
            self.series.reflag(time, judged.flag);
        }
        let (flag, tests) = judged.map_or((Flag::NotEvaluated, Tests::default()), |new| (new.flag, new.tests));
        let after = self.judge(at + 1).map(|judged| judged.reflag(datastream, self.series));
        effects.push(Effect::Observed(Observation { datastream, time, value: Some(value), flag, tests }));
        effects.extend([before, after].into_iter().flatten());
    }

    /// What is thought of the sample at a place, where it differs from what was thought before.
    fn judge(&self, at: usize) -> Option<Judged> {
        let sample = self.series.get(at)?;
        let (limits, cadence) = (&self.known.quality, self.known.facts.cadence);
        let tests = judge(&Context { series: self.series, at, limits, cadence, around: self.around });
        let flag = tests.roll_up();
        (flag != sample.flag).then_some(Judged { time: sample.time, tests, flag })
    }
}
