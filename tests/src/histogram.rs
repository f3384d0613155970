//! Latencies: a count for each sixty-fourth of a power of two, so that a million of them take 20 kB and the error of a
//! quantile is under two percent.

use std::time::Duration;

/// Parts of a power of two.
const PARTS: u64 = 64;

/// A distribution of durations.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

fn place(nanos: u64) -> usize {
    if nanos < PARTS {
        return usize::try_from(nanos).unwrap_or_default();
    }
    let power = u64::from(nanos.ilog2()) - 6;
    usize::try_from((power + 1) * PARTS + (nanos >> power) - PARTS).unwrap_or(usize::MAX)
}

fn value(place: usize) -> u64 {
    let place = place as u64;
    let (power, part) = (place / PARTS, place % PARTS);
    if power == 0 { part } else { (PARTS + part) << (power - 1) }
}

impl Histogram {
    /// Counts one.
    pub fn add(&mut self, duration: Duration) {
        let place = place(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX));
        if self.counts.len() <= place {
            self.counts.resize(place + 1, 0);
        }
        self.counts[place] += 1;
        self.total += 1;
    }

    /// Counts all of another.
    pub fn merge(&mut self, other: &Histogram) {
        if self.counts.len() < other.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
        self.total += other.total;
    }

    /// How many were counted.
    pub fn count(&self) -> u64 {
        self.total
    }

    /// The duration that a part of them does not exceed, 0 to 1, in milliseconds; 0 where none was counted.
    pub fn quantile_ms(&self, part: f64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "counts of a benchmark")]
        let wanted = part * self.total as f64;
        let mut seen = 0_u64;
        for (at, count) in self.counts.iter().enumerate() {
            seen += count;
            #[expect(clippy::cast_precision_loss, reason = "counts of a benchmark")]
            if seen as f64 >= wanted && *count > 0 {
                return value(at) as f64 / 1e6;
            }
        }
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_two_percent() {
        let mut histogram = Histogram::default();
        for micros in 1..=10_000 {
            histogram.add(Duration::from_micros(micros));
        }
        for part in [0.01, 0.5, 0.99, 1.0] {
            let (found, exact) = (histogram.quantile_ms(part), part * 10.0);
            assert!((found - exact).abs() <= 0.02 * exact, "{part}: {found} for {exact}");
        }
        let mut twice = histogram.clone();
        twice.merge(&histogram);
        assert_eq!((twice.count(), twice.quantile_ms(0.5)), (20_000, histogram.quantile_ms(0.5)));
    }
}
