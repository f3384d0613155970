//! The manual of the rule language's words and statistics, made from the doc comments they are compiled from.
//!
//! Nothing is written twice: a statistic whose comment lacks its unit, its source or its check value fails a test.

use crate::hazard;
use crate::stats::{FAMILIES, Family};
use std::fmt::Write;

/// Words that are part of the language itself: what to write, and what it means.
const WORDS: [(&str, &str); 9] = [
    (
        "check(\"label\", value, \">=\", limit)",
        "Compares, and records what it found as evidence. The label is a key of `[labels]`. Answers true, false or \
         unknown; what is missing is unknown. Comparisons: `>=`, `>`, `<=`, `<`.",
    ),
    ("any([a, b])", "True where one of the checks is true; unknown where none is true and one is unknown."),
    (
        "all([a, b])",
        "True where all checks are true; false where one is false, even if others are unknown. A rule of which some check is \
         unknown may raise and never lower; where it raises nothing, it says that it cannot decide, whatever the others \
         answer.",
    ),
    (
        "at_least(2, [a, b, c])",
        "True where that many of the checks are true; false where that many cannot be. What is left out (an optional input \
         that was never seen) does not count.",
    ),
    ("not(a)", "Turns a check round; unknown stays unknown."),
    ("raise(\"level\")", "The rule reaches this level: advisory, watch, warning or emergency. The highest one counts."),
    (
        "value.across(\"mean\")",
        "How several stations, each datastream of theirs for itself, become one number: `worst` (of the comparison; so without this word), `second`, `mean`, \
         `median`, `min`, `max`.",
    ),
    ("abs(value)", "Its size, whatever its sign."),
    ("+ - * /", "Arithmetic, station by station. Unknown stays unknown; so is a division by zero."),
];

/// What the words of the language are called together.
const LANGUAGE: (&str, &str) = ("언어의 낱말", "Words of the language");

/// Headings in a doc comment with what they are called here.
const SECTIONS: [(&str, &str); 3] =
    [("# Units", "단위 · Units"), ("# Source", "출처 · Source"), ("# Check", "검산 · Check")];

/// One function as its source documents it.
struct Entry {
    name: String,
    call: String,
    lines: Vec<String>,
}

/// The whole manual, as Markdown.
pub fn manual() -> String {
    let mut page = String::from(
        "# 규칙 언어의 낱말과 통계 · Words and statistics of the rule language\n\n\
         `bongsu rules reference` prints this page; it is made from the program itself.\n\n\
         창(window)은 `\"1h\"`처럼 쓰며, 규칙 범위의 마지막 관측에서 끝난다. 품질 관리를 통과한 관측만 본다. 자료가 \
         모자라면 답은 “알 수 없음”이고, 결코 0이나 “이상 없음”이 아니다.\n\n\
         A window is written `\"1h\"`; it ends at the latest observation of the rule's scope. Only observations that \
         passed quality control are seen. Where data does not suffice the answer is unknown, never zero and never \
         \"all clear\". `input` stands for the name of an input of the rule's header.\n",
    );
    let _ = write!(page, "\n## {} · {}\n", LANGUAGE.0, LANGUAGE.1);
    for (call, meaning) in WORDS {
        let _ = write!(page, "\n### `{call}`\n\n{meaning}\n");
    }
    page.push_str("\n## 재난 종류 · Hazards\n\n| `hazard` | 한국어 | English |\n|---|---|---|\n");
    for hazard in hazard::ALL {
        let _ = writeln!(page, "| `{}` | {} | {} |", hazard.name, hazard.title.0, hazard.title.1);
    }
    for family in FAMILIES {
        let _ = write!(page, "\n## {} · {}\n", family.title.0, family.title.1);
        for entry in entries(family) {
            let _ = write!(page, "\n### `{}`\n\n", entry.call);
            render(&entry.lines, &mut page);
        }
    }
    page
}

/// A part of the manual, for programs.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Chapter {
    /// What it is about, in Korean and English.
    pub title: (&'static str, &'static str),
    /// Its words, in order.
    pub entries: Vec<Explained>,
}

/// A word with everything that is known of it.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Explained {
    /// How it is written.
    pub call: String,
    /// What it means.
    pub meaning: String,
    /// What it is measured in, where it is from, and a value to check it by: what is called how, and what is said of it.
    pub facts: Vec<(&'static str, String)>,
}

/// The manual in parts: what [`manual`] says, word for word.
pub fn chapters() -> Vec<Chapter> {
    let word = |(call, meaning): &(&str, &str)| Explained {
        call: (*call).to_owned(),
        meaning: (*meaning).to_owned(),
        facts: Vec::new(),
    };
    let language = Chapter { title: LANGUAGE, entries: WORDS.iter().map(word).collect() };
    let of =
        |family: &Family| Chapter { title: family.title, entries: entries(family).iter().map(explained).collect() };
    std::iter::once(language).chain(FAMILIES.iter().map(of)).collect()
}

