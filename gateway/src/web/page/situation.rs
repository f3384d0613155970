//! The first page: what is going on, where, and what to do.

use super::Ink;
use super::chart;
use super::frame::{self, Site, chip, class, moment, sign};
use super::say;
use super::series::{self, Series, Span};
use super::word::Word;
use crate::alert::{self, Alert, words};
use crate::web::journal::Said;
use bongsu_rules::incident::CITY;
use bongsu_sensors::catalog::{AreaIndex, AreaKind};
use bongsu_sensors::{Catalog, Level};
use maud::{Markup, html};
use std::sync::Arc;

/// Events shown in full; the others are a line each. A page is read on a telephone and weighs at most 30 KB.
const CARDS: usize = 5;

/// Events shown with a chart: those whose curve matters most.
const CHARTS: usize = 3;

/// Checks shown under an incident here; its own page shows all.
const REASONS: usize = 4;

/// Districts named in one of them.
const HEADLINES: usize = 6;

/// Lines of further incidents, of ended ones, and of districts.
const LINES: usize = 10;
const ENDED_LINES: usize = 6;
const DISTRICT_LINES: usize = 20;

/// Districts without an alert that are named.
const QUIET_NAMES: usize = 60;

/// The page.
pub async fn page(ink: &Ink<'_>) -> Markup {
    let shared = ink.shared;
    let said = shared.board().public(shared.pulse().now);
    let (live, ended): (Vec<_>, Vec<_>) = said.into_iter().partition(|said| level(said) > Level::None);
    let events = events(&live);
    let mut cards = Vec::with_capacity(CARDS);
    for (at, event) in events.iter().take(CARDS).enumerate() {
        let Some(first) = event.first().filter(|_| at < CHARTS) else {
            cards.push(card(ink, event, None));
            continue;
        };
        let series = series::of(shared, ink.catalog.as_deref(), &first.transition.incident, Span::Recent).await;
        cards.push(card(ink, event, series.as_deref()));
    }
    let others: Vec<Arc<Said>> = events.into_iter().skip(CARDS).flatten().collect();
    let say = |word: Word| word.say(ink.language);
    let body = html! {
        h1 { (say(Word::NOW)) }
        section aria-labelledby="a" {
            h2 #a { (say(Word::ALERTS)) @if !live.is_empty() { " (" (live.len()) ")" } }
            @if live.is_empty() {
                p { (if shared.pulse().is_current() { say(Word::NO_ALERTS) } else { say(Word::NOT_NOW) }) }
            }
            div.cards { @for card in cards { (card) } }
            (lines(ink, &others, LINES))
            p.acts {
                a.btn href=(ink.link("/subscribe")) { (say(Word::SUBSCRIBE)) }
                a.btn href=(ink.link("/report")) { (say(Word::REPORT)) }
            }
        }
        section aria-labelledby="d" { h2 #d { (say(Word::DISTRICTS)) } (districts(ink, &live)) }
        @if !ended.is_empty() {
            section aria-labelledby="e" { h2 #e { (say(Word::ENDED)) } (lines(ink, &ended, ENDED_LINES)) }
        }
    };
    frame::page(ink, Site::Now, say(Word::NOW), &body)
}

/// The level that was said.
pub fn level(said: &Said) -> Level {
    said.transition.message.as_ref().map_or(Level::None, |message| message.level)
}

/// The incidents of one event at one level stand together: the same water, the same advice, several districts.
fn events(live: &[Arc<Said>]) -> Vec<Vec<Arc<Said>>> {
    let mut events: Vec<Vec<Arc<Said>>> = Vec::new();
    let same = |one: &Said, other: &Said| {
        let (a, b) = (&one.transition.incident, &other.transition.incident);
        a.group == b.group && a.hazard == b.hazard && a.station == b.station && level(one) == level(other)
    };
    for said in live {
        match events.iter_mut().find(|event| event.first().is_some_and(|first| same(first, said))) {
            Some(event) => event.push(said.clone()),
            None => events.push(vec![said.clone()]),
        }
    }
    events
}

/// What is said of an incident in public.
pub fn issued<'a>(ink: &'a Ink<'_>, said: &'a Said) -> Option<Alert<'a>> {
    let message = said.public(ink.shared.settings.status)?;
    Some(alert::issued(&said.transition.incident, message, ink.shared.context(&ink.catalog)))
}

