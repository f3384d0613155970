//! Deliveries, subscribers and citizens' reports in the store.

use super::{Reader, Store, StoreError};
use bongsu_sensors::{Level, Time};
use rusqlite::{OptionalExtension, Row, named_params, params};
use serde::Serialize;
use std::collections::BTreeMap;

/// Deliveries kept after they were done: the oldest go first.
const DELIVERIES_KEPT: i64 = 200_000;

/// Reports kept, the newest.
const REPORTS_KEPT: i64 = 20_000;

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// It is still owed.
    Pending,
    /// The other side took it.
    Sent,
    /// The other side will never take it: a dead letter.
    Rejected,
    /// Its time was over before it could be delivered.
    Expired,
    /// A newer message of the same incident took its place.
    Superseded,
}

impl Fate {
    /// Every fate.
    pub const ALL: [Fate; 5] = [Fate::Pending, Fate::Sent, Fate::Rejected, Fate::Expired, Fate::Superseded];

    /// Its name in tables and answers.
    pub const fn name(self) -> &'static str {
        match self {
            Fate::Pending => "pending",
            Fate::Sent => "sent",
            Fate::Rejected => "rejected",
            Fate::Expired => "expired",
            Fate::Superseded => "superseded",
        }
    }

    fn named(text: &str) -> Fate {
        Fate::ALL.into_iter().find(|fate| fate.name() == text).unwrap_or(Fate::Pending)
    }
}

/// One message for one recipient of one channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct DeliveryRow {
    /// The channel.
    pub channel: String,
    /// The recipient: a name of the configuration, or the id of a subscriber.
    pub target: String,
    /// The transition behind the message.
    pub transition: i64,
    /// The message.
    pub identifier: String,
    /// What became of it.
    pub state: Fate,
    /// How often it was tried.
    pub attempts: u32,
    /// When that was last written.
    #[schema(value_type = String, format = DateTime)]
    pub updated: Time,
    /// What the other side said.
    pub detail: String,
}

/// Which deliveries are asked for; what is `None` is any.
#[derive(Clone, Debug, Default)]
pub struct Sought {
    /// Of this channel.
    pub channel: Option<String>,
    /// In this state.
    pub state: Option<Fate>,
    /// Of this message.
    pub identifier: Option<String>,
    /// As they stood at this moment: what was not owed yet is left out.
    pub at: Option<Time>,
}

/// How many deliveries stand in each state, by its name.
pub type Fates = BTreeMap<&'static str, u64>;

/// Who wants to hear of what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscriber {
    /// Random; also the name of the recipient in deliveries.
    pub id: String,
    /// Through which channel.
    pub channel: String,
    /// Where they are reached.
    pub address: String,
    /// Codes of areas, what lies in them included; empty: all.
    pub areas: Vec<String>,
    /// Names of hazards; empty: all.
    pub hazards: Vec<String>,
    /// From which level on.
    pub level: Level,
    /// In which language.
    pub language: String,
    /// The digest of the token that confirms and unsubscribes.
    pub token: Vec<u8>,
    /// When they confirmed.
    pub confirmed: Option<Time>,
    /// When they subscribed.
    pub created: Time,
}

/// What a citizen saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Report {
    /// When it came.
    #[schema(value_type = String, format = DateTime)]
    pub received: Time,
    /// Of which hazard.
    pub hazard: String,
    /// In which area.
    pub area: String,
    /// What sort of sight: `depth`, `damage`, `felt`.
    pub what: String,
    /// Which picture of it.
    pub value: String,
    /// The digest of the device's own random number.
    #[serde(skip)]
    pub token: Vec<u8>,
}

pub(super) fn delivery(row: &Row<'_>) -> rusqlite::Result<(i64, DeliveryRow)> {
    Ok((
        row.get(0)?,
        DeliveryRow {
            channel: row.get(1)?,
            target: row.get(2)?,
            transition: row.get(3)?,
            identifier: row.get(4)?,
            state: Fate::named(&row.get::<_, String>(5)?),
            attempts: row.get(6)?,
            updated: Time::from_millis(row.get(7)?),
            detail: row.get(8)?,
        },
    ))
}

