//! The book of alerts that stand and incidents that live.

use super::drill::Drill;
use super::policy::Policy;
use super::release::{FLAP_WINDOW, Wanted, covers, due, settle, state};
use super::sighting::{Sighting, WITNESS};
use super::{Audience, Cause, Evidence, Incident, Refusal, Release, Silence, Status, Transition, Word, shown};
use crate::language::header::Words;
use bongsu_sensors::{Level, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// One rule at one place, standing at a level.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// The rule.
    pub rule: String,
    /// The place it was evaluated for: a station's or area's name, or `city`.
    pub place: String,
    /// The station, for rules of stations.
    pub station: Option<String>,
    /// What it warns of.
    pub hazard: String,
    /// The areas it speaks to.
    pub areas: Vec<String>,
    /// Who may learn of it.
    pub audience: Audience,
    /// How high it stands.
    pub level: Level,
    /// How each level is let out.
    pub release: BTreeMap<Level, Release>,
    /// At least two samples or two stations support its level.
    pub corroborated: bool,
    /// How long until the danger is there, where the rule foresees it.
    #[serde(default)]
    pub eta: Option<Duration>,
    /// What its rule says to people instead of the hazard's own words, by level.
    #[serde(default)]
    pub words: BTreeMap<Level, Words>,
}

impl Alert {
    fn shown(&self, policy: &Policy, area: &str) -> (Level, Release) {
        let own = |level: &Level| self.release.get(level).copied().unwrap_or_default();
        shown(self.level, |level| own(&level).max(policy.release(&self.hazard, level, area)))
    }

    fn key(&self) -> (String, String) {
        (self.rule.clone(), self.place.clone())
    }
}

/// An alert whose rule, or whose place, was edited while it stood: it stands until the rule reaches its level again, or
/// a person ends it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Pin {
    /// The rule or the place is gone: nothing will ever be said of it again.
    pub orphan: bool,
    /// What the edited rule says of it since.
    pub told: Option<Alert>,
    /// The areas in which a person has ended it.
    pub ended: Vec<String>,
}

/// The alerts that stand and the incidents that live.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Book {
    /// What is said here is meant, practised or tried.
    pub(super) status: Status,
    /// By rule and place.
    #[serde(with = "pairs")]
    pub(super) alerts: BTreeMap<(String, String), Alert>,
    /// By hazard and area.
    #[serde(with = "pairs")]
    pub(super) live: BTreeMap<(String, String), Incident>,
    /// The onset of the last incident of each hazard and area: two within one millisecond need two names.
    #[serde(with = "pairs")]
    last: BTreeMap<(String, String), (Time, u32)>,
    /// When the last incident of each hazard and area spoke: one that ends and begins again flaps as well.
    #[serde(with = "pairs", default)]
    spoke: BTreeMap<(String, String), Vec<Time>>,
    /// What the city demands.
    #[serde(default)]
    pub(super) policy: Arc<Policy>,
    /// By number.
    #[serde(default)]
    pub(super) silences: BTreeMap<u64, Silence>,
    /// How many silences there ever were.
    #[serde(default)]
    pub(super) silence_count: u64,
    /// Hazards and areas whose incident a person ended while alerts stood: these alerts open no other.
    #[serde(with = "pairs", default)]
    pub(super) closed: BTreeMap<(String, String), Refusal>,
    /// By rule and place.
    #[serde(with = "pairs", default)]
    pub(super) pins: BTreeMap<(String, String), Pin>,
    /// What citizens say they see, by hazard and area.
    #[serde(with = "pairs", default)]
    pub(super) sightings: BTreeMap<(String, String), Vec<Sighting>>,
    /// Exercises, by the identity of their incident.
    #[serde(default)]
    pub(super) drills: BTreeMap<String, Drill>,
}

/// Why an incident is looked at again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Why<'a> {
    /// What the transition is called, where nothing stronger is found.
    pub cause: Cause,
    /// The alert that changed, its evidence, and whether it rose.
    pub alert: Option<(&'a Alert, &'a [Evidence], bool)>,
    /// The person who caused it.
    pub word: Option<&'a Word>,
}

impl Why<'_> {
    /// Time passed.
    const TIME: Why<'static> = Why { cause: Cause::Rule, alert: None, word: None };
}

