//! What the door writes. Everything appends to the connection's write buffer.

use bytes::{BufMut, Bytes, BytesMut};

use super::property::{Properties, id};
use super::{Qos, Reason, Version};

/// Longest reason string that is sent: enough for a sentence, small against any packet limit.
const REASON_TEXT: usize = 240;

/// What a version 5 CONNACK tells the client about the server.
pub(crate) struct ConnackLimits<'a> {
    pub receive_maximum: u16,
    pub maximum_packet_size: u32,
    pub topic_alias_maximum: u16,
    pub assigned_client_id: Option<&'a str>,
    pub server_keep_alive_s: Option<u16>,
    /// Its session was there before.
    pub session_present: bool,
    /// The session is kept for another time than the client asked for.
    pub session_expiry_s: Option<u32>,
    pub response_information: Option<&'a str>,
}

/// CONNACK of 3.1.1.
pub(crate) fn connack_v3(out: &mut BytesMut, reason: Reason, session_present: bool) {
    out.put_slice(&[0x20, 2, u8::from(session_present), reason.connect_return_code()]);
}

/// CONNACK of version 5.
pub(crate) fn connack(out: &mut BytesMut, reason: Reason, text: Option<&str>, limits: Option<&ConnackLimits<'_>>) {
    let mut properties = BytesMut::new();
    if let Some(limits) = limits {
        property_two(&mut properties, id::RECEIVE_MAXIMUM, limits.receive_maximum);
        property_four(&mut properties, id::MAXIMUM_PACKET_SIZE, limits.maximum_packet_size);
        property_two(&mut properties, id::TOPIC_ALIAS_MAXIMUM, limits.topic_alias_maximum);
        if let Some(seconds) = limits.session_expiry_s {
            property_four(&mut properties, id::SESSION_EXPIRY, seconds);
        }
        if let Some(text) = limits.response_information {
            property_text(&mut properties, id::RESPONSE_INFO, text);
        }
        if let Some(client_id) = limits.assigned_client_id {
            property_text(&mut properties, id::ASSIGNED_CLIENT_ID, client_id);
        }
        if let Some(seconds) = limits.server_keep_alive_s {
            property_two(&mut properties, id::SERVER_KEEP_ALIVE, seconds);
        }
    }
    reason_string(&mut properties, text);
    let body = 2 + variable_size(properties.len()) + properties.len();
    out.put_u8(0x20);
    variable(out, body);
    out.put_slice(&[u8::from(limits.is_some_and(|limits| limits.session_present)), reason.0]);
    variable(out, properties.len());
    out.put_slice(&properties);
}

/// PUBACK, PUBREC, PUBREL or PUBCOMP: `first` is the whole first byte.
pub(crate) fn ack(out: &mut BytesMut, version: Version, first: u8, packet_id: u16, reason: Reason, text: Option<&str>) {
    let [high, low] = packet_id.to_be_bytes();
    if version == Version::V3 || reason == Reason::SUCCESS {
        out.put_slice(&[first, 2, high, low]);
        return;
    }
    let mut properties = BytesMut::new();
    reason_string(&mut properties, text);
    if properties.is_empty() {
        out.put_slice(&[first, 3, high, low, reason.0]);
        return;
    }
    out.put_u8(first);
    variable(out, 3 + variable_size(properties.len()) + properties.len());
    out.put_slice(&[high, low, reason.0]);
    variable(out, properties.len());
    out.put_slice(&properties);
}

/// SUBACK: one code for each filter.
pub(crate) fn suback(out: &mut BytesMut, version: Version, packet_id: u16, codes: &[u8]) {
    coded(out, version, 0x90, packet_id, codes);
}

/// UNSUBACK: one code for each filter, which 3.1.1 does not carry.
pub(crate) fn unsuback(out: &mut BytesMut, version: Version, packet_id: u16, codes: &[u8]) {
    let codes = if version == Version::V3 { &[] } else { codes };
    coded(out, version, 0xb0, packet_id, codes);
}

fn coded(out: &mut BytesMut, version: Version, first: u8, packet_id: u16, codes: &[u8]) {
    let v5 = version == Version::V5;
    out.put_u8(first);
    variable(out, 2 + usize::from(v5) + codes.len());
    out.put_u16(packet_id);
    if v5 {
        out.put_u8(0);
    }
    out.put_slice(codes);
}

/// PINGRESP.
pub(crate) fn pingresp(out: &mut BytesMut) {
    out.put_slice(&[0xd0, 0]);
}

/// DISCONNECT of version 5; 3.1.1 servers have none.
pub(crate) fn disconnect(out: &mut BytesMut, reason: Reason, text: Option<&str>) {
    let mut properties = BytesMut::new();
    reason_string(&mut properties, text);
    out.put_u8(0xe0);
    variable(out, 1 + variable_size(properties.len()) + properties.len());
    out.put_u8(reason.0);
    variable(out, properties.len());
    out.put_slice(&properties);
}

