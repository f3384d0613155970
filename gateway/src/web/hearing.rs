//! How each station speaks: how its clock stands to ours, what it said twice, and what of it was refused. Kept since the
//! program started, a few numbers a station.

use super::shared::Committed;
use bongsu_rules::Effect;
use bongsu_sensors::catalog::StationIndex;
use bongsu_sensors::{Catalog, DatastreamId, Time};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The least delay is looked for in a span as long as this, and the one before it: a clock that was set is believed within
/// two of them.
const SPAN_MS: i64 = 3_600_000;

/// What is known of one station.
#[derive(Clone, Copy, Debug, Default)]
struct Heard {
    /// The span that is going on, and the least delay in it and in the one before.
    span: i64,
    least_ms: [Option<i64>; 2],
    duplicates: u64,
    refused: u64,
}

impl Heard {
    /// Something was said at `now` of the time `of`.
    fn said(&mut self, of: Time, now: Time) {
        let span = now.millis().div_euclid(SPAN_MS);
        if span != self.span {
            let before = self.least_ms[0].filter(|_| span == self.span + 1);
            (self.span, self.least_ms) = (span, [None, before]);
        }
        let delay = now.millis() - of.millis();
        self.least_ms[0] = Some(self.least_ms[0].map_or(delay, |least| least.min(delay)));
    }

    /// How far what it says is behind our clock at best, milliseconds: the way here, and how far its clock is behind;
    /// below zero its clock is ahead.
    fn behind_ms(&self) -> Option<i64> {
        self.least_ms.into_iter().flatten().min()
    }
}

/// How a station speaks.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Speech {
    /// How far its readings are behind our clock at best, in the last one to two hours: its way here and its clock. Below
    /// zero its clock is ahead. Null: nothing came.
    pub behind_s: Option<f64>,
    /// Readings that said again what was known.
    pub duplicates: u64,
    /// Messages and readings that were refused.
    pub refused: u64,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Hearing(Mutex<Books>);

#[derive(Debug, Default)]
struct Books {
    city: Option<Arc<Catalog>>,
    /// By place in the catalog.
    heard: Vec<Heard>,
    /// The station of each datastream, by number.
    station_of: Vec<Option<StationIndex>>,
}

impl Books {
    fn of(&mut self, datastream: DatastreamId) -> Option<&mut Heard> {
        let station = (*self.station_of.get(datastream.0 as usize)?)?;
        self.heard.get_mut(station.0 as usize)
    }
}

impl Hearing {
    fn books(&self) -> std::sync::MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes up a city; what is known of stations that are in both stays.
    pub fn set_city(&self, city: &Arc<Catalog>) {
        let mut books = self.books();
        let before = std::mem::take(&mut *books);
        let heard = |id: &str| {
            let at = before.city.as_ref()?.station_named(id)?;
            before.heard.get(at.0 as usize).copied()
        };
        books.heard = city.stations.iter().map(|station| heard(station.id.as_str()).unwrap_or_default()).collect();
        let most = city.datastreams.iter().map(|datastream| datastream.id.0 as usize + 1).max().unwrap_or(0);
        books.station_of = vec![None; most];
        for datastream in &city.datastreams {
            books.station_of[datastream.id.0 as usize] = Some(datastream.station);
        }
        books.city = Some(city.clone());
    }

    /// Hears of a batch.
    pub fn count(&self, committed: &Committed<'_>) {
        let mut books = self.books();
        for effect in committed.effects {
            match effect {
                Effect::Observed(seen) => {
                    if let Some(heard) = books.of(seen.datastream) {
                        heard.said(seen.time, committed.now);
                    }
                }
                Effect::Duplicate(datastream) => {
                    if let Some(heard) = books.of(*datastream) {
                        heard.duplicates += 1;
                    }
                }
                _ => {}
            }
        }
        for letter in committed.dead_letters {
            let station = letter.station.as_deref().and_then(|id| books.city.as_ref()?.station_named(id));
            if let Some(heard) = station.and_then(|at| books.heard.get_mut(at.0 as usize)) {
                heard.refused += 1;
            }
        }
    }

    /// How each station speaks, by its id.
    pub fn speech(&self) -> BTreeMap<String, Speech> {
        let books = self.books();
        let stations = books.city.iter().flat_map(|city| &city.stations);
        #[expect(clippy::cast_precision_loss, reason = "a delay in milliseconds is small")]
        let speech = |heard: &Heard| Speech {
            behind_s: heard.behind_ms().map(|ms| ms as f64 / 1000.0),
            duplicates: heard.duplicates,
            refused: heard.refused,
        };
        stations.zip(&books.heard).map(|(station, heard)| (station.id.as_str().to_owned(), speech(heard))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_judged_by_its_quickest_reading() {
        let at = |ms: i64| Time::from_millis(ms);
        let mut heard = Heard::default();
        assert_eq!(heard.behind_ms(), None);
        heard.said(at(0), at(9_000));
        heard.said(at(10_000), at(10_400));
        heard.said(at(5_000), at(11_000));
        assert_eq!(heard.behind_ms(), Some(400), "one that waited says nothing of the clock");
        heard.said(at(40_000), at(20_000));
        assert_eq!(heard.behind_ms(), Some(-20_000), "what is of later than now is told by a clock that is ahead");
        heard.said(at(SPAN_MS), at(SPAN_MS + 700));
        assert_eq!(heard.behind_ms(), Some(-20_000));
        heard.said(at(2 * SPAN_MS), at(2 * SPAN_MS + 900));
        assert_eq!(heard.behind_ms(), Some(700), "a clock that was set is believed again");
        heard.said(at(9 * SPAN_MS), at(9 * SPAN_MS + 300));
        assert_eq!(heard.behind_ms(), Some(300), "what was long ago is forgotten");
    }
}
