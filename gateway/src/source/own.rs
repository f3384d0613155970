//! What the gateway observes of itself: who was turned away at its door, once a minute, as an observation like any other.
//!
//! A station of the catalog with the tag [`TAG`] stands for it; without one nothing is said. The counts go into the log
//! with everything else, so that a replay decides the same by them.

use super::Said;
use bongsu_broker::{Reason, Stats};
use bongsu_sensors::Time;
use std::sync::Arc;
use std::time::Duration;

/// The tag of the station that stands for the gateway.
pub const TAG: &str = "gateway";

/// How often it speaks.
const EVERY: Duration = Duration::from_secs(60);

/// Kinds it observes, each with how it is counted.
type Observed = (&'static str, fn(&Stats) -> u64);

/// Everything it observes.
const OBSERVED: [Observed; 2] = [
    ("auth_failures", |stats| {
        [Reason::BAD_USER_NAME_OR_PASSWORD, Reason::NOT_AUTHORIZED].map(|reason| stats.refused.get(reason)).iter().sum()
    }),
    ("access_denials", |stats| {
        [&stats.denied_publish, &stats.denied_subscribe]
            .into_iter()
            .flat_map(|denied| denied.iter().map(|(_, count)| count))
            .sum()
    }),
];

/// The gateway as an observer of itself.
#[derive(Debug)]
pub struct Own {
    stats: Arc<Stats>,
    last: [u64; OBSERVED.len()],
    due: Option<Time>,
}

impl Own {
    /// Counts from now on.
    pub fn new(stats: Arc<Stats>) -> Own {
        let last = OBSERVED.map(|(_, count)| count(&stats));
        Own { stats, last, due: None }
    }

    /// What there is to say now, once a minute.
    pub fn say(&mut self, now: Time) -> Option<Said> {
        let due = *self.due.get_or_insert(now + EVERY);
        if now < due {
            return None;
        }
        self.due = Some(now + EVERY);
        let mut counts = Vec::with_capacity(OBSERVED.len());
        for ((kind, count), last) in OBSERVED.into_iter().zip(&mut self.last) {
            let total = count(&self.stats);
            #[expect(clippy::cast_precision_loss, reason = "a count of a minute")]
            counts.push((kind, total.saturating_sub(*last) as f64));
            *last = total;
        }
        Some(Said::Own(counts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_speaks_once_a_minute_of_what_came_since() {
        let mut own = Own::new(Arc::new(Stats::default()));
        let at = |seconds: i64| Time::from_millis(seconds * 1000);
        assert!(own.say(at(0)).is_none() && own.say(at(59)).is_none());
        let Some(Said::Own(counts)) = own.say(at(60)) else { panic!("nothing was said") };
        assert_eq!(counts, [("auth_failures", 0.0), ("access_denials", 0.0)]);
        assert!(own.say(at(119)).is_none() && own.say(at(121)).is_some());
        for (kind, _) in OBSERVED {
            assert!(bongsu_sensors::KindId::named(kind).is_some(), "{kind}");
        }
    }
}
