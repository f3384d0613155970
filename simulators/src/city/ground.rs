//! The ground of the city: a jittered grid of districts, their neighbourhoods, and the tiers above them.
//!
//! Districts share their corners and the middles of their edges, so they tile the plane without gaps; rivers run along
//! their edges, as borders like to do. The ground is the same for every size of a city.

use super::name::{DISTRICTS, NEIGHBOURHOODS, Name, SIDO};
use crate::dice::Dice;
use crate::plane::Point;

/// Columns of districts, west to east. The last one is the province of the headwaters.
pub const COLUMNS: usize = 6;
/// Rows of districts, south to north. The main river runs between the two middle ones.
pub const ROWS: usize = 4;
/// Width of a column, kilometres.
pub const COLUMN_KM: f64 = 6.0;
/// Height of a row, kilometres.
pub const ROW_KM: f64 = 5.0;
/// Area of one district as the hydrology takes it, km². Jitter moves it by a few percent only.
pub const DISTRICT_KM2: f64 = COLUMN_KM * ROW_KM;

/// An area of the catalog.
#[derive(Clone, Debug)]
pub struct Area {
    /// Its code.
    pub code: String,
    /// sido, sigungu, eupmyeondong or zone.
    pub kind: &'static str,
    /// Its place in the list of areas, of the one it lies in.
    pub parent: Option<usize>,
    /// Its ten-digit code of the legal-district kind, invented, where it is administrative.
    pub bjd: Option<String>,
    /// Its name.
    pub name: Name,
    /// Its closed outer ring.
    pub ring: Vec<Point>,
}

/// A district: where it is and what it is made of.
#[derive(Clone, Debug)]
pub struct District {
    /// Its place in the list of areas.
    pub area: usize,
    /// Its name without 구 or 군.
    pub stem: Name,
    /// Corners from the south-west, counter-clockwise.
    pub corners: [Point; 4],
    /// Its middle.
    pub center: Point,
    /// Whether it belongs to the headwaters: fields and woods rather than roofs and streets.
    pub rural: bool,
}

impl District {
    /// The point at shares of the way east and north; 0.1 to 0.9 lies safely inside.
    pub fn at(&self, east: f64, north: f64) -> Point {
        let [sw, se, ne, nw] = self.corners;
        sw.toward(se, east).toward(nw.toward(ne, east), north)
    }
}

/// The grid of corners and edge middles, and the areas made of them.
#[derive(Clone, Debug)]
pub struct Ground {
    /// Administrative areas: sido, then sigungu, then eupmyeondong.
    pub areas: Vec<Area>,
    /// Districts, column by column from the west, south to north within one.
    pub districts: Vec<District>,
    corners: Vec<Point>,
    across: Vec<Point>,
    along: Vec<Point>,
}

impl Ground {
    /// The ground of a seed.
    pub fn build(seed: u64) -> Ground {
        let mut dice = Dice::new(seed, "ground");
        let mut jitter = |x: f64, y: f64, by: f64| {
            Point::new((x + dice.between(-by, by)) * COLUMN_KM, (y + dice.between(-by, by)) * ROW_KM)
        };
        let mut corners = Vec::new();
        let mut across = Vec::new();
        let mut along = Vec::new();
        for column in 0..=COLUMNS {
            for row in 0..=ROWS {
                let (x, y) = (real(column), real(row));
                corners.push(jitter(x, y, 0.12));
                across.push(jitter(x + 0.5, y, 0.07));
                along.push(jitter(x, y + 0.5, 0.07));
            }
        }
        let mut ground = Ground { areas: Vec::new(), districts: Vec::new(), corners, across, along };
        ground.lay_out(seed);
        ground
    }

    /// The corner of the grid at a column and row line.
    pub fn corner(&self, column: usize, row: usize) -> Point {
        self.corners[column * (ROWS + 1) + row]
    }

    /// The middle of the edge from a corner to the next one east.
    pub fn east_of(&self, column: usize, row: usize) -> Point {
        self.across[column * (ROWS + 1) + row]
    }

    /// The middle of the edge from a corner to the next one north.
    pub fn north_of(&self, column: usize, row: usize) -> Point {
        self.along[column * (ROWS + 1) + row]
    }

    /// The place in [`Ground::districts`] of a column and row.
    pub const fn district(column: usize, row: usize) -> usize {
        column * ROWS + row
    }

    fn lay_out(&mut self, seed: u64) {
        let mut dice = Dice::new(seed, "names");
        let stems = shuffled(&DISTRICTS, &mut dice);
        let dongs = shuffled(&NEIGHBOURHOODS, &mut dice);
        for (at, (code, ko, en)) in SIDO.into_iter().enumerate() {
            let columns = if at == 0 { 0..COLUMNS - 1 } else { COLUMNS - 1..COLUMNS };
            let ring = self.outline(columns.start, columns.end);
            let bjd = Some(format!("9{}00000000", at + 1));
            let name = Name::new(ko, en);
            self.areas.push(Area { code: code.into(), kind: "sido", parent: None, bjd, name, ring });
        }
        for column in 0..COLUMNS {
            for row in 0..ROWS {
                self.push_district(column, row, stems[Ground::district(column, row)]);
            }
        }
        let mut next = dongs.into_iter();
        // Every fourth district is divided further: a subscription must be able to name a neighbourhood somewhere.
        for column in 0..COLUMNS {
            let row = (column + 1) % ROWS;
            for quarter in 0..4 {
                if let Some(stem) = next.next() {
                    self.push_neighbourhood(column, row, quarter, stem);
                }
            }
        }
    }

