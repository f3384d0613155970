//! SenML records without their base fields (RFC 8428, section 4.6): each stands for itself. Generic: knows nothing of
//! stations and kinds.

use super::pack::{self, Atom, Label, NoPack, Record};

/// Times below this, in seconds, are relative to now (RFC 8428, section 4.5.3).
pub const RELATIVE_BELOW_S: f64 = 268_435_456.0;

/// Highest version whose fields are known here, and that version with RFC 9100's bit for secondary units.
const VERSIONS: (f64, f64) = (10.0, 26.0);

/// Longest base name and name, bytes: every record repeats the base name, so it bounds what a pack can grow to.
const NAME_LIMIT: usize = 256;

/// A record that stands for itself.
#[derive(Clone, Debug, PartialEq)]
pub struct ResolvedRecord {
    /// Base name and name.
    pub name: String,
    /// Unit, where one is given.
    pub unit: Option<String>,
    /// Value, where there is one.
    pub value: Option<ResolvedValue>,
    /// Sum over time, where there is one.
    pub sum: Option<f64>,
    /// Seconds since 1970; below 2^28, seconds from now.
    pub time: f64,
    /// Seconds until the next record is to be expected, where that is said.
    pub update_time: Option<f64>,
}

/// A value of any of SenML's types.
#[derive(Clone, Debug, PartialEq)]
pub enum ResolvedValue {
    /// `v`.
    Number(f64),
    /// `vs`.
    Text(String),
    /// `vb`.
    Boolean(bool),
    /// `vd`.
    Data(Vec<u8>),
}

/// Why nothing of a pack can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SenmlError {
    /// The bytes are no pack.
    #[error("{what}; send a SenML array of records as JSON or CBOR (RFC 8428)")]
    Grammar {
        /// Where.
        position: String,
        /// What is wrong.
        what: String,
    },
    /// More records than a message may hold.
    #[error("more than {} records; send them in several messages", crate::codec::READING_LIMIT)]
    TooMany,
    /// A base field is wrong, on which all records behind it hang.
    #[error("base field \"{label}\" is wrong; send {expected}")]
    Base {
        /// Which record, from 1.
        record: usize,
        /// Its label.
        label: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// A label that ends in `_` must be understood, and is not.
    #[error("field {label:?} must be understood and is not known here; send the pack without it")]
    MustUnderstand {
        /// Which record, from 1.
        record: usize,
        /// The label.
        label: String,
    },
    /// A version of the future.
    #[error("SenML of a version above 10; send version 10, or leave \"bver\" out")]
    Version {
        /// Which record, from 1.
        record: usize,
    },
}

impl SenmlError {
    /// Where in the message; empty for all of it.
    pub fn position(&self) -> String {
        match self {
            SenmlError::Grammar { position, .. } => position.clone(),
            SenmlError::TooMany => String::new(),
            SenmlError::Base { record, .. }
            | SenmlError::MustUnderstand { record, .. }
            | SenmlError::Version { record } => format!("record {record}"),
        }
    }
}

impl From<NoPack> for SenmlError {
    fn from(no_pack: NoPack) -> SenmlError {
        match no_pack {
            NoPack::TooMany => SenmlError::TooMany,
            NoPack::Grammar { position, what } => {
                SenmlError::Grammar { position, what: what.chars().take(160).collect() }
            }
        }
    }
}

/// What is wrong with one record, while the others stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordError {
    /// A label stands twice.
    Twice(Label),
    /// A field is of the wrong type.
    Field(Label, &'static str),
    /// A number is none.
    NotANumber,
    /// It says no value, or several.
    NoOneValue,
}

/// Reads a pack and resolves it.
///
/// # Errors
/// Bytes that are no pack, and packs none of whose records can be used. A record that is wrong by itself is left out.
pub fn resolve(payload: &[u8]) -> Result<Vec<ResolvedRecord>, SenmlError> {
    let mut records = Vec::new();
    resolve_each(payload, |_, record| records.extend(record.ok()))?;
    Ok(records)
}

/// Reads a pack and hands over each record, with its place from 1.
pub fn resolve_each(
    payload: &[u8],
    mut take: impl FnMut(usize, Result<ResolvedRecord, RecordError>),
) -> Result<(), SenmlError> {
    let records = pack::read(payload)?;
    if let Some((at, label)) = records.iter().enumerate().find_map(|(at, r)| Some((at, r.must_understand.clone()?))) {
        return Err(SenmlError::MustUnderstand { record: at + 1, label });
    }
    let mut base = Base::default();
    for (record, at) in records.iter().zip(1..) {
        base.read(record, at)?;
        if !record.is_base_only() {
            take(at, base.resolve(record));
        }
    }
    Ok(())
}

/// What the records so far say for those behind them.
#[derive(Default)]
struct Base {
    name: String,
    unit: Option<String>,
    time: f64,
    value: Option<f64>,
    sum: Option<f64>,
}

