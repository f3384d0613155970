//! The door against real sockets: raw bytes where the standard or an attacker is the point,
//! `rumqttc` where an ordinary client is.
#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod acknowledgement;
mod bounds;
mod clients;
mod hostile;
mod limits;
mod mutation;
mod publishing;
mod sessions;
mod shutdown;
mod statements;
mod support;
mod tls;
mod version5;
mod websocket;