/// A PUBLISH to a subscriber.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Speech<'a> {
    pub version: Version,
    pub topic: &'a str,
    pub payload: &'a [u8],
    pub qos: Qos,
    /// 0 for QoS 0.
    pub packet_id: u16,
    pub dup: bool,
    pub retain: bool,
    pub expiry_s: Option<u32>,
    /// Made by [`forwarded`]; for version 5 only, like what follows.
    pub properties: &'a [u8],
    pub identifiers: &'a [u32],
}

impl Speech<'_> {
    /// Appends the packet.
    pub fn put(&self, out: &mut BytesMut) {
        let body = self.body();
        out.reserve(body + 5);
        out.put_u8(0x30 | u8::from(self.dup) << 3 | (self.qos as u8) << 1 | u8::from(self.retain));
        variable(out, body);
        out.put_u16(self.topic.len() as u16);
        out.put_slice(self.topic.as_bytes());
        if self.qos != Qos::AtMostOnce {
            out.put_u16(self.packet_id);
        }
        if self.version == Version::V5 {
            variable(out, self.properties_size());
            if let Some(seconds) = self.expiry_s {
                property_four(out, id::MESSAGE_EXPIRY, seconds);
            }
            out.put_slice(self.properties);
            for identifier in self.identifiers {
                out.put_u8(id::SUBSCRIPTION_ID);
                variable(out, *identifier as usize);
            }
        }
        out.put_slice(self.payload);
    }

    /// How many bytes [`Speech::put`] writes.
    pub fn size(&self) -> usize {
        let body = self.body();
        1 + variable_size(body) + body
    }

    fn body(&self) -> usize {
        let packet_id = if self.qos == Qos::AtMostOnce { 0 } else { 2 };
        let properties = match self.version {
            Version::V3 => 0,
            Version::V5 => {
                let size = self.properties_size();
                variable_size(size) + size
            }
        };
        2 + self.topic.len() + packet_id + properties + self.payload.len()
    }

    fn properties_size(&self) -> usize {
        let identifiers: usize = self.identifiers.iter().map(|id| 1 + variable_size(*id as usize)).sum();
        let expiry = if self.expiry_s.is_some() { 5 } else { 0 };
        expiry + self.properties.len() + identifiers
    }
}

/// The properties of a message as they are forwarded unchanged; expiry counts down and stands apart.
pub(crate) fn forwarded(properties: &Properties) -> Bytes {
    let mut out = BytesMut::new();
    if properties.payload_is_text {
        out.put_slice(&[id::PAYLOAD_FORMAT, 1]);
    }
    if let Some(text) = &properties.content_type {
        property_text(&mut out, id::CONTENT_TYPE, text);
    }
    if let Some(topic) = &properties.response_topic {
        property_text(&mut out, id::RESPONSE_TOPIC, topic);
    }
    if let Some(data) = &properties.correlation_data {
        out.put_u8(id::CORRELATION_DATA);
        let data = &data[..data.len().min(usize::from(u16::MAX))];
        out.put_u16(data.len() as u16);
        out.put_slice(data);
    }
    for (name, value) in &properties.user {
        property_text(&mut out, id::USER, name);
        let value = clipped(value);
        out.put_u16(value.len() as u16);
        out.put_slice(value.as_bytes());
    }
    out.freeze()
}

/// Text of the application may be longer than a packet can say.
fn clipped(text: &str) -> &str {
    let mut end = text.len().min(usize::from(u16::MAX));
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn variable(out: &mut BytesMut, mut value: usize) {
    loop {
        let byte = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            out.put_u8(byte);
            return;
        }
        out.put_u8(byte | 0x80);
    }
}

fn variable_size(value: usize) -> usize {
    match value {
        0..=0x7f => 1,
        0x80..=0x3fff => 2,
        0x4000..=0x1f_ffff => 3,
        _ => 4,
    }
}

fn property_two(out: &mut BytesMut, id: u8, value: u16) {
    out.put_u8(id);
    out.put_u16(value);
}

fn property_four(out: &mut BytesMut, id: u8, value: u32) {
    out.put_u8(id);
    out.put_u32(value);
}

fn property_text(out: &mut BytesMut, id: u8, text: &str) {
    let text = clipped(text);
    out.put_u8(id);
    out.put_u16(text.len() as u16);
    out.put_slice(text.as_bytes());
}

fn reason_string(out: &mut BytesMut, text: Option<&str>) {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return;
    };
    let mut end = text.len().min(REASON_TEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    // a null character would make the packet malformed for a strict client
    if !text[..end].contains('\0') {
        property_text(out, id::REASON_STRING, &text[..end]);
    }
}
