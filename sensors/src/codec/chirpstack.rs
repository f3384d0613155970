//! Uplinks of ChirpStack v4 (`application/{id}/device/{devEUI}/event/up`): LoRaWAN devices behind a network server.
//!
//! What is read is `object`, which the device profile's decoder in ChirpStack makes of the bytes; the time is that of the
//! uplink.
//!
//! # Source
//! <https://www.chirpstack.io/docs/chirpstack/integrations/events.html>

use super::foreign::{envelope_time, parse, read};
use super::{Context, Decoded};
use crate::reading::Reason;

/// Reads an uplink.
pub fn decode(context: &Context<'_>, payload: &[u8], out: &mut Decoded) {
    let Some(uplink) = parse(payload, out) else { return };
    match uplink.get("object").filter(|object| !object.is_null()) {
        Some(object) => read(context, object, envelope_time(uplink.get("time")), out),
        None => {
            let remedy = "the uplink has no decoded \"object\"; give the device profile in ChirpStack a codec";
            out.refuse_all(Reason::Malformed, "\"object\"".into(), remedy.into());
        }
    }
}
