//! The city and the rules as text, read from disk and checked: what is logged when it is taken up.

use crate::report::Problems;
use crate::shelf::Shelf;
use bongsu_rules::Engine;
use bongsu_rules::incident::{Policy, Status};
use bongsu_rules::language::overrides::is_overrides;
use bongsu_rules::record::{CatalogText, Input, Record, RulesText};
use bongsu_sensors::Catalog;
use bongsu_sensors::mistake::{Mistake, Origin, Source};
use miette::{IntoDiagnostic, WrapErr, miette};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The catalog at a path as text, with the polygons it names, and what it says.
///
/// # Errors
/// A file that cannot be read, or every mistake in it.
pub fn catalog(path: &Path) -> miette::Result<(Arc<CatalogText>, Arc<Catalog>)> {
    match read_catalog(path) {
        Ok((text, catalog)) => Ok((Arc::new(text), Arc::new(catalog))),
        Err(mistakes) => Err(Problems::errors("the catalog cannot be used", mistakes).into()),
    }
}

/// The catalog at a path; that of the engine itself where the files hold what it says, which spares reading a large
/// city twice.
///
/// # Errors
/// As [`catalog`].
pub fn catalog_unless(path: &Path, engine: &Engine) -> miette::Result<(Arc<CatalogText>, Arc<Catalog>)> {
    let holds = |path: &Path, text: &str| std::fs::read_to_string(path).is_ok_and(|found| found == text);
    let known = engine.catalog_text();
    let is_known = known.name == path.display().to_string()
        && holds(path, &known.stations)
        && known.geometry.as_ref().is_none_or(|(name, text)| holds(Path::new(name), text));
    match engine.catalog().filter(|_| is_known) {
        Some(parsed) => Ok((known.clone(), parsed.clone())),
        None => catalog(path),
    }
}

/// A catalog as text, and what it says.
///
/// # Errors
/// Every mistake of both files.
pub fn read_catalog(path: &Path) -> Result<(CatalogText, Catalog), Vec<Mistake>> {
    let name = path.display().to_string();
    let stations = std::fs::read_to_string(path).map_err(|error| {
        let origin = Origin { source: Source::new(name.clone(), ""), span: 0..0 };
        let remedy = "name the file of your stations with the key `stations` or on the command line";
        vec![Mistake::new(&origin, format!("failed to read the catalog: {error}"), remedy)]
    })?;
    parse_catalog(path, stations)
}

/// A text as the catalog at a path, and what it says.
///
/// # Errors
/// Every mistake of it and of the polygons it names.
pub fn parse_catalog(path: &Path, stations: String) -> Result<(CatalogText, Catalog), Vec<Mistake>> {
    let name = path.display().to_string();
    let mut geometry = None;
    let catalog = Catalog::parse(&Source::new(name.clone(), stations.clone()), |file| {
        let path = path.parent().unwrap_or(Path::new("")).join(file);
        let text = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
        let name = path.display().to_string();
        geometry = Some((name.clone(), text.clone()));
        Ok(Source::new(name, text))
    })?;
    Ok((CatalogText { name, stations, geometry }, catalog))
}

/// The policy of a file, laid over the areas of a city; without one, none.
///
/// # Errors
/// A file that cannot be read, or every mistake in it.
pub fn policy(path: Option<&Path>, city: &Catalog) -> miette::Result<Arc<Policy>> {
    let Some(path) = path else { return Ok(Arc::default()) };
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).into_diagnostic().wrap_err_with(|| format!("failed to read {name}"))?;
    let policy = crate::policy::read(&Source::new(name, text), city)
        .map_err(|mistakes| Problems::errors("the policy cannot be used", mistakes))?;
    Ok(Arc::new(policy))
}

/// The rules of a city.
///
/// # Errors
/// A file that cannot be read, or every mistake in them.
pub fn rules(shelf: &Shelf) -> miette::Result<Arc<RulesText>> {
    let text = shelf.text()?;
    Engine::new(Status::Test)
        .check_rules(&text)
        .map_err(|mistakes| Problems::errors("the rules cannot be used", mistakes))?;
    Ok(Arc::new(text))
}

