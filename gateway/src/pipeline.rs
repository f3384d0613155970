//! The table of contents: hear → decode → decide → commit → speak, top to bottom.
//!
//! Nothing is acknowledged and nothing is said before the transaction that holds it is on the disk. Live and replay
//! run this very loop; they differ in their [`Source`] and their [`Voice`]s.

use crate::decode::{Decoder, Step};
use crate::source::{Heard, Moment, Source};
use crate::store::{Batch, DeadLetter, Entry, Store};
use bongsu_rules::record::{CatalogText, RulesText};
use bongsu_rules::{Effect, Engine, Input, Record};
use bongsu_sensors::Time;
use miette::miette;
use std::sync::Arc;

/// Readings since the last snapshot at which the next one is made: replaying so many takes a fraction of a second.
const SNAPSHOT_READINGS: usize = 250_000;

/// Says what has become true.
pub trait Voice {
    /// Speaks of a batch that is on the disk.
    ///
    /// # Errors
    /// It will never be able to speak again.
    fn speak(&mut self, batch: &Batch, effects: &[Effect]) -> miette::Result<()>;
}

/// What a pipeline has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Readings that became observations.
    pub observations: u64,
    /// Readings that said again what was known.
    pub duplicates: u64,
    /// What was refused.
    pub dead_letters: u64,
    /// Changes of incidents.
    pub transitions: u64,
}

/// The pipeline.
pub struct Pipeline<'a, S: Source> {
    source: S,
    decoder: Decoder,
    engine: Engine,
    store: Store,
    voices: Vec<&'a mut dyn Voice>,
    batch_readings: usize,
    /// The place of the last record.
    seq: u64,
    /// What is decided and not yet committed.
    batch: Batch,
    effects: Vec<Effect>,
    counts: Counts,
    since_snapshot: usize,
}

impl<S: Source> std::fmt::Debug for Pipeline<'_, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pipeline").field("seq", &self.seq).field("counts", &self.counts).finish_non_exhaustive()
    }
}

