//! An incident as everybody outside reads it: the alert JSON of MQTT topics, server-sent events and the API.
//!
//! Pure: it knows no clock and no network, so the same incident and message always give the same bytes. [`issued`] is
//! what the public may see; [`for_operators`] also shows what is only decided or proposed. The sentences stand in
//! [`words`].

// What citizens are told: the danger in plain words, and what to do.
pub mod words;

// The same in every length, from a cell phone's line to a page.
pub mod text;

// All of them together, as one message says them.
pub mod wording;

// The same for the systems of others.
pub mod cap;

// What goes with it: sign language, sound.
pub mod resource;

// And who vouches for it.
pub mod sign;

use bongsu_rules::incident::{CITY, Incident, Message, MessageType, State, Status};
use bongsu_rules::language::Audience;
use bongsu_rules::language::header::Words;
use bongsu_sensors::catalog::Translations;
use bongsu_sensors::{Catalog, Level, Time};
use serde::Serialize;
use std::time::Duration;
use words::{Language, Place};

/// How long a raised level may be believed after it was said. An incident that lives longer says an update before.
pub const RAISED_LASTS: Duration = Duration::from_secs(6 * 3600);

/// How long the all-clear stands.
pub const ALL_CLEAR_LASTS: Duration = Duration::from_secs(3600);

/// When a message ceases to be true, unless it is renewed: [`RAISED_LASTS`] after it was sent, [`ALL_CLEAR_LASTS`] for
/// an all-clear.
pub fn expires(message: &Message) -> Time {
    message.sent + if message.level == Level::None { ALL_CLEAR_LASTS } else { RAISED_LASTS }
}

/// What the texts are made with.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The city, for names; without one, codes stand in.
    pub catalog: Option<&'a Catalog>,
    /// The address citizens know the pages under, without a slash at its end.
    pub base_url: &'a str,
}

/// Texts in the languages every alert has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Texts {
    /// Korean.
    pub ko: String,
    /// English.
    pub en: String,
    /// Chinese, simplified.
    pub zh: String,
    /// Japanese.
    pub ja: String,
}

impl Texts {
    /// The texts a function writes in each language.
    fn of(write: impl Fn(Language) -> String) -> Texts {
        Texts { ko: write(Language::Ko), en: write(Language::En), zh: write(Language::Zh), ja: write(Language::Ja) }
    }

    /// The text in one language.
    pub fn get(&self, language: Language) -> &str {
        match language {
            Language::Ko => &self.ko,
            Language::En => &self.en,
            Language::Zh => &self.zh,
            Language::Ja => &self.ja,
        }
    }
}

/// The alert JSON. Absent parts are `null`, so that every alert has the same keys in the same order.
#[derive(Clone, Debug, Serialize)]
pub struct Alert<'a> {
    /// Identity of the incident.
    pub incident: &'a str,
    /// CAP identifier of the message; `None` where nothing was issued yet.
    pub identifier: Option<&'a str>,
    /// CAP `sent`.
    pub sent: Option<Time>,
    /// CAP status.
    pub status: Status,
    /// CAP message type.
    pub msg_type: Option<&'static str>,
    /// What it is.
    pub hazard: &'a str,
    /// Where it is.
    pub area: &'a str,
    /// How bad it is; `none` is the all-clear.
    pub level: Level,
    /// `issued` or `ended`; operators also see `proposed` and `raised`.
    pub state: &'static str,
    /// The danger in a line.
    pub headline: Texts,
    /// What to do.
    pub instruction: Texts,
    /// Since when.
    pub onset: Time,
    /// Until when it may be believed.
    pub expires: Option<Time>,
    /// Why.
    pub evidence: Vec<Reason<'a>>,
    /// The address of its CAP message.
    pub cap: Option<String>,
    /// What only operators see.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub desk: Option<Desk<'a>>,
}

/// One check behind the level.
#[derive(Clone, Debug, Serialize)]
pub struct Reason<'a> {
    /// What was checked, in each language.
    pub label: &'a Translations,
    /// The station that decided.
    pub station: Option<&'a str>,
    /// The value; `None` is unknown.
    pub value: Option<f64>,
    /// Its UCUM unit.
    pub unit: &'a str,
    /// The comparison.
    pub op: &'a str,
    /// What it was compared with.
    pub limit: Option<f64>,
    /// `true`, `false` or `unknown`.
    pub result: &'a str,
}

