//! What several inputs say together: an odd pair of values that are usual each alone, and a river that follows its own
//! upper course.

use crate::language::input::{Input, Stream};
use crate::language::value::Measure;
use crate::series::{Sample, Window};
use crate::stats::{Answer, over, promised, spread, window_length, wrong};
use rhai::ImmutableString;
use rhai::plugin::export_module;
use smallvec::SmallVec;
use std::time::Duration;

/// Fewer pairs than this tell nothing.
const PAIRS: usize = 10;

type Pair = (f64, f64);

/// Observations of two datastreams of the same time, `lag` apart: as near as half a cadence of the slower one.
fn pairs(window: &Window<'_>, own: &Stream, other: &Stream, lag: Duration) -> SmallVec<[Pair; 32]> {
    let near = own.facts.cadence.max(other.facts.cadence) / 2;
    let partner = |sample: &Sample| {
        let meant = sample.time - lag;
        let around = other.series.window(meant + near, near * 2 + Duration::from_millis(1));
        around.samples().min_by_key(|other| other.time.millis().abs_diff(meant.millis())).map(|other| other.value)
    };
    window.samples().filter_map(|sample| Some((sample.value, partner(sample)?))).collect()
}

/// Means, variances and covariance (divisor n − 1) of some pairs.
fn moments(pairs: &[Pair]) -> Option<(Pair, Pair, f64)> {
    if pairs.len() < 2 {
        return None;
    }
    let (a, b): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let (mean_a, mean_b) = (spread::mean(&a)?, spread::mean(&b)?);
    #[expect(clippy::cast_precision_loss, reason = "a count of pairs")]
    let divisor = pairs.len() as f64 - 1.0;
    let joint = pairs.iter().map(|(a, b)| (a - mean_a) * (b - mean_b)).sum::<f64>() / divisor;
    let variance = |deviation: f64| deviation * deviation;
    let variances = (variance(spread::standard_deviation(&a)?), variance(spread::standard_deviation(&b)?));
    Some(((mean_a, mean_b), variances, joint))
}

/// The Mahalanobis distance of a pair from some others. `floors` are the least standard deviations that count.
///
/// # Source
/// Mahalanobis 1936: √((x − μ)ᵀ Σ⁻¹ (x − μ)).
pub fn mahalanobis_distance(pairs: &[(f64, f64)], point: (f64, f64), floors: (f64, f64)) -> Option<f64> {
    let (mean, variance, joint) = moments(pairs)?;
    let variance = (variance.0.max(floors.0 * floors.0), variance.1.max(floors.1 * floors.1));
    let determinant = variance.0 * variance.1 - joint * joint;
    // What goes along with the other so wholly that nothing else is left has no distance of its own.
    if determinant <= 1e-12 * variance.0 * variance.1 {
        return None;
    }
    let (a, b) = (point.0 - mean.0, point.1 - mean.1);
    let squared = (variance.1 * a * a - 2.0 * joint * a * b + variance.0 * b * b) / determinant;
    Some(squared.max(0.0).sqrt())
}

/// Pearson's correlation of some pairs; `None` where one of both does not move.
///
/// # Source
/// Pearson 1895.
pub fn correlation(pairs: &[(f64, f64)]) -> Option<f64> {
    let (_, variance, joint) = moments(pairs)?;
    (variance.0 > 0.0 && variance.1 > 0.0).then(|| (joint / (variance.0 * variance.1).sqrt()).clamp(-1.0, 1.0))
}

/// The methods a rule sees.
#[export_module]
#[expect(clippy::unwrap_used, reason = "the export macro unwraps what the script engine has checked")]
pub mod methods {
    /// Mahalanobis distance: how far the newest pair of this input and `other` (of the same station) lies from the pairs
    /// of the window, in deviations along their common shape. A frequency and a temperature that are usual each alone
    /// are not usual together when a structure has changed. Unknown with fewer than ten pairs, or fewer than half of
    /// those the cadence promises.
    ///
    /// # Units
    /// Deviations; for normal noise 3.03 is passed once in a hundred (χ² with two degrees: 9.21).
    ///
    /// # Source
    /// Mahalanobis 1936.
    ///
    /// # Check
    /// Pairs (0,0), (2,0), (0,2), (2,2) and the point (3,1): 1.7321.
    #[rhai_fn(pure, return_raw)]
    pub fn mahalanobis(input: &mut Input, other: Input, window: ImmutableString) -> Answer {
        over(input, &window, |stream, window| {
            let twin = other.streams.iter().find(|twin| twin.facts.station == stream.facts.station && !twin.silent);
            let Some(twin) = twin else { return Measure::Unknown };
            let pairs = pairs(&window, stream, twin, Duration::ZERO);
            let floors = (stream.facts.resolution, twin.facts.resolution);
            match pairs.split_last() {
                Some((newest, before)) if before.len() >= PAIRS.max(promised(stream, &window) / 2) => {
                    Measure::of(mahalanobis_distance(before, *newest, floors))
                }
                _ => Measure::Unknown,
            }
        })
    }

