//! The subscriptions of one lane, as a tree of levels: who wants a topic?
//!
//! Depth is bounded by [`crate::topic::LEVELS`], because only legal filters get in.

use std::collections::HashMap;
use std::sync::Arc;

use super::Published;
use super::direct::Group;
use crate::mailbox::{Mailbox, Queued};
use crate::session::Durable;
use crate::store::Subscription;
use crate::wire::Qos;

/// Where a subscription's messages go.
#[derive(Debug, Clone)]
pub(crate) enum To {
    /// A connection whose session ends with it.
    Connection(Arc<Mailbox>),
    /// A session that outlives its connection.
    Session(Arc<Durable>),
    /// One member of a shared subscription.
    Group(Arc<Group>),
}

/// One subscription of one session.
#[derive(Debug, Clone)]
pub(super) struct Leaf {
    /// Number of the session, or of the group.
    pub number: u64,
    pub to: To,
    pub qos: Qos,
    pub no_local: bool,
    pub retain_as_published: bool,
    pub identifier: u32,
    /// Messages up to this sequence number were already seen as retained ones.
    pub since: u64,
}

impl Leaf {
    pub fn new(number: u64, to: To, subscription: &Subscription, since: u64) -> Self {
        Leaf {
            number,
            to,
            qos: subscription.qos,
            no_local: subscription.no_local,
            retain_as_published: subscription.retain_as_published,
            identifier: subscription.identifier,
            since,
        }
    }
}

/// What one session gets of a message through all its matching subscriptions: one copy, with the
/// highest quality of service and every identifier. `None` if none of them wants it.
pub(super) fn copy(same: &[&Leaf], message: &Arc<Published>) -> Option<Queued> {
    let wants = |leaf: &&&Leaf| leaf.since < message.number && !(leaf.no_local && leaf.number == message.origin);
    let mut wanting = same.iter().filter(wants).peekable();
    wanting.peek()?;
    let mut queued = Queued { message: message.clone(), qos: Qos::AtMostOnce, retain: false, identifiers: Vec::new() };
    for leaf in wanting {
        queued.qos = queued.qos.max(leaf.qos.min(message.qos));
        queued.retain |= leaf.retain_as_published && message.retain;
        if leaf.identifier != 0 {
            queued.identifiers.push(leaf.identifier);
        }
    }
    Some(queued)
}

#[derive(Debug, Default)]
struct Node {
    children: HashMap<Box<str>, Node>,
    /// Filters that end here.
    here: Vec<Leaf>,
    /// Filters that end with `#` after here.
    below: Vec<Leaf>,
}

/// All subscriptions of one lane.
#[derive(Debug, Default)]
pub(super) struct Tree {
    root: Node,
}

impl Tree {
    /// Adds a subscription, or replaces the one of the same connection.
    pub fn insert(&mut self, filter: &str, leaf: Leaf) {
        let mut node = &mut self.root;
        for level in filter.split('/') {
            if level == "#" {
                return put(&mut node.below, leaf);
            }
            node = node.children.entry(level.into()).or_default();
        }
        put(&mut node.here, leaf);
    }

    /// Removes the subscription of a connection and the branches it leaves empty.
    pub fn remove(&mut self, filter: &str, number: u64) {
        remove(&mut self.root, filter.split('/'), number);
    }

    pub fn is_empty(&self) -> bool {
        is_empty(&self.root)
    }

    /// Collects who wants `topic`; the subscriptions of one session stand beside each other.
    pub fn find<'a>(&'a self, topic: &str, found: &mut Vec<&'a Leaf>) {
        let hidden = topic.starts_with('$');
        let groups = find(&self.root, topic.split('/'), hidden, found);
        if groups > 1 {
            found.sort_by_key(|leaf| leaf.number);
        }
    }
}

fn put(leaves: &mut Vec<Leaf>, leaf: Leaf) {
    match leaves.iter_mut().find(|old| old.number == leaf.number) {
        // a message under way between the two must reach one of them
        Some(old) => *old = Leaf { since: old.since, ..leaf },
        None => leaves.push(leaf),
    }
}

/// True if the node has nothing left.
fn remove<'a>(node: &mut Node, mut levels: impl Iterator<Item = &'a str>, number: u64) -> bool {
    let leaves = match levels.next() {
        None => &mut node.here,
        Some("#") => &mut node.below,
        Some(level) => {
            if let Some(child) = node.children.get_mut(level)
                && remove_boxed(child, &mut levels, number)
            {
                node.children.remove(level);
            }
            return is_empty(node);
        }
    };
    if let Some(at) = leaves.iter().position(|leaf| leaf.number == number) {
        leaves.swap_remove(at);
    }
    is_empty(node)
}

