//! What operators are served, and who may ask for it: one table, [`ROUTES`]. What is not in it does not exist; what
//! needs somebody is asked of nobody else.

mod account;
mod agency;
mod alert;
mod audit;
mod begin;
mod change;
mod device;
mod exercise;
mod explain;
mod login;
mod oidc;
// The description of all of it, for programs.
pub mod openapi;
mod proof;
mod reading;
mod review;
mod role;
mod rule;
mod rulebook;
mod silence;
mod stream;
mod sweep;
mod system;
mod user;

use super::problem::Problem;
use super::{Web, areas, basemap, deliveries, desk as duty, healthz, json_of, stations, summaries};
use crate::command::Refused;
use crate::desk::{Desk, Fault};
use crate::people::role::Ability;
use crate::people::{Ended, Who, is_same};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get, post, put};
use axum::{Extension, Router};
use bongsu_rules::incident::Denial;
use std::net::SocketAddr;
use std::sync::Arc;

/// The cookie of a session.
pub const COOKIE: &str = "bongsu_session";

/// The header that a cookie's request carries where it changes something.
pub const CSRF: &str = "x-bongsu-csrf";

/// Whom a path is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Anybody who reaches the listener.
    Nothing,
    /// Somebody whose role may do this.
    Able(Ability),
}

/// One line of the table.
#[derive(Clone)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, with its parts in braces.
    pub path: &'static str,
    /// Whom it is for.
    pub needs: Needs,
    handler: fn() -> MethodRouter<Web>,
}

const fn route(method: Method, path: &'static str, needs: Needs, handler: fn() -> MethodRouter<Web>) -> Route {
    Route { method, path, needs, handler }
}

use Ability::{Audit, Decide, Exercise, Handle, Look, Own, People, Report, Rules, Silence};
use Needs::{Able, Nothing};

