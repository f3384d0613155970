//! A disk that is full, or fails: nothing is acknowledged that is not stored, the reserve carries the last alerts, and
//! when the disk works again so does the program, without a restart.

use bongsu_tests::ear::Ear;
use bongsu_tests::fault::{Faults, SmallDisk};
use bongsu_tests::flood::Device;
use bongsu_tests::ledger::Ledger;
use bongsu_tests::load::Plan;
use bongsu_tests::program::{Program, Setup};
use bongsu_tests::{city, http, storm, wait};
use serde_json::Value;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Stations of the load. The next one is quiet, and speaks only when its time has come.
const STATIONS: usize = 20;
const RATE: f64 = 3_000.0;

/// Long enough for anything that comes at all.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until something holds.
#[track_caller]
fn until(what: &str, holds: impl FnMut() -> bool) {
    wait::until(PATIENCE, what, holds);
}

/// Whether `/readyz` says yes, and what it says.
fn readiness(program: &Program) -> (bool, String) {
    let (status, body) = http::get(&format!("{}/readyz", program.operator));
    (status == 200, body)
}

/// Raises, or ends, the alarm of the quiet station: two samples of it.
fn blow(program: &Program, wind: f64, n: u64) -> std::io::Result<()> {
    let station = city::station(STATIONS);
    let mut device = Device::connect(program)?;
    let first = storm::plan(1, None).first_ms;
    for n in [n, n + 1] {
        let t = first + 300_000 + i64::try_from(n).unwrap_or_default() * 10;
        let body = format!("{{\"t\":{t},\"wind_speed\":{wind}}}");
        device.say(&format!("bongsu/v1/{station}/obs"), body.as_bytes())?;
    }
    Ok(())
}

/// What citizens hear of the quiet station.
fn alerts(program: &Program) -> (Ear, Receiver<Value>) {
    let (say, said) = channel();
    let filter = format!("bongsu/v1/alerts/{}/#", city::station(STATIONS));
    let ear = Ear::open(program.operator_mqtt, &filter, 1, move |_, payload, _| {
        let _ = say.send(serde_json::from_slice(payload).unwrap_or_default());
    });
    (ear.expect("everybody may hear alerts"), said)
}

#[track_caller]
fn assert_stored(setup: &Setup, plan: &Plan, books: &[bongsu_tests::load::Books]) -> usize {
    let mut ledger = Ledger::of(&setup.database());
    ledger.read_on();
    let lost = storm::missing(&ledger, plan, books, |books, n| books.is_acknowledged(n));
    assert!(lost.is_empty(), "acknowledged and not stored: {lost:?}");
    assert_eq!(ledger.twice, 0, "a reading is stored twice");
    ledger.count()
}

#[test]
fn a_full_disk_silences_nobody_at_once_loses_nothing_and_heals_without_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut setup = storm::make(folder.path(), STATIONS + 1);
    setup.data = folder.path().join("small");
    let Some(disk) = SmallDisk::mount(&setup.data, 32) else { return };
    let program = setup.serve();
    let (_ear, heard) = alerts(&program);
    assert!(readiness(&program).0, "{}", readiness(&program).1);

    // Somebody else takes the room. The next commits find the disk full, and the reserve carries them: an alarm is
    // stored, acknowledged and said.
    disk.fill();
    let plan = Plan { lasting: Duration::from_secs(3_600), ..storm::plan(20, Some(RATE)) };
    let load = storm::publish(&plan, program.mqtt, storm::books(STATIONS));
    until("the reserve is given up", || program.log().contains("its reserve is given up"));
    blow(&program, 75.0, 0).expect("what the reserve stores is acknowledged");
    let alert = heard.recv_timeout(PATIENCE).expect("the last alerts go out");
    assert_eq!((&alert["level"], &alert["status"]), (&"warning".into(), &"Actual".into()), "{alert}");

    // The reserve is used up as well: everybody waits, and operators are told why.
    let count = || {
        let mut ledger = Ledger::of(&setup.database());
        ledger.read_on();
        ledger.count()
    };
    until("nothing more is stored", || {
        disk.fill();
        let (is_ready, why) = readiness(&program);
        !is_ready && why.contains("database or disk is full")
    });
    let stood = count();

    // There is room again: everybody is heard, without a restart.
    disk.clear();
    until("it is ready again", || readiness(&program).0);
    blow(&program, 1.0, 2).expect("what is stored is acknowledged");
    let end = heard.recv_timeout(PATIENCE).expect("the end is said");
    assert_eq!(end["state"], "ended", "{end}");
    plan.stop.store(true, Ordering::Relaxed);
    let account = load.join().expect("the load ends");
    assert_eq!(account.broken, 0, "devices lost their connection: {}", program.log());
    let stored = assert_stored(&setup, &plan, &account.books);
    assert!(stored > stood, "nothing was stored after there was room again");
    until("the reserve is taken back", || setup.data.join("reserve").exists());
    println!("{stored} observations, {stood} of them before the disk was full for good");
}

