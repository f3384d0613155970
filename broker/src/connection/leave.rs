//! The end of a connection: leave everywhere, say why, hand over what is still owed to the
//! application, its will included, and park the session if it outlives the connection.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite};

use super::answer::Answers;
use super::{Connection, End, Shared, greet, hear, stream};
use crate::authority::{self, Identity};
use crate::intake::{Ack, Delivery, Message};
use crate::mailbox::{Mailbox, Order};
use crate::session::{Durable, Session, Since, holder};
use crate::store::SessionKey;
use crate::wire::{self, Reason, Version, Will};

/// Removes a connection from what others see, even if its task panics.
pub(super) struct Present {
    shared: Arc<Shared>,
    mailbox: Arc<Mailbox>,
    key: SessionKey,
    number: u64,
    /// Still attached.
    durable: Option<Arc<Durable>>,
}

impl Present {
    pub fn enter(shared: &Arc<Shared>, greeted: &greet::Greeted, number: u64) -> Self {
        shared.stats.connections.add(1);
        shared.stats.connections_total.add(1);
        shared.stats.sessions_connected.add(greeted.durable.is_some().into());
        Present {
            shared: shared.clone(),
            mailbox: greeted.mailbox.clone(),
            key: greeted.client.key.clone(),
            number,
            durable: greeted.durable.clone(),
        }
    }

