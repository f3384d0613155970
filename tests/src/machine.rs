//! What the machine says: what a process used, and how fast the disk keeps its word.

use crate::histogram::Histogram;
use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// Clock ticks in a second of `/proc/PID/stat`, the same on every Linux that Rust runs on.
const TICKS: f64 = 100.0;

/// What a process used so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// CPU time in user mode and for it in the kernel, seconds.
    pub cpu_s: f64,
    /// The most memory it ever held, MiB.
    pub peak_mib: f64,
    /// The memory it holds now, MiB.
    pub memory_mib: f64,
}

/// What a process used so far; nothing where it is gone.
pub fn usage(process: u32) -> Usage {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The name may hold anything, so fields are counted from behind its bracket: utime and stime are 14 and 15.
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or_default();
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let mib = |key: &str| -> f64 {
        let line = status.lines().find_map(|line| line.strip_prefix(key)?.trim().strip_suffix(" kB")?.parse().ok());
        line.unwrap_or(0.0) / 1024.0
    };
    Usage { cpu_s: (ticks(11) + ticks(12)) / TICKS, peak_mib: mib("VmHWM:"), memory_mib: mib("VmRSS:") }
}

/// Memory a process holds now, KiB; nothing where it is gone.
pub fn resident_kib(process: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let held = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.parse().ok());
    held.unwrap_or_default()
}

/// How long `fdatasync` takes after 4 KiB were written in a folder, for so long: over what was there, as a log that is
/// used again does, so that no length and no block of the file changes.
///
/// # Errors
/// The folder cannot be written.
pub fn fdatasync(folder: &Path, lasting: Duration) -> std::io::Result<Histogram> {
    const PAGES: usize = 1_024;
    let path = folder.join("fdatasync");
    let mut file = File::create(&path)?;
    file.write_all(&vec![0x5a; PAGES * 4_096])?;
    file.sync_all()?;
    let mut histogram = Histogram::default();
    let ends = Instant::now() + lasting;
    while Instant::now() < ends {
        file.seek(SeekFrom::Start(histogram.count() % PAGES as u64 * 4_096))?;
        file.write_all(&[0xa5; 4_096])?;
        let begun = Instant::now();
        file.sync_data()?;
        histogram.add(begun.elapsed());
    }
    fs::remove_file(path)?;
    Ok(histogram)
}
