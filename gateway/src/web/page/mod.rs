//! Citizens' pages: the situation now, and one incident. Written on the server, readable without JavaScript, in the
//! reader's language, small enough for one bar of signal.
//!
//! Every text passes through maud, which escapes it; the only inline style is ours and is named by its hash in the
//! content security policy. [`situation`] and [`story`] hold the two pages, [`frame`] what stands around both.

mod chart;
mod frame;
mod say;
mod series;
mod situation;
mod story;

pub use series::Series;

use super::problem::Problem;
use super::shared::Shared;
use super::{Plane, Web, alerts};
use crate::alert::words::Language;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use bongsu_sensors::{Catalog, Time};
use bytes::Bytes;
use maud::Markup;
use std::sync::Arc;

/// What a page is written with.
struct Ink<'a> {
    shared: &'a Shared,
    catalog: Option<Arc<Catalog>>,
    language: Language,
    /// The reader asked for a page that reloads itself.
    live: bool,
    /// The path of this page, for links to itself.
    path: String,
}

impl Ink<'_> {
    /// A link to a path of this site in the reader's language.
    fn link(&self, path: &str) -> String {
        format!("{}{path}?lang={}", self.shared.base_path(), self.language.code())
    }

    /// A moment as people of the city read it.
    fn moment(&self, time: Time) -> String {
        let utc = jiff::tz::TimeZone::UTC;
        let zone = self.catalog.as_ref().map_or(&utc, |catalog| &catalog.timezone);
        say::moment(time.civil(zone), self.language)
    }
}

/// What a request says about its reader.
fn reader(shared: &Shared, uri: &Uri, headers: &HeaderMap) -> (Language, bool) {
    let query = uri.query().unwrap_or_default();
    // Unknown keys are let be here: links to pages are decorated by whoever passes them on.
    let value = |key: &str| query.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='));
    let known = shared.languages();
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let chosen = value("lang").and_then(Language::of_tag).filter(|language| known.contains(language));
    let language = chosen.or_else(|| say::preferred(accepted, &known)).unwrap_or(known[0]);
    (language, value("live") == Some("1"))
}

/// `GET /`: the situation now.
pub async fn now(State(web): State<Web>, uri: Uri, headers: HeaderMap) -> Response {
    let shared = &*web.shared;
    let (language, live) = reader(shared, &uri, &headers);
    let made = shared.pages.get((String::new(), language, live), async {
        let ink = Ink { shared, catalog: shared.catalog(), language, live, path: "/".into() };
        Ok::<Bytes, Problem>(situation::page(&ink).await.into_string().into())
    });
    answer(made.await, shared, language)
}

/// `GET /alerts/{incident}`: one incident, during and after.
pub async fn incident(State(web): State<Web>, Path(id): Path<String>, uri: Uri, headers: HeaderMap) -> Response {
    let shared = &*web.shared;
    let (language, live) = reader(shared, &uri, &headers);
    let made = shared.pages.get((id.clone(), language, live), async {
        let history = alerts::history(shared, &id, Plane::Public).await?;
        let ink = Ink { shared, catalog: shared.catalog(), language, live, path: format!("/alerts/{id}") };
        let page = story::page(&ink, &history).await.ok_or_else(|| alerts::no_such_incident(&id))?;
        Ok::<Bytes, Problem>(page.into_string().into())
    });
    answer(made.await, shared, language)
}

fn answer(made: Result<Bytes, Problem>, shared: &Shared, language: Language) -> Response {
    let mut response = match made {
        Ok(page) => Response::new(page.into()),
        Err(problem) => {
            let ink = Ink { shared, catalog: shared.catalog(), language, live: false, path: "/".into() };
            let page: Markup = frame::problem(&ink, problem.status == axum::http::StatusCode::NOT_FOUND);
            (problem.status, page.into_string()).into_response()
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.code()));
    headers.insert(header::VARY, HeaderValue::from_static("accept-language"));
    headers.insert(header::CONTENT_SECURITY_POLICY, frame::policy());
    response
}
