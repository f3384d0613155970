//! What the program says about itself, on standard error: set up once, from `[log]`.
//!
//! Standard output is for data and for the ready line; nothing here writes to it.

use crate::config::{Log, LogFormat, LogLevel, Named};
use std::sync::OnceLock;
use tracing_subscriber::EnvFilter;

/// Puts another filter in force, whatever the format of the log.
type Change = Box<dyn Fn(EnvFilter) + Send + Sync>;

static CHANGE: OnceLock<Change> = OnceLock::new();

/// Starts the log. A second call changes nothing, so that several programs can be embedded in one process.
pub fn start(log: &Log) {
    let lines = tracing_subscriber::fmt().with_env_filter(filter(log.level)).with_writer(std::io::stderr);
    let colours = crate::report::Look::of_stderr() != crate::report::Look::Plain;
    let (begun, change): (_, Change) = match log.format {
        LogFormat::Human => {
            let lines = lines.with_ansi(colours).with_filter_reloading();
            let handle = lines.reload_handle();
            (lines.try_init(), Box::new(move |filter| drop(handle.reload(filter))))
        }
        LogFormat::Json => {
            let lines = lines.json().with_filter_reloading();
            let handle = lines.reload_handle();
            (lines.try_init(), Box::new(move |filter| drop(handle.reload(filter))))
        }
    };
    if begun.is_ok() {
        let _ = CHANGE.set(change);
    }
}

/// From here on what is said has another level.
pub fn set_level(level: LogLevel) {
    if let Some(change) = CHANGE.get() {
        change(filter(level));
    }
}

/// The router that the broker embeds logs each packet of each client; our own door says what matters about them.
fn filter(level: LogLevel) -> EnvFilter {
    EnvFilter::new(format!("{},rumqttd=off", level.name()))
}
