//! Saying yes, saying no, taking back.

use super::*;
use crate::incident::{Cause, Denial, State};
use Level::{Advisory, None as Clear, Warning, Watch};

#[test]
fn one_person_lets_out_what_is_proposed() {
    let mut desk = Desk::new();
    desk.set(1, alert("x", Watch, Release::Propose, true));
    let done = desk.approve("kim").expect("approved");
    assert_eq!((done.state, done.needs_second), (Some(State::Issued), false));
    assert_eq!(desk.spoken(), [("Alert", Watch)]);
    let word = desk.said.last().and_then(|said| said.word.clone()).expect("a word");
    assert_eq!((desk.said.last().map(|said| said.cause), word.by.as_str()), (Some(Cause::Approved), "kim"));
}

#[test]
fn two_persons_are_two_accounts_in_two_sessions() {
    let mut desk = Desk::of_two();
    // Even what a rule would issue by itself.
    desk.set(1, alert("x", Watch, Release::Auto, true));
    assert!(desk.approve("kim").expect("the first").needs_second);
    assert_eq!(desk.approve("kim"), Err(Denial::SamePerson));
    let (incident, seen) = (desk.id(), desk.seen());
    let approve = Action::Approve { incident, seen };
    let other_session = Person { user: "kim".into(), session: "elsewhere".into() };
    assert_eq!(desk.order_by(other_session, approve.clone()), Err(Denial::SamePerson));
    let other_name = Person { user: "lee".into(), session: "kim's".into() };
    assert_eq!(desk.order_by(other_name, approve), Err(Denial::SamePerson));
    assert_eq!(desk.spoken(), []);
    assert!(!desk.approve("lee").expect("the second").needs_second);
    assert_eq!(desk.spoken(), [("Alert", Watch)]);
}

#[test]
fn an_approval_is_good_for_what_was_seen_only() {
    let mut desk = Desk::of_two();
    desk.set(1, alert("x", Watch, Release::Auto, true));
    let (incident, seen) = (desk.id(), desk.seen());
    desk.approve("kim").expect("the first");
    desk.set(2, alert("x", Warning, Release::Auto, true));
    let now = desk.seen();
    let stale = Action::Approve { incident: incident.clone(), seen };
    assert_eq!(desk.order("lee", stale), Err(Denial::Stale { seen, now }));
    assert!(desk.approve("lee").expect("the first of the new one").needs_second, "the old yes is no yes to this");
    // The same level again is another proposal.
    desk.set(3, alert("x", Watch, Release::Auto, true));
    let again = desk.seen();
    assert_eq!((again.level, again == seen), (Watch, false));
    let stale = Action::Approve { incident, seen };
    assert_eq!(desk.order("lee", stale), Err(Denial::Stale { seen, now: again }));
    assert_eq!(desk.spoken(), []);
}

#[test]
fn an_approval_that_is_sent_again_does_nothing() {
    let mut desk = Desk::new();
    desk.set(1, alert("x", Watch, Release::Propose, true));
    let (incident, seen) = (desk.id(), desk.seen());
    let approve = Action::Approve { incident, seen };
    desk.order("kim", approve.clone()).expect("approved");
    assert_eq!(desk.order("kim", approve), Err(Denial::NothingProposed));
    assert_eq!(desk.spoken(), [("Alert", Watch)]);
}

#[test]
fn a_no_holds_until_something_new_is_known() {
    let reject = |desk: &mut Desk| {
        let (incident, reason) = (desk.id(), "a drill at the gauge".to_owned());
        desk.order("kim", Action::Reject { incident, seen: None, reason }).expect("rejected")
    };
    let mut desk = Desk::new();
    desk.set(1, alert("x", Watch, Release::Auto, false));
    assert_eq!(reject(&mut desk).state, Some(State::Rejected));
    desk.pass(30);
    assert_eq!(desk.incident().state, State::Rejected, "no deadline speaks over a no");
    // A second sample is news; but where a person doubted no rule speaks by itself.
    desk.set(31, alert("x", Watch, Release::Auto, true));
    assert_eq!(desk.incident().state, State::Proposed);
    reject(&mut desk);
    desk.set(32, alert("x", Warning, Release::Auto, true));
    assert_eq!((desk.incident().state, desk.seen().level), (State::Proposed, Warning), "a higher level is news");
    desk.pass(37);
    assert_eq!(desk.spoken(), [("Alert", Warning)], "and its deadline holds");
    let mut desk = Desk::new();
    desk.set(1, alert("x", Watch, Release::Propose, true));
    reject(&mut desk);
    desk.pass(24 * 60 + 2);
    assert_eq!(desk.incident().state, State::Proposed, "a no is not for ever");
}

