//! A backup of everything that must survive the loss of a machine, taken beside a running program, and the way back.
//!
//! | file of a backup | is |
//! |---|---|
//! | `archive.db`, `sessions.db`, `city.db` | the databases, each as it was at one moment, in this order: what an archive has and what sessions are owed is never newer than the log |
//! | `history/` | the files of the sealed history that `city.db` knows; they never change |
//! | `links.key`, `push.key` | the keys that links and push subscriptions depend on |
//! | `city/` | the configuration, the catalog and the rules as they stand in files |
//! | `manifest.json` | size and digest of each of them, and what the log holds; written last: a backup without it is none |
//!
//! Start at [`take`] and [`restore`].

use crate::archive::book;
use crate::config::Config;
use crate::control;
use crate::shelf::Shelf;
use crate::store::history::FOLDER;
use crate::store::{Reader, Store};
use miette::{IntoDiagnostic, WrapErr, miette};
use rusqlite::{Connection, OpenFlags};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The form of backups; another one is another number.
const FORM: u32 = 1;

const MANIFEST: &str = "manifest.json";
const STORE: &str = "city.db";
const SESSIONS: &str = "sessions.db";
const KEYS: [&str; 2] = ["links.key", "push.key"];
/// Copies of files that people wrote.
const CITY: &str = "city";

/// What a backup is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The form of backups.
    pub form: u32,
    /// The program that took it.
    pub program: String,
    /// When it was taken.
    pub time: String,
    /// Every file by its path, `/` between folders.
    pub files: BTreeMap<String, Kept>,
    /// What the store held.
    pub holds: Holds,
}

/// One file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, as hexadecimal digits.
    pub sha256: String,
}

/// What a store holds, counted: two stores that hold the same were made of the same inputs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holds {
    /// The last record of the log.
    pub newest_record: u64,
    /// How many there are.
    pub records: u64,
    /// Observations and later flags that are no longer in it but in files.
    #[serde(default)]
    pub sealed: u64,
    /// Incidents.
    pub incidents: u64,
    /// Changes of incidents.
    pub transitions: u64,
    /// Entries of the audit.
    pub audit: i64,
    /// The hash that chains them.
    pub audit_head: String,
}

/// Takes a backup into a folder that is empty or not there yet.
///
/// # Errors
/// The folder is not empty, or something cannot be read or written.
pub fn take(config: &Config, config_file: Option<&Path>, to: &Path, now: String) -> miette::Result<Manifest> {
    if !config.store.path.exists() {
        return Err(miette!("there is no store at {}", config.store.path.display()));
    }
    make_empty(to)?;
    let databases = [
        (config.data.join(book::FILE), book::FILE),
        (config.data.join(SESSIONS), SESSIONS),
        (config.store.path.clone(), STORE),
    ];
    for (from, name) in databases.iter().filter(|(from, _)| from.exists()) {
        copy_database(from, &to.join(name))?;
    }
    copy_history(&config.store.path, &to.join(STORE))?;
    for name in KEYS.into_iter().filter(|name| config.data.join(name).exists()) {
        copy(&config.data.join(name), &to.join(name))?;
    }
    copy_city(config, config_file, &to.join(CITY))?;
    if let Shelf::Shipped(changed) = Shelf::of(config)
        && changed.is_dir()
    {
        // They belong to the data folder, and come back into it.
        let mut files = Vec::new();
        collect(&changed, Path::new("rules"), &mut files)?;
        files.iter().try_for_each(|(from, name)| copy(from, &to.join(name)))?;
    }
    let holds = holds(&to.join(STORE))?;
    let mut files = BTreeMap::new();
    measure(to, to, &mut files)?;
    let program = env!("CARGO_PKG_VERSION").to_owned();
    let manifest = Manifest { form: FORM, program, time: now, files, holds };
    let text = serde_json::to_string_pretty(&manifest).into_diagnostic()?;
    let path = to.join(MANIFEST);
    fs::write(&path, text + "\n").into_diagnostic().wrap_err_with(|| format!("failed to write {}", path.display()))?;
    sync(&path)?;
    sync(to)?;
    Ok(manifest)
}

/// Brings a backup back into a data folder that holds nothing yet. With `verify`, everything that came back is read:
/// each page, each record, the chain of the audit, and the engine as it was.
///
/// # Errors
/// The backup is not whole, the folder is held or holds something, or what came back is not what was saved.
pub fn restore(config: &Config, from: &Path, verify: bool) -> miette::Result<Manifest> {
    let manifest = read_manifest(from)?;
    let occupied = fs::read_dir(&config.data).into_iter().flatten().flatten().any(|entry| entry.file_name() != "lock");
    // First who holds it: a running program is the better reason.
    let _lock = control::lock(&config.data)?.ok_or_else(|| control::held(&config.data))?;
    if occupied || config.store.path.exists() {
        return Err(miette!(
            help = "name an empty folder with --data; nothing is ever restored over something else",
            "{} is not empty",
            config.data.display()
        ));
    }
    for (name, kept) in &manifest.files {
        let found = kept_of(&from.join(name))?;
        if found != *kept {
            return Err(miette!(
                help = "take another backup; this one was changed or is not whole",
                "{} is not what was saved: {} bytes with digest {}, expected {} with {}",
                from.join(name).display(),
                found.bytes,
                found.sha256,
                kept.bytes,
                kept.sha256
            ));
        }
    }
    for name in manifest.files.keys() {
        let to = match name.split_once('/') {
            None if name == STORE => config.store.path.clone(),
            // It stands beside the database, wherever that is.
            Some((FOLDER, file)) => config.store.path.with_file_name(FOLDER).join(file),
            _ => config.data.join(name),
        };
        copy(&from.join(name), &to)?;
    }
    if verify {
        verify_store(&config.store.path, &manifest)?;
    }
    sync(&config.data)?;
    Ok(manifest)
}

