//! Kills and orderly ends under load: what was acknowledged is stored, what was said keeps its one name and its one
//! time, and the next start is quick.

use bongsu_tests::flood::Device;
use bongsu_tests::ledger::Ledger;
use bongsu_tests::load::Plan;
use bongsu_tests::program::{Program, Setup};
use bongsu_tests::storm::{self, Told};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Stations, and readings a second of all of them: above what a city is promised.
const STATIONS: usize = 100;
const IN_FLIGHT: u16 = 20;
const RATE: f64 = 6_000.0;
const PROMISED: f64 = 5_000.0;

/// Kills where nobody asks for more.
const KILLS: u32 = 8;

/// From the start of the program to the first PUBACK of a device that waits for it.
const BACK_WITHIN: Duration = Duration::from_secs(5);

/// How often it is killed when it is soaked; `None`: nobody asks for more than [`KILLS`].
fn soak() -> Option<u32> {
    std::env::var("SOAK_KILLS").ok().map(|text| text.parse().expect("SOAK_KILLS is a number"))
}

/// What was retained for citizens in each area, as soon as it is what the store says.
#[track_caller]
fn assert_retained_is_stored(program: &Program, ledger: &Ledger) {
    let stored = ledger.last_of_each_area();
    let told = Arc::new(Mutex::new(Told::default()));
    let _ear = storm::listen(program.operator_mqtt, &told);
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let told = told.lock().expect("nobody panics");
        let wrong: Vec<_> = stored.iter().filter(|(area, last)| told.last.get(*area) != Some(*last)).collect();
        if wrong.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "retained is not what was said last: {:?}, stored {wrong:?}", told.last);
        drop(told);
        std::thread::yield_now();
    }
}

/// Everything that citizens were told stands in the store, with the same identifier and the same time.
#[track_caller]
fn assert_told_is_stored(told: &Told, ledger: &Ledger) {
    assert!(told.contradictions.is_empty(), "said under one identifier with two times: {:?}", told.contradictions);
    let issued = ledger.issued();
    for (identifier, sent) in &told.sent {
        let stored = issued.get(identifier).unwrap_or_else(|| panic!("{identifier} was said and is not stored"));
        let sent = bongsu_sensors::Time::parse(sent).expect("a time").millis();
        assert_eq!(sent, stored.sent, "{identifier} was said with another time");
    }
    ledger.assert_one_name_each();
}

#[test]
fn killed_at_any_moment_under_load_nothing_acknowledged_is_lost_and_nothing_said_has_two_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let setup = storm::make(folder.path(), STATIONS);
    let plan = storm::plan(IN_FLIGHT, Some(RATE));
    let mut books = storm::books(STATIONS);
    let mut ledger = Ledger::of(&setup.database());
    let told = Arc::new(Mutex::new(Told::default()));
    let mut longest = Duration::ZERO;
    let (mut acknowledged, mut lasted) = (0, Duration::ZERO);
    let seed = rand::random();
    println!("seed {seed}");
    let mut dice = StdRng::seed_from_u64(seed);
    let kills = soak().unwrap_or(KILLS);
    for kill in 0..kills {
        let mut program = setup.serve();
        let ear = storm::listen(program.operator_mqtt, &told);
        let load = storm::publish(&plan, program.mqtt, books);
        // The moment itself, not a wait for anything.
        std::thread::sleep(Duration::from_millis(dice.random_range(200..1_800)));
        program.kill();
        let account = load.join().expect("the load ends with its broker");
        drop(ear);
        if let Some(first) = account.first_ack {
            longest = longest.max(first - program.started);
        }
        acknowledged += account.acknowledged;
        lasted += account.lasted;
        books = account.books;
        ledger.read_on();
        let lost = storm::missing(&ledger, &plan, &books, |books, n| books.is_acknowledged(n));
        assert!(lost.is_empty(), "kill {kill}, seed {seed}: acknowledged and lost: {lost:?}");
        assert_told_is_stored(&told.lock().expect("nobody panics"), &ledger);
    }
    // The devices finish what they owe, and all of it is there. A reading that was stored and not acknowledged may stand
    // in the log twice: a device sends it again, and the engine no longer knows it where no rule looks back that far.
    // Whoever reads the log takes the first.
    let program = setup.serve();
    let ear = storm::listen(program.operator_mqtt, &told);
    let last = Plan { lasting: Duration::from_secs(1), ..plan.clone() };
    let account = storm::publish(&last, program.mqtt, books).join().expect("the load ends");
    assert_eq!(account.broken, 0, "{}", program.log());
    ledger.read_on();
    let lost = storm::missing(&ledger, &plan, &account.books, |_, _| true);
    assert!(lost.is_empty(), "seed {seed}: said, said again and lost: {lost:?}");
    assert!(
        ledger.twice <= u64::from(kills) * u64::from(IN_FLIGHT) * STATIONS as u64,
        "more came twice than could be in flight"
    );
    assert_retained_is_stored(&program, &ledger);
    drop(ear);
    let told = told.lock().expect("nobody panics");
    assert_told_is_stored(&told, &ledger);
    assert!(told.sent.len() > STATIONS, "only {} messages were heard", told.sent.len());
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = acknowledged as f64 / lasted.as_secs_f64();
    println!(
        "{kills} kills; {acknowledged} readings acknowledged before them at {rate:.0}/s; {} messages issued, {} heard; first PUBACK at most {longest:.2?} after a start",
        ledger.issued().len(),
        told.sent.len()
    );
    // Promises about time are held to by the program as it is shipped, on a machine that is left to it.
    if soak().is_some() {
        assert!(longest <= BACK_WITHIN, "the first PUBACK came {longest:?} after a start");
        assert!(
            rate >= PROMISED,
            "only {rate:.0} readings/s: this machine, or the program, is too slow for the promise"
        );
    }
}

