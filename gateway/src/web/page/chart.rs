//! A small hydrograph as SVG: the water, its limits, and what both are in words.

use super::Ink;
use super::frame::class;
use super::say;
use super::series::Series;
use super::word::Word;
use crate::alert::{self, words};
use bongsu_sensors::{Level, Time};
use maud::{Markup, html};

/// The drawing's own units; on a telephone one is about a pixel.
const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 150.0;
const TOP: f64 = 16.0;
const BOTTOM: f64 = HEIGHT - 18.0;
const LEFT: f64 = 4.0;
/// Right of it the limits are named, where no curve runs.
const RIGHT: f64 = WIDTH - 46.0;

/// Labels closer than this cannot be read.
const LABEL_HEIGHT: f64 = 14.0;

/// About as wide is a letter of a label.
const LETTER_WIDTH: f64 = 6.5;

/// From values to the drawing's units.
struct Scale<'a> {
    series: &'a Series,
    low: f64,
    high: f64,
}

impl Scale<'_> {
    /// A scale that holds every point, and the limits up to the next one above them.
    fn of(series: &Series) -> Scale<'_> {
        let values = || series.points.iter().map(|(_, value)| *value);
        let (mut low, mut high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
        let next = series.levels.iter().map(|(_, limit)| *limit).find(|limit| *limit > high);
        high = next.unwrap_or(high);
        low = low.min(series.levels.first().map_or(low, |(_, limit)| *limit));
        let margin = ((high - low) * 0.08).max(series.name.kind().resolution * 5.0);
        Scale { series, low: low - margin, high: high + margin }
    }

    fn x(&self, time: Time) -> f64 {
        let span = self.series.to.since(self.series.from).as_secs_f64().max(1.0);
        LEFT + (RIGHT - LEFT) * time.since(self.series.from).as_secs_f64() / span
    }

    fn y(&self, value: f64) -> f64 {
        BOTTOM - (BOTTOM - TOP) * (value - self.low) / (self.high - self.low)
    }

    /// The curve; what was not measured is not drawn.
    fn curve(&self) -> String {
        let mut path = String::new();
        let mut before: Option<Time> = None;
        for (time, value) in &self.series.points {
            let is_joined = before.is_some_and(|before| time.since(before) <= self.series.gap);
            let pen = if is_joined { 'L' } else { 'M' };
            path.push_str(&format!("{pen}{:.1} {:.1}", self.x(*time), self.y(*value)));
            before = Some(*time);
        }
        path
    }

    /// How far under the last point its label stands, so that the curve and the limits run through it least; above the
    /// point where that is less than 0.
    fn room_for(&self, label: &str, (x, y): (f64, f64)) -> i8 {
        #[expect(clippy::cast_precision_loss, reason = "a label is short")]
        let width = label.chars().count() as f64 * LETTER_WIDTH;
        let (from, to) = if x > WIDTH / 2.0 { (x - 4.0 - width, x - 4.0) } else { (x - 4.0, x - 4.0 + width) };
        let curve: Vec<f64> = self.along(from, to).collect();
        let limits: Vec<f64> = self.series.levels.iter().map(|(_, limit)| self.y(*limit)).collect();
        let places = [15_i8, -7, 28, -20, 41, -33].into_iter().filter(|below| {
            let line = y + f64::from(*below);
            (LABEL_HEIGHT - 4.0..=BOTTOM - 2.0).contains(&line)
        });
        let crossed = |below: &i8| {
            let line = y + f64::from(*below);
            let runs_through = |at: &&f64| (line - 11.0..=line + 2.0).contains(*at);
            curve.iter().filter(runs_through).count() + limits.iter().filter(runs_through).count()
        };
        places.min_by_key(crossed).unwrap_or(15)
    }

    /// The heights of the curve, unit by unit from left to right.
    fn along(&self, from: f64, to: f64) -> impl Iterator<Item = f64> {
        let points = &self.series.points;
        points.iter().zip(points.iter().skip(1)).flat_map(move |((a, low), (b, high))| {
            let (left, right) = (self.x(*a), self.x(*b));
            let (first, last) = (left.max(from), right.min(to));
            let height = move |x: f64| {
                let share = if right > left { (x - left) / (right - left) } else { 1.0 };
                self.y(low + (high - low) * share)
            };
            let steps = std::iter::successors(Some(first), |x| Some(x + 1.0)).take_while(move |x| *x <= last);
            steps.map(height)
        })
    }

    /// The limits in the picture, highest first, each with the height its label stands at: beside its line, or as near to
    /// it as the others leave room.
    fn limits(&self) -> Vec<(Level, f64, f64)> {
        let shown = self.series.levels.iter().rev().filter(|(_, limit)| *limit <= self.high);
        let mut placed: Vec<(Level, f64, f64)> = Vec::new();
        for (level, limit) in shown {
            let free = placed.last().map_or(f64::NEG_INFINITY, |(.., above)| above + LABEL_HEIGHT);
            placed.push((*level, *limit, self.y(*limit).max(free)));
        }
        let mut floor = BOTTOM;
        for (.., at) in placed.iter_mut().rev() {
            *at = at.min(floor);
            floor = *at - LABEL_HEIGHT;
        }
        placed
    }
}

