//! Properties of MQTT 5: types, which packet may carry which, and at most once each.

use bytes::Bytes;

use super::{Fault, Reader};

/// Identifiers of properties.
pub(crate) mod id {
    pub const PAYLOAD_FORMAT: u8 = 0x01;
    pub const MESSAGE_EXPIRY: u8 = 0x02;
    pub const CONTENT_TYPE: u8 = 0x03;
    pub const RESPONSE_TOPIC: u8 = 0x08;
    pub const CORRELATION_DATA: u8 = 0x09;
    pub const SUBSCRIPTION_ID: u8 = 0x0b;
    pub const SESSION_EXPIRY: u8 = 0x11;
    pub const ASSIGNED_CLIENT_ID: u8 = 0x12;
    pub const SERVER_KEEP_ALIVE: u8 = 0x13;
    pub const AUTH_METHOD: u8 = 0x15;
    pub const AUTH_DATA: u8 = 0x16;
    pub const REQUEST_PROBLEM: u8 = 0x17;
    pub const WILL_DELAY: u8 = 0x18;
    pub const REQUEST_RESPONSE: u8 = 0x19;
    pub const RESPONSE_INFO: u8 = 0x1a;
    pub const SERVER_REFERENCE: u8 = 0x1c;
    pub const REASON_STRING: u8 = 0x1f;
    pub const RECEIVE_MAXIMUM: u8 = 0x21;
    pub const TOPIC_ALIAS_MAXIMUM: u8 = 0x22;
    pub const TOPIC_ALIAS: u8 = 0x23;
    pub const USER: u8 = 0x26;
    pub const MAXIMUM_PACKET_SIZE: u8 = 0x27;
}

/// The value of one property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Byte(u8),
    Two(u16),
    Four(u32),
    Variable(u32),
    Text(&'a str),
    Binary(&'a [u8]),
    Pair(&'a str, &'a str),
}

/// Properties of a message that the application may want to see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Properties {
    /// The publisher says that the payload is UTF-8.
    pub payload_is_text: bool,
    /// Seconds after which the message is worthless.
    pub expiry_s: Option<u32>,
    /// MIME type or the like.
    pub content_type: Option<String>,
    /// Where a response is expected.
    pub response_topic: Option<String>,
    /// What the response should carry.
    pub correlation_data: Option<Bytes>,
    /// Names and values in the order they came.
    pub user: Vec<(String, String)>,
}

/// User properties a message may carry: each costs two allocations.
const USER_PROPERTIES: usize = 32;

impl Properties {
    /// Takes one property of a PUBLISH or a will.
    pub(crate) fn take(&mut self, id: u8, value: Value<'_>) -> Result<(), Fault> {
        match (id, value) {
            (id::PAYLOAD_FORMAT, Value::Byte(flag)) => self.payload_is_text = flag == 1,
            (id::MESSAGE_EXPIRY, Value::Four(seconds)) => self.expiry_s = Some(seconds),
            (id::CONTENT_TYPE, Value::Text(text)) => self.content_type = Some(text.to_owned()),
            (id::RESPONSE_TOPIC, Value::Text(topic)) => {
                if !crate::topic::topic_is_valid(topic) {
                    return Err(Fault::protocol("response topic with a wildcard"));
                }
                self.response_topic = Some(topic.to_owned());
            }
            (id::CORRELATION_DATA, Value::Binary(data)) => {
                self.correlation_data = Some(Bytes::copy_from_slice(data));
            }
            (id::USER, Value::Pair(name, value)) => {
                if self.user.len() >= USER_PROPERTIES {
                    return Err(Fault::protocol("more than 32 user properties"));
                }
                self.user.push((name.to_owned(), value.to_owned()));
            }
            _ => {}
        }
        Ok(())
    }
}

/// Reads a property block and hands each property to `each`.
pub(crate) fn read<'a>(
    reader: &mut Reader<'a>,
    allowed: &[u8],
    mut each: impl FnMut(u8, Value<'a>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let length = reader.variable()?;
    if length == 0 {
        return Ok(());
    }
    let mut block = Reader::new(reader.take(length as usize)?);
    let mut seen = 0u64;
    while !block.is_empty() {
        let id = block.byte()?;
        if !allowed.contains(&id) {
            return Err(Fault::protocol("property that this packet may not carry"));
        }
        let value = value(id, &mut block)?;
        if id != id::USER {
            if seen & (1 << id) != 0 {
                return Err(Fault::protocol("property given twice"));
            }
            seen |= 1 << id;
        }
        each(id, value)?;
    }
    Ok(())
}

fn value<'a>(id: u8, block: &mut Reader<'a>) -> Result<Value<'a>, Fault> {
    Ok(match id {
        id::PAYLOAD_FORMAT | id::REQUEST_PROBLEM | id::REQUEST_RESPONSE => match block.byte()? {
            flag @ (0 | 1) => Value::Byte(flag),
            _ => return Err(Fault::protocol("flag property that is neither 0 nor 1")),
        },
        id::RECEIVE_MAXIMUM | id::TOPIC_ALIAS => match block.two()? {
            0 if id == id::RECEIVE_MAXIMUM => {
                return Err(Fault::protocol("receive maximum of 0"));
            }
            number => Value::Two(number),
        },
        id::TOPIC_ALIAS_MAXIMUM | id::SERVER_KEEP_ALIVE => Value::Two(block.two()?),
        id::MAXIMUM_PACKET_SIZE => match block.four()? {
            0 => return Err(Fault::protocol("maximum packet size of 0")),
            size => Value::Four(size),
        },
        id::MESSAGE_EXPIRY | id::SESSION_EXPIRY | id::WILL_DELAY => Value::Four(block.four()?),
        id::SUBSCRIPTION_ID => match block.variable()? {
            0 => return Err(Fault::protocol("subscription identifier 0")),
            number => Value::Variable(number),
        },
        id::CORRELATION_DATA | id::AUTH_DATA => Value::Binary(block.binary()?),
        id::USER => Value::Pair(block.text()?, block.text()?),
        id::CONTENT_TYPE
        | id::RESPONSE_TOPIC
        | id::AUTH_METHOD
        | id::REASON_STRING
        | id::RESPONSE_INFO
        | id::SERVER_REFERENCE => Value::Text(block.text()?),
        _ => return Err(Fault::malformed("unknown property")),
    })
}
