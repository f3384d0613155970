//! Hits, misses and false alarms, and how sure one can be of the ratios.

use super::{Alerted, Terms};
use bongsu_sensors::Time;
use serde::Serialize;
use std::time::Duration;

/// Something a rule should have warned of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// Where: a station.
    pub place: String,
    /// When it began.
    pub from: Time,
    /// When it was over.
    pub to: Time,
}

/// An event that was warned of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hit {
    /// The event.
    pub event: Event,
    /// When the first warning of it began.
    pub warned: Time,
    /// How long before the event that was, at most the horizon.
    pub lead: Duration,
}

/// A warning that nothing followed.
pub type False = Alerted;

/// A ratio with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Ratio {
    /// So many.
    pub of: usize,
    /// Out of so many.
    pub n: usize,
    /// The ratio; `None` of none.
    pub value: Option<f64>,
    /// The lower and upper end.
    pub interval: Option<(f64, f64)>,
}

impl Ratio {
    /// The Wilson score interval at 95 %.
    ///
    /// # Source
    /// Wilson 1927, "Probable inference, the law of succession, and statistical inference".
    pub fn new(of: usize, n: usize) -> Ratio {
        if n == 0 {
            return Ratio { of, n, value: None, interval: None };
        }
        #[expect(clippy::cast_precision_loss, reason = "a count of events")]
        let (k, count) = (of as f64, n as f64);
        let (p, z2) = (k / count, 1.959_963_984_540_054_f64.powi(2));
        let centre = (p + z2 / (2.0 * count)) / (1.0 + z2 / count);
        let half = (p * (1.0 - p) / count + z2 / (4.0 * count * count)).sqrt() * z2.sqrt() / (1.0 + z2 / count);
        // At the ends the formula is exact up to rounding.
        let low = if of == 0 { 0.0 } else { centre - half };
        let high = if of == n { 1.0 } else { centre + half };
        Ratio { of, n, value: Some(p), interval: Some((low, high)) }
    }
}

/// How good a rule was.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Score {
    /// Events that were warned of.
    pub hits: Vec<Hit>,
    /// Events that were not warned of before they began.
    pub misses: Vec<Event>,
    /// Warnings that nothing followed.
    pub false_alarms: Vec<False>,
    /// Probability of detection: hits of events.
    pub pod: Ratio,
    /// False alarm ratio: false alarms of hits and false alarms.
    pub far: Ratio,
    /// Critical success index: hits of hits, misses and false alarms.
    pub csi: Ratio,
}

impl Score {
    /// What was found, with its ratios.
    pub(super) fn of(hits: Vec<Hit>, misses: Vec<Event>, false_alarms: Vec<False>) -> Score {
        let (h, m, f) = (hits.len(), misses.len(), false_alarms.len());
        let (pod, far, csi) = (Ratio::new(h, h + m), Ratio::new(f, h + f), Ratio::new(h, h + m + f));
        Score { hits, misses, false_alarms, pod, far, csi }
    }

    /// The median lead of the hits.
    pub fn lead(&self) -> Option<Duration> {
        self.leads().map(|[median, ..]| median)
    }

    /// The median lead of the hits, that which nine of ten exceed, and the shortest.
    pub fn leads(&self) -> Option<[Duration; 3]> {
        let mut leads: Vec<Duration> = self.hits.iter().map(|hit| hit.lead).collect();
        leads.sort_unstable();
        Some([*leads.get(leads.len() / 2)?, *leads.get(leads.len() / 10)?, *leads.first()?])
    }
}

/// When a series was at or above a limit: one event for each crossing, which ends when it has been below for `rearm`.
pub fn crossings(place: &str, samples: &[(Time, f64)], limit: f64, rearm: Duration) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    for (time, _) in samples.iter().filter(|(_, value)| *value >= limit) {
        match events.last_mut() {
            Some(last) if time.since(last.to) < rearm => last.to = *time,
            _ => events.push(Event { place: place.to_owned(), from: *time, to: *time }),
        }
    }
    events
}

