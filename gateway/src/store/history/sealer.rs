//! The thread that seals: of low priority, one small step after another, in nobody's way.
//!
//! It also looks a part of the history over now and then ([`super::look`]).

use super::Damage;
use super::look::Look;
use super::seal::{Bounds, Hand, Seal, Step, Unsealed, Work};
use crate::archive::book::Book;
use crate::clock::Clock;
use crate::config::Config;
use crate::pipeline::Errand;
use crate::priority;
use crate::web::Shared;
use bongsu_sensors::Time;
use miette::{IntoDiagnostic, WrapErr};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often it is looked whether there is something to seal.
const LOOK: Duration = Duration::from_secs(10);

/// Between two steps: the writer has this long for the devices alone,
const BREATH: Duration = Duration::from_millis(20);

/// and so many times as long as the step took of its time, up to a bound: however slow the disk is, sealing is a small
/// part of what the writer does.
const SHARE: u32 = 15;
const LONGEST_BREATH: Duration = Duration::from_secs(2);

/// After a failure: a disk that is full is not full for ever.
const WAIT: Duration = Duration::from_secs(30);

/// How often a part of the history is looked over.
const LOOK_OVER: Duration = Duration::from_secs(60);

/// What is sealed and how that goes, for those who watch.
#[derive(Debug, Default)]
pub struct State {
    files: AtomicU64,
    rows: AtomicU64,
    bytes: AtomicU64,
    failures: AtomicU64,
    failing: Mutex<Option<String>>,
    damaged: Mutex<BTreeSet<Damage>>,
}

/// A number: name, help, and where it stands.
type Number = (&'static str, &'static str, fn(&State) -> &AtomicU64);

const GAUGES: &[Number] = &[
    ("history_files", "Files of the sealed history", |state| &state.files),
    ("history_observations", "Observations and later flags in them", |state| &state.rows),
    ("history_bytes", "Bytes of them", |state| &state.bytes),
];

impl State {
    /// Makes it visible.
    pub fn register(self: &Arc<State>, shared: &Shared) {
        let metrics = shared.metrics();
        #[expect(clippy::cast_precision_loss, reason = "a number for people")]
        for (name, help, number) in GAUGES {
            let state = self.clone();
            metrics.gauge(name, help, &[], move || number(&state).load(Ordering::Relaxed) as f64);
        }
        let state = self.clone();
        let help = "Times that sealing could not be done and was tried again";
        metrics.counter("history_failures", help, &[], move || state.failures.load(Ordering::Relaxed));
        let state = self.clone();
        let help = "Parts of the sealed history that cannot be read";
        #[expect(clippy::cast_precision_loss, reason = "a number for people")]
        metrics.gauge("history_damaged", help, &[], move || state.damages().len() as f64);
        let state = self.clone();
        shared.check("history", Box::new(move || state.complaint()));
    }

