//! Where the rules of a city stand as files: in a folder that the configuration names, or those that come with the
//! program, over which the data folder's `rules/` lays what people changed at the console.

use crate::config::Config;
use crate::inventory::{author, rule_files, rules_text};
use bongsu_rules::pack;
use bongsu_rules::record::RulesText;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Where the names of shipped rules begin.
const PACKS: &str = "packs/";

/// What a text is called that waits beside its file.
const WANTED: &str = ".wanted";

/// Where the rules stand.
#[derive(Clone, Debug)]
pub enum Shelf {
    /// In a folder of the city's own.
    Own(PathBuf),
    /// In the program; what was changed of them stands in this folder, under the same names.
    Shipped(PathBuf),
}

impl Shelf {
    /// That of a configuration.
    pub fn of(config: &Config) -> Shelf {
        config.rules.clone().map_or_else(|| Shelf::Shipped(config.data.join("rules")), Shelf::Own)
    }

    /// The folder in which rules are changed.
    pub fn folder(&self) -> &Path {
        match self {
            Shelf::Own(folder) | Shelf::Shipped(folder) => folder,
        }
    }

    /// All rules and overrides as they stand.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn text(&self) -> miette::Result<RulesText> {
        let folder = match self {
            Shelf::Own(folder) => return rules_text(std::slice::from_ref(folder)),
            Shelf::Shipped(folder) => folder,
        };
        let mut text = pack::shipped();
        let changed = if folder.is_dir() { rule_files(std::slice::from_ref(folder))? } else { Vec::new() };
        if !changed.is_empty() {
            text.files.retain(|(name, _)| changed.iter().all(|(file, _)| *file != self.place(name)));
            text.files.extend(changed);
            text.author = author();
        }
        Ok(text)
    }

    /// Texts with one of them replaced or added, in the order in which they would be read.
    pub fn with(&self, files: &[(String, String)], name: &str, text: &str) -> Vec<(String, String)> {
        let is_other = |(file, _): &&(String, String)| self.place(file) != name;
        let (mut first, mut rest): (Vec<_>, Vec<_>) =
            files.iter().filter(is_other).cloned().partition(|(file, _)| self.place(file) != *file);
        rest.push((name.to_owned(), text.to_owned()));
        rest.sort_by_cached_key(|(file, _)| PathBuf::from(file));
        first.append(&mut rest);
        first
    }

    /// The file in which a text that is in force under a name is changed.
    pub fn place(&self, name: &str) -> String {
        match (self, name.strip_prefix(PACKS)) {
            (Shelf::Shipped(folder), Some(inner)) => folder.join(inner).display().to_string(),
            _ => name.to_owned(),
        }
    }

    /// Brings the files in line with what is in force after a crash: a text that waited and is in force takes its file's
    /// place, one that did not come so far is gone.
    ///
    /// # Errors
    /// The folder cannot be read or written.
    pub fn settle(&self, in_force: &RulesText) -> io::Result<()> {
        for waiting in waiting(self.folder())? {
            let text = fs::read_to_string(&waiting)?;
            let is_it = |(file, known): &&(String, String)| beside(Path::new(file)) == waiting && *known == text;
            match in_force.files.iter().find(is_it) {
                Some((file, _)) => Wanted { file: file.into(), beside: waiting }.take_place()?,
                None => fs::remove_file(&waiting)?,
            }
        }
        Ok(())
    }

    /// The file of something new.
    pub fn new_place(&self, name: &str) -> String {
        self.folder().join(name).display().to_string()
    }
}

/// Every text in a folder that waits beside its file.
fn waiting(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    if !folder.is_dir() {
        return Ok(found);
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            found.extend(waiting(&path)?);
        } else if path.to_string_lossy().ends_with(WANTED) {
            found.push(path);
        }
    }
    Ok(found)
}

/// A text that waits beside its file until it is in force: the log decides whether it takes the file's place.
#[derive(Debug)]
pub struct Wanted {
    file: PathBuf,
    beside: PathBuf,
}

/// What such a file is called.
fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(WANTED);
    name.into()
}

/// The folder a file stands in: of a bare name, the one we are in.
fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

impl Wanted {
    /// Puts a text beside its file, on the disk.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn write(file: &Path, text: &str) -> io::Result<Wanted> {
        let folder = folder_of(file);
        fs::create_dir_all(folder)?;
        let wanted = Wanted { file: file.to_owned(), beside: beside(file) };
        let mut written = File::create(&wanted.beside)?;
        written.write_all(text.as_bytes())?;
        written.sync_all()?;
        File::open(folder)?.sync_all()?;
        Ok(wanted)
    }

    /// It takes the file's place, whole or not at all.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn take_place(self) -> io::Result<()> {
        fs::rename(&self.beside, &self.file)?;
        File::open(folder_of(&self.file))?.sync_all()
    }
}

/// Writes all of a file or nothing: a rule half written must never be read.
///
/// # Errors
/// The folder cannot be written.
pub fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    Wanted::write(path, text)?.take_place()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_changed_takes_the_place_of_what_comes_with_the_program() {
        let folder = tempfile::tempdir().expect("folder");
        let shelf = Shelf::Shipped(folder.path().join("rules"));
        let before = shelf.text().expect("the shipped ones");
        assert_eq!(before.files, pack::shipped().files);
        let (name, text) = before.files[0].clone();
        let place = shelf.place(&name);
        let ours = format!("{text}// ours\n");
        write_whole(Path::new(&place), &ours).expect("written");
        let overrides = shelf.new_place("overrides.toml");
        write_whole(Path::new(&overrides), "").expect("written");
        let after = shelf.text().expect("both");
        assert_eq!(after.files, shelf.with(&shelf.with(&before.files, &overrides, ""), &place, &ours));
        assert_eq!(after.files.len(), before.files.len() + 1);
        assert!(after.files.iter().all(|(file, _)| *file != name));
        assert!(after.files.iter().any(|(file, text)| *file == place && text.ends_with("// ours\n")));
        assert_eq!(shelf.place(&place), place, "it is changed where it stands");
    }

    #[test]
    fn a_bare_name_stands_in_the_folder_we_are_in() {
        assert_eq!(folder_of(Path::new("stations.toml")), Path::new("."));
        assert_eq!(folder_of(Path::new("/rules/high.rhai")), Path::new("/rules"));
    }

    #[test]
    fn after_a_crash_the_log_decides_which_text_a_file_has() {
        let folder = tempfile::tempdir().expect("folder");
        let shelf = Shelf::Own(folder.path().join("rules"));
        let file = shelf.new_place("river/high.rhai");
        write_whole(Path::new(&file), "before").expect("written");
        let before = shelf.text().expect("one rule");
        let read = || fs::read_to_string(&file).expect("it is there");
        Wanted::write(Path::new(&file), "after").expect("written");
        assert_eq!(shelf.text().expect("one rule").files, before.files, "what waits is not read");
        shelf.settle(&before).expect("settled");
        assert_eq!(read(), "before", "it did not come so far");
        assert!(waiting(shelf.folder()).expect("read").is_empty());
        Wanted::write(Path::new(&file), "after").expect("written");
        let after = RulesText { files: vec![(file.clone(), "after".into())], ..before };
        shelf.settle(&after).expect("settled");
        assert_eq!(read(), "after", "it is in force");
    }
}
