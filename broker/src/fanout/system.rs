//! `$SYS`: what tools expect a broker to say about itself, on a timer. Who may hear it is the
//! [`Authority`](crate::Authority)'s to say.

use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use super::{Hub, Published};
use crate::stats::Stats;
use crate::wire::Qos;

/// What it tells, and how often.
pub(crate) struct Vitals {
    pub every: Duration,
    pub started: Instant,
}

/// Publishes until `stop`.
pub(crate) async fn tell(vitals: Vitals, hub: std::sync::Arc<Hub>, stop: CancellationToken) {
    let mut timer = tokio::time::interval(vitals.every.max(Duration::from_millis(10)));
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = timer.tick() => {}
        }
        let now = messages(&hub.stats, vitals.started);
        let hub = hub.clone();
        // publishing may wait for slow lanes
        let _ = tokio::task::spawn_blocking(move || hub.tell(now)).await;
    }
}

fn messages(stats: &Stats, started: Instant) -> Vec<Published> {
    let text: [(&str, String); 2] = [
        ("version", concat!("bongsu ", env!("CARGO_PKG_VERSION")).to_owned()),
        ("uptime", format!("{} seconds", started.elapsed().as_secs())),
    ];
    let numbers = [
        ("clients/connected", stats.connections.get()),
        (
            "clients/total",
            stats.connections.get() + stats.sessions.get().saturating_sub(stats.sessions_connected.get()),
        ),
        ("clients/disconnected", stats.sessions.get().saturating_sub(stats.sessions_connected.get())),
        ("messages/received", stats.messages_in.get()),
        ("messages/sent", stats.messages_out.get()),
        ("messages/stored", stats.session_messages.get()),
        ("bytes/received", stats.bytes_in.get()),
        ("bytes/sent", stats.bytes_out.get()),
        (
            "publish/messages/dropped",
            stats.dropped_slow.get() + stats.dropped_unfit.get() + stats.dropped_offline.get(),
        ),
        ("retained messages/count", stats.retained.get()),
        ("subscriptions/count", stats.subscriptions.get()),
    ];
    let numbers = numbers.map(|(name, value)| (name, value.to_string()));
    let all = text.into_iter().chain(numbers);
    all.map(|(name, value)| Published {
        topic: format!("$SYS/broker/{name}").into(),
        payload: value.into(),
        properties: Bytes::new(),
        qos: Qos::AtMostOnce,
        retain: true,
        expires: None,
        origin: 0,
        number: 0,
    })
    .collect()
}
