//! Requests to other systems: SMS gateways, chats, cell broadcast entities, other warning systems.
//!
//! A request carries its idempotency key and, where there is a secret, an HMAC-SHA-256 over the time and the body, so
//! that a receiver can drop repetitions and forgeries.

use super::client::Client;
use super::notice::{Filter, Notice};
use super::{Channel, Kind, Outcome, Pace, Settings, Target, Tools};
use crate::alert::text::sending_class;
use crate::alert::wording::Wording;
use crate::alert::words::Language;
use crate::clock::Clock;
use crate::config::{Layers, Secret};
use crate::store::Reader;
use bongsu_rules::language::Audience;
use bongsu_sensors::Level;
use bongsu_sensors::document::Reader as Section;
use futures_util::future::BoxFuture;
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::Full;
use hyper::{Method, Request, Uri};
use serde_json::json;
use sha2::Sha256;
use std::sync::Arc;
use std::time::Duration;

/// The line of the table.
pub const KIND: Kind = Kind { name: "webhook", manual: MANUAL, read };

const MANUAL: &str = r#"# Requests to other systems, one table for each.
[[channel.webhook]]
# Its name in the books; unique.
name = "sms"

# Where requests go: https, or http on this machine and in networks you trust.
url = "https://gateway.example/send"

# What the request says:
#   alert  the alert JSON with the texts of every length (the default)
#   cap    the CAP document itself, for other warning systems
#   cbe    identifier, texts of 90 and 157 characters, proposed sending class, geocodes: for a cell broadcast entity
#   sms    {"text", "class"}: the text of 90 characters
#   chat   {"text"}: for chats such as Mattermost or Slack
#   ntfy   topic, title, message, priority: for ntfy
template = "sms"

# Who is spoken to:
#   public     what is issued to citizens (the default)
#   operators  what waits for a person and who of those on duty is asked, whom it goes to when nobody decides, and what
#              only operators are told of; not with cap or cbe, which are for citizens
audience = "public"

# Speaks of exercises, and of nothing that is meant. Without it a channel hears of no exercise.
# exercise = true

# The topic of the template ntfy.
# topic = "city"

# The language of its texts.
language = "ko"

# Only these areas (with what lies in them) and hazards, from this level on. Absent: all.
# areas = ["seoul"]
# hazards = ["river_flood"]
level = "watch"

# Signs each request: X-Bongsu-Signature: t=SECONDS,v1=HEX of HMAC-SHA-256 over "SECONDS.BODY". Also secret_file.
# secret = "…"

# What stands in the Authorization header. Also authorization_file.
# authorization = "Bearer …"

# Requests that may begin in a second.
per_second = 10

# How long the other side may take.
timeout = "10s"
"#;

/// Templates by name.
const TEMPLATES: &[(&str, Template)] = &[
    ("alert", Template::Alert),
    ("cap", Template::Cap),
    ("cbe", Template::Cbe),
    ("sms", Template::Sms),
    ("chat", Template::Chat),
    ("ntfy", Template::Ntfy),
];

/// What a request says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Template {
    Alert,
    Cap,
    Cbe,
    Sms,
    Chat,
    Ntfy,
}

/// What was configured.
#[derive(Debug)]
struct Webhook {
    name: String,
    url: Uri,
    template: Template,
    audience: Audience,
    exercise: bool,
    topic: String,
    language: Language,
    filter: Filter,
    secret: Option<Secret>,
    authorization: Option<Secret>,
    pace: Pace,
}

/// The filter keys that several channels have.
pub(crate) fn filter(section: &Section<'_>) -> Option<Filter> {
    let areas = section.optional("areas").unwrap_or_default();
    let hazards: Vec<String> = section.optional("hazards").unwrap_or_default();
    for hazard in hazards.iter().filter(|name| bongsu_rules::hazard::named(name).is_none()) {
        section.complain(format!("there is no hazard {hazard:?}"), "`bongsu rules reference` lists the hazards");
    }
    let level = match section.located::<String>("level") {
        None => Level::Advisory,
        Some(typed) => match typed.value.parse() {
            Ok(level) => level,
            Err(wrong) => {
                section.mistakes().add(&typed.origin, format!("`level`: {wrong}"), "write it in quotes");
                return None;
            }
        },
    };
    Some(Filter { areas, hazards, level })
}

