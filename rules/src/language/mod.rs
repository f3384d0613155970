//! Rules as emergency officers write them: one Rhai file, its header TOML in `//!` lines, its body a few sentences.
//!
//! Start at [`Host::compile`], which tells every mistake with its place and remedy, and [`Host::evaluate`], which runs
//! a compiled rule over windows. The language has no loops, no imports and no functions of its own: mathematics is
//! native (see [`crate::stats`]), so a rule cannot be slow and cannot stall the engine.

pub mod calendar;
pub mod diff;
pub mod edit;
pub mod header;
mod host;
pub mod input;
pub mod korean;
mod lint;
pub mod outcome;
pub mod overrides;
mod reach;
mod rule;
mod sense;
mod truth;
pub mod value;

pub use header::{Audience, Header, Release, Scope};
pub(crate) use host::Asked;
pub use host::{Failure, Host};
pub use outcome::{Check, Outcome};
pub use rule::{Arguments, Rule};

#[cfg(test)]
mod tests;
