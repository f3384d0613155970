//! A message as channels see it: the frozen facts, and the words in a recipient's language.

use crate::alert::cap::{self, Speaker};
use crate::alert::text::Unfilled;
use crate::alert::wording::Wording;
use crate::alert::words::Language;
use crate::alert::{self, Context};
use crate::clock::Clock;
use crate::store::Subscriber;
use bongsu_rules::incident::{CITY, Cause, Message, MessageType, Transition};
use bongsu_rules::language::Audience;
use bongsu_sensors::{Catalog, Level, Time};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// What waits for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Who of those on duty is asked.
    pub asked: Option<String>,
    /// When somebody else is, or it goes out by itself.
    pub until: Time,
}

impl Question {
    /// What every text begins with that asks.
    fn mark(&self, language: Language, catalog: Option<&Catalog>) -> String {
        let at = self.until.civil(&cap::zone(catalog));
        let until = format!("{:02}:{:02}", at.hour(), at.minute());
        let asked = self.asked.as_deref().unwrap_or_default();
        let comma = if asked.is_empty() { "" } else { ", " };
        match language {
            Language::Ko => format!("[결정 필요: {asked}{comma}{until}까지] "),
            Language::En => format!("[DECIDE: {asked}{comma}by {until}] "),
            Language::Zh => format!("[需要决定: {asked}{comma}{until}前] "),
            Language::Ja => format!("[判断が必要: {asked}{comma}{until}まで] "),
        }
    }
}

/// What operators are told because of a transition: what waits for a person, whom it went to when nobody decided, and
/// what is issued to nobody but them.
pub fn for_operators(transition: &Transition) -> Option<(Message, Option<Question>)> {
    let incident = &transition.incident;
    if let Some(message) = transition.message.as_ref().filter(|_| incident.audience == Audience::Operators) {
        return Some((message.clone(), None));
    }
    let proposal = incident.proposal.as_ref().filter(|proposal| {
        let is_new = proposal.since == transition.time && !is_aside(transition.cause);
        is_new || transition.cause == Cause::Escalated
    })?;
    let message = Message {
        identifier: format!("{}.asks-{}-{}", incident.id, proposal.number, transition.time.compact()),
        sent: transition.time,
        msg_type: MessageType::Alert,
        level: proposal.level,
    };
    let until = proposal.next.unwrap_or(proposal.deadline);
    Some((message, Some(Question { asked: proposal.asked.clone(), until })))
}

/// Whether a change leaves open what was asked.
pub fn is_aside(cause: Cause) -> bool {
    matches!(cause, Cause::Acknowledged | Cause::Owned | Cause::Noted | Cause::Sighted)
}

/// What a channel is told once: what was issued, or what operators are asked.
#[derive(Clone, Debug)]
pub struct Notice {
    /// The transition's id in the store.
    pub id: i64,
    /// The transition.
    pub transition: Transition,
    /// Its message.
    pub message: Message,
    /// The highest level the incident's messages have said so far: who heard of the danger hears of its end.
    pub peak: Level,
    /// What is asked, where operators are.
    pub question: Option<Question>,
    /// The page of the console that shows it, for those who may log in there.
    pub console: Option<String>,
    /// Its CAP document, where there is one.
    pub cap: Option<String>,
    /// The city as it is.
    pub catalog: Option<Arc<Catalog>>,
    /// Who speaks.
    pub speaker: Arc<Speaker>,
    /// What `now` is made of.
    pub clock: Clock,
}

/// What a channel is configured to pass on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Codes of areas, what lies in them included; empty: all.
    pub areas: Vec<String>,
    /// Names of hazards; empty: all.
    pub hazards: Vec<String>,
    /// From which level on.
    pub level: Level,
}

impl Filter {
    /// What a subscriber wants.
    pub fn of(subscriber: &Subscriber) -> Filter {
        let Subscriber { areas, hazards, level, .. } = subscriber;
        Filter { areas: areas.clone(), hazards: hazards.clone(), level: *level }
    }
}

impl Notice {
    /// When it ceases to be true: it is not delivered later.
    pub fn expires(&self) -> Time {
        alert::expires(&self.message)
    }

    /// How long it is still true.
    pub fn left(&self) -> Duration {
        self.expires().since(self.clock.now())
    }

    /// Whether those who asked for this want it.
    pub fn is_wanted(&self, filter: &Filter) -> bool {
        let incident = &self.transition.incident;
        let city = self.catalog.as_deref();
        let lies_in = |outer: &String| {
            let found = city.and_then(|city| Some((city.area_named(&incident.area)?, city.area_named(outer)?)));
            *outer == incident.area || found.zip(city).is_some_and(|((inner, outer), city)| city.lies_in(inner, outer))
        };
        // What concerns the whole city concerns each part of it.
        let is_here = filter.areas.is_empty() || incident.area == CITY || filter.areas.iter().any(lies_in);
        let is_so = filter.hazards.is_empty() || filter.hazards.contains(&incident.hazard);
        is_here && is_so && self.peak >= filter.level
    }

    /// The page that says more.
    pub fn link(&self) -> String {
        if let Some(console) = &self.console {
            return console.clone();
        }
        cap::link(&self.speaker.base_url, &self.transition.incident)
    }

    /// Its words.
    ///
    /// # Errors
    /// A text that lacks something: it must not be said.
    pub fn words(&self, language: Language) -> Result<Wording, Unfilled> {
        let (incident, city) = (&self.transition.incident, self.catalog.as_deref());
        let words = Wording::of(&self.speaker.sender_name, &self.link(), incident, &self.message, city, language)?;
        Ok(match &self.question {
            Some(question) => words.after(&question.mark(language, city)),
            None => words,
        })
    }

    /// The alert JSON.
    pub fn alert(&self) -> Value {
        let context = Context { catalog: self.catalog.as_deref(), base_url: &self.speaker.base_url };
        let incident = &self.transition.incident;
        let alert = match &self.console {
            Some(_) => alert::for_operators(incident, context),
            None => alert::issued(incident, &self.message, context),
        };
        serde_json::to_value(&alert).unwrap_or(Value::Null)
    }

    /// The geocodes of its area.
    pub fn geocodes(&self) -> Value {
        let area =
            self.catalog.as_deref().and_then(|city| Some(city.area(city.area_named(&self.transition.incident.area)?)));
        area.map_or_else(|| json!({}), |area| json!(area.geocode))
    }
}
