//! Back-tests: what a rule would have done with recorded observations, and how good that would have been.
//!
//! The engine is the one that runs live, so what is found here is a promise. [`alerts`] plays the observations and
//! answers when the rule stood where, [`play`] what became of the incidents too; [`crossings`] finds what it should have
//! warned of; [`mod@score`] compares. [`Truth`] says what it is compared with: limits that were reached, or what people
//! said of its incidents. [`Prepared`] is asked again and again, by a slider; [`Taped`] by it and by a sweep.

mod burden;
mod prepared;
mod score;
mod split;
mod truth;

pub use burden::Burden;
pub use prepared::{NUMBERS_LIMIT, Prepared, Taped, Unprepared, WrongParameter, concerned, fits, is_quick};
pub use score::{Event, False, Hit, Ratio, Score, crossings, score};
pub use split::split;
pub use truth::{Judged, Said, Truth, Verdict, samples, speaks_for};

use crate::engine::Authority;
use crate::incident::Transition;
use crate::language::header;
use crate::record::{CatalogText, Input, Record, RulesText};
use crate::{Effect, Engine};
use bongsu_sensors::catalog::Numbering;
use bongsu_sensors::{Level, Reading, Time};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
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
    /// How long the rule could not tell, over all places.
    pub undecided: Duration,
    /// Every change of every incident of every rule, in order.
    pub transitions: Vec<Transition>,
}

impl Played {
    /// Joins what was found elsewhere in the same past.
    pub fn add(&mut self, other: Played) {
        self.alerts.extend(other.alerts);
        self.undecided += other.undecided;
        self.transitions.extend(other.transitions);
    }

    /// Puts the alerts in order of time.
    pub fn sort(&mut self) {
        self.alerts.sort_by(|a, b| (a.from, &a.place).cmp(&(b.from, &b.place)));
    }
}

/// What of a rule is played.
#[derive(Clone, Copy, Debug, Default)]
pub struct Part<'a> {
    /// In this area and what lies in it; `None`: everywhere.
    pub area: Option<&'a str>,
    /// Parameters that hold everywhere; the others are as they stand.
    pub set: &'a [(String, header::Setting)],
}

/// Says of what may end before its time that it goes on.
pub fn go_on() -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Plays moments through the engine, for one rule alone; answers when it stood where. `heard` is told of every moment,
/// for a bar of progress.
pub fn alerts(setting: &Setting, moments: &[Moment], mut heard: impl FnMut(usize)) -> Vec<Alerted> {
    let heard = |at| {
        heard(at);
        ControlFlow::Continue(())
    };
    watch(setting, Part::default(), moments, heard).alerts
}

/// The same for a part of the rule, and how long it could not tell. Where `heard` says so, it ends before its time.
pub fn watch(
    setting: &Setting,
    part: Part<'_>,
    moments: &[Moment],
    heard: impl FnMut(usize) -> ControlFlow<()>,
) -> Played {
    let start = moments.first().map_or_else(Time::default, |moment| moment.now);
    match prepared::alone(setting, part.area, start) {
        Ok((_, setting, mut engine, scopes)) => {
            engine.set_everywhere(part.set);
            let places = part.area.map(|_| scopes.into_iter().map(|(_, name)| name).collect());
            played(engine, &setting, places, moments, heard)
        }
        Err(_) => Played::default(),
    }
}

/// Plays moments with all rules; answers what became of the incidents too.
pub fn play(setting: &Setting, moments: &[Moment], mut heard: impl FnMut(usize)) -> Played {
    let Some(first) = moments.first() else { return Played::default() };
    let heard = |at| {
        heard(at);
        ControlFlow::Continue(())
    };
    played(engine(setting, first.now), setting, None, moments, heard)
}

/// Plays moments; what is told of is these places, where any are named.
fn played(
    mut engine: Engine,
    setting: &Setting,
    places: Option<Vec<Arc<str>>>,
    moments: &[Moment],
    heard: impl FnMut(usize) -> ControlFlow<()>,
) -> Played {
    let is_wanted = |place: &str| places.as_ref().is_none_or(|all| all.iter().any(|known| **known == *place));
    let (mut open, mut played) = (BTreeMap::new(), Played::default());
    let (mut looked, mut cannot_tell) = (None, 0);
    let handled = |engine: &Engine, now: Time, effects: std::vec::Drain<'_, Effect>| {
        for effect in effects {
            if let Effect::Incident(transition) = effect {
                played.transitions.push(*transition);
            }
        }
        let since = looked.replace(now).map_or(Duration::ZERO, |before: Time| now.since(before));
        played.undecided += since * cannot_tell;
        cannot_tell = 0;
        for (place, level, is_undecided) in engine.levels_of(&setting.rule).filter(|(place, ..)| is_wanted(place)) {
            cannot_tell += u32::from(is_undecided);
            match (level >= setting.level, open.get(place)) {
                (true, None) => {
                    open.insert(place.to_owned(), now);
                }
                (false, Some(from)) => {
                    played.alerts.push(Alerted { place: place.to_owned(), from: *from, to: Some(now) });
                    open.remove(place);
                }
                _ => {}
            }
        }
    };
    hand_over(&mut engine, moments, handled, heard);
    played.alerts.extend(open.into_iter().map(|(place, from)| Alerted { place, from, to: None }));
    played.sort();
    played
}

/// Hands moments to an engine, and a tick wherever time alone changes something between them. `handled` is told what came
/// of each record, `heard` of every moment, and says whether to go on.
fn hand_over<'a>(
    engine: &mut Engine,
    moments: impl IntoIterator<Item = &'a Moment>,
    mut handled: impl FnMut(&Engine, Time, std::vec::Drain<'_, Effect>),
    mut heard: impl FnMut(usize) -> ControlFlow<()>,
) {
    let (mut seq, mut effects) = (0, Vec::new());
    let mut hand = |engine: &mut Engine, now: Time, input: Input| {
        seq += 1;
        engine.handle(&Record { seq, now, input }, &mut effects);
        handled(engine, now, effects.drain(..));
    };
    for (at, moment) in moments.into_iter().enumerate() {
        while let Some(due) = engine.next_due().filter(|due| *due < moment.now) {
            hand(engine, due, Input::Tick);
        }
        hand(engine, moment.now, Input::Readings(moment.readings.clone()));
        if heard(at).is_break() {
            return;
        }
    }
}

/// The engine of a setting, before anything was heard.
fn engine(setting: &Setting, now: Time) -> Engine {
    let Setting { catalog, rules, numbering, .. } = setting;
    Engine::begin(Authority::trial(catalog.clone(), rules.clone(), numbering.clone()), now)
}

/// The engine at a moment, when everything up to it was heard.
pub fn engine_at(authority: Authority, moments: &[Moment], until: Time) -> Engine {
    let heard = &moments[..moments.partition_point(|moment| moment.now <= until)];
    let mut engine = Engine::begin(authority, moments.first().map_or(until, |moment| moment.now));
    // What is due by then is due though nothing more was heard.
    let end = Moment { now: until, readings: Vec::new() };
    hand_over(&mut engine, heard.iter().chain([&end]), |_, _, _| {}, |_| ControlFlow::Continue(()));
    engine
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
