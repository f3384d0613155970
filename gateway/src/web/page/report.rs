//! *Report what you see*: three questions with pictures, where it is, and no more. It is no call for help, and says so
//! first.

use super::Ink;
use super::form::{self, Filled, beside};
use super::frame::{self, Site};
use super::word::Word;
use crate::alert::words;
use crate::web::outreach::sight::{Choice, Picture, SIGHTS, Sight};
use bongsu_rules::hazard;
use maud::{Markup, html};

/// A person from the front, on 40 by 64 units.
const PERSON: &str =
    "M20 2a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM12 15h16l3 20h-4l-2-11v38h-4V40h-2v22h-4V24l-2 11H9z";

/// The page.
pub fn page(ink: &Ink<'_>, filled: &Filled) -> Markup {
    let say = |word: Word| word.say(ink.language);
    let body = html! {
        h1 { (say(Word::REPORT)) }
        p.do { (say(Word::NO_RESCUE)) }
        p { (say(Word::REPORT_TEXT)) }
        (form::summary(ink, filled))
        svg.off aria-hidden="true" { symbol #man viewBox="0 0 40 64" { path d=(PERSON) fill="currentColor" {} } }
        form method="post" action={ (ink.shared.base_path()) "/api/v1/reports" } {
            (form::reading(ink))
            // Without a script every report is a device of its own.
            input type="hidden" name="device" value=(device());
            div #sight {
                (beside(ink, filled, "sight"))
                @for sight in SIGHTS { (question(ink, filled, sight)) }
            }
            (place(ink, filled))
            (danger(ink, filled))
            p { button.btn.main type="submit" { (say(Word::SEND)) } }
            p.mut { (say(Word::REPORT_KEPT)) }
        }
    };
    frame::page(ink, Site::Report, say(Word::REPORT), &body)
}

fn device() -> String {
    let bytes: [u8; 16] = rand::random();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn question(ink: &Ink<'_>, filled: &Filled, sight: &Sight) -> Markup {
    html! {
        fieldset aria-describedby=[filled.why("sight")] {
            legend { (ink.language.one(sight.words)) }
            div.tiles {
                @for choice in sight.choices {
                    @let value = format!("{}.{}", sight.name, choice.name);
                    label.tile {
                        input type="radio" name="sight" value=(value) checked[filled.has("sight", &value)];
                        (picture(choice))
                        span { (ink.language.one(choice.words)) }
                    }
                }
            }
        }
    }
}

fn picture(choice: &Choice) -> Markup {
    html! {
        svg viewBox="0 0 40 64" aria-hidden="true" {
            @match choice.picture {
                Picture::Water(top) => {
                    use href="#man" {}
                    path.wave d={ "M0 " (top) "q5-3 10 0t10 0 10 0 10 0V64H0z" } {}
                },
                Picture::Lines(lines) => path.lines d=(lines) {},
            }
        }
    }
}

fn place(ink: &Ink<'_>, filled: &Filled) -> Markup {
    let say = |word: Word| word.say(ink.language);
    html! {
        div.field {
            label for="area" { (say(Word::WHERE_SEEN)) }
            (beside(ink, filled, "area"))
            select #area name="area" required aria-invalid=[filled.is_wrong("area").then_some("true")] aria-describedby=[filled.why("area")] {
                option value="" { (say(Word::CHOOSE)) }
                @for (code, name) in form::areas(ink, false, filled, "area") {
                    option value=(code) selected[filled.has("area", &code)] { (name) }
                }
            }
        }
    }
}

fn danger(ink: &Ink<'_>, filled: &Filled) -> Markup {
    let dangers = hazard::ALL.iter().filter(|hazard| words::endangers(hazard.name));
    html! {
        div.field {
            label for="hazard" { (Word::WHAT_IT_IS.say(ink.language)) }
            (beside(ink, filled, "hazard"))
            select #hazard name="hazard" {
                option value="" { (Word::NOT_SURE.say(ink.language)) }
                @for hazard in dangers {
                    option value=(hazard.name) selected[filled.has("hazard", hazard.name)] { (words::hazard_word(hazard.name, ink.language)) }
                }
            }
        }
    }
}
