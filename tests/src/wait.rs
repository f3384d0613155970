//! Waiting for what comes about by itself.

use std::time::{Duration, Instant};

/// Waits until something holds.
///
/// # Panics
/// It does not within this time.
#[track_caller]
pub fn until(patience: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + patience;
    while !holds() {
        assert!(Instant::now() < deadline, "in vain, after {patience:?}: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
