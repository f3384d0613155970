//! A provider of OpenID Connect that tests make up: discovery, keys, the exchange of codes, and tokens as good or as forged
//! as a test wants them. What a person does at its page is [`Provider::authorize`].

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use ring::{digest, hmac, rsa};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

/// Our name there, with what must be encoded in it.
pub const CLIENT: &str = "bongsu:office";

/// Our secret there.
pub const SECRET: &str = "a secret & more";

/// How a token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// By the P-256 key.
    Es256,
    /// By the RSA key.
    Rs256,
    /// By the Ed25519 key.
    EdDsa,
    /// Not at all.
    None,
    /// By an HMAC whose secret is the public P-256 key.
    PublicHmac,
    /// By a P-256 key that is nobody's, under the name of the real one.
    Stranger,
}

/// A token before it is signed.
#[derive(Clone, Debug)]
pub struct Forge {
    /// Laid over the header.
    pub header: Value,
    /// Laid over the claims; null takes one out.
    pub claims: Value,
    /// How it is signed.
    pub how: How,
}

impl Default for Forge {
    fn default() -> Forge {
        Forge { header: json!({}), claims: json!({}), how: How::Es256 }
    }
}

/// How a path answers instead of well.
#[derive(Clone, Copy, Debug)]
pub enum Ill {
    /// Not at all.
    Hangs,
    /// With this status, and a place to go to.
    Status(u16),
    /// With more than anybody reads.
    Huge,
    /// With something else.
    Nonsense,
}

struct Asked {
    nonce: String,
    challenge: String,
    redirect: String,
    forge: Forge,
}

struct State {
    issuer: String,
    p256: (String, Vec<u8>),
    codes: HashMap<String, Asked>,
    forge: Forge,
    ill: Vec<(String, Ill)>,
    /// Laid over what it says of itself.
    discovery: Value,
    heard: Vec<String>,
}

/// The provider.
#[derive(Clone)]
pub struct Provider {
    /// Its name.
    pub issuer: String,
    state: Arc<Mutex<State>>,
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.issuer)
    }
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn p256() -> Vec<u8> {
    let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
    made.expect("a key").as_ref().to_vec()
}

fn p256_of(pkcs8: &[u8]) -> EcdsaKeyPair {
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &SystemRandom::new()).expect("a key")
}

fn rsa_key() -> RsaKeyPair {
    let PrivateKeyDer::Pkcs8(der) = PrivateKeyDer::from_pem_slice(include_bytes!("../oidc/rsa.pem")).expect("a key")
    else {
        panic!("the key is PKCS #8")
    };
    RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).expect("a key")
}

fn ed25519() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a key")
}

fn lay(over: &Value, below: &mut Value) {
    for (key, value) in over.as_object().expect("an object") {
        match value {
            Value::Null => drop(below.as_object_mut().expect("an object").remove(key)),
            value => below[key] = value.clone(),
        }
    }
}

/// What a query or a form says.
pub fn pairs(text: &str) -> HashMap<String, String> {
    form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}

/// Seconds since 1970.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time");
    i64::try_from(since.as_secs()).expect("a time")
}

