//! Bongsu JSON, the payload of `bongsu/v1/{station}/obs`: an object or an array of objects whose keys are datastreams.
//!
//! ```json
//! {"t":"2026-07-08T20:31:00+09:00","river_stage":3.124,"battery_voltage":12.4}
//! {"t":1783510260000,"dt_ms":10,"acceleration.x":[0.1,0.3,null],"acceleration.y":[0.0,0.1,0.2]}
//! ```
//! `t` is RFC 3339 or whole milliseconds since 1970, absent or null: the time of receipt. With `dt_ms` arrays are
//! blocks: `t` is the time of the first sample. A bad key or value refuses itself only; what is no JSON at all, or
//! says a key twice that everything hangs on, refuses the whole message or object. Numbers that are none (`NaN`,
//! `1e999`), which JSON does not know but devices send, refuse themselves only.
//!
//! Start at [`decode`]; `walk` drives serde through the bytes and hands keys and values to [`Message`]. The good case allocates nothing: keys and texts are borrowed from the payload.

#[cfg(test)]
mod round_trip;
#[cfg(test)]
mod tests;
mod walk;

use super::{Context, Decoded, echo, not_a_number, unknown_reason, unknown_remedy};
use crate::catalog::Datastream;
use crate::kind::Nature;
use crate::reading::{Reading, Reason};
use crate::time::Time;
use serde::Deserializer;
use smallvec::SmallVec;
use std::borrow::Cow;

/// Below this an integer time is most probably in seconds: as milliseconds it would lie before March 1973.
const SECONDS_BELOW: f64 = 1e11;

/// Longest spacing of the samples of a block: a day. Longer ones are not blocks but mistakes.
const STEP_LIMIT_MS: f64 = 86_400_000.0;

/// Longest text that can be a time.
const TIME_TEXT_LIMIT: usize = 64;

/// Reads a payload into `out`.
pub fn decode(context: &Context<'_>, payload: &[u8], out: &mut Decoded) {
    if !out.begin(payload) {
        return;
    }
    let Err(error) = read(context, payload, out) else { return };
    if out.is_overfull() {
        out.refuse_overfull();
    } else if let Some(quoted) = not_a_number::quoted(payload) {
        out.clear();
        match read(context, &quoted, out) {
            Ok(()) => {}
            Err(_) if out.is_overfull() => out.refuse_overfull(),
            Err(error) => refuse_grammar(&error, out),
        }
    } else {
        refuse_grammar(&error, out);
    }
}

fn read(context: &Context<'_>, payload: &[u8], out: &mut Decoded) -> Result<(), serde_json::Error> {
    let streams = context.catalog.datastreams_of(context.station);
    let mut message = Message { context, streams, out, item: None, seen: SmallVec::new(), next: 0 };
    let mut json = serde_json::Deserializer::from_slice(payload);
    json.deserialize_any(walk::Top(&mut message))?;
    json.end()
}

fn refuse_grammar(error: &serde_json::Error, out: &mut Decoded) {
    let text = error.to_string();
    let what = text.split(" at line ").next().unwrap_or(&text);
    let what: String = what.chars().take(160).collect();
    let position = format!("line {}, column {}", error.line(), error.column());
    out.refuse_all(Reason::Malformed, position, format!("{what}; send a JSON object or an array of objects"));
}

/// A message while it is read.
struct Message<'a> {
    context: &'a Context<'a>,
    streams: &'a [Datastream],
    out: &'a mut Decoded,
    /// Which object of an array, from 1.
    item: Option<usize>,
    /// Datastreams the object has named already.
    seen: SmallVec<[u32; 16]>,
    /// Where the next datastream is looked for first: devices name them in the same order every time.
    next: usize,
}

/// What a key means.
enum Key {
    Time,
    Step,
    Stream(usize),
    Refused,
}

/// A value that is no list and no object.
enum Scalar<'de> {
    Null,
    Boolean(bool),
    Number(f64),
    Text(Cow<'de, str>),
    Nested,
}

/// What an object says about itself, until all of it is read.
struct Object {
    first: usize,
    time: Claim<Time>,
    step: Claim<f64>,
    blocks: bool,
}

/// A key that governs others: not there, there, or there and wrong (which has been told).
#[derive(Clone, Copy, PartialEq)]
enum Claim<T> {
    Absent,
    Given(T),
    Wrong,
}

