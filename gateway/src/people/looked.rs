//! Who saw what: the audit's word for those who only look. A console asks again every few seconds, so one entry stands for
//! everything that somebody saw of one thing, from one place, within [`AGAIN`].
//!
//! Nobody waits for the entry ([`Owed`](crate::owed::Owed)): an officer must see the flood while the disk does not answer.

use crate::store::audit::Draft;
use bongsu_sensors::Time;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// After so long, seeing the same again is another entry.
pub const AGAIN: Duration = Duration::from_secs(15 * 60);

/// Most things remembered as seen: an office full of people who look at a storm. Beyond it some entry is written twice.
const REMEMBERED: usize = 20_000;

/// What somebody saw: who, from where, what of which thing.
type Sight = (String, String, String, String);

/// Remembers who saw what.
#[derive(Debug, Default)]
pub struct Looked {
    seen: Mutex<HashMap<Sight, Time>>,
}

impl Looked {
    /// Somebody saw something; answers whether the store is to hear of it.
    pub fn saw(&self, draft: &Draft) -> bool {
        let Draft { who, from_address, action, subject, .. } = draft;
        let sight = (who.clone(), from_address.clone(), action.clone(), subject.clone());
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.get(&sight).is_some_and(|last| draft.time.since(*last) < AGAIN) {
            return false;
        }
        if seen.len() >= REMEMBERED {
            seen.retain(|_, last| draft.time.since(*last) < AGAIN);
        }
        if seen.len() >= REMEMBERED {
            seen.clear();
        }
        seen.insert(sight, draft.time);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(minute: i64, who: &str, address: &str, subject: &str) -> Draft {
        Draft {
            time: Time::from_millis(minute * 60_000),
            who: who.into(),
            from_address: address.into(),
            action: "alert.view".into(),
            subject: subject.into(),
            ..Draft::default()
        }
    }

    #[test]
    fn one_entry_for_a_person_a_thing_a_place_and_some_minutes() {
        let looked = Looked::default();
        let check = |draft: Draft, expect: bool| assert_eq!(looked.saw(&draft), expect, "{draft:?}");
        check(look(0, "kim", "10.0.0.1", "a"), true);
        check(look(1, "kim", "10.0.0.1", "a"), false);
        check(look(1, "kim", "10.0.0.1", "b"), true);
        check(look(1, "lee", "10.0.0.1", "a"), true);
        check(look(1, "kim", "203.0.113.9", "a"), true);
        check(look(14, "kim", "10.0.0.1", "a"), false);
        check(look(15, "kim", "10.0.0.1", "a"), true);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let looked = Looked::default();
        for n in 0..REMEMBERED * 2 {
            looked.saw(&look(0, "kim", "10.0.0.1", &format!("x{n}")));
        }
        assert!(looked.seen.lock().expect("whole").len() <= REMEMBERED);
    }
}
