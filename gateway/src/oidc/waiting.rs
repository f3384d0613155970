//! What waits for a browser to come back: for minutes, in bounded memory, taken once.

use bongsu_sensors::Time;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Most things that wait.
const LIMIT: usize = 4_096;

/// Most that wait for browsers at one address: who begins thousands pushes out its own, not others'.
const EACH: usize = 128;

#[derive(Debug)]
struct Kept<T> {
    from: String,
    since: Time,
    what: T,
}

type Room<T> = HashMap<[u8; 32], Kept<T>>;

/// What waits, each under the digest of a secret.
#[derive(Debug)]
pub struct Waiting<T> {
    lasts: Duration,
    room: Mutex<Room<T>>,
}

impl<T: Clone> Waiting<T> {
    /// Room for what waits so long at most.
    pub fn lasting(lasts: Duration) -> Waiting<T> {
        Waiting { lasts, room: Mutex::default() }
    }

    fn room(&self) -> MutexGuard<'_, Room<T>> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets something wait for a browser at an address.
    pub fn put(&self, key: [u8; 32], from: &str, what: T, now: Time) {
        let mut room = self.room();
        room.retain(|_, kept| now.since(kept.since) < self.lasts);
        let oldest = |room: &Room<T>, fits: &dyn Fn(&Kept<T>) -> bool| {
            room.iter().filter(|(_, kept)| fits(kept)).min_by_key(|(_, kept)| kept.since).map(|(key, _)| *key)
        };
        let leaves = if room.values().filter(|kept| kept.from == from).count() >= EACH {
            oldest(&room, &|kept| kept.from == from)
        } else if room.len() >= LIMIT {
            oldest(&room, &|_| true)
        } else {
            None
        };
        if let Some(leaves) = leaves {
            room.remove(&leaves);
        }
        room.insert(key, Kept { from: from.to_owned(), since: now, what });
    }

    /// Takes what waits; nobody else finds it.
    pub fn take(&self, key: &[u8; 32], now: Time) -> Option<T> {
        let kept = self.room().remove(key)?;
        (now.since(kept.since) < self.lasts).then_some(kept.what)
    }

    /// Looks at what waits, and leaves it there.
    pub fn look(&self, key: &[u8; 32], now: Time) -> Option<T> {
        let room = self.room();
        room.get(key).filter(|kept| now.since(kept.since) < self.lasts).map(|kept| kept.what.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(n: i64) -> Time {
        Time::from_millis(n * 1000)
    }

    fn key(n: usize) -> [u8; 32] {
        crate::people::digest(&n.to_string())
    }

    #[test]
    fn it_is_taken_once_and_in_time() {
        let waiting = Waiting::lasting(Duration::from_secs(600));
        waiting.put(key(1), "a", 'x', second(0));
        assert_eq!(waiting.look(&key(1), second(599)), Some('x'));
        assert_eq!(waiting.take(&key(1), second(599)), Some('x'));
        assert_eq!(waiting.take(&key(1), second(599)), None, "twice");
        waiting.put(key(2), "a", 'y', second(0));
        assert_eq!((waiting.look(&key(2), second(600)), waiting.take(&key(2), second(600))), (None, None), "too late");
    }

    #[test]
    fn memory_is_bounded_and_who_fills_it_pushes_out_its_own() {
        let waiting = Waiting::lasting(Duration::from_secs(600));
        waiting.put(key(0), "b", 0, second(0));
        for n in 1..=EACH + 10 {
            waiting.put(key(n), "a", n, second(1));
        }
        assert_eq!(waiting.room().len(), EACH + 1);
        assert_eq!(waiting.look(&key(0), second(2)), Some(0), "another's");
        for n in 1_000..1_000 + LIMIT + 10 {
            waiting.put(key(n), &n.to_string(), n, second(2));
        }
        assert_eq!(waiting.room().len(), LIMIT);
    }
}
