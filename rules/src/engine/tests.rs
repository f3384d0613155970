//! The engine's behaviours, told as what goes in and what comes out. Start at [`bench`].

mod bench;
mod chance;
mod change;
mod explain;
mod header;
mod law;
mod near;
mod place;
mod report;
mod restart;
mod silence;
mod station;
mod time;
