//! The simulated city, judged: what is said of it in virtual time through the real pipeline, and what `bongsu demo` shows
//! to those who watch it from outside.
//!
//! What takes minutes runs with `SOAK=1` (`make soak`); without it each test runs a part of the same.

// A month of calm says nothing.
mod calm;
// Crashes change nothing.
mod crash;
// The real demo from outside.
mod demo;
// Sensors that lie and die are named.
mod fault;
// Power banks lent and returned.
mod lending;
// Seeds and rain decide, not a script.
mod rain;
// Live, replayed and back-tested are the same.
mod same;
// `simulate` as files and at a broker.
mod simulate;
