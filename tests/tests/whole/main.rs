//! The whole program from outside: started as a child, spoken to as devices, citizens and operators do, and treated as
//! the world treats it: killed, told to end, out of room, lied to.
//!
//! Tests named `data_…` judge decisions on recorded observations; they say so where `EVAL_DATA` names none. `make soak`
//! runs the crash tests longer, by `SOAK_KILLS`.

// What is read again while it runs.
mod config;
// Who may speak, and how quickly it is seen.
mod device;
// A disk that is full, or fails.
mod disk;
// What kills or blinds other brokers.
mod door;
// Certificates, citizens, revocation, secrets.
mod identity;
// Our own door, and a broker of others.
mod intake;
// Killed while sessions hold what was not delivered.
mod sessions;
// A flood over MQTT beside the same one from a file.
mod flood;
// The Han river, recorded.
mod han;
// Kills and orderly ends under load.
mod kill;
// Replays that are broken off, and files full of mistakes.
mod replay;
// Rules that are wrong.
mod rule;
// Strangers at the door.
mod turned_away;
