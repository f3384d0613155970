//! What the door must not forget: MQTT sessions, what they are owed, and retained messages, in `sessions.db`.
//!
//! The door hands over changes and waits for each commit before it promises anything that depends on it; this file only
//! makes them durable. It is a database of its own, so that a busy subscriber never holds up a decision.

use bongsu_broker::{
    Change, Plane, Qos, Receipt, SessionKey, SessionState, SessionStore, Snapshot, StoreError, StoredDelivery,
    StoredMessage, StoredSession, Subscription,
};
use rusqlite::{Connection, Row, params};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// The tables. Version 1 of the file; `key` is a session as [`key_text`] writes it.
const SCHEMA: &str = "
PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS session (key TEXT PRIMARY KEY, connected, expiry, ended, receipts);
CREATE TABLE IF NOT EXISTS subscription (key TEXT, filter TEXT, qos, no_local, rap, identifier, PRIMARY KEY (key, filter));
CREATE TABLE IF NOT EXISTS delivery (key TEXT, id INTEGER, place, qos, retain, identifiers TEXT, sent, released, message,
    PRIMARY KEY (key, id));
CREATE INDEX IF NOT EXISTS delivery_message ON delivery (message);
CREATE TABLE IF NOT EXISTS message (number INTEGER PRIMARY KEY, topic TEXT, payload, properties, qos, retain, expires);
CREATE TABLE IF NOT EXISTS received (key TEXT, id INTEGER, PRIMARY KEY (key, id));
CREATE TABLE IF NOT EXISTS completed (key TEXT, id INTEGER, number, PRIMARY KEY (key, id));
CREATE TABLE IF NOT EXISTS retained (topic TEXT PRIMARY KEY, message INTEGER);
CREATE INDEX IF NOT EXISTS retained_message ON retained (message);
";

/// Messages that nobody waits for any more are swept out every so many commits.
const SWEEP_EVERY: u32 = 1_000;

/// Deletes messages that nobody waits for any more.
const SWEEP: &str =
    "DELETE FROM message WHERE number NOT IN (SELECT message FROM delivery UNION SELECT message FROM retained)";

/// Keeps sessions in an SQLite file.
#[derive(Debug)]
pub struct Sessions(Mutex<(Connection, u32)>);

fn failed(error: rusqlite::Error) -> StoreError {
    StoreError(error.to_string())
}

fn key_text(key: &SessionKey) -> String {
    format!("{:?}\n{}\n{}", key.plane, key.username, key.client_id)
}

fn key_of(text: &str) -> SessionKey {
    let mut parts = text.splitn(3, '\n');
    let plane = match parts.next() {
        Some("Devices") => Plane::Devices,
        Some("Operators") => Plane::Operators,
        _ => Plane::Public,
    };
    let username = parts.next().unwrap_or_default().to_owned();
    SessionKey { plane, username, client_id: parts.next().unwrap_or_default().into() }
}

fn qos(number: u8) -> Qos {
    match number {
        0 => Qos::AtMostOnce,
        1 => Qos::AtLeastOnce,
        _ => Qos::ExactlyOnce,
    }
}

impl Sessions {
    /// Opens the file, making it where it is not there.
    ///
    /// # Errors
    /// The file cannot be opened or written.
    pub fn open(path: &Path) -> Result<Sessions, StoreError> {
        let connection = Connection::open(path).map_err(failed)?;
        connection.execute_batch(SCHEMA).map_err(failed)?;
        Ok(Sessions(Mutex::new((connection, 0))))
    }
}

fn put_message(db: &Connection, m: &StoredMessage) -> rusqlite::Result<()> {
    let mut put = db.prepare_cached("INSERT OR REPLACE INTO message VALUES (?, ?, ?, ?, ?, ?, ?)")?;
    let expires = m.expires_at_ms;
    put.execute(params![m.number, &*m.topic, &*m.payload, &*m.properties, m.qos as u8, m.retain, expires])?;
    Ok(())
}

fn message(row: &Row<'_>, at: usize) -> rusqlite::Result<StoredMessage> {
    Ok(StoredMessage {
        number: row.get::<_, u64>(at)?,
        topic: row.get::<_, String>(at + 1)?.into(),
        payload: row.get::<_, Vec<u8>>(at + 2)?.into(),
        properties: row.get::<_, Vec<u8>>(at + 3)?.into(),
        qos: qos(row.get(at + 4)?),
        retain: row.get(at + 5)?,
        expires_at_ms: row.get(at + 6)?,
    })
}

