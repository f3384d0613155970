//! Checkpoints: what was committed is carried from the write-ahead log into the database, beside the commits and not in
//! one of them.
//!
//! Left to itself SQLite does it at the end of every commit that finds the log long, and the devices of that commit wait
//! for two more syncs and all its pages. Here a thread of its own carries the bulk while commits go on; only the last few
//! pages are carried while they wait for a moment, because the log can begin anew only when all of it was carried.

use rusqlite::Connection;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Bytes of the log at which it is carried over: some seconds of a busy city, read back in a moment after a crash.
const LONG: u64 = 16 << 20;

/// The log takes at most this part of a small disk.
const PART: u64 = 16;

/// How often it is looked how long the log is.
const LOOK: Duration = Duration::from_millis(50);

/// How long to wait where it could not be done: somebody reads what is old, or the disk fails. A full disk may have room
/// for what the log holds as soon as its reserve is given up, and the log is then used again instead of growing into it.
const WAIT: Duration = Duration::from_millis(250);

/// How much longer the log may get, until it is cut when it begins anew.
const PATIENCE: u64 = 4;

/// Carries the log over as long as it lives.
#[derive(Debug)]
pub struct Checkpointer {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Held by a commit, and by the end of a checkpoint.
pub type Gate = Arc<Mutex<()>>;

impl Checkpointer {
    /// Takes over from the commits of a store.
    ///
    /// # Errors
    /// The database cannot be opened once more.
    pub fn start(path: &Path, gate: Gate) -> rusqlite::Result<Checkpointer> {
        let connection = Connection::open(path)?;
        let page: u64 = connection.query_row("PRAGMA page_size", [], |row| row.get(0))?;
        let long = long(path) / page.max(1);
        let (stop, stopped) = channel();
        let run = move || carry(&connection, &gate, long.max(1), &stopped);
        let thread = std::thread::Builder::new().name("checkpoint".into()).spawn(run);
        // Without the thread the commits go on doing it themselves.
        Ok(Checkpointer { stop: Some(stop), thread: thread.ok() })
    }

    /// Whether it runs.
    pub fn is_running(&self) -> bool {
        self.thread.is_some()
    }

    /// Leaves the carrying to it: what the connection that commits is to be told.
    ///
    /// # Errors
    /// SQLite says no.
    pub fn relieve(&self, writer: &Connection, path: &Path) -> rusqlite::Result<()> {
        if self.is_running() {
            writer.pragma_update(None, "wal_autocheckpoint", 0)?;
            let limit = i64::try_from(PATIENCE * long(path)).unwrap_or(i64::MAX);
            writer.pragma_update(None, "journal_size_limit", limit)?;
        }
        Ok(())
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Bytes of the log of this database at which it is carried over.
fn long(path: &Path) -> u64 {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let disk = rustix::fs::statvfs(folder).map_or(u64::MAX, |disk| disk.f_blocks.saturating_mul(disk.f_frsize));
    LONG.min(disk / PART)
}

fn carry(connection: &Connection, gate: &Gate, long: u64, stopped: &Receiver<()>) {
    let mut pause = LOOK;
    while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(pause) {
        pause = LOOK;
        if length(connection).is_none_or(|length| length < long) {
            continue;
        }
        let done = checkpoint(connection).and_then(|_| {
            let _commits_wait = gate.lock().unwrap_or_else(PoisonError::into_inner);
            checkpoint(connection)
        });
        match done {
            // The next commit begins the log anew.
            Ok(true) => {}
            Ok(false) => pause = WAIT,
            Err(error) => {
                tracing::debug!(%error, "the log could not be carried over");
                pause = WAIT;
            }
        }
    }
}

/// Pages in the log.
fn length(connection: &Connection) -> Option<u64> {
    connection.query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| row.get(1)).ok()
}

/// Carries what can be; whether that was all.
fn checkpoint(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| Ok(row.get::<_, i64>(1)? == row.get::<_, i64>(2)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn the_log_begins_anew_although_nobody_stops_writing() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("t.db");
        let writer = Connection::open(&path).expect("opened");
        writer
            .execute_batch("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (x BLOB);")
            .expect("made");
        let gate = Gate::default();
        let connection = Connection::open(&path).expect("opened");
        let (stop, stopped) = channel();
        let held = gate.clone();
        let carrier = std::thread::spawn(move || carry(&connection, &held, 50, &stopped));
        let deadline = Instant::now() + Duration::from_secs(30);
        let mut longest = 0;
        loop {
            let commit = gate.lock().expect("nobody panics");
            writer.execute("INSERT INTO t VALUES (zeroblob(3000))", []).expect("written");
            drop(commit);
            let now = length(&writer).expect("a length");
            if longest > 50 && now < longest {
                break;
            }
            longest = longest.max(now);
            assert!(Instant::now() < deadline, "the log has grown to {now} pages");
        }
        drop(stop);
        carrier.join().expect("it ends");
    }
}
