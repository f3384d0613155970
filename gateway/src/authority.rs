//! Who may say and hear what at the door: the answers to the broker's questions.
//!
//! A device publishes only below its own stations, and to topics of a `[[source]]` that speak for no others; nobody but
//! Bongsu publishes alerts, live readings, heartbeats or errors, because those topics name no station a device could own.
//! Citizens say nothing and hear what is public. Who is denied something is written into the audit.

use self::denied::{Attempt, Denied};
use crate::clock::Clock;
use crate::device::{Device, Devices};
use crate::people::People;
use crate::people::role::Ability;
use bongsu_broker::{Authority, Credentials, Denial, Identity, Plane, Route};
use bongsu_sensors::Catalog;
use bongsu_sensors::codec::sparkplug::NAMESPACE;
use bongsu_sensors::topic::{DeviceTopic, Leaf, ROOT, SYSTEM, is_reserved};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, PoisonError, RwLock};

/// The city's rules of the door.
#[derive(Debug)]
pub struct CityAuthority {
    /// Who has a word.
    pub devices: Devices,
    /// Who may come as an operators' tool.
    pub people: People,
    /// Whether the operators' listener is on the loopback address, where nobody is asked.
    pub trusts_operators: bool,
    /// Whether a device may come without credentials, and then speak for any station.
    pub allow_anonymous_devices: bool,
    /// Whether devices also stand behind a broker of others.
    pub has_remote: bool,
    /// Whose topics of others are.
    pub city: City,
    /// Where it is written down who was denied what.
    pub denied: Denied,
}

pub mod denied;

/// The catalog in force, for who has to know which topics speak for which stations.
#[derive(Clone, Debug, Default)]
pub struct City(Arc<RwLock<Option<Arc<Catalog>>>>);

impl City {
    /// Takes up a catalog.
    pub fn set(&self, catalog: Arc<Catalog>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(catalog);
    }

    /// Whether it has this station.
    fn has(&self, station: &str) -> bool {
        let catalog = self.0.read().unwrap_or_else(PoisonError::into_inner);
        catalog.as_ref().is_some_and(|catalog| catalog.station_named(station).is_some())
    }

    /// The names of all stations that a topic of a `[[source]]` speaks for; `None` where it is none.
    fn speaks_for(&self, topic: &str) -> Option<Vec<String>> {
        let catalog = self.0.read().unwrap_or_else(PoisonError::into_inner).clone()?;
        let stations = catalog.dialect_of(topic)?.speaks_for(&catalog, topic);
        Some(stations.iter().map(|station| catalog.station(*station).id.to_string()).collect())
    }
}

/// Whom an identity speaks for.
#[derive(Debug)]
enum Voice {
    /// Its own stations.
    Device(Arc<Device>),
    /// Any station: a trial without credentials.
    Anybody,
    /// An operator's tool: it hears everything, and sends commands to devices.
    Tool,
    /// Anybody on the public plane.
    Citizen,
    /// A tool whose role only looks.
    Ear,
}

/// What an identity carries to the door's next questions.
#[derive(Debug)]
struct Caller {
    voice: Voice,
    from: IpAddr,
}

/// Stands in the audit for a name that no device has.
const UNKNOWN: &str = "unknown";

/// Filters below the root that everybody who is let in may hear: what the public hears too.
const PUBLIC: [&str; 2] = ["alerts/", "exercise/"];

impl Authority for CityAuthority {
    fn connect(&self, plane: Plane, peer: SocketAddr, who: &Credentials<'_>) -> Result<Arc<Identity>, Denial> {
        self.recognise(plane, peer.ip(), who).inspect_err(|denial| {
            // What nobody is called may be a secret in the wrong field.
            let name = who.username.filter(|name| self.devices.knows(name)).unwrap_or(UNKNOWN);
            let action = "mqtt.connect.denied";
            self.note(&Attempt { who: name, plane, from: Some(peer.ip()), action, subject: who.client_id, denial });
        })
    }

    fn may_publish(&self, who: &Identity, topic: &str) -> Result<(), Denial> {
        self.may_say(who, topic).inspect_err(|denial| self.note(&attempt(who, "mqtt.publish.denied", topic, denial)))
    }

    fn may_subscribe(&self, who: &Identity, filter: &str) -> Result<(), Denial> {
        self.may_hear(who, filter)
            .inspect_err(|denial| self.note(&attempt(who, "mqtt.subscribe.denied", filter, denial)))
    }

    /// What is handed on as it is goes to its subscribers at once: the door acknowledges it when their sessions have it.
    fn route(&self, _: &Identity, topic: &str) -> Route {
        // Of a station that nobody knows the intake will say so.
        let known = DeviceTopic::parse(topic).filter(|topic| self.city.has(topic.station));
        match known.map(|topic| topic.leaf) {
            Some(Leaf::Status) => Route::FanOut,
            // The channel that told a barrier to close waits for what it answers.
            Some(Leaf::CommandAck) if !self.has_remote => Route::BothOnce,
            // Devices behind the broker of others hear commands through the intake, which copies them there.
            Some(Leaf::Command) if !self.has_remote => Route::FanOutOnce,
            _ => Route::Intake,
        }
    }
}

impl CityAuthority {
    fn note(&self, attempt: &Attempt<'_>) {
        self.denied.note(Clock::System.now(), attempt);
    }

