//! What other agencies announce in CAP, as observations of our stations that rules may use.
//!
//! A message stands until it expires, or a later one replaces it or takes it back. While it stands, its level is said at
//! every station it speaks of, at that station's cadence, so that silence of the relay is silence and no calm. What is
//! over is said once, as zero. Nothing of it goes to citizens from here: a rule decides.

use crate::desk::{Desk, Fault};
use crate::people::Who;
use crate::source::file::Row;
use crate::store::announced::Announced;
use bongsu_rules::cap::import::{Gate, ImportError, believe};
use bongsu_rules::cap::{Alert, Moment, Reference, announced};
use bongsu_sensors::catalog::Datastream;
use bongsu_sensors::document::Reader;
use bongsu_sensors::{Catalog, DatastreamName, KindId, Time};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Weak;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The kind of what is said.
const KIND: &str = "agency_level";

/// How long a message that does not say so holds: the standard leaves it to whoever hears it.
const HOLDS: Duration = Duration::from_secs(86_400);

/// How often it is looked whether something is to be said.
const LOOK: Duration = Duration::from_secs(30);

/// Most earlier messages that are looked up for one message.
const REFERENCES: usize = 1_000;

/// Who is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agency {
    /// The sender of its messages.
    pub sender: String,
    /// The tag of the stations that speak for it; `None`: all that can.
    pub tag: Option<String>,
    /// Whether messages without a signature are refused.
    pub must_be_signed: bool,
}

/// Reads one table of the configuration; `None` where a mistake was told.
pub fn read(section: Reader<'_>) -> Option<Agency> {
    let sender = section.required_at::<String>("sender").filter(|typed| {
        let fits = !typed.value.is_empty() && !typed.value.contains([' ', ',', '<', '&']);
        if !fits {
            let wrong = format!("{:?} is no sender", typed.value);
            section.mistakes().add(&typed.origin, wrong, "copy what stands in <sender> of its messages");
        }
        fits
    });
    let tag = section.optional("tag");
    let must_be_signed = section.optional("must_be_signed").unwrap_or(false);
    section.finish();
    Some(Agency { sender: sender?.value, tag, must_be_signed })
}

/// Why a message was not taken.
#[derive(Debug, thiserror::Error)]
pub enum Untaken {
    /// It must not be believed.
    #[error(transparent)]
    Unbelieved(#[from] ImportError),
    /// It could not be written down, or said.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// When each station was told last, and what.
pub type Told = BTreeMap<String, (Time, u8)>;

/// The stream of a station that says what an agency announces.
fn stream<'a>(catalog: &'a Catalog, station: &str) -> Option<&'a Datastream> {
    catalog.datastream(catalog.station_named(station)?, DatastreamName::first(KindId::named(KIND)?))
}

impl Agency {
    /// How high its message stands at each of the stations that speak for it.
    fn levels(&self, alert: &Alert, catalog: &Catalog) -> BTreeMap<String, u8> {
        let its = catalog.stations.iter().filter(|station| {
            let tagged = self.tag.as_ref().is_none_or(|tag| station.tags.contains(tag));
            tagged && stream(catalog, station.id.as_str()).is_some()
        });
        let level = |station| announced::at(alert, catalog, station).map(|level| level as u8);
        its.filter_map(|station| Some((station.id.to_string(), level(station)?))).collect()
    }
}

/// The message, if it is to be believed.
fn believed(alert: Alert, now: Time, agency: Option<&Agency>, known: &[&Reference]) -> Result<Alert, ImportError> {
    let senders: Vec<String> = agency.iter().map(|agency| agency.sender.clone()).collect();
    let must_be_signed = agency.is_some_and(|agency| agency.must_be_signed);
    believe(alert, &Gate { now, senders: &senders, must_be_signed, is_known: &|one| known.contains(&one) })
}

/// What is to be said now: stations with their levels, and the messages that are over with it.
fn due(all: &[Announced], told: &Told, catalog: &Catalog, now: Time) -> (BTreeMap<String, u8>, Vec<Announced>) {
    let (standing, over): (Vec<&Announced>, Vec<&Announced>) =
        all.iter().partition(|one| !one.is_ending && one.expires > now);
    let mut levels = BTreeMap::new();
    for one in &over {
        levels.extend(one.levels.keys().map(|station| (station.clone(), 0)));
    }
    for (station, level) in standing.iter().flat_map(|one| &one.levels) {
        let known = levels.entry(station.clone()).or_insert(0);
        *known = (*known).max(*level);
    }
    levels.retain(|station, level| {
        let Some(stream) = stream(catalog, station) else { return false };
        told.get(station).is_none_or(|(at, said)| said != level || now.since(*at) >= stream.cadence)
    });
    (levels, over.into_iter().cloned().collect())
}

