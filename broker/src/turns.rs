//! Turns: of what many ask for at once and what costs much, so many steps are done at a time and no more. Whoever is in
//! already is served meanwhile.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::ready;

use tokio::sync::Semaphore;
use tokio_util::sync::PollSemaphore;

/// Whose turn it is.
#[derive(Clone, Debug)]
pub(crate) struct Turns(Arc<Semaphore>);

impl Turns {
    /// Half of the machine.
    pub fn new() -> Turns {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Turns(Arc::new(Semaphore::new((cores / 2).max(1))))
    }

    /// Does `work`, each step of it in its turn. Who waits for a peer has no turn: silence holds nobody up.
    pub async fn take<T>(&self, work: impl Future<Output = T>) -> T {
        let mut turns = PollSemaphore::new(self.0.clone());
        let mut work = pin!(work);
        poll_fn(|context| {
            let turn = ready!(turns.poll_acquire(context));
            let done = work.as_mut().poll(context);
            drop(turn);
            done
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn the_silent_hold_nobody_up_and_no_more_than_their_share_work_at_once() {
        let turns = Turns(Arc::new(Semaphore::new(1)));
        let (at_once, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        for _ in 0..100 {
            let turns = turns.clone();
            tokio::spawn(async move { turns.take(std::future::pending::<()>()).await });
        }
        let mut busy = tokio::task::JoinSet::new();
        for _ in 0..50 {
            let (turns, at_once, most) = (turns.clone(), at_once.clone(), most.clone());
            busy.spawn(async move {
                let step = poll_fn(|_| {
                    most.fetch_max(at_once.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(1));
                    at_once.fetch_sub(1, Ordering::SeqCst);
                    std::task::Poll::Ready(())
                });
                turns.take(step).await;
            });
        }
        tokio::time::timeout(Duration::from_secs(20), busy.join_all()).await.expect("the silent hold nobody up");
        assert_eq!(most.load(Ordering::SeqCst), 1);
    }
}
