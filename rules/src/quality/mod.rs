//! Quality control: tests in the sense of QARTOD that give each observation its flag.
//!
//! A test is a function of what the series holds around the observation, so the same observations get the same flags
//! whether they came live, in a replay or after a restart. Some tests need the next observation: the newest one is
//! judged by the others, and judged again when its successor comes. Two ask near by: what other stations have said by
//! then is in the log before it, so a replay asks the same.

mod attenuated;
mod climatology;
mod flat;
mod gap;
mod neighbour;
mod range;
mod rate;
mod spike;

use crate::flag::{Flag, Tests};
use crate::series::{Sample, Series, Window};
use bongsu_sensors::Time;
use bongsu_sensors::catalog::quality::Quality;
use jiff::tz::TimeZone;
use smallvec::SmallVec;
use std::sync::Arc;
use std::time::Duration;

/// What another datastream near by has said.
#[derive(Clone, Debug)]
pub struct Near {
    /// Its observations.
    pub series: Arc<Series>,
    /// How often it sends.
    pub cadence: Duration,
    /// Its values are a running total.
    pub is_counter: bool,
}

impl Near {
    /// How much came together in a window of it.
    fn amount(&self, window: &Window<'_>) -> f64 {
        if self.is_counter {
            return crate::stats::amount::rises(window, self.cadence * 5 / 2).iter().sum();
        }
        window.values().sum()
    }
}

/// Whom a test may ask, and the zone of its months.
#[derive(Clone, Debug, Default)]
pub struct Around {
    /// Datastreams of the same kind near by.
    pub peers: SmallVec<[Near; 2]>,
    /// Rain gauges near by.
    pub rain: SmallVec<[Near; 2]>,
    /// The city's time zone; `None` is UTC.
    pub zone: Option<TimeZone>,
}

/// What a test may look at.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The observations around it.
    pub series: &'a Series,
    /// Its own place among them.
    pub at: usize,
    /// The limits of its datastream.
    pub limits: &'a Quality,
    /// How often the datastream sends.
    pub cadence: Duration,
    /// Who is near.
    pub around: &'a Around,
}

impl<'a> Context<'a> {
    /// The observation under test.
    pub fn sample(&self) -> Option<&'a Sample> {
        self.series.get(self.at)
    }

    /// The last observation before it that rules may use.
    pub fn last_good(&self) -> Option<&'a Sample> {
        (0..self.at).rev().filter_map(|at| self.series.get(at)).find(|sample| sample.flag.usable())
    }

    /// The observation right before it.
    pub fn before(&self) -> Option<&'a Sample> {
        self.series.get(self.at.checked_sub(1)?)
    }

    /// The observation right after it.
    pub fn after(&self) -> Option<&'a Sample> {
        self.series.get(self.at + 1)
    }

    /// The month of a moment, 1 to 12, by the city's calendar.
    fn month(&self, time: Time) -> i8 {
        time.civil(self.around.zone.as_ref().unwrap_or(&TimeZone::UTC)).month()
    }
}

