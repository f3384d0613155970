//! The operators' console: the page and its two files, from [`bongsu_dashboards`]. They hold no secret, so they are
//! served before anybody has logged in; everything they show comes from the API, which asks who wants to know.

use super::Web;
use crate::desk::Desk;
use crate::people::secret;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use bongsu_dashboards::{FILES, Facts, File, VIEWS, page};
use bongsu_rules::incident::Status;
use std::sync::Arc;

/// Only its own script and style run, it speaks to its own plane alone, and nobody frames it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The same for a page whose script may make style sheets that carry this page's own number, as the editor of rules does.
fn policy(nonce: &str) -> String {
    POLICY.replace("style-src 'self'", &format!("style-src 'self' 'nonce-{nonce}'"))
}

/// What the console is served under.
pub fn routes(desk: &Arc<Desk>) -> Router<Web> {
    let views = VIEWS.iter().fold(Router::new(), |router, path| router.route(path, get(index)));
    let views = views.layer(Extension(desk.clone()));
    FILES.iter().filter(|file| file.path != "/index.html").fold(views, |router, file| {
        let file: &'static File = file;
        router.route(file.path, get(move |headers: HeaderMap| async move { static_file(file, &headers) }))
    })
}

/// The page; what it must know before a login stands in its head.
async fn index(State(web): State<Web>, Extension(desk): Extension<Arc<Desk>>) -> Response {
    let shared = &*web.shared;
    let catalog = shared.catalog();
    let timezone = catalog.as_ref().and_then(|catalog| catalog.timezone.iana_name()).unwrap_or("UTC");
    let status = match shared.settings.status {
        Status::Actual => "Actual",
        Status::Exercise => "Exercise",
        Status::Test => "Test",
    };
    let (nonce, _) = secret();
    let (sender, public) = (&shared.settings.sender_name, &shared.settings.base_url);
    let label = |label: &Option<String>| label.clone().unwrap_or_default();
    let labels =
        desk.provider().map(|provider| (label(&provider.settings.label_ko), label(&provider.settings.label_en)));
    let login = labels.as_ref().map(|(ko, en)| (ko.as_str(), en.as_str()));
    let clock = if desk.is_by_system_clock() { "system" } else { "own" };
    let facts = Facts { sender, status, timezone, clock, public, nonce: &nonce, login };
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, &policy(&nonce)),
        // The number is good for one page.
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, page(&facts)).into_response()
}

fn static_file(file: &'static File, headers: &HeaderMap) -> Response {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|tag| tag.to_str().ok());
    let own: [(HeaderName, HeaderValue); 3] = [
        (header::CONTENT_TYPE, HeaderValue::from_static(file.kind)),
        (header::ETAG, HeaderValue::from_static(file.tag)),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    ];
    if known.is_some_and(|known| known.split(',').any(|tag| tag.trim() == file.tag)) {
        return (StatusCode::NOT_MODIFIED, own).into_response();
    }
    (own, file.bytes).into_response()
}
