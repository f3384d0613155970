//! One datastream: from what a device claims to an observation with a flag.

use crate::flag::Flag;
use crate::language::input::StreamFacts;
use crate::quality::{Context, judge};
use crate::record::{Effect, Observation};
use crate::series::{Inserted, Sample, Series};
use bongsu_sensors::catalog::{Datastream, Quality};
use bongsu_sensors::reading::{DatastreamId, Reason};
use bongsu_sensors::{Reading, Refusal, Time};
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
}

/// What the catalog says of a datastream.
#[derive(Clone, Debug)]
pub struct Known {
    /// What rules need of it.
    pub facts: Arc<StreamFacts>,
    /// Its limits of belief.
    pub quality: Arc<Quality>,
}

impl Known {
    /// What the catalog says of a datastream.
    pub fn of(stream: &Datastream) -> Known {
        Known { facts: Arc::new(StreamFacts::of(stream)), quality: stream.quality.clone() }
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
    pub fn take(&mut self, reading: &Reading, now: Time, effects: &mut Vec<Effect>) -> Taken {
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
            effects.push(Effect::Observed(Observation { datastream, time, value: None, flag: Flag::Missing }));
            return Taken::Unchanged;
        };
        let series = Arc::make_mut(&mut self.series);
        match series.insert(Sample { time, value, flag: Flag::NotEvaluated }) {
            Inserted::At(at) => {
                self.heard = Some(now);
                let judging = Judging { known, datastream, series };
                judging.run(at, time, value, effects);
                series.prune(self.look_back, TAIL);
                Taken::Changed
            }
            Inserted::Duplicate => {
                self.heard = Some(now);
                effects.push(Effect::Duplicate);
                Taken::Unchanged
            }
            Inserted::Conflict => {
                let remedy = format!("another value is known for {time}; a reading that was sent stays as it was");
                effects.push(refused(Reason::Conflict, remedy));
                Taken::Unchanged
            }
        }
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
}

impl Judging<'_> {
    fn run(self, at: usize, time: Time, value: f64, effects: &mut Vec<Effect>) {
        let before = at.checked_sub(1).and_then(|before| self.judge(before));
        if let Some((time, flag)) = before {
            self.series.reflag(time, flag);
        }
        let flag = match self.judge(at) {
            Some((_, flag)) => {
                self.series.reflag(time, flag);
                flag
            }
            None => Flag::NotEvaluated,
        };
        let after = self.judge(at + 1);
        if let Some((time, flag)) = after {
            self.series.reflag(time, flag);
        }
        let datastream = self.datastream;
        effects.push(Effect::Observed(Observation { datastream, time, value: Some(value), flag }));
        for (time, flag) in [before, after].into_iter().flatten() {
            effects.push(Effect::Reflagged { datastream, time, flag });
        }
    }

    /// The new flag of the sample at a place, where it differs from the old one.
    fn judge(&self, at: usize) -> Option<(Time, Flag)> {
        let sample = self.series.get(at)?;
        let limits = &self.known.quality;
        let flag = judge(&Context { series: self.series, at, limits, cadence: self.known.facts.cadence });
        (flag != sample.flag).then_some((sample.time, flag))
    }
}
