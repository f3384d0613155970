//! Stores of every version there ever was become one of today, and hold what they held.

use super::{DeliveryRow, Entry, Fate, MIGRATIONS, Reader, Store, StoreError};
use bongsu_rules::incident::Status;
use bongsu_rules::{Effect, Flag, Input, Observation, Record};
use bongsu_sensors::reading::DatastreamId;
use bongsu_sensors::{Reading, Time};
use rusqlite::{Connection, params};
use std::path::Path;

/// One reading that became an observation, as a row of the log.
fn entry(seq: u64) -> Entry {
    let time = Time::from_millis(1_780_000_000_000 + i64::try_from(seq).expect("few") * 60_000);
    let value = Some(f64::from(u32::try_from(seq).expect("few")) / 4.0);
    let reading = Reading { datastream: DatastreamId(0), time: Some(time), value };
    let seen = Observation { datastream: DatastreamId(0), time, value, flag: Flag::Pass, tests: Default::default() };
    let record = Record { seq, now: time, input: Input::Readings(vec![reading]) };
    Entry::of(&record, &[Effect::Observed(seen)]).expect("memory")
}

/// A store as the program of version `version` left it: its tables, and a row in each that it filled.
fn made_by(path: &Path, version: usize) {
    let store = Connection::open(path).expect("opened");
    store.execute_batch("PRAGMA journal_mode = WAL").expect("set");
    for migration in &MIGRATIONS[..version] {
        store.execute_batch(migration).expect("migrated");
    }
    store.pragma_update(None, "user_version", version).expect("set");
    for entry in (1..=20).map(entry) {
        let Entry { seq, now, kind, first, last, body } = entry;
        let values = params![seq, now.millis(), kind, first.millis(), last.millis(), body];
        store.execute("INSERT INTO log VALUES (?1, ?2, ?3, ?4, ?5, ?6)", values).expect("written");
    }
    let rows = "INSERT INTO meta VALUES ('status', 'Actual');
        INSERT INTO datastream VALUES (0, 'jamsu', 'river_stage');
        INSERT INTO device (username, digest, stations, created) VALUES ('jamsu-1', x'00', '[\"jamsu\"]', 1);
        INSERT INTO event VALUES ('jamsu', 'e1', 1, 'opened', '{}');
        INSERT INTO message VALUES ('m1', 'i1', 1, 1);
        INSERT INTO spoken VALUES ('mqtt', 1);";
    store.execute_batch(rows).expect("written");
}

#[test]
fn a_store_of_every_version_becomes_one_of_today_and_holds_what_it_held() {
    for version in 1..=MIGRATIONS.len() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("city.db");
        made_by(&path, version);
        // A crash while it was saved before an earlier try left this.
        std::fs::write(folder.path().join(format!("city.before-v{}.part", MIGRATIONS.len())), "half").expect("written");
        let store =
            Store::open(&path, Status::Actual, 100).unwrap_or_else(|wrong| panic!("version {version}: {wrong}"));
        assert_eq!(store.newest().expect("read").map(|(seq, _)| seq), Some(20), "version {version}");
        assert_eq!(store.numbering().expect("read").len(), 1);
        let reader = Reader::open(&path).expect("opened");
        let page = reader.observations(DatastreamId(0), Time::from_millis(0), Time::from_millis(i64::MAX), 100);
        let values: Vec<_> = page.expect("read").observations.iter().map(|seen| seen.value).collect();
        assert_eq!(values, (1..=20).map(|n| Some(f64::from(n) / 4.0)).collect::<Vec<_>>(), "version {version}");
        assert!(reader.verify_audit(None).expect("read").faults.is_empty(), "version {version}");
        assert!(reader.subscribers("email").expect("read").is_empty(), "version {version}");
        // What was there before is kept beside it, once.
        let saved = path.with_extension(format!("before-v{}.db", MIGRATIONS.len()));
        assert_eq!(saved.exists(), version < MIGRATIONS.len(), "version {version}");
        if saved.exists() {
            let found: usize = Connection::open(&saved)
                .expect("opened")
                .query_row("PRAGMA user_version", [], |row| row.get(0))
                .expect("read");
            assert_eq!(found, version);
        }
        drop(store);
        Store::open(&path, Status::Actual, 100).expect("once more");
    }
}

#[test]
fn a_store_of_tomorrow_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("city.db");
    made_by(&path, MIGRATIONS.len());
    let tomorrow = MIGRATIONS.len() + 1;
    Connection::open(&path).expect("opened").pragma_update(None, "user_version", tomorrow).expect("set");
    let refused = Store::open(&path, Status::Actual, 100).expect_err("it is newer");
    assert!(matches!(refused, StoreError::Newer { found, .. } if found == tomorrow), "{refused}");
    let found: usize =
        Connection::open(&path).expect("opened").query_row("PRAGMA user_version", [], |row| row.get(0)).expect("read");
    assert_eq!(found, tomorrow);
}

#[test]
fn a_message_whose_deliveries_may_be_gone_is_not_counted_as_one_that_had_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("city.db");
    let mut store = Store::open(&path, Status::Actual, 100).expect("opened");
    let messages =
        "INSERT INTO message VALUES ('m1', 'i', 1, 1), ('m2', 'i', 2, 2), ('m3', 'i', 3, 3), ('m4', 'i', 4, 4)";
    store.connection.execute_batch(messages).expect("written");
    let sent = |transition: i64| DeliveryRow {
        channel: "email".into(),
        target: "one".into(),
        transition,
        identifier: format!("m{transition}"),
        state: Fate::Sent,
        attempts: 1,
        updated: Time::from_millis(transition),
        detail: String::new(),
    };
    store.put_deliveries("email", &[sent(1), sent(2)], None).expect("written");
    let counted = |identifier: &str| {
        let found = Reader::open(&path).expect("opened").fates(identifier, None).expect("read");
        found.map(|fates| fates.values().sum::<u64>())
    };
    assert_eq!([counted("m1"), counted("m2"), counted("m4")], [Some(1), Some(1), Some(0)]);
    // So many came after the second that the first is given up.
    store.connection.execute("UPDATE delivery SET id = 200001 WHERE identifier = 'm2'", []).expect("moved");
    store.put_deliveries("email", &[sent(3)], None).expect("written");
    let rows: u64 = store.connection.query_row("SELECT count(*) FROM delivery", [], |row| row.get(0)).expect("read");
    assert_eq!(rows, 2);
    assert_eq!([counted("m1"), counted("m2")], [None, None], "of the second some may be gone with the first");
    assert_eq!([counted("m3"), counted("m4")], [Some(1), Some(0)]);
}
