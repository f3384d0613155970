//! What no sequence of alerts, orders, edits, waiting and crashes can do: say what the policy does not let out, say one
//! thing under two names, let an exercise out, or lower what stands because somebody was silent, edited or restarted.

use super::*;
use crate::incident::policy::Inhibition;
use crate::incident::{Cause, Match, MessageType, exercise_id};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug)]
enum Step {
    Alert { place: usize, level: usize, release: usize, corroborated: bool },
    Wait(i64),
    Order { who: usize, what: usize, of: usize, number: u32 },
    Edit(usize),
    Sight(u64),
    Crash,
}

const PLACES: [&str; 3] = ["x", "y", "z"];
const PEOPLE: [&str; 3] = ["kim", "lee", "park"];
const RELEASES: [Release; 3] = [Release::Auto, Release::Propose, Release::Shadow];

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..3_usize, 0..5_usize, 0..3_usize, any::<bool>())
            .prop_map(|(place, level, release, corroborated)| Step::Alert { place, level, release, corroborated }),
        2 => prop_oneof![1..10_i64, 100..2000_i64].prop_map(Step::Wait),
        5 => (0..3_usize, 0..9_usize, 0..3_usize, 0..4_u32)
            .prop_map(|(who, what, of, number)| Step::Order { who, what, of, number }),
        1 => (0..3_usize).prop_map(Step::Edit),
        1 => (0..4_u64).prop_map(Step::Sight),
        1 => Just(Step::Crash),
    ]
}

fn level(at: usize) -> Level {
    at.checked_sub(1).map_or(Level::None, |at| Level::RAISED[at])
}

/// An order to some incident: now and then the right one, with what was really seen or with something else.
fn action(desk: &Desk, what: usize, of: usize, number: u32) -> Action {
    let all: Vec<&Incident> = desk.book.live().chain(desk.book.exercises()).collect();
    let chosen = all.get(of % all.len().max(1)).copied();
    let incident = chosen.map_or("nothing".to_owned(), |incident| incident.id.clone());
    let proposal = chosen.and_then(|incident| incident.proposal.as_ref());
    let seen = proposal.map_or(Seen { level: level(of + 1), number }, |proposal| Seen {
        level: proposal.level,
        // Three of four have seen what is there.
        number: if number == 0 { proposal.number + 1 } else { proposal.number },
    });
    let reason = "why".to_owned();
    match what {
        0 | 1 => Action::Approve { incident, seen },
        2 => Action::Reject { incident, seen: Some(seen).filter(|_| of > 0), reason },
        3 => Action::Cancel { incident, reason },
        4 => Action::End { incident, reason },
        5 => Action::Acknowledge { incident },
        6 => {
            let of = Match { station: Some(PLACES[of].into()), ..Match::default() };
            let until = Time::from_millis(desk.now.millis() + i64::from(number) * 3_600_000);
            Action::Silence { of, covers: Level::Watch, until, reason }
        }
        7 => Action::Unsilence { id: u64::from(number) },
        _ => Action::Exercise { hazard: "river_flood".into(), area: "a".into(), level: level(of + 1), reason },
    }
}

/// What the last step was, and what the book was before it.
struct Context<'a> {
    step: &'a Step,
    before: &'a Book,
    after: &'a Book,
    policy: &'a Policy,
}

/// Why a message at this level may be said.
fn is_let_out(said: &Transition, context: &Context<'_>) -> bool {
    let incident = &said.incident;
    let Some(message) = &said.message else { return true };
    let was = context.before.incident(&incident.id);
    let before = was.and_then(|was| was.issued.as_ref()).map_or(Level::None, |message| message.level);
    if message.level <= before {
        // Falling, renewing, taking back.
        return true;
    }
    match said.cause {
        Cause::Approved => {
            let proposal = was.and_then(|was| was.proposal.as_ref());
            let enough = |proposal: &crate::incident::Proposal| !proposal.two || !proposal.approvals.is_empty();
            matches!(context.step, Step::Order { .. }) && proposal.is_some_and(enough)
        }
        Cause::Deadline => {
            let proposal = was.and_then(|was| was.proposal.as_ref());
            message.level >= Level::Warning && proposal.is_none_or(|proposal| proposal.deadline <= said.time)
        }
        // By itself: only what rule and city let out, only with a second witness, never where a person doubted.
        _ => {
            let city = context.policy.release(&incident.hazard, message.level, &incident.area);
            let by_rule = context.after.alerts().any(|alert| {
                let own = alert.release.get(&message.level).copied().unwrap_or_default();
                own == Release::Auto && alert.level >= message.level
            });
            city == Release::Auto && by_rule && !incident.handling.doubted
        }
    }
}

