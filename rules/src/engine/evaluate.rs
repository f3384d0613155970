//! One evaluation: from windows to a rule's answer, from the answer to the level of an alert, from the alert to the
//! incidents of the areas it speaks to.

use super::Engine;
use super::city::{Place, Scoped};
use super::feed::{Feed, max_age};
use crate::hold::Answer;
use crate::incident::{Alert, CITY, Evidence};
use crate::language::calendar::until_next_hour;
use crate::language::header::{Feeders, InputSpec, Words};
use crate::language::input::{Input, Stream};
use crate::language::value::Truth;
use crate::language::{Arguments, Check, Failure, Outcome, Release, Rule};
use crate::record::{Effect, Undecided};
use bongsu_sensors::catalog::Translations;
use bongsu_sensors::{Catalog, Level, Time};
use smallvec::SmallVec;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// What a rule answers.
struct Answered {
    /// Its checks, and the level it reaches.
    outcome: Outcome,
    /// The level that may still stand.
    may_stand: Level,
    /// Something could not be decided.
    undecided: bool,
}

impl Engine {
    /// Evaluates one rule at one place.
    pub(super) fn evaluate(&mut self, at: usize, now: Time, effects: &mut Vec<Effect>) {
        let scoped = &self.scopes[at];
        let rule = self.rules[scoped.rule].clone();
        let (inputs, expiry) = self.inputs(scoped, &rule, now);
        let arguments = self.arguments(scoped, &rule, now);
        let level = scoped.memory.hold.level;
        if let Some(tape) = &self.tape {
            tape.show(&self.look(at, &inputs, &arguments, now));
        }
        let is_calm = scoped.memory.evaluated.is_some() && scoped.memory.hold.is_calm();
        let answered = self.answer(&rule, &inputs, &arguments, level, is_calm);
        drop(inputs);
        let is_silenced = self.is_silenced(scoped, now);
        let scoped = &mut self.scopes[at];
        scoped.memory.evaluated = Some(now);
        let Answered { outcome, may_stand, undecided } = match answered {
            Ok(answered) => {
                if std::mem::take(&mut scoped.memory.failures) > 0 {
                    self.tell_failure(at, None, now, effects);
                }
                answered
            }
            Err(failure) => {
                scoped.memory.failures = scoped.memory.failures.saturating_add(1);
                if self.scopes[at].memory.failures == 1 {
                    self.tell_failure(at, Some(&failure), now, effects);
                }
                self.undecided(at, &rule, Some(failure), true, now, effects);
                if let Some(retry) = self.scopes[at].earliest(&rule.header) {
                    self.wake(at, retry);
                }
                return;
            }
        };
        let undecided = undecided || (outcome.level < level && is_silenced);
        let behind = self.behind(at, &outcome);
        // Silence is news of the moment at which it is noticed.
        let data_time = if outcome.by_clock { Some(now) } else { self.data_time(at, &rule, &behind, now) };
        let memory = &mut self.scopes[at].memory;
        memory.hold.take(Answer { reached: outcome.level, may_stand, undecided, data_time }, &rule.header.hold, now);
        if outcome.level >= memory.hold.level {
            // Where silence itself is what was found, nobody's silence keeps it up.
            memory.behind = if outcome.by_clock { SmallVec::new() } else { behind };
        }
        let due = memory.hold.due(&rule.header.hold);
        let is_news =
            rule.header.hold.coincide.is_some() && outcome.level != Level::None && memory.aside().reached != data_time;
        if is_news {
            memory.aside_mut().reached = data_time;
            self.ask_others(at, now);
        }
        if outcome.level != Level::None && outcome.level >= level {
            let place = self.scopes[at].name.clone();
            self.book_do(effects, |book, out| book.confirm(&rule.header.id, &place, now, out));
        }
        self.speak_up(at, &rule, level, &outcome, now, effects);
        self.undecided(at, &rule, None, undecided, now, effects);
        let by_clock = outcome.due_in.map(|due_in| now + due_in);
        let by_calendar = arguments.moment.map(|moment| now + until_next_hour(moment));
        if let Some(due) = [due, expiry, by_clock, by_calendar].into_iter().flatten().min() {
            // Never at once: whatever a rule says, time must pass between two evaluations of it.
            self.wake(at, due.max(now + Duration::from_millis(1)));
        }
    }

