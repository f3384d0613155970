//! What warnings are compared with: limits that datastreams reached, or what people said of the incidents.
//!
//! A limit is the same for everybody and known for the whole past, but it knows nothing of a bank that was sandbagged.
//! People's words are about what they saw, but only where a rule had called them. Which one is asked is chosen by whoever
//! tunes; both are compared here, so that a slider, a sweep and a back-test count alike.

use super::score::merged;
use super::{Alerted, Event, Hit, Moment, Score, Terms, score};
use crate::incident::CITY;
use bongsu_sensors::Time;
use bongsu_sensors::catalog::{Catalog, Datastream};
use serde::Serialize;

/// What people said of incidents that lived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Dangers: a person approved the warning, or said when it was over.
    pub confirmed: Vec<Event>,
    /// False alarms: a person rejected the proposal, or took the warning back.
    pub doubted: Vec<Event>,
}

/// What warnings are compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Truth {
    /// Limits that were reached. A warning must come before.
    Reached(Vec<Event>),
    /// What people said. A warning must stand within the horizon before it or while it lasted.
    Said(Said),
}

/// What a warning was worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It warned of an event.
    Caught,
    /// It came when the event had begun.
    Late,
    /// Nothing followed, or a person said that there was nothing.
    FalseAlarm,
    /// Nobody said anything of it.
    Unjudged,
}

/// Warnings that were judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// How good they were together.
    pub score: Score,
    /// What each was worth, in their order.
    pub verdicts: Vec<Verdict>,
    /// Of the misses, those that a warning came to when they had begun.
    pub late: usize,
}

impl Truth {
    /// What should have been warned of.
    pub fn events(&self) -> &[Event] {
        match self {
            Truth::Reached(events) => events,
            Truth::Said(said) => &said.confirmed,
        }
    }

    /// Compares warnings with it. `speaks_for` says whether a warning at a place is one for an event's place.
    pub fn score(&self, alerts: &[Alerted], terms: &Terms, speaks_for: impl Fn(&str, &str) -> bool) -> Score {
        match self {
            Truth::Reached(events) => score(alerts, events, terms, speaks_for),
            Truth::Said(said) => said.score(alerts, terms, speaks_for),
        }
    }

    /// The same, and what each warning was worth.
    pub fn judge(&self, alerts: &[Alerted], terms: &Terms, speaks_for: impl Fn(&str, &str) -> bool) -> Judged {
        let score = self.score(alerts, terms, &speaks_for);
        let is_part_of = |alert: &Alerted, whole: &Alerted| {
            alert.place == whole.place && whole.from <= alert.from && alert.from.since(whole.from) <= terms.merge
        };
        let verdict = |alert: &Alerted| {
            let warned = |hit: &Hit| speaks_for(&alert.place, &hit.event.place) && meets(alert, &hit.event, terms);
            match self {
                _ if score.false_alarms.iter().any(|whole| is_part_of(alert, whole)) => Verdict::FalseAlarm,
                Truth::Reached(_) if score.hits.iter().any(|hit| alert.from < hit.event.from && warned(hit)) => {
                    Verdict::Caught
                }
                Truth::Reached(_) => Verdict::Late,
                Truth::Said(_) if score.hits.iter().any(warned) => Verdict::Caught,
                Truth::Said(_) => Verdict::Unjudged,
            }
        };
        let verdicts = alerts.iter().map(verdict).collect();
        let came_to = |miss: &&Event| {
            alerts.iter().any(|alert| speaks_for(&alert.place, &miss.place) && meets(alert, miss, terms))
        };
        let late = score.misses.iter().filter(came_to).count();
        Judged { score, verdicts, late }
    }
}

/// Whether a warning stands at some time in the horizon before an event, or while it lasts.
fn meets(alert: &Alerted, event: &Event, terms: &Terms) -> bool {
    alert.from <= event.to && alert.to.is_none_or(|to| to >= event.from - terms.horizon)
}

