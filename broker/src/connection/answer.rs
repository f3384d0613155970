//! Acknowledgements: held until the application says so, written in the order the messages came.

use std::collections::VecDeque;

use tokio::io::{AsyncRead, AsyncWrite};

use super::Connection;
use crate::intake::Rejection;
use crate::mailbox::Settled;
use crate::wire::{self, Reason, Version};

/// First bytes of the two answers to a PUBLISH.
pub(super) const PUBACK: u8 = 0x40;
pub(super) const PUBREC: u8 = 0x50;

/// One answer that is owed.
pub(super) struct Owed {
    pub packet_id: u16,
    /// [`PUBACK`] or [`PUBREC`].
    pub first: u8,
    /// The identifier stands in the session until PUBREL (QoS 2).
    pub held: bool,
    pub refusal: Option<Box<Rejection>>,
}

/// By packet identifier.
pub(super) type Rejections = Vec<(u16, Rejection)>;

struct Pending {
    owed: Vec<Owed>,
    /// Takers that have not answered yet.
    awaited: usize,
    /// What they said so far.
    rejections: Rejections,
}

/// All answers that are owed, oldest first.
#[derive(Default)]
pub(super) struct Answers {
    pending: VecDeque<Pending>,
    /// Ticket of the oldest pending Delivery.
    first_ticket: u64,
    owed: usize,
    held: usize,
}

impl Answers {
    pub fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// Messages whose answer is owed.
    pub fn owed(&self) -> usize {
        self.owed
    }

    /// Those of them that do not stand in the session.
    pub fn owed_unheld(&self) -> usize {
        self.owed - self.held
    }

    /// Forgets everything that is owed; answers the identifiers that stand in the session.
    pub fn abandon(&mut self) -> Vec<u16> {
        let held = self.pending.drain(..).flat_map(|pending| pending.owed).filter(|owed| owed.held);
        held.map(|owed| owed.packet_id).collect()
    }

    /// QoS 2 messages whose takers have not answered.
    pub fn held(&self) -> usize {
        self.held
    }

    /// Adds the answers of one read, which so many takers must settle. Answers the ticket.
    pub fn push(&mut self, owed: Vec<Owed>, awaited: usize) -> u64 {
        let ticket = self.first_ticket + self.pending.len() as u64;
        self.owed += owed.len();
        self.held += owed.iter().filter(|owed| owed.held).count();
        self.pending.push_back(Pending { owed, awaited, rejections: Vec::new() });
        ticket
    }

    /// A taker has answered.
    pub fn settle(&mut self, settled: Settled) {
        let at = settled.ticket.checked_sub(self.first_ticket);
        let pending = at.and_then(|at| self.pending.get_mut(at as usize));
        if let Some(pending) = pending {
            pending.awaited = pending.awaited.saturating_sub(1);
            pending.rejections.extend(settled.rejections);
        }
    }

    /// The oldest Delivery, if it is settled.
    pub fn next(&mut self) -> Option<(Vec<Owed>, Rejections)> {
        if self.pending.front()?.awaited > 0 {
            return None;
        }
        let pending = self.pending.pop_front()?;
        self.first_ticket += 1;
        self.owed -= pending.owed.len();
        self.held -= pending.owed.iter().filter(|owed| owed.held).count();
        if self.pending.is_empty() && self.pending.capacity() > 64 {
            self.pending = VecDeque::new();
        }
        Some((pending.owed, pending.rejections))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// The application has answered a Delivery.
    pub(super) fn settle(&mut self, settled: Settled) {
        self.answers.settle(settled);
    }

    /// Writes every answer whose turn has come.
    pub(super) fn answer(&mut self) {
        while let Some((owed, mut rejections)) = self.answers.next() {
            self.out.reserve(owed.len() * 4);
            for mut owed in owed {
                let rejection =
                    rejections.iter().position(|(id, _)| *id == owed.packet_id).map(|at| rejections.swap_remove(at).1);
                if let Some(rejection) = rejection {
                    self.shared.stats.rejected.add(rejection.reason);
                    owed.refusal = Some(Box::new(rejection));
                }
                self.write_answer(&owed);
            }
        }
    }

    fn write_answer(&mut self, owed: &Owed) {
        let version = self.client.version;
        let (reason, text) = match &owed.refusal {
            None => (Reason::SUCCESS, None),
            Some(refusal) => (refusal.reason, Some(refusal.text.as_str())),
        };
        if version == Version::V5 && reason.is_error() && owed.held {
            // a refused PUBREC ends the exchange: no PUBREL will come
            self.session.received.remove(&owed.packet_id);
        }
        let text = text.filter(|_| self.client.explain);
        wire::ack(&mut self.out, version, owed.first, owed.packet_id, reason, text);
    }
}
