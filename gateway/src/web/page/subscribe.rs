//! *Subscribe*: where, from how bad on, and how to be told. Only ways that this city offers are shown.

use super::Ink;
use super::form::{self, Filled, beside};
use super::frame::{self, Site, chip};
use super::word::Word;
use crate::alert::words;
use bongsu_rules::hazard;
use bongsu_sensors::Level;
use maud::{Markup, html};

/// From which danger on one may be told; the one in the middle is what most want.
const LEVELS: [Level; 3] = [Level::Advisory, Level::Watch, Level::Warning];
const USUAL: Level = Level::Watch;

/// The page.
pub fn page(ink: &Ink<'_>, filled: &Filled) -> Markup {
    let say = |word: Word| word.say(ink.language);
    let office = ink.shared.office();
    let sends_mail = office.as_ref().is_some_and(|office| office.sends_mail());
    let pushes = office.as_ref().is_some_and(|office| office.push_key().is_some());
    let base = ink.shared.base_path();
    let body = html! {
        h1 { (say(Word::SUBSCRIBE)) }
        p { (say(Word::SUBSCRIBE_TEXT)) }
        (form::summary(ink, filled))
        @if sends_mail || pushes {
            form #wish method="post" action={ (base) "/api/v1/subscriptions" } {
                (form::reading(ink))
                input type="hidden" name="channel" value="email";
                (where_to_hear(ink, filled))
                (how_bad(ink, filled))
                (which(ink, filled))
                @if sends_mail { (by_mail(ink, filled)) }
                @if pushes { (on_this_device(ink)) }
            }
        } @else {
            p.do { (say(Word::NO_WAY)) }
        }
        section aria-labelledby="other" {
            h2 #other { (say(Word::OTHER_WAYS)) }
            ul.list {
                li { a href={ (base) "/feed.atom?lang=" (ink.language.code()) } { (say(Word::FEED_ATOM)) } }
                li { a href=(ink.link("/history")) { (say(Word::HISTORY)) } }
            }
        }
    };
    frame::page(ink, Site::Subscribe, say(Word::SUBSCRIBE), &body)
}

fn where_to_hear(ink: &Ink<'_>, filled: &Filled) -> Markup {
    html! {
        fieldset #areas aria-describedby=[filled.why("areas")] {
            legend { (Word::WHERE_TO_HEAR.say(ink.language)) }
            p.mut { (Word::NONE_IS_ALL.say(ink.language)) }
            (beside(ink, filled, "areas"))
            div.pick {
                @for (code, name) in form::areas(ink, true, filled, "areas") {
                    label { input type="checkbox" name="areas" value=(code) checked[filled.has("areas", &code)]; (name) }
                }
            }
        }
    }
}

fn how_bad(ink: &Ink<'_>, filled: &Filled) -> Markup {
    let chosen = LEVELS.into_iter().find(|level| filled.has("level", level.name())).unwrap_or(USUAL);
    html! {
        fieldset #level aria-describedby=[filled.why("level")] {
            legend { (Word::HOW_BAD.say(ink.language)) }
            (beside(ink, filled, "level"))
            div.pick.wide {
                @for level in LEVELS {
                    label {
                        input type="radio" name="level" value=(level.name()) checked[level == chosen];
                        // One piece, in which the words go under the chip where there is no room beside it.
                        span { (chip(level, ink.language)) " " (Word::AND_ABOVE.say(ink.language)) }
                    }
                }
            }
        }
    }
}

fn which(ink: &Ink<'_>, filled: &Filled) -> Markup {
    let dangers = || hazard::ALL.iter().filter(|hazard| words::endangers(hazard.name));
    let is_chosen = dangers().any(|hazard| filled.has("hazards", hazard.name));
    html! {
        details open[is_chosen || filled.is_wrong("hazards")] {
            summary { (Word::ONLY_SOME.say(ink.language)) }
            fieldset #hazards aria-describedby=[filled.why("hazards")] {
                legend { (Word::WHICH.say(ink.language)) }
                (beside(ink, filled, "hazards"))
                div.pick {
                    @for hazard in dangers() {
                        label {
                            input type="checkbox" name="hazards" value=(hazard.name) checked[filled.has("hazards", hazard.name)];
                            (words::hazard_word(hazard.name, ink.language))
                        }
                    }
                }
            }
        }
    }
}

fn by_mail(ink: &Ink<'_>, filled: &Filled) -> Markup {
    let say = |word: Word| word.say(ink.language);
    html! {
        section aria-labelledby="mail" {
            h2 #mail { (say(Word::BY_MAIL)) }
            label for="address" { (say(Word::ADDRESS)) }
            (beside(ink, filled, "address"))
            input #address name="address" type="email" autocomplete="email" required maxlength="254" value=(filled.text("address"))
                aria-invalid=[filled.is_wrong("address").then_some("true")] aria-describedby=[filled.why("address")];
            p.mut { (say(Word::MAIL_TEXT)) }
            p { button.btn.main type="submit" { (say(Word::SUBSCRIBE)) } }
        }
    }
}

/// Where the browser can be told: the script shows the buttons.
fn on_this_device(ink: &Ink<'_>) -> Markup {
    let say = |word: Word| word.say(ink.language);
    html! {
        section aria-labelledby="device" {
            h2 #device { (say(Word::ON_DEVICE)) }
            p #push-none { (say(Word::PUSH_NONE)) }
            div #push hidden data-on=(say(Word::PUSH_ON)) data-off=(say(Word::PUSH_OFF)) data-denied=(say(Word::PUSH_DENIED))
                data-failed=(say(Word::PUSH_FAILED)) {
                button.btn.main #push-begin type="button" { (say(Word::PUSH_BEGIN)) }
                button.btn #push-end type="button" hidden { (say(Word::PUSH_END)) }
                p #status role="status" {}
            }
        }
    }
}
