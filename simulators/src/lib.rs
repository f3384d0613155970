//! A seeded fictional city in which water really flows, structures really bend and batteries really burn, and the
//! sensors that tell of it, honestly or not.
//!
//! The generator is pure: [`Simulation`] is a function of a city, a scenario, settings and virtual time. It knows no
//! clock, no socket and no global randomness, and nothing of rules or alerts: it makes causes and lets the sensors speak.
//! Only `publish` (behind the feature of that name) talks to a broker. Start at [`City::build`], then
//! [`Simulation::new`] and [`Simulation::step_until`].

// Chance, made repeatable.
pub mod dice;

// Kilometres on a plane, and where they are on earth.
pub mod plane;

// When people are about.
mod rhythm;

// Areas, rivers and stations, grown from a seed.
pub mod city;

// Rain cells and the temperature of the air.
pub mod weather;

// Runoff, rivers, the dam and the sea.
pub mod water;

// What stands at the stations.
pub mod instrument;

// An instrument with its own dice and rhythm.
mod device;

// Power banks that are out.
mod lending;

// How sensors fail.
pub mod fault;

// Courses of causes.
pub mod scenario;

// What is really true.
pub mod truth;

// What stations send.
pub mod emission;

// The city in motion.
pub mod simulation;

// Emissions on their way to a broker.
#[cfg(feature = "publish")]
pub mod publish;

pub use city::{City, Size};
pub use emission::{Emission, EventEmission, Lending, Telegram, Values};
pub use scenario::Scenario;
pub use simulation::{FaultOrder, Settings, SetupError, Simulation};
pub use truth::Truth;
