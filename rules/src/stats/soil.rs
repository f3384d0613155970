//! What the rain has done to the ground: antecedent rain, the soil's water, intensity over duration.
//!
//! Hours are counted back from the end of the window, never by the clock. With a gap in the window each answer is a
//! lower bound, because rain that was not seen can only add.

use crate::language::input::{Input, Stream};
use crate::language::value::Measure;
use crate::series::{Sample, Window};
use crate::stats::{Answer, amount, over, wrong};
use bongsu_sensors::Nature;
use rhai::ImmutableString;
use rhai::plugin::export_module;
use smallvec::SmallVec;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3_600);

/// The state of three tanks of soil, one above the other, mm of water each.
///
/// # Source
/// The soil water index of the Japan Meteorological Agency: Okada et al. 2001, after Ishihara and Kobatake 1979.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tanks(pub [f64; 3]);

impl Tanks {
    /// One hour with some rain, mm.
    #[must_use]
    pub fn hour(self, rain: f64) -> Tanks {
        self.step(rain, 1.0)
    }

    /// A step of some hours (up to one) with rain at some mm an hour; explicit, all tanks from the state before.
    #[must_use]
    pub fn step(self, intensity: f64, hours: f64) -> Tanks {
        let [first, second, third] = self.0;
        let over = |stored: f64, height: f64| (stored - height).max(0.0);
        let runoff =
            [0.10 * over(first, 15.0) + 0.15 * over(first, 60.0), 0.05 * over(second, 15.0), 0.01 * over(third, 15.0)];
        let sinks = [0.12 * first, 0.05 * second, 0.01 * third];
        Tanks([
            first + hours * (intensity - runoff[0] - sinks[0]),
            second + hours * (sinks[0] - runoff[1] - sinks[1]),
            third + hours * (sinks[1] - runoff[2] - sinks[2]),
        ])
    }

    /// The soil water index, mm.
    pub fn index(self) -> f64 {
        self.0.iter().sum()
    }
}

/// The greatest ratio of rain to what a limit `coefficient · hours^−exponent` (mm/h) allows, over all whole numbers of
/// hours that end with the last of some hourly amounts.
///
/// # Source
/// Caine 1980 for 14.82 and 0.39: "The rainfall intensity–duration control of shallow landslides and debris flows".
pub fn over_duration(hourly: &[f64], coefficient: f64, exponent: f64) -> Option<f64> {
    let mut total = 0.0;
    let ratios = hourly.iter().rev().zip(1_u32..).map(|(rain, hours)| {
        total += rain;
        total / (coefficient * f64::from(hours).powf(1.0 - exponent))
    });
    ratios.max_by(f64::total_cmp)
}

/// Amounts with their times; of a counter its rises, each at the moment it was seen.
fn amounts<'a>(stream: &Stream, window: &Window<'a>) -> impl Iterator<Item = (&'a Sample, f64)> {
    let rises = (stream.facts.nature == Nature::Counter).then(|| amount::rises(window, stream.facts.slack()));
    // A first total tells no rise where nothing came shortly before it.
    let skipped = rises.as_ref().map_or(0, |rises| window.samples().count() - rises.len());
    window.samples().skip(skipped).enumerate().map(move |(at, sample)| match &rises {
        Some(rises) => (sample, rises.get(at).copied().unwrap_or_default()),
        None => (sample, sample.value),
    })
}

/// The amounts of each hour of a window, oldest first, counted back from its end.
fn hourly(stream: &Stream, window: &Window<'_>) -> SmallVec<[f64; 64]> {
    let hours = window.length().as_secs().div_ceil(HOUR.as_secs());
    let mut hourly: SmallVec<[f64; 64]> = (0..hours).map(|_| 0.0).collect();
    for (sample, amount) in amounts(stream, window) {
        let ago = window.until().since(sample.time).as_secs() / HOUR.as_secs();
        if let Some(hour) = usize::try_from(hours - 1 - ago.min(hours - 1)).ok().and_then(|at| hourly.get_mut(at)) {
            *hour += amount;
        }
    }
    hourly
}

/// A number that more rain can only raise.
fn bounded(stream: &Stream, window: &Window<'_>, number: Option<f64>) -> Measure {
    match number.filter(|number| !number.is_nan()) {
        Some(_) if window.samples().next().is_none() => Measure::Unknown,
        Some(number) if window.is_filled(stream.facts.slack()) => Measure::Exactly(number),
        Some(number) => Measure::AtLeast(number),
        None => Measure::Unknown,
    }
}

/// The methods a rule sees.
#[export_module]
#[expect(clippy::unwrap_used, reason = "the export macro unwraps what the script engine has checked")]
pub mod methods {
    /// Antecedent rain: every amount of the window, less the older it is. `left` is the part that still counts after a
    /// day, 0.8 to 0.98 for soils. With a gap in the window it is a lower bound.
    ///
    /// # Units
    /// Unit of the input.
    ///
    /// # Source
    /// Kohler and Linsley 1951: API_t = k·API_(t−1) + P_t for daily amounts, continued between days.
    ///
    /// # Check
    /// 10 mm two days ago and 5 mm now, left 0.9: 5 + 0.81 · 10 = 13.1.
    #[rhai_fn(pure, return_raw)]
    pub fn antecedent(input: &mut Input, left: f64, window: ImmutableString) -> Answer {
        if !(left > 0.0 && left < 1.0) {
            return Err(wrong(format!("antecedent({left}): write the part left after a day, between 0 and 1")));
        }
        over(input, &window, |stream, window| {
            let days = |sample: &Sample| window.until().since(sample.time).as_secs_f64() / 86_400.0;
            let sum = amounts(stream, &window).map(|(sample, rain)| rain * left.powf(days(sample))).sum();
            bounded(stream, &window, Some(sum))
        })
    }

