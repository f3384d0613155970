//! Sizes, names, documentation and attributes of source files: what keeps a stranger able to read them.

use crate::assert_tidy;
use crate::source::{self, Source, each_run};
use proc_macro2::{Delimiter, Group, TokenTree};
use syn::visit::{self, Visit};
use syn::{Block, Signature};

/// Lines of a source file; calm ones have 100 to 300.
const FILE_LINES: usize = 600;
/// Lines of `main.rs`: what a program does is not written there.
const MAIN_LINES: usize = 80;
/// Lines of a function, with its signature: about what a screen holds.
const FUNCTION_LINES: usize = 70;
/// Lines of `ARCHITECTURE.md`: read in one sitting.
const ARCHITECTURE_LINES: usize = 200;

/// The wiring is one straight function on purpose.
const WIRING: &str = "gateway/src/app.rs";

/// The part of the simulators that publishes, the only one there that may name an MQTT client.
const PUBLISHING: &str = "simulators/src/publish";

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 9] = ["utils", "util", "common", "types", "manager", "managers", "helper", "helpers", "misc"];

fn too_long(source: &Source, limit: usize) -> Option<String> {
    let lines = source.text.lines().count();
    (lines > limit).then(|| format!("{}: {lines} lines, at most {limit}", source.path))
}

#[test]
fn files_are_short() {
    let sources = source::all();
    let code = sources.iter().filter(|source| source.ends_with(&[".rs", ".ts"]));
    let mut complaints: Vec<String> = code.filter_map(|source| too_long(source, FILE_LINES)).collect();
    let mains = sources.iter().filter(|source| source.ends_with(&["/src/main.rs"]));
    complaints.extend(mains.filter_map(|source| too_long(source, MAIN_LINES)));
    let architecture = sources.iter().filter(|source| source.path == "ARCHITECTURE.md");
    complaints.extend(architecture.filter_map(|source| too_long(source, ARCHITECTURE_LINES)));
    assert_tidy("split what has grown past one subject", &complaints);
    let sample = Source::sample("a.rs", &"//\n".repeat(601));
    assert!(too_long(&sample, FILE_LINES).is_some() && too_long(&sample, 601).is_none());
}

/// Long functions of one file.
struct Functions<'a> {
    path: &'a str,
    complaints: Vec<String>,
}

impl Functions<'_> {
    fn measure(&mut self, signature: &Signature, block: &Block) {
        let first = signature.fn_token.span.start().line;
        let lines = block.brace_token.span.close().end().line - first + 1;
        if lines > FUNCTION_LINES {
            let name = &signature.ident;
            self.complaints
                .push(format!("{}:{first}: `{name}` has {lines} lines, at most {FUNCTION_LINES}", self.path));
        }
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.measure(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.measure(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.measure(&function.sig, block);
        }
        visit::visit_trait_item_fn(self, function);
    }
}

fn long_functions(source: &Source) -> Vec<String> {
    let mut functions = Functions { path: &source.path, complaints: Vec::new() };
    functions.visit_file(&source.syntax());
    functions.complaints
}

#[test]
fn functions_fit_on_a_screen() {
    let sources = source::rust().into_iter().filter(|source| source.path != WIRING);
    let complaints: Vec<String> = sources.flat_map(|source| long_functions(&source)).collect();
    assert_tidy("a function does one thing: give the parts names", &complaints);
}

#[test]
fn long_functions_are_found_wherever_they_stand() {
    let body = "    let a = r#\"}\"#; // }\n".repeat(69);
    let count = |text: String| long_functions(&Source::sample("a.rs", &text)).len();
    assert_eq!(count(format!("fn f() {{\n{body}}}\n")), 1);
    assert_eq!(count(format!("impl A {{ fn f() {{\n{body}}} }}\n")), 1);
    assert_eq!(count(format!("trait A {{ fn f() {{\n{body}}} }}\n")), 1);
    assert_eq!(count(format!("mod m {{ fn f() {{ fn g() {{\n{body}}} }} }}\n")), 2);
    let shorter = "    let a = '}';\n".repeat(68);
    assert_eq!(count(format!("fn f() {{\n{shorter}}}\n")), 0);
}

fn opens_with_docs(source: &Source) -> bool {
    source.text.starts_with("//! ")
}

#[test]
fn every_module_says_what_it_is() {
    let silent = source::rust().into_iter().filter(|source| !opens_with_docs(source));
    let silent: Vec<String> = silent.map(|source| format!("{}: its first line is no `//! …`", source.path)).collect();
    assert_tidy("every file opens with what it is, what it must not do, where to start", &silent);
    assert!(!opens_with_docs(&Source::sample("a.rs", "use std::fs;\n//! late\n")));
}

