//! `bongsu rules backtest` and `sweep`: how good a rule would have been, with one set of parameters or with many.

use super::Observations;
use crate::backtest::sweep::{Sweep, Variant, Workers, grid};
use crate::backtest::{Graph, Report, Tried, cheapest, is_default, paper};
use crate::cli::{Ended, Globals, output_failed, write_json};
use crate::observed::Observed;
use bongsu_rules::backtest::{Burden, Event, Played, Setting, Terms, Truth, crossings, fits, samples, speaks_for};
use bongsu_rules::language::Rule;
use bongsu_rules::language::header::Setting as Value;
use bongsu_rules::record::RulesText;
use bongsu_sensors::time::parse_duration;
use bongsu_sensors::{DatastreamName, Level, Time};
use indicatif::{ProgressBar, ProgressStyle};
use miette::{IntoDiagnostic, WrapErr, miette};
use std::io;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Tell how good a rule would have been with recorded observations
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// The rule
    pub rule: String,
    /// From this level on it counts as a warning
    #[arg(long, default_value = "advisory", value_name = "LEVEL")]
    pub level: Level,
    /// What it should have warned of, such as "jamsu river_stage 6.2": at or above the limit; may be given again
    #[arg(long, required = true, value_name = "STATION KIND LIMIT")]
    pub event: Vec<String>,
    /// A warning counts up to so long before an event
    #[arg(long, default_value = "6h", value_name = "DURATION")]
    pub horizon: String,
    /// After so long below its limit an event may begin anew
    #[arg(long, default_value = "12h", value_name = "DURATION")]
    pub rearm: String,
    /// Warnings that begin within so long of each other are one
    #[arg(long, default_value = "3h", value_name = "DURATION")]
    pub merge: String,
    #[command(flatten)]
    pub observations: Observations,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Also write a page that stands by itself
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

/// Tell how good a rule would have been with many values of a parameter
#[derive(Clone, Debug, clap::Args)]
pub struct SweepArguments {
    /// The parameter and its values: NAME=FROM..TO/COUNT or NAME=A,B,C; given twice: every combination of both
    #[arg(long, required = true, value_name = "VALUES")]
    pub param: Vec<String>,
    /// Of the values that warn of so large a part of the events, 0 to 1, name the one with the fewest false alarms
    #[arg(long, value_name = "POD")]
    pub goal: Option<f64>,
    #[command(flatten)]
    pub common: Arguments,
}

/// Runs a back-test.
pub fn run(arguments: &Arguments, globals: &Globals, output: &mut dyn io::Write) -> miette::Result<Ended> {
    judge(arguments, &[], None, globals, output)
}

/// Runs a sweep.
pub fn sweep(arguments: &SweepArguments, globals: &Globals, output: &mut dyn io::Write) -> miette::Result<Ended> {
    if arguments.goal.is_some_and(|goal| !(0.0..=1.0).contains(&goal)) {
        return Err(miette!(help = "0.9 is nine of ten events", "--goal is a part of the events, 0 to 1"));
    }
    judge(&arguments.common, &arguments.param, arguments.goal, globals, output)
}

fn judge(
    arguments: &Arguments,
    params: &[String],
    goal: Option<f64>,
    globals: &Globals,
    output: &mut dyn io::Write,
) -> miette::Result<Ended> {
    let terms = Terms {
        horizon: duration("--horizon", &arguments.horizon)?,
        rearm: duration("--rearm", &arguments.rearm)?,
        merge: duration("--merge", &arguments.merge)?,
    };
    let (observed, rules) = arguments.observations.read(globals)?;
    let mut graphs = graphs(&arguments.event, &observed, &terms)?;
    let mut events: Vec<Event> = graphs.iter().flat_map(|graph| graph.events.iter().cloned()).collect();
    events.sort_by(|a, b| (a.from, &a.place).cmp(&(b.from, &b.place)));
    let truth = Truth::Reached(events);
    let params: Vec<(String, Vec<Value>)> = params.iter().map(|param| values(param)).collect::<Result<_, _>>()?;
    let variants = grid(&params);
    let rule = known(&arguments.rule, &observed, &rules)?;
    for variant in &variants {
        fits(&rule.header, &variant.set)
            .map_err(|wrong| miette!(help = "see the rule's [params]", "--param: {wrong}"))?;
    }
    let played = play_all(arguments, &rule, &rules, &variants, &observed)?;
    if let Some(first) = played.first() {
        graphs.iter_mut().for_each(|graph| graph.stand(first, &observed.catalog, observed.to()));
    }
    let tried = played.iter().zip(variants).map(|(played, variant)| Tried {
        score: truth.score(&played.alerts, &terms, |alert, event| speaks_for(&observed.catalog, alert, event)),
        burden: Burden::of(played, observed.from(), observed.to()),
        in_force: !variant.set.is_empty() && is_default(&rule, &variant.set),
        value: variant.value,
        set: variant.set,
    });
    let tried: Vec<Tried> = tried.collect();
    let names: Vec<&str> = params.iter().map(|(name, _)| name.as_str()).collect();
    let report = Report {
        rule: arguments.rule.clone(),
        level: arguments.level,
        param: (!names.is_empty()).then(|| names.join(", ")),
        terms,
        truth: None,
        events: truth.events().len(),
        observations: observed.moments.iter().map(|moment| moment.readings.len()).sum(),
        refused: observed.refused,
        received: observed.is_received,
        cheapest: goal.and_then(|goal| cheapest(&tried, goal)),
        tried,
        graphs,
    };
    if let Some(path) = &arguments.html {
        let written = std::fs::write(path, paper::page(&report));
        written.into_diagnostic().wrap_err_with(|| format!("failed to write {}", path.display()))?;
    }
    if arguments.json {
        write_json(&report, output)?;
    } else {
        output.write_all(paper::text(&report).as_bytes()).map_err(output_failed)?;
    }
    Ok(Ended::Well)
}

