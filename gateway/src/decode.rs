//! Decode: from what was said to readings of known datastreams. What cannot be taken becomes a dead letter.

use crate::source::Said;
use crate::source::file::Row;
use crate::store::{DeadLetter, PAYLOAD_KEPT};
use bongsu_sensors::reading::DatastreamId;
use bongsu_sensors::{Catalog, DatastreamName, Reading, Reason, Time};
use std::collections::HashMap;
use std::sync::Arc;

/// What was heard at one moment, understood.
#[derive(Debug, Default)]
pub struct Step {
    /// The moment.
    pub now: Time,
    /// The readings.
    pub readings: Vec<Reading>,
    /// Where each reading came from: the first reading of each message, in order.
    pub marks: Vec<Mark>,
    /// What was refused.
    pub dead_letters: Vec<DeadLetter>,
}

/// Where readings came from.
#[derive(Clone, Debug)]
pub struct Mark {
    /// The first of them, by its place in the step.
    pub first: usize,
    /// A topic, or a file and line.
    pub source: Arc<str>,
    /// The station that spoke.
    pub station: Arc<str>,
}

impl Step {
    /// Where a reading came from.
    pub fn mark_of(&self, reading: usize) -> Option<&Mark> {
        let after = self.marks.partition_point(|mark| mark.first <= reading);
        self.marks.get(after.checked_sub(1)?)
    }
}

/// The decoder: what it learnt about names, so that each is looked up once.
#[derive(Debug)]
pub struct Decoder {
    /// `None` before the first catalog was taken up: nobody is known then.
    catalog: Option<Arc<Catalog>>,
    /// The names of the files rows come from.
    files: Vec<Arc<str>>,
    known: HashMap<String, Result<DatastreamId, (Reason, String)>>,
}

/// Most names remembered, so that a file of nonsense cannot fill the memory.
const KNOWN_LIMIT: usize = 500_000;

impl Decoder {
    /// A decoder for a city.
    pub fn new(catalog: Option<Arc<Catalog>>, files: &[String]) -> Decoder {
        Decoder { catalog, files: files.iter().map(|name| name.as_str().into()).collect(), known: HashMap::new() }
    }

    /// Understands what was said at one moment.
    pub fn decode(&mut self, now: Time, said: &[Said]) -> Step {
        let mut step = Step { now, ..Step::default() };
        for said in said {
            match said {
                Said::Row(row) => self.row(row, &mut step),
            }
        }
        step
    }

    fn row(&mut self, row: &Row, step: &mut Step) {
        let source: Arc<str> = format!("{}:{}", self.files.get(row.file).map_or("", |name| &**name), row.line).into();
        let field = |at: usize| row.fields.as_ref().and_then(|fields| fields.get(at)).unwrap_or("").trim();
        let station = field(1);
        match self.reading(row, station, field(2), field(3)) {
            Ok(reading) => {
                step.marks.push(Mark { first: step.readings.len(), source, station: station.into() });
                step.readings.push(reading);
            }
            Err((reason, remedy)) => {
                let said = row.fields.as_ref().map(|fields| fields.iter().collect::<Vec<_>>().join(","));
                step.dead_letters.push(DeadLetter {
                    received: step.now,
                    source: source.to_string(),
                    station: (!station.is_empty()).then(|| station.to_owned()),
                    reason,
                    remedy,
                    payload: kept(said.unwrap_or_default().as_bytes()),
                });
            }
        }
    }

    fn reading(&mut self, row: &Row, station: &str, kind: &str, value: &str) -> Result<Reading, (Reason, String)> {
        if row.fields.is_none() {
            let remedy =
                row.time.clone().err().unwrap_or_else(|| "a row has four fields: time,station,kind,value".into());
            return Err((Reason::Malformed, remedy));
        }
        let time = row.time.clone().map_err(|remedy| (Reason::BadTime, remedy))?;
        let value = match value.parse::<f64>() {
            _ if value.is_empty() => None,
            Ok(number) if number.is_finite() => Some(number),
            _ => {
                let remedy = format!("{value:?} is no finite number; leave the field empty if it is missing");
                return Err((Reason::NotANumber, remedy));
            }
        };
        Ok(Reading { datastream: self.look_up(station, kind)?, time: Some(time), value })
    }

    fn look_up(&mut self, station: &str, kind: &str) -> Result<DatastreamId, (Reason, String)> {
        let key = format!("{station},{kind}");
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let found = find(self.catalog.as_deref(), station, kind);
        if self.known.len() < KNOWN_LIMIT {
            self.known.insert(key, found.clone());
        }
        found
    }
}

/// As much of a payload as a dead letter keeps.
fn kept(payload: &[u8]) -> Vec<u8> {
    payload[..payload.len().min(PAYLOAD_KEPT)].to_vec()
}

/// The datastream that a station and a kind name.
fn find(catalog: Option<&Catalog>, station: &str, kind: &str) -> Result<DatastreamId, (Reason, String)> {
    let Some((catalog, at)) = catalog.and_then(|catalog| Some((catalog, catalog.station_named(station)?))) else {
        return Err((Reason::UnknownStation, format!("no station {station:?}; add it to the catalog")));
    };
    let name: DatastreamName = kind.parse().map_err(|error| (Reason::UnknownKind, format!("{error}")))?;
    match catalog.datastream(at, name) {
        Some(stream) => Ok(stream.id),
        None => {
            let remedy = format!("station {station:?} has no {name}; add a [[station.datastream]] to it");
            Err((Reason::UnknownDatastream, remedy))
        }
    }
}