/// Maps with composed keys as lists, which every format can write.
mod pairs {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::collections::BTreeMap;

    pub fn serialize<K: Serialize, V: Serialize, S: Serializer>(
        map: &BTreeMap<K, V>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(map)
    }

    pub fn deserialize<'de, K, V, D>(from: D) -> Result<BTreeMap<K, V>, D::Error>
    where
        K: Deserialize<'de> + Ord,
        V: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        Vec::<(K, V)>::deserialize(from).map(|pairs| pairs.into_iter().collect())
    }
}

impl Book {
    /// The alerts that stand.
    pub fn alerts(&self) -> impl Iterator<Item = &Alert> {
        self.alerts.values()
    }

    /// An empty book.
    pub fn new(status: Status) -> Book {
        Book { status, ..Book::default() }
    }

    /// The incidents that live.
    pub fn live(&self) -> impl Iterator<Item = &Incident> {
        self.live.values()
    }

    /// Puts an alert at its level, `none` included; incidents follow. Transitions come out in the order of the areas.
    pub fn set(&mut self, alert: Alert, evidence: &[Evidence], now: Time, out: &mut Vec<Transition>) {
        let key = alert.key();
        if let Some(pin) = self.pins.get_mut(&key) {
            if self.alerts.get(&key).is_some_and(|standing| alert.level < standing.level) {
                pin.told = Some(alert);
                return;
            }
            self.pins.remove(&key);
        }
        let rises = self.alerts.get(&key).is_none_or(|before| before.level < alert.level);
        let before = self.alerts.get(&key).map(|before| before.areas.clone()).unwrap_or_default();
        let mut areas: Vec<String> = alert.areas.clone();
        areas.extend(before.into_iter().filter(|area| !alert.areas.contains(area)));
        if alert.level == Level::None {
            self.alerts.remove(&key);
        } else {
            self.alerts.insert(key, alert.clone());
        }
        let why = Why { cause: Cause::Rule, alert: Some((&alert, evidence, rises)), word: None };
        for area in areas {
            self.settle(&alert.hazard, &area, why, now, out);
        }
    }

    /// Lets time pass: deadlines of proposals, ends of silences and of what people said no to.
    pub fn tick(&mut self, now: Time, out: &mut Vec<Transition>) {
        let ended: Vec<u64> = self.silences.values().filter(|s| s.until <= now).map(|silence| silence.id).collect();
        for id in ended {
            self.end_silence(id, None, now, out);
        }
        let mut keys: Vec<(String, String)> = self
            .live
            .iter()
            .filter(|(_, incident)| due(incident).is_some_and(|due| due <= now))
            .map(|(key, _)| key.clone())
            .collect();
        keys.extend(self.closed.iter().filter(|(_, closed)| closed.until <= now).map(|(key, _)| key.clone()));
        for (hazard, area) in keys {
            self.settle(&hazard, &area, Why::TIME, now, out);
        }
        self.tick_drills(now, out);
    }

    /// When time alone changes something.
    pub fn next_due(&self) -> Option<Time> {
        let live = self.live.values().filter_map(due);
        let silences = self.silences.values().map(|silence| silence.until);
        let closed = self.closed.values().map(|closed| closed.until);
        live.chain(silences).chain(closed).chain(self.drills_due()).min()
    }

    /// Takes what the city demands. What waits is looked at again; what is out stays out.
    pub fn set_policy(&mut self, policy: Arc<Policy>, now: Time, out: &mut Vec<Transition>) {
        self.policy = policy;
        let keys: Vec<(String, String)> = self.live.keys().cloned().collect();
        for (hazard, area) in keys {
            self.settle(&hazard, &area, Why::TIME, now, out);
        }
    }

    /// The city's policy in force.
    pub fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    /// Alerts whose rule or place was edited stand on, whatever the edited rule says, until it reaches their level
    /// again or a person ends them. `edited` answers `None` for what was not, and else whether rule or place is gone.
    pub fn pin(&mut self, edited: impl Fn(&Alert) -> Option<bool>, now: Time, out: &mut Vec<Transition>) {
        let found: Vec<(Alert, bool)> =
            self.alerts.values().filter_map(|alert| Some((alert.clone(), edited(alert)?))).collect();
        for (alert, orphan) in found {
            self.pins.entry(alert.key()).or_default().orphan = orphan;
            let why = Why { cause: Cause::Edited, ..Why::TIME };
            for area in &alert.areas {
                self.settle(&alert.hazard, area, why, now, out);
            }
        }
    }

