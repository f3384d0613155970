//! A store that seals beside one that never does: whatever is asked, both answer the same.

use super::super::{Bounds, Hand, Keep, Seal, Step, Work};
use super::{BEGINS, FLAGS};
use crate::store::summary::Window;
use crate::store::{Batch, CATALOG, Entry, Reader, Store, Stored};
use bongsu_rules::flag::Tests;
use bongsu_rules::incident::Status;
use bongsu_rules::{Effect, Input, Observation, Record};
use bongsu_sensors::reading::DatastreamId;
use bongsu_sensors::{Reading, Time};
use jiff::tz::TimeZone;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What one record of a log brings.
#[derive(Clone, Debug)]
struct Brings {
    /// Milliseconds since the one before.
    gap: i64,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    /// Readings: datastream, seconds before the record, thousandths, flag or none where it was a duplicate; later flags:
    /// datastream, seconds before the record, flag.
    Readings(Vec<(u32, i64, Option<i32>, Option<usize>)>, Vec<(u32, i64, usize)>),
    Tick,
    /// A city: something that only the log has.
    City(u8),
}

fn brings() -> impl Strategy<Value = Brings> {
    // Few datastreams and few times: much comes twice, late, and is judged again.
    let reading = (
        0_u32..3,
        -30_i64..600,
        prop::option::weighted(0.9, -9_999_i32..9_999),
        prop::option::weighted(0.8, 0_usize..5),
    );
    let flag = (0_u32..3, 0_i64..600, 0_usize..5);
    let readings = (prop::collection::vec(reading, 0..6), prop::collection::vec(flag, 0..2));
    let what = prop_oneof![
        8 => readings.prop_map(|(readings, flags)| What::Readings(readings, flags)),
        1 => Just(What::Tick),
        1 => any::<u8>().prop_map(What::City),
    ];
    (0_i64..30_000, what).prop_map(|(gap, what)| Brings { gap, what })
}

/// The rows of a log.
fn entries(brings: &[Brings]) -> Vec<Entry> {
    let mut now = BEGINS;
    let entry = |(seq, brings): (u64, &Brings)| {
        now += brings.gap;
        let time = |before: i64| Time::from_millis((now - before * 1_000).div_euclid(5_000) * 5_000);
        let now = Time::from_millis(now);
        let (readings, flags) = match &brings.what {
            What::Readings(readings, flags) => (readings, flags),
            What::Tick => return Entry::of(&Record { seq, now, input: Input::Tick }, &[]).expect("memory"),
            What::City(byte) => return Entry { seq, now, kind: CATALOG, first: now, last: now, body: vec![*byte; 9] },
        };
        let mut effects: Vec<Effect> = Vec::new();
        let said = readings.iter().map(|(datastream, before, value, flag)| {
            let (datastream, time) = (DatastreamId(*datastream), time(*before));
            let value = value.map(|value| f64::from(value) / 1_000.0);
            effects.push(match flag {
                Some(flag) => Effect::Observed(Observation {
                    datastream,
                    time,
                    value,
                    flag: FLAGS[*flag],
                    tests: Tests::default(),
                }),
                None => Effect::Duplicate(datastream),
            });
            Reading { datastream, time: Some(time), value }
        });
        let input = Input::Readings(said.collect());
        effects.extend(flags.iter().map(|(datastream, before, flag)| Effect::Reflagged {
            datastream: DatastreamId(*datastream),
            time: time(*before),
            flag: FLAGS[*flag],
            tests: Tests::from_number(5),
        }));
        Entry::of(&Record { seq, now, input }, &effects).expect("memory")
    };
    (1..).zip(brings).map(entry).collect()
}

/// A store, and the same without a history.
pub struct Twins {
    folder: tempfile::TempDir,
    pub sealing: Store,
    whole: Store,
}

impl Twins {
    pub fn new() -> Twins {
        let folder = tempfile::tempdir().expect("a folder");
        let open =
            |name: &str| Store::open(&folder.path().join(name).join("city.db"), Status::Actual, 10).expect("a store");
        Twins { sealing: open("sealing"), whole: open("whole"), folder }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("sealing/city.db")
    }

    /// Readers of both.
    pub fn readers(&self) -> [Reader; 2] {
        ["sealing", "whole"].map(|name| Reader::open(&self.folder.path().join(name).join("city.db")).expect("a reader"))
    }

    pub fn commit(&mut self, entries: &[Entry]) {
        for store in [&mut self.sealing, &mut self.whole] {
            store.commit(&Batch { entries: entries.to_vec(), ..Batch::default() }).expect("committed");
            let newest = entries.last().map_or(0, |entry| entry.seq);
            store.keep_snapshot(newest, b"no engine").expect("kept");
        }
    }

