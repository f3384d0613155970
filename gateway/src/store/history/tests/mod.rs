//! What is sealed is what was logged, whatever is asked, wherever the program stops, whatever happens to a file.

// Files alone: round trips, broken and hostile ones, what a row costs.
mod files;
// Hours and days of what is no longer kept.
mod rolled;
// A store with a history beside one without.
mod twin;

use super::{Gathered, Record, Row};
use crate::store::Stored;
use bongsu_rules::flag::Tests;
use bongsu_rules::{Flag, Observation};
use bongsu_sensors::Time;
use bongsu_sensors::reading::DatastreamId;

/// When everything here begins.
const BEGINS: i64 = 1_783_000_000_000;

const FLAGS: [Flag; 5] = [Flag::Pass, Flag::NotEvaluated, Flag::Suspect, Flag::Fail, Flag::Missing];

fn observation(datastream: u32, time_ms: i64, value: Option<f64>, flag: Flag, tests: u32) -> Stored {
    let (datastream, time) = (DatastreamId(datastream), Time::from_millis(time_ms));
    Stored::Observation(Observation { datastream, time, value, flag, tests: Tests::from_number(tests) })
}

/// Records that brought these rows each.
fn gathered(records: Vec<(i64, Vec<Stored>)>) -> Gathered {
    let mut gathered = Gathered { after: 0, until: records.len() as u64, ..Gathered::default() };
    for (place, (now, stored)) in records.into_iter().enumerate().filter(|(_, (_, stored))| !stored.is_empty()) {
        let first = u32::try_from(gathered.rows.len()).expect("few");
        let rows = u32::try_from(stored.len()).expect("few");
        gathered.records.push(Record { seq: place as u64 + 1, now: Time::from_millis(now), first, rows });
        gathered.rows.extend((first..).zip(stored).map(|(ordinal, stored)| Row { ordinal, stored }));
    }
    gathered
}

/// Numbers that look like chance and are always the same.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// A city of datastreams that each say something about once a minute: decimal readings that wander, clocks that are a
/// little off, in the order in which they come.
fn city(datastreams: u32, minutes: i64) -> Gathered {
    let mut dice = Dice(1);
    let mut levels: Vec<i64> =
        (0..datastreams).map(|_| 1_000 + i64::try_from(dice.below(4_000)).expect("few")).collect();
    let mut said: Vec<(i64, Stored)> = Vec::new();
    for minute in 0..minutes {
        for datastream in 0..datastreams {
            let level = &mut levels[datastream as usize];
            *level += i64::try_from(dice.below(21)).expect("few") - 10;
            #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
            let value = *level as f64 / 1_000.0;
            let due = BEGINS + minute * 60_000 + i64::from(datastream) * 60_000 / i64::from(datastreams);
            let time = due + i64::try_from(dice.below(200)).expect("few");
            let heard = time + 20 + i64::try_from(dice.below(60)).expect("few");
            said.push((heard, observation(datastream, time, Some(value), Flag::Pass, 0x155)));
        }
    }
    said.sort_by_key(|(heard, _)| *heard);
    gathered(said.into_iter().map(|(heard, stored)| (heard, vec![stored])).collect())
}
