//! CAP messages in the store.

use super::{Reader, Store, StoreError};
use bongsu_rules::incident::Incident;
use bongsu_sensors::Time;
use rusqlite::{OptionalExtension, Transaction, params};

/// A CAP message as it was handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cap {
    /// Its identifier.
    pub identifier: String,
    /// The incident it speaks of.
    pub incident: String,
    /// When it was sent, as it writes it.
    pub sent: String,
    /// When it ceases to hold.
    pub expires: Time,
    /// The document.
    pub body: String,
}

/// Writes messages into a transaction.
pub(super) fn write(to: &Transaction<'_>, caps: &[Cap]) -> rusqlite::Result<()> {
    let mut insert = to.prepare_cached("INSERT OR IGNORE INTO cap VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for cap in caps {
        insert.execute(params![cap.identifier, cap.incident, cap.sent, cap.expires.millis(), cap.body])?;
    }
    Ok(())
}

impl Store {
    /// The messages of incidents that live or ended so lately that their last message may still hold: incident,
    /// identifier, `sent` as written, and when it expires, oldest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn standing_caps(&self) -> Result<Vec<(String, String, String, Time)>, StoreError> {
        let sql = "SELECT incident, identifier, sent, expires FROM cap WHERE incident IN
            (SELECT id FROM incident WHERE state <> 'ended' OR updated >= (SELECT max(updated) FROM incident) - 86400000)
            ORDER BY expires, identifier";
        let read = || -> rusqlite::Result<Vec<(String, String, String, Time)>> {
            let mut statement = self.connection.prepare(sql)?;
            let row =
                |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, Time::from_millis(row.get(3)?)));
            statement.query_map([], row)?.collect()
        };
        read().map_err(self.failed())
    }
}

impl Reader {
    /// A CAP message and its incident as it stands.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn cap(&self, identifier: &str) -> rusqlite::Result<Option<(String, Incident)>> {
        let sql = "SELECT cap.body, incident.body FROM cap JOIN incident ON incident.id = cap.incident
            WHERE identifier = ?1";
        let mut statement = self.connection.prepare_cached(sql)?;
        statement.query_row([identifier], |row| Ok((row.get(0)?, super::read::json(row, 1)?))).optional()
    }
}
