//! Decode: from what was said to readings of known datastreams. What cannot be taken becomes a dead letter.

use crate::dialect::{Dialects, Scripts};
use crate::source::file::Row;
use crate::source::{Said, own};
use crate::store::{DeadLetter, Event, PAYLOAD_KEPT};
use bongsu_broker::{Message, Outgoing, Qos, Reason as Code, Rejection};
use bongsu_sensors::catalog::StationIndex;
use bongsu_sensors::codec::{self, Context, Decoded};
use bongsu_sensors::reading::DatastreamId;
use bongsu_sensors::topic::{DeviceTopic, Leaf};
use bongsu_sensors::{Catalog, DatastreamName, Reading, Reason, Refusal, Time};
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
    /// Things that happened.
    pub events: Vec<Event>,
    /// What is handed on as it is, once the moment is on the disk.
    pub relays: Vec<Outgoing>,
    /// Messages of which nothing was taken: delivery, packet, and why.
    pub rejections: Vec<(usize, u16, Rejection)>,
}

/// Where readings came from.
#[derive(Clone, Debug)]
pub struct Mark {
    /// The first of them, by its place in the step.
    pub first: usize,
    /// A topic, or a file and line.
    pub source: Arc<str>,
}

impl Step {
    /// Where a reading came from.
    pub fn source_of(&self, reading: usize) -> Option<&Arc<str>> {
        let after = self.marks.partition_point(|mark| mark.first <= reading);
        self.marks.get(after.checked_sub(1)?).map(|mark| &mark.source)
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
    decoded: Decoded,
    /// How devices speak that do not speak our way.
    dialects: Dialects,
}

/// Most names remembered, so that a file of nonsense cannot fill the memory.
const KNOWN_LIMIT: usize = 500_000;

/// What a device says of something that happened.
#[derive(serde::Deserialize)]
struct EventBody<'a> {
    id: &'a str,
    t: Option<serde_json::Value>,
    r#type: &'a str,
}

impl Decoder {
    /// A decoder for a city.
    pub fn new(catalog: Option<Arc<Catalog>>, files: &[String], scripts: &Scripts) -> Decoder {
        let files = files.iter().map(|name| name.as_str().into()).collect();
        let dialects = Dialects::new(scripts);
        Decoder { catalog, files, dialects, known: HashMap::new(), decoded: Decoded::new() }
    }

    /// Understands what was said at one moment.
    pub fn decode(&mut self, now: Time, said: &[Said]) -> Step {
        let mut step = Step { now, ..Step::default() };
        for (place, said) in said.iter().enumerate() {
            match said {
                Said::Row(row) => self.row(row, &mut step),
                Said::Messages(messages) => {
                    for message in messages {
                        self.message(place, message, &mut step);
                    }
                }
                Said::Own(counts) => self.own(counts, &mut step),
            }
        }
        step
    }

    /// What the gateway observes of itself: readings of the stations that stand for it, if there are any.
    fn own(&self, counts: &[(&str, f64)], step: &mut Step) {
        let Some(catalog) = &self.catalog else { return };
        step.marks.push(Mark { first: step.readings.len(), source: own::TAG.into() });
        let stations = (0..).map(StationIndex).zip(&catalog.stations);
        for (at, _) in stations.filter(|(_, station)| station.tags.iter().any(|tag| tag == own::TAG)) {
            for (kind, value) in counts {
                let stream = kind.parse().ok().and_then(|name| catalog.datastream(at, name));
                let reading = |id| Reading { datastream: id, time: Some(step.now), value: Some(*value) };
                step.readings.extend(stream.map(|stream| reading(stream.id)));
            }
        }
    }

    fn message(&mut self, place: usize, message: &Message, step: &mut Step) {
        let Some(topic) = DeviceTopic::parse(&message.topic) else {
            if let Some(catalog) = self.catalog.clone()
                && let Some(dialect) = self.dialects.of(&catalog, &message.topic)
            {
                return self.foreign(place, message, &catalog, dialect, step);
            }
            let remedy = "devices publish to bongsu/v1/{station}/obs, senml, status, event or cmd/ack".to_owned();
            self.refuse_message(place, message, None, Reason::UnknownTopic, remedy, step);
            return;
        };
        let found =
            self.catalog.clone().and_then(|catalog| catalog.station_named(topic.station).map(|at| (catalog, at)));
        let Some((catalog, station)) = found else {
            let remedy = format!("no station {:?}; add it to the catalog", topic.station);
            self.refuse_message(place, message, Some(topic.station), Reason::UnknownStation, remedy, step);
            return;
        };
        match topic.leaf {
            Leaf::Status | Leaf::Command | Leaf::CommandAck => step.relays.push(Outgoing {
                topic: message.topic.to_string(),
                // A copy: the message is a slice of a whole read, and what is retained may stay for years.
                payload: bytes::Bytes::copy_from_slice(&message.payload),
                qos: message.qos,
                retain: topic.leaf == Leaf::Status,
                expiry: None,
            }),
            Leaf::Event => match event(topic.station, &message.payload, step.now) {
                Ok(event) => step.events.push(event),
                Err(remedy) => {
                    self.refuse_message(place, message, Some(topic.station), Reason::Malformed, remedy, step)
                }
            },
            leaf => self.readings(place, message, (&catalog, station, topic.station), leaf, step),
        }
    }

