//! Plays a case through the engine in virtual time: readings at their moments, a tick whenever something is due.

use super::notation::Step;
use super::read::Case;
use crate::Engine;
use crate::incident::{Status, Transition};
use crate::language::Header;
use crate::record::{CatalogText, Effect, Input, Record, RulesText, Undecided};
use bongsu_sensors::mistake::Source;
use bongsu_sensors::{Level, Reading, Time};
use std::sync::Arc;
use std::time::Duration;

/// What came of a case.
#[derive(Clone, Debug, Default)]
pub struct Played {
    /// Every change of an incident.
    pub transitions: Vec<Transition>,
    /// Every "cannot decide" with its moment.
    pub undecided: Vec<(Time, Undecided)>,
    /// The end of the case.
    pub end: Option<Time>,
}

impl Played {
    /// The highest level that stood at a moment.
    pub fn level_at(&self, moment: Time) -> Level {
        let mut areas: Vec<(&str, Level)> = Vec::new();
        for transition in self.transitions.iter().filter(|transition| transition.time <= moment) {
            areas.retain(|(area, _)| *area != transition.incident.area);
            areas.push((&transition.incident.area, transition.incident.level));
        }
        areas.into_iter().map(|(_, level)| level).max().unwrap_or_default()
    }
}

/// Plays a case.
pub fn play(rule: &Arc<Source>, header: &Header, case: &Case) -> Played {
    let mut stage = Stage { engine: Engine::new(Status::Actual), seq: 0, played: Played::default() };
    let catalog = CatalogText { name: "cases".into(), stations: case.catalog.clone(), geometry: None };
    stage.hand(case.start, Input::Catalog(Arc::new(catalog)));
    let rules = RulesText { files: vec![(header.id.clone(), rule.text.clone())], author: String::new() };
    stage.hand(case.start, Input::Rules(Arc::new(rules)));
    let mut end = case.start;
    for (time, play, step) in moments(case) {
        stage.pass(time);
        end = end.max(time + play.cadence);
        let value = match step {
            Step::Silence => continue,
            Step::Missing => None,
            Step::Value(value) => Some(value),
        };
        let numbered = stage
            .engine
            .catalog()
            .and_then(|catalog| Some(catalog.datastream(catalog.station_named(&play.station)?, play.stream)?.id));
        if let Some(datastream) = numbered {
            stage.hand(time, Input::Readings(vec![Reading { datastream, time: Some(time), value }]));
        }
    }
    stage.pass(end);
    stage.played.end = Some(end);
    stage.played
}

/// Everything the devices do, in order of time; what is said at once keeps the order of the file.
fn moments(case: &Case) -> Vec<(Time, &super::read::Play, Step)> {
    let mut moments: Vec<(Time, &super::read::Play, Step)> = Vec::new();
    for play in &case.plays {
        let times = (0_u32..).map(|n| case.start + play.cadence * n);
        moments.extend(times.zip(&play.steps).map(|(time, step)| (time, play, *step)));
    }
    moments.sort_by_key(|(time, ..)| *time);
    moments
}

/// What the devices of a case say, moment by moment, in its city.
#[cfg(test)]
pub fn past(
    rule: &Arc<Source>,
    header: &Header,
    case: &Case,
) -> (Vec<crate::backtest::Moment>, crate::backtest::Setting) {
    let catalog = Arc::new(CatalogText { name: "cases".into(), stations: case.catalog.clone(), geometry: None });
    let rules = Arc::new(RulesText { files: vec![(header.id.clone(), rule.text.clone())], author: String::new() });
    let mut engine = Engine::new(Status::Test);
    engine.handle(&Record { seq: 0, now: case.start, input: Input::Catalog(catalog.clone()) }, &mut Vec::new());
    let mut past: Vec<crate::backtest::Moment> = Vec::new();
    for (now, play, step) in moments(case) {
        let value = match step {
            Step::Silence => continue,
            Step::Missing => None,
            Step::Value(value) => Some(value),
        };
        let numbered = engine
            .catalog()
            .and_then(|catalog| Some(catalog.datastream(catalog.station_named(&play.station)?, play.stream)?.id));
        let Some(datastream) = numbered else { continue };
        past.push(crate::backtest::Moment { now, readings: vec![Reading { datastream, time: Some(now), value }] });
    }
    let (rule, level) = (header.id.clone(), Level::Advisory);
    (past, crate::backtest::Setting { catalog, numbering: Default::default(), rules, rule, level })
}

struct Stage {
    engine: Engine,
    seq: u64,
    played: Played,
}

impl Stage {
    /// Lets time pass until a moment, with a tick whenever something is due.
    fn pass(&mut self, until: Time) {
        // What is due at the very moment of a reading is told by the reading's own record.
        while let Some(due) = self.engine.next_due().filter(|due| *due < until) {
            self.hand(due, Input::Tick);
            if self.engine.next_due() == Some(due) {
                // A clock that stands still helps nobody.
                self.hand(due + Duration::from_millis(1), Input::Tick);
            }
        }
    }

    fn hand(&mut self, now: Time, input: Input) {
        let mut effects = Vec::new();
        self.engine.handle(&Record { seq: self.seq, now, input }, &mut effects);
        self.seq += 1;
        for effect in effects {
            match effect {
                Effect::Incident(transition) => self.played.transitions.push(*transition),
                Effect::Undecided(undecided) => self.played.undecided.push((now, *undecided)),
                _ => {}
            }
        }
    }
}
