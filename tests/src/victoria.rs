//! Debian's VictoriaMetrics as a child: a database of others that speaks the write API of InfluxDB 2.

use crate::http;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where it is; Debian puts it where everybody looks.
pub fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/bin".into(), "/usr/sbin".into()]);
    folders.map(|folder| folder.join("victoria-metrics")).find(|file| file.is_file())
}

/// A running one. Dropped, it is killed.
#[derive(Debug)]
pub struct Victoria {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Victoria {
    /// A port that is free now.
    pub fn free() -> SocketAddr {
        TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port")
    }

    /// Starts one over a folder, which may hold what an earlier one left; it listens when this returns.
    pub fn start_at(address: SocketAddr, folder: &Path) -> Victoria {
        let program = find().expect("victoria-metrics is missing: run `make setup`");
        let mut command = Command::new(program);
        command.args(["-dedup.minScrapeInterval=1ms", "-retentionPeriod=100y", "-memory.allowedBytes=256MB"]);
        command.arg(format!("-httpListenAddr={address}")).arg(format!("-storageDataPath={}", folder.display()));
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("victoria-metrics starts");
        let deadline = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(address).is_err() {
            assert!(Instant::now() < deadline, "victoria-metrics does not listen on {address}");
            std::thread::sleep(Duration::from_millis(20));
        }
        Victoria { child, address }
    }

    /// Its address as it is configured.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends it as its service does: what it has acknowledged is then on its disk.
    pub fn end(mut self) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).expect("it can be asked");
        self.child.wait().expect("it ends");
    }

    /// Makes what was written visible now.
    pub fn flush(&self) {
        http::get(&format!("{}/internal/force_flush", self.url()));
    }
}

impl Drop for Victoria {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
