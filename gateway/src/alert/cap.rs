//! A message of an incident as CAP 1.2: the same facts as the alert JSON, in every language of the city, for the
//! systems of others.

use super::resource::{self, Attachment};
use super::sign::Signer;
use super::text::{self, Unfilled};
use super::wording::Wording;
use super::words::{self, Language};
use super::{area_name, expires, name_in};
use bongsu_rules::cap::model::{Category, Certainty, MsgType, Pair, ResponseType, Scope, Severity, Status, Urgency};
use bongsu_rules::cap::{Alert, Area, Info, Moment, Reference};
use bongsu_rules::incident::{CITY, Evidence, Incident, Message, MessageType};
use bongsu_sensors::catalog::Area as CatalogArea;
use bongsu_sensors::{Catalog, Level};
use jiff::tz::TimeZone;

/// Who speaks, and how.
#[derive(Clone, Debug)]
pub struct Speaker {
    /// The `sender`.
    pub sender: String,
    /// The `senderName`.
    pub sender_name: String,
    /// The `contact`.
    pub contact: Option<String>,
    /// The tags of the languages, as the city writes them.
    pub languages: Vec<String>,
    /// The address citizens know the pages under, without a slash at its end.
    pub base_url: String,
    /// The files that go with messages.
    pub resources: Vec<Attachment>,
    /// What messages are signed with; `None`: they are not.
    pub signer: Option<Signer>,
}

/// The zone of a city's clocks; UTC where there is no city.
pub fn zone(catalog: Option<&Catalog>) -> TimeZone {
    catalog.map_or(TimeZone::UTC, |catalog| catalog.timezone.clone())
}

/// Whether a message takes back what was said by mistake.
pub fn is_retracted(message: &Message) -> bool {
    MessageType::name(message.msg_type) == MsgType::Cancel.name()
}

/// The page of an incident.
pub fn link(base_url: &str, incident: &Incident) -> String {
    format!("{base_url}/alerts/{}", incident.id)
}

/// Makes the CAP message of what is issued. `earlier` are the messages of its chain that it replaces.
///
/// # Errors
/// A text that lacks something: it must not be said.
pub fn render(
    speaker: &Speaker,
    incident: &Incident,
    message: &Message,
    catalog: Option<&Catalog>,
    earlier: Vec<Reference>,
) -> Result<Alert, Unfilled> {
    let zone = zone(catalog);
    let msg_type = MsgType::named(MessageType::name(message.msg_type)).unwrap_or(MsgType::Update);
    // The first that is said in public is an alert, whatever operators were told before.
    let msg_type = if earlier.is_empty() { MsgType::Alert } else { msg_type };
    let status = match incident.status {
        bongsu_rules::incident::Status::Actual => Status::Actual,
        bongsu_rules::incident::Status::Exercise => Status::Exercise,
        bongsu_rules::incident::Status::Test => Status::Test,
    };
    let mut infos: Vec<Info> = Vec::new();
    for tag in &speaker.languages {
        let Some(language) = Language::of_tag(tag) else { continue };
        infos.push(info(speaker, incident, message, catalog, (tag, language))?);
    }
    if infos.is_empty() {
        infos.push(info(speaker, incident, message, catalog, ("en", Language::En))?);
    }
    Ok(Alert {
        identifier: message.identifier.clone(),
        sender: speaker.sender.clone(),
        sent: Moment::at(message.sent, &zone),
        status,
        msg_type,
        source: None,
        scope: Scope::Public,
        restriction: None,
        addresses: None,
        codes: Vec::new(),
        // The standard asks for the exercise's name here, so that nobody acts on it.
        note: (status != Status::Actual).then(|| format!("{}: nobody is to act on this message", status.name())),
        references: earlier,
        incidents: Some(incident.id.clone()),
        infos,
        is_signed: false,
    })
}

