//! Uplinks of The Things Stack v3 (`v3/{application}/devices/{device}/up`): LoRaWAN devices behind a network server.
//!
//! What is read is `uplink_message.decoded_payload`, which a payload formatter there makes of the bytes; the time is when
//! the network received the uplink.
//!
//! # Source
//! <https://www.thethingsindustries.com/docs/the-things-stack/concepts/data-formats/>

use super::foreign::{envelope_time, parse, read};
use super::{Context, Decoded};
use crate::reading::Reason;

/// Reads an uplink.
pub fn decode(context: &Context<'_>, payload: &[u8], out: &mut Decoded) {
    let Some(said) = parse(payload, out) else { return };
    let uplink = said.get("uplink_message");
    let decoded = uplink.and_then(|uplink| uplink.get("decoded_payload")).filter(|decoded| !decoded.is_null());
    let Some(decoded) = decoded else {
        let remedy = "the uplink has no \"decoded_payload\"; give the device in The Things Stack a payload formatter";
        return out.refuse_all(Reason::Malformed, "\"uplink_message\"".into(), remedy.into());
    };
    let time = envelope_time(uplink.and_then(|uplink| uplink.get("received_at")));
    read(context, decoded, time.or_else(|| envelope_time(said.get("received_at"))), out);
}
