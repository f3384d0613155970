//! Changes of rules. Another text needs a second person; numbers within their ranges, and texts that were in force
//! before, need one.

use super::reading::{Said, text};
use super::rulebook::{Refusal, Value, is_new, mistakes, no_rule, read, refused, seen, unedited};
use super::{Fault, From, Problem};
use crate::desk::Desk;
use crate::people::Who;
use crate::pipeline::Signed;
use crate::reload::Unedited;
use crate::rulebook::{Denied, Library, Rulebook, Tuning};
use crate::store::submission::{Decided, Fate, Submission};
use crate::web::problem::quoted;
use crate::web::stations::{no_area, station_named};
use crate::web::workbench::wrong_parameter;
use crate::web::{Web, json_of};
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use bongsu_rules::backtest::fits;
use bongsu_rules::language::edit::{Mode, in_mode, with_defaults};
use bongsu_rules::language::header::Setting;
use bongsu_rules::language::overrides::Where;
use bongsu_rules::language::{Host, Rule};
use bongsu_sensors::Source;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How long somebody waits for a commit; compiling the rules of a city comes before it.
const PATIENCE: Duration = Duration::from_secs(20);

/// Parameters set at once.
const PARAMETERS: usize = 64;

/// A text that is to be in force.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// All of the rule.
    text: String,
    /// Why.
    #[schema(min_length = 1)]
    reason: String,
}

/// It waits for a second person.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Submitted {
    submission: i64,
    needs_second: bool,
}

/// Submit another text of a rule, or, with `If-None-Match: *`, a new one: a second person puts it in force. A new rule
/// begins in shadow.
#[utoipa::path(put, path = "/api/v1/rules/{id}", tag = "rules",
    params(("id" = String, Path), ("If-Match" = Option<String>, Header, description = "the version that was read, in quotes"),
        ("If-None-Match" = Option<String>, Header, description = "`*`: the rule is new")),
    request_body = Text, responses((status = 200, body = Submitted), super::openapi::Faults))]
pub async fn submit(
    Extension(desk): Extension<Arc<Desk>>,
    who: Who,
    from: From,
    Path(id): Path<String>,
    headers: HeaderMap,
    Said(said): Said<Text>,
) -> Result<Response, Refusal> {
    let base = if is_new(&headers) { String::new() } else { seen(&headers)? };
    wait_for_second(&desk, &who, &from, &id, &base, said).await
}

/// Whether a text may be submitted in the place of the version that was seen; of none, as a new rule.
fn may_be_submitted(library: &Library, id: &str, base: &str, text: &str) -> Result<(), Problem> {
    match library.rule(id) {
        None if base.is_empty() => Ok(()),
        None => Err(no_rule(id)),
        Some(_) if base.is_empty() => {
            let error = format!("there is a rule {} already", quoted(id));
            Err(Problem::of(412, error, "give the new rule another id, or change that one"))
        }
        Some(rule) if Library::version(rule) != base => Err(refused(Denied::Changed, id)),
        Some(rule) if rule.source.text == text => Err(refused(Denied::Same, id)),
        Some(_) => Ok(()),
    }
}

/// What nobody has seen at work speaks to nobody at first.
fn begins_in_shadow(text: &str) -> Result<(), Problem> {
    let rule = Host::new().compile(&Source::new("", text));
    match rule.is_ok_and(|rule| rule.header.shadow) {
        true => Ok(()),
        false => Err(Problem::bad_request(
            "a new rule begins in shadow",
            "write mode = \"shadow\" in its header, and change the mode when it has been seen at work",
        )),
    }
}

async fn wait_for_second(
    desk: &Desk,
    who: &Who,
    from: &From,
    id: &str,
    base: &str,
    said: Text,
) -> Result<Response, Refusal> {
    let reason = text("reason", &said.reason)?;
    let library = read(desk).await?;
    may_be_submitted(&library, id, base, &said.text)?;
    let mistakes = mistakes(desk, id, &said.text).await?;
    if !mistakes.is_empty() {
        return Err(Refusal::broken(&mistakes, &said.text));
    }
    if base.is_empty() {
        begins_in_shadow(&said.text)?;
    }
    let audit = desk.draft(who, &from.0, "rule.submit", id, &reason);
    let wanted = Submission {
        id: 0,
        rule: id.to_owned(),
        base: base.to_owned(),
        text: said.text,
        author: who.name.clone(),
        session: who.session.clone(),
        reason,
        // As everything else that is told of a rule; the audit has the system's.
        time: desk.city_now(),
        fate: Fate::Waiting,
        by: None,
        decided: None,
        answer: None,
    };
    let number = desk.submit_rule(wanted, audit).await?;
    let submission = number.ok_or_else(|| {
        Problem::of(409, "too many texts of this rule wait already", "have somebody decide on them first")
    })?;
    Ok(json_of(&Submitted { submission, needs_second: true }))
}

