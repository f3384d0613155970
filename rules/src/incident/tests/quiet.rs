//! Silences, inhibition, flapping, edits.

use super::*;
use crate::incident::policy::Inhibition;
use crate::incident::release::{FLAP_MESSAGES, FLAP_WINDOW};
use crate::incident::{Cause, Denial, Match, State};
use Level::{Advisory, None as Clear, Warning, Watch};

fn silence(covers: Level, until: i64) -> Action {
    let of = Match { station: Some("x".into()), ..Match::default() };
    Action::Silence { of, covers, until: minute(until), reason: "cleaning".into() }
}

#[test]
fn a_silence_keeps_quiet_what_it_covers_and_a_higher_level_breaks_it() {
    let mut desk = Desk::new();
    desk.order("kim", silence(Watch, 60)).expect("silenced");
    desk.set(1, alert("x", Watch, Release::Auto, true));
    assert_eq!((desk.incident().state, desk.spoken().len()), (State::Raised, 0));
    assert_eq!(desk.incident().handling.silenced.as_ref().map(|silence| silence.by.as_str()), Some("kim"));
    desk.set(2, alert("y", Advisory, Release::Auto, true));
    assert_eq!(desk.spoken(), [("Alert", Advisory)], "another station is not silenced");
    desk.set(3, alert("x", Warning, Release::Auto, true));
    assert_eq!(desk.spoken(), [("Alert", Advisory), ("Update", Warning)]);
}

#[test]
fn a_silence_takes_nothing_back_and_ends_by_itself() {
    let mut desk = Desk::new();
    desk.set(1, alert("x", Watch, Release::Auto, true));
    desk.order("kim", silence(Warning, 60)).expect("silenced");
    assert_eq!((desk.incident().state, desk.spoken()), (State::Issued, vec![("Alert", Watch)]));
    desk.set(2, alert("x", Warning, Release::Auto, true));
    assert_eq!(desk.spoken().len(), 1);
    desk.pass(61);
    assert_eq!(desk.spoken(), [("Alert", Watch), ("Update", Warning)], "it is told when the silence ends");
}

#[test]
fn a_silence_is_bounded() {
    let mut desk = Desk::new();
    assert_eq!(desk.order("kim", silence(Watch, 24 * 60 + 1)), Err(Denial::SilenceTooLong));
    assert_eq!(desk.order("kim", silence(Watch, 0)), Err(Denial::SilenceTooLong));
    assert_eq!(desk.order("kim", silence(Clear, 10)), Err(Denial::SilenceOfNothing));
    let of_all = Action::Silence { of: Match::default(), covers: Watch, until: minute(9), reason: "all".into() };
    assert_eq!(desk.order("kim", of_all), Err(Denial::SilenceOfAll));
    let id = desk.order("kim", silence(Watch, 24 * 60)).expect("a day").silence.expect("a number");
    desk.order("lee", Action::Unsilence { id }).expect("ended");
    assert_eq!(desk.order("lee", Action::Unsilence { id }), Err(Denial::NoSuchSilence));
}

#[test]
fn what_explains_keeps_quiet_what_operators_know_then_and_never_the_public() {
    let mut desk = Desk::new();
    let line = Inhibition { by: "outage".into(), at_least: Watch, of: "sensor_health".into(), up_to: Watch };
    let policy = Policy { inhibit: vec![line], ..Policy::default() };
    desk.book.set_policy(Arc::new(policy), desk.now, &mut desk.said);
    let of = |hazard: &str, level: Level, audience: Audience| Alert {
        hazard: hazard.into(),
        rule: hazard.into(),
        audience,
        ..alert("x", level, Release::Auto, true)
    };
    desk.set(1, of("outage", Watch, Audience::Operators));
    desk.set(2, of("sensor_health", Advisory, Audience::Operators));
    assert_eq!(desk.spoken(), [("Alert", Watch)]);
    desk.set(3, of("outage", Clear, Audience::Operators));
    assert_eq!(desk.spoken().last(), Some(&("Alert", Advisory)), "what is no longer explained is told");
    desk.set(4, of("outage", Watch, Audience::Operators));
    desk.set(5, of("sensor_health", Watch, Audience::Public));
    assert_eq!(desk.spoken().last(), Some(&("Update", Watch)), "the public is told in any case");
}