/// Compares warnings with events. `speaks_for` says whether a warning at a place is one for an event's place. A warning
/// counts for an event where it stands at some time in the horizon before it; one that begins while the event lasts is
/// late: it makes no hit and is no false alarm.
pub fn score(alerts: &[Alerted], events: &[Event], terms: &Terms, speaks_for: impl Fn(&str, &str) -> bool) -> Score {
    let merged = merged(alerts, terms);
    let (mut hits, mut misses) = (Vec::new(), Vec::new());
    for event in events {
        let opens = event.from - terms.horizon;
        let warns = |alert: &&Alerted| {
            speaks_for(&alert.place, &event.place) && alert.from < event.from && alert.to.is_none_or(|to| to >= opens)
        };
        match merged.iter().filter(warns).map(|alert| alert.from).min() {
            Some(warned) => hits.push(Hit { event: event.clone(), warned, lead: event.from.since(warned.max(opens)) }),
            None => misses.push(event.clone()),
        }
    }
    let is_true = |alert: &Alerted| {
        events.iter().any(|event| {
            let until = alert.to.map_or(event.from, |to| to.max(alert.from + terms.horizon));
            speaks_for(&alert.place, &event.place) && alert.from <= event.to && event.from <= until
        })
    };
    let false_alarms: Vec<Alerted> = merged.iter().filter(|alert| !is_true(alert)).cloned().collect();
    Score::of(hits, misses, false_alarms)
}

/// Warnings with those that begin soon after another of their place taken as one with it.
pub(super) fn merged(alerts: &[Alerted], terms: &Terms) -> Vec<Alerted> {
    let mut merged: Vec<Alerted> = Vec::new();
    for alert in alerts {
        let same = |known: &&mut Alerted| known.place == alert.place && alert.from.since(known.from) <= terms.merge;
        match merged.iter_mut().rev().find(same) {
            Some(known) => known.to = known.to.and_then(|to| Some(to.max(alert.to?))),
            None => merged.push(alert.clone()),
        }
    }
    merged
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

    /// Values from the formula's tables: 8 of 10, and the ends.
    #[test]
    fn intervals_are_wilsons() {
        let (low, high) = Ratio::new(8, 10).interval.expect("an interval");
        assert!((low - 0.4902).abs() < 1e-4 && (high - 0.9433).abs() < 1e-4, "{low} {high}");
        let (low, high) = Ratio::new(0, 5).interval.expect("an interval");
        assert!(low == 0.0 && (high - 0.4345).abs() < 1e-4, "{low} {high}");
        assert_eq!(Ratio::new(0, 0).value, None);
    }

    #[test]
    fn a_series_crosses_once_until_it_was_low_for_long() {
        let samples: Vec<(Time, f64)> =
            [1.0, 5.0, 4.0, 5.5, 1.0, 1.0, 1.0, 5.0].into_iter().zip(0..).map(|(v, at)| (hour(at), v)).collect();
        let found = crossings("a", &samples, 5.0, Duration::from_secs(4 * 3600));
        assert_eq!(found, [event(1, 3), event(7, 7)]);
        assert_eq!(crossings("a", &samples, 5.0, Duration::from_secs(5 * 3600)), [event(1, 7)]);
    }

    #[test]
    fn hits_misses_and_false_alarms() {
        let terms = Terms::default();
        let check = |alerts: &[Alerted], events: &[Event], expect: (usize, usize, usize)| {
            let score = score(alerts, events, &terms, |a, b| a == b);
            assert_eq!(
                (score.hits.len(), score.misses.len(), score.false_alarms.len()),
                expect,
                "{alerts:?} {events:?}"
            );
            score
        };
        let hit = check(&[alert(8, 12)], &[event(10, 14)], (1, 0, 0));
        assert_eq!(hit.hits[0].lead, Duration::from_secs(2 * 3600));
        // Too early by far, and over before the horizon opens; the lead is counted within the horizon only.
        check(&[alert(0, 2)], &[event(10, 14)], (0, 1, 1));
        assert_eq!(check(&[alert(0, 20)], &[event(10, 14)], (1, 0, 0)).lead(), Some(terms.horizon));
        // Late: no hit, no false alarm.
        check(&[alert(11, 12)], &[event(10, 14)], (0, 1, 0));
        check(&[alert(15, 16)], &[event(10, 14)], (0, 1, 1));
        // Two beginnings within the merge are one.
        check(&[alert(30, 31), alert(32, 33)], &[], (0, 0, 1));
        check(&[alert(30, 31), alert(36, 37)], &[], (0, 0, 2));
        let both = check(&[alert(8, 12), alert(40, 41)], &[event(10, 14), event(90, 91)], (1, 1, 1));
        assert_eq!((both.pod.value, both.far.value, both.csi.value), (Some(0.5), Some(0.5), Some(1.0 / 3.0)));
    }
}
