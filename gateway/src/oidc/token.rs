//! What the provider signed: an ID token, believed only after every check of OpenID Connect Core 1.0, section 3.1.3.7.

use super::key::{Algorithm, Keys};
use super::refusal::{Distrust, plain};
use crate::people::is_same;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bongsu_sensors::Time;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Map, Value};

/// Most bytes of a token.
const LONGEST: usize = 64 * 1024;

/// Longest subject (Core 1.0 section 2).
const LONGEST_SUBJECT: usize = 255;

/// How far the two clocks may be apart, seconds.
const LEEWAY: f64 = 60.0;

/// What a token must fit.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Who makes it.
    pub issuer: &'a str,
    /// Whom it is for.
    pub client: &'a str,
    /// Of which login.
    pub nonce: &'a str,
    /// When that began.
    pub begun: Time,
    /// The time.
    pub now: Time,
}

/// What it says.
#[derive(Debug)]
pub struct Claims {
    /// Of whom.
    pub subject: String,
    all: Map<String, Value>,
}

impl Claims {
    /// A claim that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.all.get(name)?.as_str()
    }
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// What must be understood, and is not.
    crit: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// The claims that decide. One of another type is no claim at all, and stops the token.
#[derive(Deserialize)]
struct Deciding {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: f64,
    iat: f64,
    nbf: Option<f64>,
    nonce: Option<String>,
}

fn part<T: DeserializeOwned>(text: &str, wrong: &'static str) -> Result<T, Distrust> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Distrust::Malformed(wrong))?;
    serde_json::from_slice(&bytes).map_err(|_| Distrust::Malformed(wrong))
}

/// What a token says, where it can be believed.
///
/// # Errors
/// Why it cannot.
pub fn verify(token: &str, keys: &Keys, expected: &Expected<'_>) -> Result<Claims, Distrust> {
    let mut parts = token.split('.');
    let (Some(header), Some(payload), Some(signature), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Distrust::Malformed("it has not three parts"));
    };
    if token.len() > LONGEST {
        return Err(Distrust::Malformed("it is too long"));
    }
    let said: Header = part(header, "its header cannot be understood")?;
    let algorithm = Algorithm::named(&said.alg).ok_or_else(|| Distrust::Algorithm(plain(&said.alg)))?;
    if said.crit.is_some() {
        return Err(Distrust::Malformed("it asks for what is not understood here"));
    }
    let key = keys.find(algorithm, said.kid.as_deref()).ok_or(Distrust::UnknownKey)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| Distrust::Signature)?;
    if !key.has_signed(&token.as_bytes()[..header.len() + 1 + payload.len()], &signature) {
        return Err(Distrust::Signature);
    }
    let wrong = "its claims cannot be understood";
    let all: Map<String, Value> = part(payload, wrong)?;
    let deciding = serde_json::from_value(Value::Object(all.clone())).map_err(|_| Distrust::Malformed(wrong))?;
    let subject = check(deciding, expected)?;
    Ok(Claims { subject, all })
}

/// The subject, where everything fits.
fn check(claims: Deciding, expected: &Expected<'_>) -> Result<String, Distrust> {
    if claims.iss != expected.issuer {
        return Err(Distrust::Issuer);
    }
    let (is_for_us, is_for_others) = match &claims.aud {
        Audience::One(one) => (one == expected.client, false),
        Audience::Many(many) => (many.iter().any(|one| one == expected.client), many.len() > 1),
    };
    if !is_for_us {
        return Err(Distrust::Audience);
    }
    // Whoever shares it with others must say that it was given to us.
    if !claims.azp.as_ref().map_or(!is_for_others, |party| party == expected.client) {
        return Err(Distrust::Party);
    }
    if !claims.nonce.is_some_and(|nonce| is_same(&nonce, expected.nonce)) {
        return Err(Distrust::Nonce);
    }
    let seconds = |time: Time| time.millis() as f64 / 1000.0;
    let (now, begun) = (seconds(expected.now), seconds(expected.begun));
    if now >= claims.exp + LEEWAY {
        return Err(Distrust::Expired);
    }
    if claims.iat > now + LEEWAY || claims.nbf.is_some_and(|from| from > now + LEEWAY) {
        return Err(Distrust::Early);
    }
    if claims.iat + LEEWAY < begun {
        return Err(Distrust::Old);
    }
    let is_subject =
        (1..=LONGEST_SUBJECT).contains(&claims.sub.len()) && claims.sub.bytes().all(|b| (32..127).contains(&b));
    if is_subject { Ok(claims.sub) } else { Err(Distrust::Malformed("its subject is no name")) }
}