impl State {
    fn token(&self, asked: &Asked) -> String {
        let Forge { header: over, claims: more, how } = &asked.forge;
        let kid = match how {
            How::Rs256 => "rsa",
            How::EdDsa => "ed",
            _ => &self.p256.0,
        };
        let alg = match how {
            How::Rs256 => "RS256",
            How::EdDsa => "EdDSA",
            How::None => "none",
            How::PublicHmac => "HS256",
            How::Es256 | How::Stranger => "ES256",
        };
        let mut header = json!({ "typ": "JWT", "alg": alg, "kid": kid });
        lay(over, &mut header);
        let mut claims = json!({
            "iss": self.issuer, "sub": "subject-of-lee", "aud": CLIENT, "iat": now(), "exp": now() + 300,
            "nonce": asked.nonce, "preferred_username": "lee", "roles": ["admin"],
        });
        lay(more, &mut claims);
        let message = format!("{}.{}", b64(header.to_string()), b64(claims.to_string()));
        let (random, bytes) = (SystemRandom::new(), message.as_bytes());
        let signature = match how {
            How::Es256 => p256_of(&self.p256.1).sign(&random, bytes).expect("signed").as_ref().to_vec(),
            How::Stranger => p256_of(&p256()).sign(&random, bytes).expect("signed").as_ref().to_vec(),
            How::Rs256 => {
                let key = rsa_key();
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, bytes, &mut signature).expect("signed");
                signature
            }
            How::EdDsa => ed25519().sign(bytes).as_ref().to_vec(),
            How::None => Vec::new(),
            How::PublicHmac => {
                let public = p256_of(&self.p256.1).public_key().as_ref().to_vec();
                hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &public), bytes).as_ref().to_vec()
            }
        };
        format!("{message}.{}", b64(signature))
    }

    fn keys(&self) -> Value {
        let point = p256_of(&self.p256.1).public_key().as_ref().to_vec();
        let rsa = rsa::PublicKeyComponents::<Vec<u8>>::from(rsa_key().public());
        json!({ "keys": [
            { "kty": "oct", "kid": "no", "k": b64([1; 32]) },
            { "kty": "EC", "crv": "P-256", "kid": self.p256.0, "use": "sig", "x": b64(&point[1..33]), "y": b64(&point[33..]) },
            { "kty": "RSA", "kid": "rsa", "alg": "RS256", "n": b64(rsa.n), "e": b64(rsa.e) },
            { "kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": b64(ed25519().public_key()) },
        ] })
    }

    fn discovery(&self) -> Value {
        let issuer = &self.issuer;
        let mut said = json!({
            "issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/keys"),
            "authorization_response_iss_parameter_supported": true,
        });
        lay(&self.discovery, &mut said);
        said
    }

    /// Exchanges a code: once, for whoever has the secret, the same address and the verifier.
    fn exchange(&mut self, head: &str, form: &HashMap<String, String>) -> (u16, Value) {
        let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let basic = STANDARD.encode(format!("{}:{}", encoded(CLIENT), encoded(SECRET)));
        let is_us = head.lines().any(|line| line.eq_ignore_ascii_case(&format!("authorization: Basic {basic}")));
        if !is_us {
            return (401, json!({ "error": "invalid_client" }));
        }
        let asked = form.get("code").and_then(|code| self.codes.remove(code));
        let good = asked.filter(|asked| {
            let verifier = form.get("code_verifier").cloned().unwrap_or_default();
            let challenge = b64(digest::digest(&digest::SHA256, verifier.as_bytes()));
            challenge == asked.challenge && form.get("redirect_uri") == Some(&asked.redirect)
        });
        match good {
            Some(asked) => {
                (200, json!({ "token_type": "Bearer", "access_token": "x", "id_token": self.token(&asked) }))
            }
            None => (400, json!({ "error": "invalid_grant" })),
        }
    }
}

impl Provider {
    /// A provider on this machine.
    pub fn start() -> Provider {
        Provider::listen(None)
    }

