//! Accounts, links, sessions and tokens, and how they change. Every change answers what the store must write, so that
//! nothing is true before it is on the disk.

use super::role::Role;
use super::{LINK_LASTS, People, SESSION_LASTS, SESSIONS_EACH, secret};
use crate::store::people::Change;
use bongsu_sensors::Time;
use std::time::Duration;

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Its name.
    pub username: String,
    /// What it may do.
    pub role: Role,
    /// The hash of its password; `None`: not chosen yet.
    pub password: Option<String>,
    /// The shared secret of its one-time codes.
    pub totp: Option<Vec<u8>>,
    /// The step of the last code that was taken.
    pub totp_step: i64,
    /// When it was added.
    pub created: Time,
    /// When it was disabled.
    pub disabled: Option<Time>,
    /// Who else may say that somebody is its owner.
    pub vouched: Option<Vouched>,
}

impl User {
    /// An account that nobody has entered yet.
    pub fn new(username: &str, role: Role, created: Time) -> User {
        let username = username.to_owned();
        User { username, role, password: None, totp: None, totp_step: 0, created, disabled: None, vouched: None }
    }

    /// Whether it has an owner already, whom no link of another may replace.
    pub fn is_entered(&self) -> bool {
        let is_bound = self.vouched.as_ref().is_some_and(|vouched| vouched.subject.is_some());
        self.password.is_some() || is_bound
    }

    /// Whether its owner may come with a password.
    pub fn takes_passwords(&self) -> bool {
        self.disabled.is_none() && !self.vouched.as_ref().is_some_and(|vouched| vouched.only)
    }
}

/// A provider of OpenID Connect that says who the owner of an account is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vouched {
    /// The provider.
    pub issuer: String,
    /// Its name for the owner; `None`: nobody has come yet.
    pub subject: Option<String>,
    /// Until when somebody may come first.
    pub until: Time,
    /// A password opens the account no more.
    pub only: bool,
}

/// A link that invites, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Of its secret.
    pub digest: [u8; 32],
    /// Whom it invites; `None`: the first administrator, whoever that is.
    pub username: Option<String>,
    /// Until when.
    pub expires: Time,
}

/// A session of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Of its secret.
    pub digest: [u8; 32],
    /// Whose.
    pub username: String,
    /// What its requests that change something must carry.
    pub csrf: String,
    /// When it began.
    pub created: Time,
    /// When it ends.
    pub expires: Time,
}

/// A token of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its number.
    pub id: i64,
    /// Of its secret.
    pub digest: [u8; 32],
    /// What it is for.
    pub label: String,
    /// What it may do.
    pub role: Role,
    /// When it was made.
    pub created: Time,
    /// Who made it.
    pub made_by: String,
    /// When it ends by itself.
    pub expires: Option<Time>,
    /// When it was taken back.
    pub revoked: Option<Time>,
}

impl Token {
    /// Whether it still opens a door.
    pub fn is_good(&self, now: Time) -> bool {
        self.revoked.is_none() && self.expires.is_none_or(|expires| now < expires)
    }
}

/// Longest name of an account or token.
pub const NAME_LIMIT: usize = 64;

/// Most accounts, and most tokens: a city hall, not a web shop.
pub const LIMIT: usize = 1_000;

/// Whether it can be a name: it stands in addresses, logs and files.
pub fn is_name(name: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'_');
    (2..=NAME_LIMIT).contains(&name.len()) && name.bytes().all(good)
}

/// What a name looks like.
pub const NAMES: &str = "a name has 2 to 64 small letters, digits, dots, dashes or underlines";

/// A new link, and the changes that make it good.
pub fn invite(username: Option<&str>, now: Time) -> (String, Change) {
    let (secret, digest) = secret();
    (secret, Change::Link(Link { digest, username: username.map(str::to_owned), expires: now + LINK_LASTS }))
}

/// A new session, and the changes that make it good.
pub fn begin(people: &People, username: &str, now: Time) -> (String, Session, Vec<Change>) {
    let (secret, digest) = secret();
    let (csrf, _) = super::secret();
    let expires = now + SESSION_LASTS;
    let session = Session { digest, username: username.to_owned(), csrf, created: now, expires };
    let old = people.sessions_of(username);
    let too_many = (old.len() + 1).saturating_sub(SESSIONS_EACH);
    let mut changes: Vec<Change> = old[..too_many].iter().map(|old| Change::EndSession(old.digest)).collect();
    changes.push(Change::Session(session.clone()));
    (secret, session, changes)
}

/// A new token, and the change that makes it good.
pub fn token(
    people: &People,
    (label, role): (&str, Role),
    made_by: &str,
    lasts: Option<Duration>,
    now: Time,
) -> (String, Token) {
    let (secret, digest) = secret();
    let id = people.tokens().last().map_or(0, |token| token.id) + 1;
    let expires = lasts.map(|lasts| now + lasts);
    let token = Token {
        id,
        digest,
        label: label.to_owned(),
        role,
        created: now,
        made_by: made_by.to_owned(),
        expires,
        revoked: None,
    };
    (secret, token)
}
