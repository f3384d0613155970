//! Bytes ↔ packets of MQTT 3.1.1 and 5, strict in what it accepts. No state, no I/O.
//!
//! Why our own codec: the way of a reading (PUBLISH in, PUBACK out) must cost tens of nanoseconds,
//! keep the payload in the bytes that were read, and leave the acknowledgement to the application.
//! `mqtt-protocol-core` (state machine and codec) copies each packet, allocates for each, and keeps
//! the receive window and packet identifiers inside a `Connection`, so a faster path beside it
//! would make two owners of the same state. Its CONNECT parser also lets the reserved flag and
//! trailing bytes pass and refuses a version 5 password without user name, which is legal. It
//! serves as the independent encoder in our tests instead.
//!
//! Start at [`frame`]; then one file for each direction and packet group.

mod connect;
mod encode;
#[cfg(test)]
mod oracle;
mod property;
mod publish;
mod reader;
mod reason;
mod subscribe;

pub(crate) use connect::{Connect, Will, connect};
pub(crate) use encode::{
    ConnackLimits, Speech, ack, connack, connack_v3, disconnect, forwarded, pingresp, suback, unsuback,
};
pub use property::Properties;
pub(crate) use publish::{Publish, publish};
pub(crate) use reader::Reader;
pub use reason::Reason;
pub(crate) use subscribe::{FilterRequest, Subscribe, acknowledged, disconnected, subscribe, unsubscribe};

/// Quality of service of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Qos {
    /// At most once: no acknowledgement.
    AtMostOnce = 0,
    /// At least once: PUBACK.
    AtLeastOnce = 1,
    /// Exactly once: PUBREC, PUBREL, PUBCOMP.
    ExactlyOnce = 2,
}

impl Qos {
    pub(crate) fn from_bits(bits: u8) -> Option<Qos> {
        match bits {
            0 => Some(Qos::AtMostOnce),
            1 => Some(Qos::AtLeastOnce),
            2 => Some(Qos::ExactlyOnce),
            _ => None,
        }
    }
}

/// Protocol version, known from the CONNECT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    /// MQTT 3.1.1
    V3,
    /// MQTT 5
    V5,
}

/// Packet types as they stand in the high four bits of the first byte.
pub(crate) mod kind {
    pub const CONNECT: u8 = 1;
    pub const PUBLISH: u8 = 3;
    pub const PUBACK: u8 = 4;
    pub const PUBREC: u8 = 5;
    pub const PUBREL: u8 = 6;
    pub const PUBCOMP: u8 = 7;
    pub const SUBSCRIBE: u8 = 8;
    pub const UNSUBSCRIBE: u8 = 10;
    pub const PINGREQ: u8 = 12;
    pub const DISCONNECT: u8 = 14;
}

/// Bytes that break the standard: what a version 5 client is told before the connection closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{text} ({reason})")]
pub(crate) struct Fault {
    pub reason: Reason,
    pub text: &'static str,
}

impl Fault {
    pub const fn malformed(text: &'static str) -> Fault {
        Fault { reason: Reason::MALFORMED_PACKET, text }
    }

    pub const fn protocol(text: &'static str) -> Fault {
        Fault { reason: Reason::PROTOCOL_ERROR, text }
    }
}

/// Where the first packet in some bytes ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame {
    /// First byte: packet type and flags.
    pub first: u8,
    /// Where the body starts.
    pub body: usize,
    /// Where the next packet starts.
    pub end: usize,
}

impl Frame {
    pub fn kind(self) -> u8 {
        self.first >> 4
    }

    pub fn flags(self) -> u8 {
        self.first & 0x0f
    }
}

/// The first packet in `data`, or `None` if more bytes are needed. A length above `max` is
/// refused as soon as it is announced, before anything is buffered for it.
pub(crate) fn frame(data: &[u8], max: usize) -> Result<Option<Frame>, Fault> {
    let Some(&first) = data.first() else {
        return Ok(None);
    };
    let mut length = 0usize;
    for (at, byte) in data.iter().skip(1).take(4).enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            let body = at + 2;
            let end = body + length;
            if end > max {
                return Err(Fault {
                    reason: Reason::PACKET_TOO_LARGE,
                    text: "packet larger than the maximum packet size",
                });
            }
            return Ok((data.len() >= end).then_some(Frame { first, body, end }));
        }
        if at == 3 {
            return Err(Fault::malformed("remaining length longer than four bytes"));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_found_when_complete() {
        assert_eq!(frame(&[], 100), Ok(None));
        assert_eq!(frame(&[0x30], 100), Ok(None));
        assert_eq!(frame(&[0x30, 2, 0], 100), Ok(None));
        let found = Frame { first: 0xc0, body: 2, end: 2 };
        assert_eq!(frame(&[0xc0, 0, 9], 100), Ok(Some(found)));
    }

    #[test]
    fn a_length_is_refused_when_announced() {
        let refused = frame(&[0x30, 0xff, 0xff, 0x7f], 1000).map_err(|f| f.reason);
        assert_eq!(refused, Err(Reason::PACKET_TOO_LARGE));
        let refused = frame(&[0x30, 0xff, 0xff, 0xff, 0xff], 1000).map_err(|f| f.reason);
        assert_eq!(refused, Err(Reason::MALFORMED_PACKET));
    }
}
