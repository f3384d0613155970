//! Writing a batch: the statements behind one commit.

use super::{Batch, DeadLetter};
use crate::session::receipt_row;
use bongsu_rules::incident::Transition;
use bongsu_rules::record::Undecided;
use rusqlite::{Transaction, params};
use serde::Serialize;

/// Writes a batch into a transaction; answers the ids of its transitions.
pub fn batch(to: &Transaction<'_>, batch: &Batch, dead_letter_limit: usize) -> rusqlite::Result<Vec<i64>> {
    let mut insert = to.prepare_cached("INSERT INTO log VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
    for entry in &batch.entries {
        let (first, last) = (entry.first.millis(), entry.last.millis());
        insert.execute(params![entry.seq, entry.now.millis(), entry.kind, first, last, entry.body])?;
    }
    let transitions = batch.transitions.iter().map(|(seq, transition)| write_transition(to, *seq, transition));
    let ids = transitions.collect::<rusqlite::Result<Vec<i64>>>()?;
    super::cap::write(to, &batch.caps)?;
    for undecided in &batch.undecided {
        write_undecided(to, undecided)?;
    }
    let mut insert = to.prepare_cached("INSERT OR IGNORE INTO event VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for event in &batch.events {
        insert.execute(params![event.station, event.id, event.time.millis(), event.kind, event.body])?;
    }
    let mut insert = to.prepare_cached("INSERT OR REPLACE INTO receipt VALUES (?1, ?2, ?3)")?;
    for receipt in &batch.receipts {
        insert.execute(receipt_row(receipt))?;
    }
    super::audit::append(to, &batch.audit)?;
    super::rule::write_versions(to, &batch.versions)?;
    for decided in &batch.decided {
        super::submission::decide(to, decided)?;
    }
    super::rule::write_historic(to, &batch.historic)?;
    if !batch.dead_letters.is_empty() {
        write_dead_letters(to, &batch.dead_letters, dead_letter_limit)?;
    }
    if let Some(numbering) = &batch.numbering {
        let mut insert = to.prepare_cached("INSERT OR IGNORE INTO datastream VALUES (?1, ?2, ?3)")?;
        for (station, name, id) in numbering.iter() {
            insert.execute(params![id.0, station.as_str(), name.to_string()])?;
        }
    }
    if let Some(book) = &batch.book {
        write_meta(to, "book", book)?;
    }
    if let Some(progress) = &batch.progress {
        write_meta(to, "replay", progress)?;
    }
    Ok(ids)
}

fn json(value: &impl Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

fn write_meta(to: &Transaction<'_>, key: &str, value: &impl Serialize) -> rusqlite::Result<()> {
    to.prepare_cached("INSERT OR REPLACE INTO meta VALUES (?1, ?2)")?.execute(params![key, json(value)?]).map(|_| ())
}

fn write_transition(to: &Transaction<'_>, seq: u64, transition: &Transition) -> rusqlite::Result<i64> {
    let incident = &transition.incident;
    let mut insert = to.prepare_cached("INSERT INTO transition (seq, incident, time, body) VALUES (?1, ?2, ?3, ?4)")?;
    let id = insert.insert(params![seq, incident.id, transition.time.millis(), json(transition)?])?;
    to.prepare_cached("INSERT OR REPLACE INTO incident VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?.execute(params![
        incident.id,
        incident.hazard,
        incident.area,
        incident.state.name(),
        incident.level.name(),
        incident.onset.millis(),
        incident.updated.millis(),
        json(incident)?,
    ])?;
    if let Some(message) = &transition.message {
        to.prepare_cached("INSERT INTO message VALUES (?1, ?2, ?3, ?4)")?.execute(params![
            message.identifier,
            incident.id,
            message.sent.millis(),
            id
        ])?;
    }
    Ok(id)
}

fn write_undecided(to: &Transaction<'_>, undecided: &Undecided) -> rusqlite::Result<()> {
    if undecided.since.is_none() {
        let mut delete = to.prepare_cached("DELETE FROM undecided WHERE rule = ?1 AND place = ?2")?;
        return delete.execute([&undecided.rule, &undecided.place]).map(|_| ());
    }
    let mut insert = to.prepare_cached("INSERT OR REPLACE INTO undecided VALUES (?1, ?2, ?3)")?;
    insert.execute([&undecided.rule, &undecided.place, &json(undecided)?]).map(|_| ())
}

fn write_dead_letters(to: &Transaction<'_>, letters: &[DeadLetter], limit: usize) -> rusqlite::Result<()> {
    let sql =
        "INSERT INTO dead_letter (received, source, station, reason, remedy, payload) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let mut insert = to.prepare_cached(sql)?;
    // A flood of refusals in one batch is kept only as far as it would survive anyway.
    for letter in &letters[letters.len().saturating_sub(limit)..] {
        let (received, reason) = (letter.received.millis(), letter.reason.name());
        insert.execute(params![received, letter.source, letter.station, reason, letter.remedy, letter.payload])?;
    }
    let mut trim = to.prepare_cached("DELETE FROM dead_letter WHERE id <= (SELECT max(id) FROM dead_letter) - ?1")?;
    trim.execute([limit]).map(|_| ())
}
