//! PUBLISH from a client: the way every reading takes, so it borrows everything.

use super::property::{self, Properties, Value, id};
use super::{Fault, Qos, Reader, Version};

/// A PUBLISH that borrows from its packet.
#[derive(Debug)]
pub(crate) struct Publish<'a> {
    pub dup: bool,
    pub qos: Qos,
    pub retain: bool,
    /// Not yet checked: most often it equals the one before.
    pub topic: &'a [u8],
    /// 0 for QoS 0.
    pub packet_id: u16,
    pub alias: Option<u16>,
    pub properties: Option<Box<Properties>>,
    /// Where in the body the payload starts.
    pub payload_at: usize,
}

const PUBLISH_PROPERTIES: &[u8] = &[
    id::PAYLOAD_FORMAT,
    id::MESSAGE_EXPIRY,
    id::TOPIC_ALIAS,
    id::RESPONSE_TOPIC,
    id::CORRELATION_DATA,
    id::USER,
    id::CONTENT_TYPE,
];

/// Reads the body of a PUBLISH.
pub(crate) fn publish(version: Version, flags: u8, body: &[u8]) -> Result<Publish<'_>, Fault> {
    let qos = Qos::from_bits((flags >> 1) & 3).ok_or(Fault::malformed("QoS 3"))?;
    let dup = flags & 0x08 != 0;
    if dup && qos == Qos::AtMostOnce {
        return Err(Fault::malformed("DUP set on a QoS 0 message"));
    }
    let mut reader = Reader::new(body);
    let topic = reader.binary()?;
    let packet_id = match qos {
        Qos::AtMostOnce => 0,
        _ => reader.packet_id()?,
    };
    let mut alias = None;
    let mut properties = None;
    if version == Version::V5 {
        property::read(&mut reader, PUBLISH_PROPERTIES, |id, value| {
            if let (id::TOPIC_ALIAS, Value::Two(number)) = (id, value) {
                alias = Some(number);
                return Ok(());
            }
            properties.get_or_insert_with(Box::<Properties>::default).take(id, value)
        })?;
    }
    Ok(Publish {
        dup,
        qos,
        retain: flags & 0x01 != 0,
        topic,
        packet_id,
        alias,
        properties,
        payload_at: reader.position(),
    })
}
