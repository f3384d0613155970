//! Whether there are more than usual: counts of syndromes, calls, loans; and when a stock runs out.

use crate::language::input::{Input, Stream};
use crate::language::value::Measure;
use crate::series::Window;
use crate::stats::chance::{poisson_at_least, poisson_exactly};
use crate::stats::{Answer, over, spread, values, wrong};
use rhai::ImmutableString;
use rhai::plugin::export_module;
use smallvec::SmallVec;

/// The least standard deviation of a baseline of counts: one case in five periods.
const LEAST_DEVIATION: f64 = 0.2;

/// How far the count of one period lies above seven earlier ones, in their standard deviations. `counts` are in order,
/// the period itself last; `skipped` periods right before it are in neither.
fn above_baseline(counts: &[f64], skipped: usize) -> Option<f64> {
    let (now, before) = counts.split_last()?;
    let baseline = before.len().checked_sub(skipped).and_then(|end| before.get(end.checked_sub(7)?..end))?;
    let deviation = spread::standard_deviation(baseline)?.max(LEAST_DEVIATION);
    Some((now - spread::mean(baseline)?) / deviation)
}

/// The three statistics of the Early Aberration Reporting System, after the last of some counts: C1 (seven periods
/// before), C2 (seven periods, two skipped), C3 (what C2 exceeded 1 by in three periods).
///
/// # Source
/// Hutwagner et al. 2003.
pub fn ears(counts: &[f64]) -> [Option<f64>; 3] {
    let c2 = |ago: usize| above_baseline(counts.get(..counts.len().checked_sub(ago)?)?, 2);
    let c3 = [0, 1, 2].into_iter().map(|ago| c2(ago).map(|c2| (c2 - 1.0).max(0.0))).sum();
    [above_baseline(counts, 0), c2(0), c3]
}

/// The chance that a stock is used up when `out` and `back` are the expected numbers taken and returned: that a Skellam
/// number comes to the stock or more.
///
/// # Source
/// Skellam 1946, summed over what comes back; ends where what is left is below 10⁻¹².
pub fn used_up(stock: f64, out: f64, back: f64) -> Option<f64> {
    if !(stock.is_finite() && out >= 0.0 && back >= 0.0 && out <= 10_000.0 && back <= 10_000.0) {
        return None;
    }
    let (mut chance, mut seen) = (0.0, 0.0);
    // Ten deviations above the mean nothing is left.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 11,050")]
    let most = (back + 10.0 * back.sqrt() + 50.0) as u32;
    for returned in 0..=most {
        let share = poisson_exactly(back, returned);
        chance += share * poisson_at_least(out, stock + f64::from(returned))?;
        seen += share;
        if 1.0 - seen < 1e-12 {
            break;
        }
    }
    Some(chance.clamp(0.0, 1.0))
}

/// The sums of a window cut into equal periods, oldest first; `None` where it is not filled.
fn periods(stream: &Stream, window: &Window<'_>, count: usize) -> Option<SmallVec<[f64; 12]>> {
    if !window.is_filled(stream.facts.slack()) {
        return None;
    }
    let length = window.length() / u32::try_from(count).ok()?;
    let sum = |ago: u32| {
        let period = stream.series.window(window.until() - length * ago, length);
        values(stream, &period).iter().sum()
    };
    Some((0..u32::try_from(count).ok()?).rev().map(sum).collect())
}

fn ears_of(input: &Input, window: &str, count: usize, which: usize) -> Answer {
    over(input, window, |stream, window| {
        Measure::of(periods(stream, &window, count).and_then(|counts| ears(&counts)[which]))
    })
}

/// The methods a rule sees.
#[export_module]
#[expect(clippy::unwrap_used, reason = "the export macro unwraps what the script engine has checked")]
pub mod methods {
    /// EARS C1: the window is cut in eight equal periods; how far the newest one's sum lies above the mean of the seven
    /// before, in their standard deviations (never less than 0.2). "8d" compares a day with a week. Unknown with a gap
    /// in the window.
    ///
    /// # Units
    /// Standard deviations; 3 is usual.
    ///
    /// # Source
    /// Hutwagner et al. 2003, Early Aberration Reporting System.
    ///
    /// # Check
    /// 3, 5, 4, 6, 5, 4, 8 then 12: (12 − 5) / 1.6330 = 4.2866.
    #[rhai_fn(pure, return_raw)]
    pub fn ears_c1(input: &mut Input, window: ImmutableString) -> Answer {
        ears_of(input, &window, 8, 0)
    }

    /// EARS C2: like `ears_c1` with ten periods, the two right before the newest left out, so that a slow start does
    /// not hide itself. "10d" compares a day with the week that ended two days before.
    ///
    /// # Units
    /// Standard deviations; 3 is usual.
    ///
    /// # Source
    /// Hutwagner et al. 2003.
    ///
    /// # Check
    /// 3, 5, 4, 6, 5, 4, 8, then 9, 9, then 12: 4.2866.
    #[rhai_fn(pure, return_raw)]
    pub fn ears_c2(input: &mut Input, window: ImmutableString) -> Answer {
        ears_of(input, &window, 10, 1)
    }

    /// EARS C3: what C2 exceeds 1 by, summed over the three newest of twelve periods: "12d".
    ///
    /// # Units
    /// Standard deviations; 2 is usual.
    ///
    /// # Source
    /// Hutwagner et al. 2003.
    ///
    /// # Check
    /// 4, 4, 3, 5, 4, 6, 5, 4, 8, 9, 9, 12: 10.6552.
    #[rhai_fn(pure, return_raw)]
    pub fn ears_c3(input: &mut Input, window: ImmutableString) -> Answer {
        ears_of(input, &window, 12, 2)
    }

    /// The chance that a stock is used up within `minutes`, if as much is taken and returned as in the window: falls of
    /// the value are taken, rises are returned, each of them chance (their difference is a Skellam number). Unknown with
    /// a gap in the window.
    ///
    /// # Units
    /// A chance, 0 to 1.
    ///
    /// # Source
    /// Skellam 1946.
    ///
    /// # Check
    /// 4 left, 3 expected to go and 1 to come back: 0.2154.
    #[rhai_fn(pure, return_raw)]
    pub fn runs_out(input: &mut Input, minutes: f64, window: ImmutableString) -> Answer {
        if !(minutes > 0.0 && minutes.is_finite()) {
            return Err(wrong(format!("runs_out({minutes}): write how many minutes ahead")));
        }
        over(input, &window, |stream, window| {
            if !window.is_filled(stream.facts.slack()) {
                return Measure::Unknown;
            }
            let mut last = window.before().map(|sample| sample.value);
            let (mut out, mut back) = (0.0, 0.0);
            for value in window.values() {
                let change = value - last.unwrap_or(value);
                out += (-change).max(0.0);
                back += change.max(0.0);
                last = Some(value);
            }
            let part = minutes / (window.length().as_secs_f64() / 60.0);
            Measure::of(last.and_then(|stock| used_up(stock, out * part, back * part)))
        })
    }
}
