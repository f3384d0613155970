//! Hours and days of what is no longer kept say what the observations said, whenever these went.

use super::super::look::Look;
use super::super::{Bounds, Keep, Seal, Step};
use super::twin::Twins;
use super::{BEGINS, FLAGS, observation};
use crate::store::summary::{MadeOf, Summary, Window};
use crate::store::{Batch, Entry, Reader, Store, Stored};
use bongsu_rules::flag::Tests;
use bongsu_rules::record::CatalogText;
use bongsu_rules::{Input, Record};
use bongsu_sensors::catalog::Numbering;
use bongsu_sensors::reading::DatastreamId;
use bongsu_sensors::{StationId, Time};
use jiff::tz::TimeZone;
use proptest::prelude::*;
use std::path::Path;
use std::time::Duration;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: Duration = Duration::from_secs(86_400);

/// A zone whose days begin in the middle of an hour of UTC.
const CITY: &str = r#"
timezone = "Asia/Kolkata"
area = [{ code = "a", name = { en = "A" } }]
station = [{ id = "s", position = [12.9, 77.6], area = "a", datastream = [{ kind = "river_stage" }] }]
"#;

fn zone() -> TimeZone {
    TimeZone::get("Asia/Kolkata").expect("it is known")
}

/// Both stores with a city of three datastreams, which takes the first record.
fn twins() -> Twins {
    let mut twins = Twins::new();
    let names = ["wind_speed", "river_stage", "rainfall"];
    let pairs = names.map(|name| (StationId::new("s"), name.parse().expect("a kind")));
    let numbering = Some(Numbering::of(pairs));
    twins.sealing.commit(&Batch { numbering, ..Batch::default() }).expect("committed");
    let text = CatalogText { name: "stations.toml".into(), stations: CITY.into(), geometry: None };
    let input = Input::Catalog(text.into());
    twins.commit(&[Entry::of(&Record { seq: 1, now: Time::from_millis(BEGINS), input }, &[]).expect("memory")]);
    twins
}

/// A record: minutes since the one before; readings: datastream, minutes before it, thousandths, flag; later flags.
type Brings = (i64, Vec<(u32, i64, Option<i32>, usize)>, Vec<(u32, i64, usize)>);

/// Few times, so that much comes twice and is judged again; nothing is later than 20 hours.
fn brings() -> impl Strategy<Value = Brings> {
    let reading = (0_u32..3, 0_i64..1_200, prop::option::weighted(0.9, -9_999_i32..9_999), 0_usize..5);
    let flag = (0_u32..3, 0_i64..1_200, 0_usize..5);
    (0_i64..400, prop::collection::vec(reading, 0..9), prop::collection::vec(flag, 0..3))
}

fn entries(brings: &[Brings]) -> Vec<Entry> {
    let mut now = BEGINS;
    let entry = |(seq, (gap, readings, flags)): (u64, &Brings)| {
        now += gap * MINUTE;
        let time = |before: i64| (now - before * MINUTE).div_euclid(30 * MINUTE) * 30 * MINUTE;
        let seen = readings.iter().map(|(id, before, value, flag)| {
            observation(*id, time(*before), value.map(|value| f64::from(value) / 1_000.0), FLAGS[*flag], 0)
        });
        let flags = flags.iter().map(|(id, before, flag)| {
            Stored::Flag(DatastreamId(*id), Time::from_millis(time(*before)), FLAGS[*flag], Tests::default())
        });
        Entry::rebuilt(seq, Time::from_millis(now), seen.chain(flags)).expect("memory")
    };
    (2..).zip(brings).map(entry).collect()
}

fn bounds(rows: usize, keep: Keep) -> Bounds {
    Bounds { after: Duration::ZERO, rows, keep }
}

const TWO_DAYS: Keep = Keep { raw: Some(Duration::from_secs(2 * 86_400)), hours: None, days: None };

/// All of a datastream.
fn all(reader: &Reader, number: u32, window: Window) -> Vec<Summary> {
    let span = (Time::from_millis(BEGINS - 900 * 24 * HOUR), Time::from_millis(BEGINS + 900 * 24 * HOUR));
    reader.summaries(DatastreamId(number), span, window, &zone()).expect("read").windows
}

