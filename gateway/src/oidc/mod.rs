//! The city's own login: a provider of OpenID Connect says who somebody is, by the authorization code flow with PKCE.
//! What they may do stays ours: [`crate::people::vouched`] finds the account an administrator has allowed, if any.
//!
//! Nothing the provider or a browser says is believed before it is checked: [`token`] checks what the provider signed,
//! [`waiting`] that the browser which comes back is the one that left, once. Start at [`Provider::begin`] and
//! [`Provider::finish`].

// The provider's public keys.
mod key;
// Why somebody is not let in.
mod refusal;
// What the provider signed.
mod token;
// What waits for a browser to come back.
mod waiting;

pub use refusal::{Distrust, Refusal};
pub use waiting::Waiting;

use crate::channel::client::Client;
use crate::config::Oidc;
use crate::people::{digest, secret};
use crate::store::people::Change;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bongsu_sensors::Time;
use bytes::Bytes;
use form_urlencoded::{Serializer, byte_serialize};
use http_body_util::Full;
use hyper::{Request, StatusCode, Uri, header};
use key::Keys;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use token::Expected;
use tokio::sync::Mutex as Turn;
use tokio_util::sync::CancellationToken;

/// Where a browser comes back to, on the operators' plane.
pub const CALLBACK: &str = "/api/v1/login/oidc/callback";

/// How long a person may take at the provider's page.
pub const LASTS: Duration = Duration::from_secs(600);

/// How long the provider may take for one answer, and for all that one login asks of it: a page's own deadline is longer.
const PATIENCE: Duration = Duration::from_secs(3);
const PATIENCE_IN_ALL: Duration = Duration::from_secs(8);

/// Most bytes of an answer.
const ANSWER_BYTES: usize = 256 * 1024;

/// How long what the provider says of itself is believed.
const FRESH: Duration = Duration::from_secs(3600);

/// A key that is not known lets the keys be asked for again, so often at most: who makes up keys must not make us knock.
const ASK_AGAIN: Duration = Duration::from_secs(60);

/// After a failure nobody asks for a moment, so that those who wait do not wait one after the other.
const REST: Duration = Duration::from_secs(5);

/// How often the provider is looked at.
const LOOK: Duration = Duration::from_secs(60);

/// What the provider says of itself.
#[derive(Debug, Deserialize)]
struct Discovery {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
    /// It names itself when it sends a browser back (RFC 9207).
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// What is known of the provider.
#[derive(Debug, Default)]
struct Known {
    discovery: Option<(Instant, Arc<Discovery>)>,
    keys: Option<(Instant, Arc<Keys>)>,
    asked_again: Option<Instant>,
    failed: Option<(Instant, String)>,
}

/// A login that began here and is at the provider.
#[derive(Clone, Debug)]
struct Flow {
    /// Of the browser's cookie.
    browser: [u8; 32],
    nonce: String,
    verifier: String,
    return_to: String,
    begun: Time,
}

/// Whom the provider vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vouchee {
    /// Who vouches.
    pub issuer: String,
    /// The provider's own name for the person, which never changes.
    pub subject: String,
    /// The name the person has there now.
    pub name: Option<String>,
}

/// Somebody whom the provider vouched for, and who still owes a one-time code.
#[derive(Clone, Debug)]
pub struct Entered {
    /// The account.
    pub username: String,
    /// What else becomes true with the login.
    pub changes: Vec<Change>,
    /// What the audit says.
    pub detail: String,
    /// Where to go then.
    pub return_to: String,
}

/// What a browser brings back.
#[derive(Clone, Debug, Default)]
pub struct Brought {
    /// The secret that says which login it is.
    pub state: Option<String>,
    /// What is exchanged for the token.
    pub code: Option<String>,
    /// Who sends it.
    pub issuer: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
    /// The secret of the browser's cookie.
    pub browser: Option<String>,
}

/// The provider.
#[derive(Debug)]
pub struct Provider {
    /// What was configured.
    pub settings: Oidc,
    redirect: String,
    client: Client,
    known: Turn<Known>,
    flows: Waiting<Flow>,
    /// Those who still owe a one-time code, by the digest of their secret.
    pub entered: Waiting<Entered>,
    trouble: Mutex<Option<String>>,
}

