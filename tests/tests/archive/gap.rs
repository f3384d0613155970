//! What is too old when its turn comes is left out and noted, so that today comes first; a person fetches it.

use crate::{archived_in, printed, say, until};
use bongsu_tests::influx::Influx;
use bongsu_tests::load::Plan;
use bongsu_tests::storm;

fn plan(start: &str) -> Plan {
    let first_ms = bongsu_sensors::Time::parse(start).expect("a time").millis();
    Plan { first_ms, ..storm::plan(1, None) }
}

#[test]
fn what_was_left_out_is_known_and_fetched() {
    let folder = tempfile::tempdir().expect("a folder");
    let (influx, setup) = (Influx::start(), storm::make(folder.path(), 2));
    let old = plan("2026-03-01T05:59:50Z");
    let mut before = setup.clone().with_clock("2026-03-01T06:00:00Z@1").serve();
    say(&before, &old, 2, 0, 50);
    before.ask_to_end();
    assert!(before.wait().success());

    // A day later there is an archive. Yesterday is left out, today arrives.
    let mut setup = setup.with_clock("2026-03-02T06:00:00Z@1");
    archived_in(&mut setup, &influx, &[("MAX_LAG", "1h"), ("BATCH_POINTS", "10")]);
    let program = setup.serve();
    let new = plan("2026-03-02T05:59:50Z");
    say(&program, &new, 2, 0, 20);
    until("today is in the archive", || influx.values("weather").0 == 40);
    let status = &printed(&setup, &["archive", "status", "--json"])[0];
    assert_eq!(status["gaps"].as_array().map(Vec::len), Some(1), "{status}");
    assert_eq!(crate::metric(&program, "bongsu_archive_gaps"), 1.0);
    assert!(!setup.command(&["archive", "status"]).output().expect("it runs").status.success(), "a gap is a finding");
    assert_eq!(verified(&setup), 40, "what was left out is no difference");

    let filled = &printed(&setup, &["archive", "backfill", "--json"])[0];
    assert!(filled["points"].as_u64() >= Some(100) && filled["refused"] == 0, "{filled}");
    assert_eq!(verified(&setup), 140);
    let status = &printed(&setup, &["archive", "status", "--json"])[0];
    assert_eq!(status["gaps"].as_array().map(Vec::len), Some(0), "{status}");

    // Once more changes nothing.
    let span = ["archive", "backfill", "--json", "--from", "2026-03-01T00:00:00Z", "--to", "2026-03-03T00:00:00Z"];
    assert_eq!(printed(&setup, &span)[0]["refused"], 0);
    assert_eq!((verified(&setup), influx.values("weather").0), (140, 140));
}

fn verified(setup: &bongsu_tests::program::Setup) -> u64 {
    let lines = printed(
        setup,
        &["archive", "verify", "--json", "--from", "2026-03-01T00:00:00Z", "--to", "2026-03-03T00:00:00Z"],
    );
    assert!(lines.iter().all(|line| line["same"] == true), "{lines:?}");
    lines.iter().filter_map(|line| line["archive_count"].as_u64()).sum()
}

#[test]
fn without_an_archive_the_commands_say_how_to_name_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let setup = storm::make(folder.path(), 1);
    let output = setup.command(&["archive", "status"]).output().expect("it runs");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && complaint.contains("[archive.influxdb2]"), "{complaint}");
}
