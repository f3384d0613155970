//! One suite for both ways in: devices at our own door, and devices at a broker of others (Debian's Mosquitto).

use bongsu_tests::ear::Ear;
use bongsu_tests::ledger::Ledger;
use bongsu_tests::peer::Peer;
use bongsu_tests::program::{Program, Setup};
use bongsu_tests::{city, mosquitto, wait, wire};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Nothing here takes longer.
const SOON: Duration = Duration::from_secs(30);

/// The first reading: 2026-07-08T11:31:00Z.
const FIRST_MS: i64 = 1_783_510_260_000;

/// A way in, and what stands on it.
enum Way {
    Door,
    Remote(Peer),
}

impl Way {
    /// Where devices connect.
    fn address(&self, program: &Program) -> SocketAddr {
        match self {
            Way::Door => program.mqtt,
            Way::Remote(broker) => broker.address,
        }
    }

    fn setup(&self, folder: &Path) -> Setup {
        city::write(folder, &city::stations(2, "river_stage", ""), &[]);
        let mut setup = Setup::anonymous(folder);
        if let Way::Remote(broker) = self {
            setup.env.push(("BONGSU_MQTT__REMOTE".into(), format!("mqtt://{}", broker.address)));
        }
        setup
    }
}

/// A device that sends one message after the other and waits for each acknowledgement.
struct Device {
    socket: TcpStream,
    inbox: Vec<u8>,
    next: u16,
}

impl Device {
    fn connect(address: SocketAddr) -> Option<Device> {
        let socket = TcpStream::connect(address).ok()?;
        socket.set_read_timeout(Some(SOON)).ok()?;
        let mut device = Device { socket, inbox: Vec::new(), next: 0 };
        let mut out = Vec::new();
        wire::connect(&mut out, "device", None);
        device.socket.write_all(&out).ok()?;
        device.wait(wire::CONNACK)?;
        Some(device)
    }

    /// `None`: the connection broke before it was acknowledged.
    fn say(&mut self, topic: &str, payload: &str) -> Option<()> {
        self.next = self.next % 60_000 + 1;
        let mut out = Vec::new();
        wire::publish(&mut out, topic, self.next, payload.as_bytes());
        self.socket.write_all(&out).ok()?;
        self.wait(wire::PUBACK)
    }

    fn wait(&mut self, head: u8) -> Option<()> {
        loop {
            if let Some((packet, used)) = wire::next(&self.inbox) {
                let is_it = packet.head == head;
                self.inbox.drain(..used);
                if is_it {
                    return Some(());
                }
                continue;
            }
            let mut chunk = [0; 1024];
            match self.socket.read(&mut chunk) {
                Ok(count @ 1..) => self.inbox.extend_from_slice(&chunk[..count]),
                _ => return None,
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a handful of readings")]
fn value(n: i64) -> f64 {
    n as f64 / 100.0
}

fn reading(n: i64) -> String {
    format!("{{\"t\":{},\"river_stage\":{}}}", FIRST_MS + n * 60_000, value(n))
}

/// Waits until something holds.
#[track_caller]
fn until(what: &str, holds: impl FnMut() -> bool) {
    wait::until(SOON, what, holds);
}

/// What was acknowledged is in the store, or comes into it by itself.
fn holds(setup: &Setup, numbers: &[i64]) {
    let mut ledger = Ledger::of(&setup.database());
    until("an acknowledged reading never came into the store", || {
        ledger.read_on();
        numbers.iter().all(|n| ledger.holds("s00000", FIRST_MS + n * 60_000, value(*n)))
    });
}

/// Topics and payloads.
type Heard = Arc<Mutex<Vec<(String, String)>>>;

/// Listens where devices are.
fn listen(address: SocketAddr, filter: &str) -> (Ear, Heard) {
    let heard = Heard::default();
    let notes = heard.clone();
    let ear = Ear::open(address, filter, 1, move |topic, payload, _| {
        let said = (topic.to_owned(), String::from_utf8_lossy(payload).into_owned());
        notes.lock().expect("nobody panics").push(said);
    });
    (ear.expect("it is granted"), heard)
}

fn suite(way: &Way) {
    let folder = tempfile::tempdir().expect("a folder");
    let setup = way.setup(folder.path());
    let mut program = setup.serve();
    let address = way.address(&program);
    if matches!(way, Way::Remote(_)) {
        until("it never connected", || program.log().contains("connected to the remote broker"));
    }

    // what is said there is heard, decided and stored
    let mut device = Device::connect(address).expect("it is let in");
    let mut acknowledged = Vec::new();
    for n in 0..50 {
        device.say("bongsu/v1/s00000/obs", &reading(n)).expect("acknowledged");
        acknowledged.push(n);
    }
    holds(&setup, &acknowledged);

    // what Bongsu says is heard there: the heartbeat is retained, a refusal has its remedy
    let (_pulse, beats) = listen(address, "bongsu/v1/system");
    until("no heartbeat", || !beats.lock().expect("nobody panics").is_empty());
    let (_errors, refused) = listen(address, "bongsu/v1/s00000/errors");
    device.say("bongsu/v1/s00000/obs", "{\"river_stag\":1}").expect("acknowledged");
    until("no refusal was told", || {
        refused.lock().expect("nobody panics").iter().any(|(_, said)| said.contains("did you mean \\\"river_stage"))
    });

    // killed while it hears: nothing that was acknowledged is lost, and it goes on where it was
    let mut n = 50;
    for _ in 0..3 {
        for _ in 0..20 {
            if device.say("bongsu/v1/s00000/obs", &reading(n)).is_some() {
                acknowledged.push(n);
            }
            n += 1;
        }
        drop(program);
        if matches!(way, Way::Remote(_)) {
            // that broker acknowledges for its own disk, and keeps it for us
            for _ in 0..20 {
                device.say("bongsu/v1/s00000/obs", &reading(n)).expect("acknowledged");
                acknowledged.push(n);
                n += 1;
            }
        }
        program = setup.serve();
        if matches!(way, Way::Door) {
            device = Device::connect(way.address(&program)).expect("it is let in");
        }
    }
    assert!(acknowledged.len() > 60, "{}", acknowledged.len());
    holds(&setup, &acknowledged);
}

#[test]
fn devices_at_our_own_door() {
    suite(&Way::Door);
}

#[test]
fn devices_at_a_broker_of_others() {
    let folder = tempfile::tempdir().expect("a folder");
    suite(&Way::Remote(mosquitto::start(folder.path(), "max_queued_messages 0")));
}

/// The broker of others goes away and comes back: what devices say then is heard again.
#[test]
fn a_broker_of_others_that_restarts_is_found_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let persistent = format!("persistence true\npersistence_location {}/\n", folder.path().display());
    let broker = mosquitto::start(folder.path(), &persistent);
    let address = broker.address;
    let way = Way::Remote(broker);
    let city = tempfile::tempdir().expect("a folder");
    let setup = way.setup(city.path());
    let program = setup.serve();
    until("it never connected", || program.log().contains("connected to the remote broker"));
    drop(way);
    until("nobody noticed", || program.log().contains("the remote broker is away"));
    let _again = mosquitto::start_at(address, folder.path(), &persistent);
    until("it never came back", || program.log().matches("connected to the remote broker").count() == 2);
    let mut device = Device::connect(address).expect("it is let in");
    // the subscription may come a moment after the connection
    until("nothing is heard any more", || {
        device.say("bongsu/v1/s00000/obs", &reading(1)).expect("acknowledged");
        let mut ledger = Ledger::of(&setup.database());
        ledger.read_on();
        ledger.holds("s00000", FIRST_MS + 60_000, value(1))
    });
}
