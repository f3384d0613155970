//! Bridge damage: a pier of one bridge gives way a little, and then more. The weather has nothing to do with it.

use super::{Damage, Plan, Scenario, hours_after, stations_where};
use crate::city::City;
use crate::city::station::Role;
use crate::dice::Dice;
use bongsu_sensors::Time;

pub const SCENARIO: Scenario = Scenario {
    name: "bridge_damage",
    title: ("교량 손상", "Bridge damage"),
    story: (
        "맑은 날, 한 다리의 교각이 내려앉아 기울기 시작하고 점점 빨라집니다.",
        "On a fair day a pier of one bridge settles, begins to tilt, and tilts ever faster.",
    ),
    plan,
};

fn plan(city: &City, start: Time, dice: &mut Dice) -> Plan {
    let bridges = stations_where(city, |role| matches!(role, Role::Bridge { .. }));
    let struck = bridges.get(dice.pick(bridges.len()));
    let damage = |station: &usize| Damage {
        station: *station,
        from: hours_after(start, 3.0, 8.0, dice),
        step_deg: dice.between(0.2, 0.32),
        fails_after_h: dice.between(8.0, 14.0),
        jolt_gal: dice.between(55.0, 120.0),
    };
    let damages = struck.map(damage).into_iter().collect();
    Plan { damages, ..Plan::default() }
}
