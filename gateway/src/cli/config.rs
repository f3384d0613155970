//! `bongsu config init|show|check`: write a configuration, say what is in force and why, find mistakes.

use super::{Ended, Globals, checked, output_failed};
use crate::config::{DEFAULT_FILE, begun, show};
use crate::report::{Look, render_warnings};
use miette::{Context, IntoDiagnostic};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The configuration
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Write the commented default configuration to a file that does not exist yet
    Init {
        /// Where to write it; - is standard output [default: the file of --config, else bongsu.toml]
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Print the configuration in force and where each value comes from
    Show,
    /// Find every mistake in the configuration file, the environment and the flags
    Check,
}

/// Runs one of them.
pub fn run(command: Command, globals: &Globals, output: &mut dyn Write) -> miette::Result<Ended> {
    match command {
        Command::Init { file } => {
            let file = file.or_else(|| globals.config.clone()).unwrap_or_else(|| DEFAULT_FILE.into());
            init(&file, output)
        }
        Command::Show => {
            let layers = globals.layers(Vec::new())?;
            output.write_all(show(&checked(&layers)?, &layers).as_bytes()).map_err(output_failed)?;
            Ok(Ended::Well)
        }
        Command::Check => {
            let layers = globals.layers(Vec::new())?;
            let config = checked(&layers)?;
            eprint!("{}", render_warnings(&config.warnings, Look::of_stderr()));
            let read = layers.file_name().unwrap_or("no file; the defaults are in force");
            writeln!(output, "the configuration is good ({read})").map_err(output_failed)?;
            Ok(Ended::Well)
        }
    }
}

fn init(file: &Path, output: &mut dyn Write) -> miette::Result<Ended> {
    if file == Path::new("-") {
        output.write_all(begun().as_bytes()).map_err(output_failed)?;
        return Ok(Ended::Well);
    }
    let written = std::fs::File::create_new(file).and_then(|mut new| new.write_all(begun().as_bytes()));
    match written {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(miette::miette!(
                help = "name another file, or print it with `bongsu config init -`",
                "{} is already there and is not overwritten",
                file.display()
            ));
        }
        Err(error) => {
            return Err(error).into_diagnostic().wrap_err_with(|| format!("failed to write {}", file.display()));
        }
    }
    writeln!(output, "wrote {}", file.display()).map_err(output_failed)?;
    Ok(Ended::Well)
}
