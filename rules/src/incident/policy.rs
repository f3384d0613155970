//! What the city demands on top of its rules: who must agree before a level is out, and which incident of operators
//! keeps which others quiet. The stricter of a rule's header and the city's policy holds.

use crate::language::Release;
use bongsu_sensors::Level;
use serde::{Deserialize, Serialize};

/// The city's policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// How levels are let out; the strictest line that fits holds.
    pub release: Vec<ReleaseLine>,
    /// Which incidents keep which others quiet.
    pub inhibit: Vec<Inhibition>,
    /// Who is asked when something waits for a person, by account, first to last; after the last the first again.
    #[serde(default)]
    pub duty: Vec<String>,
}

/// One line about letting out. What is not named fits everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseLine {
    /// Of which hazard.
    pub hazard: Option<String>,
    /// From which level on.
    pub level: Level,
    /// In which areas, with all that lie in them.
    pub areas: Option<Vec<String>>,
    /// How.
    pub release: Release,
}

/// One cause that explains many effects: while an incident of `by` stands in an area, operators are not told of those
/// of `of` there. What the public hears is never kept quiet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inhibition {
    /// The hazard that explains.
    pub by: String,
    /// From which level on.
    pub at_least: Level,
    /// The hazard that is explained.
    pub of: String,
    /// Up to which level; a higher one is told all the same.
    pub up_to: Level,
}

impl Policy {
    /// How the city lets a level out, whatever the rule says.
    pub fn release(&self, hazard: &str, level: Level, area: &str) -> Release {
        let fits = |line: &&ReleaseLine| {
            level >= line.level
                && line.hazard.as_ref().is_none_or(|named| named == hazard)
                && line.areas.as_ref().is_none_or(|named| named.iter().any(|named| named == area))
        };
        self.release.iter().filter(fits).map(|line| line.release).max().unwrap_or(Release::Auto)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strictest_line_that_fits_holds() {
        let line = |hazard: Option<&str>, level, areas: Option<&[&str]>, release| ReleaseLine {
            hazard: hazard.map(str::to_owned),
            level,
            areas: areas.map(|areas| areas.iter().map(|area| (*area).to_owned()).collect()),
            release,
        };
        let policy = Policy {
            release: vec![
                line(None, Level::Warning, None, Release::Propose),
                line(Some("river_flood"), Level::Watch, Some(&["seocho"]), Release::TwoPerson),
            ],
            ..Policy::default()
        };
        let check = |hazard, level, area, expected| assert_eq!(policy.release(hazard, level, area), expected);
        check("river_flood", Level::Advisory, "seocho", Release::Auto);
        check("river_flood", Level::Watch, "seocho", Release::TwoPerson);
        check("river_flood", Level::Warning, "seocho", Release::TwoPerson);
        check("river_flood", Level::Warning, "yongsan", Release::Propose);
        check("urban_flood", Level::Watch, "seocho", Release::Auto);
    }
}
