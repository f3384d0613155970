//! What people can do to incidents, and what nobody can.

mod law;
mod person;
mod quiet;

use super::book::{Alert, Book};
use super::order::{Action, Order, Person, Seen, Verdict};
use super::policy::{Policy, ReleaseLine};
use super::{Audience, Incident, Release, Status, Transition};
use bongsu_sensors::{Level, Time};
use std::sync::Arc;

/// A book with a pen: what happened is kept.
pub struct Desk {
    pub book: Book,
    pub said: Vec<Transition>,
    pub now: Time,
}

pub fn minute(n: i64) -> Time {
    Time::from_millis(n * 60_000)
}

pub fn person(name: &str) -> Person {
    Person { user: name.to_owned(), session: format!("{name}'s") }
}

/// One rule at one place of the area `a`.
pub fn alert(place: &str, level: Level, release: Release, corroborated: bool) -> Alert {
    Alert {
        rule: "r".into(),
        place: place.into(),
        station: Some(place.into()),
        hazard: "river_flood".into(),
        areas: vec!["a".into()],
        audience: Audience::Public,
        level,
        release: Level::RAISED.into_iter().map(|level| (level, release)).collect(),
        corroborated,
        eta: None,
        words: std::collections::BTreeMap::new(),
    }
}

impl Desk {
    pub fn new() -> Desk {
        Desk { book: Book::new(Status::Actual), said: Vec::new(), now: minute(0) }
    }

    /// Two persons must agree to everything.
    pub fn of_two() -> Desk {
        let mut desk = Desk::new();
        let line = ReleaseLine { hazard: None, level: Level::Advisory, areas: None, release: Release::TwoPerson };
        let policy = Policy { release: vec![line], ..Policy::default() };
        desk.book.set_policy(Arc::new(policy), desk.now, &mut desk.said);
        desk
    }

    /// A rule puts its alert at a level; everything that was due before happens at its own time.
    pub fn set(&mut self, at: i64, alert: Alert) {
        self.pass(at);
        self.book.set(alert, &[], self.now, &mut self.said);
    }

    /// Time passes.
    pub fn pass(&mut self, at: i64) {
        while let Some(due) = self.book.next_due().filter(|due| *due <= minute(at)) {
            assert!(due > self.now || self.now == minute(0) || due >= self.now, "time stands still");
            self.now = due.max(self.now);
            self.book.tick(self.now, &mut self.said);
            assert!(self.book.next_due().is_none_or(|next| next > self.now), "what is due is done");
        }
        self.now = minute(at).max(self.now);
    }

    pub fn order(&mut self, who: &str, action: Action) -> Verdict {
        self.order_by(person(who), action)
    }

    pub fn order_by(&mut self, by: Person, action: Action) -> Verdict {
        let before = self.book.clone();
        let verdict = self.book.order(&Order { by, action }, self.now, &mut self.said);
        if verdict.is_err() {
            assert_eq!(self.book, before, "what is denied changes nothing");
        }
        verdict
    }

    /// The one incident that lives.
    pub fn incident(&self) -> &Incident {
        self.book.live().next().expect("one lives")
    }

    pub fn id(&self) -> String {
        self.incident().id.clone()
    }

    pub fn seen(&self) -> Seen {
        let proposal = self.incident().proposal.as_ref().expect("proposed");
        Seen { level: proposal.level, number: proposal.number }
    }

    pub fn approve(&mut self, who: &str) -> Verdict {
        let (incident, seen) = (self.id(), self.seen());
        self.order(who, Action::Approve { incident, seen })
    }

    /// The levels that were said, in order, with the kind of message.
    pub fn spoken(&self) -> Vec<(&'static str, Level)> {
        let said = self.said.iter().filter_map(|transition| transition.message.as_ref());
        said.map(|message| (message.msg_type.name(), message.level)).collect()
    }
}
