//! TLS: the certificate shown to clients, the authority that signed theirs, and their replacement while connections go
//! on.
//!
//! It reads no file: the application owns files and says when they changed. A connection keeps what its handshake
//! began with; [`Tls::replace`] is for those that come after.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{self, RootCertStore, ServerConfig};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

/// A client that resumes needs one ticket, and each costs a message of the handshake.
const TICKETS: usize = 1;

/// What TLS is made of, as PEM.
#[derive(Clone, Copy)]
pub struct Pem<'a> {
    /// The server's certificate, and those between it and its root.
    pub certificate: &'a [u8],
    /// Its key: PKCS#8, PKCS#1 or SEC1.
    pub key: &'a [u8],
    /// Who signs the certificates of clients; `None`: clients are not asked for one.
    pub client_authority: Option<&'a [u8]>,
}

impl fmt::Debug for Pem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pem").field("client_authority", &self.client_authority.is_some()).finish_non_exhaustive()
    }
}

/// Why certificates cannot be used. It never shows a key.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// There is no certificate in it.
    #[error("no certificate in `cert`; write a PEM file that begins with -----BEGIN CERTIFICATE-----")]
    NoCertificate,
    /// There is no key in it.
    #[error("no private key in `key`; write a PEM file that begins with -----BEGIN PRIVATE KEY-----")]
    NoKey,
    /// There is no certificate of an authority in it.
    #[error("no certificate in `client_ca`; write the PEM file of the authority that signs devices' certificates")]
    NoAuthority,
    /// They do not belong together, or their kind is not known.
    #[error("certificate and key cannot be used: {0}")]
    Unusable(String),
}

/// TLS of one or several listeners.
pub struct Tls {
    now: RwLock<Arc<ServerConfig>>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

impl Tls {
    /// TLS 1.2 and 1.3 with this certificate.
    ///
    /// # Errors
    /// What is wrong with the PEM.
    pub fn new(pem: &Pem<'_>) -> Result<Tls, TlsError> {
        Ok(Tls { now: RwLock::new(config(pem)?) })
    }

    /// Whoever connects from now on is shown this certificate. What was in force stays in force on an error.
    ///
    /// # Errors
    /// What is wrong with the PEM.
    pub fn replace(&self, pem: &Pem<'_>) -> Result<(), TlsError> {
        let config = config(pem)?;
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = config;
        Ok(())
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.now.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

fn config(pem: &Pem<'_>) -> Result<Arc<ServerConfig>, TlsError> {
    let unusable = |error: rustls::Error| TlsError::Unusable(error.to_string());
    let chain = certificates(pem.certificate).filter(|chain| !chain.is_empty()).ok_or(TlsError::NoCertificate)?;
    let key = PrivateKeyDer::from_pem_slice(pem.key).map_err(|_| TlsError::NoKey)?;
    let provider: Arc<CryptoProvider> = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone());
    let builder = builder.with_safe_default_protocol_versions().map_err(unusable)?;
    let builder = match pem.client_authority {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            let known = certificates(authority).filter(|known| !known.is_empty()).ok_or(TlsError::NoAuthority)?;
            for root in known {
                roots.add(root).map_err(unusable)?;
            }
            // A device may still come with a password; whoever shows a certificate must show a good one.
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            let verifier = verifier.allow_unauthenticated().build();
            builder.with_client_cert_verifier(verifier.map_err(|error| TlsError::Unusable(error.to_string()))?)
        }
    };
    let mut config = builder.with_single_cert(chain, key).map_err(unusable)?;
    // Ten thousand devices that come back at once resume: without keeping anything for each of them here. Who may
    // come is asked at every CONNECT all the same.
    config.ticketer = ring::Ticketer::new().map_err(unusable)?;
    config.send_tls13_tickets = TICKETS;
    Ok(Arc::new(config))
}

/// All certificates of a PEM text; `None` where one of them is broken.
fn certificates(pem: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().ok()
}

/// What a client's certificate says of it. It was signed by the `client_authority` and is in its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The common name of its subject, and the DNS names it is also for.
    pub names: Vec<String>,
}

impl Certificate {
    /// Reads what the handshake has verified.
    pub(crate) fn of(chain: Option<&[CertificateDer<'_>]>) -> Option<Certificate> {
        let (_, certificate) = X509Certificate::from_der(chain?.first()?).ok()?;
        let common = certificate.subject().iter_common_name().filter_map(|name| name.as_str().ok());
        let mut names: Vec<String> = common.map(str::to_owned).collect();
        if let Ok(Some(also)) = certificate.subject_alternative_name() {
            names.extend(also.value.general_names.iter().filter_map(|name| match name {
                GeneralName::DNSName(name) => Some((*name).to_owned()),
                _ => None,
            }));
        }
        Some(Certificate { names })
    }
}
