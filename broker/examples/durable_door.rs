//! A door whose sessions live in an SQLite file, for everyone to use: what a test kills at random
//! moments. It prints its address and serves until it dies.
//!
//! `cargo run -p bongsu-broker --example durable_door -- FILE`

#[path = "../tests/stores/sqlite.rs"]
mod sqlite;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use bongsu_broker::{
    Authority, Credentials, Denial, Door, DoorConfig, Identity, Limits, Listener, Plane, Route, SessionStore,
};

struct Everyone;

impl Authority for Everyone {
    fn connect(&self, plane: Plane, _: SocketAddr, _: &Credentials<'_>) -> Result<Arc<Identity>, Denial> {
        Ok(Arc::new(Identity::new("anyone", plane)))
    }

    fn may_publish(&self, _: &Identity, _: &str) -> Result<(), Denial> {
        Ok(())
    }

    fn may_subscribe(&self, _: &Identity, _: &str) -> Result<(), Denial> {
        Ok(())
    }

    fn route(&self, _: &Identity, _: &str) -> Route {
        Route::FanOut
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(1).ok_or("name the file of the session store")?;
    let store: Arc<dyn SessionStore> = Arc::new(sqlite::SqliteStore::open(Path::new(&file))?);
    let config = DoorConfig {
        listeners: vec![Listener::new("127.0.0.1:0".parse()?, Plane::Devices)],
        limits: Limits { session_messages: 50_000, ..Limits::default() },
        sessions: Some(store),
        ..DoorConfig::default()
    };
    let (door, _intake, _outlet) = Door::start(config, Arc::new(Everyone)).await?;
    println!("{}", door.addresses()[0]);
    std::future::pending::<()>().await;
    Ok(())
}
