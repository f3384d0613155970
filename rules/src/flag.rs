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

/// What each quality test says of an observation, in the order of [`TESTS`](crate::quality::TESTS): two bits a test, so
/// that it costs a byte or two where it is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Tests(u32);

impl Tests {
    /// Most tests there can be.
    pub const MOST: usize = 16;
    const CODES: [Flag; 4] = [Flag::NotEvaluated, Flag::Pass, Flag::Suspect, Flag::Fail];

    /// The flags of the tests, in order.
    pub fn of(flags: impl Iterator<Item = Flag>) -> Tests {
        let code = |flag: Flag| match flag {
            Flag::NotEvaluated | Flag::Missing => 0,
            Flag::Pass => 1,
            Flag::Suspect => 2,
            Flag::Fail => 3,
        };
        Tests(flags.take(Tests::MOST).zip(0..).fold(0, |all, (flag, at)| all | code(flag) << (2 * at)))
    }

    /// The number by which they are stored.
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The flags of a number.
    pub const fn from_number(number: u32) -> Tests {
        Tests(number)
    }

    /// The flag of each test, in order.
    pub fn flags(self) -> impl Iterator<Item = Flag> {
        (0..Tests::MOST).map(move |at| Tests::CODES[(self.0 >> (2 * at) & 3) as usize])
    }

    /// All together.
    pub fn roll_up(self) -> Flag {
        self.flags().fold(Flag::NotEvaluated, Flag::roll_up)
    }
}

impl fmt::Display for Flag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quality::TESTS;

    #[test]
    fn the_flags_of_tests_survive_their_number() {
        use Flag::{Fail, Missing, NotEvaluated, Pass, Suspect};
        assert!(TESTS.len() <= Tests::MOST);
        let tests = Tests::of([Pass, Fail, NotEvaluated, Suspect].into_iter());
        let read = Tests::from_number(tests.number());
        assert_eq!(read.flags().take(5).collect::<Vec<_>>(), [Pass, Fail, NotEvaluated, Suspect, NotEvaluated]);
        assert_eq!(read.roll_up(), Fail);
        assert_eq!(Tests::default().roll_up(), NotEvaluated);
        // Precedence: 9 < 2 < 1 < 3 < 4.
        let order = [Missing, NotEvaluated, Pass, Suspect, Fail];
        for (at, low) in order.iter().enumerate() {
            assert!(order[at..].iter().all(|high| low.roll_up(*high) == *high && high.roll_up(*low) == *high));
        }
    }
}
