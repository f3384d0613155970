//! What the store keeps of rules: every version that was ever in force, and what they would have said of the past.

use super::{Reader, Store, StoreError};
use bongsu_rules::Engine;
use bongsu_rules::language::overrides::is_overrides;
use bongsu_rules::record::Historic;
use bongsu_sensors::Time;
use rusqlite::{Connection, Row, Transaction, params};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Rows of the past that are kept.
const HISTORIC_LIMIT: usize = 100_000;

/// Under which name versions of the overrides are kept; no rule can have it, because the body could not be spoken of.
pub const OVERRIDES: &str = "overrides.toml";

/// A version of a rule, or its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Version {
    /// Which rule.
    pub rule: String,
    /// The file it was read from.
    pub file: String,
    /// SHA-256 of its text; empty at its end.
    pub hash: String,
    /// Who answers for it.
    pub author: String,
    /// Since when it is in force.
    pub time: Time,
    /// The record that brought it.
    pub seq: u64,
    /// Its text; `None`: from then on the rule is not in force.
    #[serde(skip)]
    pub text: Option<String>,
}

/// File, author and text of each rule in force, and of the overrides.
pub type InForce = BTreeMap<String, (String, String, String)>;

/// What is in force in an engine.
pub fn in_force(engine: &Engine) -> InForce {
    let text = engine.rules_text();
    let author = |own: &str| if own.is_empty() { text.author.clone() } else { own.to_owned() };
    let rules = engine.rules().iter().map(|rule| {
        let source = &rule.source;
        (rule.header.id.clone(), (source.name.clone(), author(&rule.header.author), source.text.clone()))
    });
    let overrides = text.files.iter().filter(|(name, _)| is_overrides(name));
    let overrides = overrides.map(|(name, body)| (OVERRIDES.to_owned(), (name.clone(), author(""), body.clone())));
    rules.chain(overrides).collect()
}

/// The hash of a text: what a version is called by.
pub fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The versions that begin or end with a change of the rules.
pub fn changes(before: &InForce, after: &InForce, seq: u64, time: Time) -> Vec<Version> {
    let begins = after.iter().filter(|(rule, (_, _, text))| before.get(*rule).is_none_or(|(_, _, old)| old != text));
    let begins = begins.map(|(rule, (file, author, text))| Version {
        rule: rule.clone(),
        file: file.clone(),
        hash: hash(text),
        author: author.clone(),
        time,
        seq,
        text: Some(text.clone()),
    });
    let ends = before.iter().filter(|(rule, _)| !after.contains_key(*rule));
    let ends = ends.map(|(rule, (file, author, _))| Version {
        rule: rule.clone(),
        file: file.clone(),
        hash: String::new(),
        author: author.clone(),
        time,
        seq,
        text: None,
    });
    begins.chain(ends).collect()
}

/// Writes versions into a transaction.
pub fn write_versions(to: &Transaction<'_>, versions: &[Version]) -> rusqlite::Result<()> {
    let sql =
        "INSERT INTO rule_version (rule, file, hash, author, time, seq, text) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let mut insert = to.prepare_cached(sql)?;
    for Version { rule, file, hash, author, time, seq, text } in versions {
        insert.execute(params![rule, file, hash, author, time.millis(), seq, text])?;
    }
    Ok(())
}

/// Writes what rules would have said of the past.
pub fn write_historic(to: &Transaction<'_>, historic: &[(Time, Historic)]) -> rusqlite::Result<()> {
    if historic.is_empty() {
        return Ok(());
    }
    let sql = "INSERT INTO historic (rule, place, time, level, received, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let mut insert = to.prepare_cached(sql)?;
    for (received, one) in historic {
        let body = serde_json::to_string(one).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        insert.execute(params![one.rule, one.place, one.time.millis(), one.level.name(), received.millis(), body])?;
    }
    let mut trim = to.prepare_cached("DELETE FROM historic WHERE id <= (SELECT max(id) FROM historic) - ?1")?;
    trim.execute([HISTORIC_LIMIT]).map(|_| ())
}

fn versions(connection: &Connection, rule: Option<&str>) -> rusqlite::Result<Vec<Version>> {
    let sql = "SELECT rule, file, hash, author, time, seq, text FROM rule_version
        WHERE ?1 IS NULL OR rule = ?1 ORDER BY id";
    connection.prepare_cached(sql)?.query_map([rule], version)?.collect()
}

fn version(row: &Row<'_>) -> rusqlite::Result<Version> {
    Ok(Version {
        rule: row.get(0)?,
        file: row.get(1)?,
        hash: row.get(2)?,
        author: row.get(3)?,
        time: Time::from_millis(row.get(4)?),
        seq: row.get(5)?,
        text: row.get(6)?,
    })
}

impl Reader {
    /// The versions of a rule, oldest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn rule_versions(&self, rule: &str) -> rusqlite::Result<Vec<Version>> {
        versions(&self.connection, Some(rule))
    }

    /// Why versions of a rule came into force, by the record that brought them: what people said, as the audit has it.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn reasons(&self, rule: &str) -> rusqlite::Result<BTreeMap<u64, String>> {
        let sql = "SELECT seq, detail FROM rule_version JOIN audit ON audit.record = rule_version.seq
            WHERE rule_version.rule = ?1 AND subject = ?1 AND action IN ('rule.approve', 'rule.rollback')";
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map([rule], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
        // Before the reason stands which text it was: `submission 3 by kim: ` or `to 5f…: `.
        rows.map(|row| {
            row.map(|(seq, detail)| (seq, detail.split_once(": ").map_or(detail.clone(), |(_, said)| said.to_owned())))
        })
        .collect()
    }

    /// The newest version of each rule, without its text.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn newest_versions(&self) -> rusqlite::Result<Vec<Version>> {
        let sql = "SELECT rule, file, hash, author, time, seq, NULL FROM rule_version
            WHERE id IN (SELECT max(id) FROM rule_version GROUP BY rule)";
        self.connection.prepare_cached(sql)?.query_map([], version)?.collect()
    }
}

impl Store {
    /// The versions of a rule, or of all, oldest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn rule_versions(&self, rule: Option<&str>) -> Result<Vec<Version>, StoreError> {
        versions(&self.connection, rule).map_err(self.failed())
    }

    /// The versions that were in force at a moment, one of each rule.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn rules_at(&self, time: Time) -> Result<Vec<Version>, StoreError> {
        let mut in_force = BTreeMap::new();
        for version in self.rule_versions(None)?.into_iter().filter(|version| version.time <= time) {
            in_force.insert(version.rule.clone(), version);
        }
        Ok(in_force.into_values().filter(|version| version.text.is_some()).collect())
    }

    /// What rules would have said of the past, the newest so many, oldest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn historic(&self, limit: usize) -> Result<Vec<Historic>, StoreError> {
        let failed = self.failed();
        let sql = "SELECT body FROM (SELECT id, body FROM historic ORDER BY id DESC LIMIT ?1) ORDER BY id";
        let mut statement = self.connection.prepare(sql).map_err(&failed)?;
        let bodies = statement.query_map([limit], |row| row.get::<_, String>(0)).map_err(&failed)?;
        let read = |body: rusqlite::Result<String>| {
            serde_json::from_str(&body.map_err(&failed)?).map_err(|cause| self.damaged("historic", &cause))
        };
        bodies.map(read).collect()
    }
}
