//! `bongsu basemap import|list|remove`: the rivers, roads and buildings under the map of the console.

use super::{Ended, Globals, checked, output_failed, write_json};
use crate::basemap::{self, Fitted, Found, Import, Layer};
use crate::clock::Clock;
use crate::report::Problems;
use bongsu_sensors::Catalog;
use bongsu_sensors::name::is_name;
use miette::{IntoDiagnostic, WrapErr, miette};
use std::io;
use std::path::{Path, PathBuf};

/// Largest file that is read: memory holds some ten times as much of it.
const FILE_LIMIT: u64 = 256 << 20;

/// Stations that are named where the map does not reach them.
const NAMED: usize = 5;

/// The map under the console's map: a city's own rivers, roads, buildings and districts
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Make a base map of a GeoJSON file in WGS 84 degrees, or replace the one of that name
    ///
    /// What a shape is, is read of its keys: a property `layer`, else those of OpenStreetMap (building, highway,
    /// waterway, natural, railway, landuse, boundary) and of Korean district files. What nobody sees is left out until
    /// the map has the size that is asked for. The running program shows it within seconds.
    Import {
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// What it is called by [default: the name of the file]
        #[arg(long)]
        name: Option<String>,
        /// What all of it is
        #[arg(long, value_enum)]
        layer: Option<Layer>,
        /// Whose it is, as its licence wants it shown on the map, such as "© OpenStreetMap contributors"
        #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
        credit: String,
        /// The size it is made smaller to, KiB
        #[arg(long, value_name = "KIB", default_value_t = 2_048, value_parser = clap::value_parser!(u32).range(1..=65_536))]
        size: u32,
        /// Print what was made as one JSON object
        #[arg(long)]
        json: bool,
    },
    /// List what was imported
    List {
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Take an import away
    Remove {
        /// Its name
        name: String,
    },
}

/// Runs one of them.
pub fn run(command: Command, globals: &Globals, output: &mut dyn io::Write) -> miette::Result<Ended> {
    let config = checked(&globals.layers(Vec::new())?)?;
    let folder = basemap::folder(&config.data);
    let failed = || format!("failed to use {}", folder.display());
    match command {
        Command::Import { file, name, layer, credit, size, json } => {
            let (import, fitted) = made(&file, name, layer, size, &config.stations)?;
            let import = Import { credit, ..import };
            basemap::keep(&folder, &import, &fitted).into_diagnostic().wrap_err_with(failed)?;
            if json {
                write_json(&import, output)?;
            } else {
                writeln!(output, "{}", told(&import)).map_err(output_failed)?;
            }
            Ok(Ended::Well)
        }
        Command::List { json } => {
            let mut ended = Ended::Well;
            for one in basemap::list(&folder).into_diagnostic().wrap_err_with(failed)? {
                match one {
                    Ok((import, _)) if json => write_json(&import, output)?,
                    Ok((import, bytes)) => {
                        writeln!(output, "{}, {} KiB", told(&import), bytes.div_ceil(1024)).map_err(output_failed)?;
                    }
                    Err(broken) => {
                        eprintln!("{broken}; import it again");
                        ended = Ended::WithFindings;
                    }
                }
            }
            Ok(ended)
        }
        Command::Remove { name } => match basemap::remove(&folder, &name).into_diagnostic().wrap_err_with(failed)? {
            true => Ok(Ended::Well),
            false => Err(miette!(help = "`bongsu basemap list` names them", "no base map is called {name:?}")),
        },
    }
}

fn told(import: &Import) -> String {
    let layers: Vec<String> = import.layers.iter().map(|(layer, count)| format!("{count} {}", layer.name())).collect();
    let left_out = match import.left_out {
        0 => String::new(),
        count => format!(", {count} too small to be seen"),
    };
    format!("{}: {}{left_out}; drawn within {} m", import.name, layers.join(", "), import.within_m)
}

/// A base map of a file, and what its import is to be remembered by.
fn made(
    file: &Path,
    name: Option<String>,
    layer: Option<Layer>,
    size: u32,
    stations: &Path,
) -> miette::Result<(Import, Fitted)> {
    let name = name.unwrap_or_else(|| file.file_stem().unwrap_or_default().to_string_lossy().into_owned());
    if !is_name(&name) {
        return Err(miette!(
            help = "use ASCII letters, digits, `.`, `-` and `_` with --name",
            "{name:?} cannot name a base map"
        ));
    }
    let failed = || format!("failed to read {}", file.display());
    let length = std::fs::metadata(file).into_diagnostic().wrap_err_with(failed)?.len();
    if length > FILE_LIMIT {
        let help = "cut it to the city and its layers first, for example with `ogr2ogr -clipsrc` or `osmium extract`";
        return Err(miette!(
            help = help,
            "{} has {} MiB, more than {}",
            file.display(),
            length >> 20,
            FILE_LIMIT >> 20
        ));
    }
    let text = std::fs::read_to_string(file).into_diagnostic().wrap_err_with(failed)?;
    let found = basemap::read(&file.display().to_string(), &text, layer)
        .map_err(|mistakes| Problems::errors("the file cannot be a base map", mistakes))?;
    drop(text);
    if stations.is_file() {
        compare(&found, &super::stations::read_catalog(stations)?, file)?;
    }
    if found.not_drawn > 0 {
        eprintln!(
            "{} of {} features are points or have no place: a base map has polygons and lines",
            found.not_drawn, found.features
        );
    }
    let bytes = usize::try_from(size).unwrap_or(usize::MAX).saturating_mul(1024);
    let fitted = Fitted::of(&found.layers, bytes).map_err(|error| {
        let help = "ask for more with --size, or import less: a river and the main roads tell most";
        miette!(help = help, "it cannot be made as small as {size} KiB: {error}")
    })?;
    let import = Import {
        name,
        source: file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        credit: String::new(),
        imported: Clock::System.now(),
        layers: fitted.counts(),
        left_out: fitted.left_out,
        within_m: fitted.within_m,
        bounds: found.bounds(),
    };
    Ok((import, fitted))
}

/// Whether it is a map of this city: somewhere else nothing on it would be true.
fn compare(found: &Found, city: &Catalog, file: &Path) -> miette::Result<()> {
    let [west, south, east, north] = found.bounds();
    let is_on_it =
        |[latitude, longitude]: [f64; 2]| (west..=east).contains(&longitude) && (south..=north).contains(&latitude);
    let beside: Vec<&str> =
        city.stations.iter().filter(|one| !is_on_it(one.position)).map(|one| one.id.as_str()).collect();
    if !city.stations.is_empty() && beside.len() == city.stations.len() {
        let help = "import the map of this city; where latitude and longitude are swapped, swap them back";
        return Err(miette!(
            help = help,
            "{} is of another place: it lies between {west:.3} and {east:.3} east, {south:.3} and {north:.3} north, and no \
             station does",
            file.display()
        ));
    }
    if !beside.is_empty() {
        let more = beside.len().saturating_sub(NAMED);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        eprintln!("the map does not reach {}{more}", beside[..beside.len().min(NAMED)].join(", "));
    }
    let known: Vec<&str> = city.areas.iter().map(|area| area.code.as_str()).collect();
    for code in found.codes.iter().filter(|code| !known.contains(&code.as_str())).take(NAMED) {
        let near = bongsu_sensors::document::nearest(code, known.iter().copied());
        let near = near.map(|near| format!("; did you mean {near:?}?")).unwrap_or_default();
        eprintln!("the catalog has no area {code:?}, which a district of the map is called by{near}");
    }
    Ok(())
}
