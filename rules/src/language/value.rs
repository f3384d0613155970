//! Numbers as rules see them: one for each station, each of them known, known only as a bound, or unknown.
//!
//! A missing number is *unknown*, never zero and never NaN, and stays so through arithmetic. A number that is not
//! finite (a division by zero) is unknown too. What several stations say is held apart until a comparison tells in
//! which direction "worst" lies.

use bongsu_sensors::catalog::StationIndex;
use smallvec::SmallVec;

/// What is known of a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measure {
    /// It is this.
    Exactly(f64),
    /// It is this or more (a sum over a window with a gap).
    AtLeast(f64),
    /// It is this or less.
    AtMost(f64),
    /// Nothing is known.
    Unknown,
}

impl Measure {
    /// A known number, where it is one.
    pub fn known(value: f64) -> Measure {
        if value.is_nan() { Measure::Unknown } else { Measure::Exactly(value) }
    }

    /// A number where there is one.
    pub fn of(value: Option<f64>) -> Measure {
        value.map_or(Measure::Unknown, Measure::known)
    }

    /// The number, whatever is known of it.
    pub fn number(self) -> Option<f64> {
        match self {
            Measure::Exactly(v) | Measure::AtLeast(v) | Measure::AtMost(v) => Some(v),
            Measure::Unknown => None,
        }
    }

    /// Applies a rising (or falling) function.
    fn map(self, rising: bool, f: impl Fn(f64) -> f64) -> Measure {
        let mapped = match self {
            Measure::Exactly(v) => Measure::Exactly(f(v)),
            Measure::AtLeast(v) if rising => Measure::AtLeast(f(v)),
            Measure::AtMost(v) if rising => Measure::AtMost(f(v)),
            Measure::AtLeast(v) => Measure::AtMost(f(v)),
            Measure::AtMost(v) => Measure::AtLeast(f(v)),
            Measure::Unknown => Measure::Unknown,
        };
        match mapped.number() {
            Some(v) if !v.is_nan() => mapped,
            _ => Measure::Unknown,
        }
    }

    fn add(self, other: Measure) -> Measure {
        use Measure::{AtLeast, AtMost, Exactly, Unknown};
        let (Some(a), Some(b)) = (self.number(), other.number()) else { return Unknown };
        let sum = match (self, other) {
            (Exactly(_), Exactly(_)) => Exactly(a + b),
            (AtLeast(_) | Exactly(_), AtLeast(_) | Exactly(_)) => AtLeast(a + b),
            (AtMost(_) | Exactly(_), AtMost(_) | Exactly(_)) => AtMost(a + b),
            _ => Unknown,
        };
        if (a + b).is_nan() { Unknown } else { sum }
    }

    fn multiply(self, other: Measure) -> Measure {
        match (self, other) {
            (Measure::Exactly(by), measure) | (measure, Measure::Exactly(by)) => measure.map(by >= 0.0, |v| v * by),
            _ => Measure::Unknown,
        }
    }

    fn divide(self, other: Measure) -> Measure {
        match other {
            Measure::Exactly(by) if by != 0.0 => self.map(by > 0.0, |v| v / by),
            _ => Measure::Unknown,
        }
    }

    /// Compares with a limit.
    pub fn compare(self, op: Op, limit: Measure) -> Truth {
        let Measure::Exactly(limit) = limit else { return Truth::Unknown };
        if !limit.is_finite() {
            return Truth::Unknown;
        }
        match self {
            Measure::Exactly(v) => Truth::known(op.holds(v, limit)),
            // "At least v" proves "over the limit" and disproves "under the limit"; it can do nothing else.
            Measure::AtLeast(v) if op.is_upward() && op.holds(v, limit) => Truth::True,
            Measure::AtLeast(v) if !op.is_upward() && !op.holds(v, limit) => Truth::False,
            Measure::AtMost(v) if !op.is_upward() && op.holds(v, limit) => Truth::True,
            Measure::AtMost(v) if op.is_upward() && !op.holds(v, limit) => Truth::False,
            _ => Truth::Unknown,
        }
    }
}

/// A comparison of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// `>`
    Above,
    /// `>=`
    AtLeast,
    /// `<`
    Below,
    /// `<=`
    AtMost,
}