/// Everything that is served to operators. A body of requests is limited in [`reading`].
#[rustfmt::skip]
pub const ROUTES: &[Route] = &[
    route(Method::GET,    "/healthz",                          Nothing,        || get(healthz)),
    route(Method::GET,    "/readyz",                           Nothing,        || get(duty::readyz)),
    route(Method::GET,    "/metrics",                          Nothing,        || get(duty::metrics)),
    route(Method::GET,    "/api/openapi.json",                 Nothing,        || get(openapi::document)),
    route(Method::POST,   "/api/v1/login",                     Nothing,        || post(login::login)),
    route(Method::GET,    "/api/v1/welcome/{token}",           Nothing,        || get(login::invited)),
    route(Method::POST,   "/api/v1/welcome/{token}",           Nothing,        || post(login::welcome)),
    route(Method::GET,    "/api/v1/login/oidc",                Nothing,        || get(oidc::begin)),
    route(Method::GET,    "/api/v1/login/oidc/callback",       Nothing,        || get(oidc::callback)),
    route(Method::POST,   "/api/v1/login/oidc/code",           Nothing,        || post(oidc::code)),
    route(Method::POST,   "/api/v1/logout",                    Able(Own),      || post(login::logout)),
    route(Method::GET,    "/api/v1/me",                        Able(Own),      || get(account::me)),
    route(Method::POST,   "/api/v1/me/password",               Able(Own),      || post(account::password)),
    route(Method::POST,   "/api/v1/me/totp",                   Able(Own),      || post(account::totp)),
    route(Method::GET,    "/api/v1/roles",                     Able(Look),     || get(role::list)),
    route(Method::GET,    "/api/v1/alerts",                    Able(Look),     || get(alert::list)),
    route(Method::GET,    "/api/v1/alerts/{incident}",         Able(Look),     || get(alert::one)),
    route(Method::POST,   "/api/v1/alerts/{incident}/ack",     Able(Handle),   || post(alert::ack)),
    route(Method::POST,   "/api/v1/alerts/{incident}/own",     Able(Handle),   || post(alert::own)),
    route(Method::POST,   "/api/v1/alerts/{incident}/note",    Able(Handle),   || post(alert::note)),
    route(Method::POST,   "/api/v1/alerts/{incident}/approve", Able(Decide),   || post(alert::approve)),
    route(Method::POST,   "/api/v1/alerts/{incident}/reject",  Able(Decide),   || post(alert::reject)),
    route(Method::POST,   "/api/v1/alerts/{incident}/cancel",  Able(Decide),   || post(alert::cancel)),
    route(Method::POST,   "/api/v1/alerts/{incident}/end",     Able(Decide),   || post(alert::end)),
    route(Method::GET,    "/api/v1/silences",                  Able(Look),     || get(silence::list)),
    route(Method::POST,   "/api/v1/silences",                  Able(Silence),  || post(silence::add)),
    route(Method::POST,   "/api/v1/silences/preview",          Able(Silence),  || post(silence::preview)),
    route(Method::DELETE, "/api/v1/silences/{id}",             Able(Silence),  || delete(silence::remove)),
    route(Method::GET,    "/api/v1/exercises",                 Able(Look),     || get(exercise::list)),
    route(Method::POST,   "/api/v1/exercises",                 Able(Exercise), || post(exercise::begin)),
    route(Method::POST,   "/api/v1/exercises/{id}/end",        Able(Exercise), || post(exercise::end)),
    route(Method::GET,    "/api/v1/agency",                    Able(Look),     || get(agency::standing)),
    route(Method::POST,   "/api/v1/agency",                    Able(Report),   || post(agency::report)),
    route(Method::GET,    "/api/v1/rules",                     Able(Look),     || get(rulebook::list)),
    route(Method::GET,    "/api/v1/rules/{id}",                Able(Look),     || get(rulebook::one)),
    route(Method::GET,    "/api/v1/rules/{id}/explain",        Able(Look),     || get(explain::explain)),
    route(Method::GET,    "/api/v1/reviews",                   Able(Look),     || get(review::list)),
    route(Method::GET,    "/api/v1/reference",                 Able(Look),     || get(begin::manual)),
    route(Method::POST,   "/api/v1/rules/{id}/template",       Able(Rules),    || post(begin::template)),
    route(Method::PUT,    "/api/v1/rules/{id}",                Able(Rules),    || put(change::submit)),
    route(Method::POST,   "/api/v1/rules/{id}/check",          Able(Rules),    || post(rulebook::check)),
    route(Method::POST,   "/api/v1/rules/{id}/try",            Able(Rules),    || post(rule::try_out)),
    route(Method::POST,   "/api/v1/rules/{id}/cases",          Able(Rules),    || post(proof::cases)),
    route(Method::POST,   "/api/v1/rules/{id}/sweeps",         Able(Rules),    || post(sweep::begin)),
    route(Method::GET,    "/api/v1/rules/{id}/sweeps/{sweep}", Able(Rules),    || get(sweep::look)),
    route(Method::GET,    "/api/v1/rules/{id}/sweeps/{sweep}/report", Able(Rules), || get(sweep::report)),
    route(Method::DELETE, "/api/v1/rules/{id}/sweeps/{sweep}", Able(Rules),    || delete(sweep::stop)),
    route(Method::POST,   "/api/v1/rules/{id}/defaults",       Able(Rules),    || post(change::defaults)),
    route(Method::POST,   "/api/v1/rules/{id}/mode",           Able(Rules),    || post(change::mode)),
    route(Method::POST,   "/api/v1/rules/{id}/rollback",       Able(Rules),    || post(change::rollback)),
    route(Method::POST,   "/api/v1/rules/{id}/overrides",      Able(Rules),    || post(change::tune)),
    route(Method::POST,   "/api/v1/rules/{id}/overrides/remove", Able(Rules),  || post(change::untune)),
    route(Method::POST,   "/api/v1/rules/{id}/submissions/{number}/approve", Able(Rules), || post(change::approve)),
    route(Method::POST,   "/api/v1/rules/{id}/submissions/{number}/reject", Able(Rules), || post(change::reject)),
    route(Method::GET,    "/api/v1/audit",                     Able(Audit),    || get(audit::list)),
    route(Method::GET,    "/api/v1/audit/export",              Able(Audit),    || get(audit::export)),
    route(Method::GET,    "/api/v1/users",                     Able(People),   || get(user::list)),
    route(Method::POST,   "/api/v1/users",                     Able(People),   || post(user::add)),
    route(Method::POST,   "/api/v1/users/{name}/role",         Able(People),   || post(user::role)),
    route(Method::POST,   "/api/v1/users/{name}/oidc",         Able(People),   || post(user::oidc)),
    route(Method::POST,   "/api/v1/users/{name}/disable",      Able(People),   || post(user::disable)),
    route(Method::GET,    "/api/v1/tokens",                    Able(People),   || get(user::tokens)),
    route(Method::POST,   "/api/v1/tokens",                    Able(People),   || post(user::add_token)),
    route(Method::DELETE, "/api/v1/tokens/{id}",               Able(People),   || delete(user::revoke_token)),
    route(Method::GET,    "/api/v1/stations",                  Able(Look),     || get(stations::list)),
    route(Method::GET,    "/api/v1/areas",                     Able(Look),     || get(areas::list)),
    route(Method::GET,    "/api/v1/basemap",                   Able(Look),     || get(basemap::list)),
    route(Method::GET,    "/api/v1/observations",              Able(Look),     || get(stations::observations)),
    route(Method::GET,    "/api/v1/summaries",                 Able(Look),     || get(summaries::list)),
    route(Method::GET,    "/api/v1/dead-letters",              Able(Look),     || get(duty::dead_letters)),
    route(Method::GET,    "/api/v1/deliveries",                Able(Look),     || get(deliveries::list)),
    route(Method::GET,    "/api/v1/reports",                   Able(Look),     || get(deliveries::reports)),
    route(Method::GET,    "/api/v1/undecided",                 Able(Look),     || get(duty::undecided)),
    route(Method::GET,    "/api/v1/devices",                   Able(Look),     || get(system::devices)),
    route(Method::POST,   "/api/v1/devices",                   Able(People),   || post(device::add)),
    route(Method::POST,   "/api/v1/devices/{username}/rotate", Able(People),   || post(device::rotate)),
    route(Method::POST,   "/api/v1/devices/{username}/revoke", Able(People),   || post(device::revoke)),
    route(Method::GET,    "/api/v1/system",                    Able(Look),     || get(system::system)),
    route(Method::GET,    "/api/v1/events",                    Able(Look),     || get(stream::events)),
];

