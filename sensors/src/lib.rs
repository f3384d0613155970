//! The language of the field: what stations are, what they observe, and how what they say is read.
//!
//! Pure: no clock, no I/O, no randomness, no knowledge of any other crate of ours. Start at [`kind::ALL`] for what can
//! be observed, at [`catalog::Catalog`] for where, and at [`codec::ALL`] for the bytes devices send.

// What is wrong in a text a person wrote, where, and what to write instead.
pub mod mistake;

// TOML read key by key with every mistake told at once.
pub mod document;

// Moments and durations.
pub mod time;

// Everything that can be observed, as one table.
pub mod kind;

// The page that lists every kind.
pub mod kind_page;

// Names of stations, areas and datastreams.
pub mod name;

// Danger in order.
pub mod level;

// Areas, stations and datastreams.
pub mod catalog;

// Topics, typed both ways.
pub mod topic;

// The bytes devices send.
pub mod codec;

// What devices say, and why it may be refused.
pub mod reading;

pub use catalog::Catalog;
pub use kind::{Kind, KindId, Nature};
pub use level::Level;
pub use mistake::{Mistake, Mistakes, Origin, Source};
pub use name::{AreaCode, DatastreamName, Instance, StationId};
pub use reading::{DatastreamId, Reading, Reason, Refusal};
pub use time::Time;
