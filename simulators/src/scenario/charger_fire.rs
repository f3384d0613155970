//! Charger fire: a power bank in one slot of one kiosk heats by itself until the kiosk is gone.

use super::{Plan, Runaway, Scenario, hours_after, stations_where};
use crate::city::City;
use crate::city::station::Role;
use crate::dice::Dice;
use bongsu_sensors::Time;

pub const SCENARIO: Scenario = Scenario {
    name: "charger_fire",
    title: ("충전기 화재", "Charger fire"),
    story: (
        "한 대여소의 보조배터리 하나가 스스로 뜨거워지다가, 불이 나서 대여소의 연락이 끊깁니다.",
        "One power bank in one kiosk heats by itself until it burns and the kiosk falls silent.",
    ),
    plan,
};

fn plan(city: &City, start: Time, dice: &mut Dice) -> Plan {
    let kiosks = stations_where(city, |role| matches!(role, Role::Charger { .. }));
    let runaways = match kiosks.get(dice.pick(kiosks.len())) {
        Some(station) => {
            vec![Runaway { station: *station, slot: dice.pick(8), from: hours_after(start, 1.0, 6.0, dice) }]
        }
        None => Vec::new(),
    };
    Plan { runaways, ..Plan::default() }
}
