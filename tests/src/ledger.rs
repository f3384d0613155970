//! What the store holds, read by an own connection beside the running program: the judge of what was promised.

use bongsu_gateway::store::{Entry, Stored};
use bongsu_sensors::Time;
use rusqlite::{Connection, OpenFlags};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A CAP message as the store froze it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// The incident it speaks of.
    pub incident: String,
    /// CAP `sent`, milliseconds since 1970.
    pub sent: i64,
    /// The area of the incident.
    pub area: String,
}

/// What was read so far. Reading on costs only what is new.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    seq: i64,
    /// By name of the station.
    numbers: HashMap<String, u32>,
    /// Times of the observations of each datastream, with the bits of their values.
    observed: HashMap<u32, HashMap<i64, u64>>,
    /// Observations that stand in the log twice.
    pub twice: u64,
}

impl Ledger {
    /// The ledger of a store that need not be there yet.
    pub fn of(path: &Path) -> Ledger {
        let (numbers, observed) = (HashMap::new(), HashMap::new());
        Ledger { path: path.to_owned(), seq: 0, numbers, observed, twice: 0 }
    }

    fn open(&self) -> Connection {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags).expect("the store is there");
        connection.busy_timeout(Duration::from_secs(10)).expect("a setting");
        connection
    }

    /// Reads what is new.
    pub fn read_on(&mut self) {
        let store = self.open();
        let mut names = store.prepare("SELECT station, id FROM datastream").expect("a table");
        let rows = names.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("it can be read");
        self.numbers = rows.map(|row| row.expect("a row")).collect();
        let sql = "SELECT seq, now, kind, first, last, body FROM log WHERE seq > ?1 ORDER BY seq";
        let mut log = store.prepare(sql).expect("a table");
        let entry = |row: &rusqlite::Row<'_>| {
            Ok(Entry {
                seq: row.get(0)?,
                now: Time::from_millis(row.get(1)?),
                kind: row.get(2)?,
                first: Time::from_millis(row.get(3)?),
                last: Time::from_millis(row.get(4)?),
                body: row.get(5)?,
            })
        };
        for entry in log.query_map([self.seq], entry).expect("it can be read") {
            let entry = entry.expect("a row");
            let seq = i64::try_from(entry.seq).expect("a small number");
            assert_eq!(seq, self.seq + 1, "a record of the log is missing");
            self.seq = seq;
            for stored in entry.stored().expect("a whole row") {
                let Stored::Observation(seen) = stored else { continue };
                let times = self.observed.entry(seen.datastream.0).or_default();
                let before = times.insert(seen.time.millis(), seen.value.unwrap_or(f64::NAN).to_bits());
                self.twice += u64::from(before.is_some());
            }
        }
    }

    /// Whether a station, which has but one datastream, is known to have observed this value at this time.
    pub fn holds(&self, station: &str, time_ms: i64, value: f64) -> bool {
        let number = self.numbers.get(station);
        let stored = number.and_then(|number| self.observed.get(number)).and_then(|times| times.get(&time_ms));
        stored == Some(&value.to_bits())
    }

    /// How many observations it holds.
    pub fn count(&self) -> usize {
        self.observed.values().map(HashMap::len).sum()
    }

    /// Every message that was issued, by identifier.
    pub fn issued(&self) -> BTreeMap<String, Issued> {
        let store = self.open();
        let sql = "SELECT m.identifier, m.incident, m.sent, i.area FROM message m JOIN incident i ON i.id = m.incident";
        let mut statement = store.prepare(sql).expect("tables");
        let row = |row: &rusqlite::Row<'_>| {
            Ok((row.get(0)?, Issued { incident: row.get(1)?, sent: row.get(2)?, area: row.get(3)? }))
        };
        statement.query_map([], row).expect("it can be read").map(|row| row.expect("a row")).collect()
    }

    /// The last message of each area, by area: what must be retained there.
    pub fn last_of_each_area(&self) -> BTreeMap<String, String> {
        let store = self.open();
        let sql =
            "SELECT i.area, m.identifier FROM message m JOIN incident i ON i.id = m.incident ORDER BY m.transition";
        let mut statement = store.prepare(sql).expect("tables");
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("it can be read");
        rows.map(|row| row.expect("a row")).collect()
    }

    /// Incidents that live, as pairs of hazard and area that must each be there once.
    pub fn live(&self) -> Vec<(String, String)> {
        let store = self.open();
        let mut statement = store.prepare("SELECT hazard, area FROM incident WHERE state <> 'ended'").expect("a table");
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("it can be read");
        rows.map(|row| row.expect("a row")).collect()
    }

    /// Fails where two incidents of one hazard live in one area: one danger under two names.
    #[track_caller]
    pub fn assert_one_name_each(&self) {
        let live = self.live();
        let different: HashSet<&(String, String)> = live.iter().collect();
        assert_eq!(different.len(), live.len(), "one danger lives under two names: {live:?}");
    }
}
