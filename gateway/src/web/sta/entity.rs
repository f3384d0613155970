//! The catalog as SensorThings entities: what each is called, what stands in it, and what it is related to.
//!
//! | entity | is | `@iot.id` |
//! |---|---|---|
//! | Thing, Location, FeatureOfInterest | a station | its name |
//! | Datastream, Sensor | a datastream | its number |
//! | ObservedProperty | a kind | its name |
//! | Observation | an observation | `DATASTREAM-MILLISECONDS` |
//! | HistoricalLocation | nothing: stations do not move | – |

use crate::web::Plane;
use crate::web::stations::is_readable;
use bongsu_rules::Observation;
use bongsu_sensors::catalog::{Datastream, StationIndex, Translations};
use bongsu_sensors::reading::DatastreamId;
use bongsu_sensors::{Catalog, KindId, Time};
use serde_json::{Map, Value, json};

/// The sets of entities, as the standard calls them.
pub const SETS: [&str; 8] = [
    "Things",
    "Locations",
    "HistoricalLocations",
    "Datastreams",
    "Sensors",
    "ObservedProperties",
    "Observations",
    "FeaturesOfInterest",
];

/// One entity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Entity {
    /// A station.
    Thing(StationIndex),
    /// Where it stands.
    Location(StationIndex),
    /// What is observed there.
    Feature(StationIndex),
    /// A datastream, by its place in the catalog.
    Datastream(usize),
    /// What observes it.
    Sensor(usize),
    /// A kind.
    Property(KindId),
    /// An observation of the datastream at a place.
    Observation(usize, Observation),
}

/// What a relation leads to.
#[derive(Clone, Debug, PartialEq)]
pub enum Related {
    /// One.
    One(Entity),
    /// Several, which are all in the catalog.
    Many(Vec<Entity>),
    /// What a datastream observed, which is in the store.
    Observations(usize),
}

/// The city, for those who may read so much of it.
#[derive(Clone, Copy, Debug)]
pub struct City<'a> {
    /// Its catalog.
    pub catalog: &'a Catalog,
    /// Who reads.
    pub plane: Plane,
    /// The address of the service, without a slash at its end.
    pub base: &'a str,
    /// The language of names.
    pub language: &'a str,
}

fn named<'a>(names: &'a Translations, language: &str) -> &'a str {
    names.get(language).or_else(|| names.values().next()).map_or("", String::as_str)
}

