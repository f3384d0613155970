//! From the text of `cases.toml` to cases, with every mistake told at once.
//!
//! ```toml
//! [stations.jamsu]                                  # the small city of all cases
//! river_stage = { advisory = 5.5, watch = 6.2 }     # limits, and `cadence` where it is not the kind's
//!
//! [[case]]
//! name = "a flood"
//! kind = "true"                                     # also rule = "…", where the folder has several
//! series.jamsu.river_stage = "5.0x6 5.0..6.5/12"
//! raised = [{ level = "watch", by = "3h" }]
//! ```

use super::CaseKind;
use super::notation::{self, Step};
use crate::incident::State;
use crate::language::Header;
use bongsu_sensors::document::{FromNode, Reader, Table, Value, parse};
use bongsu_sensors::mistake::{Mistake, Mistakes, Origin, Source};
use bongsu_sensors::{Catalog, DatastreamName, Level, Time};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

/// What one datastream does.
#[derive(Clone, Debug)]
pub struct Play {
    /// Its station.
    pub station: String,
    /// Its name.
    pub stream: DatastreamName,
    /// How often it speaks.
    pub cadence: Duration,
    /// Its limits.
    pub levels: BTreeMap<Level, f64>,
    /// What it does at each cadence.
    pub steps: Vec<Step>,
}

/// A time in which something is expected, counted from the start of the case.
#[derive(Clone, Copy, Debug, Default)]
pub struct Span {
    /// Not before.
    pub not_before: Option<Duration>,
    /// At the latest.
    pub by: Option<Duration>,
}

/// A level that is expected.
#[derive(Clone, Debug)]
pub struct Raised {
    /// It, or a higher one.
    pub level: Level,
    /// When.
    pub span: Span,
    /// By which station, or in which area.
    pub at: Option<String>,
    /// How it must stand.
    pub state: Option<State>,
    /// Labels of checks that must be true at that moment.
    pub because: Vec<String>,
}

/// A case.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// What it is there to show.
    pub kind: CaseKind,
    /// The catalog of its city, as text.
    pub catalog: String,
    /// When it begins.
    pub start: Time,
    /// What the datastreams do.
    pub plays: Vec<Play>,
    /// Levels that must be reached.
    pub raised: Vec<Raised>,
    /// This level and those above must never be reached.
    pub not_raised: Option<Level>,
    /// This level and those above must never be issued.
    pub not_issued: Option<Level>,
    /// When it must be over.
    pub cleared: Option<Span>,
    /// When the rule must say that it cannot decide.
    pub undecided: Option<Span>,
}

/// Reads the cases of a rule.
///
/// # Errors
/// Every mistake of the file.
pub fn cases(source: &Arc<Source>, header: &Header) -> Result<Vec<Case>, Vec<Mistake>> {
    let mistakes = Mistakes::new();
    let table = parse(source, &mistakes);
    let reader = Reader::document(&table, source, &mistakes);
    let start = start(&reader).unwrap_or_else(|| Time::from_millis(1_783_468_800_000));
    let common = reader.inner("stations");
    let mut cases = Vec::new();
    let mut found = false;
    for case in reader.tables("case") {
        found = true;
        // A folder with several rules has one file of cases; each case names its rule.
        if case.optional::<String>("rule").is_none_or(|rule| rule == header.id) {
            cases.extend(read_case(&case, common.as_ref(), start, header));
            case.finish();
        }
    }
    reader.finish();
    if !found && mistakes.is_empty() {
        mistakes.add(&Origin { source: source.clone(), span: 0..0 }, "no case", "write [[case]] with name and kind");
    }
    if mistakes.is_empty() { Ok(cases) } else { Err(mistakes.into_vec()) }
}

fn start(reader: &Reader<'_>) -> Option<Time> {
    let start = reader.located::<String>("start")?;
    let time = Time::parse(&start.value).ok();
    if time.is_none() {
        let remedy = "write a time with an offset, such as \"2026-07-08T00:00:00+09:00\"";
        reader.mistakes().add(&start.origin, "`start` is no time", remedy);
    }
    time
}

