//! Shipped rules over recorded observations, played by the engine of a back-test.

use bongsu_rules::backtest::{Alerted, Moment, Setting, alerts};
use bongsu_rules::incident::Status;
use bongsu_rules::pack;
use bongsu_rules::record::{CatalogText, Record, RulesText};
use bongsu_rules::{Engine, Input};
use bongsu_sensors::{DatastreamName, Level, Reading, Time};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What one datastream said, when.
pub type Said = (Time, String, &'static str, Option<f64>);

/// A city, shipped rules of it, and what was said in it.
pub struct Recorded {
    setting: Setting,
    moments: Vec<Moment>,
}

impl Recorded {
    /// Lays a shipped rule over a catalog, with `overrides.toml` beside it where there is something in it.
    pub fn new(stations: &str, rule: &str, overrides: &str, said: &[Said]) -> Recorded {
        let text = CatalogText { name: "stations.toml".into(), stations: stations.to_owned(), geometry: None };
        let catalog = Arc::new(text);
        let mut engine = Engine::new(Status::Test);
        let first = said.iter().map(|(time, ..)| *time).min().expect("something was said");
        engine.handle(&Record { seq: 1, now: first, input: Input::Catalog(catalog.clone()) }, &mut Vec::new());
        let city = engine.catalog().expect("the catalog has mistakes").clone();
        let shipped = pack::ALL.iter().find(|shipped| shipped.name.ends_with(&format!("/{rule}.rhai")));
        let shipped = shipped.expect("a shipped rule");
        let mut files = vec![(shipped.name.to_owned(), shipped.text.to_owned())];
        if !overrides.is_empty() {
            files.push(("overrides.toml".to_owned(), overrides.to_owned()));
        }
        let rules = RulesText { files, author: String::new() };
        if let Err(mistakes) = engine.check_rules(&rules) {
            panic!("{}", mistakes.iter().map(|mistake| format!("{mistake}\n")).collect::<String>());
        }
        let mut by_time: BTreeMap<Time, Vec<Reading>> = BTreeMap::new();
        for (time, station, kind, value) in said {
            let at = city.station_named(station).unwrap_or_else(|| panic!("no station {station}"));
            let name: DatastreamName = kind.parse().expect("a kind");
            let datastream = city.datastream(at, name).unwrap_or_else(|| panic!("{station} has no {kind}")).id;
            by_time.entry(*time).or_default().push(Reading { datastream, time: Some(*time), value: *value });
        }
        let moments = by_time.into_iter().map(|(now, readings)| Moment { now, readings }).collect();
        let numbering = engine.numbering().clone();
        let setting = Setting { catalog, numbering, rules: Arc::new(rules), rule: rule.to_owned(), level: Level::None };
        Recorded { setting, moments }
    }

    /// When the rule stood at a level or above, where.
    pub fn alerts(&self, level: Level) -> Vec<Alerted> {
        alerts(&Setting { level, ..self.setting.clone() }, &self.moments, |_| {})
    }
}
