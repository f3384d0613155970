//! Retained messages, in order of topic.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;
use std::time::Instant;

use super::Published;
use crate::topic;

/// The retained store.
#[derive(Debug, Default)]
pub(super) struct Retained {
    messages: BTreeMap<Arc<str>, Arc<Published>>,
}

impl Retained {
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    pub fn contains(&self, topic: &str) -> bool {
        self.messages.contains_key(topic)
    }

    /// Keeps a message; an empty one removes what is kept.
    pub fn put(&mut self, message: Arc<Published>) {
        if message.payload.is_empty() {
            self.messages.remove(&message.topic);
        } else {
            self.messages.insert(message.topic.clone(), message);
        }
    }

    /// What a new subscription to `filter` is owed. Looks only at topics that share the filter's
    /// words before its first wildcard.
    pub fn find(&self, filter: &str, now: Instant) -> Vec<Arc<Published>> {
        let fixed = filter.find(['+', '#']).map_or(filter, |at| &filter[..at]);
        // `a/#` also matches `a`, which sorts before `a/`
        let parent = filter.ends_with("/#").then(|| fixed.trim_end_matches('/'));
        let first = self.messages.get_key_value(parent.unwrap_or_default()).into_iter();
        let rest = self
            .messages
            .range::<str, _>((Bound::Included(fixed), Bound::Unbounded))
            .take_while(|(topic, _)| topic.starts_with(fixed))
            .filter(|(topic, _)| Some(&***topic) != parent);
        first
            .chain(rest)
            .filter(|(topic, message)| topic::matches(filter, topic) && !message.is_expired(now))
            .map(|(_, message)| message.clone())
            .collect()
    }

    /// Forgets what has expired; answers the topics.
    pub fn sweep(&mut self, now: Instant) -> Vec<Arc<str>> {
        let mut expired = Vec::new();
        self.messages.retain(|topic, message| {
            let gone = message.is_expired(now);
            if gone {
                expired.push(topic.clone());
            }
            !gone
        });
        expired
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_by_filter_and_forgets() {
        let mut retained = Retained::default();
        for topic in ["a", "a/b", "a/c/d", "a0", "b", "$s/x"] {
            retained.put(Arc::new(Published::for_test(topic, b"x")));
        }
        let check = |filter: &str, expect: &[&str]| {
            let found = retained.find(filter, Instant::now());
            let found: Vec<&str> = found.iter().map(|m| &*m.topic).collect();
            assert_eq!(found, expect, "{filter}");
        };
        check("a/#", &["a", "a/b", "a/c/d"]);
        check("a", &["a"]);
        check("a/+", &["a/b"]);
        check("#", &["a", "a/b", "a/c/d", "a0", "b"]);
        check("+/b", &["a/b"]);
        check("$s/#", &["$s/x"]);
        check("/#", &[]);
        retained.put(Arc::new(Published::for_test("a/b", b"")));
        assert!(!retained.contains("a/b"));
        assert_eq!(retained.len(), 5);
    }
}
