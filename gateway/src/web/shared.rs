//! What the pipeline tells the web, and what the pages and the API read of it: the newest values, the incidents as they
//! stand, the newest transitions, and how fresh all of it is.
//!
//! The pipeline never waits for a page: it takes a lock for as long as it writes a few numbers, and pages take the same
//! locks only to copy.

use super::board::Board;
use super::cache::Cache;
use super::hearing::Hearing;
use super::journal::{Journal, Said};
use super::metrics::Metrics;
use super::page::{Reader as Reading, Series};
use super::readers::Readers;
use super::workbench::Workbench;
use crate::alert::Context;
use crate::alert::words::Language;
use crate::outreach::Office;
use crate::store::{DeadLetter, Reader};
use axum::http::{HeaderMap, header};
use bongsu_rules::flag::Tests;
use bongsu_rules::incident::{Incident, Silence, Status, Transition};
use bongsu_rules::{Effect, Flag, Observation};
use bongsu_sensors::reading::DatastreamId;
use bongsu_sensors::{Catalog, Time};
use bytes::Bytes;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

/// How old the last heartbeat may be before everything shown counts as not current.
pub const CURRENT_FOR: Duration = Duration::from_secs(60);

/// The state of a system that does its work; any other is shown as not current.
pub const WORKING: &str = "ok";

/// Transitions taken up again after a restart, for clients that resume.
const RESUMABLE: usize = 1_000;

/// Log rows looked through after a restart for the newest values, and observations after which no further row is.
const NEWEST_ROWS: usize = 20_000;
const NEWEST_OBSERVATIONS: usize = 100_000;

/// What the web is told once.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The store's file.
    pub store: PathBuf,
    /// The folder of the base map.
    pub basemap: PathBuf,
    /// The address citizens know the pages under, without a slash at its end.
    pub base_url: String,
    /// The address operators know the console under, without a slash at its end.
    pub operator_url: String,
    /// Who warns, for people to read.
    pub sender_name: String,
    /// The city's languages; the first with texts is the fallback.
    pub languages: Vec<String>,
    /// Whether what is said is meant: that of the store.
    pub status: Status,
}

/// A batch that is on the disk.
#[derive(Clone, Copy, Debug)]
pub struct Committed<'a> {
    /// The moment of its last record.
    pub now: Time,
    /// Its transitions, each with its record.
    pub transitions: &'a [(u64, Transition)],
    /// The ids the store gave to them, in their order.
    pub ids: &'a [i64],
    /// What was refused.
    pub dead_letters: &'a [DeadLetter],
    /// What the engine wanted done.
    pub effects: &'a [Effect],
}

/// How fresh everything is.
#[derive(Clone, Debug, Default)]
pub struct Pulse {
    /// The system's time at the last sign of life.
    pub now: Time,
    /// When something was last committed, in the system's time.
    pub last_commit: Option<Time>,
    /// What the system said of itself.
    pub state: String,
    /// When it said so.
    beat: Option<Instant>,
}

impl Pulse {
    /// Whether what is shown may be believed to be how things stand.
    pub fn is_current(&self) -> bool {
        self.state == WORKING && self.beat.is_some_and(|beat| beat.elapsed() <= CURRENT_FOR)
    }
}

/// Why the system is not ready, asked whenever somebody wants to know; `None`: that part is well.
pub type Check = Box<dyn Fn() -> Option<String> + Send + Sync>;

