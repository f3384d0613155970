//! What requests carry: a JSON body of bounded size that is understood or explained, and who sends it.

use super::{From, Problem};
use crate::people::Who;
use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use serde::de::DeserializeOwned;

/// Bytes of a body: the longest honest one is a note.
const BODY_LIMIT: usize = 64 * 1024;

/// Longest text a person writes: a reason, a note.
const TEXT_LIMIT: usize = 4_000;

/// A JSON body.
pub struct Said<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Said<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Said<T>, Problem> {
        let (parts, body) = request.into_parts();
        // Forms of other sites' pages cannot say this without asking first.
        if !is(&parts.headers, "application/json") {
            let error = "the body is not said to be JSON";
            return Err(Problem::of(415, error, "send it with Content-Type: application/json"));
        }
        let body = bytes(body, BODY_LIMIT).await?;
        serde_json::from_slice(&body).map(Said).map_err(|wrong| {
            Problem::bad_request(format!("the body cannot be understood: {wrong}"), "see /api/openapi.json")
        })
    }
}

/// Whether the body is said to be of this type.
pub fn is(headers: &HeaderMap, wanted: &str) -> bool {
    let said = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    said.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(wanted)
}

/// A body of at most so many bytes.
pub async fn bytes(body: axum::body::Body, limit: usize) -> Result<Bytes, Problem> {
    let read = tokio::time::timeout(super::super::HANDLER_DEADLINE, to_bytes(body, limit)).await;
    let read = read.map_err(|_| Problem::of(408, "the body did not come in time", "send it at once"))?;
    read.map_err(|_| Problem::of(413, format!("a body has at most {limit} bytes"), "send less at once"))
}

impl<S: Send + Sync> FromRequestParts<S> for Who {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Who, Problem> {
        parts.extensions.get::<Who>().cloned().ok_or_else(super::stranger)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for From {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<From, Self::Rejection> {
        Ok(parts.extensions.get::<From>().cloned().unwrap_or(From("unknown".to_owned())))
    }
}

/// A text that a person must write.
pub fn text(key: &str, text: &str) -> Result<String, Problem> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Problem::bad_request(format!("{key} is empty"), "say why, for those who read it later"));
    }
    if text.len() > TEXT_LIMIT {
        return Err(Problem::bad_request(format!("{key} has more than {TEXT_LIMIT} bytes"), "write less"));
    }
    Ok(text.to_owned())
}