/// Reads everything that came back.
fn verify_store(path: &Path, manifest: &Manifest) -> miette::Result<()> {
    let connection = open(path).into_diagnostic()?;
    let said: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).into_diagnostic()?;
    if said != "ok" {
        return Err(miette!("{} is damaged: {said}", path.display()));
    }
    let holds = holds(path)?;
    if holds != manifest.holds {
        return Err(miette!("{} holds {holds:?}, saved was {:?}", path.display(), manifest.holds));
    }
    let reader = Reader::open(path).into_diagnostic()?;
    let history = reader.check_history().into_diagnostic()?;
    if let Some(damage) = history.damages.first() {
        return Err(miette!("the history is not whole: {damage}"));
    }
    let audit = reader.verify_audit(None).into_diagnostic()?;
    if let Some(fault) = audit.faults.first() {
        return Err(miette!("the audit does not hold together: {fault}"));
    }
    let mut damaged = None;
    reader
        .follow(0, u64::MAX >> 1, |entry| {
            let whole = entry.record().is_ok() && entry.stored().is_ok();
            damaged = (!whole).then_some(entry.seq);
            Ok(if whole { std::ops::ControlFlow::Continue(()) } else { std::ops::ControlFlow::Break(()) })
        })
        .into_diagnostic()?;
    if let Some(seq) = damaged {
        return Err(miette!("record {seq} of {} cannot be read", path.display()));
    }
    // A program that is newer than the backup brings the store to its own form first, as it would at its first start.
    let mut store = Store::open_as_it_is(path, usize::MAX)?;
    let status = store.status()?;
    let (engine, seq) = crate::restart::restore(&store, status).wrap_err("the engine does not come back")?;
    if seq != manifest.holds.newest_record || engine.catalog().is_none() != (manifest.holds.records == 0) {
        return Err(miette!("the engine comes back at record {seq}, saved was {}", manifest.holds.newest_record));
    }
    store.fold_log()?;
    Ok(())
}

fn read_manifest(from: &Path) -> miette::Result<Manifest> {
    let path = from.join(MANIFEST);
    let text = fs::read_to_string(&path).into_diagnostic().wrap_err_with(|| {
        format!("{} is no backup, or one that was broken off: its {MANIFEST} cannot be read", from.display())
    })?;
    let manifest: Manifest =
        serde_json::from_str(&text).into_diagnostic().wrap_err_with(|| format!("failed to read {}", path.display()))?;
    if manifest.form != FORM {
        let help = "use the program that took it, or a newer one";
        return Err(miette!(help = help, "this backup has form {}, this program knows {FORM}", manifest.form));
    }
    // A path of the manifest leads nowhere else than into the folder.
    let inside = |name: &str| !name.split('/').any(|part| part.is_empty() || part == ".." || part == ".");
    if let Some(name) = manifest.files.keys().find(|name| !inside(name)) {
        return Err(miette!("{} names the file {name:?}", path.display()));
    }
    Ok(manifest)
}

/// What a store holds.
fn holds(path: &Path) -> miette::Result<Holds> {
    let connection = open(path).into_diagnostic()?;
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, u64>(0));
    let counted = (|| {
        Ok::<_, rusqlite::Error>(Holds {
            newest_record: count("SELECT coalesce(max(seq), 0) FROM log")?,
            records: count("SELECT count(*) FROM log")?,
            incidents: count("SELECT count(*) FROM incident")?,
            transitions: count("SELECT count(*) FROM transition")?,
            ..Holds::default()
        })
    })();
    let mut holds = counted.into_diagnostic().wrap_err_with(|| format!("failed to read {}", path.display()))?;
    let reader = Reader::open(path).into_diagnostic()?;
    let audit = reader.verify_audit(None).into_diagnostic()?;
    (holds.audit, holds.audit_head) = (audit.entries, audit.head);
    holds.sealed = reader.history_files().into_diagnostic()?.iter().map(|(_, rows)| rows).sum();
    Ok(holds)
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    Ok(connection)
}

