//! What holds whatever comes: the same in, the same out; however it is cut; nothing falls by silence; names are unique
//! and numbers count up; nonsense harms nobody.

use super::chance::{Moment, any_datastream, bench, cases, hear, moments, wait};
use crate::incident::{MessageType, State, Transition};
use crate::record::{Effect, Input, Record};
use bongsu_sensors::{Level, Reading, Time};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Everything the engine does about some moments, each cut by `at_most` readings a record.
fn told(moments: &[Moment], mut at_most: impl FnMut() -> usize) -> Vec<(Time, Effect)> {
    let mut engine = bench().engine;
    moments.iter().flat_map(|moment| hear(&mut engine, moment, at_most())).collect()
}

fn transitions(told: &[(Time, Effect)]) -> Vec<Transition> {
    let transition = |(_, effect): &(Time, Effect)| match effect {
        Effect::Incident(transition) => Some((**transition).clone()),
        _ => None,
    };
    told.iter().filter_map(transition).collect()
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn the_same_records_have_the_same_effects_however_they_are_cut(
        moments in moments(300),
        cuts in prop::collection::vec(1..5_usize, 1..20),
    ) {
        let whole = told(&moments, || usize::MAX);
        prop_assert_eq!(&whole, &told(&moments, || usize::MAX));
        prop_assert_eq!(&whole, &told(&moments, || 1));
        let mut cuts = cuts.iter().copied().cycle();
        prop_assert_eq!(&whole, &told(&moments, || cuts.next().unwrap_or(1)));
    }

    #[test]
    fn each_reading_has_one_fate_and_each_incident_one_chain(moments in moments(300)) {
        let told = told(&moments, || usize::MAX);
        let fates = told.iter().filter(|(_, effect)| {
            matches!(effect, Effect::Observed(_) | Effect::Duplicate(_) | Effect::Refused(_))
        });
        prop_assert_eq!(fates.count(), moments.iter().map(|moment| moment.readings.len()).sum::<usize>());
        chains_are_legal(&told)?;
    }

    #[test]
    fn no_incident_falls_by_silence(moments in moments(300)) {
        let mut engine = bench().engine;
        let mut last_heard = Time::from_millis(0);
        for moment in &moments {
            hear(&mut engine, moment, usize::MAX);
            last_heard = moment.now;
        }
        let told = wait(&mut engine, last_heard + Duration::from_secs(10 * 86_400));
        // The oldest knowledge that any of these rules uses is two hours old, and lies up to two minutes ahead.
        let all_silent = last_heard + Duration::from_secs(2 * 3600 + 130);
        for transition in transitions(&told).iter().filter(|transition| transition.time > all_silent) {
            prop_assert!(transition.incident.level >= transition.from, "fell in silence: {transition:?}");
        }
        prop_assert!(engine.next_due().is_none_or(|due| due >= last_heard + Duration::from_secs(10 * 86_400)));
    }

    #[test]
    fn nonsense_harms_nobody(
        records in prop::collection::vec(prop::collection::vec(nonsense(), 0..8), 0..40),
        gaps in prop::collection::vec(0..100_000_000_u64, 40),
    ) {
        let mut engine = bench().engine;
        let mut now = super::bench::START;
        for (readings, gap) in records.into_iter().zip(gaps) {
            now = now + Duration::from_millis(gap);
            let count = readings.len();
            let mut effects = Vec::new();
            engine.handle(&Record { seq: 0, now, input: Input::Readings(readings) }, &mut effects);
            let fates = effects.iter().filter(|effect| {
                matches!(effect, Effect::Observed(_) | Effect::Duplicate(_) | Effect::Refused(_))
            });
            prop_assert_eq!(fates.count(), count);
            prop_assert!(engine.next_due().is_none_or(|due| due > now));
        }
    }
}

/// A reading that makes no sense, now and then one that does.
fn nonsense() -> impl Strategy<Value = Reading> {
    let edge = prop_oneof![Just(i64::MIN), Just(i64::MAX), Just(0), any::<i64>()];
    let near = -40_000_000_000..400_000_000_i64;
    let time = prop_oneof![
        1 => Just(None),
        2 => edge.prop_map(Some),
        5 => near.prop_map(|offset| Some(super::bench::START.millis() + offset)),
    ];
    let value = prop_oneof![
        1 => Just(None),
        2 => prop_oneof![Just(f64::MAX), Just(f64::MIN), Just(f64::MIN_POSITIVE), Just(-0.0)].prop_map(Some),
        4 => (-100.0..1000.0_f64).prop_map(Some),
    ];
    (any_datastream(), time, value).prop_map(|(datastream, time, value)| Reading {
        datastream,
        time: time.map(Time::from_millis),
        value,
    })
}

/// Names are unique, numbers count up, an end is an end, and every state follows from what is decided, said and asked.
fn chains_are_legal(told: &[(Time, Effect)]) -> Result<(), TestCaseError> {
    let mut chains: BTreeMap<String, Transition> = BTreeMap::new();
    let mut living: BTreeMap<(String, String), String> = BTreeMap::new();
    let mut identifiers = BTreeSet::new();
    for transition in transitions(told) {
        let incident = &transition.incident;
        let text = serde_json::to_string(&transition).expect("JSON");
        prop_assert_eq!(
            &serde_json::from_str::<Transition>(&text).expect("JSON"),
            &transition,
            "as the store keeps it"
        );
        let place = (incident.hazard.clone(), incident.area.clone());
        match chains.get(&incident.id) {
            None => {
                prop_assert_eq!(transition.from, Level::None, "{:?}", transition);
                prop_assert_eq!(incident.onset, transition.time);
                prop_assert_eq!(living.insert(place.clone(), incident.id.clone()), None, "two at one place");
            }
            Some(before) => {
                prop_assert!(before.incident.state != State::Ended, "it was over: {transition:?}");
                prop_assert_eq!(transition.from, before.incident.level);
                prop_assert!(transition.time >= before.time);
                prop_assert_eq!(incident.onset, before.incident.onset);
                prop_assert_eq!(living.get(&place), Some(&incident.id));
            }
        }
        let said = chains.get(&incident.id).map_or(0, |before| before.incident.messages);
        match &transition.message {
            None => prop_assert_eq!(incident.messages, said),
            Some(message) => {
                prop_assert_eq!(incident.messages, said + 1);
                prop_assert_eq!(&message.identifier, &format!("{}.{}", incident.id, said + 1));
                prop_assert!(identifiers.insert(message.identifier.clone()), "said twice");
                prop_assert_eq!(message.sent, transition.time);
                prop_assert_eq!(message.msg_type == MessageType::Alert, said == 0);
                prop_assert_eq!(Some(message), incident.issued.as_ref());
            }
        }
        let expected = match (incident.level, &incident.proposal, &incident.issued) {
            (Level::None, ..) => State::Ended,
            (_, Some(_), _) => State::Proposed,
            (_, None, Some(message)) if message.level != Level::None => State::Issued,
            (_, None, _) => State::Raised,
        };
        prop_assert_eq!(incident.state, expected);
        if incident.state == State::Ended {
            living.remove(&place);
        }
        chains.insert(incident.id.clone(), transition);
    }
    Ok(())
}
