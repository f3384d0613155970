//! What the door and the disk tell of themselves: numbers for `/metrics`, reasons for `/readyz`.

use crate::trouble::Trouble;
use crate::web::Shared;
use bongsu_broker::{ByReason, Counter, Door, Reason, Stats};
use std::sync::Arc;

/// A number of the door: name, help, and where it stands.
type DoorNumber = (&'static str, &'static str, fn(&Stats) -> &Counter);

/// Numbers that only grow.
const COUNTERS: &[DoorNumber] = &[
    ("mqtt_connections_accepted", "MQTT connections ever", |stats| &stats.connections_total),
    ("mqtt_messages_received", "Messages from devices", |stats| &stats.messages_in),
    ("mqtt_received_bytes", "Bytes from devices", |stats| &stats.bytes_in),
    ("mqtt_messages_sent", "Messages to subscribers", |stats| &stats.messages_out),
    ("mqtt_intake_full", "Times a full intake held a device back", |stats| &stats.intake_full),
    ("mqtt_dropped_slow", "Messages a slow subscriber did not get", |stats| &stats.dropped_slow),
    ("mqtt_cut_slow", "Subscribers cut off because they were slow", |stats| &stats.cut_slow),
    ("mqtt_refused_full", "Connections closed because the door was full", |stats| &stats.refused_full),
    ("mqtt_refused_address", "Connections closed because too many came from one address", |stats| {
        &stats.refused_address
    }),
    ("mqtt_refused_silent", "Connections that did not ask to be let in in time", |stats| &stats.refused_silent),
    ("mqtt_refused_handshake", "Handshakes of TLS or WebSocket that failed", |stats| &stats.refused_handshake),
    ("mqtt_throttled", "Times a device was heard later because it spoke too fast", |stats| &stats.throttled),
    ("mqtt_dropped_offline", "Messages a session that was away lost because its queue was full", |stats| {
        &stats.dropped_offline
    }),
    ("mqtt_remote_failures", "Times the remote broker was away", |stats| &stats.remote_failures),
    ("mqtt_remote_sent", "Messages to the remote broker", |stats| &stats.remote_sent),
    ("mqtt_remote_dropped", "Messages that waited too long for the remote broker", |stats| &stats.remote_dropped),
    ("mqtt_router_rebuilds", "Times the router behind the door was replaced", |stats| &stats.router_rebuilds),
];

/// Numbers that go up and down.
const GAUGES: &[DoorNumber] = &[
    ("mqtt_connections", "MQTT connections now", |stats| &stats.connections),
    ("mqtt_subscriptions", "Subscriptions now", |stats| &stats.subscriptions),
    ("mqtt_remote_connected", "1 while the remote broker is connected", |stats| &stats.remote_connected),
    ("mqtt_retained", "Retained messages", |stats| &stats.retained),
    ("intake_depth", "Messages that wait for the pipeline", |stats| &stats.intake_depth),
];

/// Numbers by the reason that was given: name, help, and where they stand.
type ReasonNumber = (&'static str, &'static str, fn(&Stats) -> &ByReason);

/// What was denied, and why.
const DENIALS: &[ReasonNumber] = &[
    ("mqtt_refused", "Connections refused, by reason", |stats| &stats.refused),
    ("mqtt_denied_publish", "Messages that were not allowed, by reason", |stats| &stats.denied_publish),
    ("mqtt_denied_subscribe", "Subscriptions that were not allowed, by reason", |stats| &stats.denied_subscribe),
    ("mqtt_closed", "Connections closed by the door, by reason", |stats| &stats.closed),
    ("mqtt_rejected", "Messages of which nothing was taken, by reason", |stats| &stats.rejected),
];

/// Makes everything visible.
pub fn register(shared: &Shared, door: &Door, trouble: &Arc<Trouble>, intake_limit: usize) {
    let metrics = shared.metrics();
    for (name, help, number) in COUNTERS {
        let stats = door.stats();
        metrics.counter(name, help, &[], move || number(&stats).get());
    }
    #[expect(clippy::cast_precision_loss, reason = "a number for people")]
    for (name, help, number) in GAUGES {
        let stats = door.stats();
        metrics.gauge(name, help, &[], move || number(&stats).get() as f64);
    }
    for (name, help, number) in DENIALS {
        for reason in Reason::errors() {
            let stats = door.stats();
            metrics.counter(name, help, &[("reason", &reason.label())], move || number(&stats).get(reason));
        }
    }
    let disk = trouble.clone();
    metrics.gauge("disk_reserve_given_up", "1 while the disk is so full that its reserve is used", &[], move || {
        f64::from(u8::from(disk.is_on_reserve()))
    });
    let disk = trouble.clone();
    shared.check("store", Box::new(move || disk.failing()));
    let disk = trouble.clone();
    let full = "the disk is nearly full and its reserve is given up; make room".to_owned();
    shared.check("disk", Box::new(move || disk.is_on_reserve().then(|| full.clone())));
    let stats = door.stats();
    let limit = u64::try_from(intake_limit).unwrap_or(u64::MAX);
    let behind = "the pipeline is behind: devices are held back".to_owned();
    shared.check("intake", Box::new(move || (stats.intake_depth.get() * 10 >= limit * 9).then(|| behind.clone())));
}
