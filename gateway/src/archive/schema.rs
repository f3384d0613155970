//! What is written: from the rows of the store to points.
//!
//! | measurement | tags | fields | time |
//! |---|---|---|---|
//! | the domain of the kind | `area`, `station`, `kind`, `part` | `value`, `flag` | of the phenomenon |
//! | `incident` | `area`, `hazard`, `state`, `status` | `level`, `incident`, `rule`, `station`, `cause`, `identifier` | of the change |
//! | `delivery` | `channel`, `fate` | `attempts`, `identifier` | when it was done |
//!
//! `part` tells several datastreams of one kind apart (`2`, `x`); the first has none. A missing value has a `flag` and no
//! `value`; a later flag is a point of the same series and time with a `flag` alone. Changes and deliveries of one
//! millisecond are told apart by nanoseconds made of their number, so that none takes the place of another.

use super::point::{Point, Series, Value};
use crate::store::{CATALOG, DeliveryRow, Entry, Reader, Stored};
use bongsu_rules::Input;
use bongsu_rules::incident::{Status, Transition};
use bongsu_rules::record::CatalogText;
use bongsu_sensors::kind::DOMAINS;
use bongsu_sensors::mistake::Source;
use bongsu_sensors::name::Instance;
use bongsu_sensors::reading::DatastreamId;
use bongsu_sensors::{Catalog, DatastreamName, StationId, Time};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The measurement of changes of incidents.
pub const INCIDENT: &str = "incident";

/// The measurement of deliveries.
pub const DELIVERY: &str = "delivery";

/// Tags and fields of a measurement, which others may rely on; `None`: nothing is written under that name.
pub fn shape(measurement: &str) -> Option<(&'static [&'static str], &'static [&'static str])> {
    match measurement {
        INCIDENT => Some((
            &["area", "hazard", "state", "status"],
            &["level", "incident", "rule", "cause", "station", "identifier"],
        )),
        DELIVERY => Some((&["channel", "fate"], &["attempts", "identifier"])),
        domain if DOMAINS.contains(&domain) => Some((&["area", "kind", "part", "station"], &["value", "flag"])),
        _ => None,
    }
}

/// The city as it was at a place of the log: which series an observation belongs to.
#[derive(Debug, Default)]
pub struct Plan {
    names: BTreeMap<DatastreamId, (StationId, DatastreamName)>,
    areas: BTreeMap<StationId, String>,
    series: BTreeMap<DatastreamId, Arc<Series>>,
}

impl Plan {
    /// The city after record `seq`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn at(reader: &Reader, seq: u64) -> rusqlite::Result<Plan> {
        let mut plan = Plan { names: reader.names()?, ..Plan::default() };
        if let Some(entry) = reader.city_at(seq)? {
            plan.rebuild(&entry);
        }
        Ok(plan)
    }

    /// Takes up a city of the log. One that cannot be read any more changes nothing: its observations still say where
    /// they were made.
    fn rebuild(&mut self, entry: &Entry) {
        let Ok(Input::Catalog(text)) = entry.record().map(|record| record.input) else { return };
        if let Some(areas) = areas(&text) {
            self.areas = areas;
            self.series.clear();
        }
    }

    /// The series of a datastream.
    ///
    /// # Errors
    /// The store cannot be read.
    fn series(&mut self, id: DatastreamId, reader: &Reader) -> rusqlite::Result<Option<Arc<Series>>> {
        if let Some(series) = self.series.get(&id) {
            return Ok(Some(series.clone()));
        }
        if !self.names.contains_key(&id) {
            self.names = reader.names()?;
        }
        let Some((station, name)) = self.names.get(&id) else { return Ok(None) };
        let part = if name.instance == Instance::FIRST { String::new() } else { name.instance.to_string() };
        let tags = [
            ("area", self.areas.get(station).cloned().unwrap_or_default()),
            ("kind", name.kind().name.to_owned()),
            ("part", part),
            ("station", station.to_string()),
        ];
        let series = Arc::new(Series::new(name.kind().domain, tags));
        self.series.insert(id, series.clone());
        Ok(Some(series))
    }

    /// The points of a row of the log, behind those that are there. A row that is damaged costs only itself.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn take(&mut self, entry: &Entry, reader: &Reader, points: &mut Vec<Point>) -> rusqlite::Result<()> {
        if entry.kind == CATALOG {
            self.rebuild(entry);
            return Ok(());
        }
        let Ok(stored) = entry.stored() else {
            tracing::error!(seq = entry.seq, "a damaged record is not archived");
            return Ok(());
        };
        for stored in stored {
            let (id, time, value, flag) = match stored {
                Stored::Observation(seen) => (seen.datastream, seen.time, seen.value, seen.flag),
                Stored::Flag(id, time, flag, _) => (id, time, None, flag),
            };
            let Some(series) = self.series(id, reader)? else { continue };
            let value = value.map(|value| ("value", Value::Number(value)));
            let fields = value.into_iter().chain([("flag", Value::Whole(flag.number().into()))]).collect();
            points.push(Point { series, time_ns: nanoseconds(time, 0), fields });
        }
        Ok(())
    }
}

