//! The book of alerts that stand and incidents that live.

use super::release::{Wanted, due, settle, state};
use super::{Audience, Cause, Evidence, Incident, Release, Status, Transition, shown};
use bongsu_sensors::{Level, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
}

impl Alert {
    fn shown(&self) -> (Level, Release) {
        shown(self.level, |level| self.release.get(&level).copied().unwrap_or_default())
    }
}

/// The alerts that stand and the incidents that live.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Book {
    /// What is said here is meant, practised or tried.
    status: Status,
    /// By rule and place.
    #[serde(with = "pairs")]
    alerts: BTreeMap<(String, String), Alert>,
    /// By hazard and area.
    #[serde(with = "pairs")]
    live: BTreeMap<(String, String), Incident>,
    /// The onset of the last incident of each hazard and area: two within one millisecond need two names.
    #[serde(with = "pairs")]
    last: BTreeMap<(String, String), (Time, u32)>,
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
        let key = (alert.rule.clone(), alert.place.clone());
        let rises = self.alerts.get(&key).is_none_or(|before| before.level < alert.level);
        let before = self.alerts.get(&key).map(|before| before.areas.clone()).unwrap_or_default();
        let mut areas: Vec<String> = alert.areas.clone();
        areas.extend(before.into_iter().filter(|area| !alert.areas.contains(area)));
        if alert.level == Level::None {
            self.alerts.remove(&key);
        } else {
            self.alerts.insert(key, alert.clone());
        }
        for area in areas {
            self.settle(&alert.hazard, &area, Some((&alert, evidence, rises)), now, out);
        }
    }

    /// Lets time pass: deadlines of proposals.
    pub fn tick(&mut self, now: Time, out: &mut Vec<Transition>) {
        let due: Vec<(String, String)> = self
            .live
            .iter()
            .filter(|(_, incident)| due(incident).is_some_and(|due| due <= now))
            .map(|(key, _)| key.clone())
            .collect();
        for (hazard, area) in due {
            self.settle(&hazard, &area, None, now, out);
        }
    }

    /// When time alone changes something.
    pub fn next_due(&self) -> Option<Time> {
        self.live.values().filter_map(due).min()
    }

    fn settle(
        &mut self,
        hazard: &str,
        area: &str,
        because: Option<(&Alert, &[Evidence], bool)>,
        now: Time,
        out: &mut Vec<Transition>,
    ) {
        let speaks_here = |alert: &&Alert| alert.hazard == hazard && alert.areas.iter().any(|to| to == area);
        let alerts: Vec<&Alert> = self.alerts.values().filter(speaks_here).collect();
        let decided = alerts.iter().map(|alert| alert.level).max().unwrap_or_default();
        let audience = alerts.iter().map(|alert| alert.audience).max();
        let wanted = wanted(&alerts);
        let group = self.group_of(&alerts, area);
        let key = (hazard.to_owned(), area.to_owned());
        let (mut incident, is_new) = match self.live.remove(&key) {
            Some(incident) => (incident, false),
            None if decided == Level::None => return,
            None => (self.open(&key, group, now), true),
        };
        let before = incident.clone();
        incident.level = decided;
        incident.audience = audience.unwrap_or(incident.audience);
        let (message, cause) = settle(&mut incident, wanted, now, Cause::Rule);
        incident.state = state(&incident);
        // Operators are told of each station that joins: a sick gauge must not hide behind a sick kiosk of its district.
        let joins = |rises: bool| rises && incident.audience == Audience::Operators;
        if let Some((alert, evidence, rises)) = because
            && (incident.level != before.level || is_new || joins(rises))
        {
            incident.rule.clone_from(&alert.rule);
            incident.station.clone_from(&alert.station);
            incident.evidence = evidence.to_vec();
        }
        if is_new || incident != before {
            incident.updated = now;
            let from = if is_new { Level::None } else { before.level };
            out.push(Transition { incident: incident.clone(), from, time: now, cause, message });
        }
        if decided != Level::None {
            self.live.insert(key, incident);
        }
    }

    /// A new incident.
    fn open(&mut self, key: &(String, String), group: Option<String>, now: Time) -> Incident {
        let count = match self.last.get(key) {
            Some((onset, count)) if *onset == now => count + 1,
            _ => 1,
        };
        self.last.insert(key.clone(), (now, count));
        let (hazard, area) = key;
        let twin = if count > 1 { format!("-{count}") } else { String::new() };
        let id = format!("{hazard}-{area}-{}{twin}", now.compact());
        Incident {
            group: group.unwrap_or_else(|| id.clone()),
            id,
            hazard: hazard.clone(),
            area: area.clone(),
            audience: Audience::Operators,
            status: self.status,
            level: Level::None,
            state: super::State::Raised,
            rule: String::new(),
            station: None,
            onset: now,
            updated: now,
            issued: None,
            proposal: None,
            messages: 0,
            evidence: Vec::new(),
        }
    }

    /// The group of a live incident that one of these alerts also speaks to: one event, several areas.
    fn group_of(&self, alerts: &[&Alert], area: &str) -> Option<String> {
        let others = alerts.iter().flat_map(|alert| alert.areas.iter().map(|to| (alert.hazard.clone(), to.clone())));
        others.filter(|(_, to)| to != area).find_map(|key| self.live.get(&key)).map(|incident| incident.group.clone())
    }
}

/// What several alerts ask for together.
fn wanted(alerts: &[&Alert]) -> Wanted {
    let level = alerts.iter().map(|alert| alert.shown().0).max().unwrap_or_default();
    let top: Vec<&&Alert> = alerts.iter().filter(|alert| alert.shown().0 == level).collect();
    let release = top.iter().map(|alert| alert.shown().1).min().unwrap_or(Release::Shadow);
    // Two rules or two places at the same level are two witnesses.
    let corroborated = top.len() > 1 || top.iter().any(|alert| alert.corroborated);
    Wanted { level, release, corroborated }
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