fn duration(flag: &str, text: &str) -> miette::Result<Duration> {
    parse_duration(text).ok_or_else(|| miette!(help = "write it as 30m, 6h or 2d", "{flag}: {text:?} is no duration"))
}

/// What the rule should have warned of.
fn graphs(specs: &[String], observed: &Observed, terms: &Terms) -> miette::Result<Vec<Graph>> {
    specs.iter().map(|spec| graph(spec, observed, terms)).collect()
}

fn graph(spec: &str, observed: &Observed, terms: &Terms) -> miette::Result<Graph> {
    let words: Vec<&str> = spec.split_whitespace().collect();
    let wrong = || miette!(help = "write it as \"jamsu river_stage 6.2\"", "--event {spec:?} is no event");
    let [station, kind, limit] = words[..] else { return Err(wrong()) };
    let (name, limit): (DatastreamName, f64) =
        (kind.parse().map_err(|_| wrong())?, limit.parse().map_err(|_| wrong())?);
    let stream = observed.catalog.station_named(station).and_then(|at| observed.catalog.datastream(at, name));
    let stream = stream.ok_or_else(|| miette!("--event {spec:?}: the catalog has no such datastream"))?;
    let samples = samples(stream, &observed.moments);
    let events = crossings(station, &samples, limit, terms.rearm);
    Ok(Graph { name: words.join(" "), station: station.to_owned(), limit, samples, alerts: Vec::new(), events })
}

/// The rule, where it is evaluated somewhere.
fn known(rule: &str, observed: &Observed, rules: &Arc<RulesText>) -> miette::Result<Arc<Rule>> {
    let engine = observed.play(rules, Time::from_millis(i64::MIN));
    engine
        .check_rules(rules)
        .map_err(|mistakes| crate::report::Problems::errors("the rules cannot be used", mistakes))?;
    let found = engine.rules().iter().find(|known| known.header.id == rule);
    let found = found.filter(|_| engine.places_of(rule).next().is_some()).cloned();
    found.ok_or_else(|| {
        let help = "name a rule whose inputs these stations have";
        miette!(help = help, "{rule:?} is evaluated nowhere in this catalog")
    })
}

/// A parameter and the values it is tried with.
fn values(param: &str) -> miette::Result<(String, Vec<Value>)> {
    let wrong = || miette!(help = "write it as NAME=FROM..TO/COUNT or NAME=A,B,C", "--param {param:?} names no values");
    let (name, values) = param.split_once('=').ok_or_else(wrong)?;
    let value = |text: &str| match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(Value::Number(number)),
        _ => parse_duration(text).map(|_| Value::Duration(text.to_owned())).ok_or_else(wrong),
    };
    let values = match values.split_once("..") {
        None => values.split(',').map(|text| value(text.trim())).collect::<Result<_, _>>()?,
        Some((from, rest)) => {
            let (to, count) = rest.split_once('/').ok_or_else(wrong)?;
            let (from, to): (f64, f64) = (from.parse().map_err(|_| wrong())?, to.parse().map_err(|_| wrong())?);
            let count: u32 = count.parse().ok().filter(|count| (2..=1000).contains(count)).ok_or_else(wrong)?;
            let at = |n: u32| ((from + (to - from) * f64::from(n) / f64::from(count - 1)) * 1e9).round() / 1e9;
            (0..count).map(|n| Value::Number(at(n))).collect()
        }
    };
    Ok((name.to_owned(), values))
}

/// Plays every variant on every processor, under a bar.
fn play_all(
    arguments: &Arguments,
    rule: &Rule,
    rules: &Arc<RulesText>,
    variants: &[Variant],
    observed: &Observed,
) -> miette::Result<Vec<Played>> {
    let setting = Setting {
        catalog: observed.catalog_text.clone(),
        numbering: observed.numbering.clone(),
        rules: rules.clone(),
        rule: arguments.rule.clone(),
        level: arguments.level,
    };
    let (moments, workers) = (&observed.moments, Workers::all());
    let sweep = Sweep { setting: &setting, rule, area: None, variants, moments, workers };
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {percent:>3} %  {eta} left") {
        bar.set_style(style);
    }
    let went = |gone: usize, all: usize| {
        bar.set_length(all as u64);
        bar.set_position(gone as u64);
        ControlFlow::Continue(())
    };
    let played = sweep.run(&went).into_diagnostic();
    bar.finish_and_clear();
    played
}
