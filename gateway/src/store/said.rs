//! What people said of incidents: the second opinion that rules are judged by.

use super::Reader;
use super::read::json;
use bongsu_rules::backtest::{Event, Said};
use bongsu_rules::incident::{Cause, Incident, State, Status};
use bongsu_sensors::{Level, Time};
use rusqlite::{Row, params};

/// Incidents that are read: more than a person judges in a season.
const INCIDENTS: i64 = 2_000;

/// Of a rule's incidents that reached a level: how they stand, and the last word of a person on whether they were right.
const SQL: &str = "SELECT body, (SELECT json_extract(t.body, '$.cause') FROM transition t
        WHERE t.incident = i.id AND json_extract(t.body, '$.cause') IN ('approved', 'closed', 'cancelled', 'rejected')
        ORDER BY t.id DESC LIMIT 1)
    FROM incident i WHERE updated >= ?1 AND onset <= ?2 AND json_extract(body, '$.rule') = ?3
        AND EXISTS (SELECT 1 FROM transition t WHERE t.incident = i.id
            AND json_extract(t.body, '$.incident.level') IN (SELECT value FROM json_each(?4)))
    ORDER BY onset DESC LIMIT ?5";

/// Whether a person found an incident right; `None`: nobody said.
fn verdict(incident: &Incident, word: Option<Cause>) -> Option<bool> {
    match word {
        Some(Cause::Cancelled | Cause::Rejected) => Some(false),
        Some(_) => Some(true),
        // What was issued, and what nobody took back while it stood.
        None => (incident.state == State::Ended && incident.issued.is_some()).then_some(true),
    }
}

fn judged(row: &Row<'_>) -> rusqlite::Result<(Incident, Option<Cause>)> {
    let word = row.get::<_, Option<String>>(1)?;
    let cause = word.and_then(|word| serde_json::from_value(serde_json::Value::String(word)).ok());
    Ok((json(row, 0)?, cause))
}

impl Reader {
    /// What people said of the incidents of a rule that reached a level and lived between two moments. Each is an event
    /// of its station where it has one, else of its area.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn said(&self, rule: &str, level: Level, status: Status, from: Time, to: Time) -> rusqlite::Result<Said> {
        let levels: Vec<&str> = Level::RAISED.iter().filter(|one| **one >= level).map(|one| one.name()).collect();
        let levels = serde_json::json!(levels).to_string();
        let mut statement = self.connection.prepare_cached(SQL)?;
        let rows = statement.query_map(params![from.millis(), to.millis(), rule, levels, INCIDENTS], judged)?;
        let mut said = Said::default();
        for row in rows {
            let (incident, word) = row?;
            let Some(was_right) = verdict(&incident, word).filter(|_| incident.status == status) else { continue };
            let until = if incident.state.is_over() { incident.updated } else { to };
            let place = incident.station.unwrap_or(incident.area);
            let event = Event { place, from: incident.onset, to: until.max(incident.onset) };
            let list = if was_right { &mut said.confirmed } else { &mut said.doubted };
            list.push(event);
        }
        said.confirmed.reverse();
        said.doubted.reverse();
        Ok(said)
    }
}
