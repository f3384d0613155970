//! What an exporter tells of itself: numbers for `/metrics`, and a reason for `/readyz` where the archive needs a person
//! or has been away for minutes. Warnings never depend on an archive; people who look at its curves do.

use super::ship::Trouble;
use crate::web::Shared;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long an archive may be away before somebody is told.
const PATIENCE: Duration = Duration::from_secs(300);

/// How one exporter does.
#[derive(Debug, Default)]
pub struct Health {
    points: AtomicU64,
    batches: AtomicU64,
    failures: AtomicU64,
    refused: AtomicU64,
    gaps: AtomicU64,
    behind_records: AtomicU64,
    behind_ms: AtomicI64,
    trouble: Mutex<Option<(Instant, Trouble)>>,
}

/// A number: name, help, and where it stands.
type Number = (&'static str, &'static str, fn(&Health) -> &AtomicU64);

/// Numbers that only grow.
const COUNTERS: &[Number] = &[
    ("archive_points", "Points an archive has taken", |health| &health.points),
    ("archive_batches", "Batches an archive has taken", |health| &health.batches),
    ("archive_failures", "Batches that had to be handed over again", |health| &health.failures),
    ("archive_refused", "Points an archive never took", |health| &health.refused),
];

/// Numbers that go up and down.
const GAUGES: &[Number] = &[
    ("archive_gaps", "Times that were left out of an archive and wait for backfill", |health| &health.gaps),
    ("archive_behind_records", "Records an archive does not have yet", |health| &health.behind_records),
];

impl Health {
    /// Makes it visible under the archive's name.
    pub fn register(self: &Arc<Health>, name: &'static str, shared: &Shared) {
        let metrics = shared.metrics();
        let labels = [("archive", name)];
        for (metric, help, number) in COUNTERS {
            let health = self.clone();
            metrics.counter(metric, help, &labels, move || number(&health).load(Ordering::Relaxed));
        }
        #[expect(clippy::cast_precision_loss, reason = "a number for people")]
        for (metric, help, number) in GAUGES {
            let health = self.clone();
            metrics.gauge(metric, help, &labels, move || number(&health).load(Ordering::Relaxed) as f64);
        }
        let health = self.clone();
        #[expect(clippy::cast_precision_loss, reason = "a number for people")]
        metrics.gauge("archive_lag_seconds", "Age of the oldest record an archive does not have", &labels, move || {
            health.behind_ms.load(Ordering::Relaxed) as f64 / 1_000.0
        });
        let health = self.clone();
        shared.check("archive", Box::new(move || health.failing().map(|why| format!("{name}: {why}"))));
    }

    /// The archive took so many points, and refused so many for ever.
    pub(super) fn took(&self, points: usize, refused: usize) {
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        self.points.fetch_add(count(points.saturating_sub(refused)), Ordering::Relaxed);
        self.refused.fetch_add(count(refused), Ordering::Relaxed);
        self.batches.fetch_add(1, Ordering::Relaxed);
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// It did not; answers whether that is news.
    pub(super) fn failed(&self, trouble: &Trouble) -> bool {
        self.failures.fetch_add(1, Ordering::Relaxed);
        let mut known = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = known.as_ref().is_none_or(|(_, known)| known.needs_person != trouble.needs_person);
        let since = known.as_ref().map_or_else(Instant::now, |(since, _)| *since);
        *known = Some((since, trouble.clone()));
        is_news
    }

    /// It is so far behind.
    pub(super) fn stands(&self, behind_records: u64, behind: Duration, gaps: usize) {
        self.behind_records.store(behind_records, Ordering::Relaxed);
        self.behind_ms.store(i64::try_from(behind.as_millis()).unwrap_or(i64::MAX), Ordering::Relaxed);
        self.gaps.store(u64::try_from(gaps).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Why a person should look.
    pub fn failing(&self) -> Option<String> {
        let known = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, trouble) = known.as_ref()?;
        let lasts = since.elapsed();
        if trouble.needs_person {
            return Some(trouble.said.clone());
        }
        (lasts >= PATIENCE).then(|| format!("it has been away for {} min: {}", lasts.as_secs() / 60, trouble.said))
    }
}
