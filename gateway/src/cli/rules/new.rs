//! `bongsu rules new`: a rule to begin with that is good already, and a case that it passes.

use crate::cli::{Ended, output_failed};
use bongsu_rules::{hazard, pack};
use bongsu_sensors::kind;
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
    let (rule, cases) = match &arguments.from {
        Some(from) => copied(from, name)?,
        None => written(name, &arguments.kind, &arguments.hazard)?,
    };
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

fn copied(from: &str, name: &str) -> miette::Result<(String, String)> {
    let id =
        |rule: &pack::Shipped| rule.name.rsplit('/').next().and_then(|file| file.strip_suffix(".rhai")).unwrap_or("");
    let rule = pack::ALL.iter().find(|rule| id(rule) == from).ok_or_else(|| {
        let known: Vec<&str> = pack::ALL.iter().map(id).collect();
        miette!(help = format!("there are {}", known.join(", ")), "no rule {from:?} comes with the program")
    })?;
    let renamed =
        |line: &str| match line.trim_start_matches("//!").trim_start().starts_with("id ") && line.starts_with("//!") {
            true => format!("//! id       = {name:?}"),
            false => line.to_owned(),
        };
    let text: Vec<String> = rule.text.lines().map(renamed).collect();
    Ok((text.join("\n") + "\n", rule.cases.replace(&format!("rule = {from:?}"), &format!("rule = {name:?}"))))
}

/// A rule about one limit, and a case in which it is crossed.
pub fn written(name: &str, kind: &str, hazard: &str) -> miette::Result<(String, String)> {
    let known = kind::KindId::named(kind).ok_or_else(|| {
        let help = kind::nearest(kind)
            .map_or("`bongsu rules reference` lists every kind".to_owned(), |near| format!("did you mean {near:?}?"));
        miette!(help = help, "unknown kind {kind:?}")
    })?;
    let known = known.kind();
    if hazard::named(hazard).is_none() {
        let known: Vec<&str> = hazard::ALL.iter().map(|hazard| hazard.name).collect();
        return Err(miette!(help = format!("known hazards: {}", known.join(", ")), "unknown hazard {hazard:?}"));
    }
    let observed = known.feeds.unwrap_or(known.name);
    // What rules see of a counter is what it counted, and that has a range of its own.
    let (low, high) = kind::KindId::named(observed).map_or(known.range, |seen| seen.kind().range);
    // Somewhere a value may really be, whatever the kind.
    let round = |value: f64| (value * 100.0).round() / 100.0;
    let (calm, limit) = (round(low.max(0.0)), round(low.max(0.0) + (high - low.max(0.0)) / 20.0));
    let danger = round(low.max(0.0) + (high - low.max(0.0)) / 10.0);
    let (ko, en) = known.title;
    let rule = format!(
        r#"//! id       = {name:?}
//! hazard   = {hazard:?}
//! title    = {{ ko = "{ko} 기준 초과", en = "High {en}" }}
//! scope    = "station"
//! audience = "operators"
//! every    = "1m"
//!
//! [inputs]
//! seen = {{ kind = {observed:?} }}
//!
//! [params]
//! limit = {{ default = {limit:?}, min = {calm:?}, max = {high:?}, unit = {unit:?}, why = {{ ko = "이 숫자의 뜻과 출처를 여기에 쓰십시오", en = "write here what the number means and where it is from" }} }}
//!
//! [hold]
//! confirm     = 2
//! clear_ratio = 0.9
//! clear_after = "30m"
//!
//! [release]
//! watch = "propose"
//!
//! [labels]
//! high = {{ ko = "{ko}", en = "{en}" }}

// Twice at or above the limit.
if check("high", seen.last(), ">=", limit) {{ raise("watch") }}
"#,
        unit = known.unit,
    );
    let cases = format!(
        "# The small city of these cases.\n[stations.a]\n{observed} = {{ cadence = \"10m\" }}\n\n[[case]]\nname = \"twice above the limit\"\nkind = \"true\"\nseries.a.{observed} = \"{calm:?}x3 {danger:?}x4\"\nraised = [{{ level = \"watch\", by = \"1h\" }}]\n\n[[case]]\nname = \"always below\"\nkind = \"near_miss\"\nseries.a.{observed} = \"{calm:?}x9\"\nnot_raised = \"watch\"\n"
    );
    Ok((rule, cases))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bongsu_rules::case;
    use bongsu_sensors::Source;

    /// Whatever somebody begins with is good, and where its kind has a rate of its own the first case says so.
    #[test]
    fn a_new_rule_is_good_for_every_kind() {
        for kind in kind::ALL.iter() {
            let (rule, cases) = written("mine", kind.name, "river_flood").expect(kind.name);
            let results = case::run(&Source::new("mine.rhai", rule), &Source::new("cases.toml", cases));
            let results = results.unwrap_or_else(|mistakes| panic!("{}: {}", kind.name, mistakes[0]));
            for result in results {
                assert!(result.passes(), "{}: {result}", kind.name);
            }
        }
        assert!(written("mine", "river_stag", "river_flood").is_err_and(|e| format!("{e:?}").contains("river_stage")));
    }

    #[test]
    fn a_copy_of_a_shipped_rule_has_the_new_name() {
        let (rule, _) = copied("river_flood", "han").expect("shipped");
        assert!(rule.starts_with("//! id       = \"han\"\n"), "{rule}");
        assert!(copied("river_floods", "han").is_err());
    }
}
