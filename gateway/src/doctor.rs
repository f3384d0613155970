//! What this machine offers and what is missing, each finding with what to do about it.
//!
//! Every check leaves the machine as it found it: files it writes are removed, addresses it binds are released. Nothing
//! here is used while the program serves. Start at [`examine`].

use crate::config::{Config, Oidc};
use crate::oidc::Provider;
use crate::store::Reader;
use crate::store::history::Checked;
use rustix::process::Resource;
use serde::Serialize;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As it should be.
    Ok,
    /// It works, but not as well as it could.
    Warn,
    /// The program cannot serve like this.
    Fail,
}

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was checked.
    pub check: &'static str,
    /// How it ended.
    pub state: State,
    /// What was found.
    pub found: String,
    /// What to do, empty where all is well.
    pub remedy: String,
}

impl Finding {
    /// A finding that is as it should be.
    pub fn ok(check: &'static str, found: impl Into<String>) -> Finding {
        Finding { check, state: State::Ok, found: found.into(), remedy: String::new() }
    }

    /// A finding to look at, with what to do.
    pub fn bad(check: &'static str, state: State, found: impl Into<String>, remedy: impl Into<String>) -> Finding {
        Finding { check, state, found: found.into(), remedy: remedy.into() }
    }
}

/// Below this the store refuses to start soon: its reserve alone is 64 MiB.
const FULL_BYTES: u64 = 256 * 1024 * 1024;

/// Below this a busy city fills the disk within days.
const SCARCE_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// Small writes that are measured: enough for a median, under a second on a slow disk.
const WRITES: usize = 50;

/// Bytes of each: a page of the database.
const WRITE_BYTES: usize = 4096;

/// From here on each commit waits noticeably for the disk; alerts are as late as the commit.
const SLOW_SYNC: Duration = Duration::from_millis(10);

/// Files besides connections: the database, history, pages, logs.
const OTHER_FILES: u64 = 256;

/// 2026-01-01T00:00:00Z in seconds: this program is younger.
const YOUNGEST_S: u64 = 1_767_225_600;

/// 2100-01-01T00:00:00Z in seconds.
const OLDEST_S: u64 = 4_102_444_800;

/// Runs every check that needs no more than a good configuration.
pub fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = vec![];
    match Probe::new(&config.data) {
        Ok(probe) => {
            findings.push(probe.found());
            findings.push(disk_space(&probe.folder));
            findings.push(disk_speed(&probe));
        }
        Err(finding) => findings.push(finding),
    }
    findings.push(open_files(config.limits.max_connections));
    findings.push(address_free("mqtt port", "mqtt", config.mqtt.listen));
    findings.push(address_free("public port", "public", config.public.listen));
    findings.push(address_free("operator port", "operator", config.operator.listen));
    findings.push(clock(SystemTime::now(), &config.data));
    findings.extend(config.operator.oidc.as_ref().map(provider));
    if config.store.path.exists() {
        findings.push(history(&config.store.path));
    }
    findings
}

/// A file in the data folder, or in the nearest folder above it that exists; removed when dropped.
struct Probe {
    folder: PathBuf,
    path: PathBuf,
    file: std::fs::File,
    wanted: PathBuf,
}

impl Probe {
    fn new(data: &Path) -> Result<Probe, Finding> {
        let cannot = |folder: &Path, error: &io::Error| {
            let remedy = "give the user that runs bongsu write permission there, or name another folder with --data";
            Finding::bad("data folder", State::Fail, format!("{}: {error}", folder.display()), remedy)
        };
        // The data folder itself is created by the store only, so a new one is judged by where it would stand.
        let absolute = std::path::absolute(data).map_err(|error| cannot(data, &error))?;
        let folder = absolute.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("/")).to_owned();
        let path = folder.join(format!(".bongsu-doctor-{}", std::process::id()));
        let file = std::fs::File::create_new(&path).map_err(|error| cannot(&folder, &error))?;
        Ok(Probe { folder, path, file, wanted: absolute })
    }

    fn found(&self) -> Finding {
        let found = if self.folder == self.wanted {
            format!("{} is writable", self.folder.display())
        } else {
            format!("{} will be created", self.wanted.display())
        };
        Finding::ok("data folder", found)
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        // A probe that cannot be removed is a hidden file of a few KiB: not worth more words than the finding.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn disk_space(folder: &Path) -> Finding {
    match rustix::fs::statvfs(folder) {
        Ok(space) => space_verdict(space.f_bavail.saturating_mul(space.f_frsize)),
        Err(error) => Finding::bad("disk space", State::Warn, format!("cannot be asked: {error}"), "look with `df`"),
    }
}

