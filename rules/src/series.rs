//! The recent observations of one datastream, in the order of their phenomenon times: what windows are cut from.
//!
//! What a series holds is a function of which observations went in and how long it must look back, not of the order in
//! which they came. It is shared by reference count with running rules, so a rule never copies it.

use crate::flag::Flag;
use bongsu_sensors::Time;
use smallvec::SmallVec;
use std::collections::VecDeque;
use std::time::Duration;

/// One observation in a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// When it was true.
    pub time: Time,
    /// What was true, always finite.
    pub value: f64,
    /// How far it can be believed.
    pub flag: Flag,
}

/// What became of an insertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It is in, at this place.
    At(usize),
    /// The same value is already known for that time.
    Duplicate,
    /// Another value is already known for that time.
    Conflict,
}

/// Most samples one series keeps, whatever its windows ask for: 30 days of minutes and some. At 24 bytes each it
/// bounds a datastream to 1.2 MB; older samples give way first, and windows that reach them are incomplete.
pub const SAMPLE_LIMIT: usize = 50_000;

/// Most readings without a value that one series remembers; older ones give way first.
const MISSING_LIMIT: usize = 64;

/// The recent observations of one datastream.
#[derive(Clone, Debug, Default)]
pub struct Series {
    samples: VecDeque<Sample>,
    /// When its device said that a value is missing, in order.
    missing: Vec<Time>,
}

/// A sample is looked for among so many of the newest before all others: nearly every one belongs there.
const NEAR: usize = 4;

impl Series {
    /// All samples, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Sample> + ExactSizeIterator {
        self.samples.iter()
    }

    /// How many samples it holds.
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// The sample at a place.
    pub fn get(&self, at: usize) -> Option<&Sample> {
        self.samples.get(at)
    }

    /// The newest sample.
    pub fn newest(&self) -> Option<&Sample> {
        self.samples.back()
    }

    /// The newest sample that is not after a moment, and the first after it, whatever their flags.
    pub fn around(&self, moment: Time) -> (Option<&Sample>, Option<&Sample>) {
        let by = self.count_by(moment);
        (by.checked_sub(1).and_then(|at| self.samples.get(at)), self.samples.get(by))
    }

    /// How many samples are not after `time`. Datastreams keep a beat, so the place is guessed from the beat and found
    /// right there; where they do not, it is searched for from the guess on.
    fn count_by(&self, time: Time) -> usize {
        let (Some(first), Some(last)) = (self.samples.front(), self.samples.back()) else { return 0 };
        if last.time <= time {
            return self.samples.len();
        }
        if first.time > time {
            return 0;
        }
        // From here on the sample at `low` is not after `time`, and the one at `high` is.
        let (mut low, mut high) = (0, self.samples.len() - 1);
        let into = time.since(first.time).as_millis() * high as u128 / last.time.since(first.time).as_millis().max(1);
        let guess = usize::try_from(into).unwrap_or(high).min(high);
        let mut step = 1;
        if self.samples[guess].time <= time {
            low = guess;
            while low + step < high && self.samples[low + step].time <= time {
                (low, step) = (low + step, step * 2);
            }
            high = high.min(low + step);
        } else {
            high = guess;
            while low + step < high && self.samples[high - step].time > time {
                (high, step) = (high - step, step * 2);
            }
            low = low.max(high.saturating_sub(step));
        }
        while high - low > 1 {
            let middle = usize::midpoint(low, high);
            if self.samples[middle].time <= time {
                low = middle;
            } else {
                high = middle;
            }
        }
        low + 1
    }

    /// The newest sample that rules may use and that is not after `until`.
    pub fn newest_usable(&self, until: Time) -> Option<&Sample> {
        self.samples.iter().rev().find(|sample| sample.time <= until && sample.flag.usable())
    }

    /// Puts a sample where its time belongs.
    pub fn insert(&mut self, sample: Sample) -> Inserted {
        let later = self.samples.iter().rev().take(NEAR).take_while(|old| old.time >= sample.time).count();
        let at = match later {
            NEAR => self.samples.partition_point(|old| old.time < sample.time),
            _ => self.samples.len() - later,
        };
        if let Some(old) = self.samples.get(at).filter(|old| old.time == sample.time) {
            return if old.value == sample.value { Inserted::Duplicate } else { Inserted::Conflict };
        }
        if at == self.samples.len() {
            self.samples.push_back(sample);
        } else {
            self.samples.insert(at, sample);
        }
        Inserted::At(at)
    }

    /// Remembers that the device said for a time that its value is missing.
    pub fn note_missing(&mut self, time: Time) {
        if let Err(at) = self.missing.binary_search(&time) {
            self.missing.insert(at, time);
            if self.missing.len() > MISSING_LIMIT {
                self.missing.remove(0);
            }
        }
    }

    /// Whether the device said that a value is missing after one moment and before another.
    pub fn is_missing_between(&self, after: Time, before: Time) -> bool {
        let at = self.missing.partition_point(|time| *time <= after);
        self.missing.get(at).is_some_and(|time| *time < before)
    }

    /// What is known for a time: the sample at exactly that time.
    pub fn at_time(&self, time: Time) -> Option<usize> {
        let at = self.count_by(time).checked_sub(1)?;
        (self.samples[at].time == time).then_some(at)
    }

    /// Gives the sample of a time another flag; answers whether that changed anything.
    pub fn reflag(&mut self, time: Time, flag: Flag) -> bool {
        match self.at_time(time).and_then(|at| self.samples.get_mut(at)) {
            Some(sample) if sample.flag != flag => {
                sample.flag = flag;
                true
            }
            _ => false,
        }
    }

    /// Forgets what no window looks back to: everything before the last sample at or before `newest − look_back`.
    /// That one stays, because the first amount of a window is counted from it. At least `keep` samples stay.
    pub fn prune(&mut self, look_back: Duration, keep: usize) {
        let Some(newest) = self.samples.back() else { return };
        let horizon = newest.time - look_back;
        if self.missing.first().is_some_and(|time| *time < horizon) {
            // Those beside the samples that always stay are kept too: tests of neighbours ask for them.
            let oldest = self.samples.iter().rev().nth(keep).map_or(horizon, |oldest| oldest.time.min(horizon));
            self.missing.retain(|time| *time >= oldest);
        }
        while self.samples.len() > keep && self.samples.get(1).is_some_and(|second| second.time <= horizon) {
            self.samples.pop_front();
        }
        while self.samples.len() > SAMPLE_LIMIT {
            self.samples.pop_front();
        }
        // A burst leaves room behind that a quiet series never needs again.
        if self.samples.capacity() > 64 && self.samples.capacity() / 4 > self.samples.len() {
            self.samples.shrink_to(self.samples.len() * 2);
        }
    }

    /// The samples of the window that ends at `until` and is `length` long: `until − length < time ≤ until`.
    pub fn window(&self, until: Time, length: Duration) -> Window<'_> {
        let start = until - length;
        let (from, to) = (self.count_by(start), self.count_by(until));
        Window { series: self, from, to: to.max(from), start, until }
    }
}

