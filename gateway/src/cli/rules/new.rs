//! `bongsu rules new`: a rule to begin with that is good already, and a case that it passes.

use crate::cli::{Ended, output_failed};
use crate::template::{Template, copied, written};
use bongsu_sensors::name::is_name;
use miette::{IntoDiagnostic, WrapErr, miette};
use std::io;
use std::path::PathBuf;

/// Write a rule to begin with, and a case that it passes
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// The id of the new rule
    pub name: String,
    /// What it observes
    #[arg(long, default_value = "river_stage", value_name = "KIND")]
    pub kind: String,
    /// What it warns of
    #[arg(long, default_value = "river_flood", value_name = "HAZARD")]
    pub hazard: String,
    /// Begin with a copy of a rule that comes with the program
    #[arg(long, value_name = "RULE")]
    pub from: Option<String>,
    /// The folder of rules
    #[arg(long, default_value = "rules", value_name = "DIR")]
    pub folder: PathBuf,
}

/// Runs it.
pub fn run(arguments: &Arguments, output: &mut dyn io::Write) -> miette::Result<Ended> {
    let name = &arguments.name;
    if !is_name(name) || name.contains('.') {
        return Err(miette!(help = "use ASCII letters, digits, `-` and `_`", "{name:?} cannot name a rule"));
    }
    let made = match &arguments.from {
        Some(from) => copied(from, name),
        None => written(name, &arguments.kind, &arguments.hazard),
    };
    let Template { rule, cases } = made.map_err(|unknown| miette!(help = unknown.remedy, "{}", unknown.error))?;
    let folder = arguments.folder.join(name);
    std::fs::create_dir_all(&folder)
        .into_diagnostic()
        .wrap_err_with(|| format!("failed to make {}", folder.display()))?;
    for (file, text) in [(format!("{name}.rhai"), rule), ("cases.toml".to_owned(), cases)] {
        let path = folder.join(file);
        let written =
            std::fs::File::create_new(&path).and_then(|mut file| io::Write::write_all(&mut file, text.as_bytes()));
        written.into_diagnostic().wrap_err_with(|| format!("failed to write {}", path.display()))?;
        writeln!(output, "{}", path.display()).map_err(output_failed)?;
    }
    eprintln!("Try it: bongsu rules test {}", folder.display());
    Ok(Ended::Well)
}
