//! A session that outlives its connection: its queue, and answers that wait until what they
//! promise is stored.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Connection, OUT_HIGH};
use crate::session::{Durable, ToSend};
use crate::store::Change;
use crate::wire::{self, Reason};

/// Answers that may wait for the store before the socket is not read any more.
const MOST_HELD: usize = 256;

/// What the connection has besides, if its session outlives it.
pub(super) struct Kept {
    pub session: Arc<Durable>,
    /// Packets to be written when their ticket is stored, in this order.
    held: VecDeque<(u64, Bytes)>,
}

impl Kept {
    pub fn new(session: Arc<Durable>) -> Box<Self> {
        Box::new(Kept { session, held: VecDeque::new() })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Does the store owe this client too many answers?
    pub(super) fn is_behind(&self) -> bool {
        self.kept.as_ref().is_some_and(|kept| kept.held.len() >= MOST_HELD)
    }

    /// Has everything been written that waited for the store?
    pub(super) fn nothing_held(&self) -> bool {
        self.kept.as_ref().is_none_or(|kept| kept.held.is_empty())
    }

    /// Writes a packet when these changes are stored: at once if the session is not kept.
    pub(super) fn say_when_stored(&mut self, changes: impl FnOnce(&Durable) -> Vec<Change>, packet: &[u8]) {
        match &mut self.kept {
            None => self.out.extend_from_slice(packet),
            Some(kept) => {
                let ticket = kept.session.change(changes(&kept.session), &self.mailbox);
                kept.held.push_back((ticket, Bytes::copy_from_slice(packet)));
            }
        }
    }

    /// Everything up to this ticket is stored.
    pub(super) fn release_stored(&mut self, ticket: u64) {
        let Some(kept) = &mut self.kept else { return };
        while let Some((waiting, packet)) = kept.held.front()
            && *waiting <= ticket
        {
            self.out.extend_from_slice(packet);
            kept.held.pop_front();
        }
    }

    /// PUBREC for a message of the session's queue; false if it knows none.
    pub(super) fn release_kept(&mut self, packet_id: u16) -> bool {
        let Some(kept) = &mut self.kept else { return false };
        let Some(ticket) = kept.session.release(packet_id, &self.mailbox) else { return false };
        let mut packet = BytesMut::new();
        wire::ack(&mut packet, self.client.version, super::hear::PUBREL, packet_id, Reason::SUCCESS, None);
        kept.held.push_back((ticket, packet.freeze()));
        true
    }

    /// Writes from the session's queue as far as the window and the write buffer have room.
    pub(super) fn speak_kept(&mut self, now: Instant) -> u64 {
        let mut sent = 0;
        while self.out.len() < OUT_HIGH
            && let Some(kept) = &self.kept
        {
            match kept.session.next(self.client.send_maximum) {
                None => break,
                Some(ToSend::Release(packet_id)) => {
                    let mut packet = BytesMut::new();
                    let version = self.client.version;
                    wire::ack(&mut packet, version, super::hear::PUBREL, packet_id, Reason::SUCCESS, None);
                    // the PUBREC before it may have come a moment ago on another connection
                    self.say_when_stored(|_| Vec::new(), &packet);
                }
                Some(ToSend::Publish { packet_id, dup, queued }) => {
                    // what was sent once has to be completed, however old it is
                    if self.write(&queued, packet_id, dup, now) {
                        sent += 1;
                    } else if let Some(kept) = &self.kept {
                        kept.session.done(packet_id, None);
                    }
                }
            }
        }
        sent
    }
}
