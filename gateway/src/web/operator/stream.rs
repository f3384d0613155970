//! Every transition as a server-sent event, for consoles. A client that comes back says which one it saw last.

use super::Problem;
use crate::people::Who;
use crate::web::Web;
use crate::web::events::last_seen;
use crate::web::journal::Said;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::Response;
use bytes::Bytes;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

/// How often a silent stream says that it is alive.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// A stream ends after so long: whoever is still allowed asks again.
const LASTS: Duration = Duration::from_secs(15 * 60);

/// Transitions looked at in one go.
const PAGE: usize = 64;

fn frame(web: &Web, said: &Said) -> Bytes {
    let alert = web.shared.for_operators(&said.transition.incident);
    format!("id: {}\nevent: alert\ndata: {alert}\n\n", said.id).into()
}

/// The next bytes after an event; `None` ends the stream.
async fn next(web: &Web, cursor: i64, until: tokio::time::Instant) -> Option<(Bytes, i64)> {
    loop {
        let mut bell = web.shared.journal.bell();
        bell.mark_unchanged();
        let page = match web.shared.journal.after(cursor, PAGE) {
            Some(page) => page,
            None => {
                let read = web.shared.readers.read(move |reader| reader.transitions_after(cursor, PAGE));
                read.await.ok()?.into_iter().map(|(id, transition)| Arc::new(Said::new(id, transition))).collect()
            }
        };
        if let Some(last) = page.last() {
            let frames: Vec<u8> = page.iter().flat_map(|said| frame(web, said).to_vec()).collect();
            return Some((frames.into(), last.id));
        }
        tokio::select! {
            () = web.stop.cancelled() => return None,
            () = tokio::time::sleep_until(until) => return None,
            rung = bell.changed() => rung.ok()?,
            () = tokio::time::sleep(KEEP_ALIVE) => return Some((Bytes::from_static(b":\n\n"), cursor)),
        }
    }
}

/// Every transition, as it comes.
#[utoipa::path(get, path = "/api/v1/events", tag = "alerts",
    params(("last_event_id" = Option<u64>, Query, description = "go on after this event"),
        ("last-event-id" = Option<u64>, Header, description = "the same, as browsers say it")),
    responses((status = 200, body = String, content_type = "text/event-stream"), super::openapi::Faults))]
pub async fn events(State(web): State<Web>, uri: Uri, headers: HeaderMap, _: Who) -> Result<Response, Problem> {
    let newest = web.shared.journal.newest();
    let cursor = last_seen(&uri, &headers)?.filter(|last| *last <= newest).unwrap_or(newest);
    let until = tokio::time::Instant::now() + LASTS;
    let hello = Bytes::from(format!("retry: 2000\nid: {cursor}\n\n"));
    let begin = futures_util::stream::once(async { Ok::<Bytes, Infallible>(hello) });
    let rest = futures_util::stream::unfold((web, cursor), move |(web, cursor)| async move {
        let (frame, cursor) = next(&web, cursor, until).await?;
        Some((Ok::<Bytes, Infallible>(frame), (web, cursor)))
    });
    let mut response = Response::new(Body::from_stream(futures_util::StreamExt::chain(begin, rest)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}
