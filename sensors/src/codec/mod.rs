//! The bytes devices send, read into [`Reading`]s. One table, [`ALL`]: a new codec is one new file here and one line in
//! it, and the conformance test at its side then tests it without being asked.
//!
//! A codec never panics, never believes a length the sender claims, and never fails: what cannot be taken becomes a
//! [`Refusal`] with a remedy. It judges form only; whether a value is plausible is the quality tests' business.

mod bongsu_json;
mod chirpstack;
#[cfg(test)]
mod conformance;
pub mod foreign;
mod not_a_number;
#[cfg(test)]
mod sample;
pub mod senml;
pub mod sparkplug;
mod the_things_stack;
mod unit;

use crate::catalog::{Catalog, Dialect, StationIndex};
use crate::kind::KindId;
use crate::name::{DatastreamName, Instance};
use crate::reading::{Reading, Reason, Refusal};
use crate::time::Time;
use crate::topic::Leaf;
use std::cell::RefCell;

/// Every codec.
pub const ALL: &[Codec] = &[
    Codec { name: "bongsu-json", serves: Serves::Leaf(Leaf::Obs), decode: bongsu_json::decode },
    Codec { name: "senml", serves: Serves::Leaf(Leaf::Senml), decode: senml::decode },
    Codec { name: "json", serves: Serves::Dialects, decode: foreign::decode },
    Codec { name: "sparkplug-b", serves: Serves::Dialects, decode: sparkplug::decode },
    Codec { name: "chirpstack", serves: Serves::Dialects, decode: chirpstack::decode },
    Codec { name: "the-things-stack", serves: Serves::Dialects, decode: the_things_stack::decode },
];

/// Largest payload that is looked at, bytes: ten thousand readings in the most talkative form fit.
pub const PAYLOAD_LIMIT: usize = 1 << 20;

/// Most readings (taken or refused) of one message; it bounds what one message can cost a batch.
pub const READING_LIMIT: usize = 10_000;

/// Most refusals of one message that are told in words; the rest is counted. A broken device makes the same mistake in
/// every reading, and its first ones say all there is to know.
pub const REFUSAL_LIMIT: usize = 32;

/// Longest text of a sender that is repeated in a refusal, characters.
const ECHO_LIMIT: usize = 64;

/// One way to write readings as bytes.
#[derive(Debug)]
pub struct Codec {
    /// Its name in metrics and messages.
    pub name: &'static str,
    /// What is read by it.
    pub serves: Serves,
    /// Reads a payload. What was in `Decoded` before is gone after it.
    pub decode: fn(&Context<'_>, &[u8], &mut Decoded),
}

/// What a codec reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Serves {
    /// What devices publish under this leaf of Bongsu's own topics.
    Leaf(Leaf),
    /// What a `[[source]]` of the catalog names it for.
    Dialects,
}

/// The codec that serves a leaf, where one does.
pub fn serving(leaf: Leaf) -> Option<&'static Codec> {
    ALL.iter().find(|codec| codec.serves == Serves::Leaf(leaf))
}

/// The codecs that a `[[source]]` can name.
pub fn of_dialects() -> impl Iterator<Item = &'static Codec> {
    ALL.iter().filter(|codec| codec.serves == Serves::Dialects)
}

/// The codec of this name that a `[[source]]` can name.
pub fn named(name: &str) -> Option<&'static Codec> {
    of_dialects().find(|codec| codec.name == name)
}

/// Whether a value in one unit can become one in another.
pub fn can_convert(from: &str, to: &str) -> bool {
    unit::convert(1.0, from, to).is_some()
}

/// What a codec knows besides the bytes.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The stations and their datastreams, numbered.
    pub catalog: &'a Catalog,
    /// The station that speaks.
    pub station: StationIndex,
    /// When the message arrived: times that are relative to "now" are relative to this.
    pub received: Time,
    /// How a device speaks that does not speak Bongsu's way.
    pub via: Option<Via<'a>>,
}

