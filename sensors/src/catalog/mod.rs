//! Where the sensors stand: areas, stations and their datastreams, read from `stations.toml` and a GeoJSON file.
//!
//! A catalog is a value: parsed once, checked once, then only looked things up in. Start at [`Catalog::parse`].

pub mod dialect;
mod geometry;
// Limits of belief.
pub mod quality;
mod read;
mod summary;

pub use dialect::Dialect;
pub use geometry::{EARTH_KM, Ring, distance_km, holds};
pub use quality::Quality;
pub use summary::Summary;

use crate::kind::Nature;
use crate::level::Level;
use crate::mistake::{Mistake, Source};
use crate::name::{AreaCode, DatastreamName, StationId};
use crate::reading::DatastreamId;
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

/// A text in several languages: language code → text.
pub type Translations = BTreeMap<String, String>;

/// An area's place in [`Catalog::areas`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AreaIndex(pub u32);

/// A station's place in [`Catalog::stations`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StationIndex(pub u32);

/// What sort of area: an administrative tier, or a polygon of its own risk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AreaKind {
    /// 시·도, a province or metropolitan city.
    Sido,
    /// 시·군·구, a city district.
    Sigungu,
    /// 읍·면·동, a neighbourhood.
    Eupmyeondong,
    /// Any risk polygon: a riverside park, an underpass, a slope.
    Zone,
}

/// An administrative district or a risk polygon.
#[derive(Clone, Debug)]
pub struct Area {
    /// Its code.
    pub code: AreaCode,
    /// Its sort.
    pub kind: AreaKind,
    /// The area it lies in.
    pub parent: Option<AreaIndex>,
    /// Codes of other registries, as in CAP: name → value.
    pub geocode: BTreeMap<String, String>,
    /// Its name in each language.
    pub name: Translations,
    /// How many people live there.
    pub population: Option<u64>,
    /// Its outer rings; empty where no geometry was given.
    pub polygon: Vec<Ring>,
}

/// A place where people are taken in when they must leave theirs.
#[derive(Clone, Debug, PartialEq)]
pub struct Shelter {
    /// Its name in each language.
    pub name: Translations,
    /// Latitude and longitude, degrees.
    pub position: [f64; 2],
    /// The area it stands in.
    pub area: AreaIndex,
    /// How many people it takes in, where that is known.
    pub people: Option<u32>,
}

/// A place with an identity, coordinates and datastreams.
#[derive(Clone, Debug)]
pub struct Station {
    /// Its identity.
    pub id: StationId,
    /// Its name in each language.
    pub name: Translations,
    /// Latitude and longitude, degrees.
    pub position: [f64; 2],
    /// The area it stands in.
    pub area: AreaIndex,
    /// The areas its alerts speak to.
    pub affects: Vec<AreaIndex>,
    /// The stations whose water arrives here.
    pub upstream: Vec<StationIndex>,
    /// What rules may pick it by, such as `mountain` or `subway`.
    pub tags: Vec<String>,
    /// The zone of its times, where it sends them without an offset.
    pub clock: Option<TimeZone>,
    /// Its datastreams: places in [`Catalog::datastreams`].
    pub datastreams: std::ops::Range<usize>,
}

/// One observed property of one station.
#[derive(Clone, Debug)]
pub struct Datastream {
    /// Its number.
    pub id: DatastreamId,
    /// Its station.
    pub station: StationIndex,
    /// Its name within the station.
    pub name: DatastreamName,
    /// How often it sends.
    pub cadence: Duration,
    /// Limits of danger.
    pub levels: BTreeMap<Level, f64>,
    /// Limits of belief, shared by all that have the same.
    pub quality: Arc<Quality>,
}

impl Datastream {
    /// How its values add up over time.
    pub fn nature(&self) -> Nature {
        self.name.kind().nature
    }
}

/// Numbers of datastreams: each (station, datastream) gets one at first sight and keeps it for ever, so that stored
/// observations outlive every edit of the catalog.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Numbering {
    numbers: BTreeMap<(StationId, DatastreamName), DatastreamId>,
}

impl Numbering {
    fn number(&mut self, station: &StationId, name: DatastreamName) -> DatastreamId {
        let next = DatastreamId(u32::try_from(self.numbers.len()).unwrap_or(u32::MAX));
        *self.numbers.entry((station.clone(), name)).or_insert(next)
    }

    /// The numbers of a list: the n-th entry has number n.
    pub fn of(pairs: impl IntoIterator<Item = (StationId, DatastreamName)>) -> Numbering {
        let numbers = pairs.into_iter().zip(0..).map(|(pair, number)| (pair, DatastreamId(number)));
        Numbering { numbers: numbers.collect() }
    }

