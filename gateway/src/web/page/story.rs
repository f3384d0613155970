//! The page of one incident. Its address stays the same: first the danger, in the end the all-clear.

use super::Ink;
use super::chart;
use super::frame::{self, Site, class, moment, sign};
use super::series::{self, Span};
use super::situation::{issued, reasons};
use super::word::Word;
use crate::alert::{self, Alert, words};
use crate::web::journal::Said;
use bongsu_rules::incident::RENEWED_AFTER;
use bongsu_sensors::Level;
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
        article class={ "card " (class(alert.level)) } {
            p.from {
                (say(Word::SENDER)) " " strong { (ink.shared.settings.sender_name) }
                @if let Some(sent) = alert.sent { " · " (moment(ink, sent)) }
            }
            (sign(&alert, ink.language))
            h1 { (alert.headline.get(ink.language)) }
            (facts(ink, &alert))
            @if alert.level > Level::None { (acts(ink, &alert)) }
            @if let Some(series) = series { (chart::figure(ink, &series, alert.level > Level::None)) }
            (reasons(ink, &alert, REASONS))
        }
        section aria-labelledby="t" {
            h2 #t { (say(Word::TIMELINE)) }
            ol.list reversed {
                @for said in history.iter().rev().take(MESSAGES) {
                    @if let Some(alert) = issued(ink, said) {
                        li {
                            (sign(&alert, ink.language))
                            span { (alert.headline.get(ink.language)) }
                            @if let Some(sent) = alert.sent { (moment(ink, sent)) }
                        }
                    }
                }
            }
        }
    };
    Some(frame::page(ink, Site::Alert, alert.headline.get(ink.language), &body))
}

/// What a reader wants to know, in the order in which it matters.
fn facts(ink: &Ink<'_>, alert: &Alert<'_>) -> Markup {
    let say = |word: Word| word.say(ink.language);
    let catalog = ink.catalog.as_deref();
    let next = alert.sent.filter(|_| alert.level > Level::None).map(|sent| sent + RENEWED_AFTER);
    html! {
        p.do { (alert.instruction.get(ink.language)) }
        dl {
            dt { (say(Word::WHAT)) } dd { (words::hazard_word(alert.hazard, ink.language)) }
            dt { (say(Word::WHERE)) } dd { (alert::area_name(catalog, alert.area, ink.language)) }
            dt { (say(Word::SINCE)) } dd { (moment(ink, alert.onset)) }
            @if let Some(next) = next { dt { (say(Word::NEXT)) } dd { (say(Word::AT_LATEST)) " " (moment(ink, next)) } }
        }
    }
}

/// What a reader may do besides what is advised.
fn acts(ink: &Ink<'_>, alert: &Alert<'_>) -> Markup {
    html! {
        p.acts {
            a.btn href={ (ink.link("/report")) "&area=" (alert.area) "&hazard=" (alert.hazard) } { (Word::REPORT.say(ink.language)) }
            a.btn href={ (ink.link("/subscribe")) "&area=" (alert.area) } { (Word::SUBSCRIBE.say(ink.language)) }
        }
    }
}
