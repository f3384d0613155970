//! The topics of `bongsu/v1`, typed both ways: what devices publish ([`DeviceTopic`]) and what Bongsu itself publishes
//! ([`CityTopic`]).
//!
//! Parsing allocates nothing: it stands on the way of every reading. Filters with wildcards are no topics and are
//! refused here like any other text; matching them is the broker's business.

use crate::name::{DatastreamName, is_name};
use std::fmt;

/// What every topic of ours begins with.
pub const ROOT: &str = "bongsu/v1/";

/// The topic of the heartbeat.
pub const SYSTEM: &str = "bongsu/v1/system";

/// First levels below the root that are not stations, so no station may be called so.
pub const RESERVED: [&str; 5] = ["alerts", "exercise", "ops", "live", "system"];

/// Whether a name stands for something else than a station in our topics.
pub fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

/// The part of a device's topic behind its station.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Leaf {
    /// Observations as Bongsu JSON, from the device.
    Obs,
    /// Observations as SenML, from the device.
    Senml,
    /// Whether the device is there: retained, and its Last Will.
    Status,
    /// Things that happen once, from the device.
    Event,
    /// Commands, from the operators.
    Command,
    /// Answers to commands, from the device.
    CommandAck,
    /// What was refused and why, from Bongsu.
    Errors,
}

impl Leaf {
    /// Every leaf.
    pub const ALL: [Leaf; 7] =
        [Leaf::Obs, Leaf::Senml, Leaf::Status, Leaf::Event, Leaf::Command, Leaf::CommandAck, Leaf::Errors];

    /// Its text in topics.
    pub const fn name(self) -> &'static str {
        match self {
            Leaf::Obs => "obs",
            Leaf::Senml => "senml",
            Leaf::Status => "status",
            Leaf::Event => "event",
            Leaf::Command => "cmd",
            Leaf::CommandAck => "cmd/ack",
            Leaf::Errors => "errors",
        }
    }

    /// Whether the device of the station publishes there.
    pub const fn is_from_device(self) -> bool {
        matches!(self, Leaf::Obs | Leaf::Senml | Leaf::Status | Leaf::Event | Leaf::CommandAck)
    }

    fn named(text: &str) -> Option<Leaf> {
        Leaf::ALL.into_iter().find(|leaf| leaf.name() == text)
    }
}

/// `bongsu/v1/{station}/{leaf}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DeviceTopic<'a> {
    /// The station, as written; whether it is in the catalog is another question.
    pub station: &'a str,
    /// What is said there.
    pub leaf: Leaf,
}

impl<'a> DeviceTopic<'a> {
    /// Reads a topic; `None` where it is none of a station.
    pub fn parse(topic: &'a str) -> Option<DeviceTopic<'a>> {
        let (station, leaf) = topic.strip_prefix(ROOT)?.split_once('/')?;
        let leaf = Leaf::named(leaf)?;
        (is_name(station) && !is_reserved(station)).then_some(DeviceTopic { station, leaf })
    }
}

impl fmt::Display for DeviceTopic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ROOT}{}/{}", self.station, self.leaf.name())
    }
}

/// For whom an incident is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Plane {
    /// Everybody: issued incidents of status Actual.
    Alerts,
    /// Everything whose status is not Actual: demos, drills.
    Exercise,
    /// Operators: their own incidents, and proposals that are not released.
    Ops,
}

impl Plane {
    /// Every plane.
    pub const ALL: [Plane; 3] = [Plane::Alerts, Plane::Exercise, Plane::Ops];

    /// Its text in topics.
    pub const fn name(self) -> &'static str {
        match self {
            Plane::Alerts => "alerts",
            Plane::Exercise => "exercise",
            Plane::Ops => "ops",
        }
    }
}