impl Op {
    /// Every comparison with its sign.
    pub const ALL: [(Op, &'static str); 4] =
        [(Op::AtLeast, ">="), (Op::Above, ">"), (Op::AtMost, "<="), (Op::Below, "<")];

    /// Reads a sign.
    pub fn parse(sign: &str) -> Option<Op> {
        Op::ALL.iter().find(|(_, known)| *known == sign).map(|(op, _)| *op)
    }

    /// Its sign.
    pub fn sign(self) -> &'static str {
        Op::ALL.iter().find(|(op, _)| *op == self).map_or("", |(_, sign)| sign)
    }

    /// Whether more is worse.
    pub const fn is_upward(self) -> bool {
        matches!(self, Op::Above | Op::AtLeast)
    }

    /// Whether it holds.
    pub fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Op::Above => value > limit,
            Op::AtLeast => value >= limit,
            Op::Below => value < limit,
            Op::AtMost => value <= limit,
        }
    }
}

/// The answer of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// There is no data to decide.
    Unknown,
    /// There is nothing to decide: an optional input was never seen, or no such limit is configured.
    Absent,
}

impl Truth {
    /// A decided answer.
    pub const fn known(holds: bool) -> Truth {
        if holds { Truth::True } else { Truth::False }
    }
}

/// How what several stations say becomes one number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Across {
    /// The worst of them, in the direction of the comparison.
    #[default]
    Worst,
    /// Their mean.
    Mean,
    /// Their median.
    Median,
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// The second worst: one station alone cannot decide.
    Second,
}

impl Across {
    /// Every way with its name.
    pub const ALL: [(Across, &'static str); 6] = [
        (Across::Worst, "worst"),
        (Across::Mean, "mean"),
        (Across::Median, "median"),
        (Across::Min, "min"),
        (Across::Max, "max"),
        (Across::Second, "second"),
    ];

    /// Reads a name.
    pub fn parse(name: &str) -> Option<Across> {
        Across::ALL.iter().find(|(_, known)| *known == name).map(|(across, _)| *across)
    }
}

/// What one station says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// Which station; `None`: it is the same everywhere.
    pub station: Option<StationIndex>,
    /// What it says.
    pub measure: Measure,
}

/// A number of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// What each station says.
    pub parts: SmallVec<[Part; 2]>,
    /// The input whose unit it still has, by its place in the header: clearing margins are in that unit.
    pub input: Option<u8>,
    /// How many stations must know before it counts as known.
    pub min_stations: u16,
    /// How the stations become one number.
    pub across: Across,
    /// There is nothing to measure at all.
    pub absent: bool,
    /// How fast each part grows, each minute, by the clock alone; empty where only data can change it.
    pub growth: SmallVec<[f64; 2]>,
}

impl Value {
    /// A number that is the same everywhere.
    pub fn constant(value: f64) -> Value {
        let measure = if value.is_finite() { Measure::Exactly(value) } else { Measure::Unknown };
        Value::of([Part { station: None, measure }])
    }

    /// Nothing to measure.
    pub fn absent() -> Value {
        Value { absent: true, ..Value::of([]) }
    }

    /// What stations say.
    pub fn of(parts: impl IntoIterator<Item = Part>) -> Value {
        Value {
            parts: parts.into_iter().collect(),
            input: None,
            min_stations: 1,
            across: Across::Worst,
            absent: false,
            growth: SmallVec::new(),
        }
    }

    /// Applies a function to what each station says.
    fn each(&self, f: impl Fn(Measure) -> Measure) -> Value {
        let parts = self.parts.iter().map(|part| Part { measure: f(part.measure), ..*part }).collect();
        Value { parts, ..self.clone() }
    }

    /// Joins two numbers station by station. A number that is the same everywhere joins with every station; two
    /// numbers of different stations that cannot be matched are first reduced to their worst.
    fn join(&self, other: &Value, f: impl Fn(Measure, Measure) -> Measure) -> Value {
        if self.absent || other.absent {
            return Value::absent();
        }
        let mut joined = match (self.single(), other.single()) {
            (_, Some(b)) => self.each(|a| f(a, b)),
            (Some(a), None) => other.each(|b| f(a, b)),
            (None, None) => {
                let pair = |part: &Part| {
                    let twin = other.parts.iter().find(|twin| twin.station == part.station);
                    Part { measure: twin.map_or(Measure::Unknown, |twin| f(part.measure, twin.measure)), ..*part }
                };
                Value { parts: self.parts.iter().map(pair).collect(), ..self.clone() }
            }
        };
        joined.min_stations = self.min_stations.max(other.min_stations);
        joined.input = None;
        joined.growth = SmallVec::new();
        joined
    }

