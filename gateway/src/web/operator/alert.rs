//! Incidents as operators handle them: the list, one with everything a decision needs, and what can be done to it.

use super::reading::{Said, text};
use super::{From, Problem};
use crate::alert::text::Unfilled;
use crate::alert::wording::Wording;
use crate::alert::words::Language;
use crate::desk::{Desk, Preview, Yes, unchecked};
use crate::people::Who;
use crate::web::{Web, alerts, json_of};
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::Response;
use bongsu_rules::incident::{Action, Cause, Done, Mark, MessageType, State as Stage, Transition};
use bongsu_sensors::{Level, Time};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What was done.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Handled {
    /// The incident.
    pub incident: Option<String>,
    /// Where it stands now.
    #[schema(value_type = Option<String>, example = "issued")]
    pub state: Option<Stage>,
    /// Another person must agree too.
    pub needs_second: bool,
    /// The silence that came of it.
    pub silence: Option<u64>,
}

/// The answer to an order.
pub fn handled(done: Done) -> Response {
    let Done { incident, state, needs_second, silence } = done;
    json_of(&Handled { incident, state, needs_second, silence })
}

/// The incidents that live and those that ended in the last 48 hours, what waits for a person first; or, with `at`, those
/// that were open then.
#[utoipa::path(get, path = "/api/v1/alerts", tag = "alerts",
    params(("state" = Option<String>, Query, description = "raised, proposed, issued, ended, cancelled or rejected"),
        ("hazard" = Option<String>, Query), ("area" = Option<String>, Query),
        ("since" = Option<String>, Query, description = "changed since this time"),
        ("at" = Option<String>, Query, description = "those that were open at this moment of the past, as they stood then"),
        ("page" = Option<u32>, Query, description = "200 incidents a page, from 1")),
    responses((status = 200, body = super::openapi::AlertList), super::openapi::Faults))]
pub async fn list(State(web): State<Web>, uri: Uri) -> Result<Response, Problem> {
    alerts::list(State(web), uri).await
}

/// One change of an incident.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Turn {
    #[schema(value_type = String, format = DateTime)]
    time: Time,
    /// Why.
    #[schema(value_type = String)]
    cause: Cause,
    /// The level before.
    #[schema(value_type = String)]
    from: Level,
    /// The level after.
    #[schema(value_type = String)]
    level: Level,
    #[schema(value_type = String)]
    state: Stage,
    /// The person who caused it.
    by: Option<String>,
    /// In which words.
    reason: Option<String>,
    /// What was said because of it.
    message: Option<Sent>,
}

/// A message that was said.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Sent {
    identifier: String,
    #[schema(value_type = String, format = DateTime)]
    sent: Time,
    #[schema(value_type = String)]
    level: Level,
    /// Alert, Update or Cancel.
    msg_type: &'static str,
}

fn turn(transition: &Transition) -> Turn {
    let word = transition.word.as_ref();
    let sent = |message: &bongsu_rules::incident::Message| Sent {
        identifier: message.identifier.clone(),
        sent: message.sent,
        level: message.level,
        msg_type: MessageType::name(message.msg_type),
    };
    Turn {
        time: transition.time,
        cause: transition.cause,
        from: transition.from,
        level: transition.incident.level,
        state: transition.incident.state,
        by: word.map(|word| word.by.clone()),
        reason: word.map(|word| word.text.clone()).filter(|text| !text.is_empty()),
        message: transition.message.as_ref().map(sent),
    }
}

/// What somebody wrote down.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Note {
    #[schema(value_type = String, format = DateTime)]
    time: Time,
    by: String,
    text: String,
}

/// One yes to a proposal.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Approval {
    by: String,
    #[schema(value_type = String, format = DateTime)]
    at: Time,
}

#[derive(Serialize)]
struct Detail {
    #[serde(flatten)]
    alert: serde_json::Value,
    timeline: Vec<Turn>,
    notes: Vec<Note>,
    /// `None`: nothing is proposed.
    proposal_hash: Option<String>,
    required: &'static str,
    approvals: Vec<Approval>,
    population: Option<u64>,
    type_population: bool,
    lacks_geometry: bool,
    preview: serde_json::Value,
    sending_class: Option<&'static str>,
    channels: Vec<String>,
    areas: Vec<String>,
}

