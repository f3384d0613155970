//! What is said, judged by others: documents by an XML schema validator and a second reader, signatures by xmlsec1.
//! The judges are installed by `make setup` (tests/judges/setup.sh); a missing one is a failure.

// What is issued reaches receivers that others have written.
mod arrive;
// Barriers, and what citizens see.
mod barrier;
// CAP messages of a simulated flood.
mod chain;
// Power cuts between commit and delivery.
mod kill;
// A receiver that is down.
mod outage;
// The receivers.
mod receivers;
// Messages that agencies have sent.
mod recorded;

use std::path::PathBuf;
use std::process::Command;

/// Where setup.sh put something: below the folder of build products, wherever that is.
fn installed(what: &str) -> PathBuf {
    let own = std::env::current_exe().expect("a running program has a path");
    let default = bongsu_tests::program::root().join("target");
    let folders = own.ancestors().skip(1).map(PathBuf::from).chain([default]);
    let found = folders.map(|folder| folder.join("judges").join(what)).find(|path| path.exists());
    found.unwrap_or_else(|| panic!("judges/{what} is not installed below the target folder: run `make setup`"))
}

/// Runs a judge; its words where it refuses.
fn judge(command: &mut Command) -> Result<(), String> {
    let output = command.output().expect("the judge runs");
    let said = [output.stdout, output.stderr].concat();
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&said).into_owned()) }
}

/// A script of ours in the Python that the judges were installed into.
fn script(name: &str) -> Command {
    let mut command = Command::new(installed("venv/bin/python"));
    command.arg(bongsu_tests::program::root().join("tests/judges").join(name));
    command
}