    /// Minutes until time alone brings a part of it to the limit; `None`: it takes more than time.
    pub fn minutes_to(&self, limit: &Value) -> Option<f64> {
        let minutes = self.parts.iter().zip(&self.growth).filter_map(|(part, growth)| {
            let (Measure::Exactly(now), Some(Measure::Exactly(limit))) =
                (part.measure, limit.limit_of(self, part.station))
            else {
                return None;
            };
            (now < limit && *growth > 0.0).then_some((limit - now) / growth)
        });
        minutes.min_by(f64::total_cmp)
    }

    /// Joins two numbers station by station by any measure.
    pub fn join_with(&self, other: &Value, f: impl Fn(Measure, Measure) -> Measure) -> Value {
        self.join(other, f)
    }

    /// The one number, where there is but one.
    fn single(&self) -> Option<Measure> {
        match self.parts[..] {
            [part] => Some(part.measure),
            _ => None,
        }
    }

    /// The one number that is the limit of `value` at a station; `None`: that station has no such limit. A limit of
    /// the same input belongs to its own station only; any other single number is a limit for all.
    pub fn limit_of(&self, value: &Value, station: Option<StationIndex>) -> Option<Measure> {
        let own = self.parts.iter().find(|part| part.station == station).map(|part| part.measure);
        match own {
            Some(own) => Some(own),
            None if self.input.is_some() && self.input == value.input => None,
            None => Some(self.single().unwrap_or(Measure::Unknown)),
        }
    }

    /// Sum.
    pub fn plus(&self, other: &Value) -> Value {
        self.join(other, Measure::add)
    }

    /// Difference.
    pub fn minus(&self, other: &Value) -> Value {
        self.join(other, |a, b| a.add(b.map(false, |v| -v)))
    }

    /// Product.
    pub fn times(&self, other: &Value) -> Value {
        self.join(other, Measure::multiply)
    }

    /// Quotient; unknown where the divisor is zero.
    pub fn over(&self, other: &Value) -> Value {
        self.join(other, Measure::divide)
    }

    /// Its size, whatever its sign, still in its unit. A bound has none: what is at least −2 may be anything.
    pub fn magnitude(&self) -> Value {
        self.each(|measure| match measure {
            Measure::Exactly(value) => Measure::Exactly(value.abs()),
            _ => Measure::Unknown,
        })
    }

    /// The number that decides a comparison in this direction, and the stations behind it, worst first.
    pub fn decide(&self, upward: bool) -> Decided {
        let mut known: SmallVec<[(Part, f64); 4]> =
            self.parts.iter().filter_map(|part| Some((*part, part.measure.number()?))).collect();
        known.sort_by(|a, b| if upward { b.1.total_cmp(&a.1) } else { a.1.total_cmp(&b.1) });
        let enough = known.len() >= usize::from(self.min_stations.max(1));
        let all_exact = known.iter().all(|(part, _)| matches!(part.measure, Measure::Exactly(_)));
        #[expect(clippy::cast_precision_loss, reason = "a count of stations")]
        let count = known.len() as f64;
        let measure = match (self.across, known.len()) {
            (_, 0) => Measure::Unknown,
            _ if !enough => Measure::Unknown,
            (Across::Worst, _) => known[0].0.measure,
            (Across::Second, n) => known[1.min(n - 1)].0.measure,
            (Across::Max, n) => known[if upward { 0 } else { n - 1 }].0.measure,
            (Across::Min, n) => known[if upward { n - 1 } else { 0 }].0.measure,
            (Across::Mean, _) => bounded(known.iter().map(|(_, v)| v).sum::<f64>() / count, all_exact, &known),
            (Across::Median, n) => {
                let middle = f64::midpoint(known[(n - 1) / 2].1, known[n / 2].1);
                bounded(middle, all_exact, &known)
            }
        };
        let measure = if self.across == Across::Second && known.len() < 2 { Measure::Unknown } else { measure };
        Decided { measure, parts: known.into_iter().map(|(part, _)| part).collect() }
    }

    /// Compares with a limit.
    pub fn meets(&self, op: Op, limit: &Value) -> Truth {
        if self.absent || limit.absent {
            return Truth::Absent;
        }
        if self.across != Across::Worst {
            return self.decide(op.is_upward()).measure.compare(op, limit.decide(!op.is_upward()).measure);
        }
        let enough = usize::from(self.min_stations.max(1));
        if self.parts.iter().filter(|part| part.measure != Measure::Unknown).count() < enough {
            return Truth::Unknown;
        }
        // Each station has its own limit, its own bound, its own silence.
        let limited = |part: &Part| Some(part.measure.compare(op, limit.limit_of(self, part.station)?));
        let mut known = 0;
        for answer in self.parts.iter().filter_map(limited) {
            match answer {
                Truth::True => return Truth::True,
                Truth::Unknown => {}
                _ => known += 1,
            }
        }
        if known >= enough { Truth::False } else { Truth::Unknown }
    }
}

