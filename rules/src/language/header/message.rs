//! `[messages]`: what a rule says to people instead of the words that come with its hazard, by level and language.
//!
//! A text may name what it knows of the moment: [`PLACES`]. Nothing else is filled in, and a brace that stands for
//! itself is written twice.

use bongsu_sensors::Level;
use bongsu_sensors::catalog::Translations;
use bongsu_sensors::document::{FromNode, Node, Reader, Value, nearest};
use bongsu_sensors::mistake::Mistakes;
use std::collections::BTreeMap;

/// What stands in braces in a text, with what is put there.
pub const PLACES: [(&str, &str); 5] = [
    ("area", "the area's name"),
    ("station", "the station's name"),
    ("value", "the value of the first check that holds"),
    ("limit", "its limit"),
    ("unit", "its unit"),
];

/// Words of the weather agency and the flood control offices, which only they may say.
const RESERVED_FOR_AGENCIES: [&str; 4] = ["주의보", "경보", "특보", "속보"];

/// Longest text: the longest a cell broadcast of several pages carries.
const TEXT_LIMIT: usize = 600;

/// What a rule says at a level.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Words {
    /// What happens and where, in each language.
    pub headline: Translations,
    /// What to do, in each language; empty: what the hazard says.
    pub instruction: Translations,
}

impl Words {
    /// The words with what is known of the moment, asked for by place and language.
    pub fn filled(&self, word: impl Fn(&str, &str) -> String) -> Words {
        let fill_all = |texts: &Translations| {
            let filled = |(language, text): (&String, &String)| {
                let text = fill(text, |place| Some(word(place, language))).unwrap_or_else(|_| text.clone());
                (language.clone(), text)
            };
            texts.iter().map(filled).collect()
        };
        Words { headline: fill_all(&self.headline), instruction: fill_all(&self.instruction) }
    }
}

/// Reads `[messages]`: `watch = { headline = { ko = "…", en = "…" }, instruction = { … } }`.
pub(super) fn messages(reader: &Reader<'_>) -> BTreeMap<Level, Words> {
    let mut messages = BTreeMap::new();
    let Some(table) = reader.inner("messages") else { return messages };
    let mistakes = reader.mistakes();
    for (name, origin, node) in table.entries() {
        let level = match name.parse::<Level>() {
            Ok(level) => level,
            Err(wrong) => {
                mistakes.add(origin, wrong, "");
                continue;
            }
        };
        let Value::Table(spec) = &node.value else {
            let remedy = "write { headline = { ko = \"…\", en = \"…\" } }";
            mistakes.add(&node.origin, format!("message `{name}` is no table"), remedy);
            continue;
        };
        let spec = Reader::table(spec, node.origin.clone(), mistakes);
        let text = |key: &'static str| spec.node(key).map(|node| translations(key, node, mistakes));
        let (headline, instruction) = (text("headline"), text("instruction"));
        if headline.is_none() {
            spec.complain("`headline` is missing", "add headline = { ko = \"…\", en = \"…\" }");
        }
        spec.finish();
        let words = Words { headline: headline.unwrap_or_default(), instruction: instruction.unwrap_or_default() };
        messages.insert(level, words);
    }
    messages
}

fn translations(key: &str, node: &Node, mistakes: &Mistakes) -> Translations {
    let texts = Translations::from_node(node).unwrap_or_default();
    if !(texts.contains_key("ko") && texts.contains_key("en")) {
        let remedy = "write { ko = \"…\", en = \"…\" }";
        mistakes.add(&node.origin, format!("`{key}` lacks a language"), remedy);
    }
    for text in texts.values() {
        if let Some(word) = RESERVED_FOR_AGENCIES.iter().find(|word| text.contains(**word)) {
            let remedy = "say the danger and what to do in plain words";
            mistakes.add(&node.origin, format!("{word:?} is a word of the weather agency"), remedy);
        }
        if text.chars().count() > TEXT_LIMIT {
            let message = format!("`{key}` is longer than {TEXT_LIMIT} characters");
            mistakes.add(&node.origin, message, "say who, what, where and what to do");
        }
        if let Err(unknown) = fill(text, |place| PLACES.iter().any(|(known, _)| *known == place).then(String::new)) {
            let known: Vec<String> = PLACES.iter().map(|(place, _)| format!("{{{place}}}")).collect();
            let remedy = match nearest(&unknown, PLACES.iter().map(|(place, _)| *place)) {
                Some(near) => format!("did you mean {{{near}}}?"),
                None => format!("write {}, or a brace twice", known.join(", ")),
            };
            mistakes.add(&node.origin, format!("{{{unknown}}} stands for nothing"), remedy);
        }
    }
    texts
}

/// Puts words into the braces of a text.
///
/// # Errors
/// The name of a brace that stands for nothing.
pub fn fill(text: &str, word: impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        filled.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(brace) {
            filled.push_str(brace);
            rest = after;
        } else {
            let name = rest.split_once('}').filter(|_| brace == "{").map(|(name, _)| name);
            let name = name.ok_or_else(|| rest.chars().take(12).collect::<String>())?;
            filled.push_str(&word(name).ok_or_else(|| name.to_owned())?);
            rest = &rest[name.len() + 1..];
        }
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn braces_are_filled_and_doubled_ones_stand_for_themselves() {
        let word = |name: &str| (name == "area").then(|| "서초구".to_owned());
        assert_eq!(fill("{area} 하천 범람 위험", word).as_deref(), Ok("서초구 하천 범람 위험"));
        assert_eq!(fill("{{area}} {area}", word).as_deref(), Ok("{area} 서초구"));
        assert_eq!(fill("{aera}", word), Err("aera".to_owned()));
        assert_eq!(fill("{area", word), Err("area".to_owned()));
        assert_eq!(fill("}", word), Err(String::new()));
    }
}
