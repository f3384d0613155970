//! How unusual it is: distance from a station's own past, and from its neighbours of the same moment.

use crate::language::input::Input;
use crate::language::value::{Measure, Value};
use crate::stats::{Answer, median, over, over_in_unit, representative, scaled_mad, values};
use rhai::ImmutableString;
use rhai::plugin::export_module;
use smallvec::SmallVec;

/// Fewer datastreams than this have no middle that one of them could stand out from.
const PEERS: usize = 4;

/// The mean of some numbers. Zero numbers have none.
pub fn mean(values: &[f64]) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "a count of samples")]
    let count = values.len() as f64;
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / count)
}

/// Standard deviation of a sample (divisor n − 1). Fewer than two numbers have none.
///
/// # Source
/// Two passes, so that no digits are lost where the mean is large.
pub fn standard_deviation(values: &[f64]) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "a count of samples")]
    let count = values.len() as f64;
    let mean = mean(values)?;
    Some((values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0)).sqrt())
}

/// What each datastream says now, and the middle and spread of them all.
fn peers(input: &Input) -> Option<(f64, f64)> {
    let speaking = input.streams.iter().filter(|stream| !stream.silent);
    let mut now: SmallVec<[f64; 64]> = speaking.filter_map(|stream| Some(stream.newest()?.value)).collect();
    (now.len() >= PEERS).then(|| scaled_mad(&mut now))?
}

/// The methods a rule sees.
#[export_module]
#[expect(clippy::unwrap_used, reason = "the export macro unwraps what the script engine has checked")]
pub mod methods {
    /// The standard deviation of the window. Unknown with fewer than half of the observations the cadence promises.
    ///
    /// # Units
    /// Unit of the input.
    ///
    /// # Source
    /// √(Σ(x − x̄)²/(n − 1)).
    ///
    /// # Check
    /// 2, 4, 4, 4, 5, 5, 7, 9: 2.1381.
    #[rhai_fn(pure, return_raw)]
    pub fn stddev(input: &mut Input, window: ImmutableString) -> Answer {
        over(input, &window, |stream, window| {
            let values = representative(stream, &window, 2);
            Measure::of(values.and_then(|values| standard_deviation(&values)))
        })
    }

    /// How far the newest observation lies from the median of the window, up or down, in the input's unit. Unknown with
    /// fewer than half of the observations the cadence promises.
    ///
    /// # Units
    /// Unit of the input.
    ///
    /// # Source
    /// A difference.
    ///
    /// # Check
    /// 1, 1, 1, 1, −2: 3.
    #[rhai_fn(pure, return_raw)]
    pub fn shift(input: &mut Input, window: ImmutableString) -> Answer {
        over_in_unit(input, &window, |stream, window| {
            let Some(mut values) = representative(stream, &window, 5) else { return Measure::Unknown };
            let Some(newest) = values.last().copied() else { return Measure::Unknown };
            Measure::of(median(&mut values).map(|middle| (newest - middle).abs()))
        })
    }

    /// How many observations of the window lie at or above `limit`. With a gap in the window it is a lower bound.
    ///
    /// # Units
    /// A count.
    ///
    /// # Source
    /// A count.
    ///
    /// # Check
    /// 1, 2, 3 with limit 2: 2.
    #[rhai_fn(pure, return_raw)]
    pub fn times_above(input: &mut Input, limit: f64, window: ImmutableString) -> Answer {
        over(input, &window, |stream, window| {
            #[expect(clippy::cast_precision_loss, reason = "a count of samples")]
            let times = values(stream, &window).iter().filter(|value| **value >= limit).count() as f64;
            if window.is_filled(stream.facts.slack()) { Measure::Exactly(times) } else { Measure::AtLeast(times) }
        })
    }