    /// Both answer the same to everything that is asked of observations.
    #[track_caller]
    fn agree(&self, newest: Time) {
        let [sealing, whole] = self.readers();
        let answers = [answers(&sealing, newest), answers(&whole, newest)];
        for (one, other) in answers[0].iter().zip(&answers[1]) {
            assert_eq!(one, other);
        }
        let entries = |store: &Store, since: Time| {
            let mut found = Vec::new();
            store
                .entries(0, u64::MAX >> 1, since, |entry| {
                    found.extend(told(&entry));
                    Ok(())
                })
                .expect("read");
            found
        };
        for since in [i64::MIN, newest.millis() - 100_000] {
            let since = Time::from_millis(since);
            assert_eq!(entries(&self.sealing, since), entries(&self.whole, since));
            let last = self.whole.newest().expect("read").map_or(0, |(seq, _)| seq);
            for until in [last / 2, last] {
                assert_eq!(recalled(&self.sealing, until, since), recalled(&self.whole, until, since));
            }
        }
    }
}

/// What a start gives the windows of each datastream.
fn recalled(store: &Store, until: u64, since: Time) -> BTreeMap<DatastreamId, Vec<String>> {
    let mut found: BTreeMap<DatastreamId, Vec<String>> = BTreeMap::new();
    let mut each = |stored: Stored| {
        let (Stored::Observation(Observation { datastream: id, .. }) | Stored::Flag(id, ..)) = stored;
        found.entry(id).or_default().push(format!("{stored:?}"));
    };
    let sealed = store.sealed(until, since, &mut each).expect("read");
    store
        .entries(sealed, until, since, |entry| {
            entry.stored().expect("whole").for_each(&mut each);
            Ok(())
        })
        .expect("read");
    found
}

/// What a record says to those who follow: ticks, and readings of which nothing was taken, say nothing.
fn told(entry: &Entry) -> Option<String> {
    let stored: Vec<Stored> = entry.stored().expect("whole").collect();
    let says = entry.kind == CATALOG || !stored.is_empty();
    says.then(|| match entry.kind {
        CATALOG => format!("{} {} {:?}", entry.seq, entry.now, entry.body),
        _ => format!("{} {} {} {} {stored:?}", entry.seq, entry.now, entry.first, entry.last),
    })
}

/// The answers to many questions, as text.
fn answers(reader: &Reader, newest: Time) -> Vec<String> {
    let mut answers = Vec::new();
    let times: Vec<Time> = (-40..=8)
        .map(|step| {
            newest + Duration::from_secs(120) - Duration::from_secs(60) * u32::try_from(step + 40).expect("few")
        })
        .collect();
    let begins = Time::from_millis(BEGINS - 700_000);
    for number in 0..4 {
        for (from, to) in times.iter().rev().zip(times.iter().rev().skip(7)).step_by(3) {
            let page = reader.observations(DatastreamId(number), *from, *to, 10).expect("read");
            answers.push(format!("{number} {from} {to} {} {:?}", page.more, page.observations));
        }
        let all =
            reader.observations(DatastreamId(number), begins, newest + Duration::from_secs(99), 10_000).expect("read");
        answers.push(format!("{number} {:?}", all.observations));
    }
    for every in [Window::Even(60_000), Window::HOUR, Window::DAY] {
        let zone = TimeZone::fixed(jiff::tz::offset(9));
        let span = (begins, newest + Duration::from_secs(99));
        answers.push(format!("{:?}", reader.summaries(DatastreamId(1), span, every, &zone).expect("read")));
    }
    for (from, to) in [(begins, newest), (newest - Duration::from_secs(300), newest)] {
        answers.push(format!("{:?}", reader.moments(&[0, 2], from, to, 100_000).expect("read")));
    }
    for at in times.iter().step_by(9) {
        answers.push(format!("{at} {:?}", reader.values_at(*at, Duration::from_secs(200)).expect("read")));
    }
    for (rows, limit) in [(1_000, 1_000), (1_000, 3)] {
        let mut recent = Vec::new();
        // Which rows are the newest may differ by those that say nothing, so all are asked for.
        reader.recent_observations(rows, limit, |seen| recent.push(seen)).expect("read");
        answers.push(format!("{recent:?}"));
    }
    let newest = reader.newest_record().expect("read").map_or(0, |(seq, _)| seq);
    for (after, until) in [(0, u64::MAX >> 1), (newest / 3, newest / 2), (newest / 2, newest)] {
        let mut followed = Vec::new();
        reader
            .follow(after, until, |entry| {
                followed.extend(told(&entry));
                Ok(ControlFlow::Continue(()))
            })
            .expect("followed");
        answers.push(format!("{followed:?}"));
    }
    answers
}