/// One quality test.
#[derive(Debug)]
pub struct Test {
    /// Its name.
    pub name: &'static str,
    /// Judges one observation, as published.
    pub run: fn(&Context<'_>) -> Flag,
    /// Judges it in the end, where we know more than the published test asks.
    pub settle: Option<fn(&Context<'_>) -> Flag>,
}

/// Every test. A new one is a file here and a line at the end of this table: flags are stored by their place in it.
pub const TESTS: &[Test] = &[
    Test { name: "gross_range", run: range::test, settle: None },
    Test { name: "rate_of_change", run: rate::test, settle: Some(rate::settle) },
    Test { name: "gap", run: gap::test, settle: None },
    Test { name: "spike", run: spike::test, settle: None },
    Test { name: "flat_line", run: flat::test, settle: None },
    Test { name: "attenuated_signal", run: attenuated::test, settle: None },
    Test { name: "climatology", run: climatology::test, settle: None },
    Test { name: "neighbours", run: neighbour::test, settle: None },
];

/// What all tests say of one observation, each for itself.
pub fn judge(context: &Context<'_>) -> Tests {
    let settled = |test: &Test| test.settle.unwrap_or(test.run)(context);
    Tests::of(TESTS.iter().map(settled))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::Inserted;
    use bongsu_sensors::catalog::quality::{Attenuated, Flat, Liveliness, Neighbours, Season, Spike, SpikeMethod};

    const MINUTE: Duration = Duration::from_secs(60);

    fn limits() -> Quality {
        Quality {
            range: (0.0, 15.0),
            usual: None,
            max_rate: Some((0.5, 10 * MINUTE)),
            spike: Some(Spike { suspect: 1.0, fail: 3.0, method: SpikeMethod::Differential }),
            flat: Some(Flat { after: 60 * MINUTE, fail_after: Some(90 * MINUTE), tolerance: 0.01 }),
            attenuated: None,
            seasons: Vec::new(),
            neighbours: None,
            support: None,
        }
    }

    /// Feeds values ten minutes apart, as the engine does, and answers their flags.
    fn flags(values: &[f64], limits: &Quality) -> String {
        flags_near(values, limits, &Around::default())
    }

    fn flags_near(values: &[f64], limits: &Quality, around: &Around) -> String {
        let mut series = Series::default();
        let cadence = 10 * MINUTE;
        for (step, value) in (0_u32..).zip(values) {
            let time = Time::from_millis(0) + cadence * step;
            let Inserted::At(at) = series.insert(Sample { time, value: *value, flag: Flag::NotEvaluated }) else {
                panic!("times differ")
            };
            for at in at.saturating_sub(1)..=at {
                let flag = judge(&Context { series: &series, at, limits, cadence, around }).roll_up();
                let time = series.get(at).expect("there").time;
                series.reflag(time, flag);
            }
        }
        series.iter().map(|sample| sample.flag.number().to_string()).collect()
    }

    #[test]
    fn flags_follow_the_limits() {
        let quiet = Quality { spike: None, flat: None, ..limits() };
        let check = |values: &[f64], limits: &Quality, expect: &str| {
            assert_eq!(flags(values, limits), expect, "{values:?}");
        };
        check(&[1.0, 1.1, 1.2], &quiet, "111");
        check(&[1.0, 16.0, 1.2], &quiet, "141");
        check(&[-990.0], &quiet, "4");
        // A jump that comes back was no water; a jump that stays is a river.
        check(&[1.0, 1.1, 3.1, 1.2, 1.2], &quiet, "11311");
        check(&[1.0, 1.1, 3.1, 3.2, 3.3], &quiet, "11111");
        check(&[1.0, 1.1, 3.1], &quiet, "113");
        check(&[1.0, 3.0, 5.0, 7.0], &quiet, "1333");
        // The newest sample's spike test is not evaluated and does not hold it back.
        let spiky = Quality { max_rate: None, flat: None, ..limits() };
        check(&[1.0, 1.0, 2.5], &spiky, "111");
        check(&[1.0, 1.0, 2.5, 1.0], &spiky, "1131");
        check(&[1.0, 1.0, 9.0, 1.0], &spiky, "1141");
        // Flat: seven equal values span a full hour.
        let flat = Quality { max_rate: None, spike: None, ..limits() };
        check(&[2.0; 11], &flat, "11111133344");
        check(&[2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.1, 2.0], &flat, "11111111");
    }

    #[test]
    fn a_signal_that_hardly_moves_is_attenuated() {
        let attenuated =
            Attenuated { over: 60 * MINUTE, suspect: 0.5, fail: 0.1, least: 3, measure: Liveliness::Range };
        let limits = Quality { max_rate: None, spike: None, flat: None, attenuated: Some(attenuated), ..limits() };
        assert_eq!(flags(&[1.0, 2.0, 1.0, 1.0, 1.2, 1.1, 1.2, 1.2], &limits), "11111113");
        assert_eq!(flags(&[1.0, 1.01, 1.02, 1.03, 1.6], &limits), "11441");
        let deviation = Attenuated { measure: Liveliness::Deviation, ..attenuated };
        let limits = Quality { attenuated: Some(deviation), ..limits };
        assert_eq!(flags(&[1.0, 2.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0], &limits), "111111344");
    }

    #[test]
    fn what_is_usual_depends_on_the_month() {
        let summer = Season { months: (6, 9), usual: (0.0, 9.0), range: None };
        // The observations are of January.
        let winter = Season { months: (11, 2), usual: (0.0, 2.0), range: Some((0.0, 5.0)) };
        let limits = Quality { max_rate: None, spike: None, flat: None, seasons: vec![summer, winter], ..limits() };
        assert_eq!(flags(&[1.0, 3.0, 6.0], &limits), "134");
        let usual = Quality { usual: Some((0.5, 2.0)), seasons: Vec::new(), ..limits };
        assert_eq!(flags(&[0.2, 1.0, 3.0, 16.0], &usual), "3134");
    }

    /// A datastream near by, ten minutes apart.
    fn near(values: &[f64]) -> Near {
        let cadence = 10 * MINUTE;
        let mut series = Series::default();
        for (step, value) in (0_u32..).zip(values) {
            let time = Time::from_millis(0) + cadence * step;
            series.insert(Sample { time, value: *value, flag: Flag::Pass });
        }
        Near { series: Arc::new(series), cadence, is_counter: false }
    }

    #[test]
    fn one_who_says_what_no_neighbour_says_is_suspect() {
        let neighbours = Neighbours { within_km: 5.0, suspect: 1.0, fail: 3.0 };
        let limits = Quality { max_rate: None, spike: None, flat: None, neighbours: Some(neighbours), ..limits() };
        let peers = SmallVec::from_vec(vec![near(&[1.0, 1.0, 1.0]), near(&[1.4, 1.4, 1.4])]);
        let around = Around { peers, ..Around::default() };
        assert_eq!(flags_near(&[1.0, 2.5, 6.0], &limits, &around), "134");
        let alone = Around { peers: around.peers[..1].into(), ..Around::default() };
        assert_eq!(flags_near(&[1.0, 2.5, 6.0], &limits, &alone), "111");
    }

    #[test]
    fn a_jump_is_believed_at_once_where_a_neighbour_jumps_or_rain_falls() {
        let support = bongsu_sensors::catalog::quality::Support { within_km: 5.0, rain: Some(10.0), change: Some(0.3) };
        let limits = Quality { spike: None, flat: None, support: Some(support), ..limits() };
        let check = |peer: &[f64], rain: &[f64], expect: &str| {
            let (peers, rain) = (SmallVec::from_vec(vec![near(peer)]), SmallVec::from_vec(vec![near(rain)]));
            let around = Around { peers, rain, zone: None };
            assert_eq!(
                flags_near(&[1.0, 1.0, 1.0, 3.0], &limits, &around),
                expect,
                "{peer:?} {rain:?}",
                rain = around.rain
            );
        };
        check(&[1.0; 4], &[0.0; 4], "1113");
        check(&[1.0, 1.0, 1.0, 1.4], &[0.0; 4], "1111");
        check(&[1.4, 1.4, 1.4, 1.0], &[0.0; 4], "1113");
        check(&[1.0; 4], &[0.0, 6.0, 5.0, 0.0], "1111");
    }
}