    /// How many numbers were ever given.
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Whether none was given yet.
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// Every number with whom it was given to.
    pub fn iter(&self) -> impl Iterator<Item = (&StationId, DatastreamName, DatastreamId)> {
        self.numbers.iter().map(|((station, name), id)| (station, *name, *id))
    }
}

/// The city: areas, stations, datastreams.
#[derive(Clone, Debug)]
pub struct Catalog {
    /// The zone of texts, days and seasons.
    pub timezone: TimeZone,
    /// The areas, in the order of the file.
    pub areas: Vec<Area>,
    /// Where people go when they must leave, in the order of the file.
    pub shelters: Vec<Shelter>,
    /// The stations, in the order of the file.
    pub stations: Vec<Station>,
    /// All datastreams, station by station.
    pub datastreams: Vec<Datastream>,
    /// Devices that speak in their own way, in the order of the file.
    pub dialects: Vec<Dialect>,
    /// What is allowed but probably not meant.
    pub warnings: Vec<Mistake>,
    station_by_id: HashMap<StationId, StationIndex>,
    area_by_code: HashMap<AreaCode, AreaIndex>,
    by_number: HashMap<DatastreamId, usize>,
}

impl Catalog {
    /// Reads a catalog from the text of `stations.toml`; `geometry` is asked for the GeoJSON file it names.
    ///
    /// # Errors
    /// Every mistake of both files, in the order of the text.
    pub fn parse(
        stations: &Arc<Source>,
        geometry: impl FnOnce(&str) -> Result<Arc<Source>, String>,
    ) -> Result<Catalog, Vec<Mistake>> {
        read::catalog(stations, geometry)
    }

    /// Gives every datastream its lasting number.
    pub fn number(&mut self, numbering: &mut Numbering) {
        for datastream in &mut self.datastreams {
            let station = &self.stations[datastream.station.0 as usize].id;
            datastream.id = numbering.number(station, datastream.name);
        }
        self.index();
    }

    fn index(&mut self) {
        let stations = self.stations.iter().zip(0..);
        self.station_by_id = stations.map(|(station, at)| (station.id.clone(), StationIndex(at))).collect();
        self.area_by_code = self.areas.iter().zip(0..).map(|(area, at)| (area.code.clone(), AreaIndex(at))).collect();
        self.by_number = self.datastreams.iter().enumerate().map(|(at, stream)| (stream.id, at)).collect();
    }

    /// The station of this name.
    pub fn station_named(&self, id: &str) -> Option<StationIndex> {
        self.station_by_id.get(id).copied()
    }

    /// The area of this code.
    pub fn area_named(&self, code: &str) -> Option<AreaIndex> {
        self.area_by_code.get(code).copied()
    }

    /// A station.
    pub fn station(&self, at: StationIndex) -> &Station {
        &self.stations[at.0 as usize]
    }

    /// An area.
    pub fn area(&self, at: AreaIndex) -> &Area {
        &self.areas[at.0 as usize]
    }

    /// The datastreams of a station.
    pub fn datastreams_of(&self, at: StationIndex) -> &[Datastream] {
        &self.datastreams[self.station(at).datastreams.clone()]
    }

    /// A station's datastream of this name.
    pub fn datastream(&self, station: StationIndex, name: DatastreamName) -> Option<&Datastream> {
        self.datastreams_of(station).iter().find(|stream| stream.name == name)
    }

    /// The datastream of this number, where the catalog still has it.
    pub fn numbered(&self, id: DatastreamId) -> Option<&Datastream> {
        self.by_number.get(&id).map(|at| &self.datastreams[*at])
    }

    /// The administrative area at a position (latitude, longitude): the innermost whose polygon holds it.
    pub fn area_at(&self, position: [f64; 2]) -> Option<AreaIndex> {
        let areas = (0..).map(AreaIndex).zip(&self.areas).filter(|(_, area)| area.kind != AreaKind::Zone);
        areas
            .filter(|(_, area)| holds(&area.polygon, position))
            .map(|(at, _)| at)
            .max_by_key(|at| self.lineage(*at).count())
    }

    /// An area, the one it lies in, and so on outwards. A loop of parents is refused by the reader, so it ends.
    pub fn lineage(&self, at: AreaIndex) -> impl Iterator<Item = AreaIndex> {
        std::iter::successors(Some(at), |at| self.area(*at).parent)
    }

    /// Whether `inner` is `outer` or lies in it.
    pub fn lies_in(&self, inner: AreaIndex, outer: AreaIndex) -> bool {
        self.lineage(inner).any(|area| area == outer)
    }
}
