//! An enveloped XML signature over a CAP message: ECDSA on P-256 with SHA-256, exclusive canonicalisation.
//!
//! The message is written in its canonical form already, and so is what is signed here; nothing is canonicalised.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bongsu_rules::cap::SIGNATURE_NAMESPACE;
use bongsu_rules::cap::write::END;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::DecodePrivateKey;
use sha2::{Digest, Sha256};

const CANONICAL: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

/// A key is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The private key.
    #[error(
        "no PKCS #8 PEM of a P-256 key; make one with `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`"
    )]
    Key,
    /// The certificate.
    #[error("no PEM certificate; it begins with -----BEGIN CERTIFICATE-----")]
    Certificate,
}

/// Signs messages.
#[derive(Clone)]
pub struct Signer {
    key: SigningKey,
    /// The certificate in base 64, where receivers should find one in the message.
    certificate: Option<String>,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer(hidden)")
    }
}

impl Signer {
    /// A signer with a private key and perhaps a certificate, both PEM.
    ///
    /// # Errors
    /// A text that is neither.
    pub fn new(key: &str, certificate: Option<&str>) -> Result<Signer, KeyError> {
        let key = SigningKey::from_pkcs8_pem(key.trim()).map_err(|_| KeyError::Key)?;
        Ok(Signer { key, certificate: certificate.map(body).transpose()? })
    }

    /// The message with its signature, as its last element.
    pub fn sign(&self, canonical: &str) -> String {
        let digest = STANDARD.encode(Sha256::digest(canonical.as_bytes()));
        let info = format!(
            "<CanonicalizationMethod Algorithm=\"{CANONICAL}\"></CanonicalizationMethod>\
             <SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256\"></SignatureMethod>\
             <Reference URI=\"\"><Transforms>\
             <Transform Algorithm=\"{SIGNATURE_NAMESPACE}enveloped-signature\"></Transform>\
             <Transform Algorithm=\"{CANONICAL}\"></Transform></Transforms>\
             <DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></DigestMethod>\
             <DigestValue>{digest}</DigestValue></Reference></SignedInfo>"
        );
        // Alone, the element names its namespace; inside of the signature it inherits it.
        let alone = format!("<SignedInfo xmlns=\"{SIGNATURE_NAMESPACE}\">{info}");
        let signature: Signature = self.key.sign(alone.as_bytes());
        let value = STANDARD.encode(signature.to_bytes());
        let certificate = self.certificate.as_deref().map(|certificate| {
            format!("<KeyInfo><X509Data><X509Certificate>{certificate}</X509Certificate></X509Data></KeyInfo>")
        });
        let message = canonical.strip_suffix(END).unwrap_or(canonical);
        format!(
            "{message}<Signature xmlns=\"{SIGNATURE_NAMESPACE}\"><SignedInfo>{info}\
             <SignatureValue>{value}</SignatureValue>{}</Signature>{END}",
            certificate.unwrap_or_default()
        )
    }
}

/// What stands between the lines of a PEM certificate.
fn body(pem: &str) -> Result<String, KeyError> {
    let after = pem.split_once("-----BEGIN CERTIFICATE-----").ok_or(KeyError::Certificate)?.1;
    let body = after.split_once("-----END CERTIFICATE-----").ok_or(KeyError::Certificate)?.0;
    let body: String = body.split_whitespace().collect();
    STANDARD.decode(&body).map(|_| body).map_err(|_| KeyError::Certificate)
}
