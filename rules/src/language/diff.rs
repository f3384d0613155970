//! What differs between two versions of a rule: the header key by key, because it is data, and the body line by line.

use super::header::header_only;
use bongsu_sensors::document::{Table, Value, parse_part};
use bongsu_sensors::mistake::{Mistakes, Source};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Change {
    /// Where: a key of the header such as `params.lead_min.default`, or `body`.
    pub what: String,
    /// As it was; `None`: it was not there.
    pub before: Option<String>,
    /// As it is; `None`: it is gone.
    pub after: Option<String>,
}

/// Every difference, the header's in the order of its keys, then the body's in the order of its lines.
pub fn diff(before: &Arc<Source>, after: &Arc<Source>) -> Vec<Change> {
    let (old, new) = (keys(before), keys(after));
    let names: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let mut changes: Vec<Change> = names
        .into_iter()
        .filter(|name| old.get(*name) != new.get(*name))
        .map(|name| Change { what: name.clone(), before: old.get(name).cloned(), after: new.get(name).cloned() })
        .collect();
    changes.extend(lines(&body(before), &body(after)));
    changes
}

/// The keys of a header with their values as they are written.
fn keys(source: &Arc<Source>) -> BTreeMap<String, String> {
    let table = parse_part(source, &header_only(&source.text), &Mistakes::new());
    let mut keys = BTreeMap::new();
    collect("", &table, &source.text, &mut keys);
    keys
}

fn collect(path: &str, table: &Table, text: &str, keys: &mut BTreeMap<String, String>) {
    for (name, _, node) in table.iter() {
        let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        match &node.value {
            Value::Table(inner) => collect(&path, inner, text, keys),
            _ => {
                let written = text.get(node.origin.span.clone()).unwrap_or_default();
                keys.insert(path, written.replace("\n//!", "\n").trim().to_owned());
            }
        }
    }
}

/// The sentences of a body: its lines without space around them, empty ones left out.
fn body(source: &Source) -> Vec<String> {
    let lines = source.text.lines().filter(|line| !line.starts_with("//!"));
    lines.map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// The longest common subsequence stays; what is left of the old lines is gone, of the new ones is new.
fn lines(old: &[String], new: &[String]) -> Vec<Change> {
    let mut longest = vec![vec![0_usize; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            longest[i][j] =
                if old[i] == new[j] { longest[i + 1][j + 1] + 1 } else { longest[i + 1][j].max(longest[i][j + 1]) };
        }
    }
    let change = |before: Option<&String>, after: Option<&String>| Change {
        what: "body".to_owned(),
        before: before.cloned(),
        after: after.cloned(),
    };
    let (mut i, mut j, mut changes) = (0, 0, Vec::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            (i, j) = (i + 1, j + 1);
        } else if j >= new.len() || (i < old.len() && longest[i + 1][j] >= longest[i][j + 1]) {
            changes.push(change(Some(&old[i]), None));
            i += 1;
        } else {
            changes.push(change(None, Some(&new[j])));
            j += 1;
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_differs_by_keys_and_a_body_by_lines() {
        let rule = |header: &str, body: &str| Source::new("r.rhai", format!("{header}\n{body}"));
        let old = rule(
            "//! id = \"r\"\n//! [params]\n//! deep = { default = 15.0, min = 5 }",
            "let a = 1;\n// why\nlet b = 2;",
        );
        let new = rule(
            "//! id = \"r\"\n//! every = \"1m\"\n//! [params]\n//! deep = { default = 20.0, min = 5 }",
            "let a = 1;\n\nlet b = 3;",
        );
        let told: Vec<String> = diff(&old, &new)
            .iter()
            .map(|change| {
                let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "–".into());
                format!("{}: {} → {}", change.what, side(&change.before), side(&change.after))
            })
            .collect();
        assert_eq!(
            told,
            [
                "every: – → \"1m\"",
                "params.deep.default: 15.0 → 20.0",
                "body: // why → –",
                "body: let b = 2; → –",
                "body: – → let b = 3;"
            ]
        );
        assert!(diff(&new, &new).is_empty());
    }
}
