//! Packets from the client. Everything one read brought becomes one Delivery.
//!
//! The way of a QoS 1 message through here: find the packet, compare its topic with the ones
//! remembered (their permission is remembered too), slice the payload, note the answer that is
//! owed. No lock, no copy, no allocation of its own.
//!
//! Policies:
//! * a denied message with QoS 1 or 2 is answered to version 5 with the reason; a 3.1.1 client
//!   cannot be told, an acknowledgement would lie, so its connection is closed;
//! * a denied QoS 0 message is dropped and counted;
//! * more unacknowledged messages than the receive maximum: version 5 is disconnected, as the
//!   standard says; 3.1.1 knows no such limit and is simply not heard until answers have left.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::answer::{Owed, PUBACK, PUBREC};
use super::{Blocked, Connection, End, Waiting};
use crate::authority::{self, Denial, Route};
use crate::intake::{Ack, Delivery, Feed, Message, Rejection};
use crate::session::holder;
use crate::store::Change;
use crate::topic::topic_is_valid;
use crate::wire::{self, Fault, Frame, Publish, Qos, Reason, Version, kind};

/// Topics remembered: a device repeats one or two, a concentrator a few more.
const REMEMBERED: usize = 8;
/// First bytes of PUBREL and PUBCOMP.
pub(super) const PUBREL: u8 = 0x62;
const PUBCOMP: u8 = 0x70;

struct Remembered {
    topic: Arc<str>,
    denied: Option<Denial>,
    /// Who gets it: bits of [`holder`].
    to: u8,
    /// It may be retained.
    keeps: bool,
}

/// What a connection remembers of topics.
#[derive(Default)]
pub(super) struct Memory {
    /// The latest first.
    topics: Vec<Remembered>,
    aliases: Vec<Option<Arc<str>>>,
}

impl Memory {
    /// Brings the entry of a topic to the front, if it is remembered.
    fn recall(&mut self, topic: &[u8]) -> bool {
        let at = self.topics.iter().position(|t| t.topic.as_bytes() == topic);
        if let Some(at) = at {
            self.topics[..=at].rotate_right(1);
        }
        at.is_some()
    }

    fn learn(&mut self, remembered: Remembered) {
        self.topics.truncate(REMEMBERED - 1);
        self.topics.insert(0, remembered);
    }
}

/// What one read brings together for the same takers.
#[derive(Default)]
struct Batch {
    messages: Vec<Message>,
    /// Bits of [`holder`].
    to: u8,
    owed: Vec<Owed>,
    /// Some of `owed` wait for the application.
    awaited: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Hears every whole packet in `rest`.
    pub(super) fn hear(&mut self) -> Result<(), End> {
        self.heard = Instant::now();
        if self.rest.is_empty() || self.blocked.is_some() {
            return Ok(());
        }
        let data = std::mem::take(&mut self.rest);
        let mut batch = Batch::default();
        let mut at = 0;
        let result = loop {
            let frame = match wire::frame(&data[at..], self.shared.limits.max_packet_bytes) {
                Ok(Some(frame)) => frame,
                Ok(None) => {
                    self.carry.extend_from_slice(&data[at..]);
                    break Ok(());
                }
                Err(fault) => break Err(fault.into()),
            };
            let pause = frame.kind() == kind::PUBLISH && self.must_pause(&batch);
            if pause || self.blocked.is_some() || self.is_behind() {
                self.rest = data.slice(at..);
                break Ok(());
            }
            if let Err(end) = self.packet(&data, at, frame, &mut batch) {
                break Err(end);
            }
            at += frame.end;
        };
        self.hand_over(batch);
        self.pay();
        result
    }

    fn packet(&mut self, data: &Bytes, at: usize, frame: Frame, batch: &mut Batch) -> Result<(), End> {
        let body = &data[at + frame.body..at + frame.end];
        let version = self.client.version;
        match frame.kind() {
            kind::PUBLISH => {
                let publish = wire::publish(version, frame.flags(), body)?;
                let payload = at + frame.body + publish.payload_at..at + frame.end;
                self.on_publish(publish, || data.slice(payload), batch)
            }
            kind::PUBACK => {
                let (id, _) = wire::acknowledged(version, frame.flags(), 0, body)?;
                self.done(id, Qos::AtLeastOnce);
                Ok(())
            }
            kind::PUBREC => {
                let (id, reason) = wire::acknowledged(version, frame.flags(), 0, body)?;
                self.on_received(id, reason);
                Ok(())
            }
            kind::PUBREL => {
                let (id, _) = wire::acknowledged(version, frame.flags(), 2, body)?;
                self.on_release(id);
                Ok(())
            }
            kind::PUBCOMP => {
                let (id, _) = wire::acknowledged(version, frame.flags(), 0, body)?;
                self.done(id, Qos::ExactlyOnce);
                Ok(())
            }
            kind::SUBSCRIBE => self.on_subscribe(frame.flags(), body),
            kind::UNSUBSCRIBE => self.on_unsubscribe(frame.flags(), body),
            kind::PINGREQ if frame.flags() == 0 && body.is_empty() => {
                wire::pingresp(&mut self.out);
                Ok(())
            }
            kind::DISCONNECT => self.on_disconnect(frame.flags(), body),
            kind::CONNECT => Err(Fault::protocol("a second CONNECT").into()),
            _ => Err(Fault::protocol("a packet that clients do not send").into()),
        }
    }

