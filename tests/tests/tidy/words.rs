//! Words our own texts do not use: the weather agency's and the flood-control offices' names of warnings, which citizens
//! must be able to trust, and places that exist on a developer's machine only.

use crate::assert_tidy;
use crate::source::{self, Source};

/// Where our own texts stand.
const OURS: [&str; 4] = ["rules/packs/", "gateway/src/", "dashboards/", "simulators/"];

/// Files that hold texts.
const TEXTS: [&str; 11] = [".rs", ".rhai", ".toml", ".md", ".html", ".ts", ".js", ".css", ".json", ".txt", ".svg"];

/// Words that belong to agencies. They may be relayed with the agency's name, never said by us.
const OF_AGENCIES: [&str; 4] = ["주의보", "경보", "특보", "속보"];

/// What a comment begins with.
const COMMENTS: [&str; 6] = ["//", "#", "/*", "*", "<!--", "--"];

/// Paths of one machine. Written in two parts, because this file is checked too.
const OF_ONE_MACHINE: [&str; 3] = [concat!("../", "shared"), concat!(".", "library"), concat!("/work", "/main")];

fn is_quotation(source: &Source, line: &str) -> bool {
    let line = line.trim_start();
    // The header of a rule stands in comments, but is data: its title is read to citizens.
    let header = source.ends_with(&[".rhai"]) && line.starts_with("//!");
    line.contains("why") || (!header && COMMENTS.iter().any(|mark| line.starts_with(mark)))
}

/// A file without its unit tests, which stand at its end and may name what must not be said.
fn without_tests(source: &Source) -> impl Iterator<Item = &str> {
    let code = source.ends_with(&[".rs"]);
    source.text.lines().take_while(move |line| !(code && line.starts_with("#[cfg(test)]")))
}

fn agency_words(source: &Source) -> Vec<String> {
    let lines = without_tests(source).enumerate().filter(|(_, line)| !is_quotation(source, line));
    let words = |line: &str| OF_AGENCIES.iter().copied().find(|word| line.contains(word));
    lines.filter_map(|(at, line)| Some(format!("{}:{}: {}", source.path, at + 1, words(line)?))).collect()
}

#[test]
fn our_texts_leave_the_agencies_their_words() {
    let sources = source::all().into_iter().filter(|source| source.stands_in(&OURS) && source.ends_with(&TEXTS));
    let complaints: Vec<String> = sources.flat_map(|source| agency_words(&source)).collect();
    assert_tidy("say the danger and what to do; these words belong to the agencies", &complaints);
}

#[test]
fn agency_words_are_found_where_citizens_read_them() {
    let count = |path: &str, text: &str| agency_words(&Source::sample(path, text)).len();
    assert_eq!(count("gateway/src/a.rs", "let a = \"홍수경보\";\n// 홍수경보\nlet b = \"호우주의보\";\n"), 2);
    assert_eq!(count("rules/packs/a.rhai", "//! title = { ko = \"홍수경보\" }\n// 경보\n"), 1);
    assert_eq!(count("rules/packs/a.rhai", "//! rain = { default = 1.0, why = \"호우경보 기준\" }\n"), 0);
    assert_eq!(count("gateway/src/a.rs", "#[cfg(test)]\nmod tests { const A: &str = \"경보\"; }\n"), 0);
    assert_eq!(count("rules/packs/cases.toml", "# 호우경보\nname = \"속보\"\n"), 1);
}

fn machine_paths(source: &Source) -> Vec<String> {
    let found = |line: &str| OF_ONE_MACHINE.iter().any(|path| line.contains(path));
    let lines = source.text.lines().enumerate().filter(|(_, line)| found(line));
    lines.map(|(at, line)| format!("{}:{}: {}", source.path, at + 1, line.trim())).collect()
}

#[test]
fn nothing_points_to_one_machine() {
    let complaints: Vec<String> = source::all().iter().flat_map(machine_paths).collect();
    assert_tidy("a newcomer does not have these folders", &complaints);
    let sample = format!("see {}/data\nsee docs/data\n", OF_ONE_MACHINE[0]);
    assert_eq!(
        machine_paths(&Source::sample("README.md", &sample)),
        ["README.md:1: see ../".to_owned() + "shared/data"]
    );
}