/// The text of a rule in force with something in it changed.
async fn edited(desk: &Desk, id: &str, edit: impl FnOnce(&Rule) -> Result<String, Refusal>) -> Result<String, Refusal> {
    let library = read(desk).await?;
    edit(library.rule(id).ok_or_else(|| no_rule(id))?)
}

/// A mode that is to be in force.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// shadow: recorded and never shown; propose: every level waits for a person; live: as its release says.
    #[schema(value_type = String, example = "shadow")]
    mode: Mode,
    /// Why.
    #[schema(min_length = 1)]
    reason: String,
}

/// Submit a rule in another mode: its text with that word changed, which a second person puts in force.
#[utoipa::path(post, path = "/api/v1/rules/{id}/mode", tag = "rules",
    params(("id" = String, Path), ("If-Match" = String, Header, description = "the version that was read, in quotes")),
    request_body = Wanted, responses((status = 200, body = Submitted), super::openapi::Faults))]
pub async fn mode(
    Extension(desk): Extension<Arc<Desk>>,
    who: Who,
    from: From,
    Path(id): Path<String>,
    headers: HeaderMap,
    Said(Wanted { mode, reason }): Said<Wanted>,
) -> Result<Response, Refusal> {
    let base = seen(&headers)?;
    let text = edited(&desk, &id, |rule| Ok(in_mode(&rule.source, mode))).await?;
    wait_for_second(&desk, &who, &from, &id, &base, Text { text, reason }).await
}

/// Parameters that a rule is to have by itself.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Defaults {
    /// By name: numbers, or durations as text. Those not named stay as they are.
    #[schema(value_type = Object, example = json!({"lead_min": 45, "trend": "2h"}))]
    set: BTreeMap<String, Value>,
    /// Why.
    #[schema(min_length = 1)]
    reason: String,
}

/// Submit a rule with other defaults: its text with these numbers changed, which a second person puts in force.
#[utoipa::path(post, path = "/api/v1/rules/{id}/defaults", tag = "rules",
    params(("id" = String, Path), ("If-Match" = String, Header, description = "the version that was read, in quotes")),
    request_body = Defaults, responses((status = 200, body = Submitted), super::openapi::Faults))]
pub async fn defaults(
    Extension(desk): Extension<Arc<Desk>>,
    who: Who,
    from: From,
    Path(id): Path<String>,
    headers: HeaderMap,
    Said(Defaults { set, reason }): Said<Defaults>,
) -> Result<Response, Refusal> {
    let base = seen(&headers)?;
    let set: Vec<(String, Setting)> = set.into_iter().map(|(name, value)| (name, value.setting())).collect();
    let with_set = |rule: &Rule| {
        fits(&rule.header, &set).map_err(|wrong| wrong_parameter(&wrong))?;
        Ok(with_defaults(&rule.source, &set))
    };
    let text = edited(&desk, &id, with_set).await?;
    wait_for_second(&desk, &who, &from, &id, &base, Text { text, reason }).await
}

/// How things stand after a change.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Changed {
    /// The version of the rule in force.
    version: String,
    /// What the overrides in force are called by.
    overrides_version: String,
}

/// Does something with the rules where no socket waits for it, and answers how things stand.
async fn done(
    desk: &Desk,
    id: &str,
    work: impl FnOnce(&Rulebook) -> Result<(), Unedited<Denied>> + Send + 'static,
) -> Result<Response, Refusal> {
    let book = desk.rulebook()?;
    let work = tokio::task::spawn_blocking(move || work(&book).map(|()| book.rules()));
    let library = match tokio::time::timeout(PATIENCE, work).await {
        Ok(Ok(done)) => done.map_err(|why| unedited(why, id))?,
        Ok(Err(cause)) => return Err(Problem::unreadable(&cause).into()),
        Err(_) => return Err(Fault::Late.into()),
    };
    let version = library.rule(id).map(|rule| Library::version(rule)).unwrap_or_default();
    Ok(json_of(&Changed { version, overrides_version: library.overrides_version() }))
}

/// A submission of a rule that still waits.
async fn waiting(web: &Web, id: &str, number: &str) -> Result<Submission, Problem> {
    let rule = id.to_owned();
    let all = web.shared.readers.read(move |reader| reader.submissions(Some(&rule))).await?;
    let number: Option<i64> = number.parse().ok();
    let found = all.into_iter().find(|one| Some(one.id) == number);
    let remedy = "GET /api/v1/rules/{id} lists the submissions";
    let found = found.ok_or_else(|| Problem::not_found("there is no such submission", remedy))?;
    if found.fate != Fate::Waiting {
        return Err(Problem::of(409, "it is decided already", remedy));
    }
    Ok(found)
}

