//! People in the store: accounts, links, sessions, tokens. Each change is one transaction with its audit entry.

use super::audit::{self, Draft};
use super::{Store, StoreError};
use crate::people::account::{Link, Session, Token, User, Vouched};
use crate::people::role::Role;
use bongsu_sensors::Time;
use rusqlite::{OptionalExtension, Row, Transaction, params};

/// One change of what the store knows of people. Each changes what it names and nothing else, and only where that is
/// still there.
#[derive(Clone, Debug)]
pub enum Change {
    /// An account is added; who vouches for it is a change of its own.
    AddUser(User),
    /// An account has another password; its sessions end.
    Password {
        /// Which account.
        username: String,
        /// The hash.
        hash: String,
    },
    /// An account has another role; its sessions end.
    Role {
        /// Which account.
        username: String,
        /// The role.
        role: Role,
    },
    /// An account is disabled; its sessions end.
    Disable {
        /// Which account.
        username: String,
        /// When.
        at: Time,
    },
    /// An account has another secret for one-time codes, or none.
    Totp {
        /// Which account.
        username: String,
        /// The secret.
        secret: Option<Vec<u8>>,
        /// The step of the code that proved it.
        step: i64,
    },
    /// A one-time code is used up.
    Code {
        /// Which account.
        username: String,
        /// The step of the code.
        step: i64,
    },
    /// A provider may say from now on who the owner of an account is, or no longer; the account's sessions end.
    Vouch {
        /// Which account.
        username: String,
        /// By whom and how; `None`: no longer.
        vouched: Option<Vouched>,
    },
    /// Whom a provider may vouch for came for the first time.
    Bind {
        /// Which account.
        username: String,
        /// The provider.
        issuer: String,
        /// Its name for the person.
        subject: String,
        /// When.
        at: Time,
    },
    /// Nothing changes: somebody whom a provider vouched for is let in only if it still may, for this account.
    StillVouched {
        /// Which account.
        username: String,
        /// The provider.
        issuer: String,
        /// Its name for the person.
        subject: String,
    },
    /// A link is given out.
    Link(Link),
    /// A link is used.
    Unlink([u8; 32]),
    /// Links for an account that were not used invite nobody any more; `None`: the first administrator's.
    UnlinkAllOf(Option<String>),
    /// Somebody logged in.
    Session(Session),
    /// A session ends.
    EndSession([u8; 32]),
    /// A token is given out.
    Token(Token),
    /// A token is taken back.
    Revoke {
        /// Which token.
        id: i64,
        /// When.
        at: Time,
    },
}

fn role(row: &Row<'_>, column: usize) -> rusqlite::Result<Role> {
    let text: String = row.get(column)?;
    let unknown = || rusqlite::Error::InvalidColumnType(column, "role".into(), rusqlite::types::Type::Text);
    Role::named(&text).ok_or_else(unknown)
}

fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        username: row.get(0)?,
        role: role(row, 1)?,
        password: row.get(2)?,
        totp: row.get(3)?,
        totp_step: row.get(4)?,
        created: Time::from_millis(row.get(5)?),
        disabled: row.get::<_, Option<i64>>(6)?.map(Time::from_millis),
        vouched: row.get::<_, Option<String>>(7)?.map(|issuer| vouched(row, issuer)).transpose()?,
    })
}

fn vouched(row: &Row<'_>, issuer: String) -> rusqlite::Result<Vouched> {
    let until = Time::from_millis(row.get(9)?);
    Ok(Vouched { issuer, subject: row.get(8)?, until, only: row.get(10)? })
}

fn session(row: &Row<'_>) -> rusqlite::Result<Session> {
    Ok(Session {
        digest: row.get(0)?,
        username: row.get(1)?,
        csrf: row.get(2)?,
        created: Time::from_millis(row.get(3)?),
        expires: Time::from_millis(row.get(4)?),
    })
}

fn token(row: &Row<'_>) -> rusqlite::Result<Token> {
    Ok(Token {
        id: row.get(0)?,
        digest: row.get(1)?,
        label: row.get(2)?,
        role: role(row, 3)?,
        created: Time::from_millis(row.get(4)?),
        made_by: row.get(5)?,
        expires: row.get::<_, Option<i64>>(6)?.map(Time::from_millis),
        revoked: row.get::<_, Option<i64>>(7)?.map(Time::from_millis),
    })
}

