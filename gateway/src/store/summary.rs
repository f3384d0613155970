//! What a datastream observed, settled and summed up: of each window of time how many observations, and of those that can
//! be believed the sum, the least and the most.
//!
//! As long as the observations are kept, summaries are made of them whenever somebody asks, so they are never anything
//! else than those say by now. What is older stands in hours and days that were made before they went
//! ([`super::history::rollup`]).

use super::history::rollup::{Rollup, admitted};
use super::history::{Every, Wanted};
use super::{Reader, Stored};
use bongsu_rules::Observation;
use bongsu_sensors::Time;
use bongsu_sensors::reading::DatastreamId;
use jiff::ToSpan;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

/// An hour and a day, milliseconds.
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// The first of all days, from which windows of several days are counted.
const FIRST_DAY: Date = date(1970, 1, 1);

/// What is summed up together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// So many milliseconds, counted from the beginning of 1970, UTC.
    Even(i64),
    /// So many days of the city, counted from the first of 1970.
    Days(i64),
}

impl Window {
    /// An hour of UTC.
    pub const HOUR: Window = Window::Even(HOUR);
    /// A day of the city.
    pub const DAY: Window = Window::Days(1);

    /// A window of this length: whole days are days of the city, anything else is counted in minutes. `None`: it is no
    /// whole number of minutes, or none at all.
    pub fn of(length: Duration) -> Option<Window> {
        let length = i64::try_from(length.as_millis()).ok().filter(|length| *length > 0 && length % 60_000 == 0)?;
        Some(if length % DAY == 0 { Window::Days(length / DAY) } else { Window::Even(length) })
    }

    /// The window that a time lies in: its first moment, and the first behind it.
    pub fn around(self, time: Time, zone: &TimeZone) -> (Time, Time) {
        let even = |length: i64| {
            let begin = time.millis().div_euclid(length).saturating_mul(length);
            (Time::from_millis(begin), Time::from_millis(begin.saturating_add(length)))
        };
        match self {
            Window::Even(length) => even(length),
            // A time that no calendar has is alone in its hour.
            Window::Days(days) => around_days(time, days, zone).unwrap_or_else(|| even(HOUR)),
        }
    }

    /// What of it stays when the observations are no longer kept; `None`: nothing.
    fn kept_as(self) -> Option<Every> {
        match self {
            Window::Days(_) => Some(Every::Day),
            Window::Even(length) => (length % HOUR == 0).then_some(Every::Hour),
        }
    }
}

fn around_days(time: Time, days: i64, zone: &TimeZone) -> Option<(Time, Time)> {
    let moment = jiff::Timestamp::from_millisecond(time.millis()).ok()?;
    let today = moment.to_zoned(zone.clone()).date();
    let number = today.duration_since(FIRST_DAY).as_hours() / 24;
    let first = FIRST_DAY.checked_add((number.div_euclid(days) * days).days()).ok()?;
    let behind = first.checked_add(days.days()).ok()?;
    let begin = |day: Date| Some(Time::from_millis(day.to_zoned(zone.clone()).ok()?.timestamp().as_millisecond()));
    Some((begin(first)?, begin(behind)?))
}

/// What a summary was made of. What is behind is coarser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MadeOf {
    /// Of the observations themselves.
    Observations,
    /// Of hours that were made while there were observations.
    Hours,
    /// Of such days.
    Days,
}

/// What was observed in a window of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// Its first moment.
    pub time: Time,
    /// Observations in it, missing values included.
    pub observations: u64,
    /// When the first and the last of them were true.
    pub span: (Time, Time),
    /// Values in it that can be believed.
    pub count: u64,
    /// Their sum; 0 where there are none, as for the two below.
    pub sum: f64,
    /// The least.
    pub min: f64,
    /// The most.
    pub max: f64,
    /// What it was made of.
    pub made_of: MadeOf,
}

impl Summary {
    /// One of nothing yet.
    pub fn begin(time: Time) -> Summary {
        let span = (Time::from_millis(i64::MAX), Time::from_millis(i64::MIN));
        let made_of = MadeOf::Observations;
        Summary { time, observations: 0, span, count: 0, sum: 0.0, min: 0.0, max: 0.0, made_of }
    }

    /// One of an observation.
    pub fn of(time: Time, seen: &Observation) -> Summary {
        let mut summary = Summary::begin(time);
        summary.take(seen);
        summary
    }

    /// Adds an observation.
    fn take(&mut self, seen: &Observation) {
        self.observations += 1;
        self.span = (self.span.0.min(seen.time), self.span.1.max(seen.time));
        let Some(value) = seen.value.filter(|_| seen.flag.usable()) else { return };
        self.add_values(1, value, value, value);
    }

    fn add_values(&mut self, count: u64, sum: f64, min: f64, max: f64) {
        let is_first = self.count == 0;
        self.min = if is_first { min } else { self.min.min(min) };
        self.max = if is_first { max } else { self.max.max(max) };
        self.count += count;
        self.sum += sum;
    }

