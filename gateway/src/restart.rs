//! Restart = restore + replay: the engine as it was when the store's last record had been handled.
//!
//! From the snapshot: hold and timer state, incidents. From the stored observations: windows. From the log after the
//! snapshot: everything since, with its recorded `now` and its effects thrown away, because they are in the store.

use crate::store::{Store, Stored};
use bongsu_rules::engine::Authority;
use bongsu_rules::incident::{Book, Status};
use bongsu_rules::{Engine, Input};
use bongsu_sensors::Time;
use std::sync::mpsc::sync_channel;

/// An engine that stands where the store stands, and the place of the last record.
///
/// # Errors
/// The store cannot be read.
pub fn restore(store: &Store, status: Status) -> miette::Result<(Engine, u64)> {
    let Some((newest, last_now)) = store.newest()? else { return Ok((Engine::new(status), 0)) };
    let (mut engine, from) = match store.snapshot()? {
        // The log is whole: everything is decided again, to the same end.
        None if store.sealed_until()? == 0 => (Engine::new(status), 0),
        // What is sealed a snapshot had covered; somebody took it away.
        None => (rebuild(store, status, newest, last_now)?, newest),
        Some((seq, body)) => match Engine::restore(&body) {
            Ok(engine) => (engine, seq),
            Err(error) => {
                tracing::warn!(%error, "the snapshot is of no use; windows are filled from the stored observations");
                (rebuild(store, status, newest, last_now)?, newest)
            }
        },
    };
    if from > 0 {
        recall(&mut engine, store, from, now_at(store, from, last_now)?)?;
    }
    let mut effects = Vec::new();
    store.entries(from, newest, Time::from_millis(i64::MIN), |entry| {
        let record = entry.record().map_err(|cause| store.damaged(&format!("record {}", entry.seq), &cause))?;
        effects.clear();
        engine.handle(&record, &mut effects);
        Ok(())
    })?;
    Ok((engine, newest))
}

/// So many stored observations are put in the order of their datastreams at once: the memory of a datastream is far from
/// that of the next, and a big city's log goes round all of them again and again.
const CHUNK: usize = 500_000;

/// Gives the engine the stored observations its windows look back to, up to record `until`.
///
/// # Errors
/// The store cannot be read.
pub fn recall(engine: &mut Engine, store: &Store, until: u64, now: Time) -> miette::Result<()> {
    let since = now - engine.look_back();
    std::thread::scope(|scope| {
        let (chunks, queue) = sync_channel::<Chunk>(1);
        scope.spawn(move || queue.into_iter().for_each(|chunk| chunk.remember(engine)));
        let mut chunk: Vec<Stored> = Vec::with_capacity(CHUNK);
        let full = |chunk: &mut Vec<Stored>| std::mem::replace(chunk, Vec::with_capacity(CHUNK));
        let sealed = store.sealed(until, since, |stored| {
            chunk.push(stored);
            if chunk.len() >= CHUNK {
                // Who remembers only ends after this.
                let _ = chunks.send(Chunk::Ordered(full(&mut chunk)));
            }
        })?;
        let _ = chunks.send(Chunk::Ordered(full(&mut chunk)));
        store.entries(sealed, until, since, |entry| {
            let stored = entry.stored().map_err(|cause| store.damaged(&format!("record {}", entry.seq), &cause))?;
            chunk.extend(stored);
            if chunk.len() >= CHUNK {
                let _ = chunks.send(Chunk::Mixed(full(&mut chunk)));
            }
            Ok(())
        })?;
        let _ = chunks.send(Chunk::Mixed(chunk));
        Ok(())
    })
}

/// Stored observations and later flags; those of one datastream are in the order in which they came.
enum Chunk {
    /// One datastream after another, as files hold them.
    Ordered(Vec<Stored>),
    /// All at once, as they came.
    Mixed(Vec<Stored>),
}

impl Chunk {
    fn remember(&self, engine: &mut Engine) {
        match self {
            Chunk::Ordered(stored) => remember(engine, stored.iter()),
            Chunk::Mixed(stored) => remember(engine, by_datastream(stored)),
        }
    }
}

fn remember<'a>(engine: &mut Engine, all: impl Iterator<Item = &'a Stored>) {
    for stored in all {
        match stored {
            Stored::Observation(observation) => engine.recall(observation),
            Stored::Flag(datastream, time, flag, _) => engine.recall_flag(*datastream, *time, *flag),
        }
    }
}

/// The same, datastream by datastream; those of one in the order in which they came.
fn by_datastream(chunk: &[Stored]) -> impl Iterator<Item = &Stored> {
    let datastream = |stored: &Stored| match stored {
        Stored::Observation(observation) => observation.datastream.0 as usize,
        Stored::Flag(datastream, ..) => datastream.0 as usize,
    };
    let numbers = chunk.iter().map(datastream).max().map_or(0, |highest| highest + 1);
    // Where those of each begin.
    let mut places = vec![0; numbers + 1];
    for stored in chunk {
        places[datastream(stored) + 1] += 1;
    }
    for number in 0..numbers {
        places[number + 1] += places[number];
    }
    let mut order = vec![0; chunk.len()];
    for (at, stored) in chunk.iter().enumerate() {
        let place = &mut places[datastream(stored)];
        order[*place] = at;
        *place += 1;
    }
    order.into_iter().map(|at| &chunk[at])
}

/// The time of a record; that of the last one where it is gone.
fn now_at(store: &Store, seq: u64, last: Time) -> miette::Result<Time> {
    let mut now = last;
    store.entries(seq.saturating_sub(1), seq, Time::from_millis(i64::MIN), |entry| {
        now = entry.now;
        Ok(())
    })?;
    Ok(now)
}

/// An engine from what the store is the authority of.
fn rebuild(store: &Store, status: Status, newest: u64, now: Time) -> miette::Result<Engine> {
    let mut authority = Authority {
        status,
        catalog: Default::default(),
        rules: Default::default(),
        numbering: store.numbering()?,
        book: store.book()?.unwrap_or_else(|| Book::new(status)),
    };
    for kind in [crate::store::CATALOG, crate::store::RULES] {
        let Some(entry) = store.entry_in_force(kind, newest)? else { continue };
        let record = entry.record().map_err(|cause| store.damaged(&format!("record {}", entry.seq), &cause))?;
        match record.input {
            Input::Catalog(text) => authority.catalog = text,
            Input::Rules(text) => authority.rules = text,
            _ => {}
        }
    }
    Ok(Engine::rebuild(authority, now))
}
