//! The short form of a series: `5.0x6 5.0..7.0/12 - _x3`.
//!
//! | written | means |
//! |---|---|
//! | `5.0` | one value |
//! | `5.0x6` | the same value six times |
//! | `5.0..7.0/12` | twelve values from 5.0 to 7.0, evenly, both ends included |
//! | `-`, `-x3` | the device says that the value is missing |
//! | `_`, `_x3` | the device says nothing |
//!
//! One value stands for one cadence of its datastream; the first is said at the start of the case.

/// What a device does at one cadence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step {
    /// It says a value.
    Value(f64),
    /// It says that the value is missing.
    Missing,
    /// It says nothing.
    Silence,
}

/// Most steps of one series: ten days of minutes.
const STEP_LIMIT: usize = 14_400;

/// Reads a series.
///
/// # Errors
/// The word that cannot be read, and what to write instead.
pub fn parse(text: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    for word in text.split_whitespace() {
        let wrong = || {
            format!("{word:?} is no part of a series; write 5.0, 5.0x6, 5.0..7.0/12, - for missing or _ for silence")
        };
        let made = parse_word(word).ok_or_else(wrong)?;
        if steps.len() + made.len() > STEP_LIMIT {
            return Err(format!("more than {STEP_LIMIT} values; a case is short"));
        }
        steps.extend(made);
    }
    if steps.is_empty() { Err("an empty series; write values such as 5.0x6".to_owned()) } else { Ok(steps) }
}

fn parse_word(word: &str) -> Option<Vec<Step>> {
    if let Some((from, rest)) = word.split_once("..") {
        let (to, count) = rest.split_once('/')?;
        return ramp(number(from)?, number(to)?, parse_count(count)?);
    }
    let (what, count) = match word.split_once('x') {
        Some((what, count)) => (what, parse_count(count)?),
        None => (word, 1),
    };
    let step = match what {
        "-" => Step::Missing,
        "_" => Step::Silence,
        value => Step::Value(number(value)?),
    };
    Some(vec![step; count])
}

fn ramp(from: f64, to: f64, count: usize) -> Option<Vec<Step>> {
    let last = u32::try_from(count.checked_sub(2)? + 1).ok()?;
    // Two digits more than a person writes, so that 0.1 + 0.2 is 0.3.
    let rounded = |value: f64| (value * 1e9).round() / 1e9;
    let at = |n: u32| rounded(from + (to - from) * f64::from(n) / f64::from(last));
    Some((0..=last).map(|n| Step::Value(at(n))).collect())
}

fn parse_count(text: &str) -> Option<usize> {
    text.parse().ok().filter(|count| (1..=STEP_LIMIT).contains(count))
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use Step::{Missing, Silence, Value};

    #[test]
    fn a_series_is_written_short() {
        let check = |text: &str, expect: &[Step]| assert_eq!(parse(text).as_deref(), Ok(expect), "{text}");
        check("5", &[Value(5.0)]);
        check("-1.5x2 - _x2", &[Value(-1.5), Value(-1.5), Missing, Silence, Silence]);
        check("1..2/3", &[Value(1.0), Value(1.5), Value(2.0)]);
        check("0.3..0/4", &[Value(0.3), Value(0.2), Value(0.1), Value(0.0)]);
    }

    #[test]
    fn what_is_no_series_is_told() {
        for text in ["", "five", "1x", "1x0", "1..2", "1..2/1", "nan", "1x99999999", "--"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