fn read_case(case: &Reader<'_>, common: Option<&Reader<'_>>, start: Time, header: &Header) -> Option<Case> {
    let name = case.required::<String>("name");
    let kind = case.required_at::<String>("kind").and_then(|kind| {
        let found = CaseKind::ALL.iter().find(|(_, name)| *name == kind.value).map(|(found, _)| *found);
        if found.is_none() {
            let names: Vec<String> = CaseKind::ALL.iter().map(|(_, name)| format!("{name:?}")).collect();
            let remedy = format!("write {}", names.join(", "));
            case.mistakes().add(&kind.origin, format!("{:?} is no kind of case", kind.value), remedy);
        }
        found
    });
    let own = case.inner("stations");
    let Some(stations) = own.as_ref().or(common) else {
        case.complain("no stations", "write [stations.a] at the top of the file, with a line for each datastream");
        return None;
    };
    let text = catalog_text(stations);
    let catalog = parse_catalog(&text, stations)?;
    let plays = plays(case, &catalog);
    let raised = case.tables("raised").into_iter().filter_map(|raised| read_raised(raised, header)).collect();
    let not_raised = level(case, "not_raised");
    let not_issued = level(case, "not_issued");
    let cleared = case.inner("cleared").map(span);
    let undecided = case.inner("undecided").map(span);
    let case = Case {
        name: name?,
        kind: kind?,
        catalog: text,
        start,
        plays,
        raised,
        not_raised,
        not_issued,
        cleared,
        undecided,
    };
    Some(case)
}

fn level(reader: &Reader<'_>, key: &'static str) -> Option<Level> {
    let found = reader.located::<String>(key)?;
    found.value.parse::<Level>().map_err(|wrong| reader.mistakes().add(&found.origin, wrong, "")).ok()
}

fn read_span(reader: &Reader<'_>) -> Span {
    Span { not_before: reader.optional("not_before"), by: reader.optional("by") }
}

fn span(reader: Reader<'_>) -> Span {
    let span = read_span(&reader);
    reader.finish();
    span
}

fn read_raised(reader: Reader<'_>, header: &Header) -> Option<Raised> {
    let span = read_span(&reader);
    let wanted = level(&reader, "level");
    if reader.node("level").is_none() {
        reader.complain("`level` is missing", "write level = \"watch\"");
    }
    let state = reader.located::<String>("state").and_then(|word| {
        let found = [State::Raised, State::Proposed, State::Issued].into_iter().find(|s| s.name() == word.value);
        if found.is_none() {
            reader.mistakes().add(&word.origin, "no such state", "write \"proposed\" or \"issued\"");
        }
        found
    });
    let because = reader.located::<Vec<String>>("because");
    if let Some(labels) = &because {
        for unknown in labels.value.iter().filter(|label| !header.labels.contains_key(*label)) {
            let known: Vec<&str> = header.labels.keys().map(String::as_str).collect();
            let remedy = format!("the rule's labels are {}", known.join(", "));
            reader.mistakes().add(&labels.origin, format!("{unknown:?} is no label of the rule"), remedy);
        }
    }
    let at = reader.optional::<String>("at");
    let because = because.map(|labels| labels.value).unwrap_or_default();
    reader.finish();
    Some(Raised { level: wanted?, span, at, state, because })
}

/// The small city as a `stations.toml`, from lines such as `river_stage = { watch = 6.2 }`.
fn catalog_text(stations: &Reader<'_>) -> String {
    let mut areas: Vec<String> = Vec::new();
    let mut text = String::new();
    for (count, (id, _, node)) in stations.entries().enumerate() {
        let Value::Table(table) = &node.value else {
            let remedy = "write [stations.a] with lines such as river_stage = { watch = 6.2 }";
            stations.mistakes().add(&node.origin, format!("station {id:?} is no table"), remedy);
            continue;
        };
        let text_of = |key: &str| table.get(key).and_then(|node| String::from_node(node).ok());
        let km = table.get("at_km").and_then(|node| Vec::<f64>::from_node(node).ok());
        let area = text_of("area").unwrap_or_else(|| "here".to_owned());
        if !areas.contains(&area) {
            areas.push(area.clone());
        }
        let [east, north] = match km.as_deref() {
            Some([east, north]) => [*east, *north],
            // In a row, a kilometre from one to the next.
            _ => [f64::from(u32::try_from(count).unwrap_or(0)), 0.0],
        };
        let position = [37.5 + north / 111.2, 127.0 + east / 88.2];
        let _ = write!(
            text,
            "[[station]]\nid = {id:?}\nname = {{ ko = {id:?} }}\nposition = {position:?}\narea = {area:?}\n"
        );
        if let Some(upstream) = table.get("upstream").and_then(|node| Vec::<String>::from_node(node).ok()) {
            let _ = writeln!(text, "upstream = {upstream:?}");
        }
        if let Some(tags) = table.get("tags").and_then(|node| Vec::<String>::from_node(node).ok()) {
            let _ = writeln!(text, "tags = {tags:?}");
        }
        text.push_str(&datastreams_text(table, stations.mistakes()));
    }
    let areas: String = areas
        .iter()
        .map(|code| format!("[[area]]\ncode = {code:?}\nkind = \"sigungu\"\nname = {{ ko = {code:?} }}\n"))
        .collect();
    format!("timezone = \"Asia/Seoul\"\n{areas}{text}")
}

