//! Everything that decides: from readings to incidents.
//!
//! Pure: no clock, no I/O, no randomness, no threads. `now` comes in with each record; the same records always give the
//! same effects, live, in a replay and in a backtest. Start at [`engine::Engine::handle`].

// QARTOD flags: how far an observation can be believed.
pub mod flag;

// The recent observations of a datastream, and windows on them.
pub mod series;

// Tests that give an observation its flag.
pub mod quality;

// Statistics that rules may call.
pub mod stats;

// The manual of what rules may say, made from the statistics' own comments.
pub mod reference;

// Everything that can happen, as one table.
pub mod hazard;

// Rules: their header, their language, and how one is run.
pub mod language;

// Confirmation, hysteresis and clearing: from what a rule answers to how high its alert stands.
pub mod hold;

// Alerts of one hazard in one area over time.
pub mod incident;

// Scripts that read the bytes of devices which cannot be changed.
pub mod decoder;

// The Common Alerting Protocol: messages as values and as XML.
pub mod cap;

// Cases: a rule's own proof, played through the engine.
pub mod case;

// What a rule would have done with recorded observations, and how good that would have been.
pub mod backtest;

// The rules that come with the program.
pub mod pack;

// What goes into the engine and what comes out.
pub mod record;

// The state machine: records in, effects out.
pub mod engine;

pub use engine::Engine;
pub use flag::Flag;
pub use record::{Effect, Input, Observation, Record};
