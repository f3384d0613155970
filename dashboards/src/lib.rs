//! The operators' console as bytes: a page, its script and its style, made by npm from `console/` (see `build.mjs`) and
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
pub const VIEWS: [&str; 12] = [
    "/",
    "/login",
    "/welcome/{token}",
    "/wall",
    "/inbox",
    "/incident/{id}",
    "/station/{id}",
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
    /// The address citizens know the pages under.
    pub public: &'a str,
}

/// The page, with these facts in its head.
pub fn page(facts: &Facts<'_>) -> String {
    let file = FILES.iter().find(|file| file.path == "/index.html");
    let text = String::from_utf8_lossy(file.map_or(b"".as_slice(), |file| file.bytes));
    let Facts { sender, status, timezone, public } = facts;
    let told = [("sender", sender), ("status", status), ("timezone", timezone), ("public", public)];
    let told: String = told
        .iter()
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
        let facts = Facts { sender: "\"><script>", status: "Exercise", timezone: "Asia/Seoul", public: "http://a" };
        let page = page(&facts);
        assert!(page.contains("content=\"Exercise\"") && page.contains("&quot;&gt;&lt;script&gt;"), "{page}");
        assert!(!page.contains("\"><script>"));
        assert!(FILES.iter().all(|file| !file.bytes.is_empty() && file.tag.len() == 18));
        assert_eq!(FILES.len(), if IS_BUILT { 3 } else { 1 });
    }
}
