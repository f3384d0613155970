//! How bad it is: what a rule answers, and what a datastream's limits are named after.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Danger, in order. Shown to operators as 관심·주의·경계·심각.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Nothing to warn of.
    #[default]
    None,
    /// CAP severity Minor.
    Advisory,
    /// CAP severity Moderate.
    Watch,
    /// CAP severity Severe.
    Warning,
    /// CAP severity Extreme.
    Emergency,
}

impl Level {
    /// The levels that can be raised, lowest first.
    pub const RAISED: [Level; 4] = [Level::Advisory, Level::Watch, Level::Warning, Level::Emergency];

    /// Its name in rules, files and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Level::None => "none",
            Level::Advisory => "advisory",
            Level::Watch => "watch",
            Level::Warning => "warning",
            Level::Emergency => "emergency",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Level {
    type Err = String;

    /// Reads a level that can be raised.
    fn from_str(text: &str) -> Result<Level, String> {
        Level::RAISED
            .into_iter()
            .find(|level| level.name() == text)
            .ok_or_else(|| format!("{text:?} is no level; write advisory, watch, warning or emergency"))
    }
}
