//! The table of contents: hear → decode → decide → commit → speak, top to bottom.
//!
//! Nothing is acknowledged and nothing is said before the transaction that holds it is on the disk. Live and replay
//! run this very loop; they differ in their [`Source`] and their [`Voice`]s.

use crate::command::{self, Answer, Command, Outcome, Refused, Work};
use crate::decode::{Decoder, Step};
use crate::dialect::Scripts;
use crate::herald::Herald;
use crate::source::{Heard, Moment, Said, Source};
use crate::store::audit::Draft;
use crate::store::submission::Decided;
use crate::store::{Batch, DeadLetter, Entry, Store, rule};
use crate::trouble::Trouble;
use bongsu_broker::Outgoing;
use bongsu_rules::incident::Policy;
use bongsu_rules::record::{CatalogText, RulesText};
use bongsu_rules::{Effect, Engine, Input, Record};
use bongsu_sensors::{Refusal, Time};
use miette::miette;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};
use tokio::sync::oneshot;

/// Readings since the last snapshot at which the next one is made: replaying so many takes a fraction of a second.
const SNAPSHOT_READINGS: usize = 250_000;

/// What has become true, for those who speak of it.
#[derive(Debug)]
pub struct Spoken<'a> {
    /// The moment of the last record in it.
    pub now: Time,
    /// What was committed.
    pub batch: &'a Batch,
    /// The ids the store gave to the batch's transitions, in their order.
    pub ids: &'a [i64],
    /// Everything the engine wanted done, in order.
    pub effects: &'a [Effect],
    /// What is handed on as it came.
    pub relays: &'a [Outgoing],
    /// The engine, for those who want to know how things stand.
    pub engine: &'a Engine,
}

/// Says what has become true. It must not block: the next batch waits for it.
pub trait Voice {
    /// Speaks of a batch that is on the disk.
    ///
    /// # Errors
    /// It will never be able to speak again.
    fn speak(&mut self, spoken: &Spoken<'_>) -> miette::Result<()>;
}

/// Something somebody wants done in the store that is no input of the engine. It is done between two batches.
pub type Errand = Box<dyn FnOnce(&mut Store) + Send>;

/// The city, the rules and the policy that are wanted now, checked.
#[derive(Debug)]
pub struct Reload {
    /// The city; `None`: as it is.
    pub catalog: Option<Arc<CatalogText>>,
    /// The rules.
    pub rules: Arc<RulesText>,
    /// What the city demands on top of them; `None`: as it is.
    pub policy: Option<Arc<Policy>>,
    /// What is written down beside it.
    pub signed: Signed,
    /// Told when they are in force.
    pub done: Sender<()>,
}

/// Who wanted a change of the rules.
#[derive(Debug, Default)]
pub struct Signed {
    /// What the audit says of it.
    pub audit: Option<Draft>,
    /// The submission that it takes up.
    pub decided: Option<Decided>,
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
    scripts: Scripts,
    engine: Engine,
    store: Store,
    voices: Vec<&'a mut dyn Voice>,
    errands: Option<Receiver<Errand>>,
    commands: Option<Receiver<Command>>,
    /// Who waits for the commit, and with which answer.
    answers: Vec<(oneshot::Sender<Answer>, Answer)>,
    herald: Option<Herald>,
    reloads: Option<Receiver<Reload>>,
    trouble: Option<Arc<Trouble>>,
    batch_readings: usize,
    now: Time,
    relays: Vec<Outgoing>,
    /// The place of the last record.
    seq: u64,
    /// What is decided and not yet committed.
    batch: Batch,
    effects: Vec<Effect>,
    /// The ids of the transitions of the last commit.
    ids: Vec<i64>,
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
        let scripts = Scripts::default();
        let decoder = Decoder::new(engine.catalog().cloned(), &source.names(), &scripts);
        Pipeline {
            source,
            decoder,
            scripts,
            engine,
            store,
            voices: Vec::new(),
            errands: None,
            commands: None,
            answers: Vec::new(),
            herald: None,
            reloads: None,
            trouble: None,
            batch_readings,
            now: Time::default(),
            relays: Vec::new(),
            seq,
            batch: Batch::default(),
            effects: Vec::new(),
            ids: Vec::new(),
            counts: Counts::default(),
            since_snapshot: 0,
        }
    }

