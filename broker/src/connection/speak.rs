//! Messages to the subscriber, as fast as its socket and its window take them.

use std::collections::VecDeque;
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite};

use super::{Connection, KEEP_BUFFER, OUT_HIGH};
use crate::mailbox::Queued;
use crate::wire::{Qos, Speech};

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Encodes what is queued until the write buffer or the window is full.
    pub(super) fn speak(&mut self) {
        if self.queue.is_empty() && self.kept.is_none() {
            return;
        }
        let now = Instant::now();
        let mut sent = 0;
        while self.out.len() < OUT_HIGH {
            let window_full = self.session.in_flight() >= self.client.send_maximum;
            match self.queue.front() {
                Some(next) if next.qos == Qos::AtMostOnce || !window_full => {}
                _ => break,
            }
            let Some(next) = self.queue.pop_front() else { break };
            let packet_id = match next.qos {
                Qos::AtMostOnce => 0,
                qos => self.session.send(qos),
            };
            if self.write(&next, packet_id, false, now) {
                sent += 1;
            } else {
                self.session.done(packet_id, next.qos);
            }
        }
        sent += self.speak_kept(now);
        self.shared.stats.messages_out.add(sent);
        if self.queue.is_empty() && self.queue.capacity() > KEEP_BUFFER / 32 {
            self.queue = VecDeque::new();
        }
    }

    /// Encodes one message; false if it has expired or is larger than the client takes.
    pub(super) fn write(&mut self, queued: &Queued, packet_id: u16, dup: bool, now: Instant) -> bool {
        let message = &queued.message;
        let speech = Speech {
            version: self.client.version,
            topic: &message.topic,
            payload: &message.payload,
            qos: queued.qos,
            packet_id,
            dup,
            retain: queued.retain,
            expiry_s: message.expiry_s(now),
            properties: &message.properties,
            identifiers: &queued.identifiers,
        };
        // what was sent once has to be completed, however old it is by now
        if (message.is_expired(now) && !dup) || speech.size() > self.client.maximum_packet_size {
            self.shared.stats.dropped_unfit.add(1);
            return false;
        }
        speech.put(&mut self.out);
        true
    }
}
