//! Reading the store for web requests: few at a time, none for long, none on the threads that serve sockets.

use super::problem::Problem;
use crate::store::Reader;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, oneshot};

/// Requests that read at once. The store's writer shares the machine with them.
const READERS: usize = 4;

/// How long a request may wait for a reader and read.
const DEADLINE: Duration = Duration::from_secs(5);

/// Readers of one store, opened when they are first needed.
#[derive(Debug)]
pub struct Readers {
    path: PathBuf,
    free: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Reader>>>,
}

impl Readers {
    /// Readers of the store at this path.
    pub fn new(path: PathBuf) -> Readers {
        Readers { path, free: Arc::new(Semaphore::new(READERS)), idle: Arc::default() }
    }

    /// Reads; what takes too long is interrupted.
    ///
    /// # Errors
    /// [`Problem::busy`] after [`DEADLINE`], [`Problem::unreadable`] where the store says no.
    pub async fn read<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Reader) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Problem> {
        let (path, free, idle) = (self.path.clone(), self.free.clone(), self.idle.clone());
        // A task of its own: where a client leaves, its question still ends at the deadline.
        let asked = tokio::spawn(async move { answer(path, free, idle, ask).await });
        asked.await.map_err(|cause| Problem::unreadable(&cause))?
    }
}

async fn answer<T: Send + 'static>(
    path: PathBuf,
    free: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Reader>>>,
    ask: impl FnOnce(&Reader) -> rusqlite::Result<T> + Send + 'static,
) -> Result<T, Problem> {
    let until = tokio::time::Instant::now() + DEADLINE;
    let permit = tokio::time::timeout_at(until, free.acquire_owned()).await;
    let permit = permit.map_err(|_| Problem::busy())?.map_err(|_| Problem::busy())?;
    let (tell, told) = oneshot::channel();
    let mut reading = tokio::task::spawn_blocking(move || {
        // The permit is given back when the reading has really ended.
        let _permit = permit;
        let known = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let reader = match known {
            Some(reader) => reader,
            None => Reader::open(&path)?,
        };
        let _ = tell.send(reader.interrupt_handle());
        let answer = ask(&reader);
        if answer.is_ok() {
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
        }
        answer
    });
    match tokio::time::timeout_at(until, &mut reading).await {
        Ok(Ok(Ok(answer))) => Ok(answer),
        Ok(Ok(Err(cause))) => Err(Problem::unreadable(&cause)),
        Ok(Err(cause)) => Err(Problem::unreadable(&cause)),
        Err(_) => {
            if let Ok(handle) = told.await {
                handle.interrupt();
            }
            Err(Problem::busy())
        }
    }
}