fn apply(db: &Connection, change: &Change) -> rusqlite::Result<()> {
    let run = |sql: &str, values: &[&dyn rusqlite::ToSql]| db.prepare_cached(sql)?.execute(values).map(|_| ());
    match change {
        Change::Session(key, s) => run(
            "INSERT OR REPLACE INTO session VALUES (?, ?, ?, ?, ?)",
            params![key_text(key), s.connected, s.expiry_s, s.ended_at_ms, s.receipts_from],
        ),
        Change::Removed(key) => {
            for table in ["session", "subscription", "delivery", "received", "completed"] {
                run(&format!("DELETE FROM {table} WHERE key = ?"), params![key_text(key)])?;
            }
            Ok(())
        }
        Change::Subscribed(key, s) => run(
            "INSERT OR REPLACE INTO subscription VALUES (?, ?, ?, ?, ?, ?)",
            params![key_text(key), &*s.filter, s.qos as u8, s.no_local, s.retain_as_published, s.identifier],
        ),
        Change::Unsubscribed(key, filter) => {
            run("DELETE FROM subscription WHERE key = ? AND filter = ?", params![key_text(key), &**filter])
        }
        Change::Queued(key, d) => {
            put_message(db, &d.message)?;
            let identifiers: Vec<_> = d.identifiers.iter().map(u32::to_string).collect();
            run(
                "INSERT OR REPLACE INTO delivery VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                params![
                    key_text(key),
                    d.packet_id,
                    d.order,
                    d.qos as u8,
                    d.retain,
                    identifiers.join(","),
                    d.sent,
                    d.released,
                    d.message.number
                ],
            )
        }
        Change::Sent(key, ids) => ids.iter().try_for_each(|id| {
            run("UPDATE delivery SET sent = 1 WHERE key = ? AND id = ?", params![key_text(key), id])
        }),
        Change::Released(key, id) => {
            run("UPDATE delivery SET released = 1 WHERE key = ? AND id = ?", params![key_text(key), id])
        }
        Change::Done(key, id) => run("DELETE FROM delivery WHERE key = ? AND id = ?", params![key_text(key), id]),
        Change::Received(key, id) => run("INSERT OR REPLACE INTO received VALUES (?, ?)", params![key_text(key), id]),
        Change::Completed(key, id, number) => {
            run("DELETE FROM received WHERE key = ? AND id = ?", params![key_text(key), id])?;
            run("INSERT OR REPLACE INTO completed VALUES (?, ?, ?)", params![key_text(key), id, *number])
        }
        Change::Retained(m) => {
            put_message(db, m)?;
            run("INSERT OR REPLACE INTO retained VALUES (?, ?)", params![&*m.topic, m.number])
        }
        Change::Unretained(topic) => run("DELETE FROM retained WHERE topic = ?", params![&**topic]),
    }
}

fn contents(db: &Connection, key: String, state: SessionState) -> rusqlite::Result<StoredSession> {
    let mut subscriptions = db.prepare_cached("SELECT * FROM subscription WHERE key = ?")?;
    let subscriptions = subscriptions.query_map([&key], |row| {
        Ok(Subscription {
            filter: row.get::<_, String>(1)?.into(),
            qos: qos(row.get(2)?),
            no_local: row.get(3)?,
            retain_as_published: row.get(4)?,
            identifier: row.get(5)?,
        })
    })?;
    let mut deliveries =
        db.prepare_cached("SELECT * FROM delivery d JOIN message m ON m.number = d.message WHERE key = ?")?;
    let deliveries = deliveries.query_map([&key], |row| {
        Ok(StoredDelivery {
            packet_id: row.get(1)?,
            order: row.get::<_, u64>(2)?,
            qos: qos(row.get(3)?),
            retain: row.get(4)?,
            identifiers: row.get::<_, String>(5)?.split(',').filter_map(|id| id.parse().ok()).collect(),
            sent: row.get(6)?,
            released: row.get(7)?,
            message: Arc::new(message(row, 9)?),
        })
    })?;
    let mut received = db.prepare_cached("SELECT id FROM received WHERE key = ?")?;
    let received = received.query_map([&key], |row| row.get(0))?;
    let mut completed = db.prepare_cached("SELECT id, number FROM completed WHERE key = ?")?;
    let completed = completed.query_map([&key], |row| Ok((row.get(0)?, row.get::<_, u64>(1)?)))?;
    Ok(StoredSession {
        key: key_of(&key),
        state,
        subscriptions: subscriptions.collect::<Result<_, _>>()?,
        deliveries: deliveries.collect::<Result<_, _>>()?,
        received: received.collect::<Result<_, _>>()?,
        completed: completed.collect::<Result<_, _>>()?,
    })
}

fn load(db: &Connection) -> rusqlite::Result<Snapshot> {
    db.execute(SWEEP, [])?;
    let mut sessions = db.prepare("SELECT * FROM session")?;
    let sessions = sessions.query_map([], |row| {
        let state = SessionState {
            connected: row.get(1)?,
            expiry_s: row.get(2)?,
            ended_at_ms: row.get::<_, u64>(3)?,
            receipts_from: row.get::<_, u64>(4)?,
        };
        contents(db, row.get(0)?, state)
    })?;
    let mut retained = db.prepare("SELECT m.* FROM retained r JOIN message m ON m.number = r.message")?;
    let retained = retained.query_map([], |row| message(row, 0))?;
    Ok(Snapshot { sessions: sessions.collect::<Result<_, _>>()?, retained: retained.collect::<Result<_, _>>()? })
}

impl SessionStore for Sessions {
    fn load(&self) -> Result<Snapshot, StoreError> {
        load(&self.0.lock().unwrap_or_else(PoisonError::into_inner).0).map_err(failed)
    }

    fn commit(&self, changes: &[Change]) -> Result<(), StoreError> {
        let (db, commits) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = db.transaction().map_err(failed)?;
        for change in changes {
            apply(&transaction, change).map_err(failed)?;
        }
        *commits += 1;
        if *commits % SWEEP_EVERY == 0 {
            transaction.execute(SWEEP, []).map_err(failed)?;
        }
        transaction.commit().map_err(failed)
    }
}

/// A receipt as the store keeps it: session, packet identifier, number.
pub fn receipt_row(receipt: &Receipt) -> (String, u16, u64) {
    (key_text(&receipt.session), receipt.packet_id, receipt.number)
}

/// A receipt as the store kept it.
pub fn receipt_of((key, packet_id, number): (String, u16, u64)) -> Receipt {
    Receipt { session: key_of(&key), packet_id, number }
}
