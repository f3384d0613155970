//! Clocks, files, sockets, threads and chance do not enter the pure crates. Dependencies are the business of
//! [`arrows`](crate::arrows); this looks at what the standard library and other crates offer, also inside macros.

use crate::assert_tidy;
use crate::source::{self, Source, each_run};
use proc_macro2::{Spacing, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, ItemUse, UseTree};

/// The pure sources.
const PURE: [&str; 2] = ["sensors/src/", "rules/src/"];

/// Paths that are not to be written there, and what to do instead.
const BANNED: [(&[&str], &str); 12] = [
    (&["std", "fs"], "take the text as a parameter"),
    (&["std", "net"], "the shell speaks to the network"),
    (&["std", "thread"], "the shell owns threads"),
    (&["std", "process"], "the shell owns processes"),
    (&["std", "env"], "take the setting as a parameter"),
    (&["std", "time", "Instant"], "take `now` as a parameter"),
    (&["SystemTime"], "take `now` as a parameter"),
    (&["Instant", "now"], "take `now` as a parameter"),
    (&["Timestamp", "now"], "take `now` as a parameter"),
    (&["Zoned", "now"], "take `now` as a parameter"),
    (&["tokio"], "nothing here waits"),
    (&["rand"], "chance enters as a seeded input"),
];

/// Collects every path that is written outside tests, with its line.
#[derive(Default)]
struct Paths {
    found: Vec<(Vec<String>, usize)>,
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !is_for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let line = item.use_token.span.start().line;
        flatten(&item.tree, &mut Vec::new(), &mut |path| self.found.push((path.to_vec(), line)));
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        let line = path.segments.first().map_or(0, |segment| segment.ident.span().start().line);
        self.found.push((names, line));
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        each_run(called.tokens.clone(), &mut |run| paths_in(run, &mut self.found));
        visit::visit_macro(self, called);
    }
}

fn attributes(item: &syn::Item) -> &[Attribute] {
    match item {
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        _ => &[],
    }
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Ident>().is_ok_and(|name| name == "test")
    })
}

fn flatten(tree: &UseTree, way: &mut Vec<String>, take: &mut dyn FnMut(&[String])) {
    let mut leaf = |name: String, way: &mut Vec<String>| {
        way.push(name);
        take(way);
        way.pop();
    };
    match tree {
        UseTree::Path(path) => {
            way.push(path.ident.to_string());
            flatten(&path.tree, way, take);
            way.pop();
        }
        UseTree::Name(name) => leaf(name.ident.to_string(), way),
        UseTree::Rename(rename) => leaf(rename.ident.to_string(), way),
        UseTree::Glob(_) => take(way),
        UseTree::Group(group) => group.items.iter().for_each(|item| flatten(item, way, take)),
    }
}

/// Paths such as `a::b` among loose tokens.
fn paths_in(run: &[TokenTree], found: &mut Vec<(Vec<String>, usize)>) {
    let mut path: Vec<String> = Vec::new();
    let mut line = 0;
    let mut joined = false;
    for (at, token) in run.iter().enumerate() {
        match token {
            TokenTree::Ident(name) => {
                if !joined && !path.is_empty() {
                    found.push((std::mem::take(&mut path), line));
                }
                line = name.span().start().line;
                path.push(name.to_string());
                joined = false;
            }
            TokenTree::Punct(colon) if colon.as_char() == ':' => {
                let before = at.checked_sub(1).and_then(|before| run.get(before));
                joined = matches!(before, Some(TokenTree::Punct(first))
                    if first.as_char() == ':' && first.spacing() == Spacing::Joint);
            }
            _ => joined = false,
        }
    }
    found.push((path, line));
}

fn complaints(source: &Source) -> Vec<String> {
    let mut paths = Paths::default();
    paths.visit_file(&source.syntax());
    let mut complaints = Vec::new();
    for (path, line) in &paths.found {
        for (banned, instead) in BANNED {
            // A crate is named by the first segment only; a module of ours may have any name.
            let runs = if banned.len() == 1 && banned[0].chars().all(char::is_lowercase) { 1 } else { path.len() };
            if path.windows(banned.len()).take(runs).any(|run| run == banned) {
                complaints.push(format!("{}:{line}: {}: {instead}", source.path, path.join("::")));
            }
        }
    }
    complaints
}

/// Files that are modules of tests: `mod tests;` under `#[cfg(test)]` keeps its file beside the code.
fn is_test_file(path: &str) -> bool {
    ["/tests.rs", "/conformance.rs"].iter().any(|name| path.ends_with(name)) || path.contains("/tests/")
}

#[test]
fn what_decides_is_pure() {
    let pure = source::rust().into_iter().filter(|source| source.stands_in(&PURE) && !is_test_file(&source.path));
    let complaints: Vec<String> = pure.flat_map(|source| complaints(&source)).collect();
    assert_tidy("sensors and rules know no clock, file, socket, thread or chance", &complaints);
}

#[test]
fn every_way_to_write_it_is_found() {
    let count = |text: &str| complaints(&Source::sample("rules/src/x.rs", text)).len();
    for bad in [
        "use std::fs;",
        "use std::{collections::HashMap, net::TcpStream};",
        "use std::fs::*;",
        "use std::time::{Duration, SystemTime as Clock};",
        "use std::time::Instant as I;",
        "use tokio::sync::mpsc;",
        "fn f() { let t = std::time::Instant::now(); }",
        "fn f() { let t = jiff::Timestamp::now(); }",
        "fn f() { let t = Zoned::now(); }",
        "fn f() -> u8 { rand::random() }",
        "fn f() { println!(\"{:?}\", std::fs::read(\"x\")); }",
        "macro_rules! m { () => { Timestamp::now() } }",
        "fn f(at: std::time::SystemTime) {}",
    ] {
        assert!(count(bad) >= 1, "not found: {bad}");
    }
    for good in [
        "use std::time::Duration;",
        "#[cfg(test)] mod tests { use std::fs; }",
        "// std::fs\nconst A: &str = \"std::fs and Timestamp::now\";",
        "enum Value { Instant(String) } fn f() { let a = Value::Instant(String::new()); }",
        "use crate::rand::Seed; use jiff::Timestamp;",
        "fn f() { m!(a: std, b: fs); }",
    ] {
        assert_eq!(count(good), 0, "wrongly found: {good}");
    }
}
