//! The audit, for those who look at what was done.

use super::Problem;
use crate::people::Who;
use crate::store::audit::Audited;
use crate::web::parameters::Parameters;
use crate::web::{HANDLER_DEADLINE, Web, json_of};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Uri, header};
use axum::response::Response;
use bongsu_sensors::Time;
use bytes::Bytes;
use serde::Serialize;
use std::convert::Infallible;

/// Entries of a page.
const PAGE: usize = 200;

/// Entries read in one go of an export.
const CHUNK: usize = 1_000;

/// Entries, newest first.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Entries {
    entries: Vec<Audited>,
    /// Where the next page is; null: this was the last.
    next: Option<String>,
}

/// Who did what, newest first.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit",
    params(("from" = Option<String>, Query), ("to" = Option<String>, Query), ("who" = Option<String>, Query),
        ("page" = Option<u32>, Query, description = "go on before the entry of this number")),
    responses((status = 200, body = Entries), super::openapi::Faults))]
pub async fn list(State(web): State<Web>, uri: Uri, _: Who) -> Result<Response, Problem> {
    let parameters = Parameters::read(&uri, &["from", "to", "who", "page"])?;
    let from = parameters.time("from")?.unwrap_or(Time::from_millis(i64::MIN));
    let to = parameters.time("to")?.unwrap_or(Time::from_millis(i64::MAX));
    let most = usize::try_from(i64::MAX).unwrap_or(usize::MAX);
    let before = i64::try_from(parameters.count("page", most, most)?).unwrap_or(i64::MAX);
    let who = parameters.get("who").map(str::to_owned);
    let asked = who.clone();
    let read = move |reader: &crate::store::Reader| reader.audit((from, to), asked.as_deref(), before, PAGE);
    let entries = web.shared.readers.read(read).await?;
    let next = entries.last().filter(|_| entries.len() == PAGE).map(|last| format!("/api/v1/audit?page={}", last.id));
    Ok(json_of(&Entries { entries, next }))
}

/// All of it, one JSON object a line, oldest first.
#[utoipa::path(get, path = "/api/v1/audit/export", tag = "audit",
    responses((status = 200, body = String, content_type = "application/x-ndjson"), super::openapi::Faults))]
pub async fn export(State(web): State<Web>, _: Who) -> Response {
    let lines = futures_util::stream::unfold((web, 0_i64), |(web, after)| async move {
        let read = web.shared.readers.read(move |reader| reader.audit_after(after, CHUNK));
        let chunk = tokio::time::timeout(HANDLER_DEADLINE, read).await.ok()?.ok()?;
        let last = chunk.last()?.id;
        let mut text = Vec::new();
        for entry in &chunk {
            // Its keys are text, so writing it cannot fail.
            text.extend(serde_json::to_vec(entry).unwrap_or_default());
            text.push(b'\n');
        }
        Some((Ok::<Bytes, Infallible>(text.into()), (web, last)))
    });
    let mut response = Response::new(Body::from_stream(lines));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