impl Message<'_> {
    fn position(item: Option<usize>, key: &str) -> String {
        match item {
            Some(item) => format!("item {item}, {}", echo(key)),
            None => echo(key),
        }
    }

    fn refuse(&mut self, reason: Reason, key: &str, remedy: impl FnOnce() -> String) {
        let item = self.item;
        self.out.refuse(reason, || (Message::position(item, key), remedy()));
    }

    fn key(&mut self, text: &str) -> Key {
        match text {
            "t" => return Key::Time,
            "dt_ms" => return Key::Step,
            _ => {}
        }
        let Some(at) = self.find(text) else {
            self.refuse_key(text);
            return Key::Refused;
        };
        self.next = at + 1;
        let mark = u32::try_from(at).unwrap_or(u32::MAX);
        if self.seen.contains(&mark) {
            self.refuse(Reason::Conflict, text, || "stands twice in one object; send one object for each time".into());
            return Key::Refused;
        }
        self.seen.push(mark);
        Key::Stream(at)
    }

    fn find(&self, text: &str) -> Option<usize> {
        let is_it = |stream: &Datastream| stream.name.is_written(text);
        let start = self.next.min(self.streams.len());
        let (before, after) = self.streams.split_at(start);
        match after.iter().position(is_it) {
            Some(at) => Some(start + at),
            None => before.iter().position(is_it),
        }
    }

    fn refuse_key(&mut self, text: &str) {
        let context = self.context;
        self.refuse(unknown_reason(text), text, || match text {
            "time" | "ts" | "timestamp" => "unknown kind; the key of the time is \"t\"".into(),
            _ => unknown_remedy(context, text),
        });
    }

    /// Takes or refuses one value. `sample` is its place in a block; until the object is settled it stands in for the
    /// time.
    fn take(&mut self, at: usize, sample: Option<usize>, value: &Scalar<'_>) {
        let stream = &self.streams[at];
        let value = match value {
            Scalar::Null => Some(None),
            Scalar::Number(number) => Some(Some(*number)),
            Scalar::Boolean(yes) if stream.nature() == Nature::State => Some(Some(f64::from(u8::from(*yes)))),
            _ => None,
        };
        if let Some(value) = value {
            let time = sample.map(|sample| Time::from_millis(i64::try_from(sample).unwrap_or(i64::MAX)));
            self.out.readings.push(Reading { datastream: stream.id, time, value });
        } else {
            self.refuse_value(at, sample);
        }
    }

    fn refuse_value(&mut self, at: usize, sample: Option<usize>) {
        let (name, item) = (self.streams[at].name, self.item);
        let remedy = match name.kind().nature {
            Nature::State => "send a number, true or false, or null when it is missing",
            _ => "not a finite number; send a JSON number without quotes, or null when it is missing",
        };
        self.out.refuse(Reason::NotANumber, || {
            let mut position = Message::position(item, &name.to_string());
            if let Some(sample) = sample {
                position.push_str(&format!(", sample {}", sample + 1));
            }
            (position, remedy.to_owned())
        });
    }

    fn time(&mut self, object: &mut Object, value: Scalar<'_>) {
        if object.time != Claim::Absent {
            self.refuse(Reason::Conflict, "t", || "stands twice in one object; send one object for each time".into());
            object.time = Claim::Wrong;
            return;
        }
        let zone = self.context.catalog.station(self.context.station).clock.as_ref();
        object.time = match value {
            Scalar::Null => return,
            Scalar::Text(text) if text.len() <= TIME_TEXT_LIMIT => match Time::parse_in(&text, zone) {
                Ok(time) => Claim::Given(time),
                Err(error) => {
                    self.refuse(Reason::BadTime, "t", || error.to_string());
                    Claim::Wrong
                }
            },
            Scalar::Number(number) if number.abs() < SECONDS_BELOW => {
                self.refuse(Reason::BadTime, "t", || {
                    format!("{number} lies near 1970, so it is probably in seconds; send milliseconds")
                });
                Claim::Wrong
            }
            Scalar::Number(number) => match whole_millis(number) {
                Some(time) => Claim::Given(time),
                None => {
                    self.refuse(Reason::BadTime, "t", || "send whole milliseconds since 1970, or RFC 3339 text".into());
                    Claim::Wrong
                }
            },
            _ => {
                self.refuse(Reason::BadTime, "t", || {
                    "send RFC 3339 text such as \"2026-07-08T20:31:00+09:00\", or whole milliseconds since 1970".into()
                });
                Claim::Wrong
            }
        };
    }

    fn step(&mut self, object: &mut Object, value: &Scalar<'_>) {
        object.step = match value {
            Scalar::Number(step) if object.step == Claim::Absent && (1.0..=STEP_LIMIT_MS).contains(step) => {
                Claim::Given(*step)
            }
            _ => {
                let remedy =
                    "send once the milliseconds from sample to sample, from 1 (the resolution of time) to a day";
                self.refuse(Reason::Malformed, "dt_ms", || remedy.into());
                Claim::Wrong
            }
        };
    }

    /// Gives the readings of an object their times, now that all of it was read.
    fn settle(&mut self, object: &Object) {
        if object.time == Claim::Wrong {
            self.out.readings.truncate(object.first);
            return;
        }
        let spacing = if object.blocks { self.spacing(object) } else { None };
        let time = match object.time {
            Claim::Given(time) => Some(time),
            _ => None,
        };
        let mut kept = object.first;
        for at in object.first..self.out.readings.len() {
            let mut reading = self.out.readings[at];
            reading.time = match (reading.time, spacing) {
                (None, _) => time,
                #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "at most 10,000 days")]
                (Some(sample), Some((start, step))) => {
                    Some(Time::from_millis(start.millis() + (sample.millis() as f64 * step).round() as i64))
                }
                (Some(_), None) => continue,
            };
            self.out.readings[kept] = reading;
            kept += 1;
        }
        self.out.readings.truncate(kept);
    }

    /// Start and step of an object's blocks, or why they have none.
    fn spacing(&mut self, object: &Object) -> Option<(Time, f64)> {
        match (object.time, object.step) {
            (Claim::Given(start), Claim::Given(step)) => Some((start, step)),
            (_, Claim::Absent) => {
                self.refuse(Reason::Malformed, "dt_ms", || {
                    "an array of samples needs \"dt_ms\", the milliseconds from one to the next".into()
                });
                None
            }
            (_, Claim::Given(_)) => {
                self.refuse(Reason::BadTime, "t", || {
                    "a block needs \"t\", the time of its first sample: the time of receipt cannot anchor it".into()
                });
                None
            }
            _ => None,
        }
    }
}

/// Whole milliseconds as a moment, where they are whole and the moment can be written down.
fn whole_millis(number: f64) -> Option<Time> {
    #[expect(clippy::cast_possible_truncation, reason = "a cast of a float saturates, and the ends are out of range")]
    let millis = number as i64;
    if number.fract() == 0.0 { Time::from_device_millis(millis) } else { None }
}
