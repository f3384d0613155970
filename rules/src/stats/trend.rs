//! Where it is going: slope, rate, and the time until a limit is reached.

use crate::language::input::{Input, Stream};
use crate::language::value::{Measure, Value};
use crate::series::Sample;
use crate::stats::{Answer, median, over, over_in_unit, window_length, wrong};
use rhai::ImmutableString;
use rhai::plugin::export_module;
use smallvec::SmallVec;
use std::time::Duration;

/// Most samples a Theil–Sen slope is taken over: the number of pairs grows with the square. A longer window is thinned
/// evenly, its newest sample always kept.
const SLOPE_SAMPLES: usize = 96;

/// Milliseconds in an hour.
const HOUR_MS: f64 = 3_600_000.0;

/// Theil–Sen slope: the median of the slopes between all pairs, per hour. Fewer than three samples have none.
///
/// # Units
/// Unit of the input per hour.
///
/// # Source
/// Sen 1968, "Estimates of the regression coefficient based on Kendall's tau".
pub fn theil_sen<'a>(samples: impl DoubleEndedIterator<Item = &'a Sample>) -> Option<f64> {
    let all: SmallVec<[&Sample; 64]> = samples.collect();
    if all.len() < 3 {
        return None;
    }
    let step = all.len().div_ceil(SLOPE_SAMPLES);
    let thin: SmallVec<[&Sample; 64]> = all.iter().rev().step_by(step).copied().collect();
    let mut slopes: SmallVec<[f64; 128]> = SmallVec::new();
    for (at, a) in thin.iter().enumerate() {
        for b in &thin[at + 1..] {
            slopes.push((a.value - b.value) / hours(b, a));
        }
    }
    median(&mut slopes)
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds between two samples of one window")]
fn hours(from: &Sample, to: &Sample) -> f64 {
    (to.time.millis() - from.time.millis()) as f64 / HOUR_MS
}

/// Least-squares slope, per hour. Fewer than three samples have none.
///
/// # Units
/// Unit of the input per hour.
///
/// # Source
/// Gauss 1809, around the means, so that no digits are lost to the size of a time.
pub fn least_squares<'a>(samples: impl Iterator<Item = &'a Sample> + Clone) -> Option<f64> {
    let first = samples.clone().next()?;
    let (mut count, mut mean_x, mut mean_y, mut spread, mut joint) = (0_u32, 0.0, 0.0, 0.0, 0.0);
    for sample in samples {
        count += 1;
        let (dx, dy) = (hours(first, sample) - mean_x, sample.value - mean_y);
        mean_x += dx / f64::from(count);
        mean_y += dy / f64::from(count);
        spread += dx * (hours(first, sample) - mean_x);
        joint += dx * (sample.value - mean_y);
    }
    (count >= 3 && spread > 0.0).then(|| joint / spread)
}

/// The exponentially weighted moving average after the last of some values, begun with the first.
///
/// # Source
/// Roberts 1959, "Control chart tests based on geometric moving averages".
pub fn weighted_mean(values: &[f64], lambda: f64) -> Option<f64> {
    let (first, rest) = values.split_first()?;
    Some(rest.iter().fold(*first, |z, x| lambda * x + (1.0 - lambda) * z))
}

/// A slope, where the window holds at least half of what the cadence promises.
fn slope_of(stream: &Stream, length: Duration) -> Measure {
    let slope = || {
        let window = stream.window(length);
        match crate::stats::is_represented(stream, &window, 3) {
            true => Measure::of(theil_sen(window.samples())),
            false => Measure::Unknown,
        }
    };
    let (until, known, found) = *stream.slope.get_or_init(|| (stream.until, length, slope()));
    // A copy of the datastream may end elsewhere: at its last word.
    if (until, known) == (stream.until, length) { found } else { slope() }
}

/// The methods a rule sees.
#[export_module]
#[expect(clippy::unwrap_used, reason = "the export macro unwraps what the script engine has checked")]
pub mod methods {
    /// Theil–Sen slope of the window, in the input's unit per hour: the median slope between all pairs, unmoved by a
    /// few wild values. Needs three observations.
    ///
    /// # Units
    /// Unit of the input per hour.
    ///
    /// # Source
    /// Sen 1968; at most 96 observations, evenly thinned.
    ///
    /// # Check
    /// 1, 2, 99, 4, 5 ten minutes apart: 6.
    #[rhai_fn(pure, return_raw)]
    pub fn slope(input: &mut Input, window: ImmutableString) -> Answer {
        let length = window_length(&window)?;
        Ok(input.each(|stream| slope_of(stream, length)))
    }

