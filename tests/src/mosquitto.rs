//! Debian's Mosquitto as a child: the broker of others.

use crate::peer::{self, Peer};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Where Mosquitto is.
pub fn find() -> Option<PathBuf> {
    peer::find("mosquitto")
}

/// Starts one in a folder, with more lines of configuration; it listens when this returns.
pub fn start(folder: &Path, more: &str) -> Peer {
    start_at(peer::free(), folder, more)
}

/// The same at a port that is known already.
pub fn start_at(address: SocketAddr, folder: &Path, more: &str) -> Peer {
    let config = folder.join("mosquitto.conf");
    let text = format!("listener {} 127.0.0.1\nallow_anonymous true\nlog_dest none\n{more}\n", address.port());
    fs::write(&config, text).expect("the folder can be written");
    let mut command = Command::new(find().expect("mosquitto is missing: run `make setup`"));
    command.arg("-c").arg(&config);
    Peer::start(command, address, Duration::from_secs(10))
}
