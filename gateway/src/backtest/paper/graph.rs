//! A hydrograph of a back-test: what was observed, the limit, when the rule stood, and where the limit was crossed. Each
//! event is drawn once more from near, because a season is wider than a page.

use crate::backtest::Graph;
use bongsu_sensors::Time;
use std::fmt::Write;
use std::time::Duration;

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 240.0;
const LEFT: f64 = 60.0;
const BOTTOM: f64 = 26.0;

/// Most columns of a picture, each with its least and greatest value.
const COLUMNS: usize = 900;

/// Events that are drawn from near, and how much of what was before and after them.
const NEAR: usize = 20;
const BEFORE: Duration = Duration::from_secs(12 * 3600);
const AFTER: Duration = Duration::from_secs(6 * 3600);

/// A part of a graph as a picture with its caption.
struct Frame<'a> {
    graph: &'a Graph,
    from: Time,
    to: Time,
    low: f64,
    high: f64,
}

impl Frame<'_> {
    #[expect(clippy::cast_precision_loss, reason = "a place on a page")]
    fn x(&self, time: Time) -> f64 {
        let whole = (self.to.millis() - self.from.millis()).max(1) as f64;
        let at = (time.millis() - self.from.millis()) as f64 / whole;
        LEFT + at.clamp(0.0, 1.0) * (WIDTH - LEFT - 10.0)
    }

    fn y(&self, value: f64) -> f64 {
        let room = HEIGHT - BOTTOM - 10.0;
        10.0 + room * (1.0 - (value - self.low) / (self.high - self.low).max(1e-9))
    }

    /// The line of what was observed; where many fall into a column, its least and greatest.
    fn line(&self) -> String {
        let seen: Vec<&(Time, f64)> =
            self.graph.samples.iter().filter(|(time, _)| (self.from..=self.to).contains(time)).collect();
        let mut points = String::new();
        for column in seen.chunks(seen.len().div_ceil(COLUMNS).max(1)) {
            let least = column.iter().min_by(|a, b| a.1.total_cmp(&b.1));
            let most = column.iter().max_by(|a, b| a.1.total_cmp(&b.1));
            let mut ends: Vec<_> = [least, most].into_iter().flatten().collect();
            ends.sort_by_key(|(time, _)| *time);
            for (time, value) in ends {
                let _ = write!(points, "{:.1},{:.1} ", self.x(*time), self.y(*value));
            }
        }
        points
    }

    fn svg(&self) -> String {
        let name = super::escape(&self.graph.name);
        let mut svg = format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{name}\">");
        let floor = HEIGHT - BOTTOM;
        for (from, to) in self.graph.alerts.iter().filter(|(from, to)| *to >= self.from && *from <= self.to) {
            let (left, right) = (self.x(*from), self.x(*to));
            let width = (right - left).max(1.5);
            let height = floor - 10.0;
            let _ = write!(
                svg,
                "<rect x=\"{left:.1}\" y=\"10\" width=\"{width:.1}\" height=\"{height}\" fill=\"#e69500\" \
                 fill-opacity=\".25\"><title>{from} – {to}</title></rect>"
            );
        }
        let limit = self.y(self.graph.limit);
        let _ = write!(
            svg,
            "<path d=\"M{LEFT} {limit:.1}H{WIDTH}\" stroke=\"#c33\" stroke-dasharray=\"6 3\"/><text x=\"4\" \
             y=\"{:.1}\" font-size=\"13\">{}</text><polyline points=\"{}\" fill=\"none\" stroke=\"#036\" \
             stroke-width=\"1.5\"/>",
            limit + 4.0,
            self.graph.limit,
            self.line()
        );
        for event in self.graph.events.iter().filter(|event| (self.from..=self.to).contains(&event.from)) {
            let x = self.x(event.from);
            let _ = write!(svg, "<path d=\"M{x:.1} 10V{floor}\" stroke=\"#c33\"><title>{}</title></path>", event.from);
        }
        let _ = write!(
            svg,
            "<path d=\"M{LEFT} 10V{floor}H{WIDTH}\" fill=\"none\" stroke=\"#666\"/><text x=\"{LEFT}\" y=\"{0}\" \
             font-size=\"13\">{1}</text><text x=\"{WIDTH}\" y=\"{0}\" font-size=\"13\" text-anchor=\"end\">{2}</text></svg>",
            HEIGHT - 8.0,
            self.from,
            self.to
        );
        svg
    }
}

/// All of a series, and each event from near.
pub fn figure(graph: &Graph) -> String {
    let (Some((first, _)), Some((last, _))) = (graph.samples.first(), graph.samples.last()) else {
        return format!("<h2>{}</h2><p>Nothing was observed.</p>\n", super::escape(&graph.name));
    };
    let values = || graph.samples.iter().map(|(_, value)| *value).chain([graph.limit]);
    let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
    let frame = |from, to| Frame { graph, from, to, low, high };
    let mut figure = format!(
        "<h2>{}</h2><p>Dashed: the limit. A line upright: it is crossed. Shaded: the rule stands{}.</p>\n{}\n",
        super::escape(&graph.name),
        if graph.alerts.is_empty() { ", which it never does" } else { "" },
        frame(*first, *last).svg()
    );
    for event in graph.events.iter().take(NEAR) {
        let near = frame((event.from - BEFORE).max(*first), (event.to + AFTER).min(*last));
        let _ = writeln!(figure, "<h3>{}</h3>{}", event.from, near.svg());
    }
    if graph.events.len() > NEAR {
        let _ = writeln!(figure, "<p>And {} events more.</p>", graph.events.len() - NEAR);
    }
    figure
}
