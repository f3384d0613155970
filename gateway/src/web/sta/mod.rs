//! `/sta/v1.1`: the OGC SensorThings API 1.1, for reading. Tools that speak it find stations, what they observe and what
//! they observed without knowing anything of Bongsu.
//!
//! # Source
//! OGC 18-088, SensorThings API Part 1: Sensing 1.1. Conformance classes: the sensing profile's entities, and the
//! resource path and query options of [`options`] and [`filter`]. There is nothing to write.

// The catalog as entities.
mod entity;
// Expressions over them.
mod filter;
// What a client wants of a collection.
mod options;

use super::problem::{Problem, quoted};
use super::{Web, json_of, stations};
use crate::store::Reader;
use axum::extract::{Path, Query, State};
use axum::http::Uri;
use axum::response::Response;
use bongsu_rules::Observation;
use bongsu_sensors::Time;
use entity::{City, Entity, Related, SETS};
use options::Options;
use serde_json::{Map, Value, json};
use std::cmp::Ordering;
use std::time::Duration;

/// The path of the service.
const ROOT: &str = "/sta/v1.1";

/// How far back observations are looked for first where the newest are asked for; each further look goes four times as
/// far.
const FIRST_LOOK: Duration = Duration::from_secs(86_400);

/// Observations that an answer may be chosen from: a year of a station that speaks each minute.
const MOST_LOOKED_AT: usize = 600_000;

/// Observations read for one answer, over all that is expanded.
const MOST_EXPANDED: usize = 200;

/// `GET /sta/v1.1`: what there is.
pub async fn root(State(web): State<Web>) -> Response {
    let base = base(&web);
    let sets: Vec<Value> = SETS.iter().map(|set| json!({"name": set, "url": format!("{base}/{set}")})).collect();
    let classes = ["http://www.opengis.net/spec/iot_sensing/1.1/req/datamodel"];
    json_of(&json!({"value": sets, "serverSettings": {"conformance": classes}}))
}

/// `GET /sta/v1.1/…`.
pub async fn resource(State(web): State<Web>, Path(path): Path<String>, uri: Uri) -> Result<Response, Problem> {
    let Query(pairs): Query<Vec<(String, String)>> = Query::try_from_uri(&uri)
        .map_err(|_| Problem::bad_request("the query cannot be read", "write it as ?$top=10&$count=true"))?;
    let options = Options::read(&pairs)?;
    let Some(catalog) = web.shared.catalog() else { return Err(stations::no_city()) };
    let (base, plane) = (base(&web), web.plane);
    let language = web.shared.languages().first().map_or("ko", |language| language.code()).to_owned();
    let now = web.shared.pulse().now;
    let answer = move |reader: &Reader| {
        let city = City { catalog: &catalog, plane, base: &base, language: &language };
        let asked = Asked { city, reader, now, pairs: &pairs, expanded: std::cell::Cell::new(0) };
        match asked.answer(&path, &options) {
            Ok(value) => Ok(Ok(value)),
            Err(Failed::Asked(problem)) => Ok(Err(problem)),
            Err(Failed::Store(error)) => Err(error),
        }
    };
    web.shared.readers.read(answer).await?.map(|value| json_of(&value))
}

fn base(web: &Web) -> String {
    format!("{}{ROOT}", web.shared.base_url())
}

/// Why there is no answer.
enum Failed {
    /// The question.
    Asked(Problem),
    /// The store.
    Store(rusqlite::Error),
}

impl From<Problem> for Failed {
    fn from(problem: Problem) -> Failed {
        Failed::Asked(problem)
    }
}

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Failed {
        Failed::Store(error)
    }
}

/// One question.
struct Asked<'a> {
    city: City<'a>,
    reader: &'a Reader,
    now: Time,
    pairs: &'a [(String, String)],
    /// Datastreams whose observations were read beside others.
    expanded: std::cell::Cell<usize>,
}

/// Where a path leads.
enum Place {
    One(Entity),
    Many(Vec<Entity>),
    Observations(usize),
}

fn not_found(path: &str) -> Failed {
    let remedy = format!("ask for {ROOT}, which lists what there is; ids of text stand in quotes: Things('jamsu')");
    Failed::Asked(Problem::not_found(format!("there is no {}", quoted(path)), remedy))
}

