//! Calm: sun, a shower now and then, the tide, people about their week. Nothing here is worth a warning.

use super::{Plan, Scenario};

pub const SCENARIO: Scenario = Scenario {
    name: "calm",
    title: ("평온한 날", "Calm days"),
    story: (
        "소나기가 가끔 지나갈 뿐, 위험한 일은 일어나지 않습니다.",
        "A shower passes now and then; nothing dangerous happens.",
    ),
    plan: |_, _, _| Plan::default(),
};
