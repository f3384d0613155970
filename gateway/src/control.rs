//! The lock on the data folder, and the socket beside it.
//!
//! One program at a time owns a data folder. A command that changes state goes to the owner over `DIR/control.sock`
//! where there is one; otherwise it takes the lock and does the work itself. The socket's mode is 0600: whoever may
//! write the folder may ask.

use crate::device::{Answer, Request};
use crate::reception;
use miette::{IntoDiagnostic, WrapErr, miette};
use serde::{Deserialize, Serialize};
use std::fs::{File, TryLockError};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Longest question and longest answer, bytes.
const LINE_LIMIT: u64 = 16 << 20;

/// How long the owner may take to answer: a commit that is being retried holds it up.
const PATIENCE: Duration = Duration::from_secs(10);

/// The exclusive right to a data folder; given back when it is dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Takes the lock of a folder; `None`: a running program holds it.
///
/// # Errors
/// The folder cannot be made or written.
pub fn lock(folder: &Path) -> miette::Result<Option<Lock>> {
    let failed = || format!("failed to lock {}", folder.display());
    std::fs::create_dir_all(folder).into_diagnostic().wrap_err_with(failed)?;
    let file = File::create(folder.join("lock")).into_diagnostic().wrap_err_with(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock { _file: file })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error).into_diagnostic().wrap_err_with(failed),
    }
}

/// The error for a command that needs the folder for itself.
pub fn held(folder: &Path) -> miette::Report {
    miette!(help = "stop it first, or name another folder with --data", "a running bongsu holds {}", folder.display())
}

/// What can be asked over the socket.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// About devices.
    Devices(Request),
    /// Where it listens.
    Addresses,
    /// What people do: incidents, accounts, the audit.
    People(reception::Request),
    /// To read the catalog and the rules again, as SIGHUP asks.
    Reload,
}

/// What is answered over the socket.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// About devices.
    Devices(Answer),
    /// Where it listens.
    Addresses(Box<Addresses>),
    /// What became of what people do.
    People(reception::Answer),
    /// It has read them.
    Reloaded,
    /// It cannot be answered.
    Failed(String),
}

/// Where a running program listens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addresses {
    /// The devices' door.
    pub mqtt: String,
    /// The citizens' pages.
    pub public: String,
    /// The operators' console.
    pub operator: String,
    /// The operators' tools, over MQTT.
    pub operator_mqtt: String,
    /// The same inside TLS; empty, like those below, where it is not served.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub operator_mqtt_tls: String,
    /// The devices' door inside TLS.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub mqtt_tls: String,
    /// The devices' door over WebSocket.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub mqtt_ws: String,
    /// The same inside TLS.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub mqtt_wss: String,
    /// The citizens' tools.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub public_mqtt: String,
    /// The same inside TLS.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub public_mqtt_tls: String,
    /// The citizens' pages, over WebSocket.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub public_ws: String,
    /// The same inside TLS.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub public_wss: String,
    /// The one-time link that makes the first administrator, where there is none yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub welcome: Option<String>,
}

fn socket_path(folder: &Path) -> PathBuf {
    folder.join("control.sock")
}

/// Asks the running owner of a folder.
///
/// # Errors
/// It does not answer.
pub fn ask(folder: &Path, question: &Question) -> miette::Result<Reply> {
    let path = socket_path(folder);
    let failed = || format!("failed to ask the running bongsu at {}", path.display());
    let mut stream = UnixStream::connect(&path).into_diagnostic().wrap_err_with(failed)?;
    stream.set_read_timeout(Some(PATIENCE)).into_diagnostic()?;
    let mut line = serde_json::to_vec(question).into_diagnostic()?;
    line.push(b'\n');
    stream.write_all(&line).into_diagnostic().wrap_err_with(failed)?;
    let mut reply = String::new();
    BufReader::new(stream.take(LINE_LIMIT)).read_line(&mut reply).into_diagnostic().wrap_err_with(failed)?;
    serde_json::from_str(&reply).into_diagnostic().wrap_err_with(failed)
}

/// The listening socket; its file goes with it.
#[derive(Debug)]
pub struct Socket {
    path: PathBuf,
}

impl Drop for Socket {
    fn drop(&mut self) {
        // Nothing depends on it: the next owner replaces a file that stayed.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Answers questions on a thread of its own, as long as the program runs.
///
/// # Errors
/// The socket cannot be made.
pub fn listen(
    folder: &Path,
    answer: impl Fn(Question, u32) -> Reply + Send + Sync + 'static,
) -> miette::Result<Socket> {
    let path = socket_path(folder);
    let failed = || format!("failed to listen on {}", path.display());
    if path.exists() {
        // We hold the lock, so whoever made it is gone.
        std::fs::remove_file(&path).into_diagnostic().wrap_err_with(failed)?;
    }
    let listener = UnixListener::bind(&path).into_diagnostic().wrap_err_with(failed)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).into_diagnostic().wrap_err_with(failed)?;
    std::thread::Builder::new()
        .name("control".into())
        .spawn(move || {
            for stream in listener.incoming().flatten() {
                // A command that hangs up early is its own loss.
                let _ = serve(stream, &answer);
            }
        })
        .into_diagnostic()?;
    Ok(Socket { path })
}

fn serve(stream: UnixStream, answer: &impl Fn(Question, u32) -> Reply) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut writer = stream.try_clone()?;
    let uid = rustix::net::sockopt::socket_peercred(&stream)?.uid.as_raw();
    let mut line = String::new();
    BufReader::new(stream.take(LINE_LIMIT)).read_line(&mut line)?;
    let reply = match serde_json::from_str(&line) {
        Ok(question) => answer(question, uid),
        Err(error) => Reply::Failed(format!("not understood: {error}")),
    };
    let mut line = serde_json::to_vec(&reply)?;
    line.push(b'\n');
    writer.write_all(&line)
}
