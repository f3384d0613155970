//! The one error of the web: what is wrong with a request, and what to ask instead.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// How much of what a client wrote is said back to it.
const QUOTED: usize = 64;

/// Why a request is not answered as asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// What is wrong.
    pub error: String,
    /// What to ask instead.
    pub remedy: String,
}

#[derive(Serialize)]
struct Body<'a> {
    error: &'a str,
    remedy: &'a str,
}

impl Problem {
    /// A problem of the client's making.
    pub fn bad_request(error: impl Into<String>, remedy: impl Into<String>) -> Problem {
        Problem { status: StatusCode::BAD_REQUEST, error: error.into(), remedy: remedy.into() }
    }

    /// There is no such thing.
    pub fn not_found(error: impl Into<String>, remedy: impl Into<String>) -> Problem {
        Problem { status: StatusCode::NOT_FOUND, error: error.into(), remedy: remedy.into() }
    }

    /// A problem of any status.
    pub fn of(status: u16, error: impl Into<String>, remedy: impl Into<String>) -> Problem {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Problem { status, error: error.into(), remedy: remedy.into() }
    }

    /// There is no such path.
    pub fn no_such_path() -> Problem {
        Problem::not_found("there is no such path", "ask for /api/v1/alerts, /api/v1/stations or /api/v1/observations")
    }

    /// The path is only read.
    pub fn wrong_method() -> Problem {
        Problem {
            status: StatusCode::METHOD_NOT_ALLOWED,
            error: "this path can only be read".into(),
            remedy: "ask with GET".into(),
        }
    }

    /// The store did not answer in time, or too many ask at once.
    pub fn busy() -> Problem {
        Problem {
            status: StatusCode::SERVICE_UNAVAILABLE,
            error: "the store did not answer in time".into(),
            remedy: "ask again in a few seconds, or for a shorter span of time".into(),
        }
    }

    /// The store cannot be read. What SQLite says goes to the log, not to the client.
    pub fn unreadable(cause: &dyn std::fmt::Display) -> Problem {
        tracing::error!(%cause, "a web request could not read the store");
        Problem {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            error: "the store cannot be read".into(),
            remedy: "ask again later; the operator's log says why".into(),
        }
    }
}

/// What a client wrote, short enough to be said back.
pub fn quoted(text: &str) -> String {
    let short: String = text.chars().take(QUOTED).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    format!("{short:?}{more}")
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = Body { error: &self.error, remedy: &self.remedy };
        // Two texts always have a JSON form.
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}
