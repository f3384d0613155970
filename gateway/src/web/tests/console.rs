//! The console: served before a login, under a policy that lets nothing else run, and not sent twice.

use super::city::{City, ask, text};
use axum::http::{StatusCode, header};

#[tokio::test]
async fn the_console_is_served_under_a_strict_policy() {
    let city = City::actual();
    let mut numbers = std::collections::BTreeSet::new();
    for path in ["/", "/rules/x", "/inbox", "/incident/x", "/welcome/abc"] {
        let response = ask(city.operator(), path, &[]).await;
        let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("text").to_owned();
        let (status, page) = text(response).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        assert!(policy.contains("script-src 'self';") && !policy.contains("unsafe"), "{policy}");
        let (_, nonce) = policy.split_once("style-src 'self' 'nonce-").expect("a number of the page's own");
        let nonce = nonce.split('\'').next().unwrap_or_default();
        assert!(nonce.len() >= 32 && page.contains(&format!("name=\"bongsu-nonce\" content=\"{nonce}\"")), "{page}");
        assert!(numbers.insert(nonce.to_owned()), "another page has another");
        assert!(page.contains("name=\"bongsu-sender\" content=\"Bongsu &amp; &lt;City&gt;\""), "{page}");
    }
}

#[tokio::test]
async fn a_file_that_is_known_is_not_sent_again() {
    let city = City::actual();
    for file in bongsu_dashboards::FILES.iter().filter(|file| file.path != "/index.html") {
        let response = ask(city.operator(), file.path, &[]).await;
        let tag = response.headers()[header::ETAG].to_str().expect("text").to_owned();
        assert_eq!(text(response).await.1.len(), file.bytes.len());
        let response = ask(city.operator(), file.path, &[("if-none-match", &tag)]).await;
        assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
    }
}
