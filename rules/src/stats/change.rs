//! Whether it is still the same: tests for a trend, and for a distribution that has changed.

use crate::language::input::Input;
use crate::language::value::Measure;
use crate::stats::{Answer, is_represented, over, representative, values};
use rhai::ImmutableString;
use rhai::plugin::export_module;
use smallvec::SmallVec;

/// Most values a Mann–Kendall test looks at: the number of pairs grows with the square. A longer window is thinned
/// evenly, its newest value always kept.
const TREND_VALUES: usize = 256;

/// Every `step`-th value, the newest always among them.
pub(crate) fn thinned(values: &[f64], most: usize) -> SmallVec<[f64; 64]> {
    let step = values.len().div_ceil(most).max(1);
    let mut thin: SmallVec<[f64; 64]> = values.iter().rev().step_by(step).copied().collect();
    thin.reverse();
    thin
}

/// The Mann–Kendall statistic of a trend: how many standard deviations the number of rising pairs exceeds that of
/// falling ones, corrected for ties and for continuity. Fewer than four values have none.
///
/// # Source
/// Mann 1945, Kendall 1975; variance with ties as in Gilbert 1987.
pub fn mann_kendall_z(values: &[f64]) -> Option<f64> {
    let n = values.len();
    if n < 4 {
        return None;
    }
    let mut score = 0_i64;
    for (at, early) in values.iter().enumerate() {
        score += values[at + 1..].iter().map(|late| i64::from(late > early) - i64::from(late < early)).sum::<i64>();
    }
    let mut sorted: SmallVec<[f64; 64]> = values.into();
    sorted.sort_unstable_by(f64::total_cmp);
    let term = |n: f64| n * (n - 1.0) * (2.0 * n + 5.0);
    #[expect(clippy::cast_precision_loss, reason = "counts of values")]
    let (n, ties, score) = {
        let ties: f64 = sorted.chunk_by(|a, b| a == b).map(|tied| term(tied.len() as f64)).sum();
        (n as f64, ties, score as f64)
    };
    let variance = (term(n) - ties) / 18.0;
    if variance <= 0.0 {
        return Some(0.0);
    }
    Some((score - score.signum() * f64::from(u8::from(score != 0.0))) / variance.sqrt())
}

/// The two-sample Kolmogorov–Smirnov distance: the greatest difference between the shares of two samples that lie at or
/// below any value. Sorts both.
///
/// # Source
/// Smirnov 1939; ties as in scipy.stats.ks_2samp.
pub fn kolmogorov_smirnov(a: &mut [f64], b: &mut [f64]) -> Option<f64> {
    if a.is_empty() || b.is_empty() {
        return None;
    }
    a.sort_unstable_by(f64::total_cmp);
    b.sort_unstable_by(f64::total_cmp);
    let (mut in_a, mut in_b, mut distance) = (0, 0, 0.0_f64);
    while in_a < a.len() && in_b < b.len() {
        let value = a[in_a].min(b[in_b]);
        in_a += a[in_a..].iter().take_while(|other| **other <= value).count();
        in_b += b[in_b..].iter().take_while(|other| **other <= value).count();
        #[expect(clippy::cast_precision_loss, reason = "counts of values")]
        let apart = in_a as f64 / a.len() as f64 - in_b as f64 / b.len() as f64;
        distance = distance.max(apart.abs());
    }
    Some(distance)
}

/// The chance of a Kolmogorov–Smirnov distance at least as great between two samples of one distribution (limit of many
/// values).
///
/// # Source
/// Kolmogorov 1933: 2·Σ (−1)^(k−1)·exp(−2k²λ²) with λ = d·√(nm/(n+m)).
pub fn kolmogorov_chance(distance: f64, n: usize, m: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts of values")]
    let (n, m) = (n as f64, m as f64);
    let lambda = distance * (n * m / (n + m)).sqrt();
    if lambda < 0.18 {
        // The series needs hundreds of terms here, and the chance is 1 to the last digit.
        return 1.0;
    }
    let term = |k: f64| (-2.0 * k * k * lambda * lambda).exp();
    let sum: f64 =
        (1..=50_u8).map(|k| if !k.is_multiple_of(2) { term(f64::from(k)) } else { -term(f64::from(k)) }).sum();
    (2.0 * sum).clamp(0.0, 1.0)
}