/// The chart of a series, and what to know of it while the alert `stands`.
pub fn figure(ink: &Ink<'_>, series: &Series, stands: bool) -> Markup {
    let scale = Scale::of(series);
    let title = words::kinds::title(series.name.kind(), ink.language);
    let station = alert::station_name(ink.catalog.as_deref(), &series.station, ink.language);
    let unit = series.name.kind().unit;
    let Some((last_time, last)) = series.points.last().copied() else { return html! {} };
    let clock = |time: Time| ink.moment(time).split(' ').next_back().unwrap_or_default().to_owned();
    let (last_x, last_y) = (scale.x(last_time), scale.y(last));
    let anchor = if last_x > WIDTH / 2.0 { "end" } else { "start" };
    let label = say::quantity(last, unit);
    let word = |word: Word| word.say(ink.language);
    let below = scale.room_for(&label, (last_x, last_y));
    html! {
        figure {
            figcaption { (station) " · " (title) " · " (ink.moment(series.from)) "–" (clock(series.to)) }
            svg.chart viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(in_words(ink, series, title)) {
                path.ax d={ "M" (LEFT) " " (BOTTOM) "H" (RIGHT) } {}
                @for (level, limit, _) in scale.limits() {
                    @let y = format!("{:.1}", scale.y(limit));
                    path class={ "lv " (class(level)) } d={ "M" (LEFT) " " (y) "H" (RIGHT) } {}
                }
                path.q d=(scale.curve()) {}
                @for (level, limit, at) in scale.limits() {
                    use class={ "ic " (class(level)) } href={ "#" (class(level)) } x=(RIGHT + 3.0) y=(format!("{:.1}", at - 6.0)) width="12" height="12" {}
                    text x=(RIGHT + 18.0) y=(format!("{at:.1}")) dy="4" { (say::number(limit)) }
                }
                circle.p cx=(format!("{last_x:.1}")) cy=(format!("{last_y:.1}")) r="3" {}
                text.v x=(format!("{:.1}", last_x - 4.0)) y=(format!("{last_y:.1}")) dy=(below) text-anchor=(anchor) { (label) }
                text x=(LEFT) y=(HEIGHT - 4.0) { (clock(series.from)) }
                text x=(RIGHT) y=(HEIGHT - 4.0) text-anchor="end" { (clock(series.to)) }
            }
            @if let Some(since) = fallen_since(series).filter(|_| stands) {
                p { (word(Word::FELL)) " " (clock(since)) ". " (word(Word::STANDS)) }
            }
            ul.key aria-hidden="true" {
                @for (level, limit, _) in scale.limits() {
                    li class=(class(level)) {
                        svg.ic { use href={ "#" (class(level)) } {} }
                        (words::level_word(level, ink.language)) " " (say::quantity(limit, unit))
                    }
                }
            }
        }
    }
}

/// Since when water that stood over a limit has been below all of them.
fn fallen_since(series: &Series) -> Option<Time> {
    let lowest = series.levels.iter().map(|(_, limit)| *limit).reduce(f64::min)?;
    let fell = series.points.iter().rposition(|(_, value)| *value >= lowest)?;
    let below = series.points.get(fell + 1)?;
    (series.name.kind().domain == "water").then_some(below.0)
}

/// The same for those who do not see it.
fn in_words(ink: &Ink<'_>, series: &Series, title: &str) -> String {
    let unit = series.name.kind().unit;
    let values = || series.points.iter().map(|(_, value)| *value);
    let low = say::quantity(values().fold(f64::INFINITY, f64::min), unit);
    let high = say::quantity(values().fold(f64::NEG_INFINITY, f64::max), unit);
    let last = say::quantity(series.points.last().map_or(0.0, |(_, value)| *value), unit);
    let limits = series
        .levels
        .iter()
        .map(|(level, limit)| format!("{} {}", words::level_word(*level, ink.language), say::quantity(*limit, unit)));
    let limits: Vec<String> = limits.collect();
    let limits = limits.join(", ");
    let say = |word: Word| word.say(ink.language);
    let (lowest, highest, latest, limit) = (say(Word::LOWEST), say(Word::HIGHEST), say(Word::LAST), say(Word::LIMIT));
    format!("{title}: {lowest} {low}, {highest} {high}, {latest} {last}. {limit}: {limits}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn water_that_fell_below_every_limit_is_said_to_have_since_when() {
        let series = |kind: &str, values: &[f64]| Series {
            name: kind.parse().expect("a kind"),
            station: "jamsu".into(),
            levels: vec![(Level::Advisory, 5.5), (Level::Watch, 6.2)],
            from: Time::from_millis(0),
            to: Time::from_millis(3_600_000),
            points: (0..).map(|minute| Time::from_millis(minute * 60_000)).zip(values.iter().copied()).collect(),
            gap: Duration::from_secs(180),
        };
        let check = |kind, values: &[f64], expect: Option<i64>| {
            let since = fallen_since(&series(kind, values)).map(|since| since.millis() / 60_000);
            assert_eq!(since, expect, "{kind} {values:?}");
        };
        check("river_stage", &[5.0, 6.3, 5.6, 5.4, 5.0], Some(3));
        check("river_stage", &[5.0, 6.3, 5.6], None);
        check("river_stage", &[5.0, 5.2], None);
        check("river_stage", &[6.0, 5.0, 5.6, 5.1], Some(3));
        check("tilt", &[6.0, 5.0], None);
    }
}
