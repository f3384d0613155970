//! An archive that is away for a while under load, and a program that is killed in the middle of a batch: afterwards
//! counts and sums are equal, nothing is lost and nothing doubled.

use crate::{PATIENCE, archived_in, assert_verified, printed, readiness, say, stored, until};
use bongsu_tests::fault::SmallDisk;
use bongsu_tests::influx::{Does, Influx};
use bongsu_tests::load::Plan;
use bongsu_tests::rehearsal::is_soak;
use bongsu_tests::{peer, storm, victoria, wait};
use std::sync::atomic::Ordering;
use std::time::Duration;

const STATIONS: usize = 20;
const RATE: f64 = 2_000.0;

/// How long the archive is away. A soak takes as long as a repair, or as SOAK_AWAY says.
fn away() -> Duration {
    let wanted = std::env::var("SOAK_AWAY").map(|text| text.parse().expect("SOAK_AWAY is a number of seconds"));
    Duration::from_secs(wanted.unwrap_or(if is_soak() { 600 } else { 3 }))
}

fn day_before(plan: &Plan) -> String {
    bongsu_sensors::Time::from_millis(plan.first_ms - 86_400_000).to_string()
}

#[test]
fn an_archive_that_was_away_under_load_gets_everything_when_it_is_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut setup = storm::make(folder.path(), STATIONS);
    let (address, disk) = (peer::free(), folder.path().join("victoria"));
    setup.env.push(("BONGSU_ARCHIVE__VICTORIA_METRICS__URL".into(), format!("http://{address}")));
    setup.env.push(("BONGSU_ARCHIVE__EVERY".into(), "100ms".into()));
    let server = victoria::start_at(address, &disk);
    let mut program = setup.serve();
    let plan = Plan { lasting: Duration::from_secs(3_600), ..storm::plan(20, Some(RATE)) };
    let load = storm::publish(&plan, program.mqtt, storm::books(STATIONS));
    std::thread::sleep(Duration::from_secs(1));
    // What it has acknowledged it keeps: it is told to end, not killed.
    server.end();
    std::thread::sleep(away());
    let status = &printed(&setup, &["archive", "status", "--json"])[0];
    assert!(status["behind_records"].as_u64() > Some(10), "{status}");
    let server = victoria::start_at(address, &disk);
    std::thread::sleep(Duration::from_millis(700));
    // In the middle of catching up the program is killed, and the devices go on with the next one.
    program.kill();
    let account = load.join().expect("the load ends with its broker");
    let program = setup.serve();
    let load = storm::publish(&plan, program.mqtt, account.books);
    std::thread::sleep(Duration::from_secs(1));
    plan.stop.store(true, Ordering::Relaxed);
    let account = load.join().expect("the load ends");
    assert_eq!(account.broken, 0, "{}", program.log());
    // What was missed comes at many times the speed at which it was said.
    wait::until(PATIENCE + away() / 5, "it has caught up", || {
        victoria::flush(&server);
        printed(&setup, &["archive", "status", "--json"])[0]["behind_records"] == 0
    });
    let count = assert_verified(&setup, &day_before(&plan));
    assert_eq!(usize::try_from(count).ok(), Some(stored(&setup)));
    assert!(count > 2_000, "only {count} readings were said");
    println!("{count} observations, the archive away for {:?}", away());
}

#[test]
fn killed_in_the_middle_of_a_batch_nothing_is_lost_and_nothing_doubled() {
    let folder = tempfile::tempdir().expect("a folder");
    let (influx, mut setup) = (Influx::start(), storm::make(folder.path(), 5));
    archived_in(&mut setup, &influx, &[("BATCH_POINTS", "50"), ("TIMEOUT", "5m")]);
    let plan = storm::plan(1, None);
    let mut said = 0;
    for kill in 0..4 {
        // The archive takes some batches; of one it takes the points, and nobody hears of it.
        let asked = influx.requests().len();
        influx.next([Does::TakeAndHang]);
        let mut program = setup.serve();
        say(&program, &plan, 5, said, said + 40);
        said += 40;
        until("a batch is under way", || influx.requests().len() > asked);
        program.kill();
        assert!(influx.values("weather").0 < stored(&setup), "kill {kill} was not in the middle of anything");
    }
    let program = setup.serve();
    until("everything is in the archive", || influx.values("weather").0 == stored(&setup));
    assert_eq!(assert_verified(&setup, &day_before(&plan)), 800, "{}", program.log());
    let expected: f64 = (0..5).flat_map(|place| (0..160).map(move |n| storm::wind(place, n))).sum();
    assert!((influx.values("weather").1 - expected).abs() < 1e-6, "{} {expected}", influx.values("weather").1);
}

#[test]
fn a_disk_that_fills_up_under_an_archive_loses_nothing_and_doubles_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (influx, mut setup) = (Influx::start(), storm::make(folder.path(), STATIONS));
    setup.data = folder.path().join("small");
    let Some(disk) = SmallDisk::mount(&setup.data, 32) else { return };
    archived_in(&mut setup, &influx, &[]);
    let program = setup.serve();
    let plan = Plan { lasting: Duration::from_secs(3_600), ..storm::plan(20, Some(RATE)) };
    let load = storm::publish(&plan, program.mqtt, storm::books(STATIONS));
    until("something is archived", || influx.values("weather").0 > 100);
    // Somebody else takes the room, and that which the reserve gives as well. The books of the archive stand on that disk.
    until("nothing more is stored", || {
        disk.fill();
        let (is_ready, why) = readiness(&program);
        !is_ready && why.contains("database or disk is full")
    });
    let stood = stored(&setup);
    disk.clear();
    until("it is ready again", || readiness(&program).0);
    until("more is stored", || stored(&setup) > stood + 500);
    plan.stop.store(true, Ordering::Relaxed);
    let account = load.join().expect("the load ends");
    assert_eq!(account.broken, 0, "{}", program.log());
    until("it has caught up", || printed(&setup, &["archive", "status", "--json"])[0]["behind_records"] == 0);
    let count = assert_verified(&setup, &day_before(&plan));
    let said: u64 = account.books.iter().map(|books| books.said).sum();
    assert_eq!((usize::try_from(count).ok(), count), (Some(stored(&setup)), said), "{}", program.log());
}
