//! What is old leaves the log for files, and nobody who asks can tell; a backup holds them, a byte that flips in one is
//! named, and costs what stood in that block. Killed at any moment of it, the program loses and doubles nothing.

use bongsu_gateway::store::Reader;
use bongsu_gateway::store::summary::{MadeOf, Window};
use bongsu_sensors::Time;
use bongsu_tests::load::Plan;
use bongsu_tests::program::{Program, Setup};
use bongsu_tests::{city, http, store, storm};
use jiff::tz::TimeZone;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const STATIONS: usize = 5;

/// Enough that each station has a block of its own.
const LASTING: Duration = Duration::from_secs(3);

/// What citizens are answered about each station.
fn answers(program: &Program, plan: &Plan) -> Vec<Vec<Value>> {
    let time = |ms: i64| Time::from_millis(ms).to_string();
    let (from, to) = (time(plan.first_ms), time(plan.first_ms + 600_000));
    let asked = |place| {
        let (station, kind) = (city::station(place), "wind_speed");
        let url = format!("{}/api/v1/observations?station={station}&kind={kind}&from={from}&to={to}", program.public);
        let (status, body) = http::get(&format!("{url}&limit=10000"));
        assert_eq!(status, 200, "{body}");
        let body: Value = serde_json::from_str(&body).expect("JSON");
        body["observations"].as_array().cloned().expect("a list")
    };
    (0..STATIONS).map(asked).collect()
}

fn end(mut program: Program) {
    program.ask_to_end();
    assert!(program.wait().success(), "{}", program.log());
}

/// Waits until nothing of what is sealed is left in the log; answers how many rows the files hold.
fn wait_for_files(setup: &Setup, program: &Program) -> u64 {
    let deadline = Instant::now() + Duration::from_secs(60);
    let left = "SELECT count(*) FROM log WHERE kind = 1 AND seq <= (SELECT coalesce(max(until), 0) FROM sealed)";
    loop {
        let rows = store::value(&setup.database(), "SELECT coalesce(sum(rows), 0) FROM sealed").unwrap_or_default();
        if rows != "0" && store::value(&setup.database(), left).as_deref() == Some("0") {
            return rows.parse().expect("a number");
        }
        assert!(Instant::now() < deadline, "nothing was sealed: {}", program.log());
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn only_file(data: &Path) -> PathBuf {
    let files = std::fs::read_dir(data.join("history")).expect("a folder").map(|entry| entry.expect("a file").path());
    let files: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|ending| ending == "sealed")).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files[0].clone()
}

/// What the doctor finds of the history.
fn examined(setup: &Setup) -> Value {
    let output = setup.command(&["doctor", "--json"]).output().expect("the program runs");
    let lines = String::from_utf8(output.stdout).expect("text");
    let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    lines.into_iter().find(|line| line["check"] == "history").expect("it looks at the history")
}

