//! Requests to other machines: HTTP/1.1 over TCP or TLS, bounded in time and in what is read of the answer.

use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{HeaderMap, RETRY_AFTER};
use hyper::{Request, StatusCode};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use miette::{IntoDiagnostic, WrapErr, miette};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::Outcome;

/// Bytes read of an answer: enough to say what was wrong.
const ANSWER_BYTES: usize = 4_096;

/// Characters of an answer that go into the books.
const QUOTED: usize = 200;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// Longest wait another side may ask for.
const LONGEST_WAIT: u64 = 3_600;

/// Asks other machines. Clones share connections.
#[derive(Clone)]
pub struct Client {
    inner: hyper_util::client::legacy::Client<HttpsConnector<HttpConnector>, Full<bytes::Bytes>>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Client")
    }
}

impl Client {
    /// A client that trusts whom this machine trusts.
    ///
    /// # Errors
    /// The machine's certificates cannot be read.
    pub fn new() -> miette::Result<Client> {
        Client::trusting(None)
    }

    /// A client that trusts the authorities of a PEM file; without one, whom this machine trusts.
    ///
    /// # Errors
    /// The certificates cannot be read.
    pub fn trusting(authorities: Option<&Path>) -> miette::Result<Client> {
        let mut http = HttpConnector::new();
        http.set_connect_timeout(Some(CONNECT));
        http.set_nodelay(true);
        http.enforce_http(false);
        let tls = match authorities {
            None => HttpsConnectorBuilder::new()
                .with_provider_and_native_roots(rustls::crypto::ring::default_provider())
                .into_diagnostic()
                .wrap_err("failed to read the certificates this machine trusts")?,
            Some(file) => HttpsConnectorBuilder::new().with_tls_config(trust(file)?),
        };
        let connector = tls.https_or_http().enable_http1().wrap_connector(http);
        let inner = hyper_util::client::legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(30))
            .pool_max_idle_per_host(64)
            .build(connector);
        Ok(Client { inner })
    }

    /// Sends a request and reads what became of it.
    pub async fn send(&self, request: Request<Full<bytes::Bytes>>) -> Outcome {
        match self.inner.request(request).await {
            Ok(response) => {
                let (parts, body) = response.into_parts();
                let body = Limited::new(body, ANSWER_BYTES).collect().await.map(|body| body.to_bytes());
                let said = body.map(|body| String::from_utf8_lossy(&body).chars().take(QUOTED).collect::<String>());
                judge(parts.status, &parts.headers, said.unwrap_or_default().trim())
            }
            Err(error) => Outcome::Retry(None, causes(&error)),
        }
    }

    /// Sends a request and hands over the answer as it came. It goes nowhere else, whatever the answer says.
    ///
    /// # Errors
    /// Nobody answers, or with more than so many bytes.
    pub async fn fetch(
        &self,
        request: Request<Full<bytes::Bytes>>,
        limit: usize,
    ) -> Result<(StatusCode, bytes::Bytes), String> {
        let response = self.inner.request(request).await.map_err(|error| causes(&error))?;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, limit).collect().await.map_err(|error| causes(&*error))?;
        Ok((parts.status, body.to_bytes()))
    }
}

/// Trust in the authorities of a file and in nobody else.
fn trust(file: &Path) -> miette::Result<ClientConfig> {
    let failed = || format!("failed to read the certificates in {}", file.display());
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).into_diagnostic().wrap_err_with(failed)? {
        let certificate = certificate.into_diagnostic().wrap_err_with(failed)?;
        roots.add(certificate).into_diagnostic().wrap_err_with(failed)?;
    }
    if roots.is_empty() {
        return Err(miette!("there is no certificate in {}", file.display()));
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().into_diagnostic()?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// An error with everything behind it: the first line alone says only that a request failed.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(&format!(": {cause}"));
        next = cause.source();
    }
    text
}

/// What an answer means: who is overloaded or broken will take it later, who refuses it will refuse it again.
fn judge(status: StatusCode, headers: &HeaderMap, said: &str) -> Outcome {
    let told = format!("{status} {said}").trim().to_owned();
    let after = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok());
    let after = after.map(|seconds| Duration::from_secs(seconds.min(LONGEST_WAIT)));
    match status.as_u16() {
        200..=299 => Outcome::Sent(told),
        404 | 410 => Outcome::Gone(told),
        408 | 425 | 429 | 500..=599 => Outcome::Retry(after, told),
        _ => Outcome::Rejected(told),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_mean_what_they_say() {
        let check = |status: u16, header: Option<&str>, expect: Outcome| {
            let mut headers = HeaderMap::new();
            if let Some(header) = header {
                headers.insert(RETRY_AFTER, header.parse().expect("header"));
            }
            assert_eq!(judge(StatusCode::from_u16(status).expect("status"), &headers, "x"), expect);
        };
        check(201, None, Outcome::Sent("201 Created x".into()));
        check(410, None, Outcome::Gone("410 Gone x".into()));
        check(400, None, Outcome::Rejected("400 Bad Request x".into()));
        check(503, None, Outcome::Retry(None, "503 Service Unavailable x".into()));
        check(429, Some("7"), Outcome::Retry(Some(Duration::from_secs(7)), "429 Too Many Requests x".into()));
        check(429, Some("99999999"), Outcome::Retry(Some(Duration::from_secs(3600)), "429 Too Many Requests x".into()));
        check(429, Some("soon"), Outcome::Retry(None, "429 Too Many Requests x".into()));
    }
}
