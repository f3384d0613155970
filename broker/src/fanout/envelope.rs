//! What travels through the router: sequence number, flags, expiry, topic, payload.
//!
//! Written and read by this crate alone, so a short or odd one is simply not ours.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{BufMut, Bytes, BytesMut};

use super::Published;
use crate::wire::Qos;

const RETAIN: u8 = 0x04;
const PROBE: u8 = 0x08;
/// Sequence number, flags, expiry, origin, and the lengths of topic and properties.
const HEADER: usize = 8 + 1 + 8 + 8 + 2 + 4;

/// A message, or the watchdog's question whether the router still works.
pub(super) enum Content {
    Message(Published),
    Probe,
}

/// Expiry is written relative to this, since an [`Instant`] has no number of its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Epoch(Instant);

impl Epoch {
    pub fn now() -> Self {
        Epoch(Instant::now())
    }

    pub fn message(self, sequence: u64, message: &Published) -> Bytes {
        let length = HEADER + message.topic.len() + message.properties.len() + message.payload.len();
        let mut out = BytesMut::with_capacity(length);
        out.put_u64(sequence);
        out.put_u8(message.qos as u8 | if message.retain { RETAIN } else { 0 });
        let micros = message.expires.map(|end| end.saturating_duration_since(self.0).as_micros() as u64);
        out.put_u64(micros.unwrap_or(u64::MAX));
        out.put_u64(message.origin);
        out.put_u16(message.topic.len() as u16);
        out.put_u32(message.properties.len() as u32);
        out.put_slice(message.topic.as_bytes());
        out.put_slice(&message.properties);
        out.put_slice(&message.payload);
        out.freeze()
    }

    pub fn probe(self, sequence: u64) -> Bytes {
        let mut out = BytesMut::with_capacity(9);
        out.put_u64(sequence);
        out.put_u8(PROBE);
        out.freeze()
    }

    pub fn read(self, bytes: &Bytes) -> Option<(u64, Content)> {
        let (sequence, rest) = bytes.split_first_chunk::<8>()?;
        let sequence = u64::from_be_bytes(*sequence);
        let (flags, rest) = rest.split_first()?;
        if flags & PROBE != 0 {
            return Some((sequence, Content::Probe));
        }
        let (micros, rest) = rest.split_first_chunk::<8>()?;
        let (origin, rest) = rest.split_first_chunk::<8>()?;
        let (topic_length, rest) = rest.split_first_chunk::<2>()?;
        let (properties_length, rest) = rest.split_first_chunk::<4>()?;
        let topic_length = usize::from(u16::from_be_bytes(*topic_length));
        let topic = std::str::from_utf8(rest.get(..topic_length)?).ok()?;
        let properties_at = HEADER + topic_length;
        let payload_at = properties_at + u32::from_be_bytes(*properties_length) as usize;
        if payload_at > bytes.len() {
            return None;
        }
        let expires = match u64::from_be_bytes(*micros) {
            u64::MAX => None,
            micros => self.0.checked_add(Duration::from_micros(micros)),
        };
        // a slice keeps the whole envelope alive, and an empty one need not
        let properties = match payload_at > properties_at {
            true => bytes.slice(properties_at..payload_at),
            false => Bytes::new(),
        };
        let published = Published {
            topic: Arc::from(topic),
            payload: bytes.slice(payload_at..),
            properties,
            qos: Qos::from_bits(flags & 3)?,
            retain: flags & RETAIN != 0,
            expires,
            origin: u64::from_be_bytes(*origin),
            number: sequence,
        };
        Some((sequence, Content::Message(published)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let epoch = Epoch::now();
        let message = Published {
            retain: true,
            origin: 9,
            properties: Bytes::from_static(b"pp"),
            ..Published::for_test("한강/1", b"x")
        };
        let Some((7, Content::Message(read))) = epoch.read(&epoch.message(7, &message)) else {
            panic!("not read");
        };
        assert_eq!((&*read.topic, &*read.payload, &*read.properties), ("한강/1", &b"x"[..], &b"pp"[..]));
        assert_eq!((read.qos, read.retain, read.origin, read.number), (Qos::AtLeastOnce, true, 9, 7));
        assert!(read.expires.is_none());
        assert!(matches!(epoch.read(&epoch.probe(8)), Some((8, Content::Probe))));
        assert!(epoch.read(&Bytes::from_static(b"short")).is_none());
    }
}
