//! What every evaluation compares, told to whoever will compare the same again with other limits.

use super::Engine;
use super::city::Place;
use super::feed::max_age;
use crate::language::header::{Feeders, Setting};
use crate::language::input::Input;
use crate::language::{Arguments, Asked, Failure};
use bongsu_sensors::Time;
use bongsu_sensors::catalog::StationIndex;
use std::sync::Arc;
use std::time::Duration;

/// Who wants to see it.
#[derive(Clone)]
pub(crate) struct Tape(Arc<dyn Fn(&Look) + Send + Sync>);

impl std::fmt::Debug for Tape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tape")
    }
}

impl Tape {
    /// Shows every evaluation to `see`.
    pub fn new(see: impl Fn(&Look) + Send + Sync + 'static) -> Tape {
        Tape(Arc::new(see))
    }

    /// Shows it one.
    pub(super) fn show(&self, look: &Look) {
        (self.0)(look);
    }
}

/// One evaluation before it is answered.
pub(crate) struct Look {
    /// The place of the scope among all.
    pub scope: usize,
    /// When.
    pub now: Time,
    /// What it compares.
    pub asked: Result<Vec<Asked>, Failure>,
    /// The newest observation of each of its datastreams that rules may use, in the order of [`Engine::fed`].
    pub newest: Vec<Option<Time>>,
}

/// A datastream that feeds a scope.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fed {
    /// Its number.
    pub datastream: u32,
    /// The input it feeds.
    pub input: u8,
    /// Its station.
    pub station: Option<StationIndex>,
    /// It observes the place itself.
    pub here: bool,
    /// How old its newest observation may be.
    pub max_age: Duration,
}

impl Engine {
    /// From now on shows every evaluation to somebody.
    pub(crate) fn show_to(&mut self, tape: Tape) {
        self.tape = Some(tape);
    }

    /// Sets parameters of the rules in every scope, over whatever they are there.
    pub(crate) fn set_everywhere(&mut self, set: &[(String, Setting)]) {
        for scoped in &mut self.scopes {
            let header = &self.rules[scoped.rule].header;
            scoped.arguments = Arc::new((*scoped.arguments).clone().with(header, set));
        }
    }

    /// Who feeds a scope, in the order of its inputs.
    pub(crate) fn fed(&self, scope: usize) -> Vec<Fed> {
        let scoped = &self.scopes[scope];
        let inputs = (0..).zip(self.rules[scoped.rule].header.inputs.iter().zip(&scoped.feeds));
        let each = inputs.flat_map(|(input, (spec, feed))| {
            feed.iter().map(move |id| {
                let known = self.streams[*id as usize].known.as_ref();
                let cadence = known.map(|known| known.facts.cadence).unwrap_or_default();
                Fed {
                    datastream: *id,
                    input,
                    station: known.map(|known| known.facts.station),
                    here: spec.feeders == Feeders::Here,
                    max_age: max_age(spec, cadence),
                }
            })
        });
        each.collect()
    }

    /// The scopes, by name and whether their place lies in an area (or is it); `None`: all do.
    pub(crate) fn scopes_in(&self, area: Option<&str>) -> Vec<(usize, Arc<str>)> {
        let Some(catalog) = &self.catalog else { return Vec::new() };
        let outer = area.map(|area| catalog.area_named(area));
        let inside = |place: Place| match (outer, place) {
            (None, _) => true,
            (Some(Some(outer)), Place::Station(station)) => catalog.lies_in(catalog.station(station).area, outer),
            (Some(Some(outer)), Place::Area(area)) => catalog.lies_in(area, outer),
            (Some(_), Place::City) => area == Some(crate::incident::CITY),
            (Some(None), _) => area == Some(crate::incident::CITY),
        };
        let scopes = self.scopes.iter().enumerate().filter(|(_, scoped)| inside(scoped.place));
        scopes.map(|(at, scoped)| (at, scoped.name.clone())).collect()
    }

    /// Every datastream that these scopes look at, and those that the quality tests of these ask.
    pub(crate) fn concerned(&self, scopes: &[(usize, Arc<str>)]) -> Vec<u32> {
        let mut all: Vec<u32> =
            scopes.iter().flat_map(|(at, _)| self.scopes[*at].feeds.iter().flatten().copied()).collect();
        for at in all.clone() {
            if let Some(near) = &self.streams[at as usize].near {
                all.extend(near.peers.iter().chain(&near.rain));
            }
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The inputs and parameters of a scope at the moment of the last record.
    pub(crate) fn inputs_of(&self, scope: usize) -> (Vec<Input>, Arc<Arguments>) {
        let scoped = &self.scopes[scope];
        let rule = &self.rules[scoped.rule];
        (self.inputs(scoped, rule, self.now).0, self.arguments(scoped, rule, self.now))
    }

    /// What a scope compares now.
    pub(super) fn look(&self, scope: usize, inputs: &[Input], arguments: &Arguments, now: Time) -> Look {
        let scoped = &self.scopes[scope];
        let asked = self.host.ask(&self.rules[scoped.rule], inputs, arguments, false);
        let feeds = scoped.feeds.iter().flatten();
        let newest = feeds.map(|id| self.streams[*id as usize].series.newest_usable(now).map(|sample| sample.time));
        Look { scope, now, asked, newest: newest.collect() }
    }
}
