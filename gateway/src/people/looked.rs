//! Who saw what: the audit's word for those who only look. A console asks again every few seconds, so one entry stands for
//! everything that somebody saw of one thing, from one place, within [`AGAIN`].
//!
//! An entry is owed until the store has it, and nobody waits for it: an officer must see the flood while the disk does not
//! answer.

use crate::store::audit::Draft;
use bongsu_sensors::Time;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// After so long, seeing the same again is another entry.
pub const AGAIN: Duration = Duration::from_secs(15 * 60);

/// Most things remembered as seen: an office full of people who look at a storm. Beyond it some entry is written twice.
const REMEMBERED: usize = 20_000;

/// Most entries owed while the disk does not answer. Beyond it they are counted, and the count is written.
const OWED: usize = 5_000;

/// What somebody saw: who, from where, what of which thing.
type Sight = (String, String, String, String);

/// Remembers who saw what.
#[derive(Debug, Default)]
pub struct Looked {
    seen: Mutex<HashMap<Sight, Time>>,
    owed: Mutex<Owed>,
}

#[derive(Debug, Default)]
struct Owed {
    drafts: Vec<Draft>,
    lost: u64,
}

impl Looked {
    /// Somebody saw something; answers whether the store is to hear of it.
    pub fn saw(&self, draft: Draft) -> bool {
        let Draft { who, from_address, action, subject, .. } = &draft;
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
        drop(seen);
        let mut owed = self.owed.lock().unwrap_or_else(PoisonError::into_inner);
        if owed.drafts.len() >= OWED {
            owed.lost += 1;
        } else {
            owed.drafts.push(draft);
        }
        true
    }

    /// What the store does not have yet.
    pub fn take(&self) -> Vec<Draft> {
        let mut owed = self.owed.lock().unwrap_or_else(PoisonError::into_inner);
        let mut drafts = std::mem::take(&mut owed.drafts);
        if let (1.., Some(last)) = (owed.lost, drafts.last_mut()) {
            last.detail = format!("{} more looks were not written: the disk did not answer", owed.lost);
            owed.lost = 0;
        }
        drafts
    }

    /// The store did not take them: they are still owed.
    pub fn owe(&self, mut drafts: Vec<Draft>) {
        let mut owed = self.owed.lock().unwrap_or_else(PoisonError::into_inner);
        drafts.append(&mut owed.drafts);
        owed.drafts = drafts;
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
        let check = |draft: Draft, expect: bool| assert_eq!(looked.saw(draft.clone()), expect, "{draft:?}");
        check(look(0, "kim", "10.0.0.1", "a"), true);
        check(look(1, "kim", "10.0.0.1", "a"), false);
        check(look(1, "kim", "10.0.0.1", "b"), true);
        check(look(1, "lee", "10.0.0.1", "a"), true);
        check(look(1, "kim", "203.0.113.9", "a"), true);
        check(look(14, "kim", "10.0.0.1", "a"), false);
        check(look(15, "kim", "10.0.0.1", "a"), true);
        assert_eq!(looked.take().len(), 5);
        assert_eq!(looked.take().len(), 0);
    }

    #[test]
    fn what_the_store_did_not_take_is_still_owed_and_bounded() {
        let looked = Looked::default();
        for n in 0..OWED + 7 {
            looked.saw(look(0, "kim", "10.0.0.1", &n.to_string()));
        }
        let drafts = looked.take();
        assert_eq!(drafts.len(), OWED);
        assert!(drafts.last().is_some_and(|last| last.detail.starts_with("7 more looks")), "{:?}", drafts.last());
        looked.owe(drafts);
        assert_eq!(looked.take().len(), OWED);
        for n in 0..REMEMBERED * 2 {
            looked.saw(look(0, "kim", "10.0.0.1", &format!("x{n}")));
        }
        assert!(looked.seen.lock().expect("whole").len() <= REMEMBERED);
    }
}
