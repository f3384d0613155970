//! Silences: a person asks not to be told again of what is known. A silence never takes back what is public, and never
//! keeps quiet what is higher than it covers.

use super::Alert;
use bongsu_sensors::{Level, Time};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The longest silence: a shift may forget what the one before it silenced, a day may not.
pub const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// Most silences at once: more are nobody's overview.
pub const LIMIT: usize = 256;

/// What is kept quiet: everything that fits each part that is named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Match {
    /// The hazard.
    pub hazard: Option<String>,
    /// The area.
    pub area: Option<String>,
    /// The station.
    pub station: Option<String>,
    /// The rule.
    pub rule: Option<String>,
}

impl Match {
    /// Whether it names nothing, and so would fit everything.
    pub fn is_empty(&self) -> bool {
        *self == Match::default()
    }

    /// Whether it fits an alert as it speaks to an area.
    pub fn fits(&self, alert: &Alert, area: &str) -> bool {
        let is =
            |wanted: &Option<String>, found: Option<&str>| wanted.as_deref().is_none_or(|wanted| Some(wanted) == found);
        is(&self.hazard, Some(&alert.hazard))
            && is(&self.area, Some(area))
            && is(&self.station, alert.station.as_deref())
            && is(&self.rule, Some(&alert.rule))
    }
}

/// A silence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// Its number.
    pub id: u64,
    /// What it keeps quiet.
    pub of: Match,
    /// The highest level it covers; a higher one breaks it.
    pub covers: Level,
    /// Since when.
    pub since: Time,
    /// Until when.
    pub until: Time,
    /// Who asked for it.
    pub by: String,
    /// Why.
    pub reason: String,
}

impl Silence {
    /// Whether it keeps an alert quiet in an area.
    pub fn covers(&self, alert: &Alert, area: &str, now: Time) -> bool {
        now < self.until && alert.level <= self.covers && self.of.fits(alert, area)
    }
}