/// What only operators see of an incident.
#[derive(Clone, Debug, Serialize)]
pub struct Desk<'a> {
    /// Who may learn of it.
    pub audience: Audience,
    /// The level that is decided.
    pub decided: Level,
    /// The level that was last issued.
    pub issued: Option<Level>,
    /// What waits for a person.
    pub proposal: Option<Waiting<'a>>,
    /// The rule behind the last change.
    pub rule: &'a str,
    /// The station behind it.
    pub station: Option<&'a str>,
    /// The event it belongs to.
    pub group: &'a str,
    /// When it last changed.
    pub updated: Time,
    /// Who has taken it on.
    pub owner: Option<&'a str>,
    /// Who has seen it.
    pub acknowledged: Option<Seen<'a>>,
    /// What keeps it quiet.
    pub silenced: Option<Quiet<'a>>,
    /// A person said no to what was proposed.
    pub refused: bool,
    /// The rule or the limits behind it were edited: only a person ends it.
    pub edited: bool,
    /// How many citizens report it.
    pub sightings: u32,
}

/// Who has seen something, and when.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Seen<'a> {
    /// Who.
    pub by: &'a str,
    /// When.
    pub at: Time,
}

/// A silence that keeps an incident quiet.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Quiet<'a> {
    /// Until when.
    pub until: Time,
    /// Who asked for it.
    pub by: &'a str,
    /// Why.
    pub reason: &'a str,
}

/// A level that waits for a person.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Waiting<'a> {
    /// The level.
    pub level: Level,
    /// Since when.
    pub since: Time,
    /// Until when.
    pub deadline: Time,
    /// It went to the next person.
    pub escalated: bool,
    /// Who of those on duty is asked now.
    pub asked: Option<&'a str>,
    /// When it goes to the one after.
    pub next: Option<Time>,
    /// Two persons must agree.
    pub two: bool,
    /// How many have agreed.
    pub approvals: usize,
}

impl Alert<'_> {
    /// As JSON text without line breaks.
    pub fn json(&self) -> Vec<u8> {
        // Its keys are text and its numbers finite or null, so writing it cannot fail.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// The JSON of what was issued, for topics and events: [`issued`] as bytes.
pub fn alert_json(incident: &Incident, message: &Message, context: Context<'_>) -> Vec<u8> {
    issued(incident, message, context).json()
}

/// An incident as the public sees it: what the message says, not what is decided or proposed since.
///
/// `incident` is the incident as it was when the message was made (the one in the message's transition): its evidence
/// is that of the message.
pub fn issued<'a>(incident: &'a Incident, message: &'a Message, context: Context<'_>) -> Alert<'a> {
    let state = match (message.msg_type, message.level) {
        (MessageType::Cancel, _) => State::Cancelled,
        (_, Level::None) => State::Ended,
        _ => State::Issued,
    };
    make(incident, Some(message), message.level, state, context)
}

/// An incident as operators see it: where it stands, with what is proposed.
pub fn for_operators<'a>(incident: &'a Incident, context: Context<'_>) -> Alert<'a> {
    let message = incident.issued.as_ref();
    let said = message.map_or(Level::None, |message| message.level);
    let proposed = incident.proposal.as_ref().map(|proposal| proposal.level);
    let level = match incident.state {
        State::Raised | State::Rejected => incident.level,
        State::Proposed => proposed.unwrap_or(incident.level),
        State::Issued => said,
        State::Ended | State::Cancelled => Level::None,
    };
    let waiting = incident.proposal.as_ref().map(|proposal| Waiting {
        level: proposal.level,
        since: proposal.since,
        deadline: proposal.deadline,
        escalated: proposal.escalated,
        asked: proposal.asked.as_deref(),
        next: proposal.next,
        two: proposal.two,
        approvals: proposal.approvals.len(),
    });
    let handling = &incident.handling;
    let desk = Desk {
        audience: incident.audience,
        decided: incident.level,
        issued: message.map(|message| message.level),
        proposal: waiting,
        rule: &incident.rule,
        station: incident.station.as_deref(),
        group: &incident.group,
        updated: incident.updated,
        owner: handling.owner.as_deref(),
        acknowledged: handling.acknowledged.as_ref().map(|mark| Seen { by: &mark.by, at: mark.at }),
        silenced: handling.silenced.as_ref().map(|silence| Quiet {
            until: silence.until,
            by: &silence.by,
            reason: &silence.reason,
        }),
        refused: handling.refused.is_some(),
        edited: handling.edited,
        sightings: handling.sightings,
    };
    Alert { desk: Some(desk), ..make(incident, message, level, incident.state, context) }
}

