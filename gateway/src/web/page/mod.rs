//! Citizens' pages: the situation now, one incident, what is near, what to do, how to be told, what one sees, what was
//! said. Written on the server, readable without JavaScript, in the reader's language, small enough for one bar of
//! signal.
//!
//! Every text passes through maud, which escapes it; the only inline style is ours and is named by its hash in the
//! content security policy. Each page has a file; [`frame`] is what stands around all of them, [`word`] their words.

mod access;
mod chart;
mod form;
mod frame;
mod guide;
mod near;
mod past;
mod portal;
mod report;
mod say;
mod script;
mod series;
mod situation;
mod story;
mod subscribe;
mod word;

pub use form::{Filled, Wrong};
pub use near::json as near_json;
pub use script::{form as form_script, page as page_script, worker as worker_script};
pub use series::Series;

use super::problem::Problem;
use super::shared::Shared;
use super::{Plane, Web, alerts};
use crate::alert::words::Language;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use bongsu_sensors::{Catalog, Time};
use bytes::Bytes;
use maud::Markup;
use std::sync::Arc;

/// How a reader wants pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reader {
    language: Language,
    /// A page that reloads itself.
    live: bool,
    /// Large text.
    large: bool,
}

impl Reader {
    /// How somebody reads who sent a form.
    pub fn of_form(language: Language, is_large: bool) -> Reader {
        Reader { language, live: false, large: is_large }
    }

    /// In which language.
    pub fn language(self) -> Language {
        self.language
    }
}

/// What a page is written with.
pub struct Ink<'a> {
    shared: &'a Shared,
    catalog: Option<Arc<Catalog>>,
    language: Language,
    reader: Reader,
    /// The path of this page, for links to itself.
    path: String,
}

impl<'a> Ink<'a> {
    fn new(shared: &'a Shared, reader: Reader, path: String) -> Ink<'a> {
        Ink { shared, catalog: shared.catalog(), language: reader.language, reader, path }
    }
}

impl Ink<'_> {
    /// A link to a path of this site, read the same way.
    fn link(&self, path: &str) -> String {
        self.address(path, Reader { live: false, ..self.reader })
    }

    /// The address of a path for a reader.
    fn address(&self, path: &str, reader: Reader) -> String {
        let large = if reader.large { "&text=large" } else { "" };
        let live = if reader.live { "&live=1" } else { "" };
        format!("{}{path}?lang={}{large}{live}", self.shared.base_path(), reader.language.code())
    }

    /// A moment as people of the city read it.
    fn moment(&self, time: Time) -> String {
        let utc = jiff::tz::TimeZone::UTC;
        let zone = self.catalog.as_ref().map_or(&utc, |catalog| &catalog.timezone);
        say::moment(time.civil(zone), self.language)
    }
}

/// The value of a key in a query; unknown keys are let be here: links to pages are decorated by whoever passes them on.
fn value<'a>(uri: &'a Uri, key: &str) -> Option<&'a str> {
    uri.query().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='))
}

/// What a request says about its reader.
pub fn reader(shared: &Shared, uri: &Uri, headers: &HeaderMap) -> Reader {
    let known = shared.languages();
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let chosen = value(uri, "lang").and_then(Language::of_tag).filter(|language| known.contains(language));
    let language = chosen.or_else(|| say::preferred(accepted, &known)).unwrap_or(known[0]);
    Reader { language, live: value(uri, "live") == Some("1"), large: value(uri, "text") == Some("large") }
}

/// `GET /`: the situation now.
pub async fn now(State(web): State<Web>, uri: Uri, headers: HeaderMap) -> Response {
    let shared = &*web.shared;
    let reader = reader(shared, &uri, &headers);
    let made = shared.pages.get((String::new(), reader), async {
        let ink = Ink::new(shared, reader, "/".into());
        Ok::<Bytes, Problem>(situation::page(&ink).await.into_string().into())
    });
    answer(made.await, shared, reader)
}

/// `GET /alerts/{incident}`: one incident, during and after.
pub async fn incident(State(web): State<Web>, Path(id): Path<String>, uri: Uri, headers: HeaderMap) -> Response {
    let shared = &*web.shared;
    let reader = reader(shared, &uri, &headers);
    let made = shared.pages.get((id.clone(), reader), async {
        let history = alerts::history(shared, &id, Plane::Public).await?;
        let ink = Ink::new(shared, reader, format!("/alerts/{id}"));
        let page = story::page(&ink, &history).await.ok_or_else(|| alerts::no_such_incident(&id))?;
        Ok::<Bytes, Problem>(page.into_string().into())
    });
    answer(made.await, shared, reader)
}