/// What a datastream observed, as somebody would say it who reads the log from its beginning.
fn by_hand(entries: &[Entry], number: u32) -> BTreeMap<Time, Observation> {
    let mut found: BTreeMap<Time, Observation> = BTreeMap::new();
    for entry in entries {
        for stored in entry.stored().expect("whole") {
            match stored {
                Stored::Observation(seen) if seen.datastream.0 == number => {
                    found.entry(seen.time).or_insert(seen);
                }
                Stored::Flag(id, time, flag, tests) if id.0 == number => {
                    if let Some(seen) = found.get_mut(&time) {
                        (seen.flag, seen.tests) = (flag, tests);
                    }
                }
                _ => {}
            }
        }
    }
    found
}

/// What is asked for, and its hours, are what somebody finds by hand.
#[track_caller]
fn agree_with_hand(reader: &Reader, entries: &[Entry], newest: Time) {
    let (begins, ends) = (Time::from_millis(BEGINS - 700_000), newest + Duration::from_secs(99));
    for number in 0..3 {
        let by_hand = by_hand(entries, number);
        let page = reader.observations(DatastreamId(number), begins, ends, 10_000).expect("read");
        assert_eq!(page.observations, by_hand.values().copied().collect::<Vec<_>>());
        let hours = reader.summaries(DatastreamId(number), (begins, ends), Window::HOUR, &TimeZone::UTC).expect("read");
        let hours = hours.windows;
        for hour in &hours {
            let within = by_hand.range(hour.time..hour.time + Duration::from_secs(3_600)).map(|(_, seen)| seen);
            let values: Vec<f64> =
                within.clone().filter(|seen| seen.flag.usable()).filter_map(|seen| seen.value).collect();
            assert_eq!((hour.observations, hour.count), (within.count() as u64, values.len() as u64));
            assert_eq!(hour.sum, values.iter().fold(0.0, |sum, value| sum + value));
            let least = values.iter().copied().reduce(f64::min).unwrap_or_default();
            let most = values.iter().copied().reduce(f64::max).unwrap_or_default();
            assert_eq!((hour.min, hour.max), (least, most));
        }
        assert_eq!(hours.iter().map(|hour| hour.observations).sum::<u64>(), by_hand.len() as u64);
    }
}

/// Everything may be sealed that a snapshot covers.
fn bounds(rows: usize) -> Bounds {
    Bounds { after: Duration::ZERO, rows, keep: Keep::default() }
}

const LATER: i64 = BEGINS + 1_000_000_000;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn a_store_answers_the_same_whatever_of_it_is_sealed_and_wherever_the_program_stops(
        brings in prop::collection::vec(brings(), 2..60),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..9, 3_usize..30), 1..5),
    ) {
        let entries = entries(&brings);
        let newest = entries.last().expect("some").now;
        let mut twins = Twins::new();
        let mut begin = 0;
        let mut cuts: Vec<_> = cuts.into_iter().map(|(cut, steps, rows)| (cut.index(entries.len()) + 1, steps, rows)).collect();
        cuts.sort_unstable();
        cuts.push((entries.len(), 100, 25));
        for (end, steps, rows) in cuts {
            if end > begin {
                twins.commit(&entries[begin..end]);
                begin = end;
            }
            let mut seal = Seal::open(&twins.path(), bounds(rows)).expect("opened");
            for _ in 0..steps {
                let step = seal.step(Time::from_millis(LATER), u64::MAX, &mut twins.sealing).expect("done");
                twins.agree(newest);
                if step == Step::Idle {
                    break;
                }
            }
            // The program ends here, at whatever step it is.
        }
        agree_with_hand(&Reader::open(&twins.path()).expect("a reader"), &entries, newest);
        let left = "SELECT count(*) FROM log WHERE kind = 1 AND seq <= (SELECT coalesce(max(until), 0) FROM sealed)";
        let left: u64 = twins.sealing.connection.query_row(left, [], |row| row.get(0)).expect("counted");
        prop_assert_eq!(left, 0, "what is sealed was let go");
    }
}

/// A log of so many records, one reading each, ten seconds apart.
fn plain(count: i64) -> Vec<Entry> {
    let reading =
        |record: i64| What::Readings(vec![(0, 0, Some(i32::try_from(record).expect("few")), Some(0))], vec![]);
    entries(&(0..count).map(|record| Brings { gap: 10_000, what: reading(record) }).collect::<Vec<_>>())
}

/// Steps until nothing is left to do.
fn seal_all(path: &Path, bounds: Bounds, now: Time, exported: u64, hand: &mut dyn Hand) -> Vec<Step> {
    let mut seal = Seal::open(path, bounds).expect("opened");
    let steps = std::iter::from_fn(|| Some(seal.step(now, exported, hand).expect("done")));
    steps.take_while(|step| *step != Step::Idle).collect()
}

fn sealed_until(store: &Store) -> u64 {
    store.sealed_until().expect("read")
}

