//! Devices at the door as a source: what they say, at the time it comes, acknowledged when it is on the disk.

use super::own::Own;
use super::{Heard, Moment, Said, Source};
use crate::clock::Clock;
use bongsu_broker::{Ack, Delivery, Intake, Receipt, Rejection};
use bongsu_sensors::Time;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Longest wait for something to be said: how long an errand for the store or a stop may have to wait.
const PATIENCE: Duration = Duration::from_millis(50);

/// How long the source goes on listening after it was told to stop and nothing came: the door hands over what its
/// sockets still held.
const QUIET: Duration = Duration::from_millis(300);

/// The door as a source.
#[derive(Debug)]
pub struct DoorSource {
    intake: Intake,
    clock: Clock,
    last: Time,
    /// Most messages of one moment.
    limit: usize,
    /// What is owed an answer: one for each delivery of the moment, with the receipts of its QoS 2 messages.
    held: Vec<(Ack, Vec<Receipt>)>,
    own: Own,
    stop: Arc<AtomicBool>,
    quiet_since: Option<Instant>,
}

impl DoorSource {
    /// Listens to an intake. `last` is the moment of the last record: no later one may lie before it.
    pub fn new(intake: Intake, own: Own, clock: Clock, last: Time, limit: usize, stop: Arc<AtomicBool>) -> DoorSource {
        DoorSource { intake, clock, last, limit, held: Vec::new(), own, stop, quiet_since: None }
    }

    fn keep(&mut self, delivery: Delivery, said: &mut Vec<Said>) -> usize {
        let count = delivery.messages.len();
        let receipts = delivery.receipts().collect();
        self.held.push((delivery.ack, receipts));
        said.push(Said::Messages(delivery.messages));
        count
    }

    /// Whether it was told to stop, and nothing more comes.
    fn is_over(&mut self, something_came: bool) -> bool {
        if something_came || !self.stop.load(Ordering::Acquire) {
            self.quiet_since = None;
            return false;
        }
        self.quiet_since.get_or_insert_with(Instant::now).elapsed() >= QUIET
    }
}

impl Source for DoorSource {
    fn hear(&mut self, due: Option<Time>) -> miette::Result<Heard> {
        let mut said = Vec::new();
        let mut messages = 0;
        let wait = due.map_or(PATIENCE, |due| self.clock.until(due).min(PATIENCE));
        let first = self.intake.try_recv().or_else(|| self.intake.recv_blocking(wait));
        let mut next = first;
        while let Some(delivery) = next {
            messages += self.keep(delivery, &mut said);
            next = if messages < self.limit { self.intake.try_recv() } else { None };
        }
        if self.is_over(!said.is_empty()) {
            return Ok(Heard::End);
        }
        // Read once for all that came, and never backwards, whatever the system's clock does.
        self.last = self.clock.now().max(self.last);
        // After what devices said: the places of their answers stay as they are.
        said.extend(self.own.say(self.last));
        Ok(Heard::Moment(Moment { now: self.last, said, more: false }))
    }

    fn acknowledge(&mut self) {
        for (ack, _) in self.held.drain(..) {
            ack.acknowledge();
        }
    }

    fn reject(&mut self, said: usize, packet_id: u16, rejection: Rejection) {
        if let Some((ack, receipts)) = self.held.get_mut(said) {
            // What is refused was not taken: it may come again.
            receipts.retain(|receipt| receipt.packet_id != packet_id);
            ack.reject(packet_id, rejection);
        }
    }

    fn receipts(&mut self) -> Vec<Receipt> {
        self.held.iter_mut().flat_map(|(_, receipts)| std::mem::take(receipts)).collect()
    }
}