/// Everything the web reads.
pub struct Shared {
    pub(super) settings: Settings,
    pub(super) metrics: Metrics,
    pub(super) journal: Journal,
    pub(super) readers: Readers,
    pub(super) workbench: Workbench,
    pub(super) pages: Cache<(String, Reading), Bytes>,
    pub(super) stations: Cache<bool, Bytes>,
    pub(super) areas: Cache<(), Bytes>,
    pub(super) basemap: Cache<(), Bytes>,
    pub(super) hearing: Hearing,
    pub(super) series: Cache<(DatastreamId, i64), Arc<Series>>,
    pub(super) explained: Cache<(String, String), Bytes>,
    catalog: RwLock<Option<Arc<Catalog>>>,
    newest: RwLock<Vec<Option<Observation>>>,
    board: RwLock<Board>,
    silences: RwLock<Vec<Silence>>,
    pulse: RwLock<Pulse>,
    checks: Mutex<Vec<(&'static str, Check)>>,
    notes: Mutex<Vec<(&'static str, Check)>>,
    office: OnceLock<Arc<Office>>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("settings", &self.settings).finish_non_exhaustive()
    }
}

// A thread that panicked while it held one of these locks has left numbers behind, not half a structure.
fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// A web that knows nothing yet.
    pub fn new(settings: Settings) -> Arc<Shared> {
        Arc::new(Shared {
            metrics: Metrics::new(),
            journal: Journal::default(),
            readers: Readers::new(settings.store.clone()),
            workbench: Workbench::default(),
            pages: Cache::new(Duration::from_secs(1), 256),
            stations: Cache::new(Duration::from_secs(1), 2),
            areas: Cache::new(Duration::from_secs(10), 1),
            basemap: Cache::new(Duration::from_secs(10), 1),
            hearing: Hearing::default(),
            series: Cache::new(Duration::from_secs(2), 256),
            explained: Cache::new(Duration::from_secs(1), 256),
            catalog: RwLock::default(),
            newest: RwLock::default(),
            board: RwLock::new(Board::new(settings.status)),
            silences: RwLock::default(),
            pulse: RwLock::default(),
            checks: Mutex::default(),
            notes: Mutex::default(),
            office: OnceLock::new(),
            settings,
        })
    }

