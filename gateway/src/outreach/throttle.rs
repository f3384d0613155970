//! Who may say what how often. Behind a proxy all citizens have one address, so what is counted is what they say:
//! letters to one mailbox, reports of one device, and everything together.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// One mailbox gets one question in so long.
const LETTER: Duration = Duration::from_secs(600);

/// A device may report so often in a window.
const REPORTS: u32 = 10;
const REPORTS_WINDOW: Duration = Duration::from_secs(600);

/// All together may write so often in a second: each is a commit of the one writer.
const TOGETHER: u32 = 200;

/// Mailboxes and devices remembered.
const REMEMBERED: usize = 100_000;

/// Counts within windows.
#[derive(Debug, Default)]
pub struct Throttle(Mutex<HashMap<String, (Instant, u32)>>);

impl Throttle {
    /// Whether a mailbox may get a question.
    pub fn letter(&self, address: &str) -> bool {
        self.anybody() && self.may(format!("letter {address}"), 1, LETTER)
    }

    /// Whether a device may report.
    pub fn reporter(&self, device: &str) -> bool {
        self.anybody() && self.may(format!("report {device}"), REPORTS, REPORTS_WINDOW)
    }

    /// Whether anybody may write.
    pub fn anybody(&self) -> bool {
        self.may("all".into(), TOGETHER, Duration::from_secs(1))
    }

    fn may(&self, who: String, most: u32, window: Duration) -> bool {
        let now = Instant::now();
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() > REMEMBERED {
            counts.retain(|_, (since, _)| now.duration_since(*since) < LETTER);
            if counts.len() > REMEMBERED {
                // So many within minutes are no citizens.
                return false;
            }
        }
        let (since, count) = counts.entry(who).or_insert((now, 0));
        if now.duration_since(*since) >= window {
            (*since, *count) = (now, 0);
        }
        *count += 1;
        *count <= most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_mailbox_one_letter_and_one_device_some_reports() {
        let throttle = Throttle::default();
        assert!(throttle.letter("a@x"));
        assert!(!throttle.letter("a@x"));
        assert!(throttle.letter("b@x"));
        let taken = (0..20).filter(|_| throttle.reporter("device")).count();
        assert_eq!(taken, 10);
    }

    #[test]
    fn everybody_together_is_bounded() {
        let throttle = Throttle::default();
        let taken = (0..1_000).filter(|at| throttle.reporter(&format!("{at}"))).count();
        assert!((200..=400).contains(&taken), "{taken}");
    }
}