fn card(ink: &Ink<'_>, event: &[Arc<Said>], series: Option<&Series>) -> Markup {
    let Some(alert) = event.first().and_then(|said| issued(ink, said)) else { return html! {} };
    let say = |word: Word| word.say(ink.language);
    html! {
        article class={ "card " (class(alert.level)) } {
            (chip(alert.level, ink.language))
            @for alert in event.iter().take(HEADLINES).filter_map(|said| issued(ink, said)) {
                h3 { a href=(ink.link(&format!("/alerts/{}", alert.incident))) { (alert.headline.get(ink.language)) } }
            }
            @if event.len() > HEADLINES { p { "+ " (event.len() - HEADLINES) " " (say(Word::MORE)) } }
            p.do { (alert.instruction.get(ink.language)) }
            p.mut {
                (say(Word::SINCE)) " " (moment(ink, alert.onset))
                @if let Some(sent) = alert.sent && sent > alert.onset { " · " (say(Word::UPDATED)) " " (moment(ink, sent)) }
            }
            @if let Some(series) = series { (chart::figure(ink, series, alert.level > Level::None)) }
            (reasons(ink, &alert, REASONS))
        }
    }
}

/// What a part of a table is called where the style makes no table of it, as it does for large letters on a telephone: who
/// hears it hears a table all the same.
fn part_of(ink: &Ink<'_>, role: &'static str) -> Option<&'static str> {
    ink.reader.large.then_some(role)
}

/// The evidence as a table: what holds first.
pub fn reasons(ink: &Ink<'_>, alert: &Alert<'_>, limit: usize) -> Markup {
    let say = |word: Word| word.say(ink.language);
    let (hold, rest): (Vec<_>, Vec<_>) = alert.evidence.iter().partition(|reason| reason.result == "true");
    let shown = hold.into_iter().chain(rest).take(limit);
    let part = |role| part_of(ink, role);
    html! {
        @if !alert.evidence.is_empty() {
            details open[limit > REASONS] {
                summary { (say(Word::WHY)) }
                table role=[part("table")] {
                    thead role=[part("rowgroup")] { tr role=[part("row")] {
                        @for word in [Word::CHECK, Word::MEASURED, Word::LIMIT] {
                            th scope="col" role=[part("columnheader")] { (say(word)) }
                        }
                    } }
                    tbody role=[part("rowgroup")] { @for reason in shown { (row(ink, reason)) } }
                }
            }
        }
    }
}

fn row(ink: &Ink<'_>, reason: &alert::Reason<'_>) -> Markup {
    let say = |word: Word| word.say(ink.language);
    let station = reason.station.map(|station| alert::station_name(ink.catalog.as_deref(), station, ink.language));
    let result = match reason.result {
        "true" => Word::HOLDS,
        "false" => Word::HOLDS_NOT,
        _ => Word::NOT_KNOWN,
    };
    let part = |role| part_of(ink, role);
    let head = |word: Word| ink.reader.large.then(|| say(word));
    html! {
        tr role=[part("row")] {
            th scope="row" role=[part("rowheader")] {
                (say::plainly(alert::name_in(reason.label, ink.language, ""), ink.language))
                @if let Some(station) = station { br; span.mut { (station) } }
            }
            td role=[part("cell")] data-head=[head(Word::MEASURED)] {
                @match reason.value {
                    Some(value) => (say::quantity(value, reason.unit)),
                    // The reason stands beside the limit.
                    None => "–",
                }
            }
            td role=[part("cell")] data-head=[head(Word::LIMIT)] {
                @if let Some(limit) = reason.limit { (say::comparison(reason.op)) "\u{a0}" (say::quantity(limit, reason.unit)) br; }
                span.mut { (say(result)) }
            }
        }
    }
}

