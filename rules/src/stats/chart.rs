//! Whether it has left its usual course: control charts.
//!
//! A chart needs to know what is usual. Here the first half of the window says so (its mean and standard deviation,
//! never less than the sensor's resolution), and the second half is charted against it. Charts are for hints and for
//! the health of sensors: minutes of a river resemble each other so much that a chart of them cries too soon.

use crate::language::input::{Input, Stream};
use crate::language::value::Measure;
use crate::series::Window;
use crate::stats::{Answer, median, over, over_in_unit, representative, scaled_mad, spread, wrong};
use rhai::ImmutableString;
use rhai::plugin::export_module;
use smallvec::SmallVec;

/// One step of an exponentially weighted moving average.
pub fn ewma_step(average: f64, value: f64, lambda: f64) -> f64 {
    lambda * value + (1.0 - lambda) * average
}

/// Where an EWMA chart stands after some standardised values, in standard deviations of the average itself.
///
/// # Source
/// Roberts 1959; the deviation is √(λ/(2−λ)·(1−(1−λ)^2t)) after t values.
pub fn ewma_chart(standardised: &[f64], lambda: f64) -> Option<f64> {
    let average = standardised.iter().fold(0.0, |average, z| ewma_step(average, *z, lambda));
    let steps = i32::try_from(standardised.len()).ok().filter(|steps| *steps > 0)?;
    let deviation = (lambda / (2.0 - lambda) * (1.0 - (1.0 - lambda).powi(2 * steps))).sqrt();
    Some(average / deviation)
}

/// One step of an upward cumulative sum: `max(0, c + z − k)`.
pub fn cusum_step(sum: f64, standardised: f64, allowance: f64) -> f64 {
    (sum + standardised - allowance).max(0.0)
}

/// How far the running sum of deviations from the running mean has risen above its least: the Page–Hinkley test for a
/// mean that has risen.
///
/// # Source
/// Page 1954, Hinkley 1971: m_t = Σ (x_i − x̄_i − δ), answer m_t − min m.
pub fn page_hinkley_rise(values: &[f64], delta: f64) -> Option<f64> {
    let (mut mean, mut sum, mut least) = (0.0, 0.0, 0.0_f64);
    for (value, count) in values.iter().zip(1_u32..) {
        mean += (value - mean) / f64::from(count);
        sum += value - mean - delta;
        least = least.min(sum);
    }
    (!values.is_empty()).then_some(sum - least)
}

/// How many of some values are outliers by Hampel's identifier: further from their median than `times` scaled median
/// absolute deviations, or than `times` floors where the deviation is less than the floor.
///
/// # Source
/// Hampel 1974; Davies and Gather 1993.
pub fn outliers(values: &[f64], times: f64, floor: f64) -> Option<usize> {
    let mut scratch: SmallVec<[f64; 64]> = values.into();
    let (middle, mad) = scaled_mad(&mut scratch)?;
    Some(values.iter().filter(|value| (**value - middle).abs() > times * mad.max(floor)).count())
}

/// The second half of a window, in standard deviations from the mean of the first.
fn charted(stream: &Stream, window: &Window<'_>) -> Option<SmallVec<[f64; 64]>> {
    let values = representative(stream, window, 10)?;
    let (usual, charted) = values.split_at(values.len() / 2);
    let deviation = spread::standard_deviation(usual)?.max(stream.facts.resolution);
    let mean = spread::mean(usual)?;
    Some(charted.iter().map(|value| (value - mean) / deviation).collect())
}

fn cusum_of(stream: &Stream, window: &Window<'_>, allowance: f64, sign: f64) -> Measure {
    let charted = charted(stream, window);
    Measure::of(charted.map(|z| z.iter().fold(0.0, |sum, z| cusum_step(sum, sign * z, allowance))))
}

fn allowance(name: &str, given: f64) -> Result<f64, Box<rhai::EvalAltResult>> {
    if (0.0..=10.0).contains(&given) {
        return Ok(given);
    }
    Err(wrong(format!("{name}({given}): write an allowance from 0 to 10 standard deviations, such as 0.5")))
}

/// The methods a rule sees.
#[export_module]
#[expect(clippy::unwrap_used, reason = "the export macro unwraps what the script engine has checked")]
pub mod methods {
    /// How far an exponentially weighted mean of the window's second half lies from the mean of its first half, in its
    /// own standard deviations, up or down. `lambda` is the weight of the newest, above 0 and up to 1; 0.2 finds small
    /// shifts. Unknown with fewer than ten observations, or fewer than half of those the cadence promises.
    ///
    /// # Units
    /// Standard deviations; 2.962 at lambda 0.2 is one false signal in 499.7 independent readings.
    ///
    /// # Source
    /// Roberts 1959; z = λx + (1 − λ)z, deviation √(λ/(2−λ)·(1−(1−λ)^2t)).
    ///
    /// # Check
    /// A shift of one standard deviation is found after 10.54 readings (λ 0.2, limit 2.962).
    #[rhai_fn(pure, return_raw)]
    pub fn ewma_z(input: &mut Input, lambda: f64, window: ImmutableString) -> Answer {
        if !(lambda > 0.0 && lambda <= 1.0) {
            return Err(wrong(format!("ewma_z({lambda}): write a weight above 0 and up to 1")));
        }
        over(input, &window, |stream, window| {
            Measure::of(charted(stream, &window).and_then(|standardised| ewma_chart(&standardised, lambda)))
        })
    }

