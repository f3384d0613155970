//! The conformance page names a test for each group of statements; each of them exists.
#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::collections::HashSet;
use std::path::Path;

fn collect(folder: &Path, names: &mut HashSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, names);
            continue;
        }
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let mut marked = false;
        for line in text.lines().map(str::trim) {
            let words = line.strip_prefix("async ").unwrap_or(line);
            // in Rust a test is marked as one; in the scripts of the clients each scenario is a function
            let name = match words.strip_prefix("fn ") {
                Some(rest) if marked => Some(rest),
                _ => line.strip_prefix("def "),
            };
            names.extend(name.and_then(|rest| rest.split('(').next()).map(str::to_owned));
            let in_macro = text.contains("proptest!") && words.starts_with("#[test]");
            marked = in_macro || line.starts_with("#[test]") || line.starts_with("#[tokio::test");
        }
    }
}

#[test]
fn every_test_on_the_page_exists() {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut names = HashSet::new();
    collect(&crate_folder.join("src"), &mut names);
    collect(&crate_folder.join("tests"), &mut names);
    let page = std::fs::read_to_string(crate_folder.join("../docs/mqtt-conformance.md")).unwrap();
    let mut checked = 0;
    for row in page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| statements")) {
        let tests = row.trim_end_matches('|').rsplit(" | ").next().unwrap();
        let named: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty() || tests.contains("no test") || tests.contains("does not apply"), "no test: {row}");
        for name in named {
            assert!(names.contains(name), "docs/mqtt-conformance.md names {name}, which is no test");
            checked += 1;
        }
    }
    assert!(checked > 60, "only {checked} names found: has the page changed its form?");
}
