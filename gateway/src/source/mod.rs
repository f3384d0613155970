//! Where inputs come from: files in virtual time, or devices at the door. The pipeline knows only [`Source`].

pub mod door;
pub mod file;
// What the gateway observes of itself.
pub mod own;
// A simulated city, in virtual time.
pub mod simulated;

use bongsu_broker::{Message, Receipt, Rejection};
use bongsu_sensors::Time;
use file::Row;

/// Something that was said, as it came.
#[derive(Debug)]
pub enum Said {
    /// A row of a file of observations.
    Row(Row),
    /// What one read of a device's connection brought, in order.
    Messages(Vec<Message>),
    /// What the gateway observes of itself, by kind.
    Own(Vec<(&'static str, f64)>),
}

/// What was heard at one moment.
#[derive(Debug, Default)]
pub struct Moment {
    /// The moment: read once, never before the last one.
    pub now: Time,
    /// What was said. Nothing, where only time passed.
    pub said: Vec<Said>,
    /// More can be had at once, so the commit may wait for it.
    pub more: bool,
}

/// What a source answers.
#[derive(Debug)]
pub enum Heard {
    /// Something, or that something is due.
    Moment(Moment),
    /// There will be nothing more.
    End,
}

/// Where inputs come from.
pub trait Source {
    /// Waits until something is said or `due` has come.
    ///
    /// # Errors
    /// The source is broken and will not mend.
    fn hear(&mut self, due: Option<Time>) -> miette::Result<Heard>;

    /// Everything heard so far is on the disk: whoever said it may be told so.
    fn acknowledge(&mut self);

    /// A message will be answered with a reason, once everything is on the disk. `said` is the place of its delivery in
    /// the moment.
    fn reject(&mut self, _said: usize, _packet_id: u16, _rejection: Rejection) {}

    /// QoS 2 messages of the moment that must not be taken twice: they go into the same commit. Asked after the last
    /// rejection.
    fn receipts(&mut self) -> Vec<Receipt> {
        Vec::new()
    }

    /// The names of its files, in the order of their numbers, where it reads files.
    fn names(&self) -> Vec<String> {
        Vec::new()
    }

    /// Counts what became of what was heard, for the record of progress.
    fn count(&mut self, _observations: u64, _dead_letters: u64) {}

    /// How far a source that can be continued has been read.
    fn progress(&self) -> Option<crate::store::Progress> {
        None
    }
}
