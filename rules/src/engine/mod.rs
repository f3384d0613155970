//! The state machine that decides: records in, effects out. Live, replay and backtest run this very code.
//!
//! It knows no clock, no file and no network: `now` stands in the record, and what it wants done stands in the effects.
//! Readings are handled one by one, so it does not matter how they were cut into records. Start at [`Engine::handle`];
//! the parts are [`stream`] (from a reading to a judged observation), [`city`] (which rule looks at which datastreams
//! where) and [`evaluate`] (from windows to a level, and from a level to an incident).

mod agree;
mod city;
mod evaluate;
mod explain;
mod failure;
mod feed;
mod inhibit;
mod near;
mod past;
mod report;
mod snapshot;
mod stream;
mod taped;
mod tune;

pub use explain::{Explanation, Heard};
pub use failure::HAZARD as FAILURE_HAZARD;
pub use snapshot::{Authority, RestoreError, SNAPSHOT_FORMAT};
pub(crate) use taped::{Fed, Look, Tape};
pub use tune::Compiled;

use crate::flag::Flag;
use crate::incident::{Book, Incident, Status, Transition};
use crate::language::overrides::Override;
use crate::language::{Host, Rule};
use crate::record::{CatalogText, Effect, Input, Observation, Record, RulesText};
use crate::series::Sample;
use bongsu_sensors::catalog::Numbering;
use bongsu_sensors::reading::DatastreamId;
use bongsu_sensors::{Catalog, Level, Reading, Time};
use city::{Scoped, Tuned};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use stream::{StreamState, Taken};

/// Neighbours are heard once a minute.
const MINUTE_MS: u64 = 60_000;

/// The engine.
#[derive(Debug)]
pub struct Engine {
    status: Status,
    /// When the last record was taken in.
    now: Time,
    host: Host,
    catalog: Option<Arc<Catalog>>,
    catalog_text: Arc<CatalogText>,
    numbering: Numbering,
    rules: Vec<Arc<Rule>>,
    overrides: Vec<Override>,
    rules_text: Arc<RulesText>,
    /// By number of the datastream.
    streams: Vec<StreamState>,
    scopes: Vec<Scoped>,
    /// The oldest that an observation may be for any input.
    longest_age: Duration,
    /// When which scope must be looked at again.
    wakes: BTreeSet<(Time, usize)>,
    book: Book,
    /// When time alone changes something in the book.
    book_due: Option<Time>,
    /// Who wants to see what every evaluation compares; only back-tests do.
    tape: Option<Tape>,
}

impl Engine {
    /// An engine that knows no city and no rule yet: the first records of a log bring them.
    pub fn new(status: Status) -> Engine {
        Engine {
            status,
            now: Time::default(),
            host: Host::new(),
            catalog: None,
            catalog_text: Arc::default(),
            numbering: Numbering::default(),
            rules: Vec::new(),
            overrides: Vec::new(),
            rules_text: Arc::default(),
            streams: Vec::new(),
            scopes: Vec::new(),
            longest_age: Duration::ZERO,
            wakes: BTreeSet::new(),
            book: Book::new(status),
            book_due: None,
            tape: None,
        }
    }

    /// Takes in one record; appends what is to be done. The same records always give the same effects.
    pub fn handle(&mut self, record: &Record, effects: &mut Vec<Effect>) {
        let now = record.now;
        self.now = now;
        let first = effects.len();
        self.pass_time(now, effects);
        match &record.input {
            Input::Readings(readings) => {
                for reading in readings {
                    self.read(reading, now, effects);
                }
            }
            Input::Tick => {}
            Input::Catalog(text) => {
                let before = self.catalog.clone();
                self.set_catalog(text, now);
                self.pin_edited(before.as_deref(), &self.rules.clone(), &Tuned::new(), now, effects);
            }
            Input::Rules(text) => {
                let before = self.rules.clone();
                let tuned = self.tuned();
                self.set_rules(text, now);
                self.pin_edited(self.catalog.clone().as_deref(), &before, &tuned, now, effects);
                self.forget_failures(now, effects);
            }
            Input::Operator(order) => {
                let verdict = self.book_do(effects, |book, out| book.order(order, now, out));
                effects.push(Effect::Ordered(Box::new(verdict)));
            }
            Input::Report(report) => self.hear_report(report, now, effects),
            Input::Policy(policy) => self.book_do(effects, |book, out| book.set_policy(policy.clone(), now, out)),
        }
        self.ask_inhibited(&effects[first..], now);
    }

