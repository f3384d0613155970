//! What the forms are made of: what was typed before, which field cannot be taken and why, and the small page that
//! follows. Everything works without scripts; the script beside it adds what only the device can do.

use super::Ink;
use super::frame::{self, Site};
use super::situation::districts_of;
use super::word::Word;
use crate::alert;
use bongsu_sensors::catalog::{AreaIndex, AreaKind};
use maud::{Markup, html};
use std::collections::BTreeMap;

/// Areas a list names besides the districts; a larger city is told district by district.
const LISTED: usize = 200;

/// What of a form cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// A field.
    Field(&'static str),
    /// It was sent too often.
    TooOften,
    /// The city offers no such way.
    NoChannel,
    /// It cannot be stored now.
    Busy,
}

/// A form as it was filled in.
#[derive(Clone, Debug, Default)]
pub struct Filled {
    values: BTreeMap<String, Vec<String>>,
    wrong: Option<Wrong>,
}

impl Filled {
    /// A form that cannot be taken as it is.
    pub fn again(values: BTreeMap<String, Vec<String>>, wrong: Wrong) -> Filled {
        Filled { values, wrong: Some(wrong) }
    }

    /// A new form with what the link to it says.
    pub fn preset(values: &[(&str, Option<&str>)]) -> Filled {
        let known = values.iter().filter_map(|(key, value)| Some(((*key).to_owned(), vec![(*value)?.to_owned()])));
        Filled { values: known.collect(), wrong: None }
    }

    /// What stands in a field.
    pub fn text(&self, field: &str) -> &str {
        self.values.get(field).and_then(|values| values.first()).map_or("", String::as_str)
    }

    /// Whether this is chosen in a field.
    pub fn has(&self, field: &str, value: &str) -> bool {
        self.values.get(field).is_some_and(|values| values.iter().any(|known| known == value))
    }

    /// Whether a field cannot be taken.
    pub fn is_wrong(&self, field: &str) -> bool {
        matches!(self.wrong, Some(Wrong::Field(wrong)) if wrong == field)
    }

    /// The id of what says why a field cannot be taken.
    pub fn why(&self, field: &str) -> Option<String> {
        self.is_wrong(field).then(|| format!("wrong-{field}"))
    }
}

/// What is wrong with a field, in the words of somebody who helps.
const fn remedy(field: &str) -> Word {
    match field.as_bytes() {
        b"address" => Word::WRONG_ADDRESS,
        b"sight" => Word::WRONG_SIGHT,
        b"area" | b"areas" => Word::WRONG_AREA,
        _ => Word::WRONG_CHOICE,
    }
}

/// Beside a field: why it cannot be taken.
pub fn beside(ink: &Ink<'_>, filled: &Filled, field: &str) -> Markup {
    html! {
        @if let Some(id) = filled.why(field) {
            p.err id=(id) { span aria-hidden="true" { "⚠ " } (remedy(field).say(ink.language)) }
        }
    }
}

/// Above a form that comes back: what is wrong, with the way to it.
pub fn summary(ink: &Ink<'_>, filled: &Filled) -> Markup {
    let say = |word: Word| word.say(ink.language);
    html! {
        @if let Some(wrong) = filled.wrong {
            div.band.old role="alert" {
                @match wrong {
                    Wrong::Field(field) => { (say(Word::NOT_SENT)) " " a href={ "#" (field) } { (say(remedy(field))) } },
                    Wrong::TooOften => (say(Word::TOO_OFTEN)),
                    Wrong::NoChannel => (say(Word::NO_CHANNEL)),
                    Wrong::Busy => (say(Word::CANNOT_STORE)),
                }
            }
        }
    }
}

/// What a form carries along: how its reader reads.
pub fn reading(ink: &Ink<'_>) -> Markup {
    html! {
        input type="hidden" name="lang" value=(ink.language.code());
        @if ink.reader.large { input type="hidden" name="text" value="large"; }
    }
}

/// The areas a reader chooses from, by code and name: districts with what lies in them, and what was chosen already.
pub fn areas(ink: &Ink<'_>, only_districts: bool, filled: &Filled, field: &str) -> Vec<(String, String)> {
    let Some(catalog) = ink.catalog.as_deref() else { return Vec::new() };
    let is_short = catalog.areas.len() <= LISTED;
    let districts = districts_of(catalog);
    let mut shown: Vec<AreaIndex> = Vec::new();
    for district in &districts {
        shown.push(*district);
        let inner = (0..).take(catalog.areas.len()).map(AreaIndex).filter(|area| {
            area != district && catalog.area(*area).kind != AreaKind::Sido && catalog.lies_in(*area, *district)
        });
        shown.extend(inner.filter(|_| is_short && !only_districts));
    }
    let all = (0..).take(catalog.areas.len()).map(AreaIndex);
    let chosen = all.filter(|area| filled.has(field, catalog.area(*area).code.as_str()));
    for area in chosen {
        if !shown.contains(&area) {
            shown.push(area);
        }
    }
    let named = |area: AreaIndex| {
        let area = catalog.area(area);
        (area.code.to_string(), alert::name_in(&area.name, ink.language, area.code.as_str()).to_owned())
    };
    shown.into_iter().map(named).collect()
}

/// What follows a form: what happened, and perhaps a button that does the rest.
pub fn told(ink: &Ink<'_>, words: [&'static str; 4], button: Option<[&'static str; 4]>) -> Markup {
    let words = ink.language.one(words);
    let body = html! {
        h1 { (ink.shared.settings.sender_name) }
        p.do role="status" { (words) }
        @if let Some(button) = button {
            form method="post" { button.btn.main type="submit" { (ink.language.one(button)) } }
        }
        p { a.btn href=(ink.link("/")) { (Word::BACK.say(ink.language)) " →" } }
    };
    frame::page(ink, Site::Other, words, &body)
}