impl Said {
    fn score(&self, alerts: &[Alerted], terms: &Terms, speaks_for: impl Fn(&str, &str) -> bool) -> Score {
        let merged = merged(alerts, terms);
        let is_of =
            |alert: &Alerted, event: &Event| speaks_for(&alert.place, &event.place) && meets(alert, event, terms);
        let (mut hits, mut misses) = (Vec::new(), Vec::new());
        for event in &self.confirmed {
            match merged.iter().filter(|alert| is_of(alert, event)).map(|alert| alert.from).min() {
                Some(warned) => {
                    let lead = event.from.since(warned).min(terms.horizon);
                    hits.push(Hit { event: event.clone(), warned, lead });
                }
                None => misses.push(event.clone()),
            }
        }
        // Where people said both of what overlaps, the danger counts.
        let any = |alert: &Alerted, events: &[Event]| events.iter().any(|event| is_of(alert, event));
        let is_false = |alert: &&Alerted| any(alert, &self.doubted) && !any(alert, &self.confirmed);
        let false_alarms = merged.iter().filter(is_false).cloned().collect();
        Score::of(hits, misses, false_alarms)
    }
}

/// What a datastream measured, oldest first: what no sensor of its kind can mean is left out.
pub fn samples(stream: &Datastream, moments: &[Moment]) -> Vec<(Time, f64)> {
    let (low, high) = stream.quality.range;
    let here = moments.iter().flat_map(|moment| moment.readings.iter().map(|reading| (moment.now, reading)));
    here.filter(|(_, reading)| reading.datastream == stream.id)
        .filter_map(|(now, reading)| Some((reading.time.unwrap_or(now), reading.value?)))
        .filter(|(_, value)| (low..=high).contains(value))
        .collect()
}

/// Whether a warning at a place is one for another: a station's is for itself and the areas it speaks to, an area's for
/// what lies in it and what it lies in, the city's for all.
pub fn speaks_for(catalog: &Catalog, alert: &str, of: &str) -> bool {
    if alert == of || alert == CITY || of == CITY {
        return true;
    }
    let lies = |inner, outer| catalog.lies_in(inner, outer);
    let area_of = |name: &str| catalog.area_named(name);
    match (catalog.station_named(alert), catalog.station_named(of)) {
        (None, Some(station)) => area_of(alert).is_some_and(|outer| lies(catalog.station(station).area, outer)),
        (Some(station), None) => area_of(of).is_some_and(|outer| {
            let station = catalog.station(station);
            lies(station.area, outer) || station.affects.contains(&outer)
        }),
        (None, None) => {
            area_of(alert).zip(area_of(of)).is_some_and(|(one, other)| lies(one, other) || lies(other, one))
        }
        (Some(_), Some(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(n: i64) -> Time {
        Time::from_millis(n * 3_600_000)
    }

    fn alert(from: i64, to: i64) -> Alerted {
        Alerted { place: "a".into(), from: hour(from), to: Some(hour(to)) }
    }

    fn event(from: i64, to: i64) -> Event {
        Event { place: "a".into(), from: hour(from), to: hour(to) }
    }

    fn check(truth: &Truth, alerts: &[Alerted], counts: (usize, usize, usize, usize), verdicts: &[Verdict]) {
        let judged = truth.judge(alerts, &Terms::default(), |one, other| one == other);
        let score = &judged.score;
        let found = (score.hits.len(), score.misses.len(), judged.late, score.false_alarms.len());
        assert_eq!(found, counts, "{alerts:?}");
        assert_eq!(judged.verdicts, verdicts, "{alerts:?}");
    }

    #[test]
    fn a_warning_of_a_limit_is_caught_late_or_false() {
        use Verdict::{Caught, FalseAlarm, Late};
        let truth = Truth::Reached(vec![event(10, 14), event(90, 91)]);
        check(
            &truth,
            &[alert(8, 12), alert(11, 12), alert(40, 41), alert(42, 43), alert(90, 92)],
            (1, 1, 1, 1),
            &[Caught, Late, FalseAlarm, FalseAlarm, Late],
        );
        check(&truth, &[], (0, 2, 0, 0), &[]);
    }

    #[test]
    fn what_people_said_judges_what_they_saw_and_nothing_else() {
        use Verdict::{Caught, FalseAlarm, Unjudged};
        let said = Said { confirmed: vec![event(10, 14)], doubted: vec![event(40, 41), event(12, 13)] };
        let truth = Truth::Said(said);
        let all = [alert(10, 14), alert(40, 41), alert(70, 71)];
        check(&truth, &all, (1, 0, 0, 1), &[Caught, FalseAlarm, Unjudged]);
        // Earlier, later, within the horizon.
        check(&truth, &[alert(5, 6), alert(14, 20)], (1, 0, 0, 0), &[Caught, Caught]);
        check(&truth, &[alert(1, 2)], (0, 1, 0, 0), &[Unjudged]);
    }
}
