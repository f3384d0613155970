//! The provider's public keys, and the only three algorithms they sign with here. A key decides by its own kind which
//! one it is for, so that a token cannot choose: what is not among them, `none` and every HMAC included, finds no key.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;

/// Most keys of a provider.
const LIMIT: usize = 64;

/// How a token may be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSA of 2,048 to 8,192 bits with SHA-256.
    Rs256,
    /// P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    /// Of its name in a token.
    pub fn named(name: &str) -> Option<Algorithm> {
        match name {
            "RS256" => Some(Algorithm::Rs256),
            "ES256" => Some(Algorithm::Es256),
            "EdDSA" => Some(Algorithm::EdDsa),
            _ => None,
        }
    }
}

/// A key as the provider writes it (RFC 7517).
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    r#use: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

#[derive(Debug)]
enum Material {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

/// One key.
#[derive(Debug)]
pub struct Key {
    id: Option<String>,
    material: Material,
}

impl Key {
    /// What it signs with.
    fn algorithm(&self) -> Algorithm {
        match self.material {
            Material::Rsa { .. } => Algorithm::Rs256,
            Material::P256(_) => Algorithm::Es256,
            Material::Ed25519(_) => Algorithm::EdDsa,
        }
    }

    /// Whether it has signed this.
    pub fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let verified = match &self.material {
            Material::Rsa { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
            Material::P256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature),
            Material::Ed25519(point) => UnparsedPublicKey::new(&ED25519, point).verify(message, signature),
        };
        verified.is_ok()
    }

    /// `None`: it is for something else, or of a kind that is not used here.
    fn of(jwk: &Jwk) -> Option<Key> {
        let bytes = |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_deref()?).ok();
        let number = |text: &Option<String>| {
            let bytes = bytes(text)?;
            let first = bytes.iter().position(|byte| *byte != 0)?;
            Some(bytes[first..].to_vec())
        };
        let coordinate = |text: &Option<String>| bytes(text).filter(|bytes| bytes.len() == 32);
        let material = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("RSA", _) => Material::Rsa { n: number(&jwk.n)?, e: number(&jwk.e)? },
            ("EC", Some("P-256")) => Material::P256([vec![4], coordinate(&jwk.x)?, coordinate(&jwk.y)?].concat()),
            ("OKP", Some("Ed25519")) => Material::Ed25519(coordinate(&jwk.x)?),
            _ => return None,
        };
        let key = Key { id: jwk.kid.clone(), material };
        let is_to_sign = jwk.r#use.as_deref().is_none_or(|purpose| purpose == "sig");
        let is_for = jwk.alg.as_deref().is_none_or(|name| Algorithm::named(name) == Some(key.algorithm()));
        (is_to_sign && is_for).then_some(key)
    }
}

/// All of them.
#[derive(Debug)]
pub struct Keys(Vec<Key>);

impl Keys {
    /// Reads a JWK set. Keys of other kinds are passed over.
    ///
    /// # Errors
    /// It is none, or holds nothing that can be used.
    pub fn read(text: &[u8]) -> Result<Keys, String> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<serde_json::Value>,
        }
        let set: Set =
            serde_json::from_slice(text).map_err(|wrong| format!("the keys cannot be understood: {wrong}"))?;
        let read = |key: serde_json::Value| serde_json::from_value(key).ok().as_ref().and_then(Key::of);
        let keys: Vec<Key> = set.keys.into_iter().take(LIMIT).filter_map(read).collect();
        if keys.is_empty() { Err("there is no key for RS256, ES256 or EdDSA".into()) } else { Ok(Keys(keys)) }
    }

    /// The key of a name; without one, the only key of its kind.
    pub fn find(&self, algorithm: Algorithm, id: Option<&str>) -> Option<&Key> {
        let mut fits = self.0.iter().filter(|key| key.algorithm() == algorithm);
        match id {
            Some(id) => fits.find(|key| key.id.as_deref() == Some(id)),
            None => fits.next().filter(|_| fits.next().is_none()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(set: &str, algorithm: Algorithm, id: Option<&str>) -> bool {
        Keys::read(set.as_bytes()).expect("keys").find(algorithm, id).is_some()
    }

    #[test]
    fn a_key_is_for_its_own_kind_and_purpose() {
        let x = URL_SAFE_NO_PAD.encode([7; 32]);
        let set = format!(
            r#"{{"keys":[{{"kty":"oct","kid":"a","k":"{x}"}},{{"kty":"OKP","crv":"Ed25519","kid":"b","x":"{x}"}},
            {{"kty":"OKP","crv":"Ed25519","kid":"c","use":"enc","x":"{x}"}},{{"kty":"RSA","kid":"d","n":"{x}"}},
            {{"kty":"EC","crv":"P-256","kid":"e","alg":"ES384","x":"{x}","y":"{x}"}},
            {{"kty":"EC","crv":"P-256","kid":"f","x":"AQ","y":"{x}"}},{{"kid":"g"}}]}}"#
        );
        assert!(found(&set, Algorithm::EdDsa, Some("b")));
        assert!(found(&set, Algorithm::EdDsa, None), "the only one of its kind");
        for id in ["a", "c", "d", "e", "f", "g"] {
            let found = [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa].map(|how| found(&set, how, Some(id)));
            assert_eq!(found, [false; 3], "{id}");
        }
        assert!(!found(&set, Algorithm::Es256, Some("b")), "of another kind");
        let two = format!(
            r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","x":"{x}"}},{{"kty":"OKP","crv":"Ed25519","kid":"b","x":"{x}"}}]}}"#
        );
        assert!(!found(&two, Algorithm::EdDsa, None), "which of the two?");
    }

    #[test]
    fn what_is_no_key_set_says_so() {
        for wrong in ["", "[]", "{}", r#"{"keys":[]}"#, r#"{"keys":[{"kty":"oct","k":"AA"}]}"#] {
            assert!(Keys::read(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
