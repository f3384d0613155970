//! The certificate of the door: read from its files, and read again when they change.
//!
//! Files are looked at rather than watched: what renews certificates replaces, renames or links them in ways that
//! differ, and a few reads in a while cost nothing.

use crate::config::TlsFiles;
use bongsu_broker::{Pem, Tls};
use miette::{IntoDiagnostic, WrapErr, miette};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often the files are looked at.
const EVERY: Duration = Duration::from_secs(2);

/// What the files held: certificate, key, authority.
#[derive(PartialEq, Eq)]
struct Contents {
    cert: Vec<u8>,
    key: Vec<u8>,
    client_ca: Option<Vec<u8>>,
}

impl Contents {
    fn read(files: &TlsFiles) -> miette::Result<Contents> {
        let read = |key: &str, path: &Path| {
            let failed = || format!("failed to read `{key}` of [mqtt.tls], {}", path.display());
            std::fs::read(path).into_diagnostic().wrap_err_with(failed)
        };
        let client_ca = files.client_ca.as_deref().map(|path| read("client_ca", path)).transpose()?;
        Ok(Contents { cert: read("cert", &files.cert)?, key: read("key", &files.key)?, client_ca })
    }

    fn pem(&self) -> Pem<'_> {
        Pem { certificate: &self.cert, key: &self.key, client_authority: self.client_ca.as_deref() }
    }
}

/// The certificate in force.
pub struct Certificates {
    files: TlsFiles,
    tls: Arc<Tls>,
    /// What was looked at last, good or not: a bad file is complained about once.
    seen: Mutex<Contents>,
}

impl std::fmt::Debug for Certificates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificates").field("files", &self.files).finish_non_exhaustive()
    }
}

impl Certificates {
    /// Reads the files.
    ///
    /// # Errors
    /// A file cannot be read, or what is in it cannot be used.
    pub fn load(files: &TlsFiles) -> miette::Result<Certificates> {
        let contents = Contents::read(files)?;
        let tls = Tls::new(&contents.pem()).map_err(|error| miette!("[mqtt.tls]: {error}"))?;
        Ok(Certificates { files: files.clone(), tls: Arc::new(tls), seen: Mutex::new(contents) })
    }

    /// TLS for a listener.
    pub fn tls(&self) -> Arc<Tls> {
        self.tls.clone()
    }

    /// Takes up what the files hold now; answers whether that is something new. What was in force stays in force when
    /// it cannot be used.
    ///
    /// # Errors
    /// A file cannot be read, or what is new in it cannot be used.
    pub fn renew(&self) -> miette::Result<bool> {
        let contents = Contents::read(&self.files)?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == contents {
            return Ok(false);
        }
        let replaced = self.tls.replace(&contents.pem());
        *seen = contents;
        replaced.map(|()| true).map_err(|error| miette!("[mqtt.tls]: {error}; the old certificate stays in force"))
    }

    /// Renews and tells the log, the same complaint once.
    pub fn renew_and_tell(&self, told: &mut String) {
        match self.renew() {
            Ok(true) => tracing::info!(cert = %self.files.cert.display(), "the certificate was renewed"),
            Ok(false) => {}
            // A certificate and its key are replaced one after the other: the next look sees both.
            Err(error) if error.to_string() != *told => {
                *told = error.to_string();
                tracing::warn!("{told}");
                return;
            }
            Err(_) => return,
        }
        told.clear();
    }

    /// Looks at the files until it is told to stop.
    pub async fn watch(self: Arc<Certificates>, stop: CancellationToken) {
        let told = Arc::new(Mutex::new(String::new()));
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
            let (this, told) = (self.clone(), told.clone());
            let look = move || this.renew_and_tell(&mut told.lock().unwrap_or_else(PoisonError::into_inner));
            let looked = tokio::task::spawn_blocking(look).await;
            if looked.is_err() {
                return;
            }
        }
    }
}
