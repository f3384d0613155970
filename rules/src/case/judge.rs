//! Compares what came of a case with what was expected, each difference in one sentence.

use super::play::Played;
use super::read::{Case, Raised, Span};
use crate::incident::Transition;
use crate::language::Header;
use crate::record::Undecided;
use bongsu_sensors::{Level, Time};
use std::time::Duration;

/// Everything that did not come as expected.
pub fn failures(case: &Case, played: &Played, header: &Header) -> Vec<String> {
    let mut failures = Vec::new();
    for raised in &case.raised {
        failures.extend(judge_raised(raised, case.start, played, header));
    }
    if let Some(limit) = case.not_raised {
        let broken = played.transitions.iter().find(|transition| transition.incident.level >= limit);
        if let Some(broken) = broken {
            failures.push(format!("expected nothing from {limit} up, but {}", told(broken, case.start)));
        }
    }
    if let Some(limit) = case.not_issued {
        let said = |transition: &&Transition| transition.message.as_ref().is_some_and(|said| said.level >= limit);
        if let Some(broken) = played.transitions.iter().find(said) {
            failures.push(format!("expected nothing issued from {limit} up, but {}", told(broken, case.start)));
        }
    }
    if let Some(span) = case.cleared {
        let over = played.transitions.iter().rev().find(|transition| transition.incident.level == Level::None);
        let stands = played.end.map_or(Level::None, |end| played.level_at(end));
        match over {
            _ if played.transitions.is_empty() => failures.push("expected a clearing, but nothing was raised".into()),
            Some(over) if stands == Level::None => failures.extend(outside(over.time, case.start, span, "it cleared")),
            _ => failures.push(format!("expected it to clear, but at the end it stands at {stands}")),
        }
    }
    if let Some(span) = case.undecided {
        let began = || undecided(played, case.start);
        let wrong = |time: Time| outside(time, case.start, span, "the rule could not decide");
        if !began().any(|time| wrong(time).is_none()) {
            let never = || "expected the rule to say that it cannot decide, but it always could".to_owned();
            failures.push(began().next().and_then(wrong).unwrap_or_else(never));
        }
    }
    let failed = played.undecided.iter().find_map(|(_, undecided)| undecided.failure.as_ref());
    failures.extend(failed.map(|failure| format!("the rule failed: {failure}")));
    failures
}

/// When the rule began to say that it cannot decide. That it could not before its sensors first spoke proves nothing, so
/// the beginning of each place counts only if it never could.
fn undecided(played: &Played, start: Time) -> impl Iterator<Item = Time> {
    let could_later =
        |place: &str| played.undecided.iter().any(|(_, told)| told.place == place && told.since.is_none());
    let is_beginning = move |told: &Undecided| told.since == Some(start) && could_later(&told.place);
    let begun = played.undecided.iter().filter(|(_, told)| told.since.is_some());
    begun.filter(move |(_, told)| !is_beginning(told)).map(|(time, _)| *time)
}

fn judge_raised(raised: &Raised, start: Time, played: &Played, header: &Header) -> Option<String> {
    let at_place = |transition: &&Transition| {
        raised.at.as_ref().is_none_or(|at| {
            transition.incident.area == *at || transition.incident.station.as_ref().is_some_and(|name| name == at)
        })
    };
    let is_it = |transition: &&Transition| {
        transition.incident.level >= raised.level && raised.state.is_none_or(|state| state == transition.incident.state)
    };
    let at = raised.at.as_ref().map_or_else(String::new, |at| format!(" at {at}"));
    let state = raised.state.map_or_else(String::new, |state| format!(" {}", state.name()));
    let found = played.transitions.iter().filter(at_place).find(is_it);
    let Some(found) = found else {
        let highest = played.transitions.iter().filter(at_place).map(|t| t.incident.level).max().unwrap_or_default();
        return Some(format!("expected {}{state}{at}, but the highest was {highest}", raised.level));
    };
    if let Some(wrong) = outside(found.time, start, raised.span, &format!("{}{state} came", raised.level)) {
        return Some(wrong);
    }
    let holds = |label: &String| {
        let texts = header.labels.get(label);
        found.incident.evidence.iter().any(|check| Some(&check.label) == texts && check.result == "true")
    };
    let missing = raised.because.iter().find(|label| !holds(label))?;
    let held: Vec<&str> = header.labels.keys().filter(|label| holds(label)).map(String::as_str).collect();
    let level = found.incident.level;
    Some(format!("expected {level} because of {missing}, but what held was: {}", held.join(", ")))
}

/// A sentence where a moment lies outside of its span.
fn outside(time: Time, start: Time, span: Span, what: &str) -> Option<String> {
    let after = time.since(start);
    match (span.not_before, span.by) {
        (Some(not_before), _) if after < not_before => {
            Some(format!("{what} after {}, expected not before {}", short(after), short(not_before)))
        }
        (_, Some(by)) if after > by => Some(format!("{what} after {}, expected by {}", short(after), short(by))),
        _ => None,
    }
}

fn told(transition: &Transition, start: Time) -> String {
    let incident = &transition.incident;
    let place = incident.station.as_deref().unwrap_or(&incident.area);
    let held: Vec<String> = incident
        .evidence
        .iter()
        .filter(|check| check.result == "true")
        .filter_map(|check| Some(format!("{} {:.2}", check.label.get("en")?, check.value?)))
        .collect();
    let after = short(transition.time.since(start));
    format!("{place} was {} ({}) after {after}: {}", incident.level, incident.state.name(), held.join(", "))
}

/// A length of time as people write it: `2h10m`.
pub fn short(length: Duration) -> String {
    let minutes = length.as_secs() / 60;
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes}m"),
        (hours, 0) => format!("{hours}h"),
        (hours, minutes) => format!("{hours}h{minutes}m"),
    }
}
