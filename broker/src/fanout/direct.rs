//! What does not go through the router: sessions that outlive their connection, and shared
//! subscriptions. Both need one place that sees every message in order: the first to store what
//! they are owed, the second to choose one member.
//!
//! A shared message goes to the next member that is connected and has room, in turn; if there is
//! none, to the queue of the next one whose session is kept.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::lane::offer;
use super::tree::{Leaf, To, Tree, copy};
use super::{Published, Subscriber};
use crate::mailbox::Queued;
use crate::session::Touched;
use crate::stats::Stats;
use crate::store::{Change, Subscription};
use crate::topic;

/// Numbers of groups stand apart from those of sessions.
const GROUPS: u64 = 1 << 63;

#[derive(Debug)]
struct Members {
    leaves: Vec<Leaf>,
    turn: usize,
}

/// A shared subscription.
#[derive(Debug)]
pub(crate) struct Group {
    number: u64,
    members: Mutex<Members>,
}

/// What is to be stored for a batch, and who waits for it.
#[derive(Default)]
pub(super) struct Owed {
    pub changes: Vec<Change>,
    pub touched: Touched,
}

/// Sessions that outlive their connection, and shared subscriptions.
#[derive(Debug, Default)]
pub(super) struct Direct {
    tree: Tree,
    groups: HashMap<String, Arc<Group>>,
    last_group: u64,
}

impl Direct {
    /// Adds or replaces a subscription.
    pub fn insert(&mut self, subscriber: &Subscriber, subscription: &Subscription, since: u64) {
        let leaf = Leaf::new(subscriber.number, subscriber.to.clone(), subscription, since);
        let Some((_, filter)) = topic::shared(&subscription.filter) else {
            return self.tree.insert(&subscription.filter, leaf);
        };
        if let Some(group) = self.groups.get(&*subscription.filter) {
            let mut members = group.lock();
            members.leaves.retain(|member| member.number != leaf.number);
            members.leaves.push(leaf);
            return;
        }
        self.last_group += 1;
        let number = GROUPS | self.last_group;
        let group = Arc::new(Group { number, members: Mutex::new(Members { leaves: vec![leaf], turn: 0 }) });
        let leaf = Leaf { no_local: false, ..Leaf::new(number, To::Group(group.clone()), subscription, 0) };
        self.tree.insert(filter, leaf);
        self.groups.insert(subscription.filter.to_string(), group);
    }

    /// Removes a subscription.
    pub fn remove(&mut self, number: u64, filter: &str) {
        let Some((_, inner)) = topic::shared(filter) else {
            return self.tree.remove(filter, number);
        };
        let Some(group) = self.groups.get(filter) else {
            return;
        };
        let mut members = group.lock();
        members.leaves.retain(|member| member.number != number);
        if members.leaves.is_empty() {
            let number = group.number;
            drop(members);
            self.tree.remove(inner, number);
            self.groups.remove(filter);
        }
    }

    /// Gives a message to everyone here who wants it.
    pub fn dispatch(&self, message: &Arc<Published>, owed: &mut Owed, stats: &Stats) {
        if self.tree.is_empty() {
            return;
        }
        let mut found = Vec::new();
        self.tree.find(&message.topic, &mut found);
        for same in found.chunk_by(|a, b| a.number == b.number) {
            match &same[0].to {
                To::Group(group) => group.dispatch(message, owed, stats),
                to => {
                    if let Some(queued) = copy(same, message) {
                        give(to, queued, owed, stats);
                    }
                }
            }
        }
    }
}

fn give(to: &To, queued: Queued, owed: &mut Owed, stats: &Stats) {
    match to {
        To::Connection(mailbox) => offer(mailbox, queued, stats),
        To::Session(session) => session.enqueue(queued, &mut owed.changes, &mut owed.touched),
        To::Group(_) => {}
    }
}

impl Group {
    fn lock(&self) -> MutexGuard<'_, Members> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn dispatch(&self, message: &Arc<Published>, owed: &mut Owed, stats: &Stats) {
        let mut members = self.lock();
        let count = members.leaves.len();
        let ready = |leaf: &Leaf| match &leaf.to {
            To::Connection(mailbox) => mailbox.has_room(message.payload.len()),
            To::Session(session) => session.is_connected(),
            To::Group(_) => false,
        };
        let turns = (0..count).map(|step| (members.turn + step) % count);
        let chosen = turns.clone().find(|at| ready(&members.leaves[*at]));
        let kept = |at: &usize| matches!(members.leaves[*at].to, To::Session(_));
        let Some(chosen) = chosen.or_else(|| turns.clone().find(kept)) else {
            stats.dropped_slow.add(1);
            return;
        };
        members.turn = (chosen + 1) % count;
        let leaf = &members.leaves[chosen];
        // a group hears each message once, so no member was owed it as a retained one
        if let Some(queued) = copy(&[&Leaf { since: 0, ..leaf.clone() }], message) {
            give(&leaf.to, queued, owed, stats);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mailbox::Mailbox;
    use crate::wire::Qos;
    use std::task::{Context, Poll, Waker};

    fn heard(mailbox: &Mailbox) -> usize {
        match mailbox.poll(&Context::from_waker(Waker::noop()), true) {
            Poll::Ready(mail) => mail.queued.len(),
            Poll::Pending => 0,
        }
    }

    #[test]
    fn a_group_takes_turns_and_passes_over_who_is_full() {
        let mut direct = Direct::default();
        let mailboxes: Vec<_> = (0..3).map(|_| Arc::new(Mailbox::new(4, 1000))).collect();
        let subscription = Subscription {
            filter: "$share/g/a/#".into(),
            qos: Qos::AtLeastOnce,
            no_local: false,
            retain_as_published: false,
            identifier: 0,
        };
        for (number, mailbox) in (1..).zip(&mailboxes) {
            direct.insert(&Subscriber { number, to: To::Connection(mailbox.clone()) }, &subscription, 0);
        }
        let say = |direct: &Direct, count| {
            for number in 0..count {
                let message = Arc::new(Published { number: number + 1, ..Published::for_test("a/b", b"x") });
                direct.dispatch(&message, &mut Owed::default(), &Stats::default());
            }
        };
        say(&direct, 6);
        assert_eq!(mailboxes.iter().map(|m| heard(m)).collect::<Vec<_>>(), [2, 2, 2]);
        say(&direct, 9);
        assert_eq!(heard(&mailboxes[0]), 3);
        say(&direct, 4);
        assert_eq!(mailboxes.iter().map(|m| heard(m)).collect::<Vec<_>>(), [2, 4, 4], "at most four each");
        for number in 1..=3 {
            direct.remove(number, "$share/g/a/#");
        }
        assert!(direct.tree.is_empty() && direct.groups.is_empty());
    }
}
