//! The program: configuration, wiring, the pipeline, the store, channels, web and command line.
//!
//! What decides lives in `rules`, what is understood in `sensors`; this crate gives them a clock, a disk and a network.

// The command line: one file a command.
pub mod cli;

// What was typed becomes what the program may rely on: defaults, file, environment and flags, checked together.
pub mod config;

// What this machine offers and what is missing.
pub mod doctor;

// What the program says about itself on standard error.
pub mod log;

// How mistakes are shown to a person.
pub mod report;
