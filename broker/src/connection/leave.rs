//! The end of a connection: leave everywhere, say why, and hand over what is still owed to the
//! application, its will included.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};

use super::{Blocked, Connection, End, Shared, greet, stream};
use crate::intake::{Ack, Delivery, Message};
use crate::mailbox::Mailbox;
use crate::registry::ClientKey;
use crate::wire::{self, Reason, Version, Will};

/// Removes a connection from what others see, even if its task panics.
pub(super) struct Present {
    shared: Arc<Shared>,
    mailbox: Arc<Mailbox>,
    key: ClientKey,
    number: u64,
}

impl Present {
    pub fn enter(shared: &Arc<Shared>, greeted: &greet::Greeted, number: u64) -> Self {
        shared.stats.connections.add(1);
        shared.stats.connections_total.add(1);
        Present { shared: shared.clone(), mailbox: greeted.mailbox.clone(), key: greeted.client.key.clone(), number }
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.shared.registry.leave(&self.key, self.number);
        self.mailbox.shut();
        self.shared.stats.connections.sub(1);
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Connection<S> {
    /// Leaves everywhere, says why, and hands over what is still owed to the application.
    pub(super) async fn end(mut self, end: End) {
        let shared = self.shared.clone();
        shared.registry.leave(&self.client.key, self.number);
        for granted in std::mem::take(&mut self.session.subscriptions) {
            shared.hub.unsubscribe(self.number, &granted.filter);
            shared.stats.subscriptions.sub(1);
        }
        self.mailbox.shut();
        // what was heard is not forgotten because its sender has left
        if let Some(blocked) = self.blocked.take() {
            let Blocked { delivery, weight, room } = *blocked;
            if room.await.is_ok() {
                shared.feed.put(delivery, weight);
            }
        }
        let with_will = match &end {
            End::Goodbye { with_will } => *with_will,
            // a restarted door is no reason to call every device dead
            End::Stopped => false,
            End::Gone | End::Closed(..) => true,
        };
        if let Some(will) = self.will.take().filter(|_| with_will) {
            self.say_will(will).await;
        }
        let (reason, text) = match end {
            End::Closed(reason, text) => (reason, text),
            End::Stopped => (Reason::SERVER_SHUTTING_DOWN, "stopping".into()),
            End::Gone => return,
            End::Goodbye { .. } => (Reason::SUCCESS, "".into()),
        };
        if reason.is_error() {
            shared.stats.closed.add(reason);
            tracing::debug!(client = %self.client.id, %reason, %text, "connection closed");
            if self.client.version == Version::V5 {
                let text = self.client.explain.then_some(&*text);
                wire::disconnect(&mut self.out, reason, text);
            }
        }
        stream::farewell(self.stream, self.out).await;
    }

    async fn say_will(&mut self, will: Will) {
        let shared = &self.shared;
        let identity = &self.client.identity;
        if let Err(denial) = shared.authority.may_publish(identity, &will.topic) {
            shared.stats.denied_publish.add(denial.reason);
            return;
        }
        let message = Message {
            topic: will.topic.into(),
            payload: will.payload,
            qos: will.qos,
            retain: will.retain,
            dup: false,
            is_will: true,
            packet_id: 0,
            properties: will.properties,
        };
        let delivery = Delivery {
            from: identity.clone(),
            client_id: self.client.id.clone(),
            messages: vec![message],
            ack: Ack::new(self.mailbox.clone(), 0, false),
        };
        let weight = shared.feed.weight(&delivery.messages);
        if shared.feed.clone().reserve(weight).await.is_ok() {
            shared.feed.put(delivery, weight);
        }
    }
}