    /// The client has a message for good.
    fn done(&mut self, id: u16, qos: Qos) {
        match &self.kept {
            Some(kept) => kept.session.done(id, Some(qos)),
            None => self.session.done(id, qos),
        };
        self.speak();
    }

    /// PUBREC of a message that was sent.
    fn on_received(&mut self, id: u16, reason: Reason) {
        if reason.is_error() {
            // the client does not want it, which ends the exchange
            return self.done(id, Qos::ExactlyOnce);
        }
        if self.release_kept(id) {
            return;
        }
        let reason = match self.session.release(id) {
            true => Reason::SUCCESS,
            false => Reason::PACKET_ID_NOT_FOUND,
        };
        wire::ack(&mut self.out, self.client.version, PUBREL, id, reason, None);
    }

    /// PUBREL of a message that came in.
    fn on_release(&mut self, id: u16) {
        let held = self.session.received.remove(&id);
        let reason = if held.is_some() { Reason::SUCCESS } else { Reason::PACKET_ID_NOT_FOUND };
        let receipt = self.shared.sessions.receipt();
        let mut packet = BytesMut::new();
        wire::ack(&mut packet, self.client.version, PUBCOMP, id, reason, None);
        let change = held.map(|_| move |key| Change::Completed(key, id, receipt));
        self.say_when_stored(|session| change.map(|change| change(session.key.clone())).into_iter().collect(), &packet);
    }

    fn on_disconnect(&mut self, flags: u8, body: &[u8]) -> Result<(), End> {
        let said = wire::disconnected(self.client.version, flags, body)?;
        if let Some(seconds) = said.session_expiry_s {
            if seconds > 0 && self.client.session_expiry_s == 0 {
                let text = "session expiry cannot be raised from 0 at DISCONNECT";
                return Err(Fault::protocol(text).into());
            }
            self.client.session_expiry_s = seconds.min(self.client.longest_session_s);
        }
        Err(End::Goodbye { with_will: said.reason != Reason::SUCCESS })
    }

    /// A 3.1.1 client has as many unanswered messages as it may have.
    fn must_pause(&self, batch: &Batch) -> bool {
        self.client.version == Version::V3
            && self.answers.owed() + batch.owed.len() >= self.shared.limits.receive_maximum.into()
    }

    fn check_quota(&self, batch: &Batch) -> Result<(), Fault> {
        if self.client.version == Version::V3 {
            return Ok(());
        }
        let unheld = batch.owed.iter().filter(|owed| !owed.held).count();
        let used = self.answers.owed_unheld() + unheld + self.session.received.len();
        if used < self.shared.limits.receive_maximum.into() {
            return Ok(());
        }
        Err(Fault {
            reason: Reason::RECEIVE_MAXIMUM_EXCEEDED,
            text: "more unacknowledged messages than the receive maximum",
        })
    }

    fn on_publish(
        &mut self,
        publish: Publish<'_>,
        payload: impl FnOnce() -> Bytes,
        batch: &mut Batch,
    ) -> Result<(), End> {
        let had = match publish.qos {
            Qos::ExactlyOnce => self.session.received.get(&publish.packet_id).copied(),
            _ => None,
        };
        if publish.qos != Qos::AtMostOnce && had.is_none() {
            self.check_quota(batch)?;
        }
        self.resolve(&publish)?;
        let first = match publish.qos {
            Qos::ExactlyOnce => PUBREC,
            _ => PUBACK,
        };
        let mut owed = Owed { packet_id: publish.packet_id, first, held: false, refusal: None };
        self.shared.stats.messages_in.add(1);
        self.debt.messages += 1;
        let known = &self.memory.topics[0];
        // after a crash one taker may have stored it and the other not
        let to = known.to & !had.unwrap_or(0);
        if had.is_some() && to == 0 {
            // the message is already on its way: only its answer is repeated
            batch.owed.push(owed);
            return Ok(());
        }
        if let Some(denial) = &known.denied {
            self.shared.stats.denied_publish.add(denial.reason);
            match (publish.qos, self.client.version) {
                (Qos::AtMostOnce, _) => {}
                (_, Version::V3) => return Err(denial.clone().into()),
                (_, Version::V5) => {
                    owed.refusal =
                        Some(Box::new(Rejection { reason: denial.reason, text: denial.text.clone().into_owned() }));
                    batch.owed.push(owed);
                }
            }
            return Ok(());
        }
        let (topic, keeps) = (known.topic.clone(), known.keeps);
        if batch.to != to && !batch.messages.is_empty() {
            self.hand_over(std::mem::take(batch));
        }
        batch.to = to;
        batch.messages.push(Message {
            topic,
            payload: payload(),
            qos: publish.qos,
            retain: publish.retain && keeps,
            dup: publish.dup,
            is_will: false,
            packet_id: publish.packet_id,
            properties: publish.properties,
        });
        if publish.qos != Qos::AtMostOnce {
            owed.held = publish.qos == Qos::ExactlyOnce;
            if owed.held {
                self.session.received.insert(publish.packet_id, to | had.unwrap_or(0));
            }
            batch.owed.push(owed);
            batch.awaited = true;
        }
        Ok(())
    }

