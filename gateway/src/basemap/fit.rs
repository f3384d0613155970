//! Shapes made small: what nobody sees is left out, a little more each time, until the whole has the size that was asked
//! for.

use super::{Layer, Layers, Position, Shapes};
use geo::{LineString, SimplifyVwIdx};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Metres that are left out at first: the digits that are written are worth as much.
const FINEST_M: f64 = 1.0;

/// Beyond this a district is no longer itself.
const COARSEST_M: f64 = 2_048.0;

/// Digits of a degree that are written: about one metre.
const DIGITS: f64 = 1e5;

/// A degree of latitude.
const DEGREE_M: f64 = 111_195.0;

/// Shapes that are small enough.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    /// What is drawn.
    pub layers: Layers,
    /// What was too small to be seen.
    pub left_out: usize,
    /// What is narrower than this is no longer drawn, metres.
    pub within_m: f64,
}

/// It cannot be made so small.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("it has {bytes} bytes where {COARSEST_M} m are left out")]
pub struct TooLarge {
    /// How small it became.
    pub bytes: usize,
}

impl Fitted {
    /// Shapes of at most so many bytes as GeoJSON.
    ///
    /// # Errors
    /// They are more however much is left out.
    pub fn of(layers: &Layers, bytes: usize) -> Result<Fitted, TooLarge> {
        let mut within_m = FINEST_M;
        loop {
            let fitted = Fitted::within(layers, within_m);
            let size = fitted.bytes();
            if size <= bytes {
                return Ok(fitted);
            }
            if within_m >= COARSEST_M {
                return Err(TooLarge { bytes: size });
            }
            within_m *= 2.0;
        }
    }

    fn within(layers: &Layers, within_m: f64) -> Fitted {
        let mut fitted = Fitted { layers: Layers::new(), left_out: 0, within_m };
        for (layer, shapes) in layers {
            let mut kept = Shapes::default();
            for line in &shapes.lines {
                let line = thinned(line, within_m);
                match spans(&line) >= within_m && line.len() > 1 {
                    true => kept.lines.push(line),
                    false => fitted.left_out += 1,
                }
            }
            for polygon in &shapes.polygons {
                let rings = polygon.iter().map(|ring| thinned(ring, within_m));
                // A hole that nobody sees is filled; without its outer ring a polygon is gone.
                let rings: Vec<Vec<Position>> = rings
                    .enumerate()
                    .filter(|(at, ring)| *at == 0 || is_seen(ring, within_m))
                    .map(|(_, r)| r)
                    .collect();
                match rings.first().is_some_and(|outer| is_seen(outer, within_m)) {
                    true => kept.polygons.push(rings),
                    false => fitted.left_out += 1,
                }
            }
            fitted.layers.insert(*layer, kept);
        }
        fitted
    }

    /// How many shapes there are of each layer.
    pub fn counts(&self) -> BTreeMap<Layer, usize> {
        let count = |(layer, shapes): (&Layer, &Shapes)| (*layer, shapes.lines.len() + shapes.polygons.len());
        self.layers.iter().map(count).filter(|(_, count)| *count > 0).collect()
    }

    /// The same as features: of each layer its polygons in one and its lines in another, so that nothing is written a
    /// thousand times.
    pub fn features(&self) -> Vec<Value> {
        let feature = |layer: Layer, sort: &str, coordinates: Value| {
            json!({ "type": "Feature", "properties": { "layer": layer.name() },
                "geometry": { "type": sort, "coordinates": coordinates } })
        };
        let mut features = Vec::new();
        for (layer, Shapes { lines, polygons }) in &self.layers {
            if !polygons.is_empty() {
                features.push(feature(*layer, "MultiPolygon", json!(polygons)));
            }
            if !lines.is_empty() {
                features.push(feature(*layer, "MultiLineString", json!(lines)));
            }
        }
        features
    }

    fn bytes(&self) -> usize {
        self.features().iter().map(|feature| feature.to_string().len()).sum()
    }
}

fn is_seen(ring: &[Position], within_m: f64) -> bool {
    ring.len() >= 4 && spans(ring) >= within_m
}

/// Without what is smaller than so many metres, its ends kept. Between two points that are left lies nothing that would
/// make a triangle of that size.
///
/// # Source
/// Visvalingam and Whyatt (1993), *Line generalisation by repeated elimination of points*, as the crate `geo` has it.
fn thinned(positions: &[Position], within_m: f64) -> Vec<Position> {
    let squeeze = positions.first().map_or(1.0, |[_, latitude]| latitude.to_radians().cos());
    let metres = |[longitude, latitude]: &Position| (longitude * squeeze * DEGREE_M, latitude * DEGREE_M);
    let line: LineString<f64> = positions.iter().map(metres).collect();
    let kept = line.simplify_vw_idx(within_m * within_m / 2.0);
    let round = |degrees: f64| (degrees * DIGITS).round() / DIGITS;
    let mut thin: Vec<Position> =
        kept.into_iter().filter_map(|at| positions.get(at)).map(|[x, y]| [round(*x), round(*y)]).collect();
    thin.dedup();
    thin
}

/// How far it reaches, metres.
fn spans(positions: &[Position]) -> f64 {
    let squeeze = positions.first().map_or(1.0, |[_, latitude]| latitude.to_radians().cos());
    let reach = |axis: usize| {
        let values = || positions.iter().map(|position| position[axis]);
        values().fold(f64::NEG_INFINITY, f64::max) - values().fold(f64::INFINITY, f64::min)
    };
    if positions.is_empty() { 0.0 } else { (reach(0) * squeeze).hypot(reach(1)) * DEGREE_M }
}
