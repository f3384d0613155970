//! Logging in by the city's own login: off to the provider, back with its word, and the one-time code where one is owed.
//!
//! A refusal is a page of the console that explains it (`/login?refused=WORD`) and an entry of the audit with the reason.

use super::login::{self, Cookie, LoggedIn, draft};
use super::reading::Said;
use super::{From, Problem, cookie, forbidden};
use crate::desk::Desk;
use crate::oidc::{Brought, Entered, LASTS, Provider, Refusal, Vouchee};
use crate::people::account::User;
use crate::people::{digest, secret, vouched};
use crate::store::people::Change;
use crate::web::parameters::Parameters;
use axum::Extension;
use axum::extract::Query;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use form_urlencoded::byte_serialize;
use serde::Deserialize;
use std::sync::Arc;

/// The cookie of a login that is under way. It alone comes along when another site sends the browser back (Lax), goes to
/// these paths only, and opens nothing.
const PASSING: &str = "bongsu_oidc";
const PASSING_PATH: &str = "/api/v1/login/oidc";

/// Longest path to go back to.
const LONGEST_RETURN: usize = 512;

fn provider(desk: &Desk) -> Result<&Arc<Provider>, Problem> {
    let remedy = "log in with a name and a password; docs/operators.md says how a provider is named";
    desk.provider().ok_or_else(|| Problem::not_found("this city has no login of its own", remedy))
}

/// A browser goes there to show a page. A picture, frame or script of another site that points here is refused before it
/// counts as anybody's try; what says nothing of it is an older browser.
fn is_a_page(headers: &HeaderMap) -> Result<(), Problem> {
    if headers.get("sec-fetch-dest").is_none_or(|shown_as| shown_as == "document") {
        return Ok(());
    }
    Err(forbidden("this is a page, and no part of another", "open /login in the browser"))
}

/// Whether it is a page of the console, and nobody else's: browsers read `//` and `/\` as another host.
fn is_own_path(path: &str) -> bool {
    let is_plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    is_plain
        && path.len() <= LONGEST_RETURN
        && path.starts_with('/')
        && !path[1..].starts_with('/')
        && !path.starts_with("/api/")
}

/// To another page, with nothing kept of the way.
fn to(place: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, place.parse().unwrap_or(HeaderValue::from_static("/")));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn refused(refusal: &Refusal) -> Response {
    to(&format!("/login?refused={}", refusal.name()))
}

fn passing<'a>(secret: &'a str, same_site: &'static str, seconds: u64) -> Cookie<'a> {
    Cookie { name: PASSING, secret, path: PASSING_PATH, same_site, seconds }
}

/// Log in by the city's own login: the browser is sent to the provider.
#[utoipa::path(get, path = "/api/v1/login/oidc", tag = "people",
    params(("return_to" = Option<String>, Query, description = "a page of the console, to come back to")),
    responses((status = 303, description = "To the provider, or to a page that says why not."), super::openapi::Faults))]
pub async fn begin(
    Extension(desk): Extension<Arc<Desk>>,
    from: From,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let provider = provider(&desk)?;
    is_a_page(&headers)?;
    let parameters = Parameters::read(&uri, &["return_to"])?;
    let return_to = parameters.get("return_to").unwrap_or("/");
    if !is_own_path(return_to) {
        return Err(Problem::bad_request("this is no page of the console", "write a path such as /inbox"));
    }
    let now = desk.now();
    if desk.guessing.sent_must_wait(&from.0, now).is_some() {
        return Ok(refused(&Refusal::Braked));
    }
    match provider.begin(return_to, &from.0, now).await {
        Ok((url, browser)) => {
            let mut response = to(&url);
            passing(&browser, "Lax", LASTS.as_secs()).set(&mut response, &desk.shared, &headers);
            Ok(response)
        }
        Err(refusal) => {
            tracing::warn!("nobody can log in with OpenID Connect: {refusal}");
            Ok(refused(&refusal))
        }
    }
}

/// The provider sends the browser back: log in, or be told why not.
#[utoipa::path(get, path = "/api/v1/login/oidc/callback", tag = "people",
    params(("state" = Option<String>, Query), ("code" = Option<String>, Query), ("iss" = Option<String>, Query),
        ("error" = Option<String>, Query)),
    responses((status = 303, description = "Into the console, or to a page that says why not."),
        super::openapi::Faults))]
pub async fn callback(
    Extension(desk): Extension<Arc<Desk>>,
    from: From,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let provider = provider(&desk)?;
    is_a_page(&headers)?;
    let now = desk.now();
    if desk.guessing.sent_must_wait(&from.0, now).is_some() {
        return Ok(refused(&Refusal::Braked));
    }
    let entered = match provider.finish(&brought(&uri, &headers)?, now).await {
        Ok((vouchee, return_to)) => match vouched::account(&desk.people, &vouchee, now) {
            Ok((user, bind)) => Ok((entered(&user.username, &vouchee, bind, return_to), user)),
            Err(refusal) => Err((refusal, vouchee.name.unwrap_or_default())),
        },
        Err(refusal) => Err((refusal, String::new())),
    };
    let mut response = match entered {
        Err((refusal, name)) => {
            if refusal.is_a_wrong_try() {
                desk.guessing.sent_failed(&from.0, now);
            }
            let entry = draft(&desk, &name, "", &from, "login.failed", &format!("oidc: {refusal}"));
            desk.change(Vec::new(), vec![entry]).await?;
            refused(&refusal)
        }
        Ok((entered, user)) if user.totp.is_some() && provider.settings.one_time_codes => {
            let (secret, digest) = secret();
            let return_to: String = byte_serialize(entered.return_to.as_bytes()).collect();
            provider.entered.put(digest, &from.0, entered, now);
            let mut response = to(&format!("/login?code=1&return_to={return_to}"));
            passing(&secret, "Strict", LASTS.as_secs() / 2).set(&mut response, &desk.shared, &headers);
            return Ok(response);
        }
        Ok((entered, user)) => {
            let mut response = to(&entered.return_to);
            let (_, cookie) = enter(&desk, &user, entered, Vec::new(), &from).await?;
            Cookie::session(&cookie).set(&mut response, &desk.shared, &headers);
            response
        }
    };
    passing("", "Lax", 0).set(&mut response, &desk.shared, &headers);
    Ok(response)
}