    /// Brings the topic of a PUBLISH, with its permission, to the front of the memory.
    fn resolve(&mut self, publish: &Publish<'_>) -> Result<(), Fault> {
        let alias = match publish.alias {
            None => None,
            Some(number) if number == 0 || number > self.shared.limits.topic_aliases => {
                return Err(Fault { reason: Reason::TOPIC_ALIAS_INVALID, text: "topic alias above the maximum" });
            }
            Some(number) => Some(usize::from(number) - 1),
        };
        if publish.topic.is_empty() {
            let alias =
                alias.ok_or(Fault { reason: Reason::TOPIC_NAME_INVALID, text: "empty topic without an alias" })?;
            let topic = self.memory.aliases.get(alias).cloned().flatten();
            let topic = topic.ok_or(Fault::protocol("topic alias that was never defined"))?;
            if !self.memory.recall(topic.as_bytes()) {
                self.ask(topic);
            }
            return Ok(());
        }
        if !self.memory.recall(publish.topic) {
            let topic = std::str::from_utf8(publish.topic).ok().filter(|topic| topic_is_valid(topic)).ok_or(Fault {
                reason: Reason::TOPIC_NAME_INVALID,
                text: "topic with a wildcard, a null character or broken UTF-8",
            })?;
            self.ask(topic.into());
        }
        if let Some(alias) = alias {
            if self.memory.aliases.len() <= alias {
                self.memory.aliases.resize(alias + 1, None);
            }
            self.memory.aliases[alias] = Some(self.memory.topics[0].topic.clone());
        }
        Ok(())
    }

    fn ask(&mut self, topic: Arc<str>) {
        let (shared, who) = (&self.shared, &self.client.identity);
        let asked = authority::ask(&shared.stats, || {
            shared.authority.may_publish(who, &topic)?;
            Ok(shared.authority.route(who, &topic))
        });
        let (to, keeps, denied) = match asked {
            Ok(route) => (takers(route), !route.is_once(), None),
            Err(denial) => (0, false, Some(denial)),
        };
        self.memory.learn(Remembered { topic, denied, to, keeps });
    }

    /// Gives the batch to its takers, and writes the answers that need not wait for them.
    fn hand_over(&mut self, batch: Batch) {
        let Batch { mut messages, to, owed, awaited } = batch;
        let takers: Vec<Arc<Feed>> = self.feeds(to);
        let ticket = match owed.is_empty() {
            true => 0,
            false => self.answers.push(owed, if awaited { takers.len() } else { 0 }),
        };
        if !messages.is_empty() {
            let receipt = self.shared.sessions.receipt();
            let mut deliveries = std::collections::VecDeque::new();
            let last = takers.len().saturating_sub(1);
            for (index, feed) in takers.into_iter().enumerate() {
                let messages = if index == last { std::mem::take(&mut messages) } else { messages.clone() };
                let delivery = Delivery {
                    from: self.client.identity.clone(),
                    client_id: self.client.id.clone(),
                    messages,
                    ack: Ack::new(self.mailbox.clone(), ticket, awaited),
                    session: self.kept.as_ref().map(|kept| kept.session.key.clone()),
                    origin: self.kept.as_ref().map_or(self.number, |kept| kept.session.number),
                    receipt,
                    refusable: self.client.version == Version::V5,
                };
                let weight = feed.weight(&delivery.messages);
                deliveries.push_back((feed, delivery, weight));
            }
            self.hand_on(deliveries);
        }
        self.answer();
    }

    fn feeds(&self, to: u8) -> Vec<Arc<Feed>> {
        let both = [(holder::INTAKE, &self.shared.feed), (holder::FAN_OUT, &self.shared.relay)];
        both.into_iter().filter(|(bit, _)| to & bit != 0).map(|(_, feed)| feed.clone()).collect()
    }

    /// Puts deliveries into their feeds in order, and waits where one is full.
    pub(super) fn hand_on(&mut self, mut deliveries: Waiting) {
        if let Some(blocked) = &mut self.blocked {
            blocked.waiting.append(&mut deliveries);
            return;
        }
        while let Some((feed, delivery, weight)) = deliveries.pop_front() {
            if let Err(delivery) = feed.try_put(delivery, weight) {
                let room = Box::pin(feed.clone().reserve(weight));
                deliveries.push_front((feed, delivery, weight));
                self.blocked = Some(Box::new(Blocked { waiting: deliveries, room }));
                return;
            }
        }
    }
}

/// Who gets what is routed so: bits of [`holder`].
pub(super) fn takers(route: Route) -> u8 {
    match route {
        Route::Intake => holder::INTAKE,
        Route::FanOut | Route::FanOutOnce => holder::FAN_OUT,
        Route::Both | Route::BothOnce => holder::INTAKE | holder::FAN_OUT,
    }
}