/// What Bongsu alone publishes. `Display` writes the topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CityTopic<'a> {
    /// `bongsu/v1/{plane}/{area}/{hazard}`: the current state of an incident.
    Incident {
        /// For whom.
        plane: Plane,
        /// Where.
        area: &'a str,
        /// Of what.
        hazard: &'a str,
    },
    /// `bongsu/v1/live/{station}/{datastream}`: committed observations.
    Live {
        /// The station.
        station: &'a str,
        /// Its datastream.
        datastream: DatastreamName,
    },
    /// `bongsu/v1/system`: the heartbeat.
    System,
}

impl<'a> CityTopic<'a> {
    /// Reads a topic; `None` where it is none of these.
    pub fn parse(topic: &'a str) -> Option<CityTopic<'a>> {
        if topic == SYSTEM {
            return Some(CityTopic::System);
        }
        let (first, rest) = topic.strip_prefix(ROOT)?.split_once('/')?;
        let (second, third) = rest.split_once('/')?;
        if !is_name(second) {
            return None;
        }
        if first == "live" {
            return Some(CityTopic::Live { station: second, datastream: third.parse().ok()? });
        }
        let plane = Plane::ALL.into_iter().find(|plane| plane.name() == first)?;
        is_name(third).then_some(CityTopic::Incident { plane, area: second, hazard: third })
    }
}

impl fmt::Display for CityTopic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CityTopic::Incident { plane, area, hazard } => write!(f, "{ROOT}{}/{area}/{hazard}", plane.name()),
            CityTopic::Live { station, datastream } => write!(f, "{ROOT}live/{station}/{datastream}"),
            CityTopic::System => f.write_str(SYSTEM),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_topic_is_written_as_it_is_read() {
        for leaf in Leaf::ALL {
            let topic = DeviceTopic { station: "jamsu", leaf };
            let text = topic.to_string();
            assert_eq!(DeviceTopic::parse(&text), Some(topic), "{text}");
            assert_eq!(CityTopic::parse(&text), None, "{text}");
        }
        assert_eq!(DeviceTopic { station: "B-2", leaf: Leaf::CommandAck }.to_string(), "bongsu/v1/B-2/cmd/ack");
    }

    #[test]
    fn what_is_no_device_topic_is_refused() {
        for topic in [
            "",
            "bongsu/v1",
            "bongsu/v1/",
            "bongsu/v1//obs",
            "bongsu/v1/jamsu",
            "bongsu/v1/jamsu/",
            "bongsu/v1/jamsu/OBS",
            "bongsu/v1/jamsu/obs/",
            "bongsu/v1/jamsu/obs/x",
            "bongsu/v1/jamsu/cmd/",
            "bongsu/v1/+/obs",
            "bongsu/v1/#",
            "bongsu/v1/jam su/obs",
            "bongsu/v1/잠수/obs",
            "bongsu/v2/jamsu/obs",
            "/bongsu/v1/jamsu/obs",
            "bongsu/v1/system",
            "bongsu/v1/alerts/obs",
            "bongsu/v1/live/obs",
            "bongsu/v1/ops/cmd/ack",
        ] {
            assert_eq!(DeviceTopic::parse(topic), None, "{topic}");
        }
        for name in RESERVED {
            assert_eq!(DeviceTopic::parse(&format!("bongsu/v1/{name}/obs")), None, "{name}");
        }
    }

    #[test]
    fn a_city_topic_is_written_as_it_is_read() {
        let datastream = "acceleration.x".parse().expect("name");
        let mut topics = vec![CityTopic::System, CityTopic::Live { station: "jamsu", datastream }];
        topics.extend(Plane::ALL.map(|plane| CityTopic::Incident { plane, area: "city", hazard: "river_flood" }));
        for topic in topics {
            let text = topic.to_string();
            assert_eq!(CityTopic::parse(&text), Some(topic), "{text}");
            assert_eq!(DeviceTopic::parse(&text), None, "{text}");
        }
        for bad in
            ["bongsu/v1/alerts/seocho", "bongsu/v1/alerts/seocho/a/b", "bongsu/v1/live/jamsu/x", "bongsu/v1/systems"]
        {
            assert_eq!(CityTopic::parse(bad), None, "{bad}");
        }
    }
}
