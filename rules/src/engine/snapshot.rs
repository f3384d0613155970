//! What the engine keeps over a restart besides the log.
//!
//! Windows are not in it: they are filled again from the stored observations, by the same path an upgrade or a new rule
//! takes. What remains is small: hold and timer state, incidents, the last samples of each datastream and the last
//! window of those that fell silent long ago.

use super::Engine;
use super::city::ScopeMemory;
use super::stream::StreamMemory;
use crate::incident::{Book, Status};
use crate::record::{CatalogText, RulesText};
use bongsu_sensors::Time;
use bongsu_sensors::catalog::Numbering;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The format this engine writes. It is raised whenever a snapshot of before would be read differently.
pub const SNAPSHOT_FORMAT: u32 = 7;

/// Why a snapshot cannot be taken up.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// Another version wrote it.
    #[error("the snapshot has format {found}, this program reads format {SNAPSHOT_FORMAT}")]
    Format {
        /// The format it has.
        found: u32,
    },
    /// It cannot be read.
    #[error("the snapshot cannot be read: {0}")]
    Damaged(#[from] postcard::Error),
}

#[derive(Serialize, Deserialize)]
struct Snapshot {
    now: Time,
    status: Status,
    catalog: Arc<CatalogText>,
    rules: Arc<RulesText>,
    numbering: Numbering,
    streams: Vec<StreamMemory>,
    scopes: BTreeMap<(String, String), ScopeMemory>,
    wakes: Vec<(Time, String, String)>,
    book: Book,
}

/// What the store is the authority of, whatever becomes of a snapshot.
#[derive(Clone, Debug)]
pub struct Authority {
    /// Whether what is said is meant.
    pub status: Status,
    /// The city in force.
    pub catalog: Arc<CatalogText>,
    /// The rules in force.
    pub rules: Arc<RulesText>,
    /// The numbers of all datastreams.
    pub numbering: Numbering,
    /// Alerts and incidents.
    pub book: Book,
}

impl Authority {
    /// Of a city whose past is played, for nobody to hear.
    pub fn trial(catalog: Arc<CatalogText>, rules: Arc<RulesText>, numbering: Numbering) -> Authority {
        Authority { status: Status::Test, catalog, rules, numbering, book: Book::new(Status::Test) }
    }
}

impl Engine {
    /// The engine of a city of which nothing was heard yet: a rule is evaluated at a place when that place first speaks.
    pub fn begin(authority: Authority, now: Time) -> Engine {
        let mut engine = Engine::new(authority.status);
        engine.numbering = authority.numbering;
        engine.now = now;
        engine.open(authority.book);
        engine.set_catalog(&authority.catalog, now);
        engine.set_rules(&authority.rules, now);
        engine
    }

    /// An engine without a snapshot, after an upgrade or a damaged file: alerts stand and incidents live as the store
    /// knows them; windows come from the stored observations by [`Engine::recall`]; timers begin anew.
    pub fn rebuild(authority: Authority, now: Time) -> Engine {
        let mut engine = Engine::begin(authority, now);
        for at in 0..engine.scopes.len() {
            engine.wake(at, now);
        }
        engine
    }

    fn open(&mut self, book: Book) {
        self.book_due = book.next_due();
        self.book = book;
    }

    /// Alerts and incidents, as the store keeps them.
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// Everything that is remembered besides the windows, with its format in front.
    ///
    /// # Errors
    /// Only where memory for it cannot be had.
    pub fn snapshot(&self) -> Result<Vec<u8>, postcard::Error> {
        let named = |(time, at): &(Time, usize)| {
            let scoped = &self.scopes[*at];
            (*time, self.rules[scoped.rule].header.id.clone(), scoped.name.to_string())
        };
        let recalled_since = self.now - self.look_back();
        let snapshot = Snapshot {
            now: self.now,
            status: self.status,
            catalog: self.catalog_text.clone(),
            rules: self.rules_text.clone(),
            numbering: self.numbering.clone(),
            streams: self.streams.iter().map(|stream| stream.memory(recalled_since)).collect(),
            scopes: self.scope_memories(),
            wakes: self.wakes.iter().map(named).collect(),
            book: self.book.clone(),
        };
        postcard::to_extend(&snapshot, SNAPSHOT_FORMAT.to_le_bytes().to_vec())
    }

    /// The engine of a snapshot. Afterwards the stored observations of [`Engine::look_back`] are given to
    /// [`Engine::recall`], and then the records that came after the snapshot are handled.
    ///
    /// # Errors
    /// A snapshot of another format, or a damaged one.
    pub fn restore(bytes: &[u8]) -> Result<Engine, RestoreError> {
        let (format, body) = bytes.split_at_checked(4).unwrap_or((&[0; 4], &[]));
        let found = u32::from_le_bytes(format.try_into().unwrap_or([0; 4]));
        if found != SNAPSHOT_FORMAT {
            return Err(RestoreError::Format { found });
        }
        let snapshot: Snapshot = postcard::from_bytes(body)?;
        let mut engine = Engine::new(snapshot.status);
        engine.numbering = snapshot.numbering;
        // Laid out before anything is remembered, so that nothing looks as if it had to be evaluated again.
        let no_time = Time::from_millis(0);
        engine.set_catalog(&snapshot.catalog, no_time);
        engine.set_rules(&snapshot.rules, no_time);
        for (stream, memory) in engine.streams.iter_mut().zip(snapshot.streams) {
            stream.remember(memory);
        }
        let mut places = BTreeMap::new();
        for (at, scoped) in engine.scopes.iter_mut().enumerate() {
            let key = (engine.rules[scoped.rule].header.id.clone(), scoped.name.to_string());
            if let Some(memory) = snapshot.scopes.get(&key) {
                scoped.memory = memory.clone();
            }
            places.insert(key, at);
        }
        for (time, rule, place) in snapshot.wakes {
            if let Some(at) = places.get(&(rule, place)) {
                engine.wake(*at, time);
            }
        }
        engine.open(snapshot.book);
        engine.now = snapshot.now;
        Ok(engine)
    }
}
