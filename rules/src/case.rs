//! Cases: a rule's own proof, in TOML beside it. Each case plays readings through the very engine that runs live, in a
//! small made-up city, and says what must have come of it and when.
//!
//! Start at [`run`]. `read` reads the file with every mistake told at once, `notation` the short form of a series, `play`
//! runs the engine, `judge` compares, and `chart` draws what went wrong.

mod chart;
mod judge;
mod notation;
mod play;
mod read;

use crate::language::Host;
use bongsu_sensors::mistake::{Mistake, Source};
use std::fmt;
use std::sync::Arc;

/// What a case is there to show. A pack needs one of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CaseKind {
    /// The danger is there and must be told.
    True,
    /// It looks nearly like danger and is none.
    NearMiss,
    /// A sensor lies.
    SensorFault,
    /// A sensor says nothing.
    Silence,
}

impl CaseKind {
    /// Every kind with its name in the file.
    pub const ALL: [(CaseKind, &'static str); 4] = [
        (CaseKind::True, "true"),
        (CaseKind::NearMiss, "near_miss"),
        (CaseKind::SensorFault, "sensor_fault"),
        (CaseKind::Silence, "silence"),
    ];
}

/// What became of a case.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseResult {
    /// Its name.
    pub name: String,
    /// What it is there to show.
    pub kind: CaseKind,
    /// What was expected and did not happen, each in one sentence; empty: it passes.
    pub failures: Vec<String>,
    /// The values, their limits and the level over time, as text.
    pub chart: String,
}

impl CaseResult {
    /// The name of its kind.
    pub fn kind_name(&self) -> &'static str {
        CaseKind::ALL.iter().find(|(kind, _)| *kind == self.kind).map_or("", |(_, name)| name)
    }

    /// Whether everything came as expected.
    pub fn passes(&self) -> bool {
        self.failures.is_empty()
    }
}

impl fmt::Display for CaseResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.passes() {
            return write!(f, "ok    {}", self.name);
        }
        writeln!(f, "FAILS {}", self.name)?;
        for failure in &self.failures {
            writeln!(f, "      {failure}")?;
        }
        f.write_str(&self.chart)
    }
}

/// Plays every case of a file against a rule.
///
/// # Errors
/// Every mistake of the rule and of the file, with its place and remedy.
pub fn run(rule: &Arc<Source>, cases: &Arc<Source>) -> Result<Vec<CaseResult>, Vec<Mistake>> {
    let compiled = Host::new().compile(rule)?;
    let cases = read::cases(cases, &compiled.header)?;
    Ok(cases
        .iter()
        .map(|case| {
            let played = play::play(rule, &compiled.header, case);
            let failures = judge::failures(case, &played, &compiled.header);
            let chart = chart::draw(case, &played);
            CaseResult { name: case.name.clone(), kind: case.kind, failures, chart }
        })
        .collect())
}

/// Every case of a file as a past that a back-test can play, with its name.
#[cfg(test)]
pub(crate) fn pasts(
    rule: &Arc<Source>,
    cases: &Arc<Source>,
) -> Vec<(String, Vec<crate::backtest::Moment>, crate::backtest::Setting)> {
    let compiled = Host::new().compile(rule).unwrap_or_else(|mistakes| panic!("{}", mistakes[0]));
    let cases = read::cases(cases, &compiled.header).unwrap_or_else(|mistakes| panic!("{}", mistakes[0]));
    let past = |case: &read::Case| {
        let (moments, setting) = play::past(rule, &compiled.header, case);
        (case.name.clone(), moments, setting)
    };
    cases.iter().map(past).collect()
}

#[cfg(test)]
mod tests;
