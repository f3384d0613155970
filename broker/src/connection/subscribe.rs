//! SUBSCRIBE and UNSUBSCRIBE: one answer for each filter, always; or the end of the connection, if
//! a 3.1.1 client sends what is no filter.

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Connection, End};
use crate::authority;
use crate::mailbox::Queued;
use crate::session::Durable;
use crate::store::{Change, Subscription};
use crate::topic;
use crate::wire::{self, Fault, FilterRequest, Qos, Reason, Version};

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    pub(super) fn on_subscribe(&mut self, flags: u8, body: &[u8]) -> Result<(), End> {
        let wire::Subscribe { packet_id, filters, identifier } = wire::subscribe(self.client.version, flags, body)?;
        let legal = |request: &FilterRequest| topic::subscription_is_valid(&request.filter);
        if self.client.version == Version::V3 && !filters.iter().all(legal) {
            return Err(Fault { reason: Reason::TOPIC_FILTER_INVALID, text: "malformed topic filter" }.into());
        }
        let mut codes = Vec::with_capacity(filters.len());
        let mut owed = Vec::new();
        for request in filters {
            match self.grant(&request) {
                Ok(qos) => {
                    codes.push(qos as u8);
                    self.enter(request, identifier, &mut owed);
                }
                Err(reason) => {
                    self.shared.stats.denied_subscribe.add(reason);
                    codes.push(match self.client.version {
                        Version::V3 => 0x80,
                        Version::V5 => reason.0,
                    });
                }
            }
        }
        let mut packet = BytesMut::new();
        wire::suback(&mut packet, self.client.version, packet_id, &codes);
        self.say_when_stored(|_| Vec::new(), &packet);
        self.queue.extend(owed);
        self.speak();
        Ok(())
    }

    fn grant(&self, request: &FilterRequest) -> Result<Qos, Reason> {
        if !topic::subscription_is_valid(&request.filter) {
            return Err(Reason::TOPIC_FILTER_INVALID);
        }
        let held = &self.session.subscriptions;
        let known = held.iter().any(|old| *old.filter == *request.filter);
        if !known && held.len() >= self.shared.limits.subscriptions {
            return Err(Reason::QUOTA_EXCEEDED);
        }
        let (shared, who) = (&self.shared, &self.client.identity);
        let filter = topic::shared(&request.filter).map_or(&*request.filter, |(_, filter)| filter);
        let allowed = authority::ask(&shared.stats, || shared.authority.may_subscribe(who, filter));
        allowed.map_err(|denial| denial.reason)?;
        Ok(request.qos)
    }

    fn enter(&mut self, request: FilterRequest, identifier: u32, owed: &mut Vec<Queued>) {
        let granted = Subscription {
            filter: request.filter.into(),
            qos: request.qos,
            no_local: request.no_local,
            retain_as_published: request.retain_as_published,
            identifier,
        };
        let new = self.session.subscribe(granted.clone());
        if new {
            self.shared.stats.subscriptions.add(1);
        }
        let with_retained = match request.retain_handling {
            0 => true,
            1 => new,
            _ => false,
        };
        let subscriber = self.subscriber();
        let kept = self.kept.as_ref().map(|kept| kept.session.clone());
        let own = self.shared.hub.subscribe(&subscriber, &granted, with_retained, |mut changes, waiters| {
            if let Some(session) = kept {
                changes.push(Change::Subscribed(session.key.clone(), granted.clone()));
                session.store(changes, waiters);
            }
        });
        owed.extend(own);
    }

    pub(super) fn on_unsubscribe(&mut self, flags: u8, body: &[u8]) -> Result<(), End> {
        let (packet_id, filters) = wire::unsubscribe(self.client.version, flags, body)?;
        let legal = |filter: &&str| topic::subscription_is_valid(filter);
        if self.client.version == Version::V3 && !filters.iter().all(legal) {
            return Err(Fault { reason: Reason::TOPIC_FILTER_INVALID, text: "malformed topic filter" }.into());
        }
        let mut codes = Vec::with_capacity(filters.len());
        let mut gone = Vec::new();
        let number = self.subscriber().number;
        for filter in filters {
            let existed = self.session.unsubscribe(filter);
            if existed {
                self.shared.hub.unsubscribe(number, filter);
                self.shared.stats.subscriptions.sub(1);
                gone.push(filter);
            }
            codes.push(match existed {
                true => Reason::SUCCESS.0,
                false if !legal(&filter) => Reason::TOPIC_FILTER_INVALID.0,
                false => Reason::NO_SUBSCRIPTION_EXISTED.0,
            });
        }
        let mut packet = BytesMut::new();
        wire::unsuback(&mut packet, self.client.version, packet_id, &codes);
        let changes = |session: &Durable| {
            gone.into_iter().map(|filter| Change::Unsubscribed(session.key.clone(), filter.into())).collect()
        };
        self.say_when_stored(changes, &packet);
        Ok(())
    }

    /// A resumed session keeps what its user may still hear.
    pub(super) fn review(&mut self) {
        let (shared, who) = (self.shared.clone(), self.client.identity.clone());
        let number = self.subscriber().number;
        let allowed = |subscription: &Subscription| {
            let filter = topic::shared(&subscription.filter).map_or(&*subscription.filter, |(_, filter)| filter);
            authority::ask(&shared.stats, || shared.authority.may_subscribe(&who, filter)).is_ok()
        };
        let (kept, denied): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.session.subscriptions).into_iter().partition(allowed);
        self.session.subscriptions = kept;
        for subscription in denied {
            shared.hub.unsubscribe(number, &subscription.filter);
            shared.stats.subscriptions.sub(1);
            self.say_when_stored(|s| vec![Change::Unsubscribed(s.key.clone(), subscription.filter)], &[]);
        }
    }
}
