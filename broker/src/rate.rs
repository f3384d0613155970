//! How fast a device may speak: messages and bytes of a connection, and connections of a name.
//!
//! Messages are counted for each connection, because a concentrator of a whole city may hold many under one name; who
//! opens one after the other is held back by the bound on those.
//!
//! Who is faster is not refused but heard later: its socket is not read until it may go on, so that the network holds
//! it back and nobody else notices. Only connecting too often is refused, with a reason.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use crate::authority::Identity;
use crate::config::{Limits, Plane};

type Bucket = RateLimiter<NotKeyed, InMemoryState, DefaultClock>;

/// Connections a device may open at once before it has to wait.
const CONNECT_BURST: NonZeroU32 = NonZeroU32::new(10_000).expect("not zero");

/// What one connection has used up.
#[derive(Debug)]
pub(crate) struct Meter {
    messages: Option<Bucket>,
    bytes: Option<Bucket>,
    clock: DefaultClock,
}

/// What was heard and not yet paid for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Debt {
    pub messages: u32,
    pub bytes: u32,
}

impl Meter {
    pub fn new(limits: &Limits) -> Meter {
        let second = |most: u32| Some(Bucket::direct(Quota::per_second(NonZeroU32::new(most)?)));
        let (messages, bytes) = (second(limits.messages_per_second), second(limits.bytes_per_second));
        Meter { messages, bytes, clock: DefaultClock::default() }
    }

    /// Pays what can be paid now, and answers how long to wait before trying again.
    pub fn pay(&self, debt: &mut Debt) -> Option<Duration> {
        let messages = self.part(self.messages.as_ref(), &mut debt.messages);
        let bytes = self.part(self.bytes.as_ref(), &mut debt.bytes);
        messages.max(bytes)
    }

    fn part(&self, bucket: Option<&Bucket>, owed: &mut u32) -> Option<Duration> {
        let Some(bucket) = bucket else {
            *owed = 0;
            return None;
        };
        while let Some(count) = NonZeroU32::new(*owed) {
            match bucket.check_n(count) {
                Ok(Ok(())) => *owed = 0,
                Ok(Err(not_until)) => return Some(not_until.wait_time_from(self.clock.now())),
                // More than a second's worth is paid second by second.
                Err(too_much) => match bucket.check_n(NonZeroU32::new(too_much.0).unwrap_or(NonZeroU32::MIN)) {
                    Ok(Ok(())) => *owed -= too_much.0,
                    Ok(Err(not_until)) => return Some(not_until.wait_time_from(self.clock.now())),
                    Err(_) => *owed = 0,
                },
            }
        }
        None
    }
}

/// How often each name has connected. Bounded by the number of names the application lets in.
#[derive(Debug, Default)]
pub(crate) struct Connects(Mutex<HashMap<(Plane, String), Bucket>>);

impl Connects {
    /// May it connect once more? Of a name that many share nobody knows who connects too often.
    pub fn may(&self, who: &Identity, limits: &Limits) -> bool {
        let Some(most) = NonZeroU32::new(limits.connects_per_minute).filter(|_| !who.is_shared) else { return true };
        let mut connects = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Bucket::direct(Quota::per_minute(most).allow_burst(CONNECT_BURST));
        connects.entry((who.plane, who.username.clone())).or_insert_with(new).check().is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_owed_is_paid_in_time() {
        let limits = Limits { messages_per_second: 1_000, bytes_per_second: 0, ..Limits::default() };
        let meter = Meter::new(&limits);
        let mut debt = Debt { messages: 900, bytes: 1 << 30 };
        assert_eq!(meter.pay(&mut debt), None);
        assert_eq!(debt, Debt::default());
        debt.messages = 2_500;
        let wait = meter.pay(&mut debt).expect("it has to wait");
        assert!(wait <= Duration::from_secs(1), "{wait:?}");
        assert!(debt.messages > 1_000, "{debt:?}");
    }

    #[test]
    fn a_name_connects_so_often_and_a_shared_one_as_it_likes() {
        let (connects, limits) = (Connects::default(), Limits { connects_per_minute: 1, ..Limits::default() });
        let often = |who: &Identity| (0..12_000).filter(|_| connects.may(who, &limits)).count();
        assert_eq!(often(&Identity::new("jamsu", Plane::Devices)), 10_000);
        assert_eq!(often(&Identity::new("bridge", Plane::Devices)), 10_000);
        assert_eq!(often(&Identity::new("anybody", Plane::Public).shared()), 12_000);
    }
}