/// Both stores say the same of hours and days, and of windows of several of them but for the order of additions.
#[track_caller]
fn agree(twins: &Twins) {
    let [sealing, whole] = twins.readers();
    for number in 0..3 {
        for window in [Window::HOUR, Window::DAY, Window::Even(6 * HOUR), Window::Days(3)] {
            let is_exact = [Window::HOUR, Window::DAY].contains(&window);
            let (found, expected) = (all(&sealing, number, window), all(&whole, number, window));
            assert_eq!(found.len(), expected.len(), "{window:?} of {number}");
            for (found, expected) in found.iter().zip(&expected) {
                assert!(is_exact || (found.sum - expected.sum).abs() < 1e-6, "{found:?} {expected:?}");
                let sum = if is_exact { found.sum } else { expected.sum };
                assert_eq!(
                    Summary { made_of: MadeOf::Observations, sum, ..*found },
                    *expected,
                    "{window:?} of {number}"
                );
            }
        }
    }
}

fn files(path: &Path) -> usize {
    std::fs::read_dir(path.with_file_name("history")).expect("there").count()
}

/// Steps until nothing is left to do.
fn run(store: &mut Store, path: &Path, bounds: Bounds, now: Time) -> Vec<Step> {
    let mut seal = Seal::open(path, bounds).expect("opened");
    let steps = std::iter::from_fn(|| Some(seal.step(now, u64::MAX, store).expect("done")));
    steps.take_while(|step| *step != Step::Idle).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    /// Late readings into sealed and half rolled days, duplicates, later flags, a program that ends at any step.
    #[test]
    fn hours_and_days_say_what_the_observations_said(
        brings in prop::collection::vec(brings(), 20..90),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..25, 5_usize..60), 1..7),
    ) {
        let entries = entries(&brings);
        let mut twins = twins();
        let path = twins.path();
        let mut begin = 0;
        let mut cuts: Vec<_> =
            cuts.into_iter().map(|(cut, steps, rows)| (cut.index(entries.len()) + 1, steps, rows)).collect();
        cuts.sort_unstable();
        cuts.push((entries.len(), 12, 25));
        for (end, steps, rows) in cuts {
            if end > begin {
                twins.commit(&entries[begin..end]);
                begin = end;
            }
            let mut seal = Seal::open(&path, bounds(rows, TWO_DAYS)).expect("opened");
            for _ in 0..steps {
                let step = seal.step(entries[end - 1].now, u64::MAX, &mut twins.sealing).expect("done");
                agree(&twins);
                if step == Step::Idle {
                    break;
                }
            }
        }
        let later = entries[entries.len() - 1].now + DAY * 9;
        run(&mut twins.sealing, &path, bounds(1_000, TWO_DAYS), later);
        run(&mut twins.sealing, &path, bounds(1_000, TWO_DAYS), later + DAY);
        prop_assert_eq!(files(&path), 0, "all of it was rolled up, and went");
        agree(&twins);
    }
}

/// A record of some minutes of the first datastream, taken in at a time.
fn minutes(seq: u64, now: i64, minutes: impl Iterator<Item = i64>) -> Entry {
    let seen = minutes.map(|minute| observation(0, BEGINS + minute * MINUTE, Some(1.5), FLAGS[0], 0));
    Entry::rebuilt(seq, Time::from_millis(now), seen).expect("memory")
}

