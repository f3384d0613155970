//! The files of the project: found by walking the tree, so that a file that is not committed yet is checked too.

use proc_macro2::{TokenStream, TokenTree};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// What holds nothing a person wrote.
const NOT_OURS: [&str; 6] = ["target", ".git", "node_modules", "bongsu-data", "vendor", "dist"];

/// Longer files are data, not sources.
const LONGEST_BYTES: u64 = 1 << 20;

/// A text file of the project.
pub struct Source {
    /// From the root, with `/`.
    pub path: String,
    /// All of it.
    pub text: String,
}

impl Source {
    /// A made-up file, for samples.
    pub fn sample(path: &str, text: &str) -> Source {
        Source { path: path.to_owned(), text: text.to_owned() }
    }

    /// Whether its name ends with one of these, written with the dot.
    pub fn ends_with(&self, endings: &[&str]) -> bool {
        endings.iter().any(|ending| self.path.ends_with(ending))
    }

    /// Whether it stands in one of these folders, written with a `/` at the end.
    pub fn stands_in(&self, folders: &[&str]) -> bool {
        folders.iter().any(|folder| self.path.starts_with(folder))
    }

    /// Its Rust syntax; stops the test where it has none, because the compiler says so better.
    pub fn syntax(&self) -> syn::File {
        syn::parse_file(&self.text).unwrap_or_else(|error| panic!("{} is not Rust: {error}", self.path))
    }

    /// Its Rust tokens.
    pub fn tokens(&self) -> TokenStream {
        TokenStream::from_str(&self.text).unwrap_or_else(|error| panic!("{} is not Rust: {error}", self.path))
    }
}

/// Calls `look` with every run of tokens between brackets, the whole file first.
pub fn each_run(tokens: TokenStream, look: &mut dyn FnMut(&[TokenTree])) {
    let run: Vec<TokenTree> = tokens.into_iter().collect();
    look(&run);
    for token in run {
        if let TokenTree::Group(group) = token {
            each_run(group.stream(), look);
        }
    }
}

/// The folder of the workspace.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every text file of the project.
pub fn all() -> Vec<Source> {
    let mut found = Vec::new();
    walk(&root(), &mut String::new(), &mut found);
    assert!(found.iter().any(|source| source.path == "Cargo.toml"), "the walk does not begin at the root");
    found
}

/// Every Rust file of the project.
pub fn rust() -> Vec<Source> {
    all().into_iter().filter(|source| source.ends_with(&[".rs"])).collect()
}

fn walk(folder: &Path, way: &mut String, found: &mut Vec<Source>) {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut entries: Vec<_> = entries.filter_map(Result::ok).collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        // In a linked work tree `.git` is a file.
        if NOT_OURS.contains(&name.as_str()) {
            continue;
        }
        let length = way.len();
        way.push_str(&name);
        if path.is_dir() {
            // Folders that begin with a dot belong to tools, but for our own scripts of the build.
            if !name.starts_with('.') || name == ".ci" {
                way.push('/');
                walk(&path, way, found);
            }
        } else if entry.metadata().is_ok_and(|meta| meta.len() <= LONGEST_BYTES)
            && let Ok(text) = std::fs::read_to_string(&path)
        {
            found.push(Source { path: way.clone(), text });
        }
        way.truncate(length);
    }
}