/// What of that is written down when it was seen: incidents, what people did, and what is personal. Stations and rivers
/// are nobody's secret. A path's own part, where it has one, is the subject.
#[rustfmt::skip]
pub const SEEN: &[(&str, &str)] = &[
    ("/api/v1/alerts",            "alert.list"),
    ("/api/v1/alerts/{incident}", "alert.view"),
    ("/api/v1/events",            "alert.stream"),
    ("/api/v1/silences",          "silence.list"),
    ("/api/v1/exercises",         "exercise.list"),
    ("/api/v1/audit",             "audit.view"),
    ("/api/v1/audit/export",      "audit.export"),
    ("/api/v1/users",             "user.list"),
    ("/api/v1/tokens",            "token.list"),
    ("/api/v1/deliveries",        "delivery.list"),
    ("/api/v1/reports",           "report.list"),
];

/// The table as a router.
pub(super) fn router(desk: &Arc<Desk>) -> Router<Web> {
    let with = |router: Router<Web>, route: &Route| {
        let seen = SEEN.iter().find(|(path, _)| *path == route.path && route.method == Method::GET);
        let door = Door { desk: desk.clone(), needs: route.needs, path: route.path, seen: seen.map(|(_, seen)| *seen) };
        router.route(route.path, (route.handler)().route_layer(from_fn_with_state(door, admit)))
    };
    ROUTES.iter().fold(Router::new(), with).layer(Extension(desk.clone()))
}

/// The address a request comes from.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// Where a request comes from, for the audit and for the brake on guessing.
#[derive(Clone, Debug)]
pub struct From(pub String);

#[derive(Clone)]
struct Door {
    desk: Arc<Desk>,
    needs: Needs,
    path: &'static str,
    /// Under which name the audit knows that somebody saw this.
    seen: Option<&'static str>,
}

impl Door {
    /// Whether what was answered is written down as seen by somebody.
    fn note(&self, who: &Who, from: &str, asked: &str) {
        let Some(action) = self.seen else { return };
        let own = self.path.split('/').zip(asked.split('/')).find(|(known, _)| known.starts_with('{'));
        self.desk.saw(who, from, action, own.map_or("", |(_, part)| part));
    }
}

/// Lets in who may ask.
async fn admit(State(door): State<Door>, mut request: Request, next: Next) -> Response {
    let from = address(&request);
    request.extensions_mut().insert(From(from.clone()));
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    if changes && !is_own_page(request.headers()) {
        return forbidden("this request comes from another site's page", "ask from the console itself").into_response();
    }
    let Able(ability) = door.needs else { return next.run(request).await };
    let Some(who) = recognise(&door.desk, request.headers()) else {
        let why = cookie(request.headers(), COOKIE).and_then(|secret| door.desk.people.why_ended(secret));
        return why.map_or_else(|| stranger().into_response(), gone);
    };
    if let (true, Some(csrf)) = (changes, &who.csrf) {
        let said = request.headers().get(CSRF).and_then(|value| value.to_str().ok());
        if !said.is_some_and(|said| is_same(said, csrf)) {
            let remedy = "send the header x-bongsu-csrf with the csrf of /api/v1/me";
            return forbidden("this request does not prove that the console sent it", remedy).into_response();
        }
    }
    if !who.role.may(ability) {
        let error = format!("the role {} may not do this", who.role.name());
        return forbidden(error, "ask somebody whose role may, or an administrator for another role").into_response();
    }
    request.extensions_mut().insert(who.clone());
    let asked = request.uri().path().to_owned();
    let answer = next.run(request).await;
    if answer.status().is_success() {
        door.note(&who, &from, &asked);
    }
    answer
}

