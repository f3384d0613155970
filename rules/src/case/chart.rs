//! Draws a case as text: the values of each datastream, its limits as lines, and the level that stood under it.

use super::judge::short;
use super::notation::Step;
use super::play::Played;
use super::read::{Case, Play};
use bongsu_sensors::{Level, Time};
use std::fmt::Write;
use std::time::Duration;

/// Columns of a chart.
const WIDTH: usize = 64;
/// Rows of the values.
const HEIGHT: usize = 7;
/// Most datastreams that are drawn.
const CHARTS: usize = 4;

/// The chart of a case.
pub fn draw(case: &Case, played: &Played) -> String {
    let end = played.end.unwrap_or(case.start);
    let length = end.since(case.start).max(Duration::from_secs(60));
    let mut text = String::new();
    for play in case.plays.iter().take(CHARTS) {
        text.push_str(&values(play, length));
    }
    let columns: Vec<Time> = (0..WIDTH).map(|column| case.start + share(length, column + 1)).collect();
    let bar: String = columns.iter().map(|moment| letter(played.level_at(*moment))).collect();
    let _ = writeln!(text, "{:>9} |{bar}|", "level");
    let _ = writeln!(text, "{:>9}  0{:>width$}", "", short(length), width = WIDTH - 1);
    text.push_str("           . none, a advisory, w watch, W warning, E emergency\n");
    text
}

fn share(length: Duration, column: usize) -> Duration {
    length * u32::try_from(column).unwrap_or(0) / u32::try_from(WIDTH).unwrap_or(1)
}

fn letter(level: Level) -> char {
    match level {
        Level::None => '.',
        Level::Advisory => 'a',
        Level::Watch => 'w',
        Level::Warning => 'W',
        Level::Emergency => 'E',
    }
}

/// The rows of one datastream: `*` values, `-` limits, `?` where it says that the value is missing.
fn values(play: &Play, length: Duration) -> String {
    let known = || play.steps.iter().filter_map(|step| if let Step::Value(value) = step { Some(*value) } else { None });
    let all = || known().chain(play.levels.values().copied());
    let (low, high) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
    let mut text = format!("      {} {} [{}]\n", play.station, play.stream, play.stream.kind().unit);
    if !low.is_finite() {
        return text;
    }
    #[expect(clippy::cast_precision_loss, reason = "a handful of rows")]
    let row_of = |value: f64| {
        let share = if high > low { (value - low) / (high - low) } else { 0.0 };
        (0..HEIGHT).min_by(|a, b| {
            let off = |row: usize| (row as f64 / (HEIGHT - 1) as f64 - share).abs();
            off(*a).total_cmp(&off(*b))
        })
    };
    let mut rows = vec![vec![' '; WIDTH]; HEIGHT];
    for limit in play.levels.values() {
        if let Some(row) = row_of(*limit) {
            rows[row].fill('-');
        }
    }
    for (at, step) in (0_u32..).zip(&play.steps) {
        let column = (play.cadence * at).as_millis() * WIDTH as u128 / length.as_millis().max(1);
        let column = usize::try_from(column).unwrap_or(WIDTH).min(WIDTH - 1);
        match step {
            Step::Value(value) => rows[row_of(*value).unwrap_or(0)][column] = '*',
            Step::Missing => rows[0][column] = '?',
            Step::Silence => {}
        }
    }
    for (row, cells) in rows.iter().enumerate().rev() {
        let label = match row {
            0 => format!("{low:.2}"),
            _ if row == HEIGHT - 1 => format!("{high:.2}"),
            _ => String::new(),
        };
        let _ = writeln!(text, "{label:>9} |{}|", cells.iter().collect::<String>());
    }
    text
}
