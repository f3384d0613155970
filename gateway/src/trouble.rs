//! What to do when the disk fails: insist on the same batch, free the reserve, and let everybody know.
//!
//! While it insists, nothing further is handled and nothing acknowledged, so nothing can be lost: devices keep what was
//! not acknowledged. A reserve file holds room that is given up when the disk is full, so that a full disk does not
//! silence the city at once; it is taken back when there is room again.

use crate::store::StoreError;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The reserve of a disk with room to spare.
const RESERVE_BYTES: u64 = 64 << 20;

/// The reserve takes at most this part of a disk: a small one is for observations first.
const RESERVE_PART: u64 = 8;

/// First and longest wait between two tries.
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// How often it is said that it still fails.
const REPEAT: Duration = Duration::from_secs(30);

/// How often room for the reserve is looked for again.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// The state of the disk, as everybody may see it.
#[derive(Debug)]
pub struct Trouble {
    reserve: PathBuf,
    is_reserve_free: AtomicBool,
    failing: Mutex<Option<String>>,
    last_commit_ms: AtomicI64,
    took_us: AtomicU64,
    looked: Mutex<Option<Instant>>,
    stop: AtomicBool,
}

impl Trouble {
    /// Watches over the disk of a folder, and makes the reserve.
    pub fn watch(folder: &Path) -> Trouble {
        let trouble = Trouble {
            reserve: folder.join("reserve"),
            is_reserve_free: AtomicBool::new(true),
            failing: Mutex::default(),
            last_commit_ms: AtomicI64::new(0),
            took_us: AtomicU64::new(0),
            looked: Mutex::default(),
            stop: AtomicBool::new(false),
        };
        trouble.take_reserve();
        trouble
    }

    /// Why the disk fails now; `None`: it does not.
    pub fn failing(&self) -> Option<String> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the reserve was given up: the disk is nearly full.
    pub fn is_on_reserve(&self) -> bool {
        self.is_reserve_free.load(Ordering::Relaxed)
    }

    /// When something was last committed, in real time, milliseconds since 1970; 0 before the first.
    pub fn last_commit_ms(&self) -> i64 {
        self.last_commit_ms.load(Ordering::Relaxed)
    }

    /// How long the last commit took, all its tries together.
    pub fn last_took(&self) -> Duration {
        Duration::from_micros(self.took_us.load(Ordering::Relaxed))
    }

    /// Ends the insisting: what is not committed stays with the devices.
    pub fn give_up(&self) {
        self.stop.store(true, Ordering::Release);
    }

    /// Tries until it succeeds.
    ///
    /// # Errors
    /// The last failure, after [`Trouble::give_up`].
    pub fn insist<T>(&self, mut attempt: impl FnMut() -> Result<T, StoreError>) -> miette::Result<T> {
        let mut wait = FIRST_WAIT;
        let mut said: Option<Instant> = None;
        let began = Instant::now();
        loop {
            match attempt() {
                Ok(done) => {
                    self.took_us
                        .store(u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
                    self.succeeded(said.is_some());
                    return Ok(done);
                }
                Err(error) if self.stop.load(Ordering::Acquire) => return Err(error.into()),
                Err(error) => {
                    if said.is_none_or(|said| said.elapsed() >= REPEAT) {
                        tracing::error!(%error, "nothing can be stored; devices wait, nothing is acknowledged");
                        said = Some(Instant::now());
                    }
                    *self.failing.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
                    if error.is_full() && self.give_reserve() {
                        tracing::error!("the disk is full; its reserve is given up, make room at once");
                        continue;
                    }
                    std::thread::sleep(wait);
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
            }
        }
    }

    fn succeeded(&self, after_failure: bool) {
        if after_failure {
            tracing::warn!("storing works again");
            *self.failing.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.last_commit_ms.store(i64::try_from(now.as_millis()).unwrap_or(i64::MAX), Ordering::Relaxed);
        if self.is_on_reserve() {
            let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
            if looked.is_none_or(|looked| looked.elapsed() >= LOOK_AGAIN) {
                *looked = Some(Instant::now());
                self.take_reserve();
            }
        }
    }

    /// Takes the reserve, where the disk has twice as much to give.
    fn take_reserve(&self) {
        let folder = self.reserve.parent().unwrap_or(Path::new("."));
        let Ok(disk) = rustix::fs::statvfs(folder) else { return };
        let size = RESERVE_BYTES.min(disk.f_blocks * disk.f_frsize / RESERVE_PART);
        if disk.f_bavail * disk.f_frsize < 2 * size || size == 0 {
            return;
        }
        let taken =
            OpenOptions::new().create(true).write(true).truncate(false).open(&self.reserve).and_then(|file: File| {
                rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, size)?;
                file.sync_all()
            });
        match taken {
            Ok(()) => self.is_reserve_free.store(false, Ordering::Relaxed),
            Err(error) => tracing::warn!(%error, "the disk reserve cannot be made"),
        }
    }

    /// Gives the reserve up; `false`: it was given up already.
    fn give_reserve(&self) -> bool {
        !self.is_reserve_free.swap(true, Ordering::Relaxed) && std::fs::remove_file(&self.reserve).is_ok()
    }
}