    /// Adds somebody who speaks of what has become true.
    pub fn with_voice(mut self, voice: &'a mut dyn Voice) -> Pipeline<'a, S> {
        self.voices.push(voice);
        self
    }

    /// Also does errands, between two batches.
    pub fn with_errands(mut self, errands: Receiver<Errand>) -> Pipeline<'a, S> {
        self.errands = Some(errands);
        self
    }

    /// Also takes up what was edited while the program ran, between two batches.
    pub fn with_reloads(mut self, reloads: Receiver<Reload>) -> Pipeline<'a, S> {
        self.reloads = Some(reloads);
        self
    }

    /// Reads what the catalog says is read by scripts.
    pub fn with_scripts(mut self, scripts: Scripts) -> Pipeline<'a, S> {
        self.decoder = Decoder::new(self.engine.catalog().cloned(), &self.source.names(), &scripts);
        self.scripts = scripts;
        self
    }

    /// Also does what people want.
    pub fn with_commands(mut self, commands: Receiver<Command>) -> Pipeline<'a, S> {
        self.commands = Some(commands);
        self
    }

    /// Also makes the CAP messages of what is issued to the public.
    pub fn with_herald(mut self, herald: Herald) -> Pipeline<'a, S> {
        self.herald = Some(herald);
        self
    }

    /// Does not give up when the disk fails: the same batch is tried again, and nothing else is done meanwhile.
    pub fn with_patience(mut self, trouble: Arc<Trouble>) -> Pipeline<'a, S> {
        self.trouble = Some(trouble);
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
        for errand in self.errands.iter().flat_map(Receiver::try_iter) {
            errand(&mut self.store);
        }
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
            self.obey(moment.now)?;
            if !moment.more || self.batch.readings >= self.batch_readings {
                break;
            }
        }
        self.commit()?;
        self.speak()?;
        self.reload()?;
        Ok(going)
    }

    /// Takes up what was edited while the program ran, and answers when it is on the disk.
    fn reload(&mut self) -> miette::Result<()> {
        let waiting: Vec<Reload> = self.reloads.iter().flat_map(Receiver::try_iter).collect();
        for Reload { catalog, rules, policy, signed, done } in waiting {
            let catalog = catalog.unwrap_or_else(|| self.engine.catalog_text().clone());
            let policy = policy.unwrap_or_else(|| self.engine.book().policy().clone());
            self.batch.decided.extend(signed.decided);
            self.batch.audit.extend(signed.audit);
            self.take_up(self.now, catalog, rules, policy)?;
            // Who no longer waits for it finds it in the versions.
            let _ = done.send(());
        }
        Ok(())
    }

    /// Lets the engine decide what a moment means.
    fn decide(&mut self, moment: &Moment, mut step: Step) -> miette::Result<()> {
        self.now = moment.now;
        self.batch.dead_letters.append(&mut step.dead_letters);
        self.batch.events.append(&mut step.events);
        self.relays.append(&mut step.relays);
        for (said, packet_id, rejection) in step.rejections.drain(..) {
            self.source.reject(said, packet_id, rejection);
        }
        self.batch.receipts.append(&mut self.source.receipts());
        let time_passes = self.engine.next_due().is_some_and(|due| due <= moment.now);
        let input = match step.readings.is_empty() {
            false => Input::Readings(std::mem::take(&mut step.readings)),
            true if time_passes => Input::Tick,
            true => return Ok(()),
        };
        self.handle(moment.now, input, Some(&step))
    }

    /// Does what people want, one command after another. Each is answered after its commit.
    fn obey(&mut self, now: Time) -> miette::Result<()> {
        let waiting: Vec<Command> = self.commands.iter().flat_map(Receiver::try_iter).take(command::AT_ONCE).collect();
        for Command { work, mut audit, reply } in waiting {
            let answer = match work {
                Work::Order(order, check) => match check(&self.engine) {
                    Err(refused) => Err(refused),
                    Ok(()) => {
                        self.handle(now, Input::Operator(order), None)?;
                        if let Some(audit) = &mut audit {
                            audit.record = Some(self.seq);
                        }
                        match self.effects.last() {
                            Some(Effect::Ordered(verdict)) => match &**verdict {
                                Ok(done) => Ok(Outcome::Ordered(done.clone())),
                                Err(denial) => Err(Refused::Denied(denial.clone())),
                            },
                            _ => return Err(miette!("an order was not answered; this is a bug in bongsu")),
                        }
                    }
                },
                Work::Report(rows) => self.report(now, rows).map(Ok)?,
                Work::Told(report) => {
                    self.handle(now, Input::Report(report), None)?;
                    Ok(Outcome::Taken)
                }
                Work::Explain { rule, place } => {
                    Ok(Outcome::Explained(self.engine.explain(&rule, &place).map(Box::new)))
                }
            };
            if let (Err(refused), Some(audit)) = (&answer, &mut audit) {
                audit.detail = format!("refused: {refused}; {}", audit.detail);
            }
            self.batch.audit.extend(audit);
            self.answers.push((reply, answer));
        }
        Ok(())
    }

    /// Takes in observations that people report.
    fn report(&mut self, now: Time, rows: Vec<crate::source::file::Row>) -> miette::Result<Outcome> {
        let said: Vec<Said> = rows.into_iter().map(Said::Row).collect();
        let mut step = self.decoder.decode(now, &said);
        let (observations, duplicates) = (self.batch.observations, self.batch.duplicates);
        let known = self.batch.dead_letters.len();
        self.batch.dead_letters.append(&mut step.dead_letters);
        if !step.readings.is_empty() {
            self.handle(now, Input::Readings(std::mem::take(&mut step.readings)), Some(&step))?;
        }
        let refused = self.batch.dead_letters[known..].iter();
        Ok(Outcome::Reported {
            observations: self.batch.observations - observations,
            duplicates: self.batch.duplicates - duplicates,
            refused: refused.map(|letter| format!("{}: {}", letter.source, letter.remedy)).collect(),
        })
    }

    /// Logs one input and what the engine makes of it.
    fn handle(&mut self, now: Time, input: Input, step: Option<&Step>) -> miette::Result<()> {
        self.seq += 1;
        let record = Record { seq: self.seq, now, input };
        let first = self.effects.len();
        let rules_before = matches!(record.input, Input::Rules(_)).then(|| rule::in_force(&self.engine));
        self.engine.handle(&record, &mut self.effects);
        if let Some(before) = rules_before {
            let after = rule::in_force(&self.engine);
            self.batch.versions.extend(rule::changes(&before, &after, record.seq, now));
        }
        let effects = &self.effects[first..];
        let entry = Entry::of(&record, effects).map_err(|error| miette!("failed to write a record down: {error}"))?;
        self.batch.entries.push(entry);
        let mut reading = 0;
        // What people and files say may change the book without a change of any incident.
        let mut book_changed = !matches!(record.input, Input::Readings(_) | Input::Tick);
        for effect in effects {
            match effect {
                Effect::Observed(_) => self.batch.observations += 1,
                Effect::Duplicate(_) => self.batch.duplicates += 1,
                Effect::Refused(refusal) => {
                    let source =
                        step.and_then(|step| step.source_of(reading)).map(ToString::to_string).unwrap_or_default();
                    self.batch.dead_letters.push(self.dead_letter(&record, reading, source, refusal));
                }
                Effect::Incident(transition) => {
                    book_changed = true;
                    let herald = self.herald.as_mut();
                    let cap =
                        herald.and_then(|herald| herald.write(transition, self.engine.catalog().map(|city| &**city)));
                    self.batch.caps.extend(cap);
                    self.batch.transitions.push((record.seq, (**transition).clone()));
                }
                Effect::Undecided(undecided) => self.batch.undecided.push((**undecided).clone()),
                Effect::Historic(historic) => self.batch.historic.push((now, (**historic).clone())),
                Effect::Reflagged { .. } | Effect::Ordered(_) => {}
            }
            if matches!(effect, Effect::Observed(_) | Effect::Duplicate(_) | Effect::Refused(_)) {
                reading += 1;
            }
        }
        self.batch.readings += reading;
        if book_changed {
            self.batch.book = Some(self.engine.book().clone());
        }
        Ok(())
    }

    /// A reading that the engine refused.
    fn dead_letter(&self, record: &Record, reading: usize, source: String, refusal: &Refusal) -> DeadLetter {
        let said = match &record.input {
            Input::Readings(readings) => readings.get(reading).copied(),
            _ => None,
        };
        let stream = said.and_then(|said| self.engine.catalog()?.numbered(said.datastream));
        let station = stream.and_then(|stream| Some(self.engine.catalog()?.station(stream.station).id.to_string()));
        let name = stream.map(|stream| stream.name.to_string()).unwrap_or_default();
        let time = said.and_then(|said| said.time).map(|time| time.to_string()).unwrap_or_default();
        let value = said.and_then(|said| said.value).map(|value| value.to_string()).unwrap_or_default();
        DeadLetter {
            received: record.now,
            source,
            station,
            reason: refusal.reason,
            remedy: refusal.remedy.clone(),
            payload: format!("{time},{name},{value}").into_bytes(),
        }
    }

    /// Puts the batch on the disk: all of it, or nothing.
    fn commit(&mut self) -> miette::Result<()> {
        self.source.count(self.batch.observations, self.batch.dead_letters.len() as u64);
        self.batch.progress = self.source.progress();
        self.ids.clear();
        if !self.batch.is_empty() {
            let store = &mut self.store;
            let batch = &self.batch;
            self.ids = match &self.trouble {
                None => store.commit(batch)?,
                Some(trouble) => trouble.insist(|| store.commit(batch))?,
            };
        }
        self.since_snapshot += self.batch.readings;
        if self.since_snapshot >= SNAPSHOT_READINGS
            && let Err(error) = self.snapshot()
        {
            // The log is whole without it. A full disk must not end what the reserve still carries.
            tracing::warn!(%error, "no snapshot could be kept; a restart now reads back more of the log");
            self.since_snapshot = 0;
        }
        Ok(())
    }

    /// Tells everybody who is waiting for it.
    fn speak(&mut self) -> miette::Result<()> {
        self.source.acknowledge();
        let (batch, ids, effects, relays, engine) =
            (&self.batch, &*self.ids, &*self.effects, &*self.relays, &self.engine);
        let spoken = Spoken { now: self.now, batch, ids, effects, relays, engine };
        for voice in &mut self.voices {
            voice.speak(&spoken)?;
        }
        // After the voices: whoever is answered and then asks what stands finds what the answer was about.
        for (reply, answer) in self.answers.drain(..) {
            // Who no longer waits finds it in the audit.
            let _ = reply.send(answer);
        }
        self.relays.clear();
        self.counts.observations += self.batch.observations;
        self.counts.duplicates += self.batch.duplicates;
        self.counts.dead_letters += self.batch.dead_letters.len() as u64;
        self.counts.transitions += self.batch.transitions.len() as u64;
        self.batch.clear();
        self.effects.clear();
        Ok(())
    }

    /// Takes the city, the rules and the policy that are configured now, where they differ from those in force.
    ///
    /// # Errors
    /// The disk is broken.
    pub fn take_up(
        &mut self,
        now: Time,
        catalog: Arc<CatalogText>,
        rules: Arc<RulesText>,
        policy: Arc<Policy>,
    ) -> miette::Result<()> {
        self.now = now;
        if *self.engine.catalog_text() != catalog {
            self.handle(now, Input::Catalog(catalog), None)?;
            self.batch.numbering = Some(self.engine.numbering().clone());
            self.decoder = Decoder::new(self.engine.catalog().cloned(), &self.source.names(), &self.scripts);
        }
        // The same texts put in force by somebody else are the same rules.
        if self.engine.rules_text().files != rules.files {
            self.handle(now, Input::Rules(rules), None)?;
            self.batch.audit.iter_mut().for_each(|draft| draft.record = Some(self.seq));
        }
        if *self.engine.book().policy() != policy {
            self.handle(now, Input::Policy(policy), None)?;
        }
        if self.batch.is_empty() {
            return Ok(());
        }
        self.commit()?;
        self.speak()?;
        crate::restart::recall(&mut self.engine, &self.store, self.seq, now)?;
        Ok(())
    }

    /// The engine, for those who say again what stands.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Keeps what a restart begins from.
    fn snapshot(&mut self) -> miette::Result<()> {
        let body = self.engine.snapshot().map_err(|error| miette!("failed to make a snapshot: {error}"))?;
        self.store.keep_snapshot(self.seq, &body)?;
        self.since_snapshot = 0;
        Ok(())
    }
}
