//! Units as devices name them (SenML, RFC 8428 and its secondary units, RFC 8798) and what they are in the unit of a
//! kind (UCUM). Only scales are converted: a unit of something else is a mistake, never a guess.

/// What a unit measures. A conversion stays within one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quantity {
    Length,
    Time,
    Frequency,
    Voltage,
    Pressure,
    Force,
    Speed,
    Acceleration,
    Flow,
    Angle,
    Ratio,
    Count,
    /// Degrees Celsius and kelvins: the one scale with an offset.
    Temperature,
}

use Quantity::{
    Acceleration, Angle, Count, Flow, Force, Frequency, Length, Pressure, Ratio, Speed, Temperature, Time, Voltage,
};

/// Unit, quantity, and its size in the quantity's first unit as numerator and denominator: with both whole, a
/// millimetre becomes exactly the double nearest to its metres.
///
/// `/` is SenML's unity, `1`, `{count}`, `deg`, `m3/s`, `cm/s2`, `um/m` and `L/s` are UCUM's spelling.
const UNITS: &[(&str, Quantity, f64, f64)] = &[
    ("m", Length, 1.0, 1.0),
    ("mm", Length, 1.0, 1e3),
    ("cm", Length, 1.0, 1e2),
    ("km", Length, 1e3, 1.0),
    ("s", Time, 1.0, 1.0),
    ("ms", Time, 1.0, 1e3),
    ("min", Time, 60.0, 1.0),
    ("h", Time, 3600.0, 1.0),
    ("Hz", Frequency, 1.0, 1.0),
    ("1/s", Frequency, 1.0, 1.0),
    ("1/min", Frequency, 1.0, 60.0),
    ("MHz", Frequency, 1e6, 1.0),
    ("V", Voltage, 1.0, 1.0),
    ("mV", Voltage, 1.0, 1e3),
    ("Pa", Pressure, 1.0, 1.0),
    ("hPa", Pressure, 1e2, 1.0),
    ("kPa", Pressure, 1e3, 1.0),
    ("N", Force, 1.0, 1.0),
    ("kN", Force, 1e3, 1.0),
    ("m/s", Speed, 1.0, 1.0),
    ("km/h", Speed, 10.0, 36.0),
    ("m/s2", Acceleration, 1.0, 1.0),
    ("cm/s2", Acceleration, 1.0, 1e2),
    ("m3/s", Flow, 1.0, 1.0),
    ("l/s", Flow, 1.0, 1e3),
    ("L/s", Flow, 1.0, 1e3),
    ("deg", Angle, 1.0, 1.0),
    ("rad", Angle, 180.0, std::f64::consts::PI),
    ("/", Ratio, 1.0, 1.0),
    ("1", Ratio, 1.0, 1.0),
    ("%", Ratio, 1.0, 1e2),
    ("/100", Ratio, 1.0, 1e2),
    ("/1000", Ratio, 1.0, 1e3),
    ("ppm", Ratio, 1.0, 1e6),
    ("um/m", Ratio, 1.0, 1e6),
    ("count", Count, 1.0, 1.0),
    ("{count}", Count, 1.0, 1.0),
    ("K", Temperature, 1.0, 1.0),
    ("Cel", Temperature, 1.0, 1.0),
];

/// Kelvins at zero degrees Celsius.
const ZERO_CELSIUS_K: f64 = 273.15;

/// A value in unit `from` as a value in unit `to`; `None` where they measure different things or `from` is unknown.
pub fn convert(value: f64, from: &str, to: &str) -> Option<f64> {
    if from == to {
        return Some(value);
    }
    let find = |name: &str| UNITS.iter().find(|(unit, ..)| *unit == name);
    let ((_, quantity, up, down), (_, wanted, to_up, to_down)) = (find(from)?, find(to)?);
    if quantity != wanted {
        return None;
    }
    match (quantity, from) {
        (Temperature, "K") => Some(value - ZERO_CELSIUS_K),
        (Temperature, _) => Some(value + ZERO_CELSIUS_K),
        _ => Some(value * (up * to_down) / (down * to_up)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_converted_and_nothing_else() {
        let check = |value: f64, from: &str, to: &str, expect: Option<f64>| {
            assert_eq!(convert(value, from, to), expect, "{value} {from} in {to}");
        };
        check(3124.0, "mm", "m", Some(3.124));
        check(1.5, "m", "cm", Some(150.0));
        check(293.15, "K", "Cel", Some(20.0));
        check(20.0, "Cel", "Cel", Some(20.0));
        check(12345.0, "mV", "V", Some(12.345));
        check(9.81, "m/s2", "cm/s2", Some(981.0));
        check(36.0, "km/h", "m/s", Some(10.0));
        check(20.0, "m/s", "km/h", Some(72.0));
        check(5.0, "hPa", "kPa", Some(0.5));
        check(2.0, "s", "ms", Some(2000.0));
        check(90.0, "s", "min", Some(1.5));
        check(0.43, "/", "%", Some(43.0));
        check(1.0, "/", "1", Some(1.0));
        check(7.0, "count", "{count}", Some(7.0));
        check(1.0, "m3/s", "L/s", Some(1000.0));
        check(std::f64::consts::PI, "rad", "deg", Some(180.0));
        check(1.0, "%RH", "%", None);
        check(1.0, "V", "m", None);
        check(1.0, "furlong", "m", None);
        check(1.0, "mm/h", "mm", None);
    }

    #[test]
    fn every_kind_has_a_unit_known_here() {
        for kind in crate::kind::ALL {
            assert!(UNITS.iter().any(|(unit, ..)| *unit == kind.unit), "{}: add {} to UNITS", kind.name, kind.unit);
        }
    }
}
