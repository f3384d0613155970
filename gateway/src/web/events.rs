//! `/events`: what is issued, as server-sent events, exactly once each and without a gap, over reconnections and
//! restarts.
//!
//! An event's id is the id of its transition in the store. A client that names the last one it saw (`Last-Event-ID`, or
//! `?last_event_id=`) gets everything after it: from memory, or from the store where memory does not reach back so far.
//! One that names none begins with the incidents that live now. A client holds a cursor, so a slow one costs nothing
//! but its socket; one that takes nothing for half a minute is cut off by the listener and resumes.

use super::Web;
use super::journal::Said;
use super::parameters::Parameters;
use super::problem::{Problem, quoted};
use super::shared::Shared;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::Response;
use bongsu_sensors::Level;
use bytes::Bytes;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

/// How often a silent stream says that it is alive.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Transitions looked at in one go.
const PAGE: usize = 64;

/// Clients reconnect after 1 to 4 seconds, each after its own time, so that they do not all come back at once.
const RETRY_MS: std::ops::Range<u64> = 1_000..4_000;

/// `GET /events`.
pub async fn events(State(web): State<Web>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    let stream = Stream::begin(web.shared, web.stop, last_seen(&uri, &headers)?);
    let frames = futures_util::stream::unfold(stream, |mut stream| async {
        let frame = stream.next().await?;
        Some((Ok::<Bytes, Infallible>(frame), stream))
    });
    let mut response = Response::new(Body::from_stream(frames));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies that buffer would hold an alert back.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// The id of the last event a client has seen, where it says one.
pub(super) fn last_seen(uri: &Uri, headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    let parameters = Parameters::read(uri, &["last_event_id"])?;
    // A browser that reconnects says the header and still the address it began with: the header is newer.
    let header = headers.get("last-event-id").and_then(|value| value.to_str().ok()).filter(|id| !id.is_empty());
    let last = header.or(parameters.get("last_event_id")).map(|text| {
        text.trim().parse::<i64>().ok().filter(|id| *id >= 0).ok_or_else(|| {
            let error = format!("{} is no id of an event", quoted(text));
            Problem::bad_request(error, "write the id of the last event you saw, a whole number, or none at all")
        })
    });
    last.transpose()
}

/// Counts a client for as long as it is there.
#[derive(Debug)]
struct Listener(Arc<Shared>);

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.metrics.listeners.dec();
    }
}

/// One client's stream.
struct Stream {
    shared: Arc<Shared>,
    stop: CancellationToken,
    /// The id of the last transition that was looked at.
    cursor: i64,
    /// What is ready to be sent: at most a page of shared frames.
    ready: VecDeque<Bytes>,
    bell: watch::Receiver<i64>,
    keep_alive: Interval,
    _listener: Listener,
}

impl Stream {
    fn begin(shared: Arc<Shared>, stop: CancellationToken, last: Option<i64>) -> Stream {
        static CLIENTS: AtomicU64 = AtomicU64::new(0);
        shared.metrics.listeners.inc();
        let listener = Listener(shared.clone());
        let mut keep_alive = tokio::time::interval_at(Instant::now() + KEEP_ALIVE, KEEP_ALIVE);
        keep_alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let spread = CLIENTS.fetch_add(997, Ordering::Relaxed) % (RETRY_MS.end - RETRY_MS.start);
        let hello = Bytes::from(format!("retry: {}\n\n", RETRY_MS.start + spread));
        let bell = shared.journal.bell();
        let mut stream =
            Stream { shared, stop, cursor: 0, ready: VecDeque::new(), bell, keep_alive, _listener: listener };
        stream.ready.push_back(hello);
        match last {
            // An id from the future is one of another store: the client starts anew.
            Some(last) if last <= stream.shared.journal.newest() => stream.cursor = last,
            _ => stream.show_what_lives(),
        }
        stream
    }

    /// The incidents that live, and the cursor after them.
    fn show_what_lives(&mut self) {
        let shared = self.shared.clone();
        let board = shared.board();
        let mut live = board.public(shared.pulse().now);
        self.cursor = shared.journal.newest();
        drop(board);
        live.sort_by_key(|said| said.id);
        let is_live =
            |said: &Arc<Said>| said.public(shared.settings.status).is_some_and(|message| message.level > Level::None);
        self.take(live.into_iter().filter(is_live));
        // An id without data: the client remembers where it stands and shows nothing.
        self.ready.push_back(Bytes::from(format!("id: {}\n\n", self.cursor)));
    }

    /// Readies those of these transitions that are public.
    fn take(&mut self, said: impl Iterator<Item = Arc<Said>>) {
        let catalog = self.shared.catalog();
        for said in said {
            if let Some(message) = said.public(self.shared.settings.status) {
                self.ready.push_back(said.frame(message, self.shared.context(&catalog)));
            }
        }
    }

    /// The next bytes for the client; `None` ends the stream.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                return Some(frame);
            }
            self.bell.mark_unchanged();
            let page = match self.shared.journal.after(self.cursor, PAGE) {
                Some(page) => page,
                // Where the store does not answer the stream ends, and the client asks again from where it stood.
                None => self.stored().await?,
            };
            if let Some(last) = page.last() {
                self.cursor = last.id;
                self.take(page.into_iter());
                continue;
            }
            tokio::select! {
                () = self.stop.cancelled() => return None,
                rung = self.bell.changed() => rung.ok()?,
                _ = self.keep_alive.tick() => return Some(Bytes::from_static(b":\n\n")),
            }
        }
    }

    /// The next transitions from the store.
    async fn stored(&self) -> Option<Vec<Arc<Said>>> {
        let cursor = self.cursor;
        let page = self.shared.readers.read(move |reader| reader.transitions_after(cursor, PAGE)).await.ok()?;
        Some(page.into_iter().map(|(id, transition)| Arc::new(Said::new(id, transition))).collect())
    }
}