#[test]
fn what_is_sealed_is_answered_backed_up_and_watched_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut setup = storm::make(folder.path(), STATIONS);
    let program = setup.serve();
    let plan = Plan { lasting: LASTING, ..storm::plan(20, Some(2_000.0)) };
    let account = storm::publish(&plan, program.mqtt, storm::books(STATIONS)).join().expect("the load ends");
    let logged = answers(&program, &plan);
    assert!(logged.iter().all(|seen| seen.len() > 600), "{:?}", logged.iter().map(Vec::len).collect::<Vec<_>>());
    assert!(!folder.path().join("data/history").exists(), "nothing is as old as three days");
    end(program);

    // Older than a second: a start finds it so.
    setup.env.push(("BONGSU_STORE__SEAL_AFTER".into(), "1s".into()));
    std::thread::sleep(Duration::from_secs(3));
    let program = setup.serve();
    let sealed = wait_for_files(&setup, &program);
    assert!(sealed > 600 * u64::try_from(STATIONS).expect("few"), "{sealed}");
    assert_eq!(answers(&program, &plan), logged, "{}", program.log());

    // Late ones among what is sealed, and what was said before once more: as if nothing were sealed.
    let late = Plan { first_ms: plan.first_ms + 5, lasting: Duration::from_secs(1), ..plan.clone() };
    let late = storm::publish(&late, program.mqtt, storm::books(STATIONS)).join().expect("the load ends");
    assert!(late.acknowledged > 0, "{}", program.log());
    let again = Plan { lasting: Duration::from_millis(500), ..plan.clone() };
    storm::publish(&again, program.mqtt, storm::books(STATIONS)).join().expect("the load ends");
    let with_late = answers(&program, &plan);
    for (before, after) in logged.iter().zip(&with_late) {
        let kept = after.iter().filter(|seen| before.contains(seen)).count();
        assert!(after.len() > before.len() && kept == before.len(), "{} of {}", kept, before.len());
    }

    // Another machine, from a backup taken while it runs.
    let saved = folder.path().join("saved").display().to_string();
    let manifest: Value = serde_json::from_str(&setup.run(&["backup", &saved, "--json"])).expect("JSON");
    assert_eq!(manifest["holds"]["sealed"], sealed, "{manifest}");
    let other = Setup { data: folder.path().join("other"), ..setup.clone() };
    other.run(&["restore", &saved, "--verify"]);
    let restored = other.serve();
    assert_eq!(answers(&restored, &plan), with_late, "{}", restored.log());
    end(restored);
    end(program);

    // A byte flips in the first block.
    let file = only_file(&setup.data);
    let name = file.file_name().expect("a name").to_string_lossy().into_owned();
    assert_eq!(examined(&setup)["state"], "ok");
    let whole = std::fs::read(&file).expect("read");
    let mut broken = whole.clone();
    broken[40] ^= 8;
    std::fs::write(&file, broken).expect("written");
    let found = examined(&setup);
    assert_eq!(found["state"], "fail");
    assert!(found["found"].as_str().is_some_and(|found| found.contains(&format!("{name}: block 0"))), "{found}");
    setup.env.push(("BONGSU_STORE__SEAL_AFTER".into(), "3d".into()));
    let program = setup.serve();
    let left = answers(&program, &plan);
    let hurt: Vec<usize> = (0..STATIONS).filter(|place| left[*place] != with_late[*place]).collect();
    assert_eq!(hurt.len(), 1, "one block, one station: {hurt:?}");
    assert!(program.log().contains(&name), "{}", program.log());
    end(program);

    // The same file from the backup, and all is as it was.
    let copy = Path::new(&saved).join("history").join(&name);
    std::fs::copy(copy, &file).expect("copied");
    assert_eq!(std::fs::read(&file).expect("read"), whole);
    let program = setup.serve();
    assert_eq!(answers(&program, &plan), with_late);
    assert_eq!(account.broken, 0);
    end(program);
}

/// A breeze that nobody doubts, and that can be told from its number.
fn breeze(station: usize, n: u64) -> f64 {
    5.0 + f64::from(u8::try_from((n + station as u64) % 50).unwrap_or_default()) / 10.0
}

/// Minutes from one reading of a station to the next, in the city's own time.
const STEP_MS: i64 = 120_000;

/// Rounds, each with a kill, where nobody asks for more.
const ROUNDS: u64 = 12;

/// What hours and days say of all stations: observations, and the sum of them.
fn summed(setup: &Setup, window: Window, made_of: MadeOf) -> (u64, f64, usize) {
    let reader = Reader::open(&setup.database()).expect("a reader");
    let zone = TimeZone::get("Asia/Seoul").expect("it is known");
    let always = (Time::from_millis(0), Time::from_millis(i64::MAX / 4));
    let numbers = reader.names().expect("read").into_keys();
    let all = numbers.flat_map(|id| reader.summaries(id, always, window, &zone).expect("read").windows);
    all.fold((0, 0.0, 0), |(observations, sum, rolled), one| {
        assert_eq!(one.count, one.observations, "all of it is believed");
        (observations + one.observations, sum + one.sum, rolled + usize::from(one.made_of == made_of))
    })
}

