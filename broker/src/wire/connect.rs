//! CONNECT of both versions.

use bytes::Bytes;

use super::property::{self, Properties, Value, id};
use super::{Fault, Qos, Reader, Reason, Version};

/// A CONNECT, owned: it lives once per connection and briefly.
#[derive(Debug)]
pub(crate) struct Connect {
    pub version: Version,
    pub client_id: String,
    pub clean_start: bool,
    pub keep_alive_s: u16,
    pub username: Option<String>,
    pub password: Option<Vec<u8>>,
    pub will: Option<Will>,
    pub receive_maximum: u16,
    pub maximum_packet_size: u32,
    pub problem_information: bool,
    pub response_information: bool,
    pub session_expiry_s: u32,
    pub authentication_method: bool,
}

/// What is to be said when the client is gone without goodbye.
#[derive(Debug)]
pub(crate) struct Will {
    pub topic: String,
    pub payload: Bytes,
    pub qos: Qos,
    pub retain: bool,
    /// Seconds to wait for the client to come back before it is said.
    pub delay_s: u32,
    pub properties: Option<Box<Properties>>,
}

const CONNECT_PROPERTIES: &[u8] = &[
    id::SESSION_EXPIRY,
    id::RECEIVE_MAXIMUM,
    id::MAXIMUM_PACKET_SIZE,
    id::TOPIC_ALIAS_MAXIMUM,
    id::REQUEST_RESPONSE,
    id::REQUEST_PROBLEM,
    id::USER,
    id::AUTH_METHOD,
    id::AUTH_DATA,
];

const WILL_PROPERTIES: &[u8] = &[
    id::WILL_DELAY,
    id::PAYLOAD_FORMAT,
    id::MESSAGE_EXPIRY,
    id::CONTENT_TYPE,
    id::RESPONSE_TOPIC,
    id::CORRELATION_DATA,
    id::USER,
];

const FLAG_CLEAN: u8 = 0x02;
const FLAG_WILL: u8 = 0x04;
const FLAG_WILL_RETAIN: u8 = 0x20;
const FLAG_PASSWORD: u8 = 0x40;
const FLAG_USERNAME: u8 = 0x80;

/// Reads the body of a CONNECT. The error carries the version when it was already known, so that
/// the refusal can be written in it.
pub(crate) fn connect(flags: u8, body: &[u8]) -> Result<Connect, (Option<Version>, Fault)> {
    let mut reader = Reader::new(body);
    let version = version(&mut reader).map_err(|fault| (None, fault))?;
    if flags != 0 {
        let fault = Fault::malformed("reserved flags set in the first byte");
        return Err((Some(version), fault));
    }
    rest(version, &mut reader).map_err(|fault| (Some(version), fault))
}

fn version(reader: &mut Reader<'_>) -> Result<Version, Fault> {
    let name = reader.binary()?;
    let level = reader.byte()?;
    match (name, level) {
        (b"MQTT", 4) => Ok(Version::V3),
        (b"MQTT", 5) => Ok(Version::V5),
        (b"MQTT" | b"MQIsdp", _) => {
            Err(Fault { reason: Reason::UNSUPPORTED_VERSION, text: "only MQTT 3.1.1 and 5 are spoken here" })
        }
        _ => Err(Fault::protocol("this is not MQTT")),
    }
}

fn rest(version: Version, reader: &mut Reader<'_>) -> Result<Connect, Fault> {
    let flags = reader.byte()?;
    check_flags(version, flags)?;
    let mut connect = Connect {
        version,
        client_id: String::new(),
        clean_start: flags & FLAG_CLEAN != 0,
        keep_alive_s: reader.two()?,
        username: None,
        password: None,
        will: None,
        receive_maximum: u16::MAX,
        maximum_packet_size: u32::MAX,
        problem_information: true,
        response_information: false,
        session_expiry_s: 0,
        authentication_method: false,
    };
    if version == Version::V5 {
        property::read(reader, CONNECT_PROPERTIES, |id, value| {
            match (id, value) {
                (id::SESSION_EXPIRY, Value::Four(seconds)) => connect.session_expiry_s = seconds,
                (id::RECEIVE_MAXIMUM, Value::Two(count)) => connect.receive_maximum = count,
                (id::MAXIMUM_PACKET_SIZE, Value::Four(size)) => connect.maximum_packet_size = size,
                (id::REQUEST_PROBLEM, Value::Byte(flag)) => connect.problem_information = flag == 1,
                (id::REQUEST_RESPONSE, Value::Byte(flag)) => connect.response_information = flag == 1,
                (id::AUTH_METHOD, _) => connect.authentication_method = true,
                _ => {}
            }
            Ok(())
        })?;
    }
    connect.client_id = reader.text()?.to_owned();
    if flags & FLAG_WILL != 0 {
        connect.will = Some(will(version, flags, reader)?);
    }
    if flags & FLAG_USERNAME != 0 {
        connect.username = Some(reader.text()?.to_owned());
    }
    if flags & FLAG_PASSWORD != 0 {
        connect.password = Some(reader.binary()?.to_vec());
    }
    reader.finish()?;
    Ok(connect)
}

fn check_flags(version: Version, flags: u8) -> Result<(), Fault> {
    if flags & 0x01 != 0 {
        return Err(Fault::malformed("reserved connect flag set"));
    }
    let will_bits = flags & (FLAG_WILL_RETAIN | 0x18);
    if flags & FLAG_WILL == 0 && will_bits != 0 {
        return Err(Fault::malformed("will flags without a will"));
    }
    if flags & 0x18 == 0x18 {
        return Err(Fault::malformed("will QoS 3"));
    }
    if version == Version::V3 && flags & FLAG_PASSWORD != 0 && flags & FLAG_USERNAME == 0 {
        return Err(Fault::malformed("password without user name"));
    }
    Ok(())
}

fn will(version: Version, flags: u8, reader: &mut Reader<'_>) -> Result<Will, Fault> {
    let mut properties = Properties::default();
    let mut delay_s = 0;
    if version == Version::V5 {
        property::read(reader, WILL_PROPERTIES, |id, value| {
            if let (id::WILL_DELAY, Value::Four(seconds)) = (id, value) {
                delay_s = seconds;
            }
            properties.take(id, value)
        })?;
    }
    let topic = reader.text()?;
    if !crate::topic::topic_is_valid(topic) {
        return Err(Fault { reason: Reason::TOPIC_NAME_INVALID, text: "will topic is empty or has a wildcard" });
    }
    Ok(Will {
        topic: topic.to_owned(),
        payload: Bytes::copy_from_slice(reader.binary()?),
        qos: Qos::from_bits((flags >> 3) & 3).ok_or(Fault::malformed("will QoS 3"))?,
        retain: flags & FLAG_WILL_RETAIN != 0,
        delay_s,
        properties: (properties != Properties::default()).then(|| Box::new(properties)),
    })
}