/// Whether somebody who may change rules is the second person for a text.
pub(super) fn is_second(submission: &Submission, who: &Who) -> Result<(), Problem> {
    if submission.author == who.name || submission.session == who.session {
        let error = "its author cannot put it in force";
        return Err(Problem::of(409, error, "have somebody else read it, with an account and a session of their own"));
    }
    if who.csrf.is_none() {
        return Err(Problem::of(409, "a program is no second person", "have a person read it at the console"));
    }
    Ok(())
}

/// Put a submitted text in force: another account, in another session, than its author's.
#[utoipa::path(post, path = "/api/v1/rules/{id}/submissions/{number}/approve", tag = "rules",
    params(("id" = String, Path), ("number" = i64, Path)),
    responses((status = 200, body = Changed), super::openapi::Faults))]
pub async fn approve(
    State(web): State<Web>,
    Extension(desk): Extension<Arc<Desk>>,
    who: Who,
    from: From,
    Path((id, number)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let found = waiting(&web, &id, &number).await?;
    is_second(&found, &who)?;
    let detail = format!("submission {} by {}: {}", found.id, found.author, found.reason);
    let audit = desk.draft(&who, &from.0, "rule.approve", &id, &detail);
    let decided =
        Decided { id: found.id, fate: Fate::Approved, by: who.name, at: desk.city_now(), answer: String::new() };
    let signed = Signed { audit: Some(audit), decided: Some(decided) };
    let rule = id.clone();
    done(&desk, &id, move |book| book.put(signed, &rule, &found.base, &found.text, &found.author)).await
}

/// Why.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// Why.
    #[schema(min_length = 1)]
    reason: String,
}

/// Say no to a submitted text; its author takes it back with the same.
#[utoipa::path(post, path = "/api/v1/rules/{id}/submissions/{number}/reject", tag = "rules",
    params(("id" = String, Path), ("number" = i64, Path)), request_body = Reason,
    responses((status = 204, description = "it is decided"), super::openapi::Faults))]
pub async fn reject(
    State(web): State<Web>,
    Extension(desk): Extension<Arc<Desk>>,
    who: Who,
    from: From,
    Path((id, number)): Path<(String, String)>,
    Said(said): Said<Reason>,
) -> Result<axum::http::StatusCode, Refusal> {
    let answer = text("reason", &said.reason)?;
    let found = waiting(&web, &id, &number).await?;
    let (fate, action) = match found.author == who.name {
        true => (Fate::Withdrawn, "rule.withdraw"),
        false => (Fate::Rejected, "rule.reject"),
    };
    let detail = format!("submission {} by {}: {answer}", found.id, found.author);
    let audit = desk.draft(&who, &from.0, action, &id, &detail);
    desk.refuse_rule(Decided { id: found.id, fate, by: who.name, at: desk.city_now(), answer }, audit).await?;
    Ok(axum::http::StatusCode::NO_CONTENT)
}

/// An earlier version that is to be in force again.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Earlier {
    /// Its hash.
    hash: String,
    /// Why.
    #[schema(min_length = 1)]
    reason: String,
}

/// Put an earlier version of a rule back in force. It was in force before, so that one person may.
#[utoipa::path(post, path = "/api/v1/rules/{id}/rollback", tag = "rules",
    params(("id" = String, Path), ("If-Match" = String, Header, description = "the version that was read, in quotes")),
    request_body = Earlier, responses((status = 200, body = Changed), super::openapi::Faults))]
pub async fn rollback(
    State(web): State<Web>,
    Extension(desk): Extension<Arc<Desk>>,
    who: Who,
    from: From,
    Path(id): Path<String>,
    headers: HeaderMap,
    Said(Earlier { hash, reason }): Said<Earlier>,
) -> Result<Response, Refusal> {
    let (base, reason) = (seen(&headers)?, text("reason", &reason)?);
    let rule = id.clone();
    let versions = web.shared.readers.read(move |reader| reader.rule_versions(&rule)).await?;
    let found = versions.into_iter().rev().find(|version| version.hash == hash).and_then(|version| version.text);
    let remedy = "GET /api/v1/rules/{id} lists its versions";
    let old = found.ok_or_else(|| Problem::not_found("the rule has no such version", remedy))?;
    let audit = desk.draft(&who, &from.0, "rule.rollback", &id, &format!("to {hash}: {reason}"));
    let signed = Signed { audit: Some(audit), decided: None };
    let rule = id.clone();
    done(&desk, &id, move |book| book.put(signed, &rule, &base, &old, &who.name)).await
}

/// Parameters that are to hold at a place.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Override {
    #[serde(default)]
    station: Option<String>,
    /// With all that lies in it. Neither a station nor an area: everywhere.
    #[serde(default)]
    area: Option<String>,
    /// All that differ there, by name: numbers, or durations as text. They take the place of those set there before.
    #[schema(value_type = Object, example = json!({"lead_min": 45, "trend": "2h"}))]
    set: BTreeMap<String, Value>,
    /// Why.
    #[schema(min_length = 1)]
    reason: String,
}