/// A mean of bounds is a bound of the mean, where all of them point the same way.
fn bounded(value: f64, all_exact: bool, known: &[(Part, f64)]) -> Measure {
    let lower = known.iter().all(|(part, _)| !matches!(part.measure, Measure::AtMost(_)));
    let upper = known.iter().all(|(part, _)| !matches!(part.measure, Measure::AtLeast(_)));
    match (all_exact, lower, upper) {
        (true, ..) => Measure::known(value),
        (_, true, _) => Measure::AtLeast(value),
        (_, _, true) => Measure::AtMost(value),
        _ => Measure::Unknown,
    }
}

/// What decided a comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided {
    /// The number.
    pub measure: Measure,
    /// The stations that know, worst first.
    pub parts: SmallVec<[Part; 4]>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use Measure::{AtLeast, AtMost, Exactly, Unknown};

    fn value(measures: &[Measure]) -> Value {
        let stations = measures.iter().zip(0..);
        Value::of(stations.map(|(measure, at)| Part { station: Some(StationIndex(at)), measure: *measure }))
    }

    #[test]
    fn a_bound_proves_only_in_its_own_direction() {
        let check = |measure: Measure, op: Op, expect: Truth| {
            assert_eq!(measure.compare(op, Exactly(10.0)), expect, "{measure:?} {}", op.sign());
        };
        check(Exactly(10.0), Op::AtLeast, Truth::True);
        check(Exactly(10.0), Op::Above, Truth::False);
        check(AtLeast(12.0), Op::Above, Truth::True);
        check(AtLeast(8.0), Op::Above, Truth::Unknown);
        check(AtLeast(12.0), Op::Below, Truth::False);
        check(AtLeast(8.0), Op::Below, Truth::Unknown);
        check(AtMost(8.0), Op::Below, Truth::True);
        check(AtMost(8.0), Op::Above, Truth::False);
        check(Unknown, Op::Below, Truth::Unknown);
        check(Exactly(f64::INFINITY), Op::AtMost, Truth::False);
    }

    #[test]
    fn a_missing_number_stays_unknown_through_arithmetic() {
        let two = Value::constant(2.0);
        assert_eq!(value(&[Unknown]).plus(&two).single(), Some(Unknown));
        assert_eq!(value(&[Exactly(6.0)]).over(&Value::constant(0.0)).single(), Some(Unknown));
        assert_eq!(value(&[AtLeast(6.0)]).times(&Value::constant(-1.0)).single(), Some(AtMost(-6.0)));
        assert_eq!(two.minus(&value(&[AtLeast(6.0)])).single(), Some(AtMost(-4.0)));
        assert_eq!(value(&[AtLeast(1.0)]).minus(&value(&[AtLeast(1.0)])).single(), Some(Unknown));
        assert_eq!(Value::constant(f64::NAN).single(), Some(Unknown));
    }

    #[test]
    fn the_worst_station_decides_and_silence_is_not_all_clear() {
        let limit = Value::constant(10.0);
        let check = |measures: &[Measure], min: u16, expect: Truth| {
            let value = Value { min_stations: min, ..value(measures) };
            assert_eq!(value.meets(Op::AtLeast, &limit), expect, "{measures:?}");
        };
        check(&[Exactly(1.0), Exactly(11.0)], 1, Truth::True);
        check(&[Exactly(1.0), Unknown], 1, Truth::False);
        check(&[Exactly(1.0), Unknown], 2, Truth::Unknown);
        check(&[Unknown, Unknown], 1, Truth::Unknown);
        check(&[AtLeast(1.0)], 1, Truth::Unknown);
        check(&[], 1, Truth::Unknown);
    }

    #[test]
    fn stations_join_as_asked() {
        let spoken = value(&[Exactly(1.0), Exactly(5.0), Exactly(9.0)]);
        let check = |across: Across, upward: bool, expect: f64| {
            let value = Value { across, ..spoken.clone() };
            assert_eq!(value.decide(upward).measure, Exactly(expect), "{across:?}");
        };
        check(Across::Worst, true, 9.0);
        check(Across::Worst, false, 1.0);
        check(Across::Mean, true, 5.0);
        check(Across::Median, true, 5.0);
        check(Across::Second, true, 5.0);
        check(Across::Min, true, 1.0);
        check(Across::Max, false, 9.0);
        assert_eq!(Value { across: Across::Second, ..value(&[Exactly(9.0)]) }.decide(true).measure, Unknown);
    }
}