    /// The part by which the newest observation lies below the median of the window, 0 to 1. A value at nothing is not
    /// sagging: a slot whose battery was taken out has no voltage at all, one whose battery dies has less and less.
    ///
    /// # Units
    /// A share, 0 to 1.
    ///
    /// # Source
    /// 1 − newest/median.
    ///
    /// # Check
    /// 4, 4, 4, 3: 0.25.
    #[rhai_fn(pure, return_raw)]
    pub fn sag(input: &mut Input, window: ImmutableString) -> Answer {
        over(input, &window, |stream, window| {
            let Some(mut values) = representative(stream, &window, 3) else { return Measure::Unknown };
            let (Some(newest), Some(middle)) = (values.last().copied(), median(&mut values)) else {
                return Measure::Unknown;
            };
            let sags = newest > 0.1 * middle && newest < middle;
            Measure::Exactly(if sags { 1.0 - newest / middle } else { 0.0 })
        })
    }

    /// How far each datastream's newest observation lies above the median of all datastreams of the input, in its unit:
    /// one hot slot among the slots of its kiosk. Unknown with fewer than four.
    ///
    /// # Units
    /// Unit of the input.
    ///
    /// # Source
    /// A difference.
    ///
    /// # Check
    /// 24, 24.5, 25, 25.5, 31: 6 for the last.
    #[rhai_fn(pure)]
    pub fn above_peers(input: &mut Input) -> Value {
        let middle = peers(input).map(|(middle, _)| middle);
        input.each_in_unit(|stream| {
            Measure::of(stream.newest().zip(middle).map(|(newest, middle)| newest.value - middle))
        })
    }

    /// Like `above_peers`, in scaled median absolute deviations of the datastreams (never less than the sensor's
    /// resolution).
    ///
    /// # Units
    /// Scaled median absolute deviations, with their sign.
    ///
    /// # Source
    /// Hampel 1974.
    ///
    /// # Check
    /// 24, 24.5, 25, 25.5, 31: 8.0939 for the last.
    #[rhai_fn(pure)]
    pub fn above_peers_z(input: &mut Input) -> Value {
        let peers = peers(input);
        input.each(|stream| {
            let both = stream.newest().zip(peers);
            Measure::of(both.map(|(newest, (middle, mad))| (newest.value - middle) / mad.max(stream.facts.resolution)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::methods::{above_peers, above_peers_z, sag, shift, stddev, times_above};
    use super::*;
    use crate::stats::tests::{level_input, level_inputs};

    fn number(value: &Value) -> Option<f64> {
        value.decide(true).measure.number()
    }

    #[test]
    fn spread_and_shift_follow_their_formulas() {
        // numpy: np.std([2, 4, 4, 4, 5, 5, 7, 9], ddof=1)
        let sd = standard_deviation(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]);
        assert!(sd.is_some_and(|sd| (sd - 2.138_089_935_299_395).abs() < 1e-12), "{sd:?}");
        assert_eq!(standard_deviation(&[1.0]), None);
        let mut input = level_input(&[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, -2.0]);
        assert_eq!(number(&shift(&mut input, "1h".into()).expect("runs")), Some(3.0));
        assert_eq!(number(&times_above(&mut input, 1.0, "1h".into()).expect("runs")), Some(5.0));
        let spread = number(&stddev(&mut input, "1h".into()).expect("runs"));
        assert!(spread.is_some_and(|spread| (spread - 1.224_744_871_391_589).abs() < 1e-12), "{spread:?}");
    }

    #[test]
    fn a_battery_that_was_taken_out_does_not_sag() {
        let check = |newest: f64, expect: f64| {
            let mut input = level_input(&[4.0, 4.0, 4.0, 4.0, 4.0, 4.0, newest]);
            let found = number(&sag(&mut input, "1h".into()).expect("runs"));
            assert!(found.is_some_and(|found| (found - expect).abs() < 1e-12), "{newest}: {found:?}");
        };
        check(0.0, 0.0);
        check(4.2, 0.0);
        check(3.0, 0.25);
    }

    #[test]
    fn one_slot_stands_out_from_its_kiosk() {
        let mut kiosk = level_inputs(&[&[24.0], &[24.5], &[25.0], &[25.5], &[31.0]]);
        assert_eq!(number(&above_peers(&mut kiosk)), Some(6.0));
        let z = number(&above_peers_z(&mut kiosk));
        assert!(z.is_some_and(|z| (z - 6.0 / (1.4826 * 0.5)).abs() < 1e-9), "{z:?}");
        assert_eq!(number(&above_peers(&mut level_inputs(&[&[24.0], &[60.0]]))), None);
    }
}
