//! What the program says about itself, on standard error: set up once, from `[log]`.
//!
//! Standard output is for data and for the ready line; nothing here writes to it.

use crate::config::{Log, LogFormat, Named};
use tracing_subscriber::EnvFilter;

/// Starts the log. A second call changes nothing, so that several programs can be embedded in one process.
pub fn start(log: &Log) {
    // The router that the broker embeds logs each packet of each client; our own door says what matters about them.
    let filter = EnvFilter::new(format!("{},rumqttd=off", log.level.name()));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let colours = crate::report::Look::of_stderr() != crate::report::Look::Plain;
    let _ = match log.format {
        LogFormat::Human => lines.with_ansi(colours).try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
}
