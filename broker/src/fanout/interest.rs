//! Whether anybody could hear what is published below a topic: for what is costly to make and often wanted by nobody.
//!
//! It may say yes where nobody hears it, never no where somebody would.

use std::collections::{HashMap, HashSet};

use crate::topic;

/// Filters are told apart by so many levels: applications divide their topics there, devices only below.
const LEVELS: usize = 3;

/// Who subscribes, by the beginnings of their filters.
#[derive(Debug, Default)]
pub(super) struct Interest {
    heads: HashMap<Box<str>, HashSet<(u64, Box<str>)>>,
}

/// The first levels of a filter.
fn head(filter: &str) -> &str {
    let ends = filter.match_indices('/').nth(LEVELS - 1).map_or(filter.len(), |(at, _)| at);
    &filter[..ends]
}

/// The part of a filter that topics are held against.
fn plain(filter: &str) -> &str {
    topic::shared(filter).map_or(filter, |(_, plain)| plain)
}

impl Interest {
    pub fn insert(&mut self, number: u64, filter: &str) {
        self.heads.entry(head(plain(filter)).into()).or_default().insert((number, filter.into()));
    }

    pub fn remove(&mut self, number: u64, filter: &str) {
        let head = head(plain(filter));
        if let Some(those) = self.heads.get_mut(head) {
            those.remove(&(number, filter.into()));
            if those.is_empty() {
                self.heads.remove(head);
            }
        }
    }

    /// Whether a filter could match a topic that begins with these levels, `LEVELS` of them or fewer.
    pub fn below(&self, beginning: &str) -> bool {
        let levels: Vec<&str> = beginning.split('/').take(LEVELS).collect();
        // Every way of writing the beginning with wildcards, cut off at every level.
        (0..1_u32 << levels.len()).any(|mask| {
            let mut written = String::with_capacity(beginning.len() + 2);
            for (at, level) in levels.iter().enumerate() {
                let cut = written.len();
                written.push('#');
                if self.heads.contains_key(written.as_str()) {
                    return true;
                }
                written.truncate(cut);
                written.push_str(if mask & 1 << at == 0 { level } else { "+" });
                if at + 1 < levels.len() {
                    written.push('/');
                }
            }
            match levels.len() < LEVELS {
                true => self.heads.keys().any(|head| head.starts_with(&written)),
                false => self.heads.contains_key(written.as_str()),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_could_hear_is_counted_until_the_last_one_leaves() {
        let check = |filters: &[&str], expect: bool| {
            let mut interest = Interest::default();
            for (number, filter) in (0..).zip(filters) {
                interest.insert(number, filter);
                interest.insert(number, filter);
            }
            assert_eq!(interest.below("bongsu/v1/live"), expect, "{filters:?}");
            for (number, filter) in (0..).zip(filters) {
                interest.remove(number + 100, filter);
                assert_eq!(interest.below("bongsu/v1/live"), expect, "{filters:?}: another one left");
            }
            for (number, filter) in (0..).zip(filters) {
                interest.remove(number, filter);
            }
            assert!(!interest.below("bongsu/v1/live") && interest.heads.is_empty(), "{filters:?}");
        };
        check(&[], false);
        check(&["bongsu/v1/alerts/#", "bongsu/v1/system", "bongsu/v1/s1/cmd", "bongsu/v1", "live"], false);
        check(&["bongsu/v1/live/#"], true);
        check(&["bongsu/v1/live/s1/river_stage"], true);
        check(&["bongsu/v1/+/s1/river_stage"], true);
        check(&["bongsu/v1/#"], true);
        check(&["#"], true);
        check(&["+/+/+/#"], true);
        check(&["+/#"], true);
        check(&["bongsu/+/live/+/tilt", "bongsu/v1/alerts/#"], true);
        check(&["$share/g/bongsu/v1/live/#"], true);
        check(&["$share/g/bongsu/v1/alerts/#"], false);
    }

    proptest::proptest! {
        #[test]
        fn what_a_filter_matches_is_never_denied(
            filter in "(a|b|\\+)(/(a|b|\\+)){0,4}(/#)?",
            rest in "(/(a|b)){0,3}",
            beginning in "(a|b)/(a|b)/(a|b)",
        ) {
            let mut interest = Interest::default();
            interest.insert(1, &filter);
            if topic::matches(&filter, &format!("{beginning}{rest}")) {
                proptest::prop_assert!(interest.below(&beginning));
            }
        }
    }
}