    /// A rule reaches again the level at which its alert stands.
    pub fn confirm(&mut self, rule: &str, place: &str, now: Time, out: &mut Vec<Transition>) {
        if self.pins.is_empty() {
            return;
        }
        let key = (rule.to_owned(), place.to_owned());
        if let (Some(_), Some(alert)) = (self.pins.remove(&key), self.alerts.get(&key).cloned()) {
            for area in &alert.areas {
                self.settle(&alert.hazard, area, Why::TIME, now, out);
            }
        }
    }

    /// Brings an incident, and those it explains, in line with the alerts that stand.
    pub(super) fn settle(&mut self, hazard: &str, area: &str, why: Why<'_>, now: Time, out: &mut Vec<Transition>) {
        let level = |book: &Book, hazard: &str| {
            book.live.get(&(hazard.to_owned(), area.to_owned())).map_or(Level::None, |incident| incident.level)
        };
        let before = level(self, hazard);
        self.settle_one(hazard, area, why, now, out);
        if self.policy.inhibit.is_empty() || level(self, hazard) == before {
            return;
        }
        let policy = self.policy.clone();
        for line in policy.inhibit.iter().filter(|line| line.by == hazard) {
            self.settle_one(&line.of, area, Why { cause: Cause::Silenced, ..Why::TIME }, now, out);
        }
    }

    fn settle_one(&mut self, hazard: &str, area: &str, why: Why<'_>, now: Time, out: &mut Vec<Transition>) {
        let alerts: Vec<&Alert> = self.speaking(hazard, area).collect();
        let decided = alerts.iter().map(|alert| alert.level).max().unwrap_or_default();
        let audience = alerts.iter().map(|alert| alert.audience).max();
        let all = wanted(&self.policy, area, &alerts);
        let (heard, silenced) = self.heard(&alerts, area, now);
        let mut wanted = wanted(&self.policy, area, &heard);
        let edited = alerts.iter().any(|alert| self.pins.contains_key(&alert.key()));
        let group = self.group_of(&alerts, area);
        let key = (hazard.to_owned(), area.to_owned());
        let (mut incident, is_new) = match self.live.remove(&key) {
            Some(incident) => (incident, false),
            None => match self.may_open(&key, Wanted { level: decided, ..all }, now) {
                Some(doubted) => (self.open(&key, group, doubted, now), true),
                None => return,
            },
        };
        let before = incident.clone();
        let said = incident.issued.as_ref().map_or(Level::None, |message| message.level);
        // A silence takes nothing back: what is public falls only as far as the alerts themselves.
        wanted.level = wanted.level.max(said.min(all.level));
        incident.level = decided;
        // Whoever heard of it also hears of its end.
        let heard_of = if incident.issued.is_some() { incident.audience } else { Audience::Operators };
        incident.audience = audience.unwrap_or(incident.audience).max(heard_of);
        let sightings = self.sightings_of(&key, now);
        wanted.sighted = sightings >= WITNESS;
        incident.handling.sightings = u32::try_from(sightings).unwrap_or(u32::MAX);
        incident.handling.silenced = silenced;
        incident.handling.edited = edited;
        let (message, cause) = settle(&mut incident, wanted, &self.policy.duty, now, why.cause);
        if incident.handling.held_until.is_some() {
            incident.level = incident.level.max(said);
        }
        incident.state = state(&incident);
        // Operators are told of each station that joins: a sick gauge must not hide behind a sick kiosk of its district.
        let joins = |rises: bool| rises && incident.audience == Audience::Operators;
        if let Some((alert, evidence, rises)) = why.alert
            && (incident.level != before.level || is_new || joins(rises))
        {
            incident.rule.clone_from(&alert.rule);
            incident.station.clone_from(&alert.station);
            incident.evidence = evidence.to_vec();
            incident.words.clone_from(&alert.words);
        }
        if is_new || incident != before {
            incident.updated = now;
            let from = if is_new { Level::None } else { before.level };
            let word = why.word.cloned();
            out.push(Transition { incident: incident.clone(), from, time: now, cause, message, word });
        }
        if incident.level != Level::None {
            self.live.insert(key, incident);
        } else if incident.handling.spoke.len() > 1 {
            self.spoke.insert(key, incident.handling.spoke);
        }
    }

