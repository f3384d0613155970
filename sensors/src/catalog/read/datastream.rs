//! A `[[station.datastream]]` table, with its levels and limits of belief.

use super::quality;
use crate::catalog::{Datastream, Quality, StationIndex};
use crate::document::{FromNode, Reader, Value};
use crate::kind::{self, Kind, KindId};
use crate::level::Level;
use crate::name::{DatastreamName, Instance};
use crate::reading::DatastreamId;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Reads one; `known` are those the station has already. `None` where it has no name of its own.
pub fn datastream(
    table: Reader<'_>,
    station: StationIndex,
    known: &[Datastream],
    beliefs: &mut Beliefs,
) -> Option<Datastream> {
    let kind = kind(&table);
    let instance = instance(&table);
    let read_as = kind.map_or(&kind::ALL[0], KindId::kind);
    let cadence = table.optional::<Duration>("cadence").unwrap_or(read_as.cadence);
    if cadence.is_zero() {
        table.complain("a cadence of zero", "write how often it sends, such as \"10m\"");
    }
    let levels = levels(&table);
    let quality = match table.inner("quality") {
        Some(quality) => quality::quality(quality, read_as, cadence),
        None => quality::default_quality(read_as),
    };
    let name = kind.zip(instance).map(|(kind, instance)| DatastreamName { kind, instance });
    if let Some(name) = name {
        complain_of_levels_out_of_sight(&table, &levels, &quality);
        if known.iter().any(|other| other.name == name) {
            table.complain(format!("datastream {name} stands twice"), "number the second with n = 2");
        }
    }
    table.finish();
    let (name, quality) = (name?, beliefs.shared(read_as, quality));
    Some(Datastream { id: DatastreamId(u32::MAX), station, name, cadence, levels, quality })
}

/// Limits of belief that were read so far, the last of each kind: most sensors of a kind are believed alike, and a
/// hundred bytes for each of them would be most of what a city costs.
#[derive(Debug, Default)]
pub struct Beliefs(BTreeMap<&'static str, Arc<Quality>>);

impl Beliefs {
    fn shared(&mut self, kind: &Kind, quality: Quality) -> Arc<Quality> {
        match self.0.get(kind.name) {
            Some(last) if **last == quality => last.clone(),
            _ => {
                let quality = Arc::new(quality);
                self.0.insert(kind.name, quality.clone());
                quality
            }
        }
    }
}

fn kind(table: &Reader<'_>) -> Option<KindId> {
    let kind = table.required_at::<String>("kind")?;
    let found = KindId::named(&kind.value);
    if found.is_none() {
        let remedy = match kind::nearest(&kind.value) {
            Some(near) => format!("did you mean {near:?}?"),
            None => "`bongsu rules reference` lists every kind".to_owned(),
        };
        table.mistakes().add(&kind.origin, format!("unknown kind {:?}", kind.value), remedy);
    }
    found
}

/// A level whose limit lies outside the believable range would wait for ever: the value that reaches it is thrown away
/// as impossible first.
fn complain_of_levels_out_of_sight(table: &Reader<'_>, levels: &BTreeMap<Level, f64>, quality: &Quality) {
    let (low, high) = quality.range;
    for (level, limit) in levels.iter().filter(|(_, limit)| !(low..=high).contains(limit)) {
        let message =
            format!("{level} at {limit} can never be seen: values outside {low} to {high} count as impossible");
        table.complain(message, "mend the limit, or widen quality = { range = [lowest, highest] }");
    }
}

fn instance(table: &Reader<'_>) -> Option<Instance> {
    let Some(node) = table.node("n") else { return Some(Instance::FIRST) };
    let text = match &node.value {
        Value::Integer(n) => n.to_string(),
        Value::Text(text) => text.clone(),
        _ => String::new(),
    };
    let found = Instance::parse(&text);
    if found.is_none() {
        table.mistakes().add(&node.origin, "no number of a datastream", "write n = 2, or n = \"x\" for an axis");
    }
    found
}

fn levels(table: &Reader<'_>) -> BTreeMap<Level, f64> {
    let mut levels = BTreeMap::new();
    let Some(reader) = table.inner("levels") else { return levels };
    for (key, origin, node) in reader.entries() {
        match (key.parse::<Level>(), f64::from_node(node)) {
            (Ok(level), Ok(limit)) => {
                levels.insert(level, limit);
            }
            (Err(wrong), _) => table.mistakes().add(origin, wrong, ""),
            (_, Err(expected)) => {
                table.mistakes().add(&node.origin, "a level's limit is no number", format!("write {expected}"))
            }
        }
    }
    let limits: Vec<f64> = levels.values().copied().collect();
    // Limits may fall as danger grows (water pressure), but they must go one way.
    if !limits.is_sorted_by(|a, b| a < b) && !limits.is_sorted_by(|a, b| a > b) {
        reader.complain("levels are out of order", "limits must rise (or fall) from advisory to emergency");
    }
    levels
}