#[test]
fn what_was_committed_and_not_said_before_a_kill_is_said_after_the_next_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let setup = storm::make(folder.path(), 1);
    let plan = storm::plan(1, None);
    let said = |program: &Program, samples: [u64; 2], wind: f64| {
        let mut device = Device::connect(program).expect("devices are let in");
        for n in samples {
            let t = plan.first_ms + i64::try_from(n).expect("few") * plan.step_ms;
            let body = format!("{{\"t\":{t},\"wind_speed\":{wind}}}");
            device.say("bongsu/v1/s00000/obs", body.as_bytes()).expect("it is acknowledged");
        }
    };
    let mut ledger = Ledger::of(&setup.database());
    let mut program = setup.serve();
    said(&program, [0, 1], 75.0);
    assert_retained_is_stored(&program, &ledger);
    program.kill();
    // What the door keeps for those who come later is put back to before the end: as if that had never been said.
    let kept = |name: &str| setup.data.join(name);
    let aside = folder.path().join("aside");
    std::fs::create_dir(&aside).expect("the folder can be written");
    let files = ["sessions.db", "sessions.db-wal", "sessions.db-shm"];
    for name in files.iter().filter(|name| kept(name).exists()) {
        std::fs::copy(kept(name), aside.join(name)).expect("copied");
    }
    let mut program = setup.serve();
    said(&program, [2, 3], 1.0);
    program.kill();
    for name in files {
        let _ = std::fs::remove_file(kept(name));
        if aside.join(name).exists() {
            std::fs::copy(aside.join(name), kept(name)).expect("copied");
        }
    }
    let program = setup.serve();
    ledger.read_on();
    assert_eq!(ledger.issued().len(), 2, "an alert and its end");
    assert_retained_is_stored(&program, &ledger);
}

/// Publishes for a while, and ends the program in the middle of it.
fn end_in_the_middle(setup: &Setup, plan: &Plan) -> (Program, bongsu_tests::load::Account) {
    let mut program = setup.serve();
    let load = storm::publish(plan, program.mqtt, storm::books(STATIONS));
    std::thread::sleep(Duration::from_millis(700));
    program.ask_to_end();
    let status = program.wait();
    assert!(status.success(), "{}", program.log());
    plan.stop.store(true, Ordering::Relaxed);
    (program, load.join().expect("the load ends with its broker"))
}

#[test]
fn told_to_end_under_load_it_stores_what_it_acknowledged_and_leaves_a_snapshot_of_everything() {
    let folder = tempfile::tempdir().expect("a folder");
    let setup = storm::make(folder.path(), STATIONS);
    let plan = storm::plan(IN_FLIGHT, Some(RATE));
    let (_, account) = end_in_the_middle(&setup, &plan);
    assert!(account.acknowledged > 0, "nothing was said");
    let mut ledger = Ledger::of(&setup.database());
    ledger.read_on();
    let lost = storm::missing(&ledger, &plan, &account.books, |books, n| books.is_acknowledged(n));
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    // Nothing is decided again at the next start: the snapshot stands at the end of the log.
    let newest = bongsu_tests::store::value(&setup.database(), "SELECT max(seq) FROM log");
    assert_eq!(bongsu_tests::store::value(&setup.database(), "SELECT seq FROM snapshot"), newest);
}

#[test]
fn told_to_end_it_first_takes_in_what_was_already_said_with_qos_0() {
    let folder = tempfile::tempdir().expect("a folder");
    let setup = storm::make(folder.path(), STATIONS);
    let mut program = setup.serve();
    let plan = Plan { lasting: Duration::from_millis(700), ..storm::plan(0, Some(RATE)) };
    let account = storm::publish(&plan, program.mqtt, storm::books(STATIONS)).join().expect("the load ends");
    // The devices have written everything, and at once it is told to end.
    program.ask_to_end();
    assert!(program.wait().success(), "{}", program.log());
    assert!(account.written > 1_000, "only {} readings were said", account.written);
    let mut ledger = Ledger::of(&setup.database());
    ledger.read_on();
    let lost = storm::missing(&ledger, &plan, &account.books, |_, _| true);
    assert!(lost.is_empty(), "{} of {} readings said and lost: {lost:?}", lost.len(), account.written);
}
