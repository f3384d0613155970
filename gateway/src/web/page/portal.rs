//! For the sign-in screen of a public WiFi: the most dangerous of what is going on in a few lines, so that who only
//! wants a network learns of the flood first.

use super::Ink;
use super::frame::{self, Site, chip};
use super::situation::{issued, level};
use super::word::Word;
use bongsu_sensors::Level;
use maud::{Markup, html};

/// Alerts shown.
const SHOWN: usize = 3;

/// The page.
pub fn page(ink: &Ink<'_>) -> Markup {
    let shared = ink.shared;
    let said = shared.board().public(shared.pulse().now);
    let live: Vec<_> = said.into_iter().filter(|said| level(said) > Level::None).collect();
    let say = |word: Word| word.say(ink.language);
    let body = html! {
        h1 { (say(Word::ALERTS)) @if !live.is_empty() { " (" (live.len()) ")" } }
        @if live.is_empty() {
            p.do { (if shared.pulse().is_current() { say(Word::NO_ALERTS) } else { say(Word::NOT_NOW) }) }
        }
        @for alert in live.iter().take(SHOWN).filter_map(|said| issued(ink, said)) {
            article class={ "card " (frame::class(alert.level)) } {
                (chip(alert.level, ink.language))
                h2 { a href=(ink.link(&format!("/alerts/{}", alert.incident))) { (alert.headline.get(ink.language)) } }
                p.do { (alert.instruction.get(ink.language)) }
            }
        }
        p { a.btn href=(ink.link("/")) { (say(Word::BACK)) " →" } }
    };
    frame::page(ink, Site::Portal, say(Word::ALERTS), &body)
}
