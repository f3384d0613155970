//! Edits that programs make in texts that people wrote: what stands around them stays as it is.

use super::header::{Setting, header_only};
use super::overrides::{Override, Where};
use bongsu_sensors::document::{Node, Table, Value, parse_part};
use bongsu_sensors::mistake::{Mistakes, Source};
use std::fmt::Write;
use std::ops::Range;
use std::sync::Arc;

/// How a rule is let out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It is recorded and never shown.
    Shadow,
    /// Every level waits for a person.
    Propose,
    /// As its `[release]` says.
    Live,
}

/// The text of a rule in another mode.
pub fn in_mode(source: &Arc<Source>, mode: Mode) -> String {
    let table = parse_part(source, &header_only(&source.text), &Mistakes::new());
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    let word = if mode == Mode::Shadow { "\"shadow\"" } else { "\"live\"" };
    match table.get("mode") {
        Some(node) => edits.push((node.origin.span.clone(), word.to_owned())),
        None if mode == Mode::Shadow => {
            let at = after_line(&source.text, table.get("id").map_or(0, |id| id.origin.span.end));
            edits.push((at..at, format!("//! mode     = {word}\n")));
        }
        None => {}
    }
    if mode == Mode::Propose {
        edits.extend(autos(&table).map(|node| (node.origin.span.clone(), "\"propose\"".to_owned())));
    }
    replaced(&source.text, edits)
}

/// The text of a rule with other defaults of its parameters; those it does not have are left out.
pub fn with_defaults(source: &Arc<Source>, set: &[(String, Setting)]) -> String {
    let table = parse_part(source, &header_only(&source.text), &Mistakes::new());
    let params = inner(&table, "params");
    let spans = set.iter().filter_map(|(name, setting)| {
        let default = inner(params?, name)?.get("default")?;
        let written = match setting {
            // As people write numbers in rules: 45.0.
            Setting::Number(number) => format!("{number:?}"),
            Setting::Duration(length) => quoted(length),
        };
        Some((default.origin.span.clone(), written))
    });
    replaced(&source.text, spans.collect())
}

fn inner<'a>(table: &'a Table, key: &str) -> Option<&'a Table> {
    match &table.get(key)?.value {
        Value::Table(inner) => Some(inner),
        _ => None,
    }
}

/// A text with parts of it, none of which overlap, replaced.
fn replaced(text: &str, mut edits: Vec<(Range<usize>, String)>) -> String {
    edits.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
    let mut text = text.to_owned();
    for (span, new) in edits {
        text.replace_range(span, &new);
    }
    text
}

/// The levels that `[release]` lets out by themselves.
fn autos(table: &Table) -> impl Iterator<Item = &Node> {
    let nodes = inner(table, "release").into_iter().flat_map(Table::iter).map(|(.., node)| node);
    nodes.filter(|node| matches!(&node.value, Value::Text(word) if word == "auto"))
}

/// The byte after the line in which a byte stands.
fn after_line(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |end| at + end + 1)
}

/// A file of overrides with those of a rule at a place taken out, and another put at its end. `known` is what the file
/// holds. `None`: it is written in a way that cannot be edited piece by piece.
pub fn with_override(text: &str, known: &[Override], gone: (&str, &Where), new: Option<&str>) -> Option<String> {
    let mut text = text.to_owned();
    let mut spans: Vec<Range<usize>> = Vec::new();
    for one in known.iter().filter(|one| one.rule == gone.0 && one.place == *gone.1) {
        spans.push(block(&text, one.origin.span.start)?);
    }
    spans.sort_by_key(|span| std::cmp::Reverse(span.start));
    for span in spans {
        text.replace_range(span, "");
    }
    if let Some(new) = new {
        let kept = text.trim_end().len();
        text.truncate(kept);
        let gap = if kept == 0 { "" } else { "\n\n" };
        let _ = write!(text, "{gap}{new}");
    }
    Some(text)
}

/// Where the `[[override]]` that begins at a byte stands, up to the next one; what is written right above that one is
/// said of it, and stays.
fn block(text: &str, at: usize) -> Option<Range<usize>> {
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    if !text[start..].trim_start().starts_with("[[") {
        return None;
    }
    let first = after_line(text, start);
    let (mut end, mut here) = (first, first);
    for line in text[first..].split_inclusive('\n') {
        if line.trim_start().starts_with('[') {
            return Some(start..end);
        }
        let follows = end == here;
        here += line.len();
        let is_said_of_next = line.trim_start().starts_with('#') || (line.trim().is_empty() && !follows);
        if !is_said_of_next {
            end = here;
        }
    }
    Some(start..text.len())
}

/// An override as it stands in a file.
pub fn written(rule: &str, place: &Where, set: &[(String, Setting)], author: &str, reason: &str) -> String {
    let mut text = format!("[[override]]\nrule    = {}\n", quoted(rule));
    match place {
        Where::Station(station) => {
            let _ = writeln!(text, "station = {}", quoted(station));
        }
        Where::Area(area) => {
            let _ = writeln!(text, "area    = {}", quoted(area));
        }
        Where::City => {}
    }
    let one = |(name, setting): &(String, Setting)| match setting {
        Setting::Number(number) => format!("{name} = {number}"),
        Setting::Duration(length) => format!("{name} = {}", quoted(length)),
    };
    let set: Vec<String> = set.iter().map(one).collect();
    let (author, reason) = (quoted(author), quoted(reason));
    let _ = write!(text, "set     = {{ {} }}\nauthor  = {author}\nreason  = {reason}\n", set.join(", "));
    text
}