/// The pace keys that several channels have.
pub(super) fn pace(section: &Section<'_>, at_once: usize) -> Pace {
    let per_second = section.optional::<usize>("per_second").unwrap_or(10).clamp(1, 10_000);
    let patience = section.optional::<Duration>("timeout").unwrap_or(Duration::from_secs(10));
    Pace { per_second: u32::try_from(per_second).unwrap_or(10), at_once, patience }
}

/// The language key that several channels have.
pub(crate) fn language(section: &Section<'_>) -> Option<Language> {
    let Some(typed) = section.located::<String>("language") else { return Some(Language::Ko) };
    let found = Language::of_tag(&typed.value);
    if found.is_none() {
        let wrong = format!("there are no texts in {:?}", typed.value);
        section.mistakes().add(&typed.origin, wrong, "write ko, en, zh or ja");
    }
    found
}

fn audience(section: &Section<'_>) -> Option<Audience> {
    let Some(typed) = section.located::<String>("audience") else { return Some(Audience::Public) };
    match typed.value.as_str() {
        "public" => Some(Audience::Public),
        "operators" => Some(Audience::Operators),
        other => {
            let wrong = format!("`audience` cannot be {other:?}");
            section.mistakes().add(&typed.origin, wrong, "write public or operators");
            None
        }
    }
}

fn read(section: Section<'_>, layers: &Layers) -> Option<Arc<dyn Settings>> {
    let name: Option<String> = section.required("name");
    let url = section.required_at::<String>("url").and_then(|typed| {
        let url = typed.value.parse::<Uri>().ok();
        let url = url.filter(|url| matches!(url.scheme_str(), Some("https" | "http")) && url.host().is_some());
        if url.is_none() {
            let wrong = format!("{:?} is no web address", typed.value);
            section.mistakes().add(&typed.origin, wrong, "write it as \"https://gateway.example/send\"");
        }
        url
    });
    let template = match section.located::<String>("template") {
        None => Some(Template::Alert),
        Some(typed) => {
            let found = TEMPLATES.iter().find(|(name, _)| *name == typed.value).map(|(_, template)| *template);
            if found.is_none() {
                let names: Vec<&str> = TEMPLATES.iter().map(|(name, _)| *name).collect();
                let wrong = format!("there is no template {:?}", typed.value);
                section.mistakes().add(&typed.origin, wrong, format!("write one of: {}", names.join(", ")));
            }
            found
        }
    };
    let audience = audience(&section);
    if audience == Some(Audience::Operators) && matches!(template, Some(Template::Cap | Template::Cbe)) {
        section.complain("what operators are asked is no warning to citizens", "write another `template`");
    }
    let exercise = section.optional("exercise").unwrap_or_default();
    let topic = section.optional("topic").unwrap_or_default();
    let language = language(&section);
    let filter = filter(&section);
    let secret = Secret::read(&section, "secret", "secret_file", layers);
    let authorization = Secret::read(&section, "authorization", "authorization_file", layers);
    let pace = pace(&section, 4);
    section.finish();
    Some(Arc::new(Webhook {
        name: name?,
        url: url?,
        template: template?,
        audience: audience?,
        exercise,
        topic,
        language: language?,
        filter: filter?,
        secret,
        authorization,
        pace,
    }))
}

impl Settings for Webhook {
    fn name(&self) -> String {
        format!("webhook.{}", self.name)
    }

    fn audience(&self) -> Audience {
        self.audience
    }

    fn is_for_exercises(&self) -> bool {
        self.exercise
    }

    fn build(&self, tools: &Tools) -> miette::Result<Arc<dyn Channel>> {
        Ok(Arc::new(Built {
            name: self.name.clone(),
            url: self.url.clone(),
            template: self.template,
            audience: self.audience,
            topic: self.topic.clone(),
            language: self.language,
            filter: self.filter.clone(),
            secret: self.secret.clone(),
            authorization: self.authorization.clone(),
            pace: self.pace,
            client: tools.client.clone(),
        }))
    }
}

struct Built {
    name: String,
    url: Uri,
    template: Template,
    audience: Audience,
    topic: String,
    language: Language,
    filter: Filter,
    secret: Option<Secret>,
    authorization: Option<Secret>,
    pace: Pace,
    client: Client,
}

