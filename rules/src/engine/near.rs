//! Who is near whom: whom the quality tests of a datastream may ask, and who is judged again when they answer.

use super::Engine;
use super::feed::feeds;
use super::stream::StreamState;
use crate::flag::Flag;
use crate::quality::{Around, Near};
use crate::record::Effect;
use bongsu_sensors::catalog::{Datastream, distance_km};
use bongsu_sensors::{Catalog, KindId, Nature, Time};
use smallvec::SmallVec;
use std::time::Duration;

/// Kilometres of a degree of latitude, rounded down: a cheap look before the exact one.
const DEGREE_KM: f64 = 110.0;
/// Rain and jumps are asked for over about so long.
const ASKED_BACK: Duration = Duration::from_secs(3_600);
/// Most datastreams of a sort that are asked: in a dense city the first of the catalog speak for the rest.
const ASKED: usize = 16;

/// Whom a datastream asks, and who asks it, by number.
#[derive(Clone, Debug, Default)]
pub struct NearBy {
    /// Datastreams of the same kind.
    pub peers: SmallVec<[u32; 4]>,
    /// Rain gauges.
    pub rain: SmallVec<[u32; 4]>,
    /// Those whose jumps it may support.
    pub asked_by: Vec<u32>,
}

impl NearBy {
    /// Whom it asks by its catalog entry.
    fn of(stream: &Datastream, catalog: &Catalog) -> Option<NearBy> {
        let quality = &stream.quality;
        let support = quality.support;
        let peers_km = [quality.neighbours.map(|n| n.within_km), support.and_then(|s| s.change.map(|_| s.within_km))];
        let peers_km = peers_km.into_iter().flatten().reduce(f64::max);
        let rain_km = support.and_then(|support| support.rain.map(|_| support.within_km));
        if peers_km.is_none() && rain_km.is_none() {
            return None;
        }
        let rain = KindId::named("rainfall");
        let here = catalog.station(stream.station).position;
        let mut near = NearBy::default();
        for other in catalog.datastreams.iter().filter(|other| other.station != stream.station) {
            let within = |km: Option<f64>| {
                let there = catalog.station(other.station).position;
                km.is_some_and(|km| (here[0] - there[0]).abs() * DEGREE_KM <= km && distance_km(here, there) <= km)
            };
            if other.name.kind == stream.name.kind && near.peers.len() < ASKED && within(peers_km) {
                near.peers.push(other.id.0);
            }
            if feeds(other.name.kind, rain) && near.rain.len() < ASKED && within(rain_km) {
                near.rain.push(other.id.0);
            }
        }
        Some(near)
    }
}

impl Engine {
    /// Lets every datastream know whom it asks and who asks it.
    pub(super) fn meet(&mut self, catalog: &Catalog) {
        for stream in &mut self.streams {
            stream.near = None;
        }
        for datastream in &catalog.datastreams {
            let Some(near) = NearBy::of(datastream, catalog) else { continue };
            if datastream.quality.support.is_some() {
                for asked in near.peers.iter().chain(&near.rain) {
                    self.streams[*asked as usize].near.get_or_insert_default().asked_by.push(datastream.id.0);
                }
            }
            let own = self.streams[datastream.id.0 as usize].near.get_or_insert_default();
            (own.peers, own.rain) = (near.peers, near.rain);
        }
    }

    /// Those who are asked remember as far back as they are asked.
    pub(super) fn remember_for_others(&mut self) {
        for at in 0..self.streams.len() {
            let Some(near) = self.streams[at].near.clone() else { continue };
            let within = self.streams[at].known.as_ref().and_then(|known| known.quality.max_rate);
            let asked_back = ASKED_BACK.max(within.map_or(Duration::ZERO, |(_, within)| within));
            for asked in near.peers.iter().chain(&near.rain) {
                let stream = &mut self.streams[*asked as usize];
                let cadence = stream.known.as_ref().map_or(Duration::ZERO, |known| known.facts.cadence);
                stream.look_back = stream.look_back.max(asked_back + cadence * 3);
            }
        }
    }

    /// What the tests of a datastream may ask just now.
    pub(super) fn around(&self, stream: &StreamState) -> Around {
        let zone = stream.known.as_ref().and_then(|known| known.zone.clone());
        let Some(near) = &stream.near else { return Around { zone, ..Around::default() } };
        let near_one = |id: &u32| {
            let stream = &self.streams[*id as usize];
            let facts = &stream.known.as_ref()?.facts;
            let is_counter = facts.nature == Nature::Counter;
            Some(Near { series: stream.series.clone(), cadence: facts.cadence, is_counter })
        };
        Around {
            peers: near.peers.iter().filter_map(near_one).collect(),
            rain: near.rain.iter().filter_map(near_one).collect(),
            zone,
        }
    }

    /// A datastream said something that may support others: their newest observation, where it is in doubt, is judged
    /// again, and decided again.
    pub(super) fn support(&mut self, stream: usize, now: Time, effects: &mut Vec<Effect>) {
        let Some(near) = &mut self.streams[stream].near else { return };
        let askers = std::mem::take(&mut near.asked_by);
        for &asker in &askers {
            let state = &self.streams[asker as usize];
            if state.series.newest().is_none_or(|newest| newest.flag != Flag::Suspect) {
                continue;
            }
            let around = self.around(state);
            let changed = self.streams[asker as usize].judge_newest(asker, &around, effects);
            drop(around);
            if changed {
                self.announce(asker as usize, now, effects);
            }
        }
        if let Some(near) = &mut self.streams[stream].near {
            near.asked_by = askers;
        }
    }
}
