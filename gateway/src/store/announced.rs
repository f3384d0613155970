//! What other agencies announced in CAP, until it is over and that was said.

use super::audit::{self, Draft};
use super::{Store, StoreError};
use bongsu_rules::cap::Reference;
use bongsu_sensors::Time;
use rusqlite::{OptionalExtension, params};
use std::collections::BTreeMap;

/// So long a message is kept after it came, where it is over.
const KEPT_MS: i64 = 90 * 86_400_000;

/// A message of another agency.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Announced {
    /// Who said it.
    pub sender: String,
    /// Its name there.
    pub identifier: String,
    /// When it was sent, letter by letter.
    pub sent: String,
    /// When it came.
    #[schema(value_type = String, format = DateTime)]
    pub received: Time,
    /// Until when it holds.
    #[schema(value_type = String, format = DateTime)]
    pub expires: Time,
    /// The danger in a word.
    pub event: String,
    /// The danger in a line.
    pub headline: String,
    /// How high it stands at each of our stations, 0 to 4.
    pub levels: BTreeMap<String, u8>,
    /// Whether it was lifted or replaced, and that is not said yet.
    pub is_ending: bool,
}

impl Store {
    /// Which of these messages were taken already.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn were_announced(&self, references: &[Reference]) -> Result<Vec<bool>, StoreError> {
        let known = |reference: &Reference| {
            let sql = "SELECT 1 FROM announcement WHERE sender = ?1 AND identifier = ?2 AND sent = ?3";
            let Reference { sender, identifier, sent } = reference;
            let mut asked = self.connection.prepare_cached(sql)?;
            asked.query_row(params![sender, identifier, sent.text()], |_| Ok(())).optional().map(|row| row.is_some())
        };
        references.iter().map(known).collect::<rusqlite::Result<_>>().map_err(self.failed())
    }

    /// Takes a message, with the audit's word; those it replaces are over. Answers whether it is new.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn announce(
        &mut self,
        new: &Announced,
        text: &[u8],
        replaces: &[Reference],
        audit: Draft,
    ) -> Result<bool, StoreError> {
        let failed = self.failed();
        let to = self.connection.transaction().map_err(&failed)?;
        let Announced { sender, identifier, sent, received, expires, event, headline, levels, .. } = new;
        let state = match levels.values().max() {
            None => "over",
            Some(0) => "ending",
            Some(_) => "standing",
        };
        let written = serde_json::to_string(levels).unwrap_or_default();
        let sql = "INSERT OR IGNORE INTO announcement VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
        let (received, expires) = (received.millis(), expires.millis());
        let row = params![sender, identifier, sent, received, expires, state, event, headline, written, text];
        if to.execute(sql, row).map_err(&failed)? == 0 {
            return Ok(false);
        }
        for Reference { sender, identifier, sent } in replaces {
            let sql = "UPDATE announcement SET state = 'ending'
                WHERE sender = ?1 AND identifier = ?2 AND sent = ?3 AND state = 'standing'";
            to.execute(sql, params![sender, identifier, sent.text()]).map_err(&failed)?;
        }
        let sql = "DELETE FROM announcement WHERE state = 'over' AND received < ?1";
        to.execute(sql, [received - KEPT_MS]).map_err(&failed)?;
        audit::append(&to, &[audit]).map_err(&failed)?;
        to.commit().map_err(&failed)?;
        Ok(true)
    }

    /// Every message that is not over, in the order in which they came.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn announced(&self) -> Result<Vec<Announced>, StoreError> {
        let sql = "SELECT sender, identifier, sent, received, expires, event, headline, levels, state FROM announcement
            WHERE state IN ('standing', 'ending') ORDER BY received, sender, identifier";
        let row = |row: &rusqlite::Row<'_>| {
            let levels: String = row.get(7)?;
            let unreadable = |cause: serde_json::Error| {
                rusqlite::Error::FromSqlConversionFailure(7, rusqlite::types::Type::Text, Box::new(cause))
            };
            Ok(Announced {
                sender: row.get(0)?,
                identifier: row.get(1)?,
                sent: row.get(2)?,
                received: Time::from_millis(row.get(3)?),
                expires: Time::from_millis(row.get(4)?),
                event: row.get(5)?,
                headline: row.get(6)?,
                levels: serde_json::from_str(&levels).map_err(unreadable)?,
                is_ending: row.get::<_, String>(8)? == "ending",
            })
        };
        let read = || self.connection.prepare_cached(sql)?.query_map([], row)?.collect::<rusqlite::Result<_>>();
        read().map_err(self.failed())
    }

    /// These are over, and that was said.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn are_over(&mut self, over: &[Announced]) -> Result<(), StoreError> {
        let failed = self.failed();
        let to = self.connection.transaction().map_err(&failed)?;
        for Announced { sender, identifier, sent, .. } in over {
            let sql = "UPDATE announcement SET state = 'over' WHERE sender = ?1 AND identifier = ?2 AND sent = ?3";
            to.execute(sql, params![sender, identifier, sent]).map_err(&failed)?;
        }
        to.commit().map_err(&failed)
    }
}
