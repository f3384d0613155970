//! The configuration of a program that runs: what SIGHUP puts in force, and what it says of the rest.

use bongsu_tests::city;
use bongsu_tests::program::{Program, Setup};
use std::fs;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(20);

/// Hangs up until its log says something.
#[track_caller]
fn until_told(program: &Program, wanted: &str) {
    let deadline = Instant::now() + SOON;
    while !program.log().contains(wanted) {
        assert!(Instant::now() < deadline, "{wanted:?} is not told: {}", program.log());
        program.hang_up();
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn the_level_of_the_log_changes_while_it_runs_and_what_needs_a_restart_is_told() {
    const READ_AGAIN: &str = "are read again";
    let folder = tempfile::tempdir().expect("a folder");
    city::write(folder.path(), &city::stations(1, "river_stage", ""), &[]);
    let setup = Setup::anonymous(folder.path());
    let file = folder.path().join("bongsu.toml");
    let write = |text: &str| fs::write(&file, text).expect("it can be written");
    write("[log]\nlevel = \"warn\"\n");
    let program = Program::start(&setup, setup.command(&["serve", "--json"]));

    write("[log]\nlevel = \"warn\"\n[limits]\nbatch_readings = 777\n");
    until_told(&program, "limits.batch_readings");
    assert!(!program.log().contains(READ_AGAIN), "{}", program.log());
    assert!(!program.log().contains("log.level"), "{}", program.log());

    write("[log]\nlevel = \"loud\"\n");
    until_told(&program, "loud");
    assert!(!program.log().contains(READ_AGAIN), "a mistake changes nothing: {}", program.log());

    write("[log]\nlevel = \"info\"\n");
    until_told(&program, READ_AGAIN);
}