impl<'a, S: Source> Pipeline<'a, S> {
    /// A pipeline over an engine that stands where the store stands: after record `seq`.
    pub fn new(source: S, engine: Engine, store: Store, seq: u64, batch_readings: usize) -> Pipeline<'a, S> {
        let decoder = Decoder::new(engine.catalog().cloned(), &source.names());
        Pipeline {
            source,
            decoder,
            engine,
            store,
            voices: Vec::new(),
            batch_readings,
            seq,
            batch: Batch::default(),
            effects: Vec::new(),
            counts: Counts::default(),
            since_snapshot: 0,
        }
    }

    /// Adds somebody who speaks of what has become true.
    pub fn with_voice(mut self, voice: &'a mut dyn Voice) -> Pipeline<'a, S> {
        self.voices.push(voice);
        self
    }

    /// Runs until the source ends; answers what was done.
    ///
    /// # Errors
    /// The source, the disk or a voice is broken.
    pub fn run(&mut self, mut after_each: impl FnMut(&S, &Counts)) -> miette::Result<Counts> {
        while self.turn()? {
            after_each(&self.source, &self.counts);
        }
        self.snapshot()?;
        Ok(self.counts)
    }

    /// One turn of the wheel; `false` at the end of the source.
    fn turn(&mut self) -> miette::Result<bool> {
        let mut going = true;
        loop {
            let moment = match self.source.hear(self.engine.next_due())? {
                Heard::Moment(moment) => moment,
                Heard::End => {
                    going = false;
                    break;
                }
            };
            let step = self.decoder.decode(moment.now, &moment.said);
            self.decide(&moment, step)?;
            if !moment.more || self.batch.readings >= self.batch_readings {
                break;
            }
        }
        self.commit()?;
        self.speak()?;
        Ok(going)
    }

    /// Lets the engine decide what a moment means.
    fn decide(&mut self, moment: &Moment, mut step: Step) -> miette::Result<()> {
        self.batch.dead_letters.append(&mut step.dead_letters);
        let time_passes = self.engine.next_due().is_some_and(|due| due <= moment.now);
        let input = match step.readings.is_empty() {
            false => Input::Readings(std::mem::take(&mut step.readings)),
            true if time_passes => Input::Tick,
            true => return Ok(()),
        };
        self.handle(moment.now, input, Some(&step))
    }

    /// Logs one input and what the engine makes of it.
    fn handle(&mut self, now: Time, input: Input, step: Option<&Step>) -> miette::Result<()> {
        self.seq += 1;
        let record = Record { seq: self.seq, now, input };
        let first = self.effects.len();
        self.engine.handle(&record, &mut self.effects);
        let effects = &self.effects[first..];
        let entry = Entry::of(&record, effects).map_err(|error| miette!("failed to write a record down: {error}"))?;
        self.batch.entries.push(entry);
        let mut reading = 0;
        let mut book_changed = false;
        for effect in effects {
            match effect {
                Effect::Observed(_) => self.batch.observations += 1,
                Effect::Duplicate => self.batch.duplicates += 1,
                Effect::Refused(refusal) => {
                    let mark = step.and_then(|step| step.mark_of(reading));
                    self.batch.dead_letters.push(DeadLetter {
                        received: now,
                        source: mark.map(|mark| mark.source.to_string()).unwrap_or_default(),
                        station: mark.map(|mark| mark.station.to_string()),
                        reason: refusal.reason,
                        remedy: refusal.remedy.clone(),
                        payload: Vec::new(),
                    });
                }
                Effect::Incident(transition) => {
                    book_changed = true;
                    self.batch.transitions.push((record.seq, (**transition).clone()));
                }
                Effect::Undecided(undecided) => self.batch.undecided.push((**undecided).clone()),
                Effect::Reflagged { .. } => {}
            }
            if matches!(effect, Effect::Observed(_) | Effect::Duplicate | Effect::Refused(_)) {
                reading += 1;
            }
        }
        self.batch.readings += reading;
        if book_changed {
            self.batch.book = Some(self.engine.book().clone());
        }
        Ok(())
    }

    /// Puts the batch on the disk: all of it, or nothing.
    fn commit(&mut self) -> miette::Result<()> {
        self.source.count(self.batch.observations, self.batch.dead_letters.len() as u64);
        self.batch.progress = self.source.progress();
        if !self.batch.is_empty() {
            self.store.commit(&self.batch)?;
        }
        self.since_snapshot += self.batch.readings;
        if self.since_snapshot >= SNAPSHOT_READINGS {
            self.snapshot()?;
        }
        Ok(())
    }

    /// Tells everybody who is waiting for it.
    fn speak(&mut self) -> miette::Result<()> {
        self.source.acknowledge();
        for voice in &mut self.voices {
            voice.speak(&self.batch, &self.effects)?;
        }
        self.counts.observations += self.batch.observations;
        self.counts.duplicates += self.batch.duplicates;
        self.counts.dead_letters += self.batch.dead_letters.len() as u64;
        self.counts.transitions += self.batch.transitions.len() as u64;
        self.batch.clear();
        self.effects.clear();
        Ok(())
    }

    /// Takes the city and the rules that are configured now, where they differ from those in force.
    ///
    /// # Errors
    /// The disk is broken.
    pub fn take_up(&mut self, now: Time, catalog: Arc<CatalogText>, rules: Arc<RulesText>) -> miette::Result<()> {
        if *self.engine.catalog_text() != catalog {
            self.handle(now, Input::Catalog(catalog), None)?;
            self.batch.numbering = Some(self.engine.numbering().clone());
            self.decoder = Decoder::new(self.engine.catalog().cloned(), &self.source.names());
        }
        if *self.engine.rules_text() != rules {
            self.handle(now, Input::Rules(rules), None)?;
        }
        if self.batch.is_empty() {
            return Ok(());
        }
        self.commit()?;
        self.speak()?;
        crate::restart::recall(&mut self.engine, &self.store, self.seq, now)?;
        Ok(())
    }

    /// Keeps what a restart begins from.
    fn snapshot(&mut self) -> miette::Result<()> {
        let body = self.engine.snapshot().map_err(|error| miette!("failed to make a snapshot: {error}"))?;
        self.store.keep_snapshot(self.seq, &body)?;
        self.since_snapshot = 0;
        Ok(())
    }
}
