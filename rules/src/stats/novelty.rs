//! Whether it was ever like this: a general measure of surprise that needs no model, no unit and no threshold of its
//! own.
//!
//! A value is as novel as it is far from every earlier one. Daily tides and weekly rhythms are soon known, so they do
//! not surprise; a value in a gap between two habits does, which no limit and no deviation from a mean can see.

use crate::language::input::Input;
use crate::language::value::Measure;
use crate::stats::{Answer, over, values};
use rhai::ImmutableString;
use rhai::plugin::export_module;

/// Most values that are remembered; of a longer window the newest. Sorting them takes a quarter of a millisecond.
const MEMORY: usize = 8_000;
/// Fewer values than this have no habits.
const LEAST: usize = 40;
/// A novelty counts as matched from this part of it on: the second of two equal blows is no record.
const MATCH: f64 = 0.9;
/// Of an earlier surprise this part is still in the air right after it ...
const STALE: f64 = 0.6;
/// ... and has worn off after this part of the memory.
const WEARS_OFF: usize = 8;

/// How far each of the later half of some values lies from the nearest value before it. The earlier half is only
/// remembered.
///
/// Sorted once, with every value linked to its neighbours in size; unlinked from the newest on, what is left beside a
/// value are its neighbours among those before it.
fn novelties(values: &[f64]) -> Vec<f64> {
    const NOBODY: usize = usize::MAX;
    let mut by_size: Vec<usize> = (0..values.len()).collect();
    by_size.sort_unstable_by(|a, b| values[*a].total_cmp(&values[*b]).then(a.cmp(b)));
    let mut links = vec![(NOBODY, NOBODY); values.len()];
    for pair in by_size.windows(2) {
        links[pair[0]].1 = pair[1];
        links[pair[1]].0 = pair[0];
    }
    let first = values.len() / 2;
    let mut novelties = vec![0.0; values.len() - first];
    for at in (first..values.len()).rev() {
        let (below, above) = links[at];
        let mut nearest = f64::INFINITY;
        if let Some(link) = links.get_mut(below) {
            nearest = nearest.min(values[at] - values[below]);
            link.1 = above;
        }
        if let Some(link) = links.get_mut(above) {
            nearest = nearest.min(values[above] - values[at]);
            link.0 = below;
        }
        novelties[at - first] = nearest;
    }
    novelties
}

/// How surprising the last of some values is: −log₁₀ of the share of recent values that were as novel when they came,
/// more for a record that breaks the old one by far, less while an earlier surprise is fresh. Fewer than forty values
/// know no surprise.
///
/// # Source
/// The rank of a nonconformity among those of the recent past is a conformal p-value (Vovk, Gammerman and Shafer
/// 2005; Laxhammar and Falkman 2014); the nonconformity is the distance to the nearest neighbour.
pub fn surprise_of(values: &[f64]) -> Option<f64> {
    let values = &values[values.len().saturating_sub(MEMORY)..];
    if values.len() < LEAST {
        return None;
    }
    let novelties = novelties(values);
    let mut ranked = novelties.clone();
    ranked.sort_unstable_by(f64::total_cmp);
    let raw = |novelty: f64| {
        if novelty <= 0.0 {
            return 0.0;
        }
        let as_novel = ranked.len() - ranked.partition_point(|other| *other < MATCH * novelty);
        #[expect(clippy::cast_precision_loss, reason = "counts of values")]
        let rarity = (ranked.len() as f64 / as_novel as f64).log10();
        let runner_up = ranked[ranked.len() - 2];
        if as_novel > 1 { rarity } else { rarity + (MATCH * novelty / runner_up).log10().min(1.0) }
    };
    let (newest, earlier) = novelties.split_last()?;
    let fresh = values.len() / WEARS_OFF;
    #[expect(clippy::cast_precision_loss, reason = "counts of values")]
    let worn = |ago: usize| 1.0 - ago as f64 / fresh as f64;
    let in_the_air = earlier.iter().rev().zip(1..=fresh).map(|(novelty, ago)| raw(*novelty) * worn(ago));
    Some(raw(*newest) - STALE * in_the_air.fold(0.0, f64::max))
}

/// The methods a rule sees.
#[export_module]
#[expect(clippy::unwrap_used, reason = "the export macro unwraps what the script engine has checked")]
pub mod methods {
    /// How surprising the newest observation is, judged by the window alone: how far it lies from every earlier value,
    /// ranked among how far recent values lay when they came. It asks for no limit and no model, and sees a value
    /// between two habits as well as one beyond them. A surprise that has just been met counts less. A hint for people,
    /// never the only cause of a warning. Unknown with fewer than forty observations.
    ///
    /// # Units
    /// Decades of rarity: 2 is one in a hundred, 3 and more is hardly ever seen; below 0 shortly after a greater one.
    ///
    /// # Source
    /// Nearest-neighbour nonconformity with a conformal rank (Vovk, Gammerman and Shafer 2005; Laxhammar and Falkman
    /// 2014). At most the newest 8,000 observations are remembered.
    ///
    /// # Check
    /// 1 to 40 in turn: 0, for each is as novel as the last; then 60: 2.3222.
    #[rhai_fn(pure, return_raw)]
    pub fn surprise(input: &mut Input, window: ImmutableString) -> Answer {
        over(input, &window, |stream, window| Measure::of(surprise_of(&values(stream, &window))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn novelty_is_the_distance_to_the_nearest_value_before(
            values in proptest::collection::vec((-50_i32..50).prop_map(|v| f64::from(v) / 4.0), 1..120)
        ) {
            let first = values.len() / 2;
            let nearest = |at: usize| {
                values[..at].iter().map(|v| (v - values[at]).abs()).fold(f64::INFINITY, f64::min)
            };
            let naive: Vec<f64> = (first..values.len()).map(nearest).collect();
            prop_assert_eq!(novelties(&values), naive);
        }

        #[test]
        fn surprise_knows_neither_unit_nor_zero(
            values in proptest::collection::vec(-1_000_i32..1_000, LEAST..200)
        ) {
            let plain: Vec<f64> = values.iter().map(|v| f64::from(*v)).collect();
            let other: Vec<f64> = values.iter().map(|v| f64::from(*v) * 4.0 + 64.0).collect();
            prop_assert_eq!(surprise_of(&plain), surprise_of(&other));
        }
    }

    #[test]
    fn a_value_between_two_habits_surprises() {
        let habits = |newest: f64| {
            let mut values: Vec<f64> = (0..200).map(|at| if (at / 10) % 2 == 0 { 1.0 } else { 9.0 }).collect();
            // What flickers a little is a habit too.
            values.iter_mut().zip(0_u32..).for_each(|(value, at)| *value += f64::from(at * 7 % 11) / 100.0);
            values.push(newest);
            surprise_of(&values).expect("enough values")
        };
        assert!(habits(5.0) > 2.5, "{}", habits(5.0));
        assert!(habits(1.05) < 0.5, "{}", habits(1.05));
        assert_eq!(surprise_of(&[1.0; 39]), None);
        assert_eq!(surprise_of(&[1.0; 40]), Some(0.0));
    }

    #[test]
    fn the_check_of_the_manual_holds() {
        let mut values: Vec<f64> = (1..=40).map(f64::from).collect();
        let steady = surprise_of(&values).expect("enough values");
        values.push(60.0);
        let record = surprise_of(&values).expect("enough values");
        assert!(steady == 0.0 && (record - 2.3222).abs() < 5e-5, "{steady} {record}");
    }
}