/// Copies a database as it is at one moment, while others write it. Copying page by page would begin anew at each of
/// their commits; this reads one moment, during which their write-ahead log grows.
fn copy_database(from: &Path, to: &Path) -> miette::Result<()> {
    let failed = || format!("failed to copy {} to {}", from.display(), to.display());
    let connection = open(from).into_diagnostic().wrap_err_with(failed)?;
    connection.execute("VACUUM INTO ?1", [to.to_string_lossy()]).into_diagnostic().wrap_err_with(failed)?;
    fs::set_permissions(to, fs::Permissions::from_mode(0o600)).into_diagnostic().wrap_err_with(failed)?;
    sync(to)
}

/// Copies the files of the history that the copy of the database knows: what was sealed since is in its log.
fn copy_history(from: &Path, copy_of: &Path) -> miette::Result<()> {
    let known = Reader::open(copy_of).and_then(|reader| reader.history_files()).into_diagnostic()?;
    for (file, _) in known {
        copy(&from.with_file_name(FOLDER).join(&file), &copy_of.with_file_name(FOLDER).join(&file))?;
    }
    Ok(())
}

/// The files that people wrote, for whoever builds the machine anew. The log holds catalog and rules as well: a restored
/// store needs none of these.
fn copy_city(config: &Config, config_file: Option<&Path>, to: &Path) -> miette::Result<()> {
    let mut files: Vec<(PathBuf, PathBuf)> = Vec::new();
    let name = |path: &Path| path.file_name().map(PathBuf::from).unwrap_or_default();
    let alone = [config_file.map(Path::to_owned), Some(config.stations.clone()), config.release.policy.clone()];
    files.extend(alone.into_iter().flatten().map(|path| (path.clone(), name(&path))));
    if let Ok((text, _)) = crate::inventory::catalog(&config.stations)
        && let Some((geometry, _)) = &text.geometry
    {
        files.push((geometry.into(), name(Path::new(geometry))));
    }
    if let Some(rules) = &config.rules {
        collect(rules, Path::new("rules"), &mut files)?;
    }
    let basemap = crate::basemap::folder(&config.data);
    if basemap.is_dir() {
        collect(&basemap, Path::new("basemap"), &mut files)?;
    }
    for (from, name) in files.iter().filter(|(from, _)| from.is_file()) {
        copy(from, &to.join(name))?;
    }
    Ok(())
}

fn collect(folder: &Path, name: &Path, files: &mut Vec<(PathBuf, PathBuf)>) -> miette::Result<()> {
    let failed = || format!("failed to read {}", folder.display());
    for entry in fs::read_dir(folder).into_diagnostic().wrap_err_with(failed)? {
        let path = entry.into_diagnostic().wrap_err_with(failed)?.path();
        let name = name.join(path.file_name().unwrap_or_default());
        // A link may lead in a circle.
        if path.is_dir() && !path.is_symlink() {
            collect(&path, &name, files)?;
        } else if path.is_file() {
            files.push((path, name));
        }
    }
    Ok(())
}

/// Makes a folder for its owner alone, or finds one that is empty.
fn make_empty(folder: &Path) -> miette::Result<()> {
    let failed = || format!("failed to make the folder {}", folder.display());
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).into_diagnostic().wrap_err_with(failed)?;
    if fs::read_dir(folder).into_diagnostic().wrap_err_with(failed)?.next().is_some() {
        return Err(miette!(help = "name a folder that is not there yet", "{} is not empty", folder.display()));
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> miette::Result<()> {
    let failed = || format!("failed to copy {} to {}", from.display(), to.display());
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).into_diagnostic().wrap_err_with(failed)?;
    }
    fs::copy(from, to).into_diagnostic().wrap_err_with(failed)?;
    fs::set_permissions(to, fs::Permissions::from_mode(0o600)).into_diagnostic().wrap_err_with(failed)?;
    sync(to)
}

/// Waits until it is on the disk.
fn sync(path: &Path) -> miette::Result<()> {
    let synced = File::open(path).and_then(|file| file.sync_all());
    synced.into_diagnostic().wrap_err_with(|| format!("failed to write {}", path.display()))
}

/// Size and digest of every file below a folder, by its path.
fn measure(root: &Path, folder: &Path, files: &mut BTreeMap<String, Kept>) -> miette::Result<()> {
    let failed = || format!("failed to read {}", folder.display());
    for entry in fs::read_dir(folder).into_diagnostic().wrap_err_with(failed)? {
        let path = entry.into_diagnostic().wrap_err_with(failed)?.path();
        if path.is_dir() {
            measure(root, &path, files)?;
            continue;
        }
        let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
        files.insert(name, kept_of(&path)?);
    }
    Ok(())
}

fn kept_of(path: &Path) -> miette::Result<Kept> {
    let failed = || format!("failed to read {}", path.display());
    let mut file = File::open(path).into_diagnostic().wrap_err_with(failed)?;
    let (mut digest, mut bytes, mut chunk) = (Sha256::new(), 0, vec![0; 1 << 20]);
    loop {
        let read = file.read(&mut chunk).into_diagnostic().wrap_err_with(failed)?;
        if read == 0 {
            break;
        }
        digest.update(&chunk[..read]);
        bytes += u64::try_from(read).unwrap_or(u64::MAX);
    }
    let sha256 = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Kept { bytes, sha256 })
}
