//! The page of one incident. Its address stays the same: first the danger, in the end the all-clear.

use super::Ink;
use super::chart;
use super::frame::{self, chip, class, moment};
use super::say::Word;
use super::series::{self, Span};
use super::situation::{issued, reasons};
use crate::web::journal::Said;
use maud::{Markup, html};
use std::sync::Arc;

/// Checks shown.
const REASONS: usize = 32;

/// Messages shown, the newest.
const MESSAGES: usize = 50;

/// The page of what was said of an incident, oldest first; `None` where nothing was.
pub async fn page(ink: &Ink<'_>, history: &[Arc<Said>]) -> Option<Markup> {
    let newest = history.last()?;
    let alert = issued(ink, newest)?;
    let series = series::of(ink.shared, ink.catalog.as_deref(), &newest.transition.incident, Span::Incident).await;
    let say = |word: Word| word.say(ink.language);
    let body = html! {
        p { a.btn href=(ink.link("/")) { "← " (say(Word::Back)) } }
        article class={ "card " (class(alert.level)) } {
            (chip(alert.level, ink.language))
            h1 { (alert.headline.get(ink.language)) }
            p.do { (alert.instruction.get(ink.language)) }
            p.mut {
                (say(Word::Since)) " " (moment(ink, alert.onset))
                @if let Some(sent) = alert.sent { " · " (say(Word::Updated)) " " (moment(ink, sent)) }
            }
            @if let Some(series) = series { (chart::figure(ink, &series)) }
            (reasons(ink, &alert, REASONS))
        }
        section aria-labelledby="t" {
            h2 #t { (say(Word::Timeline)) }
            ol.list reversed {
                @for said in history.iter().rev().take(MESSAGES) {
                    @if let Some(alert) = issued(ink, said) {
                        li {
                            (chip(alert.level, ink.language))
                            span { (alert.headline.get(ink.language)) }
                            @if let Some(sent) = alert.sent { (moment(ink, sent)) }
                        }
                    }
                }
            }
        }
    };
    Some(frame::page(ink, alert.headline.get(ink.language), &body))
}
