//! The names of things: stations, areas, and the datastreams of a station. Each is its own type, so that one cannot be
//! handed over as another.

use crate::kind::{Kind, KindId};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Longest station or area name: it becomes a topic level, a file name and a column.
pub const NAME_LIMIT: usize = 64;

/// Whether a text may name a station or an area: ASCII letters, digits, `_`, `-` and `.`, beginning with a letter or
/// digit. Topics and file names are made of these names, so nothing else is let in.
pub fn is_name(text: &str) -> bool {
    text.len() <= NAME_LIMIT
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $type(Arc<str>);

        impl $type {
            /// Takes a name that is already known to be one (see [`is_name`]).
            pub fn new(name: &str) -> $type {
                $type(name.into())
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::borrow::Borrow<str> for $type {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

name! {
    /// A station: a place with an identity and coordinates.
    StationId
}
name! {
    /// An area: an administrative district or a risk polygon.
    AreaCode
}

/// Which of several datastreams of one kind: a number from 1, or an axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Instance(u8);

impl Instance {
    /// The first, which is written without a number.
    pub const FIRST: Instance = Instance(0);

    /// Reads `2`, `17`, `x`, `y` or `z`.
    pub fn parse(text: &str) -> Option<Instance> {
        match text {
            "x" => Some(Instance(253)),
            "y" => Some(Instance(254)),
            "z" => Some(Instance(255)),
            _ => match text.parse::<u8>() {
                // One spelling for one datastream: `02` or `+2` would be a second name of `2`.
                Ok(n @ 1..=200) if text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0') => {
                    Some(Instance(n - 1))
                }
                _ => None,
            },
        }
    }
}

impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            253 => f.write_str("x"),
            254 => f.write_str("y"),
            255 => f.write_str("z"),
            n => write!(f, "{}", u16::from(n) + 1),
        }
    }
}

/// A datastream within its station: a kind, and which of several of that kind. Written `river_stage`, `tilt.2`,
/// `acceleration.x`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DatastreamName {
    /// What it observes.
    pub kind: KindId,
    /// Which of several.
    pub instance: Instance,
}

impl DatastreamName {
    /// The first datastream of a kind.
    pub const fn first(kind: KindId) -> DatastreamName {
        DatastreamName { kind, instance: Instance::FIRST }
    }

    /// Whether a text names this datastream: the same as to parse it and compare, without a look at the other kinds.
    pub fn is_written(self, text: &str) -> bool {
        match text.strip_prefix(self.kind().name) {
            Some("") => self.instance == Instance::FIRST,
            Some(rest) => rest.strip_prefix('.').and_then(Instance::parse) == Some(self.instance),
            None => false,
        }
    }

    /// The entry of its kind.
    pub fn kind(self) -> &'static Kind {
        self.kind.kind()
    }
}

/// Why a text names no datastream.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DatastreamNameError {
    /// No such kind.
    #[error("unknown kind {name:?}{}", .nearest.map(|n| format!("; did you mean {n:?}?")).unwrap_or_default())]
    UnknownKind {
        /// What was written.
        name: String,
        /// The kind with the nearest name.
        nearest: Option<&'static str>,
    },
    /// The part behind the dot is no number from 1 to 200 and no axis.
    #[error("{0:?} names no datastream: behind the dot stands a number from 1 to 200, or x, y or z")]
    BadInstance(String),
}

impl FromStr for DatastreamName {
    type Err = DatastreamNameError;

    fn from_str(text: &str) -> Result<DatastreamName, DatastreamNameError> {
        let (kind, instance) = match text.split_once('.') {
            None => (text, Instance::FIRST),
            Some((kind, instance)) => {
                (kind, Instance::parse(instance).ok_or_else(|| DatastreamNameError::BadInstance(text.to_owned()))?)
            }
        };
        match KindId::named(kind) {
            Some(kind) => Ok(DatastreamName { kind, instance }),
            None => Err(DatastreamNameError::UnknownKind {
                name: kind.chars().take(NAME_LIMIT).collect(),
                nearest: crate::kind::nearest(kind),
            }),
        }
    }
}

impl fmt::Display for DatastreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.instance {
            Instance::FIRST => write!(f, "{}", self.kind),
            instance => write!(f, "{}.{instance}", self.kind),
        }
    }
}

impl Serialize for DatastreamName {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DatastreamName {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<DatastreamName, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_datastream_is_written_as_it_is_read() {
        for text in ["river_stage", "river_stage.2", "acceleration.x", "tilt.200"] {
            let name = text.parse::<DatastreamName>().expect(text);
            assert_eq!(name.to_string(), text);
            assert!(name.is_written(text) && !name.is_written("river_stage.3") && !name.is_written("river"), "{text}");
        }
        let first = "tilt.1".parse::<DatastreamName>().expect("first");
        assert_eq!(first.to_string(), "tilt");
        assert!(first.is_written("tilt.1") && first.is_written("tilt") && !first.is_written("tilt."));
    }

    #[test]
    fn a_wrong_name_says_what_was_meant() {
        let check = |text: &str, expect: &str| {
            assert_eq!(text.parse::<DatastreamName>().expect_err(text).to_string(), expect);
        };
        check("river_stag", "unknown kind \"river_stag\"; did you mean \"river_stage\"?");
        check("qqqqqqqq", "unknown kind \"qqqqqqqq\"");
        check("tilt.0", "\"tilt.0\" names no datastream: behind the dot stands a number from 1 to 200, or x, y or z");
        check("tilt.02", "\"tilt.02\" names no datastream: behind the dot stands a number from 1 to 200, or x, y or z");
    }

    #[test]
    fn names_are_safe_in_topics_and_paths() {
        assert!(is_name("jamsu") && is_name("B-2.north_1"));
        for bad in ["", "a/b", "+", "é", "-x", "a b", "..", ".x", &"x".repeat(65)] {
            assert!(!is_name(bad), "{bad:?}");
        }
    }
}
