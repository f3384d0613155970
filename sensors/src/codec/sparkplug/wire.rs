//! The protocol buffers of Sparkplug B, as much of them as is read.
//!
//! The outer message is walked by hand, so that a payload of half a million empty metrics is refused before they take
//! any room.

use crate::codec::READING_LIMIT;
use crate::time::Time;
use prost::Message;

/// Numbers of the fields of a payload.
const TIMESTAMP: u64 = 1;
const METRICS: u64 = 2;
const SEQUENCE: u64 = 3;

/// Numbers of data types.
const BOOLEAN: u32 = 11;
const INT64: u32 = 4;
const SIGNED: std::ops::RangeInclusive<u32> = 1..=3;

/// Why bytes are no payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// They are something else.
    Broken,
    /// They say more than one message may.
    TooMany,
}

/// A payload.
#[derive(Debug, Default)]
pub struct Payload {
    timestamp: Option<u64>,
    /// Its place in the node's sequence.
    pub sequence: Option<u64>,
    /// What it says.
    pub metrics: Vec<Metric>,
}

/// One metric.
#[derive(Clone, PartialEq, Message)]
pub struct Metric {
    /// Its name, where it is told.
    #[prost(string, optional, tag = "1")]
    pub name: Option<String>,
    /// The number that stands for its name.
    #[prost(uint64, optional, tag = "2")]
    pub alias: Option<u64>,
    /// Milliseconds since 1970.
    #[prost(uint64, optional, tag = "3")]
    pub timestamp: Option<u64>,
    /// The number of its data type.
    #[prost(uint32, optional, tag = "4")]
    pub datatype: Option<u32>,
    /// It has no value.
    #[prost(bool, tag = "7")]
    pub is_null: bool,
    /// Its value.
    #[prost(oneof = "Value", tags = "10, 11, 12, 13, 14")]
    pub value: Option<Value>,
}

/// Values that can be numbers.
#[derive(Clone, Copy, PartialEq, prost::Oneof)]
pub enum Value {
    /// Whole numbers of up to 32 bits, negative ones as two's complement.
    #[prost(uint32, tag = "10")]
    Int(u32),
    /// Whole numbers of 64 bits, negative ones as two's complement.
    #[prost(uint64, tag = "11")]
    Long(u64),
    /// A number with a fraction.
    #[prost(float, tag = "12")]
    Float(f32),
    /// A number with a fraction.
    #[prost(double, tag = "13")]
    Double(f64),
    /// A state.
    #[prost(bool, tag = "14")]
    Boolean(bool),
}

impl Payload {
    /// Reads a payload.
    pub fn read(bytes: &[u8]) -> Result<Payload, Wrong> {
        let mut payload = Payload::default();
        let mut rest = bytes;
        while !rest.is_empty() {
            let key = variable(&mut rest)?;
            match (key >> 3, key & 7) {
                (TIMESTAMP, 0) => payload.timestamp = Some(variable(&mut rest)?),
                (SEQUENCE, 0) => payload.sequence = Some(variable(&mut rest)?),
                (field, 2) => {
                    let length = usize::try_from(variable(&mut rest)?).map_err(|_| Wrong::Broken)?;
                    let (body, after) = rest.split_at_checked(length).ok_or(Wrong::Broken)?;
                    rest = after;
                    if field == METRICS {
                        if payload.metrics.len() >= READING_LIMIT {
                            return Err(Wrong::TooMany);
                        }
                        payload.metrics.push(Metric::decode(body).map_err(|_| Wrong::Broken)?);
                    }
                }
                (1.., 0) => drop(variable(&mut rest)?),
                (1.., 1) => rest = rest.get(8..).ok_or(Wrong::Broken)?,
                (1.., 5) => rest = rest.get(4..).ok_or(Wrong::Broken)?,
                _ => return Err(Wrong::Broken),
            }
        }
        Ok(payload)
    }

    /// When it was sent.
    pub fn time(&self) -> Option<Time> {
        time(self.timestamp)
    }
}

impl Metric {
    /// When its value was true.
    pub fn time(&self) -> Option<Time> {
        time(self.timestamp)
    }

    /// Its value as a number of this data type.
    pub fn number(&self, datatype: u32) -> Option<f64> {
        Some(match self.value? {
            #[expect(clippy::cast_possible_wrap, reason = "two's complement, as the standard says")]
            Value::Int(bits) if SIGNED.contains(&datatype) => f64::from(bits as i32),
            Value::Int(number) => f64::from(number),
            #[expect(clippy::cast_possible_wrap, clippy::cast_precision_loss, reason = "as the standard says")]
            Value::Long(bits) if datatype == INT64 => bits as i64 as f64,
            #[expect(clippy::cast_precision_loss, reason = "a value of a sensor")]
            Value::Long(number) => number as f64,
            // A float's own digits: 8.7 and not 8.699999809265137.
            Value::Float(number) => number.to_string().parse().unwrap_or_else(|_| f64::from(number)),
            Value::Double(number) => number,
            Value::Boolean(yes) => f64::from(u8::from(yes)),
        })
    }

    /// Its value as a whole number.
    pub fn whole(&self) -> Option<u64> {
        match self.value? {
            Value::Int(number) => Some(number.into()),
            Value::Long(number) => Some(number),
            _ => None,
        }
    }
}

fn time(millis: Option<u64>) -> Option<Time> {
    Time::from_device_millis(i64::try_from(millis?).ok()?)
}

fn variable(rest: &mut &[u8]) -> Result<u64, Wrong> {
    let mut number = 0;
    for at in 0..10 {
        let (byte, after) = rest.split_first().ok_or(Wrong::Broken)?;
        *rest = after;
        number |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(Wrong::Broken)
}

/// The command by which a node is asked to say again what it is.
pub fn rebirth(now: Time) -> Vec<u8> {
    let timestamp = u64::try_from(now.millis()).ok();
    let metric = Metric {
        name: Some("Node Control/Rebirth".into()),
        timestamp,
        datatype: Some(BOOLEAN),
        value: Some(Value::Boolean(true)),
        ..Metric::default()
    };
    let mut bytes = Vec::new();
    if let Some(timestamp) = timestamp {
        prost::encoding::uint64::encode(1, &timestamp, &mut bytes);
    }
    prost::encoding::message::encode(2, &metric, &mut bytes);
    bytes
}
