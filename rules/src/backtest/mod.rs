//! Back-tests: what a rule would have done with recorded observations, and how good that would have been.
//!
//! The engine is the one that runs live, so what is found here is a promise. [`alerts`] plays the observations and
//! answers when the rule stood where, [`play`] what became of the incidents too; [`crossings`] finds what it should have
//! warned of; [`mod@score`] compares. [`Prepared`] is asked again and again, by a slider.

mod prepared;
mod score;
mod split;

pub use prepared::{Prepared, Unprepared, WrongParameter, concerned};
pub use score::{Event, False, Hit, Ratio, Score, crossings, score};
pub use split::split;

use crate::engine::Authority;
use crate::incident::{Book, Status, Transition};
use crate::record::{CatalogText, Input, Record, RulesText};
use crate::{Effect, Engine};
use bongsu_sensors::catalog::Numbering;
use bongsu_sensors::{Level, Reading, Time};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Everything that was heard at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// When it was received.
    pub now: Time,
    /// What was said.
    pub readings: Vec<Reading>,
}

/// What is played.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The city.
    pub catalog: Arc<CatalogText>,
    /// The numbers that the readings name their datastreams by.
    pub numbering: Numbering,
    /// The rules.
    pub rules: Arc<RulesText>,
    /// The rule that is judged.
    pub rule: String,
    /// From this level on it counts as a warning.
    pub level: Level,
}

/// A time in which a rule stood at the level or above.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Alerted {
    /// Where: a station, an area or `city`.
    pub place: String,
    /// Since when.
    pub from: Time,
    /// Until when; `None`: it stood at the end.
    pub to: Option<Time>,
}

/// What came of playing moments.
#[derive(Clone, Debug, Default)]
pub struct Played {
    /// When the rule stood where.
    pub alerts: Vec<Alerted>,
    /// Every change of every incident of every rule, in order.
    pub transitions: Vec<Transition>,
}

/// Plays moments through the engine, for one rule alone; answers when it stood where. `heard` is told of every moment,
/// for a bar of progress.
pub fn alerts(setting: &Setting, moments: &[Moment], heard: impl FnMut(usize)) -> Vec<Alerted> {
    let start = moments.first().map_or_else(Time::default, |moment| moment.now);
    match prepared::alone(setting, None, start) {
        Ok((_, setting, engine, _)) => played(engine, &setting, moments, heard).alerts,
        Err(_) => Vec::new(),
    }
}

/// Plays moments with all rules; answers what became of the incidents too.
pub fn play(setting: &Setting, moments: &[Moment], heard: impl FnMut(usize)) -> Played {
    let Some(first) = moments.first() else { return Played::default() };
    played(engine(setting, first.now), setting, moments, heard)
}

fn played(engine: Engine, setting: &Setting, moments: &[Moment], mut heard: impl FnMut(usize)) -> Played {
    let mut stage = Stage { engine, seq: 0, effects: Vec::new(), open: BTreeMap::new(), played: Played::default() };
    for (at, moment) in moments.iter().enumerate() {
        while let Some(due) = stage.engine.next_due().filter(|due| *due < moment.now) {
            stage.hand(due, Input::Tick, setting);
        }
        stage.hand(moment.now, Input::Readings(moment.readings.clone()), setting);
        heard(at);
    }
    let Stage { open, mut played, .. } = stage;
    played.alerts.extend(open.into_iter().map(|(place, from)| Alerted { place, from, to: None }));
    played.alerts.sort_by(|a, b| (a.from, &a.place).cmp(&(b.from, &b.place)));
    played
}

/// The engine of a setting, before anything was heard.
fn engine(setting: &Setting, now: Time) -> Engine {
    let authority = Authority {
        status: Status::Test,
        catalog: setting.catalog.clone(),
        rules: setting.rules.clone(),
        numbering: setting.numbering.clone(),
        book: Book::new(Status::Test),
    };
    Engine::rebuild(authority, now)
}

struct Stage {
    engine: Engine,
    seq: u64,
    effects: Vec<Effect>,
    open: BTreeMap<String, Time>,
    played: Played,
}

impl Stage {
    fn hand(&mut self, now: Time, input: Input, setting: &Setting) {
        self.seq += 1;
        self.engine.handle(&Record { seq: self.seq, now, input }, &mut self.effects);
        for effect in self.effects.drain(..) {
            if let Effect::Incident(transition) = effect {
                self.played.transitions.push(*transition);
            }
        }
        for (place, level) in self.engine.levels_of(&setting.rule) {
            match (level >= setting.level, self.open.get(place)) {
                (true, None) => {
                    self.open.insert(place.to_owned(), now);
                }
                (false, Some(from)) => {
                    self.played.alerts.push(Alerted { place: place.to_owned(), from: *from, to: Some(now) });
                    self.open.remove(place);
                }
                _ => {}
            }
        }
    }
}

/// How a back-test is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Terms {
    /// A warning counts up to so long before what it warns of.
    pub horizon: Duration,
    /// After so long below its limit a river may cross it anew.
    pub rearm: Duration,
    /// Warnings at one place that begin within so long of each other are one.
    pub merge: Duration,
}

impl Default for Terms {
    fn default() -> Terms {
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        Terms { horizon: hours(6), rearm: hours(12), merge: hours(3) }
    }
}