    /// The alerts of a hazard that speak to an area.
    pub(super) fn speaking<'a>(&'a self, hazard: &'a str, area: &'a str) -> impl Iterator<Item = &'a Alert> {
        let is_ended = move |alert: &Alert| {
            self.pins.get(&alert.key()).is_some_and(|pin| pin.ended.iter().any(|ended| ended == area))
        };
        let speaks = move |alert: &&Alert| alert.hazard == hazard && alert.areas.iter().any(|to| to == area);
        self.alerts.values().filter(speaks).filter(move |alert| self.pins.is_empty() || !is_ended(alert))
    }

    /// The alerts that nothing keeps quiet, and the silence that keeps another quiet.
    fn heard<'a>(&self, alerts: &[&'a Alert], area: &str, now: Time) -> (Vec<&'a Alert>, Option<Silence>) {
        let mut by: Option<Silence> = None;
        let mut is_heard = |alert: &&Alert| {
            let silence = self.silences.values().find(|silence| silence.covers(alert, area, now));
            by = by.take().or_else(|| silence.cloned());
            silence.is_none() && !self.is_explained(alert, area)
        };
        let heard = alerts.iter().copied().filter(|alert| is_heard(alert)).collect();
        (heard, by)
    }

    /// Whether another incident explains an alert that is only for operators.
    fn is_explained(&self, alert: &Alert, area: &str) -> bool {
        let stands = |by: &str, at_least: Level| {
            let level = self.live.get(&(by.to_owned(), area.to_owned())).map_or(Level::None, |incident| incident.level);
            level >= at_least
        };
        alert.audience == Audience::Operators
            && self
                .policy
                .inhibit
                .iter()
                .any(|line| line.of == alert.hazard && alert.level <= line.up_to && stands(&line.by, line.at_least))
    }

    /// Whether alerts open an incident; where they do, whether a person has doubted them before.
    fn may_open(&mut self, key: &(String, String), wanted: Wanted, now: Time) -> Option<bool> {
        let Some(closed) = self.closed.get(key) else { return (wanted.level != Level::None).then_some(false) };
        if wanted.level != Level::None && covers(closed, wanted, now) {
            return None;
        }
        self.closed.remove(key);
        (wanted.level != Level::None).then_some(true)
    }

    /// A new incident.
    fn open(&mut self, key: &(String, String), group: Option<String>, doubted: bool, now: Time) -> Incident {
        let id = self.name(key, "", now);
        let mut spoke = self.spoke.remove(key).unwrap_or_default();
        spoke.retain(|at| now.since(*at) < FLAP_WINDOW);
        Incident {
            group: group.unwrap_or_else(|| id.clone()),
            handling: super::Handling { doubted, spoke, ..Default::default() },
            ..Incident::new(id, key, self.status, now)
        }
    }

    /// A name for an incident that begins now.
    pub(super) fn name(&mut self, key: &(String, String), prefix: &str, now: Time) -> String {
        let count = match self.last.get(key) {
            Some((onset, count)) if *onset == now => count + 1,
            _ => 1,
        };
        self.last.insert(key.clone(), (now, count));
        let (hazard, area) = key;
        let twin = if count > 1 { format!("-{count}") } else { String::new() };
        format!("{prefix}{hazard}-{area}-{}{twin}", now.compact())
    }

    /// The group of a live incident that one of these alerts also speaks to: one event, several areas.
    fn group_of(&self, alerts: &[&Alert], area: &str) -> Option<String> {
        let others = alerts.iter().flat_map(|alert| alert.areas.iter().map(|to| (alert.hazard.clone(), to.clone())));
        others.filter(|(_, to)| to != area).find_map(|key| self.live.get(&key)).map(|incident| incident.group.clone())
    }
}

