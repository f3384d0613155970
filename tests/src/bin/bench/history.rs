//! The sealed history: what an observation costs there, how soon a question to it is answered, what a start over it takes,
//! and whether devices feel that it is written. Beside it the same observations and questions in VictoriaMetrics.

use crate::whole;
use bongsu_gateway::store::history::{Bounds, Keep, Seal, Step};
use bongsu_gateway::store::summary::Window;
use bongsu_gateway::store::{Batch, Entry, Reader, Store, Stored};
use bongsu_rules::incident::Status;
use bongsu_rules::{Flag, Observation};
use bongsu_sensors::catalog::Numbering;
use bongsu_sensors::reading::DatastreamId;
use bongsu_sensors::{StationId, Time};
use bongsu_tests::program::Setup;
use bongsu_tests::rehearsal::Rehearsal;
use bongsu_tests::{http, load, peer, victoria};
use std::fmt::Write;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// About a thousand datastreams.
const STATIONS: usize = 150;

/// Observations of them, one a minute from each.
const OBSERVATIONS: u64 = 10_000_000;

/// Datastreams of which a year is kept, and its minutes.
const YEARLY: u32 = 10;
const MINUTES: i64 = 365 * 1_440;

/// Rows of one file of the week, and of the year: about a month of its datastreams.
const A_FILE: usize = 1_000_000;
const A_MONTH: usize = 500_000;

const DAY: Duration = Duration::from_secs(86_400);

/// Observations that are sealed while devices speak, and the devices.
const SEALED: i64 = 2_000_000;
const CLIENTS: usize = 50;

/// Rounds of each question, and pairs of rounds of the load: one while it is sealed, one while it is not.
const QUESTIONS: u32 = 200;
const PAIRS: usize = 7;

