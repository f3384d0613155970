//! `bongsu rules backtest` and `sweep`: how good a rule would have been, with one set of parameters or with many.

use super::Observations;
use super::paper;
use crate::cli::{Ended, Globals, output_failed, write_json};
use crate::observed::Observed;
use bongsu_rules::Engine;
use bongsu_rules::backtest::{Burden, Event, Moment, Played, Score, Setting, Terms, crossings, score, split, watch};
use bongsu_rules::record::RulesText;
use bongsu_sensors::time::parse_duration;
use bongsu_sensors::{DatastreamName, Level, Time};
use indicatif::{ProgressBar, ProgressStyle};
use miette::{IntoDiagnostic, WrapErr, miette};
use serde::Serialize;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Moments between two steps of the bar.
const STEP: usize = 1024;

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
    /// The parameter and its values: NAME=FROM..TO/COUNT or NAME=A,B,C
    #[arg(long, required = true, value_name = "VALUES")]
    pub param: String,
    /// Of the values that warn of so large a part of the events, 0 to 1, name the one with the fewest false alarms
    #[arg(long, value_name = "POD")]
    pub goal: Option<f64>,
    #[command(flatten)]
    pub common: Arguments,
}

/// One set of parameters and how good it was.
#[derive(Clone, Debug, Serialize)]
pub struct Tried {
    /// The value of the swept parameter; empty where there is none.
    pub value: String,
    /// How good it was.
    pub score: Score,
    /// What it cost.
    pub burden: Burden,
    /// It is what stands in the rule now.
    pub in_force: bool,
}

/// What was asked and what came of it: the same in text, JSON and on the page.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The rule.
    pub rule: String,
    /// From this level on it counted.
    pub level: Level,
    /// The swept parameter.
    pub param: Option<String>,
    /// How warnings and events were matched.
    pub terms: Terms,
    /// Events there were.
    pub events: usize,
    /// Observations that were played, and rows that were none.
    pub observations: usize,
    /// Rows of the files that were refused.
    pub refused: usize,
    /// Whether the observations are played when they were received, and not when they are of.
    pub received: bool,
    /// The results, in the order of the values.
    pub tried: Vec<Tried>,
    /// The value that meets the goal at the least cost, where a goal was named.
    pub cheapest: Option<String>,
    /// What should have been warned of, for the page.
    #[serde(skip)]
    pub graphs: Vec<Graph>,
}

/// A series with its limit, and when the rule stood for its station.
#[derive(Clone, Debug)]
pub struct Graph {
    /// The station, the kind and the limit, as they were typed.
    pub name: String,
    /// The station.
    pub station: String,
    /// The limit.
    pub limit: f64,
    /// The observations.
    pub samples: Vec<(Time, f64)>,
    /// When the rule stood there, with the first of the values.
    pub alerts: Vec<(Time, Time)>,
    /// When the limit was crossed.
    pub events: Vec<Event>,
}

/// Runs a back-test.
pub fn run(arguments: &Arguments, globals: &Globals, output: &mut dyn io::Write) -> miette::Result<Ended> {
    judge(arguments, None, None, globals, output)
}

/// Runs a sweep.
pub fn sweep(arguments: &SweepArguments, globals: &Globals, output: &mut dyn io::Write) -> miette::Result<Ended> {
    if arguments.goal.is_some_and(|goal| !(0.0..=1.0).contains(&goal)) {
        return Err(miette!(help = "0.9 is nine of ten events", "--goal is a part of the events, 0 to 1"));
    }
    judge(&arguments.common, Some(&arguments.param), arguments.goal, globals, output)
}

