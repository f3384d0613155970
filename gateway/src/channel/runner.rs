//! Outbox, retry, expiry and books of one channel.
//!
//! The transition table is the outbox: what comes after the channel's cursor is still to be said. A message is tried at
//! once, while its rows are being written; the cursor moves in the same commit as the rows, so that a crash in between
//! finds the message again, under the same key. What is owed is a row until the other side has taken it, its message
//! has expired, or a newer message of its incident took its place.

use super::health::Health;
use super::notice::{Notice, for_operators, is_aside};
use super::{Channel, Outcome, Pace, Target};
use crate::alert::cap::Speaker;
use crate::clock::Clock;
use crate::pipeline::Errand;
use crate::store::{DeliveryRow, Fate, Reader};
use crate::web::Shared;
use bongsu_rules::incident::{Status, Transition};
use bongsu_rules::language::Audience;
use bongsu_sensors::{Level, Time};
use rand::RngExt;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// First wait after a failed attempt; it doubles each time.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// Longest wait between two attempts.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// How long results are gathered before they are written: each write is a commit of the one writer.
const GATHERED: Duration = Duration::from_millis(200);

/// Transitions taken up at once.
const PAGE: usize = 64;

/// How often the store is looked at where no bell rang, for what a lost bell would have said.
const LOOK: Duration = Duration::from_secs(5);

/// Characters of what the other side said that are kept.
const DETAIL: usize = 300;

/// What every runner needs of the program.
#[derive(Clone)]
pub struct House {
    /// The store's file.
    pub store: PathBuf,
    /// What rings when something is issued, and how the city stands.
    pub shared: Arc<Shared>,
    /// Where things are written.
    pub errands: Sender<Errand>,
    /// What `now` is made of.
    pub clock: Clock,
    /// Who speaks.
    pub speaker: Arc<Speaker>,
    /// Ends everything.
    pub stop: CancellationToken,
}

impl std::fmt::Debug for House {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("House").field("store", &self.store).finish_non_exhaustive()
    }
}

/// One channel at work.
pub struct Runner {
    name: String,
    channel: Arc<dyn Channel>,
    /// It speaks of exercises, and of nothing that is meant.
    is_for_exercises: bool,
    house: House,
    health: Arc<Health>,
    pace: Pace,
    places: Arc<Semaphore>,
    /// When the next attempt may begin.
    next_start: Mutex<Instant>,
    /// The newest message of each incident, and which transition it came with.
    newest: Mutex<HashMap<String, i64>>,
    /// What is to be written.
    books: Mutex<Books>,
    to_write: Notify,
    tasks: TaskTracker,
}

#[derive(Default)]
struct Books {
    rows: BTreeMap<(String, String), DeliveryRow>,
    cursor: Option<i64>,
}

