//! Several stations that find the same within a time and a distance: one shaken sensor is a lorry, three are an
//! earthquake.

use super::Engine;
use super::city::{Place, Scoped};
use crate::language::Outcome;
use crate::language::header::Coincide;
use crate::language::value::Truth;
use bongsu_sensors::catalog::{StationIndex, distance_km};
use bongsu_sensors::{Catalog, Level, Time};
use std::ops::Range;
use std::time::Duration;

impl Engine {
    /// Whether enough stations find what this scope finds.
    pub(super) fn agrees(&self, at: usize, outcome: &Outcome, wanted: &Coincide, catalog: &Catalog) -> bool {
        let scoped = &self.scopes[at];
        let Some(reached) = scoped.memory.aside().reached else { return false };
        let found: Vec<(StationIndex, Time)> = match scoped.place {
            Place::Station(_) => self.others_of(scoped.rule).filter_map(|at| self.finding(at)).collect(),
            Place::Area(_) | Place::City => self.stations_behind(at, outcome),
        };
        let near = |a: StationIndex, b: StationIndex| {
            wanted.km.is_none_or(|km| distance_km(catalog.station(a).position, catalog.station(b).position) <= km)
        };
        let in_time = |time: Time| time.since(reached).max(reached.since(time)) <= wanted.within;
        let around = |centre: StationIndex| {
            found.iter().filter(|(station, time)| in_time(*time) && near(centre, *station)).count()
        };
        let most = match scoped.place {
            Place::Station(station) => around(station),
            Place::Area(_) | Place::City => found.iter().map(|(station, _)| around(*station)).max().unwrap_or(0),
        };
        most >= usize::from(wanted.stations)
    }

    /// A scope has just found something: those of its rule that stand alone are asked again whether they still do.
    pub(super) fn ask_others(&mut self, at: usize, now: Time) {
        let others = self.others_of(self.scopes[at].rule).filter(|other| *other != at);
        let alone = |other: &usize| {
            let memory = &self.scopes[*other].memory;
            memory.hold.level != Level::None && !memory.corroborated
        };
        for other in others.filter(alone).collect::<Vec<_>>() {
            self.wake(other, now + Duration::from_millis(1));
        }
    }

    /// The scopes of a rule: they stand in a row.
    fn others_of(&self, rule: usize) -> Range<usize> {
        let from = self.scopes.partition_point(|scoped| scoped.rule < rule);
        from..self.scopes.partition_point(|scoped| scoped.rule <= rule)
    }

    fn finding(&self, at: usize) -> Option<(StationIndex, Time)> {
        let Scoped { place: Place::Station(station), memory, .. } = &self.scopes[at] else { return None };
        Some((*station, memory.aside().reached?))
    }

    fn stations_behind(&self, at: usize, outcome: &Outcome) -> Vec<(StationIndex, Time)> {
        let mut found: Vec<(StationIndex, Time)> = Vec::new();
        let streams = self.scopes[at].feeds.iter().flatten().map(|id| &self.streams[*id as usize]);
        for stream in streams {
            let Some(known) = &stream.known else { continue };
            let station = known.facts.station;
            let holds = outcome.checks.iter().filter(|check| check.truth == Truth::True);
            let is_behind = holds.flat_map(|check| &check.stations).any(|(behind, _)| *behind == station);
            let newest = stream.series.newest().filter(|_| is_behind);
            if let Some(newest) = newest.filter(|_| found.iter().all(|(known, _)| *known != station)) {
                found.push((station, newest.time));
            }
        }
        found
    }
}
