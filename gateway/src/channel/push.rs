//! Web push: a message to a browser through its maker's push service, which cannot read it.
//!
//! The payload is encrypted for the browser (RFC 8291, aes128gcm), and the request says who we are (VAPID, RFC 8292).
//! Push services are the only machines that citizens may make us ask, so only known ones are.

use super::client::Client;
use super::notice::{Filter, Notice};
use super::{Channel, Kind, Outcome, Pace, Settings, Target, Tools, webhook};
use crate::alert::words::Language;
use crate::clock::Clock;
use crate::config::Layers;
use crate::store::{Reader, Subscriber};
use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::{Aes128Gcm, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bongsu_sensors::Level;
use bongsu_sensors::document::Reader as Section;
use futures_util::future::BoxFuture;
use hkdf::Hkdf;
use http_body_util::Full;
use hyper::{Method, Request, Uri};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::elliptic_curve::sec1::ToSec1Point;
use p256::{PublicKey, SecretKey};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// The line of the table.
pub const KIND: Kind = Kind { name: "push", manual: MANUAL, read };

const MANUAL: &str = r#"# Web push to browsers that subscribed. The key that identifies this city to push services is made at the first start
# and kept in the data folder: whoever loses it loses the subscribers.
[[channel.push]]
# The push services that may be asked; a leading *. takes every name below. Absent: those of Google, Mozilla, Apple and
# Microsoft.
# services = ["fcm.googleapis.com", "*.push.services.mozilla.com", "*.push.apple.com", "*.notify.windows.com"]

# Messages that may begin in a second, and how long a service may take for one.
per_second = 2000
timeout = "10s"
"#;

/// The services of the makers of browsers.
const SERVICES: [&str; 4] =
    ["fcm.googleapis.com", "*.push.services.mozilla.com", "*.push.apple.com", "*.notify.windows.com"];

/// How long a proof of who we are is good for: the standard allows a day.
const PROOF_SECONDS: i64 = 12 * 3600;

/// Bytes of one encrypted record: everything is one record.
const RECORD: u32 = 4096;

/// What a browser hands out when it subscribes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// Where its push service takes messages for it.
    pub endpoint: String,
    /// What only it can decrypt with.
    pub keys: Keys,
}

/// The keys of a browser, in base 64 for addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keys {
    /// Its public key on P-256, uncompressed.
    pub p256dh: String,
    /// 16 bytes that the push service does not know.
    pub auth: String,
}

/// Why nothing can be sent to a browser.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PushError {
    /// Its address.
    #[error("{0:?} is no push service that is asked; only known ones are")]
    Service(String),
    /// Its keys.
    #[error("`keys` must hold `p256dh`, 65 bytes, and `auth`, 16 bytes, in base64url")]
    Keys,
    /// What is to be said.
    #[error("the message is too long for one record")]
    TooLong,
}

/// A file's bytes, made at the first start. Only its owner reads it.
///
/// # Errors
/// The file cannot be read or written.
pub fn kept(path: &Path, make: impl FnOnce() -> Vec<u8>) -> io::Result<Vec<u8>> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    match std::fs::read(path) {
        Ok(bytes) if !bytes.is_empty() => return Ok(bytes),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let bytes = make();
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    Ok(bytes)
}

/// A new private key. Almost every 32 bytes are one.
fn new_key() -> SecretKey {
    loop {
        let bytes: [u8; 32] = rand::random();
        if let Ok(key) = SecretKey::from_slice(&bytes) {
            return key;
        }
    }
}

/// Who we are to push services.
#[derive(Clone)]
pub struct Vapid {
    key: SigningKey,
    public: String,
    contact: String,
}

impl std::fmt::Debug for Vapid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vapid").field("public", &self.public).finish_non_exhaustive()
    }
}

impl Vapid {
    /// The identity of a data folder, made at the first start. `contact` is an address under which we are found.
    ///
    /// # Errors
    /// The folder cannot be read or written, or what is kept there is no key.
    pub fn open(data: &Path, contact: String) -> io::Result<Vapid> {
        let bytes = kept(&data.join("push.key"), || new_key().to_bytes().to_vec())?;
        let damaged = |_| io::Error::new(io::ErrorKind::InvalidData, "push.key holds no key; restore it from a backup");
        let key = SecretKey::from_slice(&bytes).map_err(damaged)?;
        let public = URL_SAFE_NO_PAD.encode(key.public_key().to_sec1_point(false).as_bytes());
        Ok(Vapid { key: SigningKey::from(key), public, contact })
    }

    /// The public key as browsers want it when they subscribe.
    pub fn public_key(&self) -> &str {
        &self.public
    }

    /// The Authorization header for a push service.
    fn authorization(&self, origin: &str, now_seconds: i64) -> String {
        let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = part(json!({"typ": "JWT", "alg": "ES256"}));
        let claims = part(json!({"aud": origin, "exp": now_seconds + PROOF_SECONDS, "sub": self.contact}));
        let signed = format!("{header}.{claims}");
        let signature: Signature = self.key.sign(signed.as_bytes());
        format!("vapid t={signed}.{}, k={}", URL_SAFE_NO_PAD.encode(signature.to_bytes()), self.public)
    }
}

