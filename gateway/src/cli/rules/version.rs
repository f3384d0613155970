//! `bongsu rules versions`, `rollback` and `diff`: what was in force when, how it differed, and the way back.

use crate::cli::{Ended, Globals, checked, output_failed, write_json, write_whole};
use crate::config::Config;
use crate::control::{self, Question, Reply};
use crate::shelf::Shelf;
use crate::store::Store;
use crate::store::rule::{OVERRIDES, Version};
use bongsu_rules::language::diff::diff;
use bongsu_rules::pack;
use bongsu_sensors::Source;
use miette::{IntoDiagnostic, WrapErr, miette};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Characters of a hash that are printed: enough to tell the versions of one rule apart.
const SHORT: usize = 12;

/// List the versions of rules: who put which text in force, and when
#[derive(Clone, Debug, clap::Args)]
pub struct ListArguments {
    /// One rule, or overrides.toml [default: all]
    pub rule: Option<String>,
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
}

/// Put an earlier version of a rule back into its file, and in force
#[derive(Clone, Debug, clap::Args)]
pub struct RollbackArguments {
    /// The rule, or overrides.toml
    pub rule: String,
    /// The hash of the version, or its beginning [default: the one before the version in force]
    pub hash: Option<String>,
}

/// Tell how two versions of a rule differ
#[derive(Clone, Debug, clap::Args)]
pub struct DiffArguments {
    /// A rule file, a rule that comes with the program, or RULE@HASH for a version in the store
    pub before: String,
    /// The same
    pub after: String,
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
}

/// Lists versions, oldest first.
pub fn list(arguments: &ListArguments, globals: &Globals, output: &mut dyn io::Write) -> miette::Result<Ended> {
    let config = checked(&globals.layers(Vec::new())?)?;
    for version in store(&config)?.rule_versions(arguments.rule.as_deref())? {
        if arguments.json {
            write_json(&version, output)?;
            continue;
        }
        let hash = if version.text.is_some() { version.hash.get(..SHORT).unwrap_or(&version.hash) } else { "(ended)" };
        writeln!(output, "{}  {hash:<SHORT$}  {:<24} {}", version.time, version.rule, version.author)
            .map_err(output_failed)?;
    }
    Ok(Ended::Well)
}

/// Writes the version's text into the file it was read from, and asks the running program to read its rules again.
pub fn rollback(arguments: &RollbackArguments, globals: &Globals, output: &mut dyn io::Write) -> miette::Result<Ended> {
    let config = checked(&globals.layers(Vec::new())?)?;
    let versions = store(&config)?.rule_versions(Some(&arguments.rule))?;
    let version = wanted(&versions, &arguments.rule, arguments.hash.as_deref())?;
    let text = version.text.as_deref().unwrap_or_default();
    let file = Shelf::of(&config).place(&version.file);
    write_whole(Path::new(&file), text)?;
    writeln!(output, "{file} is again what {} put in force at {}", version.author, version.time)
        .map_err(output_failed)?;
    match control::ask(&config.data, &Question::Reload) {
        Ok(Reply::Reloaded) => eprintln!("The running bongsu has read its rules again."),
        Ok(Reply::Failed(reason)) => return Err(miette!("{reason}")),
        Ok(_) => return Err(miette!("the running bongsu answered something else; is it another version?")),
        Err(_) => eprintln!("No bongsu is running; the version counts from its next start on."),
    }
    Ok(Ended::Well)
}

fn wanted<'a>(versions: &'a [Version], rule: &str, hash: Option<&str>) -> miette::Result<&'a Version> {
    let texts: Vec<&Version> = versions.iter().filter(|version| version.text.is_some()).collect();
    let newest = texts.last().ok_or_else(|| {
        miette!(help = "`bongsu rules versions` lists what was ever in force", "no version of {rule:?} is kept")
    })?;
    let found = match hash {
        None => texts.iter().rev().find(|version| version.hash != newest.hash),
        Some(hash) if hash.len() < 4 => {
            return Err(miette!(help = "write four characters of it at least", "{hash:?} is too short"));
        }
        Some(hash) => texts.iter().rev().find(|version| version.hash.starts_with(hash)),
    };
    let none = || miette!(help = "`bongsu rules versions` lists them", "{rule:?} has no such version");
    found.copied().ok_or_else(none)
}

fn store(config: &Config) -> miette::Result<Store> {
    if !config.store.path.exists() {
        let help = "name the data folder with --data";
        return Err(miette!(help = help, "there is no store at {}", config.store.path.display()));
    }
    Ok(Store::open_as_it_is(&config.store.path, config.limits.dead_letters)?)
}

/// Tells the differences; findings where there are any, as `diff` does.
pub fn run_diff(arguments: &DiffArguments, globals: &Globals, output: &mut dyn io::Write) -> miette::Result<Ended> {
    let changes = diff(&source(&arguments.before, globals)?, &source(&arguments.after, globals)?);
    for change in &changes {
        if arguments.json {
            write_json(change, output)?;
            continue;
        }
        let line = match (change.before.as_deref(), change.after.as_deref()) {
            (Some(before), Some(after)) => format!("{}: {before} → {after}", change.what),
            (Some(before), None) => format!("{}: - {before}", change.what),
            (None, after) => format!("{}: + {}", change.what, after.unwrap_or_default()),
        };
        writeln!(output, "{line}").map_err(output_failed)?;
    }
    Ok(if changes.is_empty() { Ended::Well } else { Ended::WithFindings })
}

fn source(named: &str, globals: &Globals) -> miette::Result<Arc<Source>> {
    if let Some(shipped) = pack::ALL.iter().find(|rule| rule.name.ends_with(&format!("/{named}.rhai"))) {
        return Ok(Source::new(shipped.name, shipped.text));
    }
    if let Some((rule, hash)) = named.split_once('@').filter(|_| !Path::new(named).exists()) {
        let config = checked(&globals.layers(Vec::new())?)?;
        let versions = store(&config)?.rule_versions(Some(rule))?;
        let version = wanted(&versions, rule, Some(hash))?;
        return Ok(Source::new(format!("{rule}@{hash}"), version.text.clone().unwrap_or_default()));
    }
    if named == OVERRIDES {
        return Err(miette!(help = "they are data: `diff` of your system compares them", "overrides are no rule"));
    }
    let text = std::fs::read_to_string(named).into_diagnostic().wrap_err_with(|| format!("failed to read {named}"))?;
    Ok(Source::new(named, text))
}
