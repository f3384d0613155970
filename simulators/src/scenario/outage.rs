//! Outage: one or two districts lose their mains power. Kiosks run on their batteries for a while, WiFi goes, and what
//! has no battery of its own falls silent.

use super::{Blackout, Plan, Scenario, hours_after};
use crate::city::City;
use crate::dice::Dice;
use bongsu_sensors::Time;
use std::time::Duration;

pub const SCENARIO: Scenario = Scenario {
    name: "outage",
    title: ("정전", "Power cut"),
    story: (
        "한두 구의 전기가 몇 시간 동안 끊겨, 와이파이와 여러 센서가 한꺼번에 응답하지 않습니다.",
        "One or two districts lose their power for some hours; WiFi and many sensors fall silent at once.",
    ),
    plan,
};

fn plan(city: &City, start: Time, dice: &mut Dice) -> Plan {
    let urban: Vec<usize> = (0..city.ground.districts.len()).filter(|at| !city.ground.districts[*at].rural).collect();
    let from = hours_after(start, 1.0, 6.0, dice);
    let mut blackouts = Vec::new();
    for _ in 0..=dice.pick(2) {
        let district = urban.get(dice.pick(urban.len())).copied().unwrap_or(0);
        let until = from + Duration::from_secs_f64(dice.between(3.0, 7.0) * 3600.0);
        if blackouts.iter().all(|other: &Blackout| other.district != district) {
            blackouts.push(Blackout { district, from, until });
        }
    }
    Plan { blackouts, ..Plan::default() }
}
