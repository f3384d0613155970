//! The header of a rule: TOML in `//!` lines. It is data, so that a form can show it, sliders can move it, and a
//! difference between two versions can be told without running anything.

mod hold;
mod input;
mod message;
mod param;

pub use hold::{Coincide, HoldSpec};
pub use input::{Feeders, InputSpec};
pub use message::{PLACES, Words, fill};
pub use param::{Param, Setting};

use crate::hazard;
use bongsu_sensors::Level;
use bongsu_sensors::catalog::Translations;
use bongsu_sensors::document::{FromNode, Located, Reader, Value, nearest, parse_part};
use bongsu_sensors::mistake::{Mistake, Mistakes, Source};
use bongsu_sensors::name::is_name;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// What a rule is evaluated for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Each station that has the inputs.
    Station,
    /// Each area in which a station has them.
    Area,
    /// The whole city at once.
    City,
}

/// Who may learn of what a rule finds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    /// Only operators.
    #[default]
    Operators,
    /// Everybody.
    Public,
}

/// What happens to a level once it is decided. Stricter is greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Release {
    /// It is issued at once.
    Auto,
    /// A person approves it.
    #[default]
    Propose,
    /// Two persons approve it. The city's policy says so, never a rule.
    TwoPerson,
    /// It is recorded and never shown.
    Shadow,
}

/// The header of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// Its identity.
    pub id: String,
    /// What it warns of.
    pub hazard: String,
    /// Its title in each language.
    pub title: Translations,
    /// What it is evaluated for.
    pub scope: Scope,
    /// It is evaluated at most this often.
    pub every: Duration,
    /// Who may learn of it.
    pub audience: Audience,
    /// Who answers for it, for the record of versions; empty: whoever put it in force.
    pub author: String,
    /// Nothing of it is ever shown, whatever `[release]` says: it is being tried.
    pub shadow: bool,
    /// Its inputs, in the order of the file.
    pub inputs: Vec<InputSpec>,
    /// Its parameters, in the order of the file.
    pub params: Vec<Param>,
    /// Confirmation and hysteresis.
    pub hold: HoldSpec,
    /// What happens to each level; a level not named is proposed.
    pub release: BTreeMap<Level, Release>,
    /// While one of these hazards stands in an area at its level or above, ours is recorded there and not said, unless
    /// it is higher.
    pub inhibit: BTreeMap<String, Level>,
    /// What it says to people instead of the hazard's own words, by level.
    pub messages: BTreeMap<Level, Words>,
    /// What its checks are called, by key and language.
    pub labels: BTreeMap<String, Translations>,
}

impl Header {
    /// What happens to a level once it is decided.
    pub fn release_of(&self, level: Level) -> Release {
        if self.shadow { Release::Shadow } else { self.release.get(&level).copied().unwrap_or_default() }
    }
}

/// Words that a body cannot use as names, because the language has them or a reader would take them for something else.
const RESERVED: [&str; 22] = [
    "check", "any", "all", "not", "raise", "let", "const", "if", "else", "switch", "default", "true", "false", "fn",
    "return", "throw", "try", "catch", "this", "is", "in", "new",
];

/// Reads the header of a rule; `None` where a mistake hides too much. Mistakes are added to the list. The second thing
/// is every name the header gives, also where the rest of its line is wrong: the body is judged by them all the same.
pub fn read(source: &Arc<Source>, mistakes: &Mistakes) -> (Option<Header>, Vec<String>) {
    let table = parse_part(source, &header_only(&source.text), mistakes);
    let reader = Reader::document(&table, source, mistakes);
    let id = reader.required_at::<String>("id").filter(|id| named(id, mistakes));
    let hazard = reader.required_at::<String>("hazard").filter(|hazard| known_hazard(hazard, mistakes));
    let title = reader.required::<Translations>("title");
    let scope = word(&reader, "scope", &[("station", Scope::Station), ("area", Scope::Area), ("city", Scope::City)]);
    if reader.node("scope").is_none() {
        reader.complain("`scope` is missing", "add scope = \"station\", \"area\" or \"city\"");
    }
    let every = reader.optional::<Duration>("every").unwrap_or_default();
    let audience = word(&reader, "audience", &[("operators", Audience::Operators), ("public", Audience::Public)])
        .unwrap_or_default();
    if let Some(hazard) = hazard.as_ref().filter(|known| audience == Audience::Public && hazard::is_inner(&known.value))
    {
        let wrong = format!("{:?} is for operators: citizens can do nothing about it", hazard.value);
        mistakes.add(&hazard.origin, wrong, "write audience = \"operators\", or another hazard");
    }
    let author = reader.optional::<String>("author").unwrap_or_default();
    let shadow = word(&reader, "mode", &[("live", false), ("shadow", true)]).unwrap_or_default();
    let inputs = input::inputs(&reader, scope);
    let params = param::params(&reader, &inputs);
    let named = ["inputs", "params"].map(|key| table.get(key).map(|node| &node.value));
    let names: Vec<String> = named
        .into_iter()
        .filter_map(|value| if let Some(Value::Table(table)) = value { Some(table) } else { None })
        .flat_map(|table| table.iter().map(|(name, ..)| name.to_owned()))
        .collect();
    let labels = labels(&reader);
    let hold = hold::hold(&reader, &inputs, &names, &labels);
    let release = release(&reader);
    let inhibit = inhibit(&reader);
    let messages = message::messages(&reader);
    if names.is_empty() {
        reader.complain("a rule without inputs", "add [inputs] with a line such as stage = { kind = \"river_stage\" }");
    } else if scope == Some(Scope::Station)
        && !inputs.is_empty()
        && mistakes.is_empty()
        && inputs.iter().all(|input| input.optional)
    {
        reader.complain("every input is optional", "a rule needs one input that it cannot do without");
    }
    reader.finish();
    let complete = id.zip(hazard).zip(title.zip(scope));
    let header = complete.map(|((id, hazard), (title, scope))| Header {
        id: id.value,
        hazard: hazard.value,
        title,
        scope,
        every,
        audience,
        author,
        shadow,
        inputs,
        params,
        hold,
        release,
        inhibit,
        messages,
        labels,
    });
    (header, names)
}