/// A text in TOML's quotes: those of JSON, whose escapes TOML knows as well. Control characters become spaces.
fn quoted(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    serde_json::to_string(&plain).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::{Host, overrides};
    use crate::pack;

    fn source(name: &str) -> Arc<Source> {
        let shipped = pack::ALL.iter().find(|rule| rule.name.ends_with(name)).expect("it is shipped");
        Source::new(shipped.name, shipped.text)
    }

    #[test]
    fn every_shipped_rule_can_be_put_in_every_mode_and_says_so() {
        let host = Host::new();
        for shipped in pack::ALL {
            let before = Source::new(shipped.name, shipped.text);
            for mode in [Mode::Shadow, Mode::Propose, Mode::Live] {
                let after = Source::new(shipped.name, in_mode(&before, mode));
                let rule = host.compile(&after).unwrap_or_else(|mistakes| panic!("{}: {mistakes:?}", shipped.name));
                assert_eq!(rule.header.shadow, mode == Mode::Shadow, "{}", shipped.name);
                let is_auto = rule.header.release.values().any(|release| *release == crate::language::Release::Auto);
                assert!(mode != Mode::Propose || !is_auto, "{}", shipped.name);
            }
        }
    }

    #[test]
    fn a_mode_that_is_taken_back_leaves_the_rule_as_it_was_but_for_the_word() {
        let before = source("/river_flood.rhai");
        let shadow = Source::new("a", in_mode(&before, Mode::Shadow));
        assert_eq!(in_mode(&shadow, Mode::Live).replace("//! mode     = \"live\"\n", ""), before.text);
        assert_eq!(in_mode(&before, Mode::Live), before.text);
    }

    #[test]
    fn other_defaults_change_these_numbers_and_nothing_else() {
        let before = source("/river_flood.rhai");
        let set = [
            ("lead_min".to_owned(), Setting::Number(45.0)),
            ("trend".to_owned(), Setting::Duration("2h".into())),
            ("none".to_owned(), Setting::Number(1.0)),
        ];
        let after = with_defaults(&before, &set);
        let by_hand = before.text.replace("lead_min = { default = 30.0", "lead_min = { default = 45.0");
        assert_eq!(after, by_hand.replace("trend    = { default = \"1h\"", "trend    = { default = \"2h\""));
        assert!(Host::new().compile(&Source::new("a", after)).is_ok());
    }

    /// The overrides of a text of the shipped rules.
    fn read(text: &str) -> Vec<Override> {
        let mistakes = Mistakes::new();
        let host = Host::new();
        let rule = host.compile(&source("/river_flood.rhai")).expect("it compiles");
        let found = overrides::read(&Source::new("overrides.toml", text), &[&rule.header], false, &mistakes);
        assert!(mistakes.is_empty(), "{:?} in {text}", mistakes.into_vec());
        found
    }

    #[test]
    fn an_override_takes_the_place_of_the_one_before_and_leaves_words_of_others_alone() {
        let jamsu = Where::Station("jamsu".into());
        let set =
            vec![("lead_min".to_owned(), Setting::Number(45.5)), ("trend".to_owned(), Setting::Duration("2h".into()))];
        let text = |reason: &str| written("river_flood", &jamsu, &set, "kim", reason);
        let first = with_override("# ours\n", &[], ("river_flood", &jamsu), Some(&text("a \"b\"\n\\")));
        let first = first.expect("edited");
        let area = Where::Area("seocho".into());
        let other = written("river_flood", &area, &set[..1], "lee", "[why]");
        let both =
            with_override(&first, &read(&first), ("river_flood", &area), Some(&format!("# said of it\n{other}")));
        let both = both.expect("edited");
        let known = read(&both);
        assert_eq!(known.iter().map(|one| &one.place).collect::<Vec<_>>(), [&jamsu, &area]);
        assert_eq!((&known[0].set, known[0].reason.as_str()), (&set, "a \"b\" \\"));
        let less = with_override(&both, &known, ("river_flood", &jamsu), None).expect("edited");
        assert_eq!(less, format!("# ours\n\n# said of it\n{other}"));
        let again = with_override(&both, &known, ("river_flood", &jamsu), Some(&text("c"))).expect("edited");
        let known = read(&again);
        assert_eq!(
            known.iter().map(|one| (&one.place, &*one.reason)).collect::<Vec<_>>(),
            [(&area, "[why]"), (&jamsu, "c")]
        );
    }

    #[test]
    fn a_list_in_one_line_is_left_to_those_who_wrote_it() {
        let text = "override = [{ rule = \"river_flood\", set = { lead_min = 45 }, author = \"a\", reason = \"b\" }]\n";
        assert_eq!(with_override(text, &read(text), ("river_flood", &Where::City), None), None);
    }
}