/// Incidents, a line each.
fn lines(ink: &Ink<'_>, said: &[Arc<Said>], limit: usize) -> Markup {
    let alerts = said.iter().take(limit).filter_map(|said| issued(ink, said));
    html! {
        @if !said.is_empty() {
            ul.list {
                @for alert in alerts {
                    li {
                        (sign(&alert, ink.language))
                        a href=(ink.link(&format!("/alerts/{}", alert.incident))) { (alert.headline.get(ink.language)) }
                        @if let Some(sent) = alert.sent { (moment(ink, sent)) }
                    }
                }
                @if said.len() > limit { li { "+ " (said.len() - limit) " " (Word::MORE.say(ink.language)) } }
            }
        }
    }
}

/// The districts: those with an alert by their highest level, the others by name.
fn districts(ink: &Ink<'_>, live: &[Arc<Said>]) -> Markup {
    let Some(catalog) = ink.catalog.as_deref() else { return html! {} };
    let mut highest: Vec<(Level, String)> = Vec::new();
    let mut quiet: Vec<String> = Vec::new();
    let city = live.iter().filter(|said| said.transition.incident.area == CITY).map(|said| level(said)).max();
    highest.extend(city.map(|level| (level, words::whole_city(ink.language).to_owned())));
    for area in shown_areas(catalog, live) {
        let name = &catalog.area(area).name;
        let name = alert::name_in(name, ink.language, catalog.area(area).code.as_str()).to_owned();
        let here = live.iter().filter(|said| {
            let inner = catalog.area_named(&said.transition.incident.area);
            inner.is_some_and(|inner| catalog.lies_in(inner, area))
        });
        match here.map(|said| level(said)).max() {
            Some(level) => highest.push((level, name)),
            None => quiet.push(name),
        }
    }
    highest.sort_by_key(|(level, _)| std::cmp::Reverse(*level));
    let word = if ink.shared.pulse().is_current() { Word::QUIET } else { Word::NOT_NOW };
    let (named, unnamed) = (quiet.len().min(QUIET_NAMES), quiet.len().saturating_sub(QUIET_NAMES));
    let more = |count: usize| format!(" + {count} {}", Word::MORE.say(ink.language));
    html! {
        ul.list {
            @for (level, name) in highest.iter().take(DISTRICT_LINES) { li { (chip(*level, ink.language)) (name) } }
            @if highest.len() > DISTRICT_LINES { li { (more(highest.len() - DISTRICT_LINES)) } }
            @if !quiet.is_empty() {
                li { span { strong { (word.say(ink.language)) } ": " (quiet[..named].join(", "))
                    @if unnamed > 0 { (more(unnamed)) } } }
            }
        }
    }
}

/// The districts of the city; all areas where it names none as such.
pub fn districts_of(catalog: &Catalog) -> Vec<AreaIndex> {
    let all = || (0..).take(catalog.areas.len()).map(AreaIndex);
    let is_district = |area: &AreaIndex| catalog.area(*area).kind == AreaKind::Sigungu;
    let districts: Vec<AreaIndex> = all().filter(is_district).collect();
    if districts.is_empty() {
        return all().filter(|area| catalog.area(*area).kind != AreaKind::Zone).collect();
    }
    districts
}

/// The districts, and any area beside them that has an alert.
fn shown_areas(catalog: &Catalog, live: &[Arc<Said>]) -> Vec<AreaIndex> {
    let mut shown = districts_of(catalog);
    for said in live {
        let Some(area) = catalog.area_named(&said.transition.incident.area) else { continue };
        if !shown.iter().any(|district| catalog.lies_in(area, *district)) {
            shown.push(area);
        }
    }
    shown
}