fn link(row: &Row<'_>) -> rusqlite::Result<Link> {
    Ok(Link { digest: row.get(0)?, username: row.get(1)?, expires: Time::from_millis(row.get(2)?) })
}

impl Store {
    fn all<T>(&self, sql: &str, one: fn(&Row<'_>) -> rusqlite::Result<T>) -> Result<Vec<T>, StoreError> {
        let failed = self.failed();
        let mut statement = self.connection.prepare_cached(sql).map_err(&failed)?;
        let rows = statement.query_map([], one).map_err(&failed)?;
        rows.collect::<rusqlite::Result<Vec<T>>>().map_err(&failed)
    }

    /// Every account.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn users(&self) -> Result<Vec<User>, StoreError> {
        let sql =
            "SELECT user.username, role, password, totp, totp_step, created, disabled, issuer, subject, until, is_only
            FROM user LEFT JOIN vouched ON vouched.username = user.username ORDER BY user.username";
        self.all(sql, user)
    }

    /// Every session.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn sessions(&self) -> Result<Vec<Session>, StoreError> {
        self.all("SELECT digest, username, csrf, created, expires FROM session", session)
    }

    /// Every token.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        self.all("SELECT id, digest, label, role, created, made_by, expires, revoked FROM token ORDER BY id", token)
    }

    /// Every link that was not used yet.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn links(&self) -> Result<Vec<Link>, StoreError> {
        self.all("SELECT digest, username, expires FROM link", link)
    }

    /// Makes changes of people true, all or none, with what the audit says of them. Answers whether it did: not, where
    /// something they name is gone or was used meanwhile, or no administrator would be left.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn change_people(&mut self, changes: &[Change], audit: &[Draft]) -> Result<bool, StoreError> {
        let failed = self.failed();
        let to = self.connection.transaction().map_err(&failed)?;
        for change in changes {
            if !write(&to, change).map_err(&failed)? {
                return Ok(false);
            }
        }
        audit::append(&to, audit).map_err(&failed)?;
        to.commit().map_err(&failed)?;
        Ok(true)
    }
}

/// Writes one change; `false`: what it names is not there.
fn write(to: &Transaction<'_>, change: &Change) -> rusqlite::Result<bool> {
    let end_sessions = |username: &str| to.execute("DELETE FROM session WHERE username = ?1", [username]);
    let changed = match change {
        Change::AddUser(user) => {
            let User { username, role, password, totp, totp_step, created, disabled, vouched: _ } = user;
            let disabled = disabled.map(Time::millis);
            to.execute(
                "INSERT OR IGNORE INTO user VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![username, role.name(), password, totp, totp_step, created.millis(), disabled],
            )?
        }
        Change::Password { username, hash } => {
            end_sessions(username)?;
            let sql = "UPDATE user SET password = ?2 WHERE username = ?1 AND disabled IS NULL";
            to.execute(sql, params![username, hash])?
        }
        Change::Role { username, role } => {
            end_sessions(username)?;
            let sql = "UPDATE user SET role = ?2 WHERE username = ?1";
            unless_lost(to, || to.execute(sql, params![username, role.name()]))?
        }
        Change::Disable { username, at } => {
            end_sessions(username)?;
            to.execute("DELETE FROM link WHERE username = ?1", [username])?;
            let sql = "UPDATE user SET disabled = ?2 WHERE username = ?1 AND disabled IS NULL";
            unless_lost(to, || to.execute(sql, params![username, at.millis()]))?
        }
        Change::Totp { username, secret, step } => {
            let sql = "UPDATE user SET totp = ?2, totp_step = ?3 WHERE username = ?1 AND disabled IS NULL";
            to.execute(sql, params![username, secret, step])?
        }
        Change::Code { username, step } => {
            let sql = "UPDATE user SET totp_step = ?2 WHERE username = ?1 AND totp_step < ?2";
            to.execute(sql, params![username, step])?
        }
        Change::Vouch { username, vouched } => unless_lost(to, || vouch(to, username, vouched.as_ref()))?,
        Change::Bind { username, issuer, subject, at } => {
            to.execute(BIND, params![username, issuer, subject, at.millis()])?
        }
        Change::StillVouched { username, issuer, subject } => {
            to.query_row(STILL_VOUCHED, params![username, issuer, subject], |row| row.get(0))?
        }
        Change::Link(Link { digest, username, expires }) => {
            to.execute("INSERT INTO link VALUES (?1, ?2, ?3)", params![digest, username, expires.millis()])?
        }
        Change::Unlink(digest) => to.execute("DELETE FROM link WHERE digest = ?1", [digest])?,
        Change::UnlinkAllOf(username) => {
            to.execute("DELETE FROM link WHERE username IS ?1", [username])?;
            return Ok(true);
        }
        Change::Session(Session { digest, username, csrf, created, expires }) => {
            // Those that ended by themselves go when another begins.
            to.execute("DELETE FROM session WHERE expires <= ?1", [created.millis()])?;
            let sql = "INSERT INTO session SELECT ?1, username, ?3, ?4, ?5 FROM user
                WHERE username = ?2 AND disabled IS NULL";
            to.execute(sql, params![digest, username, csrf, created.millis(), expires.millis()])?
        }
        Change::EndSession(digest) => {
            to.execute("DELETE FROM session WHERE digest = ?1", [digest])?;
            return Ok(true);
        }
        Change::Token(token) => write_token(to, token)?,
        Change::Revoke { id, at } => {
            let sql = "UPDATE token SET revoked = ?2 WHERE id = ?1 AND revoked IS NULL";
            to.execute(sql, params![id, at.millis()])?
        }
    };
    Ok(changed > 0)
}

