//! Who guesses is slowed down: after a few failures an account, and an address, must wait, each time longer. Nobody is
//! locked out for good: that would be a way to keep the one person out who must approve.

use bongsu_sensors::Time;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Failures that cost nothing, of one account.
const FREE: u32 = 5;

/// Of one address: behind it may sit a whole office.
const FREE_ADDRESS: u32 = 30;

/// The longest wait.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// Failures are forgotten so long after the last.
const FORGET: Duration = Duration::from_secs(3600);

/// Names remembered; where there are more, those that failed longest ago go first.
const LIMIT: usize = 10_000;

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Time,
}

/// What is remembered of failures.
#[derive(Debug, Default)]
pub struct Guessing(Mutex<HashMap<String, Failures>>);

impl Guessing {
    fn wait(&self, key: &str, free: u32, now: Time) -> Option<Duration> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let failures = known.get(key)?;
        let over = failures.count.checked_sub(free)?;
        let wait = Duration::from_secs(1 << over.min(10)).min(LONGEST);
        let until = failures.last + wait;
        (now < until).then(|| until.since(now))
    }

    /// How long one must wait before the next try; `None`: not at all.
    pub fn must_wait(&self, username: &str, address: &str, now: Time) -> Option<Duration> {
        let of_address = self.wait(&format!("from {address}"), FREE_ADDRESS, now);
        self.wait(&format!("user {username}"), FREE, now).max(of_address)
    }

    /// The same for a browser that the city's own login sends back. It is counted apart: any page on the web can send a
    /// browser here, and must not keep the office behind its address from its passwords.
    pub fn sent_must_wait(&self, address: &str, now: Time) -> Option<Duration> {
        self.wait(&format!("oidc {address}"), FREE_ADDRESS, now)
    }

    /// A try failed.
    pub fn failed(&self, username: &str, address: &str, now: Time) {
        self.count(&[format!("user {username}"), format!("from {address}")], now);
    }

    /// A browser that the city's own login sent back, or somebody else, was not let in.
    pub fn sent_failed(&self, address: &str, now: Time) {
        self.count(&[format!("oidc {address}")], now);
    }

    fn count(&self, keys: &[String], now: Time) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= LIMIT {
            known.retain(|_, failures| now.since(failures.last) < FORGET);
        }
        if known.len() >= LIMIT {
            let mut lasts: Vec<Time> = known.values().map(|failures| failures.last).collect();
            lasts.sort_unstable();
            let median = lasts[lasts.len() / 2];
            known.retain(|_, failures| failures.last > median);
        }
        for key in keys {
            let failures = known.entry(key.clone()).or_insert(Failures { count: 0, last: now });
            if now.since(failures.last) >= FORGET {
                failures.count = 0;
            }
            *failures = Failures { count: failures.count.saturating_add(1), last: now };
        }
    }

    /// A try went well: the account's failures were its owner's.
    pub fn went_well(&self, username: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&format!("user {username}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(n: i64) -> Time {
        Time::from_millis(n * 1000)
    }

    #[test]
    fn guesses_take_longer_and_longer() {
        let guessing = Guessing::default();
        for n in 0..4 {
            guessing.failed("kim", "a", second(n));
        }
        assert_eq!(guessing.must_wait("kim", "a", second(4)), None);
        for n in 4..8 {
            guessing.failed("kim", "b", second(n));
        }
        assert_eq!(guessing.must_wait("kim", "c", second(7)), Some(Duration::from_secs(8)));
        assert_eq!(guessing.must_wait("lee", "c", second(7)), None, "another account");
        assert_eq!(guessing.must_wait("kim", "c", second(15)), None, "after the wait");
        guessing.went_well("kim");
        assert_eq!(guessing.must_wait("kim", "c", second(7)), None);
    }

    #[test]
    fn an_address_that_tries_many_names_waits_too() {
        let guessing = Guessing::default();
        for n in 0..40 {
            guessing.failed(&format!("user{n}"), "a", second(n));
        }
        assert!(guessing.must_wait("fresh", "a", second(40)).is_some());
        assert_eq!(guessing.must_wait("fresh", "b", second(40)), None);
    }

    #[test]
    fn who_is_sent_here_by_other_pages_keeps_nobody_from_passwords() {
        let guessing = Guessing::default();
        for n in 0..40 {
            guessing.sent_failed("a", second(n));
        }
        assert!(guessing.sent_must_wait("a", second(40)).is_some());
        assert_eq!(guessing.sent_must_wait("b", second(40)), None);
        assert_eq!(guessing.must_wait("kim", "a", second(40)), None, "a password from the same address");
        for n in 0..40 {
            guessing.failed(&format!("user{n}"), "b", second(n));
        }
        assert_eq!(guessing.sent_must_wait("b", second(40)), None, "nor the other way round");
    }

    #[test]
    fn memory_is_bounded() {
        let guessing = Guessing::default();
        for n in 0..25_000 {
            guessing.failed(&format!("user{n}"), &format!("address{n}"), second(n));
        }
        assert!(guessing.0.lock().expect("lock").len() <= LIMIT + 2);
    }
}
