//! How good a rule would have been with recorded observations, with one set of parameters or with many: what the command
//! line and the console both ask. What is counted is counted in [`bongsu_rules::backtest`]; here it is played on the
//! machine's processors ([`sweep`]) and written down for people ([`paper`]).

pub mod paper;
// Many sets of parameters, one after the other or side by side.
pub mod sweep;

use bongsu_rules::backtest::{Burden, Event, Played, Score, Terms, speaks_for};
use bongsu_rules::language::Rule;
use bongsu_rules::language::header::Setting;
use bongsu_sensors::{Catalog, Level, Time};
use serde::Serialize;

/// One set of parameters and how good it was.
#[derive(Clone, Debug, Serialize)]
pub struct Tried {
    /// The values of the swept parameters; empty where there is none.
    pub value: String,
    /// The same by name, for programs.
    #[serde(skip)]
    pub set: Vec<(String, Setting)>,
    /// How good it was.
    pub score: Score,
    /// What it cost.
    pub burden: Burden,
    /// It is what stands in the rule now.
    pub in_force: bool,
}

/// What was asked and what came of it: the same in text, JSON and on the page.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The rule.
    pub rule: String,
    /// From this level on it counted.
    pub level: Level,
    /// The swept parameters.
    pub param: Option<String>,
    /// How warnings and events were matched.
    pub terms: Terms,
    /// What they were compared with, where that was not said as a limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truth: Option<&'static str>,
    /// Events there were.
    pub events: usize,
    /// Observations that were played, and rows that were none.
    pub observations: usize,
    /// Rows of the files that were refused.
    pub refused: usize,
    /// Whether the observations are played when they were received, and not when they are of.
    pub received: bool,
    /// The results, in the order of the values.
    pub tried: Vec<Tried>,
    /// The value that meets the goal at the least cost, where a goal was named.
    pub cheapest: Option<String>,
    /// What should have been warned of, for the page.
    #[serde(skip)]
    pub graphs: Vec<Graph>,
}

/// A series with its limit, and when the rule stood for its station.
#[derive(Clone, Debug)]
pub struct Graph {
    /// The station, the kind and the limit, as they were typed.
    pub name: String,
    /// The station.
    pub station: String,
    /// The limit.
    pub limit: f64,
    /// The observations.
    pub samples: Vec<(Time, f64)>,
    /// When the rule stood there, with the first of the values.
    pub alerts: Vec<(Time, Time)>,
    /// When the limit was crossed.
    pub events: Vec<Event>,
}

impl Graph {
    /// Writes down when the rule stood for the station.
    pub fn stand(&mut self, played: &Played, catalog: &Catalog, ends: Time) {
        let here = played.alerts.iter().filter(|alert| speaks_for(catalog, &alert.place, &self.station));
        self.alerts = here.map(|alert| (alert.from, alert.to.unwrap_or(ends))).collect();
    }
}

/// Whether these values are what a rule says by itself.
pub fn is_default(rule: &Rule, set: &[(String, Setting)]) -> bool {
    set.iter().all(|(name, value)| {
        let param = rule.header.params.iter().find(|param| param.name == *name);
        param.is_some_and(|param| param.default.size() == value.size())
    })
}

/// Of the values that warn of so large a part of the events: the one with the fewest false alarms, then the longest lead.
pub fn cheapest(tried: &[Tried], goal: f64) -> Option<String> {
    let meets = tried.iter().filter(|tried| tried.score.pod.value.is_some_and(|pod| pod >= goal));
    let cost = |tried: &&Tried| (tried.score.false_alarms.len(), std::cmp::Reverse(tried.score.lead()));
    meets.min_by_key(cost).map(|tried| tried.value.clone())
}
