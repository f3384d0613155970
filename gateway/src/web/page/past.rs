//! What was issued, newest first, and where to get it as it is issued.

use super::Ink;
use super::frame::{self, Site, moment, sign};
use super::situation::issued;
use super::word::Word;
use crate::web::journal::Said;
use crate::web::problem::Problem;
use maud::{Markup, html};
use std::sync::Arc;

/// Messages on a page.
const MESSAGES: usize = 50;

/// Where the same is for machines: path, and its word.
const FEEDS: [(&str, Word); 5] = [
    ("/feed.atom", Word::FEED_ATOM),
    ("/events", Word::FEED_EVENTS),
    ("/api/v1/alerts", Word::FEED_ALERTS),
    ("/api/v1/stations", Word::FEED_STATIONS),
    ("/api/v1/areas", Word::FEED_AREAS),
];

/// The page of what was issued before a transition; without one, of the newest.
///
/// # Errors
/// The store cannot be read.
pub async fn page(ink: &Ink<'_>, before: Option<i64>) -> Result<Markup, Problem> {
    let before = before.unwrap_or(i64::MAX);
    let read = ink.shared.readers.read(move |reader| reader.issued_before(before, MESSAGES)).await?;
    let oldest = read.last().filter(|_| read.len() == MESSAGES).map(|(id, _)| *id);
    let said: Vec<Arc<Said>> = read.into_iter().map(|(id, transition)| Arc::new(Said::new(id, transition))).collect();
    let say = |word: Word| word.say(ink.language);
    let base = ink.shared.base_path();
    let alerts: Vec<Markup> = said.iter().filter_map(|said| line(ink, said)).collect();
    let body = html! {
        h1 { (say(Word::HISTORY)) }
        section aria-labelledby="i" {
            h2 #i { (say(Word::ISSUED)) }
            @if alerts.is_empty() { p { (say(Word::NONE_ISSUED)) } }
            ol.list { @for alert in &alerts { (alert) } }
            @if let Some(oldest) = oldest {
                p { a.btn href={ (ink.link("/history")) "&before=" (oldest) } { (say(Word::OLDER)) " →" } }
            }
        }
        section aria-labelledby="f" {
            h2 #f { (say(Word::FEEDS)) }
            ul.list { @for (path, word) in FEEDS { li { a href={ (base) (path) } { (say(word)) } code { (path) } } } }
        }
    };
    Ok(frame::page(ink, Site::History, say(Word::HISTORY), &body))
}

fn line(ink: &Ink<'_>, said: &Said) -> Option<Markup> {
    let alert = issued(ink, said)?;
    Some(html! {
        li {
            (sign(&alert, ink.language))
            a href=(ink.link(&format!("/alerts/{}", alert.incident))) { (alert.headline.get(ink.language)) }
            @if let Some(sent) = alert.sent { (moment(ink, sent)) }
        }
    })
}
