//! What the door writes. Everything appends to the connection's write buffer.

use bytes::{BufMut, BytesMut};

use super::property::id;
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
    /// The client asked to keep its session; tell it that it ends with the connection.
    pub session_not_kept: bool,
}

/// CONNACK of 3.1.1.
pub(crate) fn connack_v3(out: &mut BytesMut, reason: Reason) {
    out.put_slice(&[0x20, 2, 0, reason.connect_return_code()]);
}

/// CONNACK of version 5.
pub(crate) fn connack(out: &mut BytesMut, reason: Reason, text: Option<&str>, limits: Option<&ConnackLimits<'_>>) {
    let mut properties = BytesMut::new();
    if let Some(limits) = limits {
        property_two(&mut properties, id::RECEIVE_MAXIMUM, limits.receive_maximum);
        property_four(&mut properties, id::MAXIMUM_PACKET_SIZE, limits.maximum_packet_size);
        property_two(&mut properties, id::TOPIC_ALIAS_MAXIMUM, limits.topic_alias_maximum);
        properties.put_slice(&[id::SUBSCRIPTION_IDS_AVAILABLE, 0, id::SHARED_AVAILABLE, 0]);
        if limits.session_not_kept {
            property_four(&mut properties, id::SESSION_EXPIRY, 0);
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
    out.put_slice(&[0, reason.0]);
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

/// PUBLISH to a subscriber. `packet_id` is 0 for QoS 0; `expiry_s` is told to version 5 only.
pub(crate) fn publish(
    out: &mut BytesMut,
    version: Version,
    topic: &str,
    payload: &[u8],
    (qos, packet_id, retain): (Qos, u16, bool),
    expiry_s: Option<u32>,
) {
    let body = publish_body(version, topic, payload, qos, expiry_s);
    out.reserve(body + 5);
    out.put_u8(0x30 | (qos as u8) << 1 | u8::from(retain));
    variable(out, body);
    out.put_u16(topic.len() as u16);
    out.put_slice(topic.as_bytes());
    if qos != Qos::AtMostOnce {
        out.put_u16(packet_id);
    }
    if version == Version::V5 {
        match expiry_s {
            None => out.put_u8(0),
            Some(seconds) => {
                out.put_u8(5);
                property_four(out, id::MESSAGE_EXPIRY, seconds);
            }
        }
    }
    out.put_slice(payload);
}

/// How many bytes [`publish`] writes.
pub(crate) fn publish_size(version: Version, topic: &str, payload: &[u8], qos: Qos, expiry_s: Option<u32>) -> usize {
    let body = publish_body(version, topic, payload, qos, expiry_s);
    1 + variable_size(body) + body
}

fn publish_body(version: Version, topic: &str, payload: &[u8], qos: Qos, expiry_s: Option<u32>) -> usize {
    let packet_id = if qos == Qos::AtMostOnce { 0 } else { 2 };
    let properties = match (version, expiry_s) {
        (Version::V3, _) => 0,
        (Version::V5, None) => 1,
        (Version::V5, Some(_)) => 6,
    };
    2 + topic.len() + packet_id + properties + payload.len()
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