    /// Lets the book do something; its transitions become effects.
    fn book_do<T>(&mut self, effects: &mut Vec<Effect>, work: impl FnOnce(&mut Book, &mut Vec<Transition>) -> T) -> T {
        let mut transitions = Vec::new();
        let done = work(&mut self.book, &mut transitions);
        self.book_due = self.book.next_due();
        effects.extend(transitions.into_iter().map(|transition| Effect::Incident(Box::new(transition))));
        done
    }

    /// When a record must be handled at the latest, because time alone changes something.
    pub fn next_due(&self) -> Option<Time> {
        let scope = self.wakes.first().map(|(time, _)| *time);
        [scope, self.book_due].into_iter().flatten().min()
    }

    /// Everything that is due by now.
    fn pass_time(&mut self, now: Time, effects: &mut Vec<Effect>) {
        while let Some(&(due, scope)) = self.wakes.first()
            && due <= now
        {
            self.wakes.pop_first();
            self.scopes[scope].wake = None;
            self.evaluate(scope, now, effects);
        }
        if self.book_due.is_some_and(|due| due <= now) {
            self.book_do(effects, |book, out| book.tick(now, out));
        }
    }

    /// One reading: judged, remembered, and looked at by the rules it concerns.
    fn read(&mut self, reading: &Reading, now: Time, effects: &mut Vec<Effect>) {
        let at = reading.datastream.0 as usize;
        let Some(stream) = self.streams.get(at) else {
            effects.push(Effect::Refused(stream::no_such_datastream()));
            return;
        };
        let around = self.around(stream);
        let taken = self.streams[at].take(reading, &around, now, effects);
        // Whoever was asked must not find its series shared when it speaks next.
        drop(around);
        match taken {
            Taken::Changed => {}
            Taken::Unchanged => return,
        }
        if let Some(then) = reading.time {
            self.tell_of_the_past(at, then, now, effects);
        }
        self.announce(at, now, effects);
        if self.streams[at].near.is_some() {
            self.support(at, now, effects);
        }
    }

    /// What a datastream said has changed: whoever looks at it looks again.
    fn announce(&mut self, at: usize, now: Time, effects: &mut Vec<Effect>) {
        let stream = &mut self.streams[at];
        // The list is taken out and put back, so that evaluating may borrow the engine.
        let dependents = std::mem::take(&mut stream.dependents);
        for &scope in &dependents {
            self.touch(scope as usize, now, effects);
        }
        let neighbours = std::mem::take(&mut self.streams[at].neighbours);
        for &scope in &neighbours {
            self.mention(scope as usize, now);
        }
        let stream = &mut self.streams[at];
        (stream.dependents, stream.neighbours) = (dependents, neighbours);
    }

    /// A neighbour of a scope spoke: it is heard with all the other neighbours when the minute is over. Twenty rain gauges
    /// around each river gauge would otherwise ask the same question twenty times.
    fn mention(&mut self, scope: usize, now: Time) {
        let scoped = &self.scopes[scope];
        // What never spoke for itself has nothing to be supported in.
        let Some(earliest) = scoped.earliest(&self.rules[scoped.rule].header) else { return };
        let minute_over = now + Duration::from_millis(MINUTE_MS - now.millis().unsigned_abs() % MINUTE_MS);
        self.wake(scope, minute_over.max(earliest));
    }

    /// An input of a scope changed: it is evaluated now, or as soon as its rule allows.
    fn touch(&mut self, scope: usize, now: Time, effects: &mut Vec<Effect>) {
        let scoped = &self.scopes[scope];
        let earliest = scoped.earliest(&self.rules[scoped.rule].header);
        match earliest {
            Some(earliest) if earliest > now => self.wake(scope, earliest),
            _ => self.evaluate(scope, now, effects),
        }
    }

