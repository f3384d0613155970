//! What is answered by comparing again is what the engine answers by playing everything again.

use super::super::{Part, Played, split, watch};
use super::{NUMBERS_LIMIT, Setting, Taped, Value, is_quick};
use crate::backtest::Moment;
use crate::case;
use crate::language::header::Param;
use crate::language::{Host, Rule};
use crate::pack;
use bongsu_sensors::{Level, Source};
use std::ops::ControlFlow;

const LEVELS: [Level; 4] = [Level::Advisory, Level::Watch, Level::Warning, Level::Emergency];

/// What differs in two answers, if anything.
fn same(one: &Played, other: &Played) -> bool {
    one.alerts == other.alerts && one.undecided == other.undecided
}

/// A parameter at its ends, and a step above where it stands.
fn values(param: &Param) -> Vec<Value> {
    let (Value::Number(stands), Value::Number(max)) = (&param.default, &param.max) else {
        return vec![param.min.clone(), param.max.clone()];
    };
    let above = stands + param.step.unwrap_or((max - stands) / 20.0);
    vec![param.min.clone(), param.max.clone(), Value::Number(above.min(*max))]
}

fn sets(rule: &Rule) -> Vec<Vec<(String, Value)>> {
    let of =
        |param: &Param| values(param).into_iter().map(|value| vec![(param.name.clone(), value)]).collect::<Vec<_>>();
    let each = rule.header.params.iter().flat_map(of);
    std::iter::once(Vec::new()).chain(each).filter(|set| is_quick(rule, set)).collect()
}

fn compared(setting: &Setting, moments: &[Moment], sets: &[Vec<(String, Value)>]) -> Option<Vec<Played>> {
    let go_on = || ControlFlow::Continue(());
    let taped = Taped::of(setting, moments, None, NUMBERS_LIMIT, |_| go_on())?;
    sets.iter().map(|set| taped.watch(set, go_on)).collect()
}

/// Every case that comes with the program, of every rule, with parameters that stand in limits.
#[test]
fn comparing_again_and_playing_again_agree_in_every_case() {
    let (mut answers, mut alerts, mut undecided, mut quick_rules) = (0, 0, 0, 0);
    for shipped in pack::ALL {
        let source = Source::new(shipped.name, shipped.text);
        let rule = Host::new().compile(&source).expect(shipped.name);
        let sets = sets(&rule);
        let mut is_quick_at_all = false;
        let pasts = case::pasts(&source, &Source::new(shipped.cases_name, shipped.cases));
        for (at, (name, moments, mut setting)) in pasts.into_iter().enumerate() {
            // Two settings at each of two levels, other ones in each case: over the cases all are met.
            for turn in [2 * at, 2 * at + 1] {
                setting.level = LEVELS[turn % LEVELS.len()];
                let sets: Vec<_> = sets.iter().cycle().skip(2 * turn).take(2.min(sets.len())).cloned().collect();
                let Some(compared) = compared(&setting, &moments, &sets) else { continue };
                is_quick_at_all = true;
                for (set, compared) in sets.iter().zip(compared) {
                    let part = Part { area: None, set };
                    let played = watch(&setting, part, &moments, |_| ControlFlow::Continue(()));
                    let what = format!("{}, {name}, {}, {set:?}", shipped.name, setting.level);
                    assert!(same(&compared, &played), "{what}\n{compared:#?}\n{played:#?}");
                    answers += 1;
                    alerts += played.alerts.len();
                    undecided += usize::from(!played.undecided.is_zero());
                }
            }
        }
        quick_rules += usize::from(is_quick_at_all);
    }
    println!("{answers} answers of {quick_rules} rules, {alerts} alerts, {undecided} with something undecided");
    assert!(quick_rules > 5 && alerts > 30 && undecided > 10, "{quick_rules} {alerts} {undecided}");
}

/// Places that have nothing to do with each other are played apart to the same end, however long one of them is silent.
#[test]
fn heaps_end_together() {
    const RULE: &str = r#"//! id = "strain"
//! hazard = "structure"
//! title = { ko = "시험", en = "test" }
//! scope = "station"
//! [inputs]
//! seen = { kind = "strain", max_age = "30m" }
//! [params]
//! limit = { default = 100.0, min = 0.0, max = 500.0 }
//! [hold]
//! clear_after = "20m"
//! [labels]
//! high = { ko = "변형률", en = "strain" }
if check("high", seen.last(), ">=", limit) { raise("watch") }
"#;
    let cases = "[stations.a]\nstrain = { cadence = \"10m\" }\n[stations.b]\nstrain = { cadence = \"10m\" }\n[[case]]\nname = \"n\"\nkind = \"silence\"\nseries.a.strain = \"200x6 _x60\"\nseries.b.strain = \"20x66\"\nundecided = {}\n";
    let mut pasts = case::pasts(&Source::new("strain.rhai", RULE), &Source::new("cases.toml", cases));
    let (_, moments, mut setting) = pasts.remove(0);
    setting.level = Level::Watch;
    let go_on = |_| ControlFlow::Continue(());
    let whole = watch(&setting, Part::default(), &moments, go_on);
    let heaps = split(&setting, &moments, 2);
    assert_eq!(heaps.len(), 2);
    let mut apart = Played::default();
    for heap in &heaps {
        apart.add(watch(&setting, Part::default(), heap, go_on));
    }
    apart.sort();
    assert!(!whole.undecided.is_zero(), "a gauge fell silent over its limit");
    assert!(same(&apart, &whole), "{apart:#?}\n{whole:#?}");
}