/// The rules of a city, where each file that has mistakes is replaced by what is in force under its name: a broken file
/// never takes the place of a working rule. A broken file that is new is left out. With a catalog, the rules must also
/// fit it. The mistakes are answered beside what can be used.
///
/// # Errors
/// Nothing can be used: the folder cannot be read, or what is good in it does not fit together.
pub fn rules_beside(
    shelf: &Shelf,
    in_force: &RulesText,
    catalog: Option<&Arc<CatalogText>>,
) -> miette::Result<(Arc<RulesText>, Vec<Mistake>)> {
    let mut text = shelf.text()?;
    if text.files == in_force.files {
        return Ok((Arc::new(text), Vec::new()));
    }
    let engine = checker(catalog);
    let Err(mistakes) = engine.check_rules(&text) else { return Ok((Arc::new(text), Vec::new())) };
    let is_broken = |name: &String| mistakes.iter().any(|mistake| mistake.origin.source.name == *name);
    let before = |name: &String| in_force.files.iter().find(|(known, _)| known == name).cloned();
    text.files = text
        .files
        .into_iter()
        .filter_map(|file| if is_broken(&file.0) { before(&file.0) } else { Some(file) })
        .collect();
    match engine.check_rules(&text) {
        Ok(()) if !text.files.is_empty() => Ok((Arc::new(text), mistakes)),
        _ => Err(Problems::errors("the rules cannot be used", mistakes).into()),
    }
}

/// An engine that checks rules, and whether they fit a city where one is given.
pub fn checker(catalog: Option<&Arc<CatalogText>>) -> Engine {
    let mut engine = Engine::new(Status::Test);
    if let Some(catalog) = catalog {
        let now = bongsu_sensors::Time::default();
        engine.handle(&Record { seq: 1, now, input: Input::Catalog(catalog.clone()) }, &mut Vec::new());
    }
    engine
}

/// The text of rule files, and of all in folders, in the order of their names.
///
/// # Errors
/// A path that cannot be read, or none that holds a rule.
pub fn rules_text(paths: &[PathBuf]) -> miette::Result<RulesText> {
    let files = rule_files(paths)?;
    if files.is_empty() {
        return Err(miette!(help = "a rule is a file that ends in .rhai", "no rule in {paths:?}"));
    }
    Ok(RulesText { files, author: author() })
}

/// The same where there may be none: names and texts.
///
/// # Errors
/// A path that cannot be read.
pub fn rule_files(paths: &[PathBuf]) -> miette::Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for path in paths {
        collect(path, &mut files)?;
    }
    files.sort();
    files.dedup();
    let read = |path: PathBuf| {
        let name = path.display().to_string();
        let text =
            std::fs::read_to_string(&path).into_diagnostic().wrap_err_with(|| format!("failed to read {name}"))?;
        Ok((name, text))
    };
    files.into_iter().map(read).collect()
}

/// Who runs this program: who answers for rules that do not name anybody.
pub fn author() -> String {
    let named = |key: &str| std::env::var(key).ok().filter(|name| !name.is_empty());
    ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(named).unwrap_or_else(|| "nobody named".to_owned())
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> miette::Result<()> {
    let failed = || format!("failed to read {}", path.display());
    let metadata = std::fs::metadata(path).into_diagnostic().wrap_err_with(failed)?;
    if !metadata.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in std::fs::read_dir(path).into_diagnostic().wrap_err_with(failed)? {
        let entry = entry.into_diagnostic().wrap_err_with(failed)?.path();
        if entry.is_dir() {
            collect(&entry, files)?;
        } else if entry.extension().is_some_and(|extension| extension == "rhai")
            || is_overrides(&entry.to_string_lossy())
        {
            files.push(entry);
        }
    }
    Ok(())
}
