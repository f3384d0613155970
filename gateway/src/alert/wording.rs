//! Every text of a message in one language: what channels say, and what a person approves.

use super::cap::{is_retracted, zone};
use super::text::{Facts, LENGTHS, Unfilled, cut};
use super::words::Language;
use super::{place_of, refuge_of, said};
use bongsu_rules::incident::{Incident, Message, Status};
use bongsu_sensors::Catalog;
use serde::Serialize;

/// The texts of a message in one language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Wording {
    /// The danger in a line.
    pub headline: String,
    /// What to do.
    pub instruction: String,
    /// The texts of [`LENGTHS`].
    #[serde(skip)]
    pub limited: [String; 3],
    /// Everything.
    pub whole: String,
    /// In plain language.
    pub plain: String,
    /// To be read out.
    pub speech: String,
}

/// What the texts of a message tell in a language.
fn facts<'a>(
    sender: &'a str,
    link: &'a str,
    incident: &'a Incident,
    message: &Message,
    catalog: Option<&Catalog>,
    language: Language,
) -> Facts<'a> {
    let is_retracted = is_retracted(message);
    let own = incident.words.get(&message.level).filter(|_| !is_retracted);
    Facts {
        sender,
        hazard: &incident.hazard,
        level: message.level,
        is_retracted,
        own: own.and_then(|own| own.instruction.get(language.code())).map(String::as_str),
        refuge: refuge_of(incident, catalog, language),
        place: place_of(incident, catalog, language),
        at: message.sent.civil(&zone(catalog)),
        is_meant: incident.status == Status::Actual,
        link,
    }
}

impl Wording {
    /// The texts of a message.
    ///
    /// # Errors
    /// A text that lacks something: it must not be said.
    pub fn of(
        sender: &str,
        link: &str,
        incident: &Incident,
        message: &Message,
        catalog: Option<&Catalog>,
        language: Language,
    ) -> Result<Wording, Unfilled> {
        let facts = facts(sender, link, incident, message, catalog, language);
        let [short, medium, long] = LENGTHS.map(|limit| facts.within(limit, language));
        let (headline, instruction) = said(incident, message.level, facts.is_retracted, catalog, language);
        Ok(Wording {
            headline,
            instruction,
            limited: [short?, medium?, long?],
            whole: facts.whole(language)?,
            plain: facts.plain(language)?,
            speech: facts.speech(language)?,
        })
    }

    /// The same after a mark, no longer than before.
    pub fn after(self, mark: &str) -> Wording {
        let first = |text: String| format!("{mark}{text}");
        let mut limits = LENGTHS.into_iter();
        Wording {
            headline: first(self.headline),
            limited: self.limited.map(|text| cut(&first(text), limits.next().unwrap_or(usize::MAX))),
            whole: first(self.whole),
            plain: first(self.plain),
            speech: first(self.speech),
            ..self
        }
    }

    /// Each by its name.
    pub fn each(&self) -> [(String, &str); 8] {
        let [short, medium, long] = &self.limited;
        let [least, middle, most] = LENGTHS.map(|limit| format!("text_{limit}"));
        [
            ("headline".into(), &self.headline),
            ("instruction".into(), &self.instruction),
            (least, short),
            (middle, medium),
            (most, long),
            ("whole".into(), &self.whole),
            ("plain".into(), &self.plain),
            ("speech".into(), &self.speech),
        ]
    }
}
