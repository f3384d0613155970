//! Whether a message of somebody else may be believed: its form, its sender, its age and what it refers to.
//!
//! Who signed it is not judged here: `is_signed` of the message says whether there is a signature to judge.

use super::check::{Fault, check};
use super::model::{Alert, MsgType, Reference, Scope, Status};
use super::read::{ReadError, read};
use bongsu_sensors::Time;
use std::time::Duration;

/// Clocks of agencies are believed to be no faster than this.
const FAST_CLOCK: Duration = Duration::from_secs(300);

/// What a message is judged by.
#[derive(Clone, Copy)]
pub struct Gate<'a> {
    /// The moment it came.
    pub now: Time,
    /// The senders that are believed; anything else is refused.
    pub senders: &'a [String],
    /// Whether messages without a signature are refused.
    pub must_be_signed: bool,
    /// Whether a message was taken before.
    pub is_known: &'a dyn Fn(&Reference) -> bool,
}

impl std::fmt::Debug for Gate<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate").field("now", &self.now).field("senders", &self.senders).finish_non_exhaustive()
    }
}

/// Why a message of somebody else is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// It is no message.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It breaks rules of the standard.
    #[error("it breaks the standard: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Faults(Vec<Fault>),
    /// Nobody knows who says it.
    #[error("sender {0:?} is not among those that are believed; name it in the configuration if it should be")]
    Stranger(String),
    /// It lacks a signature.
    #[error("it is not signed")]
    Unsigned,
    /// It was taken already.
    #[error("it was taken already")]
    Known,
    /// Its time has not come.
    #[error("it was sent at {0}, which is in the future")]
    Future(String),
    /// Its time is over.
    #[error("it expired at {0}")]
    Expired(Time),
    /// It changes something that nobody knows.
    #[error("it refers to {0}, which was never taken: send that first")]
    UnknownReference(String),
    /// It is no warning to the public.
    #[error("status {status} and scope {scope} are not relayed; only Actual and Public are")]
    NotForAll {
        /// Its status.
        status: &'static str,
        /// Its scope.
        scope: &'static str,
    },
}

/// Takes a message of somebody else, or says why not.
///
/// # Errors
/// Every reason not to believe it; the first one that applies.
pub fn import(bytes: &[u8], gate: &Gate<'_>) -> Result<Alert, ImportError> {
    believe(read(bytes)?, gate)
}

/// The same for one that was read, because the gate had to be asked for what it refers to.
///
/// # Errors
/// Every reason not to believe it; the first one that applies.
pub fn believe(alert: Alert, gate: &Gate<'_>) -> Result<Alert, ImportError> {
    if !gate.senders.contains(&alert.sender) {
        return Err(ImportError::Stranger(alert.sender));
    }
    if gate.must_be_signed && !alert.is_signed {
        return Err(ImportError::Unsigned);
    }
    let faults = check(&alert);
    if !faults.is_empty() {
        return Err(ImportError::Faults(faults));
    }
    if alert.status != Status::Actual || alert.scope != Scope::Public {
        return Err(ImportError::NotForAll { status: alert.status.name(), scope: alert.scope.name() });
    }
    if alert.sent.time() > gate.now + FAST_CLOCK {
        return Err(ImportError::Future(alert.sent.text().to_owned()));
    }
    if let Some(expired) = alert.expires().filter(|expires| *expires <= gate.now) {
        return Err(ImportError::Expired(expired));
    }
    if (gate.is_known)(&alert.reference()) {
        return Err(ImportError::Known);
    }
    // Agencies list a whole chain; one known link ties the message to what was relayed.
    let changes = matches!(alert.msg_type, MsgType::Update | MsgType::Cancel);
    if changes && !alert.references.iter().any(|reference| (gate.is_known)(reference)) {
        let named = alert.references.first().map(|reference| reference.identifier.clone()).unwrap_or_default();
        return Err(ImportError::UnknownReference(named));
    }
    Ok(alert)
}