    /// The same inside TLS, with the certificate and the key in a folder that `bongsu certs dev` has made.
    pub fn inside_tls(folder: &Path) -> Provider {
        let chain = CertificateDer::pem_file_iter(folder.join("server.pem")).expect("a certificate");
        let chain = chain.map(|certificate| certificate.expect("a certificate")).collect();
        let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).expect("a key");
        let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()));
        let builder = builder.with_safe_default_protocol_versions().expect("versions").with_no_client_auth();
        Provider::listen(Some(Arc::new(builder.with_single_cert(chain, key).expect("they fit"))))
    }

    fn listen(tls: Option<Arc<ServerConfig>>) -> Provider {
        let listener = TcpListener::bind("127.0.0.1:0").expect("it listens");
        let address = listener.local_addr().expect("an address");
        let issuer = format!("http{}://{address}/realms/city", if tls.is_some() { "s" } else { "" });
        let state = State {
            issuer: issuer.clone(),
            p256: ("p256".into(), p256()),
            codes: HashMap::new(),
            forge: Forge::default(),
            ill: Vec::new(),
            discovery: json!({}),
            heard: Vec::new(),
        };
        let provider = Provider { issuer, state: Arc::new(Mutex::new(state)) };
        let served = provider.clone();
        std::thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let (served, tls) = (served.clone(), tls.clone());
                std::thread::spawn(move || match tls {
                    None => served.serve(socket),
                    // A client that does not trust it leaves in the middle.
                    Some(tls) => {
                        served.serve(StreamOwned::new(ServerConnection::new(tls).expect("a connection"), socket))
                    }
                });
            }
        });
        provider
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tokens of those who come from now on.
    pub fn forges(&self, forge: Forge) {
        self.state().forge = forge;
    }

    /// A path answers ill from now on.
    pub fn falls_ill(&self, path: &str, ill: Ill) {
        self.state().ill.push((path.to_owned(), ill));
    }

    /// Everything answers well again.
    pub fn recovers(&self) {
        self.state().ill.clear();
    }

    /// It says something else of itself.
    pub fn says(&self, discovery: Value) {
        self.state().discovery = discovery;
    }

    /// Its P-256 key is another from now on.
    pub fn rotates(&self, name: &str) {
        self.state().p256 = (name.to_owned(), p256());
    }

    /// How often a path was asked for.
    pub fn heard(&self, path: &str) -> usize {
        self.state().heard.iter().filter(|heard| heard.ends_with(path)).count()
    }

    /// What the person does to whom the browser was sent: says yes. Answers the query with which the browser goes back.
    ///
    /// # Panics
    /// The browser was sent with something else than a question for a code.
    pub fn authorize(&self, location: &str) -> String {
        let (endpoint, query) = location.split_once('?').expect("a query");
        assert_eq!(endpoint, format!("{}/authorize", self.issuer));
        let asked = pairs(query);
        for (key, wanted) in [("response_type", "code"), ("client_id", CLIENT), ("code_challenge_method", "S256")] {
            assert_eq!(asked[key], wanted, "{location}");
        }
        assert!(
            asked["scope"].split(' ').any(|scope| scope == "openid") && asked["redirect_uri"].ends_with("/callback")
        );
        let code = b64(asked["state"].as_bytes().iter().rev().copied().collect::<Vec<u8>>());
        let mut state = self.state();
        let asked_for = Asked {
            nonce: asked["nonce"].clone(),
            challenge: asked["code_challenge"].clone(),
            redirect: asked["redirect_uri"].clone(),
            forge: state.forge.clone(),
        };
        state.codes.insert(code.clone(), asked_for);
        let mut back = form_urlencoded::Serializer::new(String::new());
        back.append_pair("state", &asked["state"]).append_pair("code", &code).append_pair("iss", &self.issuer);
        back.finish()
    }

    fn serve(&self, mut socket: impl Read + Write) {
        let mut read = BufReader::new(&mut socket);
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") {
            if read.read_exact(&mut byte).is_err() {
                return;
            }
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let length =
            head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        if read.read_exact(&mut body).is_err() {
            return;
        }
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let form = pairs(&String::from_utf8_lossy(&body));
        let ill = {
            let mut state = self.state();
            state.heard.push(path.clone());
            state.ill.iter().find(|(at, _)| path.ends_with(at.as_str())).map(|(_, ill)| *ill)
        };
        let (status, said) = match ill {
            Some(Ill::Hangs) => return std::thread::sleep(Duration::from_secs(30)),
            Some(Ill::Status(status)) => (status, "{}".to_owned()),
            Some(Ill::Huge) => (200, format!("{{\"x\":\"{}\"}}", "x".repeat(4_000_000))),
            Some(Ill::Nonsense) => (200, "<html>".to_owned()),
            None => self.answer(&path, &head, &form),
        };
        let place = format!("{}/elsewhere", self.issuer);
        let length = said.len();
        let head = format!(
            "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nLocation: {place}\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n"
        );
        // A client that has read enough hangs up.
        let _ = socket.write_all(head.as_bytes()).and_then(|()| socket.write_all(said.as_bytes()));
        let _ = socket.flush();
    }

    fn answer(&self, path: &str, head: &str, form: &HashMap<String, String>) -> (u16, String) {
        let mut state = self.state();
        let (status, said) = match path.strip_prefix("/realms/city") {
            Some("/.well-known/openid-configuration") => (200, state.discovery()),
            Some("/keys") => (200, state.keys()),
            Some("/token") => state.exchange(head, form),
            _ => (404, json!({})),
        };
        (status, said.to_string())
    }
}

/// A file with our secret there.
pub fn secret_file(folder: &Path) -> String {
    let path = folder.join("oidc-secret");
    File::create(&path).and_then(|mut file| file.write_all(SECRET.as_bytes())).expect("written");
    path.to_string_lossy().into_owned()
}
