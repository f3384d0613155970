//! Clients that others wrote run their usual scenarios against the door: paho-mqtt, mqtt.js,
//! mosquitto_pub and mosquitto_sub, with 3.1.1 and 5, over TCP and WebSocket.
//!
//! A missing client is a failure: `make setup` (tests/clients/setup.sh) installs them.
#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use bongsu_broker::{Authority, Credentials, Denial, Door, DoorConfig, Identity, Listener, Plane, Route};

/// Lets everyone say and hear everything.
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

fn here() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/clients")
}

/// Where setup.sh put something: below the folder of build products, wherever that is.
fn installed(what: &str) -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let default = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target");
    let folders = own.ancestors().skip(1).map(PathBuf::from).chain([default]);
    let found = folders.map(|folder| folder.join("clients").join(what)).find(|path| path.exists());
    found.unwrap_or_else(|| panic!("clients/{what} is not installed below the target folder: run `make setup`"))
}

async fn run(make: impl FnOnce(&SocketAddr, &SocketAddr) -> Command) {
    let listener = || Listener::new("127.0.0.1:0".parse().unwrap(), Plane::Devices);
    let config = DoorConfig {
        listeners: vec![listener(), listener().over_websocket()],
        system_interval: Some(Duration::from_millis(200)),
        ..DoorConfig::default()
    };
    let (door, _intake, _outlet) = Door::start(config, Arc::new(Everyone)).await.unwrap();
    let mut command = make(&door.addresses()[0], &door.addresses()[1]);
    let program = command.get_program().to_owned();
    let ran = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
    let output = ran.unwrap_or_else(|error| panic!("{program:?} does not start ({error}): run `make setup`"));
    let (said, failed) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{program:?} failed after\n{said}\n{failed}");
    print!("{said}");
    door.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn paho_mqtt() {
    let python = installed("venv/bin/python");
    run(|tcp, websocket| {
        let mut command = Command::new("timeout");
        // isolated, else the script named paho would be found instead of the package
        command.arg("120").arg(python).arg("-I").arg(here().join("paho.py"));
        command.args([tcp.ip().to_string(), tcp.port().to_string(), websocket.port().to_string()]);
        command
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mqtt_js() {
    let home = installed("mqttjs/node_modules");
    let which = Command::new("node").arg("--version").output();
    assert!(which.is_ok(), "node is not installed: run `make setup`");
    run(|tcp, websocket| {
        let mut command = Command::new("timeout");
        command.arg("120").arg("node").arg(here().join("mqttjs/run.mjs")).env("MQTTJS_HOME", home.parent().unwrap());
        command.args([tcp.ip().to_string(), tcp.port().to_string(), websocket.port().to_string()]);
        command
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mosquitto_pub_and_sub() {
    let which = Command::new("mosquitto_pub").arg("--help").output();
    assert!(which.is_ok(), "mosquitto_pub is not installed: run `make setup`");
    run(|tcp, _| {
        let mut command = Command::new("timeout");
        command.arg("120").arg(here().join("mosquitto.sh"));
        command.args([tcp.ip().to_string(), tcp.port().to_string()]);
        command
    })
    .await;
}