fn space_verdict(free: u64) -> Finding {
    let found = format!("{} MiB free", free / (1024 * 1024));
    let remedy = "free space, or name a folder on another disk with --data";
    match free {
        _ if free < FULL_BYTES => Finding::bad("disk space", State::Fail, found, remedy),
        _ if free < SCARCE_BYTES => Finding::bad("disk space", State::Warn, found, remedy),
        _ => Finding::ok("disk space", found),
    }
}

fn disk_speed(probe: &Probe) -> Finding {
    match sync_times(&probe.file) {
        Ok(mut times) => {
            times.sort_unstable();
            speed_verdict(times[times.len() / 2], times[times.len() - 1])
        }
        Err(error) => Finding::bad(
            "disk speed",
            State::Fail,
            format!("fdatasync fails: {error}"),
            "use a local disk, not a share",
        ),
    }
}

/// How long each of a few small writes takes to be durable: what every acknowledgement waits for.
fn sync_times(mut file: &std::fs::File) -> io::Result<Vec<Duration>> {
    let page = [0x5a; WRITE_BYTES];
    (0..WRITES)
        .map(|_| {
            let started = Instant::now();
            file.write_all(&page)?;
            file.sync_data()?;
            Ok(started.elapsed())
        })
        .collect()
}

fn speed_verdict(median: Duration, worst: Duration) -> Finding {
    let found = format!("fdatasync p50 {:.2} ms, worst {:.2} ms", millis(median), millis(worst));
    if median < SLOW_SYNC {
        return Finding::ok("disk speed", found);
    }
    let remedy = "every acknowledgement and alert waits for this: use an SSD with power loss protection ([store] path)";
    Finding::bad("disk speed", State::Warn, found, remedy)
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

fn open_files(connections: usize) -> Finding {
    let limit = rustix::process::getrlimit(Resource::Nofile).current;
    files_verdict(limit.unwrap_or(u64::MAX), connections as u64)
}

fn files_verdict(limit: u64, connections: u64) -> Finding {
    let needed = connections + OTHER_FILES;
    let found = match limit {
        u64::MAX => "no limit".to_owned(),
        limit => format!("{limit} at most"),
    };
    if limit >= needed {
        return Finding::ok("open files", found);
    }
    let remedy = format!(
        "limits.max_connections = {connections} needs {needed}: `ulimit -n {needed}`, LimitNOFILE={needed} in systemd, \
         or fewer connections"
    );
    Finding::bad("open files", State::Warn, found, remedy)
}

fn address_free(check: &'static str, section: &str, address: SocketAddr) -> Finding {
    match TcpListener::bind(address) {
        Ok(_) => Finding::ok(check, format!("{address} is free")),
        Err(error) => {
            let remedy = match error.kind() {
                io::ErrorKind::AddrInUse => format!(
                    "stop the program that has it (well if that is bongsu itself), or change `[{section}] listen`"
                ),
                io::ErrorKind::AddrNotAvailable => format!("write an address of this machine in `[{section}] listen`"),
                io::ErrorKind::PermissionDenied => {
                    format!("ports below 1024 need a privilege: take another in `[{section}] listen`")
                }
                _ => format!("change `[{section}] listen`"),
            };
            Finding::bad(check, State::Fail, format!("{address}: {error}"), remedy)
        }
    }
}

/// A clock that is wrong makes every reading early or late, and a warning expire at the wrong moment.
fn clock(now: SystemTime, data: &Path) -> Finding {
    let seconds = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let remedy = "set the clock and keep it with NTP: `timedatectl set-ntp true`";
    let stamp = jiff::Timestamp::try_from(now).map_or_else(|_| "out of range".to_owned(), |now| format!("{now:.0}"));
    if !(YOUNGEST_S..OLDEST_S).contains(&seconds) {
        return Finding::bad("clock", State::Fail, format!("the system says {stamp}"), remedy);
    }
    match newest(data) {
        Some(written) if written > now + Duration::from_secs(60) => {
            let found = format!("the system says {stamp}, but files in the data folder are younger");
            Finding::bad("clock", State::Fail, found, remedy)
        }
        _ => Finding::ok("clock", stamp),
    }
}

/// Asks the city's own login what it says of itself. Without it people log in with passwords, so it is no failure.
fn provider(settings: &Oidc) -> Finding {
    const CHECK: &str = "oidc provider";
    let remedy = "look at [operator.oidc] `issuer` and `ca`, and at the provider; passwords go on opening accounts";
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let provider = Provider::new(settings.clone(), "");
    let asked = match (runtime, provider) {
        (Ok(runtime), Ok(provider)) => runtime.block_on(provider.look()).map_err(|away| away.to_string()),
        (Err(error), _) => Err(error.to_string()),
        (_, Err(error)) => Err(error.to_string()),
    };
    match asked {
        Ok(()) => Finding::ok(CHECK, format!("{} answers", settings.issuer)),
        Err(wrong) => Finding::bad(CHECK, State::Warn, wrong, remedy),
    }
}

/// Reads all of the sealed history: a byte that flipped is better found on a calm day.
fn history(store: &Path) -> Finding {
    let checked = match Reader::open(store).and_then(|reader| reader.check_history()) {
        Ok(checked) => checked,
        Err(error) => {
            let remedy = "look at the disk; `bongsu restore` brings a backup back into another folder";
            return Finding::bad("history", State::Fail, format!("{}: {error}", store.display()), remedy);
        }
    };
    let Some(first) = checked.damages.first() else {
        let Checked { files, rows, bytes, rollups, .. } = checked;
        let older = if rollups == 0 { String::new() } else { format!("; {rollups} rows of older hours and days") };
        return Finding::ok("history", format!("{files} files are whole: {rows} observations, {bytes} bytes{older}"));
    };
    let more = checked.damages.len() - 1;
    let found = if more == 0 { first.to_string() } else { format!("{first} (and {more} more)") };
    let remedy = "copy the file of that name from the folder history of a backup: it never changes (what stands in city.db \
                  comes back with a whole backup). Everything else in the history can be read; look at the disk";
    Finding::bad("history", State::Fail, found, remedy)
}

/// When the youngest file of a folder was written.
fn newest(folder: &Path) -> Option<SystemTime> {
    let entries = std::fs::read_dir(folder).ok()?;
    entries.filter_map(|entry| entry.ok()?.metadata().ok()?.modified().ok()).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_writable_folder_is_measured_and_left_as_it_was() {
        let folder = tempfile::tempdir().expect("folder");
        let probe = Probe::new(folder.path()).expect("writable");
        assert_eq!(probe.found().state, State::Ok);
        assert_eq!(sync_times(&probe.file).expect("measured").len(), WRITES);
        drop(probe);
        assert_eq!(std::fs::read_dir(folder.path()).expect("read").count(), 0);
    }

    #[test]
    fn a_folder_to_come_is_judged_by_where_it_would_stand() {
        let folder = tempfile::tempdir().expect("folder");
        let data = folder.path().join("a/b");
        let probe = Probe::new(&data).expect("writable");
        assert!(probe.found().found.ends_with("a/b will be created"));
        assert!(!data.exists());
    }

    #[test]
    fn a_file_in_the_place_of_the_folder_fails() {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("data");
        std::fs::write(&file, "").expect("write");
        assert_eq!(Probe::new(&file).err().map(|finding| finding.state), Some(State::Fail));
    }

    #[test]
    fn verdicts_turn_at_their_limits() {
        assert_eq!(space_verdict(FULL_BYTES - 1).state, State::Fail);
        assert_eq!(space_verdict(SCARCE_BYTES - 1).state, State::Warn);
        assert_eq!(space_verdict(SCARCE_BYTES).state, State::Ok);
        assert_eq!(speed_verdict(SLOW_SYNC, SLOW_SYNC).state, State::Warn);
        assert_eq!(speed_verdict(SLOW_SYNC / 2, SLOW_SYNC).state, State::Ok);
        assert_eq!(files_verdict(1_024, 16_000).state, State::Warn);
        assert!(files_verdict(1_024, 16_000).remedy.contains("ulimit -n 16256"));
        assert_eq!(files_verdict(u64::MAX, 16_000).state, State::Ok);
    }

    #[test]
    fn a_taken_port_fails_and_a_free_one_is_released() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("bind");
        let address = taken.local_addr().expect("address");
        let finding = address_free("mqtt port", "mqtt", address);
        assert_eq!(finding.state, State::Fail);
        assert!(finding.remedy.contains("`[mqtt] listen`"), "{}", finding.remedy);
        drop(taken);
        assert_eq!(address_free("mqtt port", "mqtt", address).state, State::Ok);
        assert_eq!(address_free("mqtt port", "mqtt", address).state, State::Ok);
    }

    #[test]
    fn an_impossible_clock_fails() {
        let folder = tempfile::tempdir().expect("folder");
        let at = |seconds| clock(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds), folder.path()).state;
        assert_eq!([at(0), at(OLDEST_S)], [State::Fail; 2]);
        assert_eq!(at(YOUNGEST_S), State::Ok);
        std::fs::write(folder.path().join("city.db"), "").expect("write");
        assert_eq!(at(YOUNGEST_S), State::Fail, "the file is younger than the clock says");
    }
}