    /// Least-squares slope of the window: cheaper than `slope`, and moved by every wild value. Needs three observations,
    /// and half of those the cadence promises.
    ///
    /// # Units
    /// Unit of the input per hour.
    ///
    /// # Source
    /// Gauss 1809.
    ///
    /// # Check
    /// 1, 2, 4 ten minutes apart: 9 an hour.
    #[rhai_fn(pure, return_raw)]
    pub fn line_slope(input: &mut Input, window: ImmutableString) -> Answer {
        over(input, &window, |stream, window| match crate::stats::representative(stream, &window, 3) {
            Some(_) => Measure::of(least_squares(window.samples())),
            None => Measure::Unknown,
        })
    }

    /// Change from the first to the newest observation of the window, in the input's unit per hour.
    ///
    /// # Units
    /// Unit of the input per hour.
    ///
    /// # Source
    /// A difference over its time.
    ///
    /// # Check
    /// 2 half an hour ago, 3 now: 2.
    #[rhai_fn(pure, return_raw)]
    pub fn rate(input: &mut Input, window: ImmutableString) -> Answer {
        over(input, &window, |_, window| {
            let first = window.before().filter(|sample| window.length() >= window.until().since(sample.time));
            let first = first.or_else(|| window.samples().next());
            match (first, window.samples().next_back()) {
                (Some(first), Some(last)) if first.time < last.time => {
                    Measure::known((last.value - first.value) / hours(first, last))
                }
                _ => Measure::Unknown,
            }
        })
    }

    /// How far the newest observation lies above the least of the window, in the input's unit: 0 while it falls. The one
    /// that is exactly as old as the window is counted. With a gap in the window it is a lower bound. One reading that is
    /// too low makes a rise for as long as the window: join it with `slope`, which one reading does not move.
    ///
    /// # Units
    /// Unit of the input.
    ///
    /// # Source
    /// A difference.
    ///
    /// # Check
    /// 3, 1, 1.5, 2.5: 1.5.
    #[rhai_fn(pure, return_raw)]
    pub fn rise(input: &mut Input, window: ImmutableString) -> Answer {
        over_in_unit(input, &window, |stream, window| {
            let Some(newest) = window.values().next_back() else { return Measure::Unknown };
            let first = window.before().filter(|sample| window.length() >= window.until().since(sample.time));
            let risen = newest - window.values().chain(first.map(|sample| sample.value)).fold(newest, f64::min);
            if window.is_filled(stream.facts.slack()) { Measure::Exactly(risen) } else { Measure::AtLeast(risen) }
        })
    }

    /// The exponentially weighted mean of the window: `z = λx + (1 − λ)z`, begun with its first observation. `lambda`
    /// is the weight of the newest, above 0 and up to 1. Unknown with fewer than half of the observations the cadence
    /// promises.
    ///
    /// # Units
    /// Unit of the input.
    ///
    /// # Source
    /// Roberts 1959.
    ///
    /// # Check
    /// 1, 2, 3, 4 with lambda 0.2: 2.048.
    #[rhai_fn(pure, return_raw)]
    pub fn ewma(input: &mut Input, lambda: f64, window: ImmutableString) -> Answer {
        if !(lambda > 0.0 && lambda <= 1.0) {
            return Err(wrong(format!("ewma({lambda}): write a weight above 0 and up to 1")));
        }
        over_in_unit(input, &window, |stream, window| {
            let values = crate::stats::representative(stream, &window, 1);
            Measure::of(values.and_then(|values| weighted_mean(&values, lambda)))
        })
    }

