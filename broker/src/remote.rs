//! A broker of others, before which devices stand: the other way in.
//!
//! What devices publish there comes through the same [`Intake`](crate::Intake) and is acknowledged there when the
//! application has committed it; until then that broker keeps it. What the application publishes goes there too: of
//! retained messages the latest of each topic is never lost to a broken connection, of the rest the oldest is dropped,
//! and counted, when too much waits.
//!
//! MQTT 3.1.1, because every broker speaks it, with a session that outlives the connection.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, Packet, Publish, QoS, TlsConfiguration, Transport};
use tokio::sync::{Notify, mpsc};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_util::sync::CancellationToken;

use crate::authority::Identity;
use crate::config::{Limits, Plane};
use crate::fanout::Outgoing;
use crate::intake::{Ack, Delivery, Feed, Message};
use crate::stats::Stats;
use crate::tls::TlsError;
use crate::topic;
use crate::wire::Qos;

/// Keep-alive towards that broker.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// Between two attempts to connect.
const AGAIN: Duration = Duration::from_secs(1);
/// Requests that wait for the connection; more wait in the [`Outbox`].
const REQUESTS: usize = 256;
/// Messages that wait for that broker besides retained ones.
const WAITING: usize = 10_000;
/// Messages to it that are not acknowledged.
const IN_FLIGHT: u16 = 100;
/// How long the last acknowledgements may take to leave.
const LAST_ACKS: Duration = Duration::from_secs(1);

/// Where that broker is, and what is heard from it.
#[derive(Clone)]
pub struct RemoteConfig {
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Its session there is kept under this name: each gateway needs its own.
    pub client_id: String,
    /// User name and password.
    pub credentials: Option<(String, String)>,
    /// Inside TLS: whom its certificate is trusted from, as PEM; an empty one means whoever this system trusts.
    pub tls: Option<Vec<u8>>,
    /// What devices publish there.
    pub filters: Vec<String>,
}

impl fmt::Debug for RemoteConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteConfig").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

/// What waits to be published there.
#[derive(Default)]
pub(crate) struct Outbox {
    waiting: Mutex<Waiting>,
    arrived: Notify,
    filters: Vec<String>,
}

#[derive(Default)]
struct Waiting {
    /// The latest of each topic.
    retained: BTreeMap<String, Outgoing>,
    rest: VecDeque<Outgoing>,
}

impl Outbox {
    /// Takes a copy of what is published. What that broker hands us, it does not get back.
    pub fn offer(&self, batch: &[Outgoing], stats: &Stats) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        for message in batch {
            if self.filters.iter().any(|filter| topic::matches(filter, &message.topic)) {
                continue;
            }
            if message.retain {
                waiting.retained.insert(message.topic.clone(), message.clone());
                continue;
            }
            if waiting.rest.len() >= WAITING {
                waiting.rest.pop_front();
                stats.remote_dropped.add(1);
            }
            waiting.rest.push_back(message.clone());
        }
        drop(waiting);
        self.arrived.notify_one();
    }

    async fn next(&self) -> Outgoing {
        loop {
            {
                let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                let retained = waiting.retained.pop_first().map(|(_, message)| message);
                if let Some(message) = retained.or_else(|| waiting.rest.pop_front()) {
                    return message;
                }
            }
            self.arrived.notified().await;
        }
    }
}

/// The connection to that broker, not yet begun.
pub(crate) struct Remote {
    client: AsyncClient,
    events: EventLoop,
    filters: Vec<String>,
    pub outbox: Arc<Outbox>,
    feed: Arc<Feed>,
    stats: Arc<Stats>,
}

impl Remote {
    pub fn new(config: RemoteConfig, limits: &Limits, feed: Arc<Feed>, stats: Arc<Stats>) -> Result<Remote, TlsError> {
        let mut options = MqttOptions::new(config.client_id, config.host, config.port);
        options.set_keep_alive(KEEP_ALIVE).set_clean_session(false).set_manual_acks(true).set_inflight(IN_FLIGHT);
        options.set_max_packet_size(limits.max_packet_bytes, limits.max_packet_bytes);
        if let Some((name, password)) = config.credentials {
            options.set_credentials(name, password);
        }
        if let Some(trusted) = config.tls {
            let tls = TlsConfiguration::Rustls(Arc::new(client_config(&trusted)?));
            options.set_transport(Transport::tls_with_config(tls));
        }
        let (client, mut events) = AsyncClient::new(options, REQUESTS);
        events.network_options.set_tcp_nodelay(true);
        let outbox = Arc::new(Outbox { filters: config.filters.clone(), ..Outbox::default() });
        Ok(Remote { client, events, filters: config.filters, outbox, feed, stats })
    }

