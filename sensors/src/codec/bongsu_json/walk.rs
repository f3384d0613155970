//! The way through the JSON of a message: serde's visitors, one for each place a value can stand. They hand keys and
//! values to [`Message`], which decides; they themselves judge nothing, and go no deeper than a block in an object in
//! an array. Start at [`Top`].

use super::{Claim, Key, Message, Object, Scalar};
use crate::reading::Reason;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// Reads the whole payload.
pub struct Top<'m, 'a>(pub &'m mut Message<'a>);

impl<'de> Visitor<'de> for Top<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of datastreams or an array of such objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        read_object(self.0, map)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        self.0.item = Some(1);
        while list.next_element_seed(ItemSeed(self.0))?.is_some() {
            if self.0.out.is_overfull() {
                return Err(A::Error::custom("too many readings"));
            }
            self.0.item = self.0.item.map(|item| item + 1);
        }
        Ok(())
    }
}

struct KeySeed<'m, 'a>(&'m mut Message<'a>);

impl<'de> DeserializeSeed<'de> for KeySeed<'_, '_> {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Key, D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed<'_, '_> {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a datastream")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Key, E> {
        Ok(self.0.key(text))
    }
}

fn read_object<'de, A: MapAccess<'de>>(message: &mut Message<'_>, mut map: A) -> Result<(), A::Error> {
    let first = message.out.readings.len();
    let mut object = Object { first, time: Claim::Absent, step: Claim::Absent, blocks: false };
    message.seen.clear();
    while let Some(key) = map.next_key_seed(KeySeed(message))? {
        match key {
            Key::Time => message.time(&mut object, map.next_value_seed(ScalarSeed)?),
            Key::Step => message.step(&mut object, &map.next_value_seed(ScalarSeed)?),
            Key::Stream(at) => object.blocks |= map.next_value_seed(ValueSeed { message, at })?,
            Key::Refused => {
                map.next_value::<IgnoredAny>()?;
            }
        }
        if message.out.is_overfull() {
            return Err(A::Error::custom("too many readings"));
        }
    }
    message.settle(&object);
    Ok(())
}

fn skip_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<(), A::Error> {
    while list.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

fn skip_map<'de, A: MapAccess<'de>>(mut map: A) -> Result<(), A::Error> {
    while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

/// Reads one item of the array.
struct ItemSeed<'m, 'a>(&'m mut Message<'a>);

/// Reads the value of a datastream; answers whether it was a block.
struct ValueSeed<'m, 'a> {
    message: &'m mut Message<'a>,
    at: usize,
}

/// The visits of everything that is no list and no object. Values are f64 everywhere, whole numbers too: JSON itself
/// knows no integers.
macro_rules! visit_scalars {
    ($then:expr) => {
        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok($then(self, Scalar::Null))
        }
        fn visit_bool<E: Error>(self, yes: bool) -> Result<Self::Value, E> {
            Ok($then(self, Scalar::Boolean(yes)))
        }
        fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
            Ok($then(self, Scalar::Number(number as f64)))
        }
        fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
            Ok($then(self, Scalar::Number(number as f64)))
        }
        fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
            Ok($then(self, Scalar::Number(number)))
        }
        fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
            Ok($then(self, Scalar::Text(Cow::Owned(text.to_owned()))))
        }
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a value")
        }
    };
}

/// Reads a value that is no list and no object; what is nested is skipped.
struct ScalarSeed;

impl<'de> DeserializeSeed<'de> for ScalarSeed {
    type Value = Scalar<'de>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Scalar<'de>, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ScalarSeed {
    type Value = Scalar<'de>;

    visit_scalars!(|_, scalar| scalar);

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Borrowed(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Scalar<'de>, A::Error> {
        skip_list(list).map(|()| Scalar::Nested)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Scalar<'de>, A::Error> {
        skip_map(map).map(|()| Scalar::Nested)
    }
}

impl<'de> DeserializeSeed<'de> for ItemSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ItemSeed<'_, '_> {
    type Value = ();

    visit_scalars!(|mut this: Self, _| this.refuse());

    fn visit_seq<A: SeqAccess<'de>>(mut self, list: A) -> Result<(), A::Error> {
        self.refuse();
        skip_list(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        read_object(self.0, map)
    }
}

impl ItemSeed<'_, '_> {
    fn refuse(&mut self) {
        let item = self.0.item.unwrap_or_default();
        self.0.out.refuse(Reason::Malformed, || {
            (format!("item {item}"), "send objects such as {\"t\":…,\"river_stage\":3.1} in the array".to_owned())
        });
    }
}

impl<'de> DeserializeSeed<'de> for ValueSeed<'_, '_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<bool, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed<'_, '_> {
    type Value = bool;

    visit_scalars!(|this: Self, scalar| {
        this.message.take(this.at, None, &scalar);
        false
    });

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<bool, A::Error> {
        let mut sample = 0;
        while let Some(value) = list.next_element_seed(ScalarSeed)? {
            self.message.take(self.at, Some(sample), &value);
            sample += 1;
            if self.message.out.is_overfull() {
                return Err(A::Error::custom("too many readings"));
            }
        }
        Ok(true)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<bool, A::Error> {
        self.message.take(self.at, None, &Scalar::Nested);
        skip_map(map).map(|()| false)
    }
}
