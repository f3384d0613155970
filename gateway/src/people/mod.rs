//! People: who they are, how they prove it, and what their role allows. What they then order is the engine's business.
//!
//! It knows nothing of HTTP. Start at [`People`], which answers "who is this?" from memory; every change of it is first
//! in the store, in one transaction with its audit entry ([`account`]).

// Accounts, links, sessions and tokens, and how they change.
pub mod account;
// Who guesses passwords is slowed down.
pub mod guessing;
// Who saw what.
pub mod looked;
// Passwords: argon2, few at a time.
pub mod password;
// Roles, and what each may do.
pub mod role;
// One-time codes.
pub mod totp;
// Accounts that the city's own login may vouch for.
pub mod vouched;

use crate::store::{Store, StoreError};
use account::{Link, Session, Token, User};
use bongsu_sensors::Time;
use rand::Rng;
use role::Role;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

/// A session ends after a shift, however busy it was.
pub const SESSION_LASTS: Duration = Duration::from_secs(12 * 3600);

/// A session ends when nothing was asked in it for so long.
pub const SESSION_IDLE: Duration = Duration::from_secs(2 * 3600);

/// Most sessions of one account: the oldest ends when another begins.
pub const SESSIONS_EACH: usize = 16;

/// How long a link invites.
pub const LINK_LASTS: Duration = Duration::from_secs(72 * 3600);

/// Somebody who proved who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// A user name, `token:LABEL`, or `console:UID`.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// A name of the session or token that is no secret.
    pub session: String,
    /// What a cookie's request that changes something must carry; `None`: it is no cookie's.
    pub csrf: Option<String>,
    /// Until when.
    pub expires: Option<Time>,
    /// The digest of the session's secret.
    pub digest: [u8; 32],
}

/// Why a session ended before its time, where it was not its owner who logged out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// The account has another role.
    Role,
    /// The account is disabled.
    Disabled,
    /// The account has another password.
    Password,
}

impl Ended {
    /// What has become of an account whose sessions ended.
    fn of(before: &User, now: &User) -> Option<Ended> {
        match () {
            () if before.disabled.is_none() && now.disabled.is_some() => Some(Ended::Disabled),
            () if before.role != now.role => Some(Ended::Role),
            () if before.password != now.password => Some(Ended::Password),
            () => None,
        }
    }
}

/// Sessions of which it is remembered why they ended: whoever comes back soon is told, and a restart forgets it.
const ENDED_KEPT: usize = 256;

/// Digests of sessions, and why each ended.
type Endings = VecDeque<([u8; 32], Ended)>;

#[derive(Debug, Default)]
struct Known {
    users: HashMap<String, User>,
    sessions: HashMap<[u8; 32], Session>,
    tokens: HashMap<[u8; 32], Token>,
    links: HashMap<[u8; 32], Link>,
}

/// Everybody, as the store knows them.
#[derive(Clone, Debug, Default)]
pub struct People {
    known: Arc<RwLock<Known>>,
    /// When each session was last used: not worth a commit each time.
    seen: Arc<RwLock<HashMap<[u8; 32], Time>>>,
    /// Why the newest of those that were ended by somebody else did, oldest first.
    ended: Arc<RwLock<Endings>>,
}

/// A new secret, and the digest the store keeps of it.
pub fn secret() -> (String, [u8; 32]) {
    let mut bytes = [0; 32];
    rand::rng().fill_bytes(&mut bytes);
    let secret = crate::store::audit::hex(&bytes);
    let digest = digest(&secret);
    (secret, digest)
}

/// The digest of a secret. A secret is as random as its digest, so that nothing slower is needed.
pub fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// Whether two texts are the same, in a time that tells nothing.
pub fn is_same(a: &str, b: &str) -> bool {
    digest(a).iter().zip(digest(b)).fold(0, |so_far, (a, b)| so_far | (a ^ b)) == 0
}

