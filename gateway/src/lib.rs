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

// The table of contents: hear → decode → decide → commit → speak.
pub mod pipeline;

// Where inputs come from.
pub mod source;

// From what was said to readings.
pub mod decode;

// Devices that speak in their own way.
pub mod dialect;

// The embedded store.
pub mod store;

// The engine as it was before the program stopped.
pub mod restart;

// The city and the rules as text, checked.
pub mod inventory;

// Everything that must survive the loss of a machine, and the way back.
pub mod backup;

// Recorded observations, read whole.
pub mod observed;

// How good a rule would have been with them.
pub mod backtest;

// Threads that must be in nobody's way.
pub mod priority;

// The city's own rivers and roads, under the map.
pub mod basemap;

// The city and the rules, read again while the program runs.
pub mod reload;

// What people change of rules, from a text to what is in force.
pub mod rulebook;

// Rules to begin with.
pub mod template;

// Where the rules stand as files.
pub mod shelf;

// Recorded observations through the pipeline, in virtual time.
pub mod replay;

// What to do when the disk fails.
pub mod trouble;

// The one place that reads the clock.
pub mod clock;

// What the door must not forget over a restart.
pub mod session;

// Who may speak for which stations.
pub mod device;

// What the door is told: listeners and bounds.
pub mod door;

// The certificate of the door, renewed while it runs.
pub mod certificate;

// Who may say and hear what at the door.
pub mod authority;

// Whoever comes by the control socket, and the first link.
pub mod reception;

// What the city demands on top of its rules, read from a file.
pub mod policy;

// What people want done, on its way to the engine.
pub mod command;

// Who people are, and what their role allows.
pub mod people;

// The city's own login: who somebody is, said by a provider of OpenID Connect.
pub mod oidc;

// Between people and the pipeline: who asks, whether they may, what they saw.
pub mod desk;

// What other agencies announce.
pub mod relay;

// What the audit is owed, and nobody waits for.
pub mod owed;

// The lock on the data folder, and the socket beside it.
pub mod control;

// An incident as everybody outside reads it.
pub mod alert;

// What is issued as CAP messages, made in the commit that issues it.
pub mod herald;

// How what is issued reaches those who do not look.
pub mod channel;

// Time-series databases of others that keep what was decided.
pub mod archive;

// Those who want to hear, and what they report.
pub mod outreach;

// Citizens' pages and API, and the operators' API.
pub mod web;

// Who says what has become true.
pub mod voice;

// What the door and the disk tell of themselves.
pub mod gauge;

// The wiring.
pub mod app;
