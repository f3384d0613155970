//! What the door and the disk tell of themselves: numbers for `/metrics`, reasons for `/readyz`.

use crate::trouble::Trouble;
use crate::web::Shared;
use bongsu_broker::{Counter, Door, Stats};
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
    ("mqtt_router_rebuilds", "Times the router behind the door was replaced", |stats| &stats.router_rebuilds),
];

/// Numbers that go up and down.
const GAUGES: &[DoorNumber] = &[
    ("mqtt_connections", "MQTT connections now", |stats| &stats.connections),
    ("mqtt_subscriptions", "Subscriptions now", |stats| &stats.subscriptions),
    ("mqtt_retained", "Retained messages", |stats| &stats.retained),
    ("intake_depth", "Messages that wait for the pipeline", |stats| &stats.intake_depth),
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