/// Whether a level may be lower than before.
fn may_fall(said: &Transition, context: &Context<'_>) -> bool {
    match context.step {
        Step::Alert { .. } => true,
        Step::Order { .. } => {
            matches!(said.cause, Cause::Cancelled | Cause::Closed) || said.from <= said.incident.level
        }
        // A fall that was held is said later; an exercise that nobody ends is over some time.
        Step::Wait(_) => {
            let was = context.before.incident(&said.incident.id);
            was.is_none_or(|was| was.handling.held_until.is_some()) || exercise_id(&said.incident.id)
        }
        Step::Edit(_) | Step::Sight(_) | Step::Crash => false,
    }
}

fn policy(which: usize) -> Policy {
    let line = |level, release| ReleaseLine { hazard: None, level, areas: None, release };
    let inhibit =
        vec![Inhibition { by: "outage".into(), at_least: Level::Watch, of: "river_flood".into(), up_to: Level::Watch }];
    let release = match which {
        0 => Vec::new(),
        1 => vec![line(Level::Warning, Release::Propose)],
        _ => vec![line(Level::Watch, Release::TwoPerson)],
    };
    Policy { release, inhibit, duty: vec!["kim".into(), "lee".into()] }
}

fn take(desk: &mut Desk, step: &Step) {
    match *step {
        Step::Alert { place, level: at, release, corroborated } => {
            let alert = alert(PLACES[place], level(at), RELEASES[release], corroborated);
            desk.book.set(alert, &[], desk.now, &mut desk.said);
        }
        Step::Wait(minutes) => desk.pass(desk.now.millis() / 60_000 + minutes),
        Step::Order { who, what, of, number } => {
            let action = action(desk, what, of, number);
            // What is denied is checked to have changed nothing.
            let _ = desk.order(PEOPLE[who], action);
        }
        Step::Edit(place) => {
            desk.book.pin(|alert| (alert.place == PLACES[place]).then_some(place == 2), desk.now, &mut desk.said);
        }
        Step::Sight(device) => desk.book.sight(("river_flood", "a"), device, desk.now, &mut desk.said),
        Step::Crash => {
            // From the snapshot, and from the table: both are the same book.
            let bytes = postcard::to_allocvec(&desk.book).expect("bytes");
            let text = serde_json::to_string(&desk.book).expect("text");
            let (a, b): (Book, Book) =
                (postcard::from_bytes(&bytes).expect("a book"), serde_json::from_str(&text).expect("a book"));
            assert_eq!((&a, &b), (&desk.book, &desk.book));
            desk.book = a;
        }
    }
}

/// Another number for a longer hunt is the environment's `PROPTEST_CASES`.
fn cases() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn nobody_and_nothing_gets_around_the_policy(
        steps in prop::collection::vec(step(), 1..80),
        which in 0..3_usize,
    ) {
        let policy = policy(which);
        let mut desk = Desk::new();
        desk.book.set_policy(Arc::new(policy.clone()), desk.now, &mut desk.said);
        let mut names = BTreeSet::new();
        let mut chains: BTreeMap<String, u32> = BTreeMap::new();
        let mut over: BTreeSet<String> = BTreeSet::new();
        for step in &steps {
            let before = desk.book.clone();
            let first = desk.said.len();
            take(&mut desk, step);
            let context = Context { step, before: &before, after: &desk.book, policy: &policy };
            // While time passes a proposal may come and go: only what stood before the step is known here.
            let waits = matches!(step, Step::Wait(_));
            for said in &desk.said[first..] {
                let incident = &said.incident;
                prop_assert!(!over.contains(&incident.id), "it was over: {said:?}");
                prop_assert_eq!(incident.status == Status::Exercise, exercise_id(&incident.id));
                prop_assert!(waits || is_let_out(said, &context), "not let out: {step:?} {said:?}");
                prop_assert!(said.incident.level >= said.from || may_fall(said, &context), "fell: {step:?} {said:?}");
                let count = chains.entry(incident.id.clone()).or_default();
                if let Some(message) = &said.message {
                    *count += 1;
                    prop_assert!(names.insert(message.identifier.clone()), "said twice: {said:?}");
                    prop_assert_eq!(&message.identifier, &format!("{}.{}", incident.id, count));
                    prop_assert_eq!(message.msg_type == MessageType::Alert, *count == 1);
                    prop_assert_eq!(message.msg_type == MessageType::Cancel, said.cause == Cause::Cancelled);
                }
                if incident.state.is_over() {
                    over.insert(incident.id.clone());
                }
            }
            prop_assert!(desk.book.next_due().is_none_or(|due| due > desk.now) || !waits, "time stands still");
        }
    }
}
