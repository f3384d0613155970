//! A catalog in numbers, so that a person who wrote one sees at a glance whether all of it was read.

use super::Catalog;
use crate::kind::KindId;
use std::collections::BTreeMap;
use std::fmt;

/// How much of what a catalog holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Areas.
    pub areas: usize,
    /// Areas that have a polygon.
    pub polygons: usize,
    /// Stations.
    pub stations: usize,
    /// Datastreams.
    pub datastreams: usize,
    /// Datastreams with limits of danger, on which level rules can decide.
    pub with_levels: usize,
    /// Datastreams of each kind that is there, in the order of the table of kinds.
    pub kinds: Vec<(KindId, usize)>,
}

impl Catalog {
    /// The catalog in numbers.
    pub fn summary(&self) -> Summary {
        let mut kinds = BTreeMap::new();
        for stream in &self.datastreams {
            *kinds.entry(stream.name.kind).or_insert(0) += 1;
        }
        Summary {
            areas: self.areas.len(),
            polygons: self.areas.iter().filter(|area| !area.polygon.is_empty()).count(),
            stations: self.stations.len(),
            datastreams: self.datastreams.len(),
            with_levels: self.datastreams.iter().filter(|stream| !stream.levels.is_empty()).count(),
            kinds: kinds.into_iter().collect(),
        }
    }
}

impl fmt::Display for Summary {
    /// One line of totals, then one for each kind.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "areas {} (with a polygon {}), stations {}, datastreams {} (with levels {})",
            self.areas, self.polygons, self.stations, self.datastreams, self.with_levels
        )?;
        for (kind, count) in &self.kinds {
            write!(f, "\n  {count:>6}  {kind} ({})", kind.kind().title.0)?;
        }
        Ok(())
    }
}