/// What is said of an incident at a level, in a line, and what to do. Every channel says these, and they are what a person
/// approves.
pub fn said(
    incident: &Incident,
    level: Level,
    is_retracted: bool,
    catalog: Option<&Catalog>,
    language: Language,
) -> (String, String) {
    let is_meant = incident.status == Status::Actual;
    let place = place_of(incident, catalog, language);
    if is_retracted {
        let line = words::withdrawal(&incident.hazard, &place, language, is_meant);
        return (line, words::own(text::retraction(language), language, is_meant));
    }
    // What the rule itself says goes before what its hazard says.
    let own = incident.words.get(&level);
    let own = |of: fn(&Words) -> &Translations| {
        let text = of(own?).get(language.code())?;
        Some(words::own(text, language, is_meant))
    };
    let headline = own(|own| &own.headline)
        .unwrap_or_else(|| words::headline(&incident.hazard, level, &place, language, is_meant));
    let instruction =
        own(|own| &own.instruction).unwrap_or_else(|| words::instruction(&incident.hazard, level, language, is_meant));
    (headline, instruction)
}

fn make<'a>(
    incident: &'a Incident,
    message: Option<&'a Message>,
    level: Level,
    state: State,
    context: Context<'_>,
) -> Alert<'a> {
    let is_retracted = message.is_some_and(|message| message.msg_type == MessageType::Cancel);
    let say = |language| said(incident, level, is_retracted, context.catalog, language);
    let hazard = incident.hazard.as_str();
    Alert {
        incident: &incident.id,
        identifier: message.map(|message| message.identifier.as_str()),
        sent: message.map(|message| message.sent),
        status: incident.status,
        msg_type: message.map(|message| MessageType::name(message.msg_type)),
        hazard,
        area: &incident.area,
        level,
        state: state.name(),
        headline: Texts::of(|language| say(language).0),
        instruction: Texts::of(|language| say(language).1),
        onset: incident.onset,
        expires: message.map(expires),
        evidence: incident.evidence.iter().map(reason).collect(),
        cap: message.map(|message| format!("{}/cap/{}.xml", context.base_url, message.identifier)),
        desk: None,
    }
}

fn reason(evidence: &bongsu_rules::incident::Evidence) -> Reason<'_> {
    Reason {
        label: &evidence.label,
        station: evidence.station.as_deref(),
        value: evidence.value,
        unit: &evidence.unit,
        op: &evidence.op,
        limit: evidence.limit,
        result: &evidence.result,
    }
}

/// Where an incident is, by names. A place that is called as its station is said once.
pub fn place_of(incident: &Incident, catalog: Option<&Catalog>, language: Language) -> Place {
    let area = area_name(catalog, &incident.area, language);
    let station = incident.station.as_deref().map(|station| station_name(catalog, station, language));
    Place { station: station.filter(|station| *station != area), area }
}

/// Where people go who must leave an area: the shelter there that takes in most, and how many others there are. Where it
/// has none, of the area it lies in.
pub fn refuge_of(incident: &Incident, catalog: Option<&Catalog>, language: Language) -> Option<(String, usize)> {
    let catalog = catalog?;
    let within = |outer| catalog.shelters.iter().filter(move |shelter| catalog.lies_in(shelter.area, outer));
    let outer = catalog.lineage(catalog.area_named(&incident.area)?).find(|area| within(*area).next().is_some())?;
    // Of several that take in as many, the one the catalog names first.
    let most = within(outer).rev().max_by_key(|shelter| shelter.people)?;
    Some((name_in(&most.name, language, "").to_owned(), within(outer).count() - 1)).filter(|(name, _)| !name.is_empty())
}

/// The name of an area; its code where it has none.
pub fn area_name(catalog: Option<&Catalog>, code: &str, language: Language) -> String {
    let known = catalog.and_then(|catalog| Some(&catalog.area(catalog.area_named(code)?).name));
    match known {
        Some(name) => name_in(name, language, code).to_owned(),
        None if code == CITY => words::whole_city(language).to_owned(),
        None => code.to_owned(),
    }
}

/// The name of a station; its id where it has none.
pub fn station_name(catalog: Option<&Catalog>, id: &str, language: Language) -> String {
    let known = catalog.and_then(|catalog| Some(&catalog.station(catalog.station_named(id)?).name));
    known.map_or(id, |name| name_in(name, language, id)).to_owned()
}

/// A text in a language; in any where it lacks that one.
pub fn name_in<'a>(name: &'a Translations, language: Language, otherwise: &'a str) -> &'a str {
    // Names of places are written in the letters of the street signs where a language lacks its own.
    let signs = || name.get("en").or_else(|| name.values().next());
    name.get(language.code()).or_else(signs).map_or(otherwise, String::as_str)
}

#[cfg(test)]
mod tests;