impl Asked<'_> {
    fn answer(&self, path: &str, options: &Options) -> Result<Value, Failed> {
        match self.walk(path)? {
            Place::One(entity) => Ok(Value::Object(self.entity(entity, options)?)),
            Place::Many(entities) => self.collection(entities, options, path),
            Place::Observations(place) => {
                let (seen, count, more) = self.observations(place, options)?;
                let entities = seen.into_iter().map(|seen| Entity::Observation(place, seen));
                let written = entities.map(|entity| self.entity(entity, options).map(Value::Object));
                Ok(self.page(written.collect::<Result<_, _>>()?, count, more, options, path))
            }
        }
    }

    /// Follows a path: a set, perhaps an entity of it, perhaps its relations.
    fn walk(&self, path: &str) -> Result<Place, Failed> {
        let mut parts = path.trim_matches('/').split('/');
        let first = parts.next().unwrap_or_default();
        let (set, id) = match first.split_once('(') {
            Some((set, id)) => (set, Some(id.strip_suffix(')').ok_or_else(|| not_found(path))?)),
            None => (first, None),
        };
        let known = SETS.into_iter().find(|known| *known == set).ok_or_else(|| not_found(path))?;
        let mut place = match (known, id) {
            ("Observations", Some(id)) => Place::One(self.observed(id)?.ok_or_else(|| not_found(path))?),
            ("Observations", None) => {
                let remedy = format!("ask for those of one datastream: {ROOT}/Datastreams(1)/Observations");
                return Err(Problem::bad_request("observations are read by datastream", remedy).into());
            }
            (known, Some(id)) => Place::One(self.city.find(known, id).ok_or_else(|| not_found(path))?),
            (known, None) => Place::Many(self.city.all(known).unwrap_or_default()),
        };
        for part in parts {
            let Place::One(entity) = place else { return Err(not_found(path)) };
            place = match self.city.related(entity, part).ok_or_else(|| not_found(path))? {
                Related::One(entity) => Place::One(entity),
                Related::Many(entities) => Place::Many(entities),
                Related::Observations(place) => Place::Observations(place),
            };
        }
        Ok(place)
    }

    fn observed(&self, id: &str) -> Result<Option<Entity>, Failed> {
        let Some((place, time)) = self.city.observation(id) else { return Ok(None) };
        let number = self.city.catalog.datastreams[place].id;
        let page = self.reader.observations(number, time, time + Duration::from_millis(1), 1)?;
        Ok(page.observations.first().map(|seen| Entity::Observation(place, *seen)))
    }

    /// An entity with what is wanted beside it.
    fn entity(&self, entity: Entity, options: &Options) -> Result<Map<String, Value>, Failed> {
        let mut written = self.city.json(entity);
        if !options.select.is_empty() {
            written.retain(|name, _| {
                options.select.iter().any(|wanted| wanted == name || wanted == "id" && name == "@iot.id")
            });
        }
        for (relation, inner) in &options.expand {
            let Some(related) = self.city.related(entity, relation) else {
                let remedy = "names of relations stand before @iot.navigationLink";
                return Err(Problem::bad_request(format!("nothing is called {} here", quoted(relation)), remedy).into());
            };
            written.remove(&format!("{relation}@iot.navigationLink"));
            let value = match related {
                Related::One(entity) => Value::Object(self.entity(entity, inner)?),
                Related::Many(entities) => {
                    let (entities, count, _) = self.choose(entities, inner);
                    if inner.count {
                        written.insert(format!("{relation}@iot.count"), Value::from(count));
                    }
                    let entities = entities.into_iter().map(|entity| self.entity(entity, inner).map(Value::Object));
                    Value::Array(entities.collect::<Result<_, _>>()?)
                }
                Related::Observations(place) => {
                    self.expanded.set(self.expanded.get() + 1);
                    if self.expanded.get() > MOST_EXPANDED {
                        let remedy = format!("ask for at most {MOST_EXPANDED} datastreams with theirs: lower $top");
                        return Err(Problem::bad_request("too many observations to expand", remedy).into());
                    }
                    let (seen, count, _) = self.observations(place, inner)?;
                    if inner.count {
                        written.insert(format!("{relation}@iot.count"), Value::from(count));
                    }
                    let seen = seen.into_iter().map(|seen| self.entity(Entity::Observation(place, seen), inner));
                    Value::Array(seen.map(|one| one.map(Value::Object)).collect::<Result<_, _>>()?)
                }
            };
            written.insert(relation.clone(), value);
        }
        Ok(written)
    }

    fn collection(&self, entities: Vec<Entity>, options: &Options, path: &str) -> Result<Value, Failed> {
        let (entities, count, more) = self.choose(entities, options);
        let written = entities.into_iter().map(|entity| self.entity(entity, options).map(Value::Object));
        Ok(self.page(written.collect::<Result<_, _>>()?, count, more, options, path))
    }

    /// Those of a collection that are wanted, how many there are in all, and whether there are more behind them.
    fn choose(&self, entities: Vec<Entity>, options: &Options) -> (Vec<Entity>, usize, bool) {
        let mut found: Vec<Entity> = match &options.filter {
            None => entities,
            Some(filter) => entities
                .into_iter()
                .filter(|entity| filter.holds(&|way: &[String]| self.property(*entity, way)))
                .collect(),
        };
        for (way, down) in options.order.iter().rev() {
            let key = |entity: &Entity| self.property(*entity, way);
            found.sort_by(|one, other| in_order(&key(one), &key(other), *down));
        }
        let count = found.len();
        let more = count > options.skip.saturating_add(options.top);
        (found.into_iter().skip(options.skip).take(options.top).collect(), count, more)
    }

    /// A property of an entity, or of one that it is related to.
    fn property(&self, entity: Entity, way: &[String]) -> Value {
        let Some((first, rest)) = way.split_first() else { return Value::Null };
        if let Some(Related::One(entity)) = self.city.related(entity, first) {
            return self.property(entity, rest);
        }
        let written = self.city.json(entity);
        let name = if first == "id" { "@iot.id" } else { first.as_str() };
        rest.iter().fold(written.get(name).cloned().unwrap_or_default(), |value, name| value[name.as_str()].clone())
    }

    /// Observations of a datastream as they are wanted, how many there are in all where that is asked, and whether there
    /// are more.
    fn observations(&self, place: usize, options: &Options) -> Result<(Vec<Observation>, usize, bool), Failed> {
        let (from, to) = self.span(options);
        let wanted = options.skip.saturating_add(options.top).saturating_add(1);
        let by_time = |way: &[String]| way.len() == 1 && (way[0] == "phenomenonTime" || way[0] == "resultTime");
        let found = match &options.order[..] {
            [(way, true)] if by_time(way) && !options.count => self.newest(place, options, (from, to), wanted)?,
            order => {
                let mut found = self.look(place, options, (from, to))?;
                for (way, down) in order.iter().rev() {
                    let key = |seen: &Observation| self.property(Entity::Observation(place, *seen), way);
                    found.sort_by(|one, other| in_order(&key(one), &key(other), *down));
                }
                found
            }
        };
        let (count, more) = (found.len(), found.len() >= wanted);
        Ok((found.into_iter().skip(options.skip).take(options.top).collect(), count, more))
    }

    /// The span of time that a filter leaves: `from ≤ time < to`.
    fn span(&self, options: &Options) -> (Time, Time) {
        let (from, to) = options.filter.as_ref().map_or((None, None), |filter| {
            let (from, to) = filter.span("phenomenonTime");
            let (other_from, other_to) = filter.span("resultTime");
            (from.max(other_from), to.into_iter().chain(other_to).min())
        });
        // A clock of a device may be a little fast.
        let to = to.map_or(self.now + Duration::from_secs(3_600), Time::from_millis);
        (from.map_or(Time::from_millis(0), Time::from_millis), to + Duration::from_millis(1))
    }

    /// The observations of a span for which the filter holds, oldest first.
    fn look(&self, place: usize, options: &Options, (from, to): (Time, Time)) -> Result<Vec<Observation>, Failed> {
        let number = self.city.catalog.datastreams[place].id;
        let page = self.reader.observations(number, from, to, MOST_LOOKED_AT)?;
        if page.more {
            let remedy = "ask for a shorter span with $filter=phenomenonTime ge … and phenomenonTime lt …";
            return Err(Problem::bad_request("there are too many observations to look at", remedy).into());
        }
        let holds = |seen: &Observation| {
            let entity = Entity::Observation(place, *seen);
            options.filter.as_ref().is_none_or(|filter| filter.holds(&|way: &[String]| self.property(entity, way)))
        };
        Ok(page.observations.into_iter().filter(holds).collect())
    }

    /// The newest observations of a span, newest first. They are near the end: there is no need to read everything.
    fn newest(
        &self,
        place: usize,
        options: &Options,
        (start, mut end): (Time, Time),
        wanted: usize,
    ) -> Result<Vec<Observation>, Failed> {
        let log_begins = self.reader.next_record(0)?.map_or(self.now, |(_, time)| time);
        let (mut found, mut far) = (Vec::new(), FIRST_LOOK);
        while found.len() < wanted && end > start {
            let near = start.max(end - far);
            // Before the log begins there is only what devices sent late: that is looked at in one go.
            let begin = if near < log_begins { start } else { near };
            found.extend(self.look(place, options, (begin, end))?.into_iter().rev());
            (end, far) = (begin, far * 4);
        }
        Ok(found)
    }

    /// A page of a collection.
    fn page(&self, value: Vec<Value>, count: usize, more: bool, options: &Options, path: &str) -> Value {
        let mut page = Map::new();
        if options.count {
            page.insert("@iot.count".into(), Value::from(count));
        }
        if more && options.top > 0 {
            let skip = options.skip + options.top;
            let others = self.pairs.iter().filter(|(name, _)| name != "$skip" && name != "$top");
            let others = others.map(|(name, value)| format!("&{name}={}", escaped(value)));
            let others: String = others.collect();
            let link = format!("{}/{}?$top={}&$skip={skip}{others}", self.city.base, escaped_path(path), options.top);
            page.insert("@iot.nextLink".into(), Value::from(link));
        }
        page.insert("value".into(), Value::Array(value));
        Value::Object(page)
    }
}

/// In which order two entities stand by a value of theirs.
fn in_order(one: &Value, other: &Value, down: bool) -> Ordering {
    let order = filter::order(one, other).unwrap_or(Ordering::Equal);
    if down { order.reverse() } else { order }
}

/// A text in a query.
fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~$,;=()'/:@".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) && byte != b'&' { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn escaped_path(path: &str) -> String {
    escaped(path.trim_matches('/'))
}