    /// Minutes until the newest observation reaches `limit` at the slope of the window: 0 where it is reached, endless
    /// where it does not rise.
    ///
    /// # Units
    /// Minutes.
    ///
    /// # Source
    /// (limit − newest) / slope.
    ///
    /// # Check
    /// 5 now, rising 1 an hour, limit 6: 60.
    #[rhai_fn(pure, return_raw)]
    pub fn eta(input: &mut Input, limit: Value, window: ImmutableString) -> Answer {
        let length = window_length(&window)?;
        if limit.absent {
            return Ok(Value::absent());
        }
        let own = input.each_in_unit(|_| Measure::Unknown);
        Ok(input.each(|stream| {
            let limit = limit.limit_of(&own, Some(stream.facts.station));
            let (Some(Measure::Exactly(limit)), Some(newest)) = (limit, stream.newest()) else {
                return Measure::Unknown;
            };
            if newest.value >= limit {
                return Measure::Exactly(0.0);
            }
            match slope_of(stream, length) {
                Measure::Exactly(slope) if slope > 0.0 => Measure::Exactly((limit - newest.value) / slope * 60.0),
                Measure::Exactly(_) => Measure::Exactly(f64::INFINITY),
                _ => Measure::Unknown,
            }
        }))
    }

    /// Like the other form, towards a fixed number.
    ///
    /// # Units
    /// Minutes.
    ///
    /// # Source
    /// (limit − newest) / slope.
    ///
    /// # Check
    /// 5 now, rising 1 an hour, limit 6: 60.
    #[rhai_fn(pure, return_raw, name = "eta")]
    pub fn eta_fixed(input: &mut Input, limit: f64, window: ImmutableString) -> Answer {
        eta(input, Value::constant(limit), window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flag::Flag;
    use bongsu_sensors::Time;

    fn samples(values: &[f64]) -> Vec<Sample> {
        let minutes = (0..).map(|minute| Time::from_millis(minute * 60_000));
        minutes.zip(values).map(|(time, value)| Sample { time, value: *value, flag: Flag::Pass }).collect()
    }

    #[test]
    fn a_line_goes_through_all() {
        let slope = least_squares(samples(&[1.0, 2.0, 4.0]).iter()).expect("a slope");
        assert!((slope - 90.0).abs() < 1e-9, "{slope}");
        assert_eq!(least_squares(samples(&[1.0, 2.0]).iter()), None);
    }

    #[test]
    fn a_theil_sen_slope_ignores_one_wild_value() {
        let check = |values: &[f64], expect: Option<f64>| {
            let slope = theil_sen(samples(values).iter());
            match (slope, expect) {
                (Some(slope), Some(expect)) => assert!((slope - expect).abs() < 1e-9, "{values:?}: {slope}"),
                (slope, expect) => assert_eq!(slope, expect, "{values:?}"),
            }
        };
        check(&[1.0, 2.0, 3.0, 4.0], Some(60.0));
        check(&[1.0, 2.0, 99.0, 4.0, 5.0, 6.0, 7.0], Some(60.0));
        check(&[5.0, 5.0, 5.0], Some(0.0));
        check(&[1.0, 2.0], None);
    }

    #[test]
    fn rises_and_weighted_means_follow_their_formulas() {
        use super::methods::{ewma, rise};
        use crate::stats::tests::level_input;
        let number = |answer: Answer| answer.expect("runs").decide(true).measure.number();
        let mut input = level_input(&[3.0, 1.0, 1.5, 2.5]);
        assert_eq!(number(rise(&mut input, "30m".into())), Some(1.5));
        assert_eq!(number(rise(&mut level_input(&[3.0, 2.0, 1.0]), "30m".into())), Some(0.0));
        // pandas: pd.Series([1, 2, 3, 4]).ewm(alpha=0.2, adjust=False).mean().iloc[-1]
        assert_eq!(weighted_mean(&[1.0, 2.0, 3.0, 4.0], 0.2).map(|z| (z * 1e9).round() / 1e9), Some(2.048));
        assert_eq!(number(ewma(&mut input, 1.0, "40m".into())), Some(2.5));
        assert!(ewma(&mut input, 0.0, "40m".into()).is_err());
    }

    #[test]
    fn a_long_window_is_thinned_and_keeps_its_slope() {
        let values: Vec<f64> = (0..5000).map(f64::from).collect();
        let slope = theil_sen(samples(&values).iter()).expect("slope");
        assert!((slope - 60.0).abs() < 1e-9);
    }
}
