//! `bongsu rules`: the commands about rules.

mod backtest;
mod explain;
mod new;
mod test;
mod version;

use super::{Ended, Globals, checked, output_failed, write_json};
use crate::inventory;
use crate::observed::Observed;
use crate::report::Problems;
use crate::shelf::Shelf;
use bongsu_rules::incident::Status;
use bongsu_rules::record::{Input, Record, RulesText};
use bongsu_rules::{Engine, reference};
use bongsu_sensors::Time;
use serde::Serialize;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// Rules: what is dangerous
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Command {
    /// Write a rule to begin with, and a case that it passes
    New(new::Arguments),
    /// Find every mistake in rules
    Check(CheckArguments),
    /// Play the cases beside rules, and tell those that do not come out as they say
    Test(test::Arguments),
    /// Print the manual: how rules and cases are written, every word with its unit and source, every kind of sensor
    Reference,
    /// Tell how good a rule would have been with recorded observations
    Backtest(backtest::Arguments),
    /// Tell how good a rule would have been with many values of a parameter
    Sweep(backtest::SweepArguments),
    /// Tell why a rule says what it says at a place, or why it says nothing
    Explain(explain::Arguments),
    /// Tell how two versions of a rule differ
    Diff(version::DiffArguments),
    /// List the versions of rules: who put which text in force, and when
    Versions(version::ListArguments),
    /// Put an earlier version of a rule back into its file, and in force
    Rollback(version::RollbackArguments),
}

/// Which recorded observations are asked, and which rules.
#[derive(Clone, Debug, clap::Args)]
pub struct Observations {
    /// CSV files of observations with the header time,station,kind,value [default: the store]
    #[arg(long = "file", value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The catalog of their stations [default: the key `stations` of the configuration]
    #[arg(long, value_name = "FILE")]
    pub stations: Option<PathBuf>,
    /// Rule files or folders of them [default: the key `rules`, else the rules that come with the program]
    #[arg(long, value_name = "PATH")]
    pub rules: Vec<PathBuf>,
}

impl Observations {
    /// Reads them.
    ///
    /// # Errors
    /// Whatever of them cannot be read.
    fn read(&self, globals: &Globals) -> miette::Result<(Observed, Arc<RulesText>)> {
        let config = checked(&globals.layers(Vec::new())?)?;
        let stations = self.stations.as_ref().unwrap_or(&config.stations);
        let rules = match self.rules.is_empty() {
            false => inventory::rules_text(&self.rules)?,
            true => Shelf::of(&config).text()?,
        };
        let observed = match self.files.is_empty() {
            true => Observed::of_store(stations, &config.store.path)?,
            false => Observed::of_files(stations, &self.files)?,
        };
        Ok((observed, Arc::new(rules)))
    }
}

/// Find every mistake in rules
#[derive(Clone, Debug, clap::Args)]
pub struct CheckArguments {
    /// Rule files or folders of them [default: the key `rules`, else the rules that come with the program]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// A catalog: checks too that the rules fit its stations
    #[arg(long, value_name = "FILE")]
    pub stations: Option<PathBuf>,
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
}

/// What one good rule is.
#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    rule: &'a str,
    hazard: &'a str,
    /// At how many places of the catalog it can be evaluated, where one was given.
    places: Option<usize>,
}

/// How a rule and its cases are written.
const WRITING: &str = include_str!("../../../docs/rules.md");

/// Everything that can be observed.
const KINDS: &str = include_str!("../../../docs/kinds.md");

/// Runs one of them.
pub fn run(command: Command, globals: &Globals, output: &mut dyn io::Write) -> miette::Result<Ended> {
    match command {
        Command::New(arguments) => new::run(&arguments, output),
        Command::Check(arguments) => check(&arguments, globals, output),
        Command::Test(arguments) => test::run(&arguments, globals, output),
        Command::Backtest(arguments) => backtest::run(&arguments, globals, output),
        Command::Sweep(arguments) => backtest::sweep(&arguments, globals, output),
        Command::Explain(arguments) => explain::run(&arguments, globals, output),
        Command::Diff(arguments) => version::run_diff(&arguments, globals, output),
        Command::Versions(arguments) => version::list(&arguments, globals, output),
        Command::Rollback(arguments) => version::rollback(&arguments, globals, output),
        Command::Reference => {
            let pages = [WRITING, &reference::manual(), KINDS];
            pages.iter().try_for_each(|page| writeln!(output, "{page}")).map_err(output_failed)?;
            Ok(Ended::Well)
        }
    }
}

fn check(arguments: &CheckArguments, globals: &Globals, output: &mut dyn io::Write) -> miette::Result<Ended> {
    let text = if arguments.paths.is_empty() {
        Shelf::of(&checked(&globals.layers(Vec::new())?)?).text()?
    } else {
        inventory::rules_text(&arguments.paths)?
    };
    let mut engine = Engine::new(Status::Test);
    let now = Time::default();
    if let Some(file) = &arguments.stations {
        let (catalog, _) = inventory::catalog(file)?;
        engine.handle(&Record { seq: 1, now, input: Input::Catalog(catalog) }, &mut Vec::new());
    }
    engine.check_rules(&text).map_err(|mistakes| Problems::errors("the rules cannot be used", mistakes))?;
    engine.handle(&Record { seq: 2, now, input: Input::Rules(Arc::new(text)) }, &mut Vec::new());
    let mut ended = Ended::Well;
    for rule in engine.rules() {
        let places = arguments.stations.is_some().then(|| engine.places_of(&rule.header.id).count());
        let line = Line { file: &rule.source.name, rule: &rule.header.id, hazard: &rule.header.hazard, places };
        if places == Some(0) {
            ended = Ended::WithFindings;
        }
        if arguments.json {
            write_json(&line, output)?;
            continue;
        }
        let places = match places {
            None => String::new(),
            Some(0) => ", but no place of the catalog has its inputs".to_owned(),
            Some(places) => format!(", evaluated at {places} places"),
        };
        writeln!(output, "{} is good: {} warns of {}{places}", line.file, line.rule, line.hazard)
            .map_err(output_failed)?;
    }
    Ok(ended)
}
