//! How rarely it is so high: return periods of yearly maxima.

use crate::language::value::{Measure, Value};
use crate::stats::wrong;
use rhai::plugin::export_module;
use rhai::{Array, EvalAltResult};
use statrs::consts::EULER_MASCHERONI;

/// A Gumbel distribution of yearly maxima.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gumbel {
    /// Its mode.
    pub location: f64,
    /// Its spread, above 0.
    pub scale: f64,
}

impl Gumbel {
    /// The distribution that fits some yearly maxima, by L-moments. Fewer than five years, or years that are all
    /// alike, fit none.
    ///
    /// # Source
    /// Hosking 1990: scale = λ₂/ln 2, location = λ₁ − γ·scale.
    pub fn fit(maxima: &[f64]) -> Option<Gumbel> {
        let mut sorted = maxima.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        if sorted.len() < 5 {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "a count of years")]
        let years = sorted.len() as f64;
        let mean = sorted.iter().sum::<f64>() / years;
        let weighted: f64 = sorted.iter().zip(0_u32..).map(|(value, rank)| f64::from(rank) * value).sum();
        let second = 2.0 * weighted / (years * (years - 1.0)) - mean;
        let scale = second / std::f64::consts::LN_2;
        (scale > 0.0 && scale.is_finite()).then_some(Gumbel { location: mean - EULER_MASCHERONI * scale, scale })
    }

    /// The distribution through two points of a table of return periods: a value and its years, twice.
    pub fn through(low: (f64, f64), high: (f64, f64)) -> Option<Gumbel> {
        let reduced = |years: f64| (years > 1.0).then(|| -(-(1.0 - 1.0 / years).ln()).ln());
        let (low_reduced, high_reduced) = (reduced(low.1)?, reduced(high.1)?);
        let scale = (high.0 - low.0) / (high_reduced - low_reduced);
        (scale > 0.0 && scale.is_finite()).then_some(Gumbel { location: low.0 - scale * low_reduced, scale })
    }

    /// In how many years a value is reached once on average.
    ///
    /// # Source
    /// Gumbel 1958: 1 / (1 − F(x)), F(x) = exp(−exp(−(x − location)/scale)).
    pub fn years(self, value: f64) -> f64 {
        let exceeded = -(-(-(value - self.location) / self.scale).exp()).exp_m1();
        // Beyond what a number can tell apart from never.
        (1.0 / exceeded).min(1e9)
    }
}

/// Years for a value: more is never less rare, so a bound stays a bound.
fn years(value: &Value, gumbel: Gumbel) -> Value {
    value.join_with(&Value::constant(0.0), |value, _| match value {
        Measure::Exactly(value) => Measure::known(gumbel.years(value)),
        Measure::AtLeast(value) => Measure::AtLeast(gumbel.years(value)),
        Measure::AtMost(value) => Measure::AtMost(gumbel.years(value)),
        Measure::Unknown => Measure::Unknown,
    })
}

/// The functions a rule sees.
#[export_module]
pub mod methods {
    /// In how many years `value` is reached once on average, by a Gumbel distribution fitted to the yearly maxima in
    /// the list `maxima` (five years or more; of the same thing, such as the greatest hour of rain of each year).
    ///
    /// # Units
    /// Years.
    ///
    /// # Source
    /// Gumbel 1958; fitted by L-moments (Hosking 1990).
    ///
    /// # Check
    /// Maxima 40, 55, 48, 70, 62, 51, 45, 80, 58, 66: 90 is reached once in 38.76 years.
    #[rhai_fn(return_raw)]
    pub fn return_years(value: Value, maxima: Array) -> Result<Value, Box<EvalAltResult>> {
        let maxima: Option<Vec<f64>> = maxima.iter().map(|year| year.as_float().ok()).collect();
        let gumbel = maxima.and_then(|maxima| Gumbel::fit(&maxima));
        let wanted = "return_years: write five yearly maxima or more that are not all alike, [48, 63.5, 51, 70, 55]";
        gumbel.map(|gumbel| years(&value, gumbel)).ok_or_else(|| wrong(wanted))
    }

    /// The same, by two lines of a published table: `low` is reached once in `low_years`, `high` once in `high_years`.
    ///
    /// # Units
    /// Years; near the two lines, for the tails of tables are not Gumbel's.
    ///
    /// # Source
    /// Gumbel 1958, through two points.
    ///
    /// # Check
    /// 83 mm in 10 years, 99 mm in 25: 90 mm is reached once in 14.876 years.
    #[rhai_fn(return_raw, name = "return_years")]
    pub fn return_years_between(
        value: Value,
        low: f64,
        low_years: f64,
        high: f64,
        high_years: f64,
    ) -> Result<Value, Box<EvalAltResult>> {
        let wanted = "return_years: write two lines of a table, lower first: return_years(value, 83, 10, 99, 25)";
        let gumbel = Gumbel::through((low, low_years), (high, high_years));
        gumbel.map(|gumbel| years(&value, gumbel)).ok_or_else(|| wrong(wanted))
    }
}
