//! The command line: one file a command, and this table of them.
//!
//! A command is a struct of its arguments and a `run` that writes its data to `output` and answers how it [`Ended`].
//! To add one: a file here, a variant of [`Command`] and a line in [`run`]. What people should know goes to standard
//! error; standard output carries data only.

mod alerts;
mod archive;
mod audit;
mod backup;
mod basemap;
mod certs;
mod city;
mod completions;
mod config;
mod demo;
mod devices;
mod doctor;
pub mod replay;
mod restore;
pub mod rules;
mod serve;
mod simulate;
mod stations;
mod users;

use crate::config::{Config, Layers, Setting, differences};
use crate::report::{Language, Look, Problems, render_warnings};
use clap::{Args, Parser, Subcommand};
use miette::{Diagnostic, IntoDiagnostic, Report, WrapErr};
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Bongsu hears the sensors of a city, decides what is dangerous, and tells everyone.
#[derive(Debug, Parser)]
#[command(name = "bongsu", version, max_term_width = 100)]
pub struct Arguments {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

impl Arguments {
    /// In which language mistakes are told.
    pub fn language(&self) -> Language {
        self.globals.lang.unwrap_or_else(Language::of_environment)
    }
}

/// The commands, in the order of `--help`.
#[derive(Debug, Subcommand)]
enum Command {
    /// Watch a simulated city flood: everything in this one process, for practice only
    Demo(demo::Arguments),
    /// Hear the devices of the city, decide what is dangerous, and tell everyone
    Serve(serve::Arguments),
    /// Simulate a city: write its observations as files, or publish them to a broker
    Simulate(simulate::Arguments),
    /// Run recorded observations through the pipeline in virtual time, and print what is decided
    Replay(replay::Arguments),
    /// Rules: what is dangerous
    #[command(subcommand)]
    Rules(rules::Command),
    /// Devices: who may speak for which stations
    #[command(subcommand)]
    Devices(devices::Command),
    /// Certificates for trials
    #[command(subcommand)]
    Certs(certs::Command),
    /// Incidents: what waits for a person, and what persons say to it
    #[command(subcommand)]
    Alerts(alerts::Command),
    /// People: who may log in to the console
    #[command(subcommand)]
    Users(users::Command),
    /// The audit: who did what
    #[command(subcommand)]
    Audit(audit::Command),
    /// Archives: time-series databases of others that keep what was decided
    #[command(subcommand)]
    Archive(archive::Command),
    /// Save everything that must survive the loss of this machine, while the program runs
    Backup(backup::Arguments),
    /// Bring a backup back into an empty data folder
    Restore(restore::Arguments),
    /// Stations and areas
    #[command(subcommand)]
    Stations(stations::Command),
    /// The map under the console's map: a city's own rivers, roads, buildings and districts
    #[command(subcommand)]
    Basemap(basemap::Command),
    /// Check what this machine offers, and what is missing
    Doctor(doctor::Arguments),
    /// The configuration
    #[command(subcommand)]
    Config(config::Command),
    /// Print completions for a shell
    Completions(completions::Arguments),
}

/// Runs a command.
///
/// # Errors
/// Whatever kept it from doing what was asked.
pub fn run(arguments: Arguments, output: &mut dyn io::Write) -> miette::Result<Ended> {
    let globals = &arguments.globals;
    match arguments.command {
        Command::Demo(arguments) => demo::run(&arguments, globals, output),
        Command::Simulate(arguments) => simulate::run(&arguments, globals, output),
        Command::Serve(arguments) => serve::run(&arguments, globals, output),
        Command::Devices(command) => devices::run(command, globals, output),
        Command::Replay(arguments) => {
            let config = arguments.start(globals)?;
            crate::replay::run(&arguments, &config, output)
        }
        Command::Rules(command) => rules::run(command, globals, output),
        Command::Certs(command) => certs::run(&command, output),
        Command::Alerts(command) => alerts::run(command, globals, output),
        Command::Users(command) => users::run(command, globals, output),
        Command::Audit(command) => audit::run(command, globals, output),
        Command::Archive(command) => archive::run(command, globals, output),
        Command::Backup(arguments) => backup::run(&arguments, globals, output),
        Command::Restore(arguments) => restore::run(&arguments, globals, output),
        Command::Stations(command) => stations::run(command, globals, output),
        Command::Basemap(command) => basemap::run(command, globals, output),
        Command::Doctor(arguments) => doctor::run(&arguments, globals, output),
        Command::Config(command) => config::run(command, globals, output),
        Command::Completions(arguments) => completions::run(&arguments, output),
    }
}

/// Flags of every command.
#[derive(Debug, Args)]
pub struct Globals {
    /// The configuration file [default: bongsu.toml, where it is there]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The folder of everything that must survive a restart
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The language of mistakes in rules [default: that of the environment variable LANG]
    #[arg(long, global = true, value_name = "LANGUAGE")]
    lang: Option<Language>,
}

impl Globals {
    /// What was typed, with the flags of a command on top.
    ///
    /// # Errors
    /// A `--config` that cannot be read.
    pub fn layers(&self, mut settings: Vec<Setting>) -> miette::Result<Layers> {
        settings.extend(self.data.clone().map(|value| Setting { key: &["data"], flag: "--data", value }));
        Layers::read(self.config.as_deref(), &settings)
            .map_err(|mistakes| Problems::errors("the configuration cannot be read", mistakes).into())
    }

