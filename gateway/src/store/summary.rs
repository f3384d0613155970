//! What a datastream observed, settled and summed up: of each hour or day how many observations, and of those that can be
//! believed the sum, the least and the most. They are made of the observations whenever somebody asks, so they are never
//! anything else than those say by now.

use super::history::Wanted;
use super::{Reader, Stored};
use bongsu_rules::Observation;
use bongsu_sensors::Time;
use bongsu_sensors::reading::DatastreamId;
use jiff::tz::TimeZone;
use std::ops::ControlFlow;

/// An hour, milliseconds.
const HOUR: i64 = 3_600_000;

/// What is summed up together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    /// An hour of UTC.
    Hour,
    /// A day of the city.
    Day,
}

impl Every {
    /// The span that a time lies in: its first moment, and the first behind it.
    pub fn around(self, time: Time, zone: &TimeZone) -> (Time, Time) {
        let begin = time.millis().div_euclid(HOUR).saturating_mul(HOUR);
        let hour = (Time::from_millis(begin), Time::from_millis(begin.saturating_add(HOUR)));
        match self {
            Every::Hour => hour,
            // A time that no calendar has is alone in its hour.
            Every::Day => day(time, zone).unwrap_or(hour),
        }
    }
}

fn day(time: Time, zone: &TimeZone) -> Option<(Time, Time)> {
    let moment = jiff::Timestamp::from_millisecond(time.millis()).ok()?;
    let begin = moment.to_zoned(zone.clone()).start_of_day().ok()?;
    let end = begin.tomorrow().ok()?.start_of_day().ok()?;
    let time = |day: jiff::Zoned| Time::from_millis(day.timestamp().as_millisecond());
    Some((time(begin), time(end)))
}

/// An hour, or a day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// Its first moment.
    pub time: Time,
    /// Observations in it, missing values included.
    pub observations: u64,
    /// Values in it that can be believed.
    pub count: u64,
    /// Their sum; 0 where there are none, as for the two below.
    pub sum: f64,
    /// The least.
    pub min: f64,
    /// The most.
    pub max: f64,
}

/// An observation, with its place among all that came.
type Came = (usize, Observation);

impl Reader {
    /// The observations of one datastream with `from ≤ time < to`, by time, with the flags they have by now: of those of
    /// one time the first that came.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(super) fn settled(&self, id: DatastreamId, from: Time, to: Time) -> rusqlite::Result<Vec<Observation>> {
        let wanted = Wanted { datastreams: Some(&[id.0]), from, to, received: None };
        let (mut came, mut later) = (Vec::<Came>::new(), Vec::new());
        self.past().stored(&wanted, |stored| {
            match stored {
                Stored::Observation(seen) => came.push((came.len() + later.len(), seen)),
                Stored::Flag(_, time, flag, tests) => later.push((came.len() + later.len(), time, flag, tests)),
            }
            ControlFlow::Continue(())
        })?;
        // Those of one time stay in the order in which they came.
        came.sort_by_key(|(_, seen)| seen.time);
        came.dedup_by_key(|(_, seen)| seen.time);
        for (place, time, flag, tests) in later {
            if let Ok(at) = came.binary_search_by_key(&time, |(_, seen)| seen.time)
                && came[at].0 < place
            {
                (came[at].1.flag, came[at].1.tests) = (flag, tests);
            }
        }
        Ok(came.into_iter().map(|(_, seen)| seen).collect())
    }

    /// What one datastream observed with `from ≤ time < to`, hour by hour or day by day. An hour or a day that only partly
    /// lies in it is of that part.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn summaries(
        &self,
        id: DatastreamId,
        (from, to): (Time, Time),
        every: Every,
        zone: &TimeZone,
    ) -> rusqlite::Result<Vec<Summary>> {
        let mut summaries: Vec<Summary> = Vec::new();
        let mut end = Time::from_millis(i64::MIN);
        for seen in self.settled(id, from, to)? {
            if summaries.is_empty() || seen.time >= end {
                let begin;
                (begin, end) = every.around(seen.time, zone);
                summaries.push(Summary { time: begin, observations: 0, count: 0, sum: 0.0, min: 0.0, max: 0.0 });
            }
            let Some(summary) = summaries.last_mut() else { continue };
            summary.observations += 1;
            if let Some(value) = seen.value.filter(|_| seen.flag.usable()) {
                let is_first = summary.count == 0;
                summary.count += 1;
                summary.sum += value;
                summary.min = if is_first { value } else { summary.min.min(value) };
                summary.max = if is_first { value } else { summary.max.max(value) };
            }
        }
        Ok(summaries)
    }
}
