//! Why a rule says what it says at a place, or why it says nothing: the question is asked again, and nothing is changed
//! by it.

use super::Engine;
use super::evaluate::evidence;
use super::feed::max_age;
use crate::incident::Evidence;
use bongsu_sensors::{Level, Time};
use serde::Serialize;

/// What there is to say of a rule at a place.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// The moment it is asked about.
    pub time: Time,
    /// The level that is reached now.
    pub reached: Level,
    /// The level its alert stands at, with confirmation and patience.
    pub stands: Level,
    /// Something could not be decided: it may raise, never lower.
    pub undecided: bool,
    /// Why the rule itself fails, where it does.
    pub failure: Option<String>,
    /// Every check.
    pub checks: Vec<Evidence>,
    /// Every datastream that is asked.
    pub inputs: Vec<Heard>,
    /// The parameters as they are here.
    pub parameters: Vec<(String, String)>,
}

/// How a datastream stands that a rule asks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Heard {
    /// The input.
    pub input: String,
    /// The station.
    pub station: String,
    /// The datastream.
    pub datastream: String,
    /// The newest observation that rules may use, and its time.
    pub newest: Option<(Time, f64)>,
    /// `known`, `silent`: older than the rule allows, or `never heard`.
    pub state: &'static str,
}

impl Engine {
    /// Explains a rule at a place at the moment of the last record; `None`: it is not evaluated there.
    pub fn explain(&self, rule: &str, place: &str) -> Option<Explanation> {
        let (catalog, scoped) = (self.catalog.as_ref()?, self.scoped(rule, place)?);
        let rule = &self.rules[scoped.rule];
        let (inputs, _) = self.inputs(scoped, rule, self.now);
        let arguments = self.arguments(scoped, rule, self.now);
        let (outcome, failure) = match self.host.evaluate(rule, &inputs, &arguments) {
            Ok(outcome) => (outcome, None),
            Err(failure) => (crate::language::Outcome::default(), Some(failure.to_string())),
        };
        let mut heard = Vec::new();
        for (spec, feed) in rule.header.inputs.iter().zip(&scoped.feeds) {
            for id in feed {
                let stream = &self.streams[*id as usize];
                let Some(numbered) = catalog.numbered(bongsu_sensors::reading::DatastreamId(*id)) else { continue };
                let newest = stream.series.newest_usable(self.now);
                let oldest = self.now - max_age(spec, numbered.cadence);
                heard.push(Heard {
                    input: spec.name.clone(),
                    station: catalog.station(numbered.station).id.to_string(),
                    datastream: numbered.name.to_string(),
                    newest: newest.map(|sample| (sample.time, sample.value)),
                    state: match newest {
                        Some(sample) if sample.time >= oldest => "known",
                        Some(_) => "silent",
                        None => "never heard",
                    },
                });
            }
        }
        let names = rule.header.params.iter().map(|param| param.name.clone());
        Some(Explanation {
            time: self.now,
            reached: outcome.level,
            stands: scoped.memory.hold.level,
            undecided: failure.is_some() || outcome.is_undecided(),
            failure,
            checks: outcome.checks.iter().map(|check| evidence(check, rule, catalog)).collect(),
            inputs: heard,
            parameters: names.zip(scoped.arguments.settings().iter().map(ToString::to_string)).collect(),
        })
    }
}
