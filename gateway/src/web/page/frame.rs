//! What stands around every page: who speaks, in which language, whether it is an exercise, whether it is current.

use super::word::Word;
use super::{Ink, Reader, say};
use crate::alert::Alert;
use crate::alert::words::{self, Language};
use axum::http::HeaderValue;
use bongsu_rules::incident::Status;
use bongsu_sensors::{Level, Time};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

/// The style of all pages, inline so that the first page is one request.
const STYLE: &str = include_str!("style.css");

/// What only forms need besides: the first page weighs as little as it can.
const FORM_STYLE: &str = include_str!("form.css");

/// How often a page reloads itself whose reader asked for it, seconds.
const RELOAD_SECONDS: u8 = 15;

/// What runs and what is asked for comes from this site alone; styles are known by their hashes.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}' 'sha256-{}'; script-src 'self'; worker-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        base64(&Sha256::digest(STYLE)),
        base64(&Sha256::digest(FORM_STYLE))
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

/// The pages of the site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Site {
    Now,
    Near,
    Guide,
    Subscribe,
    Report,
    History,
    Accessibility,
    /// The sign-in screen of a WiFi: nothing to wander off to.
    Portal,
    /// One alert.
    Alert,
    /// What follows a form, or is shown instead of a page.
    Other,
}

impl Site {
    /// Whether what stands there grows old within a minute.
    const fn is_about_now(self) -> bool {
        matches!(self, Site::Now | Site::Near | Site::Portal | Site::Alert)
    }

    /// The script that adds to it.
    const fn script(self) -> Option<&'static str> {
        match self {
            Site::Near | Site::Guide => Some("/page.js"),
            Site::Subscribe | Site::Report => Some("/form.js"),
            _ => None,
        }
    }
}

/// What every page leads to, in this order.
const LINKS: [(Site, &str, Word); 6] = [
    (Site::Now, "/", Word::NOW),
    (Site::Near, "/near", Word::NEAR),
    (Site::Guide, "/guide", Word::GUIDE),
    (Site::Subscribe, "/subscribe", Word::SUBSCRIBE),
    (Site::Report, "/report", Word::REPORT),
    (Site::History, "/history", Word::HISTORY),
];

/// A page.
pub fn page(ink: &Ink<'_>, site: Site, title: &str, body: &Markup) -> Markup {
    let (shared, language) = (ink.shared, ink.language);
    let sender = shared.settings.sender_name.as_str();
    let is_exercise = shared.settings.status != Status::Actual;
    let mark = if is_exercise { words::exercise_mark(language) } else { "" };
    html! {
        (DOCTYPE)
        html lang=(language.code()) class=[ink.reader.large.then_some("large")] {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width,initial-scale=1";
                @if ink.reader.live { meta http-equiv="refresh" content=(RELOAD_SECONDS); }
                title { (mark) (title) " · " (sender) }
                link rel="icon" href="data:,";
                link rel="alternate" type="application/atom+xml" href={ (shared.base_path()) "/feed.atom?lang=" (language.code()) };
                style { (PreEscaped(STYLE)) }
                @if matches!(site, Site::Subscribe | Site::Report) { style { (PreEscaped(FORM_STYLE)) } }
                @if let Some(script) = site.script() { script src={ (shared.base_path()) (script) } defer {} }
            }
            body {
                (shapes())
                a.skip href="#main" { (Word::SKIP.say(language)) }
                @if is_exercise {
                    section.band.ex aria-label=(Word::EXERCISE.say(language)) { (Word::EXERCISE.say(language)) }
                }
                header {
                    span.who { (sender) }
                    (languages(ink))
                }
                @if site != Site::Portal { (links(ink, site)) }
                main #main {
                    @if site.is_about_now() { (freshness(ink)) }
                    (body)
                }
                footer {
                    p {
                        a href=(ink.link("/accessibility")) aria-current=[(site == Site::Accessibility).then_some("page")] {
                            (Word::ACCESS.say(language))
                        }
                    }
                }
            }
        }
    }
}

/// The way to the other pages.
fn links(ink: &Ink<'_>, site: Site) -> Markup {
    html! {
        nav.site aria-label=(Word::SITE.say(ink.language)) {
            @for (other, path, word) in LINKS {
                a href=(ink.link(path)) aria-current=[(other == site).then_some("page")] { (word.say(ink.language)) }
            }
        }
    }
}

fn languages(ink: &Ink<'_>) -> Markup {
    let known = ink.shared.languages();
    let (text, large) = (if ink.reader.large { Word::NORMAL } else { Word::LARGE }, !ink.reader.large);
    html! {
        nav aria-label=(Word::LANGUAGES.say(ink.language)) {
            @for language in known.iter().copied().filter(|_| known.len() > 1) {
                @if language == ink.language {
                    span lang=(language.code()) aria-current="true" { (say::own_name(language)) }
                } @else {
                    a lang=(language.code()) hreflang=(language.code()) href=(ink.address(&ink.path, Reader { language, ..ink.reader })) {
                        (say::own_name(language))
                    }
                }
            }
            a href=(ink.address(&ink.path, Reader { large, ..ink.reader })) { (text.say(ink.language)) }
        }
    }
}

/// What must be known before anything is believed. A page without scripts cannot hear that it has become old, so it
/// says by itself, a minute after it was made, that it has.
fn freshness(ink: &Ink<'_>) -> Markup {
    let pulse = ink.shared.pulse();
    let say = |word: Word| word.say(ink.language);
    html! {
        @if !pulse.is_current() { div.band.old role="alert" { (say(Word::NOT_CURRENT)) } }
        div.band.old.late { (say(Word::LATE)) " " a.btn href=(ink.link(&ink.path)) { (say(Word::RELOAD)) } }
        p.mut.tools {
            @if pulse.now == Time::default() { (say(Word::NO_DATA)) }
            @else {
                (say(Word::AS_OF)) " " (moment(ink, pulse.now))
                @if let Some(commit) = pulse.last_commit { " · " (say(Word::LAST_COMMIT)) " " (moment(ink, commit)) }
            }
            " "
            @let live = !ink.reader.live;
            a.btn href=(ink.address(&ink.path, Reader { live, ..ink.reader })) { (say(if live { Word::FOLLOW } else { Word::UNFOLLOW })) }
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

/// How an alert stands: how bad it is, that it is over, or that it was taken back.
pub fn sign(alert: &Alert<'_>, language: Language) -> Markup {
    let (sign, word) = match alert.state {
        "cancelled" => ("✕", words::withdrawn(language)),
        _ => ("✓", Word::OVER.say(language)),
    };
    html! {
        @if alert.level > Level::None { (chip(alert.level, language)) }
        @else { span.chip.l0 { span aria-hidden="true" { (sign) } (word) } }
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
    let word = if is_missing { Word::MISSING } else { Word::BROKEN };
    let text = word.say(ink.language);
    let body = html! {
        h1 { (text) }
        p { a.btn href=(ink.link("/")) { (Word::BACK.say(ink.language)) } }
    };
    page(ink, Site::Other, text, &body)
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
