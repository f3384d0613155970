//! The base map: rivers, roads, buildings and districts of the city's own GeoJSON, below everything that the console's map
//! shows. It lies in the data folder, one file for each import, and the program itself serves it: no picture of streets is
//! asked of anybody.
//!
//! [`read()`] makes shapes of GeoJSON and finds every mistake in it; [`Fitted::of`] leaves out of them what nobody sees,
//! until they are small enough. Shapes are pictures: nothing is decided by them, and areas of the catalog stay what they
//! are.

mod fit;
mod layer;
mod read;

pub use fit::Fitted;
pub use layer::Layer;
pub use read::{Found, read};

use crate::shelf::write_whole;
use bongsu_sensors::Time;
use bongsu_sensors::name::is_name;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// A position as GeoJSON has it: longitude and latitude, degrees.
pub type Position = [f64; 2];

/// What is drawn of one layer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shapes {
    /// Lines.
    pub lines: Vec<Vec<Position>>,
    /// Polygons: an outer ring, and holes.
    pub polygons: Vec<Vec<Vec<Position>>>,
}

/// The shapes of each layer, those that lie lowest first.
pub type Layers = BTreeMap<Layer, Shapes>;

/// What is known of an import.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Import {
    /// What it is called by.
    pub name: String,
    /// The file it was made of.
    pub source: String,
    /// Whose it is, in the words that its licence wants to be shown; empty: nobody wants it.
    pub credit: String,
    /// When.
    pub imported: Time,
    /// Shapes by layer.
    pub layers: BTreeMap<Layer, usize>,
    /// What was too small to be seen.
    pub left_out: usize,
    /// No point lies further than about this from where it was, metres.
    pub within_m: f64,
    /// West, south, east and north, degrees.
    pub bounds: [f64; 4],
}

/// An import as it lies in its file: GeoJSON that any other program reads as well.
#[derive(Serialize, Deserialize)]
struct Kept {
    r#type: String,
    bongsu: Import,
    features: Vec<serde_json::Value>,
}

/// The folder of a data folder in which the base map lies.
pub fn folder(data: &Path) -> PathBuf {
    data.join("basemap")
}

fn file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.geojson"))
}

/// Keeps an import; one of that name is replaced in one step, and a page that is being read has all of the one or all of
/// the other.
///
/// # Errors
/// The folder cannot be written.
pub fn keep(folder: &Path, import: &Import, fitted: &Fitted) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let text = serde_json::json!({ "type": "FeatureCollection", "bongsu": import, "features": fitted.features() });
    write_whole(&file(folder, &import.name), &text.to_string())
}

/// What is kept, by name. A file that cannot be read is told of in its place.
///
/// # Errors
/// The folder cannot be read.
pub fn list(folder: &Path) -> io::Result<Vec<Result<(Import, u64), String>>> {
    let mut found = Vec::new();
    for path in files(folder)? {
        let kept = kept(&path).map(|kept| (kept.bongsu, std::fs::metadata(&path).map_or(0, |file| file.len())));
        found.push(kept.map_err(|error| format!("{}: {error}", path.display())));
    }
    Ok(found)
}

/// Takes an import away; answers whether it was there.
///
/// # Errors
/// The folder cannot be written.
pub fn remove(folder: &Path, name: &str) -> io::Result<bool> {
    if !is_name(name) {
        return Ok(false);
    }
    match std::fs::remove_file(file(folder, name)) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Every shape that is kept, as one GeoJSON text, lowest layer first, with the words of those whose they are. What cannot be read is left out: a map without a
/// river is still a map.
///
/// # Errors
/// The folder cannot be read.
pub fn served(folder: &Path) -> io::Result<String> {
    let (mut features, mut credits): (Vec<serde_json::Value>, Vec<String>) = Default::default();
    for kept in files(folder)?.into_iter().filter_map(|path| kept(&path).ok()) {
        features.extend(kept.features);
        let credit = kept.bongsu.credit;
        if !credit.is_empty() && !credits.contains(&credit) {
            credits.push(credit);
        }
    }
    features.sort_by_key(|feature| feature["properties"]["layer"].as_str().and_then(Layer::named));
    Ok(serde_json::json!({ "type": "FeatureCollection", "features": features, "credits": credits }).to_string())
}

fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let paths: io::Result<Vec<PathBuf>> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths: Vec<PathBuf> =
        paths?.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "geojson")).collect();
    paths.sort();
    Ok(paths)
}

fn kept(path: &Path) -> Result<Kept, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
