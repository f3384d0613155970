//! `bongsu doctor`: check what this machine offers, one line a check.

use super::{Ended, Globals, output_failed, write_json};
use crate::config::{Config, Layers};
use crate::doctor::{Finding, State, examine};
use bongsu_sensors::mistake::Mistake;
use std::io;

/// Check what this machine offers, and what is missing
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

/// Runs every check; a failed one is a finding, a warning is not.
pub fn run(arguments: &Arguments, globals: &Globals, output: &mut dyn io::Write) -> miette::Result<Ended> {
    let findings = findings(globals);
    for finding in &findings {
        if arguments.json {
            write_json(finding, output)?;
        } else {
            print(finding, output).map_err(output_failed)?;
        }
    }
    let failed = findings.iter().any(|finding| finding.state == State::Fail);
    Ok(if failed { Ended::WithFindings } else { Ended::Well })
}

fn findings(globals: &Globals) -> Vec<Finding> {
    let layers = match globals.layers(Vec::new()) {
        Ok(layers) => layers,
        Err(error) => {
            let file = globals.config.as_ref().map_or_else(String::new, |file| format!("{}: ", file.display()));
            let remedy = "`bongsu config init` writes a configuration file";
            return vec![Finding::bad("configuration", State::Fail, format!("{file}{error}"), remedy)];
        }
    };
    match layers.check() {
        Ok(config) => {
            let mut findings = vec![configuration(&layers, &config), catalog(&layers, &config)];
            findings.extend(examine(&config));
            findings
        }
        Err(mistakes) => {
            vec![told("configuration", State::Fail, &mistakes, "`bongsu config check` shows each of them")]
        }
    }
}

fn configuration(layers: &Layers, config: &Config) -> Finding {
    if config.warnings.is_empty() {
        return Finding::ok("configuration", layers.file_name().unwrap_or("the defaults are in force"));
    }
    told("configuration", State::Warn, &config.warnings, "")
}

fn catalog(layers: &Layers, config: &Config) -> Finding {
    let file = config.stations.display();
    let named = layers.place("", "stations").is_some_and(|place| place != "default");
    if !named && !config.stations.exists() {
        let remedy = "name the catalog of your stations with the key `stations`";
        return Finding::bad("catalog", State::Warn, format!("there is no {file}"), remedy);
    }
    match crate::inventory::read_catalog(&config.stations).map(|(_, catalog)| catalog) {
        Err(mistakes) => told("catalog", State::Fail, &mistakes, "`bongsu stations check` shows each of them"),
        Ok(catalog) if !catalog.warnings.is_empty() => {
            told("catalog", State::Warn, &catalog.warnings, "`bongsu stations check` shows each of them")
        }
        Ok(catalog) => Finding::ok("catalog", format!("{file}, {} stations", catalog.stations.len())),
    }
}

/// The first of several mistakes, and how many more there are.
fn told(check: &'static str, state: State, mistakes: &[Mistake], remedy: &str) -> Finding {
    let first = mistakes.first().map(ToString::to_string).unwrap_or_default();
    let found = match mistakes.len() {
        0 | 1 => first,
        count => format!("{first} (and {} more)", count - 1),
    };
    Finding::bad(check, state, found, remedy)
}

fn print(finding: &Finding, output: &mut dyn io::Write) -> io::Result<()> {
    let state = match finding.state {
        State::Ok => "ok",
        State::Warn => "warn",
        State::Fail => "FAIL",
    };
    writeln!(output, "{state:<5} {:<14} {}", finding.check, finding.found)?;
    if finding.remedy.is_empty() { Ok(()) } else { writeln!(output, "{:<20} -> {}", "", finding.remedy) }
}
