//! A back-test of one rule in one area that is prepared once and answered again and again with other parameters, fast
//! enough for a slider to be moved over it.
//!
//! Observations are decoded, judged and cut into windows once; what every evaluation compares is written down. A
//! parameter that stands only in limits changes nothing of that, so for another value of it the numbers are compared
//! anew and the hold of the engine (confirmation, hysteresis, patience) does the rest. Any other parameter, and rules that
//! ask for the hour or for silence, are played again by the engine: the same answer, but slower.

mod taped;
#[cfg(test)]
mod tests;
mod track;

pub use taped::{NUMBERS_LIMIT, Taped, is_quick};

use super::{Alerted, Moment, Setting, engine};
use crate::Engine;
use crate::incident::Status;
use crate::language::header::Setting as Value;
use crate::language::{Header, Rule};
use crate::record::RulesText;
use bongsu_sensors::Time;
use std::ops::ControlFlow;
use std::sync::Arc;

/// A back-test that waits for parameters.
pub struct Prepared {
    setting: Setting,
    moments: Vec<Moment>,
    area: Option<String>,
    rule: Arc<Rule>,
    /// What every evaluation compared; `None`: this rule must be played again in any case.
    taped: Option<Taped>,
}

/// Why nothing can be prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unprepared {
    /// The rules have no such rule.
    #[error("there is no such rule")]
    NoRule,
    /// It has no place here.
    #[error("the rule is evaluated nowhere in this area")]
    NoPlace,
    /// Nobody waits for it any more.
    #[error("it was stopped")]
    Stopped,
}

/// What a parameter must not be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongParameter {
    /// The rule has no such parameter.
    #[error("the rule has no parameter {0:?}")]
    Unknown(String),
    /// It must not be that.
    #[error("{value} lies outside the range of {name:?}, {range}")]
    OutOfRange {
        /// The parameter.
        name: String,
        /// What it was to be.
        value: String,
        /// What it may be.
        range: String,
    },
}

impl std::fmt::Debug for Prepared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prepared").field("rule", &self.rule.header.id).field("area", &self.area).finish_non_exhaustive()
    }
}

/// Every datastream that a rule looks at in an area, or asks in judging those, by number and in order; `None`:
/// everywhere.
///
/// # Errors
/// There is no such rule, or it is evaluated nowhere there.
pub fn concerned(setting: &Setting, area: Option<&str>) -> Result<Vec<u32>, Unprepared> {
    let (_, _, engine, scopes) = alone(setting, area, Time::default())?;
    Ok(engine.concerned(&scopes))
}

/// Whether a rule takes these parameters.
///
/// # Errors
/// The first that it does not.
pub fn fits(header: &Header, set: &[(String, Value)]) -> Result<(), WrongParameter> {
    for (name, value) in set {
        let param = header.params.iter().find(|param| param.name == *name);
        let param = param.ok_or_else(|| WrongParameter::Unknown(name.clone()))?;
        if !param.admits(value) {
            let (name, value) = (name.clone(), value.to_string());
            let range = format!("{} to {}", param.min, param.max);
            return Err(WrongParameter::OutOfRange { name, value, range });
        }
    }
    Ok(())
}

/// Where a rule is evaluated: the place among all, and its name.
pub(super) type Scopes = Vec<(usize, Arc<str>)>;

/// The rule alone, with its overrides: nobody asks what else would have been found.
pub(super) fn alone(
    setting: &Setting,
    area: Option<&str>,
    now: Time,
) -> Result<(Arc<Rule>, Setting, Engine, Scopes), Unprepared> {
    let (compiled, _) = Engine::new(Status::Test).compile(&setting.rules);
    let rule = compiled.rules.into_iter().find(|rule| rule.header.id == setting.rule).ok_or(Unprepared::NoRule)?;
    let is_wanted = |name: &str| name == rule.source.name || crate::language::overrides::is_overrides(name);
    let files = setting.rules.files.iter().filter(|(name, _)| is_wanted(name)).cloned().collect();
    let rules = Arc::new(RulesText { files, author: String::new() });
    let setting = Setting { rules, ..setting.clone() };
    let engine = engine(&setting, now);
    let scopes = engine.scopes_in(area);
    if scopes.is_empty() { Err(Unprepared::NoPlace) } else { Ok((rule, setting, engine, scopes)) }
}