impl Base {
    fn read(&mut self, record: &Record, at: usize) -> Result<(), SenmlError> {
        let wrong = |label: Label, expected| SenmlError::Base { record: at, label: label.name(), expected };
        let number = |label: Label| match record.get(label) {
            None => Ok(None),
            Some(Atom::Number(number)) if number.is_finite() => Ok(Some(*number)),
            Some(_) => Err(wrong(label, "a number")),
        };
        let text = |label: Label| match record.get(label) {
            None => Ok(None),
            Some(Atom::Text(text)) if text.len() <= NAME_LIMIT => Ok(Some(text.clone())),
            Some(_) => Err(wrong(label, "text of up to 256 bytes")),
        };
        if let Some(label) = record.twice.filter(|label| (*label as usize) < Label::Name as usize) {
            return Err(wrong(label, "it once in a record"));
        }
        if number(Label::BaseVersion)?.is_some_and(|version| version > VERSIONS.0 && version != VERSIONS.1) {
            return Err(SenmlError::Version { record: at });
        }
        if let Some(name) = text(Label::BaseName)? {
            self.name = name;
        }
        self.unit = text(Label::BaseUnit)?.or(self.unit.take());
        self.time = number(Label::BaseTime)?.unwrap_or(self.time);
        self.value = number(Label::BaseValue)?.or(self.value);
        self.sum = number(Label::BaseSum)?.or(self.sum);
        Ok(())
    }

    fn resolve(&self, record: &Record) -> Result<ResolvedRecord, RecordError> {
        if let Some(label) = record.twice {
            return Err(RecordError::Twice(label));
        }
        let name = text(record, Label::Name)?.unwrap_or_default();
        let sum = number(record, Label::Sum)?;
        let value = value(record, self.value)?;
        // A base alone is a value of zero above it, but not beside a value of another type.
        let sum = match (sum, self.sum) {
            (None, Some(_)) if value.is_some() => None,
            (None, base) => base,
            (Some(sum), base) => Some(sum + base.unwrap_or(0.0)),
        };
        let value = match value {
            None if sum.is_none() => self.value.map(ResolvedValue::Number),
            value => value,
        };
        if value.is_none() && sum.is_none() {
            return Err(RecordError::NoOneValue);
        }
        Ok(ResolvedRecord {
            name: format!("{}{name}", self.name),
            unit: text(record, Label::Unit)?.map(str::to_owned).or_else(|| self.unit.clone()),
            value,
            sum,
            time: self.time + number(record, Label::Time)?.unwrap_or(0.0),
            update_time: number(record, Label::UpdateTime)?,
        })
    }
}

fn number(record: &Record, label: Label) -> Result<Option<f64>, RecordError> {
    match record.get(label) {
        None => Ok(None),
        Some(Atom::Number(number)) if number.is_finite() => Ok(Some(*number)),
        Some(_) if label == Label::Value => Err(RecordError::NotANumber),
        Some(_) => Err(RecordError::Field(label, "a finite number")),
    }
}

fn text(record: &Record, label: Label) -> Result<Option<&str>, RecordError> {
    match record.get(label) {
        None => Ok(None),
        Some(Atom::Text(text)) if text.len() <= NAME_LIMIT => Ok(Some(text)),
        Some(_) => Err(RecordError::Field(label, "text of up to 256 bytes")),
    }
}

fn value(record: &Record, base: Option<f64>) -> Result<Option<ResolvedValue>, RecordError> {
    let labels = [Label::Value, Label::TextValue, Label::BooleanValue, Label::DataValue];
    let mut given = labels.into_iter().filter(|label| record.get(*label).is_some());
    let Some(label) = given.next() else { return Ok(None) };
    if given.next().is_some() {
        return Err(RecordError::NoOneValue);
    }
    let value = match (label, record.get(label)) {
        (Label::Value, _) => number(record, label)?.map(|value| value + base.unwrap_or(0.0)).map(ResolvedValue::Number),
        (Label::TextValue, Some(Atom::Text(text))) => Some(ResolvedValue::Text(text.clone())),
        (Label::BooleanValue, Some(Atom::Boolean(yes))) => Some(ResolvedValue::Boolean(*yes)),
        (Label::DataValue, Some(Atom::Bytes(bytes))) => Some(ResolvedValue::Data(bytes.clone())),
        (Label::DataValue, Some(Atom::Text(text))) => base64url(text).map(ResolvedValue::Data),
        _ => None,
    };
    match value {
        Some(ResolvedValue::Number(number)) if !number.is_finite() => Err(RecordError::NotANumber),
        Some(value) => Ok(Some(value)),
        None => Err(RecordError::Field(label, "a value of the type its label promises")),
    }
}

/// Reads base64url (RFC 4648, section 5), with or without padding.
fn base64url(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for character in text.trim_end_matches('=').bytes() {
        let six = match character {
            b'A'..=b'Z' => character - b'A',
            b'a'..=b'z' => character - b'a' + 26,
            b'0'..=b'9' => character - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(six)) & 0xFFFF;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xFF) as u8);
        }
    }
    Some(bytes)
}