/// Who a request's token or cookie belongs to.
fn recognise(desk: &Desk, headers: &HeaderMap) -> Option<Who> {
    let now = desk.now();
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        // A token that is wrong is not made good by a cookie.
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        return scheme.eq_ignore_ascii_case("bearer").then(|| desk.people.of_token(token.trim(), now))?;
    }
    desk.people.of_session(cookie(headers, COOKIE)?, now)
}

fn cookie<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == wanted).map(|(_, value)| value)
}

/// Whether the page that sends a request is ours: a browser says where a page is from, other programs say nothing.
fn is_own_page(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    origin.zip(host).is_some_and(|((_, origin), host)| origin.eq_ignore_ascii_case(host))
}

/// The address at the other end; behind a proxy on this machine, the one the proxy names last.
fn address(request: &Request) -> String {
    let Some(Peer(peer)) = request.extensions().get::<Peer>().copied() else { return "unknown".to_owned() };
    let named = request.headers().get("x-forwarded-for").and_then(|value| value.to_str().ok());
    let named = named.and_then(|names| names.rsplit(',').next()).and_then(|name| name.trim().parse().ok());
    let ip = named.filter(|_| peer.ip().is_loopback()).unwrap_or(peer.ip());
    ip.to_string()
}

const LOG_IN: &str = "log in with POST /api/v1/login, or send Authorization: Bearer TOKEN";

fn stranger() -> Problem {
    Problem::of(401, "nobody is logged in", LOG_IN)
}

/// Nobody is logged in any more.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub struct Gone {
    /// What is wrong.
    error: &'static str,
    /// What to ask instead.
    remedy: &'static str,
    /// Why the session ended; absent: there was none, or nobody else ended it.
    ended: Option<Ended>,
}

fn gone(ended: Ended) -> Response {
    let error = match ended {
        Ended::Role => "the role of the account was changed, which ended its sessions",
        Ended::Disabled => "the account was disabled",
        Ended::Password => "the password of the account was changed, which ended its sessions",
    };
    let mut response = json_of(&Gone { error, remedy: LOG_IN, ended: Some(ended) });
    *response.status_mut() = StatusCode::UNAUTHORIZED;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn forbidden(error: impl Into<String>, remedy: &str) -> Problem {
    Problem::of(403, error, remedy)
}

impl std::convert::From<Fault> for Problem {
    fn from(fault: Fault) -> Problem {
        let error = fault.to_string();
        let look = "ask for /api/v1/alerts/{incident} again, and decide on what it says now";
        match fault {
            Fault::Refused(Refused::Denied(Denial::NoSuchIncident)) => {
                Problem::of(404, error, "/api/v1/alerts lists the incidents that live")
            }
            Fault::Refused(Refused::Denied(Denial::NoSuchSilence)) => {
                Problem::of(404, error, "/api/v1/silences lists the silences in force")
            }
            Fault::Refused(Refused::Denied(denial)) => match denial {
                Denial::SilenceOfAll | Denial::SilenceOfNothing | Denial::SilenceTooLong | Denial::NoLevel => {
                    Problem::bad_request(error, "write it otherwise")
                }
                _ => Problem::of(409, error, look),
            },
            Fault::Refused(Refused::Changed(_)) => Problem::of(409, error, look),
            Fault::NoProvider => {
                Problem::of(409, error, "name the provider in the configuration first: docs/operators.md")
            }
            Fault::NoSubject => Problem::bad_request(error, "write the claim `sub` as the provider shows it"),
            Fault::Gone => Problem::of(409, error, "look at how it stands now, and try again"),
            Fault::Busy | Fault::Late | Fault::Stopping => Problem::of(503, error, "ask again in a few seconds"),
            Fault::Store(cause) => Problem::unreadable(&cause),
        }
    }
}