#[test]
fn what_comes_when_the_observations_are_gone_fills_gaps_and_doubles_nothing() {
    let mut twins = twins();
    let path = twins.path();
    // Every ten minutes for four days, but for an hour and a half on the second.
    let said = |minute: &i64| !(34 * 60 + 30..36 * 60).contains(minute);
    let day = |day: i64| (day * 1_440..(day + 1) * 1_440).step_by(10);
    let taken_in = |day: i64| BEGINS + day * 24 * HOUR;
    let entries: Vec<Entry> = (0..4).map(|at| minutes(2 + at as u64, taken_in(at + 1), day(at).filter(said))).collect();
    twins.commit(&entries);
    twins.commit(&[minutes(6, taken_in(4), day(4).take(1))]);
    run(&mut twins.sealing, &path, bounds(1_000, TWO_DAYS), Time::from_millis(taken_in(9)));
    let late = [taken_in(9), taken_in(9) + MINUTE];
    let days = |reader: &Reader, window| all(reader, 0, window).iter().map(|one| one.observations).collect::<Vec<_>>();
    let [reader, _] = twins.readers();
    let before: u64 = days(&reader, Window::HOUR).iter().sum();
    assert_eq!((before, days(&reader, Window::DAY).iter().sum::<u64>()), (4 * 144 - 9 + 1, 4 * 144 - 9 + 1));
    // The device sends the whole of that day again, twice.
    twins.commit(&late.map(|now| minutes(if now == late[0] { 7 } else { 8 }, now, day(1))));
    twins.commit(&[minutes(9, taken_in(10), std::iter::once(10 * 1_440))]);
    let check = |reader: &Reader| {
        let (hours, days) = (days(reader, Window::HOUR), days(reader, Window::DAY));
        assert_eq!(hours.iter().sum::<u64>(), 4 * 144 + 2, "{hours:?}");
        assert_eq!(days.iter().sum::<u64>(), 4 * 144 + 2, "{days:?}");
        assert!(hours.iter().all(|hour| *hour <= 6), "{hours:?}");
    };
    check(&twins.readers()[0]);
    for day in [11, 12, 13] {
        run(&mut twins.sealing, &path, bounds(1_000, TWO_DAYS), Time::from_millis(taken_in(day)));
        check(&twins.readers()[0]);
    }
    assert_eq!(files(&path), 0);
    check(&twins.readers()[0]);
    let made_of: Vec<MadeOf> = all(&twins.readers()[0], 0, Window::DAY).iter().map(|day| day.made_of).collect();
    assert_eq!(made_of[..4], [MadeOf::Days; 4]);
}

#[test]
fn a_damaged_row_costs_its_day_only_and_is_named() {
    let mut twins = twins();
    let path = twins.path();
    let entries: Vec<Entry> = (0..9)
        .map(|day: i64| {
            minutes(2 + day as u64, BEGINS + (day + 1) * 24 * HOUR, (day * 1_440..(day + 1) * 1_440).step_by(60))
        })
        .collect();
    twins.commit(&entries);
    run(&mut twins.sealing, &path, bounds(1_000, TWO_DAYS), entries[8].now);
    let [reader, _] = twins.readers();
    let whole = all(&reader, 0, Window::HOUR);
    assert_eq!(reader.check_history().expect("read").damages, []);
    let sql = "SELECT first, body FROM rollup WHERE every = 1 ORDER BY first LIMIT 1 OFFSET 2";
    let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?));
    let (first, mut body) = twins.sealing.connection.query_row(sql, [], row).expect("three");
    body[30] ^= 2;
    let sql = "UPDATE rollup SET body = ?1 WHERE every = 1 AND first = ?2";
    twins.sealing.connection.execute(sql, rusqlite::params![body, first]).expect("written");
    let left = all(&reader, 0, Window::HOUR);
    assert_eq!(whole.len() - left.len(), 24);
    assert!(left.iter().all(|hour| whole.contains(hour)));
    assert_eq!(all(&reader, 0, Window::DAY).len(), 10, "days of the city begin half an hour before these");
    let damages = reader.check_history().expect("read").damages;
    let from = Time::from_millis(first);
    assert_eq!(damages.len(), 1, "{damages:?}");
    let named = format!("city.db: the hours of datastream 0 from {from} is damaged");
    assert!(damages[0].to_string().starts_with(&named), "{damages:?}");
}