impl Prepared {
    /// Prepares a rule over moments, in an area and what lies in it; `None`: everywhere. Where `go_on` says so, this ends
    /// before its time.
    ///
    /// # Errors
    /// There is no such rule, it is evaluated nowhere there, or it was to end.
    pub fn of(
        setting: &Setting,
        mut moments: Vec<Moment>,
        area: Option<&str>,
        go_on: impl Fn() -> ControlFlow<()>,
    ) -> Result<Prepared, Unprepared> {
        let start = moments.first().map_or_else(Time::default, |moment| moment.now);
        let (rule, setting, engine, scopes) = alone(setting, area, start)?;
        let concerned = engine.concerned(&scopes);
        let end = moments.last().map(|moment| moment.now);
        for moment in &mut moments {
            moment.readings.retain(|reading| concerned.binary_search(&reading.datastream.0).is_ok());
        }
        moments.retain(|moment| !moment.readings.is_empty());
        until(&mut moments, end);
        let taped = Taped::of(&setting, &moments, area, NUMBERS_LIMIT, |_| go_on());
        if go_on().is_break() {
            return Err(Unprepared::Stopped);
        }
        Ok(Prepared { setting, moments, area: area.map(str::to_owned), rule, taped })
    }

    /// How many observations it was prepared from.
    pub fn observations(&self) -> usize {
        self.moments.iter().map(|moment| moment.readings.len()).sum()
    }

    /// Whether these parameters can be answered without playing everything again.
    pub fn is_quick(&self, set: &[(String, Value)]) -> bool {
        self.taped.as_ref().is_some_and(|taped| taped.is_quick(set))
    }

    /// Whether the rule takes these parameters.
    ///
    /// # Errors
    /// The first that it does not.
    pub fn check(&self, set: &[(String, Value)]) -> Result<(), WrongParameter> {
        fits(&self.rule.header, set)
    }

    /// When the rule would have stood where with these parameters, which hold everywhere; the others are as they are.
    /// `None`: `go_on` had it end before its time.
    pub fn alerts(&self, set: &[(String, Value)], go_on: impl Fn() -> ControlFlow<()>) -> Option<Vec<Alerted>> {
        let quick = self.taped.as_ref().filter(|taped| taped.is_quick(set));
        let alerts = match quick.and_then(|taped| taped.watch(set, &go_on)) {
            Some(played) => played.alerts,
            None => self.played(set, &go_on),
        };
        go_on().is_continue().then_some(alerts)
    }

    /// By playing everything again.
    fn played(&self, set: &[(String, Value)], go_on: impl Fn() -> ControlFlow<()>) -> Vec<Alerted> {
        let Some(first) = self.moments.first() else { return Vec::new() };
        let mut engine = engine(&self.setting, first.now);
        engine.set_everywhere(set);
        let places = self.area.as_deref().map(|area| engine.scopes_in(Some(area)));
        let places = places.map(|all| all.into_iter().map(|(_, name)| name).collect());
        super::played(engine, &self.setting, places, &self.moments, |_| go_on()).alerts
    }
}

/// Lets time pass in some of the moments as far as in all of them: what is due by then is due though nothing more is
/// heard here.
pub(super) fn until(moments: &mut Vec<Moment>, end: Option<Time>) {
    let last = moments.last().map(|moment| moment.now);
    if let (Some(last), Some(end)) = (last, end)
        && last < end
    {
        moments.push(Moment { now: end, readings: Vec::new() });
    }
}