/// The datastreams of a station: every key that is none of its own.
fn datastreams_text(table: &Table, mistakes: &Mistakes) -> String {
    let mut text = String::new();
    for (name, origin, node) in table.iter().filter(|(key, ..)| !["area", "at_km", "tags", "upstream"].contains(key)) {
        let Value::Table(facts) = &node.value else {
            mistakes.add(
                &node.origin,
                format!("`{name}` is no table"),
                "write {} or { watch = 6.2, cadence = \"1m\" }",
            );
            continue;
        };
        if name.parse::<DatastreamName>().is_err() {
            let remedy = match bongsu_sensors::kind::nearest(name) {
                Some(near) => format!("did you mean {near:?}?"),
                None => "a datastream is named by its kind, such as river_stage or \"tilt.2\"".to_owned(),
            };
            mistakes.add(origin, format!("no datastream is called {name:?}"), remedy);
            continue;
        }
        let (kind, instance) = name.split_once('.').unwrap_or((name, ""));
        let _ = write!(text, "[[station.datastream]]\nkind = {kind:?}\n");
        if !instance.is_empty() {
            let _ = writeln!(text, "n = {instance:?}");
        }
        let mut levels = Vec::new();
        for (key, origin, node) in facts.iter() {
            match (key, String::from_node(node), f64::from_node(node)) {
                ("cadence", Ok(cadence), _) => {
                    let _ = writeln!(text, "cadence = {cadence:?}");
                }
                (level, _, Ok(limit)) if level.parse::<Level>().is_ok() => levels.push(format!("{level} = {limit:?}")),
                _ => mistakes.add(origin, format!("`{key}` cannot stand here"), "write levels and `cadence`"),
            }
        }
        if !levels.is_empty() {
            let _ = writeln!(text, "levels = {{ {} }}", levels.join(", "));
        }
    }
    text
}

fn parse_catalog(text: &str, stations: &Reader<'_>) -> Option<Catalog> {
    let source = Source::new("the city of the cases", text);
    match Catalog::parse(&source, |_| Err("cases have no geometry".to_owned())) {
        Ok(catalog) => Some(catalog),
        Err(wrong) if stations.mistakes().is_empty() => {
            stations.complain(wrong.first().map_or_else(String::new, |first| first.message.clone()), "mend [stations]");
            None
        }
        Err(_) => None,
    }
}

fn plays(case: &Reader<'_>, catalog: &Catalog) -> Vec<Play> {
    let mut plays = Vec::new();
    let Some(series) = case.inner("series") else {
        case.complain("no series", "write series.a.river_stage = \"5.0x6\"");
        return plays;
    };
    let mistakes = case.mistakes();
    for (station, origin, node) in series.entries() {
        let Some(at) = catalog.station_named(station) else {
            mistakes.add(
                origin,
                format!("no station {station:?}"),
                "name one of [stations]; stations of a case stand instead of them",
            );
            continue;
        };
        let Value::Table(streams) = &node.value else {
            mistakes.add(&node.origin, "no datastream is named", format!("write series.{station}.river_stage = \"…\""));
            continue;
        };
        for (name, origin, node) in streams.iter() {
            let known = name.parse::<DatastreamName>().ok().and_then(|name| catalog.datastream(at, name));
            let Some(stream) = known else {
                mistakes.add(origin, format!("station {station:?} has no {name:?}"), "add it to its [stations]");
                continue;
            };
            let steps = String::from_node(node).and_then(|text| notation::parse(&text));
            match steps {
                Ok(steps) => plays.push(Play {
                    station: station.to_owned(),
                    stream: stream.name,
                    cadence: stream.cadence,
                    levels: stream.levels.clone(),
                    steps,
                }),
                Err(wrong) => mistakes.add(&node.origin, wrong, ""),
            }
        }
    }
    plays
}
