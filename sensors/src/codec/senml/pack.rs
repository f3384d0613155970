//! SenML's bytes, JSON or CBOR, as records of labels and values. Judges nothing but grammar; what the labels mean to
//! each other is `resolve`'s business.

use crate::codec::{READING_LIMIT, not_a_number};
use serde::de::{
    Deserialize, Deserializer, EnumAccess, Error, IgnoredAny, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use smallvec::SmallVec;
use std::fmt;

/// Deepest nesting of CBOR that is followed; SenML itself needs four levels, extensions may need a few more.
const NESTING_LIMIT: usize = 16;

/// The CBOR tag of a decimal fraction: [exponent, mantissa].
const DECIMAL_FRACTION: u64 = 4;

/// The fields RFC 8428 defines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    BaseVersion,
    BaseName,
    BaseTime,
    BaseUnit,
    BaseValue,
    BaseSum,
    Name,
    Unit,
    Value,
    TextValue,
    BooleanValue,
    DataValue,
    Sum,
    Time,
    UpdateTime,
}

/// Each label in JSON and in CBOR (RFC 8428, table 4).
const LABELS: [(Label, &str, i64); 15] = [
    (Label::BaseVersion, "bver", -1),
    (Label::BaseName, "bn", -2),
    (Label::BaseTime, "bt", -3),
    (Label::BaseUnit, "bu", -4),
    (Label::BaseValue, "bv", -5),
    (Label::BaseSum, "bs", -6),
    (Label::Name, "n", 0),
    (Label::Unit, "u", 1),
    (Label::Value, "v", 2),
    (Label::TextValue, "vs", 3),
    (Label::BooleanValue, "vb", 4),
    (Label::DataValue, "vd", 8),
    (Label::Sum, "s", 5),
    (Label::Time, "t", 6),
    (Label::UpdateTime, "ut", 7),
];

impl Label {
    /// Its name in JSON, which is what people know.
    pub fn name(self) -> &'static str {
        LABELS[self as usize].1
    }
}

/// A value of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Atom {
    Number(f64),
    Boolean(bool),
    Text(String),
    Bytes(Vec<u8>),
    /// Anything SenML has no use for: null, lists, maps, unknown tags.
    Other,
}

/// A record as it was sent.
#[derive(Debug, Default)]
pub struct Record {
    fields: SmallVec<[(Label, Atom); 4]>,
    /// A label that stood twice.
    pub twice: Option<Label>,
    /// A label that ends in `_` and is not known: the record must not be understood without it.
    pub must_understand: Option<String>,
}

impl Record {
    /// The value of a field.
    pub fn get(&self, label: Label) -> Option<&Atom> {
        self.fields.iter().find(|(known, _)| *known == label).map(|(_, atom)| atom)
    }

    /// Whether it says nothing but what holds for the records behind it.
    pub fn is_base_only(&self) -> bool {
        self.fields.iter().all(|(label, _)| (*label as usize) < Label::Name as usize)
    }
}

/// Why bytes are no pack of records.
#[derive(Debug)]
pub enum NoPack {
    /// More records than one message may hold.
    TooMany,
    /// The grammar is wrong there.
    Grammar { position: String, what: String },
}

/// Reads a pack. CBOR arrays and tags begin with a byte no JSON text begins with.
pub fn read(payload: &[u8]) -> Result<Vec<Record>, NoPack> {
    let pack =
        if payload.first().is_some_and(|byte| byte & 0x80 != 0) { read_cbor(payload) } else { read_json(payload) };
    match pack {
        Ok(pack) if pack.too_many => Err(NoPack::TooMany),
        Ok(pack) => Ok(pack.records),
        Err(wrong) => Err(wrong),
    }
}

fn read_json(payload: &[u8]) -> Result<Pack, NoPack> {
    let first = match serde_json::from_slice(payload) {
        Ok(pack) => return Ok(pack),
        Err(error) => error,
    };
    let again = not_a_number::quoted(payload).map(|quoted| serde_json::from_slice(&quoted));
    again.unwrap_or(Err(first)).map_err(|error| {
        let text = error.to_string();
        NoPack::Grammar {
            position: format!("line {}, column {}", error.line(), error.column()),
            what: text.split(" at line ").next().unwrap_or(&text).to_owned(),
        }
    })
}

fn read_cbor(payload: &[u8]) -> Result<Pack, NoPack> {
    let mut rest = payload;
    let pack: Result<Pack, _> = ciborium::de::from_reader_with_recursion_limit(&mut rest, NESTING_LIMIT);
    let position = format!("byte {}", payload.len() - rest.len());
    match pack {
        Ok(_) if !rest.is_empty() => Err(NoPack::Grammar { position, what: "more bytes behind the pack".to_owned() }),
        Ok(pack) => Ok(pack),
        Err(error) => {
            use ciborium::de::Error as Cbor;
            let what = match error {
                Cbor::Io(_) => "it ends too early".to_owned(),
                Cbor::Syntax(_) => "no CBOR".to_owned(),
                Cbor::Semantic(_, what) => what,
                Cbor::RecursionLimitExceeded => format!("nested deeper than {NESTING_LIMIT}"),
            };
            Err(NoPack::Grammar { position, what })
        }
    }
}