fn explained(entry: &Entry) -> Explained {
    let (mut meaning, mut facts): (Vec<&str>, Vec<(&'static str, Vec<&str>)>) = Default::default();
    for line in &entry.lines {
        match SECTIONS.iter().find(|(heading, _)| heading == line) {
            Some((_, title)) => facts.push((*title, Vec::new())),
            None if line.is_empty() => {}
            None => facts.last_mut().map_or(&mut meaning, |(_, said)| said).push(line),
        }
    }
    let facts = facts.into_iter().map(|(title, said)| (title, said.join(" "))).collect();
    Explained { call: entry.call.clone(), meaning: meaning.join(" "), facts }
}

/// A word that a rule can be written with.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Word {
    /// How it is written, such as `input.mean(window)`.
    pub call: String,
    /// What it means, in a sentence or two.
    pub meaning: String,
}

/// Every word of the language and every statistic, for whoever helps somebody to write.
pub fn words() -> Vec<Word> {
    let of_language = WORDS.iter().map(|(call, meaning)| Word { call: (*call).into(), meaning: (*meaning).into() });
    let meaning = |entry: &Entry| {
        let lines = entry.lines.iter().take_while(|line| !line.is_empty() && !line.starts_with('#'));
        lines.map(String::as_str).collect::<Vec<_>>().join(" ")
    };
    let statistics = FAMILIES.iter().flat_map(entries);
    of_language.chain(statistics.map(|entry| Word { meaning: meaning(&entry), call: entry.call })).collect()
}

/// A comment as paragraphs; each section of [`SECTIONS`] becomes a line of a list.
fn render(lines: &[String], page: &mut String) {
    let mut in_list = false;
    for line in lines {
        match SECTIONS.iter().find(|(heading, _)| heading == line) {
            Some((_, title)) => {
                page.push_str(if in_list { "" } else { "\n" });
                let _ = write!(page, "- **{title}**:");
                in_list = true;
            }
            None if line.is_empty() => {}
            None if in_list => {
                page.truncate(page.trim_end_matches('\n').len());
                let _ = writeln!(page, " {line}");
            }
            None => {
                let _ = writeln!(page, "{line}");
            }
        }
    }
}

/// The functions of a family, in the order of their names.
fn entries(family: &Family) -> Vec<Entry> {
    let mut engine = rhai::Engine::new_raw();
    engine.register_global_module((family.module)().into());
    let json = engine.gen_fn_metadata_to_json(false).unwrap_or_default();
    let metadata: serde_json::Value = serde_json::from_str(&json).unwrap_or_default();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let entry = |function: &serde_json::Value| {
        let params: Vec<String> =
            function["params"].as_array().into_iter().flatten().map(|p| text(&p["name"])).collect();
        let name = text(&function["name"]);
        let call = match params.split_first() {
            Some((first, rest)) if first == "input" => format!("input.{name}({})", rest.join(", ")),
            _ => format!("{name}({})", params.join(", ")),
        };
        let comments = function["docComments"].as_array().into_iter().flatten();
        let lines = comments.flat_map(|comment| text(comment).lines().map(str::to_owned).collect::<Vec<_>>());
        let lines = lines.map(|line| line.trim_start().trim_start_matches('/').trim().to_owned()).collect();
        Entry { name, call, lines }
    };
    let mut entries: Vec<Entry> = metadata["functions"].as_array().into_iter().flatten().map(entry).collect();
    // Of two forms with one name the one that is explained comes first, in whatever order the engine keeps them.
    let key = |entry: &Entry| {
        let refers = entry.lines.first().is_some_and(|line| line.starts_with("Like the other form"));
        (entry.name.clone(), entry.call.len(), refers)
    };
    entries.sort_by_key(key);
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_has_a_meaning() {
        let words = words();
        assert!(words.len() > WORDS.len());
        assert!(words.iter().all(|word| !word.call.is_empty() && !word.meaning.is_empty()), "{words:?}");
    }

    /// The conformance test of the table: every statistic says what it is, its unit, its source and a check value.
    #[test]
    fn every_statistic_is_documented() {
        let mut count = 0;
        for entry in FAMILIES.iter().flat_map(entries) {
            count += 1;
            let call = &entry.call;
            assert!(entry.lines.first().is_some_and(|line| line.len() > 10), "{call} does not say what it is");
            for (heading, _) in SECTIONS {
                let at = entry.lines.iter().position(|line| line == heading);
                let body = at.and_then(|at| entry.lines.get(at + 1));
                assert!(body.is_some_and(|line| !line.is_empty()), "{call} lacks {heading}");
            }
        }
        assert!(count >= 50, "{count}");
    }

    #[test]
    fn the_parts_are_the_manual() {
        let manual = manual();
        let chapters = chapters();
        assert_eq!(chapters.len(), FAMILIES.len() + 1);
        for entry in chapters.iter().flat_map(|chapter| &chapter.entries) {
            assert!(manual.contains(&format!("### `{}`", entry.call)), "{}", entry.call);
            for (title, said) in &entry.facts {
                assert!(manual.contains(&format!("- **{title}**: {said}")), "{}: {title}", entry.call);
            }
        }
    }

    /// The page that people read without the program.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test that writes the page anew where it is told to")]
    fn the_kept_page_is_the_manual() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/rules-reference.md");
        if std::env::var_os("BONGSU_BLESS").is_some() {
            std::fs::write(path, manual()).expect("written");
        }
        assert!(std::fs::read_to_string(path).expect("it is there") == manual(), "run this test with BONGSU_BLESS=1");
    }
}
