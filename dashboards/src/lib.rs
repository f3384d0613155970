//! The operators' console as bytes: a page, its script, its style and the editor of rules, made by npm from `console/` (see `build.mjs`) and
//! embedded by `build.rs`. Where they were not built, the page says how to.
//!
//! It knows nothing of the gateway, which serves these files and tells the page [what it must know](page) before
//! anybody has logged in.

/// A file of the console.
#[derive(Clone, Copy, Debug)]
pub struct File {
    /// Its path on the operators' plane.
    pub path: &'static str,
    /// Its media type.
    pub kind: &'static str,
    /// Its entity tag, with the quotes.
    pub tag: &'static str,
    /// It.
    pub bytes: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// The paths the console shows something under. The script reads the address; the server only has to serve the page.
pub const VIEWS: [&str; 21] = [
    "/",
    "/login",
    "/welcome/{token}",
    "/wall",
    "/inbox",
    "/incident/{id}",
    "/station/{id}",
    "/rules",
    "/rules/{id}",
    "/new-rule",
    "/reference",
    "/replay",
    "/review/{id}",
    "/devices",
    "/deliveries",
    "/system",
    "/silences",
    "/exercises",
    "/account",
    "/people",
    "/audit",
];

/// What the page must know before anybody has logged in.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// Who warns.
    pub sender: &'a str,
    /// CAP status of everything this system says.
    pub status: &'a str,
    /// The zone times are shown in.
    pub timezone: &'a str,
    /// Whose clock the city lives by: `system`, or `own` where it shows another time.
    pub clock: &'a str,
    /// The address citizens know the pages under.
    pub public: &'a str,
    /// What style sheets carry that its script makes, as the page's policy says.
    pub nonce: &'a str,
    /// What stands on the button of the city's own login, in Korean and in English, empty where nobody chose; `None`:
    /// there is no such login.
    pub login: Option<(&'a str, &'a str)>,
}

/// The page, with these facts in its head.
pub fn page(facts: &Facts<'_>) -> String {
    let file = FILES.iter().find(|file| file.path == "/index.html");
    let text = String::from_utf8_lossy(file.map_or(b"".as_slice(), |file| file.bytes));
    let Facts { sender, status, timezone, clock, public, nonce, login } = facts;
    let told = [
        ("sender", sender),
        ("status", status),
        ("timezone", timezone),
        ("clock", clock),
        ("public", public),
        ("nonce", nonce),
    ];
    let labels = login.iter().flat_map(|(ko, en)| [("oidc-ko", ko), ("oidc-en", en)]);
    let told: String = told
        .into_iter()
        .chain(labels)
        .map(|(name, fact)| format!("<meta name=\"bongsu-{name}\" content=\"{}\">", escaped(fact)))
        .collect();
    text.replacen("<!--facts-->", &told, 1)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_there_and_knows_its_facts() {
        let (sender, timezone) = ("\"><script>", "Asia/Seoul");
        let login = Some(("로그인", ""));
        let facts = Facts { sender, status: "Exercise", timezone, clock: "own", public: "http://a", nonce: "0", login };
        let without = page(&Facts { login: None, ..facts.clone() });
        let page = page(&facts);
        assert!(page.contains("<meta name=\"bongsu-oidc-ko\" content=\"로그인\">") && !without.contains("oidc"));
        assert!(page.contains("<meta name=\"bongsu-clock\" content=\"own\">"));
        assert!(page.contains("content=\"Exercise\"") && page.contains("&quot;&gt;&lt;script&gt;"), "{page}");
        assert!(!page.contains("\"><script>"));
        assert!(FILES.iter().all(|file| !file.bytes.is_empty() && file.tag.len() == 18));
        assert_eq!(FILES.len(), if IS_BUILT { 4 } else { 1 });
    }
}