    /// The parameters of a rule at a place, and the hour there for a rule that asks.
    pub(super) fn arguments(&self, scoped: &Scoped, rule: &Rule, now: Time) -> Arc<Arguments> {
        let zone = self.catalog.as_ref().filter(|_| rule.asks_calendar).map(|catalog| &catalog.timezone);
        match zone {
            None => scoped.arguments.clone(),
            Some(zone) => Arc::new(scoped.arguments.at(now.civil(zone))),
        }
    }

    /// What a rule answers where its alert stands at `level`.
    fn answer(
        &self,
        rule: &Rule,
        inputs: &[Input],
        arguments: &Arguments,
        level: Level,
        is_calm: bool,
    ) -> Result<Answered, Failure> {
        let outcome = match is_calm {
            true => self.host.evaluate_calm(rule, inputs, arguments)?,
            false => self.host.evaluate(rule, inputs, arguments)?,
        };
        let undecided = outcome.is_undecided();
        if outcome.level >= level {
            return Ok(Answered { may_stand: outcome.level, undecided, outcome });
        }
        // A bound that disproves a limit may leave the eased one open.
        let eased = self.host.evaluate_eased(rule, inputs, arguments)?;
        let undecided = undecided || eased.is_undecided();
        Ok(Answered { may_stand: eased.level.max(outcome.level), undecided, outcome })
    }

    /// The inputs of a rule at a place, and when the first of them changes by time alone: it falls silent, or the time
    /// of an observation comes whose clock was ahead. Windows end at the latest phenomenon time that is not ahead.
    pub(super) fn inputs(&self, scoped: &Scoped, rule: &Rule, now: Time) -> (Vec<Input>, Option<Time>) {
        let (mut until, mut expiry) = (None, None);
        for id in scoped.feeds.iter().flatten() {
            let (by_now, ahead) = self.streams[*id as usize].series.around(now);
            until = until.max(by_now.map(|sample| sample.time));
            expiry = ahead.map(|sample| expiry.map_or(sample.time, |first: Time| first.min(sample.time))).or(expiry);
        }
        let until = until.unwrap_or(now);
        let inputs = (0..).zip(rule.header.inputs.iter().zip(&scoped.feeds));
        let inputs = inputs.map(|(index, (spec, feed))| self.input(index, spec, feed, until, now, &mut expiry));
        let inputs = inputs.collect();
        (inputs, expiry)
    }

    /// The datastreams behind the checks that hold; those that only support it are none.
    fn behind(&self, at: usize, outcome: &Outcome) -> SmallVec<[u32; 2]> {
        let mut behind = SmallVec::new();
        let holds = |check: &&Check| check.truth == Truth::True && !outcome.supporting.contains(&check.label);
        for check in outcome.checks.iter().filter(holds) {
            let asked = |input: u8| check.input.is_none_or(|asked| asked == input);
            let feeds = (0..).zip(&self.scopes[at].feeds).filter(|(input, _)| asked(*input));
            for id in feeds.flat_map(|(_, feed)| feed) {
                let station = self.streams[*id as usize].known.as_ref().map(|known| known.facts.station);
                let is_behind = check.stations.iter().any(|(behind, _)| Some(*behind) == station);
                if is_behind && !behind.contains(id) {
                    behind.push(*id);
                }
            }
        }
        behind
    }

    /// The latest observation of the place itself that rules may use: of those behind the answer, else of all. A
    /// neighbour's word makes no second sample of what is measured here.
    fn data_time(&self, at: usize, rule: &Rule, behind: &[u32], now: Time) -> Option<Time> {
        let newest = |id: &&u32| self.streams[**id as usize].series.newest_usable(now).map(|sample| sample.time);
        let here = || {
            let feeds = rule.header.inputs.iter().zip(&self.scopes[at].feeds);
            feeds.filter(|(spec, _)| spec.feeders == Feeders::Here).flat_map(|(_, feed)| feed)
        };
        let of_those_behind = here().filter(|id| behind.contains(id)).filter_map(|id| newest(&id)).max();
        of_those_behind.or_else(|| here().filter_map(|id| newest(&id)).max())
    }

    /// Whether an alarm stands here and one of those that raised it has fallen silent since: the water may have taken
    /// it, and those who see nothing do not speak for it.
    fn is_silenced(&self, scoped: &Scoped, now: Time) -> bool {
        let is_silent = |spec: &InputSpec, id: u32| {
            let stream = &self.streams[id as usize];
            let oldest = |cadence| now - max_age(spec, cadence);
            let newest = stream.series.newest_usable(now).zip(stream.known.as_ref());
            newest.is_some_and(|(sample, known)| sample.time < oldest(known.facts.cadence))
        };
        let behind = &scoped.memory.behind;
        let fed = |spec, feed: &Feed| feed.iter().any(|id| behind.contains(id) && is_silent(spec, *id));
        let inputs = &self.rules[scoped.rule].header.inputs;
        scoped.memory.hold.level != Level::None && inputs.iter().zip(&scoped.feeds).any(|(spec, feed)| fed(spec, feed))
    }