fn place(web: &Web, station: Option<String>, area: Option<String>) -> Result<Where, Problem> {
    let city = web.shared.catalog();
    match (station, area) {
        (None, None) => Ok(Where::City),
        (Some(_), Some(_)) => Err(Problem::bad_request("both a station and an area are named", "name one of them")),
        (Some(name), None) => {
            city.map(|city| station_named(&city, &name).map(|_| ())).transpose()?;
            Ok(Where::Station(name))
        }
        (None, Some(name)) => match city {
            Some(city) if city.area_named(&name).is_none() => Err(no_area(&city, &name)),
            _ => Ok(Where::Area(name)),
        },
    }
}

/// Set parameters of a rule at a place, within the ranges of its header.
#[utoipa::path(post, path = "/api/v1/rules/{id}/overrides", tag = "rules",
    params(("id" = String, Path),
        ("If-Match" = String, Header, description = "the overrides_version that was read, in quotes")),
    request_body = Override, responses((status = 200, body = Changed), super::openapi::Faults))]
pub async fn tune(
    State(web): State<Web>,
    Extension(desk): Extension<Arc<Desk>>,
    who: Who,
    from: From,
    Path(id): Path<String>,
    headers: HeaderMap,
    Said(said): Said<Override>,
) -> Result<Response, Refusal> {
    let Override { station, area, set, reason } = said;
    let (base, reason) = (seen(&headers)?, text("reason", &reason)?);
    if set.is_empty() || set.len() > PARAMETERS {
        let remedy = "name the parameters that differ; POST …/overrides/remove takes them back";
        return Err(Problem::bad_request("no parameter is set, or more than a rule has", remedy).into());
    }
    let place = place(&web, station, area)?;
    let library = read(&desk).await?;
    let rule = library.rule(&id).ok_or_else(|| no_rule(&id))?;
    let mut settings = Vec::new();
    for (name, value) in set {
        let setting = value.setting();
        let param = rule.header.params.iter().find(|param| param.name == name).ok_or_else(|| {
            crate::web::parameters::unknown("set", &name, rule.header.params.iter().map(|param| param.name.as_str()))
        })?;
        if !param.admits(&setting) {
            let error = format!("{setting} lies outside the range of {name:?}");
            return Err(Problem::bad_request(error, format!("write {} to {}", param.min, param.max)).into());
        }
        settings.push((name, setting));
    }
    let tuning = Tuning { rule: id.clone(), place, set: settings, author: who.name.clone(), reason };
    tuned(&desk, &who, &from, base, tuning, "rule.override").await
}

/// A place at which nothing is to be set any more.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Gone {
    #[serde(default)]
    station: Option<String>,
    /// Neither a station nor an area: what is set everywhere.
    #[serde(default)]
    area: Option<String>,
    /// Why.
    #[schema(min_length = 1)]
    reason: String,
}

/// Take back what is set of a rule at a place.
#[utoipa::path(post, path = "/api/v1/rules/{id}/overrides/remove", tag = "rules",
    params(("id" = String, Path),
        ("If-Match" = String, Header, description = "the overrides_version that was read, in quotes")),
    request_body = Gone, responses((status = 200, body = Changed), super::openapi::Faults))]
pub async fn untune(
    State(web): State<Web>,
    Extension(desk): Extension<Arc<Desk>>,
    who: Who,
    from: From,
    Path(id): Path<String>,
    headers: HeaderMap,
    Said(Gone { station, area, reason }): Said<Gone>,
) -> Result<Response, Refusal> {
    let (base, reason) = (seen(&headers)?, text("reason", &reason)?);
    let place = place(&web, station, area)?;
    let tuning = Tuning { rule: id, place, set: Vec::new(), author: who.name.clone(), reason };
    tuned(&desk, &who, &from, base, tuning, "rule.override.remove").await
}

async fn tuned(
    desk: &Desk,
    who: &Who,
    from: &From,
    base: String,
    tuning: Tuning,
    action: &str,
) -> Result<Response, Refusal> {
    let at = match &tuning.place {
        Where::Station(name) | Where::Area(name) => name.as_str(),
        Where::City => "everywhere",
    };
    let set: Vec<String> = tuning.set.iter().map(|(name, setting)| format!("{name} = {setting}")).collect();
    let detail = format!("{at}: {}; {}", set.join(", "), tuning.reason);
    let signed = Signed { audit: Some(desk.draft(who, &from.0, action, &tuning.rule, &detail)), decided: None };
    let rule = tuning.rule.clone();
    done(desk, &rule, move |book| book.tune(signed, &base, &tuning)).await
}
