//! SUBSCRIBE and UNSUBSCRIBE: one answer for each filter, always.

use tokio::io::{AsyncRead, AsyncWrite};

use super::{Connection, End};
use crate::mailbox::Queued;
use crate::session::Granted;
use crate::topic::filter_is_valid;
use crate::wire::{self, FilterRequest, Qos, Reason, Version};

const SHARED: &str = "$share/";

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    pub(super) fn on_subscribe(&mut self, flags: u8, body: &[u8]) -> Result<(), End> {
        let (packet_id, filters) = wire::subscribe(self.client.version, flags, body)?;
        let mut codes = Vec::with_capacity(filters.len());
        let mut owed = Vec::new();
        for request in filters {
            match self.grant(&request) {
                Ok(qos) => {
                    codes.push(qos as u8);
                    self.enter(request, qos, &mut owed);
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
        wire::suback(&mut self.out, self.client.version, packet_id, &codes);
        self.queue.extend(owed);
        self.speak();
        Ok(())
    }

    fn grant(&self, request: &FilterRequest) -> Result<Qos, Reason> {
        if request.filter.starts_with(SHARED) {
            return Err(Reason::SHARED_SUBSCRIPTIONS_NOT_SUPPORTED);
        }
        if !filter_is_valid(&request.filter) {
            return Err(Reason::TOPIC_FILTER_INVALID);
        }
        let held = &self.session.subscriptions;
        let known = held.iter().any(|old| *old.filter == *request.filter);
        if !known && held.len() >= self.shared.limits.subscriptions {
            return Err(Reason::QUOTA_EXCEEDED);
        }
        self.shared.authority.may_subscribe(&self.client.identity, &request.filter).map_err(|denial| denial.reason)?;
        Ok(request.qos.min(Qos::AtLeastOnce))
    }

    fn enter(&mut self, request: FilterRequest, qos: Qos, owed: &mut Vec<Queued>) {
        let granted = Granted { filter: request.filter.into(), qos, retain_as_published: request.retain_as_published };
        let new = self.session.subscribe(granted.clone());
        if new {
            self.shared.stats.subscriptions.add(1);
        }
        let with_retained = match request.retain_handling {
            0 => true,
            1 => new,
            _ => false,
        };
        let retained = self.shared.hub.subscribe(self.number, self.mailbox.clone(), &granted, with_retained);
        owed.extend(retained.into_iter().map(|message| Queued { qos: qos.min(message.qos), message, retain: true }));
    }

    pub(super) fn on_unsubscribe(&mut self, flags: u8, body: &[u8]) -> Result<(), End> {
        let (packet_id, filters) = wire::unsubscribe(self.client.version, flags, body)?;
        let mut codes = Vec::with_capacity(filters.len());
        for filter in filters {
            let existed = self.session.unsubscribe(filter);
            if existed {
                self.shared.hub.unsubscribe(self.number, filter);
                self.shared.stats.subscriptions.sub(1);
            }
            codes.push(match existed {
                true => Reason::SUCCESS.0,
                false => Reason::NO_SUBSCRIPTION_EXISTED.0,
            });
        }
        wire::unsuback(&mut self.out, self.client.version, packet_id, &codes);
        Ok(())
    }
}
