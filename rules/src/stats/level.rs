//! How high it is and how it is spread: last, mean, greatest, least, median, percentile, deviation from the usual.

use crate::language::input::Input;
use crate::language::value::{Measure, Value};
use crate::stats::{Answer, over, over_in_unit, representative, scaled_mad, values, wrong};
use bongsu_sensors::Level;
use rhai::ImmutableString;
use rhai::plugin::export_module;

/// The methods a rule sees.
#[export_module]
#[expect(clippy::unwrap_used, reason = "the export macro unwraps what the script engine has checked")]
pub mod methods {
    /// The newest usable observation.
    ///
    /// # Units
    /// Unit of the input.
    ///
    /// # Source
    /// None: it is what was observed.
    ///
    /// # Check
    /// 1, 2, 3: 3.
    #[rhai_fn(pure)]
    pub fn last(input: &mut Input) -> Value {
        input.each_in_unit(|stream| Measure::of(stream.newest().map(|sample| sample.value)))
    }

    /// The mean of the window. Unknown with fewer than half of the observations the cadence promises.
    ///
    /// # Units
    /// Unit of the input.
    ///
    /// # Source
    /// Arithmetic mean.
    ///
    /// # Check
    /// 1, 2, 6: 3.
    #[rhai_fn(pure, return_raw)]
    pub fn mean(input: &mut Input, window: ImmutableString) -> Answer {
        over_in_unit(input, &window, |stream, window| {
            let values = representative(stream, &window, 1);
            Measure::of(values.and_then(|values| crate::stats::spread::mean(&values)))
        })
    }

    /// The greatest value of the window. With a gap in the window it is a lower bound: it can prove a danger, not its
    /// absence.
    ///
    /// # Units
    /// Unit of the input.
    ///
    /// # Source
    /// An extreme value.
    ///
    /// # Check
    /// 1, 5, 2: 5.
    #[rhai_fn(pure, return_raw)]
    pub fn max(input: &mut Input, window: ImmutableString) -> Answer {
        over_in_unit(input, &window, |stream, window| {
            match values(stream, &window).into_iter().max_by(f64::total_cmp) {
                None => Measure::Unknown,
                Some(max) if window.is_filled(stream.facts.slack()) => Measure::Exactly(max),
                Some(max) => Measure::AtLeast(max),
            }
        })
    }

    /// The least value of the window. With a gap in the window it is an upper bound.
    ///
    /// # Units
    /// Unit of the input.
    ///
    /// # Source
    /// An extreme value.
    ///
    /// # Check
    /// 1, 5, 2: 1.
    #[rhai_fn(pure, return_raw)]
    pub fn min(input: &mut Input, window: ImmutableString) -> Answer {
        over_in_unit(input, &window, |stream, window| {
            match values(stream, &window).into_iter().min_by(f64::total_cmp) {
                None => Measure::Unknown,
                Some(min) if window.is_filled(stream.facts.slack()) => Measure::Exactly(min),
                Some(min) => Measure::AtMost(min),
            }
        })
    }

    /// The median of the window. Unknown with fewer than half of the observations the cadence promises.
    ///
    /// # Units
    /// Unit of the input.
    ///
    /// # Source
    /// The middle of an odd number of values, the mean of both middles of an even one.
    ///
    /// # Check
    /// 1, 9, 2, 4: 3.
    #[rhai_fn(pure, return_raw)]
    pub fn median(input: &mut Input, window: ImmutableString) -> Answer {
        over_in_unit(input, &window, |stream, window| {
            let values = representative(stream, &window, 1);
            Measure::of(values.and_then(|mut values| crate::stats::median(&mut values)))
        })
    }