/// An incident with everything that a decision on it needs.
#[utoipa::path(get, path = "/api/v1/alerts/{incident}", tag = "alerts", params(("incident" = String, Path)),
    responses((status = 200, body = super::openapi::AlertDetail), super::openapi::Faults))]
pub async fn one(
    State(web): State<Web>,
    Extension(desk): Extension<Arc<Desk>>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let history = alerts::history(&web.shared, &id, web.plane).await?;
    let last = history.last().ok_or_else(|| alerts::no_such_incident(&id))?;
    let incident = &last.transition.incident;
    let alert = web.shared.for_operators(incident);
    let note = |transition: &Transition| {
        let word = transition.word.as_ref().filter(|_| transition.cause == Cause::Noted)?;
        Some(Note { time: transition.time, by: word.by.clone(), text: word.text.clone() })
    };
    let preview = desk.preview_of(incident);
    let proposal = incident.proposal.as_ref();
    let approval = |mark: &Mark| Approval { by: mark.by.clone(), at: mark.at };
    let detail = Detail {
        alert,
        timeline: history.iter().map(|said| turn(&said.transition)).collect(),
        notes: history.iter().filter_map(|said| note(&said.transition)).collect(),
        proposal_hash: preview.as_ref().map(|preview| preview.hash.clone()),
        required: if proposal.is_some_and(|proposal| proposal.two) { "two" } else { "one" },
        approvals: proposal.map(|proposal| proposal.approvals.iter().map(approval).collect()).unwrap_or_default(),
        population: preview.as_ref().and_then(|preview| preview.population),
        type_population: preview.as_ref().is_some_and(|preview| preview.type_population),
        lacks_geometry: preview.as_ref().is_some_and(|preview| preview.lacks_geometry),
        preview: preview.as_ref().map(texts).unwrap_or_default(),
        sending_class: preview.as_ref().map(|preview| preview.sending_class),
        channels: preview.map(|preview| preview.channels).unwrap_or_default(),
        areas: vec![incident.area.clone()],
    };
    Ok(json_of(&detail))
}

/// What would be sent, by language, with the length of each text in characters.
fn texts(preview: &Preview) -> serde_json::Value {
    let one = |(language, wording): &(Language, Result<Wording, Unfilled>)| {
        let texts = match wording {
            Ok(wording) => wording
                .each()
                .into_iter()
                .flat_map(|(name, text)| [(format!("{name}_length"), text.chars().count().into()), (name, text.into())])
                .collect(),
            Err(unfilled) => [("unfilled".to_owned(), unfilled.to_string().into())].into_iter().collect(),
        };
        (language.code().to_owned(), serde_json::Value::Object(texts))
    };
    serde_json::Value::Object(preview.texts.iter().map(one).collect())
}

/// An empty body.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// Why.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Why {
    /// For those who read it later.
    #[schema(min_length = 1)]
    reason: String,
    /// The hash of what was seen, where it is a no to a proposal: a no to something else is refused.
    #[serde(default)]
    hash: Option<String>,
}

impl Why {
    /// For those who read it later.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

/// Whose it is.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Owner {
    /// The name of an account.
    #[schema(min_length = 1)]
    owner: String,
}

/// Something to write down.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Words {
    #[schema(min_length = 1)]
    text: String,
}

/// A yes.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Approve {
    /// `proposal_hash` of what was seen.
    hash: String,
    /// How many people it reaches, typed, where `type_population` asks for it.
    #[serde(default)]
    population: Option<u64>,
    /// It may go although the area has no shape.
    #[serde(default)]
    without_geometry: bool,
}

/// Who orders what.
type Asked = (Extension<Arc<Desk>>, Who, From);

async fn order((Extension(desk), who, from): Asked, action: Action) -> Result<Response, Problem> {
    Ok(handled(desk.order(&who, &from.0, action, unchecked()).await?))
}

