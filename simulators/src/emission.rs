//! What stations send: observations and lending events, each with the moment it is sent, and the JSON they travel as.

use bongsu_sensors::{DatastreamName, StationId, Time};
use smallvec::SmallVec;
use std::fmt::Write;

/// Values of one moment; `None`: the device says that the value is missing.
pub type Values = SmallVec<[(DatastreamName, Option<f64>); 4]>;

/// One message of observations.
#[derive(Clone, Debug, PartialEq)]
pub struct Emission {
    /// When it is sent, in virtual time.
    pub due: Time,
    /// Who sends it.
    pub station: StationId,
    /// The device's claim of when it measured.
    pub phenomenon: Time,
    /// What it measured.
    pub values: Values,
}

impl Emission {
    /// Its topic.
    pub fn topic(&self) -> String {
        format!("bongsu/v1/{}/obs", self.station)
    }

    /// Its payload: `{"t":"2026-07-08T11:31:00Z","river_stage":3.12}`.
    pub fn payload(&self) -> String {
        let mut text = String::with_capacity(48 + 28 * self.values.len());
        let _ = write!(text, "{{\"t\":\"{}\"", self.phenomenon);
        for (name, value) in &self.values {
            // Names are made of letters, digits, `_` and `.`: nothing in them needs an escape. Values are finite.
            let _ = match value {
                Some(value) => write!(text, ",\"{name}\":{value}"),
                None => write!(text, ",\"{name}\":null"),
            };
        }
        text.push('}');
        text
    }
}

/// A message as it travels: of observations, or of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telegram {
    /// When it is sent, in virtual time.
    pub due: Time,
    /// Who sends it.
    pub station: StationId,
    /// Where to.
    pub topic: String,
    /// What.
    pub payload: String,
}

impl From<Emission> for Telegram {
    fn from(said: Emission) -> Telegram {
        Telegram { due: said.due, topic: said.topic(), payload: said.payload(), station: said.station }
    }
}

impl From<EventEmission> for Telegram {
    fn from(said: EventEmission) -> Telegram {
        Telegram { due: said.due, topic: said.topic(), payload: said.payload(), station: said.station }
    }
}

/// Something that happened at a charger station, at most once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventEmission {
    /// When it is sent, in virtual time.
    pub due: Time,
    /// Who sends it.
    pub station: StationId,
    /// Its identity: a second message with the same one is the same event.
    pub id: String,
    /// When it happened.
    pub phenomenon: Time,
    /// What happened.
    pub what: Lending,
    /// The power bank.
    pub unit: String,
    /// The loan, a random number: never a person.
    pub token: String,
}

/// What happens to a power bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lending {
    /// Somebody took it.
    Lent,
    /// Somebody brought it back.
    Returned,
}

impl Lending {
    /// Its name in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Lending::Lent => "lent",
            Lending::Returned => "returned",
        }
    }
}

impl EventEmission {
    /// Its topic.
    pub fn topic(&self) -> String {
        format!("bongsu/v1/{}/event", self.station)
    }

    /// Its payload: `{"id":…,"t":…,"type":"lent","unit":…,"token":…}`.
    pub fn payload(&self) -> String {
        // All parts are made here, of letters, digits and `-`.
        format!(
            "{{\"id\":\"{}\",\"t\":\"{}\",\"type\":\"{}\",\"unit\":\"{}\",\"token\":\"{}\"}}",
            self.id,
            self.phenomenon,
            self.what.name(),
            self.unit,
            self.token
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_written_as_the_contract_has_it() {
        let time = Time::parse("2026-07-08T20:31:00+09:00").expect("a time");
        let name = |text: &str| text.parse::<DatastreamName>().expect(text);
        let values = [(name("river_stage"), Some(3.12)), (name("tilt.2"), None), (name("battery_voltage"), Some(12.0))];
        let station = StationId::new("mir-3");
        let emission =
            Emission { due: time, station: station.clone(), phenomenon: time, values: values.into_iter().collect() };
        assert_eq!(emission.topic(), "bongsu/v1/mir-3/obs");
        let text = "{\"t\":\"2026-07-08T11:31:00Z\",\"river_stage\":3.12,\"tilt.2\":null,\"battery_voltage\":12}";
        assert_eq!(emission.payload(), text);
        let event = EventEmission {
            due: time,
            station,
            id: "00ff-lent".into(),
            phenomenon: time,
            what: Lending::Lent,
            unit: "PB-7".into(),
            token: "00ff".into(),
        };
        assert_eq!(event.topic(), "bongsu/v1/mir-3/event");
        let read: serde_json::Value = serde_json::from_str(&event.payload()).expect("JSON");
        assert_eq!((&read["type"], &read["token"]), (&"lent".into(), &"00ff".into()));
    }
}
