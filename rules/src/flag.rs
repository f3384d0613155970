//! How far an observation can be believed: the QARTOD primary flags.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A QARTOD flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Flag {
    /// 1: every test that ran passed.
    Pass,
    /// 2: no test could run.
    NotEvaluated,
    /// 3: at least one test is in doubt.
    Suspect,
    /// 4: at least one test failed.
    Fail,
    /// 9: the device says that the value is missing.
    Missing,
}

impl Flag {
    /// The number by which the flag is stored and published.
    pub const fn number(self) -> u8 {
        match self {
            Flag::Pass => 1,
            Flag::NotEvaluated => 2,
            Flag::Suspect => 3,
            Flag::Fail => 4,
            Flag::Missing => 9,
        }
    }

    /// The flag of a number.
    pub const fn from_number(number: u8) -> Option<Flag> {
        match number {
            1 => Some(Flag::Pass),
            2 => Some(Flag::NotEvaluated),
            3 => Some(Flag::Suspect),
            4 => Some(Flag::Fail),
            9 => Some(Flag::Missing),
            _ => None,
        }
    }

    /// Whether rules may use an observation with this flag.
    pub const fn usable(self) -> bool {
        matches!(self, Flag::Pass | Flag::NotEvaluated)
    }

    /// The flag of several tests together. Precedence: 9 < 2 < 1 < 3 < 4.
    pub fn roll_up(self, other: Flag) -> Flag {
        const fn rank(flag: Flag) -> u8 {
            match flag {
                Flag::Missing => 0,
                Flag::NotEvaluated => 1,
                Flag::Pass => 2,
                Flag::Suspect => 3,
                Flag::Fail => 4,
            }
        }
        if rank(other) > rank(self) { other } else { self }
    }
}

impl fmt::Display for Flag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.number())
    }
}