/// The key of a message for a recipient: the same for every attempt, and says nothing of the recipient.
pub fn key(channel: &str, target: &str, identifier: &str) -> String {
    let digest = Sha256::digest(format!("{channel}\n{target}\n{identifier}").as_bytes());
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// The wait after so many failed attempts: doubled each time up to the longest, and no two at once.
pub(crate) fn back_off(longest: Duration, attempts: u32, asked: Option<Duration>, chance: f64) -> Duration {
    let doubled = FIRST_WAIT.saturating_mul(1_u32.checked_shl(attempts.saturating_sub(1)).unwrap_or(u32::MAX));
    let wait = doubled.min(longest).mul_f64(0.5 + chance);
    asked.map_or(wait, |asked| asked.max(wait))
}

impl Runner {
    /// A channel that goes on where it stopped.
    pub fn new(
        name: String,
        channel: Arc<dyn Channel>,
        is_for_exercises: bool,
        house: House,
        health: Arc<Health>,
    ) -> Arc<Runner> {
        let pace = channel.pace();
        Arc::new(Runner {
            name,
            channel,
            is_for_exercises,
            house,
            health,
            pace,
            places: Arc::new(Semaphore::new(pace.at_once.max(1))),
            next_start: Mutex::new(Instant::now()),
            newest: Mutex::default(),
            books: Mutex::default(),
            to_write: Notify::new(),
            tasks: TaskTracker::new(),
        })
    }

    /// Runs until the program stops.
    pub async fn run(self: Arc<Runner>) {
        let stop = self.house.stop.clone();
        let mut bell = self.house.shared.bell();
        let writer = tokio::spawn(self.clone().write());
        let mut cursor = None;
        while !stop.is_cancelled() {
            match self.clone().take_up(cursor).await {
                Ok((next, more)) => {
                    cursor = Some(next);
                    if more {
                        continue;
                    }
                }
                Err(error) => tracing::error!(channel = self.name, %error, "a channel cannot read the store"),
            }
            wait(&mut bell, &stop).await;
        }
        self.tasks.close();
        // An attempt that is under way may end; what is then still owed is owed after the next start.
        let _ = tokio::time::timeout(Duration::from_secs(2), self.tasks.wait()).await;
        self.to_write.notify_one();
        let _ = writer.await;
    }

    /// Takes up what came after the cursor; at the start, what is still owed.
    async fn take_up(self: Arc<Runner>, cursor: Option<i64>) -> rusqlite::Result<(i64, bool)> {
        let runner = self.clone();
        let found = tokio::task::spawn_blocking(move || runner.look(cursor)).await;
        let Look { begun, notices, next, more } = found.unwrap_or_else(|_| Err(rusqlite::Error::InvalidQuery))?;
        let now = self.house.clock.now();
        let mut rows = Vec::new();
        for (notice, targets) in notices {
            let notice = Arc::new(notice);
            for (target, attempts) in targets {
                rows.push(self.row(&notice, &target.id, Fate::Pending, attempts, now, String::new()));
                self.tasks.spawn(self.clone().insist(notice.clone(), target, attempts));
            }
        }
        if begun || !rows.is_empty() || cursor != Some(next) {
            self.note(rows, Some(next));
        }
        Ok((next, more))
    }

    fn look(&self, cursor: Option<i64>) -> rusqlite::Result<Look> {
        let reader = Reader::open(&self.house.store)?;
        let Some(after) = cursor else { return self.begin(&reader) };
        let page = reader.transitions_after(after, PAGE)?;
        let next = page.last().map_or(after, |(id, _)| *id);
        let more = page.len() == PAGE;
        let mut notices = Vec::new();
        for (id, transition) in page {
            let Some(notice) = self.notice(id, transition, &reader)? else { continue };
            let known = reader.delivered(&self.name, &notice.message.identifier)?;
            let targets = self.channel.targets(&notice, &reader)?;
            let new = targets.into_iter().filter(|target| !known.contains(&target.id)).map(|target| (target, 0));
            notices.push((notice, new.collect()));
        }
        Ok(Look { begun: false, notices, next, more })
    }

    /// Where a channel stands at the start. One that is new begins now: it does not tell old stories.
    fn begin(&self, reader: &Reader) -> rusqlite::Result<Look> {
        let spoken = reader.spoken(&self.name)?;
        let next = match spoken {
            Some(next) => next,
            None => reader.newest_transition()?,
        };
        let mut by_transition: BTreeMap<i64, Vec<DeliveryRow>> = BTreeMap::new();
        for row in reader.owed(&self.name)? {
            by_transition.entry(row.transition).or_default().push(row);
        }
        let mut notices = Vec::new();
        for (id, owed) in by_transition {
            let Some(transition) = reader.transition(id)? else { continue };
            let Some(notice) = self.notice(id, transition, reader)? else { continue };
            let mut targets = Vec::new();
            for row in owed {
                if let Some(target) = self.channel.target(&row.target, reader)? {
                    targets.push((target, row.attempts));
                }
            }
            notices.push((notice, targets));
        }
        Ok(Look { begun: spoken.is_none(), notices, next, more: true })
    }

    /// A transition as a notice; `None` where nothing of it is for those who listen here.
    fn notice(&self, id: i64, transition: Transition, reader: &Reader) -> rusqlite::Result<Option<Notice>> {
        let (audience, status) = (self.channel.audience(), transition.incident.status);
        if (status == Status::Actual) == self.is_for_exercises {
            return Ok(None);
        }
        let said = crate::web::journal::Said::new(id, transition);
        let told = match audience {
            Audience::Public => said.public(status).cloned().map(|message| (message, None)),
            Audience::Operators => for_operators(&said.transition),
        };
        let transition = said.transition;
        // A question that was answered is not asked any more, whatever the answer was.
        let takes_its_place = |other: &Transition| match audience {
            Audience::Public => other.message.is_some() && other.incident.audience == Audience::Public,
            Audience::Operators => !is_aside(other.cause),
        };
        if audience == Audience::Operators && takes_its_place(&transition) {
            self.now_newest(&transition.incident.id, id);
        }
        let Some((message, question)) = told else { return Ok(None) };
        let chain = reader.transitions_of(&transition.incident.id, 500)?;
        let newest = chain.iter().filter(|(_, other)| takes_its_place(other)).map(|(other, _)| *other).max();
        self.now_newest(&transition.incident.id, newest.unwrap_or(id));
        let levels = chain.iter().filter(|(other, _)| *other <= id).filter_map(|(_, other)| other.message.as_ref());
        let peak = levels.map(|message| message.level).max().unwrap_or(Level::None).max(message.level);
        let console = (audience == Audience::Operators).then(|| self.house.shared.console(&transition.incident.id));
        let cap = reader.cap(&message.identifier)?.map(|(body, _)| body);
        let (catalog, speaker) = (self.house.shared.city(), self.house.speaker.clone());
        let clock = self.house.clock;
        Ok(Some(Notice { id, transition, message, peak, question, console, cap, catalog, speaker, clock }))
    }

    fn now_newest(&self, incident: &str, id: i64) {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let known = newest.entry(incident.to_owned()).or_insert(id);
        *known = (*known).max(id);
        // Incidents that ended long ago are not retried any more; their messages have expired.
        if newest.len() > 10_000 {
            let oldest = newest.values().copied().min().unwrap_or(0);
            newest.retain(|_, id| *id > oldest + 5_000);
        }
    }

    fn is_superseded(&self, notice: &Notice) -> bool {
        let newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        newest.get(&notice.transition.incident.id).is_some_and(|id| *id > notice.id)
    }

    /// Tries until the other side has taken it, or there is no more reason to try.
    async fn insist(self: Arc<Runner>, notice: Arc<Notice>, target: Target, mut attempts: u32) {
        let key = key(&self.name, &target.id, &notice.message.identifier);
        let stop = self.house.stop.clone();
        // Waiting is done without a place: who waits for one recipient hinders no other.
        loop {
            let Some(place) = self.place(&stop).await else { return };
            let now = self.house.clock.now();
            let over = if notice.expires() <= now {
                Some((Fate::Expired, "its time was over"))
            } else if self.is_superseded(&notice) {
                Some((Fate::Superseded, "a newer message of the incident took its place"))
            } else {
                None
            };
            if let Some((fate, why)) = over {
                return self.note(vec![self.row(&notice, &target.id, fate, attempts, now, why.into())], None);
            }
            attempts += 1;
            let attempt = self.channel.deliver(&notice, &target, &key);
            let outcome = tokio::select! {
                outcome = tokio::time::timeout(self.pace.patience, attempt) => outcome,
                () = stop.cancelled() => return,
            };
            drop(place);
            let outcome =
                outcome.unwrap_or_else(|_| Outcome::Retry(None, "the other side did not answer in time".into()));
            self.health.heard(&outcome, Instant::now().into_std());
            let now = self.house.clock.now();
            let (fate, detail, asked) = match outcome {
                Outcome::Sent(detail) => (Fate::Sent, detail, None),
                Outcome::Rejected(detail) => (Fate::Rejected, detail, None),
                Outcome::Gone(detail) => {
                    let id = target.id.clone();
                    let forget: Errand = Box::new(move |store| {
                        if let Err(error) = store.erase_subscriber(&[], &id) {
                            tracing::error!(%error, "a recipient that is gone could not be forgotten");
                        }
                    });
                    let _ = self.house.errands.send(forget);
                    (Fate::Rejected, detail, None)
                }
                Outcome::Retry(asked, detail) => (Fate::Pending, detail, Some(asked)),
            };
            self.note(vec![self.row(&notice, &target.id, fate, attempts, now, detail)], None);
            let Some(asked) = asked else { return };
            let wait = back_off(LONGEST_WAIT, attempts, asked, rand::rng().random_range(0.0..1.0));
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Waits for a place and for the channel's pace; `None` where the program stops.
    async fn place(&self, stop: &CancellationToken) -> Option<tokio::sync::OwnedSemaphorePermit> {
        let place = tokio::select! {
            place = self.places.clone().acquire_owned() => place.ok()?,
            () = stop.cancelled() => return None,
        };
        let start = {
            let mut next = self.next_start.lock().unwrap_or_else(PoisonError::into_inner);
            let start = (*next).max(Instant::now());
            *next = start + Duration::from_secs(1) / self.pace.per_second.max(1);
            start
        };
        tokio::select! {
            () = tokio::time::sleep_until(start) => Some(place),
            () = stop.cancelled() => None,
        }
    }

    fn row(
        &self,
        notice: &Notice,
        target: &str,
        state: Fate,
        attempts: u32,
        updated: Time,
        detail: String,
    ) -> DeliveryRow {
        DeliveryRow {
            channel: self.name.clone(),
            target: target.to_owned(),
            transition: notice.id,
            identifier: notice.message.identifier.clone(),
            state,
            attempts,
            updated,
            detail: detail.chars().take(DETAIL).collect(),
        }
    }

    fn note(&self, rows: Vec<DeliveryRow>, cursor: Option<i64>) {
        let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        for row in rows {
            self.health.noted(&row);
            let at = (row.target.clone(), row.identifier.clone());
            // A result may be noted before its first row is: the result stands.
            let done =
                books.rows.get(&at).is_some_and(|known| known.attempts > row.attempts || known.state != Fate::Pending);
            if !done {
                books.rows.insert(at, row);
            }
        }
        books.cursor = cursor.or(books.cursor);
        drop(books);
        self.to_write.notify_one();
    }

    /// Writes the books, some results at a time. What could not be written is written with the next.
    async fn write(self: Arc<Runner>) {
        loop {
            self.to_write.notified().await;
            let over = self.house.stop.is_cancelled();
            if !over {
                tokio::time::sleep(GATHERED).await;
            }
            let books = std::mem::take(&mut *self.books.lock().unwrap_or_else(PoisonError::into_inner));
            if !books.rows.is_empty() || books.cursor.is_some() {
                self.put(books).await;
            }
            if over && self.tasks.is_empty() {
                return;
            }
        }
    }

    async fn put(&self, books: Books) {
        let (done, is_done) = tokio::sync::oneshot::channel();
        let (name, cursor) = (self.name.clone(), books.cursor);
        let rows: Vec<DeliveryRow> = books.rows.into_values().collect();
        let errand: Errand = Box::new(move |store| {
            let written = store.put_deliveries(&name, &rows, cursor);
            if let Err(error) = &written {
                tracing::error!(channel = name, %error, "the books of a channel could not be written");
            }
            let _ = done.send(written.err().map(|_| rows));
        });
        if self.house.errands.send(errand).is_err() {
            return;
        }
        if let Ok(Some(rows)) = is_done.await {
            self.note(rows, cursor);
        }
    }
}

struct Look {
    /// It is the channel's first start.
    begun: bool,
    notices: Vec<(Notice, Vec<(Target, u32)>)>,
    next: i64,
    more: bool,
}

async fn wait(bell: &mut watch::Receiver<i64>, stop: &CancellationToken) {
    tokio::select! {
        // A bell that is gone rings no more; the timer goes on.
        rung = bell.changed() => if rung.is_err() { tokio::time::sleep(LOOK).await },
        () = tokio::time::sleep(LOOK) => {}
        () = stop.cancelled() => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_to_a_limit_and_differ() {
        let check = |attempts, asked, chance, ms: u128| {
            assert_eq!(back_off(LONGEST_WAIT, attempts, asked, chance).as_millis(), ms, "{attempts}");
        };
        check(1, None, 0.5, 1_000);
        check(1, None, 0.0, 500);
        check(4, None, 0.5, 8_000);
        check(40, None, 0.5, 300_000);
        check(u32::MAX, None, 0.5, 300_000);
        check(1, Some(Duration::from_secs(60)), 0.5, 60_000);
    }

    #[test]
    fn a_key_is_the_same_for_ever_and_another_for_everybody() {
        assert_eq!(key("webhook.sms", "sms", "x.1"), key("webhook.sms", "sms", "x.1"));
        assert_ne!(key("webhook.sms", "sms", "x.1"), key("webhook.sms", "sms", "x.2"));
        assert_ne!(key("email", "a", "x.1"), key("email", "b", "x.1"));
        assert_eq!(key("email", "a", "x.1").len(), 32);
    }
}