/// A part by its name, and what it does in a folder.
type Part = (&'static str, fn(&Path));

/// Its parts.
const PARTS: [Part; 3] = [("week", week), ("year", year), ("sealing", ingest)];

/// Those parts of it that are wanted.
pub fn run(folder: &Path, is_wanted: impl Fn(&str) -> bool) {
    for (_, part) in PARTS.iter().filter(|(name, _)| is_wanted(name)) {
        let began = Instant::now();
        part(folder);
        println!("  (all of this took {:.0} s)", began.elapsed().as_secs_f64());
    }
}

fn made(folder: &Path) -> tempfile::TempDir {
    tempfile::tempdir_in(folder).expect("the folder can be written")
}

/// The middle and the longest of some times, milliseconds.
fn times(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    format!("median {:.2} ms, longest {:.2} ms", ms(times[times.len() / 2]), ms(times[times.len() - 1]))
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn each(bytes: u64, count: u64) -> f64 {
    bytes as f64 / count.max(1) as f64
}

/// Bytes of everything below a folder.
fn bytes(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let of = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(found) if found.is_dir() => bytes(&entry.path()),
        found => found.map_or(0, |found| found.len()),
    };
    entries.map(of).sum()
}

/// Seals everything that may be; prints what that took.
fn seal(store: &mut Store, path: &Path, rows: usize) {
    let bounds = Bounds { after: Duration::ZERO, rows, keep: Keep::default() };
    let (_, newest) = store.newest().expect("read").expect("there is something");
    let began = Instant::now();
    let mut seal = Seal::open(path, bounds).expect("opened");
    while seal.step(newest + DAY, u64::MAX, store).expect("it can be written") != Step::Idle {}
    let took = began.elapsed().as_secs_f64();
    let (files, rows, bytes) = seal.stands().expect("read");
    println!(
        "  sealed       {rows} observations in {files} files: {:.2} bytes each, {:.0} a second",
        each(bytes, rows),
        each(rows, 1) / took
    );
}

/// A week of a simulated city.
fn week(folder: &Path) {
    let folder = made(folder);
    let settings = bongsu_simulators::Settings { cadence: Some(Duration::from_secs(60)), ..Default::default() };
    let rehearsal = Rehearsal { stations: STATIONS, settings, batch: 2_000, ..Rehearsal::of("calm", 1) };
    let streams: usize = rehearsal.simulation().city().stations.iter().map(|station| station.streams.len()).sum();
    let minutes = OBSERVATIONS / u64::try_from(streams).expect("few");
    let rehearsal = Rehearsal { lasting: Duration::from_secs(60 * minutes), ..rehearsal };
    println!("\nhistory: {streams} datastreams of a simulated city, one observation a minute each");
    let outcome = rehearsal.run_in(folder.path());
    let path = folder.path().join("data").join("city.db");
    let ends = Rehearsal::begins() + rehearsal.lasting;
    let started = |what: &str| {
        let mut setup = Setup::anonymous(folder.path()).with_clock(&format!("{ends}@1"));
        // What is sealed is sealed here, and not while somebody looks at the clock.
        setup.env.push(("BONGSU_STORE__SEAL_AFTER".into(), "3650d".into()));
        let program = setup.serve();
        println!("  start        {:.2} s with {what}", (program.ready - program.started).as_secs_f64());
        whole::end(program);
    };
    let mut store = Store::open(&path, Status::Exercise, 1_000).expect("a store");
    store.fold_log().expect("folded");
    let logged = std::fs::metadata(&path).expect("there").len();
    let observations = outcome.counts.observations;
    println!("  in the log   {observations} observations: {:.2} bytes each", each(logged, observations));
    drop(store);
    started("all of it in the log");
    let mut store = Store::open(&path, Status::Exercise, 1_000).expect("a store");
    seal(&mut store, &path, A_FILE);
    drop(store);
    started("all of it sealed");
    let reader = Reader::open(&path).expect("a reader");
    let (mut took, mut found) = (Vec::new(), 0);
    for round in 0..QUESTIONS {
        let id = DatastreamId(round.wrapping_mul(7_919) % u32::try_from(streams).expect("few"));
        let from = Rehearsal::begins() + DAY * (round % 6);
        let began = Instant::now();
        let page = reader.observations(id, from, from + DAY, 10_000).expect("read");
        took.push(began.elapsed());
        found += page.observations.len();
    }
    println!("  a day of one {} ({found} observations in {QUESTIONS} questions)", times(took));
    rival(folder.path(), &reader, streams);
}

/// The same observations and the same question, as another database of the machine does it.
fn rival(folder: &Path, reader: &Reader, streams: usize) {
    if peer::find("victoria-metrics").is_none() {
        println!("  victoria-metrics is missing: run `make setup` to see it beside this");
        return;
    }
    let data = folder.join("victoria");
    let database = victoria::start_at(peer::free(), &data);
    let write = format!("{}/write", victoria::url(&database));
    let (mut lines, mut written, mut took) = (String::new(), 0_u64, Duration::ZERO);
    let mut hand_over = |lines: &mut String| {
        let began = Instant::now();
        let answer = http::ask("POST", &write, &[], lines).expect("it answers");
        took += began.elapsed();
        assert_eq!(answer.status, 204, "{}", answer.body);
        lines.clear();
    };
    reader
        .follow(0, u64::MAX >> 1, |entry| {
            for stored in entry.stored().into_iter().flatten() {
                let Stored::Observation(Observation { datastream, time, value: Some(value), .. }) = stored else {
                    continue;
                };
                let _ = writeln!(lines, "o,d={} v={value} {}", datastream.0, time.millis() * 1_000_000);
                written += 1;
            }
            if lines.len() > 2 << 20 {
                hand_over(&mut lines);
            }
            Ok(ControlFlow::Continue(()))
        })
        .expect("followed");
    hand_over(&mut lines);
    victoria::flush(&database);
    let mut asked = Vec::new();
    for round in 0..QUESTIONS {
        let from = (Rehearsal::begins() + DAY * (round % 6)).millis() / 1_000;
        let series = format!("o_v%7Bd%3D%22{}%22%7D", round.wrapping_mul(7_919) % u32::try_from(streams).expect("few"));
        let url = format!(
            "{}/api/v1/export?match%5B%5D={series}&start={from}&end={}",
            victoria::url(&database),
            from + 86_400
        );
        let began = Instant::now();
        let (status, _) = http::get(&url);
        asked.push(began.elapsed());
        assert_eq!(status, 200);
    }
    database.end();
    println!("  victoria-metrics takes {:.0} values a second over HTTP", each(written, 1) / took.as_secs_f64());
    println!("               {:.2} bytes each, a day of one over HTTP: {}", each(bytes(&data), written), times(asked));
}

/// A year of a few datastreams, one observation a minute each.
fn year(folder: &Path) {
    println!("\nhistory: a year of {YEARLY} datastreams, one observation a minute each");
    let folder = made(folder);
    let path = folder.path().join("city.db");
    let mut store = Store::open(&path, Status::Test, 10).expect("a store");
    let begins = Rehearsal::begins();
    let seen = |minute: i64, number: u32| {
        let time = begins + Duration::from_secs(60) * u32::try_from(minute).expect("a year");
        let time = Time::from_millis(time.millis() + i64::from(number) * 17);
        let wave = (minute * i64::from(number + 3) / 7).rem_euclid(1_440);
        let value = Some(f64::from(i32::try_from((wave - 720).abs()).expect("few")) / 1_000.0);
        let (flag, tests) = (Flag::Pass, Default::default());
        Stored::Observation(Observation { datastream: DatastreamId(number), time, value, flag, tests })
    };
    for first in (0..MINUTES).step_by(10_000) {
        let entry = |minute: i64| {
            let now = begins + Duration::from_secs(60) * u32::try_from(minute + 1).expect("a year");
            let seq = u64::try_from(minute + 1).expect("a year");
            Entry::rebuilt(seq, now, (0..YEARLY).map(|number| seen(minute, number))).expect("memory")
        };
        let entries = (first..(first + 10_000).min(MINUTES)).map(entry).collect();
        store.commit(&Batch { entries, ..Batch::default() }).expect("committed");
    }
    store.keep_snapshot(u64::try_from(MINUTES).expect("a year"), b"no engine").expect("kept");
    seal(&mut store, &path, A_MONTH);
    ask_for_a_year(&path, begins, "");
    roll_up(&mut store, &path);
    ask_for_a_year(&path, begins, ", when its observations are no longer kept");
}

/// How soon the hours and days of a year are answered.
fn ask_for_a_year(path: &Path, begins: Time, what: &str) {
    let reader = Reader::open(path).expect("a reader");
    let zone = jiff::tz::TimeZone::UTC;
    for (word, window) in [("hours", Window::HOUR), ("days", Window::DAY)] {
        let mut took = Vec::new();
        for number in (0..YEARLY).cycle().take(20) {
            let began = Instant::now();
            let span = (begins - DAY, begins + DAY * 366);
            let found = reader.summaries(DatastreamId(number), span, window, &zone).expect("read").windows;
            took.push(began.elapsed());
            assert!(found.len() > 364, "{}", found.len());
        }
        println!("  {word} of a year{what}: {}", times(took));
    }
}

/// Rolls up all that is older than a day, and lets it go; prints what that took.
fn roll_up(store: &mut Store, path: &Path) {
    let names =
        (0..YEARLY).map(|number| (StationId::new(&format!("s{number}")), "wind_speed".parse().expect("a kind")));
    let numbering = Some(Numbering::of(names));
    store.commit(&Batch { numbering, ..Batch::default() }).expect("committed");
    let (_, newest) = store.newest().expect("read").expect("there is something");
    let keep = Keep { raw: Some(DAY), ..Keep::default() };
    let bounds = Bounds { after: Duration::ZERO, rows: A_MONTH, keep };
    let began = Instant::now();
    let mut seal = Seal::open(path, bounds).expect("opened");
    while seal.step(newest, u64::MAX, store).expect("it can be written") != Step::Idle {}
    let took = began.elapsed().as_secs_f64();
    let of = |every: u32| {
        let sql = format!("SELECT coalesce(sum(length(body)), 0) FROM rollup WHERE every = {every}");
        bongsu_tests::store::value(path, &sql).and_then(|bytes| bytes.parse().ok()).unwrap_or_default()
    };
    let days = u64::from(YEARLY) * 364;
    println!(
        "  rolled up in {took:.1} s: {:.1} bytes an hour of a sensor, {:.1} a day",
        each(of(1), days * 24),
        each(of(2), days)
    );
}

/// Devices that speak while what was said before is sealed, and while it is not.
fn ingest(folder: &Path) {
    println!("\nhistory: {CLIENTS} clients while {SEALED} observations are sealed, and while none are");
    // Made once; each round begins with a copy of it.
    let begun = made(folder);
    let setup = whole::make(begun.path(), CLIENTS, &[("bench/rule.rhai", whole::RULE)]);
    whole::end(setup.serve());
    fill(&setup.database());
    // Handled again once: from then on a snapshot covers it.
    whole::end(setup.serve());
    std::thread::sleep(Duration::from_secs(2));
    let mut ratios = Vec::new();
    for pair in 0..PAIRS {
        // Who goes first takes turns, too: a disk gets slower and faster.
        let (mut rates, mut sealed) = ([0.0, 0.0], 0);
        for is_sealing in [pair % 2 == 0, pair % 2 != 0] {
            let (rate, rows) = round(folder, &setup, if is_sealing { "1s" } else { "3650d" });
            rates[usize::from(is_sealing)] = rate;
            sealed = sealed.max(rows);
        }
        let [without, with] = rates;
        ratios.push(with / without * 100.0);
        println!("  sealing {with:.0}, not sealing {without:.0} readings/s ({sealed} rows were sealed by the end)");
    }
    ratios.sort_by(f64::total_cmp);
    println!(
        "  while sealing: median {:.1} % of the rate without, {:.1} to {:.1} % over {PAIRS} pairs",
        ratios[PAIRS / 2],
        ratios[0],
        ratios[PAIRS - 1]
    );
}

/// Readings a second, and rows that were sealed by the end.
fn round(folder: &Path, begun: &Setup, after: &str) -> (f64, u64) {
    let folder = made(folder);
    let mut setup = Setup { data: folder.path().join("data"), ..begun.clone() };
    copy(&begun.data, &setup.data);
    setup.env.push(("BONGSU_STORE__SEAL_AFTER".into(), after.into()));
    let program = setup.serve();
    let (rivers, stop) = whole::rivers(program.mqtt);
    let account = load::publish_apart(&whole::plan(program.mqtt, 20), whole::books(CLIENTS)).join().expect("it ends");
    stop.store(true, Ordering::Relaxed);
    let _ = rivers.join();
    let files = Reader::open(&setup.database()).and_then(|reader| reader.history_files()).expect("read");
    assert_eq!(account.broken, 0, "connections broke: {}", program.log());
    whole::end(program);
    (account.rate(), files.iter().map(|(_, rows)| rows).sum())
}

/// Copies the files of a folder and of those in it, and waits until they are on the disk: it has nothing else to do then.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("the folder can be made");
    for entry in std::fs::read_dir(from).expect("there").flatten() {
        let (kind, copied) = (entry.file_type().expect("there"), to.join(entry.file_name()));
        if kind.is_dir() {
            copy(&entry.path(), &copied);
        } else if kind.is_file() {
            std::fs::copy(entry.path(), &copied).expect("copied");
            std::fs::File::open(&copied).and_then(|file| file.sync_all()).expect("synced");
        }
    }
}

/// Observations of before, as if they had just been taken in.
fn fill(path: &Path) {
    let mut store = Store::open_as_it_is(path, 1_000).expect("a store");
    let (newest, now) = store.newest().expect("read").expect("a city");
    let begins = now - DAY * 60;
    let clients = i64::try_from(CLIENTS).expect("few");
    for first in (0..SEALED / clients).step_by(2_000) {
        let entry = |second: i64| {
            let time = begins + Duration::from_secs(u64::try_from(second).expect("few"));
            let seen = |number: usize| Observation {
                datastream: DatastreamId(u32::try_from(number).expect("few")),
                time,
                value: Some(whole::wind(number, u64::try_from(second).expect("few"))),
                flag: Flag::Pass,
                tests: Default::default(),
            };
            let seq = newest + 1 + u64::try_from(second).expect("few");
            Entry::rebuilt(seq, now, (0..CLIENTS).map(|number| Stored::Observation(seen(number)))).expect("memory")
        };
        let entries = (first..first + 2_000).map(entry).collect();
        store.commit(&Batch { entries, ..Batch::default() }).expect("committed");
    }
}
