//! The operators' console: the page and its two files, from [`bongsu_dashboards`]. They hold no secret, so they are
//! served before anybody has logged in; everything they show comes from the API, which asks who wants to know.

use super::Web;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bongsu_dashboards::{FILES, Facts, File, VIEWS, page};
use bongsu_rules::incident::Status;

/// Only its own script and style run, it speaks to its own plane alone, and nobody frames it.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// What the console is served under.
pub fn routes() -> Router<Web> {
    let views = VIEWS.iter().fold(Router::new(), |router, path| router.route(path, get(index)));
    FILES.iter().filter(|file| file.path != "/index.html").fold(views, |router, file| {
        let file: &'static File = file;
        router.route(file.path, get(move |headers: HeaderMap| async move { static_file(file, &headers) }))
    })
}

/// The page; what it must know before a login stands in its head.
async fn index(State(web): State<Web>) -> Response {
    let shared = &*web.shared;
    let catalog = shared.catalog();
    let timezone = catalog.as_ref().and_then(|catalog| catalog.timezone.iana_name()).unwrap_or("UTC");
    let status = match shared.settings.status {
        Status::Actual => "Actual",
        Status::Exercise => "Exercise",
        Status::Test => "Test",
    };
    let facts = Facts { sender: &shared.settings.sender_name, status, timezone, public: &shared.settings.base_url };
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    ([(header::CONTENT_TYPE, kind), (header::CONTENT_SECURITY_POLICY, POLICY)], page(&facts)).into_response()
}

fn static_file(file: &'static File, headers: &HeaderMap) -> Response {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|tag| tag.to_str().ok());
    let own: [(HeaderName, HeaderValue); 3] = [
        (header::CONTENT_TYPE, HeaderValue::from_static(file.kind)),
        (header::ETAG, HeaderValue::from_static(file.tag)),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ];
    if known.is_some_and(|known| known.split(',').any(|tag| tag.trim() == file.tag)) {
        return (StatusCode::NOT_MODIFIED, own).into_response();
    }
    (own, file.bytes).into_response()
}
