//! What somebody who writes a rule begins with: a rule that is good already, and the manual of everything a rule may say.

use super::Problem;
use super::reading::Said;
use crate::template::{Template, Unknown, copied, written};
use crate::web::json_of;
use axum::extract::Path;
use axum::response::Response;
use bongsu_rules::language::edit::{Mode, in_mode};
use bongsu_rules::reference::{self, Chapter};
use bongsu_sensors::Source;
use bongsu_sensors::name::is_name;
use serde::{Deserialize, Serialize};
use std::sync::OnceLock;

/// What the rule is about.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// What it observes.
    #[serde(default)]
    #[schema(example = "river_stage")]
    kind: Option<String>,
    /// What it warns of.
    #[serde(default)]
    #[schema(example = "river_flood")]
    hazard: Option<String>,
    /// A rule that comes with the program, of which it is a copy; then neither kind nor hazard.
    #[serde(default)]
    from: Option<String>,
}

/// A rule to begin with.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Beginning {
    /// All of it. It is in shadow.
    text: String,
    /// Cases that it passes.
    cases: String,
}

/// A rule to begin with. Nothing is written and nothing in force by it.
#[utoipa::path(post, path = "/api/v1/rules/{id}/template", tag = "rules", params(("id" = String, Path)),
    request_body = About, responses((status = 200, body = Beginning), super::openapi::Faults))]
pub async fn template(Path(id): Path<String>, Said(about): Said<About>) -> Result<Response, Problem> {
    if !is_name(&id) || id.contains('.') {
        return Err(Problem::bad_request("that cannot name a rule", "use ASCII letters, digits, `-` and `_`"));
    }
    let made = match (&about.from, &about.kind, &about.hazard) {
        (Some(from), None, None) => copied(from, &id),
        (None, Some(kind), Some(hazard)) => written(&id, kind, hazard),
        _ => {
            return Err(Problem::bad_request("it is not said what the rule is about", "name kind and hazard, or from"));
        }
    };
    let Template { rule, cases } = made.map_err(|Unknown { error, remedy }| Problem::bad_request(error, remedy))?;
    let text = in_mode(&Source::new("", rule), Mode::Shadow);
    Ok(json_of(&Beginning { text, cases }))
}

/// The manual.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Manual {
    #[schema(value_type = Vec<Object>)]
    chapters: &'static [Chapter],
}

/// Everything a rule may say, with units, sources and check values.
#[utoipa::path(get, path = "/api/v1/reference", tag = "rules",
    responses((status = 200, body = Manual), super::openapi::Faults))]
pub async fn manual() -> Response {
    static CHAPTERS: OnceLock<Vec<Chapter>> = OnceLock::new();
    json_of(&Manual { chapters: CHAPTERS.get_or_init(reference::chapters) })
}
