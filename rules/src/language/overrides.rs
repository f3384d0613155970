//! Overrides: parameters that an officer set for a station, an area or the city, as data with an author and a reason.
//!
//! ```toml
//! [[override]]
//! rule    = "river_flood"
//! station = "jamsu"                 # or area = "seocho"; neither: everywhere
//! set     = { lead_min = 45, trend = "2h" }
//! author  = "Kim Minji"
//! reason  = "the riverside park needs longer to clear at weekends"
//! ```
//!
//! The nearest one wins: a station's before its area's, an inner area's before the outer one's, any before the city's.

use super::header::{Header, Setting};
use bongsu_sensors::document::{FromNode, Reader, nearest, parse};
use bongsu_sensors::mistake::{Mistakes, Origin, Source};
use std::sync::Arc;

/// Where an override holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Where {
    /// At a station.
    Station(String),
    /// In an area and all that lies in it.
    Area(String),
    /// Everywhere.
    City,
}

/// Parameters of a rule that differ from its header somewhere.
#[derive(Clone, Debug)]
pub struct Override {
    /// The rule.
    pub rule: String,
    /// Where.
    pub place: Where,
    /// The parameters, by name.
    pub set: Vec<(String, Setting)>,
    /// Who set them.
    pub author: String,
    /// Why.
    pub reason: String,
    /// Where it was written.
    pub origin: Origin,
}

/// Whether a file of a rules folder holds overrides.
pub fn is_overrides(name: &str) -> bool {
    name.rsplit('/').next().is_some_and(|file| file == "overrides.toml")
}

/// Reads a file of overrides. Rules that are not among the headers are passed over where `all_known` is false: their
/// own mistakes are told elsewhere.
pub fn read(source: &Arc<Source>, headers: &[&Header], all_known: bool, mistakes: &Mistakes) -> Vec<Override> {
    let table = parse(source, mistakes);
    let reader = Reader::document(&table, source, mistakes);
    let overrides = reader.tables("override").into_iter().filter_map(|one| read_one(one, headers, all_known));
    let overrides = overrides.collect();
    reader.finish();
    overrides
}

fn read_one(table: Reader<'_>, headers: &[&Header], all_known: bool) -> Option<Override> {
    let rule = table.required_at::<String>("rule");
    let station = table.optional::<String>("station");
    let area = table.optional::<String>("area");
    let said = |key: &'static str, example: &str| {
        let text = table.required_at::<String>(key)?;
        if text.value.trim().is_empty() {
            table.mistakes().add(&text.origin, format!("`{key}` is empty"), example);
        }
        Some(text.value)
    };
    let author = said("author", "write who decided it");
    let reason = said("reason", "write why, for whoever reads it in a year");
    let header = rule.as_ref().and_then(|rule| headers.iter().find(|header| header.id == rule.value));
    if let (Some(rule), None, true) = (&rule, header, all_known) {
        let remedy = match nearest(&rule.value, headers.iter().map(|header| header.id.as_str())) {
            Some(near) => format!("did you mean {near:?}?"),
            None => "name the id of a rule".to_owned(),
        };
        table.mistakes().add(&rule.origin, format!("no rule is called {:?}", rule.value), remedy);
    }
    if table.node("set").is_none() {
        table.complain("`set` is missing", "add set = { parameter = value }");
    }
    let set = table.inner("set").map(|set| settings(&set, header)).unwrap_or_default();
    let place = match (station, area) {
        (Some(station), None) => Where::Station(station),
        (None, Some(area)) => Where::Area(area),
        (None, None) => Where::City,
        (Some(_), Some(_)) => {
            table.complain("`station` and `area` together", "write one of them");
            Where::City
        }
    };
    let origin = table.origin().clone();
    table.finish();
    header?;
    Some(Override { rule: rule?.value, place, set, author: author?, reason: reason?, origin })
}

fn settings(set: &Reader<'_>, header: Option<&&Header>) -> Vec<(String, Setting)> {
    let mut settings = Vec::new();
    let Some(header) = header else { return settings };
    let mistakes = set.mistakes();
    for (name, origin, node) in set.entries() {
        let Some(param) = header.params.iter().find(|param| param.name == name) else {
            let remedy = match nearest(name, header.params.iter().map(|param| param.name.as_str())) {
                Some(near) => format!("did you mean `{near}`?"),
                None => {
                    let known: Vec<&str> = header.params.iter().map(|param| param.name.as_str()).collect();
                    format!("its parameters are {}", known.join(", "))
                }
            };
            mistakes.add(origin, format!("rule {:?} has no parameter `{name}`", header.id), remedy);
            continue;
        };
        match Setting::from_node(node) {
            Ok(setting) if param.admits(&setting) => settings.push((name.to_owned(), setting)),
            Ok(setting) => {
                let message = format!("{setting} lies outside the range of `{name}`");
                mistakes.add(&node.origin, message, format!("write {} to {}", param.min, param.max));
            }
            Err(expected) => mistakes.add(&node.origin, format!("`{name}` is no setting"), format!("write {expected}")),
        }
    }
    settings
}