    fn input(
        &self,
        index: u8,
        spec: &InputSpec,
        feed: &Feed,
        until: Time,
        now: Time,
        expiry: &mut Option<Time>,
    ) -> Input {
        let mut seen = false;
        let stream = |id: &u32| {
            let state = &self.streams[*id as usize];
            seen |= state.heard.is_some();
            let facts = state.known.as_ref()?.facts.clone();
            let max_age = max_age(spec, facts.cadence);
            let mut stream = Stream::until(until, facts, state.series.clone(), state.heard);
            let falls_silent = stream.newest().map(|sample| sample.time + max_age + Duration::from_millis(1));
            stream.silent = falls_silent.is_none_or(|at| at <= now);
            if let (false, Some(at)) = (stream.silent, falls_silent) {
                *expiry = Some(expiry.map_or(at, |earlier| earlier.min(at)));
            }
            Some(stream)
        };
        let streams = Arc::new(feed.iter().filter_map(stream).collect());
        Input { index, now, streams, min_stations: spec.min_stations, absent: spec.optional && !seen }
    }

    /// Tells the book when the alert rose, fell or found support.
    fn speak_up(
        &mut self,
        at: usize,
        rule: &Rule,
        before: Level,
        outcome: &Outcome,
        now: Time,
        effects: &mut Vec<Effect>,
    ) {
        let Some(catalog) = self.catalog.clone() else { return };
        let scoped = &self.scopes[at];
        let level = scoped.memory.hold.level;
        let several = outcome.checks.iter().any(|check| check.truth == Truth::True && check.stations.len() > 1);
        let sampled = scoped.memory.hold.is_supported();
        let corroborated = level != Level::None
            && match (&rule.header.hold.coincide, outcome.witnessed()) {
                (Some(wanted), _) => self.agrees(at, outcome, wanted, &catalog),
                (None, Some(witnessed)) => witnessed && sampled,
                (None, None) => several || sampled,
            };
        let was_inhibited = scoped.memory.aside().inhibited;
        // What was said before stays said, whatever else is on.
        let inhibited = (before == Level::None || was_inhibited)
            && level != Level::None
            && self.is_inhibited(scoped, &rule.header, level, &catalog);
        let memory = &mut self.scopes[at].memory;
        let found_support = corroborated && !memory.corroborated;
        if level == before && !found_support && inhibited == was_inhibited {
            return;
        }
        memory.corroborated = corroborated;
        if inhibited != was_inhibited {
            memory.aside_mut().inhibited = inhibited;
        }
        let mut alert = Alert { eta: eta(outcome), ..alert(rule, &self.scopes[at], &catalog, level, corroborated) };
        if inhibited || rule.header.shadow {
            alert.release = Level::RAISED.into_iter().map(|level| (level, Release::Shadow)).collect();
        }
        let evidence: Vec<Evidence> = outcome.checks.iter().map(|check| evidence(check, rule, &catalog)).collect();
        alert.words = own_words(rule, self.scopes[at].place, &evidence, &catalog);
        self.book_do(effects, |book, out| book.set(alert, &evidence, now, out));
    }

    /// Says when a rule stopped or started being able to decide.
    fn undecided(
        &mut self,
        at: usize,
        rule: &Rule,
        failure: Option<Failure>,
        undecided: bool,
        now: Time,
        effects: &mut Vec<Effect>,
    ) {
        let scoped = &mut self.scopes[at];
        let since = match (undecided, scoped.memory.undecided_since) {
            (true, None) => Some(now),
            (false, Some(_)) => None,
            // A failure is told when it begins, also where data was lacking before.
            (true, since @ Some(_)) if failure.is_some() && scoped.memory.failures == 1 => since,
            _ => return,
        };
        scoped.memory.undecided_since = since;
        effects.push(Effect::Undecided(Box::new(Undecided {
            rule: rule.header.id.clone(),
            place: scoped.name.to_string(),
            since,
            failure: failure.map(|failure| failure.to_string()),
        })));
    }
}

