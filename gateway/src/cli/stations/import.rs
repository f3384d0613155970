//! A list of stations, as a spreadsheet exports it, becomes tables of the catalog. Every row is checked before anything
//! is written, and the catalog that would come of it as well.

use crate::cli::{Ended, output_failed, write_whole};
use crate::config::quoted;
use crate::inventory;
use crate::report::Problems;
use bongsu_sensors::document::nearest;
use bongsu_sensors::mistake::{Mistake, Mistakes, Origin, Source};
use bongsu_sensors::name::is_name;
use bongsu_sensors::{Catalog, DatastreamName, Level};
use miette::{IntoDiagnostic, WrapErr};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

/// Columns that hold one text, or several separated by spaces.
const KNOWN: [&str; 10] =
    ["id", "latitude", "longitude", "area", "kinds", "cadence", "name", "upstream", "affects", "tags"];

/// Prints the tables, or adds them to a catalog.
pub fn run(list: &Path, into: Option<&Path>, kinds: &[String], output: &mut dyn Write) -> miette::Result<Ended> {
    let read = |path: &Path| {
        std::fs::read_to_string(path).into_diagnostic().wrap_err_with(|| format!("failed to read {}", path.display()))
    };
    let before = into.map(|path| read(path).and_then(|text| known(path, &text).map(|city| (path, text, city))));
    let before = before.transpose()?;
    let source = Source::new(list.display().to_string(), read(list)?);
    let catalog = before.as_ref().map(|(_, _, catalog)| catalog);
    let (count, tables) = tables(&source, catalog, kinds)
        .map_err(|mistakes| Problems::errors("the list cannot be taken in", mistakes))?;
    let Some((path, text, _)) = before else {
        output.write_all(tables.as_bytes()).map_err(output_failed)?;
        return Ok(Ended::Well);
    };
    let text = format!("{}\n{tables}", text.trim_end());
    known(path, &text)?;
    write_whole(path, &text)?;
    writeln!(output, "{count} stations added to {}", path.display()).map_err(output_failed)?;
    Ok(Ended::Well)
}

/// What a text says as the catalog at a path.
fn known(path: &Path, text: &str) -> miette::Result<Catalog> {
    let parsed = inventory::parse_catalog(path, text.to_owned());
    let (_, catalog) = parsed.map_err(|mistakes| Problems::errors("the catalog cannot be used", mistakes))?;
    Ok(catalog)
}

/// How many rows, and a `[[station]]` for each.
fn tables(source: &Arc<Source>, catalog: Option<&Catalog>, kinds: &[String]) -> Result<(usize, String), Vec<Mistake>> {
    let mistakes = Mistakes::new();
    let mut rows = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(source.text.as_bytes());
    let head = Origin { source: source.clone(), span: 0..source.text.lines().next().unwrap_or_default().len() };
    let columns: Vec<String> = match rows.headers() {
        Ok(headers) => headers.iter().map(str::to_owned).collect(),
        Err(error) => return Err(vec![Mistake::new(&head, error.to_string(), "write a header and rows, with commas")]),
    };
    complain_of_columns(&columns, &head, &mistakes);
    let mut seen = BTreeMap::new();
    let mut text = String::new();
    for (number, record) in (2..).zip(rows.records()) {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                mistakes.add(&head, error.to_string(), "give every row as many fields as the header has");
                continue;
            }
        };
        let from = record.position().map_or(0, |position| usize::try_from(position.byte()).unwrap_or(0));
        let line = source.text.get(from..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        let origin = Origin { source: source.clone(), span: from..from + line.len() };
        let fields = columns.iter().map(String::as_str).zip(record.iter()).filter(|(_, value)| !value.is_empty());
        let row = Row { fields: fields.collect(), origin, mistakes: &mistakes };
        row.write(&mut text, catalog, kinds);
        if let Some(first) = row.get("id").and_then(|id| seen.insert(id.to_owned(), number)) {
            row.complain("the same `id` again".into(), format!("row {first} has it already"));
        }
    }
    if mistakes.is_empty() { Ok((seen.len(), text)) } else { Err(mistakes.into_vec()) }
}

fn complain_of_columns(columns: &[String], head: &Origin, mistakes: &Mistakes) {
    for wanted in ["id", "latitude", "longitude"] {
        if !columns.iter().any(|column| column == wanted) {
            mistakes.add(head, format!("no column `{wanted}`"), "the first line names the columns");
        }
    }
    let levels = Level::RAISED.map(Level::name);
    let known = || KNOWN.into_iter().chain(levels);
    let is_known = |column: &str| column.starts_with("name_") || known().any(|name| name == column);
    for column in columns.iter().filter(|column| !is_known(column)) {
        let remedy = match nearest(column, known()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "rename it, or leave it out".to_owned(),
        };
        mistakes.add(head, format!("unknown column `{column}`"), remedy);
    }
}

/// One station of the list.
struct Row<'a> {
    fields: BTreeMap<&'a str, &'a str>,
    origin: Origin,
    mistakes: &'a Mistakes,
}

