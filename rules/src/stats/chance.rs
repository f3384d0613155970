//! How likely it is: chances of counts.

use crate::language::value::{Measure, Value};
use rhai::plugin::export_module;
use statrs::function::gamma::{checked_gamma_lr, ln_gamma};

/// The chance that a Poisson number is at least `count`. Counts are rounded up; a mean of nothing never reaches one.
///
/// # Units
/// A chance, 0 to 1.
///
/// # Source
/// P(N ≥ k) is the regularized lower incomplete gamma function P(k, mean).
pub fn poisson_at_least(mean: f64, count: f64) -> Option<f64> {
    if !(mean.is_finite() && mean >= 0.0 && count.is_finite()) {
        return None;
    }
    match (count.ceil(), mean) {
        (count, _) if count <= 0.0 => Some(1.0),
        (_, 0.0) => Some(0.0),
        (count, mean) => checked_gamma_lr(count, mean).ok(),
    }
}

/// The chance that a Poisson number is exactly `count`.
///
/// # Source
/// exp(k·ln mean − mean − ln k!), which does not overflow.
pub fn poisson_exactly(mean: f64, count: u32) -> f64 {
    if mean <= 0.0 {
        return f64::from(u8::from(count == 0));
    }
    (f64::from(count) * mean.ln() - mean - ln_gamma(f64::from(count) + 1.0)).exp()
}

/// The functions a rule sees.
#[export_module]
pub mod methods {
    /// The chance, 0 to 1, that a count with the mean `mean` (Poisson) comes to `count` or more: that as many are lent
    /// as are left.
    ///
    /// # Units
    /// A chance, 0 to 1.
    ///
    /// # Source
    /// P(N ≥ k) is the regularized lower incomplete gamma function P(k, mean).
    ///
    /// # Check
    /// Mean 3, count 5: 0.184737.
    pub fn poisson(mean: Value, count: Value) -> Value {
        mean.join_with(&count, |mean, count| match (mean, count) {
            (Measure::Exactly(mean), Measure::Exactly(count)) => Measure::of(poisson_at_least(mean, count)),
            // More are expected, so the chance is greater.
            (Measure::AtLeast(mean), Measure::Exactly(count)) => {
                poisson_at_least(mean, count).map_or(Measure::Unknown, Measure::AtLeast)
            }
            _ => Measure::Unknown,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chances_agree_with_scipy() {
        let check = |mean: f64, count: f64, expect: Option<f64>| match (poisson_at_least(mean, count), expect) {
            (Some(found), Some(expect)) => assert!((found - expect).abs() < 1e-9, "{mean} {count}: {found}"),
            (found, expect) => assert_eq!(found, expect, "{mean} {count}"),
        };
        // scipy.stats.poisson.sf(k − 1, mean)
        check(3.0, 5.0, Some(0.184_736_755_476_228));
        check(3.0, 1.0, Some(0.950_212_931_632_136));
        check(0.5, 4.0, Some(0.001_751_622_556_290_824));
        check(3.0, 0.0, Some(1.0));
        check(0.0, 2.0, Some(0.0));
        check(-1.0, 2.0, None);
        // scipy.stats.poisson.pmf(4, 2.5)
        assert!((poisson_exactly(2.5, 4) - 0.133_601_885_781_084_4).abs() < 1e-12);
        assert_eq!((poisson_exactly(0.0, 0), poisson_exactly(0.0, 1)), (1.0, 0.0));
    }
}
