//! Lying sensor: calm weather, and one river gauge that says otherwise, by drifting, jumping or freezing.

use super::{Plan, Scenario, hours_after};
use crate::city::City;
use crate::dice::Dice;
use crate::fault::{Fault, drift, spike, stuck};
use bongsu_sensors::Time;
use std::time::Duration;

pub const SCENARIO: Scenario = Scenario {
    name: "lying_sensor",
    title: ("센서 오작동", "Lying sensor"),
    story: (
        "날씨는 평온한데 수위계 하나가 사실과 다른 값을 보냅니다.",
        "The weather is calm, and one river gauge says what is not true.",
    ),
    plan,
};

fn plan(city: &City, start: Time, dice: &mut Dice) -> Plan {
    let gauges: Vec<usize> = city.gauges().collect();
    let kinds = [&drift::FAULT, &spike::FAULT, &stuck::FAULT];
    let kind = kinds[dice.pick(kinds.len())];
    let faults = match gauges.get(dice.pick(gauges.len())) {
        Some(station) => {
            let from = hours_after(start, 1.0, 5.0, dice);
            let until = from + Duration::from_secs_f64(dice.between(12.0, 20.0) * 3600.0);
            vec![Fault { kind, station: *station, from, until }]
        }
        None => Vec::new(),
    };
    Plan { faults, ..Plan::default() }
}
