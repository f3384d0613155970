//! The one place that reads the clock: the system's, or one that starts elsewhere and runs faster.

use bongsu_sensors::Time;
use std::str::FromStr;
use std::sync::atomic::{AtomicI64, Ordering};
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
    /// Shows what its [`Lead`] says, which goes so much faster than real time at most.
    Led {
        /// Milliseconds since 1970.
        hand: &'static AtomicI64,
        /// How much faster than real it runs when nothing holds it.
        speed: f64,
    },
}

/// Who leads a clock: time goes on only as often as it is asked for, and so it waits for whoever asks. A simulated city
/// on a busy machine would otherwise speak of what its clock has long left behind, and every sensor of it seem silent.
#[derive(Debug)]
pub struct Lead {
    hand: &'static AtomicI64,
    speed: f64,
    asked: Instant,
    /// What is left of a millisecond.
    rest_ms: f64,
}

/// The most real time that passes between two questions; a longer silence is one in which time stood still.
const LONGEST_STEP: Duration = Duration::from_millis(50);

impl Lead {
    /// A lead that begins at `start`. Its clock lives as long as the program.
    pub fn begin(start: Time, speed: f64) -> Lead {
        let hand = Box::leak(Box::new(AtomicI64::new(start.millis())));
        Lead { hand, speed, asked: Instant::now(), rest_ms: 0.0 }
    }

    /// The clock that is led.
    pub fn clock(&self) -> Clock {
        Clock::Led { hand: self.hand, speed: self.speed }
    }

    /// Lets time go on, and answers what it is now.
    pub fn go_on(&mut self) -> Time {
        let now = Instant::now();
        let passed = now.duration_since(self.asked).min(LONGEST_STEP);
        self.asked = now;
        let step = passed.as_secs_f64() * 1e3 * self.speed + self.rest_ms;
        self.rest_ms = step.fract();
        #[expect(clippy::cast_possible_truncation, reason = "50 ms at the fastest are less than a day")]
        let step = step as i64;
        Time::from_millis(self.hand.fetch_add(step, Ordering::Relaxed) + step)
    }
}

/// The fastest clock: at a second for each microsecond, timers would fire between two readings of the clock.
pub const FASTEST: f64 = 1e6;

impl Clock {
    /// A clock that starts now at `start` and runs `speed` times as fast as real time.
    pub fn running(start: Time, speed: f64) -> Clock {
        Clock::Running { start, speed, since: Instant::now() }
    }

    /// The moment it shows.
    pub fn now(&self) -> Time {
        match self {
            Clock::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Time::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
            Clock::Running { start, speed, since } => *start + since.elapsed().mul_f64(*speed),
            Clock::Led { hand, .. } => Time::from_millis(hand.load(Ordering::Relaxed)),
        }
    }

    /// How long in real time until it shows `at`.
    pub fn until(&self, at: Time) -> Duration {
        let left = at.since(self.now());
        match self {
            Clock::System => left,
            Clock::Running { speed, .. } | Clock::Led { speed, .. } => left.div_f64(*speed),
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
    fn a_clock_that_is_led_waits_for_its_lead() {
        let start = Time::from_millis(0);
        let mut lead = Lead::begin(start, 1000.0);
        let clock = lead.clock();
        std::thread::sleep(LONGEST_STEP + Duration::from_millis(20));
        assert_eq!(clock.now(), start, "nobody asked");
        let longest = start + LONGEST_STEP * 1000;
        assert_eq!((lead.go_on(), clock.now()), (longest, longest), "a silence is cut short");
        assert!(lead.go_on() >= longest && clock.until(longest + Duration::from_secs(60)) <= Duration::from_millis(60));
    }

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
