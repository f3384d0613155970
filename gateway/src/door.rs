//! What the door is told: its listeners with their planes, and the bounds of each.

use crate::certificate::Certificates;
use crate::config::{Config, Remote};
use crate::control::Addresses;
use crate::session::Sessions;
use bongsu_broker::{DoorConfig, Limits, Listener, Plane, Receipt, RemoteConfig};
use bongsu_sensors::Catalog;
use bongsu_sensors::topic::{Leaf, ROOT};
use miette::{IntoDiagnostic, WrapErr, miette};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How often the door tells operators' tools about itself under `$SYS/broker/`.
const SYSTEM_INTERVAL: Duration = Duration::from_secs(10);

/// One way in.
struct Way {
    /// What is configured.
    listen: fn(&Config) -> Option<SocketAddr>,
    plane: Plane,
    websocket: bool,
    tls: bool,
    /// Where its address is told.
    told: fn(&mut Addresses) -> &mut String,
}

/// Every way in.
const WAYS: [Way; 10] = [
    Way {
        listen: |config| Some(config.mqtt.listen),
        plane: Plane::Devices,
        websocket: false,
        tls: false,
        told: |all| &mut all.mqtt,
    },
    Way {
        listen: |config| Some(config.operator.mqtt_listen),
        plane: Plane::Operators,
        websocket: false,
        tls: false,
        told: |all| &mut all.operator_mqtt,
    },
    Way {
        listen: |config| config.operator.mqtt_tls_listen,
        plane: Plane::Operators,
        websocket: false,
        tls: true,
        told: |all| &mut all.operator_mqtt_tls,
    },
    Way {
        listen: |config| config.mqtt.tls_listen,
        plane: Plane::Devices,
        websocket: false,
        tls: true,
        told: |all| &mut all.mqtt_tls,
    },
    Way {
        listen: |config| config.mqtt.ws_listen,
        plane: Plane::Devices,
        websocket: true,
        tls: false,
        told: |all| &mut all.mqtt_ws,
    },
    Way {
        listen: |config| config.mqtt.wss_listen,
        plane: Plane::Devices,
        websocket: true,
        tls: true,
        told: |all| &mut all.mqtt_wss,
    },
    Way {
        listen: |config| config.public.mqtt_listen,
        plane: Plane::Public,
        websocket: false,
        tls: false,
        told: |all| &mut all.public_mqtt,
    },
    Way {
        listen: |config| config.public.mqtt_tls_listen,
        plane: Plane::Public,
        websocket: false,
        tls: true,
        told: |all| &mut all.public_mqtt_tls,
    },
    Way {
        listen: |config| config.public.ws_listen,
        plane: Plane::Public,
        websocket: true,
        tls: false,
        told: |all| &mut all.public_ws,
    },
    Way {
        listen: |config| config.public.wss_listen,
        plane: Plane::Public,
        websocket: true,
        tls: true,
        told: |all| &mut all.public_wss,
    },
];

/// The door of a configuration.
///
/// # Errors
/// The sessions cannot be opened.
pub fn config(
    config: &Config,
    certificates: Option<&Certificates>,
    filters: Vec<String>,
    receipts: Vec<Receipt>,
) -> miette::Result<DoorConfig> {
    let mut listeners = Vec::new();
    for way in &WAYS {
        let Some(address) = (way.listen)(config) else { continue };
        let mut listener = Listener::new(address, way.plane);
        if way.tls {
            let tls = certificates.ok_or_else(|| miette!("{address} needs [mqtt.tls] with cert and key"))?;
            listener = listener.inside(tls.tls());
        }
        listeners.push(if way.websocket { listener.over_websocket() } else { listener });
    }
    let told = &config.limits;
    let whole = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let limits = Limits {
        max_connections: told.max_connections,
        public_connections: told.public_connections,
        connections_by_address: told.connections_by_address,
        public_connections_by_address: told.public_connections_by_address,
        messages_per_second: whole(told.messages_per_second),
        bytes_per_second: whole(told.bytes_per_second),
        max_packet_bytes: told.max_packet_bytes,
        intake_messages: told.intake_messages,
        ..Limits::default()
    };
    let sessions = Sessions::open(&config.data.join("sessions.db")).into_diagnostic()?;
    let remote = config.mqtt.remote.as_ref().map(|told| remote(config, told, filters)).transpose()?;
    Ok(DoorConfig {
        remote,
        listeners,
        limits,
        sessions: Some(Arc::new(sessions)),
        receipts,
        system_interval: Some(SYSTEM_INTERVAL),
    })
}

/// The broker of others. Its session there is known by who we are, so that two cities can share one broker.
fn remote(config: &Config, told: &Remote, filters: Vec<String>) -> miette::Result<RemoteConfig> {
    let read = |path: &PathBuf| {
        let failed = || format!("failed to read `remote_ca`, {}", path.display());
        std::fs::read(path).into_diagnostic().wrap_err_with(failed)
    };
    let trusted = told.ca.as_ref().map(read).transpose()?.unwrap_or_default();
    let password = told.password.as_ref().map(|password| password.reveal().to_owned()).unwrap_or_default();
    Ok(RemoteConfig {
        host: told.host.clone(),
        port: told.port,
        client_id: format!("bongsu-{}", config.city.sender),
        credentials: told.username.clone().map(|name| (name, password)),
        tls: told.tls.then_some(trusted),
        filters,
    })
}

/// What devices publish at a broker of others: below our own topics, and what the catalog maps.
pub fn filters(catalog: &Catalog) -> Vec<String> {
    let leaves = Leaf::ALL.into_iter().filter(|leaf| leaf.is_from_device());
    let ours = leaves.map(|leaf| format!("{ROOT}+/{}", leaf.name()));
    ours.chain(catalog.dialects.iter().map(|dialect| dialect.topic.clone())).collect()
}

/// Where the door listens, by the names of the ways in: `bound` stands in their order.
pub fn addresses(config: &Config, bound: &[SocketAddr]) -> Addresses {
    let mut addresses = Addresses::default();
    let ways = WAYS.iter().filter(|way| (way.listen)(config).is_some());
    for (way, address) in ways.zip(bound) {
        *(way.told)(&mut addresses) = address.to_string();
    }
    addresses
}