impl Desk {
    /// Takes a message of another agency, and says what it means for our stations.
    ///
    /// # Errors
    /// Why it is not believed, or could not be written down.
    pub async fn announce(&self, who: &Who, address: &str, text: Bytes) -> Result<Announced, Untaken> {
        let alert = bongsu_rules::cap::read(&text).map_err(ImportError::from)?;
        let mut references = vec![alert.reference()];
        references.extend(alert.references.iter().take(REFERENCES).cloned());
        let asked = references.clone();
        let were = self.errand(move |store| store.were_announced(&asked)).await?;
        let known: Vec<&Reference> = references.iter().zip(were).filter_map(|(one, was)| was.then_some(one)).collect();
        let now = self.city_now();
        let agency = self.settings.agencies.iter().find(|agency| agency.sender == alert.sender);
        let alert = believed(alert, now, agency, &known)?;
        let Some((agency, catalog)) = agency.zip(self.shared.city()) else { return Err(Fault::Busy.into()) };
        let first = alert.infos.first();
        let new = Announced {
            sender: alert.sender.clone(),
            identifier: alert.identifier.clone(),
            sent: alert.sent.text().to_owned(),
            received: now,
            expires: alert.expires().unwrap_or(alert.sent.time() + HOLDS),
            event: first.map(|info| info.event.clone()).unwrap_or_default(),
            headline: first.and_then(|info| info.headline.clone()).unwrap_or_default(),
            levels: agency.levels(&alert, &catalog),
            is_ending: false,
        };
        let detail = format!("{} of {}: {}", alert.msg_type.name(), new.sender, Moment::text(&alert.sent));
        let audit = self.draft(who, address, "agency.announce", &new.identifier, &detail);
        let (written, replaced) = (new.clone(), alert.references);
        if !self.errand(move |store| store.announce(&written, &text, &replaced, audit)).await? {
            return Err(ImportError::Known.into());
        }
        self.tell_announced().await?;
        Ok(new)
    }

    /// Says what other agencies announced, where it is to be said again or is over.
    ///
    /// # Errors
    /// It could not be read or said; it is tried again.
    pub async fn tell_announced(&self) -> Result<(), Fault> {
        let mut told = self.told.lock().await;
        let all = self.errand(|store| store.announced()).await?;
        let Some(catalog) = self.shared.city() else { return Ok(()) };
        let now = self.city_now();
        let (levels, over) = due(&all, &told, &catalog, now);
        let row =
            |(line, (station, level)): (u64, (&String, &u8))| Row::said(line, now, station, KIND, (*level).into());
        let rows: Vec<Row> = (1..).zip(&levels).map(row).collect();
        if !rows.is_empty() {
            self.tell(rows).await?;
        }
        told.extend(levels.into_iter().map(|(station, level)| (station, (now, level))));
        if !over.is_empty() {
            self.errand(move |store| store.are_over(&over)).await?;
        }
        Ok(())
    }
}

/// Says it until the program stops.
pub async fn run(desk: Weak<Desk>, stop: CancellationToken) {
    let mut beat = tokio::time::interval(LOOK);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = beat.tick() => {}
            () = stop.cancelled() => return,
        }
        let Some(desk) = desk.upgrade() else { return };
        if let Err(error) = desk.tell_announced().await {
            tracing::warn!(%error, "what agencies announced could not be said; it is tried again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bongsu_sensors::document;
    use bongsu_sensors::mistake::{Mistakes, Source};

    fn configured(text: &str) -> (Vec<Agency>, Vec<String>) {
        let (source, mistakes) = (Source::new("bongsu.toml", text), Mistakes::default());
        let table = document::parse(&source, &mistakes);
        let reader = Reader::document(&table, &source, &mistakes);
        let city = reader.inner("city").expect("a city");
        let agencies = city.tables("agency").into_iter().filter_map(read).collect();
        (agencies, mistakes.into_vec().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn what_the_manual_shows_is_a_good_configuration() {
        let manual = include_str!("../../docs/operators.md");
        let shown = manual.split("```toml\n").find(|part| part.starts_with("[[city.agency]]")).expect("it is shown");
        let shown = shown.split("```").next().unwrap_or_default();
        let (agencies, mistakes) = configured(shown);
        let expected = Agency { sender: "kma@kma.go.kr".into(), tag: Some("kma".into()), must_be_signed: true };
        assert_eq!((agencies, mistakes), (vec![expected], Vec::new()));
        let (agencies, mistakes) = configured("[[city.agency]]\nsender = \"a, b\"\nhurry = 1\n");
        assert_eq!((agencies.len(), mistakes.len()), (0, 2), "{mistakes:?}");
    }
}
