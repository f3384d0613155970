//! A message as channels see it: the frozen facts, and the words in a recipient's language.

use crate::alert::cap::{self, Speaker};
use crate::alert::text::{LENGTHS, Unfilled, retraction};
use crate::alert::words::{self, Language};
use crate::alert::{self, Context};
use crate::clock::Clock;
use crate::store::Subscriber;
use bongsu_rules::incident::{CITY, Message, Transition};
use bongsu_sensors::{Catalog, Level, Time};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// What was issued to the public, once.
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

/// The texts of a notice in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// The danger in a line.
    pub headline: String,
    /// What to do.
    pub instruction: String,
    /// The texts of [`LENGTHS`].
    pub limited: [String; 3],
    /// Everything.
    pub whole: String,
    /// In plain language.
    pub plain: String,
    /// To be read out.
    pub speech: String,
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
        cap::link(&self.speaker, &self.transition.incident)
    }

    /// Its words.
    ///
    /// # Errors
    /// A text that lacks something: it must not be said.
    pub fn words(&self, language: Language) -> Result<Words, Unfilled> {
        let incident = &self.transition.incident;
        let link = self.link();
        let facts = cap::facts(&self.speaker, incident, &self.message, self.catalog.as_deref(), &link, language);
        let [short, medium, long] = LENGTHS.map(|limit| facts.within(limit, language));
        let (level, is_meant) = (self.message.level, facts.is_meant);
        let instruction = match facts.is_retracted {
            true => retraction(language).to_owned(),
            false => words::instruction(&incident.hazard, level, language, is_meant),
        };
        Ok(Words {
            headline: words::headline(&incident.hazard, level, &facts.place, language, is_meant),
            instruction,
            limited: [short?, medium?, long?],
            whole: facts.whole(language)?,
            plain: facts.plain(language)?,
            speech: facts.speech(language)?,
        })
    }

    /// The alert JSON.
    pub fn alert(&self) -> Value {
        let context = Context { catalog: self.catalog.as_deref(), base_url: &self.speaker.base_url };
        let alert = alert::issued(&self.transition.incident, &self.message, context);
        serde_json::to_value(&alert).unwrap_or(Value::Null)
    }

    /// The geocodes of its area.
    pub fn geocodes(&self) -> Value {
        let area =
            self.catalog.as_deref().and_then(|city| Some(city.area(city.area_named(&self.transition.incident.area)?)));
        area.map_or_else(|| json!({}), |area| json!(area.geocode))
    }
}
