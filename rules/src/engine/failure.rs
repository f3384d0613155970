//! A rule that fails at a place: operators are told by an incident of its own, until it runs again. Nothing else of the
//! rule, and no other rule, is touched.

use super::Engine;
use super::city::Scoped;
use super::evaluate::speaks_to;
use crate::incident::{Alert, Evidence};
use crate::language::{Audience, Failure, Release};
use crate::record::Effect;
use bongsu_sensors::{Catalog, Level, Time};
use std::collections::BTreeMap;

/// The hazard of such incidents.
pub const HAZARD: &str = "rule_failure";

impl Engine {
    /// Tells operators that a rule began to fail at a place, or runs there again.
    pub(super) fn tell_failure(&mut self, at: usize, failure: Option<&Failure>, now: Time, effects: &mut Vec<Effect>) {
        let Some(catalog) = self.catalog.clone() else { return };
        let scoped = &self.scopes[at];
        let rule = &self.rules[scoped.rule].header.id;
        let evidence = failure.map(|failure| evidence(rule, scoped, failure)).into_iter().collect::<Vec<_>>();
        let level = if failure.is_some() { Level::Advisory } else { Level::None };
        let alert = alert(rule, scoped, &catalog, level);
        self.book_do(effects, |book, out| book.set(alert, &evidence, now, out));
    }

    /// Ends the failures of rules that changed or are gone: what failed is not there any more.
    pub(super) fn forget_failures(&mut self, now: Time, effects: &mut Vec<Effect>) {
        let gone = |alert: &&Alert| {
            alert.hazard == HAZARD
                && !self.scopes.iter().any(|scoped| {
                    scoped.memory.failures > 0
                        && *scoped.name == *alert.place
                        && name(&self.rules[scoped.rule].header.id) == alert.rule
                })
        };
        let gone: Vec<Alert> = self.book.alerts().filter(gone).cloned().collect();
        for alert in gone {
            let over = Alert { level: Level::None, ..alert };
            self.book_do(effects, |book, out| book.set(over, &[], now, out));
        }
    }
}

/// Under which name the failure of a rule stands in the book: no rule can have it.
fn name(rule: &str) -> String {
    format!("{rule} (failure)")
}

fn alert(rule: &str, scoped: &Scoped, catalog: &Catalog, level: Level) -> Alert {
    let (station, areas) = speaks_to(scoped.place, catalog);
    Alert {
        rule: name(rule),
        place: scoped.name.to_string(),
        station,
        hazard: HAZARD.to_owned(),
        areas,
        audience: Audience::Operators,
        level,
        release: BTreeMap::from([(Level::Advisory, Release::Auto)]),
        corroborated: true,
        eta: None,
        words: BTreeMap::new(),
    }
}

fn evidence(rule: &str, scoped: &Scoped, failure: &Failure) -> Evidence {
    let place = &scoped.name;
    let label = BTreeMap::from([
        ("ko".to_owned(), format!("{place}에서 규칙 {rule} 실행 실패: {failure}")),
        ("en".to_owned(), format!("rule {rule} fails at {place}: {failure}")),
    ]);
    Evidence {
        label,
        station: None,
        value: None,
        unit: String::new(),
        op: String::new(),
        limit: None,
        result: "unknown".to_owned(),
        stations: Vec::new(),
        more_stations: 0,
    }
}
