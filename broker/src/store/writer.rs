//! The thread that commits: whatever has come since its last transaction becomes the next one.
//!
//! It never gives changes up: a store that fails is asked again, and everything that waits for
//! those changes goes on waiting, so what is in memory and what is durable cannot part.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::{Change, SessionStore, Snapshot, StoreError};
use crate::intake::Ack;
use crate::mailbox::Mailbox;
use crate::session::Durable;
use crate::stats::Stats;

/// Changes that may wait before publishers are held up.
const BACKLOG: usize = 65_536;
/// Between two tries of a transaction that fails.
const AGAIN: Duration = Duration::from_millis(100);

/// Who is told when changes are durable.
pub(crate) enum Waiter {
    /// A connection that holds answers back until this ticket.
    Connection(Arc<Mailbox>, u64),
    /// A session that may send its queue up to this place.
    Session(Arc<Durable>, u64),
    /// A publisher.
    Publisher(Ack),
    /// A thread.
    Thread(std::sync::mpsc::Sender<()>),
    /// A client that is being greeted.
    Greeting(tokio::sync::oneshot::Sender<()>),
}

impl Waiter {
    fn settle(self) {
        match self {
            Waiter::Connection(mailbox, ticket) => mailbox.stored(ticket),
            Waiter::Session(session, order) => session.ready(order),
            Waiter::Publisher(ack) => ack.acknowledge(),
            // nobody waits any more: nothing is lost by that
            Waiter::Thread(done) => drop(done.send(())),
            Waiter::Greeting(done) => drop(done.send(())),
        }
    }
}

#[derive(Default)]
struct Queue {
    changes: Vec<Change>,
    waiters: Vec<Waiter>,
    /// Changes in the transaction under way.
    committing: usize,
    ticket: u64,
    stopped: bool,
}

/// The way to the store.
pub(crate) struct Writer {
    queue: Mutex<Queue>,
    arrived: Condvar,
    stats: Arc<Stats>,
}

impl Writer {
    /// Starts the thread.
    pub fn start(store: Arc<dyn SessionStore>, stats: Arc<Stats>) -> std::io::Result<(Arc<Self>, JoinHandle<()>)> {
        let writer = Arc::new(Writer { queue: Mutex::default(), arrived: Condvar::new(), stats });
        let running = writer.clone();
        let thread = std::thread::Builder::new().name("mqtt-sessions".into()).spawn(move || running.run(&*store))?;
        Ok((writer, thread))
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds changes and who waits for them.
    pub fn push(&self, changes: impl IntoIterator<Item = Change>, waiters: impl IntoIterator<Item = Waiter>) {
        let mut queue = self.lock();
        if queue.stopped {
            return;
        }
        queue.changes.extend(changes);
        queue.waiters.extend(waiters);
        drop(queue);
        self.arrived.notify_one();
    }

    /// Adds changes for a connection; answers the ticket it will be told.
    pub fn ticket(&self, changes: impl IntoIterator<Item = Change>, mailbox: &Arc<Mailbox>) -> u64 {
        let mut queue = self.lock();
        queue.ticket += 1;
        let ticket = queue.ticket;
        if !queue.stopped {
            queue.changes.extend(changes);
            queue.waiters.push(Waiter::Connection(mailbox.clone(), ticket));
        }
        drop(queue);
        self.arrived.notify_one();
        ticket
    }

    /// Is the store so far behind that nobody should add to it?
    pub fn is_behind(&self) -> bool {
        let queue = self.lock();
        queue.changes.len() + queue.committing > BACKLOG
    }

    /// Commits what is there and ends the thread; a store that fails is not asked again.
    pub fn stop(&self) {
        self.lock().stopped = true;
        self.arrived.notify_one();
    }

    fn run(&self, store: &dyn SessionStore) {
        loop {
            let mut queue = self.lock();
            while queue.changes.is_empty() && queue.waiters.is_empty() {
                if queue.stopped {
                    return;
                }
                queue = self.arrived.wait(queue).unwrap_or_else(PoisonError::into_inner);
            }
            let changes = std::mem::take(&mut queue.changes);
            let waiters = std::mem::take(&mut queue.waiters);
            queue.committing = changes.len();
            drop(queue);
            if !changes.is_empty() && !self.commit(store, &changes) {
                return;
            }
            self.lock().committing = 0;
            for waiter in waiters {
                waiter.settle();
            }
        }
    }

    /// False if the door stopped before it worked.
    fn commit(&self, store: &dyn SessionStore, changes: &[Change]) -> bool {
        while let Err(error) = store.commit(changes) {
            self.stats.store_failures.add(1);
            tracing::error!(%error, changes = changes.len(), "failed to store sessions; trying again");
            if self.lock().stopped {
                return false;
            }
            std::thread::sleep(AGAIN);
        }
        self.stats.store_commits.add(1);
        true
    }
}

/// The store of a door that was given none: sessions last as long as the process.
pub(crate) struct Forgetful;

impl SessionStore for Forgetful {
    fn load(&self) -> Result<Snapshot, StoreError> {
        Ok(Snapshot::default())
    }

    fn commit(&self, _: &[Change]) -> Result<(), StoreError> {
        Ok(())
    }
}
