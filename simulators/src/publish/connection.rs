//! One MQTT connection: a feeder that may wait, and a loop that never does.
//!
//! rumqttc's request queue is bounded, and only its event loop empties it: whoever publishes from the loop's own task can
//! wait for ever. So they are two tasks. What was not acknowledged when a connection broke is sent again.

use rumqttc::{AsyncClient, ConnectionError, Event, EventLoop, MqttOptions, Outgoing, Packet, QoS, Request};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// Messages that wait for a connection before the city has to.
const QUEUE: usize = 64;
/// Messages sent and not yet acknowledged.
const IN_FLIGHT: u16 = 64;
/// First and longest pause before a lost connection is tried again.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// What a client shows at the door.
#[derive(Clone)]
pub struct Login {
    /// User name.
    pub username: String,
    /// Password.
    pub password: String,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("username", &self.username).finish_non_exhaustive()
    }
}

/// A message for a broker.
#[derive(Debug)]
pub struct Message {
    /// Where to.
    pub topic: String,
    /// What.
    pub payload: String,
}

/// How a connection ended.
#[derive(Debug, Default)]
pub struct End {
    /// Messages acknowledged.
    pub acked: u64,
    /// Times it was made anew.
    pub reconnects: u64,
    /// What went wrong last.
    pub complaint: Option<String>,
}

/// An open connection.
#[derive(Debug)]
pub struct Connection {
    queue: mpsc::Sender<Message>,
    feeder: JoinHandle<()>,
    events: JoinHandle<End>,
    acked: watch::Receiver<u64>,
    stop: watch::Sender<Option<Duration>>,
}

impl Connection {
    /// Opens a connection under a client name. It connects in the background and again whenever it is lost.
    pub fn open(address: SocketAddr, name: &str, login: Option<&Login>) -> Connection {
        let mut options = MqttOptions::new(name, address.ip().to_string(), address.port());
        options.set_keep_alive(Duration::from_secs(30)).set_clean_session(true).set_inflight(IN_FLIGHT);
        if let Some(login) = login {
            options.set_credentials(&login.username, &login.password);
        }
        let (client, mut events) = AsyncClient::new(options, usize::from(IN_FLIGHT));
        events.network_options.set_tcp_nodelay(true);
        let (queue, waiting) = mpsc::channel(QUEUE);
        let (acks, acked) = watch::channel(0);
        let (stop, stopping) = watch::channel(None);
        let feeder = tokio::spawn(feed(client, waiting, acked.clone(), stopping));
        let events = tokio::spawn(run(events, acks));
        Connection { queue, feeder, events, acked, stop }
    }

    /// Hands over a message, waiting while the queue is full; false where the broker has refused this client.
    pub async fn send(&self, message: Message) -> bool {
        self.queue.send(message).await.is_ok()
    }

    /// Waits up to `grace` for what is under way, says goodbye, and tells how it went. All in the background, so that
    /// many connections end together.
    pub fn finish(self, grace: Duration) -> JoinHandle<End> {
        tokio::spawn(self.end(grace))
    }

    async fn end(self, grace: Duration) -> End {
        let Connection { queue, feeder, mut events, acked, stop } = self;
        drop(queue);
        let _ = stop.send(Some(grace));
        // The feeder keeps to the grace itself; the second bound is for a loop that hangs in a dead network.
        let _ = feeder.await;
        match tokio::time::timeout(Duration::from_secs(1), &mut events).await {
            Ok(Ok(end)) => end,
            _ => {
                events.abort();
                let complaint = Some("the connection did not close".to_owned());
                End { acked: *acked.borrow(), reconnects: 0, complaint }
            }
        }
    }
}

/// Passes messages on until their queue is closed and empty, waits for the acknowledgements, and disconnects.
async fn feed(
    client: AsyncClient,
    mut waiting: mpsc::Receiver<Message>,
    mut acked: watch::Receiver<u64>,
    mut stopping: watch::Receiver<Option<Duration>>,
) {
    let mut fed = 0;
    let pass_all = async {
        while let Some(message) = waiting.recv().await {
            if client.publish(message.topic, QoS::AtLeastOnce, false, message.payload).await.is_err() {
                // The loop has ended: the broker wants no more of this client.
                return;
            }
            fed += 1;
        }
        let _ = acked.wait_for(|acked| *acked >= fed).await;
    };
    let too_late = async {
        match stopping.wait_for(Option::is_some).await.map(|grace| *grace) {
            Ok(Some(grace)) => tokio::time::sleep(grace).await,
            // Nobody will ask it to stop: it stops by itself when the queue closes.
            _ => std::future::pending().await,
        }
    };
    tokio::select! {
        () = pass_all => {}
        () = too_late => {}
    }
    let _ = client.try_disconnect();
}

/// Polls the connection until it is told to disconnect or the broker refuses it.
async fn run(mut events: EventLoop, acks: watch::Sender<u64>) -> End {
    let mut end = End::default();
    let mut unacknowledged: VecDeque<Request> = VecDeque::new();
    let mut pause = PAUSES.0;
    loop {
        // One at a time and within the window: rumqttc would send all of `pending` at once, and a second message under a
        // packet number that is still open overwrites the first.
        let room = events.state.inflight() < IN_FLIGHT && events.state.collision.is_none();
        if room && events.network.is_some() && events.pending.is_empty() {
            events.pending.extend(unacknowledged.pop_front());
        }
        match events.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => pause = PAUSES.0,
            Ok(Event::Incoming(Packet::PubAck(_))) => {
                end.acked += 1;
                let _ = acks.send(end.acked);
            }
            // The goodbye is on its way; whether the broker or we hang up first is all one.
            Ok(Event::Outgoing(Outgoing::Disconnect)) => return end,
            Ok(_) => {}
            Err(ConnectionError::ConnectionRefused(code)) => {
                end.complaint = Some(format!("{} was refused: {code:?}", events.mqtt_options.client_id()));
                return end;
            }
            Err(error) => {
                end.complaint = Some(format!("{} lost its connection: {error}", events.mqtt_options.client_id()));
                end.reconnects += 1;
                // What was sent before comes before what still waited. A clean session forgets it; the city does not.
                let lost = events.pending.drain(..).filter_map(afresh);
                unacknowledged = lost.chain(std::mem::take(&mut unacknowledged)).collect();
                if unacknowledged.iter().any(|request| matches!(request, Request::Disconnect(_))) {
                    return end;
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSES.1);
            }
        }
    }
}

/// A request as a new session takes it: without the packet number of the old one.
fn afresh(request: Request) -> Option<Request> {
    match request {
        Request::Publish(mut publish) => {
            publish.pkid = 0;
            Some(Request::Publish(publish))
        }
        Request::Disconnect(_) => Some(request),
        _ => None,
    }
}