#[test]
fn killed_while_it_seals_and_drops_nothing_is_lost_and_nothing_doubled() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut setup = storm::make(folder.path(), STATIONS);
    setup.env.extend(
        [("BONGSU_STORE__SEAL_AFTER", "1s"), ("BONGSU_STORE__KEEP_RAW", "1d")]
            .map(|(key, value)| (key.into(), value.into())),
    );
    let plan = Plan { step_ms: STEP_MS, value: breeze, first_ms: 1_783_000_800_000, ..storm::plan(20, Some(2_000.0)) };
    let plan = Plan { lasting: Duration::from_millis(600), ..plan };
    let rounds = std::env::var("SOAK_KILLS").map_or(ROUNDS, |text| text.parse().expect("SOAK_KILLS is a number"));
    let seed = rand::random();
    println!("seed {seed}");
    let mut dice = StdRng::seed_from_u64(seed);
    let (mut books, mut total, mut killed_at_work) = (storm::books(STATIONS), (0, 0.0), 0);
    for round in 0..rounds {
        // What is said now was true since the last round; the clock goes on where the last of it ends.
        let said = books.iter().map(|books| books.said).max().unwrap_or_default() + 400;
        let now = plan.first_ms + i64::try_from(said).expect("few") * STEP_MS;
        let at = |ms: i64| Some(format!("{}@1", Time::from_millis(ms)));
        setup.clock = at(now);
        let program = setup.serve();
        let account = storm::publish(&plan, program.mqtt, books).join().expect("the load ends");
        assert_eq!(account.broken, 0, "{}", program.log());
        // An end in order leaves a snapshot: what stands behind one may be sealed.
        end(program);
        books = account.books;
        total = books.iter().fold((0, 0.0), |(count, sum), books| {
            let values = (0..books.said).map(|n| breeze(books.place, n));
            (count + books.said, sum + values.sum::<f64>())
        });
        setup.clock = at(now + 60_000);
        let work = "SELECT (SELECT count(*) FROM log) || ' ' || (SELECT count(*) FROM sealed) || ' '
            || (SELECT count(*) FROM rollup)";
        let before = store::value(&setup.database(), work);
        let mut program = setup.serve();
        // The moment itself, not a wait for anything.
        std::thread::sleep(Duration::from_millis(dice.random_range(5..900)));
        program.kill();
        killed_at_work += usize::from(store::value(&setup.database(), work) != before);
        for (window, made_of) in [(Window::HOUR, MadeOf::Hours), (Window::DAY, MadeOf::Days)] {
            let (observations, sum, _) = summed(&setup, window, made_of);
            assert_eq!(observations, total.0, "round {round}, seed {seed}");
            assert!((sum - total.1).abs() < 1e-6 * total.1, "round {round}, seed {seed}: {sum} {}", total.1);
        }
    }
    // Left alone it comes to an end: files of which nothing counts any more are gone, and all of it still counts.
    let program = setup.serve();
    let kept =
        "SELECT count(*) FROM sealed WHERE gone IS NULL AND last < (SELECT max(last) FROM sealed) - 2 * 86400000";
    let deadline = Instant::now() + Duration::from_secs(60);
    while store::value(&setup.database(), kept).as_deref() != Some("0") {
        assert!(Instant::now() < deadline, "what is old stays: {}", program.log());
        std::thread::sleep(Duration::from_millis(100));
    }
    end(program);
    let (observations, _, rolled) = summed(&setup, Window::DAY, MadeOf::Days);
    assert_eq!(observations, total.0);
    assert!(rolled >= STATIONS * 2, "only {rolled} days are no longer kept as observations");
    assert!(killed_at_work > 2, "killed at work {killed_at_work} times only");
    println!("{rounds} kills, {killed_at_work} of them at work; {observations} observations, {rolled} days rolled up");
}