    /// Hears until `deaf`, and goes on acknowledging until `stop`.
    pub async fn run(mut self, deaf: CancellationToken, stop: CancellationToken) {
        let (settled, settling) = mpsc::unbounded_channel();
        let acknowledging = tokio::spawn(acknowledge(self.client.clone(), settling));
        let publishing = tokio::spawn(publish(self.client.clone(), self.outbox.clone(), self.stats.clone()));
        let who = Arc::new(Identity::new("remote", Plane::Devices));
        let mut last_acks = None;
        loop {
            let until = last_acks.unwrap_or_else(|| tokio::time::Instant::now() + Duration::from_secs(86_400));
            let event = tokio::select! {
                event = self.events.poll() => event,
                () = stop.cancelled(), if last_acks.is_none() => {
                    last_acks = Some(tokio::time::Instant::now() + LAST_ACKS);
                    continue;
                }
                () = tokio::time::sleep_until(until), if last_acks.is_some() => break,
            };
            match event {
                Ok(Event::Incoming(Packet::ConnAck(_))) => self.subscribe(),
                Ok(Event::Incoming(Packet::SubAck(_))) => {
                    self.stats.remote_connected.set(1);
                    tracing::info!("connected to the remote broker");
                }
                Ok(Event::Incoming(Packet::Publish(publish))) if !deaf.is_cancelled() => {
                    self.stats.messages_in.add(1);
                    let delivery = delivery(publish, &who, &settled);
                    let weight = self.feed.weight(&delivery.messages);
                    // While there is no room that broker is not read: it keeps what it has.
                    if self.feed.clone().reserve(weight).await.is_ok() {
                        self.feed.put(delivery, weight);
                    }
                }
                Ok(_) => {}
                Err(error) => {
                    if self.stats.remote_connected.get() == 1 || self.stats.remote_failures.get() == 0 {
                        tracing::warn!(%error, "the remote broker is away; trying again every second");
                    }
                    self.stats.remote_connected.set(0);
                    self.stats.remote_failures.add(1);
                    tokio::select! {
                        () = stop.cancelled() => break,
                        () = tokio::time::sleep(AGAIN) => {}
                    }
                }
            }
        }
        self.stats.remote_connected.set(0);
        acknowledging.abort();
        publishing.abort();
    }

    /// Asked again at every connection: that broker may have lost the session.
    fn subscribe(&self) {
        let filters = self.filters.iter().map(|filter| rumqttc::SubscribeFilter::new(filter.clone(), QoS::AtLeastOnce));
        let (client, filters) = (self.client.clone(), filters.collect::<Vec<_>>());
        tokio::spawn(async move {
            // it only fails when the event loop is gone
            let _ = client.subscribe_many(filters).await;
        });
    }
}

fn delivery(publish: Publish, who: &Arc<Identity>, settled: &mpsc::UnboundedSender<Publish>) -> Delivery {
    let qos = match publish.qos {
        QoS::AtMostOnce => Qos::AtMostOnce,
        QoS::AtLeastOnce => Qos::AtLeastOnce,
        QoS::ExactlyOnce => Qos::ExactlyOnce,
    };
    let message = Message {
        topic: publish.topic.as_str().into(),
        payload: publish.payload.clone(),
        qos,
        retain: publish.retain,
        dup: publish.dup,
        is_will: false,
        packet_id: publish.pkid,
        properties: None,
    };
    Delivery {
        from: who.clone(),
        client_id: "remote".into(),
        messages: vec![message],
        ack: Ack::remote(settled.clone(), publish),
        session: None,
        origin: 0,
        receipt: 0,
        refusable: false,
    }
}

/// Bounded by what that broker sends without an acknowledgement.
async fn acknowledge(client: AsyncClient, mut settling: mpsc::UnboundedReceiver<Publish>) {
    while let Some(publish) = settling.recv().await {
        if client.ack(&publish).await.is_err() {
            return;
        }
    }
}

async fn publish(client: AsyncClient, outbox: Arc<Outbox>, stats: Arc<Stats>) {
    loop {
        let Outgoing { topic, payload, qos, retain, .. } = outbox.next().await;
        let qos = match qos {
            Qos::AtMostOnce => QoS::AtMostOnce,
            _ => QoS::AtLeastOnce,
        };
        if client.publish_bytes(topic, qos, retain, payload).await.is_err() {
            return;
        }
        stats.remote_sent.add(1);
    }
}

fn client_config(trusted: &[u8]) -> Result<ClientConfig, TlsError> {
    let mut roots = RootCertStore::empty();
    if trusted.is_empty() {
        let system = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(system.certs);
    } else {
        for certificate in CertificateDer::pem_slice_iter(trusted) {
            let certificate = certificate.map_err(|_| TlsError::NoAuthority)?;
            roots.add(certificate).map_err(|error| TlsError::Unusable(error.to_string()))?;
        }
    }
    if roots.is_empty() {
        return Err(TlsError::NoAuthority);
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| TlsError::Unusable(error.to_string()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
