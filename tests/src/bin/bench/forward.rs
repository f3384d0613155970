//! The yardstick: Debian's Mosquitto, which only forwards: QoS 1 publishers to one QoS 1 subscriber, nothing stored.

use crate::Round;
use crate::whole;
use bongsu_tests::load::{self, Gate};
use bongsu_tests::machine;
use bongsu_tests::mosquitto;
use std::path::Path;
use std::sync::atomic::Ordering;

/// Everything that could hold it back is off: its own disk, its queue limits, its log, Nagle's delay.
const FAST: &str = "persistence false\nmax_inflight_messages 0\nmax_queued_messages 0\nset_tcp_nodelay true";

/// One round: the rate is what the subscriber received.
pub fn round(folder: &Path, connections: usize, in_flight: u16) -> Round {
    let broker = mosquitto::start(folder, FAST);
    let address = broker.address;
    // Enough to keep it busy, not so much that it drowns in its own queue.
    let gate = Gate::new("bongsu/v1/+/obs", (2 * connections as u64 * u64::from(in_flight)).clamp(1_000, 4_000));
    let own = std::process::id();
    let own_before = machine::usage(own);
    let before = machine::usage(broker.id());
    let plan = load::Plan { gate: Some(gate.clone()), ..whole::plan(address, in_flight) };
    let account = load::publish_apart(&plan, whole::books(connections)).join().expect("the load ends");
    let used = machine::usage(broker.id());
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
