//! The questions the door asks the application: who is this, and what may they say and hear.
//!
//! The door decides nothing of this itself and never sees how a password is stored.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::config::Plane;
use crate::wire::Reason;

/// Implemented by the application. Calls come from the threads that serve sockets: an answer may
/// cost a hash, never a wait.
pub trait Authority: Send + Sync + 'static {
    /// Who is this?
    ///
    /// # Errors
    /// A [`Denial`]; the client receives its reason in the CONNACK.
    fn connect(&self, plane: Plane, peer: SocketAddr, credentials: &Credentials<'_>) -> Result<Arc<Identity>, Denial>;

    /// May `who` publish to `topic`? The answer is remembered per connection while it repeats a
    /// topic, so a change takes effect with [`Door::disconnect`](crate::Door::disconnect).
    ///
    /// # Errors
    /// A [`Denial`], told to version 5 clients in the acknowledgement.
    fn may_publish(&self, who: &Identity, topic: &str) -> Result<(), Denial>;

    /// May `who` subscribe to `filter`?
    ///
    /// # Errors
    /// A [`Denial`], told in the SUBACK.
    fn may_subscribe(&self, who: &Identity, filter: &str) -> Result<(), Denial>;
}

/// What a CONNECT offered.
pub struct Credentials<'a> {
    /// Client identifier; one made by the door when the client left it empty.
    pub client_id: &'a str,
    /// User name, if sent.
    pub username: Option<&'a str>,
    /// Password bytes, if sent.
    pub password: Option<&'a [u8]>,
}

impl fmt::Debug for Credentials<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("client_id", &self.client_id)
            .field("username", &self.username)
            .field("password", &self.password.map(|_| "(hidden)"))
            .finish()
    }
}

/// Someone the application knows.
#[derive(Clone)]
pub struct Identity {
    /// Name by which [`Door::disconnect`](crate::Door::disconnect) finds the connections.
    pub username: String,
    /// Plane of the listener.
    pub plane: Plane,
    /// Whatever the application wants to find again in its own answers.
    pub data: Arc<dyn Any + Send + Sync>,
}

impl Identity {
    /// An identity without data of the application.
    pub fn new(username: impl Into<String>, plane: Plane) -> Self {
        Identity { username: username.into(), plane, data: Arc::new(()) }
    }

    /// The same with data of the application.
    pub fn with_data(mut self, data: Arc<dyn Any + Send + Sync>) -> Self {
        self.data = data;
        self
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("username", &self.username).field("plane", &self.plane).finish_non_exhaustive()
    }
}

/// A refusal: the reason code for version 5 clients, and words for people. Put no secret into it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text} ({reason})")]
pub struct Denial {
    /// Reason code, e.g. [`Reason::NOT_AUTHORIZED`].
    pub reason: Reason,
    /// What was refused and what to do instead.
    pub text: Cow<'static, str>,
}

impl Denial {
    /// A refusal with any reason.
    pub fn new(reason: Reason, text: impl Into<Cow<'static, str>>) -> Self {
        Denial { reason, text: text.into() }
    }

    /// "Not authorized" (0x87).
    pub fn not_authorized(text: impl Into<Cow<'static, str>>) -> Self {
        Denial::new(Reason::NOT_AUTHORIZED, text)
    }

    /// "Bad user name or password" (0x86).
    pub fn bad_credentials(text: impl Into<Cow<'static, str>>) -> Self {
        Denial::new(Reason::BAD_USER_NAME_OR_PASSWORD, text)
    }
}
