//! The audit: who did what, from where; append-only, each entry chained to the one before by its hash.
//!
//! Whoever can write the file could write another chain. Keep the newest hash elsewhere from time to time (`bongsu
//! audit export` ends with it), and `bongsu audit verify --from HASH` proves that the chain still contains it.

use super::Reader;
use bongsu_sensors::Time;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The hash before the first entry.
const GENESIS: [u8; 32] = [0; 32];

/// Somebody did something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// When, in the system's time, whatever clock the city runs on.
    pub time: Time,
    /// Who: a user name, `token:LABEL`, or `console:UID`.
    pub who: String,
    /// In which role.
    pub role: String,
    /// From where.
    pub from_address: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub subject: String,
    /// In which words, and what came of it.
    pub detail: String,
    /// The log's record, where it went through the engine.
    pub record: Option<u64>,
}

/// An entry of the audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Audited {
    /// Its number, counting up by one.
    pub id: i64,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub time: Time,
    /// Who.
    pub who: String,
    /// In which role.
    pub role: String,
    /// From where.
    pub from_address: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub subject: String,
    /// In which words, and what came of it.
    pub detail: String,
    /// The log's record, where it went through the engine.
    pub record: Option<i64>,
    /// SHA-256 of the hash before and of this entry, in hexadecimal.
    pub hash: String,
}

/// What `verify` found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// Entries that are as they were written.
    pub entries: i64,
    /// The newest hash, in hexadecimal.
    pub head: String,
    /// What is wrong; empty: nothing.
    pub faults: Vec<String>,
}

/// Most faults that are listed: one is enough to know, a few to find the place.
const FAULTS: usize = 20;

const COLUMNS: &str = "id, time, who, role, address, action, subject, detail, record, hash";

fn hash(before: &[u8], id: i64, draft: &Draft) -> [u8; 32] {
    let record = draft.record.map_or(String::new(), |record| record.to_string());
    let (id, time) = (id.to_string(), draft.time.millis().to_string());
    let fields = [
        &id,
        &time,
        &draft.who,
        &draft.role,
        &draft.from_address,
        &draft.action,
        &draft.subject,
        &draft.detail,
        &record,
    ];
    let mut hash = Sha256::new();
    hash.update(before);
    for field in fields {
        // Lengths first, so that no two rows have the same bytes.
        hash.update((field.len() as u64).to_be_bytes());
        hash.update(field.as_bytes());
    }
    hash.finalize().into()
}

