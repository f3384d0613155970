//! Texts of rules that wait for a second person. They are no input of the engine: what is approved becomes one, in the
//! commit that says so here.

use super::audit::{self, Draft};
use super::{Reader, Store, StoreError};
use bongsu_sensors::Time;
use rusqlite::{Row, Transaction, params};

/// Submissions of one rule that wait at once: more would be read by nobody.
const WAITING: i64 = 16;

/// Submissions of one rule that are shown.
const SHOWN: i64 = 50;

/// What became of a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// Nobody has decided yet.
    Waiting,
    /// A second person put it in force.
    Approved,
    /// A second person said no.
    Rejected,
    /// Its author took it back.
    Withdrawn,
}

impl Fate {
    const ALL: [Fate; 4] = [Fate::Waiting, Fate::Approved, Fate::Rejected, Fate::Withdrawn];

    const fn name(self) -> &'static str {
        match self {
            Fate::Waiting => "waiting",
            Fate::Approved => "approved",
            Fate::Rejected => "rejected",
            Fate::Withdrawn => "withdrawn",
        }
    }
}

/// A text that somebody wants in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// Its number; the store gives it.
    pub id: i64,
    /// The rule.
    pub rule: String,
    /// The hash of the version its author saw in force.
    pub base: String,
    /// The text.
    pub text: String,
    /// Who wrote it.
    pub author: String,
    /// A name of the author's session that is no secret.
    pub session: String,
    /// Why.
    pub reason: String,
    /// When.
    pub time: Time,
    /// What became of it.
    pub fate: Fate,
    /// Who decided.
    pub by: Option<String>,
    /// When.
    pub decided: Option<Time>,
    /// Why.
    pub answer: Option<String>,
}

/// What a person decided on a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// Which.
    pub id: i64,
    /// What.
    pub fate: Fate,
    /// Who.
    pub by: String,
    /// When.
    pub at: Time,
    /// Why.
    pub answer: String,
}

/// Writes a decision; `false`: it was decided already.
pub(super) fn decide(to: &Transaction<'_>, decided: &Decided) -> rusqlite::Result<bool> {
    let Decided { id, fate, by, at, answer } = decided;
    let sql = "UPDATE rule_submission SET state = ?2, by = ?3, decided = ?4, answer = ?5
        WHERE id = ?1 AND state = 'waiting'";
    let changed = to.prepare_cached(sql)?.execute(params![id, fate.name(), by, at.millis(), answer])?;
    Ok(changed > 0)
}

fn submission(row: &Row<'_>) -> rusqlite::Result<Submission> {
    let fate: String = row.get(8)?;
    let unknown = || rusqlite::Error::InvalidColumnType(8, "state".into(), rusqlite::types::Type::Text);
    Ok(Submission {
        id: row.get(0)?,
        rule: row.get(1)?,
        base: row.get(2)?,
        text: row.get(3)?,
        author: row.get(4)?,
        session: row.get(5)?,
        reason: row.get(6)?,
        time: Time::from_millis(row.get(7)?),
        fate: Fate::ALL.into_iter().find(|known| known.name() == fate).ok_or_else(unknown)?,
        by: row.get(9)?,
        decided: row.get::<_, Option<i64>>(10)?.map(Time::from_millis),
        answer: row.get(11)?,
    })
}

impl Store {
    /// Keeps a text for a second person, with the audit's word. Answers its number; `None`: too many wait already.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn submit_rule(&mut self, wanted: &Submission, audit: Draft) -> Result<Option<i64>, StoreError> {
        let failed = self.failed();
        let to = self.connection.transaction().map_err(&failed)?;
        let waiting: i64 = to
            .query_row(
                "SELECT count(*) FROM rule_submission WHERE rule = ?1 AND state = 'waiting'",
                [&wanted.rule],
                |row| row.get(0),
            )
            .map_err(&failed)?;
        if waiting >= WAITING {
            return Ok(None);
        }
        let Submission { rule, base, text, author, session, reason, time, .. } = wanted;
        let sql = "INSERT INTO rule_submission (rule, base, text, author, session, reason, time, state)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'waiting')";
        to.execute(sql, params![rule, base, text, author, session, reason, time.millis()]).map_err(&failed)?;
        let id = to.last_insert_rowid();
        let detail = format!("submission {id}: {}", audit.detail);
        audit::append(&to, &[Draft { detail, ..audit }]).map_err(&failed)?;
        to.commit().map_err(&failed)?;
        Ok(Some(id))
    }

    /// Writes down that a submission does not become a rule, with the audit's word. Answers whether it still waited.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn refuse_rule(&mut self, decided: &Decided, audit: Draft) -> Result<bool, StoreError> {
        let failed = self.failed();
        let to = self.connection.transaction().map_err(&failed)?;
        if !decide(&to, decided).map_err(&failed)? {
            return Ok(false);
        }
        audit::append(&to, &[audit]).map_err(&failed)?;
        to.commit().map_err(&failed)?;
        Ok(true)
    }
}

impl Reader {
    /// The submissions of a rule, or of all that wait; the newest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn submissions(&self, rule: Option<&str>) -> rusqlite::Result<Vec<Submission>> {
        let sql = "SELECT id, rule, base, text, author, session, reason, time, state, by, decided, answer
            FROM rule_submission WHERE rule = ?1 OR (?1 IS NULL AND state = 'waiting') ORDER BY id DESC LIMIT ?2";
        let limit = if rule.is_some() { SHOWN } else { i64::MAX };
        self.connection.prepare_cached(sql)?.query_map(params![rule, limit], submission)?.collect()
    }
}
