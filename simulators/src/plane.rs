//! The ground as a plane: kilometres east and north of the city's south-west corner, and where that is on earth.
//!
//! Everything inside the simulation reckons in kilometres; only what leaves it is in degrees.

/// Latitude of the plane's origin, degrees.
const ORIGIN_LAT: f64 = 37.20;
/// Longitude of the plane's origin, degrees.
const ORIGIN_LON: f64 = 127.10;
/// Kilometres in a degree of latitude.
const KM_PER_LAT: f64 = 111.32;
/// Kilometres in a degree of longitude at 37.3° north: 111.32 · cos 37.3°.
const KM_PER_LON: f64 = 88.55;

/// A point on the plane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Kilometres east of the origin.
    pub x: f64,
    /// Kilometres north of the origin.
    pub y: f64,
}

impl Point {
    /// A point so many kilometres east and north.
    pub const fn new(x: f64, y: f64) -> Point {
        Point { x, y }
    }

    /// The point a share of the way to another.
    pub fn toward(self, other: Point, share: f64) -> Point {
        Point::new(self.x + (other.x - self.x) * share, self.y + (other.y - self.y) * share)
    }

    /// Distance to another point, kilometres.
    pub fn distance(self, other: Point) -> f64 {
        (self.x - other.x).hypot(self.y - other.y)
    }

    /// Latitude and longitude in degrees, to five decimals (about a metre).
    pub fn degrees(self) -> [f64; 2] {
        let round = |degrees: f64| (degrees * 1e5).round() / 1e5;
        [round(ORIGIN_LAT + self.y / KM_PER_LAT), round(ORIGIN_LON + self.x / KM_PER_LON)]
    }
}

/// A closed rectangle around a point, half as wide and high as given, in kilometres.
pub fn rectangle(center: Point, half_width: f64, half_height: f64) -> Vec<Point> {
    [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0), (-1.0, -1.0)]
        .into_iter()
        .map(|(x, y)| Point::new(center.x + x * half_width, center.y + y * half_height))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_degree_is_as_long_as_on_earth() {
        let [lat, lon] = Point::new(KM_PER_LON, KM_PER_LAT).degrees();
        assert!((lat - 38.2).abs() < 1e-5 && (lon - 128.1).abs() < 1e-5);
        assert!((Point::new(0.0, 0.0).distance(Point::new(3.0, 4.0)) - 5.0).abs() < 1e-12);
    }
}