    /// Sees to it that a scope is evaluated by `at`.
    fn wake(&mut self, scope: usize, at: Time) {
        let scoped = &mut self.scopes[scope];
        match scoped.wake {
            Some(already) if already <= at => {}
            already => {
                if let Some(already) = already {
                    self.wakes.remove(&(already, scope));
                }
                scoped.wake = Some(at);
                self.wakes.insert((at, scope));
            }
        }
    }

    /// The city in force, with its datastreams numbered.
    pub fn catalog(&self) -> Option<&Arc<Catalog>> {
        self.catalog.as_ref()
    }

    /// The text of the city in force.
    pub fn catalog_text(&self) -> &Arc<CatalogText> {
        &self.catalog_text
    }

    /// The numbers of all datastreams there ever were.
    pub fn numbering(&self) -> &Numbering {
        &self.numbering
    }

    /// The rules in force.
    pub fn rules(&self) -> &[Arc<Rule>] {
        &self.rules
    }

    /// The text of the rules in force.
    pub fn rules_text(&self) -> &Arc<RulesText> {
        &self.rules_text
    }

    /// The incidents that live.
    pub fn incidents(&self) -> impl Iterator<Item = &Incident> {
        self.book.live()
    }

    /// Whether what this engine says is meant.
    pub fn status(&self) -> Status {
        self.status
    }

    /// The places at which a rule is evaluated.
    pub fn places_of<'a>(&'a self, rule: &'a str) -> impl Iterator<Item = &'a str> {
        let is_it = move |scoped: &&Scoped| self.rules[scoped.rule].header.id == rule;
        self.scopes.iter().filter(is_it).map(|scoped| &*scoped.name)
    }

    /// How high the alert of a rule stands at each place at which it is evaluated, and whether it cannot tell there.
    pub fn levels_of<'a>(&'a self, rule: &'a str) -> impl Iterator<Item = (&'a str, Level, bool)> {
        let is_it = move |scoped: &&Scoped| self.rules[scoped.rule].header.id == rule;
        let stands =
            |scoped: &'a Scoped| (&*scoped.name, scoped.memory.hold.level, scoped.memory.undecided_since.is_some());
        self.scopes.iter().filter(is_it).map(stands)
    }

    /// How far back stored observations matter: after a restart, and after rules changed, those that were received
    /// since `now − look_back` are given to [`Engine::recall`] in the order in which they were stored.
    pub fn look_back(&self) -> Duration {
        let windows = self.streams.iter().map(|stream| stream.look_back).max().unwrap_or_default();
        // The value a counter's first rise is taken from may lie a little before its window.
        windows + self.longest_age + Duration::from_secs(86_400)
    }

    /// The newest observation of each datastream that is remembered, with what the quality tests say of it now.
    pub fn newest(&self) -> impl Iterator<Item = Observation> {
        (0..).zip(&self.streams).filter_map(|(number, stream)| {
            let Sample { time, value, flag } = *stream.series.newest()?;
            let tests = stream.tests_of_newest(&self.around(stream));
            Some(Observation { datastream: DatastreamId(number), time, value: Some(value), flag, tests })
        })
    }

    /// Remembers an observation that was taken and judged before. It decides nothing.
    pub fn recall(&mut self, observation: &Observation) {
        let Some(stream) = self.streams.get_mut(observation.datastream.0 as usize) else { return };
        match observation.value {
            Some(value) => stream.recall(Sample { time: observation.time, value, flag: observation.flag }),
            None => stream.recall_missing(observation.time),
        }
    }

    /// Remembers that an observation was judged again.
    pub fn recall_flag(&mut self, datastream: DatastreamId, time: Time, flag: Flag) {
        if let Some(stream) = self.streams.get_mut(datastream.0 as usize) {
            stream.reflag(time, flag);
        }
    }
}

#[cfg(test)]
mod tests;
