//! Accounts and tokens, for administrators.

use super::reading::Said;
use super::{From, Problem, forbidden};
use crate::desk::Desk;
use crate::people::account::{self, LIMIT, NAMES, Token, User};
use crate::people::role::Role;
use crate::people::vouched::Wanted;
use crate::people::{LINK_LASTS, Who, name_of};
use crate::reception;
use crate::store::people::Change;
use crate::web::json_of;
use axum::Extension;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bongsu_sensors::Time;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// An account in a list. Its password is nowhere.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Account {
    username: String,
    role: Role,
    /// It has chosen its password.
    active: bool,
    /// It asks for one-time codes.
    totp: bool,
    /// Whether the city's own login opens it.
    oidc: Login,
    /// Whom the provider vouches for; null: nobody has come yet.
    subject: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created: Time,
    #[schema(value_type = Option<String>, format = DateTime)]
    disabled: Option<Time>,
}

/// Whether the city's own login opens an account.
#[derive(Clone, Copy, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Login {
    /// No.
    Off,
    /// It does, and so does a password.
    Allowed,
    /// It does, and nothing else.
    Only,
}

/// The accounts.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Accounts {
    users: Vec<Account>,
}

/// The accounts.
#[utoipa::path(get, path = "/api/v1/users", tag = "people",
    responses((status = 200, body = Accounts), super::openapi::Faults))]
pub async fn list(Extension(desk): Extension<Arc<Desk>>) -> Response {
    let account = |user: User| Account {
        active: user.password.is_some(),
        totp: user.totp.is_some(),
        oidc: user
            .vouched
            .as_ref()
            .map_or(Login::Off, |vouched| if vouched.only { Login::Only } else { Login::Allowed }),
        subject: user.vouched.and_then(|vouched| vouched.subject),
        username: user.username,
        role: user.role,
        created: user.created,
        disabled: user.disabled,
    };
    json_of(&Accounts { users: desk.people.users().into_iter().map(account).collect() })
}

/// A new account.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    #[schema(pattern = "^[a-z0-9._-]{2,64}$")]
    username: String,
    role: Role,
}

/// How the new account is entered, once.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Invitation {
    /// Give it to the person: it is shown this once.
    one_time_link: String,
    /// Until when it invites, by the system's clock.
    #[schema(value_type = String, format = DateTime)]
    expires: Time,
}

/// Add an account. Its owner chooses the password by the link.
#[utoipa::path(post, path = "/api/v1/users", tag = "people", request_body = NewUser,
    responses((status = 200, body = Invitation), super::openapi::Faults))]
pub async fn add(
    Extension(desk): Extension<Arc<Desk>>,
    who: Who,
    from: From,
    Said(said): Said<NewUser>,
) -> Result<Response, Problem> {
    let NewUser { username, role } = said;
    if !account::is_name(&username) {
        return Err(Problem::bad_request("this cannot be the name of an account", NAMES));
    }
    let users = desk.people.users();
    if users.len() >= LIMIT {
        return Err(Problem::of(409, format!("there are {LIMIT} accounts already"), "disabled ones keep their name"));
    }
    // One that was added and never entered is invited anew.
    let is_entered = |user: &User| user.username == username && (user.is_entered() || user.disabled.is_some());
    if users.iter().any(is_entered) {
        return Err(Problem::of(409, "there is such an account already", "choose another name"));
    }
    let entry = desk.draft(&who, &from.0, "user.add", &username, role.name());
    let now = desk.now();
    let (secret, changes) = reception::invite(&desk.people, &username, role, now);
    desk.change(changes, vec![entry]).await?;
    Ok(json_of(&Invitation { one_time_link: desk.shared.welcome(&secret), expires: now + LINK_LASTS }))
}

/// Another role.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRole {
    role: Role,
}

fn no_account() -> Problem {
    Problem::not_found("there is no such account", "GET /api/v1/users lists them")
}

/// Give an account another role. Its sessions end.
#[utoipa::path(post, path = "/api/v1/users/{name}/role", tag = "people", params(("name" = String, Path)),
    request_body = NewRole,
    responses((status = 204, description = "It has the role."), super::openapi::Faults))]
pub async fn role(
    Extension(desk): Extension<Arc<Desk>>,
    who: Who,
    from: From,
    Path(username): Path<String>,
    Said(NewRole { role }): Said<NewRole>,
) -> Result<Response, Problem> {
    desk.people.user(&username).ok_or_else(no_account)?;
    let entry = desk.draft(&who, &from.0, "user.role", &username, role.name());
    desk.change(vec![Change::Role { username, role }], vec![entry]).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// How an account is entered.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLogin {
    login: Login,
    /// The provider's name for its owner; absent: the first who comes under the account's name, within three days.
    #[serde(default)]
    #[schema(max_length = 255)]
    subject: Option<String>,
}

/// Let the city's own login open an account, or no longer. Its sessions end.
#[utoipa::path(post, path = "/api/v1/users/{name}/oidc", tag = "people", params(("name" = String, Path)),
    request_body = NewLogin, responses((status = 204, description = "It is changed."), super::openapi::Faults))]
