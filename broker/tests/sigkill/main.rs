//! The door is killed at random moments while a session holds undelivered QoS 1 and 2 messages:
//! none that was acknowledged is lost, no QoS 2 message comes twice, retained state is back.
#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod world;

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use world::World;

const ROUNDS: usize = 10;

/// Killed when it is dropped.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn start(program: &Path, file: &Path) -> (Killed, [SocketAddr; 2]) {
    let mut child = Command::new(program).arg(file).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (Killed(child), [line.trim().parse().expect("an address"); 2])
}

#[test]
fn killed_at_random_moments_it_loses_nothing_and_doubles_no_qos_2_message() {
    let deps = std::env::current_exe().unwrap();
    let program = deps.parent().and_then(Path::parent).unwrap().join("examples/durable_door");
    assert!(program.exists(), "{} is missing: cargo build -p bongsu-broker --examples", program.display());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sessions.db");
    world::survives(&World::new(["q", "r"], "#"), ROUNDS, || start(&program, &file));
}
