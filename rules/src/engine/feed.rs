//! Which datastreams feed an input at a place: those of the place itself, of the river's next stations, or of all
//! stations within a distance.

use super::city::Place;
use crate::language::header::{Feeders, Header, InputSpec};
use bongsu_sensors::catalog::{Datastream, EARTH_KM, StationIndex, distance_km};
use bongsu_sensors::{Catalog, KindId};
use smallvec::SmallVec;
use std::time::Duration;

/// Most stations within a distance that feed one input, the nearest of them: what falls around a gauge is known from
/// some dozens of rain gauges, and every gauge of a dense city times every rain gauge of it is what memory is lost to.
const WITHIN_LIMIT: usize = 64;

/// One input of a rule at one place: the numbers of the datastreams that feed it.
pub type Feed = SmallVec<[u32; 4]>;

/// How old the newest observation of a datastream may be, for an input.
pub fn max_age(spec: &InputSpec, cadence: Duration) -> Duration {
    // Three cadences: two readings may be lost before a station is called silent.
    spec.max_age.unwrap_or(cadence * 3)
}

/// A rule laid over a city: who can feed what.
pub struct Around<'a> {
    header: &'a Header,
    catalog: &'a Catalog,
    /// For each input from around, every station that could feed it, from south to north.
    candidates: Vec<Vec<StationIndex>>,
    /// For each station, the next ones down the river.
    below: Vec<SmallVec<[StationIndex; 2]>>,
}

impl<'a> Around<'a> {
    /// Looks once for everything that could be a neighbour.
    pub fn of(header: &'a Header, catalog: &'a Catalog) -> Around<'a> {
        let latitude = |at: &StationIndex| catalog.station(*at).position[0];
        let candidates = header.inputs.iter().map(|spec| match spec.feeders {
            Feeders::Within(_) => {
                let all = (0..).zip(&catalog.stations).map(|(at, _)| StationIndex(at));
                let mut found: Vec<StationIndex> = all.filter(|at| observes(catalog, spec, *at)).collect();
                found.sort_by(|a, b| latitude(a).total_cmp(&latitude(b)));
                found
            }
            _ => Vec::new(),
        });
        let candidates = candidates.collect();
        let mut below = Vec::new();
        if header.inputs.iter().any(|spec| spec.feeders == Feeders::Neighbours) {
            below.resize(catalog.stations.len(), SmallVec::new());
            for (at, station) in (0..).zip(&catalog.stations) {
                for above in &station.upstream {
                    below[above.0 as usize].push(StationIndex(at));
                }
            }
        }
        Around { header, catalog, candidates, below }
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
        let lacks = |(spec, feed): (&InputSpec, &Feed)| !spec.optional && feed.is_empty();
        let of_here = |(spec, _): &(&InputSpec, &Feed)| spec.feeders == Feeders::Here;
        if self.header.inputs.iter().zip(&here).filter(of_here).any(lacks) {
            return None;
        }
        let read_here: Vec<u32> = here.iter().flatten().copied().collect();
        let inputs = self.header.inputs.iter().zip(here).zip(&self.candidates);
        let all: Vec<Feed> = inputs
            .map(|((spec, feed), candidates)| match (spec.feeders, place) {
                (Feeders::Here, _) => feed,
                (_, Place::Station(station)) => self.feed(spec, &self.near(spec, station, candidates), &read_here),
                _ => feed,
            })
            .collect();
        (!self.header.inputs.iter().zip(&all).any(lacks)).then_some(all)
    }

    /// The stations that are near a station, in the order of the catalog.
    fn near(&self, spec: &InputSpec, station: StationIndex, candidates: &[StationIndex]) -> Vec<StationIndex> {
        let here = self.catalog.station(station);
        let mut chosen: Vec<StationIndex> = match spec.feeders {
            Feeders::Here => Vec::new(),
            Feeders::Upstream => here.upstream.clone(),
            Feeders::Neighbours => here.upstream.iter().chain(&self.below[station.0 as usize]).copied().collect(),
            Feeders::Within(km) => self.nearest(here.position, km, candidates),
        };
        chosen.sort_unstable();
        chosen
    }

    /// The candidates within a distance of a place, at most [`WITHIN_LIMIT`], the nearest.
    fn nearest(&self, place: [f64; 2], km: f64, candidates: &[StationIndex]) -> Vec<StationIndex> {
        let position = |at: &StationIndex| self.catalog.station(*at).position;
        // Candidates stand from south to north, and no place is nearer than its difference of latitude.
        let band = (km / EARTH_KM).to_degrees();
        let from = candidates.partition_point(|at| position(at)[0] < place[0] - band);
        let to = candidates.partition_point(|at| position(at)[0] <= place[0] + band);
        let far = |at: &StationIndex| (distance_km(place, position(at)), *at);
        let mut within: Vec<(f64, StationIndex)> =
            candidates[from..to].iter().map(far).filter(|(distance, _)| *distance <= km).collect();
        within.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        within.into_iter().take(WITHIN_LIMIT).map(|(_, at)| at).collect()
    }

    fn feed(&self, spec: &InputSpec, stations: &[StationIndex], but: &[u32]) -> Feed {
        let (mut feed, mut who) = (Feed::default(), 0_u16);
        let wanted = |stream: &&Datastream| feeds(stream.name.kind, spec.kind) && !but.contains(&stream.id.0);
        for station in stations.iter().filter(|station| is_tagged(self.catalog, spec, **station)) {
            let before = feed.len();
            feed.extend(self.catalog.datastreams_of(*station).iter().filter(wanted).map(|stream| stream.id.0));
            who = who.saturating_add(u16::from(feed.len() > before));
        }
        // Where there are never enough stations nothing would ever be known: then there is no such input here.
        if who < spec.min_stations { Feed::default() } else { feed }
    }
}

/// Whether a station observes what an input asks for.
pub fn observes(catalog: &Catalog, spec: &InputSpec, station: StationIndex) -> bool {
    is_tagged(catalog, spec, station)
        && catalog.datastreams_of(station).iter().any(|stream| feeds(stream.name.kind, spec.kind))
}

/// Whether a station has the tag that an input asks for, if it asks for one.
fn is_tagged(catalog: &Catalog, spec: &InputSpec, station: StationIndex) -> bool {
    spec.tag.as_ref().is_none_or(|tag| catalog.station(station).tags.contains(tag))
}

/// Whether a datastream of one kind feeds an input of another; `None`: of any.
pub(super) fn feeds(stream: KindId, input: Option<KindId>) -> bool {
    input.is_none_or(|input| stream == input || stream.kind().feeds == Some(input.kind().name))
}
