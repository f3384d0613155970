//! Reports that are no readings.

use crate::Engine;
use crate::incident::{State, Status};
use crate::language::Audience;
use crate::record::{CatalogText, Effect, Input, Record, Report};
use bongsu_sensors::{Level, Time};
use std::sync::Arc;

const CITY: &str = r#"
    timezone = "Asia/Seoul"
    area = [{ code = "seoul", kind = "sido" }, { code = "seocho", parent = "seoul" }]
    station = [{ id = "barrier", position = [37.5, 127.0], area = "seocho", datastream = [{ kind = "battery_voltage" }] }]
"#;

fn hand(engine: &mut Engine, minute: i64, input: Input) -> Vec<Effect> {
    let mut effects = Vec::new();
    let now = Time::from_millis(minute * 60_000);
    engine.handle(&Record { seq: 1, now, input }, &mut effects);
    effects
}

fn city() -> Engine {
    let mut engine = Engine::new(Status::Actual);
    let text = CatalogText { name: "stations.toml".into(), stations: CITY.into(), geometry: None };
    hand(&mut engine, 0, Input::Catalog(Arc::new(text)));
    engine
}

#[test]
fn a_barrier_that_does_not_confirm_is_the_operators_until_it_does() {
    let mut engine = city();
    let said = |engine: &mut Engine, minute, station: &str, confirmed| {
        hand(engine, minute, Input::Report(Report::Command { station: station.into(), confirmed }))
    };
    assert_eq!(said(&mut engine, 1, "barrier", true), []);
    assert_eq!(said(&mut engine, 1, "gone", false), []);
    let effects = said(&mut engine, 2, "barrier", false);
    let [Effect::Incident(open)] = effects.as_slice() else { panic!("{effects:?}") };
    let incident = &open.incident;
    assert_eq!(
        (incident.audience, incident.level, incident.state),
        (Audience::Operators, Level::Warning, State::Issued)
    );
    assert_eq!((incident.area.as_str(), incident.station.as_deref()), ("seocho", Some("barrier")));
    assert_eq!(said(&mut engine, 3, "barrier", false), [], "once");
    let effects = said(&mut engine, 4, "barrier", true);
    let [Effect::Incident(over)] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(over.incident.state, State::Ended);
}

#[test]
fn what_is_seen_nowhere_or_of_nothing_is_heard_by_nobody() {
    let mut engine = city();
    for (hazard, area) in [("river_flood", "nowhere"), ("nothing", "seocho"), ("river_flood", "seocho")] {
        let sighting = Report::Sighting { hazard: hazard.into(), area: area.into(), device: 1 };
        assert_eq!(hand(&mut engine, 1, Input::Report(sighting)), []);
    }
}
