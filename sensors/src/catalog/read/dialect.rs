//! The `[[source]]` tables.

use super::unknown_remedy;
use crate::catalog::dialect::{Decode, Dialect, Field, Template};
use crate::catalog::{Datastream, Station, StationIndex};
use crate::codec;
use crate::document::{FromNode, Located, Node, Reader, Value, nearest};
use crate::mistake::Origin;
use crate::name::DatastreamName;
use crate::topic::ROOT;
use std::collections::BTreeMap;

/// Most of them: each is compared with a topic that is seen for the first time.
const DIALECT_LIMIT: usize = 1_000;

/// What `[[source]]` may name.
struct Known<'a> {
    stations: &'a [Station],
    datastreams: &'a [Datastream],
    by_name: BTreeMap<&'a str, StationIndex>,
}

impl Known<'_> {
    fn station(&self, name: &str) -> Option<StationIndex> {
        self.by_name.get(name).copied()
    }

    fn has(&self, station: StationIndex, name: DatastreamName) -> bool {
        let own = self.stations.get(station.0 as usize).map(|station| station.datastreams.clone());
        own.and_then(|own| self.datastreams.get(own)).is_some_and(|own| own.iter().any(|stream| stream.name == name))
    }
}

/// Reads them all.
pub fn dialects(reader: &Reader<'_>, stations: &[Station], datastreams: &[Datastream]) -> Vec<Dialect> {
    let by_name = stations.iter().zip(0..).map(|(station, at)| (station.id.as_str(), StationIndex(at))).collect();
    let known = Known { stations, datastreams, by_name };
    let tables = reader.tables("source");
    if tables.len() > DIALECT_LIMIT {
        reader.complain(format!("{} sources", tables.len()), format!("one city has up to {DIALECT_LIMIT}"));
        return Vec::new();
    }
    tables.into_iter().filter_map(|table| dialect(table, &known)).collect()
}

fn dialect(table: Reader<'_>, known: &Known<'_>) -> Option<Dialect> {
    let topic = table.required_at::<String>("topic").and_then(|typed| topic(&table, typed));
    let wildcards = topic.as_ref().map_or(usize::MAX, |topic| topic.split('/').filter(|level| *level == "+").count());
    let station = table.located::<String>("station").and_then(|typed| {
        let template = Template::parse(&typed.value, wildcards);
        if template.is_none() {
            let wrong = format!("{:?} names a wildcard that `topic` does not have", typed.value);
            table.mistakes().add(&typed.origin, wrong, "{1} is what the first + stood for, {2} the second");
        } else if !typed.value.contains('{') && known.station(&typed.value).is_none() {
            unknown_station(&table, &typed.origin, &typed.value, known);
        }
        template
    });
    let stations = stations(&table, known);
    let decode = table.node("decode");
    let mut fields = Fields { list: Vec::new(), time: None };
    let decode = decode.map(|node| (how(&table, node, &mut fields, known), node));
    if decode.is_none() {
        table.complain("`decode` is missing", "add decode = { river_stage = \"/lvl\" }, or the name of a codec");
    }
    let read = table.node("read");
    if let (Some(node), Some((Some(how), _))) = (read, &decode) {
        match (&node.value, how) {
            (_, Decode::Script(_)) => {
                let remedy = "the script gives each datastream its value: remove `read`";
                table.mistakes().add(&node.origin, "`read` beside a script", remedy);
            }
            (Value::Table(_), _) if fields.list.is_empty() => fields.read(&table, node, known),
            _ => table.mistakes().add(&node.origin, "`read` is no table", "write read = { river_stage = \"name\" }"),
        }
    }
    let unnamed = table.node("station").is_none();
    if unnamed && (fields.list.is_empty() || fields.list.iter().any(|field| field.station.is_none())) {
        table.complain("nobody knows for which station this speaks", "add station = \"{1}\", or the name of a station");
    }
    table.finish();
    let decode = decode?.0?;
    Some(Dialect { topic: topic?, decode, station, stations, fields: fields.list, time: fields.time })
}

fn topic(table: &Reader<'_>, typed: Located<String>) -> Option<String> {
    let levels: Vec<&str> = typed.value.split('/').collect();
    let legal = |(at, level): (usize, &&str)| match *level {
        "+" => true,
        "#" => at + 1 == levels.len(),
        other => !other.contains(['+', '#', '\0']),
    };
    let complain = |wrong: &str, remedy: &str| {
        table.mistakes().add(&typed.origin, format!("{:?} {wrong}", typed.value), remedy);
        None
    };
    if typed.value.is_empty() || typed.value.starts_with('$') || !levels.iter().enumerate().all(legal) {
        return complain("is no filter", "write it as \"hydro/+/data\": + stands for one level, # at the end for all");
    }
    let ours = ROOT.trim_end_matches('/');
    let could_be_ours =
        levels.iter().zip(ours.split('/')).all(|(level, own)| matches!(*level, "+" | "#") || *level == own);
    if could_be_ours {
        return complain("is among Bongsu's own topics", "those need no [[source]]; begin with a name of your own");
    }
    Some(typed.value)
}

