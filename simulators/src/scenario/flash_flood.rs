//! Flash flood: one cell stands still over the headwaters of one stream, on ground that is wet already. The stream is up
//! within the hour.

use super::{Plan, Scenario, hours_after};
use crate::city::City;
use crate::dice::Dice;
use crate::plane::Point;
use crate::weather::Cell;
use bongsu_sensors::Time;

pub const SCENARIO: Scenario = Scenario {
    name: "flash_flood",
    title: ("돌발홍수", "Flash flood"),
    story: (
        "한 지천의 상류에 강한 비구름이 멈춰 서서, 한 시간 안에 물이 급격히 불어납니다.",
        "A violent cell stands still over the head of one stream, and its water rises within the hour.",
    ),
    plan,
};

fn plan(city: &City, start: Time, dice: &mut Dice) -> Plan {
    let reach = &city.reaches[city.tributary(dice.pick(5)).start];
    let center = reach.at(dice.between(0.2, 0.6));
    let cell = Cell {
        from: hours_after(start, 1.0, 6.0, dice),
        minutes: dice.between(110.0, 130.0),
        center: Point::new(center.x + dice.between(-0.8, 0.8), center.y),
        drift_km_h: Point::new(dice.between(-0.8, 0.8), dice.between(-0.8, 0.8)),
        radius_km: dice.between(4.9, 5.4),
        peak_mm_h: dice.between(84.0, 95.0),
    };
    Plan { cells: vec![cell], wetness: 0.6, showers: false, ..Plan::default() }
}