impl Built {
    /// Media type and body of a request.
    fn body(&self, notice: &Notice, words: &Wording, key: &str) -> Result<(&'static str, String), String> {
        let level = notice.message.level;
        let hazard = &notice.transition.incident.hazard;
        let identifier = &notice.message.identifier;
        let Wording { headline, instruction, limited: [short, medium, long], whole, plain, speech } = words;
        let value = match self.template {
            Template::Cap => {
                let document = notice.cap.clone().ok_or("the message has no CAP document")?;
                return Ok(("application/cap+xml", document));
            }
            Template::Alert => json!({
                "key": key,
                "alert": notice.alert(),
                "class": sending_class(hazard, level),
                "texts": {"90": short, "157": medium, "360": long, "whole": whole, "plain": plain, "speech": speech},
            }),
            Template::Cbe => json!({
                "key": key,
                "identifier": identifier,
                "status": notice.transition.incident.status,
                "class": sending_class(hazard, level),
                "text_90": short,
                "text_157": medium,
                "area": notice.transition.incident.area,
                "geocodes": notice.geocodes(),
                "sent": notice.message.sent,
                "expires": notice.expires(),
            }),
            Template::Sms => json!({"key": key, "text": short, "class": sending_class(hazard, level)}),
            Template::Chat => json!({"text": format!("{medium}\n{}", notice.link())}),
            Template::Ntfy => json!({
                "topic": self.topic,
                "title": headline,
                "message": instruction,
                "priority": ntfy_priority(level),
                "click": notice.link(),
            }),
        };
        Ok(("application/json", value.to_string()))
    }

    fn request(&self, media: &str, body: String, key: &str, at: u64) -> Result<Request<Full<bytes::Bytes>>, String> {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(self.url.clone())
            .header("content-type", media)
            .header("user-agent", "bongsu")
            .header("idempotency-key", key);
        if let Some(secret) = &self.secret {
            request = request.header("x-bongsu-signature", format!("t={at},v1={}", mac(secret.reveal(), at, &body)));
        }
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization.reveal());
        }
        // What stands in a header is not said back: it may be a secret.
        request.body(Full::new(body.into())).map_err(|_| "a header cannot be sent".to_owned())
    }
}

/// What a receiver computes too: HMAC-SHA-256 over the time, a dot and the body.
fn mac(secret: &str, at: u64, body: &str) -> String {
    // Keys of any length are taken.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(format!("{at}.{body}").as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

const fn ntfy_priority(level: Level) -> u8 {
    match level {
        Level::None => 3,
        Level::Advisory => 3,
        Level::Watch => 4,
        Level::Warning | Level::Emergency => 5,
    }
}

/// The system's time in seconds: receivers compare it with their own clock, whatever clock the city runs under.
fn seconds() -> u64 {
    u64::try_from(Clock::System.now().millis() / 1_000).unwrap_or(0)
}

impl Channel for Built {
    fn audience(&self) -> Audience {
        self.audience
    }

    fn pace(&self) -> Pace {
        self.pace
    }

    fn targets(&self, notice: &Notice, _: &Reader) -> rusqlite::Result<Vec<Target>> {
        let wanted = notice.is_wanted(&self.filter);
        Ok(wanted.then(|| self.one()).into_iter().collect())
    }

    fn target(&self, id: &str, _: &Reader) -> rusqlite::Result<Option<Target>> {
        Ok((id == self.name).then(|| self.one()))
    }

    fn deliver<'a>(&'a self, notice: &'a Notice, _: &'a Target, key: &'a str) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let made = notice
                .words(self.language)
                .map_err(|error| error.to_string())
                .and_then(|words| self.body(notice, &words, key))
                .and_then(|(media, body)| self.request(media, body, key, seconds()));
            match made {
                // An address that is gone may come back: the recipient is the city's own choice.
                Ok(request) => match self.client.send(request).await {
                    Outcome::Gone(said) => Outcome::Rejected(said),
                    outcome => outcome,
                },
                Err(why) => Outcome::Rejected(why),
            }
        })
    }
}

impl Built {
    fn one(&self) -> Target {
        Target { id: self.name.clone(), address: self.url.to_string(), language: self.language.code().into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with Python's hmac.
    #[test]
    fn a_signature_is_what_others_compute() {
        assert_eq!(
            mac("key", 1_700_000_000, "{\"a\":1}"),
            "a438e398bfafc57e4396bb7fc2304422f0f768e965d073ca313cb52e22e6ad03"
        );
    }
}
