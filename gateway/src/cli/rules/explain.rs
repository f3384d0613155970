//! `bongsu rules explain`: why a rule said what it said at a moment, or why it said nothing. Of the store it tells what was
//! decided then, with the evidence that was kept, and evaluates the version anew that was in force.

use super::Observations;
use crate::cli::{Ended, Globals, checked, output_failed, write_json};
use crate::store::Store;
use crate::store::rule::Version;
use bongsu_rules::engine::Explanation;
use bongsu_rules::incident::{Evidence, Incident, Transition};
use bongsu_rules::record::RulesText;
use bongsu_sensors::Time;
use bongsu_sensors::document::nearest;
use miette::{IntoDiagnostic, miette};
use serde::Serialize;
use std::io;
use std::sync::Arc;

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

/// What the store itself knows of the moment.
#[derive(Debug, Default)]
struct Kept {
    /// The rules that were in force then.
    rules: Vec<Version>,
    /// The last change of an incident that the rule caused there.
    decided: Option<Transition>,
}

impl Kept {
    /// Nothing, where files are asked; no rules, where others were named.
    fn of(arguments: &Arguments, globals: &Globals, until: Time) -> miette::Result<Kept> {
        let asked = &arguments.observations;
        if !asked.files.is_empty() {
            return Ok(Kept::default());
        }
        let store = checked(&globals.layers(Vec::new())?)?.store.path;
        let store = Store::open_as_it_is(&store, usize::MAX).into_diagnostic()?;
        let rules = if asked.rules.is_empty() { store.rules_at(until).into_diagnostic()? } else { Vec::new() };
        let is_it = |transition: &Transition| {
            let Incident { rule, station, area, .. } = &transition.incident;
            let place = station.as_ref().unwrap_or(area);
            *rule == arguments.rule && *place == arguments.place && transition.time <= until
        };
        let decided = store.transitions().into_diagnostic()?.into_iter().rfind(is_it);
        Ok(Kept { rules, decided })
    }

    /// The version of a rule.
    fn version(&self, rule: &str) -> Option<&Version> {
        self.rules.iter().find(|version| version.rule == rule)
    }

    fn text(&self) -> Option<RulesText> {
        let file = |version: &Version| Some((version.file.clone(), version.text.clone()?));
        let files: Vec<_> = self.rules.iter().filter_map(file).collect();
        (!files.is_empty()).then(|| RulesText { files, author: String::new() })
    }
}

/// What is printed as JSON.
#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    why: &'a Explanation,
    /// The version of the rule that was in force then; null: the rules that were named, or are in force now.
    version: Option<&'a Version>,
    /// What was decided there last, with the evidence of that moment.
    decided: Option<&'a Transition>,
}

/// Runs it.
pub fn run(arguments: &Arguments, globals: &Globals, output: &mut dyn io::Write) -> miette::Result<Ended> {
    let (observed, rules) = arguments.observations.read(globals)?;
    let last = observed.moments.last().ok_or_else(|| miette!("there is no observation to explain it by"))?.now;
    let until = match &arguments.at {
        None => last,
        Some(text) => Time::parse(text).map_err(|error| miette!("--at: {error}"))?,
    };
    let kept = Kept::of(arguments, globals, until)?;
    let rules = kept.text().map_or(rules, Arc::new);
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
        let (version, decided) = (kept.version(rule), kept.decided.as_ref());
        write_json(&Answer { why: &why, version, decided }, output)?;
    } else {
        output.write_all(text(rule, place, &why, &kept).as_bytes()).map_err(output_failed)?;
    }
    Ok(Ended::Well)
}

/// An explanation in sentences.
fn text(rule: &str, place: &str, why: &Explanation, kept: &Kept) -> String {
    let mut lines = Vec::new();
    if let Some(Transition { incident, from, time, .. }) = &kept.decided {
        lines.push(format!("{}: {time} from {from} to {}, as it was decided then", incident.id, incident.level));
        lines.extend(incident.evidence.iter().map(check_line));
    }
    lines.push(format!("{rule} at {place}, {}, evaluated anew", why.time));
    if let Some(Version { hash, author, time, .. }) = kept.version(rule) {
        let author = if author.is_empty() { "nobody who is named" } else { author };
        lines.push(format!("  by version {} of {author}, in force since {time}", hash.get(..8).unwrap_or(hash)));
    }
    lines.push(match &why.failure {
        Some(failure) => format!("  it fails: {failure}"),
        None => format!("  reached now: {}; its alert stands at: {}", why.reached, why.stands),
    });
    if why.undecided {
        lines.push("  something is unknown: it may raise, and lowers nothing".to_owned());
    }
    lines.extend(why.checks.iter().map(check_line));
    for heard in &why.inputs {
        let newest = heard.newest.map(|(time, value)| format!(": {value} at {time}")).unwrap_or_default();
        lines
            .push(format!("  input {} {} {} is {}{newest}", heard.input, heard.station, heard.datastream, heard.state));
    }
    lines.extend(why.parameters.iter().map(|(name, value)| format!("  parameter {name} = {value}")));
    lines.join("\n") + "\n"
}

/// A check in a line.
fn check_line(check: &Evidence) -> String {
    let label = check.label.get("en").or_else(|| check.label.values().next()).map_or("", String::as_str);
    let number = |value: Option<f64>| value.map_or_else(|| "unknown".to_owned(), |value| format!("{value}"));
    let station = check.station.as_ref().map(|station| format!(" ({station})")).unwrap_or_default();
    let (value, limit) = (number(check.value), number(check.limit));
    format!("  {:<7} {label}: {value} {} {} {limit}{station}", check.result, check.unit, check.op)
}
