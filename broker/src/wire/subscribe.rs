//! SUBSCRIBE, UNSUBSCRIBE, DISCONNECT and the acknowledgements that clients send.

use super::property::{self, Value, id};
use super::{Fault, Qos, Reader, Reason, Version};

/// One filter of a SUBSCRIBE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FilterRequest {
    pub filter: String,
    pub qos: Qos,
    /// Not what the subscriber itself publishes (version 5).
    pub no_local: bool,
    /// Keep the retain flag as published (version 5).
    pub retain_as_published: bool,
    /// 0 always, 1 only if the subscription is new, 2 never (version 5).
    pub retain_handling: u8,
}

/// Filters a single packet may carry; a legal packet of 256 KiB could carry 50,000.
const FILTERS: usize = 1024;

/// A SUBSCRIBE.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Subscribe {
    pub packet_id: u16,
    pub filters: Vec<FilterRequest>,
    /// Subscription identifier, 0 for none (version 5).
    pub identifier: u32,
}

/// Reads a SUBSCRIBE.
pub(crate) fn subscribe(version: Version, flags: u8, body: &[u8]) -> Result<Subscribe, Fault> {
    let mut reader = Reader::new(body);
    let mut identifier = 0;
    reserved(flags, 0x02)?;
    let packet_id = reader.packet_id()?;
    if version == Version::V5 {
        property::read(&mut reader, &[id::SUBSCRIPTION_ID, id::USER], |_, value| {
            if let Value::Variable(number) = value {
                identifier = number;
            }
            Ok(())
        })?;
    }
    let mut filters = Vec::new();
    while !reader.is_empty() {
        let filter = reader.text()?.to_owned();
        filters.push(options(version, filter, reader.byte()?)?);
        if filters.len() > FILTERS {
            return Err(Fault::protocol("more than 1024 filters in one packet"));
        }
    }
    if filters.is_empty() {
        return Err(Fault::protocol("SUBSCRIBE without a filter"));
    }
    Ok(Subscribe { packet_id, filters, identifier })
}

fn options(version: Version, filter: String, bits: u8) -> Result<FilterRequest, Fault> {
    let reserved = if version == Version::V5 { 0xc0 } else { 0xfc };
    if bits & reserved != 0 {
        return Err(Fault::malformed("reserved subscription option set"));
    }
    let retain_handling = (bits >> 4) & 3;
    if retain_handling == 3 {
        return Err(Fault::protocol("retain handling 3"));
    }
    if bits & 0x04 != 0 && filter.starts_with("$share/") {
        return Err(Fault::protocol("no-local on a shared subscription"));
    }
    Ok(FilterRequest {
        filter,
        qos: Qos::from_bits(bits & 3).ok_or(Fault::malformed("subscription with QoS 3"))?,
        no_local: bits & 0x04 != 0,
        retain_as_published: bits & 0x08 != 0,
        retain_handling,
    })
}

/// Reads an UNSUBSCRIBE: packet identifier and filters.
pub(crate) fn unsubscribe(version: Version, flags: u8, body: &[u8]) -> Result<(u16, Vec<&str>), Fault> {
    let mut reader = Reader::new(body);
    reserved(flags, 0x02)?;
    let packet_id = reader.packet_id()?;
    if version == Version::V5 {
        property::read(&mut reader, &[id::USER], |_, _| Ok(()))?;
    }
    let mut filters = Vec::new();
    while !reader.is_empty() {
        filters.push(reader.text()?);
        if filters.len() > FILTERS {
            return Err(Fault::protocol("more than 1024 filters in one packet"));
        }
    }
    if filters.is_empty() {
        return Err(Fault::protocol("UNSUBSCRIBE without a filter"));
    }
    Ok((packet_id, filters))
}

/// Reads a PUBACK, PUBREC, PUBREL or PUBCOMP: packet identifier and reason.
pub(crate) fn acknowledged(
    version: Version,
    flags: u8,
    expected_flags: u8,
    body: &[u8],
) -> Result<(u16, Reason), Fault> {
    let mut reader = Reader::new(body);
    reserved(flags, expected_flags)?;
    let packet_id = reader.packet_id()?;
    let mut reason = Reason::SUCCESS;
    if version == Version::V5 && !reader.is_empty() {
        reason = Reason(reader.byte()?);
        if !reader.is_empty() {
            property::read(&mut reader, &[id::REASON_STRING, id::USER], |_, _| Ok(()))?;
        }
    }
    reader.finish()?;
    Ok((packet_id, reason))
}

/// What a DISCONNECT said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Disconnected {
    pub reason: Reason,
    pub session_expiry_s: Option<u32>,
}

/// Reads a DISCONNECT.
pub(crate) fn disconnected(version: Version, flags: u8, body: &[u8]) -> Result<Disconnected, Fault> {
    let mut reader = Reader::new(body);
    reserved(flags, 0)?;
    let mut said = Disconnected { reason: Reason::SUCCESS, session_expiry_s: None };
    if version == Version::V5 && !reader.is_empty() {
        said.reason = Reason(reader.byte()?);
        if !reader.is_empty() {
            let allowed = [id::SESSION_EXPIRY, id::REASON_STRING, id::USER];
            property::read(&mut reader, &allowed, |id, value| {
                if let (id::SESSION_EXPIRY, Value::Four(seconds)) = (id, value) {
                    said.session_expiry_s = Some(seconds);
                }
                Ok(())
            })?;
        }
    }
    reader.finish()?;
    Ok(said)
}

fn reserved(flags: u8, expected: u8) -> Result<(), Fault> {
    if flags == expected { Ok(()) } else { Err(Fault::malformed("reserved flags of the first byte are wrong")) }
}