/// A stretch of a series. Only observations that rules may use are seen through it.
#[derive(Clone, Copy, Debug)]
pub struct Window<'a> {
    series: &'a Series,
    from: usize,
    to: usize,
    start: Time,
    until: Time,
}

impl<'a> Window<'a> {
    /// The usable samples, oldest first.
    pub fn samples(&self) -> impl DoubleEndedIterator<Item = &'a Sample> + Clone + use<'a> {
        self.series.samples.range(self.from..self.to).filter(|sample| sample.flag.usable())
    }

    /// The usable values, oldest first.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = f64> + use<'a> {
        self.samples().map(|sample| sample.value)
    }

    /// The usable values, oldest first, in one piece.
    pub fn gather(&self) -> SmallVec<[f64; 64]> {
        let mut values = SmallVec::with_capacity(self.to - self.from);
        let (front, back) = self.series.samples.as_slices();
        let middle = front.len();
        for part in [
            &front[self.from.min(middle)..self.to.min(middle)],
            &back[self.from.max(middle) - middle..self.to.max(middle) - middle],
        ] {
            values.extend(part.iter().filter(|sample| sample.flag.usable()).map(|sample| sample.value));
        }
        values
    }

    /// The flags of all its samples, usable or not.
    pub fn flags(&self) -> impl Iterator<Item = Flag> + use<'a> {
        self.series.samples.range(self.from..self.to).map(|sample| sample.flag)
    }

    /// Whether anything is remembered from before the window.
    pub fn reaches_back(&self) -> bool {
        self.from > 0
    }

    /// The last usable sample before the window: what the first change in the window is counted from.
    pub fn before(&self) -> Option<&'a Sample> {
        self.series.samples.range(..self.from).rev().find(|sample| sample.flag.usable())
    }

    /// The moment it ends at.
    pub fn until(&self) -> Time {
        self.until
    }

    /// The window's length.
    pub fn length(&self) -> Duration {
        self.until.since(self.start)
    }

    /// Whether the window is filled: nowhere in it, its edges included, are two usable observations further apart
    /// than `slack`, which is the datastream's cadence with room for one late reading.
    pub fn is_filled(&self, slack: Duration) -> bool {
        let mut reached = match self.before() {
            Some(sample) => sample.time.max(self.start),
            None => self.start,
        };
        for sample in self.samples() {
            if sample.time.since(reached) > slack {
                return false;
            }
            reached = sample.time;
        }
        self.until.since(reached) <= slack
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(minute: i64, value: f64) -> Sample {
        Sample { time: Time::from_millis(minute * 60_000), value, flag: Flag::Pass }
    }

    fn minutes(n: u64) -> Duration {
        Duration::from_secs(n * 60)
    }

    #[test]
    fn order_of_arrival_does_not_matter() {
        let mut forward = Series::default();
        let mut backward = Series::default();
        for minute in 0..10 {
            assert!(matches!(forward.insert(sample(minute, minute as f64)), Inserted::At(_)));
            assert!(matches!(backward.insert(sample(9 - minute, (9 - minute) as f64)), Inserted::At(_)));
        }
        assert_eq!(forward.samples, backward.samples);
        assert_eq!(forward.insert(sample(3, 3.0)), Inserted::Duplicate);
        assert_eq!(forward.insert(sample(3, 4.0)), Inserted::Conflict);
    }

    #[test]
    fn a_place_is_found_whatever_the_beat() {
        let beats: [&[i64]; 7] = [
            &[],
            &[5],
            &[0, 1],
            &[0, 10, 20, 30, 40, 50],
            &[0, 10, 11, 12, 13, 14, 200],
            &[0, 190, 191, 192, 193, 200],
            &[0, 1, 2, 3, 100, 101, 102, 103, 104, 105, 106, 199],
        ];
        for beat in beats {
            let mut series = Series::default();
            for minute in beat {
                series.insert(sample(*minute, 1.0));
            }
            for minute in -2..210 {
                let by = beat.iter().filter(|other| **other <= minute).count();
                assert_eq!(series.count_by(Time::from_millis(minute * 60_000)), by, "{minute} in {beat:?}");
            }
        }
    }

    #[test]
    fn a_window_is_open_at_its_start_and_closed_at_its_end() {
        let mut series = Series::default();
        for minute in 0..10 {
            series.insert(sample(minute, minute as f64));
        }
        let window = series.window(Time::from_millis(9 * 60_000), minutes(3));
        assert_eq!(window.values().collect::<Vec<_>>(), [7.0, 8.0, 9.0]);
        assert_eq!(window.before().map(|s| s.value), Some(6.0));
        let earlier = series.window(Time::from_millis(5 * 60_000), minutes(2));
        assert_eq!(earlier.values().collect::<Vec<_>>(), [4.0, 5.0]);
    }

    #[test]
    fn a_window_with_a_hole_is_not_filled() {
        let mut series = Series::default();
        for minute in [0, 1, 2, 6, 7, 8] {
            series.insert(sample(minute, 1.0));
        }
        let until = Time::from_millis(8 * 60_000);
        assert!(series.window(until, minutes(2)).is_filled(minutes(2)));
        assert!(!series.window(until, minutes(6)).is_filled(minutes(2)));
        assert!(!series.window(until, minutes(20)).is_filled(minutes(2)), "history is shorter than the window");
    }

    #[test]
    fn what_a_device_said_is_missing_is_known_for_a_while() {
        let mut series = Series::default();
        for minute in 0..20 {
            series.insert(sample(minute * 2, 1.0));
            series.note_missing(Time::from_millis((minute * 2 + 1) * 60_000));
            series.prune(minutes(10), 2);
        }
        let at = |minute: i64| Time::from_millis(minute * 60_000);
        assert!(series.is_missing_between(at(36), at(38)));
        assert!(!series.is_missing_between(at(37), at(39)), "both ends are open");
        assert!(!series.is_missing_between(at(0), at(20)), "long ago");
        for minute in 100..300 {
            series.note_missing(at(minute));
        }
        assert_eq!(series.missing.len(), MISSING_LIMIT);
    }

    #[test]
    fn pruning_keeps_the_sample_a_window_starts_from() {
        let mut series = Series::default();
        for minute in 0..100 {
            series.insert(sample(minute, minute as f64));
            series.prune(minutes(5), 2);
        }
        assert_eq!(series.len(), 6);
        assert_eq!(series.window(Time::from_millis(99 * 60_000), minutes(5)).before().map(|s| s.value), Some(94.0));
    }
}
