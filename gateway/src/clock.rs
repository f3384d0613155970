//! The one place that reads the clock: the system's, or one that starts elsewhere and runs faster.

use bongsu_sensors::Time;
use std::str::FromStr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What `now` is made of.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// The system's clock.
    System,
    /// `START@SPEED`: now = START + elapsed × SPEED.
    Running {
        /// Where it started.
        start: Time,
        /// How much faster than real it runs.
        speed: f64,
        /// When it was started.
        since: Instant,
    },
}

/// Fastest clock: at a second for each microsecond, timers would fire between two readings of the clock.
const FASTEST: f64 = 1e6;

impl Clock {
    /// A clock that starts now at `start` and runs `speed` times as fast as real time.
    pub fn running(start: Time, speed: f64) -> Clock {
        Clock::Running { start, speed, since: Instant::now() }
    }

    /// The same clock, beginning anew now.
    pub fn begin_again(&self) -> Clock {
        match self {
            Clock::System => Clock::System,
            Clock::Running { start, speed, .. } => Clock::running(*start, *speed),
        }
    }

    /// The moment it shows.
    pub fn now(&self) -> Time {
        match self {
            Clock::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Time::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
            Clock::Running { start, speed, since } => *start + since.elapsed().mul_f64(*speed),
        }
    }

    /// How long in real time until it shows `at`.
    pub fn until(&self, at: Time) -> Duration {
        let left = at.since(self.now());
        match self {
            Clock::System => left,
            Clock::Running { speed, .. } => left.div_f64(*speed),
        }
    }

    /// Whether what is said under it is meant.
    pub fn is_system(&self) -> bool {
        matches!(self, Clock::System)
    }
}

impl FromStr for Clock {
    type Err = String;

    fn from_str(text: &str) -> Result<Clock, String> {
        if text == "system" {
            return Ok(Clock::System);
        }
        let expected = || format!("{text:?} is no clock; write system, or START@SPEED as in 2017-07-08T00:00:00Z@600");
        let (start, speed) = text.split_once('@').ok_or_else(expected)?;
        let start = Time::parse(start).map_err(|error| error.to_string())?;
        let speed: f64 = speed.parse().map_err(|_| expected())?;
        if speed > 0.0 && speed <= FASTEST { Ok(Clock::running(start, speed)) } else { Err(expected()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_read_as_it_is_written() {
        assert!("system".parse::<Clock>().is_ok_and(|clock| clock.is_system()));
        let clock: Clock = "2017-07-08T00:00:00Z@600".parse().expect("clock");
        assert!(clock.now() >= Time::parse("2017-07-08T00:00:00Z").expect("time"));
        for wrong in [
            "",
            "600",
            "2017-07-08T00:00:00@600",
            "2017-07-08T00:00:00Z@0",
            "2017-07-08T00:00:00Z@-1",
            "2017-07-08T00:00:00Z@fast",
        ] {
            assert!(wrong.parse::<Clock>().is_err(), "{wrong}");
        }
    }
}
