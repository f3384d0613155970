//! What a rule is judged by at the workbench: the limits of the stations themselves, what an agency announced there, or
//! what people said of the rule's incidents.

use super::Key;
use crate::backtest::Graph;
use crate::store::Reader;
use bongsu_rules::backtest::{Event, Moment, Terms, Truth, crossings, samples};
use bongsu_rules::incident::{CITY, Status};
use bongsu_sensors::catalog::{Catalog, Datastream};
use bongsu_sensors::{DatastreamName, KindId, Level, Time};
use std::collections::BTreeMap;

/// The kind in which agencies announce their own levels, 1 advisory to 4 emergency.
const AGENCY: &str = "agency_level";

/// What warnings are compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::web) enum Against {
    /// The stations' own limit of a level.
    Limit(Level),
    /// That an agency announced the level, or a higher one.
    Agency,
    /// What people said.
    People,
}

impl std::str::FromStr for Against {
    type Err = String;

    fn from_str(text: &str) -> Result<Against, String> {
        match text {
            "agency" => Ok(Against::Agency),
            "people" => Ok(Against::People),
            _ => text.parse().map(Against::Limit).map_err(|_| {
                format!("{text:?} is nothing to judge by; write advisory, watch, warning, emergency, agency or people")
            }),
        }
    }
}

impl Against {
    /// What events are, where limits do not say it; for the report, which is in English.
    pub(super) const fn means(self) -> Option<&'static str> {
        match self {
            Against::Limit(_) => None,
            Against::Agency => Some("the level or a higher one, as an agency announced it"),
            Against::People => {
                Some("incidents of the rule that a person approved, or that were issued and not taken back")
            }
        }
    }

    /// The limit that a datastream reaches.
    fn limit(self, one: &Watched, level: Level) -> Option<f64> {
        match self {
            Against::Limit(level) => one.limits.get(&level).copied().filter(|_| !one.is_agency),
            Against::Agency => {
                let rank = Level::RAISED.iter().zip(1_u8..).find(|(one, _)| **one == level);
                rank.map(|(_, rank)| f64::from(rank)).filter(|_| one.is_agency)
            }
            Against::People => None,
        }
    }
}

/// A datastream that says what was to be warned of.
#[derive(Clone, Debug)]
pub(in crate::web) struct Watched {
    station: String,
    name: DatastreamName,
    is_agency: bool,
    limits: BTreeMap<Level, f64>,
    samples: Vec<(Time, f64)>,
}

/// The datastreams of an area that say what a rule with such inputs was to warn of.
pub(super) fn witnesses<'a>(
    catalog: &'a Catalog,
    area: Option<&str>,
    kinds: &[KindId],
) -> impl Iterator<Item = &'a Datastream> {
    let outer = area.filter(|area| *area != CITY).map(|area| catalog.area_named(area));
    let is_inside = move |stream: &&Datastream| {
        let inner = catalog.station(stream.station).area;
        outer.is_none_or(|outer| outer.is_some_and(|outer| catalog.lies_in(inner, outer)))
    };
    let kinds = kinds.to_vec();
    let says = move |stream: &&Datastream| {
        let kind = stream.name.kind;
        is_agency(stream) || (!stream.levels.is_empty() && kinds.contains(&kind))
    };
    catalog.datastreams.iter().filter(says).filter(is_inside)
}

fn is_agency(stream: &Datastream) -> bool {
    stream.name.kind.kind().name == AGENCY
}

/// What they said.
pub(super) fn watched<'a>(
    catalog: &Catalog,
    streams: impl Iterator<Item = &'a Datastream>,
    moments: &[Moment],
) -> Vec<Watched> {
    let one = |stream: &Datastream| Watched {
        station: catalog.station(stream.station).id.to_string(),
        name: stream.name,
        is_agency: is_agency(stream),
        limits: stream.levels.clone(),
        samples: samples(stream, moments),
    };
    streams.map(one).collect()
}

/// When those were reached that warnings are compared with, as graphs.
pub(super) fn graphs(watched: &[Watched], against: Against, level: Level) -> Vec<Graph> {
    let rearm = Terms::default().rearm;
    let graph = |one: &Watched| {
        let limit = against.limit(one, level)?;
        Some(Graph {
            name: format!("{} {} {limit}", one.station, one.name),
            station: one.station.clone(),
            limit,
            samples: one.samples.clone(),
            alerts: Vec::new(),
            events: crossings(&one.station, &one.samples, limit, rearm),
        })
    };
    watched.iter().filter_map(graph).collect()
}

fn reached(watched: &[Watched], against: Against, level: Level) -> Vec<Event> {
    let rearm = Terms::default().rearm;
    let limited = watched.iter().filter_map(|one| Some((one, against.limit(one, level)?)));
    let mut events: Vec<Event> =
        limited.flat_map(|(one, limit)| crossings(&one.station, &one.samples, limit, rearm)).collect();
    events.sort_by(|a, b| (a.from, &a.place).cmp(&(b.from, &b.place)));
    events
}

/// What of the past is asked for.
pub(super) struct Question<'a> {
    pub key: &'a Key,
    pub status: Status,
    pub from: Time,
    pub to: Time,
}

/// The truth of a kind.
///
/// # Errors
/// The store cannot be read.
pub(super) fn truth(
    reader: &Reader,
    against: Against,
    watched: &[Watched],
    asked: &Question<'_>,
) -> rusqlite::Result<Truth> {
    let level = asked.key.level;
    match against {
        Against::People => reader.said(&asked.key.rule, level, asked.status, asked.from, asked.to).map(Truth::Said),
        Against::Limit(_) | Against::Agency => Ok(Truth::Reached(reached(watched, against, level))),
    }
}
