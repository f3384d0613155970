//! Debian's VictoriaMetrics as a child: a database of others that speaks the write API of InfluxDB 2.

use crate::http;
use crate::peer::{self, Peer};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Starts one over a folder, which may hold what an earlier one left; it listens when this returns.
pub fn start_at(address: SocketAddr, folder: &Path) -> Peer {
    let mut command =
        Command::new(peer::find("victoria-metrics").expect("victoria-metrics is missing: run `make setup`"));
    command.args(["-dedup.minScrapeInterval=1ms", "-retentionPeriod=100y", "-memory.allowedBytes=256MB"]);
    command.arg(format!("-httpListenAddr={address}")).arg(format!("-storageDataPath={}", folder.display()));
    Peer::start(command, address, Duration::from_secs(30))
}

/// Its address as it is configured.
pub fn url(server: &Peer) -> String {
    format!("http://{}", server.address)
}

/// Makes what was written visible now.
pub fn flush(server: &Peer) {
    http::get(&format!("{}/internal/force_flush", url(server)));
}