/// The area of each station of a city.
fn areas(text: &CatalogText) -> Option<BTreeMap<StationId, String>> {
    let geometry = text.geometry.clone();
    let catalog = Catalog::parse(&Source::new(text.name.clone(), text.stations.clone()), |_| {
        geometry.map(|(name, text)| Source::new(name, text)).ok_or_else(|| "it was not read".to_owned())
    });
    let catalog = catalog.ok()?;
    let area = |at| catalog.area(at).code.to_string();
    Some(catalog.stations.iter().map(|station| (station.id.clone(), area(station.area))).collect())
}

/// A moment, with a number that tells two of one millisecond apart.
fn nanoseconds(time: Time, number: i64) -> i64 {
    time.millis().saturating_mul(1_000_000).saturating_add(number.rem_euclid(1_000_000))
}

/// The word of a status, as CAP has it.
fn word(status: Status) -> &'static str {
    match status {
        Status::Actual => "Actual",
        Status::Exercise => "Exercise",
        Status::Test => "Test",
    }
}

/// A change of an incident. Who did what stands in the audit, and is nobody else's business.
pub fn change(id: i64, transition: &Transition) -> Point {
    let incident = &transition.incident;
    let tags = [
        ("area", incident.area.clone()),
        ("hazard", incident.hazard.clone()),
        ("state", incident.state.name().to_owned()),
        ("status", word(incident.status).to_owned()),
    ];
    let cause = serde_json::to_value(transition.cause).ok();
    let cause = cause.and_then(|cause| cause.as_str().map(str::to_owned)).unwrap_or_default();
    let mut fields = vec![
        ("level", Value::Whole(i64::from(incident.level as u8))),
        ("incident", Value::Text(incident.id.clone())),
        ("rule", Value::Text(incident.rule.clone())),
        ("cause", Value::Text(cause)),
    ];
    fields.extend(incident.station.clone().map(|station| ("station", Value::Text(station))));
    let identifier = transition.message.as_ref().map(|message| message.identifier.clone());
    fields.extend(identifier.map(|identifier| ("identifier", Value::Text(identifier))));
    Point { series: Arc::new(Series::new(INCIDENT, tags)), time_ns: nanoseconds(transition.time, id), fields }
}

/// A delivery that is done. Who received it is left out.
pub fn delivery(id: i64, row: &DeliveryRow) -> Point {
    let tags = [("channel", row.channel.clone()), ("fate", row.state.name().to_owned())];
    let identifier = Value::Text(row.identifier.clone());
    let fields = vec![("attempts", Value::Whole(row.attempts.into())), ("identifier", identifier)];
    Point { series: Arc::new(Series::new(DELIVERY, tags)), time_ns: nanoseconds(row.updated, id), fields }
}