    fn readings(
        &mut self,
        place: usize,
        message: &Message,
        (catalog, station, name): (&Catalog, StationIndex, &str),
        leaf: Leaf,
        step: &mut Step,
    ) {
        let Some(codec) = codec::serving(leaf) else { return };
        let context = Context { catalog, station, received: step.now, via: None };
        (codec.decode)(&context, &message.payload, &mut self.decoded);
        self.take(place, message, Some(name), step);
    }

    /// A message of a `[[source]]`.
    fn foreign(&mut self, place: usize, message: &Message, catalog: &Catalog, dialect: usize, step: &mut Step) {
        let station = match self.dialects.read(catalog, dialect, message, step.now, &mut self.decoded) {
            Ok(station) => station,
            Err((reason, remedy)) => return self.refuse_message(place, message, None, reason, remedy, step),
        };
        if let Some((topic, payload)) = self.decoded.answer.take() {
            let payload = payload.into();
            step.relays.push(Outgoing { topic, payload, qos: Qos::AtLeastOnce, retain: false, expiry: None });
        }
        let name = station.map(|station| catalog.station(station).id.to_string());
        self.take(place, message, name.as_deref(), step);
    }

    /// Takes what a codec made of a message.
    fn take(&mut self, place: usize, message: &Message, name: Option<&str>, step: &mut Step) {
        step.marks.push(Mark { first: step.readings.len(), source: message.topic.clone() });
        step.readings.extend_from_slice(&self.decoded.readings);
        if self.decoded.refusals() == 0 {
            return;
        }
        let nothing_taken = self.decoded.readings.is_empty();
        for Refusal { reason, position, remedy } in self.decoded.refused.drain(..) {
            let told = if position.is_empty() { remedy } else { format!("{position}: {remedy}") };
            if nothing_taken
                && step.rejections.last().is_none_or(|(at, packet, _)| (*at, *packet) != (place, message.packet_id))
            {
                step.rejections.push((place, message.packet_id, rejection(reason, &told)));
            }
            step.dead_letters.push(DeadLetter {
                received: step.now,
                source: message.topic.to_string(),
                station: name.map(str::to_owned),
                reason,
                remedy: told,
                payload: kept(&message.payload),
            });
        }
    }

    fn refuse_message(
        &self,
        place: usize,
        message: &Message,
        station: Option<&str>,
        reason: Reason,
        remedy: String,
        step: &mut Step,
    ) {
        step.rejections.push((place, message.packet_id, rejection(reason, &remedy)));
        step.dead_letters.push(DeadLetter {
            received: step.now,
            source: message.topic.to_string(),
            station: station.map(str::to_owned),
            reason,
            remedy,
            payload: kept(&message.payload),
        });
    }

    fn row(&mut self, row: &Row, step: &mut Step) {
        let source: Arc<str> =
            format!("{}:{}", self.files.get(row.file).map_or("report", |name| &**name), row.line).into();
        let field = |at: usize| row.fields.as_ref().and_then(|fields| fields.get(at)).unwrap_or("").trim();
        let station = field(1);
        match self.reading(row, station, field(2), field(3)) {
            Ok(reading) => {
                step.marks.push(Mark { first: step.readings.len(), source });
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

/// The answer of version 5 to a message of which nothing was taken.
fn rejection(reason: Reason, text: &str) -> Rejection {
    let code = match reason {
        Reason::UnknownStation | Reason::UnknownTopic => Code::TOPIC_NAME_INVALID,
        _ => Code::PAYLOAD_FORMAT_INVALID,
    };
    Rejection { reason: code, text: text.to_owned() }
}

/// Something that happened, from what a device says of it.
fn event(station: &str, payload: &[u8], now: Time) -> Result<Event, String> {
    let body: EventBody<'_> = serde_json::from_slice(payload)
        .map_err(|error| format!("no event: {error}; send {{\"id\": \"…\", \"t\": \"…\", \"type\": \"lent\"}}"))?;
    let time = match body.t {
        None | Some(serde_json::Value::Null) => now,
        Some(serde_json::Value::String(text)) => Time::parse(&text).map_err(|error| error.to_string())?,
        Some(serde_json::Value::Number(number)) => number
            .as_i64()
            .and_then(Time::from_device_millis)
            .ok_or_else(|| format!("{number} is no time in milliseconds"))?,
        Some(other) => return Err(format!("{other} is no time; write it as 2026-07-08T20:31:00+09:00")),
    };
    let text = std::str::from_utf8(payload).map_err(|error| error.to_string())?;
    if body.id.is_empty() || body.id.len() > 128 || text.len() > 4 * PAYLOAD_KEPT {
        return Err("an event has an id of up to 128 bytes, and up to 2048 bytes in all".into());
    }
    Ok(Event { station: station.into(), id: body.id.into(), time, kind: body.r#type.into(), body: text.into() })
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
