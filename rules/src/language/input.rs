//! An input as a running rule sees it: the series of each station that feeds it, and until when they may be read.

use super::value::{Measure, Part, Value};
use crate::series::{Sample, Series, Window};
use bongsu_sensors::catalog::{Datastream, StationIndex};
use bongsu_sensors::{Level, Nature, Time};
use smallvec::SmallVec;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// What does not change about a datastream while a catalog is in force.
#[derive(Clone, Debug)]
pub struct StreamFacts {
    /// Its station.
    pub station: StationIndex,
    /// How often it sends.
    pub cadence: Duration,
    /// How its values add up.
    pub nature: Nature,
    /// Its smallest meaningful difference.
    pub resolution: f64,
    /// Its limits of danger.
    pub levels: BTreeMap<Level, f64>,
}

impl StreamFacts {
    /// The facts of a datastream of the catalog.
    pub fn of(stream: &Datastream) -> StreamFacts {
        StreamFacts {
            station: stream.station,
            cadence: stream.cadence,
            nature: stream.nature(),
            resolution: stream.name.kind().resolution,
            levels: stream.levels.clone(),
        }
    }

    /// The longest distance between two observations that is no gap: two cadences and a half, so that one lost reading
    /// and a little lateness leave a window filled.
    pub fn slack(&self) -> Duration {
        self.cadence * 5 / 2
    }
}

/// One datastream of an input.
#[derive(Clone, Debug)]
pub struct Stream {
    /// What does not change about it.
    pub facts: Arc<StreamFacts>,
    /// What it observed lately.
    pub series: Arc<Series>,
    /// The time its windows end at.
    pub until: Time,
    /// It has been quiet for longer than the rule allows.
    pub silent: bool,
    /// When it was last heard of, whatever it said.
    pub heard: Option<Time>,
    /// A slope that was asked for in this evaluation, with the end and the length of its window: a rule asks when each of
    /// its limits will be reached.
    pub(crate) slope: OnceLock<(Time, Duration, Measure)>,
}

impl Stream {
    /// One whose windows end at a moment, and that is not silent.
    pub fn until(until: Time, facts: Arc<StreamFacts>, series: Arc<Series>, heard: Option<Time>) -> Stream {
        Stream { facts, series, until, silent: false, heard, slope: OnceLock::new() }
    }

    /// A window that ends now.
    pub fn window(&self, length: Duration) -> Window<'_> {
        self.series.window(self.until, length)
    }

    /// The newest usable observation.
    pub fn newest(&self) -> Option<&Sample> {
        self.series.newest_usable(self.until)
    }
}

/// An input of a rule at one evaluation.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its place in the header.
    pub index: u8,
    /// The moment of the evaluation.
    pub now: Time,
    /// The datastreams that feed it.
    pub streams: Arc<SmallVec<[Stream; 2]>>,
    /// How many stations must know.
    pub min_stations: u16,
    /// It is optional and was never seen.
    pub absent: bool,
}

impl Input {
    /// What each station says by this measure. Silent stations are unknown whatever they said before.
    pub fn each(&self, measure: impl Fn(&Stream) -> Measure) -> Value {
        if self.absent {
            return Value::absent();
        }
        let part = |stream: &Stream| Part {
            station: Some(stream.facts.station),
            measure: if stream.silent { Measure::Unknown } else { measure(stream) },
        };
        let mut value = Value::of(self.streams.iter().map(part));
        value.min_stations = self.min_stations;
        value
    }

    /// What each station says by this measure, silent or not: for measures of silence itself. The second number is how
    /// fast the first grows, each minute, by the clock alone.
    pub fn each_by_clock(&self, measure: impl Fn(&Stream) -> (Measure, f64)) -> Value {
        if self.absent {
            return Value::absent();
        }
        let (parts, growth): (Vec<Part>, Vec<f64>) = self
            .streams
            .iter()
            .map(|stream| {
                let (measure, growth) = measure(stream);
                (Part { station: Some(stream.facts.station), measure }, growth)
            })
            .unzip();
        Value { growth: growth.into_iter().collect(), min_stations: self.min_stations, ..Value::of(parts) }
    }

    /// Like [`Input::each`], for measures that have the unit of the input itself.
    pub fn each_in_unit(&self, measure: impl Fn(&Stream) -> Measure) -> Value {
        Value { input: Some(self.index), ..self.each(measure) }
    }
}