/// I have seen it.
#[utoipa::path(post, path = "/api/v1/alerts/{incident}/ack", tag = "alerts", params(("incident" = String, Path)),
    request_body = Nothing, responses((status = 200, body = Handled), super::openapi::Faults))]
pub async fn ack(asked: Asked, Path(incident): Path<String>, Said(_): Said<Nothing>) -> Result<Response, Problem> {
    order(asked, Action::Acknowledge { incident }).await
}

/// It is theirs.
#[utoipa::path(post, path = "/api/v1/alerts/{incident}/own", tag = "alerts", params(("incident" = String, Path)),
    request_body = Owner, responses((status = 200, body = Handled), super::openapi::Faults))]
pub async fn own(asked: Asked, Path(incident): Path<String>, Said(said): Said<Owner>) -> Result<Response, Problem> {
    if asked.0.people.user(&said.owner).is_none_or(|user| user.disabled.is_some()) {
        return Err(Problem::bad_request("there is no such account", "name one that GET /api/v1/users lists"));
    }
    order(asked, Action::Own { incident, owner: said.owner }).await
}

/// Write something down.
#[utoipa::path(post, path = "/api/v1/alerts/{incident}/note", tag = "alerts", params(("incident" = String, Path)),
    request_body = Words, responses((status = 200, body = Handled), super::openapi::Faults))]
pub async fn note(asked: Asked, Path(incident): Path<String>, Said(said): Said<Words>) -> Result<Response, Problem> {
    let text = text("text", &said.text)?;
    order(asked, Action::Note { incident, text }).await
}

/// Let out what is proposed, if it is still what was seen.
#[utoipa::path(post, path = "/api/v1/alerts/{incident}/approve", tag = "alerts", params(("incident" = String, Path)),
    request_body = Approve, responses((status = 200, body = Handled), super::openapi::Faults))]
pub async fn approve(
    (Extension(desk), who, from): Asked,
    Path(incident): Path<String>,
    Said(said): Said<Approve>,
) -> Result<Response, Problem> {
    let Approve { hash, population, without_geometry } = said;
    let yes = Yes { hash, population, without_geometry };
    Ok(handled(desk.approve(&who, &from.0, &incident, yes).await?))
}

/// Do not let out what is proposed.
#[utoipa::path(post, path = "/api/v1/alerts/{incident}/reject", tag = "alerts", params(("incident" = String, Path)),
    request_body = Why, responses((status = 200, body = Handled), super::openapi::Faults))]
pub async fn reject(asked: Asked, Path(incident): Path<String>, Said(said): Said<Why>) -> Result<Response, Problem> {
    let reason = text("reason", &said.reason)?;
    let preview = asked.0.preview(&incident);
    let is_other = |hash: &String| preview.as_ref().is_none_or(|preview| preview.hash != *hash);
    if said.hash.as_ref().is_some_and(is_other) {
        return Err(Problem::of(409, "what is proposed has changed since it was shown", "look at it again"));
    }
    let seen = said.hash.and(preview).map(|preview| preview.seen);
    order(asked, Action::Reject { incident, seen, reason }).await
}

/// Take back what was said: it was a false alarm.
#[utoipa::path(post, path = "/api/v1/alerts/{incident}/cancel", tag = "alerts", params(("incident" = String, Path)),
    request_body = Why, responses((status = 200, body = Handled), super::openapi::Faults))]
pub async fn cancel(asked: Asked, Path(incident): Path<String>, Said(said): Said<Why>) -> Result<Response, Problem> {
    let reason = text("reason", &said.reason)?;
    order(asked, Action::Cancel { incident, reason }).await
}

/// It is over.
#[utoipa::path(post, path = "/api/v1/alerts/{incident}/end", tag = "alerts", params(("incident" = String, Path)),
    request_body = Why, responses((status = 200, body = Handled), super::openapi::Faults))]
pub async fn end(asked: Asked, Path(incident): Path<String>, Said(said): Said<Why>) -> Result<Response, Problem> {
    let reason = text("reason", &said.reason)?;
    order(asked, Action::End { incident, reason }).await
}