    fn detached(&mut self) {
        if self.durable.take().is_some() {
            self.shared.stats.sessions_connected.sub(1);
        }
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.shared.registry.leave(&self.key, self.number);
        self.mailbox.shut();
        self.shared.stats.connections.sub(1);
        if let Some(durable) = self.durable.clone() {
            // its state went down with the task
            self.shared.sessions.end(&durable);
            self.detached();
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Connection<S> {
    /// Leaves everywhere, says why, and hands over what is still owed to the application.
    pub(super) async fn end(mut self, end: End, mut present: Present) {
        let shared = self.shared.clone();
        shared.registry.leave(&self.client.key, self.number);
        if self.kept.is_none() {
            for granted in std::mem::take(&mut self.session.subscriptions) {
                shared.hub.unsubscribe(self.number, &granted.filter);
                shared.stats.subscriptions.sub(1);
            }
            self.mailbox.shut();
        }
        self.hand_in().await;
        let will = self.will.take().filter(|_| match &end {
            End::Goodbye { with_will } => *with_will,
            // a restarted door is no reason to call every device dead
            End::Stopped => false,
            End::Gone | End::Closed(..) => true,
        });
        let testament = will.map(|will| Testament {
            identity: self.client.identity.clone(),
            client_id: self.client.id.clone(),
            mailbox: self.mailbox.clone(),
            origin: self.subscriber().number,
            will,
        });
        let last_words = self.last_words(end);
        let Connection { stream, client, mailbox, kept, mut session, mut answers, .. } = self;
        let farewell = async {
            if let Some(out) = last_words {
                stream::farewell(stream, out).await;
            } else {
                drop(stream);
            }
        };
        let settle = async {
            let Some(kept) = kept else {
                if let Some(testament) = testament {
                    testament.say(&shared).await;
                }
                return;
            };
            outlast(&mut answers, &mailbox, &mut session, client.version, &shared).await;
            let generation = shared.sessions.leave(&kept.session, session, client.session_expiry_s);
            mailbox.shut();
            present.detached();
            if let Some(testament) = testament {
                let wait_s = testament.will.delay_s.min(client.session_expiry_s);
                if wait_s > 0 {
                    let wait = Duration::from_secs(wait_s.into());
                    tokio::spawn(testament.say_later(shared.clone(), kept.session, generation, wait));
                } else {
                    testament.say(&shared).await;
                }
            }
        };
        tokio::join!(farewell, settle);
    }

    /// What was heard is not forgotten because its sender has left.
    async fn hand_in(&mut self) {
        if let Some(blocked) = self.blocked.take() {
            let mut room = Some(blocked.room);
            for (feed, delivery, weight) in blocked.waiting {
                let room = room.take().unwrap_or_else(|| Box::pin(feed.clone().reserve(weight)));
                if room.await.is_ok() {
                    feed.put(delivery, weight);
                }
            }
        }
    }

    /// What is still to be written; `None` if nobody is there to read it.
    fn last_words(&mut self, end: End) -> Option<BytesMut> {
        let (reason, text) = match end {
            End::Closed(reason, text) => (reason, text),
            End::Stopped => (Reason::SERVER_SHUTTING_DOWN, "stopping".into()),
            End::Gone => return None,
            End::Goodbye { .. } => (Reason::SUCCESS, "".into()),
        };
        if reason.is_error() {
            self.shared.stats.closed.add(reason);
            tracing::debug!(client = %self.client.id, %reason, %text, "connection closed");
            if self.client.version == Version::V5 {
                let text = self.client.explain.then_some(&*text);
                wire::disconnect(&mut self.out, reason, text);
            }
        }
        Some(std::mem::take(&mut self.out))
    }
}

/// QoS 2 messages whose takers have not answered must not come twice: whether they were stored
/// has to be known before the session is used again.
async fn outlast(answers: &mut Answers, mailbox: &Mailbox, session: &mut Session, version: Version, shared: &Shared) {
    while answers.held() > 0 {
        let mail = tokio::select! {
            mail = poll_fn(|context| mailbox.poll(context, false)) => mail,
            () = shared.closing.cancelled() => break,
        };
        for settled in mail.settled {
            answers.settle(settled);
        }
        while let Some((_, rejections)) = answers.next() {
            for (packet_id, _) in rejections.iter().filter(|(_, r)| version == Version::V5 && r.reason.is_error()) {
                session.received.remove(packet_id);
            }
        }
        if matches!(mail.order, Some(Order::Close(..))) {
            break;
        }
    }
    for packet_id in answers.abandon() {
        session.received.remove(&packet_id);
    }
}

/// A will that is to be said, and by whom.
struct Testament {
    identity: Arc<Identity>,
    client_id: Arc<str>,
    mailbox: Arc<Mailbox>,
    origin: u64,
    will: Will,
}

impl Testament {
    /// Says it after the delay, unless the client comes back before; at once if its session ends.
    async fn say_later(self, shared: Arc<Shared>, session: Arc<Durable>, generation: u64, wait: Duration) {
        let delay = tokio::time::sleep(wait);
        let mut delay = std::pin::pin!(delay);
        loop {
            let changed = session.changed.notified();
            let mut changed = std::pin::pin!(changed);
            changed.as_mut().enable();
            match session.since(generation) {
                Since::Resumed => return,
                Since::Ended => break,
                Since::Waiting => {}
            }
            tokio::select! {
                () = &mut delay => break,
                () = changed => {}
                () = shared.closing.cancelled() => return,
            }
        }
        self.say(&shared).await;
    }

    async fn say(self, shared: &Shared) {
        let asked = authority::ask(&shared.stats, || {
            shared.authority.may_publish(&self.identity, &self.will.topic)?;
            Ok(shared.authority.route(&self.identity, &self.will.topic))
        });
        let route = match asked {
            Ok(route) => route,
            Err(denial) => return shared.stats.denied_publish.add(denial.reason),
        };
        let message = Message {
            topic: self.will.topic.into(),
            payload: self.will.payload,
            qos: self.will.qos,
            retain: self.will.retain && !route.is_once(),
            dup: false,
            is_will: true,
            packet_id: 0,
            properties: self.will.properties,
        };
        for (bit, feed) in [(holder::INTAKE, &shared.feed), (holder::FAN_OUT, &shared.relay)] {
            if hear::takers(route) & bit == 0 {
                continue;
            }
            let delivery = Delivery {
                from: self.identity.clone(),
                client_id: self.client_id.clone(),
                messages: vec![message.clone()],
                ack: Ack::new(self.mailbox.clone(), 0, false),
                session: None,
                origin: self.origin,
                receipt: 0,
                refusable: false,
            };
            let weight = feed.weight(&delivery.messages);
            if feed.clone().reserve(weight).await.is_ok() {
                feed.put(delivery, weight);
            }
        }
    }
}