/// What is known of a message of a `[[source]]`. Who asks a codec for it has found its station, if the topic names one.
#[derive(Clone, Copy, Debug)]
pub struct Via<'a> {
    /// The `[[source]]`.
    pub dialect: &'a Dialect,
    /// The topic it came on.
    pub topic: &'a str,
    /// What Sparkplug nodes have said of themselves so far.
    pub nodes: &'a RefCell<sparkplug::Nodes>,
}

/// What came out of a message. Kept from message to message, it allocates nothing once it has grown.
#[derive(Debug, Default)]
pub struct Decoded {
    /// What was taken, in the order of the message.
    pub readings: Vec<Reading>,
    /// What was refused, at most [`REFUSAL_LIMIT`].
    pub refused: Vec<Refusal>,
    /// How many refusals more there were.
    pub refused_more: usize,
    /// What the speaker is to be sent, with the topic it listens on: to say again what was missed.
    pub answer: Option<(String, Vec<u8>)>,
}

impl Decoded {
    /// Empty buffers.
    pub fn new() -> Decoded {
        Decoded::default()
    }

    /// Forgets the last message and keeps the memory.
    pub fn clear(&mut self) {
        self.readings.clear();
        self.refused.clear();
        self.refused_more = 0;
        self.answer = None;
    }

    /// How many parts of the message were refused, told in words or not.
    pub fn refusals(&self) -> usize {
        self.refused.len() + self.refused_more
    }

    /// Begins a message; `false` where it is too large to be looked at, which is then told.
    fn begin(&mut self, payload: &[u8]) -> bool {
        self.clear();
        let fits = payload.len() <= PAYLOAD_LIMIT;
        if !fits {
            let remedy = format!("{} bytes; send at most {PAYLOAD_LIMIT} in one message", payload.len());
            self.refuse_all(Reason::TooLarge, String::new(), remedy);
        }
        fits
    }

    /// Whether the message has said more than one may.
    fn is_overfull(&self) -> bool {
        self.readings.len() + self.refusals() > READING_LIMIT
    }

    /// Refuses a part of the message; the words are made only while they are wanted.
    fn refuse(&mut self, reason: Reason, words: impl FnOnce() -> (String, String)) {
        if self.refused.len() < REFUSAL_LIMIT {
            let (position, remedy) = words();
            self.refused.push(Refusal { reason, position, remedy });
        } else {
            self.refused_more += 1;
        }
    }

    /// Refuses the whole message: nothing of it is taken.
    pub fn refuse_all(&mut self, reason: Reason, position: String, remedy: String) {
        self.clear();
        self.refused.push(Refusal { reason, position, remedy });
    }

    /// Refuses the whole message because it says too much.
    fn refuse_overfull(&mut self) {
        let remedy = format!("more than {READING_LIMIT} readings; send them in several messages");
        self.refuse_all(Reason::TooLarge, String::new(), remedy);
    }
}

/// A text of the sender, short enough to be repeated.
fn echo(text: &str) -> String {
    match text.char_indices().nth(ECHO_LIMIT) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}…", &text[..end]),
    }
}

/// Why a name that is none of the station's datastreams is refused. Asked for every bad key of a message, so it is
/// cheap; the words are made by [`unknown_remedy`], and only while they are wanted.
fn unknown_reason(name: &str) -> Reason {
    let (kind, instance) = name.split_once('.').unwrap_or((name, "1"));
    match (KindId::named(kind), Instance::parse(instance)) {
        (None, Some(_)) => Reason::UnknownKind,
        _ => Reason::UnknownDatastream,
    }
}

fn unknown_remedy(context: &Context<'_>, name: &str) -> String {
    match name.parse::<DatastreamName>() {
        Ok(name) => {
            let station = &context.catalog.station(context.station).id;
            format!("station \"{station}\" has no {name}; add it to the catalog as [[station.datastream]]")
        }
        Err(error) => error.to_string(),
    }
}