/// What a browser brings back; of what stands there twice, nothing is believed.
fn brought(uri: &Uri, headers: &HeaderMap) -> Result<Brought, Problem> {
    let unreadable = |_| Problem::bad_request("the query cannot be read", "begin at /api/v1/login/oidc");
    let Query(pairs): Query<Vec<(String, String)>> = Query::try_from_uri(uri).map_err(unreadable)?;
    let one = |wanted: &str| {
        let mut found = pairs.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value.clone());
        found.next().filter(|value| !value.is_empty() && found.next().is_none())
    };
    Ok(Brought {
        state: one("state"),
        code: one("code"),
        issuer: one("iss"),
        error: one("error"),
        browser: cookie(headers, PASSING).map(str::to_owned),
    })
}

fn entered(username: &str, vouchee: &Vouchee, bind: Option<Change>, return_to: String) -> Entered {
    let Vouchee { issuer, subject, .. } = vouchee;
    let first = if bind.is_some() { ", for the first time" } else { "" };
    let owner = username.to_owned();
    let still = Change::StillVouched { username: owner.clone(), issuer: issuer.clone(), subject: subject.clone() };
    // Once its owner has come, no link may let anybody else choose a password.
    let unlink = Change::UnlinkAllOf(Some(owner));
    Entered {
        username: username.to_owned(),
        changes: bind.into_iter().chain([still, unlink]).collect(),
        detail: format!("oidc: {issuer} {subject:?}{first}"),
        return_to,
    }
}

/// Begins the session of somebody who has proved everything.
async fn enter(
    desk: &Desk,
    user: &User,
    entered: Entered,
    mut changes: Vec<Change>,
    from: &From,
) -> Result<(LoggedIn, String), Problem> {
    desk.guessing.went_well(&user.username);
    changes.extend(entered.changes);
    let entry = draft(desk, &user.username, user.role.name(), from, "login", &entered.detail);
    login::begin(desk, user, changes, entry).await
}

/// The one-time code that an account still asks for after the provider has vouched.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OwedCode {
    /// What the authenticator app shows.
    code: String,
}

/// The one-time code after the provider's word, where the account has one.
#[utoipa::path(post, path = "/api/v1/login/oidc/code", tag = "people", request_body = OwedCode,
    responses((status = 200, body = LoggedIn), super::openapi::Faults))]
pub async fn code(
    Extension(desk): Extension<Arc<Desk>>,
    from: From,
    headers: HeaderMap,
    Said(said): Said<OwedCode>,
) -> Result<Response, Problem> {
    let provider = provider(&desk)?;
    let now = desk.now();
    let gone = || Problem::of(401, "nobody waits for a code", "log in again");
    let key = digest(cookie(&headers, PASSING).ok_or_else(gone)?);
    let waits = provider.entered.look(&key, now).ok_or_else(gone)?;
    if let Some(wait) = desk.guessing.must_wait(&waits.username, &from.0, now) {
        return Ok(login::braked(wait));
    }
    // As the account is now: it may have been disabled meanwhile.
    let user = desk.people.user(&waits.username).filter(|user| user.disabled.is_none()).ok_or_else(gone)?;
    let Some(user) = login::accept_code(user, Some(&said.code), now) else {
        desk.guessing.failed(&waits.username, &from.0, now);
        let entry = draft(&desk, &waits.username, "", &from, "login.failed", "oidc: the one-time code is wrong");
        desk.change(Vec::new(), vec![entry]).await?;
        return Err(Problem::of(401, "this is not the code", "type what the app shows now"));
    };
    let entered = provider.entered.take(&key, now).ok_or_else(gone)?;
    let used = Change::Code { username: user.username.clone(), step: user.totp_step };
    let changes = user.totp.is_some().then_some(used).into_iter().collect();
    let (logged_in, secret) = enter(&desk, &user, entered, changes, &from).await?;
    let mut response = login::told(&logged_in);
    Cookie::session(&secret).set(&mut response, &desk.shared, &headers);
    passing("", "Strict", 0).set(&mut response, &desk.shared, &headers);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::is_own_path;

    #[test]
    fn nobody_is_sent_elsewhere() {
        for good in ["/", "/inbox", "/incident/a%20b", "/rules/x?y=//z"] {
            assert!(is_own_path(good), "{good}");
        }
        let long = format!("/{}", "a".repeat(600));
        for bad in [
            "",
            "inbox",
            "//evil.city",
            "/\\evil.city",
            "https://evil.city",
            "/\t/evil.city",
            "/a\r\nb",
            "/api/v1/me",
            &long,
        ] {
            assert!(!is_own_path(bad), "{bad}");
        }
    }
}
