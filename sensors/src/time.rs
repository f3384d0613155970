//! Time as this project uses it: milliseconds since 1970 in UTC, and durations as people write them (`10m`, `1h30m`).
//!
//! Nothing here reads a clock. A moment enters the pure crates as a parameter, never by asking for it.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

/// A moment: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

impl serde::Serialize for Time {
    /// As RFC 3339 text where a person may read it, as an integer where only a machine does.
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if to.is_human_readable() { to.collect_str(self) } else { to.serialize_i64(self.0) }
    }
}

impl<'de> serde::Deserialize<'de> for Time {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Time, D::Error> {
        use serde::de::Error;
        if from.is_human_readable() {
            let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
            Time::parse(&text).map_err(D::Error::custom)
        } else {
            i64::deserialize(from).map(Time)
        }
    }
}

/// Why a text is no moment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// The text has no offset from UTC, so the moment it names is unknown.
    #[error(
        "time {0:?} has no offset; write it as 2026-07-08T20:31:00+09:00, or name the station's zone with the key `clock`"
    )]
    NoOffset(String),
    /// The text is not RFC 3339.
    #[error("{0:?} is not a time; write it as 2026-07-08T20:31:00+09:00")]
    NotATime(String),
}

/// Moments outside the years 0 to 9999 cannot be written as RFC 3339, so they are refused at the door.
const EARLIEST_MS: i64 = -62_167_219_200_000;
const LATEST_MS: i64 = 253_402_300_799_999;

impl Time {
    /// The moment so many milliseconds after 1970-01-01T00:00:00Z.
    pub const fn from_millis(millis: i64) -> Time {
        Time(millis)
    }

    /// The moment of an integer a device sent, or `None` outside the years 0 to 9999.
    pub fn from_device_millis(millis: i64) -> Option<Time> {
        (EARLIEST_MS..=LATEST_MS).contains(&millis).then_some(Time(millis))
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Reads RFC 3339 text with `Z` or an offset.
    ///
    /// # Errors
    /// A text without an offset, or no time at all.
    pub fn parse(text: &str) -> Result<Time, TimeError> {
        Time::parse_in(text, None)
    }

    /// Reads RFC 3339 text; a text without an offset is taken in `zone` where one is given.
    ///
    /// # Errors
    /// A text without an offset where no zone is given, or no time at all.
    pub fn parse_in(text: &str, zone: Option<&TimeZone>) -> Result<Time, TimeError> {
        let no_time = || TimeError::NotATime(text.to_owned());
        let moment = match text.parse::<jiff::Timestamp>() {
            Ok(moment) => moment,
            Err(_) => {
                // A date alone would be read as its midnight, which nobody claimed.
                let civil: DateTime = text.parse().ok().filter(|_| text.contains(':')).ok_or_else(no_time)?;
                let zone = zone.ok_or_else(|| TimeError::NoOffset(text.to_owned()))?;
                zone.to_timestamp(civil).map_err(|_| no_time())?
            }
        };
        Time::from_device_millis(moment.as_millisecond()).ok_or_else(no_time)
    }

    /// The same moment as RFC 3339 text with the offset of `zone` and whole seconds, as CAP wants it.
    pub fn in_zone(self, zone: &TimeZone) -> String {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(moment) => moment.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
            Err(_) => self.to_string(),
        }
    }

    /// The calendar and clock reading of `zone` at this moment.
    pub fn civil(self, zone: &TimeZone) -> DateTime {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or_default().to_zoned(zone.clone()).datetime()
    }

    /// How long after `earlier` this moment is; zero where it is not after it.
    pub fn since(self, earlier: Time) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// A text for identifiers: `20170710T122000Z`, with milliseconds where there are any.
    pub fn compact(self) -> String {
        let text: String = self.to_string().chars().filter(|c| !matches!(c, '-' | ':')).collect();
        text.replace('.', "")
    }
}

impl fmt::Display for Time {
    /// RFC 3339 in UTC, with milliseconds only where there are any.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(moment) => write!(f, "{moment}"),
            Err(_) => write!(f, "{}ms", self.0),
        }
    }
}

