//! The web: citizens' pages and public API on one listener, operators' API on another.
//!
//! It writes nothing and decides nothing: [`Shared`] is told what has become true, and handlers read it and the store.
//! What may reach the public is decided in one place, [`journal::Said::public`]; who may ask for what of operators, in
//! another, [`operator::ROUTES`]. Start at [`public`] and [`operators`].
//!
//! How it is wired: make a [`Shared`], [`Shared::recall`] the store, add [`WebVoice`](crate::voice::WebVoice) to the pipeline's voices, beat
//! [`Shared::heartbeat`], and run [`serve_public`] and [`serve_operator`] until their token is cancelled.

mod alerts;
mod areas;
mod arrow;
mod basemap;
mod board;
mod cache;
mod cap;
mod console;
mod deliveries;
mod desk;
mod events;
mod form;
// How each station speaks.
mod hearing;
// The newest transitions, and what of them is public.
pub mod journal;
mod listen;
mod metrics;
// What operators are served, and who may ask for it.
pub mod operator;
mod outreach;
mod page;
mod parameters;
mod problem;
mod readers;
mod shared;
// The OGC SensorThings API.
mod sta;
mod stations;
// What a sensor observed, hour by hour or day by day.
mod summaries;
mod workbench;

pub use metrics::Metrics;
pub use problem::Problem;
pub use shared::{CURRENT_FOR, Check, Committed, Pulse, Settings, Shared, WORKING};

use crate::desk::Desk;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Connections of the public plane: 15,000 readers of `/events` and those who only look.
const PUBLIC_CONNECTIONS: usize = 17_000;

/// Connections of the operator plane.
const OPERATOR_CONNECTIONS: usize = 256;

/// How long a handler may think before its client is told to come back.
const HANDLER_DEADLINE: Duration = Duration::from_secs(10);

/// What citizens may write: subscribe, confirm, unsubscribe, report.
const WRITTEN: [&str; 3] = ["/api/v1/subscriptions", "/subscriptions/", "/api/v1/reports"];

/// Whom a listener serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plane {
    Public,
    Operator,
}

/// What every handler gets.
#[derive(Clone, Debug)]
struct Web {
    shared: Arc<Shared>,
    plane: Plane,
    stop: CancellationToken,
}

/// What the public plane serves.
pub fn public(shared: Arc<Shared>, stop: CancellationToken) -> Router {
    let router = Router::new()
        .route("/", get(page::now))
        .route("/alerts/{incident}", get(page::incident))
        .route("/near", get(page::near))
        .route("/near.json", get(page::near_json))
        .route("/guide", get(page::guide))
        .route("/subscribe", get(page::subscribe))
        .route("/report", get(page::report))
        .route("/history", get(page::history))
        .route("/accessibility", get(page::accessibility))
        .route("/portal", get(page::portal))
        .route("/page.js", get(page::page_script))
        .route("/form.js", get(page::form_script))
        .route("/worker.js", get(page::worker_script))
        .route("/api/v1/areas", get(areas::list))
        .route("/api/v1/alerts", get(alerts::list))
        .route("/api/v1/alerts/{incident}", get(alerts::one))
        .route("/api/v1/stations", get(stations::list))
        .route("/api/v1/observations", get(stations::observations))
        .route("/sta/v1.1", get(sta::root))
        .route("/sta/v1.1/{*path}", get(sta::resource))
        .route("/events", get(events::events))
        .route("/cap/{file}", get(cap::message))
        .route("/feed.atom", get(cap::feed))
        .route("/api/v1/subscriptions", post(outreach::subscribe))
        .route("/api/v1/subscriptions/{token}", delete(outreach::unsubscribe))
        .route("/api/v1/push/key", get(outreach::push_key))
        .route("/api/v1/reports", post(outreach::report))
        .route("/subscriptions/{token}/{what}", get(outreach::ask).post(outreach::act))
        .layer(DefaultBodyLimit::max(outreach::BODY))
        .route("/healthz", get(healthz));
    finish(router, Web { shared, plane: Plane::Public, stop })
}

/// What the operator plane serves: the table in [`operator`], and the console that asks it.
pub fn operators(desk: &Arc<Desk>, stop: CancellationToken) -> Router {
    let router = operator::router(desk).merge(console::routes(desk));
    finish(router, Web { shared: desk.shared.clone(), plane: Plane::Operator, stop })
}

fn finish(router: Router<Web>, web: Web) -> Router {
    let is_public = web.plane == Plane::Public;
    router
        .fallback(async || Problem::no_such_path())
        .method_not_allowed_fallback(async || Problem::wrong_method())
        .layer(from_fn(move |request, next| guard(request, next, is_public)))
        .with_state(web)
}

/// Around every request: a deadline, and the headers that every answer has.
async fn guard(request: Request, next: Next, is_public: bool) -> Response {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    // What citizens may write is exactly this; which method each path takes, the router knows.
    let path = request.uri().path();
    let is_written = WRITTEN.iter().any(|known| path.starts_with(known));
    let mut response = if is_read || is_written || !is_public {
        // What changes something waits for its body and for its commit.
        let deadline = if is_read { HANDLER_DEADLINE } else { HANDLER_DEADLINE * 3 };
        let answer = tokio::time::timeout(deadline, next.run(request)).await;
        answer.unwrap_or_else(|_| Problem::busy().into_response())
    } else {
        Problem::wrong_method().into_response()
    };
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "no-referrer");
    // An answer of the API that somebody opens in a browser runs and loads nothing.
    set(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
    set(header::CACHE_CONTROL, "no-cache");
    if is_public {
        // What everybody may read, other sites' pages may read too.
        set(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    }
    response
}

/// `GET /healthz`: the process answers. Whether it does its work, `/readyz` says.
async fn healthz() -> (StatusCode, &'static str) {
    (StatusCode::OK, "ok\n")
}

/// A JSON answer from bytes.
fn json(body: impl Into<axum::body::Body>) -> Response {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A JSON answer.
fn json_of(value: &impl serde::Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => json(body),
        Err(cause) => Problem::unreadable(&cause).into_response(),
    }
}

/// Serves citizens until `stop` is cancelled; returns when the last connection is closed.
pub async fn serve_public(listener: TcpListener, shared: Arc<Shared>, stop: CancellationToken) {
    let router = public(shared, stop.clone());
    listen::serve(listener, router, PUBLIC_CONNECTIONS, stop).await;
}

/// Serves operators until `stop` is cancelled; returns when the last connection is closed.
pub async fn serve_operator(listener: TcpListener, desk: Arc<Desk>, stop: CancellationToken) {
    let router = operators(&desk, stop.clone());
    listen::serve(listener, router, OPERATOR_CONNECTIONS, stop).await;
}

#[cfg(test)]
pub(crate) mod tests;
