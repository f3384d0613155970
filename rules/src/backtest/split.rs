//! A back-test on several processors: what places of a rule have nothing to do with each other is played apart.

use super::prepared::{alone, until};
use super::{Moment, Setting};
use bongsu_sensors::Time;
use std::collections::BTreeMap;

/// Cuts moments into up to `parts` heaps that can be played apart: every datastream stands in the heap of all that any
/// place of the rule looks at together with it, or that is asked in judging those. What the rule finds in the heaps,
/// joined, is what it finds in all.
pub fn split(setting: &Setting, moments: &[Moment], parts: usize) -> Vec<Vec<Moment>> {
    let whole = || vec![moments.to_vec()];
    let Ok((rule, _, engine, scopes)) = alone(setting, None, Time::default()) else { return whole() };
    // Stations that must agree are all one group.
    if parts < 2 || rule.header.hold.coincide.is_some() {
        return whole();
    }
    let mut groups = Groups::default();
    for scope in scopes {
        let together = engine.concerned(std::slice::from_ref(&scope));
        for datastream in &together {
            groups.join(together[0], *datastream);
        }
    }
    let mut members: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for datastream in groups.0.keys().copied().collect::<Vec<u32>>() {
        members.entry(groups.root(datastream)).or_default().push(datastream);
    }
    let mut groups: Vec<Vec<u32>> = members.into_values().collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
    let mut sizes = vec![0; parts.min(groups.len()).max(1)];
    let mut heap_of: BTreeMap<u32, usize> = BTreeMap::new();
    for group in groups {
        let least = (0..sizes.len()).min_by_key(|at| sizes[*at]).unwrap_or(0);
        sizes[least] += group.len();
        heap_of.extend(group.into_iter().map(|datastream| (datastream, least)));
    }
    let mut heaps: Vec<Vec<Moment>> = vec![Vec::new(); sizes.len()];
    for moment in moments {
        for reading in &moment.readings {
            let Some(heap) = heap_of.get(&reading.datastream.0).and_then(|at| heaps.get_mut(*at)) else { continue };
            match heap.last_mut() {
                Some(last) if last.now == moment.now => last.readings.push(*reading),
                _ => heap.push(Moment { now: moment.now, readings: vec![*reading] }),
            }
        }
    }
    let end = moments.last().map(|moment| moment.now);
    heaps.iter_mut().for_each(|heap| until(heap, end));
    heaps
}

/// Which datastreams belong together: each points to another of its group, or to itself.
#[derive(Default)]
struct Groups(BTreeMap<u32, u32>);

impl Groups {
    fn root(&mut self, of: u32) -> u32 {
        let mut at = of;
        while let Some(&next) = self.0.get(&at).filter(|next| **next != at) {
            at = next;
        }
        self.0.insert(of, at);
        at
    }

    fn join(&mut self, one: u32, other: u32) {
        let (one, other) = (self.root(one), self.root(other));
        self.0.insert(other, one);
        self.0.entry(one).or_insert(one);
    }
}