#[test]
fn a_no_to_something_else_is_refused() {
    let mut desk = Desk::new();
    desk.set(1, alert("x", Advisory, Release::Propose, true));
    let (incident, seen) = (desk.id(), desk.seen());
    desk.set(2, alert("x", Warning, Release::Propose, true));
    let now = desk.seen();
    let reject = Action::Reject { incident, seen: Some(seen), reason: "nothing".into() };
    assert_eq!(desk.order("kim", reject), Err(Denial::Stale { seen, now }));
    assert_eq!(desk.incident().state, State::Proposed);
}

#[test]
fn a_false_alarm_is_taken_back_once_and_stays_away() {
    let mut desk = Desk::new();
    desk.set(1, alert("x", Warning, Release::Auto, true));
    let incident = desk.id();
    let cancel = Action::Cancel { incident, reason: "the gauge is broken".into() };
    assert_eq!(desk.order("kim", cancel.clone()).expect("cancelled").state, Some(State::Cancelled));
    assert_eq!(desk.spoken(), [("Alert", Warning), ("Cancel", Clear)]);
    assert_eq!(desk.order("kim", cancel), Err(Denial::NoSuchIncident));
    desk.set(2, alert("x", Watch, Release::Auto, true));
    desk.set(3, alert("x", Warning, Release::Auto, true));
    assert_eq!(desk.book.live().count(), 0, "the same alert opens no other");
    desk.set(4, alert("x", Level::Emergency, Release::Auto, true));
    assert_eq!(desk.incident().state, State::Proposed, "a higher one does, and a person is asked");
    assert_eq!(desk.spoken().len(), 2);
}

#[test]
fn after_the_alerts_are_gone_a_new_one_is_a_new_one() {
    let mut desk = Desk::new();
    desk.set(1, alert("x", Watch, Release::Auto, true));
    let incident = desk.id();
    desk.order("kim", Action::End { incident, reason: "over".into() }).expect("ended");
    assert_eq!(desk.spoken(), [("Alert", Watch), ("Update", Clear)]);
    desk.set(2, alert("x", Clear, Release::Auto, true));
    desk.set(3, alert("x", Watch, Release::Auto, true));
    assert_eq!(desk.incident().state, State::Issued);
    let ids: Vec<&String> = desk.said.iter().map(|said| &said.incident.id).collect();
    assert_ne!(ids.first(), ids.last());
}

#[test]
fn what_was_never_said_is_not_taken_back() {
    let mut desk = Desk::new();
    desk.set(1, alert("x", Watch, Release::Propose, true));
    let incident = desk.id();
    let cancel = Action::Cancel { incident, reason: "no".into() };
    assert_eq!(desk.order("kim", cancel), Err(Denial::NothingIssued));
}

#[test]
fn nobody_acts() {
    // Corroborated: out at its deadline, and the reason is recorded; also where two were asked and one agreed.
    let mut desk = Desk::of_two();
    desk.set(1, alert("x", Warning, Release::Auto, true));
    desk.approve("kim").expect("the first");
    desk.pass(6);
    assert_eq!(desk.said.last().map(|said| (said.cause, said.incident.state)), Some((Cause::Deadline, State::Issued)));
    // Uncorroborated: to the next person, and it stays on top.
    let mut desk = Desk::new();
    desk.set(1, alert("x", Warning, Release::Propose, false));
    desk.pass(600);
    assert_eq!(desk.said.last().map(|said| said.cause), Some(Cause::Escalated));
    assert_eq!(desk.incident().state, State::Proposed);
    assert_eq!(desk.spoken(), []);
}