    /// The value below which `percent` of the window's observations lie (nearest rank). Unknown with fewer than half
    /// of the observations the cadence promises.
    ///
    /// # Units
    /// Unit of the input.
    ///
    /// # Source
    /// Nearest rank: the smallest value with at least `percent` of all at or below it.
    ///
    /// # Check
    /// 15, 20, 35, 40, 50 at 40: 20.
    #[rhai_fn(pure, return_raw)]
    pub fn percentile(input: &mut Input, percent: f64, window: ImmutableString) -> Answer {
        if !(0.0..=100.0).contains(&percent) {
            return Err(wrong(format!("percentile({percent}): write a number from 0 to 100")));
        }
        over_in_unit(input, &window, |stream, window| {
            let Some(mut values) = representative(stream, &window, 1) else { return Measure::Unknown };
            #[expect(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a rank within the window"
            )]
            let rank = ((percent / 100.0 * values.len() as f64).ceil() as usize).clamp(1, values.len());
            Measure::known(*values.select_nth_unstable_by(rank - 1, f64::total_cmp).1)
        })
    }

    /// How many usable observations the window holds.
    ///
    /// # Units
    /// A count.
    ///
    /// # Source
    /// A count.
    ///
    /// # Check
    /// 1, 2, 3: 3.
    #[rhai_fn(pure, return_raw)]
    pub fn count(input: &mut Input, window: ImmutableString) -> Answer {
        #[expect(clippy::cast_precision_loss, reason = "a count of samples")]
        over(input, &window, |_, window| Measure::Exactly(window.values().count() as f64))
    }

    /// The limit of a level in the catalog: `levels = { watch = 6.2 }`. A station without that level has none, and a
    /// check against it is left out.
    ///
    /// # Units
    /// Unit of the input.
    ///
    /// # Source
    /// The catalog.
    ///
    /// # Check
    /// `levels = { watch = 6.2 }`: `limit("watch")` is 6.2.
    #[rhai_fn(pure, return_raw)]
    pub fn limit(input: &mut Input, level: ImmutableString) -> Answer {
        let level: Level = level.parse().map_err(wrong)?;
        let limit = |stream: &crate::language::input::Stream| stream.facts.levels.get(&level).copied();
        let mut value = input.each_in_unit(|stream| Measure::of(limit(stream)));
        // A limit does not fall silent with its station.
        value.parts = input
            .streams
            .iter()
            .filter_map(|stream| {
                let measure = Measure::Exactly(limit(stream)?);
                Some(crate::language::value::Part { station: Some(stream.facts.station), measure })
            })
            .collect();
        value.absent |= value.parts.is_empty();
        value.min_stations = 1;
        Ok(value)
    }

    /// The scaled median absolute deviation of the window: its usual spread, unmoved by a few wild values.
    ///
    /// # Units
    /// Unit of the input.
    ///
    /// # Source
    /// Hampel 1974: 1.4826 times the median of |x − median|.
    ///
    /// # Check
    /// 1, 2, 3, 4, 9: 1.4826.
    #[rhai_fn(pure, return_raw)]
    pub fn mad(input: &mut Input, window: ImmutableString) -> Answer {
        over(input, &window, |stream, window| {
            let values = representative(stream, &window, 3);
            Measure::of(values.and_then(|mut values| scaled_mad(&mut values)).map(|(_, mad)| mad))
        })
    }

    /// How far the newest observation lies from the median of the window, in scaled median absolute deviations (never
    /// less than the sensor's resolution, so that a quiet sensor does not cry at its own last digit).
    ///
    /// # Units
    /// Scaled median absolute deviations, with their sign.
    ///
    /// # Source
    /// Iglewicz and Hoaglin 1993.
    ///
    /// # Check
    /// 1, 2, 3, 4, 9: (9 − 3) / 1.4826 = 4.0469.
    #[rhai_fn(pure, return_raw)]
    pub fn robust_z(input: &mut Input, window: ImmutableString) -> Answer {
        over(input, &window, |stream, window| {
            let Some(mut values) = representative(stream, &window, 5) else { return Measure::Unknown };
            let Some(newest) = values.last().copied() else { return Measure::Unknown };
            let Some((middle, mad)) = scaled_mad(&mut values) else { return Measure::Unknown };
            Measure::known((newest - middle) / mad.max(stream.facts.resolution))
        })
    }
}
