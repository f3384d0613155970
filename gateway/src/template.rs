//! Rules to begin with: good already, with a case that they pass. The command line writes one into a folder, the console
//! hands it to whoever writes.

use bongsu_rules::{hazard, pack};
use bongsu_sensors::kind;

/// A rule and its cases.
#[derive(Clone, Debug)]
pub struct Template {
    /// The rule.
    pub rule: String,
    /// The file of cases.
    pub cases: String,
}

/// Nothing can be begun with that.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct Unknown {
    /// What is wrong.
    pub error: String,
    /// What to write instead.
    pub remedy: String,
}

/// A copy of a rule that comes with the program, under another name.
///
/// # Errors
/// No such rule comes with it.
pub fn copied(from: &str, name: &str) -> Result<Template, Unknown> {
    let id =
        |rule: &pack::Shipped| rule.name.rsplit('/').next().and_then(|file| file.strip_suffix(".rhai")).unwrap_or("");
    let rule = pack::ALL.iter().find(|rule| id(rule) == from).ok_or_else(|| {
        let known: Vec<&str> = pack::ALL.iter().map(id).collect();
        Unknown {
            error: format!("no rule {from:?} comes with the program"),
            remedy: format!("there are {}", known.join(", ")),
        }
    })?;
    let renamed =
        |line: &str| match line.trim_start_matches("//!").trim_start().starts_with("id ") && line.starts_with("//!") {
            true => format!("//! id       = {name:?}"),
            false => line.to_owned(),
        };
    let text: Vec<String> = rule.text.lines().map(renamed).collect();
    let cases = rule.cases.replace(&format!("rule = {from:?}"), &format!("rule = {name:?}"));
    Ok(Template { rule: text.join("\n") + "\n", cases })
}

/// A rule about one limit, and a case in which it is crossed.
///
/// # Errors
/// There is no such kind or hazard.
pub fn written(name: &str, kind: &str, hazard: &str) -> Result<Template, Unknown> {
    let known = kind::KindId::named(kind).ok_or_else(|| {
        let help = kind::nearest(kind)
            .map_or("`bongsu rules reference` lists every kind".to_owned(), |near| format!("did you mean {near:?}?"));
        Unknown { error: format!("unknown kind {kind:?}"), remedy: help }
    })?;
    let known = known.kind();
    if hazard::named(hazard).is_none() {
        let known: Vec<&str> = hazard::ALL.iter().map(|hazard| hazard.name).collect();
        let remedy = format!("known hazards: {}", known.join(", "));
        return Err(Unknown { error: format!("unknown hazard {hazard:?}"), remedy });
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
    Ok(Template { rule, cases })
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
            let Template { rule, cases } = written("mine", kind.name, "river_flood").expect(kind.name);
            let results = case::run(&Source::new("mine.rhai", rule), &Source::new("cases.toml", cases));
            let results = results.unwrap_or_else(|mistakes| panic!("{}: {}", kind.name, mistakes[0]));
            for result in results {
                assert!(result.passes(), "{}: {result}", kind.name);
            }
        }
        assert!(written("mine", "river_stag", "river_flood").is_err_and(|e| e.remedy.contains("river_stage")));
    }

    #[test]
    fn a_copy_of_a_shipped_rule_has_the_new_name() {
        let Template { rule, .. } = copied("river_flood", "han").expect("shipped");
        assert!(rule.starts_with("//! id       = \"han\"\n"), "{rule}");
        assert!(copied("river_floods", "han").is_err());
    }
}