/// Bytes in base 64 for addresses, with or without padding.
fn decoded(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()
}

/// Encrypts a text for a browser.
///
/// # Errors
/// Keys that are none, or a text that is too long.
pub fn encrypt(keys: &Keys, text: &[u8], own: &SecretKey, salt: [u8; 16]) -> Result<Vec<u8>, PushError> {
    let theirs = decoded(&keys.p256dh).ok_or(PushError::Keys)?;
    let auth = decoded(&keys.auth).filter(|auth| auth.len() == 16).ok_or(PushError::Keys)?;
    let public = PublicKey::from_sec1_bytes(&theirs).map_err(|_| PushError::Keys)?;
    // One record holds the text, a delimiter and the tag.
    if text.len() + 17 + 86 > RECORD as usize {
        return Err(PushError::TooLong);
    }
    let ours = own.public_key().to_sec1_point(false);
    let shared = p256::ecdh::diffie_hellman(own.to_nonzero_scalar(), public.as_affine());
    let expand = |salt: &[u8], secret: &[u8], info: &[u8], to: &mut [u8]| {
        // The outputs are shorter than any limit of the derivation.
        let _ = Hkdf::<Sha256>::new(Some(salt), secret).expand(info, to);
    };
    let mut secret = [0; 32];
    let info = [b"WebPush: info\0".as_slice(), &theirs, ours.as_bytes()].concat();
    expand(&auth, shared.raw_secret_bytes(), &info, &mut secret);
    let (mut key, mut nonce) = ([0; 16], [0; 12]);
    expand(&salt, &secret, b"Content-Encoding: aes128gcm\0", &mut key);
    expand(&salt, &secret, b"Content-Encoding: nonce\0", &mut nonce);
    let padded = [text, &[2]].concat();
    let sealed = Aes128Gcm::new(&key.into()).encrypt(&Nonce::from(nonce), padded.as_slice());
    let sealed = sealed.map_err(|_| PushError::TooLong)?;
    let mut body = salt.to_vec();
    body.extend(RECORD.to_be_bytes());
    body.push(65);
    body.extend(ours.as_bytes());
    body.extend(sealed);
    Ok(body)
}

/// Whether keys can be encrypted for.
///
/// # Errors
/// They are none.
pub fn check(keys: &Keys) -> Result<(), PushError> {
    encrypt(keys, b"", &new_key(), [0; 16]).map(|_| ())
}

/// Which push services are asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Services(Vec<String>);

impl Default for Services {
    fn default() -> Services {
        Services(SERVICES.map(str::to_owned).to_vec())
    }
}

impl Services {
    /// The origin of an endpoint, where its service is one of these. Others than https only where the list names them
    /// with their scheme, for trials on one machine.
    ///
    /// # Errors
    /// Any other address.
    pub fn origin(&self, endpoint: &str) -> Result<(Uri, String), PushError> {
        let refused = || PushError::Service(endpoint.chars().take(80).collect());
        let uri: Uri = endpoint.parse().map_err(|_| refused())?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return Err(refused()) };
        let origin = format!("{scheme}://{authority}");
        let host = authority.host();
        let is_known = self.0.iter().any(|service| match service.strip_prefix("*.") {
            Some(domain) => scheme == "https" && host.strip_suffix(domain).is_some_and(|name| name.ends_with('.')),
            None => *service == origin || scheme == "https" && service == host,
        });
        let is_plain = !authority.as_str().contains('@');
        if is_known && is_plain { Ok((uri, origin)) } else { Err(refused()) }
    }
}

#[derive(Debug)]
struct Push {
    services: Services,
    pace: Pace,
}

fn read(section: Section<'_>, _: &Layers) -> Option<Arc<dyn Settings>> {
    let services = section.optional::<Vec<String>>("services").map_or_else(Services::default, Services);
    let mut pace = webhook::pace(&section, 64);
    if section.node("per_second").is_none() {
        pace.per_second = 2_000;
    }
    section.finish();
    Some(Arc::new(Push { services, pace }))
}

impl Settings for Push {
    fn name(&self) -> String {
        "push".into()
    }

    fn build(&self, tools: &Tools) -> miette::Result<Arc<dyn Channel>> {
        let (services, pace) = (self.services.clone(), self.pace);
        Ok(Arc::new(Built { services, pace, client: tools.client.clone(), vapid: tools.vapid.clone() }))
    }

    fn services(&self) -> Option<Services> {
        Some(self.services.clone())
    }
}

struct Built {
    services: Services,
    pace: Pace,
    client: Client,
    vapid: Arc<Vapid>,
}

