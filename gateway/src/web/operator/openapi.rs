//! The description of all of it, for programs: made from the handlers themselves.

use super::{
    account, agency, alert, audit, begin, change, device, exercise, explain, login, oidc, proof, review, role, rule,
    rulebook, silence, stream, sweep, system, user,
};
use crate::web::{areas, basemap, deliveries, desk as duty, json, stations, summaries};
use axum::response::Response;
use std::sync::OnceLock;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

/// What is wrong, and what to ask instead.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub struct Wrong {
    /// What is wrong.
    error: String,
    /// What to ask instead.
    remedy: String,
}

/// What can be wrong with every request.
#[derive(utoipa::IntoResponses)]
pub enum Faults {
    /// The request cannot be understood.
    #[response(status = 400)]
    Bad(#[to_schema] Wrong),
    /// Nobody is logged in, or the credentials are wrong.
    #[response(status = 401)]
    Stranger(#[to_schema] super::Gone),
    /// The role may not do this, or the request does not prove that the console sent it.
    #[response(status = 403)]
    Forbidden(#[to_schema] Wrong),
    /// There is no such thing.
    #[response(status = 404)]
    Missing(#[to_schema] Wrong),
    /// The path is asked with another method.
    #[response(status = 405)]
    Method(#[to_schema] Wrong),
    /// The body did not come in time.
    #[response(status = 408)]
    Slow(#[to_schema] Wrong),
    /// It has changed since it was shown, or stands against what is asked.
    #[response(status = 409)]
    Conflict(#[to_schema] Wrong),
    /// It is no longer the version that the request names.
    #[response(status = 412)]
    Changed(#[to_schema] Wrong),
    /// The body is too long.
    #[response(status = 413)]
    Long(#[to_schema] Wrong),
    /// The body is of another type.
    #[response(status = 415)]
    Type(#[to_schema] Wrong),
    /// A rule would have mistakes.
    #[response(status = 422)]
    Broken(#[to_schema] rulebook::Broken),
    /// The request does not name the version that it changes.
    #[response(status = 428)]
    Unnamed(#[to_schema] Wrong),
    /// Too many wrong tries.
    #[response(status = 429)]
    Often(#[to_schema] Wrong),
    /// The store does not answer in time.
    #[response(status = 503)]
    Busy(#[to_schema] Wrong),
}

/// Incidents as operators see them.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub struct AlertList {
    /// The city's time.
    time: String,
    /// What is shown may be believed to be how things stand.
    current: bool,
    /// Those that wait for a person first.
    #[schema(value_type = Vec<Object>)]
    alerts: Vec<serde_json::Value>,
    /// With `at`: of each message that was said last by then, how many of its deliveries were pending, sent, rejected,
    /// expired or superseded at that moment; null: it is so old that not all of them are kept.
    #[schema(value_type = Option<BTreeMap<String, Option<BTreeMap<String, u64>>>>)]
    deliveries: Option<serde_json::Value>,
}

/// An incident with everything that a decision on it needs: the keys of the alert, and these.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub struct AlertDetail {
    /// The incident.
    incident: String,
    /// Its changes, oldest first.
    timeline: Vec<alert::Turn>,
    /// What people wrote down.
    notes: Vec<alert::Note>,
    /// What an approval must name; null: nothing is proposed.
    proposal_hash: Option<String>,
    /// How many must agree: one or two.
    required: String,
    /// Who agreed so far.
    approvals: Vec<alert::Approval>,
    /// How many people it reaches.
    population: Option<u64>,
    /// How many they are must be typed.
    type_population: bool,
    /// The area has no shape.
    lacks_geometry: bool,
    /// The texts that would be sent, by language, with their lengths; null: nothing is proposed.
    #[schema(value_type = Option<Object>)]
    preview: Option<serde_json::Value>,
    /// The class of cell broadcast it is proposed for; null: nothing is proposed.
    sending_class: Option<String>,
    /// Where it goes.
    channels: Vec<String>,
    /// The areas it speaks to.
    areas: Vec<String>,
}

/// GeoJSON.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub struct FeatureCollection {
    /// FeatureCollection.
    r#type: String,
    /// Of areas one for each: `code`, `kind`, `parent` and `name`, with a MultiPolygon or null. Of the base map one for
    /// each layer: `layer`, with a MultiPolygon or a MultiLineString.
    #[schema(value_type = Vec<Object>)]
    features: Vec<serde_json::Value>,
}

/// A rule that cannot decide somewhere.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub struct UndecidedPlace {
    rule: String,
    /// A station, an area or city.
    place: String,
    /// Since when; null: it can decide again.
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<String>,
    /// Why, where the rule itself failed; null: it lacks data.
    failure: Option<String>,
}

struct Keys;

impl Modify for Keys {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(super::COOKIE)));
        let bearer = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
        components.add_security_scheme("session", cookie);
        components.add_security_scheme("token", bearer);
        // Handlers of different files have the same names; programs that are made from this need different ones.
        for (path, item) in &mut document.paths.paths {
            let named = path.replace("/api/v1/", "").replace(['/', '-'], "_").replace(['{', '}'], "");
            let methods = [
                ("get", &mut item.get),
                ("put", &mut item.put),
                ("post", &mut item.post),
                ("delete", &mut item.delete),
            ];
            for (method, operation) in methods {
                if let Some(operation) = operation {
                    operation.operation_id = Some(format!("{method}_{named}"));
                }
            }
        }
    }
}

#[derive(OpenApi)]
#[openapi(
    info(title = "Bongsu for operators", description = "Incidents, decisions, people. Times are RFC 3339 in UTC."),
    modifiers(&Keys),
    security(("session" = []), ("token" = [])),
    paths(
        login::login, login::logout, login::invited, login::welcome, oidc::begin, oidc::callback, oidc::code,
        account::me, account::password, account::totp, role::list, review::list,
        alert::list, alert::one, alert::ack, alert::own, alert::note,
        alert::approve, alert::reject, alert::cancel, alert::end,
        silence::list, silence::add, silence::preview, silence::remove,
        exercise::list, exercise::begin, exercise::end,
        agency::report, agency::standing, rulebook::list, rulebook::one, explain::explain, rulebook::check, rule::try_out,
        sweep::begin, sweep::look, sweep::report, sweep::stop, proof::cases,
        begin::template, begin::manual, change::defaults,
        change::submit, change::mode, change::approve, change::reject, change::rollback, change::tune, change::untune,
        audit::list, audit::export,
        user::list, user::add, user::role, user::oidc, user::disable, user::tokens, user::add_token, user::revoke_token,
        device::add, device::rotate, device::revoke, system::devices, system::system, stream::events,
        stations::list, stations::observations, summaries::list, areas::list, basemap::list, duty::dead_letters, duty::undecided,
        deliveries::list, deliveries::reports,
    )
)]
struct Document;

/// The document as text.
pub fn text() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    // Its keys are text, so writing it cannot fail.
    TEXT.get_or_init(|| Document::openapi().to_json().unwrap_or_default())
}

/// `GET /api/openapi.json`.
pub async fn document() -> Response {
    json(text())
}
