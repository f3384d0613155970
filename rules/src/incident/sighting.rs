//! What citizens say they see. Anybody can say it, under any number of names: it never opens an incident and never lets
//! one out at once. It makes a person look, and where nobody decides on a warning by its deadline, it counts as the
//! second witness that one sensor alone lacks.

use super::book::{Book, Why};
use super::{Cause, Transition};
use bongsu_sensors::Time;
use std::time::Duration;

/// How long a sighting is news.
pub const LASTS: Duration = Duration::from_secs(3600);

/// So many devices are a witness.
pub const WITNESS: usize = 3;

/// Most sightings kept of one hazard in one area, the newest: more say no more.
const KEPT: usize = 16;

/// A device, and when it last said so.
pub(super) type Sighting = (u64, Time);

fn is_news(sighting: &Sighting, now: Time) -> bool {
    now.since(sighting.1) < LASTS
}

impl Book {
    /// A device says that somebody sees something.
    pub fn sight(&mut self, (hazard, area): (&str, &str), device: u64, now: Time, out: &mut Vec<Transition>) {
        let key = (hazard.to_owned(), area.to_owned());
        self.sightings.retain(|_, seen| seen.iter().any(|sighting| is_news(sighting, now)));
        let seen = self.sightings.entry(key.clone()).or_default();
        seen.retain(|sighting| is_news(sighting, now) && sighting.0 != device);
        if seen.len() == KEPT {
            seen.remove(0);
        }
        seen.push((device, now));
        if self.live.contains_key(&key) {
            self.settle(hazard, area, Why { cause: Cause::Sighted, alert: None, word: None }, now, out);
        }
    }

    /// How many devices say so now.
    pub(super) fn sightings_of(&self, key: &(String, String), now: Time) -> usize {
        self.sightings.get(key).map_or(0, |seen| seen.iter().filter(|sighting| is_news(sighting, now)).count())
    }
}