    /// The upward cumulative sum of the window's second half, in standard deviations of its first half: it grows while
    /// values stay more than `allowance` above the usual mean. Unknown with fewer than ten observations, or fewer than
    /// half of those the cadence promises.
    ///
    /// # Units
    /// Standard deviations; usual limits are 4 or 5 at allowance 0.5.
    ///
    /// # Source
    /// Page 1954: c = max(0, c + z − k).
    ///
    /// # Check
    /// Both ways with k 0.5: limit 4 cries wolf once in 167.7 independent readings and finds a shift of one standard
    /// deviation after 8.38; limit 5: 465.4 and 10.38.
    #[rhai_fn(pure, return_raw)]
    pub fn cusum(input: &mut Input, allowance: f64, window: ImmutableString) -> Answer {
        let allowance = super::allowance("cusum", allowance)?;
        over(input, &window, |stream, window| cusum_of(stream, &window, allowance, 1.0))
    }

    /// The downward cumulative sum: like `cusum`, of values below the usual mean.
    ///
    /// # Units
    /// Standard deviations, above 0.
    ///
    /// # Source
    /// Page 1954: c = max(0, c − z − k).
    ///
    /// # Check
    /// As `cusum`.
    #[rhai_fn(pure, return_raw)]
    pub fn cusum_down(input: &mut Input, allowance: f64, window: ImmutableString) -> Answer {
        let allowance = super::allowance("cusum_down", allowance)?;
        over(input, &window, |stream, window| cusum_of(stream, &window, allowance, -1.0))
    }

    /// Page–Hinkley: how far the running sum of deviations from the running mean, each less `delta`, has risen above
    /// its least within the window. Unknown with fewer than half of the observations the cadence promises.
    ///
    /// # Units
    /// Unit of the input (a sum of deviations).
    ///
    /// # Source
    /// Page 1954, Hinkley 1971.
    ///
    /// # Check
    /// 0, 0, 0, 1, 1 with delta 0: 1.35.
    #[rhai_fn(pure, return_raw)]
    pub fn page_hinkley(input: &mut Input, delta: f64, window: ImmutableString) -> Answer {
        over_in_unit(input, &window, |stream, window| {
            let values = representative(stream, &window, 3);
            Measure::of(values.and_then(|values| page_hinkley_rise(&values, delta)))
        })
    }

    /// How many of the window's observations are outliers by Hampel's identifier: further from the median than `times`
    /// scaled median absolute deviations (never less than the sensor's resolution each). Unknown with fewer than half
    /// of the observations the cadence promises.
    ///
    /// # Units
    /// A count.
    ///
    /// # Source
    /// Hampel 1974; |x − median| > t·1.4826·MAD; 3 is usual.
    ///
    /// # Check
    /// 1, 2, 2, 3, 9 with times 3: 1.
    #[rhai_fn(pure, return_raw)]
    pub fn hampel(input: &mut Input, times: f64, window: ImmutableString) -> Answer {
        over(input, &window, |stream, window| {
            let values = representative(stream, &window, 5);
            #[expect(clippy::cast_precision_loss, reason = "a count of readings")]
            let count = |values: SmallVec<[f64; 64]>| Some(outliers(&values, times, stream.facts.resolution)? as f64);
            Measure::of(values.and_then(count))
        })
    }

    /// How far the median of the window's second half lies from the median of its first half, in scaled median absolute
    /// deviations of the first half (never less than the sensor's resolution): a shift that a few wild values cannot
    /// feign. Unknown with fewer than ten observations, or fewer than half of those the cadence promises.
    ///
    /// # Units
    /// Scaled median absolute deviations, with their sign.
    ///
    /// # Source
    /// A Shewhart chart with the median and its deviation in the place of mean and standard deviation.
    ///
    /// # Check
    /// 1, 2, 3, 2, 2 then 5, 5, 5, 5, 5: at resolution 0.01, 300.
    #[rhai_fn(pure, return_raw)]
    pub fn step_z(input: &mut Input, window: ImmutableString) -> Answer {
        over(input, &window, |stream, window| {
            let Some(mut values) = representative(stream, &window, 10) else { return Measure::Unknown };
            let middle = values.len() / 2;
            let (usual, recent) = values.split_at_mut(middle);
            let both = scaled_mad(usual).zip(median(recent));
            Measure::of(both.map(|((middle, mad), now)| (now - middle) / mad.max(stream.facts.resolution)))
        })
    }
}
