//! For the web: everything that was committed, and a sign of life.

use crate::pipeline::{Spoken, Voice};
use crate::trouble::Trouble;
use crate::web::{Committed, Shared, WORKING};
use bongsu_sensors::{Catalog, Time};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often the web is shown a sign of life where nothing happens.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// Tells the web what has become true.
#[derive(Debug)]
pub struct WebVoice {
    shared: Arc<Shared>,
    trouble: Arc<Trouble>,
    city: Option<Arc<Catalog>>,
    last_commit: Option<Time>,
    beat: Option<Instant>,
}

impl WebVoice {
    /// A voice to the web.
    pub fn new(shared: Arc<Shared>, trouble: Arc<Trouble>) -> WebVoice {
        WebVoice { shared, trouble, city: None, last_commit: None, beat: None }
    }
}

impl Voice for WebVoice {
    fn speak(&mut self, spoken: &Spoken<'_>) -> miette::Result<()> {
        if let Some(city) = spoken.engine.catalog()
            && self.city.as_ref().is_none_or(|known| !Arc::ptr_eq(known, city))
        {
            self.shared.set_city(city.clone());
            self.city = Some(city.clone());
        }
        if spoken.batch.book.is_some() || self.beat.is_none() {
            self.shared.set_silences(spoken.engine.book().silences().cloned().collect());
        }
        if !spoken.batch.is_empty() {
            self.last_commit = Some(spoken.now);
            self.shared.metrics().commit(self.trouble.last_took());
            self.shared.spoken(&Committed {
                now: spoken.now,
                transitions: &spoken.batch.transitions,
                ids: spoken.ids,
                dead_letters: &spoken.batch.dead_letters,
                effects: spoken.effects,
            });
        }
        if self.beat.is_none_or(|beat| beat.elapsed() >= HEARTBEAT) {
            self.beat = Some(Instant::now());
            self.shared.heartbeat(spoken.now, WORKING, self.last_commit);
        }
        Ok(())
    }
}