pub(super) const DELIVERY: &str =
    "SELECT id, channel, target, transition, identifier, state, attempts, updated, detail FROM delivery";

/// The state of a delivery at the moment `:at`, or now: what has come to an end stays so, and only the last word of each is
/// kept, so what was written later had not come to an end by then.
const STOOD: &str = "CASE WHEN :at IS NULL OR updated <= :at THEN state ELSE 'pending' END";

/// What was owed by the moment `:at`: what is said is owed from its commit on.
const OWED: &str = "(:at IS NULL OR (SELECT time FROM transition WHERE id = delivery.transition) <= :at)";

fn list(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<String>> {
    super::read::json(row, column)
}

fn subscriber(row: &Row<'_>) -> rusqlite::Result<Subscriber> {
    Ok(Subscriber {
        id: row.get(0)?,
        channel: row.get(1)?,
        address: row.get(2)?,
        areas: list(row, 3)?,
        hazards: list(row, 4)?,
        level: row.get::<_, String>(5)?.parse().unwrap_or(Level::Advisory),
        language: row.get(6)?,
        token: row.get(7)?,
        confirmed: row.get::<_, Option<i64>>(8)?.map(Time::from_millis),
        created: Time::from_millis(row.get(9)?),
    })
}

impl Store {
    /// Writes what became of deliveries, and how far a channel has come, in one transaction.
    ///
    /// # Errors
    /// The disk, most likely: nothing of it is written then.
    pub fn put_deliveries(
        &mut self,
        channel: &str,
        rows: &[DeliveryRow],
        cursor: Option<i64>,
    ) -> Result<(), StoreError> {
        let failed = self.failed();
        let write = |transaction: &rusqlite::Transaction<'_>| {
            let sql = "INSERT INTO delivery (channel, target, transition, identifier, state, attempts, updated, detail)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (channel, target, identifier) DO UPDATE
                SET state = ?5, attempts = ?6, updated = ?7, detail = ?8 WHERE state = 'pending'";
            let mut insert = transaction.prepare_cached(sql)?;
            for row in rows {
                let updated = row.updated.millis();
                let (state, attempts) = (row.state.name(), row.attempts);
                let (target, identifier, detail) = (&row.target, &row.identifier, &row.detail);
                insert.execute(params![
                    channel,
                    target,
                    row.transition,
                    identifier,
                    state,
                    attempts,
                    updated,
                    detail
                ])?;
            }
            let sql = "DELETE FROM delivery WHERE state <> 'pending' AND id <= (SELECT max(id) FROM delivery) - ?1";
            transaction.prepare_cached(sql)?.execute([DELIVERIES_KEPT])?;
            if let Some(cursor) = cursor {
                let sql = "INSERT INTO spoken VALUES (?1, ?2) ON CONFLICT (channel) DO UPDATE SET transition = ?2";
                transaction.prepare_cached(sql)?.execute(params![channel, cursor])?;
            }
            Ok(())
        };
        let transaction = self.connection.transaction().map_err(&failed)?;
        write(&transaction).and_then(|()| transaction.commit()).map_err(failed)
    }

    /// Adds a subscriber; one with the same address is replaced, and answers as not confirmed again unless it was.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn put_subscriber(&mut self, subscriber: &Subscriber) -> Result<(), StoreError> {
        let json = |list: &[String]| serde_json::Value::from(list).to_string();
        let sql = "INSERT INTO subscriber VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
            ON CONFLICT (channel, address) DO UPDATE SET id = ?1, areas = ?4, hazards = ?5, level = ?6, language = ?7,
                token = ?8, confirmed = ?9, created = ?10";
        let row = params![
            subscriber.id,
            subscriber.channel,
            subscriber.address,
            json(&subscriber.areas),
            json(&subscriber.hazards),
            subscriber.level.name(),
            subscriber.language,
            subscriber.token,
            subscriber.confirmed.map(Time::millis),
            subscriber.created.millis(),
        ];
        self.connection.execute(sql, row).map(|_| ()).map_err(self.failed())
    }

    /// Confirms the subscriber whose token this is; answers whether there is one.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn confirm_subscriber(&mut self, token: &[u8], now: Time) -> Result<bool, StoreError> {
        let sql = "UPDATE subscriber SET confirmed = coalesce(confirmed, ?2) WHERE token = ?1";
        self.connection.execute(sql, params![token, now.millis()]).map(|count| count > 0).map_err(self.failed())
    }

    /// Erases the subscriber whose token or id this is, with every trace in the deliveries; answers whether there was one.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn erase_subscriber(&mut self, token: &[u8], id: &str) -> Result<bool, StoreError> {
        let failed = self.failed();
        let erase = |transaction: &rusqlite::Transaction<'_>| {
            let who = "SELECT id FROM subscriber WHERE token = ?1 OR id = ?2";
            transaction.execute(&format!("DELETE FROM delivery WHERE target IN ({who})"), params![token, id])?;
            transaction.execute("DELETE FROM subscriber WHERE token = ?1 OR id = ?2", params![token, id])
        };
        let transaction = self.connection.transaction().map_err(&failed)?;
        let count = erase(&transaction).map_err(&failed)?;
        transaction.commit().map_err(failed)?;
        Ok(count > 0)
    }

    /// Forgets those who never confirmed.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn forget_unconfirmed(&mut self, before: Time) -> Result<(), StoreError> {
        let sql = "DELETE FROM subscriber WHERE confirmed IS NULL AND created < ?1";
        self.connection.execute(sql, [before.millis()]).map(|_| ()).map_err(self.failed())
    }

    /// Keeps what a citizen saw; answers `false` where the same device has said the same of the same area since `since`.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn put_report(&mut self, report: &Report, since: Time) -> Result<bool, StoreError> {
        let failed = self.failed();
        let known = "SELECT 1 FROM report WHERE token = ?1 AND hazard = ?2 AND area = ?3 AND received >= ?4";
        let row = params![report.token, report.hazard, report.area, since.millis()];
        let known = self.connection.query_row(known, row, |_| Ok(())).optional().map_err(&failed)?;
        if known.is_some() {
            return Ok(false);
        }
        let sql = "INSERT INTO report (received, hazard, area, what, value, token) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let (received, token) = (report.received.millis(), &report.token);
        let row = params![received, report.hazard, report.area, report.what, report.value, token];
        self.connection.execute(sql, row).map_err(&failed)?;
        let trim = "DELETE FROM report WHERE id <= (SELECT max(id) FROM report) - ?1";
        self.connection.execute(trim, [REPORTS_KEPT]).map(|_| true).map_err(failed)
    }
}