pub async fn oidc(
    Extension(desk): Extension<Arc<Desk>>,
    who: Who,
    from: From,
    Path(username): Path<String>,
    Said(said): Said<NewLogin>,
) -> Result<Response, Problem> {
    desk.people.user(&username).filter(|user| user.disabled.is_none()).ok_or_else(no_account)?;
    let wanted = match said.login {
        Login::Off => None,
        Login::Allowed | Login::Only => Some(Wanted { subject: said.subject, only: matches!(said.login, Login::Only) }),
    };
    let entry = desk.draft(&who, &from.0, "user.oidc", &username, &reception::vouch_detail(wanted.as_ref()));
    let change = desk.vouch(&username, wanted)?;
    desk.change(vec![change], vec![entry]).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Disable an account. Its sessions end; its name stays taken, so that the audit stays true.
#[utoipa::path(post, path = "/api/v1/users/{name}/disable", tag = "people", params(("name" = String, Path)),
    request_body = super::alert::Nothing,
    responses((status = 204, description = "It is disabled."), super::openapi::Faults))]
pub async fn disable(
    Extension(desk): Extension<Arc<Desk>>,
    who: Who,
    from: From,
    Path(username): Path<String>,
    Said(_): Said<super::alert::Nothing>,
) -> Result<Response, Problem> {
    desk.people.user(&username).filter(|user| user.disabled.is_none()).ok_or_else(no_account)?;
    let entry = desk.draft(&who, &from.0, "user.disable", &username, "");
    desk.change(vec![Change::Disable { username, at: desk.now() }], vec![entry]).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A token in a list. Its secret is nowhere.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ListedToken {
    id: i64,
    label: String,
    role: Role,
    /// As it stands in the audit.
    session: String,
    #[schema(value_type = String, format = DateTime)]
    created: Time,
    made_by: String,
    #[schema(value_type = Option<String>, format = DateTime)]
    expires: Option<Time>,
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked: Option<Time>,
}

/// The tokens.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Tokens {
    tokens: Vec<ListedToken>,
}

/// The machine tokens.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "people",
    responses((status = 200, body = Tokens), super::openapi::Faults))]
pub async fn tokens(Extension(desk): Extension<Arc<Desk>>) -> Response {
    let listed = |token: Token| ListedToken {
        session: name_of(&token.digest),
        id: token.id,
        label: token.label,
        role: token.role,
        created: token.created,
        made_by: token.made_by,
        expires: token.expires,
        revoked: token.revoked,
    };
    json_of(&Tokens { tokens: desk.people.tokens().into_iter().map(listed).collect() })
}

/// A new token.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// What it is for.
    #[schema(pattern = "^[a-z0-9._-]{2,64}$")]
    label: String,
    role: Role,
    /// Days until it ends by itself; absent: it does not.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 3650)]
    days: Option<u32>,
}

/// A token with its secret, shown this once.
#[derive(Serialize, utoipa::ToSchema)]
pub struct MadeToken {
    id: i64,
    label: String,
    token: String,
}

/// Make a machine token. It cannot administer people: only people let others in.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "people", request_body = NewToken,
    responses((status = 200, body = MadeToken), super::openapi::Faults))]
pub async fn add_token(
    Extension(desk): Extension<Arc<Desk>>,
    who: Who,
    from: From,
    Said(said): Said<NewToken>,
) -> Result<Response, Problem> {
    let NewToken { label, role, days } = said;
    if !account::is_name(&label) {
        return Err(Problem::bad_request("this cannot be the label of a token", NAMES));
    }
    if role == Role::Admin {
        return Err(forbidden("a token is no administrator", "give it the role it needs"));
    }
    if days.is_some_and(|days| !(1..=3650).contains(&days)) {
        return Err(Problem::bad_request("a token lasts from 1 to 3650 days", "or leave `days` out"));
    }
    let known = desk.people.tokens();
    let now = desk.now();
    if known.iter().any(|token| token.label == label && token.is_good(now)) || known.len() >= LIMIT {
        return Err(Problem::of(409, "there is such a token already, or too many", "choose another label"));
    }
    let lasts = days.map(|days| Duration::from_secs(u64::from(days) * 86_400));
    let (secret, token) = account::token(&desk.people, (&label, role), &who.name, lasts, now);
    let id = token.id;
    let entry = desk.draft(&who, &from.0, "token.add", &label, role.name());
    desk.change(vec![Change::Token(token)], vec![entry]).await?;
    Ok(json_of(&MadeToken { id, label, token: secret }))
}

/// Take a token back, at once.
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", tag = "people", params(("id" = i64, Path)),
    responses((status = 204, description = "It opens no door any more."), super::openapi::Faults))]
pub async fn revoke_token(
    Extension(desk): Extension<Arc<Desk>>,
    who: Who,
    from: From,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let found = desk.people.tokens().into_iter().find(|token| token.id.to_string() == id && token.revoked.is_none());
    let token = found.ok_or_else(|| Problem::not_found("there is no such token", "GET /api/v1/tokens lists them"))?;
    let entry = desk.draft(&who, &from.0, "token.revoke", &token.label, "");
    desk.change(vec![Change::Revoke { id: token.id, at: desk.now() }], vec![entry]).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