#[derive(Default)]
struct Pack {
    records: Vec<Record>,
    too_many: bool,
}

impl<'de> Deserialize<'de> for Pack {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Pack, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Pack;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of SenML records")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Pack, A::Error> {
                // The length that CBOR claims is not believed: the vector grows with what is there.
                let mut pack = Pack::default();
                while let Some(record) = list.next_element()? {
                    if pack.records.len() < READING_LIMIT {
                        pack.records.push(record);
                    } else {
                        pack.too_many = true;
                    }
                }
                Ok(pack)
            }
        }
        from.deserialize_seq(Visit)
    }
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Record, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Record;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a SenML record")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Record, A::Error> {
                let mut record = Record::default();
                while let Some(key) = map.next_key::<Key>()? {
                    match key {
                        Key::Known(label) if record.get(label).is_none() => {
                            record.fields.push((label, map.next_value()?));
                            continue;
                        }
                        Key::Known(label) => record.twice = Some(label),
                        Key::MustUnderstand(name) => record.must_understand = Some(name),
                        Key::Ignored => {}
                    }
                    map.next_value::<IgnoredAny>()?;
                }
                Ok(record)
            }
        }
        from.deserialize_map(Visit)
    }
}

enum Key {
    Known(Label),
    MustUnderstand(String),
    Ignored,
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Key, D::Error> {
        struct Visit;
        impl Visitor<'_> for Visit {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a SenML label")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Key, E> {
                let known = LABELS.iter().find(|(_, name, _)| *name == text);
                Ok(match known {
                    Some((label, ..)) => Key::Known(*label),
                    None if text.ends_with('_') => Key::MustUnderstand(text.chars().take(64).collect()),
                    None => Key::Ignored,
                })
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Key, E> {
                let known = LABELS.iter().find(|(.., code)| *code == number);
                Ok(known.map_or(Key::Ignored, |(label, ..)| Key::Known(*label)))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Key, E> {
                self.visit_i64(i64::try_from(number).unwrap_or(i64::MAX))
            }
        }
        from.deserialize_any(Visit)
    }
}

impl<'de> Deserialize<'de> for Atom {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Atom, D::Error> {
        from.deserialize_any(AtomVisit)
    }
}

struct AtomVisit;

#[expect(clippy::cast_precision_loss, reason = "values are f64 everywhere, whole numbers too")]
impl<'de> Visitor<'de> for AtomVisit {
    type Value = Atom;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Atom, E> {
        Ok(Atom::Other)
    }

    fn visit_none<E: Error>(self) -> Result<Atom, E> {
        Ok(Atom::Other)
    }

    fn visit_bool<E: Error>(self, yes: bool) -> Result<Atom, E> {
        Ok(Atom::Boolean(yes))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Atom, E> {
        Ok(Atom::Number(number as f64))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Atom, E> {
        Ok(Atom::Number(number as f64))
    }

    fn visit_i128<E: Error>(self, number: i128) -> Result<Atom, E> {
        Ok(Atom::Number(number as f64))
    }

    fn visit_u128<E: Error>(self, number: u128) -> Result<Atom, E> {
        Ok(Atom::Number(number as f64))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Atom, E> {
        Ok(Atom::Number(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Atom, E> {
        Ok(Atom::Text(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Atom, E> {
        Ok(Atom::Text(text))
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Atom, E> {
        Ok(Atom::Bytes(bytes.to_owned()))
    }

    fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Atom, E> {
        Ok(Atom::Bytes(bytes))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Atom, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Atom::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Atom, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Atom::Other)
    }

    /// A CBOR tag comes as an enum of two: the tag's number and the value.
    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<Atom, A::Error> {
        let (_, content) = tagged.variant::<IgnoredAny>()?;
        content.tuple_variant(2, TaggedVisit)
    }
}

struct TaggedVisit;

impl<'de> Visitor<'de> for TaggedVisit {
    type Value = Atom;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a tag and its value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut content: A) -> Result<Atom, A::Error> {
        if content.next_element::<u64>()? != Some(DECIMAL_FRACTION) {
            content.next_element::<IgnoredAny>()?;
            return Ok(Atom::Other);
        }
        let number = content.next_element::<(i32, i64)>()?;
        // Written out and read back, the nearest double is found for every exponent.
        let number = number.and_then(|(exponent, mantissa)| format!("{mantissa}e{exponent}").parse().ok());
        Ok(number.map_or(Atom::Other, Atom::Number))
    }
}
