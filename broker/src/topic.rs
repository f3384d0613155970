//! What a legal topic or filter is, and which match (MQTT 5, section 4.7).

/// Levels a filter may have: bounds the depth of the subscription tree.
pub(crate) const LEVELS: usize = 64;

/// Is this a legal topic to publish to: not empty, at most 65,535 bytes, no wildcard, no null?
pub fn topic_is_valid(topic: &str) -> bool {
    !topic.is_empty()
        && topic.len() <= usize::from(u16::MAX)
        && !topic.bytes().any(|byte| matches!(byte, b'+' | b'#' | 0))
}

/// Is this a legal filter: wildcards alone in their level, `#` last, at most 64 levels?
pub fn filter_is_valid(filter: &str) -> bool {
    if filter.is_empty() || filter.len() > usize::from(u16::MAX) || filter.contains('\0') {
        return false;
    }
    let mut levels = filter.split('/').peekable();
    let mut count = 0;
    while let Some(level) = levels.next() {
        count += 1;
        let last = levels.peek().is_none();
        let legal = match level {
            "+" => true,
            "#" => last,
            _ => !level.contains(['+', '#']),
        };
        if !legal || count > LEVELS {
            return false;
        }
    }
    true
}

/// Group and filter of a shared subscription `$share/group/filter`.
pub(crate) fn shared(filter: &str) -> Option<(&str, &str)> {
    filter.strip_prefix("$share/")?.split_once('/')
}

/// Is this a legal filter, or a legal shared subscription?
pub(crate) fn subscription_is_valid(filter: &str) -> bool {
    if filter != "$share" && !filter.starts_with("$share/") {
        return filter_is_valid(filter);
    }
    let legal = |(group, inner): (&str, &str)| !group.is_empty() && filter_is_valid(inner);
    filter_is_valid(filter)
        && shared(filter).is_some_and(legal)
        && !shared(filter).is_some_and(|(g, _)| g.contains(['+', '#']))
}

/// Does a legal `filter` match a legal `topic`? Wildcards at the start do not match `$…` topics.
pub fn matches(filter: &str, topic: &str) -> bool {
    if topic.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let mut topic = topic.split('/');
    for level in filter.split('/') {
        match (level, topic.next()) {
            ("#", _) => return true,
            ("+", Some(_)) => {}
            (level, Some(name)) if level == name => {}
            _ => return false,
        }
    }
    topic.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics() {
        for good in ["a", "/", "a//b", "é/x", "$SYS/x", "한강/수위"] {
            assert!(topic_is_valid(good), "{good}");
        }
        for bad in ["", "a/+", "#", "a\0b", "a/b#"] {
            assert!(!topic_is_valid(bad), "{bad:?}");
        }
    }

    #[test]
    fn filters() {
        for good in ["a", "#", "+", "a/#", "+/b/+", "/", "/+", "é/#"] {
            assert!(filter_is_valid(good), "{good}");
        }
        for bad in ["", "a/#/b", "a#", "a/b+", "+a", "##", "a\0"] {
            assert!(!filter_is_valid(bad), "{bad:?}");
        }
        assert!(!filter_is_valid(&"a/".repeat(64)));
    }

    #[test]
    fn shared_subscriptions() {
        for good in ["$share/g/a", "$share/g/#", "$share/g//", "a", "$shared/x"] {
            assert!(subscription_is_valid(good), "{good}");
        }
        for bad in ["$share", "$share/g", "$share//a", "$share/+/a", "$share/g/", "$share/g/a#", "$share/#"] {
            assert!(!subscription_is_valid(bad), "{bad}");
        }
        assert_eq!(shared("$share/g/a/b"), Some(("g", "a/b")));
    }

    #[test]
    fn matching() {
        let check = |filter, topic, expect| {
            assert_eq!(matches(filter, topic), expect, "{filter} on {topic}");
        };
        check("a/b", "a/b", true);
        check("a/b", "a/b/c", false);
        check("a/#", "a", true);
        check("a/#", "a/b/c", true);
        check("#", "a/b", true);
        check("#", "$SYS/a", false);
        check("+/a", "$SYS/a", false);
        check("$SYS/#", "$SYS/a", true);
        check("+", "a", true);
        check("+", "/a", false);
        check("+/+", "/a", true);
        check("a/+", "a/", true);
        check("a/+", "a", false);
        check("a/b/#", "a/c", false);
    }
}