#[test]
fn flapping_is_bounded_and_stays_on_the_safe_side() {
    let mut desk = Desk::new();
    for n in 0..200 {
        let level = if n % 2 == 0 { Watch } else { Clear };
        desk.set(1 + n / 10, alert("x", level, Release::Auto, true));
    }
    assert_eq!(desk.spoken().len(), FLAP_MESSAGES + 1, "eight, and the rise after them, which is never held");
    assert_eq!(desk.spoken().last(), Some(&("Alert", Watch)));
    let hold = FLAP_WINDOW.as_secs() / 60;
    desk.pass(1 + i64::try_from(hold).expect("minutes"));
    assert_eq!(desk.book.live().count(), 0, "when the hour is over the fall is said");
}

#[test]
fn a_level_within_an_incident_that_flaps_is_held() {
    let mut desk = Desk::new();
    desk.set(0, alert("y", Advisory, Release::Auto, true));
    for n in 0..100 {
        let level = if n % 2 == 0 { Watch } else { Clear };
        desk.set(1, alert("x", level, Release::Auto, true));
    }
    assert_eq!(desk.spoken().len(), FLAP_MESSAGES);
    assert_eq!(desk.incident().issued.as_ref().map(|message| message.level), Some(Watch), "the higher one is held");
    desk.pass(70);
    assert_eq!(desk.spoken().last(), Some(&("Update", Advisory)));
}

#[test]
fn an_edit_lowers_nothing_until_a_person_says_so() {
    let mut desk = Desk::new();
    desk.set(1, alert("x", Watch, Release::Auto, true));
    desk.book.pin(|_| Some(false), desk.now, &mut desk.said);
    assert_eq!(desk.said.last().map(|said| said.cause), Some(Cause::Edited));
    assert!(desk.incident().handling.edited);
    desk.set(2, alert("x", Clear, Release::Auto, true));
    assert_eq!((desk.incident().level, desk.spoken().len()), (Watch, 1));
    desk.set(3, alert("x", Warning, Release::Auto, true));
    assert!(!desk.incident().handling.edited, "the edited rule speaks for itself again");
    desk.set(4, alert("x", Clear, Release::Auto, true));
    assert_eq!(desk.book.live().count(), 0);
    // A rule that is gone.
    let mut desk = Desk::new();
    desk.set(1, alert("x", Watch, Release::Auto, true));
    desk.book.pin(|_| Some(true), desk.now, &mut desk.said);
    let incident = desk.id();
    desk.order("kim", Action::End { incident, reason: "the rule is gone".into() }).expect("ended");
    assert_eq!((desk.book.live().count(), desk.book.alerts().count()), (0, 0));
    assert_eq!(desk.spoken(), [("Alert", Watch), ("Update", Clear)]);
}

#[test]
fn citizens_support_and_never_fire() {
    let mut desk = Desk::new();
    let see = |desk: &mut Desk, device: u64| {
        let (now, mut said) = (desk.now, Vec::new());
        desk.book.sight(("river_flood", "a"), device, now, &mut said);
        desk.said.append(&mut said);
    };
    (0..100).for_each(|device| see(&mut desk, device));
    desk.pass(61);
    assert_eq!((desk.said.len(), desk.book.live().count()), (0, 0), "no number of them opens an incident");
    // One sensor alone, and two phones of which one says it twice: a person decides.
    desk.set(61, alert("x", Warning, Release::Auto, false));
    [1, 2, 2].into_iter().for_each(|device| see(&mut desk, device));
    desk.pass(67);
    assert_eq!((desk.incident().handling.sightings, desk.incident().state), (2, State::Proposed));
    // A third makes a witness: after the deadline it goes out, and not before, whatever the rule would do by itself.
    see(&mut desk, 3);
    assert_eq!(desk.said.last().map(|said| (said.cause, said.incident.state)), Some((Cause::Deadline, State::Issued)));
    let mut desk = Desk::new();
    desk.set(1, alert("x", Warning, Release::Auto, false));
    (1..=3).for_each(|device| see(&mut desk, device));
    desk.pass(5);
    assert_eq!(
        (desk.said.last().map(|said| said.cause), desk.incident().state),
        (Some(Cause::Sighted), State::Proposed)
    );
    desk.pass(6);
    assert_eq!(desk.spoken(), [("Alert", Warning)]);
    // Below a warning nothing goes out by itself.
    let mut desk = Desk::new();
    desk.set(1, alert("x", Watch, Release::Auto, false));
    (1..=9).for_each(|device| see(&mut desk, device));
    desk.pass(60);
    assert_eq!(desk.spoken(), []);
}
