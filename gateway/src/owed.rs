//! Entries of the audit that nobody waits for: who saw what, and who was denied what at the door.
//!
//! An entry is owed until the store has it. What the disk does not take now is written with the next one.

use crate::pipeline::Errand;
use crate::store::audit::Draft;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};

/// Most entries owed while the disk does not answer. Beyond it they are counted, and the count is written.
const MOST: usize = 5_000;

/// What the store does not have yet.
#[derive(Debug)]
pub struct Owed {
    kept: Mutex<Kept>,
    errands: Sender<Errand>,
}

#[derive(Debug, Default)]
struct Kept {
    drafts: Vec<Draft>,
    lost: u64,
}

impl Owed {
    /// Nothing yet, to be written by whoever runs these errands.
    pub fn new(errands: Sender<Errand>) -> Arc<Owed> {
        Arc::new(Owed { kept: Mutex::default(), errands })
    }

    /// Writes an entry, soon.
    pub fn write(self: &Arc<Self>, draft: Draft) {
        self.keep(draft);
        let owed = self.clone();
        let errand: Errand = Box::new(move |store| {
            let drafts = owed.take();
            if let Err(error) = store.change_people(&[], &drafts) {
                tracing::warn!(%error, "some of the audit could not be written yet");
                owed.put_back(drafts);
            }
        });
        // A pipeline that has ended writes nothing; the program is about to stop.
        let _ = self.errands.send(errand);
    }

    fn keep(&self, draft: Draft) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.drafts.len() >= MOST {
            kept.lost += 1;
        } else {
            kept.drafts.push(draft);
        }
    }

    fn take(&self) -> Vec<Draft> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut drafts = std::mem::take(&mut kept.drafts);
        if let (1.., Some(last)) = (kept.lost, drafts.last_mut()) {
            last.detail = format!("{} more entries were not written: the disk did not answer", kept.lost);
            kept.lost = 0;
        }
        drafts
    }

    fn put_back(&self, mut drafts: Vec<Draft>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        drafts.append(&mut kept.drafts);
        kept.drafts = drafts;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_store_did_not_take_is_still_owed_and_bounded() {
        let (errands, queue) = std::sync::mpsc::channel();
        let owed = Owed::new(errands);
        for n in 0..MOST + 7 {
            owed.write(Draft { subject: n.to_string(), ..Draft::default() });
        }
        assert_eq!(queue.try_iter().count(), MOST + 7, "each may be the last that is asked for");
        let drafts = owed.take();
        assert_eq!(drafts.len(), MOST);
        assert!(drafts.last().is_some_and(|last| last.detail.starts_with("7 more entries")), "{:?}", drafts.last());
        owed.put_back(drafts);
        assert_eq!(owed.take().len(), MOST);
        assert_eq!(owed.take().len(), 0);
    }
}
