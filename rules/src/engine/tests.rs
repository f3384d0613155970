//! The engine's behaviours, told as what goes in and what comes out. Start at [`bench`].

mod bench;
mod change;
mod place;
mod silence;
mod station;
