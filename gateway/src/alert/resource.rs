//! Files that go with a message: sign language, sound, a map. What a message says in words does not reach everybody.

use super::words::Language;
use bongsu_rules::cap::Resource;
use bongsu_rules::incident::Incident;
use bongsu_sensors::Level;
use bongsu_sensors::document::Reader;

/// How one writes them.
pub const MANUAL: &str = r#"# Files that go with CAP messages, one table for each.
[[city.resource]]
# What it is, for people, and its media type.
description = "수어 영상: 하천 범람"
mime_type = "video/mp4"

# Where it is: https, or http in networks you trust. Its bytes, and their SHA-1 in hexadecimal, where you know them.
uri = "https://warning.example.city/sign/river_flood.mp4"
# size = 1_048_576
# digest = "da39a3ee5e6b4b0d3255bfef95601890afd80709"

# With which messages it goes: of these hazards (absent: all), from this level on, in this language (absent: in each).
hazards = ["river_flood"]
level = "watch"
# language = "ko"
"#;

/// A file, and the messages it goes with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    hazards: Vec<String>,
    level: Level,
    language: Option<Language>,
    resource: Resource,
}

/// Reads one table of the configuration; `None` where a mistake was told.
pub fn read(section: Reader<'_>) -> Option<Attachment> {
    let description: Option<String> = section.required("description");
    let mime_type = section.required_at::<String>("mime_type").filter(|typed| {
        let is_one = typed.value.split_once('/').is_some_and(|(a, b)| !a.is_empty() && !b.is_empty());
        if !is_one {
            let wrong = format!("{:?} is no media type", typed.value);
            section.mistakes().add(&typed.origin, wrong, "write it as \"video/mp4\"");
        }
        is_one
    });
    let uri = section.required_at::<String>("uri").filter(|typed| {
        let is_one = typed.value.parse::<hyper::Uri>().is_ok_and(|uri| uri.scheme().is_some() && uri.host().is_some());
        if !is_one {
            let wrong = format!("{:?} is no web address", typed.value);
            section.mistakes().add(&typed.origin, wrong, "write it as \"https://warning.example.city/sign.mp4\"");
        }
        is_one
    });
    let size = section.optional::<usize>("size").map(|size| size.to_string());
    let digest = section.optional::<String>("digest");
    let filter = crate::channel::webhook::filter(&section);
    let language = section.node("language").map(|_| crate::channel::webhook::language(&section));
    section.finish();
    let language = match language {
        Some(found) => Some(found?),
        None => None,
    };
    let (uri, mime_type) = (Some(uri?.value), mime_type?.value);
    let resource = Resource { description: description?, mime_type, size, uri, deref_uri: None, digest };
    let filter = filter?;
    Some(Attachment { hazards: filter.hazards, level: filter.level, language, resource })
}

/// The files that go with a message at a level in a language. The end of a danger needs no picture of it.
pub fn of(all: &[Attachment], incident: &Incident, level: Level, language: Language) -> Vec<Resource> {
    let goes_with = |attachment: &&Attachment| {
        level > Level::None
            && level >= attachment.level
            && attachment.language.is_none_or(|wanted| wanted == language)
            && (attachment.hazards.is_empty() || attachment.hazards.contains(&incident.hazard))
    };
    all.iter().filter(goes_with).map(|attachment| attachment.resource.clone()).collect()
}