/// A disk that fails in one way while devices speak.
fn failing(what: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut setup = storm::make(folder.path(), STATIONS + 1);
    let faults = Faults::below(&mut setup, "city.db");
    let program = setup.serve();
    let (_ear, heard) = alerts(&program);
    let plan = Plan { lasting: Duration::from_secs(3_600), ..storm::plan(20, Some(RATE)) };
    let load = storm::publish(&plan, program.mqtt, storm::books(STATIONS));
    let count = || {
        let mut ledger = Ledger::of(&setup.database());
        ledger.read_on();
        ledger.count()
    };
    until("something is stored", || count() > 1_000);
    faults.begin(what);
    until("it says that it cannot store", || !readiness(&program).0);
    let stood = count();
    // An alarm is neither acknowledged nor said while it cannot be stored.
    std::thread::scope(|scope| {
        let alarm = scope.spawn(|| blow(&program, 75.0, 0));
        assert!(heard.recv_timeout(Duration::from_millis(1_500)).is_err(), "said before it was stored");
        assert!(!alarm.is_finished(), "acknowledged before it was stored");
        assert_eq!(count(), stood, "{what}: something was stored by a disk that fails");
        faults.end();
        alarm.join().expect("it does not panic").expect("it is acknowledged when it is stored");
    });
    let alert = heard.recv_timeout(PATIENCE).expect("what was decided is said when it is stored");
    assert_eq!(alert["level"], "warning", "{alert}");
    until("it is ready again", || readiness(&program).0);
    until("it goes on", || count() > stood + 1_000);
    plan.stop.store(true, Ordering::Relaxed);
    let account = load.join().expect("the load ends");
    assert_eq!(account.broken, 0, "devices lost their connection: {}", program.log());
    assert_stored(&setup, &plan, &account.books);
}

#[test]
fn a_disk_that_cannot_sync_is_believed_nothing() {
    failing("sync");
}

#[test]
fn a_disk_that_cannot_write_is_waited_for() {
    failing("write");
}

#[test]
fn told_to_end_while_the_disk_fails_it_ends_and_the_devices_keep_what_was_not_stored() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut setup = storm::make(folder.path(), STATIONS + 1);
    let faults = Faults::below(&mut setup, "city.db");
    let mut program = setup.serve();
    let plan = Plan { lasting: Duration::from_secs(3_600), ..storm::plan(20, Some(RATE)) };
    let load = storm::publish(&plan, program.mqtt, storm::books(STATIONS));
    faults.begin("write");
    until("it says that it cannot store", || !readiness(&program).0);
    program.ask_to_end();
    let status = program.wait();
    assert!(!status.success(), "it could not store what it had heard, and must say so");
    let account = load.join().expect("the load ends with its broker");
    faults.end();
    let program = setup.serve();
    assert_stored(&setup, &plan, &account.books);
    let again = Plan { lasting: Duration::from_millis(500), ..plan };
    let account = storm::publish(&again, program.mqtt, account.books).join().expect("the load ends");
    let mut ledger = Ledger::of(&setup.database());
    ledger.read_on();
    assert!(storm::missing(&ledger, &again, &account.books, |_, _| true).is_empty(), "said again and not stored");
}
