//! Tests of the whole: the real program from outside, golden files, and the tidy test.
//!
//! The tests stand in `tests/`; this library holds only what several of them need, and `bin/bench` what `make bench`
//! prints.

// Cities made for tests.
pub mod city;
// A subscriber that hands on what it hears.
pub mod ear;
// Disks that fail.
pub mod fault;
// A flood made for tests.
pub mod flood;
// Distributions of latencies.
pub mod histogram;
// Questions over HTTP.
pub mod http;
// What the store holds, as the judge of what was promised.
pub mod ledger;
// A stand-in for InfluxDB 2.
pub mod influx;
// Devices under load that keep exact books.
pub mod load;
// A mail server that keeps letters.
pub mod mailbox;
// The broker of others.
pub mod mosquitto;
// What the machine says.
pub mod machine;
// Programs of others.
pub mod peer;
// Somebody at the operators' console.
pub mod person;
// The real program as a child.
pub mod program;
// A provider of OpenID Connect.
pub mod provider;
// A client of raw bytes.
pub mod raw;
// A simulated city through the pipeline in virtual time.
pub mod rehearsal;
// What stands in a store.
pub mod store;
// The load of the crash tests.
pub mod storm;
// A time-series database of others.
pub mod victoria;
// Waiting for what comes about by itself.
pub mod wait;
// MQTT 3.1.1, as much as a load client needs.
pub mod wire;