impl City<'_> {
    fn readable(&self) -> impl Iterator<Item = usize> + '_ {
        let streams = self.catalog.datastreams.iter().enumerate();
        streams.filter(|(_, stream)| is_readable(stream, self.plane)).map(|(place, _)| place)
    }

    fn stations(&self) -> impl Iterator<Item = StationIndex> + use<> {
        (0..u32::try_from(self.catalog.stations.len()).unwrap_or(u32::MAX)).map(StationIndex)
    }

    fn stream(&self, place: usize) -> &Datastream {
        &self.catalog.datastreams[place]
    }

    /// Every entity of a set; `None`: there is no such set. Observations have their own way.
    pub fn all(&self, set: &str) -> Option<Vec<Entity>> {
        Some(match set {
            "Things" => self.stations().map(Entity::Thing).collect(),
            "Locations" => self.stations().map(Entity::Location).collect(),
            "FeaturesOfInterest" => self.stations().map(Entity::Feature).collect(),
            "HistoricalLocations" => Vec::new(),
            "Datastreams" => self.readable().map(Entity::Datastream).collect(),
            "Sensors" => self.readable().map(Entity::Sensor).collect(),
            "ObservedProperties" => {
                let observed = |kind: &KindId| self.readable().any(|place| self.stream(place).name.kind == *kind);
                KindId::all().filter(observed).map(Entity::Property).collect()
            }
            _ => return None,
        })
    }

    /// The entity of a set with this id, as it stands between the brackets.
    pub fn find(&self, set: &str, id: &str) -> Option<Entity> {
        let name = id.strip_prefix('\'').and_then(|id| id.strip_suffix('\''));
        let station = || self.catalog.station_named(name?);
        let place = || {
            let number = DatastreamId(id.parse().ok()?);
            self.readable().find(|place| self.stream(*place).id == number)
        };
        match set {
            "Things" => station().map(Entity::Thing),
            "Locations" => station().map(Entity::Location),
            "FeaturesOfInterest" => station().map(Entity::Feature),
            "Datastreams" => place().map(Entity::Datastream),
            "Sensors" => place().map(Entity::Sensor),
            "ObservedProperties" => {
                let kind = KindId::named(name?)?;
                self.readable().any(|place| self.stream(place).name.kind == kind).then_some(Entity::Property(kind))
            }
            _ => None,
        }
    }

    /// The datastream and the moment of an observation's id.
    pub fn observation(&self, id: &str) -> Option<(usize, Time)> {
        let (number, millis) = id.strip_prefix('\'')?.strip_suffix('\'')?.split_once('-')?;
        match self.find("Datastreams", number)? {
            Entity::Datastream(place) => Some((place, Time::from_millis(millis.parse().ok()?))),
            _ => None,
        }
    }

    fn streams_of(&self, of: impl Fn(&Datastream) -> bool) -> Related {
        let places = self.readable().filter(|place| of(self.stream(*place)));
        Related::Many(places.map(Entity::Datastream).collect())
    }

    /// Where a relation of an entity leads; `None`: it has no such relation.
    pub fn related(&self, entity: Entity, relation: &str) -> Option<Related> {
        Some(match (entity, relation) {
            (Entity::Thing(at), "Datastreams") => self.streams_of(|stream| stream.station == at),
            (Entity::Thing(at), "Locations") => Related::Many(vec![Entity::Location(at)]),
            (Entity::Thing(_) | Entity::Location(_), "HistoricalLocations") => Related::Many(Vec::new()),
            (Entity::Location(at), "Things") => Related::Many(vec![Entity::Thing(at)]),
            (Entity::Datastream(place), "Thing") => Related::One(Entity::Thing(self.stream(place).station)),
            (Entity::Datastream(place), "Sensor") => Related::One(Entity::Sensor(place)),
            (Entity::Datastream(place), "ObservedProperty") => {
                Related::One(Entity::Property(self.stream(place).name.kind))
            }
            (Entity::Datastream(place), "Observations") => Related::Observations(place),
            (Entity::Sensor(place), "Datastreams") => Related::Many(vec![Entity::Datastream(place)]),
            (Entity::Property(kind), "Datastreams") => self.streams_of(|stream| stream.name.kind == kind),
            (Entity::Observation(place, _), "Datastream") => Related::One(Entity::Datastream(place)),
            (Entity::Observation(place, _), "FeatureOfInterest") => {
                Related::One(Entity::Feature(self.stream(place).station))
            }
            _ => return None,
        })
    }

    fn relations(entity: Entity) -> (&'static str, &'static [&'static str]) {
        match entity {
            Entity::Thing(_) => ("Things", &["Datastreams", "Locations", "HistoricalLocations"]),
            Entity::Location(_) => ("Locations", &["Things", "HistoricalLocations"]),
            Entity::Feature(_) => ("FeaturesOfInterest", &[]),
            Entity::Datastream(_) => ("Datastreams", &["Thing", "Sensor", "ObservedProperty", "Observations"]),
            Entity::Sensor(_) => ("Sensors", &["Datastreams"]),
            Entity::Property(_) => ("ObservedProperties", &["Datastreams"]),
            Entity::Observation(..) => ("Observations", &["Datastream", "FeatureOfInterest"]),
        }
    }

    fn id(&self, entity: Entity) -> Value {
        match entity {
            Entity::Thing(at) | Entity::Location(at) | Entity::Feature(at) => {
                Value::from(self.catalog.station(at).id.as_str())
            }
            Entity::Datastream(place) | Entity::Sensor(place) => Value::from(self.stream(place).id.0),
            Entity::Property(kind) => Value::from(kind.kind().name),
            Entity::Observation(place, seen) => {
                Value::from(format!("{}-{}", self.stream(place).id.0, seen.time.millis()))
            }
        }
    }

    /// What stands in an entity.
    pub fn json(&self, entity: Entity) -> Map<String, Value> {
        let id = self.id(entity);
        let (set, relations) = City::relations(entity);
        let link = match &id {
            Value::String(text) => format!("{}/{set}('{text}')", self.base),
            number => format!("{}/{set}({number})", self.base),
        };
        let mut all = Map::new();
        all.insert("@iot.id".into(), id);
        all.insert("@iot.selfLink".into(), Value::from(link.as_str()));
        if let Value::Object(own) = self.own(entity) {
            all.extend(own);
        }
        for relation in relations {
            all.insert(format!("{relation}@iot.navigationLink"), Value::from(format!("{link}/{relation}")));
        }
        all
    }

    fn own(&self, entity: Entity) -> Value {
        let name = |names: &Translations| named(names, self.language).to_owned();
        match entity {
            Entity::Thing(at) => {
                let station = self.catalog.station(at);
                let area = self.catalog.area(station.area);
                json!({
                    "name": name(&station.name),
                    "description": format!("Station {} in {}", station.id, name(&area.name)),
                    "properties": {"area": area.code.as_str(), "names": station.name, "tags": station.tags},
                })
            }
            Entity::Location(at) | Entity::Feature(at) => {
                let station = self.catalog.station(at);
                let [north, east] = station.position;
                let point = json!({"type": "Point", "coordinates": [east, north]});
                let place = if matches!(entity, Entity::Location(_)) { "location" } else { "feature" };
                json!({
                    "name": name(&station.name),
                    "description": format!("Where station {} stands", station.id),
                    "encodingType": "application/geo+json",
                    place: point,
                })
            }
            Entity::Datastream(place) => self.datastream(place),
            Entity::Sensor(place) => {
                let stream = self.stream(place);
                let kind = stream.name.kind();
                json!({
                    "name": format!("{} {}", self.catalog.station(stream.station).id, stream.name),
                    "description": format!("What observes {} there", kind.title.1),
                    "encodingType": "text/plain",
                    "metadata": format!("cadence {}", bongsu_sensors::time::duration_text(stream.cadence)),
                })
            }
            Entity::Property(kind) => {
                let kind = kind.kind();
                json!({
                    "name": kind.name,
                    "definition": format!("https://github.com/bongsu/bongsu/blob/main/docs/kinds.md#{}", kind.name),
                    "description": kind.title.1,
                    "properties": {"ko": kind.title.0, "domain": kind.domain},
                })
            }
            Entity::Observation(_, seen) => json!({
                "phenomenonTime": seen.time.to_string(),
                "resultTime": seen.time.to_string(),
                "result": seen.value,
                "resultQuality": seen.flag.number(),
            }),
        }
    }

    fn datastream(&self, place: usize) -> Value {
        let stream = self.stream(place);
        let kind = stream.name.kind();
        let station = self.catalog.station(stream.station);
        let [north, east] = station.position;
        let levels: Map<String, Value> =
            stream.levels.iter().map(|(level, limit)| (level.name().to_owned(), Value::from(*limit))).collect();
        json!({
            "name": format!("{} {}", named(&station.name, self.language), stream.name),
            "description": kind.title.1,
            "observationType": "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
            "unitOfMeasurement": {
                "name": kind.unit,
                "symbol": kind.unit,
                "definition": format!("https://ucum.org/ucum#{}", kind.unit),
            },
            "observedArea": {"type": "Point", "coordinates": [east, north]},
            "properties": {"kind": stream.name.to_string(), "levels": levels},
        })
    }
}