/// The recursion goes through a trait object, else each level would be a new type.
fn remove_boxed(node: &mut Node, levels: &mut dyn Iterator<Item = &str>, number: u64) -> bool {
    remove(node, levels, number)
}

fn is_empty(node: &Node) -> bool {
    node.children.is_empty() && node.here.is_empty() && node.below.is_empty()
}

/// How many groups of leaves matched: more than one may hold the same connection twice.
fn find<'a>(node: &'a Node, mut levels: std::str::Split<'_, char>, hidden: bool, found: &mut Vec<&'a Leaf>) -> usize {
    let mut groups = 0;
    if !hidden {
        groups += group(&node.below, found);
    }
    let Some(level) = levels.next() else {
        return groups + group(&node.here, found);
    };
    if let Some(child) = node.children.get(level) {
        groups += find(child, levels.clone(), false, found);
    }
    if !hidden && let Some(child) = node.children.get("+") {
        groups += find(child, levels, false, found);
    }
    groups
}

fn group<'a>(leaves: &'a [Leaf], found: &mut Vec<&'a Leaf>) -> usize {
    found.extend(leaves);
    usize::from(!leaves.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topic;
    use proptest::prelude::*;

    fn leaf(number: u64, qos: Qos) -> Leaf {
        let to = To::Connection(Arc::new(Mailbox::new(1, 1)));
        Leaf { number, to, qos, no_local: false, retain_as_published: false, identifier: 0, since: 0 }
    }

    fn numbers(tree: &Tree, topic: &str) -> Vec<u64> {
        let mut found = Vec::new();
        tree.find(topic, &mut found);
        let mut numbers: Vec<u64> = found.iter().map(|leaf| leaf.number).collect();
        numbers.sort_unstable();
        numbers
    }

    #[test]
    fn a_session_gets_one_copy_with_its_highest_quality_and_every_identifier() {
        let mut tree = Tree::default();
        tree.insert("a/#", Leaf { identifier: 5, ..leaf(1, Qos::AtMostOnce) });
        tree.insert("a/+", Leaf { identifier: 6, retain_as_published: true, ..leaf(1, Qos::AtLeastOnce) });
        tree.insert("+/b", Leaf { identifier: 7, no_local: true, ..leaf(1, Qos::ExactlyOnce) });
        tree.insert("a/b", leaf(2, Qos::AtMostOnce));
        let message = |origin| {
            let published = Published::for_test("a/b", b"x");
            Arc::new(Published { origin, number: 1, retain: true, qos: Qos::ExactlyOnce, ..published })
        };
        let mut found = Vec::new();
        tree.find("a/b", &mut found);
        let copies = |origin| -> Vec<_> {
            let message = message(origin);
            let copies = found.chunk_by(|a, b| a.number == b.number).filter_map(|same| copy(same, &message));
            copies.map(|queued| (queued.qos, queued.retain, queued.identifiers)).collect()
        };
        let two = (Qos::AtMostOnce, false, vec![]);
        assert_eq!(copies(0), [(Qos::ExactlyOnce, true, vec![5, 6, 7]), two.clone()]);
        assert_eq!(copies(1), [(Qos::AtLeastOnce, true, vec![5, 6]), two], "not what it said itself");
    }

    #[test]
    fn an_emptied_tree_keeps_nothing() {
        let mut tree = Tree::default();
        for filter in ["a/b/c", "#", "+/x/#"] {
            tree.insert(filter, leaf(1, Qos::AtMostOnce));
        }
        for filter in ["a/b/c", "#", "+/x/#", "never/there"] {
            tree.remove(filter, 1);
        }
        assert!(is_empty(&tree.root));
    }

    proptest! {
        #[test]
        fn finds_what_plain_matching_finds(
            filters in prop::collection::vec("(\\$s|a|b|\\+|)(/(a|b|\\+|)){0,3}(/#)?", 1..12),
            topic in "(\\$s|a|b|)(/(a|b|)){0,4}",
        ) {
            prop_assume!(!topic.is_empty());
            let filters: Vec<_> = filters.into_iter().filter(|f| topic::filter_is_valid(f)).collect();
            let mut tree = Tree::default();
            for (number, filter) in filters.iter().enumerate() {
                tree.insert(filter, leaf(number as u64, Qos::AtMostOnce));
            }
            let expected: Vec<u64> = (0u64..)
                .zip(&filters)
                .filter(|(_, filter)| topic::matches(filter, &topic))
                .map(|(number, _)| number)
                .collect();
            prop_assert_eq!(numbers(&tree, &topic), expected);
        }
    }
}