impl Row<'_> {
    fn get(&self, column: &str) -> Option<&str> {
        self.fields.get(column).copied()
    }

    fn complain(&self, message: String, remedy: String) {
        self.mistakes.add(&self.origin, message, remedy);
    }

    fn write(&self, text: &mut String, catalog: Option<&Catalog>, kinds: &[String]) {
        let id = self.get("id").unwrap_or_default();
        if !is_name(id) {
            self.complain(format!("{id:?} is no name of a station"), "write letters, digits, `-`, `_` and `.`".into());
        }
        if catalog.is_some_and(|catalog| catalog.station_named(id).is_some()) {
            self.complain(format!("the catalog has a station {id:?}"), "take it out of the list".into());
        }
        let _ = writeln!(text, "\n[[station]]\nid = {}", quoted(id));
        let names = self.fields.iter().filter_map(|(column, value)| {
            let language = if *column == "name" { "ko" } else { column.strip_prefix("name_")? };
            Some(format!("{language} = {}", quoted(value)))
        });
        let names: Vec<String> = names.collect();
        if !names.is_empty() {
            let _ = writeln!(text, "name = {{ {} }}", names.join(", "));
        }
        let position = self.position();
        let _ = writeln!(text, "position = [{}, {}]", position[0], position[1]);
        let _ = writeln!(text, "area = {}", quoted(&self.area(position, catalog)));
        for column in ["affects", "upstream", "tags"] {
            if let Some(values) = self.get(column) {
                let _ = writeln!(text, "{column} = [{}]", several(values).map(quoted).collect::<Vec<_>>().join(", "));
            }
        }
        self.datastreams(text, kinds);
    }

    fn position(&self) -> [f64; 2] {
        [("latitude", 90.0), ("longitude", 180.0)].map(|(column, most)| {
            let typed = self.get(column).unwrap_or_default();
            match typed.parse::<f64>() {
                Ok(degrees) if degrees.abs() <= most => degrees,
                _ => {
                    let remedy = format!("write degrees from -{most} to {most}, such as 37.5153");
                    self.complain(format!("{typed:?} is no {column}"), remedy);
                    0.0
                }
            }
        })
    }

    fn area(&self, position: [f64; 2], catalog: Option<&Catalog>) -> String {
        match (self.get("area"), catalog) {
            (Some(code), Some(catalog)) if catalog.area_named(code).is_none() => {
                let codes = catalog.areas.iter().map(|area| area.code.as_str());
                let remedy = match nearest(code, codes) {
                    Some(near) => format!("did you mean {near:?}?"),
                    None => "add the area to the catalog first".to_owned(),
                };
                self.complain(format!("no area {code:?}"), remedy);
                String::new()
            }
            (Some(code), _) => code.to_owned(),
            (None, Some(catalog)) => match catalog.area_at(position) {
                Some(area) => catalog.area(area).code.to_string(),
                None => {
                    self.complain("it stands in no area of the catalog".into(), "add a column `area`".into());
                    String::new()
                }
            },
            (None, None) => {
                let remedy = "add a column `area`, or name the catalog whose polygons tell: --into stations.toml";
                self.complain("nobody knows its area".into(), remedy.into());
                String::new()
            }
        }
    }

    fn datastreams(&self, text: &mut String, kinds: &[String]) {
        let listed: Vec<&str> = match self.get("kinds") {
            Some(listed) => several(listed).collect(),
            None => kinds.iter().map(String::as_str).collect(),
        };
        if listed.is_empty() {
            self.complain("nobody knows what it observes".into(), "add a column `kinds`, or --kinds rainfall".into());
        }
        let limits = Level::RAISED.into_iter().filter_map(|level| {
            let typed = self.get(level.name())?;
            if typed.parse::<f64>().is_err() {
                self.complain(format!("{typed:?} is no limit"), "write a number in the unit of the kind".into());
            }
            Some(format!("{} = {typed}", level.name()))
        });
        let mut limits = Some(limits.collect::<Vec<_>>()).filter(|limits| !limits.is_empty());
        for kind in listed {
            if let Err(wrong) = kind.parse::<DatastreamName>() {
                self.complain(wrong.to_string(), "`bongsu rules reference` lists what can be observed".into());
            }
            let (name, n) = kind.split_once('.').map_or((kind, None), |(name, n)| (name, Some(n)));
            let _ = writeln!(text, "[[station.datastream]]\nkind = {}", quoted(name));
            if let Some(n) = n {
                let n = if n.bytes().all(|byte| byte.is_ascii_digit()) { n.to_owned() } else { quoted(n) };
                let _ = writeln!(text, "n = {n}");
            }
            if let Some(cadence) = self.get("cadence") {
                let _ = writeln!(text, "cadence = {}", quoted(cadence));
            }
            if let Some(limits) = limits.take() {
                let _ = writeln!(text, "levels = {{ {} }}", limits.join(", "));
            }
        }
    }
}

fn several(values: &str) -> impl Iterator<Item = &str> {
    values.split([' ', ';', '|']).filter(|value| !value.is_empty())
}
