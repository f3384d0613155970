//! The result of a back-test as people read it: as text, and as a page that stands by itself.

mod graph;

use super::{Report, Tried};
use bongsu_rules::backtest::Ratio;
use std::fmt::Write;
use std::time::Duration;

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A ratio with its interval: `0.75 [0.41, 0.93] of 8`.
fn ratio(ratio: &Ratio) -> String {
    match ratio.value.zip(ratio.interval) {
        None => "–".to_owned(),
        Some((value, (low, high))) => format!("{value:.2} [{low:.2}, {high:.2}] of {}", ratio.n),
    }
}

fn minutes(length: Duration) -> String {
    format!("{} min", length.as_secs() / 60)
}

/// The median lead, that which nine of ten exceed, and the shortest.
fn lead(tried: &Tried) -> String {
    let Some(leads) = tried.score.leads() else { return "–".to_owned() };
    let [median, tenth, worst] = leads.map(minutes);
    format!("{median} (p10 {tenth}, shortest {worst})")
}

/// What it costs those who answer for it.
fn burden(tried: &Tried) -> String {
    let burden = &tried.burden;
    let week = burden.per_week.map(|each| format!(", {each:.2} a week")).unwrap_or_default();
    format!(
        "{} warnings{week}, standing {}, unable to tell {}",
        burden.alerts,
        minutes(burden.standing),
        minutes(burden.undecided)
    )
}

/// The sentence that says how it was judged.
fn terms(report: &Report) -> String {
    let terms = &report.terms;
    format!(
        "{} from {}: a warning counts that stands up to {} before an event, and its lead to the first of them; an event \
         begins anew after {} below its limit; warnings that begin within {} are one. {}{} events, {} observations, {} rows \
         refused. Intervals: Wilson, 95 %. {}",
        report.rule,
        report.level,
        minutes(terms.horizon),
        minutes(terms.rearm),
        minutes(terms.merge),
        report.truth.map(|truth| format!("Events are {truth}. ")).unwrap_or_default(),
        report.events,
        report.observations,
        report.refused,
        if report.received {
            "Observations are played when they were received."
        } else {
            "Observations are played at the times they are of: when they were received is not known."
        }
    )
}

/// The report as text.
pub fn text(report: &Report) -> String {
    let mut text = terms(report) + "\n";
    for tried in &report.tried {
        let score = &tried.score;
        let mark = if tried.in_force { " (in the rule now)" } else { "" };
        let value = report.param.as_ref().map(|param| format!("{param} = {}{mark}: ", tried.value)).unwrap_or_default();
        let _ = writeln!(
            text,
            "{value}POD {}  FAR {}  CSI {}  median lead {}\n  {}",
            ratio(&score.pod),
            ratio(&score.far),
            ratio(&score.csi),
            lead(tried),
            burden(tried)
        );
        if report.param.is_some() {
            continue;
        }
        for hit in &score.hits {
            let _ =
                writeln!(text, "  hit          {} {}, {} before", hit.event.from, hit.event.place, minutes(hit.lead));
        }
        for miss in &score.misses {
            let _ = writeln!(text, "  miss         {} {}", miss.from, miss.place);
        }
        for alarm in &score.false_alarms {
            let _ = writeln!(text, "  false alarm  {} {}", alarm.from, alarm.place);
        }
    }
    if let (Some(param), Some(value)) = (&report.param, &report.cheapest) {
        let _ = writeln!(text, "{param} = {value} meets the goal with the fewest false alarms");
    }
    text
}

/// The report as a page without anything from elsewhere.
pub fn page(report: &Report) -> String {
    let mut rows = String::new();
    for tried in &report.tried {
        let score = &tried.score;
        let list = |items: Vec<String>| items.join("<br>");
        let misses = score.misses.iter().map(|miss| escape(&format!("{} {}", miss.from, miss.place))).collect();
        let alarms =
            score.false_alarms.iter().map(|alarm| escape(&format!("{} {}", alarm.from, alarm.place))).collect();
        let _ = writeln!(
            rows,
            "<tr><td>{}{}{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escape(&tried.value),
            if tried.in_force { "<br>in the rule now" } else { "" },
            if report.cheapest.as_ref() == Some(&tried.value) { "<br>meets the goal at the least cost" } else { "" },
            ratio(&score.pod),
            ratio(&score.far),
            ratio(&score.csi),
            lead(tried),
            burden(tried),
            list(misses),
            list(alarms)
        );
    }
    let param = escape(report.param.as_deref().unwrap_or(""));
    format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>Back-test of {rule}</title>\n<style>body{{font:16px/1.5 sans-serif;margin:2em auto;max-width:70em;padding:0 1em}}\
         table{{border-collapse:collapse;width:100%}}td,th{{border-top:1px solid #bbb;padding:.4em;text-align:left;\
         vertical-align:top}}svg{{max-width:100%;height:auto}}</style>\n<h1>Back-test of {rule}</h1>\n<p>{terms}</p>\n{chart}\
         <table><thead><tr><th>{param}</th><th>POD</th><th>FAR</th><th>CSI</th><th>Median lead</th><th>Cost</th><th>Misses</th>\
         <th>False alarms</th></tr></thead>\n<tbody>\n{rows}</tbody></table>\n{graphs}</html>\n",
        rule = escape(&report.rule),
        terms = escape(&terms(report)),
        graphs = report.graphs.iter().map(graph::figure).collect::<String>(),
        chart = if report.tried.len() > 1 { chart(report) } else { String::new() },
    )
}

/// POD, FAR and CSI over the values, in the order of the sweep.
fn chart(report: &Report) -> String {
    let lines = [("POD", "#0b6", "0"), ("FAR", "#c33", "6 3"), ("CSI", "#36c", "2 3")];
    #[expect(clippy::cast_precision_loss, reason = "a handful of columns")]
    let x = |at: usize| 40.0 + 640.0 * at as f64 / (report.tried.len() - 1) as f64;
    let mut svg = String::from(
        "<svg viewBox=\"0 0 700 260\" role=\"img\" aria-label=\"POD, FAR and CSI over the values\">\
         <path d=\"M40 20V220H680\" fill=\"none\" stroke=\"#666\"/><text x=\"8\" y=\"25\">1</text><text x=\"8\" y=\"224\">0</text>",
    );
    for ((name, colour, dash), at) in lines.into_iter().zip(0_u8..) {
        let value = |tried: &Tried| match name {
            "POD" => tried.score.pod.value,
            "FAR" => tried.score.far.value,
            _ => tried.score.csi.value,
        };
        let points =
            report.tried.iter().enumerate().filter_map(|(at, tried)| Some((x(at), 220.0 - 200.0 * value(tried)?)));
        let points: Vec<String> = points.map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = write!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" stroke-dasharray=\"{dash}\"/>\
             <text x=\"{}\" y=\"250\" fill=\"{colour}\">{name}</text>",
            points.join(" "),
            60 + 80 * u32::from(at)
        );
    }
    svg + "</svg>\n"
}
