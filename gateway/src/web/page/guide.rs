//! What to do, before it happens: each danger with the advice of each level, in the very words a warning has. A phone
//! that has opened this page keeps it for when there is no network.

use super::Ink;
use super::frame::{self, Site, chip};
use super::word::Word;
use crate::alert::words;
use bongsu_rules::hazard;
use bongsu_sensors::Level;
use maud::{Markup, html};

/// The levels whose advice differs.
const STEPS: [Level; 3] = [Level::Advisory, Level::Watch, Level::Warning];

/// The page.
pub fn page(ink: &Ink<'_>) -> Markup {
    let language = ink.language;
    let dangers = hazard::ALL.iter().filter(|hazard| words::endangers(hazard.name));
    let body = html! {
        h1 { (Word::GUIDE.say(language)) }
        p.do { (Word::EMERGENCY.say(language)) }
        p.mut { (Word::OFFLINE.say(language)) }
        @for hazard in dangers {
            section aria-labelledby=(hazard.name) {
                h2 id=(hazard.name) { (words::hazard_word(hazard.name, language)) }
                ul.list {
                    @for level in STEPS {
                        li { (chip(level, language)) span { (words::instruction(hazard.name, level, language, true)) } }
                    }
                }
            }
        }
    };
    frame::page(ink, Site::Guide, Word::GUIDE.say(language), &body)
}
