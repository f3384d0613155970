//! Channels: how what is issued reaches those who do not look: webhooks, e-mail, web push, barriers and sirens.
//!
//! One table, [`CHANNELS`]; a channel's settings, how it is built and how it delivers live in its own file. A channel
//! knows nothing of retries, deadlines, rates or the store: [`runner`] takes what the transition table holds after the
//! channel's cursor, asks the channel for the recipients, and tries each delivery until the other side has taken it or
//! the message's time is over. Each channel runs by itself, so one that hangs delays nobody else.

// From a message to what is sent: words, filters, names.
pub mod notice;
// Requests to other machines, bounded in time and size.
pub mod client;
// Commands to barriers and sirens, and what they report.
pub mod device;
// E-mail to subscribers.
pub mod email;
// What a channel tells of itself.
pub mod health;
// The sign of life to somebody outside who notices its absence.
pub mod ping;
// Web push to subscribers' browsers.
pub mod push;
// Outbox, retry, expiry and books of one channel.
pub mod runner;
// Starting and stopping all of them.
pub mod start;
// Requests to other systems: SMS gateways, chats, cell broadcast entities.
pub mod webhook;

use crate::command::Reports;
use crate::config::Layers;
use crate::store::Reader;
use bongsu_rules::language::Audience;
use bongsu_sensors::document::Reader as Section;
use futures_util::future::BoxFuture;
use notice::Notice;
use std::sync::Arc;
use std::time::Duration;

/// A kind of channel: a line of the table.
#[derive(Clone, Copy)]
pub struct Kind {
    /// Its name: the table `[[channel.NAME]]` of the configuration.
    pub name: &'static str,
    /// Its settings with their defaults and reasons, as one writes them.
    pub manual: &'static str,
    /// Reads one table of the configuration; `None` where a mistake was told.
    pub read: fn(Section<'_>, &Layers) -> Option<Arc<dyn Settings>>,
}

/// Every kind of channel.
pub const CHANNELS: &[Kind] = &[webhook::KIND, email::KIND, push::KIND, device::KIND];

/// The ways that every message to the public takes, whatever is configured: topics, server-sent events, pages, the feed.
const ALWAYS: [&str; 4] = ["mqtt", "events", "pages", "feed"];

/// What the public hears by in a city that configured these channels.
pub fn heard_by(channels: &[Arc<dyn Settings>]) -> Vec<String> {
    let is_public =
        |settings: &&Arc<dyn Settings>| settings.audience() == Audience::Public && !settings.is_for_exercises();
    let configured = channels.iter().filter(is_public);
    ALWAYS.map(str::to_owned).into_iter().chain(configured.map(|settings| settings.name())).collect()
}

/// Settings that were read and checked.
pub trait Settings: std::fmt::Debug + Send + Sync {
    /// The channel's name, unique in the configuration: `webhook.sms`.
    fn name(&self) -> String;

    /// Who is spoken to.
    fn audience(&self) -> Audience {
        Audience::Public
    }

    /// Whether it speaks of exercises, and of nothing that is meant. What is practised goes where the city says that it
    /// may, and nowhere else.
    fn is_for_exercises(&self) -> bool {
        false
    }

    /// Builds the channel.
    ///
    /// # Errors
    /// What is configured cannot be used.
    fn build(&self, tools: &Tools) -> miette::Result<Arc<dyn Channel>>;

    /// What sends letters, where this channel does: also the questions to those who subscribe.
    fn mailer(&self, _: &Tools) -> Option<miette::Result<email::Mailer>> {
        None
    }

    /// The push services that may be asked, where this channel asks any.
    fn services(&self) -> Option<push::Services> {
        None
    }
}

/// What channels are built with.
#[derive(Clone)]
pub struct Tools {
    /// Requests over HTTP.
    pub client: client::Client,
    /// Who speaks.
    pub speaker: Arc<crate::alert::cap::Speaker>,
    /// Where commands go to devices.
    pub outlet: bongsu_broker::Outlet,
    /// What devices report of commands.
    pub acks: device::Acks,
    /// Where it is told that they report nothing.
    pub reports: Reports,
    /// The key that identifies this system to push services.
    pub vapid: Arc<push::Vapid>,
    /// The addresses that letters carry.
    pub links: Arc<crate::outreach::Links>,
}

impl std::fmt::Debug for Tools {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tools").field("speaker", &self.speaker).finish_non_exhaustive()
    }
}

/// One who is to hear of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its name in the books: of the configuration, or the id of a subscriber.
    pub id: String,
    /// Where it is reached.
    pub address: String,
    /// In which language.
    pub language: String,
}

/// What became of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The other side has taken it.
    Sent(String),
    /// Try again, not earlier than after so long where the other side said so.
    Retry(Option<Duration>, String),
    /// The other side will never take it.
    Rejected(String),
    /// The recipient is no more, and is forgotten.
    Gone(String),
}

/// How fast a channel may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Attempts that may begin in a second.
    pub per_second: u32,
    /// Attempts at once.
    pub at_once: usize,
    /// How long one attempt may take.
    pub patience: Duration,
}

/// A way to reach people.
pub trait Channel: Send + Sync {
    /// Who is spoken to: the public hears what is issued; operators hear what waits for them, and what is theirs alone.
    fn audience(&self) -> Audience {
        Audience::Public
    }

    /// How fast it may go.
    fn pace(&self) -> Pace;

    /// Who is to hear of a message. Reads the store where recipients subscribe.
    ///
    /// # Errors
    /// The store cannot be read.
    fn targets(&self, notice: &Notice, reader: &Reader) -> rusqlite::Result<Vec<Target>>;

    /// The recipient of an id, as it is now; `None` where it is no more.
    ///
    /// # Errors
    /// The store cannot be read.
    fn target(&self, id: &str, reader: &Reader) -> rusqlite::Result<Option<Target>>;

    /// One attempt. `key` is the same for every attempt at this message for this recipient, before and after a restart.
    fn deliver<'a>(&'a self, notice: &'a Notice, target: &'a Target, key: &'a str) -> BoxFuture<'a, Outcome>;
}

/// The channels of a configuration, each table read by its kind.
pub fn read(section: Section<'_>, layers: &Layers) -> Vec<Arc<dyn Settings>> {
    let mut all: Vec<Arc<dyn Settings>> = Vec::new();
    for kind in CHANNELS {
        for table in section.tables(kind.name) {
            let (origin, mistakes) = (table.origin().clone(), table.mistakes());
            let Some(settings) = (kind.read)(table, layers) else { continue };
            if all.iter().any(|other| other.name() == settings.name()) {
                let wrong = format!("two channels are called {:?}", settings.name());
                mistakes.add(&origin, wrong, "give each a `name` of its own");
            }
            all.push(settings);
        }
    }
    section.finish();
    all
}

#[cfg(test)]
mod tests;
