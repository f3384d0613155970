//! A city of ten thousand stations: how it starts over ten million stored observations, and whether a burst at ten times
//! its pace loses anything.

use crate::whole;
use bongsu_tests::flood::Device;
use bongsu_tests::ledger::Ledger;
use bongsu_tests::load::{self, Account, Plan};
use bongsu_tests::program::{Program, Setup};
use bongsu_tests::rehearsal::Rehearsal;
use bongsu_tests::{city, machine, storm};
use std::path::Path;
use std::time::Duration;

const STATIONS: usize = 10_000;

/// Each station of the started city sends once a minute; after so many minutes ten million observations are stored.
const STORED_MINUTES: u64 = 135;

/// The paces of the burst, readings a second over all stations: one a minute each, ten times that, and one again.
const PACES: [f64; 3] = [STATIONS as f64 / 60.0, STATIONS as f64 / 6.0, STATIONS as f64 / 60.0];
const PACE_LASTS: Duration = Duration::from_secs(60);

/// From the start of the program to its first PUBACK, without and with a history.
pub fn start(folder: &Path) {
    println!("\nstart with a simulated city");
    let empty = |stations: usize| {
        let minute = Rehearsal { stations, lasting: Duration::from_secs(60), ..Rehearsal::of("calm", 1) };
        let (program, began) = began(folder, &minute);
        whole::end(program);
        began
    };
    let few = empty(100);
    let many = empty(STATIONS);
    let (program, stored) = began(
        folder,
        &Rehearsal {
            stations: STATIONS,
            lasting: Duration::from_secs(60 * STORED_MINUTES),
            settings: bongsu_simulators::Settings {
                cadence: Some(Duration::from_secs(60)),
                ..bongsu_simulators::Settings::default()
            },
            batch: 2_000,
            ..Rehearsal::of("calm", 1)
        },
    );
    whole::end(program);
    let show = |what: &str, began: &Began| {
        println!(
            "  {what:<12} {:>6} datastreams, {:>9} observations: ready {:.2} s, first PUBACK {:.2} s, {:.0} MiB",
            began.datastreams, began.observations, began.ready_s, began.puback_s, began.memory_mib
        );
    };
    show("few", &few);
    show("many", &many);
    show("with history", &stored);
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let each = (many.memory_mib - few.memory_mib) * 1024.0 * 1024.0 / (many.datastreams - few.datastreams) as f64;
    println!("  {each:.0} bytes a datastream besides windows, everything counted: catalog, rules laid out, pages, log");
}

/// How a start went.
struct Began {
    datastreams: usize,
    observations: u64,
    ready_s: f64,
    puback_s: f64,
    memory_mib: f64,
}

/// Makes a store by a rehearsal and starts the program over it, twice, so that the files are warm as after an upgrade.
fn began(folder: &Path, rehearsal: &Rehearsal) -> (Program, Began) {
    let folder = tempfile::tempdir_in(folder).expect("the folder can be written").keep();
    let outcome = rehearsal.run_in(&folder);
    let ends = Rehearsal::begins() + rehearsal.lasting;
    let setup = Setup::anonymous(&folder).with_clock(&format!("{ends}@1"));
    whole::end(setup.serve());
    let program = setup.serve();
    let gauge = outcome.simulation.city().gauges().next().expect("a gauge");
    let station = outcome.simulation.city().stations[gauge].id.clone();
    let mut device = Device::connect(&program).expect("it is let in");
    device.say(&format!("bongsu/v1/{station}/obs"), b"{\"river_stage\":1.0}").expect("it is acknowledged");
    let puback = program.started.elapsed();
    let began = Began {
        datastreams: outcome.simulation.city().stations.iter().map(|station| station.streams.len()).sum(),
        observations: outcome.counts.observations,
        ready_s: (program.ready - program.started).as_secs_f64(),
        puback_s: puback.as_secs_f64(),
        memory_mib: machine::usage(program.id()).memory_mib,
    };
    (program, began)
}

/// A minute at one reading a minute from each station, a minute at ten times as many, and one as before.
pub fn burst(folder: &Path) {
    println!("\n{STATIONS} stations, a connection each: a reading a minute, a minute of ten, a reading a minute");
    let folder = tempfile::tempdir_in(folder).expect("the folder can be written");
    let limits = "cadence = \"1m\"\nquality = { max_rate = \"100/1s\" }";
    city::write(folder.path(), &city::stations(STATIONS, "wind_speed", limits), &[]);
    let setup = Setup::anonymous(folder.path());
    let program = setup.serve();
    let mut books = storm::books(STATIONS);
    let plan = Plan { address: program.mqtt, lasting: PACE_LASTS, step_ms: 100, ..storm::plan(4, None) };
    for pace in PACES {
        let before = machine::usage(program.id());
        let paced = Plan { rate: Some(pace), ..plan.clone() };
        let account: Account = load::publish_apart(&paced, books).join().expect("the load ends");
        let used = machine::usage(program.id());
        let [p50, p99, most] = [0.5, 0.99, 1.0].map(|part| account.latency.quantile_ms(part));
        println!(
            "  {pace:>6.0} readings/s: {} acknowledged, {} connections broken, {:.2} CPU s, {:.0} MiB, peak {:.0} MiB, \
             PUBACK p50 {p50:.2} ms, p99 {p99:.2} ms, longest {most:.0} ms",
            account.acknowledged,
            account.broken,
            used.cpu_s - before.cpu_s,
            used.memory_mib,
            used.peak_mib
        );
        books = account.books;
    }
    whole::end(program);
    let mut ledger = Ledger::of(&setup.database());
    ledger.read_on();
    let lost = storm::missing(&ledger, &plan, &books, |books, n| books.is_acknowledged(n));
    let said: u64 = books.iter().map(|books| books.said).sum();
    println!("  {said} said, {} stored, {} acknowledged and lost, {} twice", ledger.count(), lost.len(), ledger.twice);
    assert!(lost.is_empty(), "lost: {lost:?}");
}
