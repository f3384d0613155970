//! A restart is not noticed: `restore(snapshot(e)) ≡ e`, at any moment.

use super::bench::{Bench, assert_told, rule};
use super::chance::{Moment, bench, cases, hear, moments};
use crate::engine::{Authority, Engine, RestoreError};
use crate::record::Effect;
use bongsu_sensors::Time;
use proptest::prelude::*;

/// Gives an engine what the store would: observations and later flags that were received since its windows begin.
fn recall(engine: &mut Engine, stored: &[(Time, Effect)], now: Time) {
    let since = now - engine.look_back();
    for (_, effect) in stored.iter().filter(|(received, _)| *received >= since) {
        match effect {
            Effect::Observed(observation) => engine.recall(observation),
            Effect::Reflagged { datastream, time, flag, .. } => engine.recall_flag(*datastream, *time, *flag),
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn a_restored_engine_goes_on_as_if_nothing_had_happened(moments in moments(300), at in 0.0..1.0_f64) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a list")]
        let at = (at * moments.len() as f64) as usize;
        let mut unbroken = bench().engine;
        let stored: Vec<(Time, Effect)> =
            moments[..at].iter().flat_map(|moment| hear(&mut unbroken, moment, usize::MAX)).collect();
        let now = moments[..at].last().map_or(super::bench::START, |moment| moment.now);
        let snapshot = unbroken.snapshot().expect("snapshot");
        let mut restored = Engine::restore(&snapshot).expect("restore");
        recall(&mut restored, &stored, now);
        prop_assert_eq!(&restored.snapshot().expect("snapshot"), &snapshot);
        for moment in &moments[at..] {
            prop_assert_eq!(restored.next_due(), unbroken.next_due());
            prop_assert_eq!(hear(&mut restored, moment, usize::MAX), hear(&mut unbroken, moment, usize::MAX));
        }
        prop_assert_eq!(restored.snapshot().expect("snapshot"), unbroken.snapshot().expect("snapshot"));
    }

    #[test]
    fn an_upgrade_keeps_every_incident(moments in moments(200)) {
        let mut engine = bench().engine;
        let stored: Vec<(Time, Effect)> =
            moments.iter().flat_map(|moment| hear(&mut engine, moment, usize::MAX)).collect();
        let now = moments.last().map_or(super::bench::START, |moment: &Moment| moment.now);
        let authority = Authority {
            status: engine.status(),
            catalog: engine.catalog_text().clone(),
            rules: engine.rules_text().clone(),
            numbering: engine.numbering().clone(),
            // The store keeps it as text.
            book: serde_json::from_str(&serde_json::to_string(engine.book()).expect("JSON")).expect("book"),
        };
        let mut rebuilt = Engine::rebuild(authority, now);
        recall(&mut rebuilt, &stored, now);
        prop_assert!(rebuilt.incidents().eq(engine.incidents()));
        prop_assert_eq!(rebuilt.book(), engine.book());
    }
}

#[test]
fn a_snapshot_of_another_format_or_a_damaged_one_is_refused() {
    let snapshot = bench().engine.snapshot().expect("snapshot");
    let mut other = snapshot.clone();
    other[0] += 1;
    assert!(matches!(Engine::restore(&other), Err(RestoreError::Format { .. })));
    assert!(matches!(Engine::restore(&[]), Err(RestoreError::Format { found: 0 })));
    for length in [4, 5, snapshot.len() / 2, snapshot.len() - 1] {
        assert!(matches!(Engine::restore(&snapshot[..length]), Err(RestoreError::Damaged(_))), "{length}");
    }
}

#[test]
fn an_optional_input_that_died_before_an_upgrade_is_unknown_not_absent() {
    let header = "[inputs]\nroad = { kind = \"road_water_depth\", max_age = \"1h\" }
        rain = { kind = \"rainfall\", max_age = \"10m\", optional = true }";
    let body =
        r#"if any([check("a", road.last(), ">=", 15.0), check("b", rain.sum("10m"), ">=", 20.0)]) { raise("watch") }"#;
    let rules = [rule("wet", "area", header, body)];
    let mut bench = Bench::new(&rules);
    bench.play("0 road_a rainfall_counter 100\n 1 road_a road_water_depth 1\n 30 road_a road_water_depth 1");
    let engine = &bench.engine;
    let authority = Authority {
        status: engine.status(),
        catalog: engine.catalog_text().clone(),
        rules: engine.rules_text().clone(),
        numbering: engine.numbering().clone(),
        book: engine.book().clone(),
    };
    let now = super::bench::minute(30.0);
    let stored: Vec<(Time, Effect)> = bench.effects.iter().flatten().map(|effect| (now, effect.clone())).collect();
    bench.engine = Engine::rebuild(authority, now);
    recall(&mut bench.engine, &stored, now);
    assert_told(&bench.play("31 road_a road_water_depth 1"), "30 wet at yongsan is undecided");
}
