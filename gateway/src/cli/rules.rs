//! `bongsu rules`: the commands about rules.

use super::{Ended, Globals, checked, output_failed, write_json};
use crate::inventory;
use crate::report::Problems;
use bongsu_rules::incident::Status;
use bongsu_rules::record::{Input, Record};
use bongsu_rules::{Engine, pack, reference};
use bongsu_sensors::Time;
use serde::Serialize;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// Rules: what is dangerous
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Command {
    /// Find every mistake in rules
    Check(CheckArguments),
    /// Print the manual of everything a rule may say, with units, sources and check values
    Reference,
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

/// Runs one of them.
pub fn run(command: Command, globals: &Globals, output: &mut dyn io::Write) -> miette::Result<Ended> {
    match command {
        Command::Check(arguments) => check(&arguments, globals, output),
        Command::Reference => {
            write!(output, "{}", reference::manual()).map_err(output_failed)?;
            Ok(Ended::Well)
        }
    }
}

fn check(arguments: &CheckArguments, globals: &Globals, output: &mut dyn io::Write) -> miette::Result<Ended> {
    let text = if arguments.paths.is_empty() {
        match checked(&globals.layers(Vec::new())?)?.rules {
            Some(folder) => inventory::rules_text(&[folder])?,
            None => pack::shipped(),
        }
    } else {
        inventory::rules_text(&arguments.paths)?
    };
    let mut engine = Engine::new(Status::Test);
    engine.check_rules(&text).map_err(|mistakes| Problems::errors("the rules cannot be used", mistakes))?;
    let now = Time::default();
    if let Some(file) = &arguments.stations {
        let (catalog, _) = inventory::catalog(file)?;
        engine.handle(&Record { seq: 1, now, input: Input::Catalog(catalog) }, &mut Vec::new());
    }
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
