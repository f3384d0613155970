//! Counting on both sides: how many values of each domain the store and an archive hold of each day, and their sums.

use super::book::{Book, Gap};
use super::{Archive, Tally};
use crate::store::{Reader, Stored};
use bongsu_sensors::Time;
use bongsu_sensors::kind::DOMAINS;
use miette::{IntoDiagnostic, WrapErr, miette};
use serde::Serialize;
use std::collections::{BTreeMap, HashSet};
use std::ops::ControlFlow;
use std::time::Duration;

/// A day, of UTC: that of the points, not of the people.
const DAY: Duration = Duration::from_secs(86_400);

/// A device's clock is never believed to be faster than this.
const FAST_CLOCK: Duration = Duration::from_secs(3_600);

/// How far two sums of the same numbers in another order may differ, as a part of the sum of what they weigh.
const ORDER: f64 = 1e-9;

/// One domain on one day.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Line {
    /// The first moment of the day.
    pub day: Time,
    /// The domain.
    pub domain: &'static str,
    /// Values that should be there.
    pub store_count: u64,
    /// Values that are there.
    pub archive_count: u64,
    /// The sum of those that should be there.
    pub store_sum: f64,
    /// The sum of those that are there.
    pub archive_sum: f64,
    /// Whether they are the same.
    pub same: bool,
}

/// What the store holds of a domain on a day.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Held {
    count: u64,
    sum: f64,
    weight: f64,
}

type Domains = BTreeMap<&'static str, Held>;

/// The first moment of the day of a time.
pub fn day_of(time: Time) -> Time {
    let day = i64::try_from(DAY.as_millis()).unwrap_or(i64::MAX);
    Time::from_millis(time.millis().div_euclid(day) * day)
}

/// The first moment of the first day that wholly lies behind a time.
pub fn first_day_since(time: Time) -> Time {
    let day = day_of(time);
    if day == time { day } else { day + DAY }
}

/// Compares every domain on every day with `from ≤ day < to`. While new observations come, the archive may have any part
/// of what is new: then its count must lie between what it had for sure before and what there is after.
///
/// # Errors
/// The store, the books or the archive cannot be read.
pub async fn verify(
    reader: &Reader,
    book: &Book,
    archive: &dyn Archive,
    from: Time,
    to: Time,
) -> miette::Result<Vec<Line>> {
    let never = || miette!(help = "start `bongsu serve`, or `bongsu archive backfill`", "nothing was archived yet");
    let cursor = book.cursor().into_diagnostic()?.ok_or_else(never)?;
    let gaps = book.gaps().into_diagnostic()?;
    let failed = || "failed to read the store";
    let mut lines = Vec::new();
    let mut day = day_of(from);
    while day < to {
        let least = held(reader, cursor.record, &gaps, day).into_diagnostic().wrap_err_with(failed)?;
        let mut found = BTreeMap::new();
        for domain in DOMAINS {
            let tally = archive.tally(domain, day, day + DAY).await;
            found.insert(domain, tally.map_err(|said| miette!("the archive does not answer: {said}"))?);
        }
        let newest = reader.newest_record().into_diagnostic()?.map_or(0, |(seq, _)| seq);
        let most = held(reader, newest, &gaps, day).into_diagnostic().wrap_err_with(failed)?;
        for (domain, archive) in found {
            let refused = book.refused_values(domain, day).into_diagnostic()?;
            let of = |held: &Domains| held.get(domain).copied().unwrap_or_default();
            let line = compare(day, domain, (of(&least), of(&most)), refused, archive);
            if line.store_count > 0 || line.archive_count > 0 {
                lines.push(line);
            }
        }
        day = day + DAY;
    }
    Ok(lines)
}

fn compare(day: Time, domain: &'static str, (least, most): (Held, Held), refused: Tally, archive: Tally) -> Line {
    let (store_count, store_sum) = (least.count.saturating_sub(refused.count), least.sum - refused.sum);
    let same = if least == most {
        archive.count == store_count && (archive.sum - store_sum).abs() <= ORDER * least.weight.max(1.0)
    } else {
        (store_count..=most.count.saturating_sub(refused.count)).contains(&archive.count)
    };
    Line { day, domain, store_count, archive_count: archive.count, store_sum, archive_sum: archive.sum, same }
}

/// What the store holds of each domain on a day up to a record, without what was left out. An observation that was stored
/// and not acknowledged before a crash may stand in the log twice, and is one.
fn held(reader: &Reader, until: u64, gaps: &[Gap], day: Time) -> rusqlite::Result<Domains> {
    let names = reader.names()?;
    let mut domains = Domains::new();
    let mut seen_before = HashSet::new();
    // Nothing is taken in before it is true, but for clocks that are a little fast.
    let first = reader.record_since(day - FAST_CLOCK)?.map_or(until, |(seq, _)| seq.saturating_sub(1));
    reader.follow(first, until, |entry| {
        let left_out = gaps.iter().any(|gap| gap.after < entry.seq && entry.seq <= gap.until);
        if left_out || entry.last < day || entry.first >= day + DAY {
            return Ok(ControlFlow::Continue(()));
        }
        for stored in entry.stored().into_iter().flatten() {
            let Stored::Observation(seen) = stored else { continue };
            let Some(value) = seen.value.filter(|_| day_of(seen.time) == day) else { continue };
            let Some((_, name)) = names.get(&seen.datastream) else { continue };
            if seen_before.insert((seen.datastream, seen.time)) {
                let held = domains.entry(name.kind().domain).or_default();
                held.count += 1;
                held.sum += value;
                held.weight += value.abs();
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(domains)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_a_sum_and_what_is_still_coming_are_told_apart() {
        let day = Time::default();
        let check = |least: (u64, f64), most: (u64, f64), refused: (u64, f64), archive: (u64, f64), same: bool| {
            let held = |(count, sum): (u64, f64)| Held { count, sum, weight: sum };
            let tally = |(count, sum): (u64, f64)| Tally { count, sum };
            let line = compare(day, "water", (held(least), held(most)), tally(refused), tally(archive));
            assert_eq!(line.same, same, "{line:?}");
        };
        check((3, 6.0), (3, 6.0), (0, 0.0), (3, 6.0), true);
        check((3, 6.0), (3, 6.0), (0, 0.0), (3, 6.0 + 1e-12), true);
        check((3, 6.0), (3, 6.0), (0, 0.0), (3, 6.1), false);
        check((3, 6.0), (3, 6.0), (0, 0.0), (2, 6.0), false);
        check((3, 6.0), (3, 6.0), (1, 2.0), (2, 4.0), true);
        check((3, 6.0), (5, 9.0), (0, 0.0), (4, 7.0), true);
        check((3, 6.0), (5, 9.0), (0, 0.0), (6, 7.0), false);
    }

    #[test]
    fn days_begin_at_midnight_before_1970_too() {
        assert_eq!(day_of(Time::from_millis(86_400_001)).millis(), 86_400_000);
        assert_eq!(day_of(Time::from_millis(-1)).millis(), -86_400_000);
        assert_eq!(first_day_since(Time::from_millis(-1)).millis(), 0);
        assert_eq!(first_day_since(Time::from_millis(86_400_000)).millis(), 86_400_000);
    }
}
