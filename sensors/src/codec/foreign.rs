//! JSON that is not ours: an object, or an array of objects, in which a `[[source]]` says where each value stands.
//!
//! The other codecs of dialects unwrap their envelope and hand what is in it to [`read`]; a script's answer comes in
//! through [`named`]. A place that holds nothing is no mistake, because devices leave out what did not change; an object
//! in which nothing at all is found is one.
//!
//! Devices that cannot be changed are met halfway: a number in quotes is a number, and a time may be in seconds.

use super::{Context, Decoded, echo, unit};
use crate::catalog::{Datastream, StationIndex};
use crate::kind::Nature;
use crate::reading::{Reading, Reason};
use crate::time::Time;
use serde_json::Value;
use std::borrow::Cow;

/// A whole number below this is a time in seconds: as milliseconds it would lie before March 1973.
const SECONDS_BELOW: f64 = 1e11;

/// Reads a payload that is such JSON itself.
pub fn decode(context: &Context<'_>, payload: &[u8], out: &mut Decoded) {
    if let Some(value) = parse(payload, out) {
        read(context, &value, None, out);
    }
}

/// The JSON of a payload; what is none is refused.
pub(super) fn parse(payload: &[u8], out: &mut Decoded) -> Option<Value> {
    if !out.begin(payload) {
        return None;
    }
    match serde_json::from_slice(payload) {
        Ok(value) => Some(value),
        Err(error) => {
            let position = format!("line {}, column {}", error.line(), error.column());
            out.refuse_all(Reason::Malformed, position, "no JSON; look at what the device really sends".into());
            None
        }
    }
}

/// Reads an object or an array of them; `time` is what the envelope said.
pub(super) fn read(context: &Context<'_>, value: &Value, time: Option<Time>, out: &mut Decoded) {
    match value {
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                object(context, item, Some(at), time, out);
                if out.is_overfull() {
                    return out.refuse_overfull();
                }
            }
        }
        _ => object(context, value, None, time, out),
    }
    if out.is_overfull() {
        out.refuse_overfull();
    }
}

fn object(context: &Context<'_>, value: &Value, item: Option<usize>, time: Option<Time>, out: &mut Decoded) {
    let Some(via) = context.via else { return };
    let place = |at: &str| match item {
        Some(item) => format!("item {}, {}", item + 1, echo(at)),
        None => echo(at),
    };
    let time = match via.dialect.time.as_deref().and_then(|at| Some((at, value.pointer(at)?))) {
        None => time,
        Some((at, told)) => match moment(context, told) {
            Some(time) => Some(time),
            None => {
                out.refuse(Reason::BadTime, || {
                    (place(at), "no time; it may be RFC 3339, or seconds or milliseconds since 1970".into())
                });
                return;
            }
        },
    };
    let mut found = false;
    if via.dialect.fields.is_empty() {
        for stream in context.catalog.datastreams_of(context.station) {
            if let Some(told) = value.get(stream.name.to_string()) {
                found = true;
                take(stream, told, None, time, || place(&stream.name.to_string()), out);
            }
        }
    }
    for field in &via.dialect.fields {
        let Some(told) = value.pointer(&field.at) else { continue };
        found = true;
        let Some(stream) = context.catalog.datastream(field.station.unwrap_or(context.station), field.datastream)
        else {
            let station = &context.catalog.station(field.station.unwrap_or(context.station)).id;
            out.refuse(Reason::UnknownDatastream, || {
                let remedy = format!("station \"{station}\" has no {}; add it to the catalog", field.datastream);
                (place(&field.at), remedy)
            });
            continue;
        };
        take(stream, told, field.unit.as_deref(), time, || place(&field.at), out);
    }
    if !found {
        out.refuse(Reason::Malformed, || {
            let remedy = "nothing of what its [[source]] reads is in it; write where the values stand as JSON pointers";
            (item.map_or_else(String::new, |item| format!("item {}", item + 1)), remedy.into())
        });
    }
}

fn take(
    stream: &Datastream,
    told: &Value,
    from: Option<&str>,
    time: Option<Time>,
    place: impl FnOnce() -> String,
    out: &mut Decoded,
) {
    let number = match told {
        Value::Null => return out.readings.push(Reading { datastream: stream.id, time, value: None }),
        Value::Bool(yes) if stream.nature() == Nature::State => Some(f64::from(u8::from(*yes))),
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    push(stream, number, from, time, place, out);
}

/// Takes a number in a unit, or says why not.
pub(super) fn push(
    stream: &Datastream,
    number: Option<f64>,
    from: Option<&str>,
    time: Option<Time>,
    place: impl FnOnce() -> String,
    out: &mut Decoded,
) {
    let kind = stream.name.kind();
    let number = number.and_then(|number| match from {
        None => Some(number),
        Some(from) => unit::convert(number, from, kind.unit),
    });
    match number.filter(|number| number.is_finite()) {
        Some(value) => out.readings.push(Reading { datastream: stream.id, time, value: Some(value) }),
        None => out.refuse(Reason::NotANumber, || (place(), format!("not a finite number; {} is one", kind.name))),
    }
}

/// A moment that another system names.
fn moment(context: &Context<'_>, told: &Value) -> Option<Time> {
    match told {
        Value::String(text) if text.len() <= 64 => {
            let zone = context.catalog.station(context.station).clock.as_ref();
            Time::parse_in(text, zone).ok().or_else(|| since_1970(text.trim().parse().ok()?))
        }
        Value::Number(number) => since_1970(number.as_f64()?),
        _ => None,
    }
}

/// Seconds or milliseconds since 1970.
pub(super) fn since_1970(number: f64) -> Option<Time> {
    let millis = if number.abs() < SECONDS_BELOW { number * 1e3 } else { number };
    #[expect(clippy::cast_possible_truncation, reason = "a cast of a float saturates, and the ends are out of range")]
    let millis = millis.round() as i64;
    Time::from_device_millis(millis)
}

/// RFC 3339 of an envelope.
pub(super) fn envelope_time(told: Option<&Value>) -> Option<Time> {
    Time::parse(told?.as_str()?).ok()
}

/// What a script made of a payload: each datastream's value, `t` for the time; `None` is missing.
pub fn named<'n>(
    context: &Context<'_>,
    time: Option<f64>,
    values: impl IntoIterator<Item = (Cow<'n, str>, Option<f64>)>,
    out: &mut Decoded,
) {
    out.clear();
    let time = match time.map(since_1970) {
        None => None,
        Some(Some(time)) => Some(time),
        Some(None) => {
            let remedy = "the script's `t` is no time; it is seconds or milliseconds since 1970";
            return out.refuse_all(Reason::BadTime, "\"t\"".into(), remedy.into());
        }
    };
    for (name, value) in values {
        match stream_of(context, &name) {
            None => out.refuse(super::unknown_reason(&name), || (echo(&name), super::unknown_remedy(context, &name))),
            Some(stream) => match value {
                None => out.readings.push(Reading { datastream: stream.id, time, value: None }),
                Some(value) => push(stream, Some(value), None, time, || echo(&name), out),
            },
        }
    }
}

/// `river_stage`, or `jamsu/river_stage` where the topic names no station.
fn stream_of<'a>(context: &Context<'a>, name: &str) -> Option<&'a Datastream> {
    let (station, name): (StationIndex, &str) = match name.split_once('/') {
        None => (context.station, name),
        Some((station, name)) => (context.catalog.station_named(station)?, name),
    };
    context.catalog.datastreams_of(station).iter().find(|stream| stream.name.is_written(name))
}

#[cfg(test)]
mod tests;
