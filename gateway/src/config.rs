//! Configuration: what was typed becomes what the program may rely on.
//!
//! Two shapes, as in ripgrep. [`Layers`] is what was typed: the embedded commented defaults, a file, the environment and
//! flags laid over one another, each value with its place. [`Config`] is what the program may rely on: every value
//! parsed, checked against the others and complete. Nothing is bound, opened or created on the way, and every mistake
//! of all layers is told at once. Every key is documented in [`DEFAULT`]; start at [`read`] to add one.

// Defaults, file, environment and flags as one table.
mod layers;
// From the table to [`Config`], with the checks.
mod read;
// Values that must never be shown.
mod secret;
// The configuration as text with the place of each value.
mod show;

pub use layers::{Layers, Setting};
pub use secret::Secret;
pub use show::{differences, quoted, show};

use crate::alert::resource::Attachment;
use crate::archive::Feeding;
use crate::channel::Settings;
use crate::channel::ping::Ping;
use crate::relay::Agency;
use crate::store::history::Bounds;
use bongsu_sensors::Mistake;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

/// The embedded default configuration: the documentation of every key.
pub const DEFAULT: &str = include_str!("config/default.toml");

/// The text a configuration begins with: the default one, and behind it what may be added to it.
pub fn begun() -> String {
    format!("{DEFAULT}{}", crate::archive::manuals())
}

/// The file that is read where no `--config` is given and it is there.
pub const DEFAULT_FILE: &str = "bongsu.toml";

/// What the program may rely on.
#[derive(Clone, Debug)]
pub struct Config {
    /// The catalog file.
    pub stations: PathBuf,
    /// The folder of rules; `None` means the ones that come with the program.
    pub rules: Option<PathBuf>,
    /// The folder of everything that must survive a restart.
    pub data: PathBuf,
    /// Who warns, and in which languages.
    pub city: City,
    /// The door of the devices.
    pub mqtt: Mqtt,
    /// The pages and API of the citizens.
    pub public: Public,
    /// The console and API of the operators.
    pub operator: Operator,
    /// What the city demands on top of its rules.
    pub release: Release,
    /// How what is issued reaches those who do not look.
    pub channels: Vec<Arc<dyn Settings>>,
    /// The sign of life to somebody outside.
    pub ping: Option<Ping>,
    /// The embedded store.
    pub store: Store,
    /// Time-series databases of others that keep what was decided.
    pub archive: Feeding,
    /// What is said on standard error.
    pub log: Log,
    /// Bounds on what others can make grow.
    pub limits: Limits,
    /// What is allowed but probably not meant.
    pub warnings: Vec<Mistake>,
}

/// Who warns, and in which languages.
#[derive(Clone, Debug)]
pub struct City {
    /// BCP 47 codes, at least one; the first is the fallback.
    pub languages: Vec<String>,
    /// The `sender` of CAP messages: no spaces, commas, `<` or `&`.
    pub sender: String,
    /// The `senderName` of CAP messages.
    pub sender_name: String,
    /// The `contact` of CAP messages.
    pub contact: Option<String>,
    /// The file of the key that CAP messages are signed with.
    pub signing_key: Option<PathBuf>,
    /// The file of its certificate.
    pub signing_certificate: Option<PathBuf>,
    /// The files that go with messages.
    pub resources: Vec<Attachment>,
    /// Whose CAP messages are believed.
    pub agencies: Vec<Agency>,
}

/// The door of the devices.
#[derive(Clone, Debug)]
pub struct Mqtt {
    /// Address and port; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// The same inside TLS; `None`: it is not served.
    pub tls_listen: Option<SocketAddr>,
    /// Address and port for MQTT over WebSocket; `None`: it is not served.
    pub ws_listen: Option<SocketAddr>,
    /// The same inside TLS; `None`: it is not served.
    pub wss_listen: Option<SocketAddr>,
    /// The certificate of everything inside TLS.
    pub tls: Option<TlsFiles>,
    /// A broker of others that devices speak to, besides the door.
    pub remote: Option<Remote>,
    /// Whether devices without credentials may publish.
    pub allow_anonymous_devices: bool,
}

/// Files of a certificate, as PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, and those between it and its root.
    pub cert: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// Who signs the certificates of devices; `None`: they are not asked for one.
    pub client_ca: Option<PathBuf>,
}

/// A broker of others.
#[derive(Clone, Debug)]
pub struct Remote {
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Inside TLS.
    pub tls: bool,
    /// PEM file of whom its certificate is trusted from; `None`: from whom the system trusts.
    pub ca: Option<PathBuf>,
    /// The name to log in with.
    pub username: Option<String>,
    /// Its secret.
    pub password: Option<Secret>,
}

impl std::fmt::Display for Remote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = if self.tls { "mqtts" } else { "mqtt" };
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        write!(f, "{scheme}://{host}:{}", self.port)
    }
}