impl People {
    /// Takes up what the store knows.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn refresh(&self, store: &Store) -> Result<(), StoreError> {
        let known = Known {
            users: store.users()?.into_iter().map(|user| (user.username.clone(), user)).collect(),
            sessions: store.sessions()?.into_iter().map(|session| (session.digest, session)).collect(),
            tokens: store.tokens()?.into_iter().map(|token| (token.digest, token)).collect(),
            links: store.links()?.into_iter().map(|link| (link.digest, link)).collect(),
        };
        // In the order of `of_session`: the other way round the pipeline and whoever asks would wait for each other for ever.
        let mut before = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|digest, _| known.sessions.contains_key(digest));
        let gone = before.sessions.values().filter(|session| !known.sessions.contains_key(&session.digest));
        let why = gone.filter_map(|session| {
            let (before, now) = (before.users.get(&session.username)?, known.users.get(&session.username)?);
            Some((session.digest, Ended::of(before, now)?))
        });
        let mut ended = self.ended.write().unwrap_or_else(PoisonError::into_inner);
        ended.extend(why);
        let too_many = ended.len().saturating_sub(ENDED_KEPT);
        ended.drain(..too_many);
        *before = known;
        Ok(())
    }

    /// Why the session of this secret ended, where somebody else ended it not long ago.
    pub fn why_ended(&self, secret: &str) -> Option<Ended> {
        let digest = digest(secret);
        let ended = self.ended.read().unwrap_or_else(PoisonError::into_inner);
        ended.iter().rev().find(|(known, _)| *known == digest).map(|(_, why)| *why)
    }

    fn known(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The account of a session's secret.
    pub fn of_session(&self, secret: &str, now: Time) -> Option<Who> {
        let digest = digest(secret);
        let known = self.known();
        let session = known.sessions.get(&digest).filter(|session| now < session.expires)?;
        let user = known.users.get(&session.username).filter(|user| user.disabled.is_none())?;
        let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
        let last = seen.entry(digest).or_insert(now);
        if now.since(*last) > SESSION_IDLE {
            return None;
        }
        *last = now.max(*last);
        Some(Who {
            name: user.username.clone(),
            role: user.role,
            session: name_of(&digest),
            csrf: Some(session.csrf.clone()),
            expires: Some(session.expires),
            digest,
        })
    }

    /// The program of a machine token.
    pub fn of_token(&self, secret: &str, now: Time) -> Option<Who> {
        let digest = digest(secret);
        let known = self.known();
        let token = known.tokens.get(&digest).filter(|token| token.is_good(now))?;
        Some(Who {
            name: format!("token:{}", token.label),
            role: token.role,
            session: name_of(&digest),
            csrf: None,
            expires: token.expires,
            digest,
        })
    }

    /// An account by its name.
    pub fn user(&self, username: &str) -> Option<User> {
        self.known().users.get(username).cloned()
    }

    /// Every account, by name.
    pub fn users(&self) -> Vec<User> {
        let mut users: Vec<User> = self.known().users.values().cloned().collect();
        users.sort_by(|a, b| a.username.cmp(&b.username));
        users
    }

    /// Every token, in the order in which they were made.
    pub fn tokens(&self) -> Vec<Token> {
        let mut tokens: Vec<Token> = self.known().tokens.values().cloned().collect();
        tokens.sort_by_key(|token| token.id);
        tokens
    }

    /// A link that still invites.
    pub fn link(&self, secret: &str, now: Time) -> Option<Link> {
        self.known().links.get(&digest(secret)).filter(|link| now < link.expires).cloned()
    }

    /// The sessions of an account, oldest first.
    pub fn sessions_of(&self, username: &str) -> Vec<Session> {
        let known = self.known();
        let mut sessions: Vec<Session> =
            known.sessions.values().filter(|session| session.username == username).cloned().collect();
        sessions.sort_by_key(|session| session.created);
        sessions
    }
}

/// A name of a session that everybody may read: it leads to no secret.
pub fn name_of(digest: &[u8; 32]) -> String {
    crate::store::audit::hex(&digest[..6])
}

#[cfg(test)]
mod tests {
    use super::*;
    use bongsu_rules::incident::Status;
    use std::sync::mpsc::channel;
    use std::time::Duration;

    #[test]
    fn who_asks_and_what_is_taken_up_do_not_wait_for_each_other() {
        let folder = tempfile::tempdir().expect("folder");
        let mut store = Store::open(&folder.path().join("city.db"), Status::Test, 10).expect("store");
        let people = People::default();
        let now = Time::parse("2026-07-08T00:00:00Z").expect("a time");
        let user = User { password: Some("no hash".into()), ..User::new("kim", Role::Viewer, now) };
        let add = crate::store::people::Change::AddUser(user);
        assert!(store.change_people(&[add], &[]).expect("written"));
        let (secret, _, changes) = account::begin(&people, "kim", now);
        assert!(store.change_people(&changes, &[]).expect("written"));
        people.refresh(&store).expect("taken up");
        let (done, is_done) = channel();
        let (asking, done_too) = (people.clone(), done.clone());
        std::thread::spawn(move || {
            (0..20_000).for_each(|_| assert!(asking.of_session(&secret, now).is_some()));
            let _ = done_too.send(());
        });
        std::thread::spawn(move || {
            (0..3_000).for_each(|_| people.refresh(&store).expect("taken up"));
            let _ = done.send(());
        });
        for _ in 0..2 {
            is_done.recv_timeout(Duration::from_secs(60)).expect("they wait for each other");
        }
    }
}
