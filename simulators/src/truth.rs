//! What is really true, for those who judge alerts: true values, when levels were truly crossed, who lies, what broke.
//!
//! Nothing in here is ever sent.

use crate::city::City;
use crate::scenario::Plan;
use bongsu_sensors::{Level, StationId, Time};

/// A level truly crossed at a station's first datastream.
#[derive(Clone, Debug, PartialEq)]
pub struct Crossing {
    /// The station.
    pub station: StationId,
    /// The level.
    pub level: Level,
    /// When, to the minute.
    pub at: Time,
    /// Whether upward.
    pub rising: bool,
}

/// Something the scenario made happen.
#[derive(Clone, Debug, PartialEq)]
pub struct Happening {
    /// What: `damage`, `runaway`, `blackout`, `release`, or the name of a fault.
    pub what: &'static str,
    /// The station it happened to, if to one.
    pub station: Option<StationId>,
    /// The code of the area it happened to, if to one.
    pub area: Option<String>,
    /// When it began.
    pub from: Time,
    /// When it ended, where it does.
    pub until: Option<Time>,
}

/// The record of what is true.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    /// Levels crossed so far, in order.
    pub crossings: Vec<Crossing>,
    /// What the plan has made and will make happen.
    pub happenings: Vec<Happening>,
    /// True value now of each station's first datastream, where danger has levels for it; in the order of the city.
    pub values: Vec<Option<f64>>,
    /// Its highest value so far, and when.
    pub peaks: Vec<Option<(f64, Time)>>,
    /// Its fastest change within ten minutes so far, in its unit.
    pub fastest_10m: Vec<f64>,
    levels: Vec<Level>,
    recent: Vec<[f64; 10]>,
    minutes: usize,
}

impl Truth {
    /// The record of a city before anything happened.
    pub fn new(city: &City, plan: &Plan) -> Truth {
        let count = city.stations.len();
        Truth {
            crossings: Vec::new(),
            happenings: happenings(city, plan),
            values: vec![None; count],
            peaks: vec![None; count],
            fastest_10m: vec![0.0; count],
            levels: vec![Level::None; count],
            recent: vec![[f64::NAN; 10]; count],
            minutes: 0,
        }
    }

    /// The highest level a station has truly reached so far.
    pub fn highest(&self, station: &StationId) -> Level {
        let reached = self.crossings.iter().filter(|crossing| crossing.rising && crossing.station == *station);
        reached.map(|crossing| crossing.level).max().unwrap_or(Level::None)
    }

    /// The first time a station truly rose to a level.
    pub fn first(&self, station: &StationId, level: Level) -> Option<Time> {
        let reached = |crossing: &&Crossing| crossing.rising && crossing.level == level && crossing.station == *station;
        self.crossings.iter().find(reached).map(|crossing| crossing.at)
    }

    /// Notes the true value of a station at a minute.
    pub(crate) fn note(&mut self, city: &City, at: usize, now: Time, value: f64) {
        self.values[at] = Some(value);
        if self.peaks[at].is_none_or(|(highest, _)| value > highest) {
            self.peaks[at] = Some((value, now));
        }
        let slot = &mut self.recent[at][self.minutes % 10];
        // A minute that was never noted is NaN, and `max` ignores it.
        self.fastest_10m[at] = self.fastest_10m[at].max((value - *slot).abs());
        *slot = value;
        let (before, after) = (self.levels[at], city.stations[at].level_of(value));
        if before == after {
            return;
        }
        let station = &city.stations[at].id;
        let crossed = |level: &Level| (before.min(after) < *level) && (*level <= before.max(after));
        for level in Level::RAISED.into_iter().filter(crossed) {
            self.crossings.push(Crossing { station: station.clone(), level, at: now, rising: after > before });
        }
        self.levels[at] = after;
    }

    /// Ends a minute: the next notes are of the next one.
    pub(crate) fn end_minute(&mut self) {
        self.minutes += 1;
    }
}

fn happenings(city: &City, plan: &Plan) -> Vec<Happening> {
    let of_station = |what, at: usize, from, until| {
        let station = city.stations.get(at).map(|station| station.id.clone());
        Happening { what, station, area: None, from, until }
    };
    let mut list: Vec<Happening> = Vec::new();
    list.extend(plan.damages.iter().map(|damage| of_station("damage", damage.station, damage.from, None)));
    list.extend(plan.runaways.iter().map(|runaway| of_station("runaway", runaway.station, runaway.from, None)));
    list.extend(plan.faults.iter().map(|f| of_station(f.kind.name, f.station, f.from, Some(f.until))));
    list.extend(plan.blackouts.iter().map(|blackout| Happening {
        what: "blackout",
        station: None,
        area: Some(city.areas[city.ground.districts[blackout.district].area].code.clone()),
        from: blackout.from,
        until: Some(blackout.until),
    }));
    if let (Some((from, _)), Some((until, _))) = (plan.release.first(), plan.release.last()) {
        list.push(Happening {
            what: "release",
            station: Some(StationId::new("dam")),
            area: None,
            from: *from,
            until: Some(*until),
        });
    }
    list.sort_by_key(|happening| happening.from);
    list
}
