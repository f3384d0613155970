//! A simulated city as a source: what its devices would publish, heard in virtual time without a door.

use super::{Heard, Moment, Said, Source};
use bongsu_broker::{Message, Qos};
use bongsu_sensors::Time;
use bongsu_simulators::{Simulation, Telegram};
use std::collections::VecDeque;
use tokio_util::sync::CancellationToken;

/// A city until a moment. It speaks on from there by whatever way it is asked next.
#[derive(Debug)]
pub struct Simulated<'a> {
    simulation: &'a mut Simulation,
    until: Time,
    now: Time,
    queue: VecDeque<Telegram>,
    stop: CancellationToken,
}

impl<'a> Simulated<'a> {
    /// What is said from where the city stands until `until`, or until it is stopped.
    pub fn until(simulation: &'a mut Simulation, until: Time, stop: CancellationToken) -> Simulated<'a> {
        let now = simulation.next_minute();
        Simulated { simulation, until, now, queue: VecDeque::new(), stop }
    }

    /// Where it stands.
    pub fn now(&self) -> Time {
        self.now
    }

    /// The moment at which something is said next.
    fn next(&mut self) -> Option<Time> {
        if self.stop.is_cancelled() {
            return None;
        }
        while self.queue.is_empty() && self.simulation.next_minute() < self.until {
            let mut said = Vec::new();
            self.simulation.speak_until(self.simulation.next_minute(), &mut said);
            self.queue.extend(said);
        }
        self.queue.front().map(|said| said.due.max(self.now))
    }
}

impl Source for Simulated<'_> {
    fn hear(&mut self, due: Option<Time>) -> miette::Result<Heard> {
        let Some(next) = self.next() else { return Ok(Heard::End) };
        if let Some(due) = due.filter(|due| *due < next) {
            self.now = self.now.max(due);
            return Ok(Heard::Moment(Moment { now: self.now, said: Vec::new(), more: true }));
        }
        self.now = next;
        let count = self.queue.partition_point(|said| said.due <= next);
        let messages = self.queue.drain(..count).map(message).collect();
        Ok(Heard::Moment(Moment { now: next, said: vec![Said::Messages(messages)], more: true }))
    }

    fn acknowledge(&mut self) {}
}

/// What a device publishes, as the door hands it on.
pub fn message(said: Telegram) -> Message {
    Message {
        topic: said.topic.into(),
        payload: said.payload.into(),
        qos: Qos::AtLeastOnce,
        retain: false,
        dup: false,
        is_will: false,
        packet_id: 1,
        properties: None,
    }
}
