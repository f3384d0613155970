//! What a place says about how far its datastream can be believed: the limits of the quality tests.

use std::time::Duration;

/// Limits of the quality tests of one datastream. A test without limits is not run.
#[derive(Clone, Debug, PartialEq)]
pub struct Quality {
    /// Gross range: outside it a value fails.
    pub range: (f64, f64),
    /// Gross range: outside it a value is suspect.
    pub usual: Option<(f64, f64)>,
    /// Fastest believable change: so much within so long.
    pub max_rate: Option<(f64, Duration)>,
    /// Spike test.
    pub spike: Option<Spike>,
    /// Flat line test.
    pub flat: Option<Flat>,
    /// Attenuated signal test.
    pub attenuated: Option<Attenuated>,
    /// Climatology test: of the seasons that a month belongs to, the last one counts.
    pub seasons: Vec<Season>,
    /// Neighbour test.
    pub neighbours: Option<Neighbours>,
    /// What else than a second sample supports a jump.
    pub support: Option<Support>,
}

impl Quality {
    /// The longest stretch of the past any of the tests looks back to.
    pub fn look_back(&self) -> Duration {
        let flat = self.flat.map(|flat| flat.fail_after.unwrap_or_default().max(flat.after));
        let attenuated = self.attenuated.map(|attenuated| attenuated.over);
        flat.unwrap_or_default().max(attenuated.unwrap_or_default())
    }
}

/// How a spike is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SpikeMethod {
    /// By the lesser distance from both neighbours, where it stands out in one direction from both.
    #[default]
    Differential,
    /// By the distance from the mean of both neighbours, which also blames the innocent neighbour of a large spike.
    Average,
}

/// Limits of a spike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spike {
    /// Above it a value is suspect.
    pub suspect: f64,
    /// Above it a value fails.
    pub fail: f64,
    /// How it is measured.
    pub method: SpikeMethod,
}

/// How long a sensor may stand still.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flat {
    /// After so long it is suspect.
    pub after: Duration,
    /// After so long it fails.
    pub fail_after: Option<Duration>,
    /// A range strictly below this is no movement.
    pub tolerance: f64,
}

/// How the liveliness of a signal is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Liveliness {
    /// By its range.
    #[default]
    Range,
    /// By its standard deviation (divisor n).
    Deviation,
}

/// How lively a signal must be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Attenuated {
    /// Over so long.
    pub over: Duration,
    /// Below it the newest value is suspect.
    pub suspect: f64,
    /// Below it the newest value fails.
    pub fail: f64,
    /// With fewer observations than this nothing is evaluated.
    pub least: usize,
    /// How it is measured.
    pub measure: Liveliness,
}

/// What is usual in some months.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Season {
    /// First and last month, 1 to 12; from November to February is `(11, 2)`.
    pub months: (i8, i8),
    /// Outside it a value is suspect.
    pub usual: (f64, f64),
    /// Outside it a value fails.
    pub range: Option<(f64, f64)>,
}

impl Season {
    /// Whether a month belongs to it.
    pub fn contains(&self, month: i8) -> bool {
        let (first, last) = self.months;
        if first <= last { (first..=last).contains(&month) } else { month >= first || month <= last }
    }
}

/// How far a value may lie from the median of its neighbours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbours {
    /// Stations with the same kind within so many kilometres are neighbours.
    pub within_km: f64,
    /// Above this distance from their median a value is suspect.
    pub suspect: f64,
    /// Above this distance it fails.
    pub fail: f64,
}

/// What near by makes a jump believable at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Support {
    /// Stations within so many kilometres are asked.
    pub within_km: f64,
    /// So much rain in the last hour at one of them, mm; `None`: rain is not asked.
    pub rain: Option<f64>,
    /// So great a change in the same direction at one of them of the same kind, within the time of `max_rate`; `None`:
    /// they are not asked.
    pub change: Option<f64>,
}
