//! SenML as JSON or CBOR (RFC 8428), the payload of `bongsu/v1/{station}/senml`: the record's name is the datastream.
//!
//! ```json
//! [{"bn":"jamsu/","bt":1783510260,"n":"river_stage","u":"m","v":3.124},{"n":"battery_voltage","u":"mV","v":12400}]
//! ```
//! A prefix up to the last `/` or `:` may say who speaks (`urn:dev:ow:10e2073a01080063:`); where it ends in the name of
//! another station, the record is refused. Units are converted to the kind's where only the scale differs. Times below
//! 2^28 are relative to the time of receipt; zero or none is that time itself. XML, EXI and streams are not served.
//!
//! Three steps: `pack` reads the bytes, [`resolve()`] lets every record stand for itself, [`decode`] maps it to a reading.

mod pack;
mod resolve;
#[cfg(test)]
mod tests;

pub use resolve::{RELATIVE_BELOW_S, ResolvedRecord, ResolvedValue, SenmlError, resolve};

use super::{Context, Decoded, echo, unit, unknown_reason, unknown_remedy};
use crate::catalog::Datastream;
use crate::kind::Nature;
use crate::reading::{Reading, Reason};
use crate::time::Time;
use resolve::RecordError;

/// Reads a payload into `out`.
pub fn decode(context: &Context<'_>, payload: &[u8], out: &mut Decoded) {
    if !out.begin(payload) {
        return;
    }
    let outcome = resolve::resolve_each(payload, |at, record| match record {
        Ok(record) => match reading(context, &record) {
            Ok(reading) => out.readings.push(reading),
            Err((reason, remedy)) => out.refuse(reason, || {
                let remedy = remedy.unwrap_or_else(|| unknown_remedy(context, prefix_and_last(&record.name).1));
                (format!("record {at}, {}", echo(&record.name)), remedy)
            }),
        },
        Err(error) => {
            let (reason, remedy) = words(error);
            out.refuse(reason, || (format!("record {at}"), remedy));
        }
    });
    match outcome {
        Ok(()) => {}
        Err(SenmlError::TooMany) => out.refuse_overfull(),
        Err(error) => out.refuse_all(Reason::Malformed, error.position(), error.to_string()),
    }
}

fn words(error: RecordError) -> (Reason, String) {
    match error {
        RecordError::Twice(label) => (Reason::Conflict, format!("{:?} stands twice in one record", label.name())),
        RecordError::Field(pack::Label::Time, expected) => {
            (Reason::BadTime, format!("\"t\" is wrong; send {expected}"))
        }
        RecordError::Field(label, expected) => {
            (Reason::Malformed, format!("{:?} is wrong; send {expected}", label.name()))
        }
        RecordError::NotANumber => (Reason::NotANumber, "\"v\" is not a finite number; send one without quotes".into()),
        RecordError::NoOneValue => {
            (Reason::Malformed, "a record has one value; send \"v\", or \"vb\" for a state".into())
        }
    }
}

/// Why a record is not taken, and what to send instead; the words about an unknown name are left for later.
type Wrong = (Reason, Option<String>);

fn reading(context: &Context<'_>, record: &ResolvedRecord) -> Result<Reading, Wrong> {
    let stream = datastream(context, &record.name)?;
    let kind = stream.name.kind();
    let value = match record.value {
        Some(ResolvedValue::Number(number)) => number,
        Some(ResolvedValue::Boolean(yes)) if kind.nature == Nature::State => f64::from(u8::from(yes)),
        Some(_) => return Err((Reason::NotANumber, Some(format!("{} is a number; send it as \"v\"", kind.name)))),
        None => return Err((Reason::Malformed, Some(format!("a sum is no {}; send its value as \"v\"", kind.name)))),
    };
    let value = match &record.unit {
        None => value,
        Some(from) => unit::convert(value, from, kind.unit).filter(|value| value.is_finite()).ok_or_else(|| {
            let remedy = format!("{} is not measured in {}; send unit {:?}", kind.name, echo(from), kind.unit);
            (Reason::Malformed, Some(remedy))
        })?,
    };
    Ok(Reading { datastream: stream.id, time: time(context, record.time)?, value: Some(value) })
}

/// The datastream a record's name means, with or without a prefix that says who speaks.
fn datastream<'a>(context: &Context<'a>, name: &str) -> Result<&'a Datastream, Wrong> {
    let catalog = context.catalog;
    let station = &catalog.station(context.station).id;
    let (prefix, last) = prefix_and_last(name);
    let speaker = prefix.rsplit(['/', ':']).next().unwrap_or_default();
    if speaker != station.as_str() && catalog.station_named(speaker).is_some() {
        let remedy = format!("{station} speaks of {speaker}; publish it to bongsu/v1/{speaker}/senml");
        return Err((Reason::UnknownStation, Some(remedy)));
    }
    let known = catalog.datastreams_of(context.station).iter().find(|stream| stream.name.is_written(last));
    known.ok_or_else(|| (unknown_reason(last), None))
}

/// A name's prefix, which may be empty, and what stands behind it.
fn prefix_and_last(name: &str) -> (&str, &str) {
    name.rsplit_once(['/', ':']).unwrap_or(("", name))
}

fn time(context: &Context<'_>, seconds: f64) -> Result<Option<Time>, Wrong> {
    if seconds == 0.0 {
        return Ok(None);
    }
    #[expect(clippy::cast_possible_truncation, reason = "a cast of a float saturates, and the ends are out of range")]
    let millis = (seconds * 1e3).round() as i64;
    let base = if seconds < RELATIVE_BELOW_S { context.received.millis() } else { 0 };
    match Time::from_device_millis(base.saturating_add(millis)) {
        Some(time) => Ok(Some(time)),
        None => Err((Reason::BadTime, Some(format!("{seconds} s is no time; send seconds since 1970")))),
    }
}
