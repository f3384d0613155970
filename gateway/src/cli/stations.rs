//! `bongsu stations check|import`: read a catalog and tell every mistake in it, or add the stations of a list.

// A list of stations as CSV.
mod import;

use super::{Ended, Globals, checked, output_failed, write_json};
use crate::dialect::Scripts;
use crate::report::{Look, Problems, render_warnings};
use bongsu_sensors::{Catalog, Kind};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// Stations and areas
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Find every mistake in a catalog of stations, and say what is in it
    Check {
        /// The catalog [default: the key `stations` of the configuration]
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
        /// Print the counts and warnings as one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Make catalog entries of a list of stations as CSV, such as a spreadsheet exports
    ///
    /// Columns: id, latitude, longitude; and where they are there: area (else the polygon that holds it), kinds
    /// (separated by spaces), cadence, name or name_LANGUAGE, advisory, watch, warning, emergency (limits of the first
    /// kind), upstream, affects, tags. Nothing is written unless every row is good.
    Import {
        /// The list
        #[arg(value_name = "CSV")]
        list: PathBuf,
        /// Add them to this catalog instead of printing them; its areas are known then
        #[arg(long, value_name = "FILE")]
        into: Option<PathBuf>,
        /// What stations observe where the list has no column `kinds`
        #[arg(long, value_name = "KIND", value_delimiter = ',')]
        kinds: Vec<String>,
    },
}

/// What a good catalog holds.
#[derive(Debug, serde::Serialize)]
struct Summary {
    file: String,
    areas: usize,
    areas_with_polygon: usize,
    stations: usize,
    datastreams: usize,
    kinds: BTreeMap<&'static str, usize>,
    warnings: Vec<String>,
}

/// Runs one of them.
pub fn run(command: Command, globals: &Globals, output: &mut dyn io::Write) -> miette::Result<Ended> {
    let (file, json) = match command {
        Command::Check { file, json } => (file, json),
        Command::Import { list, into, kinds } => return import::run(&list, into.as_deref(), &kinds, output),
    };
    let file = match file {
        Some(file) => file,
        None => checked(&globals.layers(Vec::new())?)?.stations,
    };
    let catalog = read_catalog(&file)?;
    let summary = summary(&file, &catalog);
    if json {
        write_json(&summary, output)?;
        return Ok(Ended::Well);
    }
    eprint!("{}", render_warnings(&catalog.warnings, Look::of_stderr()));
    print(&summary, output).map_err(output_failed)?;
    Ok(Ended::Well)
}

/// Reads a catalog and the polygons it names.
///
/// # Errors
/// Every mistake of both files.
pub fn read_catalog(file: &Path) -> miette::Result<Catalog> {
    match crate::inventory::read_catalog(file) {
        Ok((_, catalog)) => {
            Scripts::read(file, &catalog)?;
            Ok(catalog)
        }
        Err(mistakes) => Err(Problems::errors("the catalog cannot be used", mistakes).into()),
    }
}

fn summary(file: &Path, catalog: &Catalog) -> Summary {
    let mut kinds = BTreeMap::new();
    for datastream in &catalog.datastreams {
        let kind: &Kind = datastream.name.kind();
        *kinds.entry(kind.name).or_default() += 1;
    }
    Summary {
        file: file.display().to_string(),
        areas: catalog.areas.len(),
        areas_with_polygon: catalog.areas.iter().filter(|area| !area.polygon.is_empty()).count(),
        stations: catalog.stations.len(),
        datastreams: catalog.datastreams.len(),
        kinds,
        warnings: catalog.warnings.iter().map(ToString::to_string).collect(),
    }
}

fn print(summary: &Summary, output: &mut dyn io::Write) -> io::Result<()> {
    let polygons = match summary.areas - summary.areas_with_polygon {
        0 => String::new(),
        without => format!(" ({without} without a polygon)"),
    };
    writeln!(output, "{} is good", summary.file)?;
    writeln!(output, "  areas        {}{polygons}", summary.areas)?;
    writeln!(output, "  stations     {}", summary.stations)?;
    writeln!(output, "  datastreams  {}", summary.datastreams)?;
    for (kind, count) in &summary.kinds {
        writeln!(output, "    {kind:<24} {count}")?;
    }
    match summary.warnings.len() {
        0 => Ok(()),
        count => writeln!(output, "  warnings     {count}"),
    }
}
