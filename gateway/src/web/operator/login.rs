//! Logging in and out, and the one-time links that let somebody in for the first time.

use super::reading::Said;
use super::{COOKIE, From, Problem, forbidden};
use crate::desk::Desk;
use crate::people::account::{self, NAMES, User};
use crate::people::password::{self, Crowded};
use crate::people::role::Role;
use crate::people::{SESSION_LASTS, Who, totp};
use crate::store::audit::Draft;
use crate::store::people::Change;
use crate::web::{Shared, json_of};
use axum::Extension;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bongsu_sensors::Time;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// Who wants in.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// The name of the account.
    username: String,
    /// Its password.
    password: String,
    /// The code the authenticator app shows, where the account has one.
    #[serde(default)]
    code: Option<String>,
}

/// Who is in.
#[derive(Serialize, utoipa::ToSchema)]
pub struct LoggedIn {
    /// The name of the account.
    user: String,
    /// What it may do.
    role: Role,
    /// What requests that change something carry as x-bongsu-csrf.
    csrf: String,
    /// Until when.
    #[schema(value_type = String, format = DateTime)]
    expires: Time,
}

impl std::convert::From<Crowded> for Problem {
    fn from(_: Crowded) -> Problem {
        Problem::of(503, "too many log in at once", "try again in a few seconds")
    }
}

fn wrong() -> Problem {
    Problem::of(401, "wrong user name, password or code", "try again; an administrator can invite you anew")
}

/// What the audit says of somebody who is not in yet.
pub(super) fn draft(desk: &Desk, username: &str, role: &str, from: &From, action: &str, detail: &str) -> Draft {
    let who: String = username.chars().take(account::NAME_LIMIT).collect();
    Draft {
        time: desk.now(),
        who,
        role: role.to_owned(),
        from_address: from.0.clone(),
        action: action.to_owned(),
        subject: String::new(),
        detail: detail.to_owned(),
        record: None,
    }
}

/// Log in.
#[utoipa::path(post, path = "/api/v1/login", tag = "people", request_body = Credentials,
    responses((status = 200, body = LoggedIn), super::openapi::Faults))]
pub async fn login(
    Extension(desk): Extension<Arc<Desk>>,
    from: From,
    headers: HeaderMap,
    Said(said): Said<Credentials>,
) -> Result<Response, Problem> {
    let now = desk.now();
    let name = said.username.as_str();
    if let Some(wait) = desk.guessing.must_wait(name, &from.0, now) {
        return Ok(braked(wait));
    }
    let user = desk.people.user(name).filter(User::takes_passwords);
    let hash = user.as_ref().and_then(|user| user.password.clone());
    let too_long = said.password.len() > password::LONGEST;
    let is_right = !too_long && desk.passwords.is_right(said.password, hash).await?;
    let accepted = user.filter(|_| is_right).and_then(|user| accept_code(user, said.code.as_deref(), now));
    let Some(user) = accepted else {
        desk.guessing.failed(name, &from.0, now);
        let entry = draft(&desk, name, "", &from, "login.failed", "");
        desk.change(Vec::new(), vec![entry]).await?;
        return Err(wrong());
    };
    desk.guessing.went_well(name);
    let used = Change::Code { username: user.username.clone(), step: user.totp_step };
    let changes = user.totp.is_some().then_some(used).into_iter().collect();
    let entry = draft(&desk, name, user.role.name(), &from, "login", "");
    enter(&desk, &user, changes, entry, &headers).await
}

/// Somebody guesses too fast.
pub(super) fn braked(wait: Duration) -> Response {
    let seconds = wait.as_secs().max(1).to_string();
    let mut refused = Problem::of(429, "too many wrong tries", format!("wait {seconds} s")).into_response();
    refused.headers_mut().insert(header::RETRY_AFTER, seconds.parse().unwrap_or(HeaderValue::from_static("60")));
    refused
}

/// The account with its code used up; `None`: the code is missing, wrong or was used.
pub(super) fn accept_code(mut user: User, code: Option<&str>, now: Time) -> Option<User> {
    if let Some(secret) = &user.totp {
        user.totp_step = totp::step_of(secret, code?, now.millis(), user.totp_step)?;
    }
    Some(user)
}

/// Begins a session, and says so: who is in, and the secret of the cookie.
pub(super) async fn begin(
    desk: &Desk,
    user: &User,
    mut changes: Vec<Change>,
    entry: Draft,
) -> Result<(LoggedIn, String), Problem> {
    let (secret, session, mut begun) = account::begin(&desk.people, &user.username, desk.now());
    changes.append(&mut begun);
    desk.change(changes, vec![entry]).await?;
    let logged_in =
        LoggedIn { user: user.username.clone(), role: user.role, csrf: session.csrf, expires: session.expires };
    Ok((logged_in, secret))
}

