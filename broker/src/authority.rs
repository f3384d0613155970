//! The questions the door asks the application: who is this, and what may they say and hear.
//!
//! The door decides nothing of this itself and never sees how a password is stored.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::config::Plane;
use crate::stats::Stats;
use crate::tls::Certificate;
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
    ///
    /// Of a shared subscription `$share/group/filter` only `filter` is asked. A session that is
    /// resumed is asked about all its subscriptions again, and loses those that are denied.
    fn may_subscribe(&self, who: &Identity, filter: &str) -> Result<(), Denial>;

    /// Where do messages of `who` to `topic`, which it may publish to, go? Remembered like the
    /// answer of [`Authority::may_publish`].
    fn route(&self, who: &Identity, topic: &str) -> Route {
        let _ = (who, topic);
        Route::Intake
    }

    /// How long may a session of `who` wait for its client? `None` for as long as the client asks;
    /// zero for not at all, which is the answer for citizens: nobody knows whether they return.
    fn longest_session(&self, who: &Identity) -> Option<Duration> {
        (who.plane == Plane::Public).then_some(Duration::ZERO)
    }

    /// Response information for version 5 clients that ask for it: a prefix for topics on which
    /// `who` may hear responses.
    fn response_information(&self, who: &Identity) -> Option<String> {
        let _ = who;
        None
    }
}

/// Where a client's message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Route {
    /// To the application alone, which acknowledges it.
    #[default]
    Intake,
    /// To subscribers alone, retained if it says so. The door acknowledges it when whatever it
    /// owes to kept sessions, and its retained state, is stored.
    FanOut,
    /// The same, but never retained, whatever it says: what is for the moment must not come back with every subscriber.
    FanOutOnce,
    /// To both at once; acknowledged when both have it.
    Both,
    /// The same, but never retained.
    BothOnce,
}

impl Route {
    /// Whether it is never retained.
    pub(crate) const fn is_once(self) -> bool {
        matches!(self, Route::FanOutOnce | Route::BothOnce)
    }
}

/// Asks the application, which may be wrong in the worst way: a panic refuses this one client.
pub(crate) fn ask<T>(stats: &Stats, question: impl FnOnce() -> Result<T, Denial>) -> Result<T, Denial> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(question)).unwrap_or_else(|_| {
        stats.authority_panics.add(1);
        Err(Denial::new(Reason::UNSPECIFIED, "the question whether this is allowed could not be answered"))
    })
}

/// What a CONNECT offered.
pub struct Credentials<'a> {
    /// Client identifier; one made by the door when the client left it empty.
    pub client_id: &'a str,
    /// User name, if sent.
    pub username: Option<&'a str>,
    /// Password bytes, if sent.
    pub password: Option<&'a [u8]>,
    /// The certificate it showed, if it was asked for one and has one.
    pub certificate: Option<&'a Certificate>,
}

impl fmt::Debug for Credentials<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("client_id", &self.client_id)
            .field("username", &self.username)
            .field("password", &self.password.map(|_| "(hidden)"))
            .field("certificate", &self.certificate)
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
    /// Many share this name, so limits of one device count for each connection.
    pub is_shared: bool,
    /// Whatever the application wants to find again in its own answers.
    pub data: Arc<dyn Any + Send + Sync>,
}

impl Identity {
    /// An identity without data of the application.
    pub fn new(username: impl Into<String>, plane: Plane) -> Self {
        Identity { username: username.into(), plane, is_shared: false, data: Arc::new(()) }
    }

    /// The same for a name that many share.
    pub fn shared(mut self) -> Self {
        self.is_shared = true;
        self
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
