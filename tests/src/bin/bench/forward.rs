//! The yardstick: Debian's Mosquitto, which only forwards: QoS 1 publishers to one QoS 1 subscriber, nothing stored.

use crate::Round;
use crate::whole;
use bongsu_tests::load::{self, Gate};
use bongsu_tests::machine;
use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Where Mosquitto is; Debian puts it where only root looks.
pub fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    folders.map(|folder| folder.join("mosquitto")).find(|file| file.is_file())
}

struct Broker(Child);

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(program: &Path, folder: &Path) -> (Broker, SocketAddr) {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
    let config = folder.join("mosquitto.conf");
    // Everything that could hold it back is off: its own disk, its queue limits, its log, Nagle's delay.
    let text = format!(
        "listener {} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_inflight_messages 0\n\
         max_queued_messages 0\nset_tcp_nodelay true\nlog_dest none\n",
        free.port()
    );
    fs::write(&config, text).expect("the folder can be written");
    let mut command = Command::new(program);
    command.arg("-c").arg(&config).stdout(Stdio::null()).stderr(Stdio::null());
    let broker = Broker(command.spawn().expect("mosquitto starts"));
    let deadline = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(free).is_err() {
        assert!(Instant::now() < deadline, "mosquitto does not listen on {free}");
        std::thread::sleep(Duration::from_millis(20));
    }
    (broker, free)
}

/// One round: the rate is what the subscriber received.
pub fn round(program: &Path, folder: &Path, connections: usize, in_flight: u16) -> Round {
    let (broker, address) = start(program, folder);
    // Enough to keep it busy, not so much that it drowns in its own queue.
    let gate = Gate::new("bongsu/v1/+/obs", (2 * connections as u64 * u64::from(in_flight)).clamp(1_000, 4_000));
    let own = std::process::id();
    let own_before = machine::usage(own);
    let before = machine::usage(broker.0.id());
    let plan = load::Plan { gate: Some(gate.clone()), ..whole::plan(address, in_flight) };
    let account = load::publish_apart(&plan, whole::books(connections)).join().expect("the load ends");
    let used = machine::usage(broker.0.id());
    assert_eq!(account.broken, 0, "connections to mosquitto broke");
    #[expect(clippy::cast_precision_loss, reason = "counts of a benchmark")]
    let received = gate.seen.load(Ordering::Relaxed) as f64;
    Round {
        rate: received / account.lasted.as_secs_f64(),
        cpu_s: (used.cpu_s - before.cpu_s) * 1e6 / received,
        peak_mib: used.peak_mib,
        ack_ms: (account.latency.quantile_ms(0.5), account.latency.quantile_ms(0.99)),
        load_cpu_s: (machine::usage(own).cpu_s - own_before.cpu_s) * 1e6 / received,
    }
}