    /// Soil water index: how much rain the ground still holds, by three tanks that fill and drain. The window should
    /// reach back to a dry time; ten days are usual, a rule may ask for forty. With a gap in the window it is a lower
    /// bound.
    ///
    /// # Units
    /// mm. Limits belong to this scheme of hourly steps and to a place.
    ///
    /// # Source
    /// Okada et al. 2001 (Japan Meteorological Agency), tanks of Ishihara and Kobatake 1979.
    ///
    /// # Check
    /// 30 mm in each of three hours, then three dry ones: 30.0000, 58.5000, 84.5100, 76.4277, 72.0173, 68.4196.
    #[rhai_fn(pure, return_raw)]
    pub fn soil_water(input: &mut Input, window: ImmutableString) -> Answer {
        over(input, &window, |stream, window| {
            let tanks = hourly(stream, &window).iter().fold(Tanks::default(), |tanks, rain| tanks.hour(*rain));
            bounded(stream, &window, Some(tanks.index()))
        })
    }

    /// How near the rain of the last hours comes to Caine's limit of shallow landslides, over all durations from an
    /// hour to the window: 1 is reached. With a gap in the window it is a lower bound.
    ///
    /// # Units
    /// A ratio; the input is in mm.
    ///
    /// # Source
    /// Caine 1980: I = 14.82·D^−0.39, mm/h and hours.
    ///
    /// # Check
    /// The limit is a total of 14.8, 29.0, 44.2, 67.5 and 103 mm in 1, 3, 6, 12 and 24 hours.
    #[rhai_fn(pure, return_raw)]
    pub fn caine(input: &mut Input, window: ImmutableString) -> Answer {
        intensity_ratio(input, 14.82, 0.39, window)
    }

    /// Like `caine`, for another limit of intensity and duration, `coefficient · hours^−exponent`.
    ///
    /// # Units
    /// A ratio; the coefficient is in the input's unit per hour.
    ///
    /// # Source
    /// Guzzetti et al. 2007 collect such limits.
    ///
    /// # Check
    /// Coefficient 10, exponent 0.5, 40 mm in four hours: 40 / (10 · 4^0.5) = 2.
    #[rhai_fn(pure, return_raw)]
    pub fn intensity_ratio(input: &mut Input, coefficient: f64, exponent: f64, window: ImmutableString) -> Answer {
        if !(coefficient > 0.0 && coefficient.is_finite() && (0.0..1.0).contains(&exponent)) {
            return Err(wrong("intensity_ratio: write a coefficient above 0 and an exponent from 0 to below 1"));
        }
        over(input, &window, |stream, window| {
            bounded(stream, &window, over_duration(&hourly(stream, &window), coefficient, exponent))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::methods::{antecedent, caine, soil_water};
    use super::*;
    use crate::stats::tests::input_of;

    fn number(answer: Answer) -> f64 {
        answer.expect("runs").decide(true).measure.number().expect("known")
    }

    #[test]
    fn the_soil_fills_and_drains_as_published() {
        let check = |steps: u32, hours: f64, expect: [f64; 6]| {
            let mut tanks = Tanks::default();
            for (hour, expect) in (0..).zip(expect) {
                let intensity = if hour < 3 { 30.0 } else { 0.0 };
                for _ in 0..steps {
                    tanks = tanks.step(intensity, hours);
                }
                assert!((tanks.index() - expect).abs() < 5e-5, "hour {hour}: {}", tanks.index());
            }
        };
        check(1, 1.0, [30.0, 58.5, 84.51, 76.4277, 72.0173, 68.4196]);
        check(6, 1.0 / 6.0, [29.7774, 57.4421, 82.6993, 77.1702, 73.1164, 69.7507]);
    }

    #[test]
    fn a_rule_sees_the_soil_of_its_own_hours() {
        // Ten-minute amounts, and the same as a counter.
        let mut rain = vec![0.0; 7];
        rain.extend([5.0; 18]);
        rain.extend([0.0; 18]);
        let total = rain.iter().scan(100.0, |total, rain| {
            *total += rain;
            Some(*total)
        });
        let total: Vec<f64> = total.collect();
        for (values, nature) in [(&rain, Nature::Amount), (&total, Nature::Counter)] {
            let mut input = input_of(values, nature);
            assert!((number(soil_water(&mut input, "7h".into())) - 68.4196).abs() < 5e-5, "{nature:?}");
            let ratio = number(caine(&mut input, "7h".into()));
            assert!((ratio - 90.0 / (14.82 * 6_f64.powf(0.61))).abs() < 1e-9, "{nature:?}: {ratio}");
        }
    }

    #[test]
    fn limits_of_caine_agree() {
        for (hours, total) in [(1, 14.8), (3, 29.0), (6, 44.2), (12, 67.5), (24, 103.0)] {
            let rain = vec![total / f64::from(hours); usize::try_from(hours).expect("small")];
            let ratio = over_duration(&rain, 14.82, 0.39).expect("rain");
            assert!((ratio - 1.0).abs() < 0.004, "{hours} h: {ratio}");
        }
    }

    #[test]
    fn old_rain_counts_less() {
        let mut values = vec![0.0; 2 * 144 + 1];
        (values[0], values[2 * 144]) = (10.0, 5.0);
        let found = number(antecedent(&mut input_of(&values, Nature::Amount), 0.9, "3d".into()));
        assert!((found - 13.1).abs() < 1e-9, "{found}");
    }
}