/// How often a provider vouches for an account: once or never.
const STILL_VOUCHED: &str = "SELECT count(*) FROM vouched WHERE username = ?1 AND issuer = ?2 AND subject = ?3";

/// Binds an account to the first who comes in time.
const BIND: &str = "UPDATE OR IGNORE vouched SET subject = ?3
    WHERE username = ?1 AND issuer = ?2 AND subject IS NULL AND until > ?4";

/// Writes down who vouches for an account. A subject that is known stays unless another is named, or none may vouch any
/// more: nobody comes first twice. The last administrator with a password keeps it: whoever has to let others in
/// when the provider is away.
fn vouch(to: &Transaction<'_>, username: &str, vouched: Option<&Vouched>) -> rusqlite::Result<usize> {
    to.execute("DELETE FROM session WHERE username = ?1", [username])?;
    let kept = "SELECT issuer, subject FROM vouched WHERE username = ?1 AND subject IS NOT NULL";
    let known: Option<(String, String)> =
        to.query_row(kept, [username], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let gone = to.execute("DELETE FROM vouched WHERE username = ?1", [username])?;
    let Some(Vouched { issuer, subject, until, only }) = vouched else { return Ok(gone) };
    let known = known.filter(|(by, _)| by == issuer).map(|(_, subject)| subject);
    let subject = subject.as_ref().or(known.as_ref());
    if *only {
        to.execute("DELETE FROM link WHERE username = ?1", [username])?;
    }
    let sql = "INSERT OR IGNORE INTO vouched SELECT username, ?2, ?3, ?4, ?5 FROM user
        WHERE username = ?1 AND disabled IS NULL";
    to.execute(sql, params![username, issuer, subject, until.millis(), only])
}

/// Does what may cost an administrator; `0`: it would leave less than there was.
fn unless_lost(to: &Transaction<'_>, change: impl FnOnce() -> rusqlite::Result<usize>) -> rusqlite::Result<usize> {
    let before = administrators(to)?;
    let changed = change()?;
    Ok(if administrators(to)? < before { 0 } else { changed })
}

fn write_token(to: &Transaction<'_>, token: &Token) -> rusqlite::Result<usize> {
    let Token { id, digest, label, role, created, made_by, expires, revoked } = token;
    let (expires, revoked) = (expires.map(Time::millis), revoked.map(Time::millis));
    to.execute(
        "INSERT OR IGNORE INTO token VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![id, digest, label, role.name(), created.millis(), made_by, expires, revoked],
    )
}

/// How sure it is that somebody can let others in: 2 by a password, 1 while the provider is there, 0 not at all. No change
/// may make it less; where it is little already, whoever must be shut out can be.
fn administrators(to: &Transaction<'_>) -> rusqlite::Result<u8> {
    let sql = "SELECT coalesce(max(CASE WHEN password IS NOT NULL AND NOT coalesce(is_only, 0) THEN 2
            WHEN subject IS NOT NULL THEN 1 ELSE 0 END), 0)
        FROM user LEFT JOIN vouched ON vouched.username = user.username WHERE role = 'admin' AND disabled IS NULL";
    to.query_row(sql, [], |row| row.get(0))
}
