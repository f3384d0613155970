//! What is usual at this hour of the week: a baseline for what people do, and for what the sun does.
//!
//! Weeks are counted back from the end of the window, 168 hours each, so no time zone is needed; across a change of
//! summer time the baseline is an hour late for some weeks.

use crate::language::input::{Input, Stream};
use crate::language::value::Measure;
use crate::series::Window;
use crate::stats::{Answer, over, over_in_unit, scaled_mad};
use bongsu_sensors::Time;
use rhai::ImmutableString;
use rhai::plugin::export_module;
use smallvec::SmallVec;

/// A week.
const WEEK_MS: i64 = 7 * 86_400_000;
/// So far to both sides an observation still belongs to the hour.
const HALF_HOUR_MS: i64 = 1_800_000;

/// Which earlier week's same hour a moment belongs to: 1 is a week ago.
fn weeks_ago(time: Time, until: Time) -> Option<i64> {
    let ago = until.millis() - time.millis();
    let weeks = (ago + HALF_HOUR_MS).div_euclid(WEEK_MS);
    ((ago - weeks * WEEK_MS).abs() <= HALF_HOUR_MS && weeks >= 1).then_some(weeks)
}

/// What was observed at this hour of the earlier weeks of a window. Unknown (`None`) unless the same hour of at least
/// two weeks was observed.
fn same_hour(window: &Window<'_>) -> Option<SmallVec<[f64; 64]>> {
    let mut weeks: SmallVec<[i64; 8]> = SmallVec::new();
    let mut values = SmallVec::new();
    for sample in window.samples() {
        if let Some(week) = weeks_ago(sample.time, window.until()) {
            values.push(sample.value);
            if weeks.last() != Some(&week) {
                weeks.push(week);
            }
        }
    }
    (weeks.len() >= 2).then_some(values)
}

fn baseline(stream: &Stream, window: &Window<'_>) -> Option<(f64, f64)> {
    let (middle, mad) = scaled_mad(&mut same_hour(window)?)?;
    Some((middle, mad.max(stream.facts.resolution)))
}

/// The methods a rule sees.
#[export_module]
#[expect(clippy::unwrap_used, reason = "the export macro unwraps what the script engine has checked")]
pub mod methods {
    /// What is usual at this hour of the week: the median of all observations within half an hour of this moment in the
    /// earlier weeks of the window. Unknown unless at least two earlier weeks were observed: write "15d" or more.
    ///
    /// # Units
    /// Unit of the input.
    ///
    /// # Source
    /// A seasonal baseline of 168 hours.
    ///
    /// # Check
    /// 10 a week ago, 14 two weeks ago, 12 three weeks ago: 12.
    #[rhai_fn(pure, return_raw)]
    pub fn usual(input: &mut Input, window: ImmutableString) -> Answer {
        over_in_unit(input, &window, |stream, window| Measure::of(baseline(stream, &window).map(|(middle, _)| middle)))
    }

    /// How far the newest observation lies from what is usual at this hour of the week, in scaled median absolute
    /// deviations of that hour (never less than the sensor's resolution). Unknown unless at least two earlier weeks were
    /// observed: write "15d" or more.
    ///
    /// # Units
    /// Scaled median absolute deviations, with their sign.
    ///
    /// # Source
    /// A seasonal baseline of 168 hours with a robust deviation.
    ///
    /// # Check
    /// 20 now; 10, 14 and 12 at this hour of three weeks: (20 − 12) / (1.4826 · 2) = 2.6980.
    #[rhai_fn(pure, return_raw)]
    pub fn seasonal_z(input: &mut Input, window: ImmutableString) -> Answer {
        over(input, &window, |stream, window| {
            let both = baseline(stream, &window).zip(stream.newest());
            Measure::of(both.map(|((middle, deviation), newest)| (newest.value - middle) / deviation))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::methods::{seasonal_z, usual};
    use super::*;
    use crate::flag::Flag;
    use crate::series::{Sample, Series};
    use crate::stats::tests::level_input;
    use std::sync::Arc;

    #[test]
    fn the_same_hour_of_earlier_weeks_is_usual() {
        let mut input = level_input(&[0.0]);
        let now = Time::from_millis(5 * WEEK_MS);
        let number = |answer: Answer| answer.expect("runs").decide(true).measure.number();
        let mut series = Series::default();
        // Half an hour aside belongs to it, an hour does not.
        for (ago, value) in [(3 * WEEK_MS, 12.0), (2 * WEEK_MS + 1_800_000, 14.0), (WEEK_MS - 1_800_000, 10.0)] {
            series.insert(Sample { time: Time::from_millis(now.millis() - ago), value, flag: Flag::Pass });
            let other = now.millis() - ago - 3_600_001;
            series.insert(Sample { time: Time::from_millis(other), value: 99.0, flag: Flag::Pass });
        }
        series.insert(Sample { time: now, value: 20.0, flag: Flag::Pass });
        for stream in Arc::make_mut(&mut input.streams) {
            (stream.series, stream.until) = (Arc::new(series.clone()), now);
        }
        assert_eq!(number(usual(&mut input, "30d".into())), Some(12.0));
        let z = number(seasonal_z(&mut input, "30d".into()));
        assert!(z.is_some_and(|z| (z - 8.0 / (1.4826 * 2.0)).abs() < 1e-12), "{z:?}");
        assert_eq!(number(usual(&mut input, "10d".into())), None, "one week tells nothing");
    }
}
