//! Debian's Mosquitto as a child: the broker of others.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where Mosquitto is; Debian puts it where only root looks.
pub fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    folders.map(|folder| folder.join("mosquitto")).find(|file| file.is_file())
}

/// A running one. Dropped, it is killed.
#[derive(Debug)]
pub struct Mosquitto {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Mosquitto {
    /// Starts one in a folder, with more lines of configuration; it listens when this returns.
    pub fn start(folder: &Path, more: &str) -> Mosquitto {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
        Mosquitto::start_at(free, folder, more)
    }

    /// The same at a port that is known already.
    pub fn start_at(address: SocketAddr, folder: &Path, more: &str) -> Mosquitto {
        let program = find().expect("mosquitto is missing: run `make setup`");
        let config = folder.join("mosquitto.conf");
        let text = format!("listener {} 127.0.0.1\nallow_anonymous true\nlog_dest none\n{more}\n", address.port());
        fs::write(&config, text).expect("the folder can be written");
        let mut command = Command::new(program);
        command.arg("-c").arg(&config).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().expect("mosquitto starts");
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(address).is_err() {
            assert!(Instant::now() < deadline, "mosquitto does not listen on {address}");
            std::thread::sleep(Duration::from_millis(20));
        }
        Mosquitto { child, address }
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