/// Whether secrets may travel to this address: inside TLS, or on this very machine.
pub fn is_safe(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    let host = uri.host().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let is_here = host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    // A name or password in it, or a fragment, is no part of an endpoint.
    let is_plain = !url.contains(['@', '#', '\\']) && !host.is_empty();
    is_plain && (uri.scheme_str() == Some("https") || uri.scheme_str() == Some("http") && is_here)
}

impl Provider {
    /// A provider, and the address under which operators know the console.
    ///
    /// # Errors
    /// The certificates it is trusted by cannot be read.
    pub fn new(settings: Oidc, console: &str) -> miette::Result<Provider> {
        let client = Client::trusting(settings.ca.as_deref())?;
        let redirect = format!("{}{CALLBACK}", console.trim_end_matches('/'));
        Ok(Provider {
            settings,
            redirect,
            client,
            known: Turn::default(),
            flows: Waiting::lasting(LASTS),
            entered: Waiting::lasting(LASTS / 2),
            trouble: Mutex::default(),
        })
    }

    /// Why the provider could not be asked last time; `None`: it could.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks at the provider from time to time, so that it is known to be away before somebody wants in.
    pub async fn watch(self: Arc<Self>, stop: CancellationToken) {
        loop {
            if let Err(away) = self.look().await {
                tracing::warn!("people who log in with OpenID Connect wait: {away}");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// Asks the provider what it says of itself.
    ///
    /// # Errors
    /// It cannot be asked, or is another.
    pub async fn look(&self) -> Result<(), Refusal> {
        self.discover(&mut *self.known.lock().await).await.map(drop)
    }

    /// Begins a login: where the browser goes, and the secret of the cookie that it keeps.
    ///
    /// # Errors
    /// The provider cannot be asked.
    pub async fn begin(&self, return_to: &str, from: &str, now: Time) -> Result<(String, String), Refusal> {
        let discovery = self.discovery(&mut *self.known.lock().await).await?;
        let (state, state_digest) = secret();
        let (browser, browser_digest) = secret();
        let ((nonce, _), (verifier, _)) = (secret(), secret());
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        let mut query = Serializer::new(String::new());
        query.append_pair("response_type", "code").append_pair("client_id", &self.settings.client_id);
        query.append_pair("redirect_uri", &self.redirect).append_pair("scope", "openid profile");
        query.append_pair("state", &state).append_pair("nonce", &nonce);
        query.append_pair("code_challenge", &challenge).append_pair("code_challenge_method", "S256");
        let endpoint = &discovery.authorization_endpoint;
        let joint = if endpoint.contains('?') { '&' } else { '?' };
        let url = format!("{endpoint}{joint}{}", query.finish());
        let flow = Flow { browser: browser_digest, nonce, verifier, return_to: return_to.to_owned(), begun: now };
        self.flows.put(state_digest, from, flow, now);
        Ok((url, browser))
    }

    /// Ends a login: whom the provider vouches for, and where the browser wanted to go.
    ///
    /// # Errors
    /// Why not.
    pub async fn finish(&self, brought: &Brought, now: Time) -> Result<(Vouchee, String), Refusal> {
        let state = brought.state.as_deref().ok_or(Refusal::Stray)?;
        // Taken before anything is checked: what fails once is not tried again with the same state.
        let flow = self.flows.take(&digest(state), now).ok_or(Refusal::Stray)?;
        let browser = brought.browser.as_deref().map(digest).ok_or(Refusal::Stray)?;
        if browser != flow.browser {
            return Err(Refusal::Stray);
        }
        let asked = tokio::time::timeout(PATIENCE_IN_ALL, self.ask(brought, &flow, now)).await;
        let vouchee = asked.unwrap_or_else(|_| Err(Refusal::Away("it does not answer in time".into())))?;
        Ok((vouchee, flow.return_to))
    }

    async fn ask(&self, brought: &Brought, flow: &Flow, now: Time) -> Result<Vouchee, Refusal> {
        let discovery = self.discovery(&mut *self.known.lock().await).await?;
        // Another provider's answer must not be exchanged at this one.
        let is_named = !discovery.authorization_response_iss_parameter_supported || brought.error.is_some();
        if !brought.issuer.as_ref().map_or(is_named, |named| *named == self.settings.issuer) {
            return Err(Distrust::Issuer.into());
        }
        if let Some(error) = &brought.error {
            return Err(Refusal::Denied(refusal::plain(error)));
        }
        let code = brought.code.as_deref().ok_or(Refusal::Stray)?;
        let token = self.exchange(&discovery, code, &flow.verifier).await?;
        let expected = Expected {
            issuer: &self.settings.issuer,
            client: &self.settings.client_id,
            nonce: &flow.nonce,
            begun: flow.begun,
            now,
        };
        let keys = self.keys(&discovery).await?;
        let claims = match token::verify(&token, &keys, &expected) {
            Err(Distrust::UnknownKey) => {
                let newer = self.newer_keys(&discovery, keys).await?;
                token::verify(&token, &newer, &expected)?
            }
            verified => verified?,
        };
        let name = claims.text(&self.settings.username_claim).map(str::to_owned);
        Ok(Vouchee { issuer: self.settings.issuer.clone(), subject: claims.subject, name })
    }

    /// What exchanges a code for an ID token.
    fn question(&self, discovery: &Discovery, code: &str, verifier: &str) -> Result<Request<Full<Bytes>>, Refusal> {
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code").append_pair("code", code);
        form.append_pair("redirect_uri", &self.redirect).append_pair("code_verifier", verifier);
        let mut request = Request::post(&discovery.token_endpoint)
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let (id, methods) = (&self.settings.client_id, &discovery.token_endpoint_auth_methods_supported);
        let knows = |method: &str| methods.iter().any(|known| known == method);
        match &self.settings.client_secret {
            Some(own) if knows("client_secret_post") && !knows("client_secret_basic") => {
                form.append_pair("client_id", id).append_pair("client_secret", own.reveal());
            }
            // What holds where nothing is said (RFC 6749 section 2.3.1).
            Some(own) => {
                let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
                let pair = format!("{}:{}", encoded(id), encoded(own.reveal()));
                request = request.header(header::AUTHORIZATION, format!("Basic {}", STANDARD.encode(pair)));
            }
            None => {
                form.append_pair("client_id", id);
            }
        }
        request.body(Full::from(form.finish())).map_err(|error| self.away(error.to_string()))
    }

    /// Exchanges a code for an ID token.
    async fn exchange(&self, discovery: &Discovery, code: &str, verifier: &str) -> Result<String, Refusal> {
        #[derive(Deserialize)]
        struct Tokens {
            id_token: String,
        }
        #[derive(Deserialize)]
        struct Complaint {
            error: String,
        }
        let (status, body) = self.fetch(self.question(discovery, code, verifier)?).await?;
        if status.is_client_error() {
            let error = serde_json::from_slice::<Complaint>(&body).map(|complaint| refusal::plain(&complaint.error));
            let error = error.unwrap_or_default();
            let told = format!("{status} {error}").trim().to_owned();
            // That it does not know us or has no time says nothing of who came.
            let is_ours = error == "invalid_client" || matches!(status.as_u16(), 401 | 408 | 429);
            return Err(if is_ours { self.away(told) } else { Refusal::Denied(told) });
        }
        if status != StatusCode::OK {
            return Err(self.away(format!("{}: {status}", discovery.token_endpoint)));
        }
        let tokens: Tokens = serde_json::from_slice(&body).map_err(|_| Distrust::Malformed("it holds no ID token"))?;
        Ok(tokens.id_token)
    }

    async fn discovery(&self, known: &mut Known) -> Result<Arc<Discovery>, Refusal> {
        if let Some((since, discovery)) = &known.discovery
            && since.elapsed() < FRESH
        {
            return Ok(discovery.clone());
        }
        if let Some((since, wrong)) = &known.failed
            && since.elapsed() < REST
        {
            return Err(Refusal::Away(wrong.clone()));
        }
        self.discover(known).await
    }

    async fn discover(&self, known: &mut Known) -> Result<Arc<Discovery>, Refusal> {
        let url = format!("{}/.well-known/openid-configuration", self.settings.issuer.trim_end_matches('/'));
        let found = async {
            let discovery: Discovery = serde_json::from_slice(&self.get(&url).await?)
                .map_err(|wrong| self.away(format!("{url} cannot be understood: {wrong}")))?;
            if discovery.issuer != self.settings.issuer {
                return Err(self.away(format!("{url} speaks for {}", refusal::plain(&discovery.issuer))));
            }
            let endpoints = [&discovery.authorization_endpoint, &discovery.token_endpoint, &discovery.jwks_uri];
            if let Some(open) = endpoints.iter().find(|endpoint| !is_safe(endpoint)) {
                return Err(self.away(format!("secrets must not travel to {}", refusal::plain(open))));
            }
            Ok(Arc::new(discovery))
        };
        match found.await {
            Ok(discovery) => {
                *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = None;
                known.failed = None;
                known.discovery = Some((Instant::now(), discovery.clone()));
                Ok(discovery)
            }
            Err(away) => {
                known.failed = Some((Instant::now(), self.trouble().unwrap_or_default()));
                Err(away)
            }
        }
    }

    async fn keys(&self, discovery: &Discovery) -> Result<Arc<Keys>, Refusal> {
        let mut known = self.known.lock().await;
        if let Some((since, keys)) = &known.keys
            && since.elapsed() < FRESH
        {
            return Ok(keys.clone());
        }
        self.ask_keys(&mut known, discovery).await
    }

    /// The keys once more, for one that `before` lacks.
    async fn newer_keys(&self, discovery: &Discovery, before: Arc<Keys>) -> Result<Arc<Keys>, Refusal> {
        let mut known = self.known.lock().await;
        if let Some((_, keys)) = known.keys.as_ref().filter(|(_, keys)| !Arc::ptr_eq(keys, &before)) {
            return Ok(keys.clone());
        }
        if known.asked_again.is_some_and(|since| since.elapsed() < ASK_AGAIN) {
            return Ok(before);
        }
        known.asked_again = Some(Instant::now());
        self.ask_keys(&mut known, discovery).await
    }

    async fn ask_keys(&self, known: &mut Known, discovery: &Discovery) -> Result<Arc<Keys>, Refusal> {
        let body = self.get(&discovery.jwks_uri).await?;
        let keys = Keys::read(&body).map_err(|wrong| self.away(format!("{}: {wrong}", discovery.jwks_uri)))?;
        let keys = Arc::new(keys);
        known.keys = Some((Instant::now(), keys.clone()));
        Ok(keys)
    }

    async fn get(&self, url: &str) -> Result<Bytes, Refusal> {
        let request = Request::get(url).header(header::ACCEPT, "application/json").body(Full::default());
        let (status, body) = self.fetch(request.map_err(|error| self.away(format!("{url}: {error}")))?).await?;
        if status == StatusCode::OK { Ok(body) } else { Err(self.away(format!("{url}: {status}"))) }
    }

    async fn fetch(&self, request: Request<Full<Bytes>>) -> Result<(StatusCode, Bytes), Refusal> {
        let url = request.uri().to_string();
        let answer = tokio::time::timeout(PATIENCE, self.client.fetch(request, ANSWER_BYTES)).await;
        let answer = answer.unwrap_or_else(|_| Err(format!("no answer within {} s", PATIENCE.as_secs())));
        answer.map_err(|wrong| self.away(format!("{url}: {wrong}")))
    }

    /// The provider is away: whoever asks how the system does is told.
    fn away(&self, wrong: String) -> Refusal {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(wrong.clone());
        Refusal::Away(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::is_safe;

    #[test]
    fn secrets_travel_inside_tls_or_on_this_machine() {
        for good in ["https://id.city/realms/a", "http://127.0.0.1:8080/a", "http://[::1]/", "http://localhost:1/x?y=z"]
        {
            assert!(is_safe(good), "{good}");
        }
        for bad in [
            "http://id.city/",
            "https://",
            "ftp://id.city",
            "id.city",
            "http://localhost@evil.city/",
            "https://a/#b",
            "/a",
        ] {
            assert!(!is_safe(bad), "{bad}");
        }
    }
}
