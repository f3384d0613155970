//! The inputs of a rule: what they observe, whose datastreams feed them, and how old an observation may be.

use super::{RESERVED, Scope, word};
use bongsu_sensors::document::{Located, Reader, Value};
use bongsu_sensors::mistake::Mistakes;
use bongsu_sensors::name::is_name;
use bongsu_sensors::{KindId, Origin};
use std::time::Duration;

/// Whose datastreams feed an input.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Feeders {
    /// The stations of the place the rule is evaluated for.
    #[default]
    Here,
    /// The stations right upstream of the station.
    Upstream,
    /// The next stations up and down the river.
    Neighbours,
    /// Every station within so many kilometres of the station.
    Within(f64),
}

/// An input of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct InputSpec {
    /// Its name in the body.
    pub name: String,
    /// What it observes; `None`: whatever there is.
    pub kind: Option<KindId>,
    /// Only stations with this tag feed it; `None`: all.
    pub tag: Option<String>,
    /// Who observes it. A datastream that the rule reads here is never its own neighbour.
    pub feeders: Feeders,
    /// How old the newest observation may be; `None`: three cadences of the datastream.
    pub max_age: Option<Duration>,
    /// How many stations must know before it counts as known.
    pub min_stations: u16,
    /// The rule also works where no such sensor was ever seen.
    pub optional: bool,
}

/// Whether a name can stand in the body.
pub(super) fn body_name(name: &str, origin: &Origin, mistakes: &Mistakes) -> bool {
    let shaped = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if !shaped {
        mistakes.add(origin, format!("{name:?} cannot be a name in a rule"), "use small ASCII letters, digits and `_`");
    } else if RESERVED.contains(&name) {
        mistakes.add(
            origin,
            format!("`{name}` is a word of the language"),
            format!("choose another name, such as `{name}_1`"),
        );
        return false;
    }
    shaped
}

/// What an input observes: a kind, or `any`.
fn observed(kind: &Located<String>, mistakes: &Mistakes) -> Option<Option<KindId>> {
    if kind.value == "any" {
        return Some(None);
    }
    let found = KindId::named(&kind.value);
    match found.and_then(|found| found.kind().feeds) {
        None if found.is_some() => return Some(found),
        Some(fed) => mistakes.add(
            &kind.origin,
            format!("{:?} feeds the input {fed:?}", kind.value),
            format!("write kind = {fed:?}; it covers both"),
        ),
        None => {
            let remedy = match bongsu_sensors::kind::nearest(&kind.value) {
                Some(near) => format!("did you mean {near:?}?"),
                None => "`docs/kinds.md` lists every kind".to_owned(),
            };
            mistakes.add(&kind.origin, format!("unknown kind {:?}", kind.value), remedy);
        }
    }
    None
}

/// Whose datastreams feed an input: `from` or `within_km`.
fn feeders(spec: &Reader<'_>, scope: Option<Scope>) -> Feeders {
    let words = [("upstream", Feeders::Upstream), ("neighbours", Feeders::Neighbours)];
    let from = word(spec, "from", &words);
    let within = spec.located::<f64>("within_km");
    if let Some(wrong) = within.as_ref().filter(|km| !(km.value > 0.0 && km.value <= 500.0)) {
        spec.mistakes().add(&wrong.origin, "`within_km` is no distance", "write kilometres, above 0 and up to 500");
    }
    let feeders = match (from, within) {
        (None, None) => return Feeders::Here,
        (Some(from), None) => from,
        (None, Some(km)) => Feeders::Within(km.value),
        (Some(_), Some(_)) => {
            spec.complain("`from` and `within_km` together", "write one of them");
            Feeders::Here
        }
    };
    if scope.is_some_and(|scope| scope != Scope::Station) {
        let remedy = "write scope = \"station\"; an area sees all its stations anyway";
        spec.complain("only the rule of a station has neighbours", remedy);
    }
    feeders
}

/// The tag that stations must have.
fn tag(spec: &Reader<'_>) -> Option<String> {
    let tag = spec.located::<String>("tag")?;
    if is_name(&tag.value) {
        return Some(tag.value);
    }
    spec.mistakes().add(&tag.origin, format!("{:?} cannot be a tag", tag.value), "write one of a station's `tags`");
    None
}

/// Reads `[inputs]`.
pub(super) fn inputs(reader: &Reader<'_>, scope: Option<Scope>) -> Vec<InputSpec> {
    let mut inputs = Vec::new();
    let Some(table) = reader.inner("inputs") else { return inputs };
    let mistakes = reader.mistakes();
    for (name, origin, node) in table.entries() {
        let Value::Table(spec) = &node.value else {
            mistakes.add(
                &node.origin,
                format!("input `{name}` is no table"),
                "write { kind = \"river_stage\", max_age = \"30m\" }",
            );
            continue;
        };
        let spec = Reader::table(spec, node.origin.clone(), mistakes);
        let kind = spec.required_at::<String>("kind").and_then(|kind| observed(&kind, mistakes));
        let feeders = feeders(&spec, scope);
        let tag = tag(&spec);
        let max_age = spec.optional::<Duration>("max_age");
        let min_stations = spec.optional::<u16>("min_stations").unwrap_or(1);
        let optional = spec.optional::<bool>("optional").unwrap_or(false);
        spec.finish();
        if let (true, Some(kind)) = (body_name(name, origin, mistakes), kind) {
            inputs.push(InputSpec { name: name.to_owned(), kind, tag, feeders, max_age, min_stations, optional });
        }
    }
    // A rule is evaluated for every reading of its inputs; the place of an input is a small number in every value.
    if inputs.len() > 32 {
        table.complain(format!("{} inputs", inputs.len()), "a rule has up to 32");
        inputs.truncate(32);
    }
    inputs
}
