//! `[[source]]`: devices that can change neither their topics nor their bytes, and how what they say is read.
//!
//! A dialect says which topics it serves, for which station each of them speaks, how the bytes are read (one of the
//! codecs that serve dialects, or a script the gateway runs), and where in them the value of each datastream stands.

use super::{Catalog, StationIndex};
use crate::name::DatastreamName;
use smallvec::SmallVec;
use std::collections::BTreeMap;

/// One `[[source]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Dialect {
    /// The topics it serves: a filter of MQTT.
    pub topic: String,
    /// How the bytes are read.
    pub decode: Decode,
    /// Whose the topic is; `None` where every field names its station.
    pub station: Option<Template>,
    /// Stations by what the template gives, where devices have other names than ours.
    pub stations: BTreeMap<String, StationIndex>,
    /// Where each datastream's value stands; empty: under the datastream's own name.
    pub fields: Vec<Field>,
    /// Where the time stands, where it is not where the codec looks for it.
    pub time: Option<String>,
}

/// How the bytes of a dialect are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decode {
    /// By the codec of this name.
    Codec(&'static str),
    /// By a script in this file, beside the catalog.
    Script(String),
}

/// Where one value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The station it is of, where it is not that of the topic.
    pub station: Option<StationIndex>,
    /// The datastream it is of.
    pub datastream: DatastreamName,
    /// A JSON pointer, or the name of a metric.
    pub at: String,
    /// The unit it comes in, where that is not the kind's.
    pub unit: Option<String>,
}

/// A text made of the levels of a topic that wildcards stood for: `gauge-{1}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    /// The n-th wildcard, from 0.
    Level(usize),
}

impl Template {
    /// Reads one; `None` where braces hold no number from 1 to `wildcards`.
    pub fn parse(text: &str, wildcards: usize) -> Option<Template> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (number, after) = after.split_once('}')?;
            let number = number.parse::<usize>().ok().filter(|number| (1..=wildcards).contains(number))?;
            parts.push(Part::Text(before.to_owned()));
            parts.push(Part::Level(number - 1));
            rest = after;
        }
        if rest.contains('}') {
            return None;
        }
        parts.push(Part::Text(rest.to_owned()));
        Some(Template(parts))
    }

    fn fill(&self, levels: &[&str]) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Level(at) => levels.get(*at).copied().unwrap_or_default().to_owned(),
        };
        self.0.iter().map(part).collect()
    }
}

/// The levels of a topic that the `+` of a filter stood for; `None` where the filter does not match it.
pub fn captures<'t>(filter: &str, topic: &'t str) -> Option<SmallVec<[&'t str; 4]>> {
    let mut levels = topic.split('/');
    let mut found = SmallVec::new();
    for wanted in filter.split('/') {
        if wanted == "#" {
            return Some(found);
        }
        let level = levels.next()?;
        match wanted {
            "+" => found.push(level),
            _ if wanted != level => return None,
            _ => {}
        }
    }
    levels.next().is_none().then_some(found)
}

impl Dialect {
    /// Whether it serves a topic.
    pub fn serves(&self, topic: &str) -> bool {
        captures(&self.topic, topic).is_some()
    }

    /// The station a topic speaks for: `Ok(None)` where the fields say it.
    ///
    /// # Errors
    /// The name that is no station's.
    pub fn station_of(&self, catalog: &Catalog, topic: &str) -> Result<Option<StationIndex>, String> {
        let Some(template) = &self.station else { return Ok(None) };
        let name = template.fill(&captures(&self.topic, topic).unwrap_or_default());
        let found = self.stations.get(&name).copied().or_else(|| catalog.station_named(&name));
        found.map(Some).ok_or(name)
    }

    /// Every station a topic can speak for; none where it names a station that is not there.
    pub fn speaks_for(&self, catalog: &Catalog, topic: &str) -> SmallVec<[StationIndex; 4]> {
        let Ok(own) = self.station_of(catalog, topic) else { return SmallVec::new() };
        let mut all: SmallVec<[StationIndex; 4]> = own.into_iter().collect();
        for station in self.fields.iter().filter_map(|field| field.station) {
            if !all.contains(&station) {
                all.push(station);
            }
        }
        all
    }
}

impl Catalog {
    /// The first dialect that serves a topic.
    pub fn dialect_of(&self, topic: &str) -> Option<&Dialect> {
        self.dialects.iter().find(|dialect| dialect.serves(topic))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_are_captured_in_order() {
        let check = |filter, topic, expect: Option<&[&str]>| {
            assert_eq!(captures(filter, topic).as_deref(), expect, "{filter} on {topic}");
        };
        check("hydro/+/data", "hydro/7/data", Some(&["7"]));
        check("hydro/+/data", "hydro/7/data/x", None);
        check("hydro/+/data", "hydro/7", None);
        check("a/+/+/#", "a/b/c/d/e", Some(&["b", "c"]));
        check("a/#", "a", Some(&[]));
        check("a/b", "a/b", Some(&[]));
        check("+/+", "/", Some(&["", ""]));
    }

    #[test]
    fn a_template_is_filled() {
        let check = |text, expect: Option<&str>| {
            let filled = Template::parse(text, 2).map(|template| template.fill(&["x", "y"]));
            assert_eq!(filled.as_deref(), expect, "{text}");
        };
        check("jamsu", Some("jamsu"));
        check("{1}", Some("x"));
        check("gauge-{2}.{1}", Some("gauge-y.x"));
        for bad in ["{3}", "{0}", "{", "}", "{a}", "{1", "1}"] {
            check(bad, None);
        }
    }
}