    /// The checked configuration, with warnings told and the log started: what a command that works begins with.
    ///
    /// # Errors
    /// Every mistake of the configuration.
    pub fn start(&self, settings: Vec<Setting>) -> miette::Result<Config> {
        let config = checked(&self.layers(settings)?)?;
        eprint!("{}", render_warnings(&config.warnings, Look::of_stderr()));
        crate::log::start(&config.log);
        Ok(config)
    }

    /// Reads the configuration again while the program runs: the level of the log is put in force, of everything else
    /// that changed it is told that it waits for a restart. One with mistakes changes nothing.
    pub fn read_again(&self, in_force: &Config) {
        match self.layers(Vec::new()).and_then(|layers| checked(&layers)) {
            Err(error) => crate::reload::tell(error),
            Ok(config) => {
                crate::log::set_level(config.log.level);
                for key in differences(in_force, &config).into_iter().filter(|key| key != "log.level") {
                    tracing::warn!(key, "it was changed in the configuration and needs a restart");
                }
            }
        }
    }
}

/// All of a file or nothing: a rule or a catalog half written must never be read.
fn write_whole(path: &Path, text: &str) -> miette::Result<()> {
    crate::shelf::write_whole(path, text)
        .into_diagnostic()
        .wrap_err_with(|| format!("failed to write {}", path.display()))
}

/// The checked configuration of what was typed.
fn checked(layers: &Layers) -> miette::Result<Config> {
    layers.check().map_err(|mistakes| Problems::errors("the configuration cannot be used", mistakes).into())
}

/// How a command ended that did what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Nothing to complain about: exit code 0.
    Well,
    /// It found something a person must look at: exit code 1.
    WithFindings,
}

impl From<Ended> for ExitCode {
    fn from(ended: Ended) -> ExitCode {
        match ended {
            Ended::Well => ExitCode::SUCCESS,
            Ended::WithFindings => ExitCode::FAILURE,
        }
    }
}

/// Standard output could not be written.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("failed to write to standard output: {0}")]
struct OutputFailed(io::Error);

/// For `map_err` after each write to the output of a command.
pub fn output_failed(error: io::Error) -> Report {
    Report::new(OutputFailed(error))
}

/// Whether the reader of standard output has gone, as in `bongsu … | head`: no reason to complain.
pub fn is_closed_output(error: &Report) -> bool {
    error.downcast_ref::<OutputFailed>().is_some_and(|OutputFailed(cause)| cause.kind() == io::ErrorKind::BrokenPipe)
}

/// Writes a value as one line of JSON.
///
/// # Errors
/// Standard output cannot be written.
pub fn write_json(value: &impl serde::Serialize, output: &mut dyn io::Write) -> miette::Result<()> {
    let line = serde_json::to_string(value).map_err(|error| output_failed(error.into()))?;
    writeln!(output, "{line}").map_err(output_failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_command_and_argument_says_what_it_is() {
        fn walk(command: &clap::Command, way: &str) {
            let way = format!("{way} {}", command.get_name());
            assert!(command.get_about().is_some(), "{way} has no help");
            for argument in command.get_arguments() {
                assert!(argument.get_help().is_some(), "{way} {} has no help", argument.get_id());
            }
            command.get_subcommands().for_each(|inner| walk(inner, &way));
        }
        walk(&Arguments::command(), "");
    }
}
