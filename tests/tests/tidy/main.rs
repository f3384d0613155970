//! The tidy test: the house rules that a compiler does not check, each as its own test with what to do instead.
//!
//! Every check is a function from texts to complaints, tested with bad samples beside it, because a check that cannot
//! fail is worth nothing. `ARCHITECTURE.md` gives the reasons for the rules. Start at [`source::Source`].

// Which crate may know which, from `cargo metadata`.
mod arrows;
// Clocks, files, sockets, threads and chance do not enter the pure crates.
mod purity;
// Sizes, names, documentation and attributes of source files.
mod shape;
// The files of the project and their tokens.
mod source;
// Words our own texts do not use.
mod words;

/// Fails with every complaint and the rule behind them.
#[track_caller]
fn assert_tidy(rule: &str, complaints: &[String]) {
    assert!(complaints.is_empty(), "{rule}\n  {}\n", complaints.join("\n  "));
}