    /// Takes up what the store holds: incidents, transitions for clients that resume, newest values. Called once, before
    /// the pipeline runs.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn recall(&self, now: Time) -> rusqlite::Result<()> {
        let reader = Reader::open(Path::new(&self.settings.store))?;
        let newest = reader.newest_transition()?;
        let recent = reader.transitions_after(newest.saturating_sub(RESUMABLE as i64), RESUMABLE)?;
        let standing = reader.standing_transitions(now - super::board::SHOWN_AFTER_END)?;
        let said = |(id, transition)| Arc::new(Said::new(id, transition));
        let mut board = self.board_mut();
        standing.into_iter().map(said).for_each(|said| board.take(&said));
        drop(board);
        self.journal.add(&recent.into_iter().map(said).collect::<Vec<_>>());
        let mut values = write(&self.newest);
        reader.recent_observations(NEWEST_ROWS, NEWEST_OBSERVATIONS, |observation| {
            put(&mut values, observation, false);
        })?;
        drop(values);
        let mut pulse = write(&self.pulse);
        pulse.now = pulse.now.max(now);
        Ok(())
    }

    /// Takes up the newest observations of those that spoke too long ago for [`Shared::recall`].
    pub fn recall_newest(&self, newest: impl Iterator<Item = Observation>) {
        let mut values = write(&self.newest);
        newest.for_each(|observation| put(&mut values, observation, false));
    }

    /// Takes up a city. Texts that were made before keep the names they were made with.
    pub fn set_city(&self, catalog: Arc<Catalog>) {
        self.hearing.set_city(&catalog);
        *write(&self.catalog) = Some(catalog);
    }

    /// Hears which silences are in force.
    pub fn set_silences(&self, silences: Vec<Silence>) {
        *write(&self.silences) = silences;
    }

    /// The silences in force.
    pub(super) fn silences(&self) -> Vec<Silence> {
        read(&self.silences).clone()
    }

    /// The incidents that live and would be kept quiet, as far as their last change tells.
    pub(super) fn silenced_by(&self, silence: &Silence) -> Vec<String> {
        let is =
            |wanted: &Option<String>, found: Option<&str>| wanted.as_deref().is_none_or(|name| Some(name) == found);
        let fits = |incident: &Incident| {
            let of = &silence.of;
            is(&of.hazard, Some(&incident.hazard))
                && is(&of.area, Some(&incident.area))
                && is(&of.station, incident.station.as_deref())
                && is(&of.rule, Some(&incident.rule))
        };
        let board = self.board().all();
        let live = board.iter().map(|said| &said.transition.incident).filter(|incident| !incident.state.is_over());
        let quiet = live.filter(|incident| incident.level <= silence.covers && fits(incident));
        quiet.map(|incident| incident.id.clone()).collect()
    }

    /// An incident as operators see it.
    pub fn for_operators(&self, incident: &Incident) -> serde_json::Value {
        let catalog = self.catalog();
        serde_json::to_value(crate::alert::for_operators(incident, self.context(&catalog))).unwrap_or_default()
    }

    /// Every incident that is shown, as operators see them; what waits for a person first.
    pub fn incidents(&self) -> Vec<Arc<Said>> {
        self.board().all()
    }

    /// The page of a one-time link.
    pub fn welcome(&self, secret: &str) -> String {
        format!("{}/welcome/{secret}", self.settings.operator_url)
    }

    /// Whether a request came over TLS: a proxy before us says so, or it is for the console's address, which is.
    pub fn is_secure(&self, headers: &HeaderMap) -> bool {
        let forwarded = headers.get("x-forwarded-proto").is_some_and(|scheme| scheme == "https");
        let authority = self.settings.operator_url.strip_prefix("https://");
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        forwarded || authority.is_some_and(|authority| authority.split('/').next() == host)
    }

    /// The console's page of an incident.
    pub fn console(&self, incident: &str) -> String {
        format!("{}/incident/{incident}", self.settings.operator_url)
    }

    /// Hears of a batch that is on the disk. Cheap: texts are made when somebody reads them.
    pub fn spoken(&self, committed: &Committed<'_>) {
        self.metrics.count(committed);
        self.hearing.count(committed);
        let mut values = write(&self.newest);
        for effect in committed.effects {
            match effect {
                Effect::Observed(observation) => put(&mut values, *observation, true),
                Effect::Reflagged { datastream, time, flag, tests } => {
                    reflag(&mut values, *datastream, *time, (*flag, *tests));
                }
                _ => {}
            }
        }
        drop(values);
        let pairs = committed.ids.iter().zip(committed.transitions);
        let said: Vec<Arc<Said>> =
            pairs.map(|(id, (_, transition))| Arc::new(Said::new(*id, transition.clone()))).collect();
        if !said.is_empty() {
            let mut board = self.board_mut();
            said.iter().for_each(|said| board.take(said));
            // The board is held while the journal grows: who reads both under it sees both before or both after.
            self.journal.add(&said);
        }
        let mut pulse = write(&self.pulse);
        pulse.now = pulse.now.max(committed.now);
        pulse.last_commit = Some(committed.now);
    }

    /// A sign of life, every few seconds: the system's time, [`WORKING`] or what is wrong, and its last commit.
    pub fn heartbeat(&self, now: Time, state: &str, last_commit: Option<Time>) {
        let mut pulse = write(&self.pulse);
        pulse.now = pulse.now.max(now);
        pulse.last_commit = pulse.last_commit.max(last_commit);
        pulse.beat = Some(Instant::now());
        state.clone_into(&mut pulse.state);
        drop(pulse);
        self.board_mut().forget(now);
    }

    /// Adds a reason for which the system may not be ready.
    pub fn check(&self, name: &'static str, check: Check) {
        self.checks.lock().unwrap_or_else(PoisonError::into_inner).push((name, check));
    }

    /// Adds something to be told that does not keep the system from its work.
    pub fn note(&self, name: &'static str, check: Check) {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).push((name, check));
    }

    /// What is told of a system that does its work.
    pub(super) fn notes(&self) -> Vec<(&'static str, String)> {
        let notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        notes.iter().filter_map(|(name, check)| Some((*name, check()?))).collect()
    }

    /// From now on subscriptions and reports are taken.
    pub fn open_office(&self, office: Arc<Office>) {
        let _ = self.office.set(office);
    }

    pub(super) fn office(&self) -> Option<Arc<Office>> {
        self.office.get().cloned()
    }

    /// What rings when something is said.
    pub fn bell(&self) -> tokio::sync::watch::Receiver<i64> {
        self.journal.bell()
    }

    /// The status of everything that is said.
    pub fn status(&self) -> Status {
        self.settings.status
    }

    /// The city as it is.
    pub fn city(&self) -> Option<Arc<Catalog>> {
        self.catalog()
    }

    /// Whether the system does its work.
    pub fn is_current(&self) -> bool {
        self.pulse().is_current()
    }

    /// Where counters and gauges are registered.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Why the system is not ready.
    pub(super) fn troubles(&self) -> Vec<(&'static str, String)> {
        let checks: MutexGuard<'_, _> = self.checks.lock().unwrap_or_else(PoisonError::into_inner);
        let mut troubles: Vec<(&'static str, String)> =
            checks.iter().filter_map(|(name, check)| Some((*name, check()?))).collect();
        drop(checks);
        let pulse = self.pulse();
        if !pulse.is_current() {
            let wrong = match pulse.beat {
                None => "it has not started yet".to_owned(),
                Some(_) if pulse.state != WORKING => format!("it says {:?}", pulse.state),
                Some(beat) => format!("no sign of life for {} s", beat.elapsed().as_secs()),
            };
            troubles.push(("pipeline", wrong));
        }
        troubles
    }

    pub(super) fn pulse(&self) -> Pulse {
        read(&self.pulse).clone()
    }

    /// An incident as it stands.
    pub fn incident(&self, id: &str) -> Option<Arc<Said>> {
        self.board().incident(id).cloned()
    }

    /// The address citizens know the pages under.
    pub fn base_url(&self) -> &str {
        &self.settings.base_url
    }

    /// The city in force.
    pub fn catalog(&self) -> Option<Arc<Catalog>> {
        read(&self.catalog).clone()
    }

    pub(super) fn board(&self) -> RwLockReadGuard<'_, Board> {
        read(&self.board)
    }

    fn board_mut(&self) -> RwLockWriteGuard<'_, Board> {
        write(&self.board)
    }

    pub(super) fn newest(&self) -> RwLockReadGuard<'_, Vec<Option<Observation>>> {
        read(&self.newest)
    }

    /// What alerts are written with.
    pub fn context<'a>(&'a self, catalog: &'a Option<Arc<Catalog>>) -> Context<'a> {
        Context { catalog: catalog.as_deref(), base_url: &self.settings.base_url }
    }

    /// The path under which citizens know the pages: empty, or what stands behind the host of the base address.
    pub(super) fn base_path(&self) -> &str {
        let url = self.settings.base_url.as_str();
        let host = url.find("://").map_or(0, |at| at + 3);
        url[host..].find('/').map_or("", |at| &url[host + at..])
    }

    /// The languages the pages can be read in.
    pub(super) fn languages(&self) -> Vec<Language> {
        Language::of_tags(&self.settings.languages)
    }
}

/// Keeps the newest observation of its datastream; of two of the same time the one that came later where `again`.
fn put(values: &mut Vec<Option<Observation>>, observation: Observation, again: bool) {
    let at = observation.datastream.0 as usize;
    if values.len() <= at {
        values.resize(at + 1, None);
    }
    let is_newer = |known: Observation| known.time < observation.time || again && known.time == observation.time;
    if values[at].is_none_or(is_newer) {
        values[at] = Some(observation);
    }
}

fn reflag(values: &mut [Option<Observation>], datastream: DatastreamId, time: Time, flags: (Flag, Tests)) {
    if let Some(Some(known)) = values.get_mut(datastream.0 as usize)
        && known.time == time
    {
        (known.flag, known.tests) = flags;
    }
}