    /// How well this input has followed `upstream` within the window, when `lag` is the time the water takes: the
    /// correlation with each upstream datastream, of which the best counts. A gauge that no longer follows its own
    /// river is broken, or its river is blocked. Unknown with fewer than ten pairs, or fewer than half of those the
    /// cadence promises, or where nothing moves.
    ///
    /// # Units
    /// −1 to 1 (Pearson); above 0.9 for gauges of one river in a flood.
    ///
    /// # Source
    /// Pearson 1895, shifted by the travel time.
    ///
    /// # Check
    /// 1, 2, 3, 5 against 2, 4, 6, 10 a lag before: 1.
    #[rhai_fn(pure, return_raw)]
    pub fn follows(input: &mut Input, upstream: Input, lag: ImmutableString, window: ImmutableString) -> Answer {
        let Some(lag) = window_length(&lag).ok().filter(|lag| *lag <= Duration::from_secs(7 * 86_400)) else {
            return Err(wrong(format!("follows: {lag:?} is no travel time; write one up to \"7d\", such as \"2h\"")));
        };
        over(input, &window, |stream, window| {
            let least = PAIRS.max(promised(stream, &window) / 2);
            let paired = upstream.streams.iter().filter(|other| !other.silent);
            let paired = paired.map(|other| pairs(&window, stream, other, lag)).filter(|pairs| pairs.len() >= least);
            Measure::of(paired.filter_map(|pairs| correlation(&pairs)).max_by(f64::total_cmp))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::methods::{follows, mahalanobis};
    use super::*;
    use crate::stats::tests::level_input;

    fn number(answer: Answer) -> Option<f64> {
        answer.expect("runs").decide(true).measure.number()
    }

    #[test]
    fn a_gauge_follows_its_river_after_the_travel_time() {
        let flood: Vec<f64> = (0..40).map(|at| f64::from(at % 13) + f64::from(at)).collect();
        let upstream = level_input(&flood);
        // Twenty minutes later, and lower.
        let mut here = level_input(&[&[0.0, 0.0], &flood[..38]].concat().iter().map(|v| v * 0.5).collect::<Vec<_>>());
        let exact = number(follows(&mut here, upstream.clone(), "20m".into(), "5h".into()));
        assert!(exact.is_some_and(|r| (r - 1.0).abs() < 1e-12), "{exact:?}");
        let wrong = number(follows(&mut here, upstream.clone(), "10m".into(), "5h".into())).expect("known");
        assert!(wrong < 0.95, "{wrong}");
        assert_eq!(number(follows(&mut here, upstream.clone(), "20m".into(), "1h".into())), None, "too few pairs");
        assert_eq!(number(follows(&mut level_input(&[1.0; 40]), upstream, "20m".into(), "5h".into())), None);
    }

    #[test]
    fn a_pair_may_be_odd_where_neither_value_is() {
        assert!(
            mahalanobis_distance(&[(0.0, 0.0), (2.0, 0.0), (0.0, 2.0), (2.0, 2.0)], (3.0, 1.0), (0.0, 0.0))
                .is_some_and(|d| (d - 3_f64.sqrt()).abs() < 1e-12)
        );
        let warm: Vec<f64> = (0..30).map(|at| f64::from(at % 10)).collect();
        let mut slow: Vec<f64> = warm.iter().zip(0..).map(|(t, at)| 5.0 - 0.1 * t + 0.01 * f64::from(at % 3)).collect();
        let usual = number(mahalanobis(&mut level_input(&slow), level_input(&warm), "5h".into())).expect("known");
        // The last temperature is 9, where 4.1 is usual; 4.9 is usual at 1.
        slow[29] = 4.9;
        let odd = number(mahalanobis(&mut level_input(&slow), level_input(&warm), "5h".into())).expect("known");
        assert!(usual < 3.0 && odd > 10.0, "{usual} {odd}");
    }
}