fn stations(table: &Reader<'_>, known: &Known<'_>) -> BTreeMap<String, StationIndex> {
    let Some(named) = table.located::<BTreeMap<String, String>>("stations") else {
        return <_>::default();
    };
    let mut found = BTreeMap::new();
    for (theirs, ours) in named.value {
        match known.station(&ours) {
            Some(station) => drop(found.insert(theirs, station)),
            None => unknown_station(table, &named.origin, &ours, known),
        }
    }
    found
}

fn unknown_station(table: &Reader<'_>, origin: &Origin, name: &str, known: &Known<'_>) {
    let remedy = unknown_remedy(name, known.stations.iter().map(|station| station.id.as_str()), "station", "id");
    table.mistakes().add(origin, format!("unknown station {name:?}"), remedy);
}

fn how(table: &Reader<'_>, node: &Node, fields: &mut Fields, known: &Known<'_>) -> Option<Decode> {
    let text = match &node.value {
        Value::Table(_) => {
            fields.read(table, node, known);
            return Some(Decode::Codec("json"));
        }
        Value::Text(text) => text,
        _ => {
            let remedy =
                "write pointers { river_stage = \"/lvl\" }, the name of a codec, or of a file \"decoder.rhai\"";
            table.mistakes().add(&node.origin, "`decode` is neither text nor a table", remedy);
            return None;
        }
    };
    if text.ends_with(".rhai") {
        return Some(Decode::Script(text.clone()));
    }
    let names: Vec<&'static str> = codec::of_dialects().map(|codec| codec.name).collect();
    let found = names.iter().copied().find(|name| name == text);
    if found.is_none() {
        let remedy = match nearest(text, names.iter().copied()) {
            Some(near) => format!("did you mean {near:?}?"),
            None => format!("write one of {}, or a file that ends in .rhai", names.join(", ")),
        };
        table.mistakes().add(&node.origin, format!("no codec is called {text:?}"), remedy);
    }
    found.map(Decode::Codec)
}

/// Where the values stand, as they are read.
struct Fields {
    list: Vec<Field>,
    time: Option<String>,
}

impl Fields {
    fn read(&mut self, table: &Reader<'_>, node: &Node, known: &Known<'_>) {
        let Value::Table(entries) = &node.value else { return };
        for (key, origin, node) in entries.iter() {
            if key == "t" {
                self.time = String::from_node(node).ok();
                if self.time.is_none() {
                    table.mistakes().add(&node.origin, "`t` is no text", "write where the time stands: t = \"/ts\"");
                }
            } else if let Some(field) = field(table, key, origin, node, known) {
                self.list.push(field);
            }
        }
    }
}

/// `river_stage = "/lvl"`, `"jamsu/river_stage" = { at = "/lvl", unit = "mm" }`.
fn field(table: &Reader<'_>, key: &str, origin: &Origin, node: &Node, known: &Known<'_>) -> Option<Field> {
    let (station, name) = match key.split_once('/') {
        None => (None, key),
        Some((station, name)) => {
            let found = known.station(station);
            if found.is_none() {
                unknown_station(table, origin, station, known);
            }
            (Some(found?), name)
        }
    };
    let datastream: DatastreamName = match name.parse() {
        Ok(name) => name,
        Err(error) => {
            // it may know the nearest kind itself
            let told = error.to_string();
            let remedy = if told.contains("; ") { "" } else { "write a kind, or station/kind" };
            table.mistakes().add(origin, told.clone(), remedy);
            return None;
        }
    };
    if station.is_some_and(|station| !known.has(station, datastream)) {
        table.mistakes().add(origin, format!("no datastream {key:?}"), "add [[station.datastream]] to that station");
    }
    let (at, unit) = match &node.value {
        Value::Text(at) => (at.clone(), None),
        Value::Table(inner) => {
            let inner = Reader::table(inner, node.origin.clone(), table.mistakes());
            let at = inner.required::<String>("at");
            let unit = inner.located::<String>("unit");
            inner.finish();
            let unit = unit.filter(|unit| {
                let wanted = datastream.kind().unit;
                let fits = codec::can_convert(&unit.value, wanted);
                if !fits {
                    let wrong = format!("{:?} cannot become {wanted:?}", unit.value);
                    table.mistakes().add(&unit.origin, wrong, "write the unit the device sends, such as \"mm\"");
                }
                fits
            });
            (at?, unit.map(|unit| unit.value))
        }
        _ => {
            table.mistakes().add(&node.origin, format!("`{key}` is no place"), "write where its value stands");
            return None;
        }
    };
    Some(Field { station, datastream, at, unit })
}
