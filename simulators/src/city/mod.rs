//! The city: areas, rivers and stations, all of them grown from one seed.
//!
//! Nothing moves here; `water` and `instrument` bring it to life. Start at [`City::build`]. The ground and the rivers are
//! the same for every size: a larger city has more sensors on the same land, so what floods does not depend on how many
//! look at it.

pub mod ground;
pub mod name;
pub mod river;
pub mod station;

mod local;
mod site;
mod text;

use crate::plane::Point;
use ground::{Area, COLUMN_KM, COLUMNS, Ground, ROW_KM};
use river::Reach;
use station::{Role, Station};
use std::ops::Range;

/// How many stations a city has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(usize);

impl Size {
    /// The fewest stations a city can have: rain gauges, river gauges, dam, tide gauge and city systems.
    pub const SMALLEST: usize = 47;

    /// So many stations, at least [`Size::SMALLEST`].
    pub fn stations(count: usize) -> Size {
        Size(count.max(Size::SMALLEST))
    }

    /// The number of stations.
    pub fn count(self) -> usize {
        self.0
    }
}

impl Default for Size {
    /// A city for a demonstration: every role at least twice, and a map one can still read.
    fn default() -> Size {
        Size(100)
    }
}

/// A fictional city.
#[derive(Clone, Debug)]
pub struct City {
    /// What it was grown from.
    pub seed: u64,
    /// Districts and the tiers above and below them.
    pub ground: Ground,
    /// Pieces of the rivers, in flow order.
    pub reaches: Vec<Reach>,
    /// Bankfull flow of each reach at its upper and lower end, m³/s.
    pub bankfull_m3s: Vec<[f64; 2]>,
    /// Every area of the catalog: the ground's, then the risk zones.
    pub areas: Vec<Area>,
    /// Every station; river stations stand in flow order.
    pub stations: Vec<Station>,
    /// The middle of the land above the dam, where other rain falls than in the city.
    pub headwaters: Point,
}

impl City {
    /// Grows the city of a seed.
    pub fn build(seed: u64, size: Size) -> City {
        let ground = Ground::build(seed);
        let reaches = river::build(&ground, seed);
        let bankfull_m3s = crate::water::Water::bankfull(&ground.districts, &reaches);
        #[expect(clippy::cast_precision_loss, reason = "six columns")]
        let headwaters = Point::new((COLUMNS as f64) * COLUMN_KM + 11.0, 2.0 * ROW_KM);
        let areas = ground.areas.clone();
        let mut city = City { seed, ground, reaches, bankfull_m3s, areas, stations: Vec::new(), headwaters };
        site::place(&mut city, size);
        city
    }

    /// The catalog of the city as the text of `stations.toml`; it names `areas.geojson` as its geometry.
    pub fn stations_toml(&self) -> String {
        text::stations_toml(self)
    }

    /// The polygons of the city's areas as a GeoJSON feature collection.
    pub fn areas_geojson(&self) -> String {
        text::areas_geojson(self)
    }

    /// The place of a station by its name.
    pub fn station_named(&self, id: &str) -> Option<usize> {
        self.stations.iter().position(|station| station.id.as_str() == id)
    }

    /// Places of the river gauges, in flow order.
    pub fn gauges(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.stations.len()).filter(|at| matches!(self.stations[*at].role, Role::Gauge { .. }))
    }

    /// Reaches of a tributary, by its number from 0.
    pub fn tributary(&self, number: usize) -> Range<usize> {
        let first = 2 * (number % name::TRIBUTARIES.len());
        first..first + 2
    }
}