fn empty_names(source: &Source) -> Vec<String> {
    let mut names: Vec<String> = source.path.split('/').map(|name| name.trim_end_matches(".rs").to_owned()).collect();
    each_run(source.tokens(), &mut |run| {
        for pair in run.windows(2) {
            if let [TokenTree::Ident(word), TokenTree::Ident(name)] = pair
                && word == "mod"
            {
                names.push(name.to_string());
            }
        }
    });
    names.retain(|name| EMPTY_NAMES.contains(&name.as_str()));
    names.into_iter().map(|name| format!("{}: `{name}` could hold anything", source.path)).collect()
}

#[test]
fn modules_are_named_after_what_they_hold() {
    let complaints: Vec<String> = source::rust().iter().flat_map(empty_names).collect();
    assert_tidy("name a module after the noun it is about", &complaints);
    assert_eq!(empty_names(&Source::sample("rules/src/utils.rs", "")).len(), 1);
    assert_eq!(empty_names(&Source::sample("rules/src/common/mod.rs", "")).len(), 1);
    assert_eq!(empty_names(&Source::sample("rules/src/a.rs", "pub mod helper { mod types {} }")).len(), 2);
    assert_eq!(empty_names(&Source::sample("rules/src/a.rs", "// mod utils\nmod manager_of_none {}")).len(), 0);
}

/// What is wrong with the attributes of a file, those in macros included.
fn bad_attributes(source: &Source) -> Vec<String> {
    let mut complaints = Vec::new();
    each_run(source.tokens(), &mut |run| {
        for (at, token) in run.iter().enumerate() {
            let TokenTree::Punct(hash) = token else { continue };
            let inner = usize::from(matches!(run.get(at + 1), Some(TokenTree::Punct(bang)) if bang.as_char() == '!'));
            let Some(TokenTree::Group(group)) = run.get(at + 1 + inner) else { continue };
            if hash.as_char() != '#' || group.delimiter() != Delimiter::Bracket {
                continue;
            }
            let line = hash.span().start().line;
            complaints.extend(wrong_with(group).map(|wrong| format!("{}:{line}: {wrong}", source.path)));
        }
    });
    complaints
}

fn wrong_with(attribute: &Group) -> Option<&'static str> {
    let mut names = Vec::new();
    each_run(attribute.stream(), &mut |run| {
        names.extend(run.iter().filter_map(|token| match token {
            TokenTree::Ident(name) => Some(name.to_string()),
            _ => None,
        }));
    });
    let has = |name: &str| names.iter().any(|found| found == name);
    let first = names.first().map_or("", String::as_str);
    let conditional = first == "cfg_attr";
    if first == "allow" || conditional && has("allow") {
        Some("`allow` outlives its reason: write #[expect(…, reason = \"…\")]")
    } else if first == "ignore" || conditional && has("ignore") {
        Some("an ignored test is none: make it run, or delete it")
    } else if (first == "expect" || conditional && has("expect")) && !has("reason") {
        Some("`expect` without a reason")
    } else {
        None
    }
}

#[test]
fn attributes_hide_nothing() {
    let complaints: Vec<String> = source::rust().iter().flat_map(bad_attributes).collect();
    assert_tidy("a lint is expected with a reason, a test is run", &complaints);
    let count = |text: &str| bad_attributes(&Source::sample("a.rs", text)).len();
    for bad in [
        "#[allow(dead_code)] fn f() {}",
        "#![allow(clippy::all)]",
        "fn f() { #[allow(unused)] let a = 1; }",
        "#[cfg_attr(test, allow(unused))] fn f() {}",
        "macro_rules! m { () => { #[allow(unused)] fn f() {} } }",
        "#[test] #[ignore] fn f() {}",
        "#[test] #[ignore = \"slow\"] fn f() {}",
        "#[expect(dead_code)] fn f() {}",
    ] {
        assert_eq!(count(bad), 1, "{bad}");
    }
    let good = "// #[allow(a)]\nconst A: &str = \"#[ignore]\"; #[expect(dead_code, reason = \"b\")] fn allow() {}";
    assert_eq!(count(good), 0);
}

fn names_mqtt_client(source: &Source) -> bool {
    let mut found = false;
    each_run(source.tokens(), &mut |run| {
        found |= run.iter().any(|token| matches!(token, TokenTree::Ident(name) if name == "rumqttc"));
    });
    found
}

#[test]
fn only_the_publishing_part_of_the_simulators_knows_a_client() {
    let core = source::rust().into_iter().filter(|source| {
        source.stands_in(&["simulators/src/"]) && !source.stands_in(&[PUBLISHING]) && names_mqtt_client(source)
    });
    let core: Vec<String> = core.map(|source| format!("{}: names rumqttc", source.path)).collect();
    assert_tidy("the city is pure; simulators/src/publish… sends what it says", &core);
    assert!(names_mqtt_client(&Source::sample("a.rs", "fn f() { rumqttc::Client::new(); }")));
    assert!(!names_mqtt_client(&Source::sample("a.rs", "// rumqttc\n")));
}
