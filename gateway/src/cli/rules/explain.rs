//! `bongsu rules explain`: why a rule said what it said at a moment, or why it said nothing.

use super::Observations;
use crate::cli::{Ended, Globals, output_failed, write_json};
use bongsu_rules::engine::Explanation;
use bongsu_sensors::Time;
use bongsu_sensors::document::nearest;
use miette::miette;
use std::io;

/// Tell why a rule says what it says at a place, or why it says nothing
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// The rule
    pub rule: String,
    /// The station, the area, or `city`
    pub place: String,
    /// The moment, such as 2026-07-08T20:31:00+09:00 [default: the last observation]
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    #[command(flatten)]
    pub observations: Observations,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Runs it.
pub fn run(arguments: &Arguments, globals: &Globals, output: &mut dyn io::Write) -> miette::Result<Ended> {
    let (observed, rules) = arguments.observations.read(globals)?;
    let last = observed.moments.last().ok_or_else(|| miette!("there is no observation to explain it by"))?.now;
    let until = match &arguments.at {
        None => last,
        Some(text) => Time::parse(text).map_err(|error| miette!("--at: {error}"))?,
    };
    let engine = observed.play(&rules, until);
    let (rule, place) = (&arguments.rule, &arguments.place);
    let Some(why) = engine.explain(rule, place) else {
        let ids = || engine.rules().iter().map(|rule| rule.header.id.as_str());
        let help = match ids().any(|id| id == rule) {
            false => nearest(rule, ids())
                .map_or_else(|| ids().collect::<Vec<_>>().join(", "), |near| format!("did you mean {near:?}?")),
            true => {
                let places: Vec<&str> = engine.places_of(rule).collect();
                let near = nearest(place, places.iter().copied());
                near.map_or_else(
                    || "it needs every input that is not optional there".to_owned(),
                    |near| format!("did you mean {near:?}?"),
                )
            }
        };
        return Err(miette!(help = help, "{rule:?} is not evaluated at {place:?}"));
    };
    if arguments.json {
        write_json(&why, output)?;
    } else {
        output.write_all(text(rule, place, &why).as_bytes()).map_err(output_failed)?;
    }
    Ok(Ended::Well)
}

/// An explanation in sentences.
fn text(rule: &str, place: &str, why: &Explanation) -> String {
    let mut lines = vec![format!("{rule} at {place}, {}", why.time)];
    lines.push(match &why.failure {
        Some(failure) => format!("  it fails: {failure}"),
        None => format!("  reached now: {}; its alert stands at: {}", why.reached, why.stands),
    });
    if why.undecided {
        lines.push("  something is unknown: it may raise, and lowers nothing".to_owned());
    }
    for check in &why.checks {
        let label = check.label.get("en").or_else(|| check.label.values().next()).map_or("", String::as_str);
        let number = |value: Option<f64>| value.map_or_else(|| "unknown".to_owned(), |value| format!("{value}"));
        let station = check.station.as_ref().map(|station| format!(" ({station})")).unwrap_or_default();
        lines.push(format!(
            "  {:<7} {label}: {} {} {} {}{station}",
            check.result,
            number(check.value),
            check.unit,
            check.op,
            number(check.limit)
        ));
    }
    for heard in &why.inputs {
        let newest = heard.newest.map(|(time, value)| format!(": {value} at {time}")).unwrap_or_default();
        lines
            .push(format!("  input {} {} {} is {}{newest}", heard.input, heard.station, heard.datastream, heard.state));
    }
    lines.extend(why.parameters.iter().map(|(name, value)| format!("  parameter {name} = {value}")));
    lines.join("\n") + "\n"
}
