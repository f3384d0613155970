//! How it shakes: statistics of fast sensors.
//!
//! All of them take the mean of the window away first: an accelerometer's zero is nobody's business. Samples count as
//! evenly spaced by the datastream's cadence; with a gap in the window the answer is unknown.

use crate::language::input::{Input, Stream};
use crate::language::value::Measure;
use crate::series::{Sample, Series, Window};
use crate::stats::filter::BandPass;
use crate::stats::{Answer, over, over_in_unit, spread, window_length, wrong};
use rhai::plugin::export_module;
use rhai::{EvalAltResult, ImmutableString};
use smallvec::SmallVec;
use std::sync::Arc;

/// Most samples a spectrum is taken of; of a longer window the newest.
const SPECTRUM_SAMPLES: usize = 4_096;

/// The classic ratio of short to long average of squares at each sample, 0 before the long average is full.
///
/// # Source
/// Allen 1978; as `obspy.signal.trigger.classic_sta_lta`.
pub fn classic_sta_lta(values: &[f64], short: usize, long: usize) -> Vec<f64> {
    let mut sums = Vec::with_capacity(values.len() + 1);
    let mut sum = 0.0;
    sums.push(sum);
    for value in values {
        sum += value * value;
        sums.push(sum);
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of samples")]
    let ratio = |end: usize| {
        let average = |over: usize| (sums[end] - sums[end - over]) / over as f64;
        average(short) / average(long).max(f64::MIN_POSITIVE)
    };
    (1..=values.len()).map(|end| if end < long || short > long || short == 0 { 0.0 } else { ratio(end) }).collect()
}

/// The recursive ratio: both averages forget exponentially, so nothing but two numbers is remembered.
///
/// # Source
/// Withers et al. 1998; as `obspy.signal.trigger.recursive_sta_lta`.
pub fn recursive_sta_lta(values: &[f64], short: usize, long: usize) -> Vec<f64> {
    #[expect(clippy::cast_precision_loss, reason = "counts of samples")]
    let (in_short, in_long) = (1.0 / short.max(1) as f64, 1.0 / long.max(1) as f64);
    let (mut near, mut far) = (0.0, f64::MIN_POSITIVE);
    let step = |(at, value): (usize, &f64)| {
        if at > 0 {
            near += in_short * (value * value - near);
            far += in_long * (value * value - far);
        }
        if at < long { 0.0 } else { near / far }
    };
    values.iter().enumerate().map(step).collect()
}

/// Fisher's kurtosis: 0 for normal noise, great where few blows stand out.
///
/// # Source
/// Fourth moment over the squared second, less 3; as `scipy.stats.kurtosis`.
pub fn excess_kurtosis(values: &[f64]) -> Option<f64> {
    let mean = spread::mean(values)?;
    let moment = |power: i32| spread::mean(&values.iter().map(|value| (value - mean).powi(power)).collect::<Vec<_>>());
    let second = moment(2).filter(|second| *second > 0.0)?;
    Some(moment(4)? / (second * second) - 3.0)
}

/// The frequency with the most power, cycles a sample: the top of a parabola through the greatest line of the spectrum
/// and its neighbours. Takes the mean away and tapers with a Hann window first.
///
/// # Source
/// Periodogram by the fast Fourier transform (Cooley and Tukey 1965).
pub fn dominant_cycles(values: &[f64]) -> Option<f64> {
    if values.len() < 16 {
        return None;
    }
    let mean = spread::mean(values)?;
    // Twice as long, filled up with nothing: lines lie close enough for a parabola.
    let size = (2 * values.len()).next_power_of_two();
    #[expect(clippy::cast_precision_loss, reason = "counts of samples")]
    let hann = |at: usize| (std::f64::consts::PI * (at as f64 + 0.5) / values.len() as f64).sin().powi(2);
    let mut spectrum: Vec<(f64, f64)> =
        values.iter().enumerate().map(|(at, value)| ((value - mean) * hann(at), 0.0)).collect();
    spectrum.resize(size, (0.0, 0.0));
    fourier(&mut spectrum);
    let power: Vec<f64> = spectrum[..=size / 2].iter().map(|(re, im)| re * re + im * im).collect();
    let inner = 1..power.len() - 1;
    let top = inner.max_by(|a, b| power[*a].total_cmp(&power[*b])).filter(|top| power[*top] > 0.0)?;
    let [left, middle, right] = [power[top - 1], power[top], power[top + 1]].map(|p| p.max(f64::MIN_POSITIVE).ln());
    let bend = left - 2.0 * middle + right;
    let aside = if bend < 0.0 { 0.5 * (left - right) / bend } else { 0.0 };
    #[expect(clippy::cast_precision_loss, reason = "places in a spectrum")]
    let cycles = (top as f64 + aside) / size as f64;
    Some(cycles)
}

/// The fast Fourier transform of a power of two of complex numbers, in place.
fn fourier(values: &mut [(f64, f64)]) {
    let n = values.len();
    let bits = n.trailing_zeros();
    for at in 0..n {
        let mirrored = at.reverse_bits() >> (usize::BITS - bits);
        if at < mirrored {
            values.swap(at, mirrored);
        }
    }
    let mut half = 1;
    while half < n {
        #[expect(clippy::cast_precision_loss, reason = "places in a transform")]
        let turn = |at: usize| (-std::f64::consts::PI * at as f64 / half as f64).sin_cos();
        for at in 0..half {
            let (sin, cos) = turn(at);
            for start in (at..n).step_by(2 * half) {
                let (a, b) = (values[start], values[start + half]);
                let b = (b.0 * cos - b.1 * sin, b.0 * sin + b.1 * cos);
                values[start] = (a.0 + b.0, a.1 + b.1);
                values[start + half] = (a.0 - b.0, a.1 - b.1);
            }
        }
        half *= 2;
    }
}

/// The values of a window around their mean, where it is filled.
fn centred(stream: &Stream, window: &Window<'_>) -> Option<SmallVec<[f64; 64]>> {
    let values: SmallVec<[f64; 64]> = window.values().collect();
    let mean = spread::mean(&values).filter(|_| window.is_filled(stream.facts.slack()))?;
    Some(values.into_iter().map(|value| value - mean).collect())
}

fn root_mean_square(centred: &[f64]) -> Option<f64> {
    let squares: f64 = centred.iter().map(|value| value * value).sum();
    #[expect(clippy::cast_precision_loss, reason = "a count of samples")]
    let mean = squares / centred.len() as f64;
    (!centred.is_empty()).then(|| mean.sqrt())
}

/// How many samples a length of time holds.
fn samples_in(stream: &Stream, length: &str) -> Result<usize, Box<EvalAltResult>> {
    let length = window_length(length)?;
    Ok(usize::try_from(length.as_micros() / stream.facts.cadence.as_micros().max(1)).unwrap_or(usize::MAX))
}

/// A ratio of averages at the end of a window, with the lengths of both averages in samples.
fn ratio(input: &Input, lengths: [&str; 2], window: &str, ratio: fn(&[f64], usize, usize) -> Vec<f64>) -> Answer {
    if window_length(lengths[0])? >= window_length(lengths[1])? || window_length(lengths[1])? > window_length(window)? {
        return Err(wrong("sta_lta: write a short window, then a longer one: sta_lta(\"500ms\", \"10s\")"));
    }
    over(input, window, |stream, window| {
        let (Ok(short), Ok(long)) = (samples_in(stream, lengths[0]), samples_in(stream, lengths[1])) else {
            return Measure::Unknown;
        };
        match centred(stream, &window) {
            Some(centred) if short > 0 && centred.len() >= long => {
                Measure::of(ratio(&centred, short, long.min(centred.len())).last().copied())
            }
            _ => Measure::Unknown,
        }
    })
}

/// The methods a rule sees.
#[export_module]
#[expect(clippy::unwrap_used, reason = "the export macro unwraps what the script engine has checked")]
pub mod methods {
    /// STA/LTA: the mean square of the last `short` over that of the window: how much harder it shakes just now than
    /// lately. 1 is quiet. Unknown with a gap in the window.
    ///
    /// # Units
    /// A ratio; on at 3.5 and off at 1 are usual after `band`.
    ///
    /// # Source
    /// Allen 1978; as `classic_sta_lta` of ObsPy.
    ///
    /// # Check
    /// 96 samples of ±1 and then 4 of ±3, short 4, window 100: 9 / 1.32 = 6.8182.
    #[rhai_fn(pure, return_raw)]
    pub fn sta_lta(input: &mut Input, short: ImmutableString, window: ImmutableString) -> Answer {
        ratio(input, [&short, &window], &window, classic_sta_lta)
    }

    /// The recursive STA/LTA: averages that forget exponentially over `short` and `long`, begun with the window. Write a
    /// window of six times `long` or more, so that what was before it is forgotten. Unknown with a gap in the window.
    ///
    /// # Units
    /// A ratio; on at 3.5 and off at 1 are usual after `band`.
    ///
    /// # Source
    /// Withers et al. 1998; as `recursive_sta_lta` of ObsPy.
    ///
    /// # Check
    /// 0, 1, 1, 1 with short 1, long 2: 1 / 0.875 = 1.1429.
    #[rhai_fn(pure, return_raw)]
    pub fn sta_lta_recursive(
        input: &mut Input,
        short: ImmutableString,
        long: ImmutableString,
        window: ImmutableString,
    ) -> Answer {
        ratio(input, [&short, &long], &window, recursive_sta_lta)
    }

    /// The input with only its frequencies from `low` to `high`, by a Butterworth band-pass of four corners. It begins
    /// with the oldest sample that is remembered and looks at the past only.
    ///
    /// # Units
    /// Hz; `high` must lie below half of the sampling rate, else the input is unknown.
    ///
    /// # Source
    /// Butterworth 1930; as `Trace.filter("bandpass")` of ObsPy.
    ///
    /// # Check
    /// At 100 Hz with a band from 1 to 10 Hz, a wave of 3 Hz passes whole and one of 40 Hz not at all.
    #[rhai_fn(pure, return_raw)]
    pub fn band(input: &mut Input, low: f64, high: f64) -> Result<Input, Box<EvalAltResult>> {
        if !(low > 0.0 && low < high && high.is_finite()) {
            return Err(wrong(format!("band({low}, {high}): write a lower and a higher frequency in Hz, above 0")));
        }
        let mut filtered = input.clone();
        for stream in Arc::make_mut(&mut filtered.streams) {
            let rate = 1.0 / stream.facts.cadence.as_secs_f64();
            let mut series = Series::default();
            if let Some(mut filter) = BandPass::new(low, high, rate) {
                for sample in stream.series.iter().filter(|sample| sample.flag.usable()) {
                    series.insert(Sample { value: filter.pass(sample.value), ..*sample });
                }
            }
            stream.silent |= series.is_empty();
            stream.series = Arc::new(series);
        }
        Ok(filtered)
    }

    /// Root mean square of the window around its mean: how hard it shakes. Unknown with a gap in the window.
    ///
    /// # Units
    /// Unit of the input.
    ///
    /// # Source
    /// √(mean (x − x̄)²).
    ///
    /// # Check
    /// 1, −1, 1, −1: 1.
    #[rhai_fn(pure, return_raw)]
    pub fn rms(input: &mut Input, window: ImmutableString) -> Answer {
        over_in_unit(input, &window, |stream, window| {
            Measure::of(centred(stream, &window).and_then(|centred| root_mean_square(&centred)))
        })
    }

    /// The greatest deflection of the window from its mean, up or down, over its root mean square: great where single
    /// blows stand out. Unknown with a gap in the window, or where nothing moves.
    ///
    /// # Units
    /// A ratio; √2 for a sine.
    ///
    /// # Source
    /// The crest factor of machine diagnosis.
    ///
    /// # Check
    /// 0, 0, 0, 4 around their mean 1: 3 / √3 = 1.7321.
    #[rhai_fn(pure, return_raw)]
    pub fn peak_factor(input: &mut Input, window: ImmutableString) -> Answer {
        over(input, &window, |stream, window| {
            let Some(centred) = centred(stream, &window) else { return Measure::Unknown };
            let peak = centred.iter().fold(0.0, |peak: f64, value| peak.max(value.abs()));
            Measure::of(root_mean_square(&centred).filter(|rms| *rms > 0.0).map(|rms| peak / rms))
        })
    }

    /// Kurtosis of the window: 0 for normal noise, −1.5 for a sine, great where few blows stand out. Unknown with a gap
    /// in the window, or where nothing moves.
    ///
    /// # Units
    /// None (Fisher's excess).
    ///
    /// # Source
    /// As `scipy.stats.kurtosis`.
    ///
    /// # Check
    /// 0, 0, 0, 4: −0.6667.
    #[rhai_fn(pure, return_raw)]
    pub fn kurtosis(input: &mut Input, window: ImmutableString) -> Answer {
        over(input, &window, |stream, window| {
            Measure::of(centred(stream, &window).and_then(|centred| excess_kurtosis(&centred)))
        })
    }

    /// The frequency with the most power in the window (its newest 4,096 samples at most). Of a structure it falls when
    /// the structure loses stiffness, and follows the temperature. Unknown with a gap in the window or fewer than 16
    /// samples.
    ///
    /// # Units
    /// Hz, by the datastream's cadence.
    ///
    /// # Source
    /// Periodogram with a Hann taper; a parabola through its greatest lines.
    ///
    /// # Check
    /// A sine of 0.7 Hz, 200 samples at 10 Hz: 0.700.
    #[rhai_fn(pure, return_raw)]
    pub fn dominant_hz(input: &mut Input, window: ImmutableString) -> Answer {
        over(input, &window, |stream, window| {
            let Some(centred) = centred(stream, &window) else { return Measure::Unknown };
            let newest = &centred[centred.len().saturating_sub(SPECTRUM_SAMPLES)..];
            Measure::of(dominant_cycles(newest).map(|cycles| cycles / stream.facts.cadence.as_secs_f64()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::methods::{band, dominant_hz, kurtosis, peak_factor, rms, sta_lta, sta_lta_recursive};
    use super::*;
    use crate::stats::tests::level_input;

    fn number(answer: Answer) -> Option<f64> {
        answer.expect("runs").decide(true).measure.number()
    }

    #[track_caller]
    fn near(found: Option<f64>, expect: f64) {
        assert!(found.is_some_and(|found| (found - expect).abs() < 1e-4), "{found:?}, not {expect}");
    }

    /// Samples ten minutes apart, as all made-up inputs: a window of 1,000 minutes holds a hundred.
    fn blow(strength: f64) -> Input {
        let sign = |at: u32| if at.is_multiple_of(2) { 1.0 } else { -1.0 };
        let shake = |at: u32| if at < 96 { sign(at) } else { strength * sign(at) };
        level_input(&(0..100).map(shake).collect::<Vec<_>>())
    }

    #[test]
    fn the_checks_of_the_manual_hold() {
        // Ninety-six of ±1 and four of ±3, short four, window 100: 9 / 1.32.
        near(number(sta_lta(&mut blow(3.0), "40m".into(), "1000m".into())), 9.0 / 1.32);
        assert_eq!(recursive_sta_lta(&[0.0, 1.0, 1.0, 1.0], 1, 2)[3], 1.0 / 0.875);
        near(number(rms(&mut level_input(&[1.0, -1.0, 1.0, -1.0]), "40m".into())), 1.0);
        let mut blow = level_input(&[0.0, 0.0, 0.0, 4.0]);
        near(number(peak_factor(&mut blow, "40m".into())), 3_f64.sqrt());
        near(number(kurtosis(&mut blow, "40m".into())), -2.0 / 3.0);
        assert_eq!(number(kurtosis(&mut level_input(&[2.0; 8]), "80m".into())), None, "nothing moves");
        assert_eq!(number(rms(&mut blow, "3h".into())), None, "a window that is not filled");
    }

    #[test]
    fn a_recursive_ratio_forgets_what_was_before_its_window() {
        let mut input = blow(3.0);
        let whole: Vec<f64> = input.streams[0].series.iter().map(|sample| sample.value).collect();
        let expect = *recursive_sta_lta(&whole, 4, 10).last().expect("samples");
        let found = number(sta_lta_recursive(&mut input, "40m".into(), "100m".into(), "1000m".into()));
        assert!(found.is_some_and(|found| (found - expect).abs() < 1e-3), "{found:?}, not {expect}");
        assert!(sta_lta_recursive(&mut input, "100m".into(), "40m".into(), "1000m".into()).is_err());
    }

    #[test]
    fn a_band_lets_its_own_waves_through() {
        // One sample in ten minutes is 1/600 Hz; a wave of 20 samples and one of 2.5.
        let rate = 1.0 / 600.0;
        let waves = |slow: f64, fast: f64| {
            let at = |at: u32| {
                let turn = f64::from(at) * std::f64::consts::TAU;
                slow * (turn / 20.0).sin() + fast * (turn / 2.5).sin()
            };
            level_input(&(0..400).map(at).collect::<Vec<_>>())
        };
        let passed = |input: &mut Input| {
            let mut input = band(input, rate / 40.0, rate / 10.0).expect("runs");
            number(rms(&mut input, "2000m".into())).expect("known")
        };
        assert!((passed(&mut waves(1.0, 0.0)) - 0.5_f64.sqrt()).abs() < 0.01);
        assert!(passed(&mut waves(0.0, 1.0)) < 0.001);
        near(number(dominant_hz(&mut waves(1.0, 0.2), "3000m".into())).map(|hz| hz / rate), 0.05);
        assert!(band(&mut waves(1.0, 0.0), 2.0, 1.0).is_err());
        let mut beyond = band(&mut waves(1.0, 0.0), rate / 10.0, rate).expect("runs");
        assert_eq!(number(rms(&mut beyond, "2000m".into())), None, "a band beyond the sampling rate");
    }
}