/// The station of a place, where it is one, and the areas that its alerts speak to.
pub(super) fn speaks_to(place: Place, catalog: &Catalog) -> (Option<String>, Vec<String>) {
    match place {
        Place::Station(station) => {
            let station = catalog.station(station);
            let areas = station.affects.iter().map(|area| catalog.area(*area).code.to_string()).collect();
            (Some(station.id.to_string()), areas)
        }
        Place::Area(area) => (None, vec![catalog.area(area).code.to_string()]),
        Place::City => (None, vec![CITY.to_owned()]),
    }
}

fn alert(rule: &Rule, scoped: &Scoped, catalog: &Catalog, level: Level, corroborated: bool) -> Alert {
    let header = &rule.header;
    let (station, areas) = speaks_to(scoped.place, catalog);
    Alert {
        rule: header.id.clone(),
        place: scoped.name.to_string(),
        station,
        hazard: header.hazard.clone(),
        areas,
        audience: header.audience,
        level,
        release: header.release.clone(),
        corroborated,
        eta: None,
        words: BTreeMap::new(),
    }
}

/// What a rule says to people here and now, by level, instead of its hazard's own words.
fn own_words(rule: &Rule, place: Place, evidence: &[Evidence], catalog: &Catalog) -> BTreeMap<Level, Words> {
    let in_language = |texts: &Translations, language: &str, otherwise: &str| {
        texts.get(language).or_else(|| texts.values().next()).map_or_else(|| otherwise.to_owned(), String::clone)
    };
    let holds = evidence.iter().find(|check| check.result == "true");
    let number =
        |value: Option<f64>| value.map(|value| format!("{}", (value * 100.0).round() / 100.0)).unwrap_or_default();
    let area = match place {
        Place::Station(station) => Some(catalog.station(station).area),
        Place::Area(area) => Some(area),
        Place::City => None,
    };
    let filled = |(level, words): (&Level, &Words)| {
        let word = |what: &str, language: &str| match what {
            "area" => area.map_or_else(String::new, |area| {
                let area = catalog.area(area);
                in_language(&area.name, language, area.code.as_str())
            }),
            "station" => match place {
                Place::Station(station) => {
                    let station = catalog.station(station);
                    in_language(&station.name, language, station.id.as_str())
                }
                Place::Area(_) | Place::City => holds.and_then(|check| check.station.clone()).unwrap_or_default(),
            },
            "value" => number(holds.and_then(|check| check.value)),
            "limit" => number(holds.and_then(|check| check.limit)),
            _ => holds.map(|check| check.unit.clone()).unwrap_or_default(),
        };
        (*level, words.filled(word))
    };
    rule.header.messages.iter().map(filled).collect()
}

/// How long until the next limit is reached, by the checks that foresee it: their labels are `eta` or begin with `eta_`,
/// and their values are minutes. A limit that is reached already is no more foreseen.
fn eta(outcome: &Outcome) -> Option<Duration> {
    let foresees = |check: &&Check| check.label == "eta" || check.label.starts_with("eta_");
    let minutes = outcome.checks.iter().filter(foresees).filter_map(|check| check.value.number());
    let ahead = minutes.filter(|minutes| minutes.is_finite() && *minutes > 0.0).min_by(f64::total_cmp);
    // Beyond a day nothing is near.
    ahead.map(|minutes| Duration::from_secs_f64(minutes.min(1440.0) * 60.0))
}

/// One check in the words people read.
pub(super) fn evidence(check: &Check, rule: &Rule, catalog: &Catalog) -> Evidence {
    let name = |station: &bongsu_sensors::catalog::StationIndex| catalog.station(*station).id.to_string();
    let input = check.input.and_then(|input| rule.header.inputs.get(usize::from(input)));
    let finite = |value: Option<f64>| value.filter(|value| value.is_finite());
    let own = || rule.units.get(&check.label).cloned().unwrap_or_default();
    let result = match check.truth {
        Truth::True => "true",
        Truth::False => "false",
        Truth::Unknown | Truth::Absent => "unknown",
    };
    Evidence {
        label: rule.header.labels.get(&check.label).cloned().unwrap_or_default(),
        station: check.stations.first().map(|(station, _)| name(station)),
        value: finite(check.value.number()),
        unit: input.and_then(|input| input.kind).map_or_else(own, |kind| kind.kind().unit.to_owned()),
        op: check.op.sign().to_owned(),
        limit: finite(check.limit.number()),
        result: result.to_owned(),
        // An endless time to a limit is no number that the store could write down.
        stations: check
            .stations
            .iter()
            .filter_map(|(station, value)| Some((name(station), finite(Some(*value))?)))
            .collect(),
        more_stations: u32::try_from(check.more_stations).unwrap_or(u32::MAX),
    }
}