fn judge(
    arguments: &Arguments,
    param: Option<&str>,
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
    let variants = match param {
        None => vec![(String::new(), rules)],
        Some(param) => variants(&arguments.rule, param, &rules)?,
    };
    let name = param.and_then(|param| param.split_once('=')).map(|(name, _)| name.to_owned());
    let mut in_force = None;
    for (_, rules) in &variants {
        let engine = observed.play(rules, Time::from_millis(i64::MIN));
        engine
            .check_rules(rules)
            .map_err(|mistakes| crate::report::Problems::errors("the rules cannot be used", mistakes))?;
        if engine.places_of(&arguments.rule).next().is_none() {
            let help = "name a rule whose inputs these stations have";
            return Err(miette!(help = help, "{:?} is evaluated nowhere in this catalog", arguments.rule));
        }
        in_force = name.as_deref().and_then(|name| default_of(&engine, &arguments.rule, name));
    }
    let played = play_all(&arguments.rule, arguments.level, &variants, &observed)?;
    if let Some(first) = played.first() {
        stand(&mut graphs, first, &observed);
    }
    let tried = played.iter().zip(&variants).map(|(played, (value, _))| Tried {
        value: value.clone(),
        score: score(&played.alerts, &events, &terms, |alert, event| speaks_for(&observed, alert, event)),
        burden: Burden::of(played, observed.from(), observed.to()),
        in_force: in_force.as_ref().is_some_and(|now| is_same(now, value)),
    });
    let tried: Vec<Tried> = tried.collect();
    let report = Report {
        rule: arguments.rule.clone(),
        level: arguments.level,
        param: name,
        terms,
        events: events.len(),
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
    let (low, high) = stream.quality.range;
    let samples: Vec<(Time, f64)> = observed
        .moments
        .iter()
        .flat_map(|moment| {
            moment.readings.iter().filter(|reading| reading.datastream == stream.id).map(|r| (moment.now, r))
        })
        .filter_map(|(now, reading)| Some((reading.time.unwrap_or(now), reading.value?)))
        // What no sensor of this kind can mean is no event either.
        .filter(|(_, value)| (low..=high).contains(value))
        .collect();
    let events = crossings(station, &samples, limit, terms.rearm);
    Ok(Graph { name: words.join(" "), station: station.to_owned(), limit, samples, alerts: Vec::new(), events })
}

/// Writes into the graphs when the rule stood for their stations.
fn stand(graphs: &mut [Graph], played: &Played, observed: &Observed) {
    let ends = observed.to();
    for graph in graphs {
        let here = played.alerts.iter().filter(|alert| speaks_for(observed, &alert.place, &graph.station));
        graph.alerts = here.map(|alert| (alert.from, alert.to.unwrap_or(ends))).collect();
    }
}

/// What a parameter is as the rule stands.
fn default_of(engine: &Engine, rule: &str, name: &str) -> Option<String> {
    let rule = engine.rules().iter().find(|known| known.header.id == rule)?;
    Some(rule.header.params.iter().find(|param| param.name == name)?.default.to_string())
}

/// Whether two texts say the same value.
fn is_same(one: &str, other: &str) -> bool {
    one == other || one.parse::<f64>().is_ok_and(|number| other.parse() == Ok(number))
}

/// Of the values that warn of so large a part of the events: the one with the fewest false alarms, then the longest lead.
fn cheapest(tried: &[Tried], goal: f64) -> Option<String> {
    let meets = tried.iter().filter(|tried| tried.score.pod.value.is_some_and(|pod| pod >= goal));
    let cost = |tried: &&Tried| (tried.score.false_alarms.len(), std::cmp::Reverse(tried.score.lead()));
    meets.min_by_key(cost).map(|tried| tried.value.clone())
}

/// The rules with each value of a parameter, said as an override of the whole city: it is checked like any other.
fn variants(rule: &str, param: &str, rules: &Arc<RulesText>) -> miette::Result<Vec<(String, Arc<RulesText>)>> {
    let wrong = || miette!(help = "write it as NAME=FROM..TO/COUNT or NAME=A,B,C", "--param {param:?} names no values");
    let (name, values) = param.split_once('=').ok_or_else(wrong)?;
    let values: Vec<String> = match values.split_once("..") {
        None => values.split(',').map(|value| value.trim().to_owned()).collect(),
        Some((from, rest)) => {
            let (to, count) = rest.split_once('/').ok_or_else(wrong)?;
            let (from, to): (f64, f64) = (from.parse().map_err(|_| wrong())?, to.parse().map_err(|_| wrong())?);
            let count: u32 = count.parse().ok().filter(|count| (2..=1000).contains(count)).ok_or_else(wrong)?;
            let at = |n: u32| ((from + (to - from) * f64::from(n) / f64::from(count - 1)) * 1e9).round() / 1e9;
            (0..count).map(|n| format!("{:?}", at(n))).collect()
        }
    };
    let variant = |value: String| {
        let written = if value.parse::<f64>().is_ok() { value.clone() } else { format!("{value:?}") };
        let text = format!(
            "[[override]]\nrule = {rule:?}\nset = {{ {name} = {written} }}\nauthor = \"sweep\"\nreason = \"sweep\"\n"
        );
        let mut rules = (**rules).clone();
        rules.files.push(("sweep/overrides.toml".to_owned(), text));
        (value, Arc::new(rules))
    };
    Ok(values.into_iter().map(variant).collect())
}

/// Plays every variant, as many at a time as there are processors; where there are fewer variants, the places of the
/// rule are played apart. Which thread does which changes nothing.
fn play_all(
    rule: &str,
    level: Level,
    variants: &[(String, Arc<RulesText>)],
    observed: &Observed,
) -> miette::Result<Vec<Played>> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let setting = |rules: &Arc<RulesText>| Setting {
        catalog: observed.catalog_text.clone(),
        numbering: observed.numbering.clone(),
        rules: rules.clone(),
        rule: rule.to_owned(),
        level,
    };
    let apart = match variants {
        [(_, rules), ..] if variants.len() < processors => split(&setting(rules), &observed.moments, processors),
        _ => Vec::new(),
    };
    let heaps: Vec<&[Moment]> = match apart.is_empty() {
        true => vec![&observed.moments],
        false => apart.iter().map(Vec::as_slice).collect(),
    };
    let moments: usize = heaps.iter().map(|heap| heap.len()).sum();
    let bar = ProgressBar::new((moments * variants.len()) as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {percent:>3} %  {eta} left") {
        bar.set_style(style);
    }
    let jobs = heaps.len() * variants.len();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some(job) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|job| *job < jobs) {
            let (variant, heap) = (job / heaps.len(), heaps[job % heaps.len()]);
            let found = watch(&setting(&variants[variant].1), heap, |heard| {
                if heard % STEP == STEP - 1 {
                    bar.inc(STEP as u64);
                }
            });
            done.push((job, found));
        }
        done
    };
    let mut done: Vec<(usize, Played)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..processors.min(jobs)).map(|_| scope.spawn(work)).collect();
        let joined = workers.into_iter().map(std::thread::ScopedJoinHandle::join);
        joined.collect::<Result<Vec<_>, _>>().map_err(|_| miette!("a back-test panicked; this is a bug in bongsu"))
    })?
    .into_iter()
    .flatten()
    .collect();
    bar.finish_and_clear();
    done.sort_by_key(|(job, _)| *job);
    let whole = done.chunks(heaps.len()).map(|found| {
        let mut whole = Played::default();
        for (_, part) in found {
            whole.alerts.extend(part.alerts.iter().cloned());
            whole.undecided += part.undecided;
        }
        whole.alerts.sort_by(|a, b| (a.from, &a.place).cmp(&(b.from, &b.place)));
        whole
    });
    Ok(whole.collect())
}

/// Whether a warning at a place is one for a station: its own, one of an area it stands in, or the city's.
fn speaks_for(observed: &Observed, alert: &str, station: &str) -> bool {
    let catalog = &observed.catalog;
    let area = catalog.station_named(station).map(|at| catalog.station(at).area);
    alert == station
        || alert == bongsu_rules::incident::CITY
        || area.zip(catalog.area_named(alert)).is_some_and(|(inner, outer)| catalog.lies_in(inner, outer))
}
