//! `bongsu rules test`: every case of every rule, played by the engine that runs live.

use crate::cli::{Ended, Globals, checked, output_failed, write_json};
use crate::inventory;
use crate::report::Problems;
use bongsu_rules::case::{self, CaseResult};
use bongsu_rules::language::overrides::is_overrides;
use bongsu_rules::pack;
use bongsu_sensors::Source;
use serde::Serialize;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Play the cases beside rules, and tell those that do not come out as they say
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Rule files or folders of them [default: the key `rules`, else the rules that come with the program]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
}

#[derive(Serialize)]
struct Line<'a> {
    rule: &'a str,
    case: &'a str,
    kind: &'static str,
    passes: bool,
    failures: &'a [String],
}

/// Runs it.
pub fn run(arguments: &Arguments, globals: &Globals, output: &mut dyn io::Write) -> miette::Result<Ended> {
    let mut paths = arguments.paths.clone();
    if paths.is_empty() {
        paths.extend(checked(&globals.layers(Vec::new())?)?.rules);
    }
    let pairs = if paths.is_empty() { shipped() } else { beside(&paths)? };
    let (mut ended, mut count, mut failed) = (Ended::Well, 0_usize, 0_usize);
    for (rule, cases) in pairs {
        let Some(cases) = cases else {
            eprintln!("{}: no cases.toml beside it", rule.name);
            ended = Ended::WithFindings;
            continue;
        };
        let wrong = |mistakes| Problems::errors("the cases cannot be played", mistakes);
        for result in case::run(&rule, &cases).map_err(wrong)? {
            count += 1;
            failed += usize::from(!result.passes());
            tell(&rule, &result, arguments.json, output)?;
        }
    }
    eprintln!("{count} cases, {failed} failed");
    Ok(if failed > 0 { Ended::WithFindings } else { ended })
}

fn tell(rule: &Source, result: &CaseResult, json: bool, output: &mut dyn io::Write) -> miette::Result<()> {
    if json {
        let kind = result.kind_name();
        let (case, passes, failures) = (&result.name, result.passes(), &result.failures);
        return write_json(&Line { rule: &rule.name, case, kind, passes, failures }, output);
    }
    writeln!(output, "{}: {result}", rule.name).map_err(output_failed)
}

type Pair = (Arc<Source>, Option<Arc<Source>>);

fn shipped() -> Vec<Pair> {
    let pair =
        |rule: &pack::Shipped| (Source::new(rule.name, rule.text), Some(Source::new(rule.cases_name, rule.cases)));
    pack::ALL.iter().map(pair).collect()
}

/// The rules of files and folders, each with the cases of its folder.
fn beside(paths: &[PathBuf]) -> miette::Result<Vec<Pair>> {
    let text = inventory::rules_text(paths)?;
    let cases = |name: &str| {
        let path = Path::new(name).with_file_name("cases.toml");
        let text = std::fs::read_to_string(&path).ok()?;
        Some(Source::new(path.display().to_string(), text))
    };
    let rules = text.files.into_iter().filter(|(name, _)| !is_overrides(name));
    Ok(rules.map(|(name, text)| (Source::new(name.clone(), text), cases(&name))).collect())
}