impl Built {
    fn request(&self, notice: &Notice, target: &Target, key: &str) -> Result<Request<Full<bytes::Bytes>>, String> {
        let told = |error: PushError| error.to_string();
        let subscription: Subscription = serde_json::from_str(&target.address).map_err(|error| error.to_string())?;
        let (uri, origin) = self.services.origin(&subscription.endpoint).map_err(told)?;
        let language = Language::of_tag(&target.language).unwrap_or(Language::Ko);
        let words = notice.words(language).map_err(|error| error.to_string())?;
        let incident = &notice.transition.incident;
        let text = json!({
            "title": words.headline,
            "body": words.instruction,
            "url": format!("{}?lang={}", notice.link(), language.code()),
            "level": notice.message.level,
            "incident": incident.id,
            "identifier": notice.message.identifier,
            "lang": language.code(),
        });
        let body =
            encrypt(&subscription.keys, text.to_string().as_bytes(), &new_key(), rand::random()).map_err(told)?;
        let now = Clock::System.now();
        // A newer message of the incident replaces the one that waits at the push service.
        let topic = URL_SAFE_NO_PAD.encode(&Sha256::digest(incident.id.as_bytes())[..24]);
        let request = Request::builder()
            .method(Method::POST)
            .uri(uri)
            .header("authorization", self.vapid.authorization(&origin, now.millis() / 1_000))
            .header("content-encoding", "aes128gcm")
            .header("content-type", "application/octet-stream")
            .header("ttl", notice.left().as_secs())
            .header("urgency", if notice.message.level >= Level::Watch { "high" } else { "normal" })
            .header("topic", topic)
            .header("idempotency-key", key);
        request.body(Full::new(body.into())).map_err(|error| error.to_string())
    }
}

fn target(subscriber: Subscriber) -> Target {
    Target { id: subscriber.id, address: subscriber.address, language: subscriber.language }
}

impl Channel for Built {
    fn pace(&self) -> Pace {
        self.pace
    }

    fn targets(&self, notice: &Notice, reader: &Reader) -> rusqlite::Result<Vec<Target>> {
        let all = reader.subscribers("push")?.into_iter();
        Ok(all.filter(|subscriber| notice.is_wanted(&Filter::of(subscriber))).map(target).collect())
    }

    fn target(&self, id: &str, reader: &Reader) -> rusqlite::Result<Option<Target>> {
        Ok(reader.subscriber(id)?.map(target))
    }

    fn deliver<'a>(&'a self, notice: &'a Notice, target: &'a Target, key: &'a str) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            match self.request(notice, target, key) {
                Ok(request) => self.client.send(request).await,
                Err(why) => Outcome::Rejected(why),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 8291, appendix A.
    #[test]
    fn the_example_of_the_standard_is_encrypted_as_it_says() {
        let keys = Keys {
            p256dh: "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4".into(),
            auth: "BTBZMqHH6r4Tts7J_aSIgg".into(),
        };
        let own = decoded("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw").expect("a key");
        let own = SecretKey::from_slice(&own).expect("a key");
        let salt = decoded("DGv6ra1nlYgDCS1FRnbzlw").expect("a salt").try_into().expect("16 bytes");
        let body = encrypt(&keys, b"When I grow up, I want to be a watermelon", &own, salt).expect("encrypted");
        let expect = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";
        assert_eq!(URL_SAFE_NO_PAD.encode(body), expect);
        let long = vec![b'x'; 4_000];
        assert_eq!(encrypt(&keys, &long, &own, salt), Err(PushError::TooLong));
        let bad = Keys { auth: "AAAA".into(), ..keys };
        assert_eq!(encrypt(&bad, b"x", &own, salt), Err(PushError::Keys));
    }

    #[test]
    fn only_known_services_are_asked() {
        let services = Services::default();
        let check = |endpoint: &str, expect: bool| assert_eq!(services.origin(endpoint).is_ok(), expect, "{endpoint}");
        check("https://fcm.googleapis.com/fcm/send/x", true);
        check("https://updates.push.services.mozilla.com/wpush/v2/x", true);
        check("https://web.push.apple.com/x", true);
        check("http://fcm.googleapis.com/x", false);
        check("https://fcm.googleapis.com.evil.example/x", false);
        check("https://push.services.mozilla.com/x", false);
        check("https://user@fcm.googleapis.com/x", false);
        check("https://evilpush.apple.com/x", false);
        check("https://127.0.0.1/x", false);
        check("file:///etc/passwd", false);
        check("", false);
    }

    #[test]
    fn a_key_is_made_once_and_kept_from_others() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("folder");
        let first = Vapid::open(folder.path(), "https://x".into()).expect("made");
        let again = Vapid::open(folder.path(), "https://x".into()).expect("kept");
        assert_eq!(first.public_key(), again.public_key());
        assert_eq!(decoded(first.public_key()).map(|key| key.len()), Some(65));
        let mode = std::fs::metadata(folder.path().join("push.key")).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(folder.path().join("push.key"), "nonsense").expect("written");
        assert!(Vapid::open(folder.path(), "https://x".into()).is_err());
    }
}
