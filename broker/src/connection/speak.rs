//! Messages to the subscriber, as fast as its socket and its window take them.

use std::collections::VecDeque;
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite};

use super::{Connection, KEEP_BUFFER, OUT_HIGH};
use crate::wire::{self, Qos};

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Encodes what is queued until the write buffer or the window is full.
    pub(super) fn speak(&mut self) {
        if self.queue.is_empty() {
            return;
        }
        let now = Instant::now();
        let version = self.client.version;
        let mut sent = 0;
        while self.out.len() < OUT_HIGH {
            let window_full = self.session.sent.len() >= self.client.send_maximum;
            match self.queue.front() {
                Some(next) if next.qos == Qos::AtMostOnce || !window_full => {}
                _ => break,
            }
            let Some(next) = self.queue.pop_front() else { break };
            let message = next.message;
            let expiry_s = message.expiry_s(now);
            let (topic, payload) = (&*message.topic, &*message.payload);
            let size = wire::publish_size(version, topic, payload, next.qos, expiry_s);
            if message.is_expired(now) || size > self.client.maximum_packet_size {
                self.shared.stats.dropped_unfit.add(1);
                continue;
            }
            let packet_id = match next.qos {
                Qos::AtMostOnce => 0,
                _ => self.session.send(message.clone()),
            };
            let head = (next.qos, packet_id, next.retain);
            wire::put_publish(&mut self.out, version, topic, payload, head, expiry_s);
            sent += 1;
        }
        self.shared.stats.messages_out.add(sent);
        if self.queue.is_empty() && self.queue.capacity() > KEEP_BUFFER / 32 {
            self.queue = VecDeque::new();
        }
    }
}
