//! What a station is to the simulation: where it stands, what it observes, and which part of the city moves it.

use super::name::Name;
use crate::plane::Point;
use crate::water::channel::Rating;
use bongsu_sensors::{DatastreamName, Level, StationId};

/// A station of the city.
#[derive(Clone, Debug)]
pub struct Station {
    /// Its identity in topics and files.
    pub id: StationId,
    /// Its name.
    pub name: Name,
    /// Where it stands.
    pub at: Point,
    /// The district it stands in.
    pub district: usize,
    /// The area it stands in: that of its district.
    pub area: usize,
    /// The areas its alerts speak to.
    pub affects: Vec<usize>,
    /// Stations whose water arrives here.
    pub upstream: Vec<StationId>,
    /// What it is.
    pub role: Role,
    /// How often it sends, minutes.
    pub cadence_min: i64,
    /// What it observes. Where a station has levels, they belong to its first datastream.
    pub streams: Vec<Stream>,
}

/// A datastream of a station.
#[derive(Clone, Debug)]
pub struct Stream {
    /// Its name.
    pub name: DatastreamName,
    /// Limits of danger, lowest first; empty where it has none.
    pub levels: Vec<(Level, f64)>,
}

/// What a station is, with what never changes about it.
#[derive(Clone, Copy, Debug)]
pub enum Role {
    /// A rain gauge; some count without ever telling the amount of an interval.
    Rain {
        /// Whether it sends `rainfall_counter` instead of `rainfall`.
        counter: bool,
    },
    /// A river gauge.
    Gauge {
        /// The reach it stands at.
        reach: usize,
        /// Its place in the reach, 0 at the upper end to 1 at the lower.
        along: f64,
        /// How high a flow stands here.
        rating: Rating,
        /// Amplitude of the tide here at low flow, m.
        tide_m: f64,
    },
    /// The dam above the city.
    Dam,
    /// The tide gauge at the mouth.
    Tide,
    /// A level sensor in a sewer.
    Sewer {
        /// Diameter of the pipe, m.
        pipe_m: f64,
        /// Rain it can carry away, mm/h.
        drain_mm_h: f64,
    },
    /// A depth sensor on a road.
    Road {
        /// Rain its drains can carry away, mm/h.
        drain_mm_h: f64,
        /// How much ground drains to the low spot, for each part of it.
        gather: f64,
    },
    /// An underpass with a depth sensor and a barrier.
    Underpass {
        /// Rain its pumps can carry away, mm/h.
        drain_mm_h: f64,
        /// How much ground drains to it, for each part of it.
        gather: f64,
        /// The reach that flows in when it overtops its banks.
        reach: usize,
        /// Whether the barrier closes by itself.
        automatic: bool,
    },
    /// A bridge over a river.
    Bridge {
        /// The reach it crosses.
        reach: usize,
    },
    /// A slope above houses.
    Slope {
        /// Pore pressure at which it begins to creep, kPa.
        critical_kpa: f64,
    },
    /// A kiosk that lends portable chargers.
    Charger {
        /// Slots it has.
        slots: usize,
    },
    /// A public WiFi site.
    Wifi {
        /// Clients at its busiest hour.
        busy: f64,
    },
    /// A city web site.
    Website,
    /// A water main.
    WaterMain,
    /// A road with speed sensors.
    Traffic,
    /// A metro line.
    Subway,
    /// A district heating plant.
    Heat,
}

impl Station {
    /// The limit of a level of its first datastream.
    pub fn limit(&self, level: Level) -> Option<f64> {
        let levels = &self.streams.first()?.levels;
        levels.iter().find(|(name, _)| *name == level).map(|(_, limit)| *limit)
    }

    /// The highest level its first datastream reaches with this value.
    pub fn level_of(&self, value: f64) -> Level {
        let levels = self.streams.first().map_or(&[][..], |stream| &stream.levels);
        levels.iter().rev().find(|(_, limit)| value >= *limit).map_or(Level::None, |(level, _)| *level)
    }
}

/// Limits of danger in order: advisory, watch, warning, and emergency where there is a fourth.
pub fn levels(limits: &[f64]) -> Vec<(Level, f64)> {
    Level::RAISED.into_iter().zip(limits.iter().map(|limit| (limit * 100.0).round() / 100.0)).collect()
}