    fn damages(&self) -> BTreeSet<Damage> {
        self.damaged.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Why a person should look.
    fn complaint(&self) -> Option<String> {
        let damages = self.damages();
        let failing = || self.failing.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match (damages.first(), damages.len()) {
            (Some(first), 1) => Some(first.to_string()),
            (Some(first), count) => Some(format!("{first} (and {} more)", count - 1)),
            (None, _) => failing(),
        }
    }
}

/// The sealer at work.
#[derive(Debug, Default)]
pub struct Sealer {
    stop: Option<Sender<()>>,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Sealer {
    /// Starts it beside the pipeline, to which it sends what the writer is to do.
    ///
    /// # Errors
    /// The thread cannot be made.
    pub fn start(config: &Config, errands: Sender<Errand>, clock: Clock, shared: &Shared) -> miette::Result<Sealer> {
        let state = Arc::new(State::default());
        state.register(shared);
        let stopping = Arc::new(AtomicBool::new(false));
        let work = Sealing {
            store: config.store.path.clone(),
            bounds: config.store.seal,
            archives: config.archive.archives.iter().map(|archive| archive.name()).collect(),
            books: Book::path(&config.data),
            max_lag: config.archive.max_lag,
            clock,
            hand: Far { errands, stopping: stopping.clone(), took: Duration::ZERO },
            state,
            look: Look::default(),
            looked: Instant::now(),
        };
        let (stop, stopped) = channel();
        let run = move || work.run(&stopped);
        let thread = std::thread::Builder::new().name("sealer".into()).spawn(run);
        let thread = thread.into_diagnostic().wrap_err("failed to start the sealer")?;
        Ok(Sealer { stop: Some(stop), stopping, thread: Some(thread) })
    }

    /// Ends it after the step it is at. What is not sealed yet is sealed after the next start.
    pub async fn stop(mut self) {
        self.stopping.store(true, Ordering::Release);
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = tokio::task::spawn_blocking(|| thread.join()).await;
        }
    }
}

/// The writer, on the other side of the pipeline's errands.
struct Far {
    errands: Sender<Errand>,
    stopping: Arc<AtomicBool>,
    /// How long the writer has worked for the step under way.
    took: Duration,
}

impl Hand for Far {
    fn write(&mut self, work: Work) -> Result<(), String> {
        let (tell, told) = channel();
        let errand: Errand = Box::new(move |store| {
            let began = Instant::now();
            let done = store.seal(&work).map_err(|cause| cause.to_string());
            // Who no longer waits looks into the store.
            let _ = tell.send((done, began.elapsed()));
        });
        self.errands.send(errand).map_err(|_| "bongsu is stopping".to_owned())?;
        // A pipeline that insists on a full disk answers late, and one that has ended never.
        loop {
            match told.recv_timeout(BREATH) {
                Ok((done, took)) => {
                    self.took += took;
                    return done;
                }
                Err(RecvTimeoutError::Timeout) if !self.stopping.load(Ordering::Acquire) => {}
                Err(_) => return Err("bongsu is stopping".to_owned()),
            }
        }
    }
}

struct Sealing {
    store: PathBuf,
    bounds: Bounds,
    archives: Vec<&'static str>,
    books: PathBuf,
    max_lag: Duration,
    clock: Clock,
    hand: Far,
    state: Arc<State>,
    /// How far the history is looked over, and when it was last.
    look: Look,
    looked: Instant,
}

impl Sealing {
    fn run(mut self, stopped: &Receiver<()>) {
        priority::give_way();
        let mut seal: Option<Seal> = None;
        loop {
            self.hand.took = Duration::ZERO;
            let pause = match self.turn(&mut seal) {
                Ok(Step::Idle) => LOOK,
                Ok(_) => (self.hand.took * SHARE).clamp(BREATH, LONGEST_BREATH),
                Err(error) => {
                    seal = None;
                    self.failed(&error);
                    WAIT
                }
            };
            if stopped.recv_timeout(pause) != Err(RecvTimeoutError::Timeout) {
                return;
            }
        }
    }

    fn turn(&mut self, kept: &mut Option<Seal>) -> Result<Step, Unsealed> {
        let mut seal = match kept.take() {
            Some(seal) => seal,
            None => Seal::open(&self.store, self.bounds)?,
        };
        let now = self.clock.now();
        let exported = self.exported(&seal, now)?;
        let step = seal.step(now, exported, &mut self.hand)?;
        match step {
            Step::Wrote { rows, bytes } => tracing::debug!(rows, bytes, "a file of the history was written"),
            Step::Idle if self.looked.elapsed() >= LOOK_OVER => self.look_over(&seal)?,
            _ => {}
        }
        if step != Step::LetGo {
            let (files, rows, bytes) = seal.stands()?;
            let State { files: all, rows: of_them, bytes: length, .. } = &*self.state;
            for (place, value) in [(all, files), (of_them, rows), (length, bytes)] {
                place.store(value, Ordering::Relaxed);
            }
        }
        *self.state.failing.lock().unwrap_or_else(PoisonError::into_inner) = None;
        *kept = Some(seal);
        Ok(step)
    }

    /// The last record that every archive has. What is too old for one when its turn comes is left out there and fetched
    /// from the files by a person: it holds nothing up.
    fn exported(&self, seal: &Seal, now: Time) -> Result<u64, Unsealed> {
        let mut exported = u64::MAX;
        for name in &self.archives {
            let cursor = Book::open(&self.books, name)?.cursor()?.unwrap_or_default();
            exported = exported.min(cursor.record.max(seal.last_before(now - self.max_lag)?));
        }
        Ok(exported)
    }

    fn look_over(&mut self, seal: &Seal) -> Result<(), Unsealed> {
        self.looked = Instant::now();
        seal.look_over(&mut self.look)?;
        let damages = self.look.damages();
        let mut known = self.state.damaged.lock().unwrap_or_else(PoisonError::into_inner);
        for damage in damages.difference(&known) {
            tracing::error!("a part of the history cannot be read: {damage}");
        }
        *known = damages;
        Ok(())
    }

    fn failed(&self, error: &Unsealed) {
        self.state.failures.fetch_add(1, Ordering::Relaxed);
        let mut failing = self.state.failing.lock().unwrap_or_else(PoisonError::into_inner);
        let text = error.to_string();
        if failing.as_deref() != Some(text.as_str()) {
            tracing::warn!("sealing the history is tried again: {text}");
        }
        *failing = Some(text);
    }
}
