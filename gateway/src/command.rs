//! What people want done: it enters the pipeline's queue like everything else that changes the engine's mind, and is
//! answered when it is on the disk, with its audit entry in the same commit.

use crate::source::file::Row;
use crate::store::audit::Draft;
use bongsu_rules::Engine;
use bongsu_rules::engine::Explanation;
use bongsu_rules::incident::{Denial, Done, Order};
use bongsu_rules::record::Report;
use std::sync::mpsc::SyncSender;
use tokio::sync::oneshot;

/// Commands that may wait for the pipeline: more than an office full of people can give in a second.
pub const WAITING: usize = 256;

/// Commands taken up between two batches of readings.
pub const AT_ONCE: usize = 64;

/// What must hold at the moment a command is taken up, beyond what the engine knows: that the texts and channels are
/// still those that were seen.
pub type Check = Box<dyn FnOnce(&Engine) -> Result<(), Refused> + Send>;

/// What is wanted.
pub enum Work {
    /// An order to the engine.
    Order(Box<Order>, Check),
    /// Observations that people report.
    Report(Vec<Row>),
    /// Something that is no reading and no order.
    Told(Report),
    /// A question: what a rule says at a place. Nothing is changed by it.
    Explain {
        /// The rule.
        rule: String,
        /// A station, an area or `city`.
        place: String,
    },
}

/// Something a person wants done.
pub struct Command {
    /// What.
    pub work: Work,
    /// What the audit will say; what came of it is added. `None`: nobody known did it.
    pub audit: Option<Draft>,
    /// Who waits for the answer.
    pub reply: oneshot::Sender<Answer>,
}

/// What is answered.
pub type Answer = Result<Outcome, Refused>;

/// It is done, and on the disk.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The engine did it.
    Ordered(Done),
    /// It was taken in.
    Taken,
    /// What there is to say; `None`: the rule does not look there.
    Explained(Option<Box<Explanation>>),
    /// Observations were taken in.
    Reported {
        /// Readings that became observations.
        observations: u64,
        /// Readings that said again what was known.
        duplicates: u64,
        /// What was not taken, and what to write instead.
        refused: Vec<String>,
    },
}

/// It is not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The engine says no.
    Denied(Denial),
    /// What was seen is no longer what would be sent.
    Changed(String),
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Refused::Denied(denial) => denial.fmt(f),
            Refused::Changed(what) => f.write_str(what),
        }
    }
}

/// The way in for those who sit at no console: citizens, barriers.
#[derive(Clone, Debug)]
pub struct Reports(SyncSender<Command>);

impl Reports {
    /// Into the queue of commands.
    pub const fn new(commands: SyncSender<Command>) -> Reports {
        Reports(commands)
    }

    /// Hands on a report; nobody waits for it. Where too much waits already it is left out: a barrier reports again, and
    /// of citizens there are more.
    pub fn tell(&self, report: Report) {
        let (reply, _) = oneshot::channel();
        if self.0.try_send(Command { work: Work::Told(report), audit: None, reply }).is_err() {
            tracing::warn!("a report was left out: too many commands wait, or the program stops");
        }
    }
}
