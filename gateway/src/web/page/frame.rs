//! What stands around every page: who speaks, in which language, whether it is an exercise, whether it is current.

use super::Ink;
use super::say::{self, Word};
use crate::alert::words::{self, Language};
use axum::http::HeaderValue;
use bongsu_rules::incident::Status;
use bongsu_sensors::{Level, Time};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

/// The style of all pages, inline so that the first page is one request.
const STYLE: &str = include_str!("style.css");

/// How often a page reloads itself whose reader asked for it, seconds.
const RELOAD_SECONDS: u8 = 15;

/// Nothing is loaded and nothing runs; the one style is known by its hash.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        base64(&Sha256::digest(STYLE))
    );
    // Letters, digits and punctuation are always a header.
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

/// The content security policy of the pages.
pub fn policy() -> HeaderValue {
    POLICY.clone()
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits = three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= three.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

/// A page.
pub fn page(ink: &Ink<'_>, title: &str, body: &Markup) -> Markup {
    let (shared, language) = (ink.shared, ink.language);
    let sender = shared.settings.sender_name.as_str();
    let is_exercise = shared.settings.status != Status::Actual;
    let mark = if is_exercise { words::exercise_mark(language) } else { "" };
    html! {
        (DOCTYPE)
        html lang=(language.code()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width,initial-scale=1";
                @if ink.live { meta http-equiv="refresh" content=(RELOAD_SECONDS); }
                title { (mark) (title) " · " (sender) }
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body {
                (shapes())
                a.skip href="#main" { (Word::Skip.say(language)) }
                @if is_exercise { div.band.ex { (Word::Exercise.say(language)) } }
                header {
                    span.who { (sender) }
                    (languages(ink))
                }
                main #main {
                    (freshness(ink))
                    (body)
                }
                footer {
                    p { (Word::Data.say(language)) ": "
                        a href={ (shared.base_path()) "/api/v1/alerts" } { "/api/v1/alerts" } " · "
                        a href={ (shared.base_path()) "/events" } { "/events" }
                    }
                }
            }
        }
    }
}

fn languages(ink: &Ink<'_>) -> Markup {
    let known = ink.shared.languages();
    html! {
        @if known.len() > 1 {
            nav aria-label=(Word::Languages.say(ink.language)) {
                @for language in known {
                    @if language == ink.language {
                        span lang=(language.code()) aria-current="true" { (say::own_name(language)) }
                    } @else {
                        a lang=(language.code()) hreflang=(language.code()) href=(in_language(ink, language)) {
                            (say::own_name(language))
                        }
                    }
                }
            }
        }
    }
}

fn in_language(ink: &Ink<'_>, language: Language) -> String {
    let live = if ink.live { "&live=1" } else { "" };
    format!("{}{}?lang={}{live}", ink.shared.base_path(), ink.path, language.code())
}

/// What must be known before anything is believed. A page without scripts cannot hear that it has become old, so it
/// says by itself, a minute after it was made, that it has.
fn freshness(ink: &Ink<'_>) -> Markup {
    let pulse = ink.shared.pulse();
    let say = |word: Word| word.say(ink.language);
    html! {
        @if !pulse.is_current() { div.band.old role="alert" { (say(Word::NotCurrent)) } }
        div.band.old.late { (say(Word::Late)) " " a.btn href=(ink.link(&ink.path)) { (say(Word::Reload)) } }
        p.mut.tools {
            @if pulse.now == Time::default() { (say(Word::NoData)) }
            @else {
                (say(Word::AsOf)) " " (moment(ink, pulse.now))
                @if let Some(commit) = pulse.last_commit { " · " (say(Word::LastCommit)) " " (moment(ink, commit)) }
            }
            " "
            @if ink.live {
                a.btn href={ (ink.shared.base_path()) (ink.path) "?lang=" (ink.language.code()) } { (say(Word::Unfollow)) }
            } @else {
                a.btn href={ (ink.link(&ink.path)) "&live=1" } { (say(Word::Follow)) }
            }
        }
    }
}

/// A moment, for people and for machines.
pub fn moment(ink: &Ink<'_>, time: Time) -> Markup {
    html! { time datetime=(time.to_string()) { (ink.moment(time)) } }
}

/// The shape of each level, drawn once in a page and referred to by its chips.
const SHAPES: [(Level, &str); 4] = [
    (Level::Advisory, "M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20zm-1.4 4h2.8v2.6h-2.8zm0 4.4h2.8V18h-2.8z"),
    (Level::Watch, "M12 2 1 21.5h22zm-1.3 7h2.6v6h-2.6zm0 7.4h2.6V19h-2.6z"),
    (Level::Warning, "M12 .8 23.2 12 12 23.2.8 12zm-1.4 5.7v7h2.8v-7zm0 8.6v2.6h2.8v-2.6z"),
    (Level::Emergency, "M7.4 1h9.2L23 7.4v9.2L16.6 23H7.4L1 16.6V7.4zm3.2 4.5v8h2.8v-8zm0 10v3h2.8v-3z"),
];

fn shapes() -> Markup {
    html! {
        svg.off aria-hidden="true" {
            @for (level, shape) in SHAPES {
                symbol id=(class(level)) viewBox="0 0 24 24" { path d=(shape) fill-rule="evenodd" {} }
            }
        }
    }
}

/// A level as colour, shape and words: any one of the three is enough.
pub fn chip(level: Level, language: Language) -> Markup {
    html! {
        @if level > Level::None {
            span class={ "chip " (class(level)) } {
                svg aria-hidden="true" { use href={ "#" (class(level)) } {} }
                (words::level_word(level, language))
            }
        }
    }
}

/// The class that gives a level's colour.
pub fn class(level: Level) -> &'static str {
    match level {
        Level::None => "l0",
        Level::Advisory => "l1",
        Level::Watch => "l2",
        Level::Warning => "l3",
        Level::Emergency => "l4",
    }
}

/// Instead of a page: there is none, or it cannot be made now.
pub fn problem(ink: &Ink<'_>, is_missing: bool) -> Markup {
    let word = if is_missing { Word::Missing } else { Word::Broken };
    let text = word.say(ink.language);
    let body = html! {
        h1 { (text) }
        p { a.btn href=(ink.link("/")) { (Word::Back.say(ink.language)) } }
    };
    page(ink, text, &body)
}

#[cfg(test)]
mod tests {
    #[test]
    fn base64_as_everybody_writes_it() {
        assert_eq!(super::base64(b"Man"), "TWFu");
        assert_eq!(super::base64(b"Ma"), "TWE=");
        assert_eq!(super::base64(b"M"), "TQ==");
        assert_eq!(super::base64(&[0xff, 0xfe, 0xfd, 0xfc]), "//79/A==");
    }
}
