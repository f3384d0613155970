//! The city's policy as a file: which levels a person, or two, must approve, and which incidents explain which others.
//!
//! ```toml
//! duty = ["kim", "lee"]        # who is asked, by account; when nobody decides, the next
//!
//! [[release]]
//! hazard  = "river_flood"      # absent: every hazard
//! level   = "warning"          # from this level on
//! areas   = ["seocho"]         # with all that lie in them; absent: everywhere
//! release = "two_person"       # propose | two_person | shadow
//!
//! [[inhibit]]
//! by = "outage"                # while an incident of this hazard stands in an area …
//! at_least = "watch"
//! of = "sensor_health"         # … operators are not told of those of that one there
//! up_to = "warning"
//! ```

use crate::people::account::{NAMES, is_name};
use bongsu_rules::hazard;
use bongsu_rules::incident::policy::{Inhibition, Policy, ReleaseLine};
use bongsu_rules::language::Release;
use bongsu_sensors::document::{Reader, nearest, parse};
use bongsu_sensors::mistake::{Mistake, Mistakes, Source};
use bongsu_sensors::{Catalog, Level};
use std::sync::Arc;

/// Reads a policy for a city.
///
/// # Errors
/// Every mistake in it.
pub fn read(source: &Arc<Source>, city: &Catalog) -> Result<Policy, Vec<Mistake>> {
    let mistakes = Mistakes::new();
    let mut policy = Policy::default();
    let table = parse(source, &mistakes);
    let top = Reader::document(&table, source, &mistakes);
    policy.release = top.tables("release").into_iter().filter_map(|line| release(line, city)).collect();
    policy.inhibit = top.tables("inhibit").into_iter().filter_map(inhibit).collect();
    policy.duty = duty(&top);
    top.finish();
    let mistakes = mistakes.into_vec();
    if mistakes.is_empty() { Ok(policy) } else { Err(mistakes) }
}

/// Who is asked, first to last.
fn duty(top: &Reader<'_>) -> Vec<String> {
    let Some(typed) = top.located::<Vec<String>>("duty") else { return Vec::new() };
    for (at, name) in typed.value.iter().enumerate() {
        if !is_name(name) {
            top.mistakes().add(&typed.origin, format!("{name:?} is no account: {NAMES}"), "write names of accounts");
        }
        if typed.value[..at].contains(name) {
            top.mistakes().add(&typed.origin, format!("{name:?} stands twice in `duty`"), "write each name once");
        }
    }
    typed.value
}

fn release(line: Reader<'_>, city: &Catalog) -> Option<ReleaseLine> {
    let hazard = if line.node("hazard").is_some() { Some(hazard_at(&line, "hazard")) } else { None };
    let level = level_at(&line, "level");
    let areas = line.located::<Vec<String>>("areas");
    let release = line.required_at::<String>("release").and_then(|typed| {
        let found = match typed.value.as_str() {
            "propose" => Some(Release::Propose),
            "two_person" => Some(Release::TwoPerson),
            "shadow" => Some(Release::Shadow),
            _ => None,
        };
        if found.is_none() {
            let wrong = format!("`release` cannot be {:?}", typed.value);
            line.mistakes().add(&typed.origin, wrong, "write propose, two_person or shadow");
        }
        found
    });
    let mut within = Vec::new();
    for code in areas.iter().flat_map(|typed| &typed.value) {
        match city.area_named(code) {
            Some(outer) => {
                let inner = (0..)
                    .zip(&city.areas)
                    .filter(|(at, _)| city.lies_in(bongsu_sensors::catalog::AreaIndex(*at), outer));
                within.extend(inner.map(|(_, area)| area.code.to_string()));
            }
            None => {
                let known = city.areas.iter().map(|area| area.code.as_str());
                let remedy = nearest(code, known)
                    .map_or_else(|| "name an area of the catalog".to_owned(), |near| format!("did you mean {near:?}?"));
                if let Some(typed) = &areas {
                    line.mistakes().add(&typed.origin, format!("unknown area {code:?}"), remedy);
                }
            }
        }
    }
    line.finish();
    let hazard = match hazard {
        Some(found) => Some(found?),
        None => None,
    };
    Some(ReleaseLine { hazard, level: level?, areas: areas.map(|_| within), release: release? })
}

fn inhibit(line: Reader<'_>) -> Option<Inhibition> {
    let (by, of) = (hazard_at(&line, "by"), hazard_at(&line, "of"));
    let (at_least, up_to) = (level_at(&line, "at_least"), level_at(&line, "up_to"));
    let explains_itself = by.is_some() && by == of;
    if explains_itself {
        line.complain("a hazard does not explain itself", "name another one with `of`");
    }
    line.finish();
    let (by, of) = (by?, of?);
    if explains_itself {
        return None;
    }
    Some(Inhibition { by, at_least: at_least?, of, up_to: up_to? })
}

fn hazard_at(line: &Reader<'_>, key: &'static str) -> Option<String> {
    let typed = line.required_at::<String>(key)?;
    if hazard::named(&typed.value).is_none() {
        let near = nearest(&typed.value, hazard::ALL.iter().map(|hazard| hazard.name));
        let remedy = near.map_or("see rules/src/hazard.rs".to_owned(), |near| format!("did you mean {near:?}?"));
        line.mistakes().add(&typed.origin, format!("unknown hazard {:?}", typed.value), remedy);
        return None;
    }
    Some(typed.value)
}

fn level_at(line: &Reader<'_>, key: &'static str) -> Option<Level> {
    let typed = line.required_at::<String>(key)?;
    match typed.value.parse::<Level>() {
        Ok(level) if level != Level::None => Some(level),
        _ => {
            let wrong = format!("`{key}` cannot be {:?}", typed.value);
            line.mistakes().add(&typed.origin, wrong, "write advisory, watch, warning or emergency");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CITY: &str = r#"
        timezone = "Asia/Seoul"
        area = [{ code = "seoul", kind = "sido" }, { code = "seocho", parent = "seoul" }]
    "#;

    fn check(text: &str) -> Result<Policy, Vec<String>> {
        let city = Catalog::parse(&Source::new("stations.toml", CITY), |_| Err("none".into())).expect("city");
        let told = |mistakes: Vec<Mistake>| mistakes.iter().map(|mistake| mistake.message.clone()).collect();
        read(&Source::new("policy.toml", text), &city).map_err(told)
    }

    #[test]
    fn an_area_stands_for_all_that_lie_in_it() {
        let policy =
            check("[[release]]\nlevel = \"watch\"\nareas = [\"seoul\"]\nrelease = \"two_person\"\n").expect("good");
        assert_eq!(policy.release("river_flood", Level::Warning, "seocho"), Release::TwoPerson);
        assert_eq!(policy.release("river_flood", Level::Advisory, "seocho"), Release::Auto);
        assert_eq!(policy.release("river_flood", Level::Warning, "elsewhere"), Release::Auto);
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        let wrong = check(
            "[[release]]\nlevel = \"high\"\nrelease = \"auto\"\nareas = [\"seocha\"]\n[[inhibit]]\nby = \"outage\"\nof = \"outage\"\nat_least = \"watch\"\nup_to = \"watch\"\n",
        )
        .expect_err("mistakes");
        assert_eq!(wrong.len(), 4, "{wrong:?}");
        assert_eq!(check("duty = [\"kim\", \"lee\"]\n").expect("good").duty, ["kim", "lee"]);
        let wrong = check("duty = [\"kim\", \"Lee!\", \"kim\"]\n").expect_err("mistakes");
        assert_eq!(wrong.len(), 2, "{wrong:?}");
    }
}
