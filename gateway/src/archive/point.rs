//! What is archived, in the terms of every archive: a point of a series, with its fields.

use std::sync::Arc;

/// A series: what stands beside each of its points. Few of them: every tag has as many values as the city has areas,
/// stations, kinds and hazards, and no more with time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Series {
    /// The domain of a kind, or `incident`, or `delivery`.
    pub measurement: &'static str,
    /// Names and values in the order of their names; none is empty.
    pub tags: Vec<(&'static str, String)>,
}

impl Series {
    /// A series; tags without a value are left out.
    pub fn new(measurement: &'static str, tags: impl IntoIterator<Item = (&'static str, String)>) -> Series {
        let mut tags: Vec<_> = tags.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        tags.sort();
        Series { measurement, tags }
    }
}

/// A value of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A number that is finite.
    Number(f64),
    /// A whole number.
    Whole(i64),
    /// Text.
    Text(String),
}

/// A point.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Of which series.
    pub series: Arc<Series>,
    /// Nanoseconds since 1970.
    pub time_ns: i64,
    /// Names and values, at least one.
    pub fields: Vec<(&'static str, Value)>,
}