#[test]
fn a_round_finds_what_is_damaged_wherever_it_stands_and_the_next_what_was_mended() {
    let mut twins = twins();
    let path = twins.path();
    let day =
        |day: i64| minutes(2 + day.unsigned_abs(), BEGINS + (day + 1) * 24 * HOUR, day * 1_440..(day + 1) * 1_440);
    let entries: Vec<Entry> = (0..6).map(day).collect();
    twins.commit(&entries);
    run(&mut twins.sealing, &path, bounds(1_000, TWO_DAYS), entries[5].now);
    let seal = Seal::open(&path, bounds(1_000, TWO_DAYS)).expect("opened");
    let files = seal.stands().expect("read").0;
    let mut look = Look::default();
    let mut round = || {
        // One more than there are files: hours and days.
        (0..=files).for_each(|_| seal.look_over(&mut look).expect("read"));
        look.damages().iter().map(|damage| (damage.file.clone(), damage.part.clone())).collect::<Vec<_>>()
    };
    assert_eq!(round(), []);
    let newest =
        std::fs::read_dir(path.with_file_name("history")).expect("there").map(|file| file.expect("one").path());
    let newest = newest.max().expect("a file");
    let whole = std::fs::read(&newest).expect("read");
    let mut broken = whole.clone();
    broken[40] ^= 8;
    std::fs::write(&newest, broken).expect("written");
    let newest_day = "WHERE every = 2 AND first = (SELECT max(first) FROM rollup WHERE every = 2)";
    let connection = &twins.sealing.connection;
    let body: Vec<u8> =
        connection.query_row(&format!("SELECT body FROM rollup {newest_day}"), [], |row| row.get(0)).expect("a day");
    let write = |body: &[u8]| {
        let sql = format!("UPDATE rollup SET body = ?1 {newest_day}");
        assert_eq!(connection.execute(&sql, [body]).expect("written"), 1);
    };
    let mut other = body.clone();
    other[20] ^= 2;
    write(&other);
    let found = round();
    let name = newest.file_name().expect("a name").to_string_lossy().into_owned();
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(found[0], (name, "block 0".to_owned()));
    assert!(found[1].0 == "city.db" && found[1].1.starts_with("the days of datastream 0 from "), "{found:?}");
    std::fs::write(&newest, whole).expect("written");
    write(&body);
    assert_eq!(round(), [], "nothing is told of what came back");
}

#[test]
fn a_store_that_keeps_little_stays_as_large_as_it_is() {
    let mut twins = twins();
    let path = twins.path();
    let keep = Keep { raw: Some(DAY * 2), hours: Some(DAY * 5), days: Some(DAY * 10) };
    let mut sizes = Vec::new();
    for day in 0..45_i64 {
        let hour = |hour: i64| {
            let seq = u64::try_from(2 + day * 24 + hour).expect("few");
            let begin = (day * 24 + hour) * 60;
            minutes(seq, BEGINS + (begin + 60) * MINUTE, begin..begin + 60)
        };
        let entries: Vec<Entry> = (0..24).map(hour).collect();
        let now = entries[23].now;
        twins.sealing.commit(&Batch { entries, ..Batch::default() }).expect("committed");
        twins.sealing.keep_snapshot(u64::try_from(25 + day * 24).expect("few"), b"no engine").expect("kept");
        run(&mut twins.sealing, &path, bounds(1_000, keep), now);
        twins.sealing.fold_log().expect("folded");
        let sealed = std::fs::read_dir(path.with_file_name("history")).expect("there");
        let sealed: u64 = sealed.map(|file| file.expect("a file").metadata().expect("there").len()).sum();
        sizes.push(sealed + std::fs::metadata(&path).expect("there").len());
    }
    assert!(sizes[44] <= sizes[20] + sizes[20] / 20, "{sizes:?}");
    let known: u64 =
        twins.sealing.connection.query_row("SELECT count(*) FROM sealed", [], |row| row.get(0)).expect("counted");
    assert!(known < 12, "{known} files are known");
    let [reader, _] = twins.readers();
    let span = |window| {
        let found = all(&reader, 0, window);
        let last = found.last().map_or(0, |one| one.time.millis());
        found.first().map_or(0, |one| (last - one.time.millis()) / (24 * HOUR))
    };
    let spans = [Window::Even(10 * MINUTE), Window::HOUR, Window::DAY].map(span);
    assert_eq!(spans, [2, 5, 10], "days that are answered for");
}
