//! Texts of rules that wait for a second person, and which of them wait for whoever asks.

use super::Problem;
use super::change::is_second;
use super::rulebook::read;
use crate::desk::Desk;
use crate::people::Who;
use crate::people::role::Ability;
use crate::rulebook::Library;
use crate::store::submission::Submission;
use crate::web::{Web, json_of};
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use bongsu_rules::language::diff::{Change, diff};
use bongsu_sensors::{Source, Time};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A text that waits for a second person.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Review {
    /// The submission.
    id: i64,
    rule: String,
    /// Of the rule in force, by language; empty: it is new.
    #[schema(value_type = Object)]
    title: BTreeMap<String, String>,
    author: String,
    #[schema(value_type = String, format = DateTime)]
    time: Time,
    reason: String,
    /// The rule has been changed since: it must be submitted anew.
    outdated: bool,
    /// Whoever asks may put it in force.
    for_you: bool,
    text: String,
    /// What it would change in what is in force now; of a new rule nothing.
    #[schema(value_type = Vec<Object>)]
    changes: Vec<Change>,
}

/// What waits.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Reviews {
    /// Newest first.
    reviews: Vec<Review>,
}

fn review(library: &Library, who: &Who, one: Submission) -> Review {
    let rule = library.rule(&one.rule);
    let outdated = rule.map(|rule| Library::version(rule)).unwrap_or_default() != one.base;
    let for_you = !outdated && who.role.may(Ability::Rules) && is_second(&one, who).is_ok();
    let changes = rule.map(|rule| diff(&rule.source, &Source::new("", one.text.as_str()))).unwrap_or_default();
    let title = rule.map(|rule| rule.header.title.clone()).unwrap_or_default();
    let Submission { id, rule, author, time, reason, text, .. } = one;
    Review { id, rule, title, author, time, reason, outdated, for_you, text, changes }
}

/// Texts of rules that wait for a second person, and whether whoever asks can be it.
#[utoipa::path(get, path = "/api/v1/reviews", tag = "rules",
    responses((status = 200, body = Reviews), super::openapi::Faults))]
pub async fn list(
    State(web): State<Web>,
    Extension(desk): Extension<Arc<Desk>>,
    who: Who,
) -> Result<Response, Problem> {
    let waiting = web.shared.readers.read(|reader| reader.submissions(None)).await?;
    // What waits for nobody needs no library.
    if waiting.is_empty() {
        return Ok(json_of(&Reviews { reviews: Vec::new() }));
    }
    let library = read(&desk).await?;
    Ok(json_of(&Reviews { reviews: waiting.into_iter().map(|one| review(&library, &who, one)).collect() }))
}