/// Who is in, as an answer that nobody keeps.
pub(super) fn told(logged_in: &LoggedIn) -> Response {
    let mut response = json_of(logged_in);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Begins a session and answers with it.
async fn enter(
    desk: &Desk,
    user: &User,
    changes: Vec<Change>,
    entry: Draft,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let (logged_in, secret) = begin(desk, user, changes, entry).await?;
    let mut response = told(&logged_in);
    Cookie::session(&secret).set(&mut response, &desk.shared, headers);
    Ok(response)
}

/// A cookie that no script reads.
pub(super) struct Cookie<'a> {
    pub name: &'static str,
    pub secret: &'a str,
    pub path: &'static str,
    pub same_site: &'static str,
    pub seconds: u64,
}

impl Cookie<'_> {
    /// That of a session.
    pub fn session(secret: &str) -> Cookie<'_> {
        Cookie { name: COOKIE, secret, path: "/", same_site: "Strict", seconds: SESSION_LASTS.as_secs() }
    }

    /// Adds it to an answer.
    pub fn set(&self, response: &mut Response, shared: &Shared, headers: &HeaderMap) {
        // What came over TLS never travels without it.
        let secure = if shared.is_secure(headers) { "; Secure" } else { "" };
        let Cookie { name, secret, path, same_site, seconds } = self;
        let cookie = format!("{name}={secret}; Path={path}; HttpOnly; SameSite={same_site}; Max-Age={seconds}{secure}");
        if let Ok(cookie) = cookie.parse() {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
}

/// Log out: the session ends.
#[utoipa::path(post, path = "/api/v1/logout", tag = "people",
    responses((status = 204, description = "The session has ended."), super::openapi::Faults))]
pub async fn logout(
    Extension(desk): Extension<Arc<Desk>>,
    who: Who,
    from: From,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let entry = desk.draft(&who, &from.0, "logout", "", "");
    desk.change(vec![Change::EndSession(who.digest)], vec![entry]).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    Cookie { seconds: 0, ..Cookie::session("") }.set(&mut response, &desk.shared, &headers);
    Ok(response)
}

/// Whom a link invites.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Invited {
    /// It still invites.
    valid: bool,
    /// The account it is for; null: whoever comes first becomes the first administrator.
    username: Option<String>,
}

fn no_link() -> Problem {
    let remedy = "ask an administrator for another, or run `bongsu users welcome` on the machine itself";
    Problem::not_found("this link invites nobody any more", remedy)
}

/// Whether a one-time link still invites.
#[utoipa::path(get, path = "/api/v1/welcome/{token}", tag = "people", params(("token" = String, Path)),
    responses((status = 200, body = Invited), super::openapi::Faults))]
pub async fn invited(Extension(desk): Extension<Arc<Desk>>, Path(token): Path<String>) -> Result<Response, Problem> {
    let link = desk.people.link(&token, desk.now()).ok_or_else(no_link)?;
    Ok(json_of(&Invited { valid: true, username: link.username }))
}

/// Who comes by a link.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Newcomer {
    /// The name of the account.
    username: String,
    /// The password it will have.
    password: String,
}

/// Choose a password by a one-time link, and be logged in. The first link makes the first administrator.
#[utoipa::path(post, path = "/api/v1/welcome/{token}", tag = "people", params(("token" = String, Path)),
    request_body = Newcomer, responses((status = 200, body = LoggedIn), super::openapi::Faults))]
pub async fn welcome(
    Extension(desk): Extension<Arc<Desk>>,
    Path(token): Path<String>,
    from: From,
    headers: HeaderMap,
    Said(said): Said<Newcomer>,
) -> Result<Response, Problem> {
    let now = desk.now();
    let link = desk.people.link(&token, now).ok_or_else(no_link)?;
    if !account::is_name(&said.username) {
        return Err(Problem::bad_request("this cannot be the name of an account", NAMES));
    }
    if let Some(fault) = password::fault(&said.username, &said.password) {
        return Err(Problem::bad_request(fault, "choose another password"));
    }
    let known = desk.people.user(&said.username);
    let user = match (&link.username, known) {
        (Some(invited), Some(user)) if *invited == said.username && user.takes_passwords() => user,
        (Some(_), _) => return Err(forbidden("this link invites another account", "write the name it was made for")),
        (None, Some(_)) => return Err(forbidden("there is such an account already", "choose another name")),
        (None, None) => User::new(&said.username, Role::Admin, now),
    };
    let hash = desk.passwords.hash(said.password).await?;
    // Two may come by the same link at once: the second finds it gone, and nothing of it is done.
    let mut changes = vec![Change::Unlink(link.digest)];
    match link.username {
        None => changes.push(Change::AddUser(User { password: Some(hash), ..user.clone() })),
        Some(username) => changes.push(Change::Password { username, hash }),
    }
    let entry = draft(&desk, &user.username, user.role.name(), &from, "welcome", "");
    enter(&desk, &user, changes, entry, &headers).await
}