    fn recognise(&self, plane: Plane, from: IpAddr, who: &Credentials<'_>) -> Result<Arc<Identity>, Denial> {
        let new = |name: &str, voice: Voice| Identity::new(name, plane).with_data(Arc::new(Caller { voice, from }));
        let identity = |name: &str, voice: Voice| Arc::new(new(name, voice));
        let certified = || self.devices.certified(&who.certificate?.names);
        match (plane, who.username) {
            (Plane::Public, _) => Ok(Arc::new(new("citizen", Voice::Citizen).shared())),
            // Whoever may log in to this machine is an operator there.
            (Plane::Operators, _) if self.trusts_operators => Ok(Arc::new(new("operator", Voice::Tool).shared())),
            (Plane::Operators, _) => {
                let token = std::str::from_utf8(who.password.unwrap_or_default()).unwrap_or_default();
                let tool = self.people.of_token(token, Clock::System.now()).ok_or_else(no_token)?;
                let voice = if tool.role.may(Ability::Report) { Voice::Tool } else { Voice::Ear };
                Ok(identity(&tool.name, voice))
            }
            (_, Some(username)) => {
                let device = self.devices.recognise(username, who.password.unwrap_or_default());
                let device = device.or_else(|| certified().filter(|device| device.username == username));
                device.map(|device| identity(username, Voice::Device(device))).ok_or_else(unknown)
            }
            (_, None) => match certified() {
                Some(device) => Ok(identity(&device.username.clone(), Voice::Device(device))),
                None if self.allow_anonymous_devices => Ok(Arc::new(new("anonymous", Voice::Anybody).shared())),
                None => Err(unknown()),
            },
        }
    }

    fn may_say(&self, who: &Identity, topic: &str) -> Result<(), Denial> {
        let Some(DeviceTopic { station, leaf }) = DeviceTopic::parse(topic) else {
            return self.may_publish_foreign(who, topic);
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

    fn may_hear(&self, who: &Identity, filter: &str) -> Result<(), Denial> {
        let public = filter == SYSTEM
            || filter.strip_prefix(ROOT).is_some_and(|rest| PUBLIC.iter().any(|open| rest.starts_with(open)));
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
            Some(Voice::Tool | Voice::Ear) => Ok(()),
            Some(Voice::Anybody) if public || !names_operators(filter) => Ok(()),
            Some(Voice::Device(device)) if public || own(device) => Ok(()),
            Some(Voice::Citizen) if public => Ok(()),
            Some(Voice::Device(_)) if self.may_hear_commands(who, filter) => Ok(()),
            _ => Err(denied("this is not for your ears")),
        }
    }

    /// A topic of a `[[source]]`: a device must own every station that it speaks for.
    fn may_publish_foreign(&self, who: &Identity, topic: &str) -> Result<(), Denial> {
        let Some(stations) = self.city.speaks_for(topic) else {
            return Err(denied("devices publish to bongsu/v1/{station}/obs, senml, status, event or cmd/ack"));
        };
        let allowed = match voice(who) {
            Some(Voice::Device(device)) => stations.iter().all(|station| device.stations.contains(station)),
            Some(Voice::Anybody) => true,
            _ => false,
        };
        if allowed && !stations.is_empty() {
            return Ok(());
        }
        Err(denied("this topic speaks for stations that are not this device's, or not known"))
    }

    /// Commands to a node of Sparkplug: whoever may speak as the node may hear them, and whether somebody listens.
    fn may_hear_commands(&self, who: &Identity, filter: &str) -> bool {
        let levels: Vec<&str> = filter.split('/').collect();
        match levels[..] {
            [NAMESPACE, "STATE", ..] => true,
            [NAMESPACE, group, verb @ ("NCMD" | "DCMD"), node, ..]
                if ![group, node].iter().any(|level| level.contains(['+', '#'])) =>
            {
                let speaks = match verb {
                    "NCMD" => format!("{NAMESPACE}/{group}/NDATA/{node}"),
                    _ => format!("{NAMESPACE}/{group}/DDATA/{node}/{}", levels.get(4).unwrap_or(&"#")),
                };
                let as_node = format!("{NAMESPACE}/{group}/NDATA/{node}");
                self.may_publish_foreign(who, &speaks).is_ok() || self.may_publish_foreign(who, &as_node).is_ok()
            }
            _ => false,
        }
    }
}

/// Whether a filter could match what only operators hear.
fn names_operators(filter: &str) -> bool {
    let Some(rest) = filter.strip_prefix(ROOT) else { return true };
    let first = rest.split('/').next().unwrap_or_default();
    matches!(first, "ops" | "+" | "#") || (is_reserved(first) && first == "ops")
}

fn caller(who: &Identity) -> Option<&Caller> {
    who.data.downcast_ref::<Caller>()
}

fn voice(who: &Identity) -> Option<&Voice> {
    caller(who).map(|caller| &caller.voice)
}

fn attempt<'a>(who: &'a Identity, action: &'static str, subject: &'a str, denial: &'a Denial) -> Attempt<'a> {
    let from = caller(who).map(|caller| caller.from);
    Attempt { who: &who.username, plane: who.plane, from, action, subject, denial }
}

/// The same for a name that is not known and a secret that is wrong: neither shall be guessed apart.
fn unknown() -> Denial {
    Denial::bad_credentials("unknown device or wrong secret; `bongsu devices add STATION` gives one")
}

fn no_token() -> Denial {
    Denial::bad_credentials("send a machine token as the password; an administrator makes one in the console")
}

fn denied(text: &'static str) -> Denial {
    Denial::not_authorized(text)
}

#[cfg(test)]
mod tests;