/// What several alerts ask for together, of the people of an area.
pub(super) fn wanted(policy: &Policy, area: &str, alerts: &[&Alert]) -> Wanted {
    let shown: Vec<(&Alert, (Level, Release))> =
        alerts.iter().map(|alert| (*alert, alert.shown(policy, area))).collect();
    let level = shown.iter().map(|(_, (level, _))| *level).max().unwrap_or_default();
    let top: Vec<&(&Alert, (Level, Release))> = shown.iter().filter(|(_, (at, _))| *at == level).collect();
    let release = top.iter().map(|(_, (_, release))| *release).min().unwrap_or(Release::Shadow);
    // Two rules or two places at the same level are two witnesses.
    let corroborated = top.len() > 1 || top.iter().any(|(alert, _)| alert.corroborated);
    let eta = top.iter().filter_map(|(alert, _)| alert.eta).min();
    Wanted { level, release, corroborated, sighted: false, eta }
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;
    use Level::{Advisory, Emergency, None as Clear, Warning, Watch};

    fn alert(place: &str, areas: &[&str], level: Level, release: Release, corroborated: bool) -> Alert {
        Alert {
            rule: "r".into(),
            place: place.into(),
            station: Some(place.into()),
            hazard: "river_flood".into(),
            areas: areas.iter().map(|area| (*area).to_owned()).collect(),
            audience: Audience::Public,
            level,
            release: Level::RAISED.into_iter().map(|level| (level, release)).collect(),
            corroborated,
            eta: None,
            words: BTreeMap::new(),
        }
    }

    fn minute(n: i64) -> Time {
        Time::from_millis(n * 60_000)
    }

    fn set(book: &mut Book, at: i64, alert: Alert) -> Vec<(String, Level, State, Option<String>)> {
        let mut out = Vec::new();
        book.set(alert, &[], minute(at), &mut out);
        told(out)
    }

    fn told(out: Vec<Transition>) -> Vec<(String, Level, State, Option<String>)> {
        let told = |t: Transition| {
            (t.incident.area, t.incident.level, t.incident.state, t.message.map(|message| message.identifier))
        };
        out.into_iter().map(told).collect()
    }

    #[test]
    fn a_station_between_two_banks_opens_two_incidents_of_one_group() {
        let mut book = Book::new(Status::Actual);
        let mut out = Vec::new();
        book.set(alert("jamsu", &["seocho", "yongsan"], Watch, Release::Auto, true), &[], minute(1), &mut out);
        assert_eq!(out.len(), 2);
        assert_eq!(out[0].incident.id, "river_flood-seocho-19700101T000100Z");
        assert_eq!(out[1].incident.group, out[0].incident.id);
        assert_eq!(
            out[1].message.as_ref().map(|m| m.identifier.as_str()),
            Some("river_flood-yongsan-19700101T000100Z.1")
        );
    }

    #[test]
    fn an_incident_is_as_high_as_the_highest_of_its_alerts() {
        let mut book = Book::new(Status::Actual);
        let id = |n: u32| Some(format!("river_flood-a-19700101T000100Z.{n}"));
        assert_eq!(
            set(&mut book, 1, alert("x", &["a"], Watch, Release::Auto, true)),
            [("a".into(), Watch, State::Issued, id(1))]
        );
        assert_eq!(
            set(&mut book, 2, alert("y", &["a"], Warning, Release::Auto, true)),
            [("a".into(), Warning, State::Issued, id(2))]
        );
        assert_eq!(
            set(&mut book, 3, alert("y", &["a"], Clear, Release::Auto, true)),
            [("a".into(), Watch, State::Issued, id(3))]
        );
        assert_eq!(
            set(&mut book, 4, alert("x", &["a"], Clear, Release::Auto, true)),
            [("a".into(), Clear, State::Ended, id(4))]
        );
        assert_eq!(set(&mut book, 5, alert("x", &["a"], Clear, Release::Auto, true)), []);
    }

    #[test]
    fn operators_are_told_of_each_station_that_joins() {
        let mut book = Book::new(Status::Actual);
        let sick = |place: &str, level| Alert {
            audience: Audience::Operators,
            ..alert(place, &["seocho"], level, Release::Auto, true)
        };
        let named = |book: &mut Book, at: i64, place: &str, level| {
            let mut out = Vec::new();
            book.set(sick(place, level), &[], minute(at), &mut out);
            let said = |t: Transition| (t.incident.station, t.incident.level, t.message.is_some());
            out.into_iter().map(said).collect::<Vec<_>>()
        };
        let told = |place: &str, level, said| vec![(Some(place.to_owned()), level, said)];
        assert_eq!(named(&mut book, 0, "kiosk", Watch), told("kiosk", Watch, true));
        assert_eq!(named(&mut book, 1, "gauge", Advisory), told("gauge", Watch, false));
        // What falls, and what only goes on, is no news.
        assert_eq!(named(&mut book, 2, "gauge", Advisory), []);
        assert_eq!(named(&mut book, 3, "kiosk", Clear), told("kiosk", Advisory, true));
        assert_eq!(named(&mut book, 4, "gauge", Clear), told("gauge", Clear, true));
    }

    #[test]
    fn one_sensor_alone_is_proposed_and_a_second_sample_issues_it() {
        let mut book = Book::new(Status::Actual);
        assert_eq!(
            set(&mut book, 1, alert("x", &["a"], Warning, Release::Auto, false)),
            [("a".into(), Warning, State::Proposed, None)]
        );
        let mut out = Vec::new();
        book.set(alert("x", &["a"], Warning, Release::Auto, true), &[], minute(2), &mut out);
        assert_eq!((out[0].cause, out[0].incident.state), (Cause::Corroborated, State::Issued));
    }

    #[test]
    fn nobody_acts_on_a_proposal() {
        let check = |level: Level, corroborated: bool, cause: Cause, state: State| {
            let mut book = Book::new(Status::Actual);
            set(&mut book, 1, alert("x", &["a"], level, Release::Propose, corroborated));
            assert_eq!(book.next_due(), Some(minute(6)));
            let mut out = Vec::new();
            book.tick(minute(5), &mut out);
            assert!(out.is_empty());
            book.tick(minute(6), &mut out);
            assert_eq!((out[0].cause, out[0].incident.state), (cause, state), "{level} {corroborated}");
            assert_eq!(book.next_due(), (state == State::Issued).then(|| minute(306)));
        };
        check(Warning, true, Cause::Deadline, State::Issued);
        check(Emergency, true, Cause::Deadline, State::Issued);
        check(Watch, true, Cause::Escalated, State::Proposed);
        check(Warning, false, Cause::Escalated, State::Proposed);
    }

    #[test]
    fn a_level_that_lasts_is_said_again_before_it_expires() {
        let mut book = Book::new(Status::Actual);
        set(&mut book, 0, alert("x", &["a"], Watch, Release::Auto, true));
        assert_eq!(book.next_due(), Some(minute(300)));
        let mut out = Vec::new();
        book.tick(minute(300), &mut out);
        assert_eq!((out[0].cause, out[0].incident.messages), (Cause::Renewed, 2));
        assert_eq!(out[0].message.as_ref().map(|message| message.level), Some(Watch));
        assert_eq!(book.next_due(), Some(minute(600)));
    }

    #[test]
    fn a_rise_that_waits_leaves_the_issued_level_public() {
        let mut book = Book::new(Status::Actual);
        set(&mut book, 1, alert("x", &["a"], Advisory, Release::Auto, true));
        set(&mut book, 2, alert("x", &["a"], Watch, Release::Propose, true));
        let incident = book.live().next().expect("lives");
        assert_eq!((incident.level, incident.state), (Watch, State::Proposed));
        assert_eq!(incident.issued.as_ref().map(|message| message.level), Some(Advisory));
    }

    #[test]
    fn shadow_is_recorded_and_never_said() {
        let mut book = Book::new(Status::Actual);
        assert_eq!(
            set(&mut book, 1, alert("x", &["a"], Warning, Release::Shadow, true)),
            [("a".into(), Warning, State::Raised, None)]
        );
        assert_eq!(
            set(&mut book, 2, alert("x", &["a"], Clear, Release::Shadow, true)),
            [("a".into(), Clear, State::Ended, None)]
        );
    }
}