    fn push_district(&mut self, column: usize, row: usize, (code, ko, en): (&str, &str, &str)) {
        let rural = column + 1 == COLUMNS;
        let (suffix_ko, suffix_en) = if rural { ("군", "gun") } else { ("구", "gu") };
        let name = Name::new(format!("{ko}{suffix_ko}"), format!("{en}-{suffix_en}"));
        let number = Ground::district(column, row) + 1;
        let bjd = Some(format!("9{}{:03}00000", if rural { 2 } else { 1 }, number * 10));
        let ring = self.outline_of(column, row);
        let corners = [
            self.corner(column, row),
            self.corner(column + 1, row),
            self.corner(column + 1, row + 1),
            self.corner(column, row + 1),
        ];
        let center = corners[0].toward(corners[2], 0.5).toward(corners[1].toward(corners[3], 0.5), 0.5);
        let area = self.areas.len();
        let parent = Some(usize::from(rural));
        self.areas.push(Area { code: code.into(), kind: "sigungu", parent, bjd, name, ring });
        self.districts.push(District { area, stem: Name::new(ko, en), corners, center, rural });
    }

    /// A quarter of a district: one corner, the middles of the edges beside it, and the district's middle.
    fn push_neighbourhood(&mut self, column: usize, row: usize, quarter: usize, (code, ko, en): (&str, &str, &str)) {
        let district = &self.districts[Ground::district(column, row)];
        let middles = [
            self.east_of(column, row),
            self.north_of(column + 1, row),
            self.east_of(column, row + 1),
            self.north_of(column, row),
        ];
        let corner = district.corners[quarter];
        let ring = vec![corner, middles[quarter], district.center, middles[(quarter + 3) % 4], corner];
        let (suffix_ko, suffix_en) = match (district.rural, quarter) {
            (false, _) => ("동", "dong"),
            (true, 0) => ("읍", "eup"),
            (true, _) => ("면", "myeon"),
        };
        let above = self.areas[district.area].bjd.clone().unwrap_or_default();
        let bjd = Some(format!("{}{:03}00", &above[..5], 101 + quarter));
        let name = Name::new(format!("{ko}{suffix_ko}"), format!("{en}-{suffix_en}"));
        let parent = Some(district.area);
        self.areas.push(Area { code: code.into(), kind: "eupmyeondong", parent, bjd, name, ring });
    }

    fn outline_of(&self, column: usize, row: usize) -> Vec<Point> {
        self.block(column, column + 1, row, row + 1)
    }

    fn outline(&self, from: usize, to: usize) -> Vec<Point> {
        self.block(from, to, 0, ROWS)
    }

    /// The closed ring around a block of districts, through every corner and edge middle on its way.
    fn block(&self, west: usize, east: usize, south: usize, north: usize) -> Vec<Point> {
        let mut ring = Vec::new();
        for column in west..east {
            ring.extend([self.corner(column, south), self.east_of(column, south)]);
        }
        for row in south..north {
            ring.extend([self.corner(east, row), self.north_of(east, row)]);
        }
        for column in (west..east).rev() {
            ring.extend([self.corner(column + 1, north), self.east_of(column, north)]);
        }
        for row in (south..north).rev() {
            ring.extend([self.corner(west, row + 1), self.north_of(west, row)]);
        }
        ring.push(self.corner(west, south));
        ring
    }
}

#[expect(clippy::cast_precision_loss, reason = "grid lines are counted in ones")]
fn real(line: usize) -> f64 {
    line as f64
}

/// The same things in an order the dice chose (Fisher–Yates).
fn shuffled<T: Copy>(things: &[T], dice: &mut Dice) -> Vec<T> {
    let mut list = things.to_vec();
    for at in (1..list.len()).rev() {
        list.swap(at, dice.pick(at + 1));
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area_km2(ring: &[Point]) -> f64 {
        ring.windows(2).map(|pair| pair[0].x * pair[1].y - pair[1].x * pair[0].y).sum::<f64>() / 2.0
    }

    #[test]
    fn districts_tile_the_land_without_gaps() {
        for seed in 0..20 {
            let ground = Ground::build(seed);
            let of =
                |kind: &str| ground.areas.iter().filter(|a| a.kind == kind).map(|a| area_km2(&a.ring)).sum::<f64>();
            assert!((of("sido") - of("sigungu")).abs() < 1e-6, "seed {seed}");
            for district in &ground.districts {
                let whole = area_km2(&ground.areas[district.area].ring);
                let parts: Vec<f64> = ground
                    .areas
                    .iter()
                    .filter(|area| area.parent == Some(district.area))
                    .map(|area| area_km2(&area.ring))
                    .collect();
                assert!(parts.iter().all(|part| *part > 0.0), "seed {seed}");
                assert!(parts.is_empty() || (parts.iter().sum::<f64>() - whole).abs() < 1e-6, "seed {seed}");
                assert!((whole / DISTRICT_KM2 - 1.0).abs() < 0.5, "seed {seed}: {whole} km²");
            }
        }
    }
}
