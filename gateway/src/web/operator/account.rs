//! One's own account: who I am, my password, my one-time codes.

use super::reading::Said;
use super::{From, Problem};
use crate::desk::Desk;
use crate::people::account::User;
use crate::people::role::Role;
use crate::people::{Who, password, totp};
use crate::store::people::Change;
use crate::web::json_of;
use axum::Extension;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bongsu_sensors::Time;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Who I am.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Me {
    /// The account, or `token:` and the label of a token.
    user: String,
    /// What I may do.
    role: Role,
    /// What requests that change something carry as x-bongsu-csrf; null for tokens.
    csrf: Option<String>,
    /// Until when.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires: Option<Time>,
    /// The account asks for one-time codes.
    totp: bool,
}

/// Who I am.
#[utoipa::path(get, path = "/api/v1/me", tag = "people",
    responses((status = 200, body = Me), super::openapi::Faults))]
pub async fn me(Extension(desk): Extension<Arc<Desk>>, who: Who) -> Response {
    let totp = desk.people.user(&who.name).is_some_and(|user| user.totp.is_some());
    json_of(&Me { user: who.name, role: who.role, csrf: who.csrf, expires: who.expires, totp })
}

fn own(desk: &Desk, who: &Who) -> Result<User, Problem> {
    let missing = || super::forbidden("a token has no account of its own", "log in with a user name");
    desk.people.user(&who.name).ok_or_else(missing)
}

/// The password as it is and as it shall be.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    /// As it is.
    old: String,
    /// As it shall be.
    new: String,
}

/// Whether it is the account's password; guesses are slowed down here as well.
async fn prove(desk: &Desk, user: &User, from: &From, typed: String) -> Result<(), Problem> {
    let now = desk.now();
    if desk.guessing.must_wait(&user.username, &from.0, now).is_some() {
        return Err(Problem::of(429, "too many wrong tries", "wait a few minutes"));
    }
    if typed.len() <= password::LONGEST && desk.passwords.is_right(typed, user.password.clone()).await? {
        desk.guessing.went_well(&user.username);
        return Ok(());
    }
    desk.guessing.failed(&user.username, &from.0, now);
    Err(super::forbidden("this is not the password", "write the password as it is"))
}

/// Change my password. Every session of mine ends.
#[utoipa::path(post, path = "/api/v1/me/password", tag = "people", request_body = NewPassword,
    responses((status = 204, description = "It is changed; log in anew."), super::openapi::Faults))]
pub async fn password(
    Extension(desk): Extension<Arc<Desk>>,
    who: Who,
    from: From,
    Said(said): Said<NewPassword>,
) -> Result<Response, Problem> {
    let user = own(&desk, &who)?;
    prove(&desk, &user, &from, said.old).await?;
    if let Some(fault) = password::fault(&user.username, &said.new) {
        return Err(Problem::bad_request(fault, "choose another password"));
    }
    let hash = desk.passwords.hash(said.new).await?;
    let change = Change::Password { username: user.username, hash };
    desk.change(vec![change], vec![desk.draft(&who, &from.0, "password", "", "")]).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// What shall become of my one-time codes.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Codes {
    /// Make a secret for an app. Nothing changes yet.
    Begin,
    /// The app shows this code for this secret: from now on it is asked for.
    Confirm {
        /// The password; of an account that has none, anything.
        password: String,
        /// The secret of `begin`.
        secret: String,
        /// The code.
        code: String,
    },
    /// No codes any more.
    End {
        /// The password.
        password: String,
    },
}

/// What an app needs.
#[derive(Serialize, utoipa::ToSchema)]
pub struct CodesBegun {
    /// To be typed, and to be sent back with `confirm`.
    secret: String,
    /// To be shown as a picture.
    uri: String,
}

fn unbase32(text: &str) -> Option<Vec<u8>> {
    let mut bits = 0_u32;
    let mut held = 0_u32;
    let mut bytes = Vec::new();
    for letter in text.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'2'..=b'7' => letter - b'2' + 26,
            _ => return None,
        };
        held = held << 5 | u32::from(value);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xff).ok()?);
        }
    }
    (bytes.len() == 20).then_some(bytes)
}

/// One-time codes of an authenticator app.
#[utoipa::path(post, path = "/api/v1/me/totp", tag = "people", request_body = Codes,
    responses((status = 200, body = CodesBegun), (status = 204, description = "It is changed."),
        super::openapi::Faults))]
pub async fn totp(
    Extension(desk): Extension<Arc<Desk>>,
    who: Who,
    from: From,
    Said(said): Said<Codes>,
) -> Result<Response, Problem> {
    let user = own(&desk, &who)?;
    let username = user.username.clone();
    let (change, action) = match said {
        Codes::Begin => {
            let secret = totp::secret();
            let uri = totp::uri(&secret, &user.username);
            return Ok(json_of(&CodesBegun { secret: totp::base32(&secret), uri }));
        }
        Codes::Confirm { password, secret, code } => {
            // Whom the provider alone lets in has no password to prove it by.
            if user.password.is_some() || user.totp.is_some() {
                prove(&desk, &user, &from, password).await?;
            }
            let wrong = || Problem::bad_request("the code is not right for this secret", "type what the app shows now");
            let secret = unbase32(&secret).ok_or_else(wrong)?;
            let step = totp::step_of(&secret, &code, desk.now().millis(), 0).ok_or_else(wrong)?;
            (Change::Totp { username, secret: Some(secret), step }, "totp.begin")
        }
        Codes::End { password } => {
            prove(&desk, &user, &from, password).await?;
            (Change::Totp { username, secret: None, step: user.totp_step }, "totp.end")
        }
    };
    desk.change(vec![change], vec![desk.draft(&who, &from.0, action, "", "")]).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
