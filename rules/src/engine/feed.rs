//! Which datastreams feed an input at a place: those of the place itself, of the river's next stations, or of all
//! stations within a distance.

use super::city::Place;
use crate::language::header::{Feeders, Header, InputSpec};
use bongsu_sensors::catalog::{Datastream, StationIndex};
use bongsu_sensors::{Catalog, KindId};
use smallvec::SmallVec;
use std::time::Duration;

/// Radius of the earth, km.
const EARTH_KM: f64 = 6371.0;

/// One input of a rule at one place.
#[derive(Clone, Debug, Default)]
pub struct Feed {
    /// The numbers of the datastreams that feed it.
    pub streams: SmallVec<[u32; 2]>,
    /// How old the newest observation of each may be.
    pub max_age: SmallVec<[Duration; 2]>,
}

/// A rule laid over a city: who can feed what.
pub struct Around<'a> {
    header: &'a Header,
    catalog: &'a Catalog,
    /// For each input, every station that could feed it; empty for inputs of the place itself.
    candidates: Vec<Vec<StationIndex>>,
}

impl<'a> Around<'a> {
    /// Looks once for everything that could be a neighbour.
    pub fn of(header: &'a Header, catalog: &'a Catalog) -> Around<'a> {
        let observes = |spec: &InputSpec, at: &StationIndex| {
            catalog.datastreams_of(*at).iter().any(|stream| feeds(stream.name.kind, spec.kind))
        };
        let candidates = header.inputs.iter().map(|spec| match spec.feeders {
            Feeders::Here => Vec::new(),
            _ => (0..).zip(&catalog.stations).map(|(at, _)| StationIndex(at)).filter(|at| observes(spec, at)).collect(),
        });
        Around { header, catalog, candidates: candidates.collect() }
    }

    /// The feeds of every input at a place whose own stations are these; `None` where one that the rule cannot do
    /// without has none.
    pub fn feeds(&self, place: Place, own: &[StationIndex]) -> Option<Vec<Feed>> {
        let here: Vec<Feed> = self
            .header
            .inputs
            .iter()
            .map(|spec| match spec.feeders {
                Feeders::Here => self.feed(spec, own, &[]),
                _ => Feed::default(),
            })
            .collect();
        let lacks = |(spec, feed): (&InputSpec, &Feed)| !spec.optional && feed.streams.is_empty();
        let of_here = |(spec, _): &(&InputSpec, &Feed)| spec.feeders == Feeders::Here;
        if self.header.inputs.iter().zip(&here).filter(of_here).any(lacks) {
            return None;
        }
        let read_here: Vec<u32> = here.iter().flat_map(|feed| feed.streams.iter().copied()).collect();
        let inputs = self.header.inputs.iter().zip(here).zip(&self.candidates);
        let all: Vec<Feed> = inputs
            .map(|((spec, feed), candidates)| match (spec.feeders, place) {
                (Feeders::Here, _) => feed,
                (_, Place::Station(station)) => {
                    let chosen: Vec<StationIndex> =
                        candidates.iter().copied().filter(|other| self.is_near(spec, station, *other)).collect();
                    self.feed(spec, &chosen, &read_here)
                }
                _ => feed,
            })
            .collect();
        (!self.header.inputs.iter().zip(&all).any(lacks)).then_some(all)
    }

    fn is_near(&self, spec: &InputSpec, station: StationIndex, other: StationIndex) -> bool {
        let (here, there) = (self.catalog.station(station), self.catalog.station(other));
        match spec.feeders {
            Feeders::Here => false,
            Feeders::Upstream => here.upstream.contains(&other),
            Feeders::Neighbours => here.upstream.contains(&other) || there.upstream.contains(&station),
            Feeders::Within(km) => distance_km(here.position, there.position) <= km,
        }
    }

    fn feed(&self, spec: &InputSpec, stations: &[StationIndex], but: &[u32]) -> Feed {
        let mut feed = Feed::default();
        let wanted = |stream: &&Datastream| feeds(stream.name.kind, spec.kind) && !but.contains(&stream.id.0);
        for station in stations {
            for stream in self.catalog.datastreams_of(*station).iter().filter(wanted) {
                feed.streams.push(stream.id.0);
                // Three cadences: two readings may be lost before a station is called silent.
                feed.max_age.push(spec.max_age.unwrap_or(stream.cadence * 3));
            }
        }
        feed
    }
}

/// Whether a datastream of one kind feeds an input of another; `None`: of any.
pub fn feeds(stream: KindId, input: Option<KindId>) -> bool {
    input.is_none_or(|input| stream == input || stream.kind().feeds == Some(input.kind().name))
}

/// Great-circle distance of two places, degrees in, km out.
///
/// # Source
/// The haversine formula on a sphere; its error of half a percent is nothing to a neighbourhood.
fn distance_km(a: [f64; 2], b: [f64; 2]) -> f64 {
    let half = |x: f64, y: f64| ((y - x).to_radians() / 2.0).sin().powi(2);
    let cosines = a[0].to_radians().cos() * b[0].to_radians().cos();
    2.0 * EARTH_KM * (half(a[0], b[0]) + cosines * half(a[1], b[1])).sqrt().min(1.0).asin()
}

#[cfg(test)]
mod tests {
    #[test]
    fn distances_are_those_of_the_map() {
        // Seoul city hall to Incheon city hall.
        let far = super::distance_km([37.5663, 126.9779], [37.4563, 126.7052]);
        assert!((far - 27.0).abs() < 1.0, "{far}");
        assert!(super::distance_km([37.5, 127.0], [37.5, 127.0]) < 1e-9);
    }
}