impl Add<Duration> for Time {
    type Output = Time;
    fn add(self, by: Duration) -> Time {
        Time(self.0.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl Sub<Duration> for Time {
    type Output = Time;
    fn sub(self, by: Duration) -> Time {
        Time(self.0.saturating_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }
}

/// The units a duration may be written in, longest first, with their milliseconds.
const UNITS: [(&str, u64); 6] =
    [("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Reads a duration as people write it: `10m`, `1h30m`, `500ms`, `2d`; `None` where it is none or does not fit.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut millis = 0_u64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let unit = UNITS.iter().find(|(name, _)| *name == &rest[..letters])?;
        rest = &rest[letters..];
        millis = millis.checked_add(number.checked_mul(unit.1)?)?;
    }
    // A century bounds every window and deadline, and keeps sums of moments and durations inside i64.
    (millis <= 100 * 366 * 86_400_000).then(|| Duration::from_millis(millis))
}

/// Writes a duration as [`parse_duration`] reads it.
pub fn duration_text(duration: Duration) -> String {
    let mut millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if millis == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    for (unit, size) in UNITS {
        if millis >= size {
            text.push_str(&format!("{}{unit}", millis / size));
            millis %= size;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_people_write_them() {
        let check = |text: &str, millis: Option<u64>| {
            assert_eq!(parse_duration(text).map(|d| d.as_millis() as u64), millis, "{text}");
        };
        check("10m", Some(600_000));
        check("1h30m", Some(5_400_000));
        check("500ms", Some(500));
        check("15d", Some(1_296_000_000));
        check("0s", Some(0));
        check("", None);
        check("10", None);
        check("m", None);
        check("10 m", None);
        check("1y", None);
        check("99999999999999999999s", None);
        check("-5m", None);
    }

    #[test]
    fn a_duration_is_written_as_it_is_read() {
        for text in ["10m", "1h30m", "500ms", "1w", "0s", "2d3h"] {
            assert_eq!(duration_text(parse_duration(text).expect(text)), text);
        }
    }

    #[test]
    fn times_need_an_offset_or_a_zone() {
        let seoul = TimeZone::get("Asia/Seoul").expect("bundled zone");
        let moment = Time::parse("2017-07-10T12:20:00Z").expect("utc");
        assert_eq!(Time::parse("2017-07-10T21:20:00+09:00"), Ok(moment));
        assert_eq!(Time::parse_in("2017-07-10T21:20:00", Some(&seoul)), Ok(moment));
        assert!(matches!(Time::parse("2017-07-10T21:20:00"), Err(TimeError::NoOffset(_))));
        for text in ["yesterday", "", "2017-07-10", "2017-13-10T00:00:00Z", "-000001-07-10T00:00:00Z"] {
            assert!(matches!(Time::parse_in(text, Some(&seoul)), Err(TimeError::NotATime(_))), "{text}");
        }
        assert_eq!(moment.to_string(), "2017-07-10T12:20:00Z");
        assert_eq!(moment.in_zone(&seoul), "2017-07-10T21:20:00+09:00");
        assert_eq!(moment.compact(), "20170710T122000Z");
    }

    proptest::proptest! {
        #[test]
        fn every_moment_is_read_as_it_is_written(millis in EARLIEST_MS..=LATEST_MS) {
            let moment = Time::from_millis(millis);
            proptest::prop_assert_eq!(Time::parse(&moment.to_string()), Ok(moment));
        }

        #[test]
        fn every_whole_second_is_the_same_in_every_zone(seconds in 0..4_000_000_000_i64, hours in -12..=14_i8) {
            let moment = Time::from_millis(seconds * 1000);
            let zone = TimeZone::fixed(jiff::tz::offset(hours));
            proptest::prop_assert_eq!(Time::parse(&moment.in_zone(&zone)), Ok(moment));
            let civil = moment.civil(&zone).to_string();
            proptest::prop_assert_eq!(Time::parse_in(&civil, Some(&zone)), Ok(moment));
        }

        #[test]
        fn every_duration_is_read_as_it_is_written(millis in 0..=100 * 366 * 86_400_000_u64) {
            let duration = Duration::from_millis(millis);
            proptest::prop_assert_eq!(parse_duration(&duration_text(duration)), Some(duration));
        }

        #[test]
        fn no_text_breaks_the_readers(text in "\\PC{0,40}") {
            let _ = (Time::parse(&text), parse_duration(&text));
        }
    }
}