/// The methods a rule sees.
#[export_module]
#[expect(clippy::unwrap_used, reason = "the export macro unwraps what the script engine has checked")]
pub mod methods {
    /// Mann–Kendall trend of the window: above 1.96, values rise (below −1.96: fall) more steadily than chance does
    /// once in twenty. It does not ask how fast. Ties are allowed for. Unknown with fewer than half of the observations
    /// the cadence promises.
    ///
    /// # Units
    /// Standard deviations, with their sign.
    ///
    /// # Source
    /// Mann 1945, Kendall 1975, Gilbert 1987; at most 256 values, evenly thinned.
    ///
    /// # Check
    /// 1, 2, 3, 4, 5: 2.2045.
    #[rhai_fn(pure, return_raw)]
    pub fn trend_z(input: &mut Input, window: ImmutableString) -> Answer {
        over(input, &window, |stream, window| {
            let values = representative(stream, &window, 4);
            Measure::of(values.and_then(|values| mann_kendall_z(&thinned(&values, TREND_VALUES))))
        })
    }

    /// How far the distribution of the window's second half has drifted from that of its first half: the greatest
    /// difference between the shares of both that lie below any value (two-sample Kolmogorov–Smirnov). A sensor that
    /// drifts shows here before its values are impossible. Unknown with fewer than half of the observations the cadence
    /// promises.
    ///
    /// # Units
    /// A share, 0 (the same) to 1 (nothing in common).
    ///
    /// # Source
    /// Smirnov 1939.
    ///
    /// # Check
    /// 1, 2, 3, 4 against 3, 4, 5, 6: 0.5.
    #[rhai_fn(pure, return_raw)]
    pub fn drift(input: &mut Input, window: ImmutableString) -> Answer {
        over(input, &window, |stream, window| {
            let Some(mut values) = representative(stream, &window, 8) else { return Measure::Unknown };
            let middle = values.len() / 2;
            let (before, after) = values.split_at_mut(middle);
            Measure::of(kolmogorov_smirnov(before, after))
        })
    }

    /// The chance that `drift` comes out at least as great where nothing has changed, for independent observations.
    ///
    /// # Units
    /// A chance, 0 to 1.
    ///
    /// # Source
    /// Kolmogorov 1933 (limit of many values).
    ///
    /// # Check
    /// A drift of 0.5 between halves of 50: 0.0000075.
    #[rhai_fn(pure, return_raw)]
    pub fn drift_chance(input: &mut Input, window: ImmutableString) -> Answer {
        over(input, &window, |stream, window| {
            let Some(mut values) = representative(stream, &window, 8) else { return Measure::Unknown };
            let middle = values.len() / 2;
            let (before, after) = values.split_at_mut(middle);
            let distance = kolmogorov_smirnov(before, after);
            Measure::of(distance.map(|distance| kolmogorov_chance(distance, before.len(), after.len())))
        })
    }

    /// The part of the window's observations that lie at or above `limit`. Unknown with fewer than half of the
    /// observations the cadence promises.
    ///
    /// # Units
    /// A share, 0 to 1.
    ///
    /// # Source
    /// A count.
    ///
    /// # Check
    /// 1, 2, 3, 4 with limit 3: 0.5.
    #[rhai_fn(pure, return_raw)]
    pub fn share_above(input: &mut Input, limit: f64, window: ImmutableString) -> Answer {
        over(input, &window, |stream, window| {
            if !is_represented(stream, &window, 1) {
                return Measure::Unknown;
            }
            let values = values(stream, &window);
            #[expect(clippy::cast_precision_loss, reason = "counts of values")]
            let share = values.iter().filter(|value| **value >= limit).count() as f64 / values.len() as f64;
            Measure::known(share)
        })
    }
}
