//! How much came together: sums of amounts and of a counter's rises.

use crate::language::input::Input;
use crate::language::value::Measure;
use crate::series::{Sample, Window};
use crate::stats::{Answer, over_in_unit, values};
use rhai::ImmutableString;
use rhai::plugin::export_module;
use smallvec::SmallVec;
use std::time::Duration;

/// The rises of a counter within a window. A fall is a reset: what it then shows came since. What it rose by over a gap
/// of more than `slack` that began before the window may have come before it too, so it is not counted.
pub(crate) fn rises(window: &Window<'_>, slack: Duration) -> SmallVec<[f64; 64]> {
    let first = window.samples().next().map(|sample| sample.time);
    let near = |before: &&Sample| first.is_some_and(|first| first.since(before.time) <= slack);
    let mut last = window.before().filter(near).map(|sample| sample.value);
    let mut rises = SmallVec::new();
    for value in window.values() {
        if let Some(last) = last {
            rises.push(if value >= last { value - last } else { value });
        }
        last = Some(value);
    }
    rises
}

/// The methods a rule sees.
#[export_module]
#[expect(clippy::unwrap_used, reason = "the export macro unwraps what the script engine has checked")]
pub mod methods {
    /// The sum of the window: how much rain fell, how many were lent. With a gap in the window it is a lower bound: it
    /// can prove a danger, not its absence.
    ///
    /// # Units
    /// Unit of the input.
    ///
    /// # Source
    /// A sum; a counter's falls are resets.
    ///
    /// # Check
    /// 0.5, 1, 0.5: 2.
    #[rhai_fn(pure, return_raw)]
    pub fn sum(input: &mut Input, window: ImmutableString) -> Answer {
        over_in_unit(input, &window, |stream, window| {
            let values = values(stream, &window);
            let sum: f64 = values.iter().sum();
            if window.is_filled(stream.facts.slack()) {
                Measure::Exactly(sum)
            } else if values.is_empty() {
                Measure::Unknown
            } else {
                Measure::AtLeast(sum)
            }
        })
    }
}
