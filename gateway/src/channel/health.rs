//! What a channel tells of itself: numbers for `/metrics`, a reason for `/readyz` where it has failed for minutes.

use super::Outcome;
use crate::store::{DeliveryRow, Fate};
use crate::web::Shared;
use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long nothing but failures may come before somebody is told.
const PATIENCE: Duration = Duration::from_secs(300);

/// How one channel does.
#[derive(Debug, Default)]
pub struct Health {
    fates: [AtomicU64; 5],
    attempts: AtomicU64,
    owed: Mutex<HashSet<(String, String)>>,
    /// Since when every attempt has failed, and what the last one said.
    failing: Mutex<Option<(Instant, String)>>,
}

impl Health {
    /// Makes it visible under the channel's name.
    pub fn register(self: &Arc<Health>, name: &str, shared: &Shared) {
        let metrics = shared.metrics();
        let labels = |fate: &'static str| vec![("channel", name.to_owned()), ("fate", fate.to_owned())];
        for (at, fate) in Fate::ALL.into_iter().enumerate().skip(1) {
            let health = self.clone();
            let labels: Vec<(&'static str, String)> = labels(fate.name());
            let labels: Vec<(&'static str, &str)> = labels.iter().map(|(key, value)| (*key, value.as_str())).collect();
            metrics.counter("deliveries", "Deliveries by what became of them", &labels, move || {
                health.fates[at].load(Ordering::Relaxed)
            });
        }
        let health = self.clone();
        metrics.counter("delivery_attempts", "Attempts to deliver", &[("channel", name)], move || {
            health.attempts.load(Ordering::Relaxed)
        });
        let health = self.clone();
        #[expect(clippy::cast_precision_loss, reason = "a number for people")]
        metrics.gauge("deliveries_owed", "Deliveries that are still owed", &[("channel", name)], move || {
            health.owed() as f64
        });
        let health = self.clone();
        let name = name.to_owned();
        shared.check("channel", Box::new(move || health.failing().map(|why| format!("{name}: {why}"))));
    }

    /// Hears what became of an attempt.
    pub(super) fn heard(&self, outcome: &Outcome, now: Instant) {
        self.attempts.fetch_add(1, Ordering::Relaxed);
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            // Who refuses one recipient is at work.
            Outcome::Sent(_) | Outcome::Gone(_) | Outcome::Rejected(_) => *failing = None,
            Outcome::Retry(_, said) => {
                let since = failing.as_ref().map_or(now, |(since, _)| *since);
                *failing = Some((since, said.clone()));
            }
        }
    }

    /// Hears what goes into the books.
    pub(super) fn noted(&self, row: &DeliveryRow) {
        let mut owed = self.owed.lock().unwrap_or_else(PoisonError::into_inner);
        let at = (row.target.clone(), row.identifier.clone());
        if row.state == Fate::Pending {
            owed.insert(at);
        } else if owed.remove(&at) {
            let place = Fate::ALL.into_iter().position(|fate| fate == row.state).unwrap_or(0);
            self.fates[place].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many deliveries are still owed.
    pub fn owed(&self) -> usize {
        self.owed.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Why nothing gets through, where nothing has for minutes.
    pub fn failing(&self) -> Option<String> {
        let failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, said) = failing.as_ref()?;
        let lasts = since.elapsed();
        (lasts >= PATIENCE).then(|| format!("nothing got through for {} min: {said}", lasts.as_secs() / 60))
    }
}