/// Appends entries in a transaction.
pub(super) fn append(to: &Transaction<'_>, drafts: &[Draft]) -> rusqlite::Result<()> {
    if drafts.is_empty() {
        return Ok(());
    }
    let last = to
        .prepare_cached("SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, [u8; 32]>(1)?)))
        .optional()?;
    let (mut id, mut before) = last.unwrap_or((0, GENESIS));
    let mut insert = to.prepare_cached("INSERT INTO audit VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?;
    for draft in drafts {
        id += 1;
        before = hash(&before, id, draft);
        let Draft { time, who, role, from_address, action, subject, detail, record } = draft;
        insert.execute(params![id, time.millis(), who, role, from_address, action, subject, detail, record, before])?;
    }
    Ok(())
}

fn row(row: &Row<'_>) -> rusqlite::Result<(i64, Draft, [u8; 32])> {
    let draft = Draft {
        time: Time::from_millis(row.get(1)?),
        who: row.get(2)?,
        role: row.get(3)?,
        from_address: row.get(4)?,
        action: row.get(5)?,
        subject: row.get(6)?,
        detail: row.get(7)?,
        record: row.get(8)?,
    };
    Ok((row.get(0)?, draft, row.get(9)?))
}

fn written((id, draft, hash): (i64, Draft, [u8; 32])) -> Audited {
    Audited {
        id,
        time: draft.time,
        who: draft.who,
        role: draft.role,
        from_address: draft.from_address,
        action: draft.action,
        subject: draft.subject,
        detail: draft.detail,
        record: draft.record.and_then(|record| i64::try_from(record).ok()),
        hash: hex(&hash),
    }
}

/// Bytes as text.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Walks the whole chain. `anchor` is a hash that was kept elsewhere and must be in it.
fn verify(connection: &Connection, anchor: Option<&str>) -> rusqlite::Result<Verified> {
    let mut faults = Vec::new();
    let mut complain = |fault: String| {
        if faults.len() < FAULTS {
            faults.push(fault);
        }
    };
    let mut statement = connection.prepare(&format!("SELECT {COLUMNS} FROM audit ORDER BY id"))?;
    let (mut entries, mut before, mut found) = (0, GENESIS, anchor.is_none());
    for entry in statement.query_map([], row)? {
        let (id, draft, kept) = entry?;
        entries += 1;
        if id != entries {
            complain(format!("entry {entries} is missing"));
            entries = id;
        }
        if hash(&before, id, &draft) != kept {
            complain(format!("entry {id} is not what was written"));
        }
        before = kept;
        found |= anchor.is_some_and(|anchor| anchor.eq_ignore_ascii_case(&hex(&kept)));
    }
    if !found {
        complain("the chain does not contain the hash that was kept elsewhere".to_owned());
    }
    // What people ordered stands in the log as well: neither may know more than the other.
    let unsaid = "SELECT seq FROM log WHERE kind = 5 AND seq NOT IN
        (SELECT record FROM audit WHERE record IS NOT NULL) ORDER BY seq LIMIT 20";
    let mut statement = connection.prepare(unsaid)?;
    for seq in statement.query_map([], |row| row.get::<_, i64>(0))? {
        complain(format!("record {} of the log was ordered by nobody the audit knows", seq?));
    }
    Ok(Verified { entries, head: hex(&before), faults })
}

impl Reader {
    /// Proves that the audit is what was written.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn verify_audit(&self, anchor: Option<&str>) -> rusqlite::Result<Verified> {
        verify(&self.connection, anchor)
    }

    /// Entries of the audit, newest first: of a time, of a person, those before an id.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn audit(
        &self,
        (from, to): (Time, Time),
        who: Option<&str>,
        before: i64,
        limit: usize,
    ) -> rusqlite::Result<Vec<Audited>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM audit WHERE id < ?1 AND time >= ?2 AND time < ?3 AND (?4 IS NULL OR who = ?4)
            ORDER BY id DESC LIMIT ?5"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params![before, from.millis(), to.millis(), who, limit], row)?;
        rows.map(|row| row.map(written)).collect()
    }

    /// The next entries of the audit after an id, in order.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn audit_after(&self, id: i64, limit: usize) -> rusqlite::Result<Vec<Audited>> {
        let sql = format!("SELECT {COLUMNS} FROM audit WHERE id > ?1 ORDER BY id LIMIT ?2");
        let mut statement = self.connection.prepare_cached(&sql)?;
        statement.query_map(params![id, limit], row)?.map(|row| row.map(written)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Batch, Store};
    use bongsu_rules::incident::Status;

    fn path(folder: &tempfile::TempDir) -> std::path::PathBuf {
        folder.path().join("city.db")
    }

    fn verified(folder: &tempfile::TempDir, anchor: Option<&str>) -> Verified {
        Reader::open(&path(folder)).expect("reader").verify_audit(anchor).expect("verified")
    }

    fn store(folder: &tempfile::TempDir) -> Store {
        let mut store = Store::open(&path(folder), Status::Actual, 10).expect("store");
        for n in 0..3 {
            let draft = Draft { who: format!("user{n}"), action: "test".into(), ..Draft::default() };
            store.commit(&Batch { audit: vec![draft], ..Batch::default() }).expect("commit");
        }
        store
    }

    #[test]
    fn what_was_written_is_proved() {
        let folder = tempfile::tempdir().expect("folder");
        store(&folder);
        let all = verified(&folder, None);
        assert_eq!((all.entries, all.faults.as_slice()), (3, [].as_slice()));
        assert!(verified(&folder, Some(&all.head)).faults.is_empty());
        assert!(!verified(&folder, Some("00")).faults.is_empty());
    }

    #[test]
    fn no_entry_is_changed_or_taken_out_unseen() {
        let change = |sql: &str| {
            let folder = tempfile::tempdir().expect("folder");
            let store = store(&folder);
            assert!(store.connection.execute(sql, []).is_err(), "append-only: {sql}");
            store
                .connection
                .execute_batch("DROP TRIGGER audit_is_never_changed; DROP TRIGGER audit_is_never_deleted;")
                .expect("drop");
            store.connection.execute(sql, []).expect("changed by force");
            verified(&folder, None).faults
        };
        assert_eq!(change("UPDATE audit SET who = 'nobody' WHERE id = 2"), ["entry 2 is not what was written"]);
        assert_eq!(change("DELETE FROM audit WHERE id = 2"), ["entry 2 is missing", "entry 3 is not what was written"]);
        assert_eq!(
            change("UPDATE audit SET subject = who, who = '' WHERE id = 3"),
            ["entry 3 is not what was written"]
        );
    }
}
