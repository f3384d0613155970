//! The rivers: a main one from the dam in the east to the sea in the west, and five tributaries, cut into reaches.
//!
//! Reaches stand in flow order: every reach comes after those whose water it receives. A reach is a piece of a district
//! border, so it has a district on each bank.

use super::ground::{COLUMNS, DISTRICT_KM2, Ground};
use super::name::{Name, RIVER, TRIBUTARIES};
use crate::dice::Dice;
use crate::plane::Point;

/// A piece of a river.
#[derive(Clone, Debug)]
pub struct Reach {
    /// Code of the river it is a piece of.
    pub river: &'static str,
    /// Name of the river.
    pub name: Name,
    /// Number of the reach within its river, from 1 at the top.
    pub number: usize,
    /// Its course: upper end, middle, lower end.
    pub course: [Point; 3],
    /// Districts on its two banks.
    pub banks: [usize; 2],
    /// Reaches whose water arrives at its upper end.
    pub from: Vec<usize>,
    /// Districts that drain into it, each with the square kilometres that do.
    pub drains: Vec<(usize, f64)>,
    /// Time a flood wave takes through it, minutes.
    pub travel_min: f64,
    /// Whether it is a piece of the main river.
    pub main: bool,
    /// Depth of the water in a bankfull flood, metres.
    pub bankfull_depth_m: f64,
    /// Amplitude of the tide in it at low flow, metres.
    pub tide_m: f64,
}

impl Reach {
    /// The point a share of the way down.
    pub fn at(&self, share: f64) -> Point {
        let [top, middle, foot] = self.course;
        if share < 0.5 { top.toward(middle, share * 2.0) } else { middle.toward(foot, share * 2.0 - 1.0) }
    }
}

/// Line of the grid on which each tributary flows, and whether it comes from the north.
pub const TRIBUTARY_LINES: [(usize, bool); 5] = [(5, true), (4, false), (3, true), (2, false), (1, true)];

/// All reaches, in flow order: the tributaries' first, then the main river's from the dam to the sea.
pub fn build(ground: &Ground, seed: u64) -> Vec<Reach> {
    let mut reaches = Vec::new();
    for (tributary, (line, north)) in TRIBUTARY_LINES.into_iter().enumerate() {
        for number in 1..=2 {
            reaches.push(tributary_reach(ground, seed, tributary, line, north, number));
        }
    }
    let first_main = reaches.len();
    for column in (0..COLUMNS).rev() {
        let mut from = Vec::new();
        if column + 1 < COLUMNS {
            from.push(reaches.len() - 1);
        }
        let joins = TRIBUTARY_LINES.iter().position(|(line, _)| *line == column + 1);
        from.extend(joins.map(|tributary| tributary * 2 + 1));
        reaches.push(main_reach(ground, seed, column, from));
    }
    share_out_districts(&mut reaches, first_main);
    reaches
}

fn tributary_reach(ground: &Ground, seed: u64, tributary: usize, line: usize, north: bool, number: usize) -> Reach {
    let (code, ko, en) = TRIBUTARIES[tributary];
    let mut dice = Dice::new(seed, &format!("reach {code} {number}"));
    // Rows 0 and 3 are the outer ones; the main river runs on row line 2.
    let row = match (north, number) {
        (true, 1) => 3,
        (true, _) => 2,
        (false, 1) => 0,
        (false, _) => 1,
    };
    let (south_end, north_end) = (ground.corner(line, row), ground.corner(line, row + 1));
    let middle = ground.north_of(line, row);
    let course = if north { [north_end, middle, south_end] } else { [south_end, middle, north_end] };
    Reach {
        river: code,
        name: Name::new(ko, en),
        number,
        course,
        banks: [Ground::district(line - 1, row), Ground::district(line, row)],
        from: if number == 1 { Vec::new() } else { vec![tributary * 2] },
        drains: Vec::new(),
        travel_min: dice.between(18.0, 26.0),
        main: false,
        bankfull_depth_m: dice.between(3.4, 4.2),
        tide_m: 0.0,
    }
}

fn main_reach(ground: &Ground, seed: u64, column: usize, from: Vec<usize>) -> Reach {
    let (code, ko, en) = RIVER;
    let number = COLUMNS - column;
    let mut dice = Dice::new(seed, &format!("reach {code} {number}"));
    Reach {
        river: code,
        name: Name::new(ko, en),
        number,
        course: [ground.corner(column + 1, 2), ground.east_of(column, 2), ground.corner(column, 2)],
        banks: [Ground::district(column, 1), Ground::district(column, 2)],
        from,
        drains: Vec::new(),
        travel_min: dice.between(35.0, 50.0),
        main: true,
        bankfull_depth_m: dice.between(6.5, 8.5),
        tide_m: [0.8, 0.3].get(column).copied().unwrap_or(0.0),
    }
}

/// An outer district drains into the tributary on its edge; an inner one half into that, half into the main river.
fn share_out_districts(reaches: &mut [Reach], first_main: usize) {
    for column in 0..COLUMNS {
        let main = first_main + (COLUMNS - 1 - column);
        for row in 0..4 {
            let district = Ground::district(column, row);
            let tributary = TRIBUTARY_LINES
                .iter()
                .position(|(line, north)| (*line == column || *line == column + 1) && *north == (row >= 2));
            match (tributary, row == 1 || row == 2) {
                (Some(at), true) => {
                    reaches[at * 2 + 1].drains.push((district, DISTRICT_KM2 / 2.0));
                    reaches[main].drains.push((district, DISTRICT_KM2 / 2.0));
                }
                (Some(at), false) => reaches[at * 2].drains.push((district, DISTRICT_KM2)),
                (None, _) => reaches[main].drains.push((district, DISTRICT_KM2)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_drop_finds_one_way_to_the_sea() {
        let reaches = build(&Ground::build(3), 3);
        let drained: f64 = reaches.iter().flat_map(|reach| &reach.drains).map(|(_, km2)| km2).sum();
        assert!((drained - 24.0 * DISTRICT_KM2).abs() < 1e-9);
        for (at, reach) in reaches.iter().enumerate() {
            assert!(reach.from.iter().all(|upper| *upper < at), "reach {at} stands before its source");
            for upper in &reach.from {
                assert_eq!(reaches[*upper].course[2], reach.course[0], "reach {at} begins where {upper} ends");
            }
            let receivers = reaches.iter().filter(|lower| lower.from.contains(&at)).count();
            assert_eq!(receivers, usize::from(at + 1 < reaches.len()), "reach {at}");
        }
    }
}