#[test]
fn what_one_sensor_says_goes_from_person_to_person_until_it_is_decided() {
    let mut desk = Desk::new();
    let duty = |names: &[&str]| {
        let duty = names.iter().map(|name| (*name).to_owned()).collect();
        Arc::new(Policy { duty, ..Policy::default() })
    };
    desk.book.set_policy(duty(&["kim", "lee", "park"]), desk.now, &mut desk.said);
    let eta = Some(std::time::Duration::from_secs(240));
    desk.set(0, Alert { eta, ..alert("x", Warning, Release::Propose, false) });
    let asked = |desk: &Desk| desk.incident().proposal.clone().expect("proposed").asked.unwrap_or_default();
    assert_eq!(asked(&desk), "kim");
    let mut seen = Vec::new();
    for minute in 1..=12 {
        desk.pass(minute);
        seen.push(asked(&desk));
    }
    // Two minutes each, half of the time that is left; five for those who are asked again.
    let expected = "kim lee lee park park kim kim kim kim kim lee lee";
    assert_eq!(seen.join(" "), expected);
    let escalated = desk.said.iter().filter(|said| said.cause == Cause::Escalated).count();
    assert_eq!((escalated, desk.spoken().len()), (4, 0), "each is told once, the public never");
    // A list that is read again holds from the next turn on; who is no longer on it is not asked any more.
    desk.book.set_policy(duty(&["choi"]), desk.now, &mut desk.said);
    desk.pass(14);
    assert_eq!(asked(&desk), "choi");
    // A second sample does not wait for anybody's turn: the deadline has passed.
    desk.set(14, Alert { eta, ..alert("x", Warning, Release::Propose, true) });
    assert_eq!(desk.said.last().map(|said| (said.cause, said.incident.state)), Some((Cause::Deadline, State::Issued)));
}

#[test]
fn the_deadline_is_half_of_the_time_that_is_left() {
    let deadline = |eta: Option<u64>| {
        let mut desk = Desk::new();
        let eta = eta.map(std::time::Duration::from_secs);
        desk.set(1, Alert { eta, ..alert("x", Warning, Release::Propose, true) });
        let proposal = desk.incident().proposal.clone().expect("proposed");
        proposal.deadline.since(proposal.since).as_secs()
    };
    assert_eq!(deadline(None), 300);
    assert_eq!(deadline(Some(3600)), 300);
    assert_eq!(deadline(Some(240)), 120);
    assert_eq!(deadline(Some(10)), 30, "less is no question");
}

#[test]
fn what_people_note_changes_no_level() {
    let mut desk = Desk::new();
    desk.set(1, alert("x", Watch, Release::Propose, true));
    let incident = desk.id();
    desk.order("kim", Action::Acknowledge { incident: incident.clone() }).expect("seen");
    desk.order("kim", Action::Own { incident: incident.clone(), owner: "lee".into() }).expect("given");
    desk.order("lee", Action::Note { incident, text: "on my way".into() }).expect("noted");
    let handling = &desk.incident().handling;
    assert_eq!(handling.acknowledged.as_ref().map(|mark| mark.by.as_str()), Some("kim"));
    assert_eq!((handling.owner.as_deref(), desk.incident().state), (Some("lee"), State::Proposed));
    desk.set(2, alert("x", Warning, Release::Propose, true));
    assert_eq!(desk.incident().handling.acknowledged, None, "who saw a lower level has not seen this one");
}

#[test]
fn an_exercise_is_never_meant() {
    let mut desk = Desk::new();
    let exercise = Action::Exercise {
        hazard: "river_flood".into(),
        area: "a".into(),
        level: Warning,
        reason: "the monthly drill".into(),
    };
    let id = desk.order("kim", exercise).expect("begun").incident.expect("an incident");
    assert!(crate::incident::exercise_id(&id));
    desk.set(1, alert("x", Watch, Release::Auto, true));
    assert_eq!(desk.book.live().count(), 1, "what is meant goes its own way");
    let seen = Seen { level: Warning, number: 1 };
    desk.order("kim", Action::Approve { incident: id.clone(), seen }).expect("approved");
    desk.order("kim", Action::End { incident: id, reason: "done".into() }).expect("ended");
    let of_exercise = |said: &&Transition| crate::incident::exercise_id(&said.incident.id);
    assert_eq!(desk.said.iter().filter(of_exercise).count(), 3);
    assert!(desk.said.iter().filter(of_exercise).all(|said| said.incident.status == Status::Exercise));
    assert!(desk.said.iter().filter(|said| !of_exercise(said)).all(|said| said.incident.status == Status::Actual));
}