impl Store {
    /// How many subscribers there are, those included who have not confirmed.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn subscriber_count(&self) -> Result<u64, StoreError> {
        self.connection.query_row("SELECT count(*) FROM subscriber", [], |row| row.get(0)).map_err(self.failed())
    }
}

impl Reader {
    /// How far a channel has spoken; `None`: it is new.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn spoken(&self, channel: &str) -> rusqlite::Result<Option<i64>> {
        let sql = "SELECT transition FROM spoken WHERE channel = ?1";
        self.connection.prepare_cached(sql)?.query_row([channel], |row| row.get(0)).optional()
    }

    /// What a channel still owes, oldest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn owed(&self, channel: &str) -> rusqlite::Result<Vec<DeliveryRow>> {
        let sql = format!("{DELIVERY} WHERE channel = ?1 AND state = 'pending' ORDER BY id");
        let mut statement = self.connection.prepare_cached(&sql)?;
        statement.query_map([channel], |row| delivery(row).map(|(_, row)| row))?.collect()
    }

    /// The transition of an id.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn transition(&self, id: i64) -> rusqlite::Result<Option<bongsu_rules::incident::Transition>> {
        Ok(self.transitions_after(id - 1, 1)?.into_iter().find(|(found, _)| *found == id).map(|(_, found)| found))
    }

    /// The recipients of a channel that already have a row for a message.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn delivered(&self, channel: &str, identifier: &str) -> rusqlite::Result<Vec<String>> {
        let sql = "SELECT target FROM delivery WHERE channel = ?1 AND identifier = ?2";
        self.connection.prepare_cached(sql)?.query_map([channel, identifier], |row| row.get(0))?.collect()
    }

    /// The deliveries that are asked for, before an id, newest first; each as it was written last.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn deliveries(&self, before: i64, limit: usize, sought: &Sought) -> rusqlite::Result<Vec<(i64, DeliveryRow)>> {
        let Sought { channel, state, identifier, at } = sought;
        // Named outright, so that a message's few are found by their index and not among all.
        let of = if identifier.is_some() { "identifier = :identifier" } else { ":identifier IS NULL" };
        let sql = format!(
            "{DELIVERY} WHERE id < :before AND (:channel IS NULL OR channel = :channel) AND {of}
                AND (:state IS NULL OR {STOOD} = :state) AND {OWED} ORDER BY id DESC LIMIT :limit"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let (state, at) = (state.map(Fate::name), at.map(Time::millis));
        let asked = named_params! {
            ":before": before, ":channel": channel, ":identifier": identifier, ":state": state, ":at": at, ":limit": limit
        };
        statement.query_map(asked, delivery)?.collect()
    }

    /// How many deliveries of a message stand in each state, or stood at a moment; `None` where they may be kept no more.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn fates(&self, identifier: &str, at: Option<Time>) -> rusqlite::Result<Option<Fates>> {
        let Some(transition) = self.transition_said(identifier)? else { return Ok(Some(Fates::new())) };
        if transition <= self.forgotten_until()? {
            return Ok(None);
        }
        let sql =
            format!("SELECT {STOOD}, count(*) FROM delivery WHERE identifier = :identifier AND {OWED} GROUP BY 1");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let count = |row: &Row<'_>| Ok((Fate::named(&row.get::<_, String>(0)?).name(), row.get(1)?));
        let asked = named_params! { ":identifier": identifier, ":at": at.map(Time::millis) };
        statement.query_map(asked, count)?.collect::<rusqlite::Result<_>>().map(Some)
    }

    /// The transition behind a message, or behind a question that operators were asked.
    fn transition_said(&self, identifier: &str) -> rusqlite::Result<Option<i64>> {
        let sql = "SELECT coalesce((SELECT transition FROM message WHERE identifier = ?1),
            (SELECT max(transition) FROM delivery WHERE identifier = ?1))";
        self.connection.prepare_cached(sql)?.query_row([identifier], |row| row.get(0))
    }

    /// The newest transition of which deliveries that were done may be gone; 0: none is. Channels take up transitions in
    /// their order, so the oldest row that is surely kept says where the others end.
    fn forgotten_until(&self) -> rusqlite::Result<i64> {
        let sql = "WITH newest AS (SELECT max(id) AS id FROM delivery)
            SELECT coalesce((SELECT transition FROM delivery, newest
                WHERE newest.id > ?1 AND delivery.id > newest.id - ?1 ORDER BY delivery.id LIMIT 1), 0)";
        self.connection.prepare_cached(sql)?.query_row([DELIVERIES_KEPT], |row| row.get(0))
    }

    /// Those who confirmed that they want to hear through a channel.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn subscribers(&self, channel: &str) -> rusqlite::Result<Vec<Subscriber>> {
        let sql = "SELECT * FROM subscriber WHERE channel = ?1 AND confirmed IS NOT NULL";
        self.connection.prepare_cached(sql)?.query_map([channel], subscriber)?.collect()
    }

    /// A subscriber by id, confirmed or not.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn subscriber(&self, id: &str) -> rusqlite::Result<Option<Subscriber>> {
        let sql = "SELECT * FROM subscriber WHERE id = ?1";
        self.connection.prepare_cached(sql)?.query_row([id], subscriber).optional()
    }

    /// What citizens saw since a moment, newest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn reports(&self, since: Time, limit: usize) -> rusqlite::Result<Vec<Report>> {
        let sql = "SELECT received, hazard, area, what, value, token FROM report WHERE received >= ?1
            ORDER BY id DESC LIMIT ?2";
        let report = |row: &Row<'_>| {
            Ok(Report {
                received: Time::from_millis(row.get(0)?),
                hazard: row.get(1)?,
                area: row.get(2)?,
                what: row.get(3)?,
                value: row.get(4)?,
                token: row.get(5)?,
            })
        };
        self.connection.prepare_cached(sql)?.query_map(params![since.millis(), limit], report)?.collect()
    }
}
