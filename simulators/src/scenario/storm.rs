//! Storm: heavy cells follow one another along one track, on top of hours of steady rain. The river system under the
//! track floods and, as the rain moves off, falls again within a day.

use super::{Plan, Scenario, hours_after};
use crate::city::City;
use crate::dice::Dice;
use crate::plane::Point;
use crate::weather::Cell;
use bongsu_sensors::Time;
use std::time::Duration;

pub const SCENARIO: Scenario = Scenario {
    name: "storm",
    title: ("집중호우", "Rain storm"),
    story: (
        "시작 후 약 2시간 뒤부터 강한 비구름이 한 지천 위로 잇따라 지나가 수위가 오르고, 다음 날 안으로 다시 내려갑니다.",
        "About two hours in, strong rain cells follow one another over one tributary; its stage rises and is down again within a day.",
    ),
    plan,
};

fn plan(city: &City, start: Time, dice: &mut Dice) -> Plan {
    let middle = over_a_tributary(city, dice);
    let onset = hours_after(start, 1.5, 2.6, dice);
    Plan { cells: cells(middle, onset, dice), wetness: 0.45, showers: false, ..Plan::default() }
}

/// A point on one of the tributaries.
pub fn over_a_tributary(city: &City, dice: &mut Dice) -> Point {
    let target = city.tributary(dice.pick(5));
    let [upper, lower] = [&city.reaches[target.start], &city.reaches[target.end - 1]];
    upper.course[0].toward(lower.course[2], dice.between(0.2, 0.6))
}

/// The rain of a storm over one point.
pub fn cells(middle: Point, onset: Time, dice: &mut Dice) -> Vec<Cell> {
    let steady = Cell {
        from: onset,
        minutes: dice.between(9.0, 12.0) * 60.0,
        center: middle,
        drift_km_h: Point::new(dice.between(0.5, 1.5), 0.0),
        radius_km: 16.0,
        peak_mm_h: dice.between(4.0, 6.5),
    };
    let mut cells = vec![steady];
    let heading = dice.between(-0.4, 0.4);
    let speed = dice.between(4.0, 6.0);
    let mut from = onset + Duration::from_secs_f64(dice.between(0.2, 0.8) * 3600.0);
    for _ in 0..4 {
        let minutes = dice.between(115.0, 150.0);
        let center = Point::new(middle.x + dice.between(-1.5, 1.5), middle.y + dice.between(-1.5, 1.5));
        cells.push(Cell {
            from,
            minutes,
            center,
            drift_km_h: Point::new(speed * heading.cos(), speed * heading.sin()),
            radius_km: dice.between(5.0, 6.5),
            peak_mm_h: dice.between(44.0, 60.0),
        });
        from = from + Duration::from_secs_f64(dice.between(62.0, 85.0) * 60.0);
    }
    cells
}