#[test]
fn nothing_is_sealed_that_is_young_or_that_a_restart_or_an_archive_needs() {
    let entries = plain(100);
    let newest = entries[99].now;
    let mut twins = Twins::new();
    let path = twins.path();
    let store = &mut twins.sealing;
    store.commit(&Batch { entries, ..Batch::default() }).expect("committed");
    let hour = Bounds { after: Duration::from_secs(500), ..bounds(1_000_000) };
    let later = newest + Duration::from_secs(10_000);
    assert_eq!(seal_all(&path, bounds(9), later, u64::MAX, store), [], "without a snapshot nothing is sealed");
    store.keep_snapshot(80, b"no engine").expect("kept");
    assert_eq!(seal_all(&path, hour, newest, u64::MAX, store), [], "files are not made of minutes");
    assert_eq!(seal_all(&path, hour, newest + Duration::from_secs(11), u64::MAX, store).len(), 4);
    assert_eq!(sealed_until(store), 51, "older than it must be");
    assert_eq!(seal_all(&path, bounds(1_000), later, 60, store).len(), 4);
    assert_eq!(sealed_until(store), 60, "what the archive has");
    assert_eq!(seal_all(&path, bounds(1_000), later, u64::MAX, store).len(), 4);
    assert_eq!(sealed_until(store), 79, "the snapshot's own record stays");
}

#[test]
fn a_writer_that_fails_is_asked_again() {
    struct Failing<'a>(&'a mut Store, u32);
    impl Hand for Failing<'_> {
        fn write(&mut self, work: Work) -> Result<(), String> {
            self.1 += 1;
            if self.1 % 2 == 1 { Err("the disk is full".into()) } else { self.0.write(work) }
        }
    }
    let entries = plain(50);
    let newest = entries[49].now;
    let mut twins = Twins::new();
    twins.commit(&entries);
    let path = twins.path();
    let mut hand = Failing(&mut twins.sealing, 0);
    let mut seal = Seal::open(&path, bounds(10)).expect("opened");
    let steps = std::iter::from_fn(|| Some(seal.step(Time::from_millis(LATER), u64::MAX, &mut hand)));
    let failed = steps.take_while(|step| !matches!(step, Ok(Step::Idle))).filter(Result::is_err).count();
    assert!(failed > 5, "{failed}");
    assert_eq!(sealed_until(&twins.sealing), 49);
    twins.agree(newest);
}

#[test]
fn what_a_crash_left_is_removed_and_what_nobody_knows_is_left_alone() {
    let mut twins = Twins::new();
    twins.commit(&plain(50));
    let path = twins.path();
    let folder = path.with_file_name("history");
    std::fs::create_dir_all(&folder).expect("made");
    let left = ["000000000000-000000000007.part", "000000000000-000000000007.sealed"];
    let lost = "000000000900-000000000999.sealed";
    for name in left.iter().chain([&lost]) {
        std::fs::write(folder.join(name), "half").expect("written");
    }
    Seal::open(&path, bounds(10)).expect("opened");
    let found: Vec<_> = std::fs::read_dir(&folder).expect("there").map(|file| file.expect("one").file_name()).collect();
    assert_eq!(found, [lost], "of what is not in the log it may be the only copy");
}

#[test]
fn a_damaged_file_costs_a_question_only_what_stood_there() {
    let mut twins = Twins::new();
    let entries = plain(90);
    twins.commit(&entries);
    let path = twins.path();
    seal_all(&path, bounds(30), Time::from_millis(LATER), u64::MAX, &mut twins.sealing);
    let folder = path.with_file_name("history");
    let second = folder.join("000000000030-000000000060.sealed");
    let mut bytes = std::fs::read(&second).expect("there");
    bytes[20] ^= 4;
    std::fs::write(&second, bytes).expect("written");
    let reader = Reader::open(&path).expect("a reader");
    let all =
        || reader.observations(DatastreamId(0), Time::from_millis(0), Time::from_millis(LATER), 1_000).expect("read");
    assert_eq!(all().observations.len(), 60);
    let checked = reader.check_history().expect("read");
    assert_eq!((checked.files, checked.damages.len()), (3, 1), "{checked:?}");
    let told = checked.damages[0].to_string();
    assert!(told.contains("000000000030-000000000060.sealed: block 0 is damaged"), "{told}");
    std::fs::remove_file(folder.join("000000000000-000000000030.sealed")).expect("removed");
    let reader = Reader::open(&path).expect("a reader");
    assert_eq!(reader.check_history().expect("read").damages.len(), 2);
    assert_eq!(
        reader
            .observations(DatastreamId(0), Time::from_millis(0), Time::from_millis(LATER), 1_000)
            .expect("read")
            .observations
            .len(),
        30
    );
}
