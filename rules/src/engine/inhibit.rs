//! One hazard that explains another: while the river stands over its bank, a flooded road beside it is no second news.
//!
//! What is inhibited is recorded and not said. It is said as soon as the other hazard is over or its own level is the
//! higher one, and what was said before is never taken back by it.

use super::Engine;
use super::city::Scoped;
use super::evaluate::speaks_to;
use crate::incident::Incident;
use crate::language::{Header, Rule};
use crate::record::Effect;
use bongsu_sensors::{Catalog, Level, Time};
use std::time::Duration;

impl Engine {
    /// Whether everywhere a scope speaks to another hazard stands that explains its level.
    pub(super) fn is_inhibited(&self, scoped: &Scoped, header: &Header, level: Level, catalog: &Catalog) -> bool {
        let explains = |incident: &Incident, area: &str| {
            incident.area == area
                && incident.level >= level
                && header.inhibit.get(&incident.hazard).is_some_and(|from| incident.level >= *from)
        };
        let (_, areas) = speaks_to(scoped.place, catalog);
        !header.inhibit.is_empty() && areas.iter().all(|area| self.incidents().any(|other| explains(other, area)))
    }

    /// Where an incident changed, those that it keeps quiet are asked again.
    pub(super) fn ask_inhibited(&mut self, effects: &[Effect], now: Time) {
        let changed: Vec<&str> = effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::Incident(change) => Some(change.incident.hazard.as_str()),
                _ => None,
            })
            .collect();
        // Nearly always: every place of every rule is gone through below.
        if changed.is_empty() {
            return;
        }
        let is_explained = |rule: &Rule| rule.header.inhibit.keys().any(|hazard| changed.contains(&hazard.as_str()));
        let explained: Vec<bool> = self.rules.iter().map(|rule| is_explained(rule)).collect();
        let waits = |scoped: &Scoped| explained[scoped.rule] && scoped.memory.aside().inhibited;
        let waiting: Vec<usize> =
            (0..).zip(&self.scopes).filter(|(_, scoped)| waits(scoped)).map(|(at, _)| at).collect();
        for at in waiting {
            self.wake(at, now + Duration::from_millis(1));
        }
    }
}