/// The text with everything but the header's TOML blanked out, byte for byte in place.
pub(super) fn header_only(text: &str) -> String {
    let mut blanked = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        match line.strip_prefix("//!") {
            Some(toml) => {
                blanked.push_str("   ");
                blanked.push_str(toml);
            }
            None => blanked.extend(line.bytes().map(|b| if b == b'\n' { '\n' } else { ' ' })),
        }
    }
    blanked
}

fn named(id: &Located<String>, mistakes: &Mistakes) -> bool {
    let good = is_name(&id.value);
    if !good {
        let remedy = "use up to 64 ASCII letters, digits, `-` and `_`, beginning with a letter or digit";
        mistakes.add(&id.origin, format!("{:?} cannot name a rule", id.value), remedy);
    }
    good
}

pub(super) fn known_hazard(hazard: &Located<String>, mistakes: &Mistakes) -> bool {
    let good = hazard::named(&hazard.value).is_some();
    if !good {
        let known: Vec<&str> = hazard::ALL.iter().map(|hazard| hazard.name).collect();
        let remedy = match nearest(&hazard.value, known.iter().copied()) {
            Some(near) => format!("did you mean {near:?}?"),
            None => format!("known hazards: {}", known.join(", ")),
        };
        mistakes.add(&hazard.origin, format!("unknown hazard {:?}", hazard.value), remedy);
    }
    good
}

/// One word of a few.
fn word<T: Copy>(reader: &Reader<'_>, key: &'static str, words: &[(&str, T)]) -> Option<T> {
    let found = reader.located::<String>(key)?;
    let word = words.iter().find(|(name, _)| *name == found.value);
    if word.is_none() {
        let known: Vec<String> = words.iter().map(|(name, _)| format!("{name:?}")).collect();
        reader.mistakes().add(
            &found.origin,
            format!("`{key}` is {:?}", found.value),
            format!("write {}", known.join(" or ")),
        );
    }
    word.map(|(_, value)| *value)
}

fn release(reader: &Reader<'_>) -> BTreeMap<Level, Release> {
    let mut release = BTreeMap::new();
    let Some(table) = reader.inner("release") else { return release };
    for (name, origin, node) in table.entries() {
        let word = match String::from_node(node).as_deref() {
            Ok("auto") => Some(Release::Auto),
            Ok("propose") => Some(Release::Propose),
            Ok("shadow") => Some(Release::Shadow),
            _ => None,
        };
        match (name.parse::<Level>(), word) {
            (Ok(level), Some(word)) => {
                release.insert(level, word);
            }
            (Err(wrong), _) => reader.mistakes().add(origin, wrong, ""),
            _ => reader.mistakes().add(&node.origin, "no release", "write \"auto\", \"propose\" or \"shadow\""),
        }
    }
    release
}

/// `[inhibit]`: hazards and levels, such as `river_flood = "warning"`.
fn inhibit(reader: &Reader<'_>) -> BTreeMap<String, Level> {
    let mut inhibit = BTreeMap::new();
    let Some(table) = reader.inner("inhibit") else { return inhibit };
    for (name, origin, node) in table.entries() {
        let hazard = Located { value: name.to_owned(), origin: origin.clone() };
        let level = String::from_node(node).and_then(|level| level.parse::<Level>());
        match level {
            Ok(level) if level != Level::None && known_hazard(&hazard, reader.mistakes()) => {
                inhibit.insert(hazard.value, level);
            }
            Ok(level) if level != Level::None => {}
            _ => reader.mistakes().add(&node.origin, "no level", "write \"watch\", \"warning\" or another level"),
        }
    }
    inhibit
}

fn labels(reader: &Reader<'_>) -> BTreeMap<String, Translations> {
    let mut labels = BTreeMap::new();
    let Some(table) = reader.inner("labels") else { return labels };
    for (key, _, node) in table.entries() {
        match Translations::from_node(node) {
            Ok(texts) if texts.contains_key("ko") && texts.contains_key("en") => {
                labels.insert(key.to_owned(), texts);
            }
            _ => reader.mistakes().extend([Mistake::new(
                &node.origin,
                format!("label `{key}` lacks a language"),
                "write { ko = \"…\", en = \"…\" }",
            )]),
        }
    }
    labels
}
