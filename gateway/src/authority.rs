//! Who may say and hear what at the door: the answers to the broker's questions.
//!
//! A device publishes only below its own stations; nobody but Bongsu publishes alerts, live readings, heartbeats or
//! errors, because those topics name no station a device could own.

use crate::device::{Device, Devices};
use bongsu_broker::{Authority, Credentials, Denial, Identity, Plane};
use bongsu_sensors::topic::{DeviceTopic, Leaf, ROOT, is_reserved};
use std::net::SocketAddr;
use std::sync::Arc;

/// The city's rules of the door.
#[derive(Debug)]
pub struct CityAuthority {
    /// Who has a word.
    pub devices: Devices,
    /// Whether a device may come without credentials, and then speak for any station.
    pub allow_anonymous_devices: bool,
}

/// Whom an identity speaks for.
#[derive(Debug)]
enum Voice {
    /// Its own stations.
    Device(Arc<Device>),
    /// Any station: a trial without credentials.
    Anybody,
    /// An operator's tool: it hears everything and says nothing.
    Tool,
}

/// Filters below the root that everybody who is let in may hear: what the public hears too.
const PUBLIC: [&str; 3] = ["alerts/", "exercise/", "system"];

impl Authority for CityAuthority {
    fn connect(&self, plane: Plane, _: SocketAddr, who: &Credentials<'_>) -> Result<Arc<Identity>, Denial> {
        let identity = |name: &str, voice: Voice| Arc::new(Identity::new(name, plane).with_data(Arc::new(voice)));
        match (plane, who.username) {
            // The operators' listener is bound to this machine until operators can log in.
            (Plane::Operators, _) => Ok(identity("operator", Voice::Tool)),
            (_, Some(username)) => {
                let device = self.devices.recognise(username, who.password.unwrap_or_default());
                device.map(|device| identity(username, Voice::Device(device))).ok_or_else(unknown)
            }
            (_, None) if self.allow_anonymous_devices => Ok(identity("anonymous", Voice::Anybody)),
            (_, None) => Err(unknown()),
        }
    }

    fn may_publish(&self, who: &Identity, topic: &str) -> Result<(), Denial> {
        let Some(DeviceTopic { station, leaf }) = DeviceTopic::parse(topic) else {
            return Err(denied("devices publish to bongsu/v1/{station}/obs, senml, status, event or cmd/ack"));
        };
        match voice(who) {
            Some(Voice::Device(device)) if !device.stations.iter().any(|own| own == station) => {
                Err(denied("this device does not speak for this station"))
            }
            Some(Voice::Device(_) | Voice::Anybody) if leaf.is_from_device() => Ok(()),
            Some(Voice::Tool) if leaf == Leaf::Command => Ok(()),
            _ => Err(denied("only Bongsu publishes here")),
        }
    }

    fn may_subscribe(&self, who: &Identity, filter: &str) -> Result<(), Denial> {
        let public = filter.strip_prefix(ROOT).is_some_and(|rest| PUBLIC.iter().any(|open| rest.starts_with(open)));
        let own = |device: &Device| {
            let below = |station: &String| {
                let own = filter.strip_prefix(ROOT).and_then(|rest| rest.strip_prefix(station.as_str()));
                let live = filter
                    .strip_prefix(ROOT)
                    .and_then(|rest| rest.strip_prefix("live/")?.strip_prefix(station.as_str()));
                own.or(live).is_some_and(|rest| rest.starts_with('/'))
            };
            device.stations.iter().any(below)
        };
        match voice(who) {
            Some(Voice::Tool) => Ok(()),
            Some(Voice::Anybody) if public || !names_operators(filter) => Ok(()),
            Some(Voice::Device(device)) if public || own(device) => Ok(()),
            _ => Err(denied("this is not for your ears")),
        }
    }
}

/// Whether a filter could match what only operators hear.
fn names_operators(filter: &str) -> bool {
    let Some(rest) = filter.strip_prefix(ROOT) else { return true };
    let first = rest.split('/').next().unwrap_or_default();
    matches!(first, "ops" | "+" | "#") || (is_reserved(first) && first == "ops")
}

fn voice(who: &Identity) -> Option<&Voice> {
    who.data.downcast_ref::<Voice>()
}

/// The same for a name that is not known and a secret that is wrong: neither shall be guessed apart.
fn unknown() -> Denial {
    Denial::bad_credentials("unknown device or wrong secret; `bongsu devices add STATION` gives one")
}

fn denied(text: &'static str) -> Denial {
    Denial::not_authorized(text)
}
