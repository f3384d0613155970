//! When it will give way: the inverse velocity of a slope or a structure that accelerates.

use crate::language::input::Input;
use crate::language::value::Measure;
use crate::series::{Sample, Window};
use crate::stats::{Answer, is_represented, over, trend};
use rhai::ImmutableString;
use rhai::plugin::export_module;
use smallvec::SmallVec;

/// The window is cut into so many parts, each of which gives one velocity: fewer follow noise, more hide the curve.
const PARTS: u32 = 8;
/// Acceleration has begun when the last quarter moves so many times as fast as the first half.
const ONSET: f64 = 2.0;

/// Velocities (per hour) of the parts of a window with the hour of each part's middle before the window's end, oldest
/// first; all positive, or `None`.
fn velocities(window: &Window<'_>, parts: u32) -> Option<SmallVec<[(f64, f64); 8]>> {
    let length = window.length() / parts;
    let hours = |ago: u32| length.as_secs_f64() / 3600.0 * (f64::from(ago) + 0.5);
    let part = |ago: u32| {
        let (end, start) = (window.until() - length * ago, window.until() - length * (ago + 1));
        let inside = window.samples().filter(move |sample: &&Sample| start < sample.time && sample.time <= end);
        trend::least_squares(inside).map(|velocity| (-hours(ago), velocity))
    };
    (0..parts).rev().map(part).collect()
}

/// Hours until a line through inverse velocities reaches zero: when what accelerates so will fail. `None` where it does
/// not accelerate. Points are (hours, velocity), oldest first; a shrinking movement counts like a growing one.
///
/// # Source
/// Fukuzono 1985, Voight 1988: 1/v = a + b·t with b < 0, t_f = −a/b.
pub fn failure_hours(velocities: &[(f64, f64)]) -> Option<f64> {
    let sign = velocities.last()?.1.signum();
    let speeds = || velocities.iter().map(|(_, velocity)| velocity * sign);
    // Before the onset velocities are noise around a creep, and their inverse is nothing.
    let (half, quarter) = (velocities.len() / 2, (velocities.len() / 4).max(1));
    #[expect(clippy::cast_precision_loss, reason = "counts of parts")]
    let (early, late) = (
        speeds().take(half).sum::<f64>() / half.max(1) as f64,
        speeds().rev().take(quarter).sum::<f64>() / quarter as f64,
    );
    if !(late > 0.0 && late >= ONSET * early) {
        return None;
    }
    // The line goes through what has moved since the onset: the longest run of growing speeds at the end.
    let mut recent: SmallVec<[(f64, f64); 8]> = SmallVec::new();
    for (hour, velocity) in velocities.iter().rev() {
        let speed = velocity * sign;
        if speed <= 0.0 || recent.last().is_some_and(|(_, inverse)| 1.0 / speed < *inverse) {
            break;
        }
        recent.push((*hour, 1.0 / speed));
    }
    if recent.len() < 3 {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "a count of parts")]
    let count = recent.len() as f64;
    let (x, y) = recent.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0 / count, y + point.1 / count));
    let spread: f64 = recent.iter().map(|point| (point.0 - x).powi(2)).sum();
    let slope = recent.iter().map(|point| (point.0 - x) * (point.1 - y)).sum::<f64>() / spread;
    (slope < 0.0).then(|| (x - y / slope).max(0.0))
}

/// The methods a rule sees.
#[export_module]
#[expect(clippy::unwrap_used, reason = "the export macro unwraps what the script engine has checked")]
pub mod methods {
    /// Minutes until a movement that accelerates comes to failure, by its inverse velocity: the window is cut into eight
    /// parts, and a line through the inverse of their velocities is followed to zero. Endless where it does not
    /// accelerate (the last quarter less than twice as fast as the first half). It is an estimate that
    /// grows better as the end comes near. Unknown with fewer than 24 observations, or fewer than half
    /// of those the cadence promises.
    ///
    /// # Units
    /// Minutes.
    ///
    /// # Source
    /// Fukuzono 1985, Voight 1988.
    ///
    /// # Check
    /// Velocities 1/8, 1/7, 1/6 and 1/5 an hour, an hour apart: 5 hours after the last.
    #[rhai_fn(pure, return_raw)]
    pub fn failure_eta(input: &mut Input, window: ImmutableString) -> Answer {
        over(input, &window, |stream, window| {
            if !is_represented(stream, &window, 24) {
                return Measure::Unknown;
            }
            match velocities(&window, PARTS) {
                Some(velocities) => {
                    let minutes = failure_hours(&velocities).map(|hours| hours * 60.0);
                    Measure::Exactly(minutes.unwrap_or(f64::INFINITY))
                }
                None => Measure::Unknown,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::methods::failure_eta;
    use super::*;
    use crate::stats::tests::level_input;

    #[test]
    fn a_line_of_inverse_velocities_ends_at_failure() {
        let speeds = |inverse: &[f64]| -> Vec<(f64, f64)> {
            inverse.iter().zip(0_u32..).map(|(inverse, hour)| (f64::from(hour), 1.0 / inverse)).collect()
        };
        let check = |velocities: &[(f64, f64)], expect: Option<f64>| match (failure_hours(velocities), expect) {
            (Some(found), Some(expect)) => assert!((found - expect).abs() < 1e-9, "{velocities:?}: {found}"),
            (found, expect) => assert_eq!(found, expect, "{velocities:?}"),
        };
        check(&speeds(&[20.0, 18.0, 16.0, 14.0, 12.0, 10.0, 8.0, 6.0]), Some(10.0));
        check(&speeds(&[9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0]), None);
        check(&speeds(&[5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0]), None);
        // Downwards is a movement too.
        let down: Vec<(f64, f64)> = speeds(&[20.0, 18.0, 16.0, 14.0, 12.0, 10.0, 8.0, 6.0]);
        check(&down.iter().map(|(hour, velocity)| (*hour, -velocity)).collect::<Vec<_>>(), Some(10.0));
    }

    #[test]
    fn a_slope_that_accelerates_tells_its_end() {
        // 1/v falls to zero at hour 50: the position is −ln(50 − t); now is hour 40.
        let creep: Vec<f64> = (0..=240).map(|at| -(50.0 - f64::from(at) / 6.0).ln()).collect();
        let minutes = failure_eta(&mut level_input(&creep), "30h".into()).expect("runs").decide(false).measure.number();
        assert!(minutes.is_some_and(|minutes| (minutes - 600.0).abs() < 30.0), "{minutes:?}");
        let steady: Vec<f64> = (0..=240).map(f64::from).collect();
        let minutes =
            failure_eta(&mut level_input(&steady), "30h".into()).expect("runs").decide(false).measure.number();
        assert_eq!(minutes, Some(f64::INFINITY));
    }
}