    /// Adds what another one says.
    pub fn add(&mut self, other: &Summary) {
        self.observations += other.observations;
        self.span = (self.span.0.min(other.span.0), self.span.1.max(other.span.1));
        self.made_of = self.made_of.max(other.made_of);
        if other.count > 0 {
            self.add_values(other.count, other.sum, other.min, other.max);
        }
    }

    /// Sums observations up, window by window.
    pub fn windows<'a>(
        seen: impl IntoIterator<Item = &'a Observation>,
        window: Window,
        zone: &TimeZone,
    ) -> BTreeMap<Time, Summary> {
        let mut windows: BTreeMap<Time, Summary> = BTreeMap::new();
        // Observations mostly follow one another: the window under way is not looked up for each.
        let mut under_way: Option<(Summary, Time)> = None;
        for seen in seen {
            if let Some((summary, end)) = &mut under_way
                && (summary.time..*end).contains(&seen.time)
            {
                summary.take(seen);
                continue;
            }
            windows.extend(under_way.take().map(|(summary, _)| (summary.time, summary)));
            let (begin, end) = window.around(seen.time, zone);
            let mut summary = windows.remove(&begin).unwrap_or_else(|| Summary::begin(begin));
            summary.take(seen);
            under_way = Some((summary, end));
        }
        windows.extend(under_way.map(|(summary, _)| (summary.time, summary)));
        windows
    }
}

/// An observation, with its place among all that came.
type Came = (usize, Observation);

/// The windows of a span of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summaries {
    /// Those in which something was observed, by time.
    pub windows: Vec<Summary>,
    /// Single observations are kept of this time on, and where windows are as small nothing before is answered; `None`:
    /// all are.
    pub observations_since: Option<Time>,
}

impl Reader {
    /// Observations that are wanted, datastream by datastream and by time, with the flags they have by now: of those of
    /// one time the first that came.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(super) fn settled(&self, wanted: &Wanted<'_>) -> rusqlite::Result<Vec<Observation>> {
        let (mut came, mut later) = (Vec::<Came>::new(), Vec::new());
        self.past().stored(wanted, |stored| {
            match stored {
                Stored::Observation(seen) => came.push((came.len() + later.len(), seen)),
                Stored::Flag(id, time, flag, tests) => later.push((came.len() + later.len(), (id, time), flag, tests)),
            }
            ControlFlow::Continue(())
        })?;
        let key = |seen: &Observation| (seen.datastream, seen.time);
        // Those of one time stay in the order in which they came.
        came.sort_by_key(|(_, seen)| key(seen));
        came.dedup_by_key(|(_, seen)| key(seen));
        for (place, of, flag, tests) in later {
            if let Ok(at) = came.binary_search_by_key(&of, |(_, seen)| key(seen))
                && came[at].0 < place
            {
                (came[at].1.flag, came[at].1.tests) = (flag, tests);
            }
        }
        Ok(came.into_iter().map(|(_, seen)| seen).collect())
    }

    /// What one datastream observed with `from ≤ time < to`, window by window. A window that only partly lies in it is of
    /// that part, as far as the observations are kept; an hour or a day that was rolled up counts where all of it lies
    /// there.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn summaries(
        &self,
        id: DatastreamId,
        (from, to): (Time, Time),
        window: Window,
        zone: &TimeZone,
    ) -> rusqlite::Result<Summaries> {
        let past = self.past();
        let _moment = past.moment()?;
        let datastreams = [id.0];
        let Some(reach) = self.reach()? else {
            let wanted = Wanted { from, to, ..Wanted::of(&datastreams) };
            let windows = Summary::windows(&self.settled(&wanted)?, window, zone).into_values().collect();
            return Ok(Summaries { windows, observations_since: None });
        };
        let every = window.kept_as();
        let kept_since = every.map_or(reach.hours, |every| reach.of(every));
        let wanted = Wanted { from: from.max(kept_since), to, ..Wanted::of(&datastreams) };
        let mut windows = match wanted.from < to {
            true => Summary::windows(&self.settled(&wanted)?, window, zone),
            false => BTreeMap::new(),
        };
        if let Some(every) = every.filter(|every| from < reach.of(*every)) {
            let to = to.min(reach.of(every));
            let whole = |span: &Summary| from <= span.time && every.window().around(span.time, zone).1 <= to;
            let of = |time| window.around(time, zone).0;
            for span in self.rolled(every, id, (from, to))?.iter().flat_map(Rollup::spans).filter(|span| whole(span)) {
                windows.entry(of(span.time)).or_insert_with(|| Summary::begin(of(span.time))).add(span);
            }
            for late in admitted(self, id, (from, to), every, &reach, zone)? {
                let begin = of(late.time);
                windows.entry(begin).or_insert_with(|| Summary::begin(begin)).add(&Summary::of(begin, &late));
            }
        }
        Ok(Summaries { windows: windows.into_values().collect(), observations_since: Some(reach.hours) })
    }
}
