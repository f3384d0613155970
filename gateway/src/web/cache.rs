//! Answers kept for a moment: however many people ask at once, one of them makes the answer and all of them get it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// An answer being made, or made a moment ago. Who makes it holds the lock; the others wait there.
type Slot<V> = Arc<tokio::sync::Mutex<Option<(Instant, V)>>>;

/// Answers by what was asked.
#[derive(Debug)]
pub struct Cache<K, V> {
    lasts: Duration,
    limit: usize,
    slots: Mutex<HashMap<K, Slot<V>>>,
}

impl<K: Eq + Hash, V: Clone> Cache<K, V> {
    /// Answers that last so long, at most so many.
    pub fn new(lasts: Duration, limit: usize) -> Cache<K, V> {
        Cache { lasts, limit, slots: Mutex::default() }
    }

    /// The answer, made anew where it is missing or too old.
    ///
    /// # Errors
    /// Those of making it; nothing is kept then.
    pub async fn get<E>(&self, key: K, make: impl Future<Output = Result<V, E>>) -> Result<V, E> {
        let slot = self.slot(key);
        let mut held = slot.lock().await;
        if let Some((made, answer)) = &*held
            && made.elapsed() < self.lasts
        {
            return Ok(answer.clone());
        }
        let answer = make.await?;
        *held = Some((Instant::now(), answer.clone()));
        Ok(answer)
    }

    fn slot(&self, key: K) -> Slot<V> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= self.limit && !slots.contains_key(&key) {
            // Slots that somebody waits at stay, so that nothing is made twice at once.
            slots.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        slots.entry(key).or_default().clone()
    }
}
