//! What a rule's parameters are at a place: the header's defaults with the city's, the areas' and the station's
//! overrides laid over them, the nearest last. And whether rules, overrides and the city fit each other.

use super::Engine;
use super::city::{Place, Scoped};
use crate::language::header::Setting;
use crate::language::overrides::{self, Override, Where, is_overrides};
use crate::language::{Arguments, Header, Rule};
use crate::record::RulesText;
use bongsu_sensors::Catalog;
use bongsu_sensors::catalog::AreaIndex;
use bongsu_sensors::document::nearest;
use bongsu_sensors::mistake::{Mistake, Mistakes, Origin, Source};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Compiled rules and the overrides beside them.
#[derive(Clone, Debug, Default)]
pub struct Compiled {
    /// The rules, in the order of their files.
    pub rules: Vec<Arc<Rule>>,
    /// The overrides, in the order of their files.
    pub overrides: Vec<Override>,
}

impl Engine {
    /// Checks rules without taking them.
    ///
    /// # Errors
    /// Every mistake in them.
    pub fn check_rules(&self, text: &RulesText) -> Result<(), Vec<Mistake>> {
        let (compiled, mut mistakes) = self.compile(text);
        if let Some(catalog) = &self.catalog {
            let found = Mistakes::new();
            fit(&compiled, catalog, &found);
            mistakes.extend(found.into_vec());
        }
        if mistakes.is_empty() { Ok(()) } else { Err(mistakes) }
    }

    /// Compiles the files of a rules folder; answers what is good in them, and every mistake in the rest.
    pub fn compile(&self, text: &RulesText) -> (Compiled, Vec<Mistake>) {
        let mut compiled = Compiled::default();
        let mut broken = Vec::new();
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        for (name, source) in text.files.iter().filter(|(name, _)| !is_overrides(name)) {
            let source = Source::new(name.clone(), source.clone());
            match self.host.compile(&source) {
                Ok(rule) => match names.get(&rule.header.id) {
                    Some(other) => {
                        let message = format!("rule {:?} stands in {other:?} too", rule.header.id);
                        let origin = Origin { source, span: 0..0 };
                        broken.push(Mistake::new(&origin, message, "give each rule its own id"));
                    }
                    None => {
                        names.insert(rule.header.id.clone(), name.clone());
                        compiled.rules.push(Arc::new(rule));
                    }
                },
                Err(more) => broken.extend(more),
            }
        }
        let headers: Vec<&Header> = compiled.rules.iter().map(|rule| &*rule.header).collect();
        let all_known = broken.is_empty();
        for (name, source) in text.files.iter().filter(|(name, _)| is_overrides(name)) {
            let mistakes = Mistakes::new();
            let source = Source::new(name.clone(), source.clone());
            let mut read = overrides::read(&source, &headers, all_known, &mistakes);
            compiled.overrides.append(&mut read);
            broken.extend(mistakes.into_vec());
        }
        (compiled, broken)
    }

    /// The parameters of every rule at every place.
    pub(super) fn tune(&mut self, catalog: &Catalog) {
        let defaults: Vec<Arc<Arguments>> =
            self.rules.iter().map(|rule| Arc::new(Arguments::defaults(&rule.header))).collect();
        for scoped in &mut self.scopes {
            let rule = &self.rules[scoped.rule];
            let mut near: Vec<(usize, &Override)> = self
                .overrides
                .iter()
                .filter(|one| one.rule == rule.header.id)
                .filter_map(|one| Some((nearness(one, scoped, catalog)?, one)))
                .collect();
            // The nearest is laid on last; of two as near, the later in the files.
            near.sort_by_key(|(nearness, _)| *nearness);
            scoped.arguments = match near.is_empty() {
                true => defaults[scoped.rule].clone(),
                false => {
                    let lay = |under: Arguments, (_, over): &(usize, &Override)| under.with(&rule.header, &over.set);
                    Arc::new(near.iter().fold(Arguments::defaults(&rule.header), lay))
                }
            };
        }
    }

    /// The parameters of a rule at a place, by name, where it is evaluated there.
    pub fn parameters_at(&self, rule: &str, place: &str) -> Option<Vec<(String, Setting)>> {
        let scoped = self.scoped(rule, place)?;
        let names = self.rules[scoped.rule].header.params.iter().map(|param| param.name.clone());
        Some(names.zip(scoped.arguments.settings().iter().cloned()).collect())
    }

    pub(super) fn scoped(&self, rule: &str, place: &str) -> Option<&Scoped> {
        self.scopes.iter().find(|scoped| *scoped.name == *place && self.rules[scoped.rule].header.id == rule)
    }
}

/// How near an override is to a place: 0 the whole city, then area by area inwards, a station last; `None`: it is not
/// for that place.
fn nearness(one: &Override, scoped: &Scoped, catalog: &Catalog) -> Option<usize> {
    let area = match scoped.place {
        Place::Station(station) => Some(catalog.station(station).area),
        Place::Area(area) => Some(area),
        Place::City => None,
    };
    match &one.place {
        Where::City => Some(0),
        Where::Station(id) => (matches!(scoped.place, Place::Station(_)) && *scoped.name == **id).then_some(usize::MAX),
        Where::Area(code) => {
            let outwards = std::iter::successors(area, |at: &AreaIndex| catalog.area(*at).parent).take(64);
            let steps = outwards.map(|at| catalog.area(at).code.as_str()).position(|at| at == code)?;
            Some(1000 - steps.min(900))
        }
    }
}

/// Whether what rules and overrides name is there, and whether their windows can hold anything.
fn fit(compiled: &Compiled, catalog: &Catalog, mistakes: &Mistakes) {
    for one in &compiled.overrides {
        let (what, name, known): (_, _, Vec<&str>) = match &one.place {
            Where::Station(id) if catalog.station_named(id).is_none() => {
                ("station", id, catalog.stations.iter().map(|station| station.id.as_str()).collect())
            }
            Where::Area(code) if catalog.area_named(code).is_none() => {
                ("area", code, catalog.areas.iter().map(|area| area.code.as_str()).collect())
            }
            _ => continue,
        };
        let remedy = match nearest(name, known) {
            Some(near) => format!("did you mean {near:?}?"),
            None => format!("name a {what} of the catalog"),
        };
        mistakes.add(&one.origin, format!("no {what} is called {name:?}"), remedy);
    }
    for rule in &compiled.rules {
        for (spec, shortest) in rule.header.inputs.iter().zip(&rule.shortest) {
            let Some((shortest, origin)) = shortest else { continue };
            let fed = catalog.datastreams.iter().filter(|stream| super::feed::feeds(stream.name.kind, spec.kind));
            let slowest = fed.map(|stream| stream.cadence).min();
            if let Some(cadence) = slowest.filter(|cadence| spec.kind.is_some() && shortest < cadence) {
                let message = format!("no datastream of `{}` sends as often as this window is long", spec.name);
                let remedy = format!("write a window of at least {} minutes", cadence.as_secs().div_ceil(60));
                mistakes.add(origin, message, remedy);
            }
        }
    }
}
