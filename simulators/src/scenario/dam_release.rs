//! Dam release: the reservoir is nearly full and its gates open under a dry sky. The flood comes without a drop of rain.

use super::{Plan, Scenario, hours_after};
use crate::city::City;
use crate::dice::Dice;
use bongsu_sensors::Time;
use std::time::Duration;

pub const SCENARIO: Scenario = Scenario {
    name: "dam_release",
    title: ("댐 방류", "Dam release"),
    story: (
        "비가 오지 않는데도 상류의 미르댐이 수문을 열어, 강물이 하류 쪽으로 차례차례 불어납니다.",
        "Under a dry sky Mir Dam opens its gates, and the river rises gauge after gauge downstream.",
    ),
    plan,
};

fn plan(city: &City, start: Time, dice: &mut Dice) -> Plan {
    let main = city.reaches.iter().position(|reach| reach.main).unwrap_or(0);
    let most = city.bankfull_m3s[main][1] * dice.between(1.05, 1.3);
    let hours = |h: f64| Duration::from_secs_f64(h * 3600.0);
    let opens = hours_after(start, 1.5, 4.0, dice);
    let open = opens + hours(dice.between(1.5, 2.5));
    let closes = open + hours(dice.between(4.0, 6.0));
    let shut = closes + hours(dice.between(2.0, 3.0));
    let release = vec![(opens, 25.0), (open, most), (closes, most), (shut, 25.0)];
    Plan { release, filled: 0.96, showers: false, ..Plan::default() }
}
