//! The small scripts of the pages: sorting what is near, what only a device can add to forms, and the service worker
//! that keeps *what to do* for when there is no network. They only add to pages that can be read without them.

use super::super::Web;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};

const PAGE: &str = include_str!("page.js");
const FORM: &str = include_str!("form.js");
const WORKER: &str = include_str!("worker.js");

const JAVASCRIPT: HeaderValue = HeaderValue::from_static("text/javascript; charset=utf-8");

/// `GET /page.js`.
pub async fn page() -> Response {
    ([(header::CONTENT_TYPE, JAVASCRIPT)], PAGE).into_response()
}

/// `GET /form.js`.
pub async fn form() -> Response {
    ([(header::CONTENT_TYPE, JAVASCRIPT)], FORM).into_response()
}

/// `GET /worker.js`: the service worker. It may answer for every page of the site, wherever the city put it.
pub async fn worker(State(web): State<Web>) -> Response {
    let mut scope = web.shared.base_path().to_owned();
    scope.push('/');
    let scope = HeaderValue::from_str(&scope).unwrap_or(HeaderValue::from_static("/"));
    // A script that is asked for by another has a policy of its own: this one fetches from the site alone.
    let policy = HeaderValue::from_static("default-src 'none'; connect-src 'self'");
    let headers = [
        (header::CONTENT_TYPE, JAVASCRIPT),
        (HeaderName::from_static("service-worker-allowed"), scope),
        (header::CONTENT_SECURITY_POLICY, policy),
    ];
    (headers, WORKER).into_response()
}
