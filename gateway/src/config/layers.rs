//! What was typed: defaults, a file, the environment and flags, laid over one another in this order.
//!
//! Nothing is checked here but that each layer can be read at all; what the keys mean is the business of
//! [`read`](super::read).

use super::{Config, DEFAULT, DEFAULT_FILE};
use bongsu_sensors::document::{self, Located, Table, Value, nearest};
use bongsu_sensors::mistake::{Mistake, Mistakes, Origin, Source};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What every variable of ours begins with.
const PREFIX: &str = "BONGSU_";

/// Variables of ours that are no settings. They belong to the tests, which run the program as a child.
const NOT_SETTINGS: [&str; 1] = ["BONGSU_BLESS"];

/// A value from a flag of the command line.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The key it sets, section first.
    pub key: &'static [&'static str],
    /// The flag as typed, such as `--data`.
    pub flag: &'static str,
    /// The value as typed.
    pub value: PathBuf,
}

/// Everything that was typed.
#[derive(Debug)]
pub struct Layers {
    pub(super) table: Table,
    pub(super) default: Arc<Source>,
    pub(super) file: Option<Arc<Source>>,
    mistakes: Vec<Mistake>,
}

impl Layers {
    /// Reads the file and the environment of this process.
    ///
    /// # Errors
    /// A file that was asked for and cannot be read.
    pub fn read(file: Option<&Path>, settings: &[Setting]) -> Result<Layers, Vec<Mistake>> {
        let named = file.is_some();
        let path = file.unwrap_or(Path::new(DEFAULT_FILE));
        let file = match std::fs::read_to_string(path) {
            Ok(text) => Some(Source::new(path.display().to_string(), text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !named => None,
            Err(error) => {
                let origin = Origin { source: Source::new(path.display().to_string(), ""), span: 0..0 };
                let remedy = "`bongsu config init` writes a configuration file";
                return Err(vec![Mistake::new(&origin, format!("failed to read the configuration: {error}"), remedy)]);
            }
        };
        Ok(Layers::of(file, std::env::vars_os(), settings))
    }

    /// Lays a file, variables and flags over the defaults.
    pub fn of(
        file: Option<Arc<Source>>,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
        settings: &[Setting],
    ) -> Layers {
        let mistakes = Mistakes::new();
        let default = Source::new("default", DEFAULT);
        let mut table = document::parse(&default, &mistakes);
        if let Some(file) = &file {
            table.lay_over(document::parse(file, &mistakes));
        }
        let mut variables: Vec<_> = variables.into_iter().filter(|(name, _)| is_setting(name)).collect();
        // The environment has no order of its own; mistakes are told in the same order every time.
        variables.sort();
        for (name, value) in &variables {
            lay_variable(&mut table, &name.to_string_lossy(), value.to_str(), &mistakes);
        }
        for setting in settings {
            let source = Source::new(setting.flag, setting.value.to_string_lossy());
            match setting.value.to_str() {
                Some(text) => table.set_loose(setting.key, text, &source),
                None => not_text(&source, &mistakes),
            }
        }
        Layers { table, default, file, mistakes: mistakes.into_vec() }
    }

    /// Checks everything that was typed.
    ///
    /// # Errors
    /// Every mistake of every layer.
    pub fn check(&self) -> Result<Config, Vec<Mistake>> {
        let mistakes = Mistakes::new();
        mistakes.extend(self.mistakes.iter().cloned());
        let config = super::read::config(self, &mistakes);
        if mistakes.is_empty() { config.ok_or_else(Vec::new) } else { Err(mistakes.into_vec()) }
    }

    /// The configuration file that was read.
    pub fn file_name(&self) -> Option<&str> {
        self.file.as_ref().map(|file| file.name.as_str())
    }

    /// A path as typed, in the folder of the file it was typed into: a program started elsewhere must find it.
    pub fn path(&self, typed: &Located<PathBuf>) -> PathBuf {
        let file = self.file.as_ref().filter(|file| Arc::ptr_eq(file, &typed.origin.source));
        let folder = file.and_then(|file| Path::new(&file.name).parent());
        folder.map_or_else(|| typed.value.clone(), |folder| folder.join(&typed.value))
    }

    /// Where the value of a key comes from: `default`, `bongsu.toml:12`, a variable or a flag; `None` where no layer
    /// has the key.
    pub fn place(&self, section: &str, key: &str) -> Option<String> {
        let mut table = &self.table;
        for part in section.split('.') {
            if let Some(Value::Table(inner)) = table.get(part).map(|node| &node.value) {
                table = inner;
            }
        }
        let origin = &table.get(key)?.origin;
        let name = &origin.source.name;
        let in_file = self.file.as_ref().is_some_and(|file| Arc::ptr_eq(file, &origin.source));
        Some(if in_file { format!("{name}:{}", origin.source.line_column(origin.span.start).0) } else { name.clone() })
    }
}

fn is_setting(name: &std::ffi::OsStr) -> bool {
    name.to_str().is_some_and(|name| name.starts_with(PREFIX) && !NOT_SETTINGS.contains(&name))
}

fn not_text(source: &Arc<Source>, mistakes: &Mistakes) {
    let origin = Origin { source: source.clone(), span: 0..source.text.len() };
    mistakes.add(&origin, format!("{} is not UTF-8", source.name), "write it in UTF-8");
}

/// Lays one variable over the table; a name with one underscore where two are meant is told here, because as a key it
/// would only be unknown.
fn lay_variable(table: &mut Table, name: &str, value: Option<&str>, mistakes: &Mistakes) {
    let source = Source::new(name, value.unwrap_or_default());
    if value.is_none() {
        return not_text(&source, mistakes);
    }
    let key = name[PREFIX.len()..].to_ascii_lowercase();
    let path: Vec<&str> = key.split("__").collect();
    if let Some(meant) = meant(table, &path) {
        let origin = Origin { source: source.clone(), span: 0..source.text.len() };
        return mistakes.add(&origin, format!("unknown variable {name}"), format!("did you mean {meant}?"));
    }
    table.set_loose(&path, &source.text, &source);
}

/// The variable that was meant by a path of one unknown key that begins like a section.
fn meant(table: &Table, path: &[&str]) -> Option<String> {
    let [alone] = path else { return None };
    let (section, rest) = alone.split_once('_')?;
    if table.get(alone).is_some() {
        return None;
    }
    let sections = table.iter().filter(|(.., node)| matches!(node.value, Value::Table(_))).map(|(key, ..)| key);
    let section = nearest(section, sections)?;
    Some(format!("{PREFIX}{}__{}", section.to_uppercase(), rest.to_uppercase()))
}