fn info(
    speaker: &Speaker,
    incident: &Incident,
    message: &Message,
    catalog: Option<&Catalog>,
    (tag, language): (&str, Language),
) -> Result<Info, Unfilled> {
    let zone = zone(catalog);
    let (hazard, level) = (incident.hazard.as_str(), message.level);
    let link = link(&speaker.base_url, incident);
    let wording = Wording::of(&speaker.sender_name, &link, incident, message, catalog, language)?;
    let Wording { headline, instruction, limited, whole, plain, speech } = wording;
    let sent = Moment::at(message.sent, &zone);
    let (urgency, severity, certainty) = grade(level);
    let mut parameters = vec![
        Pair::new("bongsu:level", level.name()),
        Pair::new("bongsu:since", Moment::at(incident.onset, &zone).text()),
        Pair::new("bongsu:sending-class", text::sending_class(hazard, level)),
    ];
    for (limit, text) in text::LENGTHS.into_iter().zip(limited) {
        parameters.push(Pair::new(format!("bongsu:text-{limit}"), text));
    }
    parameters.push(Pair::new("bongsu:plain", plain));
    parameters.push(Pair::new("bongsu:speech", speech));
    Ok(Info {
        language: Some(tag.to_owned()),
        categories: vec![Category::named(words::category(hazard)).unwrap_or(Category::Other)],
        event: words::hazard_word(hazard, language).to_owned(),
        response_types: vec![response(hazard, level)],
        urgency,
        severity,
        certainty,
        audience: None,
        event_codes: vec![Pair::new("bongsu:hazard", hazard)],
        effective: Some(sent.clone()),
        // What the standard calls onset must not lie before the message; since when it lasts is a parameter.
        onset: Some(sent),
        expires: Some(Moment::at(expires(message), &zone)),
        sender_name: Some(speaker.sender_name.clone()),
        headline: Some(headline),
        description: Some(description(whole, level, incident, catalog, language)),
        instruction: Some(instruction),
        web: Some(link),
        contact: speaker.contact.clone(),
        parameters,
        resources: resource::of(&speaker.resources, incident, level, language),
        areas: vec![area(incident, catalog, language)],
    })
}

/// What is happening: the whole text, and the checks behind it that the rule has words for in this language.
fn description(
    mut text: String,
    level: Level,
    incident: &Incident,
    catalog: Option<&Catalog>,
    language: Language,
) -> String {
    if level == Level::None {
        return text;
    }
    let told = incident.evidence.iter().filter(|evidence| evidence.result == "true");
    for evidence in told.take(8) {
        if let Some(line) = line(evidence, catalog, language) {
            text.push('\n');
            text.push_str(&line);
        }
    }
    text
}

fn line(evidence: &Evidence, catalog: Option<&Catalog>, language: Language) -> Option<String> {
    let label = evidence.label.get(language.code())?;
    let station = evidence.station.as_deref().map(|id| format!("{} ", super::station_name(catalog, id, language)));
    let number = |value: f64| ((value * 100.0).round() / 100.0).to_string();
    let (value, unit) = (evidence.value.map(number)?, evidence.unit.as_str());
    let limit = evidence.limit.map(|limit| format!(" ({} {} {unit})", evidence.op, number(limit))).unwrap_or_default();
    Some(format!("{}{label}: {value} {unit}{}", station.unwrap_or_default(), limit.replace(" )", ")")))
}

/// How soon, how bad and how sure a level is.
const fn grade(level: Level) -> (Urgency, Severity, Certainty) {
    match level {
        Level::None => (Urgency::Past, Severity::Minor, Certainty::Observed),
        Level::Advisory => (Urgency::Future, Severity::Minor, Certainty::Possible),
        Level::Watch => (Urgency::Expected, Severity::Moderate, Certainty::Likely),
        Level::Warning => (Urgency::Immediate, Severity::Severe, Certainty::Observed),
        Level::Emergency => (Urgency::Immediate, Severity::Extreme, Certainty::Observed),
    }
}

/// What people should do, as the standard's word: what the instruction says in sentences.
fn response(hazard: &str, level: Level) -> ResponseType {
    match (level, hazard) {
        (Level::None, _) => ResponseType::AllClear,
        (Level::Advisory, _) => ResponseType::Monitor,
        (_, "underpass_flood" | "crowd") => ResponseType::Avoid,
        (_, "heavy_rain" | "earthquake") => ResponseType::Shelter,
        (_, hazard) if !words::endangers(hazard) => ResponseType::Prepare,
        (Level::Watch, _) => ResponseType::Avoid,
        (Level::Warning | Level::Emergency, _) => ResponseType::Evacuate,
    }
}

/// Where it is. Every area has a code of our own, so that none is without a place for machines.
fn area(incident: &Incident, catalog: Option<&Catalog>, language: Language) -> Area {
    let known = catalog.and_then(|catalog| Some(catalog.area(catalog.area_named(&incident.area)?)));
    // The whole city is everything that lies in no other area.
    let whole = catalog.filter(|_| known.is_none() && incident.area == CITY);
    let parts: Vec<&CatalogArea> = match (known, whole) {
        (Some(area), _) => vec![area],
        (None, Some(catalog)) => catalog.areas.iter().filter(|area| area.parent.is_none()).collect(),
        (None, None) => Vec::new(),
    };
    let mut geocodes = vec![Pair::new("bongsu:area", incident.area.as_str())];
    for part in &parts {
        geocodes.extend(part.geocode.iter().map(|(name, value)| Pair::new(name.as_str(), value.as_str())));
    }
    let description = match known {
        Some(area) => name_in(&area.name, language, area.code.as_str()).to_owned(),
        None => area_name(catalog, &incident.area, language),
    };
    let polygons = parts.into_iter().flat_map(|part| part.polygon.iter().cloned()).collect();
    Area { description, polygons, geocodes, ..Area::default() }
}