/// `GET /near`: where to go for shelter, power and a network.
pub async fn near(State(web): State<Web>, uri: Uri, headers: HeaderMap) -> Response {
    let shared = &*web.shared;
    let reader = reader(shared, &uri, &headers);
    let area = value(&uri, "area").map(str::to_owned);
    let made = shared.pages.get((format!("near?{}", area.as_deref().unwrap_or_default()), reader), async {
        let ink = Ink::new(shared, reader, "/near".into());
        Ok::<Bytes, Problem>(near::page(&ink, area.as_deref()).into_string().into())
    });
    answer(made.await, shared, reader)
}

/// `GET /history`: what was issued, and where to get it as it is issued.
pub async fn history(State(web): State<Web>, uri: Uri, headers: HeaderMap) -> Response {
    let shared = &*web.shared;
    let reader = reader(shared, &uri, &headers);
    let before = value(&uri, "before").and_then(|id| id.parse::<i64>().ok()).filter(|id| *id > 0);
    let made = shared.pages.get((format!("history?{}", before.unwrap_or_default()), reader), async {
        let ink = Ink::new(shared, reader, "/history".into());
        Ok::<Bytes, Problem>(past::page(&ink, before).await?.into_string().into())
    });
    answer(made.await, shared, reader)
}

/// `GET /guide`: what to do in each danger.
pub async fn guide(State(web): State<Web>, uri: Uri, headers: HeaderMap) -> Response {
    plain(&web.shared, &uri, &headers, "/guide", guide::page)
}

/// `GET /accessibility`: what the pages promise to everybody, and what is missing.
pub async fn accessibility(State(web): State<Web>, uri: Uri, headers: HeaderMap) -> Response {
    plain(&web.shared, &uri, &headers, "/accessibility", access::page)
}

/// `GET /portal`: for the sign-in screen of a public WiFi.
pub async fn portal(State(web): State<Web>, uri: Uri, headers: HeaderMap) -> Response {
    plain(&web.shared, &uri, &headers, "/portal", portal::page)
}

/// `GET /subscribe`: how to be told; `area` is one that is chosen already.
pub async fn subscribe(State(web): State<Web>, uri: Uri, headers: HeaderMap) -> Response {
    let filled = Filled::preset(&[("areas", value(&uri, "area"))]);
    form(&web.shared, reader(&web.shared, &uri, &headers), StatusCode::OK, &filled, SUBSCRIBING)
}

/// `GET /report`: what one sees; `area` and `hazard` are what is chosen already.
pub async fn report(State(web): State<Web>, uri: Uri, headers: HeaderMap) -> Response {
    let filled = Filled::preset(&[("area", value(&uri, "area")), ("hazard", value(&uri, "hazard"))]);
    form(&web.shared, reader(&web.shared, &uri, &headers), StatusCode::OK, &filled, REPORTING)
}

/// A form: where it stands, and what writes it.
pub type Form = (&'static str, fn(&Ink<'_>, &Filled) -> Markup);

/// The two forms.
pub const SUBSCRIBING: Form = ("/subscribe", subscribe::page);
pub const REPORTING: Form = ("/report", report::page);

/// A form, new or as it was filled in. What people type is kept by nobody on the way.
pub fn form(shared: &Shared, reader: Reader, status: StatusCode, filled: &Filled, make: Form) -> Response {
    let (path, make) = make;
    let page = make(&Ink::new(shared, reader, path.into()), filled);
    private(status, page, shared, reader)
}

/// What follows a form, or asks once more: see [`form::told`].
pub fn told(
    shared: &Shared,
    reader: Reader,
    status: StatusCode,
    words: [&'static str; 4],
    button: Option<[&'static str; 4]>,
) -> Response {
    private(status, form::told(&Ink::new(shared, reader, "/subscribe".into()), words, button), shared, reader)
}

fn private(status: StatusCode, page: Markup, shared: &Shared, reader: Reader) -> Response {
    let mut response = answer(Ok(page.into_string().into()), shared, reader);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A page that needs nothing but ink.
fn plain(shared: &Shared, uri: &Uri, headers: &HeaderMap, path: &str, make: fn(&Ink<'_>) -> Markup) -> Response {
    let reader = reader(shared, uri, headers);
    let page = make(&Ink::new(shared, reader, path.into()));
    answer(Ok(page.into_string().into()), shared, reader)
}

fn answer(made: Result<Bytes, Problem>, shared: &Shared, reader: Reader) -> Response {
    let mut response = match made {
        Ok(page) => Response::new(page.into()),
        Err(problem) => {
            let ink = Ink::new(shared, Reader { live: false, ..reader }, "/".into());
            let page = frame::problem(&ink, problem.status == StatusCode::NOT_FOUND);
            (problem.status, page.into_string()).into_response()
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(reader.language.code()));
    headers.insert(header::VARY, HeaderValue::from_static("accept-language"));
    headers.insert(header::CONTENT_SECURITY_POLICY, frame::policy());
    response
}