/// The pages and API of the citizens.
#[derive(Clone, Debug)]
pub struct Public {
    /// Address and port; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// Where citizens hear warnings over MQTT; `None`: it is not served.
    pub mqtt_listen: Option<SocketAddr>,
    /// The same inside TLS; `None`: it is not served.
    pub mqtt_tls_listen: Option<SocketAddr>,
    /// Where pages hear warnings over WebSocket; `None`: it is not served.
    pub ws_listen: Option<SocketAddr>,
    /// The same inside TLS; `None`: it is not served.
    pub wss_listen: Option<SocketAddr>,
    /// Without a slash at its end; `None` means `http://` and the address that was bound.
    pub base_url: Option<String>,
}

/// The console and API of the operators.
#[derive(Clone, Debug)]
pub struct Operator {
    /// Address and port of the pages and the API; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// Address and port for operators' tools over MQTT; port 0 lets the system choose.
    pub mqtt_listen: SocketAddr,
    /// The same inside TLS; `None`: it is not served.
    pub mqtt_tls_listen: Option<SocketAddr>,
    /// Where operators know the console, without a slash at its end; `None` means `http://` and what was bound.
    pub base_url: Option<String>,
    /// The city's own login.
    pub oidc: Option<Oidc>,
}

/// A provider of OpenID Connect that says who people are.
#[derive(Clone, Debug)]
pub struct Oidc {
    /// Its name, an address, exactly as it writes it.
    pub issuer: String,
    /// Our name there.
    pub client_id: String,
    /// Our secret there; `None`: we have none.
    pub client_secret: Option<Secret>,
    /// PEM file of whom its certificate is trusted from; `None`: from whom the system trusts.
    pub ca: Option<PathBuf>,
    /// The claim that holds the name of an account.
    pub username_claim: String,
    /// An account that has one-time codes is asked for one here as well.
    pub one_time_codes: bool,
    /// What stands on the console's button in Korean.
    pub label_ko: Option<String>,
    /// The same in English.
    pub label_en: Option<String>,
}

impl Operator {
    /// Whether tools need not say who they are: they can come from this machine only.
    pub fn is_local(&self) -> bool {
        self.mqtt_listen.ip().is_loopback() && self.mqtt_tls_listen.is_none_or(|inside| inside.ip().is_loopback())
    }
}

/// What the city demands on top of its rules.
#[derive(Clone, Debug)]
pub struct Release {
    /// The policy file; `None`: the rules' own headers hold.
    pub policy: Option<PathBuf>,
    /// Who approves for more people types how many they are.
    pub type_population_above: u64,
}

/// The embedded store.
#[derive(Clone, Debug)]
pub struct Store {
    /// The database file.
    pub path: PathBuf,
    /// When and how its log becomes history.
    pub seal: Bounds,
}

/// What is said on standard error.
#[derive(Clone, Debug)]
pub struct Log {
    /// How much.
    pub level: LogLevel,
    /// In which form.
    pub format: LogFormat,
}

/// How much is said: each level includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// What failed.
    Error,
    /// What may fail soon.
    Warn,
    /// What happened.
    Info,
    /// How it happened.
    Debug,
    /// Everything.
    Trace,
}

/// The form of what is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    Human,
    /// One JSON object a line.
    Json,
}

/// Bounds on what others can make grow; the reasons stand in [`DEFAULT`].
#[derive(Clone, Debug)]
pub struct Limits {
    /// Open MQTT connections.
    pub max_connections: usize,
    /// Of those, what citizens may have.
    pub public_connections: usize,
    /// Open MQTT connections of devices or tools from one address.
    pub connections_by_address: usize,
    /// Open MQTT connections of citizens from one address.
    pub public_connections_by_address: usize,
    /// Messages a second of one connection; 0: any number.
    pub messages_per_second: usize,
    /// Bytes a second of one connection; 0: any number.
    pub bytes_per_second: usize,
    /// Bytes of the largest MQTT packet.
    pub max_packet_bytes: usize,
    /// Messages that wait for the pipeline.
    pub intake_messages: usize,
    /// Readings decided and committed together.
    pub batch_readings: usize,
    /// Refused messages kept.
    pub dead_letters: usize,
}

/// A setting with few values that each have a name.
pub(crate) trait Named: Copy + PartialEq + 'static {
    /// Every value with its name.
    const ALL: &'static [(&'static str, Self)];

    /// The name of this value.
    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, value)| *value == self).map_or("", |(name, _)| name)
    }
}

impl Named for LogLevel {
    const ALL: &'static [(&'static str, LogLevel)] = &[
        ("error", LogLevel::Error),
        ("warn", LogLevel::Warn),
        ("info", LogLevel::Info),
        ("debug", LogLevel::Debug),
        ("trace", LogLevel::Trace),
    ];
}

impl Named for LogFormat {
    const ALL: &'static [(&'static str, LogFormat)] = &[("human", LogFormat::Human), ("json", LogFormat::Json)];
}

#[cfg(test)]
mod tests;
