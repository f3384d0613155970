//! What is reported that is no reading: citizens who see something, and barriers that do not move.
//!
//! Neither warns the public. A sighting supports what a sensor said already; a barrier that does not confirm is an
//! incident of the operators, because the water and not the barrier is what citizens must hear of.

use super::Engine;
use super::city::Place;
use super::evaluate::speaks_to;
use crate::incident::{Alert, Evidence};
use crate::language::{Audience, Release};
use crate::record::{Effect, Report};
use bongsu_sensors::{Catalog, Level, Time};
use std::collections::BTreeMap;

/// The hazard of barriers and sirens that do not confirm.
pub const HAZARD: &str = "infrastructure";

/// Under which name they stand in the book: no rule can have it.
const RULE: &str = "command (not confirmed)";

impl Engine {
    /// Takes in a report.
    pub(super) fn hear_report(&mut self, report: &Report, now: Time, effects: &mut Vec<Effect>) {
        let Some(catalog) = self.catalog.clone() else { return };
        match report {
            Report::Sighting { hazard, area, device } => {
                // What is seen in a park is seen in its district.
                for at in catalog.area_named(area).into_iter().flat_map(|at| catalog.lineage(at)) {
                    let code = catalog.area(at).code.as_str();
                    self.book_do(effects, |book, out| book.sight((hazard, code), *device, now, out));
                }
            }
            Report::Command { station, confirmed } => {
                let level = if *confirmed { Level::None } else { Level::Warning };
                let Some(alert) = alert(station, level, &catalog) else { return };
                let evidence = evidence(station);
                self.book_do(effects, |book, out| book.set(alert, &[evidence], now, out));
            }
        }
    }
}

fn alert(station: &str, level: Level, catalog: &Catalog) -> Option<Alert> {
    let (named, areas) = speaks_to(Place::Station(catalog.station_named(station)?), catalog);
    Some(Alert {
        rule: RULE.to_owned(),
        place: station.to_owned(),
        station: named,
        hazard: HAZARD.to_owned(),
        areas,
        audience: Audience::Operators,
        level,
        release: BTreeMap::from([(Level::Warning, Release::Auto)]),
        corroborated: true,
        eta: None,
        words: BTreeMap::new(),
    })
}

fn evidence(station: &str) -> Evidence {
    let label = BTreeMap::from([
        ("ko".to_owned(), format!("{station} 장치가 명령을 따랐다고 알리지 않습니다. 현장을 확인하세요.")),
        ("en".to_owned(), format!("{station} does not report that it has obeyed: look on site")),
    ]);
    Evidence {
        label,
        station: Some(station.to_owned()),
        value: None,
        unit: String::new(),
        op: String::new(),
        limit: None,
        result: "unknown".to_owned(),
        stations: Vec::new(),
        more_stations: 0,
    }
}
