//! What stands in a store, as text: for comparing two of them, and for questions of a single test.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// Everything that follows from the inputs alone. Not the snapshot, which is made when it suits, nor who is a device.
const DECIDED: [&str; 8] =
    ["log", "datastream", "incident", "transition", "message", "event", "undecided", "dead_letter"];

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    Ok(connection)
}

fn read(path: &Path, sql: &str) -> rusqlite::Result<Vec<Vec<String>>> {
    let store = open(path)?;
    let mut statement = store.prepare(sql)?;
    let columns = statement.column_count();
    let text = |value: ValueRef<'_>| match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        ValueRef::Blob(bytes) => format!("{bytes:02x?}"),
    };
    statement.query_map([], |row| (0..columns).map(|at| row.get_ref(at).map(text)).collect())?.collect()
}

/// The rows of a question.
///
/// # Panics
/// The store cannot be read, or the question is wrong.
pub fn rows(path: &Path, sql: &str) -> Vec<Vec<String>> {
    read(path, sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

/// The first value of a question; `None`: there is none, or no store yet.
pub fn value(path: &Path, sql: &str) -> Option<String> {
    read(path, sql).ok()?.into_iter().next()?.into_iter().next()
}

/// All that was decided, by table.
pub fn dump(path: &Path) -> BTreeMap<String, Vec<Vec<String>>> {
    DECIDED.iter().map(|table| ((*table).to_owned(), rows(path, &format!("SELECT * FROM {table}")))).collect()
}
